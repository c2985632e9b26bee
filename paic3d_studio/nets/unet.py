"""The small U-Net that finds faces, landmarks and mattes: plain 3x3 convolutions, halving and doubling."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvUnit(nn.Sequential):
    """A 3x3 convolution, batch normalisation and a rectifier."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    """Halves a picture once per width, then doubles it back to the size of the first level that is wanted.

    Args:
        inputs: channels of the picture.
        widths: channels of each level, the finest (half the picture's size) first.
        finest: index of the level that the result has the size of.
        width: channels of the result.
    """

    def __init__(self, *, inputs: int, widths: Sequence[int], finest: int, width: int) -> None:
        super().__init__()
        self.finest = finest
        before = [inputs, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Sequential(ConvUnit(a, b, stride=2), *([ConvUnit(b, b)] if level or finest == 0 else []))
            for level, (a, b) in enumerate(zip(before, widths, strict=True))
        )
        self.up = nn.ModuleList()
        channels = widths[-1]
        for level in range(len(widths) - 2, finest - 1, -1):
            out = width if level == finest else widths[level]
            self.up.append(ConvUnit(channels + widths[level], out))
            channels = out

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Return the fine map and the coarsest one.

        Args:
            picture: (N, inputs, H, W), both sides multiples of two to the number of levels.

        Returns:
            (N, width, H / 2^(finest + 1), W / 2^(finest + 1)) and (N, widths[-1], H / 2^n, W / 2^n).
        """
        levels = []
        x = picture
        for down in self.down:
            x = down(x)
            levels.append(x)
        coarse = x
        for up, skip in zip(self.up, levels[-2::-1], strict=False):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = up(torch.cat([x, skip], dim=1))
        return x, coarse
