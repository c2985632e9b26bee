"""The mean of weights is their mean, and nothing else can be averaged."""

from pathlib import Path

import pytest
import safetensors.torch
import torch

from paic3d_studio.errors import UserError
from paic3d_studio.training.average import averaged, main, with_adviser


def test_shares_weigh_and_need_not_sum_to_one(tmp_path: Path) -> None:
    for name, value in (("a", 1.0), ("b", 4.0)):
        safetensors.torch.save_file({"w": torch.full((2, 3), value)}, tmp_path / f"{name}.safetensors")
    a, b, out = (tmp_path / f"{name}.safetensors" for name in ("a", "b", "out"))
    assert main([f"{a}=2", f"{b}=4", "--out", str(out)]) == 0
    assert torch.equal(safetensors.torch.load_file(out)["w"], torch.full((2, 3), 3.0).half())


def test_other_shapes_and_empty_shares_are_refused() -> None:
    with pytest.raises(UserError):
        averaged([({"w": torch.zeros(2)}, 1.0), ({"w": torch.zeros(3)}, 1.0)])
    with pytest.raises(UserError):
        averaged([({"w": torch.zeros(2)}, 0.0)])


def test_a_missing_file_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{tmp_path / 'none.safetensors'}=1", "--out", str(tmp_path / "out.safetensors")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_layers_that_only_the_last_file_trained_are_its_alone() -> None:
    older, newer = {"w": torch.zeros(2)}, {"w": torch.full((2,), 4.0), "edges.w": torch.full((3,), 8.0)}
    found = averaged([(older, 3.0), (newer, 1.0)], whole="edges.")
    assert found["w"].tolist() == [1.0, 1.0] and found["edges.w"].tolist() == [8.0, 8.0, 8.0]
    with pytest.raises(UserError, match="averaged"):
        averaged([(older, 3.0), (newer, 1.0)])
    with pytest.raises(UserError, match="begins with"):
        averaged([(older, 1.0)], whole="edges.")


def test_an_adviser_goes_with_a_reconstructor_in_place_of_another() -> None:
    joined = with_adviser({"w": torch.zeros(2)}, {"out.bias": torch.full((8,), 0.5)})
    assert sorted(joined) == ["adviser.out.bias", "w"] and joined["adviser.out.bias"].dtype == torch.float16
    again = with_adviser(joined, {"last.weight": torch.ones(1)})
    assert sorted(again) == ["adviser.last.weight", "w"]
    with pytest.raises(UserError, match="no adviser"):
        with_adviser(joined, {"density_out.weight": torch.ones(1)})
    lent = with_adviser({"w": torch.ones(2)}, again)
    assert sorted(lent) == ["adviser.last.weight", "w"] and lent["w"].tolist() == [1.0, 1.0]


def test_a_mean_with_a_reconstructor_that_has_an_adviser_has_the_one_that_was_named(tmp_path: Path) -> None:
    advised, alone, out = (tmp_path / f"{name}.safetensors" for name in ("advised", "alone", "out"))
    safetensors.torch.save_file({"w": torch.zeros(2), "adviser.b": torch.ones(3)}, advised)
    safetensors.torch.save_file({"w": torch.full((2,), 4.0)}, alone)
    parts = [f"{advised}=3", f"{alone}=1", "--out", str(out)]
    assert main(parts) == 0 and sorted(safetensors.torch.load_file(out)) == ["w"]
    assert main([*parts, "--adviser", str(advised)]) == 0
    found = safetensors.torch.load_file(out)
    assert found["w"].tolist() == [1.0, 1.0] and found["adviser.b"].tolist() == [1.0, 1.0, 1.0]
