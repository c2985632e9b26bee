"""Network weights: from the manifest to checked tensors.

Weights are safetensors only: reading them cannot run code. Pickled checkpoints are never opened here.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from paic3d_studio.errors import UserError
from paic3d_studio.nets.manifest import ManifestEntry, manifest_entry

N = TypeVar("N", bound=nn.Module)


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedWeights:
    """Checked tensors (floats as float32) and the arguments of the network that they belong to."""

    entry: ManifestEntry
    tensors: Mapping[str, Tensor]

    @property
    def config(self) -> dict[str, Any]:
        """Arguments that the network is built with."""
        return dict(self.entry.config)


def load_weights(name: str, *, folder: Path | None = None) -> LoadedWeights:
    """Read one set of weights after checking size and sha256 against the manifest.

    Args:
        name: the key under `[weights]` in `manifest.toml`.
        folder: where manifest and weights lie; when None the program's folder, then that of what was imported.

    Raises:
        UserError: manifest or weights are missing, damaged, or differ from each other; the message names the file.
    """
    entry = manifest_entry(name, folder=folder)
    try:
        content = entry.path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"The network weights are missing: {entry.path}.", entry.cure) from None
    except OSError as error:
        raise UserError(f"The network weights cannot be read: {entry.path} ({error.strerror}).", entry.cure) from error
    if len(content) != entry.bytes:
        raise UserError(
            f"The network weights are damaged: {entry.path} has {len(content)} bytes instead of {entry.bytes}.",
            entry.cure,
        )
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise UserError(f"The network weights are damaged: {entry.path} differs from the manifest.", entry.cure)
    try:
        tensors = safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        raise UserError(f"The network weights are no safetensors file: {entry.path} ({error}).", entry.cure) from error
    return LoadedWeights(entry, {key: _widened(tensor) for key, tensor in tensors.items()})


def _widened(tensor: Tensor) -> Tensor:
    """Return half-precision weights as float32, in which every network here computes."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def load_into(network: nn.Module, weights: LoadedWeights) -> None:
    """Copy checked tensors into a network and put it into evaluation mode without gradients.

    Raises:
        UserError: the names or shapes of the tensors are not those of the network; the message names the file.
    """
    wrong = misfits(network, {key: tuple(tensor.shape) for key, tensor in weights.tensors.items()})
    if wrong:
        raise UserError(
            f"The network weights do not fit the network “{weights.entry.network}”: {weights.entry.path} "
            f"({len(wrong)} tensors differ, first {wrong[0]}).",
            weights.entry.cure,
        )
    network.load_state_dict(dict(weights.tensors))
    network.eval().requires_grad_(False)


def network_of(name: str, build: Callable[..., N]) -> N:
    """Return the network of one set of weights, ready for use; it is kept until other weights are listed.

    Args:
        name: the key under `[weights]` in `manifest.toml`.
        build: makes the network from the manifest's `config`.

    Raises:
        UserError: as `load_weights` and `load_into`.
    """
    return cast(N, _network_of(name, build, manifest_entry(name).sha256))


@functools.lru_cache(maxsize=8)
def _network_of(name: str, build: Callable[..., nn.Module], sha256: str) -> nn.Module:
    del sha256  # only a part of the key: weights that were exchanged are read again
    weights = load_weights(name)
    network = build(**weights.config)
    load_into(network, weights)
    return network


def misfits(network: nn.Module, shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return the names of tensors, sorted, that only a network or only `shapes` has, or that differ in shape."""
    expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    return sorted(key for key in expected.keys() | shapes.keys() if expected.get(key) != shapes.get(key))
