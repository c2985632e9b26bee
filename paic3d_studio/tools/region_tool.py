"""Draw the rectangle in which the benchmark judges a picture; the project is not changed."""

from __future__ import annotations

from dataclasses import dataclass

from paic3d_studio.core.alignment import portrait_points
from paic3d_studio.core.artefacts import ALIGNED_SIZE, Alignment
from paic3d_studio.core.region_file import Rectangle
from paic3d_studio.project.state import Point
from paic3d_studio.tools.pointer import Edit, Scene, Touch

LEAST_SIDE = 8.0
"""Pixels of the square; a smaller rectangle was a slip of the hand."""


@dataclass
class RegionTool:
    """Takes two opposite corners in the aligned square: press at one, release at the other.

    `rectangle` is what is drawn so far, in aligned pixels and within the square; None while there is none.
    """

    rectangle: Rectangle | None = None
    _start: Point | None = None
    _alignment: Alignment | None = None

    @property
    def drawing(self) -> bool:
        """Whether a gesture is under way."""
        return self._start is not None

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Begin at a corner; it is no edit, so None."""
        self.rectangle, self._start, self._alignment = None, touch.point, scene.alignment
        return None

    def move(self, touch: Touch) -> Edit | None:
        """Stretch the rectangle to the pointer; None, as `press`."""
        if self._start is not None:
            (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(self._start, touch.point, strict=True))
            left, top, right, bottom = (min(max(edge, 0.0), float(ALIGNED_SIZE)) for edge in (x0, y0, x1, y1))
            large = right - left >= LEAST_SIDE and bottom - top >= LEAST_SIDE
            self.rectangle = (left, top, right, bottom) if large else None
        return None

    def release(self, touch: Touch) -> Edit | None:
        """End the gesture; `of_portrait` tells what was drawn."""
        self.move(touch)
        self._start = None
        return None

    def cancel(self) -> None:
        """Forget the rectangle."""
        self.rectangle = self._start = None

    @property
    def of_portrait(self) -> Rectangle | None:
        """What was drawn, in Portrait pixels; None before the gesture ended, or where the alignment is unknown."""
        if self.rectangle is None or self.drawing or self._alignment is None:
            return None
        left, top, right, bottom = self.rectangle
        placed = portrait_points(self._alignment, points=[(left, top), (right, top), (left, bottom), (right, bottom)])
        (x0, y0), (x1, y1) = placed.min(axis=0), placed.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)
