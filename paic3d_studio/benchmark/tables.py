"""From figures of single pairs to tables: means with bootstrap intervals, as Markdown and as JSON."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.benchmark.line_removal import COMPARED, DIFFERENCE, TITLES
from paic3d_studio.benchmark.methods import METHODS
from paic3d_studio.benchmark.metrics import LINE_METRICS, METRICS, PICTURE_METRICS, Metric

RESAMPLES: Final = 2000
COVERAGE: Final = 0.95

Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Pair -> method -> figure -> value."""

TABLE_3: Final = (
    *(f"front_{name}" for name in PICTURE_METRICS),
    *(f"rear_{name}" for name in PICTURE_METRICS),
    *("psnr" if name == "psnr" else f"circle_{name}" for name in PICTURE_METRICS),
    "chamfer",
    "f1_5cm",
    "f1_10cm",
)
OTHERS: Final = (
    *("foreground_psnr", "iou", "depth_mm", "diagonal_psnr", "back_psnr", "ghost"),
    *("f1_0_005", "f1_0_01", "normals"),
)
EVERY_FACE: Final = tuple(name for name in METRICS if name.startswith("every_face_"))


@dataclasses.dataclass(frozen=True)
class Interval:
    """A mean and the bounds of its 95 % bootstrap interval, `low` and `high` None with fewer than two values."""

    mean: float
    low: float | None
    high: float | None
    count: int


def interval(values: Sequence[float], *, seed: int = 0) -> Interval:
    """Return the mean of the finite values and its percentile bootstrap interval; equal values and seed, equal bounds.

    The mean of none is NaN.
    """
    known = np.asarray([value for value in values if math.isfinite(value)], np.float64)
    if len(known) < 2:
        return Interval(float(known.mean()) if len(known) else math.nan, None, None, len(known))
    low, high = np.quantile(resampled_means(known, seed=seed), ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2))
    return Interval(float(known.mean()), float(low), float(high), len(known))


def resampled_means(values: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """Return the means of RESAMPLES draws of as many values with replacement."""
    lot = np.random.default_rng(seed)
    return np.asarray(values[lot.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1))


def intervals(figures: Figures, *, seed: int = 0) -> dict[str, dict[str, Interval]]:
    """Return method -> figure -> mean over pairs, in the order in which methods first appear."""
    methods = list(dict.fromkeys(method for rows in figures.values() for method in rows))
    found: dict[str, dict[str, Interval]] = {}
    for method in methods:
        rows = [row[method] for row in figures.values() if method in row]
        names = list(dict.fromkeys(name for row in rows for name in row))
        found[method] = {
            name: interval([row[name] for row in rows if name in row], seed=seed ^ zlib.crc32(name.encode()))
            for name in names
        }
    return found


def markdown(figures: Figures, lines: Figures, *, notes: Sequence[str], seed: int = 0, by_pair: bool = True) -> str:
    """Return all tables as Markdown.

    Args:
        figures: of reconstructions.
        lines: of line removals; may be empty.
        notes: sentences about how it was measured.
        seed: of the bootstrap.
        by_pair: whether a table of single pairs follows.
    """
    means = intervals(figures, seed=seed)
    titles = {name: f"{name}: {METHODS[name].summary}" if name in METHODS else name for name in means}
    parts = ["# Benchmark", "", *notes, ""]
    parts += ["## Table 3: reconstruction", "", *_table(means, TABLE_3, METRICS, titles), ""]
    parts += ["## The same views and meshes, further figures", "", *_table(means, OTHERS, METRICS, titles), ""]
    parts += ["## Geometry against every face of the file", "", *_table(means, EVERY_FACE, METRICS, titles), ""]
    if lines:
        ways = intervals(with_differences(lines), seed=seed)
        shown = {way: TITLES.get(way, way) for way in ways}
        parts += ["## Table 4: line removal", "", *_table(ways, tuple(LINE_METRICS), LINE_METRICS, shown), ""]
    if by_pair:
        parts += ["## Each pair", "", *_pairs_table(figures), ""]
    return "\n".join(parts)


def with_differences(lines: Figures) -> Figures:
    """Return the figures of line removal with one way more: what ours has more than Telea's, pair by pair.

    Pairs differ much more from each other than two ways differ on a pair: only these intervals tell which is better.
    """
    ours, theirs = COMPARED
    return {
        pair: {**rows, DIFFERENCE: {name: value - rows[theirs][name] for name, value in rows[ours].items()}}
        if ours in rows and theirs in rows
        else rows
        for pair, rows in lines.items()
    }


def _table(
    means: Mapping[str, Mapping[str, Interval]],
    names: Sequence[str],
    metrics: Mapping[str, Metric],
    titles: Mapping[str, str],
) -> list[str]:
    """Return the lines of a table: a row per method, a column per figure that anyone has."""
    shown = [name for name in names if any(name in row for row in means.values())]
    if not shown:
        return ["Not measured."]
    head = [f"{metrics[name].title} {'↑' if metrics[name].more_is_better else '↓'}" for name in shown]
    lines = ["| | " + " | ".join(head) + " |", "|---" * (len(shown) + 1) + "|"]
    for method, row in means.items():
        cells = [_cell(row.get(name), metrics[name]) for name in shown]
        lines.append(f"| {titles[method]} | " + " | ".join(cells) + " |")
    return lines


def _cell(found: Interval | None, metric: Metric) -> str:
    if found is None or not math.isfinite(found.mean):
        return "–"
    mean = f"{found.mean * metric.factor:.{metric.places}f}"
    if found.low is None or found.high is None:
        return mean
    low, high = (f"{bound * metric.factor:.{metric.places}f}" for bound in (found.low, found.high))
    return f"{mean} ({low} to {high})"


def _pairs_table(figures: Figures) -> list[str]:
    """Return one row per pair and method with the figures of the bar."""
    names = [
        *("psnr", "foreground_psnr", "iou", "depth_mm", "diagonal_psnr", "back_psnr", "ghost"),
        *("chamfer", "f1_5cm", "f1_10cm", "f1_0_005", "f1_0_01"),
    ]
    lines = ["| pair | method | " + " | ".join(METRICS[name].title for name in names) + " |"]
    lines.append("|---" * (len(names) + 2) + "|")
    for pair, rows in figures.items():
        for method, row in rows.items():
            cells = [_cell(Interval(row.get(name, math.nan), None, None, 1), METRICS[name]) for name in names]
            lines.append(f"| {pair} | {method} | " + " | ".join(cells) + " |")
    return lines


def as_json(value: Any) -> Any:
    """Return a value as JSON knows it: what is no number becomes null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return as_json(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
