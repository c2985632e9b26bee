"""Draw round an area of the line mask: all of it is marked, or kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from paic3d_studio.core.lines import Stroke
from paic3d_studio.project import edits
from paic3d_studio.project.state import Point, Project
from paic3d_studio.tools.pointer import Edit, Scene, Touch

_SPACING: Final = 1.0  # aligned pixels; nearer places add nothing to the outline
_LEAST: Final = 3  # points that enclose something


@dataclass
class LassoTool:
    """Collects an outline while the pointer is down; the turning key makes it keep lines instead of marking them."""

    _points: list[Point] = field(default_factory=list)
    _turned: bool = False

    @property
    def stroke(self) -> Stroke | None:
        """The area so far; None while it encloses nothing."""
        if len(self._points) < _LEAST:
            return None
        return Stroke(points=tuple(self._points), radius=1.0, adds=not self._turned, filled=True)

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:  # noqa: ARG002 it lies over whatever is there
        """Start an outline."""
        self._points, self._turned = [touch.point], touch.erases
        return self._edit()

    def move(self, touch: Touch) -> Edit | None:
        """Lengthen the outline; None when the pointer has hardly moved."""
        if not self._points or math.dist(self._points[-1], touch.point) < _SPACING:
            return None
        self._points.append(touch.point)
        return self._edit()

    def release(self, touch: Touch) -> Edit | None:
        """Close the outline; a click encloses nothing and changes nothing."""
        if not self._points:
            return None
        if touch.point != self._points[-1]:
            self._points.append(touch.point)
        edit = self._edit()
        self.cancel()
        return edit

    def cancel(self) -> None:
        """Forget the outline."""
        self._points = []

    def _edit(self) -> Edit:
        stroke = self.stroke

        def edit(project: Project) -> Project:
            return project if stroke is None else edits.add_stroke(project, stroke=stroke)

        return edit
