"""Distances of pictures: equal pictures, names that say what they are, and LPIPS only with weights of the user's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from paic3d_studio.benchmark.metrics import LINE_METRICS, METRICS, PictureComparer
from paic3d_studio.errors import UserError


def pictures(seed: int, count: int = 2) -> list[np.ndarray]:
    lot = np.random.default_rng(seed)
    return [lot.random((48, 40, 3), dtype=np.float32) for _ in range(count)]


@pytest.fixture(scope="module")
def comparer() -> PictureComparer:
    return PictureComparer()


def test_equal_pictures_have_no_distance_and_all_cosine(comparer: PictureComparer) -> None:
    told = comparer.compared(pictures(0), pictures(0))
    assert told == pytest.approx({"psnr": 100, "efficientnet": 0, "cosine": 1}, abs=1e-5)


def test_psnr_is_the_mean_over_pictures_in_decibels(comparer: PictureComparer) -> None:
    black = [np.zeros((48, 48, 3), np.float32)] * 2
    told = comparer.compared(black, [black[0] + np.float32(0.1), black[0] + np.float32(0.01)])
    assert told["psnr"] == pytest.approx(30, abs=1e-3)
    assert told["efficientnet"] > 0
    assert told["cosine"] < 1


def test_lpips_and_clip_are_told_only_with_weights(comparer: PictureComparer, tmp_path: Path) -> None:
    assert set(comparer.compared(pictures(0), pictures(1))) == {"psnr", "efficientnet", "cosine"}
    lot = torch.Generator().manual_seed(0)
    tensors = {}
    shapes = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    for number, (index, (outputs, inputs, kernel)) in enumerate(shapes.items()):
        tensors[f"features.{index}.weight"] = torch.randn(outputs, inputs, kernel, kernel, generator=lot) * 0.05
        tensors[f"features.{index}.bias"] = torch.zeros(outputs)
        tensors[f"lin{number}.model.1.weight"] = torch.rand(1, outputs, 1, 1, generator=lot)
    save_file(tensors, tmp_path / "lpips.safetensors")
    both = PictureComparer(lpips=tmp_path / "lpips.safetensors")
    assert both.compared(pictures(0), pictures(0))["lpips"] == pytest.approx(0, abs=1e-6)
    assert both.compared(pictures(0), pictures(1))["lpips"] > 0
    with pytest.raises(UserError, match="does not hold"):
        PictureComparer(clip=tmp_path / "lpips.safetensors")


def test_every_figure_that_is_told_has_a_title() -> None:
    assert {"psnr", "efficientnet", "cosine", "lpips", "clip"} == set(LINE_METRICS)
    assert {f"{views}_{name}" for views in ("front", "rear", "circle") for name in LINE_METRICS} <= set(METRICS)
    assert "EffNet-Lite0" in METRICS["front_efficientnet"].title
