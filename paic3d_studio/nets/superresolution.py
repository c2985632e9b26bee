"""Super-resolution: a rendered feature picture to a sharp one of 512 pixels (specification, section 1.8)."""

from __future__ import annotations

from typing import Final

import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.nets.modulated import SynthesisBlock

OUTPUT_SIZE: Final = 512
ENLARGEMENT: Final = 4
_CLAMP: Final = 256.0


class SuperResolution(nn.Module):
    """Two synthesis blocks that quadruple a picture of features.

    Args:
        inputs: features per pixel; the first three are also the colour to start from.
        hidden: channels of the first block; the second has half.
        w_dim: length of the style code.
        size: side of the sharp picture in pixels, a multiple of 4.
    """

    def __init__(self, *, inputs: int = 32, hidden: int = 16, w_dim: int = 512, size: int = OUTPUT_SIZE) -> None:
        super().__init__()
        self.input_size = size // ENLARGEMENT
        self.block0 = SynthesisBlock(inputs, hidden, w_dim=w_dim, resolution=size // 2, picture=3, clamp=_CLAMP)
        self.block1 = SynthesisBlock(hidden, hidden // 2, w_dim=w_dim, resolution=size, picture=3, clamp=_CLAMP)

    def forward(self, features: Tensor, ws: Tensor) -> Tensor:
        """Return the picture, sRGB about 0..1, (N, 3, size, size).

        Args:
            features: composited on white and mapped to -1..1, (N, inputs, H, W).
            ws: style codes (N, count, w_dim); the last one steers every layer.
        """
        side = self.input_size
        if features.shape[-1] != side:
            features = F.interpolate(features, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
        codes = ws[:, -1:].expand(-1, 3, -1)
        x, picture = self.block0(features, features[:, :3], codes, noise="none")
        _, picture = self.block1(x, picture, codes, noise="none")
        sharp: Tensor = picture * 0.5 + 0.5
        return sharp
