"""Reconstruction networks: the table of all backbones, and how one is loaded with its weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol, cast

from torch import nn

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.nets.field import FieldCondition, RadianceField
from paic3d_studio.nets.manifest import is_there, manifest_entry
from paic3d_studio.nets.weights import load_into, load_weights


class Backbone(Protocol):
    """A network that turns one picture into a radiance field."""

    def field(self, condition: FieldCondition, *, seed: int, monitor: Monitor = SILENT) -> RadianceField:
        """Reconstruct the field of one picture; the same condition and seed give the same field.

        Raises:
            Cancelled: as `monitor`, which is asked every few tenths of a second.
        """
        ...


@dataclasses.dataclass(frozen=True)
class BackboneEntry:
    """One line of BACKBONES.

    `build` makes the network from the `config` table of its weights; `description` is one line for the artist;
    `weights` is their name in the manifest; `needs_tags` says whether the condition must hold tagger features,
    and `has_seed` whether another seed gives another field;
    `shipped` is False where the artist has to import the weights.
    """

    build: Callable[[Mapping[str, Any]], nn.Module]
    description: str
    weights: str
    needs_tags: bool = False
    has_seed: bool = False
    shipped: bool = True


def _compact(config: Mapping[str, Any]) -> nn.Module:
    from paic3d_studio.nets.backbones.config import ReconstructorConfig

    return ReconstructorConfig.of("compact", config).build()


def _published(config: Mapping[str, Any]) -> nn.Module:
    from paic3d_studio.nets.backbones.config import ReconstructorConfig

    return ReconstructorConfig.of("published", config).build()


BACKBONES: Final[Mapping[str, BackboneEntry]] = {
    "compact": BackboneEntry(
        build=_compact,
        description="Our own small network, trained on public-domain characters; runs in seconds without a GPU.",
        weights="compact",
    ),
    "published": BackboneEntry(
        build=_published,
        description="The network of the PAniC-3D paper, for weights that you import (non-commercial use).",
        weights="published",
        needs_tags=True,
        has_seed=True,
        shipped=False,
    ),
}
"""Every backbone: name -> how it is built and which weights it takes."""


def offered_backbones() -> tuple[str, ...]:
    """Return the backbones that can be chosen: those whose weights come with the program or were imported."""
    return tuple(name for name, entry in BACKBONES.items() if entry.shipped or is_there(entry.weights))


def tag_channels(name: str) -> int:
    """Return how many channels of tagger features a backbone takes.

    Raises:
        UserError: its weights are not there.
    """
    entry = BACKBONES[name]
    if not entry.shipped and not is_there(entry.weights):
        raise _not_there(name)
    return int(manifest_entry(entry.weights).config.get("tag_channels", 512)) if entry.needs_tags else 0


def load_backbone(name: str) -> Backbone:
    """Return a backbone with its checked weights, ready to reconstruct; kept in memory for the next call.

    Raises:
        UserError: there is no such backbone, or its weights are missing or damaged.
    """
    if name not in BACKBONES:
        raise UserError(f"There is no backbone named “{name}”.", f"Choose one of: {', '.join(BACKBONES)}.")
    entry = BACKBONES[name]
    if not entry.shipped and not is_there(entry.weights):
        raise _not_there(name)
    return _loaded(name, manifest_entry(entry.weights).sha256)


def _not_there(name: str) -> UserError:
    return UserError(
        f"The weights of the backbone “{name}” do not come with this program, and none were imported.",
        "Choose another backbone, or import the authors' weights: paic3d-studio import-weights FILE.",
    )


@lru_cache(maxsize=1)
def _loaded(name: str, sha256: str) -> Backbone:
    """Build and fill a backbone; `sha256` is part of the key, so that exchanged weights are read again."""
    del sha256
    weights = load_weights(BACKBONES[name].weights)
    network = BACKBONES[name].build(weights.config)
    load_into(network, weights)
    return cast(Backbone, network)
