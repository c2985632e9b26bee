"""Work for a child process that takes some seconds and needs neither Qt nor torch."""

import time

from paic3d_studio.core.monitor import SILENT, Monitor


def count_to(number: int, *, monitor: Monitor = SILENT) -> int:
    """Count, twenty numbers a second."""
    for count in range(number):
        monitor.report(count / number)
        time.sleep(0.05)
    return number
