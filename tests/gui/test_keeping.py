"""Saving, unsaved edits, and what is left of a crash."""

import json
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from paic3d_studio.core.lines import Stroke
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.gui.keeping import Saved
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.rescue import RescueFolder
from paic3d_studio.project import edits
from paic3d_studio.project.file import decoded_project, preview_of, write_project
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.session import Session

CTRL = Qt.KeyboardModifier.ControlModifier
STROKE = Stroke(points=((100.0, 100.0), (200.0, 120.0)), radius=4.0)


def edited(studio: MainWindow, qtbot: QtBot) -> Project:
    """Make an edit, and wait until everything follows it."""
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: edits.add_stroke(project, stroke=STROKE))
    assert studio.document.project is not None
    return studio.document.project


def saved_to(studio: MainWindow, qtbot: QtBot, path: Path) -> None:
    with qtbot.waitSignal(studio.keeping.saved, timeout=10_000):
        studio.keeping.save_to(path)


def copies(preferences: Preferences) -> list[Path]:
    return sorted(preferences.folder_of_rescues.glob("*.paic3d"))


def test_the_first_save_asks_where_and_the_next_one_does_not(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    project = edited(studio, qtbot)
    assert studio.isWindowModified()
    QTest.keyClick(studio, Qt.Key.Key_S, CTRL)
    chooser = studio.findChild(QFileDialog)
    assert chooser is not None
    target = tmp_path / "girl.paic3d"
    with qtbot.waitSignal(studio.keeping.saved, timeout=10_000):
        chooser.fileSelected.emit(str(target))
    chooser.reject()
    assert decoded_project(target.read_bytes(), name="girl.paic3d") == project
    assert preview_of(target).startswith(b"\x89PNG")
    assert not studio.isWindowModified()
    assert studio.windowTitle().startswith("girl.paic3d")
    project = edited(studio, qtbot)
    studio.activateWindow()
    with qtbot.waitSignal(studio.keeping.saved, timeout=10_000):
        studio.keeping.save()
    assert decoded_project(target.read_bytes(), name="girl.paic3d") == project


def test_a_saved_project_opens_as_it_was(qtbot: QtBot, studio: MainWindow, tmp_path: Path, picture: Path) -> None:
    project = edited(studio, qtbot)
    saved_to(studio, qtbot, tmp_path / "girl.paic3d")
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.open_picture(str(picture))
    assert studio.document.project != project
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.open_picture(str(tmp_path / "girl.paic3d"))
    assert studio.document.project == project
    assert not studio.isWindowModified()
    assert studio.keeping.path == tmp_path / "girl.paic3d"
    assert studio.preferences.recent_files[:2] == [tmp_path / "girl.paic3d", picture]


def test_undo_back_to_what_was_saved_leaves_nothing_unsaved(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    edited(studio, qtbot)
    saved_to(studio, qtbot, tmp_path / "girl.paic3d")
    edited(studio, qtbot)
    assert studio.isWindowModified()
    studio.document.undo()
    assert not studio.isWindowModified()


def test_a_save_that_fails_keeps_the_edits_and_offers_another_place(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path
) -> None:
    edited(studio, qtbot)
    with qtbot.waitSignal(studio.keeping.failed, timeout=10_000):
        studio.keeping.save_to(tmp_path / "nowhere" / "girl.paic3d")
    assert "nowhere" in studio.workspace.messages.text
    assert studio.isWindowModified()
    assert studio.keeping.path is None
    studio.workspace.messages._act()
    assert studio.findChild(QFileDialog) is not None


def test_unsaved_edits_are_copied_and_the_copy_goes_once_they_are_saved(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, preferences: Preferences
) -> None:
    assert copies(preferences) == []
    project = edited(studio, qtbot)
    qtbot.waitUntil(lambda: len(copies(preferences)) == 1, timeout=10_000)
    assert decoded_project(copies(preferences)[0].read_bytes(), name="copy") == project
    saved_to(studio, qtbot, tmp_path / "girl.paic3d")
    qtbot.waitUntil(lambda: copies(preferences) == [], timeout=10_000)


def test_the_copy_of_a_living_studio_is_not_offered(qtbot: QtBot, studio: MainWindow, preferences: Preferences) -> None:
    edited(studio, qtbot)
    qtbot.waitUntil(lambda: len(copies(preferences)) == 1, timeout=10_000)
    assert RescueFolder(preferences.folder_of_rescues).left() == ()
    assert studio.keeping.left_behind() == ()


def left_by_a_crash(preferences: Preferences, picture: Path, *, path: str = "", token: str = "0123") -> Project:
    """Leave what a studio leaves that is killed: a copy, its description, and no one who holds the lock."""
    folder = preferences.folder_of_rescues
    folder.mkdir(parents=True, exist_ok=True)
    project = edits.add_stroke(Project(picture=PictureSource("girl.png", picture.read_bytes())), stroke=STROKE)
    write_project(project, folder / f"{token}.paic3d")
    (folder / f"{token}.json").write_text(json.dumps({"name": f"girl{token[4:]}.png", "path": path}))
    die = (
        "import os, sys; from PySide6.QtCore import QLockFile; lock = QLockFile(sys.argv[1]); lock.setStaleLockTime(0)"
    )
    die = f"{die}; assert lock.tryLock(0); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", die, str(folder / f"{token}.lock")], check=False, timeout=60)
    assert (folder / f"{token}.lock").exists()
    return project


def test_what_a_crash_left_is_offered_and_brought_back_as_unsaved(
    qtbot: QtBot, window: MainWindow, preferences: Preferences, picture: Path, tmp_path: Path
) -> None:
    project = left_by_a_crash(preferences, picture, path=str(tmp_path / "girl.paic3d"))
    window.offer_what_a_crash_left()
    assert "girl.png" in window.workspace.messages.text
    with qtbot.waitSignal(window.document.refreshed, timeout=20_000):
        window.workspace.messages._act()
    assert window.document.project == project
    assert window.isWindowModified()
    assert window.keeping.path == tmp_path / "girl.paic3d"
    # The copy of this studio is written first, and only then the other is taken away.
    qtbot.waitUntil(lambda: len(copies(preferences)) == 1 and copies(preferences)[0].stem != "0123", timeout=10_000)
    assert decoded_project(copies(preferences)[0].read_bytes(), name="copy") == project


def test_what_a_crash_left_can_be_discarded(window: MainWindow, preferences: Preferences, picture: Path) -> None:
    left_by_a_crash(preferences, picture)
    window.offer_what_a_crash_left()
    window.workspace.messages._act_otherwise()
    assert list(preferences.folder_of_rescues.iterdir()) == []


def test_a_damaged_copy_is_told_of_and_the_open_picture_stays(
    qtbot: QtBot, studio: MainWindow, preferences: Preferences, picture: Path
) -> None:
    left_by_a_crash(preferences, picture)
    (preferences.folder_of_rescues / "0123.paic3d").write_bytes(b"PK\x03\x04 half of it")
    before = studio.document.project
    studio.offer_what_a_crash_left()
    with qtbot.waitSignal(studio.document.failed, timeout=10_000):
        studio.workspace.messages._act()
    assert "damaged" in studio.workspace.messages.text
    assert studio.document.project is before


def test_a_copy_that_cannot_be_read_any_more_is_told_of_and_the_next_one_is_offered_from_the_menu(
    qtbot: QtBot, window: MainWindow, preferences: Preferences, picture: Path
) -> None:
    left_by_a_crash(preferences, picture)
    window.offer_what_a_crash_left()
    copy = preferences.folder_of_rescues / "0123.paic3d"
    copy.unlink()
    copy.mkdir()
    with qtbot.waitSignal(window.document.failed, timeout=10_000) as failed:
        window.workspace.messages._act()
    assert isinstance(failed.args[1], UserError)
    assert "“girl.png” cannot be read" in window.workspace.messages.text
    copy.rmdir()
    left_by_a_crash(preferences, picture, token="0123b")
    window.actions_by_name["left-behind"].trigger()
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.workspace.messages._act()
    assert not window.workspace.messages.isVisible()


def test_closing_with_unsaved_edits_offers_to_save_first(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    saved_to(studio, qtbot, tmp_path / "girl.paic3d")
    project = edited(studio, qtbot)
    studio.close()
    assert studio.isVisible()
    with qtbot.waitSignal(studio.closed, timeout=10_000):
        studio.workspace.messages._act()
    assert decoded_project((tmp_path / "girl.paic3d").read_bytes(), name="girl") == project


def exporting_until(studio: MainWindow, go: threading.Event) -> None:
    """Have an export under way that ends when it is told to stop, or when it may `go`."""

    def work(monitor: Monitor, deliver: object) -> None:
        while not go.wait(0.01):
            monitor.check()

    studio.document.exporter.submit("export", work)


def test_closing_with_unsaved_edits_during_an_export_names_both_and_saves(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path
) -> None:
    saved_to(studio, qtbot, tmp_path / "girl.paic3d")
    project = edited(studio, qtbot)
    exporting_until(studio, threading.Event())
    studio.close()
    assert studio.isVisible()
    assert "unsaved edits" in studio.workspace.messages.text and "export" in studio.workspace.messages.text
    with qtbot.waitSignal(studio.closed, timeout=10_000):
        studio.workspace.messages._act()
    assert decoded_project((tmp_path / "girl.paic3d").read_bytes(), name="girl") == project


def test_an_edit_made_while_save_and_close_writes_keeps_this_and_the_next_save_from_closing(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path
) -> None:
    saved_to(studio, qtbot, tmp_path / "girl.paic3d")
    edited(studio, qtbot)
    studio.close()
    with qtbot.waitSignal(studio.keeping.saved, timeout=10_000):
        studio.workspace.messages._act()
        studio.document.edit(partial(edits.set_seed, seed=5))
    assert studio.isVisible() and "unsaved edits" in studio.workspace.messages.text
    with qtbot.waitSignal(studio.keeping.saved, timeout=10_000):
        studio.keeping.save()
    assert studio.isVisible()


def test_everything_as_detected_takes_every_edit_back_in_one_step(qtbot: QtBot, studio: MainWindow) -> None:
    before = studio.document.project
    edited(studio, qtbot)
    changed = edited(studio, qtbot)
    studio.actions_by_name["revert"].trigger()
    assert studio.document.project == before
    studio.document.undo()
    assert studio.document.project == changed


def test_recent_files_are_listed_newest_first_without_those_that_are_gone(
    window: MainWindow, preferences: Preferences, picture: Path, tmp_path: Path
) -> None:
    write_project(Project(picture=PictureSource("a.png", picture.read_bytes())), tmp_path / "a.paic3d")
    for file in (picture, tmp_path / "gone.png", tmp_path / "a.paic3d"):
        preferences.remember_recent(file)
    window._recent_menu.aboutToShow.emit()
    assert [action.text() for action in window._recent_menu.actions()[:2]] == ["a.paic3d", "portrait.png"]
    window._recent_menu.actions()[-1].trigger()
    assert preferences.recent_files == []


def test_the_command_line_takes_the_decisions_of_a_project(tmp_path: Path, picture: Path) -> None:
    project = Project(picture=PictureSource("girl.png", picture.read_bytes()), seed=11)
    write_project(project, tmp_path / "girl.paic3d")
    assert Session().read(tmp_path / "girl.paic3d") == project


def test_a_name_of_any_length_leaves_the_window_its_size(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    studio.resize(900, 600)
    qtbot.wait(20)
    width = studio.width()
    saved_to(studio, qtbot, tmp_path / f"{'a_very_long_name_' * 13}.paic3d")
    studio.workspace.status.show_progress(0.5, f"Opening {'a_very_long_name_' * 13}")
    edited(studio, qtbot)
    qtbot.wait(20)
    assert studio.width() == width
    assert studio.minimumSizeHint().width() <= width


def test_a_save_that_ends_after_another_picture_was_opened_is_not_that_pictures(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, picture: Path
) -> None:
    first = studio.document.project
    target, other = tmp_path / "first.paic3d", tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    with qtbot.waitSignal(studio.document.opened, timeout=20_000):
        studio.open_picture(str(other))
    studio.keeping._on_finished("save", Saved(first, target))
    assert studio.keeping.path is None
    assert studio.keeping.name == "other.png"


def test_giving_up_the_dialog_of_save_and_close_keeps_the_next_save_from_closing(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path
) -> None:
    studio.saving.closing.wait()
    studio.keeping.save_elsewhere()
    chooser = studio.findChild(QFileDialog)
    chooser.reject()
    with qtbot.waitSignal(studio.keeping.saved, timeout=20_000):
        studio.keeping.save_to(tmp_path / "kept.paic3d")
    assert studio.isVisible()


def test_what_cannot_be_brought_back_is_not_deleted(qtbot: QtBot, studio: MainWindow, preferences: Preferences) -> None:
    folder = preferences.folder_of_rescues
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / "0123456789abcdef.paic3d"
    copy.write_bytes(b"PK\x03\x04 damaged")
    (left,) = studio.keeping.left_behind()
    with qtbot.waitSignal(studio.document.failed, timeout=20_000):
        studio.keeping.bring_back(left)
    studio.document.edit(partial(edits.set_seed, seed=5))
    studio.document.undo()
    assert copy.exists()


def test_every_copy_that_crashes_left_is_offered_and_those_not_discarded_are_offered_again(
    window: MainWindow, preferences: Preferences, picture: Path
) -> None:
    for token in ("0123", "0123b", "0123c"):
        left_by_a_crash(preferences, picture, token=token)
    messages = window.workspace.messages
    window.offer_what_a_crash_left()
    offered = []
    for press in (messages._act_third, messages._act_otherwise, messages._act_third):
        offered.append(messages.text.split("“")[1].split("”")[0])
        press()
    assert sorted(offered) == ["girl.png", "girlb.png", "girlc.png"]
    assert not messages.isVisible()
    assert len(copies(preferences)) == 2
    window.actions_by_name["left-behind"].trigger()
    assert messages.isVisible() and "1 more" in messages.text
    messages._act_otherwise()
    messages._act_otherwise()
    assert list(preferences.folder_of_rescues.iterdir()) == []
    window.actions_by_name["left-behind"].trigger()
    assert "No unsaved edits were left" in messages.text


def test_after_one_copy_was_brought_back_the_next_one_is_offered(
    qtbot: QtBot, window: MainWindow, preferences: Preferences, picture: Path
) -> None:
    left_by_a_crash(preferences, picture)
    left_by_a_crash(preferences, picture, token="0123b")
    wanted = []
    window.rescue_offer.window_wanted.connect(wanted.append)
    window.offer_what_a_crash_left()
    first = window.workspace.messages.text
    with qtbot.waitSignal(window.document.opened, timeout=20_000):
        window.workspace.messages._act()
    assert window.workspace.messages.isVisible() and window.workspace.messages.text != first
    window.workspace.messages._act()
    assert len(wanted) == 1 and len(window.keeping.left_behind()) == 1


def test_a_copy_that_is_read_while_the_open_picture_is_edited_comes_back_in_a_window_of_its_own(
    qtbot: QtBot, studio: MainWindow, preferences: Preferences, picture: Path
) -> None:
    left_by_a_crash(preferences, picture)
    (left,) = studio.keeping.left_behind()
    studio.offer_what_a_crash_left()
    with qtbot.waitSignal(studio.rescue_offer.window_wanted, timeout=20_000) as wanted:
        studio.workspace.messages._act()
        studio.document.edit(partial(edits.set_seed, seed=5))
    assert wanted.args == [left]
    assert studio.document.project.seed == 5 and not studio.workspace.messages.isVisible()


def test_a_file_that_somebody_else_has_written_is_not_saved_over_in_silence(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, picture: Path
) -> None:
    target, messages = tmp_path / "girl.paic3d", studio.workspace.messages
    edited(studio, qtbot)
    saved_to(studio, qtbot, target)
    theirs = Project(picture=PictureSource("theirs.png", picture.read_bytes()))
    write_project(theirs, target)
    project = edited(studio, qtbot)
    with qtbot.waitSignal(studio.keeping.changed_on_disk, timeout=10_000):
        studio.keeping.save()
    assert decoded_project(target.read_bytes(), name="girl") == theirs
    assert studio.isWindowModified() and "girl.paic3d" in messages.text
    messages._act_third()
    assert not messages.isVisible()
    with qtbot.waitSignal(studio.keeping.changed_on_disk, timeout=10_000):
        studio.keeping.save()
    with qtbot.waitSignal(studio.keeping.saved, timeout=10_000):
        messages._act()
    assert decoded_project(target.read_bytes(), name="girl") == project
    edited(studio, qtbot)
    with qtbot.waitSignal(studio.keeping.saved, timeout=10_000):
        studio.keeping.save()


def test_saving_takes_away_only_what_it_has_settled(qtbot: QtBot, studio: MainWindow, tmp_path: Path) -> None:
    messages = studio.workspace.messages
    edited(studio, qtbot)
    studio.close()
    assert "unsaved edits" in messages.text
    saved_to(studio, qtbot, tmp_path / "girl.paic3d")
    assert not messages.isVisible()
    edited(studio, qtbot)
    studio.outcomes.tell_of_error(ValueError("only a trial"))
    saved_to(studio, qtbot, tmp_path / "girl.paic3d")
    assert messages.isVisible() and "ValueError: only a trial" in messages.details


def test_what_a_crash_left_is_offered_until_it_is_answered(
    qtbot: QtBot, studio: MainWindow, preferences: Preferences, picture: Path
) -> None:
    left_by_a_crash(preferences, picture)
    messages = studio.workspace.messages
    studio.offer_what_a_crash_left()
    offer = messages.text
    messages.show_message("There is no picture to paste.")
    assert messages.text != offer
    QTest.keyClick(studio, Qt.Key.Key_Escape)
    assert messages.isVisible() and messages.text == offer
    with qtbot.waitSignal(studio.document.refreshed, timeout=20_000):
        studio.open_picture(str(picture))
    assert messages.isVisible() and messages.text == offer
    messages._act_third()
    assert not messages.isVisible()


def test_details_are_offered_where_there_are_some(qtbot: QtBot, studio: MainWindow) -> None:
    edited(studio, qtbot)
    studio.close()
    assert studio.workspace.messages.isVisible()
    assert not studio.workspace.messages._copy.isVisible()
    studio.outcomes.tell_of_error(ValueError("only a trial"))
    assert studio.workspace.messages._copy.isVisible()
    assert "ValueError: only a trial" in studio.workspace.messages.details
