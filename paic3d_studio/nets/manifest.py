"""The lists of network weights: those that come with the program, and those that were imported; needs no torch."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from paic3d_studio.errors import UserError
from paic3d_studio.paths import imported_models_folder, models_folder

MANIFEST: Final = "manifest.toml"
"""Name of the list in each folder of weights."""

IMPORTABLE: Final[Mapping[str, str]] = {
    "published": "the paper's generator",
    "published-infill": "the paper's line removal",
    "tagger": "the paper's tagger",
    "tagger-components": "the tagger's principal components",
}
"""Weights that do not come with the program but can be imported: name -> what they are."""

REINSTALL: Final = "Install the program again, or put back the file that came with this version."
IMPORT: Final = "Import the authors' file: Models > Import weights…, or paic3d-studio import-weights FILE."


@dataclasses.dataclass(frozen=True)
class ManifestEntry:
    """What the manifest says about one set of weights.

    `path` of the safetensors file, its `sha256` (hex) and size in `bytes`; `network` is the key of the network in its
    table; `config` holds the arguments the network is built with; `cure` is what to do when the file is damaged.
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
    cure: str = REINSTALL


def manifest_entry(name: str, *, folder: Path | None = None) -> ManifestEntry:
    """Look up one set of weights; its `sha256` is the key under which results may be kept.

    Args:
        name: the key under `[weights]` in `manifest.toml`.
        folder: where the manifest lies; when None the program's models folder, then that of what was imported.

    Raises:
        UserError: a manifest is missing or damaged, or none lists `name` completely.
    """
    if folder is not None:
        return _entry_in(folder, name)
    if name not in listed_weights(models_folder()) and name in IMPORTABLE:
        if name not in listed_weights(imported_models_folder(), optional=True):
            raise UserError(f"The weights of {IMPORTABLE[name]} were not imported.", IMPORT)
        return _entry_in(imported_models_folder(), name)
    return _entry_in(models_folder(), name)


def is_there(name: str) -> bool:
    """Whether a set of weights is listed, with the program or among what was imported."""
    try:
        manifest_entry(name)
    except UserError:
        return False
    return True


def listed_weights(folder: Path, *, optional: bool = False) -> Mapping[str, Any]:
    """Return the tables of a manifest by name.

    Args:
        folder: where the manifest lies.
        optional: take a missing one for an empty one.

    Raises:
        UserError: it is missing or damaged.
    """
    state = _state(folder)
    if state is None and optional:
        return {}
    return _listed(folder, state)


def _state(folder: Path) -> tuple[int, ...] | None:
    """Return what changes when a manifest is written, None where there is none; what was read is kept under it."""
    try:
        status = (folder / MANIFEST).stat()
    except FileNotFoundError:
        return None
    except OSError:
        return ()
    return (status.st_mtime_ns, status.st_size, status.st_ino)


@functools.lru_cache(maxsize=8)
def _listed(folder: Path, state: tuple[int, ...] | None) -> Mapping[str, Any]:
    manifest = folder / MANIFEST
    cure = _cure(folder)
    if state is None:
        raise UserError(f"The list of network weights is missing: {manifest}.", cure)
    try:
        listed = tomllib.loads(manifest.read_text(encoding="utf-8")).get("weights", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"The list of network weights cannot be read: {manifest} ({error}).", cure) from error
    if not isinstance(listed, dict):
        raise UserError(f"The list of network weights cannot be read: {manifest} (no table of weights).", cure)
    return listed


def _cure(folder: Path) -> str:
    return IMPORT if folder == imported_models_folder() else REINSTALL


def _entry_in(folder: Path, name: str) -> ManifestEntry:
    return _entry_of(folder, _state(folder), name)


@functools.lru_cache(maxsize=64)
def _entry_of(folder: Path, state: tuple[int, ...] | None, name: str) -> ManifestEntry:
    listed = _listed(folder, state)
    if name not in listed:
        raise UserError(f"{folder / MANIFEST} lists no weights named “{name}”.", _cure(folder))
    try:
        return _entry(name, listed[name], folder)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{folder / MANIFEST} does not describe the weights “{name}” completely ({error}).", _cure(folder)
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
        cure=_cure(folder),
    )
