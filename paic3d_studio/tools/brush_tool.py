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
    hardness: float = 1.0
    _points: list[Point] = field(default_factory=list)
    _pressures: list[float] = field(default_factory=list)
    _turned: bool = False

    @property
    def stroke(self) -> Stroke | None:
        """The stroke so far; None while the pointer is up."""
        if not self._points:
            return None
        return Stroke(
            points=tuple(self._points),
            radius=self.radius,
            adds=self.adds is not self._turned,
            hardness=self.hardness,
            pressures=tuple(self._pressures) if min(self._pressures) < 1 else (),
        )

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:  # noqa: ARG002 a brush paints whatever lies there
        """Start a stroke with a dot."""
        self._points, self._pressures = [touch.point], [touch.pressure]
        self._turned = touch.erases
        return self._edit()

    def move(self, touch: Touch) -> Edit | None:
        """Lengthen the stroke; None when the pointer has hardly moved."""
        if not self._points or math.dist(self._points[-1], touch.point) < self.radius * _SPACING:
            return None
        self._append(touch)
        return self._edit()

    def release(self, touch: Touch) -> Edit | None:
        """End the stroke where the pointer is."""
        if not self._points:
            return None
        if touch.point != self._points[-1]:
            self._append(touch)
        edit = self._edit()
        self.cancel()
        return edit

    def cancel(self) -> None:
        """Forget the stroke."""
        self._points, self._pressures = [], []

    def resize(self, steps: int) -> None:
        """Make the brush larger, or smaller for negative steps, by about a fifth each."""
        self.radius = min(max(self.radius * 1.2**steps, MIN_RADIUS), MAX_RADIUS)

    def harden(self, steps: int) -> None:
        """Make the rim of the brush harder, or softer for negative steps, by a tenth each."""
        self.hardness = min(max(round(self.hardness + 0.1 * steps, 3), 0.0), 1.0)

    def _append(self, touch: Touch) -> None:
        self._points.append(touch.point)
        self._pressures.append(touch.pressure)

    def _edit(self) -> Edit:
        stroke = self.stroke
        assert stroke is not None

        def edit(project: Project) -> Project:
            return edits.add_stroke(project, stroke=stroke)

        return edit
