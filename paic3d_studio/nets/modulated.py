"""Layers of a StyleGAN2 synthesis network: convolutions whose inputs are scaled by a style (Karras et al., 2020)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NoiseMode = Literal["const", "none"] | Sequence[torch.Generator]
"""Whether the fixed noise of the weights is added or left out; one random generator per picture draws it anew, which
only training may want, since results then differ between runs."""

ACTIVATION_GAIN: Final = math.sqrt(2)
_SLOPE: Final = 0.2
_FEW_CHANNELS: Final = 16


def activated(x: Tensor, *, clamp: float | None = None) -> Tensor:
    """Apply the leaky ReLU that keeps the variance (slope 0.2, gain sqrt 2), then clamp to +-`clamp`."""
    x = F.leaky_relu(x, _SLOPE) * ACTIVATION_GAIN
    return x if clamp is None else x.clamp(-clamp, clamp)


def binomial_filter() -> Tensor:
    """Return the 4x4 low-pass filter [1, 3, 3, 1] x [1, 3, 3, 1] / 64."""
    row = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return torch.outer(row, row) / 64


def filtered(x: Tensor, kernel: Tensor, *, padding: tuple[int, int], gain: float = 1.0) -> Tensor:
    """Correlate every channel with a symmetric kernel after padding with zeros (before, after) on both axes."""
    before, after = padding
    x = F.pad(x, [before, after, before, after])
    channels = x.shape[1]
    weight = (kernel * gain).to(x).expand(channels, 1, *kernel.shape)
    if channels < _FEW_CHANNELS:  # a CPU does one full convolution faster than so few apart
        return F.conv2d(x, weight * torch.eye(channels).to(x)[:, :, None, None])
    return F.conv2d(x, weight, groups=channels)


def upsampled(x: Tensor) -> Tensor:
    """Double height and width: zeros between the samples, then the binomial filter with gain 4.

    Which is bilinear interpolation of the picture with a border of zeros.
    """
    larger = F.interpolate(F.pad(x, [1, 1, 1, 1]), scale_factor=2, mode="bilinear", align_corners=False)
    return larger[:, :, 2:-2, 2:-2]


class FullyConnected(nn.Module):
    """A linear layer whose weights are scaled when used: all layers then learn at the same rate.

    Args:
        inputs: channels in.
        outputs: channels out.
        learning_rate: multiplier of weight and bias.
        bias: initial value of the bias.
    """

    def __init__(self, inputs: int, outputs: int, *, learning_rate: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / learning_rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / learning_rate))
        self.weight_gain = learning_rate / math.sqrt(inputs)
        self.bias_gain = learning_rate

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., inputs) to (..., outputs)."""
        return F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)


class SynthesisLayer(nn.Module):
    """A 3x3 modulated and demodulated convolution, then noise, bias and activation.

    Args:
        inputs: channels in.
        outputs: channels out.
        w_dim: length of the style code.
        resolution: height and width of the result.
        up: double height and width.
        clamp: limit of the result; None leaves it open.
    """

    resample_filter: Tensor
    noise_const: Tensor

    def __init__(
        self, inputs: int, outputs: int, *, w_dim: int, resolution: int, up: bool = False, clamp: float | None = None
    ) -> None:
        super().__init__()
        self.up, self.clamp = up, clamp
        self.affine = FullyConnected(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("resample_filter", binomial_filter())
        self.register_buffer("noise_const", torch.randn(resolution, resolution))

    def forward(self, x: Tensor, w: Tensor, *, noise: NoiseMode) -> Tensor:
        """Convolve (N, inputs, H, W) under the style w (N, w_dim)."""
        style = self.affine(w)
        if len(x) == 1 and isinstance(noise, str) and not torch.is_grad_enabled():
            return self._of_one(x, style[0], noise=noise)
        # Scaling the inputs by the style equals scaling the weights, and shares one kernel among the batch.
        x = x * style[:, :, None, None]
        if self.up:
            x = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)
            x = filtered(x, self.resample_filter, padding=(1, 1), gain=4.0)
        else:
            x = F.conv2d(x, self.weight, padding=1)
        squares = self.weight.square().sum(dim=(2, 3))  # (outputs, inputs)
        x = x * torch.rsqrt(style.square() @ squares.T + 1e-8)[:, :, None, None]
        if not isinstance(noise, str):
            drawn = [torch.randn(1, *x.shape[-2:], generator=each, device=x.device) for each in noise]
            x = x + torch.stack(drawn) * self.noise_strength
        elif noise == "const":
            x = x + self.noise_const * self.noise_strength
        return activated(x + self.bias[:, None, None], clamp=self.clamp)

    def _of_one(self, x: Tensor, style: Tensor, *, noise: NoiseMode) -> Tensor:
        """Do the same for one picture: style, demodulation and gain are folded into the kernel, not into the maps."""
        kernel = self.weight * style[:, None, None]
        size = torch.linalg.vector_norm(kernel, dim=(1, 2, 3), keepdim=True).square()
        kernel.mul_(torch.rsqrt(size + 1e-8) * ACTIVATION_GAIN)
        bias = self.bias * ACTIVATION_GAIN
        if self.up:
            x = F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2)
            x = filtered(x, self.resample_filter, padding=(1, 1), gain=4.0).add_(bias[:, None, None])
        else:
            x = F.conv2d(x, kernel, bias, padding=1)
        if noise == "const":
            x.add_(self.noise_const * (self.noise_strength * ACTIVATION_GAIN))
        x = F.leaky_relu_(x, _SLOPE)
        return x if self.clamp is None else x.clamp_(-self.clamp, self.clamp)


class ToPicture(nn.Module):
    """A 1x1 modulated convolution to the channels of the skip picture, without demodulation or activation."""

    def __init__(self, inputs: int, outputs: int, *, w_dim: int, clamp: float | None = None) -> None:
        super().__init__()
        self.clamp = clamp
        self.affine = FullyConnected(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.weight_gain = 1 / math.sqrt(inputs)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Project (N, inputs, H, W) to (N, outputs, H, W) under the style w (N, w_dim)."""
        style = self.affine(w) * self.weight_gain
        if len(x) == 1 and not torch.is_grad_enabled():  # a matrix product, with the style in the matrix
            flat = torch.addmm(self.bias[:, None], self.weight[:, :, 0, 0] * style, x[0].flatten(1))
            picture = flat.view(1, -1, *x.shape[2:])
            return picture if self.clamp is None else picture.clamp_(-self.clamp, self.clamp)
        picture = F.conv2d(x * style[:, :, None, None], self.weight, self.bias)
        return picture if self.clamp is None else picture.clamp(-self.clamp, self.clamp)


class SynthesisBlock(nn.Module):
    """Two modulated convolutions at twice the resolution, and their contribution to the skip picture.

    A block with `inputs` 0 is the first: it starts from a learned constant and has only the second convolution.
    """

    resample_filter: Tensor

    def __init__(
        self, inputs: int, outputs: int, *, w_dim: int, resolution: int, picture: int, clamp: float | None = None
    ) -> None:
        super().__init__()
        self.is_first = inputs == 0
        self.register_buffer("resample_filter", binomial_filter())
        if self.is_first:
            self.const = nn.Parameter(torch.randn(outputs, resolution, resolution))
        else:
            self.conv0 = SynthesisLayer(inputs, outputs, w_dim=w_dim, resolution=resolution, up=True, clamp=clamp)
        self.conv1 = SynthesisLayer(outputs, outputs, w_dim=w_dim, resolution=resolution, clamp=clamp)
        self.torgb = ToPicture(outputs, picture, w_dim=w_dim, clamp=clamp)

    @property
    def styles(self) -> int:
        """How many style codes the convolutions take; the skip picture takes one more."""
        return 1 if self.is_first else 2

    def forward(
        self, x: Tensor | None, picture: Tensor | None, ws: Tensor, *, noise: NoiseMode
    ) -> tuple[Tensor, Tensor]:
        """Return the features and the skip picture at this block's resolution.

        Args:
            x: features of the block before (N, inputs, H / 2, W / 2); None for the first block.
            picture: skip picture so far (N, P, H / 2, W / 2); None for the first block.
            ws: style codes (N, styles + 1, w_dim).
            noise: whether the fixed noise is added.
        """
        codes = iter(ws.unbind(dim=1))
        x = self.const.expand(len(ws), *self.const.shape) if x is None else self.conv0(x, next(codes), noise=noise)
        x = self.conv1(x, next(codes), noise=noise)
        added = self.torgb(x, next(codes))
        return x, added if picture is None else upsampled(picture) + added
