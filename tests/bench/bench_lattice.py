"""Measure the density lattice by resolution: queries of the field, seconds and peak memory, each in a fresh process.

PYTHONPATH=. python tests/bench/bench_lattice.py [--runs 3] [--threads 2] [--resolutions 64 128 256 512]

"compact" is the field that the default backbone makes of the bundled example, "head" the full-size published field of
bench_published.py. The last column is the time for nothing but writing that many numbers into fresh memory.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from bench_published import backbone, commit, head

from paic3d_studio.nets.field import RadianceField, density_lattice
from paic3d_studio.paths import example_picture
from paic3d_studio.session.session import Session


def compact() -> RadianceField:
    session = Session()
    session.open(example_picture())
    field: RadianceField = session.pull("field")
    return field


FIELDS: dict[str, Callable[[], RadianceField]] = {"compact": compact, "head": lambda: head(backbone())}


def counted(field: RadianceField) -> list[int]:
    """Return a list that receives how many points each query of a field asks for."""
    asked: list[int] = []
    density, density_grid = field.density, field.density_grid

    def of_points(xyz: torch.Tensor) -> torch.Tensor:
        asked.append(len(xyz))
        return density(xyz)

    def of_grid(*axes: torch.Tensor, **options: Any) -> torch.Tensor:
        before = len(asked)
        found = density_grid(*axes, **options)
        del asked[before:]  # some grids ask point by point
        asked.append(found.numel())
        return found

    field.density, field.density_grid = of_points, of_grid  # type: ignore[method-assign]
    return asked


def measured(name: str, resolution: int, runs: int, threads: int) -> dict[str, float]:
    """Run one case in this process."""
    torch.set_num_threads(threads)
    with torch.inference_mode():
        field = FIELDS[name]()
        walls, processors = [], []
        for _ in range(runs + 1):
            wall, processor = time.perf_counter(), time.process_time()
            density_lattice(field, resolution)
            walls.append(time.perf_counter() - wall)
            processors.append(time.process_time() - processor)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        asked = counted(field)
        density_lattice(field, resolution)
    written = time.perf_counter()
    np.empty((resolution,) * 3, dtype=np.float32).fill(1)
    return {
        "asked": sum(asked),
        "wall": statistics.median(walls[1:]),
        "processor": statistics.median(processors[1:]),
        "peak": peak,
        "written": time.perf_counter() - written,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolutions", type=int, nargs="+", default=[64, 128, 256, 512])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        name, resolution = arguments.child
        print(json.dumps(measured(name, int(resolution), arguments.runs, arguments.threads)))
        return
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__} with {arguments.threads} threads, "
        f"commit {commit()}, median of {arguments.runs} runs after one to warm up\n"
    )
    print("| field | samples | queries | of all | queries / n^2 | seconds | processor seconds | peak MiB | write |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for name in FIELDS:
        for resolution in arguments.resolutions:
            command = [sys.executable, __file__, "--child", name, str(resolution), "--runs", str(arguments.runs)]
            command += ["--threads", str(arguments.threads)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f"| {name} | {resolution}^3 | {found['asked']:,.0f} | {found['asked'] / resolution**3:.1%} "
                f"| {found['asked'] / resolution**2:.1f} | {found['wall']:.2f} | {found['processor']:.2f} "
                f"| {found['peak']:.0f} | {found['written']:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
