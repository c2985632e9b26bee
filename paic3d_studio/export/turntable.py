"""A picture of the head from several sides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.image import encode_png
from paic3d_studio.files import write_files


def contact_sheet(frames: Sequence[NDArray[np.uint8]], *, columns: int = 4, gap: int = 8) -> NDArray[np.uint8]:
    """Lay frames out on white, row by row.

    Args:
        frames: sRGB uint8 (h, w, 3), all of one size, at least one.
        columns: frames per row.
        gap: white pixels between frames and around them.
    """
    columns = min(columns, len(frames))
    height, width = frames[0].shape[:2]
    rows = -(-len(frames) // columns)
    sheet = np.full((gap + rows * (height + gap), gap + columns * (width + gap), 3), 255, dtype=np.uint8)
    for index, frame in enumerate(frames):
        row, column = divmod(index, columns)
        top, left = gap + row * (height + gap), gap + column * (width + gap)
        sheet[top : top + height, left : left + width] = frame[:, :, :3]
    return sheet


def write_contact_sheet(
    frames: Sequence[NDArray[np.uint8]], path: Path, *, columns: int = 4, gap: int = 8
) -> tuple[str, ...]:
    """Write a contact sheet of a turntable as PNG and return the paths written.

    Raises:
        UserError: the file cannot be written.
    """
    write_files({path: encode_png(contact_sheet(frames, columns=columns, gap=gap))})
    return (str(path),)
