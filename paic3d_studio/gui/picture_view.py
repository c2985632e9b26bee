"""The pyqtgraph view under the image panel: layers of pixels, pan and zoom, and where the pointer is in the picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

from paic3d_studio.core.artefacts import ALIGNED_SIZE, LineMask
from paic3d_studio.gui import theme
from paic3d_studio.gui.language import text
from paic3d_studio.tools.pan_zoom import WHEEL_STEP, Box, PanZoom
from paic3d_studio.tools.pointer import Touch

REACH: Final = 9.0
"""How far from a corner the pointer may be and still grab it, in screen pixels."""

BACKDROPS: Final = {
    "chequered": ("Chequered", ""),
    "white": ("White", "#ffffff"),
    "grey": ("Grey", "#808080"),
    "black": ("Black", "#000000"),
    "green": ("Green", "#00b140"),
    "matte": ("Cut-out only", "#000000"),
}
"""What lies behind the picture: label, and colour where it is one. With "matte" the cut-out itself is shown, white on
black."""

_SHARP_FROM: Final = 3.0  # from this scale on the pixels are shown as squares, as one wants them when placing a corner
_CHECK: Final = 8  # side of a square of the chequered ground in screen pixels


class PictureView(pg.GraphicsView):  # type: ignore[misc]  # pyqtgraph has no types
    """Shows layers of one picture and translates the pointer into picture pixels.

    Wheel zooms about the pointer; middle button, or Space with the left one, drags. Everything else about the pointer
    is told by the signals, for the tools.
    """

    pressed = Signal(object)
    moved = Signal(object)
    released = Signal(object)
    double_clicked = Signal(object)
    right_clicked = Signal(object, QPointF)
    hovered = Signal(object)
    """The `Touch` under the pointer, or None when it left."""
    zoomed = Signal(float)
    painted = Signal()
    """New pixels are on the widget."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=theme.CANVAS)
        self.setObjectName("pictureView")
        self.setAccessibleName(text("Picture"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.setFrameShape(self.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._box = pg.ViewBox(enableMouse=False, enableMenu=False, invertY=True, defaultPadding=0)
        self._box.disableAutoRange()
        self.setCentralItem(self._box)
        self._ground = QGraphicsRectItem()
        self._ground.setPen(QPen(Qt.PenStyle.NoPen))
        self._ground.setZValue(-10)
        self._box.addItem(self._ground, ignoreBounds=True)
        self._clips: dict[str, QGraphicsRectItem] = {}
        self._layers: dict[str, Any] = {}
        self._view = PanZoom(content=(ALIGNED_SIZE, ALIGNED_SIZE), panel=(100.0, 100.0)).fit()
        self._backdrop = "chequered"
        self._space = False
        self._pressure = 1.0
        self._pen_erases = False
        self._button = Qt.MouseButton.NoButton  # the one that began what is under way
        self._dragged_from: QPointF | None = None
        self._tool_cursor = Qt.CursorShape.ArrowCursor
        self.pan_by_left = False
        """True while the hand tool is chosen: the left button drags the picture."""
        self._apply_view()

    # Layers ----------------------------------------------------------------------------------------------------------

    @property
    def box(self) -> Any:
        """The pyqtgraph ViewBox; items in it live in picture pixels."""
        return self._box

    def set_layer(self, name: str, rgba: NDArray[np.uint8] | None) -> None:
        """Put pixels (h, w, 4), straight alpha, on a layer; None empties it. Layers lie in the order they came in."""
        layer = self._layers.get(name)
        if layer is None:
            layer = pg.ImageItem(axisOrder="row-major")
            layer.setZValue(len(self._layers))
            self._layers[name] = layer
            self._box.addItem(layer, ignoreBounds=True)
        if rgba is None:
            layer.clear()
        else:
            layer.setImage(np.ascontiguousarray(rgba), autoLevels=False, levels=None)

    def clip_layer(self, name: str, *, left: float | None = None, right: float | None = None) -> None:
        """Show of a layer only what lies between two columns, in its pixels; None leaves that side open."""
        layer = self._layers[name]
        clip = self._clips.get(name)
        if left is None and right is None:
            if clip is not None and layer.parentItem() is clip:
                layer.setParentItem(self._box.childGroup)
            return
        if clip is None:
            clip = QGraphicsRectItem()
            clip.setPen(QPen(Qt.PenStyle.NoPen))
            clip.setFlag(QGraphicsRectItem.GraphicsItemFlag.ItemClipsChildrenToShape)
            clip.setZValue(layer.zValue())
            self._clips[name] = clip
            self._box.addItem(clip, ignoreBounds=True)
        width, height = self._view.content
        start, stop = left or 0.0, width if right is None else right
        clip.setRect(QRectF(start, 0, stop - start, height))
        layer.setParentItem(clip)

    def pixels_of(self, name: str) -> NDArray[np.uint8] | None:
        """Return what a layer shows, None when it is empty."""
        layer = self._layers.get(name)
        return None if layer is None else layer.image

    def show_layer(self, name: str, *, visible: bool, opacity: float) -> None:
        """Show or hide a layer; opacity 0..1."""
        layer = self._layers.get(name)
        if layer is not None:
            layer.setVisible(visible)
            layer.setOpacity(opacity)

    def set_content(self, size: tuple[int, int]) -> None:
        """Say how large the shown picture is, (width, height); another size is fitted into the panel."""
        self._ground.setRect(QRectF(0, 0, *size))
        self._set_view(self._view.showing((float(size[0]), float(size[1]))))

    def set_backdrop(self, name: str) -> None:
        """Choose what is seen where the picture is transparent, a key of BACKDROPS."""
        self._backdrop = name
        self._apply_view()

    def show_ground(self, visible: bool) -> None:
        """Show the ground on which transparent pixels are seen."""
        self._ground.setVisible(visible)

    # Pan and zoom ----------------------------------------------------------------------------------------------------

    @property
    def pan_zoom(self) -> PanZoom:
        """Which part is shown, and how large."""
        return self._view

    def fit(self, subject: Box | None = None) -> None:
        """Show the picture, or what of it a fitted view is to be about."""
        self._set_view(self._view.about(subject).fit())

    def fit_to(self, share: float, *, whole: bool = False) -> None:
        """Let a fitted picture fill this share of the panel, the `whole` of it where that is asked for."""
        self._set_view(self._view.fitted_to(share, whole=whole))

    def zoom_to(self, scale: float) -> None:
        """Show at `scale` pixels of the screen itself per picture pixel: on a dense one fewer of Qt's."""
        self._set_view(self._view.at_scale(scale / self.devicePixelRatioF()))

    @property
    def device_scale(self) -> float:
        """Pixels of the screen itself per picture pixel."""
        return self._view.scale * float(self.devicePixelRatioF())

    def zoom_by(self, factor: float) -> None:
        """Zoom about the middle of the panel."""
        self._set_view(self._view.at_scale(self._view.scale * factor))

    def _set_view(self, view: PanZoom) -> None:
        if view != self._view:
            self._view = view
            self._apply_view()

    def _apply_view(self) -> None:
        left, top, width, height = self._view.visible
        self._box.setRange(QRectF(left, top, width, height), padding=0, disableAutoRange=True)
        smooth = self.device_scale < _SHARP_FROM
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        colour = BACKDROPS[self._backdrop][1]
        brush = QBrush(QColor(colour)) if colour else QBrush(_chequered())
        brush.setTransform(QTransform.fromScale(1 / self._view.scale, 1 / self._view.scale))
        self._ground.setBrush(brush)
        self.zoomed.emit(self._view.scale)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 Qt's name
        """Keep the picture fitted, or its scale."""
        super().resizeEvent(event)
        if event is not None and hasattr(self, "_view"):
            self._set_view(self._view.resized((float(self.width()), float(self.height()))))

    # Pointer ---------------------------------------------------------------------------------------------------------

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Note what a pen tells; the mouse events that Qt makes of it follow. Pinching zooms."""
        if isinstance(event, QTabletEvent):
            touches = event.buttons() != Qt.MouseButton.NoButton
            if event.type() != QEvent.Type.TabletRelease:  # a lifted pen presses with nothing, as one that hovers
                self._pressure = min(max(event.pressure(), 0.0), 1.0) if touches else 1.0
            self._pen_erases = event.pointerType() == QPointingDevice.PointerType.Eraser
            event.ignore()
            return False
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            at = event.position()
            self._set_view(self._view.zoomed(1 + event.value(), about=(at.x(), at.y())))
            return True
        return bool(super().viewportEvent(event))

    def touch_at(self, position: QPointF, *, erases: bool = False) -> Touch:
        """Return the pointer in picture pixels; `position` in pixels of this widget."""
        x, y = self._view.to_picture((position.x(), position.y()))
        erases = erases is not self._pen_erases
        return Touch(x=x, y=y, reach=REACH / self._view.scale, erases=erases, pressure=self._pressure)

    def set_tool_cursor(self, shape: Qt.CursorShape) -> None:
        """Choose the pointer's shape while nothing is dragged."""
        self._tool_cursor = shape
        self._show_cursor()

    def _show_cursor(self) -> None:
        if self._dragged_from is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._space or self.pan_by_left:
            shape = Qt.CursorShape.OpenHandCursor
        else:
            shape = self._tool_cursor
        self.viewport().setCursor(shape)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Start a drag of the picture or a gesture of the tool."""
        event.accept()
        if self._button & event.buttons() & ~event.button():
            return  # one thing at a time
        self._button = event.button()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and (self._space or self.pan_by_left)):
            self._dragged_from = event.position()
            self._show_cursor()
        elif left:
            self.pressed.emit(self._touch(event))
        elif event.button() == Qt.MouseButton.RightButton:
            self.right_clicked.emit(self._touch(event), event.globalPosition())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Drag the picture, or tell the tool."""
        event.accept()
        if self._dragged_from is not None:
            by = event.position() - self._dragged_from
            self._dragged_from = event.position()
            self._set_view(self._view.panned(by.x(), by.y()))
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self.moved.emit(self._touch(event))
        self.hovered.emit(self._touch(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """End the drag or the gesture."""
        event.accept()
        if event.button() != self._button:
            return
        self._button = Qt.MouseButton.NoButton
        if self._dragged_from is not None:
            self._dragged_from = None
            self._show_cursor()
        elif event.button() == Qt.MouseButton.LeftButton:
            self.released.emit(self._touch(event))
        self._pressure, self._pen_erases = 1.0, False  # the next event may be a mouse's

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Tell of a double click; it comes in place of the second press."""
        event.accept()
        self._button = event.button()
        if event.button() == Qt.MouseButton.LeftButton and not (self._space or self.pan_by_left):
            self.double_clicked.emit(self._touch(event))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 Qt's name
        """Zoom about the pointer."""
        event.accept()
        notches = event.angleDelta().y() / 120
        if notches:
            at = event.position()
            self._set_view(self._view.zoomed(WHEEL_STEP**notches, about=(at.x(), at.y())))
            self.hovered.emit(self.touch_at(at))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 Qt's name
        """Draw, and tell that it is done."""
        super().paintEvent(event)
        self.painted.emit()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 Qt's name
        """Tell that the pointer left."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Turn the pointer into a hand while Space is held."""
        if event.key() == Qt.Key.Key_Space:
            event.accept()
            if not event.isAutoRepeat():
                self._space = True
                self._show_cursor()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Turn the pointer back when Space is let go."""
        if event.key() == Qt.Key.Key_Space:
            event.accept()
            if not event.isAutoRepeat():
                self._space = False
                self._show_cursor()
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 Qt's name
        """Forget a held Space: its release goes elsewhere."""
        super().focusOutEvent(event)
        self._space = False
        self._show_cursor()

    def _touch(self, event: QMouseEvent) -> Touch:
        return self.touch_at(event.position(), erases=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))


def mask_pixels(mask: NDArray[np.bool_], *, colour: str) -> NDArray[np.uint8]:
    """Return a mask as pixels of one colour, (h, w, 4), transparent where it is False."""
    shade = QColor(colour)
    table = np.array([[0, 0, 0, 0], [shade.red(), shade.green(), shade.blue(), 255]], np.uint8).view(np.uint32)[:, 0]
    return np.take(table, mask.view(np.uint8)).view(np.uint8).reshape(*mask.shape, 4)


def line_pixels(lines: LineMask, *, colour: str) -> NDArray[np.uint8]:
    """Return a line mask as pixels of one colour, (512, 512, 4), fainter where it repaints only in part."""
    pixels = mask_pixels(lines.mask, colour=colour)
    if lines.shares is not None:
        pixels[..., 3] = lines.shares
    return pixels


def _chequered() -> QImage:
    image = QImage(2 * _CHECK, 2 * _CHECK, QImage.Format.Format_RGB32)
    image.fill(QColor("#3b3f46"))
    painter = QPainter(image)
    for x, y in _corners():
        painter.fillRect(x, y, _CHECK, _CHECK, QColor("#43474f"))
    painter.end()
    return image


def _corners() -> Iterable[tuple[int, int]]:
    return ((0, 0), (_CHECK, _CHECK))
