"""Compositing and importance sampling against the published system."""

from collections.abc import Callable

import pytest
from torch import Tensor

from paic3d_studio.nets.volume import (
    RaySampling,
    coarse_depths,
    composited,
    fine_depths,
    march_weights,
    mean_depth,
)

Compare = Callable[[str, Tensor, Tensor], float]


@pytest.mark.shared
def test_rays_are_sampled_and_composited_as_published(
    golden: Callable[[str], dict[str, Tensor]], assert_close: Compare
) -> None:
    numbers = golden("ray_marcher")
    depths, densities = numbers["depths"].flatten(0, 1)[..., 0], numbers["densities"].flatten(0, 1)[..., 0]
    colours = numbers["colors"].flatten(0, 1)
    span = (float(depths.min()), float(depths.max()))
    weights = march_weights(depths, densities)
    colour = composited(weights, colours)
    on_white = colour + 1 - weights.sum(dim=1, keepdim=True)
    for name, found in (("wb0", colour), ("wb1", on_white)):
        assert_close(f"{name} colour", found * 2 - 1, numbers[f"{name}.rgb"].flatten(0, 1))
        assert_close(f"{name} weights", weights, numbers[f"{name}.weights"].flatten(0, 1)[..., 0])
        depth = mean_depth(weights, depths, span=span)
        assert_close(f"{name} depth", depth, numbers[f"{name}.depth"].flatten(0, 1)[..., 0])
    assert_close("even", coarse_depths(RaySampling(coarse=12)), numbers["stratified_0.5"][0, 0, :, 0])
    count = numbers["importance.u"].shape[1]
    for name, at in (("detu", None), ("u", numbers["importance.u"])):
        expected = numbers[f"importance.fine_depths_{name}"].flatten(0, 1)[..., 0]
        assert_close(f"fine, {name}", fine_depths(depths, weights, count, at=at), expected)
