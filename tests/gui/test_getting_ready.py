"""What an artist does not wait for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.gui import getting_ready
from paic3d_studio.gui.getting_ready import GettingReady
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.runner import Deliver, Runner
from paic3d_studio.session.session import Session


class Work:
    """Stands for both pieces of work, and counts how often each begins and ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.waits: set[str] = set()
        self.others = False  # something is done elsewhere
        self.error: Exception | None = None
        monkeypatch.setattr(getting_ready, "_warm_up", lambda monitor, deliver: self.do("warm-up", monitor, deliver))
        monkeypatch.setattr(getting_ready, "_rehearse", lambda monitor, deliver: self.do("rehearsal", monitor, deliver))

    def do(self, name: str, monitor: Monitor, deliver: Deliver) -> None:
        del deliver
        self.begun.append(name)
        while name in self.waits:
            monitor.check()
        if self.error is not None:
            raise self.error
        self.ended.append(name)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[Runner]:
    made = Runner()
    yield made
    assert made.close(seconds=5)


@pytest.fixture
def ready(qtbot: QtBot, runner: Runner, work: Work) -> Iterator[GettingReady]:
    made = GettingReady(runner, is_free=lambda: not runner.busy and not work.others)
    runner.became_idle.connect(made.warm_up)
    yield made
    assert made.beside.close(seconds=5)


def idle(qtbot: QtBot, runner: Runner) -> None:
    with qtbot.waitSignal(runner.became_idle, timeout=5000):
        runner.submit("refresh", lambda *_: None)


def test_the_library_is_loaded_once_and_only_while_nothing_else_is_done(
    qtbot: QtBot, runner: Runner, ready: GettingReady, work: Work
) -> None:
    work.others = True
    idle(qtbot, runner)
    qtbot.wait(50)
    assert work.begun == []
    work.others = False
    for _ in range(3):
        idle(qtbot, runner)
    qtbot.waitUntil(lambda: "warm-up" in work.ended, timeout=5000)
    idle(qtbot, runner)
    qtbot.wait(50)
    assert work.begun.count("warm-up") == work.ended.count("warm-up") == 1


def test_what_is_asked_for_stops_the_loading_and_it_comes_again(
    qtbot: QtBot, runner: Runner, ready: GettingReady, work: Work
) -> None:
    work.waits = {"warm-up"}
    idle(qtbot, runner)
    qtbot.waitUntil(lambda: "warm-up" in work.begun, timeout=5000)
    work.waits = set()
    runner.submit("refresh", lambda *_: None)
    qtbot.waitUntil(lambda: "warm-up" in work.ended, timeout=5000)
    assert set(work.begun) == {"warm-up"}


def test_shaders_are_compiled_once_and_beside_what_the_artist_asks_for(
    qtbot: QtBot, runner: Runner, ready: GettingReady, work: Work
) -> None:
    work.waits = {"rehearsal"}
    ready.rehearse()
    qtbot.waitUntil(lambda: "rehearsal" in work.begun, timeout=5000)
    idle(qtbot, runner)  # neither waits for the other
    work.waits = set()
    ready.rehearse()
    qtbot.waitUntil(lambda: "rehearsal" in work.ended, timeout=5000)
    qtbot.wait(50)
    assert work.begun.count("rehearsal") == 1


@pytest.mark.skipif(not hasattr(os, "nice"), reason="processes step back by nice where there is such a thing")
def test_the_child_that_compiles_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(getting_ready, "run_in_child", lambda *_, **options: asked.append(options))
    getting_ready._rehearse(Monitor(), lambda *_: None)
    assert [options["steps_back"] for options in asked] == [True]


def test_what_cannot_be_done_is_not_tried_again_and_not_told(
    qtbot: QtBot, session: Session, preferences: Preferences, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(monkeypatch)
    work.error = UserError("There is no OpenGL.")
    window = MainWindow(session, preferences=preferences)
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.document.refreshed, timeout=20_000):
        window.open_picture(str(picture))
    qtbot.waitUntil(lambda: sorted(work.begun) == ["rehearsal", "warm-up"], timeout=5000)
    for _ in range(3):
        window.getting_ready.warm_up()
        window.getting_ready.rehearse()
        qtbot.wait(50)
    assert sorted(work.begun) == ["rehearsal", "warm-up"]
    assert window.workspace.messages.isVisible() is False
    window.saving.leaves_work_behind = True
    window.close()
    assert window.join(seconds=5)
