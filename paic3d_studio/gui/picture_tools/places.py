"""Tools that say where things lie: the face, the picture in the square, and what the benchmark judges."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import Qt, Signal

from paic3d_studio.core.alignment import align
from paic3d_studio.core.artefacts import ALIGNED_SIZE, AlignedPortrait, Portrait
from paic3d_studio.core.face_template import fitted_parts
from paic3d_studio.gui.align_frame import AlignFrame
from paic3d_studio.gui.panels.align_bar import AlignBar
from paic3d_studio.gui.panels.prompt_bar import PromptBar
from paic3d_studio.gui.picture_tools.picture_tool import Canvas, MachineTool
from paic3d_studio.project import edits
from paic3d_studio.project.state import AlignmentEdit, Point, Project
from paic3d_studio.tools.align_tool import AlignTool, align_part, changed, edit_to, fitted_to, levelled
from paic3d_studio.tools.pan_zoom import FIT_MARGIN
from paic3d_studio.tools.place_face_tool import PlaceFaceTool
from paic3d_studio.tools.pointer import Edit, Scene, Touch
from paic3d_studio.tools.region_tool import RegionTool

_ALIGN_SHARE: Final = 0.76
"""How much of the panel the square fills while the picture is moved in it: outside, it is turned."""

_ALIGN_CURSORS: Final = {
    "inside": Qt.CursorShape.SizeAllCursor,
    "corner": Qt.CursorShape.SizeFDiagCursor,
    "outside": Qt.CursorShape.CrossCursor,
}


class Aligning(MachineTool):
    """Moves, scales and turns the portrait under the frame of the square; its bar tells and takes numbers."""

    machine: AlignTool
    subject = "frame"
    changes_mask = False

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas, "align")
        self.frame = AlignFrame(canvas.view.box)
        self._is_chosen = False
        self._in_gesture = False
        self.align_bar = AlignBar(canvas.panel)
        self.align_bar.hide()
        self.bar = self.align_bar
        self.align_bar.wanted.connect(self._on_typed)
        self.align_bar.levelled.connect(self._level)
        self.align_bar.fitted.connect(self._fit_to_landmarks)
        self.align_bar.reset.connect(self._reset)

    def enter(self) -> None:
        """Show the portrait under the frame."""
        self._is_chosen = True
        self.frame.set_visible(True)
        self.fit()
        self._show_present()

    def fit(self) -> None:
        """Leave room about the square, and for the bar above it."""
        view = self.canvas.view
        free = 1 - 2 * (self.align_bar.height() + 20) / max(view.height(), 1)
        view.fit_to(max(min(_ALIGN_SHARE, free), 0.4), whole=True)

    def leave(self) -> None:
        """Take the frame away."""
        self._is_chosen = False
        self.frame.set_visible(False)
        self.canvas.view.fit_to(FIT_MARGIN)

    def take(self, value: object) -> None:
        """Follow the portrait and its alignment, but not into a gesture."""
        if isinstance(value, Portrait):
            self.frame.show_portrait(value)
        elif isinstance(value, AlignedPortrait) and not self._in_gesture:
            self._show_present()

    def take_project(self, project: Project) -> None:
        """Show where the picture is."""
        self.align_bar.show_edit(project.alignment_edit)
        self._show_present()

    def show(self, project: Project) -> None:
        """Lay the picture under the frame as `project` has it, before the worker has come so far."""
        self._in_gesture = True
        self._lay(project)

    def rest(self, *, kept: bool) -> None:  # noqa: ARG002 either way
        """Follow the worker again."""
        self._in_gesture = False

    def hover(self, touch: Touch | None, *, scene: Scene) -> Qt.CursorShape | None:  # noqa: ARG002 it never moves
        """Light up the handles."""
        part = self.machine.grabbed or ("outside" if touch is None else align_part(touch))
        self.frame.light_up(corners=part == "corner")
        if part == "corner" and touch is not None and (touch.x < ALIGNED_SIZE / 2) != (touch.y < ALIGNED_SIZE / 2):
            return Qt.CursorShape.SizeBDiagCursor
        return _ALIGN_CURSORS[part]

    def nudge(self, touch: Touch, by: Point, *, scene: Scene) -> Edit | None:  # noqa: ARG002 wherever the pointer is
        """Shift the picture."""
        return edit_to(changed(scene.adjustment, by=by))

    def _show_present(self) -> None:
        project = self.canvas.document.project
        if project is not None and self._is_chosen:
            self._lay(project)

    def _lay(self, project: Project) -> None:
        self.frame.show_alignment(self.canvas.layers.alignment_of(project))
        self.align_bar.show_edit(project.alignment_edit)

    def _on_typed(self, alignment: AlignmentEdit) -> None:
        self.canvas.apply(edit_to(alignment))

    def _level(self) -> None:
        project, landmarks = self.canvas.document.project, self.canvas.layers.landmarks
        if project is not None and landmarks is not None:
            tilt, (x, y) = float(np.degrees(fitted_parts(landmarks).tilt)), landmarks.mean(axis=0)
            self.canvas.apply(edit_to(levelled(project.alignment_edit, tilt=tilt, about=(float(x), float(y)))))

    def _fit_to_landmarks(self) -> None:
        peek = self.canvas.document.session.peek
        found, landmarks = peek("found_landmarks"), peek("landmarks")
        if found is not None and landmarks is not None:
            self.canvas.apply(edit_to(fitted_to(align(landmarks), found=align(found))))

    def _reset(self) -> None:
        self.canvas.apply(edits.reset_alignment)


class FacePlacing(MachineTool):
    """Asks for the eyes and the mouth in the whole portrait, one click each."""

    machine: PlaceFaceTool
    subject = "portrait"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas, "place-face")
        self.prompt = PromptBar()
        """Stands above the picture while the tool is chosen."""
        self.prompt.hide()
        self.prompt.left.connect(self._give_up)
        self.prompt.stepped_back.connect(self._step_back)

    @property
    def ready(self) -> bool:
        """Always: it is there for pictures in which no face was found."""
        return True

    def enter(self) -> None:
        """Ask for the first place."""
        self.machine.cancel()
        self._ask()

    def leave(self) -> None:
        """Ask nothing any more."""
        self.machine.cancel()
        self.canvas.marks.show_places(())
        self.prompt.hide()

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Take a place; the third one places the face and ends the asking."""
        edit = self.machine.press(touch, scene=scene)
        self.prompt.answered.emit()
        if edit is None:
            self._ask()
        else:
            self._give_up()
            self.canvas.document.edit(edit)
        return None

    def cancel(self) -> None:
        """Keep the places: they are no gesture, and go when the tool is left."""

    def double_click(self, touch: Touch, *, scene: Scene) -> bool:  # noqa: ARG002 no two parts lie in one place
        """Do nothing more than the first click did."""
        return True

    def right_click(self, touch: Touch, *, scene: Scene) -> None:  # noqa: ARG002 wherever the pointer is
        """Take the last place back."""
        self._step_back()

    def _ask(self) -> None:
        can_leave = self.canvas.layers.has_face
        self.prompt.ask(self.machine.question, step=len(self.machine.places), can_leave=can_leave)
        self.canvas.marks.show_places(self.machine.places)

    def _step_back(self) -> None:
        self.machine.step_back()
        self._ask()

    def _give_up(self) -> None:
        self.canvas.choose("hull")


class RegionDrawing(MachineTool):
    """Draws the rectangle in which the benchmark judges the picture; the project is not changed."""

    machine: RegionTool
    cursor = Qt.CursorShape.CrossCursor
    makes_edits = False
    drawn = Signal(object)
    """A rectangle, `core.region_file.Rectangle` in Portrait pixels."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas, "region")

    def leave(self) -> None:
        """Take the rectangle away."""
        self.cancel()

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Begin at a corner."""
        self.machine.press(touch, scene=scene)
        self._show_rectangle()
        return None

    def move(self, touch: Touch) -> Edit | None:
        """Stretch the rectangle."""
        self.machine.move(touch)
        self._show_rectangle()
        return None

    def release(self, touch: Touch) -> Edit | None:
        """Tell of the rectangle."""
        if self.machine.drawing:
            self.machine.release(touch)
            self._show_rectangle()
            if self.machine.of_portrait is not None:
                self.drawn.emit(self.machine.of_portrait)
        return None

    def cancel(self) -> None:
        """Forget the rectangle."""
        self.machine.cancel()
        self._show_rectangle()

    def _show_rectangle(self) -> None:
        self.canvas.marks.show_rectangle(self.machine.rectangle)
