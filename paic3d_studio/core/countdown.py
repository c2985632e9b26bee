"""What there is to say while things are done one after another: which, of how many, and how long the rest takes."""

from __future__ import annotations

import time
from collections.abc import Callable

from paic3d_studio.core.monitor import Monitor


class Countdown:
    """Reports to a monitor how many of `count` things are done, and how long the others will take at that pace.

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
        self._clock = clock
        self._began = clock()

    def tell(self, done: int) -> None:
        """Say that so many things are done, 0 to `count`.

        Raises:
            Cancelled: as the monitor.
        """
        words = f"{self._doing} {min(done + 1, self._count)} of {self._count}"
        if 0 < done < self._count:
            words += f", {rest((self._clock() - self._began) / done * (self._count - done))}"
        self._monitor.report(done / self._count, words)


def rest(seconds: float) -> str:
    """Return in words how long something will take, no finer than anybody can foresee."""
    if seconds < 10:
        return f"about {max(1, round(seconds))} s left"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} s left"
    return f"about {round(seconds / 60)} min left"
