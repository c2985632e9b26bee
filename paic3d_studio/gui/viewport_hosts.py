"""What the 3D view is painted on: an OpenGL widget, or a picture drawn without a display."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from typing import Any, Final

import shiboken6
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QImage,
    QOffscreenSurface,
    QOpenGLContext,
    QPainter,
    QPaintEvent,
    QSurfaceFormat,
)
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QApplication, QWidget

from paic3d_studio.errors import UserError
from paic3d_studio.pipeline.torch_library import is_opening
from paic3d_studio.viewport.canvas import Canvas
from paic3d_studio.viewport.context import DrawingError, adopted_context
from paic3d_studio.viewport.offscreen import current, leave_thread, offscreen_context, pixels_of
from paic3d_studio.viewport.scene import Scene

log = logging.getLogger(__name__)

PLATFORMS_WITHOUT_GL: Final = frozenset({"offscreen", "minimal", "linuxfb", "vnc"})
"""Qt platforms on which a QOpenGLWidget stays blank."""

SOFTWARE_RENDERERS: Final = ("llvmpipe", "softpipe", "swrast", "swiftshader", "gdi generic", "basic render")
"""Parts of the names of renderers that run on the processor."""

_GL_RENDERER: Final = 0x1F01


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


@dataclasses.dataclass(frozen=True)
class Display:
    """What a display offers: `refusal` says why it cannot show OpenGL, "" where it can; `renderer` names what draws."""

    refusal: str
    renderer: str = ""

    @property
    def draws_in_software(self) -> bool:
        """Whether the processor does a graphics card's work."""
        return any(name in self.renderer.lower() for name in SOFTWARE_RENDERERS)


def display() -> Display:
    """Ask this display what OpenGL it offers."""
    if QGuiApplication.platformName() in PLATFORMS_WITHOUT_GL:
        return Display(f"the display platform “{QGuiApplication.platformName()}” has no OpenGL")
    context = QOpenGLContext()
    if not context.create():
        return Display("no OpenGL context could be made")
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not context.makeCurrent(surface):
        return Display("the OpenGL context could not be used")
    version = context.format().version()
    renderer = str(context.functions().glGetString(_GL_RENDERER))
    context.doneCurrent()
    if version < (3, 3):
        return Display(f"the graphics driver offers OpenGL {version[0]}.{version[1]} only", renderer)
    return Display("", renderer)


class OpenGLHost(QOpenGLWidget):
    """Paints a scene with Qt's own OpenGL context."""

    frame_drawn = Signal(float)
    """A frame was drawn; carries its milliseconds."""

    failed = Signal(str)
    """The context is of no use; carries why."""

    def __init__(self, scene: Scene, parent: QWidget) -> None:
        super().__init__(parent)
        self._scene = scene
        self._ctx: Any = None
        self._failure = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._repaint)

    def picture(self) -> QImage:
        """Return what is shown."""
        return self.grabFramebuffer()

    def initializeGL(self) -> None:  # noqa: N802
        try:
            self._ctx = adopted_context(_QtLoader())
            self._scene.attach(self._ctx)
        except Exception as error:
            log.exception("The 3D view could not start")
            self._fail(f"The graphics driver offers no OpenGL 3.3 ({_first_line(error)}).")
            return
        self.context().aboutToBeDestroyed.connect(self._forget)

    def paintGL(self) -> None:  # noqa: N802
        if self._ctx is None:
            return
        framebuffer = self._ctx.detect_framebuffer(self.defaultFramebufferObject())
        try:
            ms = _paint(self._scene, framebuffer, _pixels(self), self._timer)
        except DrawingError as error:  # a driver that refuses a shader
            self._fail(_refusal(error))
            return
        if ms is not None:
            self.frame_drawn.emit(ms)

    def _repaint(self) -> None:
        self.update()

    def _fail(self, reason: str) -> None:
        """Give up, and say so once Qt has finished painting."""
        self._ctx, self._failure = None, reason
        QTimer.singleShot(0, self._report_failure)

    def _forget(self) -> None:
        """Release what lives in a context that is about to go; a new one runs `initializeGL` again."""
        if self._ctx is None or not shiboken6.isValid(self):
            return
        self.makeCurrent()
        self._scene.detach()
        self.doneCurrent()
        self._ctx = None

    def _report_failure(self) -> None:
        self.failed.emit(self._failure)


_LATER_MS: Final = 20
"""Milliseconds after which a frame that had to wait is tried again."""


class PictureHost(QWidget):
    """Paints a scene as a picture, drawn by an OpenGL context that needs no display.

    For displays without OpenGL (a remote desktop, Qt's offscreen platform), and for OpenGL in software: there Qt would
    put the whole window together in OpenGL for each frame, which costs several times what the head costs. The same
    pixels.

    Raises:
        UserError: this machine offers no OpenGL 3.3 either.
    """

    frame_drawn = Signal(float)
    """A frame was drawn; carries its milliseconds."""

    failed = Signal(str)
    """The context is of no use; carries why."""

    def __init__(self, scene: Scene, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._scene = scene
        self._life = contextlib.ExitStack()
        self._ctx = self._life.enter_context(offscreen_context())
        self._screen = Canvas(self._ctx)
        scene.attach(self._ctx)
        leave_thread()
        self._image = QImage()
        self._failure = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._repaint)
        self.destroyed.connect(self._life.close)

    def picture(self) -> QImage:
        """Return what is shown."""
        self.repaint()
        return self._image

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        if self._failure:
            return
        if is_opening() and not self._image.isNull():
            # OpenGL in software opens libraries as well: it would wait for the others, and the window with it.
            self._show()
            self._timer.start(_LATER_MS)
            return
        size = _pixels(self)
        try:
            with current(self._ctx):
                self._screen.resize(size)
                ms = _paint(self._scene, self._screen.framebuffer, size, self._timer)
                pixels = pixels_of(self._screen)
        except DrawingError as error:
            self._failure = _refusal(error)
            QTimer.singleShot(0, self._report_failure)
            return
        image = QImage(pixels.data, size[0], size[1], 3 * size[0], QImage.Format.Format_RGB888)
        self._image = image.copy()
        self._show()
        if ms is not None:
            self.frame_drawn.emit(ms)

    def _show(self) -> None:
        painter = QPainter(self)
        painter.drawImage(self.rect(), self._image)
        painter.end()

    def _repaint(self) -> None:
        self.update()

    def _report_failure(self) -> None:
        self.failed.emit(self._failure)


def new_host(scene: Scene, parent: QWidget) -> OpenGLHost | PictureHost:
    """Return the best host for `scene` on this display.

    Raises:
        UserError: there is no OpenGL 3.3 at all.
    """
    here = display()
    if not here.refusal and not here.draws_in_software:
        return OpenGLHost(scene, parent)
    try:
        return PictureHost(scene, parent)
    except UserError as error:
        if not here.refusal:
            return OpenGLHost(scene, parent)
        raise UserError(f"{error.message} The reason: {here.refusal}.", error.cure) from error


def _paint(scene: Scene, framebuffer: Any, size: tuple[int, int], timer: QTimer) -> float | None:
    """Paint `scene`, have `timer` ask for the next frame, and return the milliseconds, None when nothing was new."""
    started = time.perf_counter()
    plan = scene.paint(framebuffer, size, now=time.monotonic())
    delay = scene.progressive.delay(time.monotonic())
    if delay is not None:
        timer.start(max(1, round(delay * 1000)))
    return None if plan.phase == "still" else (time.perf_counter() - started) * 1000.0


def _refusal(error: Exception) -> str:
    """Note what a driver said, and return it as a sentence."""
    log.error("The 3D view could not be drawn", exc_info=error)
    return f"The graphics driver refused to draw it ({_first_line(error)})."


def _first_line(error: Exception) -> str:
    """Return the part of a driver's message that fits in a sentence."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _pixels(widget: QWidget) -> tuple[int, int]:
    """Return a widget's size in pixels of the screen."""
    ratio = widget.devicePixelRatioF()
    return max(1, round(widget.width() * ratio)), max(1, round(widget.height() * ratio))


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
