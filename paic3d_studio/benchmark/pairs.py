"""Pairs of an illustration and the character it shows: `NAME.pair.json` beside both files (docs/benchmark.md).

    {"model": "mia.vrm", "illustration": "mia.png", "align_by": "landmarks",
     "alignment": [[1.9, 0, -210.5], [0, 1.9, -33.0]], "region": [96, 40, 416, 470]}

Only `model` is needed. Nothing in such a file is trusted.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

import numpy as np

from paic3d_studio.benchmark.roi import WHOLE, Region
from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.core.image import PICTURE_SUFFIXES
from paic3d_studio.datasets.characters import HELD_OUT, character_paths
from paic3d_studio.datasets.names import character_names, is_allowed
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files

AlignBy = Literal["landmarks", "orb", "given"]
"""How an illustration is brought over its model's front view; `given` keeps the similarity that the file tells."""

SUFFIX: Final = ".pair.json"
MODEL_SUFFIXES: Final = (".vrm", ".glb")
_LIMIT: Final = 1 << 16
_KEYS: Final = {"model", "illustration", "align_by", "alignment", "region"}
_CURE: Final = "docs/benchmark.md says what a pair's file holds."


@dataclasses.dataclass(frozen=True)
class Pair:
    """An illustration and its model; a character alone has no illustration, and its own front view stands in for one.

    `align_by` is None where the file does not choose. `alignment` is the similarity from the illustration's pixels to
    the 512 square of the model's front view, None where `prepare` has not found it yet; `region` counts, in pixels of
    that square.
    """

    name: str
    model: Path
    illustration: Path | None = None
    align_by: AlignBy | None = None
    alignment: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    region: Region = WHOLE
    file: Path | None = None

    def similarity(self) -> Alignment:
        """Return the alignment.

        Raises:
            UserError: `prepare` has not found it yet.
        """
        if self.alignment is None:
            raise UserError(
                f"The illustration of “{self.name}” is not aligned to its model yet.",
                "Run “benchmark prepare” on the folder first.",
            )
        return Alignment(np.asarray(self.alignment, np.float64))

    def written(self) -> bytes:
        """Return the pair's file."""
        told: dict[str, Any] = {"model": self.model.name}
        if self.illustration is not None:
            told["illustration"] = self.illustration.name
        if self.align_by is not None:
            told["align_by"] = self.align_by
        if self.alignment is not None:
            told["alignment"] = [list(row) for row in self.alignment]
        if self.region != WHOLE:
            told["region"] = list(self.region.bounds)
        return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()

    def save(self, folder: Path) -> None:
        """Write the pair's file into its folder.

        Raises:
            UserError: the folder cannot be written.
        """
        write_files({self.file or folder / f"{self.name}{SUFFIX}": self.written()})


def lone_characters(files: Sequence[Path]) -> list[Pair]:
    """Return a pair without an illustration for each file of a character."""
    return [Pair(name, path) for name, path in zip(character_names(list(files)), files, strict=True)]


def read_pairs(folder: Path) -> list[Pair]:
    """Return the pairs of a folder, sorted by name: those that files describe, and models with a picture of their name.

    Raises:
        UserError: there is no such folder, no pair in it, or a pair's file is not as documented.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder “{folder}”.", "Give the folder that holds the pairs.")
    described = [read_pair(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    taken = {pair.model.name for pair in described} | {
        pair.illustration.name for pair in described if pair.illustration
    }
    pictures = {
        path.stem: path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in PICTURE_SUFFIXES and path.name not in taken
    }
    models = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in MODEL_SUFFIXES and p.name not in taken]
    found = [dataclasses.replace(pair, illustration=pictures.get(pair.model.stem)) for pair in lone_characters(models)]
    pairs = sorted(described + found, key=lambda pair: pair.name)
    if not pairs:
        raise UserError(f"“{folder}” holds no pairs.", "Put a VRM or GLB file there, and a picture of the same name.")
    if len({pair.name.casefold() for pair in pairs}) < len(pairs):
        raise UserError(f"Two pairs in “{folder}” have the same name.", "Rename one of them.")
    return pairs


def read_pair(path: Path) -> Pair:
    """Read one pair's file.

    Raises:
        UserError: it is not as documented, or a file that it names is missing.
    """
    name = path.name.removesuffix(SUFFIX)
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_LIMIT))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"“{path}” cannot be read as a pair ({str(error)[:80]}).", _CURE) from error
    if not isinstance(told, dict) or "model" not in told or not set(told) <= _KEYS or not is_allowed(name):
        raise UserError(
            f"“{path}” describes no pair: it needs “model”, and may hold {', '.join(sorted(_KEYS))}.", _CURE
        )
    illustration = told.get("illustration")
    align_by = told.get("align_by")
    if align_by is not None and align_by not in get_args(AlignBy):
        raise UserError(f"“{path}” aligns by none of {', '.join(get_args(AlignBy))}.", _CURE)
    return Pair(
        name=name,
        model=_beside(path, told["model"], MODEL_SUFFIXES),
        illustration=None if illustration is None else _beside(path, illustration, PICTURE_SUFFIXES),
        align_by=cast(AlignBy | None, align_by),
        alignment=None if told.get("alignment") is None else _similarity(told["alignment"], path),
        region=WHOLE if told.get("region") is None else Region.of(told["region"]),
        file=path,
    )


def _beside(path: Path, name: Any, suffixes: tuple[str, ...]) -> Path:
    """Return a file beside the pair's; UserError when it leaves the folder, is of another kind, or is missing."""
    plain = isinstance(name, str) and name == Path(name).name and Path(name).suffix.lower() in suffixes
    if not plain:
        raise UserError(f"“{path}” names {str(name)[:80]!r}, no file of its folder of the right kind.", _CURE)
    if not (path.parent / name).is_file():
        raise UserError(f"“{path.parent / name}” is missing, and “{path.name}” names it.", "Put it there.")
    return path.parent / str(name)


def _similarity(told: Any, path: Path) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return two rows of three numbers when they are a similarity that keeps left and right."""
    try:
        rows = np.asarray(told, np.float64)
        (a, b, _), (c, d, _) = rows
        scale = np.hypot(a, c)
        similar = np.isfinite(rows).all() and abs(a - d) < 1e-3 * scale and abs(b + c) < 1e-3 * scale and scale > 1e-4
    except (ValueError, TypeError):
        similar = False
    if not similar:
        raise UserError(f"The alignment in “{path}” is no similarity.", "Remove it, and run “benchmark prepare”.")
    first, second = (tuple(float(number) for number in row) for row in rows)
    return cast(tuple[tuple[float, float, float], tuple[float, float, float]], (first, second))


def characters_alone(folder: Path, *, only: Sequence[str] | None = None) -> list[Pair]:
    """Return the characters of a folder as pairs without an illustration.

    Args:
        folder: searched with its subfolders; lone hairs are left out.
        only: names; None takes those that are held out of training, or all where none is.

    Raises:
        UserError: there are none, or one of the names is missing.
    """
    every = character_paths(folder)
    held_out = [path for path in every if HELD_OUT in path.stem]
    if only is None:
        return lone_characters(held_out or every)
    chosen = [path for path in [*held_out, *(p for p in every if p not in held_out)] if path.stem in only]
    missing = sorted(set(only) - {path.stem for path in chosen})
    if missing:
        raise UserError(f"No character named {', '.join(missing)} lies under {folder}.", "Check the names.")
    return lone_characters(chosen)
