"""What is painted on the pictures of training samples is made of: filled outlines, and colour laid over a picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_SHIFT: Final = 4  # fractional bits of OpenCV's coordinates


def filled(outline: NDArray[np.float64], side: int) -> NDArray[np.float32]:
    """Fill a polygon of places (x, y) in pixels with soft edges: float32 (side, side) 0..1."""
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 2**_SHIFT).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT)
    return np.asarray(mask / np.float32(255), np.float32)


def painted(
    picture: NDArray[np.float32], colour: NDArray[np.floating], *, cover: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Lay colour over a picture; its alpha stays.

    Args:
        picture: premultiplied, 0..1 (s, s, 4).
        colour: straight, 0..1, (3,) or (s, s, 3).
        cover: how much of it, 0..1 (s, s).
    """
    share = cover[..., None].astype(np.float32)
    mixed = picture[..., :3] * (1 - share) + colour * picture[..., 3:] * share
    return np.concatenate([mixed, picture[..., 3:]], axis=-1).astype(np.float32)
