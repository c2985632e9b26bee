"""The figures of single views alone: `python -m paic3d_studio.benchmark.holdout --characters DIR`.

A thin entry to the benchmark for use while a network trains; `./run benchmark --characters DIR` gives the same figures
and many more.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from paic3d_studio.benchmark.bar import BACK_GAIN, BARS, misses
from paic3d_studio.benchmark.evaluate import Options
from paic3d_studio.benchmark.methods import Entrant
from paic3d_studio.benchmark.pairs import characters_alone
from paic3d_studio.benchmark.run import Job, run_jobs
from paic3d_studio.benchmark.tables import Figures, as_json
from paic3d_studio.benchmark.views import Scores
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError

MEASURED: Final = ("billboard", "inflated", "compact")


def table(found: Figures) -> str:
    """Return the scores as text, one line per character and reconstructor."""
    names = [field.name for field in dataclasses.fields(Scores)]
    lines = [f"{'character':34} {'method':10} " + " ".join(f"{name:>15}" for name in names)]
    for character, rows in found.items():
        for method, row in rows.items():
            values = " ".join(f"{row[name]:15.3f}" for name in names)
            lines.append(f"{character:34} {method:10} {values}")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table, or JSON, and whether the bar is met; exit code 1 when it is not."""
    parser = argparse.ArgumentParser(prog="python -m paic3d_studio.benchmark.holdout", description=__doc__)
    parser.add_argument("--characters", type=Path, required=True, help="folder of characters and composites")
    parser.add_argument(
        "--weights", type=Path, help="safetensors file of a network of the default sizes; else the shipped weights"
    )
    parser.add_argument("--only", nargs="*", help="names of files, in place of all that are held out")
    parser.add_argument("--size", type=int, default=128, help="side of the views in pixels")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    entrants = tuple(Entrant(name, arguments.weights if name == "compact" else None) for name in MEASURED)
    options = Options(size=arguments.size, views_only=True)
    monitor = Monitor(lambda fraction, text: print(f"\r{fraction:4.0%} {text:60.60}", end="", file=sys.stderr))
    try:
        pairs = characters_alone(arguments.characters, only=arguments.only)
        results = run_jobs([Job(pair, entrants, options) for pair in pairs], monitor=monitor)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(file=sys.stderr)
    figures = {result.name: result.figures for result in results if result.figures}
    problems = [f"{result.name}: {result.problem}" for result in results if result.problem]
    found = misses(figures)
    if arguments.json:
        bar = {"bars": BARS, "back_gain": BACK_GAIN}
        print(json.dumps(as_json({"scores": figures, "bar": bar, "misses": found, "problems": problems}), indent=2))
    else:
        print(table(figures))
        print("\n".join([*problems, *found]) or "the bar is met by all that was measured")
    return 1 if found or problems else 0


if __name__ == "__main__":
    sys.exit(main())
