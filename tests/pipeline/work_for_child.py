"""Functions that the tests of `pipeline.child` run in a child process, which imports them by name."""

import os
import signal
import sys
import time
from pathlib import Path

from paic3d_studio.errors import UserError
from paic3d_studio.pipeline.child import run_in_child


def doubled(array, *, offset=0, monitor):
    for step in range(5):
        monitor.report(step / 5, f"step {step}")
    return 2 * array + offset


def loaded_modules(*, monitor):
    return sorted(sys.modules)


def sleep_for_ever(note, *, monitor):
    Path(note).write_text(str(os.getpid()))
    monitor.report(0.5, "asleep")
    time.sleep(600)


def has_a_child(note, *, monitor):
    run_in_child(sleep_for_ever, note, monitor=monitor)


def refuse(*, monitor):
    raise UserError("The field is empty.", "Check the matte.")


def stumble(*, monitor):
    return {}["missing"]


def interrupted(note, *, monitor):
    Path(note).touch()
    vanish(monitor=monitor)


def vanish(*, monitor):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
