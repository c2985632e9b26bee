"""What a tool draws over the picture: the brush's ring, the trail of a stroke, the places of a face."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF, Qt, QVariantAnimation
from PySide6.QtGui import QBrush, QColor, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsItem, QGraphicsPathItem, QGraphicsRectItem

from paic3d_studio.core.lines import Stroke
from paic3d_studio.core.region_file import Rectangle
from paic3d_studio.gui import theme
from paic3d_studio.project.state import Point

_ERASES: Final = "#ffffff"
_FADES: Final = 900
"""Milliseconds in which the trail of a stroke goes: its effect may be far away, or none."""


class PointerMarks:
    """Items in a pyqtgraph ViewBox, in picture pixels; none of them takes the pointer."""

    def __init__(self, box: Any) -> None:
        self._box = box
        self._ring = QGraphicsEllipseItem()
        self._core = QGraphicsEllipseItem()
        self._trail = QGraphicsPathItem()
        self._fading = QVariantAnimation(box)  # it must not outlive what it fades
        self._fading.setDuration(_FADES)
        self._fading.setStartValue(1.0)
        self._fading.setEndValue(0.0)
        self._fading.valueChanged.connect(self._trail.setOpacity)
        self._fading.finished.connect(self._trail.hide)
        self._places: list[QGraphicsEllipseItem] = []
        pen = QPen(QColor(_ERASES), 1.4)
        pen.setCosmetic(True)
        self._ring.setPen(pen)
        dashed = QPen(QColor(255, 255, 255, 150), 1.0, Qt.PenStyle.DashLine)
        dashed.setCosmetic(True)
        self._core.setPen(dashed)
        self._rectangle = QGraphicsRectItem()
        self._rectangle.setPen(pen)
        for item, height in ((self._ring, 30), (self._core, 30), (self._trail, 24), (self._rectangle, 24)):
            self._add(item, height=height)
            item.hide()

    def show_ring(self, centre: Point, *, radius: float, colour: str, erases: bool, hardness: float = 1.0) -> None:
        """Show how far the brush reaches, by the colour what it does, and how far it paints in full."""
        core = radius * hardness
        self._core.setRect(QRectF(centre[0] - core, centre[1] - core, 2 * core, 2 * core))
        self._core.setVisible(hardness < 1)
        pen = self._ring.pen()
        pen.setColor(QColor(_ERASES if erases else colour))
        self._ring.setPen(pen)
        self._ring.setRect(QRectF(centre[0] - radius, centre[1] - radius, 2 * radius, 2 * radius))
        self._ring.show()

    def hide_ring(self) -> None:
        """Show no brush."""
        self._ring.hide()
        self._core.hide()

    def show_trail(self, stroke: Stroke) -> None:
        """Show a stroke whose effect follows later."""
        shade = theme.UNSURE if stroke.unsure else theme.KEEP if stroke.adds else _ERASES
        path = QPainterPath(QPointF(*stroke.points[0]))
        for x, y in (*stroke.points[1:], stroke.points[-1]):
            path.lineTo(x, y)
        colour = QColor(shade)
        colour.setAlphaF(0.5)
        ends, joins = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        self._trail.setPen(QPen(colour, 2 * stroke.radius, Qt.PenStyle.SolidLine, ends, joins))
        self._fading.stop()
        self._trail.setOpacity(1.0)
        self._trail.setPath(path)
        self._trail.show()

    def fade_trail(self) -> None:
        """Let the stroke go slowly, so that it is seen that something was painted even where nothing changes."""
        if self._trail.isVisible():
            self._fading.start()

    def hide_trail(self) -> None:
        """Show no stroke."""
        self._fading.stop()
        self._trail.hide()

    def show_rectangle(self, rectangle: Rectangle | None) -> None:
        """Show a rectangle of picture pixels, or none."""
        self._rectangle.setVisible(rectangle is not None)
        if rectangle is not None:
            left, top, right, bottom = rectangle
            self._rectangle.setRect(QRectF(left, top, right - left, bottom - top))

    def show_places(self, places: Iterable[Point]) -> None:
        """Show these places and no others, in a size that no zoom changes."""
        for item in self._places:
            self._box.removeItem(item)
        self._places = [self._new_place(place) for place in places]

    def _new_place(self, place: Point) -> QGraphicsEllipseItem:
        item = QGraphicsEllipseItem(QRectF(-7, -7, 14, 14))
        item.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        item.setPen(QPen(QColor("#ffffff"), 2))
        fill = QColor(theme.ACCENT_FILL)
        fill.setAlphaF(0.8)
        item.setBrush(QBrush(fill))
        item.setPos(QPointF(*place))
        self._add(item, height=25)
        return item

    def _add(self, item: QGraphicsItem, *, height: int) -> None:
        item.setZValue(height)
        item.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._box.addItem(item, ignoreBounds=True)
