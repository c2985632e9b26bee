"""Small building blocks that the panels share: labels with a role, separators, sections, rows of a form."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from paic3d_studio.gui import language
from paic3d_studio.gui.icons import icon


def label(text: str = "", *, role: str = "", wrap: bool = False) -> QLabel:
    """Return a label in the artist's language.

    `role` picks its look in the theme: title, heading, card-title, empty-title, soft, faint, bad, key.
    """
    made = QLabel(language.text(text))
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


class ElidedLabel(QLabel):
    """A label that shortens what does not fit (in the middle, as file names want) and tells the whole in its tip."""

    def __init__(
        self, text: str = "", *, role: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle
    ) -> None:
        super().__init__()
        self._mode = mode
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:  # noqa: N802 Qt's name
        """Show `text`, shortened where it does not fit."""
        super().setText(text)
        self.setAccessibleName(text)
        self._tell_whole()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """Any width will do."""
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 Qt's name
        """Draw the shortened text."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        shown = QFontMetrics(self.font()).elidedText(self.text(), self._mode, self.width())
        painter.drawText(self.rect(), int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), shown)
        painter.end()

    def _tell_whole(self) -> None:
        self.setToolTip(self.text() if len(self.text()) > 24 else "")


def pane_header() -> tuple[QFrame, QHBoxLayout]:
    """Return the strip above a pane and the line its buttons go into; the same height above every pane."""
    head = QFrame()
    head.setObjectName("panelHeader")
    head.setFixedHeight(40)
    line = QHBoxLayout(head)
    line.setContentsMargins(8, 0, 8, 0)
    line.setSpacing(4)
    return head, line


def separator(*, vertical: bool = False) -> QFrame:
    """Return a thin line between groups."""
    line = QFrame()
    line.setObjectName("separatorV" if vertical else "separator")
    return line


def tool_button(action: QAction, *, text: bool = False, size: int = 20) -> QToolButton:
    """Return a flat button for an action, as an icon or with its text."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(size, size))
    button.setToolButtonStyle(
        Qt.ToolButtonStyle.ToolButtonTextBesideIcon if text else Qt.ToolButtonStyle.ToolButtonIconOnly
    )
    button.setAccessibleName(action.text().replace("…", ""))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAutoRaise(True)
    return button


def icon_button(name: str, *, tip: str, size: int = 16) -> QToolButton:
    """Return a flat button that shows one icon and is known to screen readers by its tip."""
    button = QToolButton()
    button.setIcon(icon(name))
    button.setIconSize(QSize(size, size))
    button.setToolTip(language.text(tip))
    button.setAccessibleName(language.text(tip))
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


class Section(QWidget):
    """A titled group of a side panel that folds away."""

    def __init__(self, title: str, *, open_at_start: bool = True) -> None:
        super().__init__()
        self._head = QToolButton()
        self._head.setText(language.text(title))
        self._head.setCheckable(True)
        self._head.setChecked(open_at_start)
        self._head.setProperty("role", "disclosure")
        self._head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._head.setIconSize(QSize(14, 14))
        self._head.setAccessibleName(language.text(title))
        self._head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setObjectName("row")
        self._body = QWidget()
        self._body.setObjectName("row")
        self.rows = QVBoxLayout(self._body)
        self.rows.setContentsMargins(4, 6, 0, 8)
        self.rows.setSpacing(8)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 8, 12, 4)
        outer.setSpacing(0)
        outer.addWidget(self._head)
        outer.addWidget(self._body)
        self._head.toggled.connect(self._fold)
        self._fold(open_at_start)

    @property
    def unfolded(self) -> bool:
        """Whether the rows are shown."""
        return self._head.isChecked()

    @unfolded.setter
    def unfolded(self, shown: bool) -> None:
        self._head.setChecked(shown)

    def _fold(self, shown: bool) -> None:
        self._head.setIcon(icon("chevron-down" if shown else "chevron-right"))
        self._body.setVisible(shown)


class Form(QWidget):
    """Rows of a name and a control, aligned in two columns."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("row")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(1, 1)

    def add(self, name: str, control: QWidget, *, tip: str = "") -> None:
        """Add a row; the name is the control's accessible name as well."""
        text = label(name, role="soft")
        text.setBuddy(control)
        text.setMinimumWidth(78)
        control.setAccessibleName(language.text(name))
        for widget in (text, control):
            widget.setToolTip(language.text(tip))
        row = self._grid.rowCount()
        self._grid.addWidget(text, row, 0)
        self._grid.addWidget(control, row, 1)


def row(*widgets: QWidget | None, spacing: int = 6) -> QWidget:
    """Return widgets side by side; None stands for the stretch between them."""
    made = QWidget()
    made.setObjectName("row")
    line = QHBoxLayout(made)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            line.addStretch(1)
        else:
            line.addWidget(widget)
    return made
