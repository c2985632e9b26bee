"""What line removal is trained with: a patch discriminator and three losses (PAniC-3D, section 3.1)."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

REAL_LABEL: Final = 0.8
"""What the discriminator is taught to answer on renders: label smoothing."""


class PatchDiscriminator(nn.Module):
    """Four 3x3 convolutions of width 16 whose logits are averaged: does a patch come from a render?"""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 3), nn.LeakyReLU(0.01),
            nn.Conv2d(width, width, 3), nn.LeakyReLU(0.01),
            nn.Conv2d(width, width, 3), nn.LeakyReLU(0.01),
            nn.Conv2d(width, 1, 3),
        )  # fmt: skip

    def forward(self, patches: Tensor) -> Tensor:
        """Return one logit per patch (N, 3, h, w) -> (N,)."""
        logits: Tensor = self.layers(patches).mean(dim=(1, 2, 3))
        return logits


def masked_l1(found: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference of (N, 3, h, w) under a mask (N, 1, h, w); 0 where the mask is empty."""
    return ((found - wanted).abs() * mask).sum() / (mask.sum() * found.shape[1]).clamp(min=1)


def fooling_loss(on_painted: Tensor, *, real_label: float = REAL_LABEL) -> Tensor:
    """Binary cross-entropy of logits on repainted drawings against the label of renders; the network lowers it."""
    return F.binary_cross_entropy_with_logits(on_painted, torch.full_like(on_painted, real_label))


def telling_loss(on_real: Tensor, on_painted: Tensor, *, real_label: float = REAL_LABEL) -> Tensor:
    """Binary cross-entropy of renders against the smoothed label, plus that of repainted drawings against 0."""
    real = F.binary_cross_entropy_with_logits(on_real, torch.full_like(on_real, real_label))
    return real + F.binary_cross_entropy_with_logits(on_painted, torch.zeros_like(on_painted))
