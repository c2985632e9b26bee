"""Maps over the field's front: colours without their background, the same content at another size, values at points."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE

HALF: Final = BOX_SIDE / 2
"""Metres from the middle of the box to each of its faces."""


def bled_colours(picture: Tensor, alpha: Tensor) -> Tensor:
    """Return the colours of a picture without its white background, spread outwards over the transparent pixels.

    Sampling at a silhouette then never mixes white into the hair. Coarse colours fill what finer ones leave open.

    Args:
        picture: (N, 3, H, W) composited on white; H = W, a power of two.
        alpha: (N, 1, H, W).
    """
    weight = ((alpha - 0.5) * 2).clamp(0, 1)
    colour = ((picture - (1 - alpha)) / alpha.clamp(min=0.5)).clamp(0, 1)
    return filled(colour * weight, weight)


def filled(weighted: Tensor, weight: Tensor) -> Tensor:
    """Return weighted / weight where there is weight, coarser averages elsewhere."""
    if weighted.shape[-1] <= 2:
        total = weight.mean((2, 3), keepdim=True)
        mean = weighted.mean((2, 3), keepdim=True) / total.clamp(min=1e-6)
        return mean.expand_as(weighted)
    coarse = filled(F.avg_pool2d(weighted, 2), F.avg_pool2d(weight, 2))
    spread = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
    share = (weight / 0.25).clamp(0, 1)
    return torch.lerp(spread, weighted / weight.clamp(min=1e-3), share)


def resized(maps: Tensor, size: float, *, outside: float) -> Tensor:
    """Return maps (N, C, H, W) with their content scaled by `size` about the centre, `outside` where nothing was."""
    if size == 1:
        return maps
    scaling = torch.tensor([[1 / size, 0.0, 0.0], [0.0, 1 / size, 0.0]], device=maps.device)
    grid = F.affine_grid(scaling.expand(len(maps), 2, 3), list(maps.shape), align_corners=False)
    return F.grid_sample(maps - outside, grid, padding_mode="zeros", align_corners=False) + outside


def sampled_at(maps: Tensor, xyz: Tensor) -> Tensor:
    """Return maps (N, C, H, W) sampled at the x and y of points, (N, P, C)."""
    grid = (xyz[..., :2] / HALF)[:, :, None]  # (N, P, 1, 2)
    sampled = F.grid_sample(maps.contiguous(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    return sampled[..., 0].transpose(1, 2)


def coordinates(like: Tensor) -> Tensor:
    """Return x and y of the pixels of a map, (N, 2, H, W) in 0..1."""
    n, _, h, w = like.shape
    x = ((torch.arange(w, device=like.device) + 0.5) / w).expand(n, 1, h, w)
    y = ((torch.arange(h, device=like.device) + 0.5) / h)[:, None].expand(n, 1, h, w)
    return torch.cat((x, y), 1)
