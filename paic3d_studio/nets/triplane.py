"""Sampling of multi-layer triplanes: three small stacks of feature planes that stand for a volume."""

from __future__ import annotations

from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

TriplaneAxes = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]
"""For each plane, which coordinate runs along its width, its height and its layers."""

PANIC3D_AXES: Final[TriplaneAxes] = ((0, 1, 2), (0, 2, 1), (1, 2, 0))
"""The front plane is (x, y), the top plane (x, z), the side plane (y, z) (specification, section 1.5)."""

EG3D_AXES: Final[TriplaneAxes] = ((0, 1, 2), (0, 2, 1), (2, 0, 1))
"""The convention of plain EG3D, whose third plane is (z, x)."""


def split_layers(planes: Tensor, layers: int) -> Tensor:
    """Separate the layers of a triplane: (N, 3, C * L, h, w) -> (N, 3, C, L, h, w); channel = c * L + layer."""
    count, three, channels, height, width = planes.shape
    return planes.reshape(count, three, channels // layers, layers, height, width)


def sample_triplane(
    planes: Tensor,
    xyz: Tensor,
    *,
    box_side: float,
    axes: TriplaneAxes = PANIC3D_AXES,
    reduce: Literal["mean", "none"] = "mean",
) -> Tensor:
    """Sample each plane trilinearly at points of the field frame.

    Outside the box the features fade to zero, also across the layers, whose centres lie at (2 i + 1) / L - 1;
    a single layer does not fade across.
    Differentiable in both arguments. The 5-D form of `grid_sample` is the fast one on a CPU.

    Args:
        planes: features (N, 3, C, L, h, w); row 0 holds the smallest second coordinate.
        xyz: points (N, P, 3) in metres.
        box_side: side of the box that the planes cover, in metres.
        axes: which coordinates run along width, height and layers of each plane.
        reduce: "mean" averages the three planes, "none" keeps them apart.

    Returns:
        Features (N, P, C), or (N, 3, P, C) for "none".
    """
    count, three, channels, layers, height, width = planes.shape
    points = xyz.shape[1]
    unit = xyz * (2.0 / box_side)
    grid = torch.stack([unit[..., list(order)] for order in axes], dim=1)  # (N, 3, P, 3)
    if layers == 1:
        # A single layer has no thickness to fade over: it reaches through the whole box (plain EG3D).
        grid = torch.cat([grid[..., :2], torch.zeros_like(grid[..., 2:])], dim=-1)
    sampled = F.grid_sample(
        planes.reshape(count * three, channels, layers, height, width),
        grid.reshape(count * three, 1, 1, points, 3),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=False,
    )  # (N * 3, C, 1, 1, P)
    features = sampled.reshape(count, three, channels, points).transpose(2, 3)  # (N, 3, P, C)
    return features.mean(dim=1) if reduce == "mean" else features
