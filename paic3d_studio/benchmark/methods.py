"""What the benchmark measures: one table of reconstructors, from flat baselines to trained networks.

A learned baseline enters with one line in METHODS: a function from its weights (or None) to one from `FieldCondition`
to `RadianceField`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, cast

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from paic3d_studio.benchmark.baselines import billboard, inflated
from paic3d_studio.benchmark.views import Reconstructor
from paic3d_studio.errors import UserError
from paic3d_studio.nets.backbones import BACKBONES, Backbone, load_backbone
from paic3d_studio.nets.backbones.compact import ADVISER, CompactConfig
from paic3d_studio.nets.backbones.config import ReconstructorConfig
from paic3d_studio.nets.manifest import is_there, manifest_entry
from paic3d_studio.nets.tagger import MAP_SIZE
from paic3d_studio.nets.weights import misfits

LIMIT: Final = 1 << 31
ENTRY: Final = "manifest-entry.toml"
"""What a training writes beside its weights: the sizes of the network."""


@dataclasses.dataclass(frozen=True)
class Method:
    """One line of METHODS.

    `summary` says what it is; `make` loads it from a file of weights, or from what the program has when None; `needs`
    is "nothing", "shipped" (weights that come with the program), "imported" or "weights" (only with a file);
    `backbone` is its name in BACKBONES where it is one of them.
    """

    summary: str
    make: Callable[[Path | None], Reconstructor]
    needs: str = "nothing"
    backbone: str | None = None


@dataclasses.dataclass(frozen=True)
class Entrant:
    """A method to measure: its name in METHODS, and a file of weights in place of those the program has."""

    name: str
    weights: Path | None = None

    @property
    def method(self) -> Method:
        """Return its line in METHODS."""
        return METHODS[self.name]

    @property
    def sees_tags(self) -> bool:
        """Whether it looks at the tagger's features of the original; a training of ours saw zeros."""
        backbone = self.method.backbone
        return self.weights is None and backbone is not None and BACKBONES[backbone].needs_tags

    def reconstructor(self) -> Reconstructor:
        """Return it ready to reconstruct, kept in memory for the next call.

        Raises:
            UserError: its weights are missing or are not its own.
        """
        return _made(self.name, self.weights, self.fingerprint())

    def fingerprint(self) -> str:
        """Return the sha256 of its weights, "" where it has none.

        Raises:
            UserError: the file cannot be read, or nothing was imported.
        """
        if self.weights is not None:
            return hashlib.sha256(_bounded(self.weights)).hexdigest()
        backbone = self.method.backbone
        return "" if backbone is None else manifest_entry(BACKBONES[backbone].weights).sha256


@lru_cache(maxsize=16)
def _made(name: str, weights: Path | None, fingerprint: str) -> Reconstructor:
    """Load a method; `fingerprint` is part of the key, so that exchanged weights are read again."""
    del fingerprint
    return METHODS[name].make(weights)


def _bounded(path: Path) -> bytes:
    """Return a file's bytes; UserError when it cannot be read or is too large."""
    try:
        if path.stat().st_size > LIMIT:
            raise UserError(f"“{path}” is larger than 2 GiB.", "These are no weights of a reconstructor.")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"“{path}” cannot be read ({error.strerror or error}).", "Choose another file.") from error


def tensors_of(path: Path) -> dict[str, Tensor]:
    """Read safetensors as float32.

    Raises:
        UserError: the file cannot be read, or is none.
    """
    try:
        tensors = safetensors.torch.load(_bounded(path))
    except safetensors.SafetensorError as error:
        raise UserError(
            f"“{path}” is no safetensors file ({error}).", "Choose weights that a training wrote."
        ) from error
    return {name: tensor.float() for name, tensor in tensors.items()}


def _filled(config: ReconstructorConfig, path: Path) -> Backbone:
    """Build a network and fill it with a file's tensors; UserError when they are another network's."""
    network, tensors = config.build(), tensors_of(path)
    wrong = misfits(network, {name: tuple(tensor.shape) for name, tensor in tensors.items()})
    if wrong:
        raise UserError(
            f"“{path}” does not fit the network “{config.backbone}” ({len(wrong)} tensors differ, first {wrong[0]}).",
            f"Choose weights of these sizes, with their {ENTRY} beside them where they are not the default's.",
        )
    network.load_state_dict(tensors)
    return cast(Backbone, network.eval().requires_grad_(False))


def _sizes_beside(path: Path, backbone: str, otherwise: ReconstructorConfig) -> ReconstructorConfig:
    """Return the sizes that a manifest entry beside some weights tells, `otherwise` where there is none."""
    entry = path.parent / ENTRY
    if not entry.is_file():
        return otherwise
    try:
        told = tomllib.loads(_bounded(entry).decode())["weights"]
        found = next(iter(told.values()))
        if found["network"] != backbone:
            raise ValueError(f"it is of “{found['network']}”")
        return ReconstructorConfig.of(backbone, found["config"])
    except (ValueError, KeyError, TypeError, StopIteration, AttributeError) as error:
        raise UserError(
            f"“{entry}” does not describe a network “{backbone}” ({error}).", "Train again, or remove the file."
        ) from error


def _of(backbone: Backbone) -> Reconstructor:
    return lambda condition: backbone.field(condition, seed=0)


def compact(weights: Path | None) -> Reconstructor:
    """Return the embedded network with its shipped weights or a file's (default sizes, its tagger, its adviser)."""
    if weights is None:
        return _of(load_backbone("compact"))
    tensors = tensors_of(weights)
    known = tensors.get("tagger.say.bias", torch.empty(0))
    # What its tags are called changes nothing that the network makes of a picture.
    usual = CompactConfig(
        tags=tuple(f"tag:{number}" for number in range(len(known))),
        adviser=any(name.startswith(ADVISER) for name in tensors),
    )
    return _of(_filled(_sizes_beside(weights, "compact", ReconstructorConfig("compact", usual)), weights))


def published(weights: Path | None) -> Reconstructor:
    """Return the paper's network with the imported weights, or with those of a training of ours: on zeros for tags."""
    if weights is None:
        return _of(load_backbone("published"))
    sizes = _sizes_beside(weights, "published", ReconstructorConfig.published())
    reconstruct = _of(_filled(sizes, weights))
    no_tags = torch.zeros(1, int(sizes.table()["tag_channels"]), MAP_SIZE, MAP_SIZE)
    return lambda condition: reconstruct(dataclasses.replace(condition, tags=no_tags))


def mean_head(weights: Path | None) -> Reconstructor:
    """Return the baseline that gives every picture the same head."""
    from paic3d_studio.benchmark.mean_head import MeanHead

    del weights
    return MeanHead.load().field


def _untrained(reconstruct: Reconstructor) -> Callable[[Path | None], Reconstructor]:
    def make(weights: Path | None) -> Reconstructor:
        del weights
        return reconstruct

    return make


METHODS: Final[Mapping[str, Method]] = {
    "billboard": Method("the picture on a board 3 cm thick", _untrained(billboard)),
    "inflated": Method("the picture on half an ellipse over its silhouette", _untrained(inflated)),
    "mean-head": Method("the mean of generated heads, in the picture's colours", mean_head),
    "compact": Method("the embedded network", compact, needs="shipped", backbone="compact"),
    "published": Method("the paper's network", published, needs="imported", backbone="published"),
    "no-feature-pooling": Method("ablation: no feature pooling", published, needs="weights", backbone="published"),
    "one-triplane-layer": Method("ablation: one triplane layer", published, needs="weights", backbone="published"),
    "no-side-back-loss": Method("ablation: no side and back loss", published, needs="weights", backbone="published"),
    "no-2.5d-loss": Method("ablation: no depth and silhouette loss", published, needs="weights", backbone="published"),
}
"""Everything that can be measured: name -> what it is. Learned baselines of the literature enter here."""

BASELINES: Final = ("billboard", "inflated", "mean-head")


def entrants(named: Mapping[str, Path] | None = None, only: list[str] | None = None) -> tuple[Entrant, ...]:
    """Return the methods to measure, in the order of METHODS.

    Args:
        named: files of weights by method.
        only: names of methods; None takes all that have what they need.

    Raises:
        UserError: there is no such method, or it lacks its weights.
    """
    named = dict(named or {})
    for name in (*named, *(only or ())):
        if name not in METHODS:
            raise UserError(f"There is no method named “{name}”.", f"Choose among: {', '.join(METHODS)}.")
    for name in named:
        if METHODS[name].needs == "nothing":
            raise UserError(f"The method “{name}” takes no weights.", "Leave its file away.")
    chosen = []
    for name, method in METHODS.items():
        there = name in named or _has_what_it_needs(method)
        if only is not None and name in only and not there:
            raise UserError(
                f"The method “{name}” needs weights that are not here.", f"Give their file: --weights {name}=FILE."
            )
        if there and (only is None or name in only):
            chosen.append(Entrant(name, named.get(name)))
    return tuple(chosen)


def _has_what_it_needs(method: Method) -> bool:
    if method.needs == "imported":
        return method.backbone is not None and is_there(BACKBONES[method.backbone].weights)
    return method.needs != "weights"
