"""Words over the 3D view: the invitation of an empty one, and short captions."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from paic3d_studio.viewport.canvas import BACKGROUNDS

_TEXT: Final = "#e2e8f0"
_TEXT_SOFT: Final = "#aeb8c6"
"""Colours of words on the dark ground; it is dark in both themes, as behind the head."""


class ViewportNotice(QWidget):
    """Words over the picture; pointer events pass through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.text = ""
        self.more = ""
        self._is_whole_view = False
        self._middle = 24.0  # of a caption, in pixels from the top

    def say(self, text: str, *, more: str = "", is_whole_view: bool, below_labels: bool = False) -> None:
        """Show `text`: large under a silhouette, in place of the view and with `more` below, or small at the top edge.

        Messages come up at the lower one, and the two sides of a split view have their labels at the top: it stands
        `below_labels` then. "" hides it.
        """
        self.text, self.more, self._is_whole_view = text, more, is_whole_view
        self._middle = 56.0 if below_labels else 24.0
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
        ground = QLinearGradient(0.0, 0.0, 0.0, self.height())
        ground.setColorAt(0.0, QColor.fromRgbF(*BACKGROUNDS["plain"].top))
        ground.setColorAt(1.0, QColor.fromRgbF(*BACKGROUNDS["plain"].bottom))
        painter.fillRect(self.rect(), ground)
        middle = QPointF(self.rect().center())
        unit = min(self.width(), self.height(), 640) / 6.0
        pen = QPen(QColor(150, 175, 205, 130), max(1.5, unit / 26.0), Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(140, 165, 195, 26))
        painter.drawPath(_bust(middle - QPointF(0.0, unit * 0.7), unit))
        font = painter.font()
        font.setPointSizeF(max(11.0, min(18.0, unit / 5.0)))
        painter.setFont(font)
        painter.setPen(QColor(_TEXT))
        room = QRectF(24.0, middle.y() + unit * 1.3, self.width() - 48.0, self.height())
        centred = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
        taken = painter.boundingRect(room, centred, self.text)
        painter.drawText(room, centred, self.text)
        painter.setFont(self.font())
        painter.setPen(QColor(_TEXT_SOFT))
        painter.drawText(room.adjusted(0.0, taken.height() + 8.0, 0.0, 0.0), centred, self.more)

    def _paint_caption(self, painter: QPainter) -> None:
        line = painter.fontMetrics().height()
        words = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        taken = painter.boundingRect(QRectF(0.0, 0.0, self.width() - 48.0, self.height()), words, self.text)
        box = QRectF(0.0, self._middle - line / 2.0 - 6.0, taken.width() + 24.0, taken.height() + 12.0)
        box.moveLeft((self.width() - box.width()) / 2.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(12, 16, 22, 190))
        painter.drawRoundedRect(box, line / 2.0 + 6.0, line / 2.0 + 6.0)
        painter.setPen(QColor(_TEXT))
        painter.drawText(box.adjusted(12.0, 6.0, -12.0, -6.0), words, self.text)


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
