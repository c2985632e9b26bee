"""Tables: means, bootstrap intervals that can be repeated, and what stands in Markdown and JSON."""

import json

import numpy as np
import pytest

from paic3d_studio.benchmark.line_removal import DIFFERENCE
from paic3d_studio.benchmark.tables import as_json, interval, intervals, markdown, with_differences


def test_an_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    lot = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        found = interval(lot.normal(3.0, 1.0, 32).tolist())
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.mean < found.high
        held += found.low <= 3.0 <= found.high
    assert 0.88 <= held / 200 <= 1.0


def test_an_interval_narrows_with_the_root_of_the_number_of_pairs() -> None:
    lot = np.random.default_rng(1)
    few, many = (interval(lot.normal(0, 1, count).tolist()) for count in (50, 800))
    assert few.low is not None
    assert many.low is not None
    assert (few.mean - few.low) / (many.mean - many.low) == pytest.approx(4, rel=0.25)


def test_equal_values_and_seed_give_equal_bounds() -> None:
    values = np.random.default_rng(2).random(20).tolist()
    assert interval(values, seed=5) == interval(values, seed=5)
    assert interval(values, seed=5) != interval(values, seed=6)


def test_one_value_has_no_interval_and_what_is_no_number_is_left_out() -> None:
    assert interval([2.0, float("nan")]).low is None
    assert interval([2.0, float("nan")]).mean == 2.0
    assert np.isnan(interval([]).mean)


FIGURES = {
    "a": {"billboard": {"psnr": 10.0, "f1_5cm": 0.5}, "compact": {"psnr": 20.0, "f1_5cm": 1.0}},
    "b": {"billboard": {"psnr": 12.0, "f1_5cm": 0.7}, "compact": {"psnr": 22.0, "f1_5cm": 0.9}},
}


def test_means_are_taken_over_pairs() -> None:
    found = intervals(FIGURES)
    assert found["compact"]["psnr"].mean == 21.0
    assert found["billboard"]["f1_5cm"].mean == pytest.approx(0.6)


def test_the_tables_name_figures_and_methods_and_say_which_way_is_better() -> None:
    text = markdown(FIGURES, {"a": {"telea": {"psnr": 15.0}}}, notes=["A note."])
    assert "## Table 3" in text
    assert "| F-1 at 5 cm % ↑ |" in text
    assert "21.00 (20.00 to 22.00)" in text
    assert "## Table 4" in text
    assert "| Telea | 15.00 |" in text


def test_ours_and_telea_are_told_apart_pair_by_pair() -> None:
    lines = {
        pair: {"network": {"psnr": easy + gain}, "telea": {"psnr": easy}}
        for pair, easy, gain in (("a", 10.0, 0.5), ("b", 30.0, 0.7), ("c", 20.0, 0.6))
    }
    found = intervals(with_differences(lines))
    assert found[DIFFERENCE]["psnr"].mean == pytest.approx(0.6)
    low, high = found[DIFFERENCE]["psnr"].low, found[DIFFERENCE]["psnr"].high
    assert low is not None and low >= 0.5 - 1e-9
    assert high is not None and high <= 0.7 + 1e-9
    assert "| ours minus Telea's, pair by pair | 0.60" in markdown({}, lines, notes=[])
    assert DIFFERENCE not in with_differences({"a": {"telea": {"psnr": 1.0}}})["a"]


def test_json_knows_no_nan() -> None:
    assert json.dumps(as_json({"a": [float("nan"), 1.0]}), allow_nan=False) == '{"a": [null, 1.0]}'
