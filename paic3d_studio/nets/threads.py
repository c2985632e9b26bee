"""How many cores the networks take, and work that is shared among them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from paic3d_studio.core.monitor import SILENT, Monitor

Part = TypeVar("Part")
Result = TypeVar("Result")


def limit_threads(count: int) -> None:
    """Let torch use `count` cores on this thread.

    Torch keeps the number per calling thread, so each thread that runs networks has to be told.
    """
    torch.set_num_threads(count)


def side_by_side(
    work: Callable[[Part], Result], parts: Sequence[Part], *, monitor: Monitor = SILENT
) -> Iterator[Result]:
    """Yield `work(part)` for each part in order, on as many threads as torch may use here, one core each.

    Torch's own threads meet after every operation, and on a busy machine each meeting waits for the slowest; parts that
    are done side by side meet once. A part should take some milliseconds. The results do not depend on how many threads
    there are.

    Raises:
        Cancelled: the work was cancelled; parts that have begun are finished first.
    """
    count = min(torch.get_num_threads(), len(parts))
    if count <= 1:
        for done, part in enumerate(parts):
            monitor.report(done / len(parts))
            yield work(part)
        return
    inference = torch.is_inference_mode_enabled()

    def alone(part: Part) -> Result:
        with torch.inference_mode() if inference else contextlib.nullcontext():
            return work(part)

    with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        waiting: list[Future[Result]] = [pool.submit(alone, part) for part in parts]
        try:
            for done, future in enumerate(waiting):
                monitor.report(done / len(parts))
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()
            # The workers' number also became that of threads to come: set it back.
            torch.set_num_threads(torch.get_num_threads())
