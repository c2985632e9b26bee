"""Long work says how far it is and how long it still takes, and the first Ctrl-C asks it to stop."""

import io
import signal
import threading

import pytest

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.terminal import (
    QUIET_SECONDS,
    TerminalLine,
    stop_on_signals,
    terminal_monitor,
)
from paic3d_studio.errors import Cancelled


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


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
