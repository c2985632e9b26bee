"""The tools of the picture's panel; `picture_tool.py` says what a tool is, and how to add one."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt

from paic3d_studio.gui.language import text
from paic3d_studio.gui.picture_tools.brushes import Brush, BrushSize, MatteBrush, Polyline
from paic3d_studio.gui.picture_tools.features import HullEditing, LandmarkEditing
from paic3d_studio.gui.picture_tools.picture_tool import Canvas, MachineTool, PictureTool
from paic3d_studio.gui.picture_tools.places import Aligning, FacePlacing, RegionDrawing


class Hand(PictureTool):
    """Drags the picture, whichever button is pressed."""

    pans = True

    @property
    def hint(self) -> str:
        """What the hand does."""
        return text("Drag the picture. The wheel zooms.")

    @property
    def ready(self) -> bool:
        """Never: the view drags the picture itself."""
        return False


class Lasso(MachineTool):
    """Draws round an area to mark all of it."""

    cursor = Qt.CursorShape.CrossCursor


@dataclass(frozen=True)
class PictureTools:
    """All tools by name, and those of which the panel knows more than that they are tools."""

    by_name: dict[str, PictureTool]
    size: BrushSize
    matte: MatteBrush
    aligning: Aligning
    placing: FacePlacing
    region: RegionDrawing


def new_tools(canvas: Canvas) -> PictureTools:
    """Make every tool: one line each, named as in `TOOLS`."""
    size = BrushSize(canvas.panel)
    matte, aligning, placing = MatteBrush(canvas, size=size), Aligning(canvas), FacePlacing(canvas)
    region = RegionDrawing(canvas)
    by_name = {
        "hull": HullEditing(canvas),
        "landmarks": LandmarkEditing(canvas),
        "align": aligning,
        "brush": Brush(canvas, "brush", size=size),
        "eraser": Brush(canvas, "eraser", size=size),
        "polyline": Polyline(canvas, "polyline", size=size),
        "lasso": Lasso(canvas, "lasso"),
        "matte": matte,
        "region": region,
        "place-face": placing,
        "hand": Hand(canvas),
    }
    return PictureTools(by_name, size=size, matte=matte, aligning=aligning, placing=placing, region=region)
