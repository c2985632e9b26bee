"""The rectangle that was drawn on a picture for the benchmark, as a small file beside it: `PICTURE.roi.json`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Final

from paic3d_studio.errors import UserError

SUFFIX: Final = ".roi.json"
_LIMIT: Final = 1 << 12

Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the picture, pixel centres at +0.5."""


def region_path(picture: Path) -> Path:
    """Return where the rectangle of a picture is kept: its whole name and a suffix, so that each picture has its own.

    Raises:
        UserError: the path names no file.
    """
    if picture.name in ("", ".."):
        raise UserError(f"“{picture}” names no picture.", "Open the picture from a file.")
    return picture.with_name(picture.name + SUFFIX)


def region_path_beside(folder: Path, *, name: str) -> Path:
    """Return where the rectangle of a picture is kept in a folder; its name is not trusted.

    Raises:
        UserError: the name is none of a file in that folder.
    """
    outside = name in ("", ".", "..") or any(letter in "/\\:" or not letter.isprintable() for letter in name)
    if outside:
        raise UserError(f"“{name}” is no name of a picture.", "Open the picture from a file.")
    return region_path(folder / name)


def encoded_region(rectangle: Rectangle) -> bytes:
    """Return the file of a rectangle."""
    return (json.dumps({"rectangle": [round(edge, 2) for edge in rectangle]}) + "\n").encode()


def read_region(path: Path) -> Rectangle:
    """Read a rectangle.

    Raises:
        UserError: the file cannot be read, or holds none.
    """
    try:
        with path.open("rb") as file:
            left, top, right, bottom = (float(edge) for edge in json.loads(file.read(_LIMIT))["rectangle"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise UserError(f"“{path}” holds no rectangle ({str(error)[:80]}).", "Draw it again.") from error
    if not all(map(math.isfinite, (left, top, right, bottom))) or not (left < right and top < bottom):
        raise UserError(f"“{path}” holds no rectangle.", "Draw it again.")
    return left, top, right, bottom
