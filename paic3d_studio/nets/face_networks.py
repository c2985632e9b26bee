"""Two small networks of our own: one finds faces in a picture, one finds 28 landmarks in the cut-out of a face."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from paic3d_studio.nets.unet import UNet

CROP_SIDE: Final = 96
"""Side of the cut-out in which landmarks are found, in pixels."""

CROP_REACH: Final = 1.7
"""Side of the cut-out in sizes of the face."""

STRIDE: Final = 4
"""Pixels of the picture to one of the face finder's maps."""

POINTS: Final = 28


class FaceFinder(nn.Module):
    """Says for each place of a reduced picture whether the middle of a face lies there, and how large the face is.

    Args:
        widths: channels of the levels of its U-Net.
        width: channels of its last map.
    """

    def __init__(self, *, widths: Sequence[int] = (12, 24, 48, 72, 96), width: int = 24) -> None:
        super().__init__()
        self.trunk = UNet(inputs=3, widths=tuple(widths), finest=1, width=width)
        self.head = nn.Conv2d(width, 2, 1)
        nn.init.constant_(self.head.bias[:1] if self.head.bias is not None else torch.empty(1), -4.0)

    def forward(self, picture: Tensor) -> Tensor:
        """Return logit of a face's middle and log of its size in pixels of the picture, (N, 2, H / 4, W / 4).

        Args:
            picture: sRGB 0..1, (N, 3, H, W), sides multiples of 32.
        """
        fine, _ = self.trunk(picture * 2 - 1)
        found: Tensor = self.head(fine)
        return found


@dataclasses.dataclass(frozen=True, eq=False)
class CropReading:
    """What the landmark network reads from N cut-outs.

    `points` (N, 28, 2) as shares of the cut-out's side, 0..1; `log_error` (N, 28) log of the error it expects, in the
    same unit; `heat` (N, 28, h, w) logits; `face` (N,) logit that there is a face; `turn` (N, 2): yaw and pitch in
    radians, as `datasets.drawn_faces` counts them.
    """

    points: Tensor
    log_error: Tensor
    heat: Tensor
    face: Tensor
    turn: Tensor


class LandmarkNetwork(nn.Module):
    """Heatmaps of 28 landmarks, how far off each may be, how the head is turned, and whether there is a face at all."""

    def __init__(self, *, widths: Sequence[int] = (16, 40, 64, 96, 128), width: int = 24, hidden: int = 64) -> None:
        super().__init__()
        self.trunk = UNet(inputs=3, widths=tuple(widths), finest=0, width=width)
        self.heat = nn.Conv2d(width, POINTS, 1)
        self.whole = nn.Sequential(
            nn.Flatten(),
            nn.Linear(widths[-1] * (CROP_SIDE // 2 ** len(widths)) ** 2, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, POINTS + 3),
        )

    def forward(self, crop: Tensor) -> CropReading:
        """Read cut-outs, sRGB 0..1, (N, 3, 96, 96)."""
        fine, coarse = self.trunk(crop * 2 - 1)
        heat = self.heat(fine).float()
        whole = self.whole(coarse).float()
        return CropReading(
            points=expected_places(heat),
            log_error=whole[:, :POINTS] - 3.5,
            heat=heat,
            face=whole[:, POINTS],
            turn=whole[:, POINTS + 1 :],
        )


def expected_places(heat: Tensor) -> Tensor:
    """Return the mean place under each heatmap's softmax as shares of its sides, (N, K, 2) as (x, y)."""
    # (N, K, h, w) -> (N, K, h w) -> (N, K, h, w)
    n, k, h, w = heat.shape
    share = heat.reshape(n, k, h * w).softmax(dim=-1).reshape(n, k, h, w)
    x = (torch.arange(w, device=heat.device) + 0.5) / w
    y = (torch.arange(h, device=heat.device) + 0.5) / h
    return torch.stack([share.sum(dim=2) @ x, share.sum(dim=3) @ y], dim=-1)
