"""Paint lines into the line mask, or erase them: one stroke is one step of undo."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from paic3d_studio.core.lines import Stroke
from paic3d_studio.project import edits
from paic3d_studio.project.state import Point, Project
from paic3d_studio.tools.pointer import Edit, Scene, Touch

MIN_RADIUS: Final = 0.5
MAX_RADIUS: Final = 64.0
"""Thinnest and thickest brush, radius in aligned pixels."""

DEFAULT_RADIUS: Final = 5.0

_SPACING: Final = 0.25  # points nearer than this share of the radius add nothing to a stroke


@dataclass
class BrushTool:
    """Collects a stroke while the pointer is down.

    `adds` is what the brush does by itself: mark lines to repaint, or take them out; holding the erasing key turns it
    round for one stroke.
    """

    adds: bool = True
    radius: float = DEFAULT_RADIUS
    _points: list[Point] = field(default_factory=list)
    _turned: bool = False

    @property
    def stroke(self) -> Stroke | None:
        """The stroke so far; None while the pointer is up."""
        if not self._points:
            return None
        return Stroke(points=tuple(self._points), radius=self.radius, adds=self.adds is not self._turned)

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:  # noqa: ARG002 a brush paints whatever lies there
        """Start a stroke with a dot."""
        self._points = [touch.point]
        self._turned = touch.erases
        return self._edit()

    def move(self, touch: Touch) -> Edit | None:
        """Lengthen the stroke; None when the pointer has hardly moved."""
        if not self._points or math.dist(self._points[-1], touch.point) < self.radius * _SPACING:
            return None
        self._points.append(touch.point)
        return self._edit()

    def release(self, touch: Touch) -> Edit | None:
        """End the stroke where the pointer is."""
        if not self._points:
            return None
        if touch.point != self._points[-1]:
            self._points.append(touch.point)
        edit = self._edit()
        self.cancel()
        return edit

    def cancel(self) -> None:
        """Forget the stroke."""
        self._points = []

    def resize(self, steps: int) -> None:
        """Make the brush larger, or smaller for negative steps, by about a fifth each."""
        self.radius = min(max(self.radius * 1.2**steps, MIN_RADIUS), MAX_RADIUS)

    def _edit(self) -> Edit:
        stroke = self.stroke
        assert stroke is not None

        def edit(project: Project) -> Project:
            return edits.add_stroke(project, stroke=stroke)

        return edit
