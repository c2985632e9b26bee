"""Five steps through the window: each lights up one part of it and says what it is for; the buttons keep their place.

The tour may begin before there is much to see. A step that speaks of something that is still being made says so below
its words, and no longer once it is there; nobody has to wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from paic3d_studio.gui import theme
from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import label

_ROUND: Final = 8.0
_MARGIN: Final = 14
_BUBBLE: Final = 380
_KEYS: Final = (
    Qt.Key.Key_Escape,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Right,
    Qt.Key.Key_Left,
    Qt.Key.Key_Space,
)


@dataclass(frozen=True)
class Step:
    """One stop: what is lit up, by object name, a title, and what there is to say.

    `shows` is the artefact that the step speaks of, "" for none, and `coming` what is said until it is there.
    """

    target: str
    title: str
    words: str
    shows: str = ""
    coming: str = ""


STEPS: Final = (
    Step(
        "imagePanel",
        "Your picture",
        "Inside the teal hulls your lines stay as you drew them. Pink marks the lines that will be repainted. Drag a "
        "corner, an edge or the inside of a hull to change it.",
        shows="line_mask",
        coming="Hulls and lines appear here in a moment.",
    ),
    Step(
        "toolRail",
        "The tools",
        "Brush and eraser mend the line mask, the cut-out brush mends what belongs to the character. If the face was "
        "not found, the last tool places it by hand. Every stroke is one step of undo.",
    ),
    Step(
        "viewportPanel",
        "The head",
        "Drag to turn it, use the wheel to zoom. With the pointer here, F, S and B show front, side and back. The menu "
        "above chooses what is shown, from colours to the mesh.",
        shows="volume",
        coming="The head appears here in a moment. You need not wait for it.",
    ),
    Step(
        "stageStrip",
        "What happens in between",
        "Each step of the method with the time it took. An edit runs only what it changed, and going back by a few "
        "steps runs nothing again.",
        shows="volume",
        coming="They are running for the first time now.",
    ),
    Step(
        "header",
        "Keep and export",
        "Ctrl+S keeps picture and edits in one project file; unsaved edits survive a crash. Export writes a textured "
        "head that opens in Blender the right way up.",
        shows="volume",
        coming="The head itself is still being made: it appears on the right in a moment.",
    ),
)


class Tour(QWidget):
    """Covers the window's inside; everything but the part that it speaks of is dimmed. Esc skips the rest."""

    ended = Signal()

    def __init__(
        self, parent: QWidget, *, is_there: Callable[[str], bool] = lambda _: True, steps: Sequence[Step] = STEPS
    ) -> None:
        """Lead through `parent`; `is_there` says of an artefact whether it is shown already."""
        super().__init__(parent)
        self._is_there = is_there
        self._over = parent
        self.setObjectName("tour")
        self.setAccessibleName(text("A tour of the window"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._steps = [step for step in steps if parent.findChild(QWidget, step.target) is not None]
        self._index = 0
        self._bubble = QFrame(self)
        self._bubble.setObjectName("bubble")
        self._title = label(role="card-title")
        self._words = label(role="soft", wrap=True)
        self._coming = label(role="coming", wrap=True)
        self._count = label(role="faint")
        self._skip, self._back, self._next = (QPushButton(text(word)) for word in ("Skip", "Back", "Next"))
        self._skip.setProperty("role", "quiet")
        self._next.setProperty("role", "primary")
        self._skip.clicked.connect(self.end)
        self._back.clicked.connect(self.go_back)
        self._next.clicked.connect(self.go_on)
        self._lay_out()
        parent.installEventFilter(self)

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self._steps[self._index]

    @property
    def coming(self) -> str:
        """What is said of something that is not there yet; "" when it is."""
        step = self.step
        return text(step.coming) if step.shows and not self._is_there(step.shows) else ""

    def look_again(self) -> None:
        """Say no longer that something is still to come, once it is there."""
        if self.isVisible() and self._coming.text() != self.coming:
            self._show_step()

    def begin(self) -> None:
        """Show the first step."""
        self._index = 0
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()
        self.setFocus()
        self._show_step()

    def go_on(self) -> None:
        """Show the next step; after the last one the tour ends."""
        if self._index + 1 == len(self._steps):
            self.end()
        else:
            self._index += 1
            self._show_step()

    def go_back(self) -> None:
        """Show the step before."""
        self._index = max(self._index - 1, 0)
        self._show_step()

    def end(self) -> None:
        """Leave the tour."""
        self.hide()
        self.ended.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 Qt's name
        """Keep the pointer from what lies below, and the keys here."""
        event.accept()
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def event(self, event: QEvent) -> bool:
        """Take the keys of the tour before the window's shortcuts see them."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt's name
        """Esc skips, Enter, Space and Right go on, Left goes back."""
        match event.key():
            case Qt.Key.Key_Escape:
                self.end()
            case Qt.Key.Key_Left:
                self.go_back()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Right | Qt.Key.Key_Space:
                self.go_on()
            case _:
                super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Follow the parent's size."""
        if watched is self._over and event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._over.rect())
            self._place()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 Qt's name
        """Dim everything but the part that is spoken of."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit, all_of_it = QPainterPath(), QPainterPath()
        lit.addRoundedRect(QRectF(self._lit()), _ROUND, _ROUND)
        all_of_it.addRect(QRectF(self.rect()))
        painter.fillPath(all_of_it.subtracted(lit), QColor(0, 0, 0, 150))
        painter.setPen(QPen(QColor(theme.ACCENT), 2))
        painter.drawPath(lit)
        painter.end()

    def _rect_of(self, step: Step) -> QRect:
        target = self._over.findChild(QWidget, step.target)
        return QRect() if target is None else QRect(target.mapTo(self._over, QPoint(0, 0)), target.size())

    def _lit(self) -> QRect:
        return self._rect_of(self.step).adjusted(2, 2, -2, -2).intersected(self.rect().adjusted(2, 2, -2, -2))

    def _show_step(self) -> None:
        last = self._index + 1 == len(self._steps)
        self._title.setText(text(self.step.title))
        self._words.setText(text(self.step.words))
        self._coming.setText(self.coming)
        self._coming.setVisible(bool(self.coming))
        self._count.setText(f"{self._index + 1} / {len(self._steps)}")
        self._back.setEnabled(self._index > 0)
        self._skip.setVisible(not last)
        self._next.setText(text("Done") if last else text("Next"))
        self.setAccessibleDescription(f"{self._title.text()}. {self._words.text()} {self.coming}".strip())
        self._place()
        self.update()

    def _place(self) -> None:
        """Put the bubble where its buttons are in every step: in the middle, low down, above the strip of stages."""
        layout = self._bubble.layout()
        assert layout is not None
        layout.activate()
        width = max(min(_BUBBLE, self.width() - 2 * _MARGIN), layout.totalMinimumSize().width())
        self._bubble.resize(width, layout.totalHeightForWidth(width))
        size = self._bubble.size()
        inside = self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        bottom = min(self._foot() - _MARGIN, inside.bottom())
        self._bubble.move(inside.center().x() - size.width() // 2, max(inside.top(), bottom - size.height()))

    def _foot(self) -> int:
        """Return the top of the uppermost part in the lower third that any step lights up, else the window's edge."""
        tops = [self._rect_of(step).top() for step in self._steps]
        return min((top for top in tops if top > 2 * self.height() // 3), default=self.height())

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self._count)
        buttons.addStretch(1)
        for button in (self._skip, self._back, self._next):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(button.text())
            buttons.addWidget(button)
        rows = QVBoxLayout(self._bubble)
        rows.setContentsMargins(18, 16, 16, 14)
        rows.setSpacing(8)
        rows.addWidget(self._title)
        rows.addWidget(self._words)
        rows.addWidget(self._coming)
        rows.addSpacing(4)
        rows.addLayout(buttons)
