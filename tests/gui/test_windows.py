"""Several windows in one program: one project each, and none takes another's work with it."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.getting_ready import GettingReady
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.windows import Windows
from paic3d_studio.project import edits
from paic3d_studio.project.file import write_project
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.session import Session


@pytest.fixture
def windows(
    new_session: Callable[[], Session], preferences: Preferences, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Windows]:
    monkeypatch.setattr(GettingReady, "begin", lambda _: None)
    made = Windows(new_session, preferences=preferences)
    made.new()
    yield made
    for window in made.open_windows:
        window.saving.leaves_work_behind = True
    made.close_all()
    made.join(seconds=5)


def opened(qtbot: QtBot, window: MainWindow, picture: Path) -> MainWindow:
    with qtbot.waitSignal(window.document.refreshed, timeout=20_000):
        window.open_picture(str(picture))
    return window


def test_a_picture_over_unsaved_edits_can_have_a_window_of_its_own(
    qtbot: QtBot, windows: Windows, picture: Path, tmp_path: Path
) -> None:
    first = opened(qtbot, windows.open_windows[0], picture)
    first.document.edit(partial(edits.set_seed, seed=7))
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    first.open_picture(str(other))
    first.workspace.messages.acted.emit("open-beside")
    _, second = windows.open_windows
    qtbot.waitUntil(lambda: second.document.project is not None, timeout=20_000)
    assert second.document.project.picture.name == "other.png"
    assert first.document.project.picture.name == "portrait.png"
    assert first.document.session.dirty
    assert not second.document.session.dirty


def test_another_window_beside_one_that_fills_the_screen_is_in_sight(qtbot: QtBot, windows: Windows) -> None:
    first = windows.open_windows[0]
    room = first.screen().availableGeometry()
    first.resize(room.width() // 2, room.height() // 2)
    usual = first.size()
    first.showMaximized()
    second = windows.new()
    assert room.contains(second.geometry())
    assert second.size() == usual
    for _ in range(14):  # the last ones would begin beyond the screen
        assert room.contains(windows.new().geometry())


def test_undo_in_one_window_leaves_the_other_alone(qtbot: QtBot, windows: Windows, picture: Path) -> None:
    first = opened(qtbot, windows.open_windows[0], picture)
    second = opened(qtbot, windows.new(), picture)
    for window in (first, second):
        window.document.edit(partial(edits.set_seed, seed=7))
    first.document.undo()
    assert (first.document.project.seed, second.document.project.seed) == (0, 7)


def test_quitting_closes_all_but_the_window_with_work_to_lose(qtbot: QtBot, windows: Windows, picture: Path) -> None:
    first = opened(qtbot, windows.open_windows[0], picture)
    windows.new()
    windows.new()
    first.document.edit(partial(edits.set_seed, seed=7))
    first.showMinimized()
    first.actions_by_name["quit"].trigger()
    assert windows.open_windows == (first,)
    assert first.isVisible() and not first.isMinimized()
    assert first.workspace.messages.isVisible()


def test_several_dropped_files_open_in_a_window_each(
    qtbot: QtBot, windows: Windows, picture: Path, tmp_path: Path
) -> None:
    others = [tmp_path / f"{name}.png" for name in "ab"]
    for other in others:
        other.write_bytes(picture.read_bytes())
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(file)) for file in (picture, *others)])
    assert windows.open_windows[0].opening.take_from(dropped)
    assert len(windows.open_windows) == 3
    qtbot.waitUntil(lambda: all(window.document.project for window in windows.open_windows), timeout=20_000)
    names = [window.document.project.picture.name for window in windows.open_windows]
    assert names == ["portrait.png", "a.png", "b.png"]


def test_a_new_window_is_empty_and_does_not_cover_the_old_one(windows: Windows) -> None:
    first = windows.open_windows[0]
    first.actions_by_name["new-window"].trigger()
    second = windows.open_windows[1]
    assert second.document.project is None
    assert second.pos() != first.pos()


def test_a_project_that_is_open_in_a_window_is_not_opened_twice(
    qtbot: QtBot, windows: Windows, picture: Path, tmp_path: Path
) -> None:
    first = opened(qtbot, windows.open_windows[0], picture)
    project = tmp_path / "girl.paic3d"
    with qtbot.waitSignal(first.keeping.saved, timeout=10_000):
        first.keeping.save_to(project)
    windows.open(str(tmp_path / "." / "girl.paic3d"))
    assert windows.open_windows == (first,)
    second = windows.new()
    second.open_picture(str(project))
    assert second.document.opening is None and second.document.project is None
    qtbot.waitUntil(lambda: windows.active is first)
    windows.open(str(picture))
    assert len(windows.open_windows) == 3


def test_a_window_that_was_closed_busy_keeps_nobody_waiting_and_is_freed_when_its_work_has_ended(
    qtbot: QtBot, windows: Windows
) -> None:
    window, go = windows.new(), threading.Event()
    runners = (*window.document.runners, window.keeping.writer)
    for runner in runners:
        runner.submit("open", lambda *_: go.wait(20))
    qtbot.waitUntil(lambda: all(runner._current is not None for runner in runners))
    gone = []
    window.destroyed.connect(lambda: gone.append(True))
    began = time.monotonic()
    window.close()
    assert time.monotonic() - began < 1.0  # and not a wait for each thread
    began = time.monotonic()
    windows.join(seconds=0.2)
    assert time.monotonic() - began < 1.0
    qtbot.wait(50)
    assert not gone
    go.set()
    qtbot.waitUntil(lambda: bool(gone))


def test_a_second_copy_of_a_crash_comes_back_in_a_window_of_its_own(
    qtbot: QtBot, windows: Windows, preferences: Preferences, picture: Path
) -> None:
    folder = preferences.folder_of_rescues
    folder.mkdir(parents=True)
    for token in ("a", "b"):
        write_project(
            Project(picture=PictureSource(f"{token}.png", picture.read_bytes()), seed=3), folder / f"{token}.paic3d"
        )
    first = windows.open_windows[0]
    first.offer_what_a_crash_left()
    with qtbot.waitSignal(first.document.opened, timeout=20_000):
        first.workspace.messages._act()
    first.workspace.messages._act()
    _, second = windows.open_windows
    qtbot.waitUntil(lambda: second.document.project is not None, timeout=20_000)
    assert {window.document.project.picture.name for window in windows.open_windows} == {"a.png", "b.png"}
    assert first.keeping.left_behind() == ()
