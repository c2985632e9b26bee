"""From the window to a file."""

import dataclasses
import hashlib
import json
import threading
from functools import partial
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from paic3d_studio.errors import UserError
from paic3d_studio.export import EXPORTERS
from paic3d_studio.export.exporters import SIDECAR
from paic3d_studio.export.turntable import TURNTABLES
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.panels.export_dialog import ExportDialog
from paic3d_studio.pipeline.child import ChildEnded
from paic3d_studio.project import edits


def brought_to_front(studio: MainWindow) -> None:
    """Give the keys to the window, as a desktop does by itself."""
    studio.activateWindow()
    assert QTest.qWaitForWindowActive(studio)


def asked(studio: MainWindow, target: Path, *, turning: bool = False) -> ExportDialog:
    """Open the dialog as the artist does, that of the turntable where the head is to turn, and fill it in."""
    brought_to_front(studio)
    shift = Qt.KeyboardModifier.ShiftModifier if turning else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(studio, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier | shift)
    dialog = studio.exporting.dialog
    assert dialog is not None
    dialog._place.setText(str(target.parent))
    dialog._name.setText(target.stem)
    dialog._format.setCurrentIndex(dialog._format.findData(target.suffix))
    return dialog


@pytest.mark.parametrize("suffix", list(EXPORTERS))
def test_every_format_of_the_table_is_written_and_the_message_says_where(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"head{suffix}"
    dialog = asked(studio, target)
    dialog.terms_form._texts["author"].setText("An artist")
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        dialog._export.click()
    assert target.stat().st_size > 0 and (tmp_path / f"head{suffix}.provenance.json").is_file()
    assert str(target) in studio.workspace.messages.text
    assert studio.preferences.folder("export") == tmp_path


def test_the_options_of_an_export_can_be_undone(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    dialog = asked(studio, tmp_path / "head.glb")
    box = dialog._controls.widgets["faces"]
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(5_000))
    box.activated.emit(box.currentIndex())
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        dialog._export.click()
    assert studio.document.project.settings.surface.faces == 5_000
    brought_to_front(studio)
    QTest.keyClick(studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert studio.document.project.settings.surface.faces == 20_000


def test_a_folder_that_is_not_there_is_told_of_and_nothing_else_changes(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path
) -> None:
    project = studio.document.project
    dialog = asked(studio, tmp_path / "nowhere" / "head.glb")
    dialog._export.click()
    assert dialog.isVisible()
    assert "nowhere" in dialog._note.text()
    assert studio.document.project is project
    dialog._place.setText(str(tmp_path))
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        dialog._export.click()
    assert studio.exporting.dialog is None


def test_an_export_that_fails_on_the_way_can_be_sent_elsewhere(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise UserError("The disk is full.", "Make room.")

    monkeypatch.setattr("paic3d_studio.session.session.export_mesh", full)
    dialog = asked(studio, tmp_path / "head.glb")
    with qtbot.waitSignal(studio.document.failed, timeout=10_000):
        dialog._export.click()
    assert "The disk is full." in studio.workspace.messages.text
    studio.workspace.messages.acted.emit("export-again")
    assert studio.exporting.dialog is not None


def test_every_file_that_an_export_would_replace_is_named(studio: MainWindow, tmp_path: Path) -> None:
    dialog = asked(studio, tmp_path / "head.obj")
    assert dialog._note.text() == ""
    for name in ("head.mtl", "head_texture.png", "head.glb"):
        (tmp_path / name).touch()
    dialog._name.setText("other")
    assert dialog._note.text() == ""
    dialog._name.setText("head")
    assert dialog._note.text() == "Replaces head.mtl and head_texture.png."
    dialog._format.setCurrentIndex(dialog._format.findData(".glb"))
    assert dialog._note.text() == "Replaces head.glb."
    dialog.reject()


def test_an_edit_during_an_export_does_not_disturb_it(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, pace: object
) -> None:
    target = tmp_path / "head.glb"
    pace.seconds = 0.4
    dialog = asked(studio, target)
    dialog._export.click()
    with qtbot.waitSignals([studio.document.exported, studio.document.refreshed], timeout=15_000):
        studio.document.edit(lambda project: edits.set_seed(project, seed=11))
    assert target.exists()
    assert studio.document.session.dirty


def test_the_picture_is_found_anew_and_drawn_on_while_an_export_runs(
    qtbot: QtBot, studio: MainWindow, pointer: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, export = threading.Event(), studio.document.session.export

    def slow(*given: object, **parts: object) -> object:
        assert go.wait(60)
        return export(*given, **parts)

    monkeypatch.setattr(studio.document.session, "export", slow)
    studio.document.export(tmp_path / "head.glb")
    with qtbot.waitSignal(studio.document.refreshed, timeout=20_000):
        studio.workspace.settings.controls.widgets["sigma"].setValue(2.0)
    studio.image.choose_tool("brush")
    pointer.drag((40, 40), (90, 40))
    assert len(studio.document.project.strokes) == 1
    assert studio.document.runs("export")
    with qtbot.waitSignal(studio.document.exported, timeout=20_000):
        go.set()


def test_a_press_before_the_lines_are_known_says_so(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    go = threading.Event()
    studio.document.runner.submit("open", lambda *_: go.wait(60))
    studio.workspace.settings.controls.widgets["sigma"].setValue(2.0)
    studio.image.choose_tool("brush")
    pointer.drag((40, 40), (90, 40))
    assert studio.document.project.strokes == ()
    assert "One moment" in studio.workspace.status.hint
    with qtbot.waitSignal(studio.document.refreshed, timeout=20_000):
        go.set()
    assert "One moment" not in studio.workspace.status.hint


def test_a_stopped_export_writes_nothing(qtbot: QtBot, studio: MainWindow, tmp_path: Path, pace: object) -> None:
    target = tmp_path / "head.glb"
    pace.seconds = 20
    dialog = asked(studio, target)
    with qtbot.waitSignal(studio.document.progressed):
        dialog._export.click()
    qtbot.waitUntil(lambda: studio.workspace.strip.states().get("textured") == "running")
    brought_to_front(studio)
    QTest.keyClick(studio, Qt.Key.Key_Escape)  # a key that is pressed for many reasons only asks
    assert "export" in studio.workspace.messages.text
    with qtbot.waitSignal(studio.document.stopped, timeout=2000):
        studio.workspace.messages._act()
    assert not target.exists()
    assert list(tmp_path.glob("head*")) == []


def test_an_exported_head_does_not_save_the_edits(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    studio.document.edit(lambda project: edits.set_seed(project, seed=4))
    assert studio.document.session.dirty
    dialog = asked(studio, tmp_path / "head.glb")
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        dialog._export.click()
    assert studio.document.session.dirty


def test_a_mesh_mode_asks_for_the_mesh_and_shows_it(qtbot: QtBot, studio: MainWindow) -> None:
    assert studio.document.session.peek("textured") is None
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.head.set_mode("mesh")
    assert studio.document.session.peek("textured") is not None
    assert studio.workspace.strip.states()["textured"] == "fresh"


def test_a_vrm_file_asks_for_terms_and_waits_for_an_author(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    dialog = asked(studio, tmp_path / "head.glb")
    assert not dialog.terms_form.isVisible()
    dialog._format.setCurrentIndex(dialog._format.findData(".vrm"))
    assert dialog.terms_form.isVisible()
    dialog._export.click()
    assert dialog.isVisible() and "author" in dialog._note.text()
    QTest.keyClicks(dialog.terms_form._texts["author"], "Aki")
    box = dialog.terms_form._choices["modification"]
    box.setCurrentIndex(box.findData("allowModification"))
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        dialog._export.click()
    terms = studio.document.project.settings.terms
    assert (terms.author, terms.modification, terms.avatar) == ("Aki", "allowModification", "onlyAuthor")
    assert b"Aki" in (tmp_path / "head.vrm").read_bytes()


def test_a_head_without_a_name_of_its_own_is_called_as_its_file(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path
) -> None:
    dialog = asked(studio, tmp_path / "head.vrm")
    dialog._name.setText("Mei in spring")
    assert dialog.terms_form._texts["title"].placeholderText() == "Mei in spring"
    dialog.terms_form._texts["author"].setText("Aki")
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        dialog._export.click()
    content = (tmp_path / "Mei in spring.vrm").read_bytes()
    told = json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])
    assert told["extensions"]["VRMC_vrm"]["meta"]["name"] == "Mei in spring"


def test_terms_are_no_step_and_leave_what_can_be_redone(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    studio.document.edit(partial(edits.set_seed, seed=5))
    studio.document.undo()
    dialog = asked(studio, tmp_path / "head.vrm")
    dialog.terms_form._texts["author"].setText("Aki")
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        dialog._export.click()
    brought_to_front(studio)
    assert not studio.document.session.can_undo
    QTest.keyClick(studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert (studio.document.project.seed, studio.document.project.settings.terms.author) == (5, "Aki")


def test_the_author_is_remembered_for_the_next_character(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    studio.preferences.remember("export/author", "Aki")
    dialog = asked(studio, tmp_path / "head.vrm")
    assert dialog.terms_form.terms.author == "Aki"
    dialog.reject()


def test_terms_that_a_format_cannot_tell_change_nothing(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    project = studio.document.project
    dialog = asked(studio, tmp_path / "head.glb")
    dialog.terms_form._texts["author"].setText("Aki")
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        dialog._export.click()
    assert studio.document.project is project


def test_the_dialog_goes_with_its_picture(qtbot: QtBot, studio: MainWindow, tmp_path: Path, picture: Path) -> None:
    dialog, gone = asked(studio, tmp_path / "head.glb"), []
    dialog.rejected.connect(partial(gone.append, True))
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    with qtbot.waitSignal(studio.document.refreshed, timeout=20_000):
        studio.document.open(str(other))
    assert studio.exporting.dialog is None and gone
    brought_to_front(studio)
    asked(studio, tmp_path / "head.glb").reject()


def test_after_a_helper_program_ended_the_export_can_be_tried_again(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object, **__: object) -> None:
        raise ChildEnded("The helper program for surface ended unexpectedly (code -9).", "Close other programs.")

    target, messages = tmp_path / "head.glb", studio.workspace.messages
    with monkeypatch.context() as patched:
        patched.setattr("paic3d_studio.session.session.export_mesh", ended)
        dialog = asked(studio, target)
        with qtbot.waitSignal(studio.document.failed, timeout=10_000):
            dialog._export.click()
    assert messages._action.text() == "Try again"
    assert messages._copy.isVisible() and "ChildEnded" in messages.details
    with qtbot.waitSignal(studio.document.exported, timeout=10_000):
        messages._act()
    assert target.is_file()


def test_a_file_that_cannot_be_written_beside_the_head_is_told_of_before_the_work(
    studio: MainWindow, tmp_path: Path
) -> None:
    (tmp_path / "head.mtl").mkdir()
    dialog = asked(studio, tmp_path / "head.obj")
    dialog._export.click()
    assert dialog.isVisible() and "head.mtl" in dialog._note.text()
    assert not studio.document.runs("export")
    dialog.reject()


def test_the_offered_name_is_the_projects_once_it_has_one(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    studio.exporting.ask()
    assert studio.exporting.dialog.target.name == "portrait.glb"
    studio.exporting.dialog.reject()
    with qtbot.waitSignal(studio.keeping.saved):
        studio.keeping.save_to(tmp_path / "Mika, second try.paic3d")
    studio.exporting.ask_for_turntable()
    assert studio.exporting.dialog.target.stem == "Mika, second try"
    studio.exporting.dialog.reject()


def test_a_name_that_the_artist_typed_is_offered_again_until_another_picture_is_open(
    qtbot: QtBot, studio: MainWindow, picture: Path, tmp_path: Path
) -> None:
    dialog = asked(studio, tmp_path / "Mika.glb")
    with qtbot.waitSignal(studio.document.exported, timeout=60_000):
        dialog._export.click()
    studio.exporting.ask_for_turntable()
    assert studio.exporting.dialog.target.stem == "Mika"
    studio.exporting.dialog.reject()
    with qtbot.waitSignal(studio.document.opened, timeout=20_000):
        studio.open_picture(str(picture))
    studio.exporting.ask()
    assert studio.exporting.dialog.target.stem == "portrait"
    studio.exporting.dialog.reject()


@pytest.mark.parametrize("suffix", list(TURNTABLES))
def test_a_turntable_is_written_in_the_size_that_was_asked_for(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TURNTABLES, suffix, dataclasses.replace(TURNTABLES[suffix], frames=6))
    target = tmp_path / f"round{suffix}"
    dialog = asked(studio, target, turning=True)
    dialog._side.setCurrentIndex(dialog._side.findData(256))
    said: list[str] = []
    studio.document.progressed.connect(lambda _lane, _fraction, words: said.append(words))
    with qtbot.waitSignal(studio.document.recorded, timeout=60_000):
        dialog._export.click()
    film = cv2.VideoCapture(str(target))
    frames = sum(film.grab() for _ in range(200))
    width = film.get(cv2.CAP_PROP_FRAME_WIDTH)
    film.release()
    expected = {".png": (1, 4 * 256 + 5 * 8), ".gif": (6, 256), ".mp4": (6, 256)}
    assert (frames, width) == expected[suffix]
    assert str(target) in studio.workspace.messages.text
    beside = target.with_name(target.name + SIDECAR)
    assert sorted(tmp_path.glob("round*")) == sorted([target, beside])
    told = json.loads(beside.read_text())
    assert told["turntable"] == {"views": 6, "side": 256}
    assert [file["name"] for file in told["files"]] == [target.name]
    assert told["files"][0]["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    assert any(word.startswith("drawing view 6 of 6, about ") for word in said)
    brought_to_front(studio)
    qtbot.waitUntil(studio.actions_by_name["turntable"].isEnabled)
    assert asked(studio, target, turning=True).side == 256
    studio.exporting.dialog.reject()


def test_the_dialog_asks_for_the_size_of_pictures_only_of_a_turntable(studio: MainWindow, tmp_path: Path) -> None:
    dialog = asked(studio, tmp_path / "head.glb")
    assert dialog.side is None and not dialog._pictures.isVisible()
    assert dialog.windowTitle() == "Export head"
    dialog._format.setCurrentIndex(dialog._format.findData(".gif"))
    assert dialog.windowTitle() == "Export turntable"
    QTest.qWait(50)
    lists = (dialog._format, dialog._side)
    assert len({one.mapTo(dialog, QPoint(0, 0)).x() for one in lists}) == 1  # in line below each other
    assert dialog.side == 512 and dialog._pictures.isVisible()
    dialog.reject()


def test_a_stopped_turntable_writes_nothing(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    words: list[str] = []
    studio.document.progressed.connect(lambda _lane, _share, said: words.append(said))
    dialog = asked(studio, tmp_path / "round.mp4", turning=True)
    dialog._export.click()
    qtbot.waitUntil(lambda: any(word.startswith("drawing view") for word in words), timeout=30_000)
    with qtbot.waitSignal(studio.document.stopped, timeout=5000):
        studio.document.stop()
    assert list(tmp_path.glob("round*")) == []


def test_a_turntable_that_was_not_written_can_be_sent_elsewhere(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise UserError("The disk is full.", "Make room.")

    monkeypatch.setattr(studio.document.session, "turntable", full)
    dialog = asked(studio, tmp_path / "round.gif", turning=True)
    with qtbot.waitSignal(studio.document.failed, timeout=10_000):
        dialog._export.click()
    studio.workspace.messages.acted.emit("export-again")
    assert studio.exporting.dialog.target.suffix == ".gif"
    studio.exporting.dialog.reject()


@pytest.mark.parametrize("name", ["head.glb", "round.gif"])
def test_a_write_protected_file_is_told_of_before_the_work(studio: MainWindow, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"older")
    (tmp_path / name).chmod(0o444)
    dialog = asked(studio, tmp_path / name)
    dialog._export.click()
    assert dialog.isVisible() and "write-protected" in dialog._note.text()
    assert not studio.document.runs("export")
    dialog.reject()
