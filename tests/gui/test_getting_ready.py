"""What nobody waits for."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.gui import getting_ready
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.runner import Deliver
from paic3d_studio.session.session import Session


class Work:
    """Stands for the real work, and counts how often it is done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done = 0
        self.waits = False
        self.stopped = False
        self.error: Exception | None = None
        monkeypatch.setattr(getting_ready, "_REST", 20)
        monkeypatch.setattr(getting_ready, "_get_ready", self.do)

    def do(self, monitor: Monitor, deliver: Deliver) -> None:
        self.done += 1
        deliver("choices", {"matting": ["network"]})
        try:
            while self.waits:
                monitor.check()
        finally:
            self.stopped = True
        if self.error is not None:
            raise self.error


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


@pytest.fixture
def opening(qtbot: QtBot, session: Session, preferences: Preferences, work: Work) -> Iterator[MainWindow]:
    """A window that gets ready, not shown yet."""
    window = MainWindow(session, preferences=preferences)
    qtbot.addWidget(window)
    yield window
    window.saving.leaves_work_behind = True
    window.close()
    assert window.join(seconds=5)


def test_it_is_done_once_when_the_window_stands_empty(qtbot: QtBot, opening: MainWindow, work: Work) -> None:
    with qtbot.waitSignal(opening.document.method_known, timeout=5000) as known:
        opening.show()
    assert known.args == [{"matting": ["network"]}]
    opening.hide()
    opening.show()
    qtbot.wait(100)
    assert work.done == 1


def test_the_first_picture_is_made_beside_it(qtbot: QtBot, opening: MainWindow, work: Work, picture: Path) -> None:
    work.waits = True
    with qtbot.waitSignal(opening.document.refreshed, timeout=20_000):
        opening.open_picture(str(picture))
    assert work.done == 1
    assert not work.stopped
    qtbot.waitUntil(lambda: not opening.document.busy, timeout=20_000)  # nobody is told that anything is still done
    assert not work.stopped


def test_a_window_that_closes_stops_it(qtbot: QtBot, opening: MainWindow, work: Work) -> None:
    work.waits = True
    opening.getting_ready.begin()
    qtbot.waitUntil(lambda: work.done == 1, timeout=5000)
    opening.close()
    assert opening.join(seconds=5)
    assert work.stopped


def test_what_cannot_be_done_is_not_tried_again_and_not_told(
    qtbot: QtBot, opening: MainWindow, work: Work, picture: Path
) -> None:
    work.error = UserError("There is no OpenGL.")
    opening.show()
    with qtbot.waitSignal(opening.document.refreshed, timeout=20_000):
        opening.open_picture(str(picture))
    qtbot.wait(100)
    assert work.done == 1
    assert not opening.workspace.messages.isVisible()


def test_a_bug_stands_in_the_log(
    qtbot: QtBot, opening: MainWindow, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    work.error = RuntimeError("only a trial")
    with qtbot.waitSignal(opening.getting_ready.runner.failed, timeout=5000):
        opening.getting_ready.begin()
    assert "only a trial" in caplog.text


def test_the_library_is_loaded_before_a_child_is_started_that_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(getting_ready, "prepare_networks", lambda **_: done.append("library"))
    monkeypatch.setattr(getting_ready, "choices", lambda: {})
    monkeypatch.setattr(getting_ready, "run_in_child", lambda *_, steps_back, monitor: done.append(steps_back))  # noqa: ARG005
    monkeypatch.setattr(getting_ready, "_rehearsed", threading.Event())
    for _ in range(2):  # windows
        getting_ready._get_ready(Monitor(), lambda name, _: done.append(name))
    assert done == ["library", "choices", True, "library", "choices"]
