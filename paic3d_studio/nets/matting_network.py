"""A small network of our own that separates one character from any background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.nets.unet import UNet

MATTING_SIDE: Final = 192
"""Side of the square that the network sees, in pixels."""


class MattingNetwork(nn.Module):
    """Alpha of the character whose face is marked, from a picture of about 192 x 192 pixels.

    Args:
        widths: channels of the levels of its U-Net.
        width: channels of its last map.
    """

    def __init__(self, *, widths: Sequence[int] = (12, 28, 48, 80, 112), width: int = 16) -> None:
        super().__init__()
        self.trunk = UNet(inputs=4, widths=tuple(widths), finest=0, width=width)
        self.head = nn.Conv2d(width, 4, 3, padding=1)

    def forward(self, picture: Tensor, face: Tensor) -> Tensor:
        """Return logits of alpha, (N, 1, H, W).

        Args:
            picture: sRGB 0..1, (N, 3, H, W), sides multiples of 32.
            face: a bell of height 1 over the face that is meant, (N, 1, H, W).
        """
        fine, _ = self.trunk(torch.cat([picture * 2 - 1, face], dim=1))
        return F.pixel_shuffle(self.head(fine).float(), 2)  # (N, 4, H/2, W/2) -> (N, 1, H, W)


def face_bell(box: Tensor, *, height: int, width: int) -> Tensor:
    """Return bells (N, 1, height, width) over face boxes (N, 4) given as (left, top, width, height) in pixels."""
    x = torch.arange(width, dtype=torch.float32) + 0.5
    y = torch.arange(height, dtype=torch.float32) + 0.5
    left, top, wide, high = (box[:, k : k + 1] for k in range(4))
    across = ((x - left - wide / 2) / (wide / 2).clamp_min(1.0)) ** 2
    down = ((y - top - high / 2) / (high / 2).clamp_min(1.0)) ** 2
    return torch.exp(-0.5 * (down[:, None, :, None] + across[:, None, None, :]))
