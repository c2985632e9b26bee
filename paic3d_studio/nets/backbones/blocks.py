"""Building blocks of the networks that read one picture: residual convolutions, an encoder and its decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DEEP_FACTOR: Final = 3
"""How many times wider the further residual blocks are inside."""


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Return a 3x3 convolution, group normalisation and SiLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.GroupNorm(8, outputs), nn.SiLU(inplace=True)
    )


class Residual(nn.Module):
    """Two 3x3 convolutions round a skip, `wider` times as wide between them; they begin by adding nothing."""

    def __init__(self, width: int, *, wider: int = 1) -> None:
        super().__init__()
        self.first = convolution(width, wider * width)
        self.second = nn.Conv2d(wider * width, width, 3, 1, 1)
        for values in self.second.parameters():
            nn.init.zeros_(values)

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus what the convolutions add."""
        added: Tensor = self.second(self.first(x))
        return x + added


def deep_blocks(width: int, count: int) -> nn.Sequential:
    """Return further residual blocks."""
    return nn.Sequential(*(Residual(width, wider=DEEP_FACTOR) for _ in range(count)))


class Encoder(nn.Module):
    """Picture to feature maps at 1/2, 1/4, 1/8 and so on; the coarsest also sees its own mean.

    Args:
        inputs: channels of the picture.
        widths: channels of the maps, finest first.
        depths: how many further residual blocks each has.
    """

    def __init__(self, inputs: int, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        steps = []
        before = inputs
        for width in widths:
            steps.append(nn.Sequential(convolution(before, width, 2), Residual(width)))
            before = width
        self.steps = nn.ModuleList(steps)
        self.deep = nn.ModuleList(map(deep_blocks, widths, depths))
        self.context = nn.Sequential(nn.Linear(before, before), nn.SiLU(), nn.Linear(before, before))

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return the feature maps, finest first."""
        maps = []
        x = picture
        for step, deep in zip(self.steps, self.deep, strict=True):
            x = deep(step(x))
            maps.append(x)
        maps[-1] = x + self.context(x.mean((2, 3)))[:, :, None, None]
        return maps


class FrontDecoder(nn.Module):
    """Feature maps back to 1/2 of the picture, aligned with it.

    Args:
        encoder_widths: channels of the encoder's maps, finest first.
        widths: channels on the way back, coarsest first.
        depths: how many further residual blocks there are at each.
    """

    def __init__(self, encoder_widths: Sequence[int], widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        before = encoder_widths[-1]
        steps = []
        for width, skip in zip(widths, reversed(encoder_widths[:-1]), strict=True):
            steps.append(nn.Sequential(convolution(before + skip, width), Residual(width)))
            before = width
        self.steps = nn.ModuleList(steps)
        self.deep = nn.ModuleList(map(deep_blocks, widths, depths))

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return (N, widths[-1], h, w), as large as the finest map."""
        x = maps[-1]
        for step, deep, skip in zip(self.steps, self.deep, reversed(maps[:-1]), strict=True):
            x = deep(step(torch.cat((F.interpolate(x, scale_factor=2.0), skip), 1)))
        return x
