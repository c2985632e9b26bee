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
    """Return where the rectangle of a picture is kept."""
    return picture.with_suffix(SUFFIX)


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
