"""The divider between field and mesh in the 3D view: a line with a grip to drag, and a word on each side."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from paic3d_studio.gui.language import text

_REACH: Final = 200
"""Width of the widget, in pixels: the line in its middle, and the words beside it."""

_GRIP: Final = 9
"""The divider is grabbed within this many pixels."""

_LEAST: Final = 0.04
"""Share of the width that stays on each side."""


class SplitHandle(QWidget):
    """Lies over the 3D view while that is split; follows its size."""

    moved = Signal(float)
    """Share of the width left of the divider."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self._grabbed_at: float | None = None
        self.share = 0.5
        """Share of the width left of the divider."""
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(text("Divider between field and mesh"))
        self.setAccessibleDescription(text("Left and right arrow keys move it"))
        view.installEventFilter(self)
        self.hide()

    def show_at(self, share: float) -> None:
        """Put the divider at a share of the width, and tell of it."""
        self.share = min(max(share, _LEAST), 1 - _LEAST)
        self._place()
        self.show()
        self.raise_()
        self.moved.emit(self.share)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Grab the divider; beside it the view hears the press."""
        if event.button() == Qt.MouseButton.LeftButton and self._is_near(event.position()):
            self._grabbed_at = event.position().x() - self.width() / 2
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Move what was grabbed."""
        if self._grabbed_at is None:
            near = self._is_near(event.position())
            self.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.ArrowCursor)
            event.ignore()
            return
        place = self.mapTo(self._view, event.position()).x() - self._grabbed_at
        self.show_at(place / max(1, self._view.width()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Let go."""
        if self._grabbed_at is None:
            event.ignore()
        self._grabbed_at = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Bring the divider back to the middle."""
        if self._is_near(event.position()):
            self.show_at(0.5)
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Move the divider by a hundredth of the width, with Shift by a tenth."""
        step = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.01
        match event.key():
            case Qt.Key.Key_Left:
                self.show_at(self.share - step)
            case Qt.Key.Key_Right:
                self.show_at(self.share + step)
            case _:
                super().keyPressEvent(event)

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 Qt's name
        """Draw line, grip and words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, height = self.width() / 2, self.height()
        for colour, width in ((QColor(0, 0, 0, 110), 3.0), (QColor(255, 255, 255, 220), 1.2)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(middle, 0), QPointF(middle, height))
        grip = QRectF(middle - 5, height / 2 - 18, 10, 36)
        painter.setPen(QPen(QColor(0, 0, 0, 110), 1.0))
        painter.setBrush(QColor(255, 255, 255, 235) if not self.hasFocus() else QColor(140, 175, 255))
        painter.drawRoundedRect(grip, 5, 5)
        painter.setPen(QPen(QColor(60, 66, 76), 1.2))
        for away in (-1.8, 1.8):
            painter.drawLine(QPointF(middle + away, height / 2 - 6), QPointF(middle + away, height / 2 + 6))
        for word, is_left in ((text("Field"), True), (text("Mesh"), False)):
            self._paint_word(painter, word, is_left=is_left)
        painter.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Follow the view's size."""
        if watched is self._view and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _paint_word(self, painter: QPainter, word: str, *, is_left: bool) -> None:
        """Say what lies on one side of the line, where there is room for it."""
        width = painter.fontMetrics().horizontalAdvance(word) + 18
        middle = self.width() / 2
        box = QRectF(middle - 10 - width if is_left else middle + 10, 12, width, 22)
        if self.x() + box.left() < 0 or self.x() + box.right() > self._view.width():
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(12, 16, 22, 190))
        painter.drawRoundedRect(box, 11, 11)
        painter.setPen(QColor(226, 232, 240))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, word)

    def _is_near(self, position: QPointF) -> bool:
        return abs(position.x() - self.width() / 2) <= _GRIP

    def _place(self) -> None:
        middle = round(self.share * self._view.width())
        self.setGeometry(middle - _REACH // 2, 0, _REACH, self._view.height())
