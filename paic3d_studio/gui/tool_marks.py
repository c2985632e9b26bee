"""What each tool shows of its own over the picture, and what lies under the pointer while it is chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol

from PySide6.QtCore import Qt

from paic3d_studio.core.hulls import nearest_vertex
from paic3d_studio.gui.hull_items import HullLayer
from paic3d_studio.gui.landmark_items import LandmarkLayer
from paic3d_studio.project.state import Point
from paic3d_studio.tools import hull_tool, landmark_tool
from paic3d_studio.tools.hull_tool import HullTool, hull_target
from paic3d_studio.tools.landmark_tool import LandmarkTool, landmark_target
from paic3d_studio.tools.pointer import Edit, Scene, Touch


class ToolMarks(Protocol):
    """Between one tool and the items that it is seen by."""

    def set_chosen(self, chosen: bool) -> None:
        """Show or hide what only makes sense while the tool is chosen."""

    def hover(self, touch: Touch | None, *, scene: Scene) -> Qt.CursorShape:
        """Light up what the pointer has grabbed or would grab, None when it left; returns the pointer's shape."""

    def nudge(self, touch: Touch, by: Point, *, scene: Scene) -> Edit | None:
        """Return the edit that moves what is under the pointer by (x, y) aligned pixels; None when nothing is."""


@dataclass
class HullMarks:
    """Handles on the corners of the hulls."""

    layer: HullLayer
    tool: HullTool

    def set_chosen(self, chosen: bool) -> None:
        """Show the handles."""
        self.layer.set_editable(chosen)
        self.layer.set_hot(None)

    def hover(self, touch: Touch | None, *, scene: Scene) -> Qt.CursorShape:
        """Light up a corner, an edge or a hull."""
        target = hull_target(touch, hulls=scene.hulls, locked=scene.locked) if touch is not None else None
        if self.tool.grabbed is not None:
            target = self.tool.grabbed
            if target.part == "vertex" and touch is not None:
                # Corners that were passed by are gone: it has a new number.
                polygon = scene.hulls.polygons[target.feature]
                target = replace(target, index=nearest_vertex(polygon, point=touch.point) or 0)
        self.layer.set_hot(target)
        self.layer.show_dropped(self.tool.dropped)
        return Qt.CursorShape.ArrowCursor if target is None else _PART_CURSORS[target.part]

    def nudge(self, touch: Touch, by: Point, *, scene: Scene) -> Edit | None:
        """Move a corner, an edge or a hull."""
        target = hull_target(touch, hulls=scene.hulls, locked=scene.locked)
        return None if target is None else hull_tool.moved_by(target, by, hulls=scene.hulls)


@dataclass
class LandmarkMarks:
    """Dots on the landmarks."""

    layer: LandmarkLayer
    tool: LandmarkTool

    def set_chosen(self, chosen: bool) -> None:
        """Show the dots."""
        self.layer.set_visible(chosen)
        self.layer.set_hot(())

    def hover(self, touch: Touch | None, *, scene: Scene) -> Qt.CursorShape:
        """Light up a landmark, or all that move with it."""
        target = landmark_target(touch, scene=scene) if touch is not None else None
        target = self.tool.grabbed or target
        self.layer.set_hot(() if target is None else target.moving)
        return Qt.CursorShape.ArrowCursor if target is None else Qt.CursorShape.PointingHandCursor

    def nudge(self, touch: Touch, by: Point, *, scene: Scene) -> Edit | None:
        """Move a landmark."""
        target = landmark_target(replace(touch, erases=False), scene=scene)
        return None if target is None else landmark_tool.moved_by(target, by, scene=scene)


_PART_CURSORS: Final = {
    "vertex": Qt.CursorShape.PointingHandCursor,
    "edge": Qt.CursorShape.PointingHandCursor,
    "inside": Qt.CursorShape.SizeAllCursor,
}
