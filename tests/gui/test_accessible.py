"""Whoever cannot see the window, or works by keys alone, finds everything by its name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QScrollBar,
    QTabWidget,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.about import AboutDialog
from paic3d_studio.gui.help_texts import KeysDialog
from paic3d_studio.gui.log_dialog import LogDialog
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.queue_window import QueueWindow

KINDS = (
    QAbstractButton, QAbstractSlider, QComboBox, QAbstractSpinBox, QLineEdit, QPlainTextEdit, QAbstractItemView,
    QTabWidget, QProgressBar,
)  # fmt: skip


def is_part_of_another(widget: QWidget) -> bool:
    """Whether a widget is what Qt builds another one of: the field of a spin box, the list of a combo box."""
    parent = widget.parentWidget()
    if isinstance(widget, QScrollBar) or widget.objectName().startswith("qt_"):
        return True
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractSpinBox | QMenu):
            return True
        parent = parent.parentWidget()
    return False


def nameless(root: QWidget) -> list[str]:
    """Everything in `root` that takes keys or the pointer and has no name, by class, parent and tool tip."""
    found = []
    for widget in root.findChildren(QWidget):
        takes_keys = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and isinstance(widget, KINDS)
        if not (takes_keys or isinstance(widget, KINDS)) or widget.isHidden() or is_part_of_another(widget):
            continue
        written = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not (widget.accessibleName() or written):
            parent = type(widget.parentWidget()).__name__
            found.append(f"{type(widget).__name__} in {parent} ({widget.toolTip() or widget.objectName()})")
    return found


def test_every_control_of_the_window_has_a_name(studio: MainWindow) -> None:
    studio.image.choose_tool("place-face")  # its questions are part of the window
    assert nameless(studio) == []
    for pane in (studio.image.view, studio.head.viewport):
        assert pane.accessibleName()


@pytest.fixture
def dialogs(studio: MainWindow, tmp_path: Path) -> Iterator[list[QWidget]]:
    studio.exporting.ask()
    export = studio.exporting.dialog
    assert export is not None
    queue = QueueWindow(preferences=Preferences(tmp_path / "queue.ini"))
    opened = [export, KeysDialog(studio), AboutDialog(studio), LogDialog(studio), queue]
    yield opened
    export.reject()
    queue.join(seconds=5)
    for dialog in opened[1:]:
        dialog.deleteLater()


def test_every_control_of_every_dialog_has_a_name(dialogs: list[QWidget]) -> None:
    assert {type(dialog).__name__: nameless(dialog) for dialog in dialogs if nameless(dialog)} == {}
    assert [
        type(dialog).__name__ for dialog in dialogs if isinstance(dialog, QDialog) and not dialog.windowTitle()
    ] == []


def test_every_key_is_shown_in_a_menu_or_a_tool_tip(qtbot: QtBot, studio: MainWindow) -> None:
    in_menus = {id(action) for menu in studio.findChildren(QMenu) for action in menu.actions()}
    hidden = []
    for action in studio.findChildren(QAction):
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        if keys and id(action) not in in_menus and keys not in action.toolTip():
            hidden.append((action.text(), keys))
    assert hidden == []


def test_every_button_of_an_action_with_a_key_tells_the_key(studio: MainWindow) -> None:
    silent = []
    for button in studio.findChildren(QToolButton):
        action = button.defaultAction()
        if action is not None and not action.shortcut().isEmpty():
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            if not button.toolTip().endswith((f"({keys})", f"({keys}, over the picture)")):
                silent.append((action.text(), button.toolTip()))
    assert silent == []
