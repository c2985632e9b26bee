"""Long work on a terminal: a line of progress with the time left, and Ctrl-C that ends it cleanly."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TextIO

from paic3d_studio.core.countdown import TimeLeft, shown_seconds
from paic3d_studio.core.monitor import Monitor

DONE: Final = 0
TO_MEND: Final = 2
CANCELLED: Final = 130
"""Exit codes; the last is what a shell expects of a program that Ctrl-C ended."""

QUIET_SECONDS: Final = 15.0
"""Where a line cannot be rewritten, a new one comes no sooner than this after the last."""


class TerminalLine:
    """Writes progress to a stream: one line that is rewritten, or now and then a new one where none can be.

    Args:
        stream: where to, usually standard error.
        live: whether the stream is a terminal whose line can be rewritten; None asks it.
        clock: seconds from any beginning.
    """

    def __init__(
        self, stream: TextIO, *, live: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._live = stream.isatty() if live is None else live
        self._clock = clock
        self._left = TimeLeft(clock)
        self._drawn = 0
        self._last = -QUIET_SECONDS

    def on_progress(self, fraction: float, text: str) -> None:
        """Show the share done, the time left and a few words."""
        left = self._left.after(fraction)
        line = f"{100 * fraction:3.0f} %  {text}" + ("" if left is None else f"  ({shown_seconds(left)} left)")
        if self._live:
            line = line[: shutil.get_terminal_size().columns - 1]
            self._stream.write("\r" + line.ljust(self._drawn))
            self._drawn = len(line)
        elif self._clock() - self._last >= QUIET_SECONDS:
            self._last = self._clock()
            self._stream.write(line + "\n")
        self._stream.flush()

    def say(self, text: str) -> None:
        """Write a line that stays."""
        if self._live and self._drawn:
            self._stream.write("\r" + " " * self._drawn + "\r")
        self._drawn = 0
        self._stream.write(text + "\n")
        self._stream.flush()


@contextmanager
def terminal_monitor(line: TerminalLine) -> Iterator[Monitor]:
    """Yield a monitor that writes to `line`, and that Ctrl-C cancels as in `stop_on_signals`."""
    with stop_on_signals() as asked:
        yield Monitor(line.on_progress, cancelled=asked)


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C or SIGTERM into a request to stop, which the yielded function tells; a second Ctrl-C ends
    the program at once. Outside the main thread nothing is caught.
    """
    asked = False
    if threading.current_thread() is not threading.main_thread():
        yield lambda: asked
        return

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and number == signal.SIGINT:
            signal.default_int_handler(number, frame)
        asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
