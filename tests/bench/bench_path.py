"""Measure illustration to GLB on the command line: seconds per stage and peak memory, each run in a fresh process.

PYTHONPATH=. python tests/bench/bench_path.py [--runs 3] [PICTURE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from paic3d_studio.paths import example_picture, program_folder


def one_run(picture: Path, folder: Path) -> dict[str, object]:
    """Reconstruct `picture` in a process of its own and return the program's own report."""
    command = [sys.executable, str(program_folder() / "main.py"), "reconstruct", str(picture), "--json"]
    done = subprocess.run([*command, "-o", str(folder / "head.glb")], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def commit() -> str:
    """Return the commit that is measured, with a plus where the tree differs from it."""
    asked = ["git", "-C", str(program_folder()), "describe", "--always", "--dirty=+"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", nargs="?", type=Path, default=example_picture())
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reports = [one_run(arguments.picture, Path(folder)) for _ in range(arguments.runs)]
    stages: list[dict[str, float]] = [dict(report["stages"]) for report in reports]  # type: ignore[call-overload]
    print(f"{platform.machine()}, {os.cpu_count()} cores, commit {commit()}, median of {arguments.runs} runs\n")
    print("| stage | seconds |\n|---|---|")
    for name in stages[0]:
        print(f"| {name} | {statistics.median(run[name] for run in stages):.2f} |")
    whole = statistics.median(float(str(report["seconds"])) for report in reports)
    print(f"| **whole, with export** | **{whole:.1f}** |")
    for label, field in (("program", "peak_memory_mib"), ("meshing child", "peak_memory_child_mib")):
        print(f"\nPeak memory of the {label}: {max(int(str(report[field])) for report in reports)} MiB")
    print(f"\nThe same bytes in every run: {len({report['sha256'] for report in reports}) == 1}")


if __name__ == "__main__":
    main()
