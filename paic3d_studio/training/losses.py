"""The terms of the paper's training, one number per picture (specification, section 2).

Each takes a batch and returns (N,): a batch that is split over processes or passes then has the same mean.
"""

from __future__ import annotations

from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Norm = Literal["l1", "l2"]

_NEIGHBOURHOOD: Final = 5
_OUTSIDE, _INSIDE = 0.25, 0.75
"""Mean alpha round a pixel below which it counts as outside the silhouette, and above which as inside."""

_SOLID: Final = 0.5
"""Weight and alpha above which depth is compared."""


def rgb_l1(found: Tensor, truth: Tensor) -> Tensor:
    """Return the mean absolute difference of pictures (N, 3, H, W)."""
    return (found - truth).abs().mean(dim=(1, 2, 3))


def silhouette(found: Tensor, truth: Tensor, *, norm: Norm) -> Tensor:
    """Return the mean difference of alphas (N, 1, s, s), squared or absolute, away from the outline.

    Pixels count where the mean of the true alpha in a 5x5 box, of the pixels inside the picture, is below 0.25 or
    above 0.75. The released system squares, the paper says absolute.
    """
    reach = _NEIGHBOURHOOD // 2
    around = F.avg_pool2d(truth, _NEIGHBOURHOOD, stride=1, padding=reach, count_include_pad=False)
    clear = (around < _OUTSIDE) | (around > _INSIDE)
    difference = (found - truth).abs()
    return _mean_where(difference if norm == "l1" else difference.square(), clear)


def depth(xyz: Tensor, truth: Tensor, *, weight: Tensor, alpha: Tensor, axis: int) -> Tensor:
    """Return the mean squared error of one coordinate, square metres, where both are solid.

    Args:
        xyz: composited points of the view, metres (N, 3, s, s).
        truth: of the render.
        weight: share of light stopped (N, 1, s, s); a pixel counts where it exceeds 0.5 and so does `alpha`.
        alpha: of the render (N, 1, s, s).
        axis: 2 (z) for front and back, 0 (x) for the sides.
    """
    error = (xyz[:, axis : axis + 1] - truth[:, axis : axis + 1]).square()
    return _mean_where(error, (weight > _SOLID) & (alpha > _SOLID))


def _mean_where(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of each picture's values under its mask; 0 where the mask is empty."""
    chosen = mask.to(values)
    return (values * chosen).sum(dim=(1, 2, 3)) / chosen.sum(dim=(1, 2, 3)).clamp(min=1)


def taken_for_render(logits: Tensor) -> Tensor:
    """Return the non-saturating loss -log(sigmoid(logit)): small where the discriminator says “render”."""
    return F.softplus(-logits)


def taken_for_generated(logits: Tensor) -> Tensor:
    """Return -log(1 - sigmoid(logit)): small where the discriminator says “generated”."""
    return F.softplus(logits)


def gradient_penalty(logits: Tensor, pictures: tuple[Tensor, ...], *, gamma: float) -> Tensor:
    """Return R1: gamma / 2 times the squared gradient of the logits by the pictures (Mescheder et al., 2018).

    Args:
        logits: of renders (N,).
        pictures: what they were computed from, with gradients, (N, C, H, W) each.
        gamma: the weight.
    """
    gradients = torch.autograd.grad(logits.sum(), pictures, create_graph=True)
    squares = torch.stack([gradient.square().sum(dim=(1, 2, 3)) for gradient in gradients])
    return squares.sum(dim=0) * (gamma / 2)


def density_roughness(density: Tensor, beside: Tensor) -> Tensor:
    """Return the mean absolute difference of densities (N, P) at points and a little beside them."""
    return (density - beside).abs().mean(dim=1)
