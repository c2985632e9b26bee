"""What is done while nothing is to be done."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.gui import getting_ready
from paic3d_studio.gui.getting_ready import GettingReady
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.runner import Deliver, Runner


class Work:
    """Stands for both pieces of work, and counts how often each begins and ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.waits = False
        self.others = False  # something is done elsewhere
        self.error: Exception | None = None
        monkeypatch.setattr(getting_ready, "_REST", 20)
        monkeypatch.setattr(getting_ready, "_warm_up", lambda monitor, deliver: self.do("warm-up", monitor, deliver))
        monkeypatch.setattr(getting_ready, "_rehearse", lambda monitor, deliver: self.do("rehearsal", monitor, deliver))

    def do(self, name: str, monitor: Monitor, deliver: Deliver) -> None:
        del deliver
        self.begun.append(name)
        while self.waits and name == "rehearsal":
            monitor.check()
        if self.error is not None:
            raise self.error
        self.ended.append(name)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


@pytest.fixture
def runner(qtbot: QtBot, work: Work) -> Iterator[Runner]:
    made = Runner()
    ready = GettingReady(made, is_free=lambda: not made.busy and not work.others, parent=made)
    made.became_idle.connect(ready.go_on)
    yield made
    assert made.close(seconds=5)


def idle(qtbot: QtBot, runner: Runner) -> None:
    with qtbot.waitSignal(runner.became_idle, timeout=5000):
        runner.submit("refresh", lambda *_: None)


def test_one_thing_is_done_after_the_other_and_each_once(qtbot: QtBot, runner: Runner, work: Work) -> None:
    for _ in range(3):
        idle(qtbot, runner)
    qtbot.waitUntil(lambda: "rehearsal" in work.ended, timeout=5000)
    idle(qtbot, runner)
    qtbot.wait(100)
    assert work.ended == ["warm-up", "rehearsal"]


def test_what_was_stopped_is_begun_again_after_a_rest_and_nothing_else(
    qtbot: QtBot, runner: Runner, work: Work
) -> None:
    work.waits = True
    idle(qtbot, runner)
    qtbot.waitUntil(lambda: "rehearsal" in work.begun, timeout=5000)
    runner.submit("refresh", lambda *_: None)
    work.waits = False
    qtbot.waitUntil(lambda: "rehearsal" in work.ended, timeout=5000)
    assert work.begun == ["warm-up", "rehearsal", "rehearsal"]


def test_nothing_is_begun_while_anything_is_done_elsewhere(qtbot: QtBot, runner: Runner, work: Work) -> None:
    idle(qtbot, runner)
    qtbot.waitUntil(lambda: "warm-up" in work.ended, timeout=5000)
    work.others = True
    idle(qtbot, runner)
    qtbot.wait(100)
    assert work.begun == ["warm-up"]
    work.others = False
    idle(qtbot, runner)
    qtbot.waitUntil(lambda: "rehearsal" in work.ended, timeout=5000)


def test_what_cannot_be_done_is_not_tried_again_and_not_told(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the window's own is not to do anything in other tests
    work = Work(monkeypatch)
    work.error = UserError("There is no OpenGL.")
    runner = window.document.runner
    ready = GettingReady(runner, is_free=lambda: not runner.busy, parent=window)
    for _ in range(4):
        ready.go_on()
        qtbot.waitUntil(lambda: not window.document.runner.busy, timeout=5000)
        qtbot.wait(60)
    assert work.begun == ["warm-up", "rehearsal"]
    assert window.workspace.status.doing == ""
    assert not window.workspace.messages.isVisible()
