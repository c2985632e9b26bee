"""Turn a folder of the user's pictures into a folder of aligned portraits, with a report to look at.

FOLDER/portraits.json       format, version; per portrait its source, measures and reasons
FOLDER/NAME.png             the aligned square: RGBA, 512 pixels
FOLDER/NAME.keep.png        white where lines stay (feature hulls, nose, lashes)
FOLDER/report.html          thumbnails of all pictures, and why some were left out
FOLDER/thumbnails/NAME.png
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE
from paic3d_studio.core.image import PICTURE_SUFFIXES, decode_portrait, encode_png, read_picture
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.contact_sheet import contact_sheet
from paic3d_studio.datasets.names import character_names, checked_name
from paic3d_studio.datasets.portraits import PlacedPortrait, placed_portrait, portrait_reasons
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files

FORMAT: Final = "paic3d-portraits"
VERSION: Final = 1
JUDGES: Final = 2
"""Number of the detectors and limits; what others judged is judged again."""

LISTING: Final = "portraits.json"
THUMBNAIL_SIDE: Final = 192
_MAX_LISTING_BYTES: Final = 1 << 28


@dataclass(frozen=True)
class PortraitEntry:
    """What became of one picture: usable when there are no reasons against it; `judged_by` is the JUDGES of then."""

    name: str
    source: str
    sha256: str
    measures: dict[str, float]
    reasons: tuple[str, ...]
    warning: str = ""
    judged_by: int = JUDGES


def pictures_in(folder: Path) -> list[Path]:
    """Return the picture files below a folder, sorted by path.

    Raises:
        UserError: there are none.
    """
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file())
    if not found:
        raise UserError(
            f"No pictures lie under “{folder}”.", "Name a folder of PNG, JPEG, WebP, BMP, TIFF or GIF files."
        )
    return found


def place_portraits(files: Sequence[Path], *, folder: Path, monitor: Monitor = SILENT) -> list[PortraitEntry]:
    """Place and judge every picture, and write those that are usable; pictures that an earlier run judged are skipped.

    Args:
        files: pictures; equal names get a hash to tell them apart.
        folder: where the portraits go; it is made when absent.
        monitor: progress and cancel; what is finished by then stays.

    Returns:
        One entry per picture, in their order.

    Raises:
        UserError: the folder holds something else, or cannot be written.
        Cancelled: the same call goes on where it stopped.
    """
    known = {entry.name: entry for entry in _opened(folder)}
    named = character_names(files)
    entries: list[PortraitEntry] = []
    try:
        for k, (path, name) in enumerate(zip(files, named, strict=True)):
            monitor.report(k / len(files), f"{k} of {len(files)}, {path.name}")
            entries.append(_entry(path, name, folder, known.get(name)))
    finally:
        listed = {**known, **{entry.name: entry for entry in entries}}
        _write_listing(folder, [listed[name] for name in sorted(listed)])
    return entries


def read_portraits(folder: Path) -> list[tuple[str, NDArray[np.uint8], NDArray[np.bool_]]]:
    """Return the usable portraits of a folder: name, aligned uint8 (512, 512, 4), keep bool (512, 512).

    Raises:
        UserError: the folder is no such folder, or a picture in it is missing or damaged.
    """
    found = []
    for entry in _listed(folder):
        if not entry.reasons:
            rgba = decode_portrait(read_picture(folder / f"{entry.name}.png"), name=f"{entry.name}.png").rgba
            kept = read_picture(folder / f"{entry.name}.keep.png")
            keep = decode_portrait(kept, name=f"{entry.name}.keep.png").rgba[..., 0] > 127
            if rgba.shape[:2] != (ALIGNED_SIZE, ALIGNED_SIZE) or keep.shape != rgba.shape[:2]:
                raise UserError(
                    f"“{entry.name}.png” in “{folder}” is no aligned portrait.", "Place the pictures again."
                )
            found.append((entry.name, rgba, keep))
    return found


def is_portrait_folder(folder: Path) -> bool:
    """Return whether a folder holds aligned portraits rather than pictures."""
    return (folder / LISTING).is_file()


def _entry(path: Path, name: str, folder: Path, known: PortraitEntry | None) -> PortraitEntry:
    """Place one picture and write what came of it."""
    try:
        encoded = read_picture(path)
    except UserError as error:
        return PortraitEntry(name, path.name, "", {}, (error.message,))
    digest = hashlib.sha256(encoded).hexdigest()
    if known is not None and known.sha256 == digest and known.judged_by == JUDGES:
        return known
    placed: PlacedPortrait | None = None
    thumbnails: list[NDArray[np.uint8]] = []
    try:
        portrait = decode_portrait(encoded, name=path.name)
        thumbnails.append(_thumbnail(portrait.rgba))
        placed = placed_portrait(portrait)
        thumbnails.append(_thumbnail(placed.aligned.rgba))
        reasons = portrait_reasons(placed.measures)
    except UserError as error:
        reasons = (error.message,)
    contents = {}
    if thumbnails:
        (folder / "thumbnails").mkdir(exist_ok=True)
        contents[folder / "thumbnails" / f"{name}.png"] = encode_png(np.hstack(thumbnails))
    if placed is not None and not reasons:
        contents |= _portrait_files(folder, name, placed)
    if contents:
        write_files(contents)
    measures, warning = (placed.measures, placed.warning) if placed else ({}, "")
    return PortraitEntry(name, path.name, digest, measures, reasons, warning)


def _portrait_files(folder: Path, name: str, placed: PlacedPortrait) -> dict[Path, bytes]:
    return {
        folder / f"{name}.png": encode_png(placed.aligned.rgba),
        folder / f"{name}.keep.png": encode_png(placed.keep.mask),
    }


def _thumbnail(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fit a picture into a square on grey."""
    height, width = rgba.shape[:2]
    scale = THUMBNAIL_SIDE / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    square = np.zeros((THUMBNAIL_SIDE, THUMBNAIL_SIDE, 4), np.uint8)
    y, x = (THUMBNAIL_SIDE - size[1]) // 2, (THUMBNAIL_SIDE - size[0]) // 2
    square[y : y + size[1], x : x + size[0]] = small
    return contact_sheet([square], columns=1, side=THUMBNAIL_SIDE)


def _opened(folder: Path) -> list[PortraitEntry]:
    """Make the folder, or read what an earlier run found in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if is_portrait_folder(folder):
            return _listed(folder)
        if any(folder.iterdir()):
            raise UserError(f"“{folder}” is not empty and holds no portraits.", "Choose a new folder.")
    except OSError as error:
        raise UserError(f"“{folder}” cannot be made ({error.strerror}).", "Choose another folder.") from error
    return []


def _listed(folder: Path) -> list[PortraitEntry]:
    """Read the listing of a folder, trusting nothing in it."""
    wrong = UserError(f"“{folder / LISTING}” cannot be read as a list of portraits.", "Place the pictures again.")
    try:
        with (folder / LISTING).open("rb") as file:
            encoded = file.read(_MAX_LISTING_BYTES + 1)
        told: Any = json.loads(encoded) if len(encoded) <= _MAX_LISTING_BYTES else {}
        if told["format"] != FORMAT or told["version"] != VERSION:
            raise wrong
        return [
            PortraitEntry(
                checked_name(name),
                str(entry["source"]),
                str(entry["sha256"]),
                {str(key): float(value) for key, value in entry["measures"].items()},
                tuple(str(reason) for reason in entry["reasons"]),
                str(entry["warning"]),
                int(entry.get("judged_by", 1)),
            )
            for name, entry in told["portraits"].items()
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise wrong from error


def _write_listing(folder: Path, entries: Sequence[PortraitEntry]) -> None:
    """Write the listing and the report."""
    told = {
        "format": FORMAT,
        "version": VERSION,
        "portraits": {
            entry.name: {
                "source": entry.source,
                "sha256": entry.sha256,
                "measures": entry.measures,
                "reasons": list(entry.reasons),
                "warning": entry.warning,
                "judged_by": entry.judged_by,
            }
            for entry in entries
        },
    }
    write_files(
        {
            folder / LISTING: (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode(),
            folder / "report.html": _report(folder, entries).encode(),
        }
    )


def _report(folder: Path, entries: Sequence[PortraitEntry]) -> str:
    """Return a page with a thumbnail of every picture, those left out first."""
    usable = [entry for entry in entries if not entry.reasons]
    cards = []
    for entry in sorted(entries, key=lambda e: (not e.reasons, e.name)):
        has_picture = (folder / "thumbnails" / f"{entry.name}.png").is_file()
        picture = f'<img src="thumbnails/{html.escape(entry.name)}.png" alt="">' if has_picture else ""
        notes = entry.reasons or ("usable",)
        lines = [*notes, *([entry.warning] if entry.warning else [])]
        figures = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in entry.measures.items())
        said = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
        cards.append(
            f'<div class="{"out" if entry.reasons else "in"}">{picture}<b>{html.escape(entry.source)}</b>'
            f"<ul>{said}</ul><small>{html.escape(figures)}</small></div>"
        )
    return _PAGE.format(usable=len(usable), out=len(entries) - len(usable), cards="\n".join(cards))


_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Portraits</title>
<style>
body {{ font: 14px sans-serif; margin: 2em; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(400px, 1fr)); gap: 12px; }}
div {{ border: 2px solid #7a7; border-radius: 6px; padding: 8px; }}
.out {{ border-color: #c66; }}
img {{ display: block; max-width: 100%; }}
</style>
<h1>Portraits</h1>
<p>{usable} usable, {out} left out. Left: the picture; right: what was made of it. Pose and expression are judged by the
boxes of eyes, nose and mouth and by colours near them: look through both kinds.</p>
<main>
{cards}
</main>
</html>
"""
