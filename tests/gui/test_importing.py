"""Importing weights from the window: on the worker, told in the message bar, and offered in the settings."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QFileDialog
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.nets.manifest import listed_weights
from paic3d_studio.project import edits
from tests import official_files as files


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "network-snapshot.pkl"
    path.write_bytes(files.snapshot(files.tiny_generator(), note=tmp_path / "executed"))
    return path


@pytest.fixture
def line_removal(tmp_path: Path) -> Path:
    path = tmp_path / "epoch=199.ckpt"
    path.write_bytes(files.checkpoint(files.small_infill().state_dict()))
    return path


def chosen(qtbot: QtBot, window: MainWindow, *paths: Path) -> None:
    """Choose files as the artist does: the menu, the dialog that it opens, and its button."""
    qtbot.waitUntil(window.actions_by_name["import-weights"].isEnabled)
    window.actions_by_name["import-weights"].trigger()
    (dialog,) = window.findChildren(QFileDialog)
    assert dialog.fileMode() == QFileDialog.FileMode.ExistingFiles
    dialog.filesSelected.emit([str(path) for path in paths])
    dialog.reject()


def offered(window: MainWindow, setting: str) -> list[str]:
    box = window.workspace.settings.controls.widgets[setting]
    assert isinstance(box, QComboBox)
    return [box.itemData(index) for index in range(box.count())]


def test_the_models_menu_holds_the_import(window: MainWindow) -> None:
    (menu,) = [action.menu() for action in window.menuBar().actions() if action.text() == "Models"]
    assert [action.text() for action in menu.actions()] == ["Import weights…"]


def test_imported_weights_can_be_chosen_at_once(
    qtbot: QtBot, studio: MainWindow, snapshot: Path, line_removal: Path, home: Path
) -> None:
    with qtbot.waitSignal(studio.document.imported, timeout=60_000):
        chosen(qtbot, studio, snapshot, line_removal)
    said = studio.workspace.messages.text
    assert "Imported the paper's generator and the paper's line removal." in said
    assert "Choose the published generator under Head, Backbone." in said
    assert "Not imported yet: the paper's tagger and the tagger's principal components." in said
    assert offered(studio, "backbone") == ["compact", "published"]
    assert offered(studio, "infill") == ["network", "telea", "published"]
    assert set(listed_weights(home / "models")) == {"published", "published-infill"}
    assert studio.preferences.folder("import") == snapshot.parent
    box = studio.workspace.settings.controls.widgets["backbone"]
    box.setCurrentIndex(box.findData("published"))
    with qtbot.waitSignal(studio.document.refreshed, timeout=20_000):
        box.activated.emit(box.currentIndex())
    assert studio.document.project.settings.backbone == "published"


def test_a_refused_file_is_told_of_and_the_others_are_imported(
    qtbot: QtBot, window: MainWindow, line_removal: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.pkl"
    bad.write_bytes(b"cos\nsystem\n(X\x01\x00\x00\x00xtR.")
    with qtbot.waitSignal(window.document.imported, timeout=60_000):
        chosen(qtbot, window, bad)
    assert window.workspace.messages.text.startswith("“bad.pkl” asks to run “os.system”, which no weights need")
    assert window.workspace.messages.property("kind") == "error"
    with qtbot.waitSignal(window.document.imported, timeout=60_000):
        chosen(qtbot, window, bad, line_removal)
    assert "Imported the paper's line removal. 1 refused." in window.workspace.messages.text
    assert window.workspace.messages.property("kind") == "warning"
    assert offered(window, "infill") == ["network", "telea", "published"]


def test_the_import_can_be_stopped(qtbot: QtBot, window: MainWindow, tmp_path: Path, home: Path) -> None:
    slow = tmp_path / "slow.pkl"
    slow.write_bytes(b"\x80\x02" + b"N0" * 2_400_000 + b"N.")
    with qtbot.waitSignal(window.document.progressed):
        chosen(qtbot, window, slow)
    assert not window.actions_by_name["import-weights"].isEnabled()
    with qtbot.waitSignal(window.document.stopped, timeout=20_000):
        window.document.stop()
    qtbot.waitUntil(window.actions_by_name["import-weights"].isEnabled)
    assert not (home / "models").exists()


def test_a_missing_tagger_is_told_once_and_offers_the_import(qtbot: QtBot, studio: MainWindow, pace: object) -> None:
    pace.tags_warning = "The paper's tagger was not imported."
    with qtbot.waitSignal(studio.document.refreshed, timeout=20_000):
        studio.document.edit(lambda project: edits.set_settings(project, backbone="published"))
    messages = studio.workspace.messages
    assert messages.text == pace.tags_warning
    studio.activateWindow()
    messages._action.click()
    (dialog,) = studio.findChildren(QFileDialog)
    dialog.reject()
    with qtbot.waitSignal(studio.document.refreshed, timeout=20_000):
        studio.document.edit(lambda project: edits.set_seed(project, seed=3))
    assert not messages.isVisible()
