"""A second network for the two depth maps alone: what two networks agree on is nearer to the truth than either.

It sees the same picture, as it stands on white, and shares the building blocks of the compact reconstructor, but no
weights: errors of networks that began elsewhere differ. Its maps are smooth; edges stay those of the reconstructor
(`compact._steady_depths`).
"""

from __future__ import annotations

import dataclasses
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.nets.backbones.blocks import Encoder, FrontDecoder, convolution
from paic3d_studio.nets.backbones.maps import coordinates

METRES: Final = 0.1
"""Metres that one unit of the network's output stands for."""


@dataclasses.dataclass(frozen=True)
class DepthConfig:
    """Sizes: `picture` is the side in pixels of what the network sees; widths and depths as in `CompactConfig`."""

    picture: int = 128
    encoder_widths: tuple[int, ...] = (32, 56, 104, 152)
    front_widths: tuple[int, ...] = (104, 56, 32)
    encoder_depths: tuple[int, ...] = (0, 0, 1, 1)
    front_depths: tuple[int, ...] = (1, 0, 0)


class DepthNetwork(nn.Module):
    """Front picture to the depth maps of front and back."""

    def __init__(self, config: DepthConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DepthConfig()
        self.width = config.front_widths[-1]
        self.encoder = Encoder(6, config.encoder_widths, config.encoder_depths)
        self.decoder = FrontDecoder(config.encoder_widths, config.front_widths, config.front_depths)
        self.last = convolution(self.width, self.width)
        self.out = nn.Conv2d(self.width, 2 * 4, 1)

    def features(self, picture: Tensor, alpha: Tensor) -> Tensor:
        """Return what the maps are made of, (N, width, side / 2, side / 2), rows upwards; of what `forward` takes."""
        side = self.config.picture
        small = F.interpolate(torch.cat((picture, alpha), 1).flip(2), size=(side, side), mode="area")
        seen = torch.cat((small, coordinates(small)), 1) * 2 - 1
        features: Tensor = self.last(self.decoder(self.encoder(seen)))
        return features

    def depths(self, features: Tensor) -> Tensor:
        """Return z in metres of front and back, (N, 2, picture, picture), rows upwards."""
        return F.pixel_shuffle(self.out(features), 2).float() * METRES

    def forward(self, picture: Tensor, alpha: Tensor) -> Tensor:
        """Return z in metres of front and back, (N, 2, picture, picture), rows upwards.

        Args:
            picture: (N, 3, H, H) 0..1 on white, row 0 at the top; H is at least the configured side.
            alpha: (N, 1, H, H) 0..1.
        """
        return self.depths(self.features(picture, alpha))
