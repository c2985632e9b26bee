"""Train the depth network: a second opinion on the two depth maps, from the samples of the compact reconstructor.

    python -m paic3d_studio.training.depth --characters DIR [DIR ...] --out FILE

Ctrl-C ends after the running step and leaves a checkpoint; the same command with `--resume` goes on from it. The same
arguments and seed draw the same samples in the same order.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.nets.backbones.compact import CLASSES
from paic3d_studio.nets.backbones.depth_network import DepthConfig, DepthNetwork
from paic3d_studio.training.compact_losses import LossWeights
from paic3d_studio.training.compact_samples import IGNORED, Batch, SampleOptions
from paic3d_studio.training.item_training import ItemTraining, TrainingOptions, command, item_parser
from paic3d_studio.training.precision import processor_precision

SAMPLING: Final = SampleOptions(near=64, uniform=16)
"""Points are not learnt from: as few as samples with occluders can be made of."""


class Taught(nn.Module):
    """The depth network, and a head for the classes of the front: what is hair and what skin says how far it is."""

    def __init__(self, config: DepthConfig) -> None:
        super().__init__()
        self.depth = DepthNetwork(config)
        self.classes = nn.Conv2d(self.depth.width, len(CLASSES) * 4, 1)

    def forward(self, picture: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """Return depths in metres (N, 2, s, s) and logits of classes (N, 4, s, s), rows upwards."""
        features = self.depth.features(picture, alpha)
        return self.depth.depths(features), F.pixel_shuffle(self.classes(features), 2).float()


class Trainer(ItemTraining[Taught]):
    """The depth network in training."""

    def __init__(self, config: DepthConfig, options: TrainingOptions) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            network = Taught(config)
        super().__init__(network, options, hidden=("depth.encoder", "depth.decoder", "depth.last"))

    def train(self, drawn: Batch) -> dict[str, float]:
        """Take one step and return the loss terms."""
        with processor_precision(half=self.options.half):
            depths, classes = self.network(drawn.picture, drawn.alpha)
        return self.descend(losses(depths, classes, drawn), rate=self.rate())

    @property
    def learnt(self) -> nn.Module:
        """The depth network alone."""
        return self.average.depth


def losses(depths: Tensor, classes: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the weighted terms by name: absolute errors of depth where something is seen, and cross-entropy.

    Args:
        depths: of front and back in metres, (N, 2, s, s), rows upwards.
        classes: logits of the front, (N, 4, s, s).
        batch: the truth; the side of its maps is a whole multiple of s.
    """
    weights = LossWeights()
    side = batch.depths.shape[-1]
    fine = F.interpolate(depths, size=(side, side), mode="bilinear")
    known = ~batch.depths.isnan()
    errors = torch.where(known, (fine - batch.depths.nan_to_num()).abs(), 0.0)
    coarse = batch.classes[:, :: side // classes.shape[-1], :: side // classes.shape[-1]]
    return {
        "depth": weights.depth * errors.sum() / known.sum().clamp(min=1),
        "classes": weights.classes * F.cross_entropy(classes.contiguous(), coarse, ignore_index=IGNORED),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Train from the command line."""
    arguments = item_parser("paic3d_studio.training.depth", __doc__).parse_args(argv)
    return command(arguments, lambda: Trainer(DepthConfig(), TrainingOptions.of(arguments)), sampling=SAMPLING)


if __name__ == "__main__":
    sys.exit(main())
