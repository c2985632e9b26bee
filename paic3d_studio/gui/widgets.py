"""Small building blocks that the panels share: labels with a role, separators, sections, rows of a form."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
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

_LONGEST_WORD: Final = 36
_LONG_WORD: Final = re.compile(rf"[^\s/\\\u2e80-\uffff]{{{_LONGEST_WORD + 1},}}")
"""What no label breaks into two lines; words of the far east are broken anywhere."""


class _WheelGuard(QObject):
    """Keeps the wheel from a control that has not the focus: it passes under the pointer while a panel scrolls."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Let the panel have the wheel."""
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def leave_the_wheel(control: QWidget) -> None:
    """Let the wheel scroll the panel that `control` stands in, unless it was clicked or tabbed into."""
    if control.focusPolicy() is Qt.FocusPolicy.WheelFocus:
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.installEventFilter(_WheelGuard(control))


def label(text: str = "", *, role: str = "", wrap: bool = False) -> QLabel:
    """Return a label in the artist's language.

    `role` picks its look in the theme: title, heading, card-title, empty-title, soft, faint, coming,
    bad, key.
    """
    made = QLabel(language.text(text))
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def without_long_words(words: str) -> str:
    """Return `words` with what no line holds, such as the name of a file, shortened in the middle."""
    ahead, behind = _LONGEST_WORD // 2, _LONGEST_WORD - _LONGEST_WORD // 2 - 1
    return _LONG_WORD.sub(lambda word: f"{word[0][:ahead]}…{word[0][-behind:]}", words)


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


class PaneHeader(QFrame):
    """The strip above a pane, the same height above every pane.

    Where the pane is too narrow for all of its buttons, those that can be spared go: menus and keys have them as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panelHeader")
        self.setFixedHeight(40)
        self._spared: list[QWidget] = []
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(8, 0, 8, 0)
        self._line.setSpacing(4)
        self._line.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)

    def add(self, widget: QWidget, *, spared: bool = False) -> None:
        """Put a widget at the end; of those that can be `spared` the last one goes first."""
        self._line.addWidget(widget)
        if spared:
            self._spared.append(widget)

    def add_stretch(self) -> None:
        """Put what comes from here on at the right end."""
        self._line.addStretch(1)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """What is left when all that can be spared has gone."""
        return QSize(sum(self._room_for(widget) for widget in self._kept()) + 24, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt's name
        """Show as many buttons as there is room for."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Look again when a button became wider."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        room = self.width() - self.minimumSizeHint().width()
        for widget in self._spared:
            room -= self._room_for(widget)
            if widget.isHidden() != (room < 0):
                widget.setHidden(room < 0)

    def _room_for(self, widget: QWidget) -> int:
        return max(widget.sizeHint().width(), widget.minimumWidth()) + self._line.spacing()

    def _kept(self) -> list[QWidget]:
        inside = [item for place in range(self._line.count()) if (item := self._line.itemAt(place)) is not None]
        return [widget for item in inside if (widget := item.widget()) is not None and widget not in self._spared]


class FloatingBar(QFrame):
    """What a tool shows over the top of the picture; it lays itself out so that a narrow pane can stay narrow."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("floatingBar")

    def fit(self, room: int) -> None:
        """Choose the layout that is at most `room` pixels wide, if there is one."""
        raise NotImplementedError


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

    @property
    def names_width(self) -> int:
        """Pixels that the widest name takes."""
        names = (self._grid.itemAtPosition(row, 0) for row in range(self._grid.rowCount()))
        return max((name.sizeHint().width() for name in names if name is not None), default=0)

    def leave_for_names(self, width: int) -> None:
        """Let the controls begin behind `width` pixels for the names."""
        self._grid.setColumnMinimumWidth(0, width)


def align_forms(*forms: Form) -> None:
    """Let the controls of forms that stand above each other begin in one line."""
    width = max(form.names_width for form in forms)
    for form in forms:
        form.leave_for_names(width)


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
