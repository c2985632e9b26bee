"""A small tagger in the paper's sense: what a character looks like, as yes or no for each tag, and as a feature map.

The paper's tagger is a ResNet-50 trained on drawings from the web (section 3.1; `nets/tagger.py`). This one is a
twentieth of its size and learns from characters made by rules, which know their own tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PICTURE: Final = 128
"""Side in pixels of what the network sees."""

MAP: Final = 8
"""Side of its feature map: of the same cells as the coarsest map of the compact reconstructor."""


class _Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al., 2016), with group normalisation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.GroupNorm(8, outputs), nn.SiLU(inplace=True)
        )
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.GroupNorm(8, outputs))
        self.shortcut = nn.Conv2d(inputs, outputs, 1, 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, H / 2, W / 2)."""
        return F.silu(self.second(self.first(x)) + self.shortcut(x))


class AttributeTagger(nn.Module):
    """Turns a front picture into a logit for each of `tags`.

    Args:
        tags: what can be said, as "group:word".
        widths: channels at 1/2, 1/4, 1/8 and 1/16 of the picture.
    """

    def __init__(self, tags: Sequence[str], *, widths: Sequence[int] = (32, 64, 112, 176)) -> None:
        super().__init__()
        self.tags = tuple(tags)
        self.channels = widths[-1]
        self.blocks = nn.Sequential(*(_Block(i, o) for i, o in zip((4, *widths[:-1]), widths, strict=True)))
        self.say = nn.Linear(2 * widths[-1], len(self.tags))

    def features(self, picture: Tensor, alpha: Tensor) -> Tensor:
        """Return the feature map (N, channels, 8, 8) of pictures.

        Args:
            picture: (N, 3, H, W) 0..1 on white, row 0 at the top.
            alpha: (N, 1, H, W) 0..1.
        """
        seen = F.interpolate(torch.cat((picture, alpha), 1), size=(PICTURE, PICTURE), mode="area") * 2 - 1
        found: Tensor = self.blocks(seen)
        return found

    def forward(self, picture: Tensor, alpha: Tensor) -> Tensor:
        """Return logits (N, tags); the strongest place counts beside the mean, since an ear is small."""
        found = self.features(picture, alpha)
        said: Tensor = self.say(torch.cat((found.mean((2, 3)), found.amax((2, 3))), 1))
        return said
