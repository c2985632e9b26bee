"""Progress and cancel for anything that takes longer than a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from paic3d_studio.errors import Cancelled

T = TypeVar("T")

_ABANDONABLE: Final = "abandonable"
"""Name of the threads that may be left behind."""

POLL: Final = 0.05
"""How often someone who waits asks whether to cancel, in seconds."""


class Monitor:
    """Where a stage reports progress, and asks whether it should stop.

    Spans nest: a child reports 0..1 of its own work and the parent maps it into its share.

    Args:
        on_progress: called with the fraction done (0..1 of the whole) and a few words; None keeps silent.
        cancelled: asked at each check; True stops the work.
    """

    def __init__(
        self,
        on_progress: Callable[[float, str], None] | None = None,
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._on_progress = on_progress
        self._cancelled = cancelled

    def check(self) -> None:
        """Raise Cancelled when the work should stop; call it between chunks.

        Raises:
            Cancelled: the artist cancelled, or a newer request replaced this one.
        """
        if self._cancelled is not None and self._cancelled():
            raise Cancelled

    def report(self, fraction: float, text: str = "") -> None:
        """Say how far the work is, 0..1, and check for cancel.

        Raises:
            Cancelled: as `check`.
        """
        self.check()
        if self._on_progress is not None:
            self._on_progress(min(max(fraction, 0.0), 1.0), text)

    def child(self, start: float, end: float, text: str = "") -> Monitor:
        """Return a monitor whose 0..1 is `start`..`end` of this one; `text` stands in where the child says nothing."""

        def forward(fraction: float, own_text: str) -> None:
            if self._on_progress is not None:
                self._on_progress(start + (end - start) * fraction, own_text or text)

        return Monitor(forward, cancelled=self._cancelled)


SILENT = Monitor()
"""A monitor that reports nowhere and never cancels."""


def abandonable(work: Callable[[], T], *, monitor: Monitor) -> T:
    """Return `work()`, done on a thread of its own, so that cancel need not wait for it.

    For one long call into a library that knows no cancel, releases the interpreter and changes nothing but what it
    returns. After a cancel it runs to its end unheard; so keep it short, and do not use it for what an edit repeats.

    Raises:
        Cancelled: as `monitor`.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - the border of the thread: the caller raises it again
            failure.append(error)

    thread = threading.Thread(target=run, name=_ABANDONABLE, daemon=True)
    monitor.check()
    thread.start()
    while thread.is_alive():
        monitor.check()
        thread.join(POLL)
    if failure:
        raise failure[0]
    return outcome[0]


def join_abandoned(*, seconds: float) -> bool:
    """Wait for calls that were left behind, so that a program ends in order; False when one is still not done."""
    end = time.monotonic() + seconds
    left = [thread for thread in threading.enumerate() if thread.name == _ABANDONABLE]
    for thread in left:
        thread.join(max(0.0, end - time.monotonic()))
    return not any(thread.is_alive() for thread in left)
