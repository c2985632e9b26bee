"""Train the embedded compact reconstructor on labelled points.

    python -m paic3d_studio.training.compact --characters DIR [DIR ...] --out FILE

Ctrl-C ends after the running step and leaves a checkpoint; the same command with `--resume` goes on from it. The same
arguments and seed draw the same samples in the same order.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import safetensors.torch
import torch

from paic3d_studio.nets.backbones.compact import ADVISER, CompactBackbone, CompactConfig, without_adviser
from paic3d_studio.training.compact_losses import LossWeights, losses
from paic3d_studio.training.compact_samples import Batch, SampleOptions
from paic3d_studio.training.item_training import ItemTraining, TrainingOptions, command, item_parser
from paic3d_studio.training.precision import processor_precision

_HIDDEN: Final = (
    "encoder",
    "front_decoder",
    "side_decoders",
    "detail",
    "edges.layers",
    "density_layers",
    "colour_layers",
)
"""All parts of the network but its heads (planes, maps, density, colour) and what a tagger adds: Muon is for layers in
between."""


class Trainer(ItemTraining[CompactBackbone]):
    """The compact reconstructor in training."""

    def __init__(self, config: CompactConfig, options: TrainingOptions) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            network = CompactBackbone(config)
        super().__init__(network, options, hidden=_HIDDEN)

    def train(self, drawn: Batch) -> dict[str, float]:
        """Take one step and return the loss terms."""
        with processor_precision(half=self.options.half):
            scene = self.network.scene(drawn.picture, drawn.alpha)
            values = self.network.values(scene, drawn.xyz)
        return self.descend(losses(scene, values, drawn, weights=LossWeights()), rate=self.rate())

    def take_tagger(self, path: Path) -> None:
        """Take the weights of a tagger that `training.tags` wrote; they stay as they are."""
        tensors = {name: tensor.float() for name, tensor in safetensors.torch.load_file(path).items()}
        for network in (self.network, self.average):
            network.tagger.load_state_dict(tensors)

    def start_from(self, path: Path) -> None:
        """Take the weights of a safetensors file, and begin everything else anew.

        Further residual blocks and finer edges that the file lacks add nothing at first: a network may grow. The
        file's adviser is left out; an own one stays as it is.

        Raises:
            RuntimeError: it lacks or holds anything else.
        """
        kept = without_adviser(safetensors.torch.load_file(path))
        tensors = {name: tensor.float() for name, tensor in kept.items()}
        own = self.network.state_dict()
        grown = {
            name: tensor for name, tensor in own.items() if ".deep." in name or name.startswith(("edges.", ADVISER))
        }
        for network in (self.network, self.average):
            network.load_state_dict(grown | tensors)


def _tags_of(path: Path) -> tuple[str, ...]:
    """Return the tags that a tagger of `training.tags` knows."""
    with safetensors.safe_open(path, "pt") as file:
        return tuple(json.loads(file.metadata()["tags"]))


def main(argv: Sequence[str] | None = None) -> int:
    """Train from the command line."""
    parser = item_parser("paic3d_studio.training.compact", __doc__)
    parser.add_argument("--start", type=Path, default=None, help="safetensors file whose weights training begins with")
    parser.add_argument("--tagger", type=Path, default=None, help="safetensors file of `training.tags` to condition on")
    arguments = parser.parse_args(argv)
    return command(arguments, lambda: _begun(arguments), sampling=SampleOptions())


def _begun(arguments: argparse.Namespace) -> Trainer:
    """Return the training that the command line asks for."""
    config = CompactConfig(tags=_tags_of(arguments.tagger) if arguments.tagger else ())
    trainer = Trainer(config, TrainingOptions.of(arguments))
    if arguments.tagger:
        trainer.take_tagger(arguments.tagger)
    if arguments.start:
        trainer.start_from(arguments.start)
    return trainer


if __name__ == "__main__":
    sys.exit(main())
