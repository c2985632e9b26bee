"""What a benchmark says: the tables as Markdown, everything as JSON, and the page."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from paic3d_studio import __version__
from paic3d_studio.benchmark.bar import JUDGED, misses
from paic3d_studio.benchmark.evaluate import Options
from paic3d_studio.benchmark.geometry import POINTS
from paic3d_studio.benchmark.page import page
from paic3d_studio.benchmark.run import PairResult
from paic3d_studio.benchmark.tables import COVERAGE, RESAMPLES, as_json, intervals, markdown

_PASSED: Final = "Nothing that was measured is below the bar (docs/benchmark.md)."
_NOT_JUDGED: Final = "The embedded network, of which the bar speaks, was not measured."


@dataclasses.dataclass(frozen=True)
class Report:
    """`markdown` for people, `json` for programs, and `files` by name: both, and the page."""

    markdown: str
    json: dict[str, Any]
    files: dict[str, str]


def report(results: Sequence[PairResult], *, options: Options) -> Report:
    """Return what is to be said of some results; those with a problem are named, and not counted."""
    import json

    measured = [result for result in results if result.figures]
    figures = {result.name: result.figures for result in measured}
    lines = {result.name: result.lines for result in measured if result.lines}
    problems = {result.name: result.problem for result in results if result.problem}
    notes = _notes(options, len(measured), problems)
    missed = misses(figures)
    bar = missed or [_PASSED if any(JUDGED in rows for rows in figures.values()) else _NOT_JUDGED]
    tables = markdown(figures, lines, notes=notes, seed=options.seed)
    tables += "\n## The bar\n\n" + "\n".join(f"- {sentence}" for sentence in bar) + "\n"
    told = as_json(
        {
            "program": __version__,
            "options": {name: _plain(value) for name, value in dataclasses.asdict(options).items()},
            "scores": figures,
            "means": intervals(figures, seed=options.seed),
            "lines": lines,
            "line_means": intervals(lines, seed=options.seed),
            "problems": problems,
            "misses": missed,
        }
    )
    encoded = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    files = {
        "benchmark.md": tables,
        "benchmark.json": encoded,
        "benchmark.html": page(results, notes=notes, tables=tables),
    }
    return Report(tables, told, files)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _notes(options: Options, count: int, problems: dict[str, str]) -> list[str]:
    """Return how it was measured, in sentences."""
    views = "voxels baked of the field (--quick)" if options.quick else "the field itself"
    mesh = "the studio's mesh" if options.surface == "studio" else "the mesh of the released extraction"
    pairs = "1 pair" if count == 1 else f"{count} pairs"
    notes = [
        f"{pairs}. Views of {options.size} px from {views}, unstitched. Geometry of {mesh}, {POINTS} points "
        f"(seed {options.seed}) on each surface in the prism of the region, against what can be seen of the character; "
        "distances in metres.",
        f"In brackets: {COVERAGE:.0%} bootstrap interval over pairs ({RESAMPLES} resamples, seed {options.seed}).",
    ]
    if options.drawn:
        notes.append("Characters without an illustration were drawn by rules, and their lines removed.")
    notes += [f"Left out: {name}: {problem}" for name, problem in problems.items()]
    return notes
