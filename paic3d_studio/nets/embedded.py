"""Load every network that comes with the program, to see whether all of them are whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from torch import nn

from paic3d_studio.errors import UserError
from paic3d_studio.nets.backbones import BACKBONES
from paic3d_studio.nets.face_networks import FaceFinder, LandmarkNetwork
from paic3d_studio.nets.infill import InfillNetwork
from paic3d_studio.nets.manifest import REINSTALL, listed_weights
from paic3d_studio.nets.matting_network import MattingNetwork
from paic3d_studio.nets.weights import load_into, load_weights
from paic3d_studio.paths import models_folder

NETWORKS: Final[Mapping[str, Callable[[dict[str, Any]], nn.Module]]] = {
    "infill": lambda config: InfillNetwork(**config),
    "compact": BACKBONES["compact"].build,
    "face-finder": lambda config: FaceFinder(**config),
    "landmarks": lambda config: LandmarkNetwork(**config),
    "matting": lambda config: MattingNetwork(**config),
}
"""The manifest's `network` -> what its weights fill."""


def load_embedded(folder: Path | None = None) -> Iterator[str]:
    """Load the weights of the manifest one by one into their networks; yields the name of each that is sound.

    Args:
        folder: where manifest and weights lie; None takes the program's own.

    Raises:
        UserError: weights are missing, differ from the manifest, or do not fit their network; the message names the
            file.
    """
    folder = folder or models_folder()
    for name in listed_weights(folder):
        weights = load_weights(name, folder=folder)
        if weights.entry.network not in NETWORKS:
            raise UserError(f"There is no network named “{weights.entry.network}” for “{name}”.", REINSTALL)
        load_into(NETWORKS[weights.entry.network](weights.config), weights)
        yield name
