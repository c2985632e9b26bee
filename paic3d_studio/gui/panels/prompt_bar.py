"""A question above the picture, with its steps, while the artist places the face by hand."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from paic3d_studio.gui import theme
from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import label


class PromptBar(QFrame):
    """Asks for one click after the other."""

    left = Signal()
    stepped_back = Signal()
    answered = Signal()
    """A place was clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("promptBar")
        self.setAccessibleName(text("Where is the face?"))
        self._steps = _Steps(3)
        self._question = label(role="title", wrap=True)
        self._question.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._back = QPushButton(text("Back"))
        self._back.setToolTip(text("Take the last click back  (right click)"))
        self._back.clicked.connect(self.stepped_back)
        self._leave = QPushButton(text("Cancel"))
        self._leave.setToolTip(text("Leave the face as it is  (Esc)"))
        self._leave.clicked.connect(self.left)
        line = QHBoxLayout(self)
        line.setContentsMargins(14, 8, 10, 8)
        line.setSpacing(10)
        line.addWidget(self._steps, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self._question, 1)
        line.addWidget(self._back)
        line.addWidget(self._leave)

    @property
    def question(self) -> str:
        """What is asked now."""
        return self._question.text()

    def ask(self, question: str, *, step: int, can_leave: bool) -> None:
        """Ask `question`, the step counted from 0."""
        self._question.setText(text(question))
        self._steps.set_step(step)
        self._back.setVisible(step > 0)
        self._leave.setVisible(can_leave)
        self.setAccessibleDescription(text(question))
        self.show()


class _Steps(QWidget):
    """Dots: done, current, to come."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self._step = 0
        self.setFixedSize(14 * count, 12)

    def set_step(self, step: int) -> None:
        """Say which step is asked for now."""
        self._step = step
        self.setAccessibleName(text("Step {step} of {count}", step=step + 1, count=self._count))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 Qt's name
        """Draw the dots."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for index in range(self._count):
            colour = QColor(theme.ACCENT if index <= self._step else theme.TEXT_FAINT)
            radius = 4.5 if index == self._step else 3.0
            painter.setBrush(colour)
            x, y = 14 * index + 7, 6
            painter.drawEllipse(int(x - radius), int(y - radius), int(2 * radius), int(2 * radius))
        painter.end()
