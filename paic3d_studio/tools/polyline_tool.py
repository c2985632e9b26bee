"""Paint a line from corner to corner, one click each: for straight strands and long curves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from paic3d_studio.core.lines import Stroke
from paic3d_studio.project.state import Point
from paic3d_studio.tools.brush_tool import BrushTool
from paic3d_studio.tools.pointer import Edit, Scene, Touch

_CLOSES_FROM: Final = 3  # corners from which a click on the first one closes the line


@dataclass
class PolylineTool(BrushTool):
    """A brush whose gesture goes on while the button is up, until it is finished: `holds` says so.

    Each press adds a corner, and the line reaches from the last one to the pointer. A press on the first corner closes
    it and finishes.
    """

    _corners: list[Point] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether a line is under way although the button is up."""
        return bool(self._corners)

    @property
    def corners(self) -> tuple[Point, ...]:
        """The corners so far."""
        return tuple(self._corners)

    @property
    def stroke(self) -> Stroke | None:
        """The line so far, as far as the pointer; None when none is under way."""
        if not self._points:
            return None
        adds = self.adds is not self._turned
        return Stroke(points=tuple(self._points), radius=self.radius, adds=adds, hardness=self.hardness)

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:  # noqa: ARG002 a brush paints whatever lies there
        """Add a corner; on the first one, close the line."""
        if not self._corners:
            self._turned = touch.erases
        closes = len(self._corners) >= _CLOSES_FROM and math.dist(self._corners[0], touch.point) <= touch.reach
        corner = self._corners[0] if closes else touch.point
        if not self._corners or corner != self._corners[-1]:
            self._corners.append(corner)
        self._points = list(self._corners)
        edit = self._edit()
        if closes:
            self.cancel()
        return edit

    def move(self, touch: Touch) -> Edit | None:
        """Let the line reach to the pointer."""
        if not self._corners:
            return None
        self._points = [*self._corners, touch.point]
        return self._edit()

    def release(self, touch: Touch) -> Edit | None:  # noqa: ARG002 the line goes on
        """Nothing happens when the button comes up."""
        return None

    def finish(self) -> Edit | None:
        """End the line at its last corner."""
        if not self._corners:
            return None
        self._points = list(self._corners)
        edit = self._edit()
        self.cancel()
        return edit

    def step_back(self) -> Edit | None:
        """Take the last corner away; None when that was the first: nothing is left of the line."""
        if self._corners:
            self._corners.pop()
        self._points = list(self._corners)
        return self._edit() if self._corners else None

    def cancel(self) -> None:
        """Forget the line."""
        super().cancel()
        self._corners = []
