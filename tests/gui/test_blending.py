"""From the window to Blender, which a small program stands in for."""

import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.main_window import MainWindow

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a shebang")


@pytest.fixture
def blender(tmp_path: Path) -> Path:
    program = tmp_path / "programs" / "blender"
    program.parent.mkdir()
    part, told = tmp_path / "part", tmp_path / "told"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{part}" && /bin/mv "{part}" "{told}"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without Blender."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PAIC3D_HOME", str(tmp_path / "studio"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("paic3d_studio.export.blender._FOLDERS", {"linux": ()})
    return tmp_path


@pytest.mark.parametrize(("action", "look"), [("blender", "unlit"), ("blender-toon", "toon")])
def test_the_head_is_exported_and_blender_is_started_on_it(
    qtbot: QtBot,
    studio: MainWindow,
    home: Path,
    blender: Path,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    look: str,
) -> None:
    monkeypatch.setenv("PAIC3D_BLENDER", str(blender))
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        studio.actions_by_name[action].trigger()
    qtbot.waitUntil((home / "told").exists, timeout=10_000)
    told = (home / "told").read_text().splitlines()
    assert studio.document.project is not None
    head = home / f"studio/blender/portrait-{studio.document.project.picture.sha256[:8]}.glb"
    assert told[0] == "--python" and told[-2:] == [str(head), look]
    assert head.is_file()
    assert "Blender is starting" in studio.workspace.messages.text


def test_without_blender_one_sentence_and_a_button_to_choose_it(
    qtbot: QtBot, studio: MainWindow, home: Path, blender: Path
) -> None:
    studio.actions_by_name["blender"].trigger()
    assert "Blender was not found." in studio.workspace.messages.text
    assert not studio.document.runs("export")
    studio.workspace.messages.acted.emit("choose-blender")
    chooser = studio.findChild(QFileDialog)
    assert chooser is not None
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        chooser.fileSelected.emit(str(blender))
        chooser.reject()
    qtbot.waitUntil((home / "told").exists, timeout=10_000)
    assert studio.preferences.text("blender/program", "") == str(blender)


def test_a_choice_that_is_no_program_is_told_and_not_remembered(studio: MainWindow, home: Path) -> None:
    (home / "notes.txt").write_text("")
    studio.actions_by_name["blender"].trigger()
    studio.workspace.messages.acted.emit("choose-blender")
    chooser = studio.findChild(QFileDialog)
    assert chooser is not None
    chooser.fileSelected.emit(str(home / "notes.txt"))
    chooser.reject()
    assert "no program" in studio.workspace.messages.text
    assert studio.preferences.text("blender/program", "") == ""
    assert not studio.document.runs("export")


def test_an_ordinary_export_starts_nothing(
    qtbot: QtBot, studio: MainWindow, home: Path, blender: Path, monkeypatch: pytest.MonkeyPatch, pace: object
) -> None:
    monkeypatch.setenv("PAIC3D_BLENDER", str(blender))
    pace.seconds = 20
    studio.actions_by_name["blender"].trigger()
    qtbot.waitUntil(lambda: studio.workspace.strip.states().get("textured") == "running")
    with qtbot.waitSignal(studio.document.stopped, timeout=5000):
        studio.document.stop_export()
    pace.seconds = 0.01
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        studio.document.export(home / "head.glb")
    assert not (home / "told").exists()
    assert "head.glb" in studio.workspace.messages.text
