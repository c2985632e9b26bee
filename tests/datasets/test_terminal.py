"""Long work says how far it is and how long it still takes, and the first Ctrl-C asks it to stop."""

import io
import signal
import threading

import pytest

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.terminal import (
    QUIET_SECONDS,
    TerminalLine,
    TimeLeft,
    shown_seconds,
    stop_on_signals,
    terminal_monitor,
)
from paic3d_studio.errors import Cancelled


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_follows_from_the_pace() -> None:
    clock = Clock()
    left = TimeLeft(clock)
    assert left.after(0.0) is None
    clock.now = 10.0
    assert left.after(0.25) == pytest.approx(30.0)
    clock.now = 25.0
    assert left.after(1.0) == 0


def test_what_an_earlier_run_had_done_does_not_count_as_pace() -> None:
    clock = Clock()
    left = TimeLeft(clock)
    for known in range(500):
        left.after(known / 1000)
    for step in range(1, 201):
        clock.now = 2.0 * step
        seconds = left.after((500 + step) / 1000)
    assert seconds == pytest.approx(2.0 * 300, rel=0.01)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (89, "89 s"), (600, "10 min"), (11_100, "3 h 05 min")])
def test_spans_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert shown_seconds(seconds) == text


def test_a_terminal_has_one_line_and_a_file_a_line_now_and_then() -> None:
    clock, live, quiet = Clock(), io.StringIO(), io.StringIO()
    for stream, is_live in ((live, True), (quiet, False)):
        clock.now = 0.0
        line = TerminalLine(stream, live=is_live, clock=clock)
        for k in range(4):
            clock.now = k * QUIET_SECONDS / 2
            line.on_progress(k / 4, f"step {k}")
        line.say("done")
    assert live.getvalue().count("\n") == 1
    assert live.getvalue().count("\r") == 6  # four drawings, and what takes the last away
    assert quiet.getvalue().splitlines() == ["  0 %  step 0", " 50 %  step 2  (15 s left)", "done"]


def test_the_first_ctrl_c_asks_and_the_second_ends() -> None:
    before = signal.getsignal(signal.SIGINT)
    with terminal_monitor(TerminalLine(io.StringIO())) as monitor:
        monitor.check()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Cancelled):
            monitor.check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    with stop_on_signals() as asked:
        signal.raise_signal(signal.SIGTERM)
        assert asked()


def test_another_thread_works_without_signals() -> None:
    heard: list[bool] = []

    def work() -> None:
        with stop_on_signals() as asked:
            Monitor(cancelled=asked).check()
            heard.append(asked())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [False]
