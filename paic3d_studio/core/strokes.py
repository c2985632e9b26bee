"""Brush strokes: what the artist paints into or out of a mask."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

MIN_RADIUS: Final = 0.5
"""The thinnest brush, in pixels: it still marks the pixel under it."""

_RIM: Final = 0.3  # OpenCV fills every pixel that a circle touches, which makes it about this much larger
_FRACTION_BITS: Final = 4  # OpenCV draws with fixed-point coordinates; 1/16 pixel is finer than a hand


@dataclasses.dataclass(frozen=True)
class Stroke:
    """One brush stroke: a polyline of (x, y) in pixels of the picture it is painted on, pixel centres at +0.5.

    `radius` is in the same pixels; `adds` is True when it paints into the mask, False when it erases.
    """

    points: tuple[tuple[float, float], ...]
    radius: float
    adds: bool = True


def rasterise_strokes(base: NDArray[np.bool_], *, strokes: Sequence[Stroke]) -> NDArray[np.bool_]:
    """Paint strokes over a mask in the order they were made; a later stroke wins over an earlier one.

    Args:
        base: the mask before, bool (H, W); stays as it is.
        strokes: in pixels of the mask; parts outside it are ignored.

    Returns:
        The mask after, bool (H, W).
    """
    if not strokes:
        return base
    painted = base.astype(np.uint8)
    for stroke in strokes:
        _draw(painted, stroke, value=int(stroke.adds))
    return painted.astype(bool)


def _draw(canvas: NDArray[np.uint8], stroke: Stroke, *, value: int) -> None:
    """Draw one stroke with round ends into `canvas`, in place."""
    if not stroke.points:
        return
    unit = 1 << _FRACTION_BITS
    height, width = canvas.shape
    reach = 4.0 * max(height, width) + stroke.radius  # keeps far-away points inside OpenCV's integers
    points = np.clip(np.asarray(stroke.points, np.float64) - 0.5, -reach, reach)
    radius = max(stroke.radius, MIN_RADIUS)
    fixed = np.rint(points * unit).astype(np.int32)
    if len(fixed) > 1:
        thickness = max(1, round(2 * radius))
        cv2.polylines(canvas, [fixed.reshape(-1, 1, 2)], False, value, thickness, cv2.LINE_8, _FRACTION_BITS)
    cap = round((radius - _RIM) * unit)
    for x, y in (fixed[0], fixed[-1]):
        cv2.circle(canvas, (int(x), int(y)), cap, value, cv2.FILLED, cv2.LINE_8, _FRACTION_BITS)
