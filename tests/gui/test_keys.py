"""Where keys go."""

from functools import partial

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QEnterEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.project import edits
from tests.gui.test_exporting import brought_to_front

Control = Qt.KeyboardModifier.ControlModifier


def entered(widget: QWidget) -> None:
    middle = QPointF(widget.rect().center())
    QApplication.sendEvent(widget, QEnterEvent(middle, middle, widget.mapToGlobal(middle)))


def pointed(widget: QWidget) -> None:
    """Move the pointer over a widget that it has entered before."""
    at, none = QPointF(widget.rect().center()), Qt.MouseButton.NoButton
    where = widget.mapToGlobal(at)
    move = QMouseEvent(QEvent.Type.MouseMove, at, where, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, move)


def faces_field(studio: MainWindow) -> QSpinBox:
    studio.actions_by_name["side-panel"].setChecked(True)
    field = studio.workspace.settings.controls.widgets["seed"]
    assert isinstance(field, QSpinBox)
    field.setFocus()
    return field


def test_the_pane_under_the_pointer_has_the_keys(qtbot: QtBot, studio: MainWindow) -> None:
    brought_to_front(studio)
    entered(studio.head)
    assert studio.head.viewport.hasFocus()
    entered(studio.image)
    assert studio.image.view.hasFocus()


def test_a_bar_over_the_picture_gives_the_keys_back_once_the_pointer_leaves_it(
    qtbot: QtBot, studio: MainWindow
) -> None:
    brought_to_front(studio)
    entered(studio.image)
    studio.image.choose_tool("align")
    field = studio.image.tools.by_name["align"].align_bar.fields["x"]
    field.setFocus()
    pointed(studio.image.view.viewport())
    assert studio.image.view.hasFocus()


def test_what_is_typed_elsewhere_keeps_the_keys_while_the_pointer_rests_in_a_pane(
    qtbot: QtBot, studio: MainWindow
) -> None:
    brought_to_front(studio)
    entered(studio.image)
    field = faces_field(studio)
    pointed(studio.image.view.viewport())
    assert field.hasFocus()


def test_keys_find_their_pane_again_after_a_dialog(
    qtbot: QtBot, studio: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought_to_front(studio)
    entered(studio.image)
    dialog = QDialog(studio)
    dialog.open()
    assert QTest.qWaitForWindowActive(dialog)
    viewport = studio.head.viewport
    monkeypatch.setattr(QCursor, "pos", lambda: viewport.mapToGlobal(QPoint(50, 50)))
    dialog.close()
    brought_to_front(studio)
    qtbot.waitUntil(viewport.hasFocus)


def test_undo_goes_past_a_number_that_was_stepped_and_not_past_one_that_is_typed(
    qtbot: QtBot, studio: MainWindow
) -> None:
    brought_to_front(studio)
    field = faces_field(studio)
    before = studio.document.project
    field.stepUp()
    assert studio.document.project != before
    QTest.keyClick(field, Qt.Key.Key_Z, Control)
    assert studio.document.project == before
    studio.document.edit(partial(edits.set_settings, upscaling=before.settings.upscaling, stitch="off"))
    edited = studio.document.project
    QTest.keyClicks(field, "7")
    QTest.keyClick(field, Qt.Key.Key_Z, Control)  # takes back the digit
    assert studio.document.project == edited
    QTest.keyClicks(field, "7")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert studio.document.project != edited
    QTest.keyClick(field, Qt.Key.Key_Z, Control)
    assert studio.document.project == edited
