"""The decoder: triplane features at a point to density, colour and further features (specification, section 1.5)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.nets.field import FieldSample
from paic3d_studio.nets.modulated import FullyConnected


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
