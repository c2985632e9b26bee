"""The divider between before and after as it is drawn, with a grip and two words."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsLineItem, QStyleOptionGraphicsItem, QWidget

from paic3d_studio.core.artefacts import ALIGNED_SIZE
from paic3d_studio.gui import theme
from paic3d_studio.gui.language import text

_GRIP: Final = 11.0
_WORDS: Final = ("Before", "After")


class SwipeDivider:
    """A line over the square in a pyqtgraph ViewBox, with a grip that keeps its size; takes no pointer."""

    def __init__(self, box: Any) -> None:
        self._line = QGraphicsLineItem(0, 0, 0, ALIGNED_SIZE)
        pen = QPen(QColor("#ffffff"), 1.6)
        pen.setCosmetic(True)
        self._line.setPen(pen)
        self._line.setZValue(28)
        self._grip = _Grip(self._line)
        self._grip.setPos(QPointF(0, ALIGNED_SIZE / 2))
        self._words = _Words(self._line)
        self._words.setPos(QPointF(0, 0))
        for item in (self._line, self._grip, self._words):
            item.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        box.addItem(self._line, ignoreBounds=True)
        self._line.hide()

    def show_at(self, place: float | None, *, hot: bool = False) -> None:
        """Show the divider at `place`, aligned pixels; None hides it."""
        self._line.setVisible(place is not None)
        if place is not None:
            self._line.setPos(QPointF(place, 0))
            self._grip.set_hot(hot)


class _Grip(QGraphicsItem):
    """A round handle with an arrow to each side, the same size at every zoom."""

    def __init__(self, parent: QGraphicsItem) -> None:
        super().__init__(parent)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self._hot = False

    def set_hot(self, hot: bool) -> None:
        """Light up under the pointer."""
        if hot != self._hot:
            self._hot = hot
            self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """The handle with its rim."""
        return QRectF(-_GRIP - 2, -_GRIP - 2, 2 * _GRIP + 4, 2 * _GRIP + 4)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:  # noqa: ARG002
        """Draw the handle."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.ACCENT if self._hot else "#20242b"), 1.5))
        painter.setBrush(QColor("#ffffff"))
        painter.drawEllipse(QPointF(0, 0), _GRIP, _GRIP)
        painter.setPen(QPen(QColor("#20242b"), 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        arrows = QPainterPath()
        for side in (-1, 1):
            arrows.moveTo(side * 3.0, -3.4)
            arrows.lineTo(side * 6.4, 0)
            arrows.lineTo(side * 3.0, 3.4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(arrows)


class _Words(QGraphicsItem):
    """What lies on either side, at the top of the divider."""

    def __init__(self, parent: QGraphicsItem) -> None:
        super().__init__(parent)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """Both words."""
        return QRectF(-80, 0, 160, 34)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:  # noqa: ARG002
        """Draw both words on dark plates."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setPointSizeF(8.5)
        painter.setFont(font)
        for side, word in zip((-1, 1), _WORDS, strict=True):
            word = text(word)
            width = painter.fontMetrics().horizontalAdvance(word) + 14
            plate = QRectF(8 if side > 0 else -8 - width, 8, width, 20)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(19, 21, 24, 200))
            painter.drawRoundedRect(plate, 4, 4)
            painter.setPen(QColor("#e6e9ee"))  # the plates are dark in both themes
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, word)
