"""Measure how long each stage works between two questions whether to stop: the longest wait of an artist who cancels.

PYTHONPATH=. python tests/bench/bench_cancel.py [--threads 1] [--runs 3] [PICTURE ...]
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections import defaultdict
from pathlib import Path

from bench_path import commit

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.paths import example_picture
from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.session.session import Session


class Stopwatch:
    """Hears every question and every stage, and keeps the longest silence of each stage in seconds."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = defaultdict(float)
        self._stage = "portrait"
        self._last = time.perf_counter()

    def asked(self) -> bool:
        """Answer a question whether to stop: no."""
        now = time.perf_counter()
        self.longest[self._stage] = max(self.longest[self._stage], now - self._last)
        self._last = now
        return False

    def on_stage(self, report: StageReport) -> None:
        """Give the time from here on to another stage."""
        if report.state == "running" and report.seconds == 0:
            self.asked()
            self._stage = report.stage
        elif report.state == "fresh":
            self.asked()


def silences(picture: Path, *, threads: int) -> dict[str, float]:
    """Return stage -> longest time between two questions while a head is made of `picture`, in seconds."""
    session, watch = Session(threads=threads), Stopwatch()
    session.listen_to_stages(watch.on_stage)
    monitor = Monitor(cancelled=watch.asked)
    project = session.read(picture, monitor=monitor)
    for stage in ("volume", "textured"):
        session.pull(stage, project, monitor)
    return watch.longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", type=Path, default=[example_picture()])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {arguments.threads} for networks, commit {commit()}\n")
    print("| picture | longest wait, s | in | others over 0.1 s |\n|---|---|---|---|")
    for picture in arguments.pictures:
        for _ in range(arguments.runs):
            found = sorted(silences(picture, threads=arguments.threads).items(), key=lambda pair: -pair[1])
            others = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in found[1:] if seconds > 0.1)
            print(f"| {picture.name} | {found[0][1]:.2f} | {found[0][0]} | {others} |", flush=True)


if __name__ == "__main__":
    main()
