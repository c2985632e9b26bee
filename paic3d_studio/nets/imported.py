"""From the tensors of an official file to a file of our own: the check against the network, the weights, the card."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import safetensors.numpy
import torch
from torch import nn

from paic3d_studio.errors import UserError
from paic3d_studio.nets.import_official import OfficialWeights
from paic3d_studio.nets.manifest import IMPORTABLE, MANIFEST, listed_weights
from paic3d_studio.nets.weights import misfits

LICENCE: Final = "research weights of the authors, non-commercial, imported by you"

_TRAINED_ON: Final = "the authors' data, see the paper (PAniC-3D, CVPR 2023)"
_CURE: Final = "Import the files as the authors published them."


@dataclasses.dataclass(frozen=True, eq=False)
class Placed:
    """What an import writes: `files` in the order in which they may appear, and `obsolete` ones to remove then."""

    weights: Path
    files: Mapping[Path, bytes]
    obsolete: tuple[Path, ...]


def check_fits(official: OfficialWeights, *, source: str) -> None:
    """Make sure that the tensors are those of the network: every name, every shape, nothing more and nothing less.

    Raises:
        UserError: they are not; the message names the file and the first tensor that differs.
    """
    with torch.device("meta"):  # shapes alone: no memory, and no random numbers are drawn
        network = _network(official)
    shapes = {name: tuple(array.shape) for name, array in official.tensors.items()}
    wrong = misfits(network, shapes)
    if wrong:
        name = wrong[0]
        expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
        raise UserError(
            f"“{source}” does not fit {IMPORTABLE[official.weights]}: {len(wrong)} tensors differ, first “{name}” with "
            f"{_shape_text(shapes.get(name))} instead of {_shape_text(expected.get(name))}.",
            _CURE,
        )


def _shape_text(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return "none"
    return " x ".join(map(str, shape)) or "a single number"


def _network(official: OfficialWeights) -> nn.Module:
    """Return what the tensors are to fill."""
    match official.network:
        case "published":
            from paic3d_studio.nets.backbones.published import PublishedBackbone, PublishedConfig

            return PublishedBackbone(PublishedConfig(**official.config))
        case "infill":
            from paic3d_studio.nets.infill import InfillNetwork

            return InfillNetwork(**official.config)
        case "resnet":
            from paic3d_studio.nets.tagger import TaggerTrunk

            return TaggerTrunk(**official.config)
        case _:
            from paic3d_studio.nets.tagger import TaggerComponents

            return TaggerComponents(**official.config)


def placed(official: OfficialWeights, *, source: str, folder: Path) -> Placed:
    """Return the files of an import: weights, card, and the manifest that lists them, which comes last.

    The name of the weights holds their digest, so that the manifest never lists a file that another one replaced.

    Args:
        official: checked tensors.
        source: name of the file they came from.
        folder: where they will lie.
    """
    content = safetensors.numpy.save(dict(official.tensors))
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / f"{official.weights}-{sha256[:12]}.safetensors"
    try:
        listed = dict(listed_weights(folder, optional=True))
    except UserError:
        listed = {}  # a damaged list is of no use to anyone
    entry: dict[str, Any] = {
        "file": path.name,
        "sha256": sha256,
        "bytes": len(content),
        "network": official.network,
        "licence": LICENCE,
        "trained_on": _TRAINED_ON,
        "config": dict(official.config),
    }
    files = {
        path: content,
        folder / f"{official.weights}.md": _card(official, source=source, file=path.name, sha256=sha256).encode(),
        folder / MANIFEST: manifest_text(listed | {official.weights: entry}).encode(),
    }
    earlier = [file for file in folder.glob(f"{official.weights}-{'?' * 12}.safetensors") if file != path]
    return Placed(path, files, tuple(earlier))


def manifest_text(listed: Mapping[str, Any]) -> str:
    """Return a manifest that `listed_weights` reads back."""
    lines = ["# Weights that were imported. The program writes this file anew at each import."]
    for name, entry in listed.items():
        lines += ["", f"[weights.{_key(name)}]"]
        lines += [f"{_key(key)} = {_toml(value)}" for key, value in entry.items() if not isinstance(value, dict)]
        for key, table in entry.items():
            if isinstance(table, dict):
                lines += ["", f"[weights.{_key(name)}.{_key(key)}]"]
                lines += [f"{_key(part)} = {_toml(value)}" for part, value in table.items()]
    return "\n".join([*lines, ""])


def _key(name: str) -> str:
    """Return a key of TOML, in quotes only where it needs them."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: object) -> str:
    """Return a text, a number or a truth value as TOML and JSON both write it."""
    return json.dumps(value, ensure_ascii=True)


def _card(official: OfficialWeights, *, source: str, file: str, sha256: str) -> str:
    count = sum(array.size for array in official.tensors.values())
    source = "".join(letter if letter.isprintable() and letter != "`" else "?" for letter in source)
    config = "\n".join(f"| {name} | {value} |" for name, value in official.config.items())
    return f"""# Model card: {IMPORTABLE[official.weights]}

`{file}`: {LICENCE}.

- **From**: `{source}`, one of the files that the authors of PAniC-3D (Chen et al., CVPR 2023) released. Nothing in it
  was executed; names and shapes of the tensors were checked against the network, and every number is finite.
- **Licence**: the authors' terms. Non-commercial research; do not pass these files on.
- **Holds**: {len(official.tensors)} tensors, {count:,} numbers. SHA-256 `{sha256}`.
- **Data and figures**: the authors', see the paper. Nothing was measured here.

| argument | value |
|---|---|
{config}
"""
