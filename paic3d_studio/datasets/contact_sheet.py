"""Many pictures on one sheet, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.datasets.renders import RenderSet

BACKDROP: Final = 200
"""Grey behind the pictures: white and black outlines both show on it."""


def contact_sheet(pictures: Sequence[NDArray[np.uint8]], *, columns: int, side: int = 128) -> NDArray[np.uint8]:
    """Lay pictures with straight alpha out in rows: uint8 (rows * side, columns * side, 3).

    Args:
        pictures: uint8 (h, w, 4) each, square.
        columns: how many stand in a row.
        side: what each is scaled to.
    """
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * side, columns * side, 3), BACKDROP, np.uint8)
    for k, picture in enumerate(pictures):
        alpha = picture[..., 3:].astype(np.float32) / 255
        flat = picture[..., :3] * alpha + BACKDROP * (1 - alpha)
        small = cv2.resize(flat, (side, side), interpolation=cv2.INTER_AREA)
        row, column = divmod(k, columns)
        sheet[row * side : (row + 1) * side, column * side : (column + 1) * side] = small.round().astype(np.uint8)
    return sheet


def render_sheet(renders: RenderSet, *, names: Sequence[str], side: int = 128) -> NDArray[np.uint8]:
    """Lay out every view of some characters, one row each."""
    columns = max((len(renders.views(name)) for name in names), default=1)
    blank = np.zeros((1, 1, 4), np.uint8)
    pictures = []
    for name in names:
        shown = [renders.view(name, view).rgba for view in renders.views(name)]
        pictures += shown + [blank] * (columns - len(shown))
    return contact_sheet(pictures, columns=columns, side=side)
