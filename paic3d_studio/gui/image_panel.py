"""The picture and what the artist does to it: leads the pointer to the divider, the chosen tool and its gesture."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from paic3d_studio.core.artefacts import FeatureHulls
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.gesture import Gesture
from paic3d_studio.gui.keys import let_keys_follow_pointer
from paic3d_studio.gui.language import text
from paic3d_studio.gui.picture_layers import PictureLayers
from paic3d_studio.gui.picture_tools import new_tools
from paic3d_studio.gui.picture_tools.picture_tool import Canvas, EditMenu, PictureTool
from paic3d_studio.gui.picture_view import PictureView
from paic3d_studio.gui.pointer_marks import PointerMarks
from paic3d_studio.project.state import Project
from paic3d_studio.tools.pointer import Edit, Touch

_NUDGES: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
"""Arrow keys and where they nudge, (x, y) in aligned pixels."""


class ImagePanel(QWidget):
    """Shows the aligned square, or the whole portrait while the artist places the face in it."""

    hint_changed = Signal(str)
    tool_changed = Signal(str)

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.view = PictureView()
        self.shown = PictureLayers(self.view, document=document)
        self.gesture = Gesture(self.view, document=document, layers=self.shown)
        canvas = Canvas(
            panel=self,
            view=self.view,
            document=document,
            layers=self.shown,
            marks=PointerMarks(self.view.box),
            apply=self._apply,
            choose=self.choose_tool,
        )
        self.tools = new_tools(canvas)
        self._slider = PictureTool(canvas)  # whose gestures are made outside the picture
        self._slid_unseen: Edit | None = None
        self._name, self._tool = "hull", self.tools.by_name["hull"]
        self._bars = tuple(dict.fromkeys(tool.bar for tool in self.tools.by_name.values() if tool.bar is not None))
        self._button_down = False
        self._last_touch: Touch | None = None
        self._nudged: Touch | None = None  # where what the arrow keys move is by now, the pointer resting elsewhere
        self._menu: EditMenu | None = None
        self._lay_out()
        self._connect()
        self._tool.enter()
        self.choose_tool("hull")

    # What is shown ---------------------------------------------------------------------------------------------------

    @property
    def has_face(self) -> bool:
        """Whether there is an aligned picture to work on."""
        return self.shown.has_face

    @property
    def hulls(self) -> FeatureHulls:
        """The hulls as they are drawn now, also in the middle of a drag."""
        return self.shown.hulls

    @property
    def landmarks(self) -> NDArray[np.float64] | None:
        """The landmarks as they are drawn now, (28, 2) aligned pixels; None before they are known."""
        return self.shown.landmarks

    def take(self, value: object) -> None:
        """Show an artefact that the worker delivered."""
        self.shown.take(value)
        for tool in self.tools.by_name.values():
            tool.take(value)

    def clear(self) -> None:
        """Show nothing, for another picture; what a gesture was making of the one before is forgotten."""
        self.gesture.forget()
        self._document.live.forget()
        self.shown.clear()
        if self.placing:
            self.choose_tool("hull")

    def lose_face(self) -> None:
        """Show the whole portrait again: in this project no face is known."""
        self.shown.lose_face()

    # Tools -----------------------------------------------------------------------------------------------------------

    @property
    def tool(self) -> str:
        """The chosen tool: a key of TOOLS, or "hand"."""
        return self._name

    @property
    def placing(self) -> bool:
        """Whether the artist is asked where the face is."""
        return self._tool is self.tools.placing

    @property
    def aligning(self) -> bool:
        """Whether the artist moves the picture in the square."""
        return self._tool is self.tools.aligning

    @property
    def hint(self) -> str:
        """What the chosen tool does, or the divider while there is one, or why neither does, in one sentence."""
        if self.gesture.waits:
            return text("One moment: the lines are being found anew.")
        if self.shown.grabbable_swipe is not None and not self.gesture.under_way:
            return text("Drag the divider. Hulls and mask stand back while it is there; W takes it away.")
        return self._tool.hint

    def choose_tool(self, name: str) -> None:
        """Choose a key of TOOLS, or "hand" to drag the picture."""
        if not self.gesture.finish():
            self.gesture.cancel()
        self._tool.cancel()
        before, self._name, self._tool = self._tool, name, self.tools.by_name[name]
        self.view.pan_by_left = self._tool.pans
        self.view.set_tool_cursor(self._tool.cursor)
        for bar in self._bars:
            bar.setVisible(bar is self._tool.bar)
        if self._tool is not before:
            before.leave()
            self.shown.show_subject(self._tool.subject)
            self._tool.enter()
        self._place_bars()  # by what the tool has shown on its own
        self._tool.follow(None)
        self._tell_hint()
        self.tool_changed.emit(name)

    def step_back(self) -> bool:
        """Take back the last corner of a line that is drawn corner by corner; False when there is none."""
        return self.gesture.step_back()

    def cancel_gesture(self) -> bool:
        """Take back a gesture under way; False when there is none."""
        return self.gesture.cancel()

    def slide(self, edit: Edit) -> None:
        """Show what a slider that is held makes of the project."""
        if self.gesture.is_of(self._slider):
            self.gesture.go_on(edit)
        else:
            self.gesture.settle()
            self.gesture.begin(self._slider, edit)
        self._slid_unseen = None if self.gesture.under_way else edit

    def end_slide(self) -> None:
        """Keep what the slider made as one step of undo; also where the worker knew too little to show it."""
        if self.gesture.is_of(self._slider):
            self.gesture.end()
        elif self._slid_unseen is not None:
            self._document.edit(self._slid_unseen)
        self._slid_unseen = None

    def delete_vertex(self) -> None:
        """Remove the corner under the pointer, or the last one of a line under way."""
        if self.gesture.step_back() or not self._tool.ready:
            return
        if self._last_touch is not None and not self.gesture.under_way:
            self._apply(self._tool.deletion(self._last_touch, scene=self.shown.scene()))

    def _apply(self, edit: Edit | None) -> bool:
        return self.gesture.apply(edit, tool=self._tool)

    def _tell_hint(self) -> None:
        self.hint_changed.emit(self.hint)

    def _on_project(self, project: Project) -> None:
        self._nudged = None
        for tool in self.tools.by_name.values():
            tool.take_project(project)

    def _on_gesture_ended(self) -> None:
        self._light_up()
        self._tell_hint()

    def _on_brush_changed(self) -> None:
        self._tool.follow(self._last_touch)

    # Pointer ---------------------------------------------------------------------------------------------------------

    def _on_pressed(self, touch: Touch) -> None:
        swipe = self.shown.grabbable_swipe
        if (swipe is not None and swipe.press(touch)) or not self._tool.ready:
            return
        self._button_down = True
        edit = self._tool.press(touch, scene=self.shown.scene())
        if edit is not None and not self.gesture.under_way:
            self.gesture.begin(self._tool, edit)
        elif edit is not None:  # one more corner of a line
            self.gesture.go_on(edit)
            if self._tool.spans_clicks and not self._tool.holds:
                self.gesture.end()

    def _on_moved(self, touch: Touch) -> None:
        self._last_touch = touch
        swipe = self.shown.swipe
        if swipe is not None and swipe.dragged:
            swipe.move(touch)
            self.shown.show_divider(hot=True)
        elif self.gesture.under_way or not self._tool.makes_edits:
            self.gesture.go_on(self._tool.move(touch))

    def _on_released(self, touch: Touch) -> None:
        self._button_down = False
        swipe = self.shown.swipe
        if swipe is not None and swipe.dragged:
            swipe.release()
            self._on_hovered(touch)
        elif self.gesture.under_way or not self._tool.makes_edits:
            self.gesture.go_on(self._tool.release(touch))
            if self.gesture.under_way and not self._tool.holds:
                self.gesture.end()

    def _on_double_clicked(self, touch: Touch) -> None:
        done = self._tool.ready and self._tool.double_click(touch, scene=self.shown.scene())
        if not done and not self.gesture.finish():
            self._on_pressed(touch)

    def _on_right_clicked(self, touch: Touch, at: QPointF) -> None:
        menu = self._tool.right_click(touch, scene=self.shown.scene()) if self._tool.ready else None
        if menu is not None:
            if self._menu is not None:
                self._menu.deleteLater()
            self._menu = menu
            menu.edit_wanted.connect(self._apply)
            menu.popup(at.toPoint())

    def _on_hovered(self, touch: Touch | None) -> None:
        if touch != self._last_touch:
            self._nudged = None
        self._last_touch = touch
        if self.gesture.under_way and not self._button_down and touch is not None:  # a line reaches to the pointer
            self.gesture.go_on(self._tool.move(touch))
        swipe = self.shown.grabbable_swipe if not self.gesture.under_way else None
        over_divider = swipe is not None and touch is not None and (swipe.dragged or swipe.is_near(touch))
        if swipe is not None:
            self.shown.show_divider(hot=over_divider)
        self._tool.follow(None if over_divider else touch)
        if over_divider:
            self.view.set_tool_cursor(Qt.CursorShape.SplitHCursor)
            return
        self.view.set_tool_cursor(self._tool.cursor)
        self._light_up()

    def _light_up(self) -> None:
        """Show what the pointer has grabbed or would grab, as it is drawn now."""
        if self.has_face:
            shape = self._tool.hover(self._last_touch, scene=self.shown.scene())
            if shape is not None:
                self.view.set_tool_cursor(shape)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Nudge what is under the pointer with the arrow keys: one pixel, ten with Shift."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.gesture.finish():
            return
        step, touch = _NUDGES.get(Qt.Key(event.key())), self._nudged or self._last_touch
        edit, of = None, ""
        if step is not None and touch is not None and self._tool.ready and not self.gesture.under_way:
            pixels = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            by = (pixels * step[0], pixels * step[1])
            edit = self._tool.nudge(touch, by, scene=self.shown.scene())
            of = f"nudge of {self._last_touch}"  # the pointer rests while a key is held
        if not self.gesture.apply(edit, tool=self._tool, of=of):
            super().keyPressEvent(event)
        elif touch is not None and edit is not None:
            self._nudged = replace(touch, x=touch.x + by[0], y=touch.y + by[1])

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 Qt's name
        """Let go of what lit up."""
        super().leaveEvent(event)
        self._on_hovered(None)

    # Building --------------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tools.placing.prompt)
        column.addWidget(self.view, 1)
        self.setMinimumSize(260, 220)

    def _connect(self) -> None:
        let_keys_follow_pointer(self.view, pane=self, surface=self.view.viewport())
        self.view.pressed.connect(self._on_pressed)
        self.view.moved.connect(self._on_moved)
        self.view.released.connect(self._on_released)
        self.view.double_clicked.connect(self._on_double_clicked)
        self.view.right_clicked.connect(self._on_right_clicked)
        self.view.hovered.connect(self._on_hovered)
        self.shown.hulls_shown.connect(self._light_up)
        self.shown.swipe_changed.connect(self._tell_hint)
        self.shown.changed.connect(self._tell_hint)
        self.gesture.shown.connect(self._tell_hint)
        self.gesture.refused.connect(self._tell_hint)
        self.gesture.ended.connect(self._on_gesture_ended)
        self.tools.size.changed.connect(self._on_brush_changed)
        self._document.changed.connect(self._on_project)
        self._document.opened.connect(self._on_project)

    def _place_bars(self) -> None:
        """Lay the bars over the top of the picture, so that it does not jump when a tool is chosen."""
        top = self.view.y() + 8
        for bar in self._bars:
            room = self.width() - 16
            bar.fit(room)
            width = min(bar.sizeHint().width(), room)
            bar.setGeometry((self.width() - width) // 2, top, width, bar.sizeHint().height())
            bar.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt's name
        """Keep the bars where they belong."""
        super().resizeEvent(event)
        self._place_bars()
        self._tool.fit()
