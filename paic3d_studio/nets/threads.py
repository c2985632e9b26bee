"""How many cores the networks take."""

from __future__ import annotations

import torch


def limit_threads(count: int) -> None:
    """Let torch use `count` cores on this thread.

    Torch keeps the number per calling thread, so each thread that runs networks has to be told.
    """
    torch.set_num_threads(count)
