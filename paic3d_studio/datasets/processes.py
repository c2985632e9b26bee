"""The same work for many jobs, spread over spawned processes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.synchronize import Event
from typing import TypeVar

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled, UserError

Job = TypeVar("Job")
Result = TypeVar("Result")


def done_apart(
    work: Callable[[Job], Result],
    jobs: Iterable[Job],
    *,
    processes: int,
    prepare: Callable[[Event], None],
    died: UserError,
    monitor: Monitor,
    ahead: int = 1,
) -> Iterator[Result]:
    """Yield results as spawned processes bring them, in any order.

    Args:
        work: a function of a module, so that a child can import it.
        jobs: what it is called with, one by one.
        processes: how many work at once.
        prepare: called once in each child, with an event that is set when the work is to stop in the middle of a job; a
            child that does not look at it finishes its job.
        died: raised when a child ends unexpectedly.
        monitor: cancel.
        ahead: how many jobs wait beside those that are worked on: few, so that stopping is quick.

    Raises:
        UserError: `died`, or whatever `work` raises; what has not begun by then is dropped.
        Cancelled: as `monitor`.
    """
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    waiting = iter(jobs)
    running: set[Future[Result]] = set()
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(prepare, stop)) as pool:
        try:
            while True:
                monitor.check()
                for job in islice(waiting, processes + ahead - len(running)):
                    running.add(pool.submit(work, job))
                if not running:
                    return
                done, running = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BrokenProcessPool as error:
            raise died from error
        except (Cancelled, UserError):
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _begin(prepare: Callable[[Event], None], stop: Event) -> None:
    """Prepare a child; Ctrl-C reaches the whole group of processes, and the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare(stop)
