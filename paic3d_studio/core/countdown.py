"""What there is to say while long work goes on: how much time is left, which thing is done, and of how many."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from paic3d_studio.core.monitor import Monitor

_WINDOW: Final = 64


class TimeLeft:
    """Estimates the seconds left from how the fraction done has grown lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, float]] = deque(maxlen=_WINDOW)

    def after(self, fraction: float) -> float | None:
        """Note the fraction done, 0..1, and return the seconds left; None while nothing can be said."""
        now = self._clock()
        self._seen.append((now, fraction))
        began, start = self._seen[0]
        if fraction <= start or now <= began:
            return None
        return (now - began) * (1 - fraction) / (fraction - start)


def shown_seconds(seconds: float) -> str:
    """Return a span of time as people say it: `45 s`, `12 min`, `3 h 05 min`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


class Countdown:
    """Reports to a monitor how many of `count` things are done, and how long the others will take.

    Args:
        monitor: hears of it.
        count: how many things there are, at least one.
        doing: what is done with each, such as "drawing view".
        clock: seconds since any moment.
    """

    def __init__(
        self, monitor: Monitor, *, count: int, doing: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._monitor = monitor
        self._count = count
        self._doing = doing
        self._left = TimeLeft(clock)

    def tell(self, done: int) -> None:
        """Say that so many things are done, 0 to `count`.

        Raises:
            Cancelled: as the monitor.
        """
        words = f"{self._doing} {min(done + 1, self._count)} of {self._count}"
        left = self._left.after(done / self._count)
        if left is not None and done < self._count:
            words += f", {rest(left)}"
        self._monitor.report(done / self._count, words)


def rest(seconds: float) -> str:
    """Return in words how long something will take, no finer than anybody can foresee."""
    step = 1 if seconds < 10 else 5
    return f"about {shown_seconds(max(1, step * round(seconds / step)))} left"
