"""The 3D view: an OpenGL widget that hosts `viewport.scene` and turns pointer and keys into orbit moves."""

from __future__ import annotations

import dataclasses
import logging
import time
from typing import Any, Final, Literal

import moderngl
import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QOffscreenSurface,
    QOpenGLContext,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QSurfaceFormat,
    QWheelEvent,
)
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from paic3d_studio.core.artefacts import FieldVolume, TexturedMesh
from paic3d_studio.viewport.bake import BakedVolume
from paic3d_studio.viewport.canvas import BACKGROUNDS, Background
from paic3d_studio.viewport.orbit import OrbitView, ScreenPoint, screen_point
from paic3d_studio.viewport.scene import Scene

log = logging.getLogger(__name__)

WHEEL_FACTOR: Final = 0.88
"""One notch of the wheel brings the camera to this part of its distance."""

KEY_TURN: Final = 15.0
"""Degrees that an arrow key turns the head."""

PLATFORMS_WITHOUT_GL: Final = frozenset({"offscreen", "minimal", "linuxfb", "vnc"})
"""Qt platforms on which a QOpenGLWidget stays blank."""

_Gesture = Literal["orbit", "pan"]


def install_surface_format() -> None:
    """Ask Qt for OpenGL 3.3 core contexts that share their resources; call it before QApplication is made.

    Sharing keeps one context through docking and undocking.
    """
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    surface = QSurfaceFormat()
    surface.setRenderableType(QSurfaceFormat.RenderableType.OpenGL)
    surface.setVersion(3, 3)
    surface.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    surface.setDepthBufferSize(24)
    surface.setSwapInterval(1)
    QSurfaceFormat.setDefaultFormat(surface)


def why_no_opengl() -> str:
    """Return why this display cannot show the 3D view, or "" when it can."""
    if QGuiApplication.platformName() in PLATFORMS_WITHOUT_GL:
        return f"the display platform “{QGuiApplication.platformName()}” has no OpenGL"
    context = QOpenGLContext()
    if not context.create():
        return "no OpenGL context could be made"
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not context.makeCurrent(surface):
        return "the OpenGL context could not be used"
    version = context.format().version()
    context.doneCurrent()
    return "" if version >= (3, 3) else f"the graphics driver offers OpenGL {version[0]}.{version[1]} only"


class ViewportWidget(QWidget):
    """The head from any side.

    Left drag, Alt + left or middle drag: turn. Right drag, Shift + left or Shift + middle: shift. Wheel or pinch: zoom
    at the pointer. Double click: put that point of the head in the middle. F, S, B, T: front, side, back, top;
    R: reset; arrows turn, plus and minus zoom, P changes between perspective and orthographic.

    It keeps showing what it has until something new is drawn. Where OpenGL cannot be had, one sentence says so.
    """

    view_changed = Signal(object)
    """The camera moved; carries the `OrbitView`."""

    frame_drawn = Signal(float)
    """A frame, or a strip of a sharp one, was drawn; carries how many milliseconds it took."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(self.tr("3D view of the head"))
        self.scene = Scene()
        self._gesture: _Gesture | None = None
        self._pointer = QPointF()
        self._canvas: _Canvas | None = None
        self._refusal: QLabel | None = None
        self._notice = _Notice(self)
        reason = why_no_opengl()
        if reason:
            self._refuse(reason)
        else:
            self._canvas = _Canvas(self)
            self._canvas.lower()
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
        return self._canvas is not None

    def set_volume(self, volume: FieldVolume | BakedVolume | None) -> None:
        """Show `volume`; None empties the volume modes."""
        self.scene.set_volume(volume)
        self._redraw()

    def set_mesh(self, mesh: TexturedMesh | None) -> None:
        """Show `mesh` in the mesh modes; until there is one, those draw the volume's colours."""
        self.scene.set_mesh(mesh)
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
        self.set_view(self.view.reset())

    def toggle_projection(self) -> None:
        """Change between perspective and orthographic."""
        self.set_view(self.view.toggled_projection())

    def set_hint(self, text: str) -> None:
        """Say `text` in small letters under the sentence of the empty view."""
        self._notice.hint = text
        self._notice.update()

    def picture(self) -> NDArray[np.uint8]:
        """Return what the widget shows, sRGB uint8 (height, width, 3) in screen pixels; black without OpenGL."""
        if self._canvas is None:
            return np.zeros((self.height(), self.width(), 3), np.uint8)
        image = self._canvas.grabFramebuffer().convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return np.array(rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        for child in (self._canvas, self._refusal, self._notice):
            if child is not None:
                child.setGeometry(self.rect())
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._gesture = _gesture_of(event)
        self._pointer = event.position()
        if self._gesture is None:
            super().mousePressEvent(event)
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.setCursor(Qt.CursorShape.ClosedHandCursor if self._gesture == "orbit" else Qt.CursorShape.SizeAllCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._gesture is None:
            super().mouseMoveEvent(event)
            return
        moved = event.position() - self._pointer
        self._pointer = event.position()
        side = max(1, min(self.width(), self.height()))
        dx, dy = moved.x() / side, -moved.y() / side
        self.set_view(self.view.dragged(dx, dy) if self._gesture == "orbit" else self.view.panned(dx, dy))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._gesture is None:
            super().mouseReleaseEvent(event)
        self._gesture = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            point = self.scene.surface_point(self._place(event.position()))
            self.set_view(self.view.reset() if point is None else self.view.aimed_at(point).zoomed(0.75))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        notches = event.angleDelta().y() / 120.0
        if notches:
            self.set_view(self.view.zoomed(WHEEL_FACTOR**notches, at=self._place(event.position())))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        move = _view_after_key(self.view, Qt.Key(event.key()))
        if move is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier & ~Qt.KeyboardModifier.ShiftModifier:
            super().keyPressEvent(event)
            return
        self.set_view(move)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.set_view(self.view.zoomed(1.0 / (1.0 + event.value()), at=self._place(event.position())))
            return True
        return super().event(event)

    def _place(self, position: QPointF) -> ScreenPoint:
        return screen_point(position.x(), position.y(), width=self.width(), height=self.height())

    def _redraw(self) -> None:
        if self._canvas is not None:
            self._canvas.update()
        self._show_notice()

    def _show_notice(self) -> None:
        """Say what is missing, if anything is."""
        if self._canvas is None:
            self._notice.say("", is_whole_view=False)
        elif self.scene.is_empty:
            self._notice.say(self.tr("Open a portrait to begin"), is_whole_view=True)
        elif self.scene.drawn_mode != self.scene.mode:
            self._notice.say(self.tr("The mesh is not ready yet: this is the field"), is_whole_view=False)
        else:
            self._notice.say("", is_whole_view=False)

    def _refuse(self, reason: str) -> None:
        """Put one sentence in place of the 3D view."""
        if self._canvas is not None:
            self._canvas.hide()
            self._canvas = None
        sentence = self.tr("The 3D view needs OpenGL 3.3: {reason}. Everything else works, export included.")
        self._refusal = QLabel(sentence.format(reason=reason), self)
        self._refusal.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._refusal.setWordWrap(True)
        self._refusal.setMargin(24)
        self._refusal.setGeometry(self.rect())
        self._refusal.show()
        self._show_notice()


class _Canvas(QOpenGLWidget):
    """The part of the widget that has an OpenGL context; it knows nothing but when to paint the scene."""

    def __init__(self, host: ViewportWidget) -> None:
        super().__init__(host)
        self._host = host
        self._scene = host.scene
        self._ctx: moderngl.Context | None = None
        self._failure = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._repaint)

    def initializeGL(self) -> None:  # noqa: N802
        try:
            settings: dict[str, Any] = {"context": _QtLoader()}
            self._ctx = moderngl.create_context(require=330, **settings)
            self._scene.attach(self._ctx)
        except Exception as error:
            log.exception("The 3D view could not start")
            self._ctx, self._failure = None, str(error).splitlines()[0]
            QTimer.singleShot(0, self._give_up)
            return
        self.context().aboutToBeDestroyed.connect(self._forget)

    def paintGL(self) -> None:  # noqa: N802
        if self._ctx is None:
            return
        started = time.perf_counter()
        framebuffer = self._ctx.detect_framebuffer(self.defaultFramebufferObject())
        ratio = self.devicePixelRatioF()
        size = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        plan = self._scene.paint(framebuffer, size, now=time.monotonic())
        delay = self._scene.progressive.delay(time.monotonic())
        if delay is not None:
            self._timer.start(max(1, round(delay * 1000)))
        if plan.phase != "still":
            self._host.frame_drawn.emit((time.perf_counter() - started) * 1000.0)

    def _repaint(self) -> None:
        self.update()

    def _forget(self) -> None:
        """Release what lives in a context that is about to go; a new one runs `initializeGL` again."""
        if self._ctx is None or not shiboken6.isValid(self):
            return
        self.makeCurrent()
        self._scene.detach()
        self.doneCurrent()
        self._ctx = None

    def _give_up(self) -> None:
        self._host._refuse(self._failure)


class _QtLoader:
    """Lets moderngl take the functions of Qt's current context, whatever the platform made it with (GLX, EGL, WGL)."""

    def load(self, name: str) -> int:
        """Return the address of the OpenGL function `name`, 0 when there is none."""
        context = QOpenGLContext.currentContext()
        return int(context.getProcAddress(name.encode())) if context is not None else 0

    def __enter__(self) -> _QtLoader:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def release(self) -> None:
        """Do nothing: the context is Qt's."""


class _Notice(QWidget):
    """Words over the picture; pointer events pass through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.hint = ""
        self._text = ""
        self._is_whole_view = False

    def say(self, text: str, *, is_whole_view: bool) -> None:
        """Show `text`: large with a silhouette in the middle, or small at the foot; "" hides it."""
        self._text, self._is_whole_view = text, is_whole_view
        self.setVisible(bool(text))
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._is_whole_view:
            self._paint_invitation(painter)
        else:
            self._paint_caption(painter)
        painter.end()

    def _paint_invitation(self, painter: QPainter) -> None:
        middle = QPointF(self.rect().center())
        unit = min(self.width(), self.height()) / 6.0
        pen = QPen(QColor(150, 175, 205, 130), max(1.5, unit / 26.0), Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(140, 165, 195, 26))
        painter.drawPath(_bust(middle - QPointF(0.0, unit * 0.7), unit))
        font = painter.font()
        font.setPointSizeF(max(11.0, min(18.0, unit / 5.0)))
        painter.setFont(font)
        painter.setPen(QColor(226, 232, 240))
        line = QRectF(0.0, middle.y() + unit * 1.15, self.width(), unit * 0.7)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self._text)
        font.setPointSizeF(font.pointSizeF() * 0.65)
        painter.setFont(font)
        painter.setPen(QColor(160, 172, 188))
        painter.drawText(line.translated(0.0, unit * 0.5), Qt.AlignmentFlag.AlignCenter, self.hint)

    def _paint_caption(self, painter: QPainter) -> None:
        metrics = painter.fontMetrics()
        box = QRectF(0.0, 0.0, metrics.horizontalAdvance(self._text) + 24.0, metrics.height() + 12.0)
        box.moveCenter(QPointF(self.width() / 2.0, self.height() - 24.0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(12, 16, 22, 190))
        painter.drawRoundedRect(box, box.height() / 2.0, box.height() / 2.0)
        painter.setPen(QColor(226, 232, 240))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._text)


def _bust(centre: QPointF, unit: float) -> QPainterPath:
    """Return the outline of head and shoulders about `centre`; the head is 1.6 `unit` high."""
    head = QPainterPath()
    head.addEllipse(centre, unit * 0.62, unit * 0.8)
    shoulders = QPainterPath()
    shoulders.moveTo(centre + QPointF(-unit * 1.15, unit * 1.75))
    shoulders.cubicTo(
        centre + QPointF(-unit * 1.1, unit * 1.0),
        centre + QPointF(-unit * 0.35, unit * 1.1),
        centre + QPointF(-unit * 0.22, unit * 0.7),
    )
    shoulders.lineTo(centre + QPointF(unit * 0.22, unit * 0.7))
    shoulders.cubicTo(
        centre + QPointF(unit * 0.35, unit * 1.1),
        centre + QPointF(unit * 1.1, unit * 1.0),
        centre + QPointF(unit * 1.15, unit * 1.75),
    )
    shoulders.closeSubpath()
    return head.united(shoulders)


def _gesture_of(event: QMouseEvent) -> _Gesture | None:
    """Return what a drag with this button does."""
    shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    match event.button():
        case Qt.MouseButton.LeftButton | Qt.MouseButton.MiddleButton:
            return "pan" if shift else "orbit"
        case Qt.MouseButton.RightButton:
            return "pan"
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
        case Qt.Key.Key_R | Qt.Key.Key_Home:
            return view.reset()
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
