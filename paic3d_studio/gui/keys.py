"""Where keys go: to the pane under the pointer, and past a number that nobody is typing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QCursor, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QDoubleSpinBox, QSpinBox, QWidget

_Number = QSpinBox | QDoubleSpinBox


class _FocusFollows(QObject):
    """Gives a pane's view the keys as soon as the pointer is over it; what was typed elsewhere takes effect."""

    def __init__(self, view: QWidget, *, pane: QWidget, surface: QWidget) -> None:
        super().__init__(view)
        self._view, self._pane, self._surface = view, pane, surface
        pane.installEventFilter(self)
        surface.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Take the keys; the event goes on."""
        match event.type():
            case QEvent.Type.Enter:
                wants = True
            case QEvent.Type.MouseMove:  # back from a bar that floats over the view: nothing is entered then
                wants = watched is self._surface and self._pane.isAncestorOf(QApplication.focusWidget() or self._view)
            case QEvent.Type.WindowActivate:  # a dialog has gone, which the pointer had been over
                wants = watched is self._pane and self._is_under_pointer()
            case _:
                wants = False
        if wants and self._view.isActiveWindow() and not self._view.hasFocus():
            self._view.setFocus(Qt.FocusReason.MouseFocusReason)
        return False

    def _is_under_pointer(self) -> bool:
        found = QApplication.widgetAt(QCursor.pos())
        return found is not None and (found is self._pane or self._pane.isAncestorOf(found))


def let_keys_follow_pointer(view: QWidget, *, pane: QWidget, surface: QWidget | None = None) -> None:
    """Let keys go to `view` while the pointer is over its `pane`; `surface` is what hears the pointer over the view."""
    _FocusFollows(view, pane=pane, surface=surface or view)


class _UndoGuard(QObject):
    """Keeps a field's own undo from what was never typed into it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Let the window have undo and redo."""
        overrides = isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride
        if overrides and isinstance(watched, _Number) and not watched.lineEdit().isModified() and _is_undo(event):
            event.ignore()
            return True
        return False


def _is_undo(event: QEvent) -> bool:
    standard = QKeySequence.StandardKey
    return isinstance(event, QKeyEvent) and (event.matches(standard.Undo) or event.matches(standard.Redo))


def leave_undo(number: _Number) -> None:
    """Let undo and redo take back edits of the project while `number` has the keys, unless it is being typed."""
    number.installEventFilter(_UndoGuard(number))
    number.editingFinished.connect(lambda: number.lineEdit().setModified(False))
