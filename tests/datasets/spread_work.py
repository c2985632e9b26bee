"""Work for other processes, which import it by name."""

import os
from multiprocessing.synchronize import Event
from pathlib import Path

_stop: Event | None = None


def prepare(stop: Event) -> None:
    global _stop
    _stop = stop


def square(number: int) -> int:
    return number * number


def end_at_seven(number: int) -> int:
    if number == 7:
        os._exit(1)
    return number


def until_stopped(told: Path) -> None:
    """Say in a file that the work began, and then whether it was asked to stop."""
    assert _stop is not None
    told.write_text("began")
    told.write_text("stopped" if _stop.wait(60) else "waited in vain")
