"""Pointer tools as state machines, without Qt.

TOOLS is the explicit table: a new tool is a state machine here, an edit in `project/edits.py` and one line below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from paic3d_studio.tools.align_tool import AlignTool
from paic3d_studio.tools.brush_tool import BrushTool
from paic3d_studio.tools.hull_tool import HullTool
from paic3d_studio.tools.landmark_tool import LandmarkTool
from paic3d_studio.tools.lasso_tool import LassoTool
from paic3d_studio.tools.matte_brush_tool import MatteBrushTool
from paic3d_studio.tools.place_face_tool import PlaceFaceTool
from paic3d_studio.tools.pointer import Tool
from paic3d_studio.tools.polyline_tool import PolylineTool
from paic3d_studio.tools.region_tool import RegionTool


@dataclass(frozen=True)
class ToolEntry:
    """A tool: how it is made, and the sentence that tells what it does while it is chosen."""

    make: Callable[[], Tool]
    hint: str


TOOLS: Final[Mapping[str, ToolEntry]] = MappingProxyType(
    {
        "hull": ToolEntry(
            HullTool,
            "Drag a corner, an edge or a whole hull. Double-click an edge to add a corner. Right-click for more.",
        ),
        "landmarks": ToolEntry(
            LandmarkTool,
            "Drag a landmark, with Shift its whole feature. Hulls that you have not edited follow. Arrow keys nudge.",
        ),
        "align": ToolEntry(
            AlignTool,
            "Drag the picture under the frame, a corner to scale it, outside to turn it. Arrow keys nudge.",
        ),
        "brush": ToolEntry(
            lambda: BrushTool(adds=True),
            "Paint lines to remove. [ and ] change the size, with Shift the hardness. Held Shift erases.",
        ),
        "eraser": ToolEntry(
            lambda: BrushTool(adds=False), "Erase from the line mask what should stay. [ and ] change the size."
        ),
        "polyline": ToolEntry(
            PolylineTool,
            "Click from corner to corner. Double-click or Enter ends the line, Backspace takes a corner back.",
        ),
        "lasso": ToolEntry(LassoTool, "Draw round an area to mark all of it. With Shift, its lines stay."),
        "matte": ToolEntry(
            MatteBrushTool,
            "Paint what belongs to the character. Shift paints it away. Unsure finds an edge anew.",
        ),
        "region": ToolEntry(RegionTool, "Draw the rectangle in which the benchmark judges this picture."),
        "place-face": ToolEntry(PlaceFaceTool, "Click the middle of each eye and of the mouth."),
    }
)
