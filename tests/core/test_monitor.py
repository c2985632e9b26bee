"""Progress that nests, cancel, and long calls that can be left behind."""

import threading
import time

import pytest

from paic3d_studio.core.monitor import Monitor, abandonable, join_abandoned
from paic3d_studio.errors import Cancelled


def test_a_child_maps_its_progress_into_its_share() -> None:
    seen: list[tuple[float, str]] = []
    monitor = Monitor(lambda fraction, text: seen.append((fraction, text)))
    child = monitor.child(0.2, 0.6, "meshing").child(0.5, 1.0)
    child.report(0.5)
    child.report(1.0, "done")
    assert seen == [(pytest.approx(0.5), "meshing"), (pytest.approx(0.6), "done")]


def test_a_cancelled_monitor_stops_its_children() -> None:
    with pytest.raises(Cancelled):
        Monitor(cancelled=lambda: True).child(0, 1).child(0, 1).check()


def test_an_abandonable_call_returns_what_it_makes() -> None:
    assert abandonable(lambda: 6 * 7, monitor=Monitor()) == 42


def test_the_error_of_an_abandonable_call_arrives() -> None:
    def fail() -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        abandonable(fail, monitor=Monitor())


def test_cancel_does_not_wait_for_an_abandonable_call() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        may_end.wait(60)
        ended.set()

    with pytest.raises(Cancelled):
        abandonable(long, monitor=Monitor(cancelled=begun.is_set))
    assert not ended.is_set()
    assert not join_abandoned(seconds=0.01)
    may_end.set()
    assert join_abandoned(seconds=60)
    assert ended.is_set()


def test_what_is_cancelled_already_is_not_begun() -> None:
    begun = threading.Event()
    with pytest.raises(Cancelled):
        abandonable(begun.set, monitor=Monitor(cancelled=lambda: True))
    time.sleep(0.05)
    assert not begun.is_set()
