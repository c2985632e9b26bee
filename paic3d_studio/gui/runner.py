"""A worker thread for everything that takes longer than a frame.

Jobs wait in lanes. In a lane the newest request wins: it cancels the one that runs and replaces the one that waits.
Lanes do not disturb each other, so that an edit never cancels an export.

A thread is never terminated: a job is asked to stop through its monitor, and the thread is joined. What a job delivers
comes as signals; connect them only to bound methods of QObjects that live in the window's thread, for anything else
(a lambda, a partial, a plain function) would run in the worker.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import QObject, QThread, Signal

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled
from paic3d_studio.gui.interpreter import share_lock

log = logging.getLogger(__name__)

Deliver = Callable[[str, object], None]
Work = Callable[[Monitor, Deliver], object]
"""What a job does: it reports to the monitor, hands out results as they come, and returns the last one."""

LANES: Final = (
    "save",
    "autosave",
    "open",
    "export",
    "import",
    "upscaling",
    "queue",
    "thumbnails",
    "picture",
    "refresh",
    "refine",
    "still",
    "live",
    "getting-ready",
)
"""In the order in which waiting jobs are taken."""

_NICE: Final = 10
"""How far the worker steps back behind the window, on the scale of `nice`."""

YIELDING: Final = frozenset({"refine", "still"})
"""Lanes whose job stops, or is forgotten, as soon as anything else is asked for; it is asked for again later."""


@dataclass
class Job:
    """A request in a lane, with the flag that asks it to stop."""

    lane: str
    title: str
    work: Work
    serial: int
    stop: threading.Event = field(default_factory=threading.Event)
    asked_at: float = 0.0


class Runner(QObject):
    """Owns the worker thread, and says what becomes of the jobs.

    Signals carry the lane first. After `cancelled`, `failed` or `finished` a job says nothing more; a job that a newer
    one replaced goes without a word, even for what it had said before the newer one was asked for.
    """

    started = Signal(str, str)
    """Lane and title of a job that begins."""
    delivered = Signal(str, str, object)
    """Lane, name and value of a result that came before the end."""
    progressed = Signal(str, float, str)
    """Lane, fraction 0..1 and a few words."""
    finished = Signal(str, object)
    failed = Signal(str, object)
    """Lane and the exception."""
    cancelled = Signal(str, float)
    """Lane, and how many seconds lay between asking and stopping."""
    became_idle = Signal()
    ended = Signal()
    """The thread has come to its end after `close`: nothing holds this object any more."""

    _said = Signal(object)
    """A word of the worker, on its way to the window's thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._changed = threading.Condition()
        self._waiting: dict[str, Job] = {}
        self._current: Job | None = None
        self._closing = False
        self._newest: dict[str, int] = {}
        self._said.connect(self._hear)
        self._thread = _JobThread(self)
        self._thread.setObjectName("jobs")
        self._thread.finished.connect(self.ended)
        self._thread.start(QThread.Priority.LowPriority)

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        with self._changed:
            return self._current is not None or bool(self._waiting)

    def runs(self, lane: str) -> bool:
        """Whether a job of this lane runs or waits."""
        with self._changed:
            return lane in self._waiting or (self._current is not None and self._current.lane == lane)

    def submit(self, lane: str, work: Work, *, title: str = "") -> None:
        """Ask for a job; an older request of the same lane is cancelled and forgotten."""
        with self._changed:
            if self._closing:
                return
            self._newest[lane] = self._newest.get(lane, 0) + 1
            if lane not in YIELDING:
                for yielding in YIELDING:
                    self._waiting.pop(yielding, None)
            self._waiting[lane] = Job(lane, title, work, self._newest[lane])
            if self._current is not None and self._current.lane in {lane, *YIELDING}:
                self._ask_to_stop(self._current)
            self._changed.notify()

    def cancel(self, lane: str | None = None) -> bool:
        """Ask the jobs of one lane, or of all, to stop; False when there was nothing to stop."""
        with self._changed:
            asked = False
            for name in [name for name in self._waiting if lane in (None, name)]:
                del self._waiting[name]
                if self._current is not None and self._current.lane == name:
                    self._newest[name] = self._current.serial  # and so its end is heard of
                asked = True
            if self._current is not None and lane in (None, self._current.lane):
                self._ask_to_stop(self._current)
                asked = True
            return asked

    def close(self, *, seconds: float = 2.0) -> bool:
        """Cancel everything and join the thread; False when it still has not come back after `seconds`."""
        with self._changed:
            self._closing = True
            self._waiting.clear()
            if self._current is not None:
                self._ask_to_stop(self._current)
            self._changed.notify()
        return bool(self._thread.wait(round(seconds * 1000)))

    @staticmethod
    def _ask_to_stop(job: Job) -> None:
        if not job.stop.is_set():
            job.asked_at = time.perf_counter()
            job.stop.set()

    def _next(self) -> Job | None:
        """Wait for a job on the worker thread; None when the program closes."""
        with self._changed:
            if self._current is not None:
                self._current = None
                if not self._waiting and not self._closing:
                    self._said.emit(_Word(None, "idle"))
            while not self._waiting and not self._closing:
                self._changed.wait()
            if self._closing:
                return None
            self._current = self._waiting.pop(min(self._waiting, key=LANES.index))
            return self._current

    def _run(self, job: Job) -> None:
        """Run one job on the worker thread; the thread's border, so that nothing escapes it."""

        furthest = 0.0

        def progress(fraction: float, text: str) -> None:
            nonlocal furthest
            furthest = max(furthest, fraction)  # a part that begins anew does not take the whole back
            self._said.emit(_Word(job, "progressed", (furthest, text)))

        def deliver(name: str, value: object) -> None:
            self._said.emit(_Word(job, "delivered", (name, value)))

        monitor = Monitor(progress, cancelled=job.stop.is_set)
        try:
            self._said.emit(_Word(job, "started", (job.title,)))
            result = job.work(monitor, deliver)
        except Cancelled:
            seconds = time.perf_counter() - job.asked_at if job.asked_at else 0.0
            self._said.emit(_Word(job, "cancelled", (seconds,)))
        except Exception as error:  # noqa: BLE001 the border of the worker thread
            self._said.emit(_Word(job, "failed", (error,)))
        else:
            self._said.emit(_Word(job, "finished", (result,)))

    def _hear(self, word: _Word) -> None:
        """Pass a word on, in the window's thread, unless its job has been replaced since."""
        if self._closing:
            return
        if word.job is None:
            if not self.busy:
                self.became_idle.emit()
        elif word.job.serial == self._newest[word.job.lane]:
            getattr(self, word.signal).emit(word.job.lane, *word.values)


def close_all(runners: Iterable[Runner], *, seconds: float) -> bool:
    """Ask all to stop, then join them; False when one has not come back after so many seconds for all together."""
    end = time.monotonic() + seconds
    runners = tuple(runners)
    for runner in runners:
        runner.close(seconds=0.0)
    return all([runner.close(seconds=max(0.0, end - time.monotonic())) for runner in runners])  # noqa: C419 each is asked


@dataclass(frozen=True)
class _Word:
    """Something the worker says about a job: which signal, and what it carries after the lane."""

    job: Job | None
    signal: str
    values: tuple[object, ...] = ()


class _JobThread(QThread):
    """The one worker: takes jobs until the program closes."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self._runner = runner

    def run(self) -> None:
        """Take one job after another, and leave the processor to the window where both want it.

        Linux takes no notice of the priority of a `QThread`; there the thread is made nicer itself, and with it the
        threads and processes that it starts.
        """
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        share_lock()
        while (job := self._runner._next()) is not None:
            self._runner._run(job)
