"""The worker thread and its lanes."""

import threading
import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.gui.runner import YIELDING, Deliver, Runner


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[Runner]:
    made = Runner()
    yield made
    assert made.close(seconds=5)


class Ear(QObject):
    """Hears a runner in the window's thread, and remembers what it heard and where."""

    def __init__(self, runner: Runner) -> None:
        super().__init__()
        self.heard: list[tuple[object, ...]] = []
        self.threads: set[int] = set()
        runner.delivered.connect(self.take_delivered)
        runner.finished.connect(self.take_finished)
        runner.failed.connect(self.take_failed)
        runner.cancelled.connect(self.take_cancelled)

    def take_delivered(self, lane: str, name: str, value: object) -> None:
        self._note("delivered", lane, name, value)

    def take_finished(self, lane: str, value: object) -> None:
        self._note("finished", lane, value)

    def take_failed(self, lane: str, error: object) -> None:
        self._note("failed", lane, error)

    def take_cancelled(self, lane: str, _: float) -> None:
        self._note("cancelled", lane)

    def _note(self, *what: object) -> None:
        self.heard.append(what)
        self.threads.add(threading.get_ident())


def patient(seconds: float = 5.0) -> object:
    """Work that asks its monitor every few milliseconds."""

    def work(monitor: Monitor, deliver: Deliver) -> str:
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            monitor.check()
            time.sleep(0.002)
        return "done"

    return work


def quick(answer: object) -> object:
    def work(monitor: Monitor, deliver: Deliver) -> object:
        deliver("part", answer)
        return answer

    return work


def test_a_job_runs_elsewhere_and_its_results_arrive_in_the_windows_thread(qtbot: QtBot, runner: Runner) -> None:
    ear = Ear(runner)
    where = []

    def work(monitor: Monitor, deliver: Deliver) -> str:
        where.append(threading.get_ident())
        deliver("part", 1)
        return "whole"

    with qtbot.waitSignal(runner.finished):
        runner.submit("refresh", work)
    assert ear.heard == [("delivered", "refresh", "part", 1), ("finished", "refresh", "whole")]
    assert ear.threads == {threading.get_ident()}
    assert where[0] != threading.get_ident()


def test_of_two_quick_requests_only_the_newest_is_delivered(qtbot: QtBot, runner: Runner) -> None:
    ear = Ear(runner)
    with qtbot.waitSignal(runner.finished):
        for number in range(20):
            runner.submit("refresh", quick(number))
    qtbot.waitUntil(lambda: not runner.busy)
    assert ear.heard == [("delivered", "refresh", "part", 19), ("finished", "refresh", 19)]


def test_a_newer_request_stops_the_one_that_runs_without_a_word(qtbot: QtBot, runner: Runner) -> None:
    ear = Ear(runner)
    with qtbot.waitSignal(runner.started):
        runner.submit("refresh", patient())
    with qtbot.waitSignal(runner.finished, timeout=2000):
        runner.submit("refresh", quick("new"))
    assert [what[0] for what in ear.heard] == ["delivered", "finished"]


def test_an_edit_never_cancels_an_export(qtbot: QtBot, runner: Runner) -> None:
    ear = Ear(runner)
    with qtbot.waitSignal(runner.started):
        runner.submit("export", patient(0.2))
    runner.submit("refresh", quick(1))
    qtbot.waitUntil(lambda: len(ear.heard) == 3)
    assert ear.heard[0] == ("finished", "export", "done")


@pytest.mark.parametrize("lane", sorted(YIELDING))
def test_a_job_that_yields_stops_for_any_other(qtbot: QtBot, runner: Runner, lane: str) -> None:
    ear = Ear(runner)
    with qtbot.waitSignal(runner.started):
        runner.submit(lane, patient(60.0))
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runner.submit("refresh", quick("asked"))
    assert [what[:2] for what in ear.heard] == [
        ("cancelled", lane),
        ("delivered", "refresh"),
        ("finished", "refresh"),
    ]


@pytest.mark.parametrize("lane", sorted(YIELDING))
def test_a_job_that_yields_is_forgotten_where_it_waits(qtbot: QtBot, runner: Runner, lane: str) -> None:
    ear = Ear(runner)
    with qtbot.waitSignal(runner.started):
        runner.submit("export", patient(0.2))
    runner.submit(lane, quick("of an earlier state"))
    with qtbot.waitSignal(runner.became_idle, timeout=5000):
        runner.submit("refresh", quick("asked"))
    assert {what[1] for what in ear.heard} == {"export", "refresh"}


def test_what_waits_is_done_in_the_order_of_the_lanes(qtbot: QtBot, runner: Runner) -> None:
    ear = Ear(runner)
    with qtbot.waitSignal(runner.started):
        runner.submit("export", patient(0.1))
    for lane in ("refresh", "still", "refine"):
        runner.submit(lane, quick(lane))
    qtbot.waitUntil(lambda: len(ear.heard) == 7)
    assert [what[1] for what in ear.heard if what[0] == "finished"] == ["export", "refresh", "refine", "still"]


def test_cancel_stops_the_job_and_says_so_once(qtbot: QtBot, runner: Runner) -> None:
    ear = Ear(runner)
    with qtbot.waitSignal(runner.started):
        runner.submit("refresh", patient())
    with qtbot.waitSignal(runner.cancelled, timeout=2000):
        assert runner.cancel()
    assert ear.heard == [("cancelled", "refresh")]
    qtbot.waitUntil(lambda: not runner.busy)
    assert not runner.cancel()


def test_cancelling_what_waits_behind_a_job_of_its_lane_is_told_too(qtbot: QtBot, runner: Runner) -> None:
    ear = Ear(runner)
    with qtbot.waitSignal(runner.started):
        runner.submit("refresh", patient())
    runner.submit("refresh", quick("newer"))
    with qtbot.waitSignal(runner.cancelled, timeout=5000):
        runner.cancel()
    qtbot.wait(50)
    assert [what[:2] for what in ear.heard] == [("cancelled", "refresh")]


def test_an_error_arrives_as_a_value_and_the_worker_goes_on(qtbot: QtBot, runner: Runner) -> None:
    ear = Ear(runner)

    def work(monitor: Monitor, deliver: Deliver) -> None:
        raise UserError("It did not work.", "Try another one.")

    with qtbot.waitSignal(runner.failed):
        runner.submit("refresh", work)
    assert isinstance(ear.heard[0][2], UserError)
    with qtbot.waitSignal(runner.finished):
        runner.submit("refresh", quick(1))


def test_closing_during_a_job_leaves_no_thread(qtbot: QtBot) -> None:
    runner = Runner()
    with qtbot.waitSignal(runner.started):
        runner.submit("refresh", patient(60.0))
    assert runner.close(seconds=5)  # the job left alone would go on for longer
    assert all(thread.isFinished() for thread in runner.findChildren(QThread))


def test_nothing_is_heard_after_closing(qtbot: QtBot) -> None:
    runner = Runner()
    ear = Ear(runner)
    with qtbot.waitSignal(runner.started):
        runner.submit("refresh", patient())
    runner.close()
    qtbot.wait(30)
    assert ear.heard == []


def test_the_progress_of_a_job_never_runs_backwards(qtbot: QtBot, runner: Runner) -> None:
    told: list[float] = []

    def work(monitor: Monitor, deliver: Deliver) -> None:
        for fraction in (0.2, 0.68, 0.4, 0.5, 0.9):
            monitor.report(fraction, "a part")

    runner.progressed.connect(lambda _lane, fraction, _words: told.append(fraction))
    with qtbot.waitSignal(runner.finished):
        runner.submit("refresh", work)
    assert told == [0.2, 0.68, 0.68, 0.68, 0.9]
