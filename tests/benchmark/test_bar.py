"""The bar: each part of it can be missed, and is told in a sentence."""

import math

import pytest

from paic3d_studio.benchmark.bar import BACK_GAIN, BARS, GENERATED_BAR, misses
from paic3d_studio.benchmark.metrics import METRICS

GOOD = {"iou": 0.96, "foreground_psnr": 19.0, "depth_mm": 5.0, "diagonal_psnr": 26.0, "back_psnr": 22.0, "f1_5cm": 1.0}
WORSE = {"iou": 0.7, "foreground_psnr": 12.0, "depth_mm": 50.0, "diagonal_psnr": 20.0, "back_psnr": 18.0, "f1_5cm": 0.5}


def figures() -> dict[str, dict[str, dict[str, float]]]:
    names = ("vita", "vita__hair_sendagaya_shino", "generated_00090000", "generated_00090001")
    return {name: {"compact": dict(GOOD), "billboard": dict(WORSE)} for name in names}


def test_what_passes_everywhere_misses_nothing() -> None:
    assert misses(figures()) == []


def test_each_part_of_the_bar_is_missed_alone() -> None:
    for character, bar in BARS.items():
        for name, least in bar.items():
            found = figures()
            found[character]["compact"][name] = least - 0.01 if METRICS[name].more_is_better else least + 0.01
            assert [character in said and name in said for said in misses(found)] == [True]


def test_the_back_must_gain_over_the_billboard() -> None:
    found = figures()
    found["vita"]["billboard"]["back_psnr"] = GOOD["back_psnr"] - BACK_GAIN["vita"] + 0.1
    assert len(misses(found)) == 1


def test_generated_characters_count_by_their_mean() -> None:
    found = figures()
    found["generated_00090000"]["compact"]["iou"] = GENERATED_BAR["iou"] - 0.02
    assert misses(found) == []
    found["generated_00090001"]["compact"]["iou"] = GENERATED_BAR["iou"] - 0.03
    assert [said.startswith("mean of 2 generated") for said in misses(found)] == [True]


def test_a_baseline_that_is_better_is_named() -> None:
    found = figures()
    for rows in found.values():
        rows["billboard"]["f1_5cm"] = 1.01
        rows["compact"]["front_psnr"], rows["billboard"]["front_psnr"] = 30.0, 99.0
    assert [("billboard" in said, "f1_5cm" in said) for said in misses(found)] == [(True, True)]


@pytest.mark.parametrize("character", ["vita", "generated_00090000"])
def test_a_figure_of_which_there_was_nothing_to_see_is_missed(character: str) -> None:
    for name in BARS["vita"] if character == "vita" else GENERATED_BAR:
        found = figures()
        found[character]["compact"][name] = math.nan
        assert any(name in said and "nan" in said for said in misses(found)), name


def test_a_figure_that_was_not_measured_is_not_missed() -> None:
    found = figures()
    for name in BARS["vita"]:
        del found["vita"]["compact"][name]
    del found["generated_00090000"]["compact"]["f1_5cm"]
    assert misses(found) == []


def test_a_method_that_shows_nothing_is_behind_a_baseline_that_shows_something_and_not_the_other_way_round() -> None:
    found = figures()
    for rows in found.values():
        rows["compact"]["ghost"], rows["billboard"]["ghost"] = math.nan, 3.0
        rows["compact"]["psnr"], rows["billboard"]["psnr"] = 12.0, math.nan
    assert ["ghost" in said for said in misses(found)] == [True]
