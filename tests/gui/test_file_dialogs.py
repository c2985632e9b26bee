"""Dialogs that ask for files."""

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QFileDialog, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from paic3d_studio.gui import theme
from paic3d_studio.gui.file_dialogs import FILE, FILES, FOLDER, NEW_FILE, file_dialog


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def test_every_button_of_qts_own_dialog_wears_an_icon_in_the_colour_of_text(parent: QWidget, tmp_path: Path) -> None:
    dialog = file_dialog(parent, "A picture", at=tmp_path, asks_for=FILES)
    buttons = [button for button in dialog.findChildren(QToolButton) if not button.icon().isNull()]
    assert len(buttons) == 6
    for button in buttons:
        drawn = button.icon().pixmap(20, QIcon.Mode.Normal, QIcon.State.Off).toImage()
        pixels = [drawn.pixelColor(x, y) for x in range(drawn.width()) for y in range(drawn.height())]
        assert max(pixels, key=QColor.alpha).name() == theme.TEXT, button.objectName()


def test_a_new_file_is_proposed_and_saved_into_a_folder(parent: QWidget, tmp_path: Path) -> None:
    dialog = file_dialog(parent, "Save", at=tmp_path / "mei.paic3d", asks_for=NEW_FILE, names="Projects (*.paic3d)")
    assert dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
    assert dialog.selectedFiles() == [str(tmp_path / "mei.paic3d")]
    assert "Look in:" not in {label.text() for label in dialog.findChildren(QLabel)}


@pytest.mark.parametrize("kind", [FILE, FILES, FOLDER])
def test_what_is_there_is_opened_where_it_was_asked_for(
    parent: QWidget, tmp_path: Path, kind: QFileDialog.FileMode
) -> None:
    dialog = file_dialog(parent, "Open", at=tmp_path, asks_for=kind)
    assert (dialog.acceptMode(), dialog.fileMode()) == (QFileDialog.AcceptMode.AcceptOpen, kind)
    assert Path(dialog.directory().path()) == tmp_path
