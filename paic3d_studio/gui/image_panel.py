"""The picture and what the artist does to it: layers, hulls, brush, and placing a face by hand."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from paic3d_studio.core.alignment import align, aligned_points
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
from paic3d_studio.core.face_template import fitted_parts
from paic3d_studio.gui import theme
from paic3d_studio.gui.align_frame import AlignFrame, AlignMarks
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.hull_items import HullLayer
from paic3d_studio.gui.hull_menu import HullMenu
from paic3d_studio.gui.landmark_items import LandmarkLayer
from paic3d_studio.gui.landmark_menu import LandmarkMenu
from paic3d_studio.gui.language import text
from paic3d_studio.gui.panels.align_bar import AlignBar
from paic3d_studio.gui.panels.brush_bar import BrushBar
from paic3d_studio.gui.panels.prompt_bar import PromptBar
from paic3d_studio.gui.picture_view import BACKDROPS, PictureView, line_pixels
from paic3d_studio.gui.pointer_marks import PointerMarks
from paic3d_studio.gui.preview import MaskPreview
from paic3d_studio.gui.swipe_items import SwipeDivider
from paic3d_studio.gui.tool_marks import HullMarks, LandmarkMarks, ToolMarks
from paic3d_studio.pipeline import steps
from paic3d_studio.project import edits
from paic3d_studio.project.state import AlignmentEdit, Project
from paic3d_studio.tools import TOOLS
from paic3d_studio.tools.align_tool import AlignTool, edit_to, fitted_to, levelled
from paic3d_studio.tools.brush_tool import DEFAULT_RADIUS, MAX_RADIUS, MIN_RADIUS, BrushTool
from paic3d_studio.tools.hull_tool import HullTool, delete_at, insert_at
from paic3d_studio.tools.landmark_tool import LandmarkTool
from paic3d_studio.tools.matte_brush_tool import MatteBrushTool
from paic3d_studio.tools.pan_zoom import FIT_MARGIN
from paic3d_studio.tools.place_face_tool import PlaceFaceTool
from paic3d_studio.tools.pointer import Edit, Scene, Tool, Touch
from paic3d_studio.tools.polyline_tool import PolylineTool
from paic3d_studio.tools.region_tool import RegionTool
from paic3d_studio.tools.swipe import Swipe

LAYERS: Final = ("picture", "clean", "lines", "hulls")
"""From the lowest to the topmost."""

BRUSHES: Final = ("brush", "eraser", "polyline", "matte")
"""Tools that paint with a round brush of one common size and hardness."""


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
    gesture_began = Signal()
    swipe_changed = Signal(bool)
    backdrop_changed = Signal(str)
    line_colour_changed = Signal(str)
    clean_shown = Signal(float)
    """The line-free picture of a gesture is on the screen; carries the milliseconds since its mask was known."""
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
        self._brush_hardness = 1.0
        self._button_down = False
        self._line_colour = theme.MASK
        self._backdrop = "chequered"
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
        self._swipe: Swipe | None = None
        self._divider = SwipeDivider(self.view.box)
        self._align_frame = AlignFrame(self.view.box)
        self.align_bar = AlignBar(self)
        self.brush_bar = BrushBar(self)
        self._tool_marks: dict[str, ToolMarks] = {
            "align": AlignMarks(self._align_frame, cast("AlignTool", self._tools["align"])),
            "hull": HullMarks(self._hull_layer, cast("HullTool", self._tools["hull"])),
            "landmarks": LandmarkMarks(self._landmark_layer, cast("LandmarkTool", self._tools["landmarks"])),
        }
        self._lay_out()
        self._connect()
        self._show_layers()
        self._hull_layer.set_scale(self.view.pan_zoom.scale)
        self._landmark_layer.set_scale(self.view.pan_zoom.scale)
        self.view.show_ground(False)
        self.choose_tool("hull")

    # What is shown ---------------------------------------------------------------------------------------------------

    @property
    def has_face(self) -> bool:
        """Whether there is an aligned picture to work on."""
        return self._aligned is not None

    @property
    def shows_square(self) -> bool:
        """Whether the aligned square is shown, and not the whole portrait."""
        return self.has_face and not self.placing

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

    @property
    def aligning(self) -> bool:
        """Whether the artist moves the picture in the square."""
        return self._tool_name == "align"

    def clear(self) -> None:
        """Show nothing, for another picture; what a gesture was making of the one before is forgotten."""
        if self._in_gesture:
            self._forget_gesture()
        self._document.live.forget()
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
            self._align_frame.show_portrait(value)
            if self._aligned is None or self.placing:
                self._show_portrait()
        elif isinstance(value, AlignedPortrait):
            self._aligned = value.rgba
            if not self.placing:
                self._show_square()
            if not self._in_gesture:
                self._show_alignment_now()
        elif isinstance(value, RenderLike) and not self._in_gesture:
            self._document.live.forget()
            self.view.set_layer("clean", value.rgba)
        elif isinstance(value, FeatureHulls) and not self._in_gesture:
            self._show_hulls(value)
            self._show_known_landmarks()
        elif isinstance(value, LineMask) and not self._in_gesture:
            self.view.set_layer("lines", line_pixels(value, colour=self._line_colour))

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
            if self.swiping and not (name == "lines" and self._in_gesture):
                state = LayerState(name != "lines")
            self.view.show_layer(name, visible=state.visible and not self.aligning, opacity=state.opacity)
        self._show_divider()
        hulls = self.layers["hulls"]
        shown = hulls.visible and not self.placing and not self.aligning
        self._hull_layer.show_layer(visible=shown, opacity=hulls.opacity * (_FAINT if self._stands_back else 1.0))

    @property
    def _stands_back(self) -> bool:
        """Whether mask and hulls give way to the two pictures that are compared: not while one of them is edited."""
        return self.swiping and not self._in_gesture

    @property
    def swiping(self) -> bool:
        """Whether a divider stands between the picture and the line-free one."""
        return self._swipe is not None and not self.placing

    @property
    def divider(self) -> float | None:
        """Where the divider stands, aligned pixels; None without one."""
        return self._swipe.place if self._swipe is not None and self.swiping else None

    def set_swipe(self, shown: bool) -> None:
        """Put a divider between the picture and the line-free one, or take it away."""
        if shown == (self._swipe is not None):
            return
        self._swipe = Swipe() if shown else None
        self._show_layers()
        self.hint_changed.emit(self.hint)
        self.swipe_changed.emit(shown)

    def _show_divider(self, *, hot: bool = False) -> None:
        place = self.divider if not self.aligning else None
        self._divider.show_at(place, hot=hot)
        self.view.clip_layer("clean", left=self.divider)

    def _show_live(self, picture: RenderLike, milliseconds: float) -> None:
        self.view.set_layer("clean", picture.rgba)
        self.clean_shown.emit(milliseconds)

    def _show_square(self) -> None:
        self._show_cut_out()
        self.view.set_content((ALIGNED_SIZE, ALIGNED_SIZE))
        self.view.show_ground(True)

    @property
    def backdrop(self) -> str:
        """What is seen where the picture is transparent, a key of BACKDROPS."""
        return self._backdrop

    def set_backdrop(self, name: str) -> None:
        """Choose what is seen where the picture is transparent, or the cut-out alone."""
        if name in BACKDROPS and name != self._backdrop:
            self._backdrop = name
            self.view.set_backdrop(name)
            if self._aligned is not None and not self.placing:
                self._show_cut_out()
            self.backdrop_changed.emit(name)

    @property
    def line_colour(self) -> str:
        """The colour of the line mask's layer, one of LINE_COLOURS."""
        return self._line_colour

    def set_line_colour(self, colour: str) -> None:
        """Show the line mask in another colour."""
        if colour not in theme.LINE_COLOURS or colour == self._line_colour:
            return
        self._line_colour = colour
        pixels = self.view.pixels_of("lines")
        if pixels is not None:
            shade = QColor(colour)
            marked = pixels.copy()
            marked[marked[..., 3] > 0, :3] = (shade.red(), shade.green(), shade.blue())
            self.view.set_layer("lines", marked)
        self.line_colour_changed.emit(colour)

    def _show_cut_out(self) -> None:
        """Show the aligned picture, or its alpha alone in grey."""
        pixels = self._aligned
        if pixels is not None and self._backdrop == "matte":
            pixels = np.dstack([pixels[..., 3]] * 3 + [np.full_like(pixels[..., 3], 255)])
        self.view.set_layer("picture", pixels)

    def _show_portrait(self) -> None:
        if self._portrait is not None:
            self.view.set_layer("picture", self._portrait)
            self.view.set_content((self._portrait.shape[1], self._portrait.shape[0]))
            self.view.show_ground(True)

    # Tools -----------------------------------------------------------------------------------------------------------

    def choose_tool(self, name: str) -> None:
        """Choose a key of TOOLS, or "hand" to drag the picture."""
        if not self.finish_gesture():
            self.cancel_gesture()
        was_placing, was_aligning = self.placing, self.aligning
        self._tool_name = name
        self._tools["region"].cancel()
        self._show_region()
        self.view.pan_by_left = name == "hand"
        self.view.set_tool_cursor(_CURSORS.get(name, Qt.CursorShape.ArrowCursor))
        for owner, marks in self._tool_marks.items():
            marks.set_chosen(owner == name)
        self._show_ring(None)
        self.brush_bar.setVisible(name in BRUSHES)
        self.brush_bar.show_modes(name == "matte")
        self._place_bars()
        if self.placing != was_placing:
            self._switch_placing()
        if self.aligning != was_aligning:
            self._switch_aligning()
        self.hint_changed.emit(self.hint)
        self.tool_changed.emit(name)

    @property
    def hint(self) -> str:
        """What the chosen tool does, in one sentence."""
        dropped = len(cast("HullTool", self._tools["hull"]).dropped)
        if dropped:
            if dropped == 1:
                return text("1 corner lies inside now and goes when you let go. Free shape (right click) keeps it.")
            told = "{count} corners lie inside now and go when you let go. Free shape (right click) keeps them."
            return text(told, count=dropped)
        if self.swiping and not self.aligning:
            return text("Drag the divider. Hulls and mask stand back while it is there; W takes it away.")
        return TOOLS[self._tool_name].hint if self._tool_name in TOOLS else "Drag the picture. The wheel zooms."

    def resize_brush(self, steps: int) -> None:
        """Make the brush larger, or smaller for negative steps."""
        brush = cast("BrushTool", self._tools["brush"])
        brush.resize(steps)
        self.set_brush(radius=brush.radius)

    def harden_brush(self, steps: int) -> None:
        """Make the rim of the brush harder, or softer for negative steps, by a tenth each."""
        brush = cast("BrushTool", self._tools["brush"])
        brush.harden(steps)
        self.set_brush(hardness=brush.hardness)

    def set_brush(self, *, radius: float | None = None, hardness: float | None = None) -> None:
        """Give all brushes another radius, in aligned pixels, or hardness, 0..1; None leaves one as it is."""
        radius = min(max(self._brush_radius if radius is None else radius, MIN_RADIUS), MAX_RADIUS)
        hardness = min(max(round(self._brush_hardness if hardness is None else hardness, 3), 0.0), 1.0)
        for name in BRUSHES:
            brush = cast("BrushTool", self._tools[name])
            brush.radius, brush.hardness = radius, hardness
        self._brush_radius, self._brush_hardness = radius, hardness
        self._show_ring(self._last_touch)
        self.brush_bar.show_brush(radius=radius, hardness=hardness)

    def set_matte_mode(self, name: str) -> None:
        """Let the cut-out brush "keep", "remove", or mark as "unsure" what it covers."""
        brush = cast("MatteBrushTool", self._tools["matte"])
        brush.adds, brush.unsure = name != "remove", name == "unsure"
        self.brush_bar.show_mode(name)
        self._show_ring(self._last_touch)

    def finish_gesture(self) -> bool:
        """End a line that is drawn corner by corner; False when there is none."""
        tool = self._tools.get(self._tool_name)
        if not self._in_gesture or not isinstance(tool, PolylineTool):
            return False
        edit = tool.finish()
        if edit is not None:
            self._drag(edit)
        self._end_gesture()
        return True

    def step_back(self) -> bool:
        """Take back the last corner of a line that is drawn corner by corner; False when there is none."""
        tool = self._tools.get(self._tool_name)
        if not self._in_gesture or not isinstance(tool, PolylineTool):
            return False
        edit = tool.step_back()
        if edit is None:
            self.cancel_gesture()
        else:
            self._drag(edit)
        return True

    def _end_gesture(self) -> None:
        self._in_gesture = False
        self._marks.fade_trail()
        self._document.end_drag()
        self._show_layers()
        self._light_up()
        self.hint_changed.emit(self.hint)

    def cancel_gesture(self) -> bool:
        """Take back a gesture under way; False when there is none."""
        if not self._in_gesture:
            return False
        self._forget_gesture()
        self._document.cancel_drag()
        return True

    def _forget_gesture(self) -> None:
        self._tools[self._tool_name].cancel()
        self._in_gesture = False
        self._marks.hide_trail()
        self._show_layers()

    def _settle_gesture(self) -> None:
        """Keep what a gesture has made so far, and end it: something else is about to change the project."""
        if self._in_gesture and not self.finish_gesture():
            self._tools[self._tool_name].cancel()
            self._end_gesture()

    def delete_vertex(self) -> None:
        """Remove the corner under the pointer, or the last one of a line under way."""
        if self.step_back():
            return
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

    # Moving the picture in the square --------------------------------------------------------------------------------

    def _switch_aligning(self) -> None:
        self.align_bar.setVisible(self.aligning)
        self._place_bars()
        self._fit_align_frame()
        self._show_alignment_now()
        self._show_layers()

    def _fit_align_frame(self) -> None:
        """Leave room about the square while the picture is moved in it, and for the bar above it."""
        free = 1 - 2 * (self.align_bar.height() + 20) / max(self.view.height(), 1)
        self.view.fit_to(max(min(_ALIGN_SHARE, free), 0.4) if self.aligning else FIT_MARGIN)

    def _show_alignment_now(self) -> None:
        project = self._document.project
        if project is not None and self.aligning:
            self._show_alignment(project)

    def _level(self) -> None:
        project = self._document.project
        if project is not None and self._landmarks is not None:
            tilt = float(np.degrees(fitted_parts(self._landmarks).tilt))
            self._apply(edit_to(levelled(project.alignment_edit, tilt=tilt)))

    def _fit_to_landmarks(self) -> None:
        found, landmarks = (self._document.session.peek(stage) for stage in ("found_landmarks", "landmarks"))
        if found is not None and landmarks is not None:
            self._apply(edit_to(fitted_to(align(landmarks), found=align(found))))

    def _reset_alignment(self) -> None:
        self._apply(edits.reset_alignment)

    def _on_alignment_typed(self, alignment: AlignmentEdit) -> None:
        self._apply(edit_to(alignment))

    def _on_project(self, project: Project) -> None:
        self.align_bar.show_edit(project.alignment_edit)
        self._show_alignment_now()

    def _show_alignment(self, project: Project) -> None:
        """Lay the picture under the frame as `project` has it, before the worker has come so far."""
        self._align_frame.show_alignment(self._alignment_of(project))
        self.align_bar.show_edit(project.alignment_edit)

    def _alignment_of(self, project: Project) -> Alignment | None:
        """Return how the square lies in the portrait, also where the worker has not come so far yet."""
        found = self._document.session.peek("found_landmarks", project)
        return None if found is None else steps.alignment(found, project.alignment_edit)

    # Pointer ---------------------------------------------------------------------------------------------------------

    def _on_pressed(self, touch: Touch) -> None:
        if self._swipe is not None and self.swiping and not self.aligning and self._swipe.press(touch):
            return
        if self._tool_name not in TOOLS or (not self.placing and self._aligned is None):
            return
        self._button_down = True
        tool = self._tools[self._tool_name]
        edit = tool.press(touch, scene=self._scene())
        self._show_region()
        if self._in_gesture and edit is not None:  # one more corner of a line
            self._drag(edit)
            if isinstance(tool, PolylineTool) and not tool.holds:
                self._end_gesture()
        elif self.placing:
            self._after_place(edit)
        elif edit is not None:
            preview = MaskPreview.of(self._document.session)
            if preview is None and self._tool_name not in _WITHOUT_MASK:  # the worker has not come so far yet
                self._tools[self._tool_name].cancel()
                return
            self._preview = preview
            self._in_gesture = True
            self._show_layers()
            self._document.begin_drag()
            self._drag(edit)
            self.gesture_began.emit()

    def _scene(self) -> Scene:
        """Return what lies under the pointer now."""
        project = self._document.project
        alignment = self._alignment_of(project) if project is not None and self._aligned is not None else None
        locked = project.locked_hulls if project else ()
        return Scene(
            hulls=self._hulls,
            alignment=alignment,
            locked=locked,
            landmarks=self._landmarks,
            adjustment=project.alignment_edit if project else AlignmentEdit(),
        )

    def _after_place(self, edit: Edit | None) -> None:
        if edit is None:
            self._ask()
        else:
            self._leave_placing()
            self._document.edit(edit)

    def _on_moved(self, touch: Touch) -> None:
        self._last_touch = touch
        if self._swipe is not None and self._swipe.dragged:
            self._swipe.move(touch)
            self._show_divider(hot=True)
        elif self._tool_name == "region":
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
        self._button_down = False
        if self._swipe is not None and self._swipe.dragged:
            self._swipe.release()
            self._on_hovered(touch)
        elif self._tool_name == "region":
            self._end_region(touch)
        elif self._in_gesture:
            tool = self._tools[self._tool_name]
            edit = tool.release(touch)
            if edit is not None:
                self._drag(edit)
            if not (isinstance(tool, PolylineTool) and tool.holds):
                self._end_gesture()

    def _drag(self, edit: Edit) -> None:
        self._gesture_began = self._gesture_began or time.perf_counter()
        project = self._document.drag(edit)
        tool = self._tools[self._tool_name]
        if isinstance(tool, MatteBrushTool):  # the matte itself follows in the background: warping takes too long
            if tool.stroke is not None:
                self._marks.show_trail(tool.stroke)
        elif self.aligning:
            self._show_alignment(project)
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
        if self._tool_name == "hull":
            self.hint_changed.emit(self.hint)
        self._show_landmarks(self._preview.landmarks_of(project), self._preview.alignment)
        self._show_hulls(hulls)
        self.view.set_layer("lines", line_pixels(mask, colour=self._line_colour))
        if self._aligned is not None and (self.swiping or self.layers["clean"].visible):
            keep = self._preview.keep_of(project, hulls=hulls)
            self._document.live.want(project, aligned=AlignedPortrait(self._aligned), line_mask=mask, keep=keep)
        self.view.viewport().update()

    def _on_double_clicked(self, touch: Touch) -> None:
        if self._tool_name == "hull":
            self._apply(insert_at(touch, scene=self._scene()))
        elif self.finish_gesture():
            return
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
        if self._in_gesture and not self._button_down and touch is not None:  # a line reaches to the pointer
            edit = self._tools[self._tool_name].move(touch)
            if edit is not None:
                self._drag(edit)
        swipe = self._swipe if self.swiping and not self.aligning and not self._in_gesture else None
        over_divider = swipe is not None and touch is not None and (swipe.dragged or swipe.is_near(touch))
        if swipe is not None:
            self._show_divider(hot=over_divider)
        self._show_ring(None if over_divider else touch)
        if over_divider:
            self.view.set_tool_cursor(Qt.CursorShape.SplitHCursor)
            return
        self.view.set_tool_cursor(_CURSORS.get(self._tool_name, Qt.CursorShape.ArrowCursor))
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
        if preview is not None and project is not None and not self.aligning:
            self._preview = preview
            self._show_gesture(project)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Nudge what is under the pointer with the arrow keys: one pixel, ten with Shift."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.finish_gesture():
            return
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
        self.align_bar.hide()
        self.brush_bar.hide()
        self.setMinimumSize(260, 220)

    def _connect(self) -> None:
        self.view.pressed.connect(self._on_pressed)
        self.view.moved.connect(self._on_moved)
        self.view.released.connect(self._on_released)
        self.view.double_clicked.connect(self._on_double_clicked)
        self.view.right_clicked.connect(self._on_right_clicked)
        self.view.hovered.connect(self._on_hovered)
        self.view.zoomed.connect(self._hull_layer.set_scale)
        self.view.zoomed.connect(self._landmark_layer.set_scale)
        self.view.painted.connect(self._on_painted)
        self.brush_bar.sized.connect(self._on_brush_sized)
        self.brush_bar.hardened.connect(self._on_brush_hardened)
        self.brush_bar.matte_mode_chosen.connect(self.set_matte_mode)
        self.align_bar.wanted.connect(self._on_alignment_typed)
        self.align_bar.levelled.connect(self._level)
        self.align_bar.fitted.connect(self._fit_to_landmarks)
        self.align_bar.reset.connect(self._reset_alignment)
        self._document.live.painted.connect(self._show_live)
        self._document.edit_coming.connect(self._settle_gesture)
        self._document.changed.connect(self._on_project)
        self._document.opened.connect(self._on_project)
        self.prompt.left.connect(self._leave_placing)
        self.prompt.stepped_back.connect(self._step_back)

    def _on_brush_sized(self, radius: float) -> None:
        self.set_brush(radius=radius)

    def _on_brush_hardened(self, hardness: float) -> None:
        self.set_brush(hardness=hardness)

    def _show_ring(self, touch: Touch | None) -> None:
        if touch is None or self._tool_name not in BRUSHES or self._aligned is None:
            self._marks.hide_ring()
            return
        colour = theme.KEEP if self._tool_name == "matte" else self._line_colour
        brush = cast("BrushTool", self._tools[self._tool_name])
        if isinstance(brush, MatteBrushTool) and brush.unsure:
            colour = theme.UNSURE
        erases = touch.erases is brush.adds and colour != theme.UNSURE
        radius = self._brush_radius * touch.pressure
        self._marks.show_ring(touch.point, radius=radius, colour=colour, erases=erases, hardness=self._brush_hardness)

    def _place_bars(self) -> None:
        """Lay the bars over the top of the picture, so that it does not jump when a tool is chosen."""
        top = self.view.y() + 8
        for bar in (self.align_bar, self.brush_bar):
            width = min(bar.sizeHint().width(), self.width() - 16)
            bar.setGeometry((self.width() - width) // 2, top, width, bar.sizeHint().height())
            bar.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt's name
        """Keep the bars where they belong."""
        super().resizeEvent(event)
        self._place_bars()
        if self.aligning:
            self._fit_align_frame()


_CURSORS: Final = {
    "hull": Qt.CursorShape.ArrowCursor,
    "brush": Qt.CursorShape.CrossCursor,
    "eraser": Qt.CursorShape.CrossCursor,
    "matte": Qt.CursorShape.CrossCursor,
    "polyline": Qt.CursorShape.CrossCursor,
    "lasso": Qt.CursorShape.CrossCursor,
    "region": Qt.CursorShape.CrossCursor,
    "place-face": Qt.CursorShape.CrossCursor,
}
_FAINT: Final = 0.25
"""How opaque the hulls are while they stand back."""

_ALIGN_SHARE: Final = 0.76
"""How much of the panel the square fills while the picture is moved in it: outside, it is turned."""

_WITHOUT_MASK: Final = ("align", "matte")
"""Tools whose gestures show no mask: what it follows from comes later."""

_NUDGES: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
"""Arrow keys and where they nudge, (x, y) in aligned pixels."""
