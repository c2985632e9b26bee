"""`./run benchmark prepare FOLDER`: align each illustration to its model's front view, and take regions of interest."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from paic3d_studio.benchmark.alignment import aligned_by_landmarks, aligned_by_orb
from paic3d_studio.benchmark.evaluate import jpeg
from paic3d_studio.benchmark.pairs import AlignBy, Pair, read_pairs
from paic3d_studio.benchmark.roi import LEAST_SIDE, Region
from paic3d_studio.benchmark.views import on_white
from paic3d_studio.core.alignment import aligned_points, warp_portrait
from paic3d_studio.core.artefacts import ALIGNED_SIZE, Alignment, Matte, Portrait
from paic3d_studio.core.camera import FRONT
from paic3d_studio.core.image import decode_portrait, read_picture
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.region_file import read_region, region_path
from paic3d_studio.datasets.vrm import load_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files

ALIGNMENTS: Final[Mapping[AlignBy, Callable[[Portrait, Portrait], Alignment]]] = {
    "landmarks": aligned_by_landmarks,
    "orb": aligned_by_orb,
}
"""Ways to align an illustration to a front view; “given” keeps what the pair's file tells."""

LOOKED_AT: Final = "aligned"
"""Folder of pictures to look at: illustration, front view, and one over the other."""

_LIMIT: Final = 1 << 20


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What became of a pair: a few words, and whether it could not be prepared."""

    name: str
    told: str
    failed: bool = False


def prepare(
    folder: Path,
    *,
    by: AlignBy | None = None,
    regions: Path | None = None,
    only: Sequence[str] | None = None,
    monitor: Monitor = SILENT,
) -> list[Prepared]:
    """Align every illustration of a folder of pairs, take regions, and write the pairs' files.

    Args:
        folder: of pairs.
        by: how pairs are aligned whose file does not choose; landmarks when None.
        regions: JSON of regions by pair's name; a rectangle drawn on the illustration comes second, the one that the
            pair's file already tells third.
        only: names of pairs, None for all.
        monitor: progress and cancel.

    Raises:
        UserError: the folder holds no pairs, a file of it is not as documented, or it cannot be written.
        Cancelled: as `monitor`.
    """
    pairs = [pair for pair in read_pairs(folder) if only is None or pair.name in only]
    listed = {} if regions is None else _listed_regions(regions)
    unknown = sorted(set(listed) - {pair.name for pair in read_pairs(folder)})
    if unknown:
        raise UserError(f"“{regions}” names {unknown[0]!r}, and there is no such pair.", "Check the names.")
    outcomes = []
    with CharacterRenderer() as renderer:
        for number, pair in enumerate(pairs):
            monitor.report(number / len(pairs), pair.name)
            try:
                outcomes.append(_prepared(pair, folder, renderer, by=by, region=listed.get(pair.name)))
            except UserError as error:
                outcomes.append(Prepared(pair.name, str(error), failed=True))
    return outcomes


def _prepared(
    pair: Pair, folder: Path, renderer: CharacterRenderer, *, by: AlignBy | None, region: Region | None
) -> Prepared:
    """Align one pair and write its file."""
    if pair.illustration is None:
        dataclasses.replace(pair, region=region or pair.region).save(folder)
        return Prepared(pair.name, "has no illustration; its front view stands in for one")
    character = load_character(pair.model)
    rgba = renderer.render(character, [FRONT], size=ALIGNED_SIZE, supersample=2).rgba[0]
    illustration = decode_portrait(read_picture(pair.illustration), name=pair.illustration.name)
    way: AlignBy = pair.align_by or by or "landmarks"
    if way == "given":
        alignment = pair.similarity()
    else:
        alignment = ALIGNMENTS[way](illustration, Portrait(rgba=rgba, has_alpha=True))
    if region is None:
        region = drawn_region(pair.illustration, alignment) or pair.region
    rows = tuple(tuple(float(number) for number in row) for row in alignment.matrix)
    aligned = dataclasses.replace(pair, align_by=way, alignment=cast(Any, rows), region=region)
    matte = Matte(illustration.rgba[..., 3])
    placed = on_white(warp_portrait(illustration, matte=matte, alignment=alignment).rgba)
    render = on_white(rgba)
    sheet = np.concatenate([placed, render, (placed + render) / 2], axis=1)
    (folder / LOOKED_AT).mkdir(exist_ok=True)
    write_files({folder / LOOKED_AT / f"{pair.name}.jpg": jpeg(np.round(sheet * 255).astype(np.uint8))})
    aligned.save(folder)
    scale, turn = np.hypot(*alignment.matrix[:, 0]), np.degrees(np.arctan2(*alignment.matrix[::-1, 0]))
    return Prepared(pair.name, f"aligned by {way}, scale {scale:.3f}, turned {turn:.1f} degrees")


def drawn_region(illustration: Path, alignment: Alignment) -> Region | None:
    """Return the region that a rectangle drawn on an illustration covers in the front view; None where none was drawn.

    Raises:
        UserError: its file is not as documented, or the rectangle lies outside the front view.
    """
    path = region_path(illustration)
    if not path.is_file():
        return None
    left, top, right, bottom = read_region(path)
    corners = np.array([(left, top), (right, top), (left, bottom), (right, bottom)])
    placed = aligned_points(alignment, points=corners)
    low, high = placed.min(axis=0).clip(0, ALIGNED_SIZE), placed.max(axis=0).clip(0, ALIGNED_SIZE)
    if not (high - low >= LEAST_SIDE).all():
        raise UserError(f"The rectangle in “{path}” covers nothing of the front view.", "Draw it round the head.")
    return Region(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _listed_regions(path: Path) -> dict[str, Region]:
    """Read regions by pair's name; UserError when the file is not as documented."""
    return {str(name): Region.of(told) for name, told in _json(path).items()}


def _json(path: Path) -> dict[str, Any]:
    """Read a JSON object of bounded size; UserError otherwise."""
    try:
        with path.open("rb") as file:
            encoded = file.read(_LIMIT + 1)
        told = json.loads(encoded) if len(encoded) <= _LIMIT else None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"“{path}” cannot be read ({str(error)[:80]}).", "docs/benchmark.md says what it holds."
        ) from error
    if not isinstance(told, dict):
        raise UserError(f"“{path}” holds no JSON object.", "docs/benchmark.md says what it holds.")
    return told
