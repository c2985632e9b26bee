"""The dual discriminator: does a view, sharp and raw together, come from a render of that camera?

A residual StyleGAN2 discriminator (Karras et al., 2020) on six channels, conditioned by projection on the camera (EG3D,
Chan et al., 2022). The patch discriminator of the line removal is in `training.infill`.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.nets.modulated import FullyConnected, activated, binomial_filter, filtered

_SHORTCUT_GAIN: Final = math.sqrt(0.5)
"""Keeps the variance of the sum of a block and its shortcut."""


@dataclasses.dataclass(frozen=True)
class DiscriminatorConfig:
    """Sizes of the dual discriminator; a block of resolution r has min(channel_base / r, channel_max) channels.

    `mapping_layers` lead from the camera to the projection; `group` is the number of pictures whose deviation is told
    to the last block (minibatch standard deviation).
    """

    channel_base: int = 32768
    channel_max: int = 512
    mapping_layers: int = 8
    camera_dim: int = 25
    group: int = 4

    def channels(self, resolution: int) -> int:
        """Return how many channels the block of a resolution has."""
        return min(self.channel_base // resolution, self.channel_max)


class Convolution(nn.Module):
    """A convolution whose weights are scaled when used, after a low-pass where it halves the size."""

    resample_filter: Tensor

    def __init__(self, inputs: int, outputs: int, *, kernel: int, down: bool = False, bias: bool = True) -> None:
        super().__init__()
        self.down, self.padding = down, kernel // 2
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.weight_gain = 1 / math.sqrt(inputs * kernel**2)
        self.register_buffer("resample_filter", binomial_filter())

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W), half of both where it goes down; no activation."""
        weight = self.weight * self.weight_gain
        if not self.down:
            return F.conv2d(x, weight, self.bias, padding=self.padding)
        around = self.padding + 1
        return F.conv2d(filtered(x, self.resample_filter, padding=(around, around)), weight, self.bias, stride=2)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, the second halving the size, beside a 1x1 shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv0 = Convolution(inputs, inputs, kernel=3)
        self.conv1 = Convolution(inputs, outputs, kernel=3, down=True)
        self.skip = Convolution(inputs, outputs, kernel=1, down=True, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / 2, W / 2)."""
        shortcut: Tensor = self.skip(x) * _SHORTCUT_GAIN
        x = activated(self.conv1(activated(self.conv0(x)))) * _SHORTCUT_GAIN
        return shortcut + x


def group_deviation(x: Tensor, *, group: int) -> Tensor:
    """Append a channel with the mean standard deviation within groups of `group` neighbouring pictures.

    Groups are neighbours in the batch, so that a batch split over processes keeps its groups; a batch that does not
    divide is taken as one group.
    """
    size = group if len(x) % group == 0 else len(x)
    grouped = x.reshape(-1, size, *x.shape[1:])  # (groups, size, C, H, W)
    centred = grouped - grouped.mean(dim=1, keepdim=True)
    deviation = (centred.square().mean(dim=1) + 1e-8).sqrt().mean(dim=(1, 2, 3))  # (groups,)
    channel = deviation.repeat_interleave(size)[:, None, None, None].expand(-1, 1, *x.shape[2:])
    return torch.cat([x, channel], dim=1)


class CameraMapping(nn.Module):
    """A camera's label to the vector on which the last features are projected."""

    def __init__(self, config: DiscriminatorConfig, outputs: int) -> None:
        super().__init__()
        self.embed = FullyConnected(config.camera_dim, outputs)
        self.layers = nn.ModuleList(
            FullyConnected(outputs, outputs, learning_rate=0.01) for _ in range(config.mapping_layers)
        )

    def forward(self, camera: Tensor) -> Tensor:
        """Map labels (N, 25) to (N, outputs)."""
        x: Tensor = self.embed(camera)
        x = x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = activated(layer(x))
        return x


class DualDiscriminator(nn.Module):
    """Judges the sharp view and the raw one beneath it, so that super-resolution may not invent another head.

    Args:
        config: sizes.
        size: side of the sharp view in pixels, a power of two.
    """

    def __init__(self, config: DiscriminatorConfig, *, size: int) -> None:
        super().__init__()
        if size < 8 or size & (size - 1):
            raise ValueError(f"the side must be a power of two of at least 8, not {size}")
        self.group, self.size = config.group, size
        resolutions = [size >> power for power in range(size.bit_length() - 3)]  # size, ..., 8
        self.from_picture = Convolution(6, config.channels(size), kernel=1)
        self.blocks = nn.Sequential(
            *(ResidualBlock(config.channels(side), config.channels(side // 2)) for side in resolutions)
        )
        last = config.channels(4)
        self.mapping = CameraMapping(config, last)
        self.conv = Convolution(last + 1, last, kernel=3)
        self.fc = FullyConnected(last * 4 * 4, last)
        self.out = FullyConnected(last, last)

    def forward(self, final: Tensor, raw: Tensor, camera: Tensor) -> Tensor:
        """Return one logit per view, high where it looks like a render, (N,).

        Args:
            final: sRGB 0..1 (N, 3, size, size).
            raw: sRGB 0..1 (N, 3, s, s), resized here to the side of `final`.
            camera: labels (N, 25).
        """
        enlarged = F.interpolate(raw, size=final.shape[-2:], mode="bilinear", align_corners=False, antialias=True)
        x = activated(self.from_picture(torch.cat([final, enlarged], dim=1) * 2 - 1))
        x = group_deviation(self.blocks(x), group=self.group)
        x = activated(self.conv(x))
        x = self.out(activated(self.fc(x.flatten(1))))
        projected: Tensor = (x * self.mapping(camera)).sum(dim=1) / math.sqrt(x.shape[1])
        return projected
