"""Strokes: what the artist paints, or lassoes, into or out of a mask."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

MIN_RADIUS: Final = 0.5
"""The thinnest brush, in pixels: it still marks the pixel under it."""

MAX_RADIUS: Final = 16_384.0
"""The thickest one, in pixels: more than the side of the largest square picture."""

_FINE_RIM: Final = 128
"""Pixels of a coarser grid over which a soft stroke must fade at least for that grid to be fine enough."""

_MOST_PIXELS: Final = 1 << 25
"""The most pixels on which one stroke is worked out; one that would need more is worked out on a coarser grid."""

_RIM: Final = 0.3  # OpenCV fills every pixel that a circle touches, which makes it about this much larger
_FRACTION_BITS: Final = 4  # OpenCV draws with fixed-point coordinates; 1/16 pixel is finer than a hand
_UNIT: Final = 1 << _FRACTION_BITS


@dataclasses.dataclass(frozen=True)
class Stroke:
    """One brush stroke: a polyline of (x, y) in pixels of the picture it is painted on, pixel centres at +0.5.

    Attributes:
        points: of the polyline.
        radius: of the brush in the same pixels.
        adds: True when it paints into the mask, False when it erases.
        hardness: share of the radius that is painted in full, 0..1; from there the stroke fades to its rim.
        pressures: of the pen at each point, 0..1, by which the radius shrinks; empty for a mouse.
        filled: the points are the outline of an area, which is painted whole.
        unsure: what it covers is to be found anew from the picture (matte only); `adds` says nothing then.

    Raises:
        ValueError: hardness or a pressure is out of range, or there is not one pressure for each point.
    """

    points: tuple[tuple[float, float], ...]
    radius: float
    adds: bool = True
    hardness: float = 1.0
    pressures: tuple[float, ...] = ()
    filled: bool = False
    unsure: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.hardness <= 1:
            raise ValueError(f"the hardness {self.hardness:g} is not between 0 and 1")
        if self.pressures and len(self.pressures) != len(self.points):
            raise ValueError("a stroke has one pressure for each of its points, or none")
        if self.pressures and not 0 <= min(self.pressures) <= max(self.pressures) <= 1:
            raise ValueError("a pressure is not between 0 and 1")

    @property
    def is_soft(self) -> bool:
        """Whether some of what it covers is painted in part."""
        return self.hardness < 1 and not self.filled


def rasterise_strokes(base: NDArray[np.bool_], *, strokes: Sequence[Stroke]) -> NDArray[np.bool_]:
    """Paint strokes over a mask in the order they were made; a later stroke wins over an earlier one.

    Args:
        base: the mask before, bool (H, W); stays as it is.
        strokes: in pixels of the mask; parts outside it are ignored. Of a soft one at least half counts.

    Returns:
        The mask after, bool (H, W).
    """
    if not strokes:
        return base
    return painted_shares(base.astype(np.uint8) * np.uint8(255), strokes=strokes) > 127


def painted_shares(base: NDArray[np.uint8], *, strokes: Sequence[Stroke]) -> NDArray[np.uint8]:
    """Paint strokes over a mask of shares, 0..255, in the order they were made.

    A stroke raises what it adds to at least its own share, and lowers what it erases to at most what its share leaves.

    Args:
        base: the shares before, uint8 (H, W); stays as it is.
        strokes: in pixels of the mask; parts outside it are ignored.
    """
    painted = base.copy()
    for stroke in strokes:
        if not stroke.points:
            continue
        if stroke.filled:
            _fill(painted, stroke, value=255 * stroke.adds)
        elif stroke.is_soft or stroke.pressures:
            _brush(painted, stroke)
        else:
            _draw(painted, stroke, value=255 * stroke.adds)
    return painted


def _fixed(points: Sequence[tuple[float, float]], shape: tuple[int, ...], radius: float) -> NDArray[np.int32]:
    """Return points as OpenCV's fixed-point coordinates, far-away ones brought into the reach of its integers."""
    reach = 4.0 * max(shape) + radius
    return np.rint(np.clip(np.asarray(points, np.float64) - 0.5, -reach, reach) * _UNIT).astype(np.int32)


def _draw(canvas: NDArray[np.uint8], stroke: Stroke, *, value: int) -> None:
    """Draw a hard stroke with round ends into `canvas`, in place."""
    radius = max(stroke.radius, MIN_RADIUS)
    fixed = _fixed(stroke.points, canvas.shape, stroke.radius)
    if len(fixed) > 1:
        thickness = max(1, round(2 * radius))
        cv2.polylines(canvas, [fixed.reshape(-1, 1, 2)], False, value, thickness, cv2.LINE_8, _FRACTION_BITS)
    cap = round((radius - _RIM) * _UNIT)
    for x, y in (fixed[0], fixed[-1]):
        cv2.circle(canvas, (int(x), int(y)), cap, value, cv2.FILLED, cv2.LINE_8, _FRACTION_BITS)


def _fill(canvas: NDArray[np.uint8], stroke: Stroke, *, value: int) -> None:
    """Fill the outline into `canvas`, in place; where it crosses itself, inside is what is enclosed an odd number."""
    fixed = _fixed(stroke.points, canvas.shape, stroke.radius).reshape(-1, 1, 2)
    cv2.fillPoly(canvas, [fixed], value, cv2.LINE_8, _FRACTION_BITS)


def _brush(canvas: NDArray[np.uint8], stroke: Stroke) -> None:
    """Paint a soft stroke, or one under changing pressure, into `canvas`, in place.

    A very large one is worked out on a coarser grid and enlarged: where it fades slowly the difference is a few of 255
    shares, and one that is hard and longer than the picture gets a rim as soft as that grid.
    """
    points = np.asarray(stroke.points, np.float64) - 0.5
    reach = max(stroke.radius, MIN_RADIUS) + 2
    low = np.clip(np.floor(points.min(axis=0) - reach), 0, canvas.shape[::-1]).astype(int)
    high = np.clip(np.ceil(points.max(axis=0) + reach) + 1, 0, canvas.shape[::-1]).astype(int)
    if np.any(low >= high):
        return
    part = canvas[low[1] : high[1], low[0] : high[0]]
    step = _grid_step(points, stroke, low=low, high=high)
    if step == 1:
        shares = _shares(part.shape, points - low, stroke)
    else:
        coarse = tuple(-(-length // step) for length in part.shape)
        centres = (points - low + 0.5) / step - 0.5
        small = _shares(coarse, centres, dataclasses.replace(stroke, radius=stroke.radius / step))
        size = (coarse[1] * step, coarse[0] * step)
        enlarged = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        shares = enlarged[: part.shape[0], : part.shape[1]]
    part[...] = np.maximum(part, shares) if stroke.adds else np.minimum(part, 255 - shares)


def _shares(shape: tuple[int, ...], points: NDArray[np.float64], stroke: Stroke) -> NDArray[np.uint8]:
    """Return how much of each pixel a stroke covers, 0..255, by its distance from the line drawn through it."""
    pressures = stroke.pressures or (1.0,) * len(points)
    levels = np.rint(255 * np.asarray(pressures)).astype(int)
    margin = int(np.ceil(stroke.radius)) + 2  # the line is drawn beyond the part too: its brush reaches in
    around = tuple(length + 2 * margin for length in shape)
    fixed = _fixed([(x, y) for x, y in points + margin + 0.5], around, stroke.radius)
    low, high = _reached(fixed, inner=shape, margin=margin)
    path = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    fixed -= low * _UNIT
    for start, stop, level in zip(fixed[:-1], fixed[1:], (levels[:-1] + levels[1:]) // 2, strict=True):
        cv2.line(path, start.tolist(), stop.tolist(), int(max(level, 1)), 1, cv2.LINE_8, _FRACTION_BITS)
    for spot, level in ((fixed[0], levels[0]), (fixed[-1], levels[-1])):
        cv2.circle(path, spot.tolist(), 0, int(max(level, 1)), 1, cv2.LINE_8, _FRACTION_BITS)
    if not path.any():
        return np.zeros(shape, np.uint8)
    apart, nearest = cv2.distanceTransformWithLabels(
        (path == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    level_of = np.zeros(int(nearest.max()) + 1, np.float32)
    level_of[nearest[path > 0]] = path[path > 0] / np.float32(255)
    radius = np.maximum(stroke.radius * level_of[nearest], MIN_RADIUS)
    rim = np.maximum(radius * (1 - stroke.hardness), 1e-3)
    fade = np.clip((radius - apart) / rim, 0, 1)
    shares = np.rint(255 * fade * fade * (3 - 2 * fade)).astype(np.uint8)
    left, top = margin - low
    return np.ascontiguousarray(shares[top : top + shape[0], left : left + shape[1]])


def _reached(
    fixed: NDArray[np.int32], *, inner: tuple[int, ...], margin: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the corners (x, y) of the part in the middle of its margin, and of the margin where the line lies in it.

    Everything else of the margin is empty and as far as the brush is large: it would cost much and change nothing.
    """
    size = np.array(inner[::-1], np.int32)
    low = np.clip(fixed.min(axis=0) // _UNIT - 2, 0, margin)
    high = np.clip(fixed.max(axis=0) // _UNIT + 3, size + margin, size + 2 * margin)
    return low.astype(np.int32), high.astype(np.int32)


def _grid_step(points: NDArray[np.float64], stroke: Stroke, *, low: NDArray[np.int_], high: NDArray[np.int_]) -> int:
    """Return how many pixels lie between those that are worked out, a power of two; 1 for all but the largest strokes.

    `low` and `high` are the corners (x, y) of the part of the picture that the stroke reaches.
    """
    fade = stroke.radius * min(stroke.pressures, default=1.0) * (1 - stroke.hardness)
    step = 1 << max(0, int(fade / _FINE_RIM).bit_length() - 1)
    beyond = stroke.radius + 2
    first = np.clip(points.min(axis=0), low - beyond, low)
    last = np.clip(points.max(axis=0), high, high + beyond)
    while np.prod((last - first) / step) > _MOST_PIXELS:
        step *= 2
    return step
