"""The picture and what the artist does to it: layers, hulls, brush, and placing a face by hand."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from paic3d_studio.core.alignment import aligned_points
from paic3d_studio.core.artefacts import (
    ALIGNED_SIZE,
    AlignedPortrait,
    Alignment,
    FeatureHulls,
    Landmarks,
    LineMask,
    Portrait,
    RenderLike,
)
from paic3d_studio.gui import theme
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.hull_items import HullLayer
from paic3d_studio.gui.hull_menu import HullMenu
from paic3d_studio.gui.landmark_items import LandmarkLayer
from paic3d_studio.gui.landmark_menu import LandmarkMenu
from paic3d_studio.gui.panels.prompt_bar import PromptBar
from paic3d_studio.gui.picture_view import PictureView, mask_pixels
from paic3d_studio.gui.pointer_marks import PointerMarks
from paic3d_studio.gui.preview import MaskPreview
from paic3d_studio.gui.tool_marks import HullMarks, LandmarkMarks, ToolMarks
from paic3d_studio.project.state import Project
from paic3d_studio.tools import TOOLS
from paic3d_studio.tools.brush_tool import DEFAULT_RADIUS, BrushTool
from paic3d_studio.tools.hull_tool import HullTool, delete_at, insert_at
from paic3d_studio.tools.landmark_tool import LandmarkTool
from paic3d_studio.tools.matte_brush_tool import MatteBrushTool
from paic3d_studio.tools.place_face_tool import PlaceFaceTool
from paic3d_studio.tools.pointer import Edit, Scene, Tool, Touch
from paic3d_studio.tools.region_tool import RegionTool

LAYERS: Final = ("picture", "clean", "lines", "hulls")
"""From the lowest to the topmost."""

BRUSHES: Final = ("brush", "eraser", "matte")
"""Tools that paint with a round brush of one common size."""


@dataclass(frozen=True)
class LayerState:
    """Whether a layer is shown, and how opaque, 0..1."""

    visible: bool
    opacity: float = 1.0


DEFAULT_LAYERS: Final = {
    "picture": LayerState(True),
    "hulls": LayerState(True),
    "lines": LayerState(True, 0.7),
    "clean": LayerState(False),
}


class ImagePanel(QWidget):
    """Shows the aligned square, or the whole portrait while the artist places the face in it."""

    layers_changed = Signal(object)
    """Layer -> `LayerState`."""
    hint_changed = Signal(str)
    tool_changed = Signal(str)
    brush_changed = Signal(float)
    mask_shown = Signal(float)
    """A gesture changed the mask on the screen; carries the milliseconds from the pointer event to new pixels."""

    region_drawn = Signal(object)
    """A rectangle for the benchmark, `core.region_file.Rectangle` in Portrait pixels."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.view = PictureView()
        self.prompt = PromptBar()
        self.layers = dict(DEFAULT_LAYERS)
        self._portrait: NDArray[np.uint8] | None = None
        self._hulls = FeatureHulls(polygons={})
        self._aligned: NDArray[np.uint8] | None = None
        self._tool_name = "hull"
        self._tools: dict[str, Tool] = {name: entry.make() for name, entry in TOOLS.items()}
        self._brush_radius = DEFAULT_RADIUS
        self._preview: MaskPreview | None = None
        self._in_gesture = False
        self._gesture_began = 0.0
        self._last_touch: Touch | None = None
        self._menu: HullMenu | LandmarkMenu | None = None
        self._landmarks: NDArray[np.float64] | None = None
        for name in LAYERS[:3]:
            self.view.set_layer(name, None)
        self._hull_layer = HullLayer(self.view.box)
        self._marks = PointerMarks(self.view.box)
        self._landmark_layer = LandmarkLayer(self.view.box)
        self._tool_marks: dict[str, ToolMarks] = {
            "hull": HullMarks(self._hull_layer, cast("HullTool", self._tools["hull"])),
            "landmarks": LandmarkMarks(self._landmark_layer, cast("LandmarkTool", self._tools["landmarks"])),
        }
        self._lay_out()
        self._connect()
        self._show_layers()
        self._hull_layer.set_scale(self.view.pan_zoom.scale)
        self.view.show_ground(False)
        self.choose_tool("hull")

    # What is shown ---------------------------------------------------------------------------------------------------

    @property
    def has_face(self) -> bool:
        """Whether there is an aligned picture to work on."""
        return self._aligned is not None

    @property
    def placing(self) -> bool:
        """Whether the artist is asked where the face is."""
        return self._tool_name == "place-face"

    @property
    def tool(self) -> str:
        """The chosen tool: a key of TOOLS, or "hand"."""
        return self._tool_name

    @property
    def brush_radius(self) -> float:
        """Radius of the brush in aligned pixels."""
        return self._brush_radius

    @property
    def hulls(self) -> FeatureHulls:
        """The hulls as they are drawn now, also in the middle of a drag."""
        return self._hulls

    @property
    def landmarks(self) -> NDArray[np.float64] | None:
        """The landmarks as they are drawn now, (28, 2) aligned pixels; None before they are known."""
        return self._landmarks

    @property
    def mask_layer_pixels(self) -> NDArray[np.uint8] | None:
        """What the line mask's layer shows, (512, 512, 4), None when it is empty."""
        return self.view.pixels_of("lines")

    def clear(self) -> None:
        """Show nothing, for another picture."""
        self._aligned = self._portrait = None
        self._show_hulls(FeatureHulls(polygons={}))
        self._show_landmarks(None, None)
        for name in LAYERS[:3]:
            self.view.set_layer(name, None)
        self.view.show_ground(False)
        if self.placing:
            self.choose_tool("hull")

    def lose_face(self) -> None:
        """Show the whole portrait again: in this project no face is known."""
        self._aligned = None
        self._show_hulls(FeatureHulls(polygons={}))
        self._show_landmarks(None, None)
        for name in ("clean", "lines"):
            self.view.set_layer(name, None)
        self._show_portrait()

    def take(self, value: object) -> None:
        """Show an artefact that the worker delivered; the mask and the hulls of a gesture under way come first."""
        if isinstance(value, Portrait):
            self._portrait = value.rgba
            if self._aligned is None or self.placing:
                self._show_portrait()
        elif isinstance(value, AlignedPortrait):
            self._aligned = value.rgba
            if not self.placing:
                self._show_square()
        elif isinstance(value, RenderLike):
            self.view.set_layer("clean", value.rgba)
        elif isinstance(value, FeatureHulls) and not self._in_gesture:
            self._show_hulls(value)
            self._show_known_landmarks()
        elif isinstance(value, LineMask) and not self._in_gesture:
            self.view.set_layer("lines", mask_pixels(value.mask, colour=theme.MASK))

    def _show_hulls(self, hulls: FeatureHulls) -> None:
        self._hulls = hulls
        self._hull_layer.show_hulls(hulls, locked=self._scene().locked)
        self._light_up()

    def _show_known_landmarks(self) -> None:
        landmarks, alignment = (self._document.session.peek(stage) for stage in ("landmarks", "alignment"))
        if landmarks is not None and alignment is not None:
            self._show_landmarks(landmarks, alignment)

    def _show_landmarks(self, landmarks: Landmarks | None, alignment: Alignment | None) -> None:
        self._landmarks = None
        if landmarks is not None and alignment is not None:
            self._landmarks = aligned_points(alignment, points=landmarks.points)
        project = self._document.project
        moved = [one.index for one in project.landmark_moves] if project is not None else []
        self._landmark_layer.show_landmarks(self._landmarks, moved=moved)

    def set_layer_state(self, name: str, state: LayerState) -> None:
        """Show, hide or fade a layer."""
        if self.layers[name] != state:
            self.layers[name] = state
            self._show_layers()
            self.layers_changed.emit(dict(self.layers))

    def toggle_layer(self, name: str, visible: bool) -> None:
        """Show or hide a layer."""
        self.set_layer_state(name, replace(self.layers[name], visible=visible))

    def _show_layers(self) -> None:
        for name in ("picture", "clean", "lines"):
            state = self.layers[name] if not self.placing else LayerState(name == "picture")
            self.view.show_layer(name, visible=state.visible, opacity=state.opacity)
        hulls = self.layers["hulls"]
        self._hull_layer.show_layer(visible=hulls.visible and not self.placing, opacity=hulls.opacity)

    def _show_square(self) -> None:
        self.view.set_layer("picture", self._aligned)
        self.view.set_content((ALIGNED_SIZE, ALIGNED_SIZE))
        self.view.show_ground(True)

    def _show_portrait(self) -> None:
        if self._portrait is not None:
            self.view.set_layer("picture", self._portrait)
            self.view.set_content((self._portrait.shape[1], self._portrait.shape[0]))
            self.view.show_ground(True)

    # Tools -----------------------------------------------------------------------------------------------------------

    def choose_tool(self, name: str) -> None:
        """Choose a key of TOOLS, or "hand" to drag the picture."""
        self.cancel_gesture()
        was_placing = self.placing
        self._tool_name = name
        self._tools["region"].cancel()
        self._show_region()
        self.view.pan_by_left = name == "hand"
        self.view.set_tool_cursor(_CURSORS.get(name, Qt.CursorShape.ArrowCursor))
        for owner, marks in self._tool_marks.items():
            marks.set_chosen(owner == name)
        self._show_ring(None)
        if self.placing != was_placing:
            self._switch_placing()
        self.hint_changed.emit(self.hint)
        self.tool_changed.emit(name)

    @property
    def hint(self) -> str:
        """What the chosen tool does, in one sentence."""
        return TOOLS[self._tool_name].hint if self._tool_name in TOOLS else "Drag the picture. The wheel zooms."

    def resize_brush(self, steps: int) -> None:
        """Make the brush larger, or smaller for negative steps."""
        for name in BRUSHES:
            brush = self._tools[name]
            assert isinstance(brush, BrushTool)
            brush.radius = self._brush_radius
            brush.resize(steps)
            radius = brush.radius
        self._brush_radius = radius
        self._show_ring(self._last_touch)
        self.brush_changed.emit(radius)

    def cancel_gesture(self) -> bool:
        """Take back a gesture under way; False when there is none."""
        if not self._in_gesture:
            return False
        self._tools[self._tool_name].cancel()
        self._in_gesture = False
        self._marks.hide_trail()
        self._document.cancel_drag()
        return True

    def delete_vertex(self) -> None:
        """Remove the corner under the pointer."""
        if self._tool_name == "hull" and self._last_touch is not None and not self._in_gesture:
            self._apply(delete_at(self._last_touch, scene=self._scene()))

    # Placing the face by hand ----------------------------------------------------------------------------------------

    def _switch_placing(self) -> None:
        tool = self._tools["place-face"]
        tool.cancel()
        self._marks.show_places(())
        if self.placing:
            self._show_portrait()
            self._ask()
        else:
            self.prompt.hide()
            if self._aligned is not None:
                self._show_square()
        self._show_layers()

    def _ask(self) -> None:
        tool = self._tools["place-face"]
        assert isinstance(tool, PlaceFaceTool)
        self.prompt.ask(tool.question, step=len(tool.places), can_leave=self._aligned is not None)
        self._marks.show_places(tool.places)

    def _step_back(self) -> None:
        tool = self._tools["place-face"]
        assert isinstance(tool, PlaceFaceTool)
        tool.step_back()
        self._ask()

    def _leave_placing(self) -> None:
        self.choose_tool("hull")

    # Pointer ---------------------------------------------------------------------------------------------------------

    def _on_pressed(self, touch: Touch) -> None:
        if self._tool_name not in TOOLS or (not self.placing and self._aligned is None):
            return
        edit = self._tools[self._tool_name].press(touch, scene=self._scene())
        self._show_region()
        if self.placing:
            self._after_place(edit)
        elif edit is not None:
            preview = MaskPreview.of(self._document.session)
            if preview is None:  # the worker has not come so far yet: nothing could be shown
                self._tools[self._tool_name].cancel()
                return
            self._preview = preview
            self._in_gesture = True
            self._document.begin_drag()
            self._drag(edit)

    def _scene(self) -> Scene:
        """Return what lies under the pointer now."""
        project = self._document.project
        alignment = self._document.session.peek("alignment") if self._aligned is not None else None
        locked = project.locked_hulls if project else ()
        return Scene(hulls=self._hulls, alignment=alignment, locked=locked, landmarks=self._landmarks)

    def _after_place(self, edit: Edit | None) -> None:
        if edit is None:
            self._ask()
        else:
            self._leave_placing()
            self._document.edit(edit)

    def _on_moved(self, touch: Touch) -> None:
        self._last_touch = touch
        if self._tool_name == "region":
            self._tools["region"].move(touch)
            self._show_region()
        elif self._in_gesture:
            edit = self._tools[self._tool_name].move(touch)
            if edit is not None:
                self._drag(edit)

    def _show_region(self) -> None:
        tool = self._tools["region"]
        assert isinstance(tool, RegionTool)
        self._marks.show_rectangle(tool.rectangle if self._tool_name == "region" else None)

    def _end_region(self, touch: Touch) -> None:
        tool = self._tools["region"]
        assert isinstance(tool, RegionTool)
        if tool.drawing:
            tool.release(touch)
            self._show_region()
            if tool.of_portrait is not None:
                self.region_drawn.emit(tool.of_portrait)

    def _on_released(self, touch: Touch) -> None:
        if self._tool_name == "region":
            self._end_region(touch)
        elif self._in_gesture:
            edit = self._tools[self._tool_name].release(touch)
            if edit is not None:
                self._drag(edit)
            self._in_gesture = False
            self._marks.hide_trail()
            self._document.end_drag()

    def _drag(self, edit: Edit) -> None:
        self._gesture_began = self._gesture_began or time.perf_counter()
        project = self._document.drag(edit)
        tool = self._tools[self._tool_name]
        if isinstance(tool, MatteBrushTool):  # the matte itself follows in the background: warping takes too long
            if tool.stroke is not None:
                self._marks.show_trail(tool.stroke)
        else:
            self._show_gesture(project)

    def _on_painted(self) -> None:
        if self._gesture_began:
            self.mask_shown.emit(1000 * (time.perf_counter() - self._gesture_began))
            self._gesture_began = 0.0

    def _show_gesture(self, project: Project) -> None:
        assert self._preview is not None
        hulls = self._preview.hulls_of(project)
        mask = self._preview.mask_of(project, hulls=hulls)
        self._show_landmarks(self._preview.landmarks_of(project), self._preview.alignment)
        self._show_hulls(hulls)
        self.view.set_layer("lines", mask_pixels(mask.mask, colour=theme.MASK))
        self.view.viewport().update()

    def _on_double_clicked(self, touch: Touch) -> None:
        if self._tool_name == "hull":
            self._apply(insert_at(touch, scene=self._scene()))
        elif not self.placing:  # no two parts of a face lie in one place
            self._on_pressed(touch)

    def _on_right_clicked(self, touch: Touch, at: QPointF) -> None:
        project = self._document.project
        found = self._document.session.peek("found_hulls") if project is not None else None
        if self._tool_name == "hull" and self._aligned is not None and project is not None and found is not None:
            self._menu = HullMenu(self, touch=touch, scene=self._scene(), project=project, found=found)
            self._menu.edit_wanted.connect(self._apply)
            self._menu.popup(at.toPoint())
        elif self._tool_name == "landmarks" and project is not None:
            self._menu = LandmarkMenu(self, touch=touch, scene=self._scene(), project=project)
            self._menu.edit_wanted.connect(self._apply)
            self._menu.popup(at.toPoint())
        elif self.placing:
            self._step_back()

    def _on_hovered(self, touch: Touch | None) -> None:
        self._last_touch = touch
        self._show_ring(touch)
        self._light_up()

    def _light_up(self) -> None:
        """Show what the pointer has grabbed or would grab, as it is drawn now."""
        marks = self._tool_marks.get(self._tool_name)
        if marks is not None and self._aligned is not None and self._is_shown(self._tool_name):
            self.view.set_tool_cursor(marks.hover(self._last_touch, scene=self._scene()))

    def _is_shown(self, tool: str) -> bool:
        return tool != "hull" or self.layers["hulls"].visible

    def _apply(self, edit: Edit | None) -> bool:
        if edit is None:
            return False
        preview = MaskPreview.of(self._document.session)
        self._document.edit(edit)
        project = self._document.project
        if preview is not None and project is not None:
            self._preview = preview
            self._show_gesture(project)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Nudge what is under the pointer with the arrow keys: one pixel, ten with Shift."""
        step = _NUDGES.get(Qt.Key(event.key()))
        marks, touch = self._tool_marks.get(self._tool_name), self._last_touch
        edit = None
        if step is not None and marks is not None and touch is not None and not self._in_gesture:
            pixels = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            edit = marks.nudge(touch, (pixels * step[0], pixels * step[1]), scene=self._scene())
        if not self._apply(edit):
            super().keyPressEvent(event)

    # Building --------------------------------------------------------------------------------------------------------

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 Qt's name
        """Let the keys go to the pane under the pointer; what was being typed elsewhere takes effect."""
        super().enterEvent(event)
        if self.isActiveWindow():
            self.view.setFocus(Qt.FocusReason.MouseFocusReason)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 Qt's name
        """Let go of what lit up."""
        super().leaveEvent(event)
        self._on_hovered(None)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.prompt)
        column.addWidget(self.view, 1)
        self.prompt.hide()
        self.setMinimumSize(260, 220)

    def _connect(self) -> None:
        self.view.pressed.connect(self._on_pressed)
        self.view.moved.connect(self._on_moved)
        self.view.released.connect(self._on_released)
        self.view.double_clicked.connect(self._on_double_clicked)
        self.view.right_clicked.connect(self._on_right_clicked)
        self.view.hovered.connect(self._on_hovered)
        self.view.zoomed.connect(self._hull_layer.set_scale)
        self.view.painted.connect(self._on_painted)
        self.prompt.left.connect(self._leave_placing)
        self.prompt.stepped_back.connect(self._step_back)

    def _show_ring(self, touch: Touch | None) -> None:
        if touch is None or self._tool_name not in BRUSHES or self._aligned is None:
            self._marks.hide_ring()
            return
        colour = theme.ACCENT if self._tool_name == "matte" else theme.MASK
        erases = touch.erases is not (self._tool_name == "eraser")
        self._marks.show_ring(touch.point, radius=self._brush_radius, colour=colour, erases=erases)


_CURSORS: Final = {
    "hull": Qt.CursorShape.ArrowCursor,
    "brush": Qt.CursorShape.CrossCursor,
    "eraser": Qt.CursorShape.CrossCursor,
    "matte": Qt.CursorShape.CrossCursor,
    "region": Qt.CursorShape.CrossCursor,
    "place-face": Qt.CursorShape.CrossCursor,
}
_NUDGES: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
"""Arrow keys and where they nudge, (x, y) in aligned pixels."""
