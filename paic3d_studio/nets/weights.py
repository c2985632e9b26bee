"""Embedded network weights: from the manifest to checked tensors.

Weights are safetensors only: reading them cannot run code. Pickled checkpoints are never opened here.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from paic3d_studio.errors import UserError
from paic3d_studio.paths import models_folder

_REINSTALL = "Install the program again, or put back the file that came with this version."


@dataclasses.dataclass(frozen=True)
class ManifestEntry:
    """What the manifest says about one set of weights.

    `path` of the safetensors file, its `sha256` (hex) and size in `bytes`; `network` is the key of the network in its
    table; `config` holds the arguments the network is built with.
    """

    name: str
    path: Path
    sha256: str
    bytes: int
    network: str
    licence: str
    trained_on: str
    metrics: Mapping[str, Any]
    config: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedWeights:
    """Checked tensors (floats as float32) and the arguments of the network that they belong to."""

    entry: ManifestEntry
    tensors: Mapping[str, Tensor]

    @property
    def config(self) -> dict[str, Any]:
        """Arguments that the network is built with."""
        return dict(self.entry.config)


def manifest_entry(name: str, *, folder: Path | None = None) -> ManifestEntry:
    """Look up one set of weights in `manifest.toml`; its `sha256` is the key under which results may be kept.

    Args:
        name: the key under `[weights]`.
        folder: where the manifest lies; the program's models folder when None.

    Raises:
        UserError: the manifest is missing or damaged, or does not list `name` completely.
    """
    folder = folder or models_folder()
    manifest = folder / "manifest.toml"
    try:
        listed = tomllib.loads(manifest.read_text(encoding="utf-8")).get("weights", {})
    except FileNotFoundError:
        raise UserError(f"The list of network weights is missing: {manifest}.", _REINSTALL) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"The list of network weights cannot be read: {manifest} ({error}).", _REINSTALL) from error
    if not isinstance(listed, dict):
        raise UserError(f"The list of network weights cannot be read: {manifest} (no table of weights).", _REINSTALL)
    if name not in listed:
        raise UserError(f"{manifest} lists no weights named “{name}”.", _REINSTALL)
    try:
        return _entry(name, listed[name], folder)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{manifest} does not describe the weights “{name}” completely ({error}).", _REINSTALL
        ) from error


def _entry(name: str, listed: Mapping[str, Any], folder: Path) -> ManifestEntry:
    """Build an entry from its table; a file outside `folder` is refused."""
    path = folder / str(listed["file"])
    if path.resolve().parent != folder.resolve():
        raise ValueError(f"file {listed['file']!r} lies outside {folder}")
    return ManifestEntry(
        name=name,
        path=path,
        sha256=str(listed["sha256"]).lower(),
        bytes=int(listed["bytes"]),
        network=str(listed["network"]),
        licence=str(listed.get("licence", "")),
        trained_on=str(listed.get("trained_on", "")),
        metrics=dict(listed.get("metrics", {})),
        config=dict(listed.get("config", {})),
    )


def load_weights(name: str, *, folder: Path | None = None) -> LoadedWeights:
    """Read one set of weights after checking size and sha256 against the manifest.

    Args:
        name: the key under `[weights]` in `manifest.toml`.
        folder: where manifest and weights lie; the program's models folder when None.

    Raises:
        UserError: manifest or weights are missing, damaged, or differ from each other; the message names the file.
    """
    entry = manifest_entry(name, folder=folder)
    try:
        content = entry.path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"The network weights are missing: {entry.path}.", _REINSTALL) from None
    except OSError as error:
        raise UserError(f"The network weights cannot be read: {entry.path} ({error.strerror}).", _REINSTALL) from error
    if len(content) != entry.bytes:
        raise UserError(
            f"The network weights are damaged: {entry.path} has {len(content)} bytes instead of {entry.bytes}.",
            _REINSTALL,
        )
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise UserError(f"The network weights are damaged: {entry.path} differs from the manifest.", _REINSTALL)
    try:
        tensors = safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        raise UserError(f"The network weights are no safetensors file: {entry.path} ({error}).", _REINSTALL) from error
    return LoadedWeights(entry, {key: _widened(tensor) for key, tensor in tensors.items()})


def _widened(tensor: Tensor) -> Tensor:
    """Return half-precision weights as float32, in which every network here computes."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def load_into(network: nn.Module, weights: LoadedWeights) -> None:
    """Copy checked tensors into a network and put it into evaluation mode without gradients.

    Raises:
        UserError: the names or shapes of the tensors are not those of the network; the message names the file.
    """
    expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    found = {key: tuple(tensor.shape) for key, tensor in weights.tensors.items()}
    wrong = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
    if wrong:
        raise UserError(
            f"The network weights do not fit the network “{weights.entry.network}”: {weights.entry.path} "
            f"({len(wrong)} tensors differ, first {wrong[0]}).",
            _REINSTALL,
        )
    network.load_state_dict(dict(weights.tensors))
    network.eval().requires_grad_(False)
