"""The 3D view: it hosts `viewport.scene` and turns pointer and keys into orbit moves."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QInputDevice, QKeyEvent, QMouseEvent, QNativeGestureEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QLabel, QWidget

from paic3d_studio.core.artefacts import FieldVolume, TexturedMesh
from paic3d_studio.errors import UserError
from paic3d_studio.gui.language import text
from paic3d_studio.gui.viewport_hosts import OpenGLHost, PictureHost, install_surface_format, new_host
from paic3d_studio.gui.viewport_notice import ViewportNotice
from paic3d_studio.viewport.bake import BakedVolume
from paic3d_studio.viewport.canvas import BACKGROUNDS, Background
from paic3d_studio.viewport.front import StitchPicture
from paic3d_studio.viewport.orbit import HOME_VIEW, OrbitView, ScreenPoint, screen_point
from paic3d_studio.viewport.scene import Scene
from paic3d_studio.viewport.shading import SHADING_MODES
from paic3d_studio.viewport.still import ExactStill, StillRequest

__all__ = ["ViewportWidget", "install_surface_format"]

WHEEL_FACTOR: Final = 0.88
"""One notch of the wheel brings the camera to this part of its distance."""

DRAG_ZOOM: Final = 2.0
"""How far a zooming drag over the whole view goes: the camera comes to exp(-2) of its distance."""

SLICE_STEP: Final = 0.004
"""Metres that one notch of the wheel moves the slice: about a voxel."""

NOTCH: Final = 40.0
"""Pixels that a notch of a trackpad's fingers counts as, where the system tells no pixels."""

KEY_TURN: Final = 15.0
"""Degrees that an arrow key turns the head."""

NUMPAD_VIEWS: Final[dict[Qt.Key, tuple[str, str]]] = {
    Qt.Key.Key_1: ("front", "back"),
    Qt.Key.Key_End: ("front", "back"),
    Qt.Key.Key_3: ("left", "right"),
    Qt.Key.Key_PageDown: ("left", "right"),
    Qt.Key.Key_7: ("top", "bottom"),
    Qt.Key.Key_Home: ("top", "bottom"),
}
"""Key of the numeric keypad, with and without Num Lock -> named view, and the one with Ctrl."""

_Gesture = Literal["orbit", "pan", "zoom"]


class ViewportWidget(QWidget):
    """The head from any side.

    Left drag, Alt + left or middle drag: turn. Right drag, Shift + left or Shift + middle: shift. Wheel or pinch: zoom
    at the pointer. Two fingers on a trackpad: turn, with Shift shift, with Ctrl zoom. Double click: put that point of
    the head in the middle. F, S, B, T: front, side, back, top; R: reset; full stop: the whole head in the middle;
    arrows turn, plus and minus zoom, P changes between perspective and orthographic. The numeric keypad does what it
    does in Blender (`NUMPAD_VIEWS`).

    It keeps showing what it has until something new is drawn. Where OpenGL cannot be had, one sentence says so.
    """

    view_changed = Signal(object)
    """The camera moved; carries the `OrbitView`."""

    frame_drawn = Signal(float)
    """A frame, or a strip of a sharp one, was drawn; carries how many milliseconds it took."""

    still_wanted = Signal(object)
    """The view rests in a picture that a still would sharpen, its `StillRequest`; or None: it rests no longer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(text("3D view of the head"))
        self.scene = Scene()
        self._button = Qt.MouseButton.NoButton  # the one that began the gesture
        self._gesture: _Gesture | None = None
        self._last_fov = HOME_VIEW.fov or 30.0
        self._pointer = QPointF()
        self._host: OpenGLHost | PictureHost | None = None
        self._refusal: QLabel | None = None
        self._wanted_still: StillRequest | None = None
        self._home = HOME_VIEW
        self._notice = ViewportNotice(self)
        self._is_older = False
        self._mesh_note = ""
        self._invitation = ("Open a portrait to begin", "")
        try:
            self._host = new_host(self.scene, self)
            self._host.lower()
            self._host.frame_drawn.connect(self.frame_drawn)
            self._host.frame_drawn.connect(self._tell_wanted_still)
            self._host.failed.connect(self._refuse)
        except UserError as error:
            self._refuse(error.message)
        self._show_notice()

    @property
    def view(self) -> OrbitView:
        """The camera."""
        return self.scene.view

    @property
    def mode(self) -> str:
        """The chosen key of `SHADING_MODES`."""
        return self.scene.mode

    @property
    def has_opengl(self) -> bool:
        """False where the widget only says why there is no 3D view."""
        return self._host is not None

    @property
    def sentence(self) -> str:
        """What the widget says over the picture, or in place of it; "" when it says nothing."""
        return self._refusal.text() if self._refusal is not None else self._notice.text

    def set_volume(self, volume: FieldVolume | BakedVolume | None) -> None:
        """Show `volume`; None empties the volume modes."""
        self.scene.set_volume(volume)
        self._redraw()

    def set_still(self, still: ExactStill) -> None:
        """Sharpen the picture by `still`, if it still is of what is seen."""
        self.scene.set_still(still)
        self._redraw()

    def set_picture(self, picture: StitchPicture) -> None:
        """Stitch `picture` onto what the front sees of the volume."""
        self.scene.set_picture(picture)
        self._redraw()

    def set_overlay(self, strength: float) -> None:
        """Lay the picture over the head, 0..1 strong, where it is seen from about the front."""
        self.scene.overlay = strength
        self._redraw()

    def set_mesh(self, mesh: TexturedMesh | None) -> None:
        """Show `mesh` in the mesh modes; until there is one, those draw the volume's colours."""
        self.scene.set_mesh(mesh)
        self._redraw()

    def set_error(self, error: NDArray[np.float32] | None) -> None:
        """Say how far outside the field's surface each vertex of the mesh lies, metres, (v,)."""
        self.scene.set_error(error)
        self._redraw()

    def set_split(self, share: float | None) -> None:
        """Show the field left of this share of the width, and the mesh right of it; None shows one of them alone."""
        self.scene.set_split(share, now=time.monotonic())
        self._redraw()

    def set_mode(self, name: str) -> None:
        """Shade in `name`, a key of `SHADING_MODES`."""
        self.scene.set_mode(name, now=time.monotonic())
        self._redraw()

    def set_background(self, background: Background | str) -> None:
        """Draw `background` behind the head: a value, or a key of `BACKGROUNDS`."""
        chosen = BACKGROUNDS[background] if isinstance(background, str) else background
        self.scene.set_background(chosen, now=time.monotonic())
        self._redraw()

    def set_view(self, view: OrbitView) -> None:
        """Look from `view`."""
        if view == self.scene.view:
            return
        if self.view.fov is not None:
            self._last_fov = self.view.fov
        self.scene.set_view(view, now=time.monotonic())
        self._redraw()
        self.view_changed.emit(view)

    def show_front(self) -> None:
        """Look at the face."""
        self.set_view(self.view.turned_to("front"))

    def show_side(self) -> None:
        """Look at the character's left side, or at the right one when already there."""
        self.set_view(self.view.opposite_side())

    def show_back(self) -> None:
        """Look at the back of the head."""
        self.set_view(self.view.turned_to("back"))

    def show_top(self) -> None:
        """Look from above."""
        self.set_view(self.view.turned_to("top"))

    def reset_view(self) -> None:
        """Return to the first view."""
        self.set_view(self._first_view())

    def look_from_start(self) -> None:
        """Look at what is drawn from the front, as near as it fits, and let that be the first view from now on."""
        bounds = self.scene.bounds()
        self._home = HOME_VIEW if bounds is None else HOME_VIEW.filled_by(*bounds)
        self.reset_view()

    def _first_view(self) -> OrbitView:
        """Return the first view in the present projection."""
        first = self.view.reset()
        return first.zoomed(self._home.distance / HOME_VIEW.distance).aimed_at(self._home.target)

    def picture(self) -> NDArray[np.uint8]:
        """Return what the widget shows, sRGB uint8 (height, width, 3) in screen pixels; black without OpenGL."""
        if self._host is None:
            return np.zeros((self.height(), self.width(), 3), np.uint8)
        image = self._host.picture().convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return np.array(rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3))

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(600, 600)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        for child in (self._host, self._refusal, self._notice):
            if child is not None:
                child.setGeometry(self.rect())
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._gesture is not None and self._button & event.buttons() & ~event.button():
            return  # one thing at a time
        self._button = event.button()
        self._gesture = _gesture_of(event)
        self._pointer = event.position()
        if self._gesture is None:
            super().mousePressEvent(event)
            return
        self._tell_wanted_still()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.setCursor(Qt.CursorShape.ClosedHandCursor if self._gesture == "orbit" else Qt.CursorShape.SizeAllCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._gesture is None:
            super().mouseMoveEvent(event)
            return
        moved = event.position() - self._pointer
        self._pointer = event.position()
        self._move_view(self._gesture, moved)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._gesture is None:
            super().mouseReleaseEvent(event)
        elif event.button() != self._button:
            return
        self._gesture = None
        self._tell_wanted_still()
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            point = self.scene.surface_point(self._place(event.position()))
            self.set_view(self._first_view() if point is None else self.view.aimed_at(point).zoomed(0.75))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:  # Qt then takes the wheel for one that turns sideways
            self.move_slice((event.angleDelta().x() or event.angleDelta().y()) / 120.0 * SLICE_STEP)
            event.accept()
            return
        if _is_of_fingers(event) and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if event.phase() != Qt.ScrollPhase.ScrollMomentum:  # the head stays where the fingers left it
                shifts = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                self._move_view("pan" if shifts else "orbit", _way_of_fingers(event))
            event.accept()
            return
        notches = event.angleDelta().y() / 120.0
        if notches:
            self.set_view(self.view.zoomed(WHEEL_FACTOR**notches, at=self._place(event.position())))
        event.accept()

    def _move_view(self, gesture: _Gesture, moved: QPointF) -> None:
        """Turn, shift or near the head as if it followed a pointer that moved by so many pixels."""
        side = max(1, min(self.width(), self.height()))
        dx, dy = moved.x() / side, -moved.y() / side
        match gesture:
            case "orbit":
                self.set_view(self.view.dragged(dx, dy))
            case "pan":
                self.set_view(self.view.panned(dx, dy))
            case "zoom":
                self.set_view(self.view.zoomed(math.exp(-DRAG_ZOOM * dy)))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        move = self._view_after(event)
        if move is not None and move.fov is not None and self.view.fov is None:
            move = self.in_perspective()
        allowed = Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
        if event.modifiers() & Qt.KeyboardModifier.KeypadModifier:
            allowed |= Qt.KeyboardModifier.ControlModifier
        if move is None or event.modifiers() & ~allowed:
            super().keyPressEvent(event)
            return
        self.set_view(move)

    def _view_after(self, event: QKeyEvent) -> OrbitView | None:
        """Return where a key brings the camera, None for a key that means nothing here."""
        key = Qt.Key(event.key())
        if event.modifiers() & Qt.KeyboardModifier.KeypadModifier:
            if key in (Qt.Key.Key_Comma, Qt.Key.Key_Delete):  # its full stop, elsewhere and without Num Lock
                return self.focused()
            other = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            view = _view_after_numpad(self.view, key, other=other)
            if view is not None:
                return view
        if key == Qt.Key.Key_Period:
            return self.focused()
        if key in (Qt.Key.Key_R, Qt.Key.Key_Home):
            return self._first_view()
        return _view_after_key(self.view, key)

    def in_perspective(self) -> OrbitView:
        """Return the view in perspective, with the angle that the last one in perspective had."""
        return self.view.with_fov(self._last_fov)

    def focused(self) -> OrbitView:
        """Return the view with the whole head in the middle, from where it is looked at now."""
        bounds = self.scene.bounds()
        return self._first_view() if bounds is None else self.view.framed(*bounds)

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.modifiers() & Qt.KeyboardModifier.KeypadModifier
            and self._view_after(event) is not None
        ):
            event.accept()  # else the 1 of the keypad would be taken for the shortcut of a shading mode
            return True
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.set_view(self.view.zoomed(1.0 / (1.0 + event.value()), at=self._place(event.position())))
            return True
        return super().event(event)

    def move_slice(self, by: float) -> None:
        """Move the slice of the density slices by so many metres away from the camera."""
        self.scene.set_slice(self.scene.slice_depth + by, now=time.monotonic())
        self._redraw()

    def _place(self, position: QPointF) -> ScreenPoint:
        return screen_point(position.x(), position.y(), width=self.width(), height=self.height())

    def _redraw(self) -> None:
        if self._host is not None:
            self._host.update()
        self._show_notice()
        self._tell_wanted_still()

    def _tell_wanted_still(self) -> None:
        """Say when it changes what would sharpen the picture; nothing would while the artist holds the head."""
        wanted = self.scene.wanted_still if self.has_opengl and self._gesture is None else None
        if wanted != self._wanted_still:
            self._wanted_still = wanted
            self.still_wanted.emit(wanted)

    def set_older(self, is_older: bool) -> None:
        """Say, or say no longer, that what is shown is of an older state than the picture."""
        if is_older != self._is_older:
            self._is_older = is_older
            self._show_notice()

    def invite(self, title: str, more: str) -> None:
        """Choose the two sentences that stand in place of a head as long as there is none."""
        self._invitation = (title, more)
        self._show_notice()

    def _show_notice(self) -> None:
        """Say what is missing, if anything is."""
        if not self.has_opengl:
            self._notice.say("", is_whole_view=False)
        elif self.scene.is_empty:
            title, more = (text(words) for words in self._invitation)
            self._notice.say(title, more=more, is_whole_view=True)
        else:
            self._notice.say(self._caption(), is_whole_view=False, below_labels=self.scene.split is not None)

    def _caption(self) -> str:
        """Return what there is to say of what is shown."""
        if self._is_older:
            return text("An older state: the head is being made anew")
        if self.scene.drawn_mode != self.scene.mode or (self.scene.split is not None and self.scene.mesh is None):
            return text("The mesh is not ready yet: this is the field")
        return self._note()

    def set_mesh_note(self, words: str) -> None:
        """Choose what is said while the mesh is shown, in the artist's language; "" says nothing."""
        self._mesh_note = words
        self._show_notice()

    def _note(self) -> str:
        """Return what there is to say of the shading mode, or else of the mesh, where that is shown."""
        note = self._note_of_mode()
        shows_mesh = self.scene.mesh is not None and (
            self.scene.split is not None or SHADING_MODES[self.mode].draws == "mesh"
        )
        return self._mesh_note if shows_mesh and not note else note

    def _note_of_mode(self) -> str:
        if self.mode == "slices":
            millimetres = round(1000 * self.scene.slice_depth)
            if millimetres == 0:
                where = text("Slice through the middle")
            elif millimetres > 0:
                where = text("Slice {millimetres} mm behind the middle", millimetres=millimetres)
            else:
                where = text("Slice {millimetres} mm before the middle", millimetres=-millimetres)
            return f"{where}.  {text(SHADING_MODES[self.mode].note)}"
        if self.mode == "mesh_error" and not self.scene.has_error:
            return text("Measuring how far the mesh lies off the field")
        return text(SHADING_MODES[self.mode].note)

    def _refuse(self, reason: str) -> None:
        """Put one sentence in place of the 3D view; the reason is a sentence too."""
        if self._host is not None:
            self._host.hide()
            self._host = None
        sentence = "There is no 3D view here. {reason} Everything else works, export included."
        self._refusal = QLabel(text(sentence, reason=text(reason)), self)
        self._refusal.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._refusal.setWordWrap(True)
        self._refusal.setMargin(24)
        self._refusal.setGeometry(self.rect())
        self._refusal.show()
        self._show_notice()


def _is_of_fingers(event: QWheelEvent) -> bool:
    """Return whether fingers on a trackpad scroll, not a wheel.

    Some systems name the device; others tell a wheel's notches without, and fingers' way with a beginning and an end.
    """
    if event.device().type() == QInputDevice.DeviceType.TouchPad:
        return True
    return event.phase() != Qt.ScrollPhase.NoScrollPhase and not event.pixelDelta().isNull()


def _way_of_fingers(event: QWheelEvent) -> QPointF:
    """Return how far the fingers moved, in pixels."""
    pixels = event.pixelDelta()
    return QPointF(pixels) if not pixels.isNull() else QPointF(event.angleDelta()) * (NOTCH / 120.0)


def _gesture_of(event: QMouseEvent) -> _Gesture | None:
    """Return what a drag with this button does."""
    shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    match event.button():
        case Qt.MouseButton.MiddleButton if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return "zoom"
        case Qt.MouseButton.LeftButton | Qt.MouseButton.MiddleButton:
            return "pan" if shift else "orbit"
        case Qt.MouseButton.RightButton:
            return "pan"
        case _:
            return None


def _view_after_numpad(view: OrbitView, key: Qt.Key, *, other: bool) -> OrbitView | None:
    """Return where a key of the numeric keypad brings the camera; `other` with Ctrl. None for one without meaning."""
    if key in NUMPAD_VIEWS:
        return view.turned_to(NUMPAD_VIEWS[key][other])
    if other:
        return None
    match key:
        case Qt.Key.Key_5 | Qt.Key.Key_Clear:
            return view.toggled_projection()
        case Qt.Key.Key_9 | Qt.Key.Key_PageUp:
            return dataclasses.replace(view.turned_by(180.0), elevation=-view.elevation)
        case Qt.Key.Key_4:
            return _view_after_key(view, Qt.Key.Key_Left)
        case Qt.Key.Key_6:
            return _view_after_key(view, Qt.Key.Key_Right)
        case Qt.Key.Key_8:
            return _view_after_key(view, Qt.Key.Key_Up)
        case Qt.Key.Key_2:
            return _view_after_key(view, Qt.Key.Key_Down)
        case _:
            return None


def _view_after_key(view: OrbitView, key: Qt.Key) -> OrbitView | None:
    """Return where a key brings the camera, None for a key that means nothing here."""
    match key:
        case Qt.Key.Key_F:
            return view.turned_to("front")
        case Qt.Key.Key_S:
            return view.opposite_side()
        case Qt.Key.Key_B:
            return view.turned_to("back")
        case Qt.Key.Key_T:
            return view.turned_to("top")
        case Qt.Key.Key_P:
            return view.toggled_projection()
        case Qt.Key.Key_Left:
            return view.turned_by(KEY_TURN)
        case Qt.Key.Key_Right:
            return view.turned_by(-KEY_TURN)
        case Qt.Key.Key_Up:
            return dataclasses.replace(view, elevation=min(89.0, view.elevation + KEY_TURN))
        case Qt.Key.Key_Down:
            return dataclasses.replace(view, elevation=max(-89.0, view.elevation - KEY_TURN))
        case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
            return view.zoomed(WHEEL_FACTOR)
        case Qt.Key.Key_Minus:
            return view.zoomed(1.0 / WHEEL_FACTOR)
        case _:
            return None
