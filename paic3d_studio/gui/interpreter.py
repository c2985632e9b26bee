"""What Python does behind the window's back, kept short: passing its lock on, and collecting garbage.

Both hold up every thread. The lock is asked for again after 5 ms by default, each time a call let go of it; and a full
collection looks at all objects of the libraries that are loaded, which takes 0.2 s and frees nothing.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

_LOCK_SECONDS: Final = 0.001
"""How long a worker may keep Python's lock when the window wants it."""


def share_lock() -> None:
    """Have threads pass Python's lock on soon."""
    sys.setswitchinterval(_LOCK_SECONDS)


def spare_what_stays() -> None:
    """Have no collection look at what is there now; call it once what stays for good is loaded."""
    gc.freeze()


def collect_everything() -> None:
    """Free what was spared and is of no use any more, as a closed window; takes a fraction of a second."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
