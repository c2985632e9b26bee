"""Paint the character into the matte, or the background out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from paic3d_studio.core.alignment import alignment_scale, portrait_points
from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.project import edits
from paic3d_studio.project.state import Project
from paic3d_studio.tools.brush_tool import BrushTool
from paic3d_studio.tools.pointer import Edit, Scene, Touch


@dataclass
class MatteBrushTool(BrushTool):
    """A brush whose strokes are kept in Portrait pixels, so that they stay where they are when the face is moved.

    It takes the pointer only when it knows how the square lies in the portrait. While it is `unsure`, what it covers is
    to be found anew from the picture.
    """

    unsure: bool = False
    _alignment: Alignment | None = None

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Start a stroke with a dot."""
        self._alignment = scene.alignment
        return None if self._alignment is None else super().press(touch, scene=scene)

    def _edit(self) -> Edit:
        stroke, alignment = self.stroke, self._alignment
        assert stroke is not None
        assert alignment is not None
        points = tuple((float(x), float(y)) for x, y in portrait_points(alignment, points=stroke.points))
        radius = stroke.radius / alignment_scale(alignment)
        painted = replace(stroke, points=points, radius=radius, unsure=self.unsure)

        def edit(project: Project) -> Project:
            return edits.add_matte_stroke(project, stroke=painted)

        return edit
