"""Tools that move what was found in the face: feature hulls and landmarks."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt

from paic3d_studio.core.hulls import nearest_vertex
from paic3d_studio.gui.hull_menu import HullMenu
from paic3d_studio.gui.landmark_menu import LandmarkMenu
from paic3d_studio.gui.language import text
from paic3d_studio.gui.picture_tools.picture_tool import Canvas, MachineTool
from paic3d_studio.project.state import Point
from paic3d_studio.tools import hull_tool, landmark_tool
from paic3d_studio.tools.hull_tool import HullTool, delete_at, hull_target, insert_at
from paic3d_studio.tools.landmark_tool import LandmarkTool, landmark_target
from paic3d_studio.tools.pointer import Edit, Scene, Touch

_PART_CURSORS: Final = {
    "vertex": Qt.CursorShape.PointingHandCursor,
    "edge": Qt.CursorShape.PointingHandCursor,
    "inside": Qt.CursorShape.SizeAllCursor,
}


class HullEditing(MachineTool):
    """Handles on the corners of the hulls, and a menu for the hull under the pointer."""

    machine: HullTool

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas, "hull")
        self._layer = canvas.layers.hull_layer

    @property
    def ready(self) -> bool:
        """Whether there are hulls to see: nobody drags what is hidden."""
        return super().ready and self.canvas.layers.states["hulls"].visible

    @property
    def hint(self) -> str:
        """What the tool does, or which corners the drag under way drops."""
        if not self.canvas.layers.states["hulls"].visible:
            return text("The hulls are hidden. Show them (2) to edit them.")
        dropped = len(self.machine.dropped)
        if dropped == 1:
            return text("1 corner lies inside now and goes when you let go. Free shape (right click) keeps it.")
        if dropped:
            told = "{count} corners lie inside now and go when you let go. Free shape (right click) keeps them."
            return text(told, count=dropped)
        return super().hint

    def enter(self) -> None:
        """Show the handles."""
        self._layer.set_editable(True)
        self._layer.set_hot(None)

    def leave(self) -> None:
        """Hide the handles."""
        self._layer.set_editable(False)
        self._layer.set_hot(None)

    def hover(self, touch: Touch | None, *, scene: Scene) -> Qt.CursorShape | None:
        """Light up a corner, an edge or a hull."""
        if not self.ready:
            return None
        target = hull_target(touch, hulls=scene.hulls, locked=scene.locked) if touch is not None else None
        if self.machine.grabbed is not None:
            target = self.machine.grabbed
            if target.part == "vertex" and touch is not None:
                # Corners that were passed by are gone: it has a new number.
                polygon = scene.hulls.polygons[target.feature]
                target = replace(target, index=nearest_vertex(polygon, point=touch.point) or 0)
        self._layer.set_hot(target)
        self._layer.show_dropped(self.machine.dropped)
        return Qt.CursorShape.ArrowCursor if target is None else _PART_CURSORS[target.part]

    def nudge(self, touch: Touch, by: Point, *, scene: Scene) -> Edit | None:
        """Move a corner, an edge or a hull."""
        target = hull_target(touch, hulls=scene.hulls, locked=scene.locked)
        return None if target is None else hull_tool.moved_by(target, by, hulls=scene.hulls)

    def double_click(self, touch: Touch, *, scene: Scene) -> bool:
        """Add a corner to an edge."""
        self.canvas.apply(insert_at(touch, scene=scene))
        return True

    def deletion(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Remove a corner."""
        return delete_at(touch, scene=scene)

    def right_click(self, touch: Touch, *, scene: Scene) -> HullMenu | None:
        """Offer what can be done with a hull."""
        project = self.canvas.document.project
        if project is None:
            return None
        found = self.canvas.document.session.peek("found_hulls")
        if found is None:
            return None
        return HullMenu(self.canvas.panel, touch=touch, scene=scene, project=project, found=found)


class LandmarkEditing(MachineTool):
    """Dots on the landmarks, and a menu for the one under the pointer."""

    machine: LandmarkTool

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas, "landmarks")
        self._layer = canvas.layers.landmark_layer

    def enter(self) -> None:
        """Show the dots."""
        self._layer.set_visible(True)
        self._layer.set_hot(())

    def leave(self) -> None:
        """Hide the dots."""
        self._layer.set_visible(False)
        self._layer.set_hot(())

    def hover(self, touch: Touch | None, *, scene: Scene) -> Qt.CursorShape | None:
        """Light up a landmark, or all that move with it."""
        target = landmark_target(touch, scene=scene) if touch is not None else None
        target = self.machine.grabbed or target
        self._layer.set_hot(() if target is None else target.moving)
        return Qt.CursorShape.ArrowCursor if target is None else Qt.CursorShape.PointingHandCursor

    def nudge(self, touch: Touch, by: Point, *, scene: Scene) -> Edit | None:
        """Move a landmark."""
        target = landmark_target(replace(touch, erases=False), scene=scene)
        return None if target is None else landmark_tool.moved_by(target, by, scene=scene)

    def right_click(self, touch: Touch, *, scene: Scene) -> LandmarkMenu | None:
        """Offer what can be done with a landmark."""
        project = self.canvas.document.project
        if project is None:
            return None
        return LandmarkMenu(self.canvas.panel, touch=touch, scene=scene, project=project)
