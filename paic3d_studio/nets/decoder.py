"""The decoder: triplane features at a point to density, colour and further features (specification, section 1.5)."""

from __future__ import annotations

import dataclasses
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.nets.field import FieldSample
from paic3d_studio.nets.modulated import FullyConnected

_SAFE_EXPONENT: Final = 80.0
"""exp of it is finite in float32."""


class TriplaneDecoder(nn.Module):
    """One hidden layer of 64 between the features of a point and what is there.

    Args:
        inputs: channels of the triplane.
        outputs: colour and features together; the first three are the colour.
        widened: stretch the sigmoid to -0.001..1.001, as in training (EG3D).
    """

    def __init__(self, inputs: int, *, outputs: int = 32, hidden: int = 64, widened: bool = False) -> None:
        super().__init__()
        self.net = nn.Sequential(FullyConnected(inputs, hidden), nn.Softplus(), FullyConnected(hidden, 1 + outputs))
        self.widened = widened

    def forward(self, features: Tensor) -> FieldSample:
        """Decode triplane features (P, inputs)."""
        decoded = self.net(features)
        colours = torch.sigmoid(decoded[:, 1:])
        if self.widened:
            colours = colours * 1.002 - 0.001
        return FieldSample(decoded[:, 0], colours[:, :3], colours[:, 3:])

    def density(self, features: Tensor) -> Tensor:
        """Decode the density alone: (P, inputs) to (P,)."""
        last = self.net[2]
        assert isinstance(last, FullyConnected)
        hidden = self.net[1](self.net[0](features))
        return F.linear(hidden, last.weight[:1] * last.weight_gain, last.bias[:1] * last.bias_gain)[:, 0]

    def folded(self, planes: Tensor) -> FoldedDecoder:
        """Return the decoder with its gains multiplied in, for features that are means of `planes` (3, C, ...)."""
        first, last = self.net[0], self.net[2]
        assert isinstance(first, FullyConnected)
        assert isinstance(last, FullyConnected)
        weight, bias = first.weight.detach() * first.weight_gain, first.bias.detach() * first.bias_gain
        largest = planes.detach().transpose(0, 1).flatten(1).abs().amax(dim=1)  # (C,)
        return FoldedDecoder(
            weight,
            bias,
            last.weight.detach() * last.weight_gain,
            last.bias.detach() * last.bias_gain,
            widened=self.widened,
            bounded=bool((weight.abs() @ largest + bias.abs()).amax() < _SAFE_EXPONENT),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class FoldedDecoder:
    """The decoder of one picture for reading alone: the same answers, faster, without gradients.

    `first` (hidden, inputs) and `last` (1 + outputs, hidden) with their biases; `bounded` says that no hidden unit can
    leave the range in which softplus is log(1 + exp), which costs half as much.
    """

    first: Tensor
    first_bias: Tensor
    last: Tensor
    last_bias: Tensor
    widened: bool
    bounded: bool

    def hidden(self, features: Tensor) -> Tensor:
        """Return the hidden layer (P, hidden) of features (P, inputs)."""
        x = torch.addmm(self.first_bias, features, self.first.T)
        return x.exp_().add_(1).log_() if self.bounded else F.softplus(x)

    def density(self, features: Tensor) -> Tensor:
        """Decode the density alone: (P, inputs) to (P,)."""
        return torch.mv(self.hidden(features), self.last[0]).add_(self.last_bias[0])

    def __call__(self, features: Tensor) -> FieldSample:
        """Decode features (P, inputs)."""
        decoded = torch.addmm(self.last_bias, self.hidden(features), self.last.T)
        values = decoded[:, 1:].sigmoid()
        if self.widened:
            values = values.mul_(1.002).sub_(0.001)
        return FieldSample(decoded[:, 0], values[:, :3], values[:, 3:])
