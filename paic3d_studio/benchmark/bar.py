"""What the embedded network must reach at 256 px, unstitched: on `vita`, with unseen hair, on generated ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from paic3d_studio.benchmark.methods import BASELINES
from paic3d_studio.benchmark.metrics import METRICS
from paic3d_studio.benchmark.tables import Figures, interval

JUDGED: Final = "compact"
"""The method that has to pass."""

BARS: Final[Mapping[str, Mapping[str, float]]] = {
    "vita": {"iou": 0.945, "foreground_psnr": 18.5, "depth_mm": 6.0, "diagonal_psnr": 25.0},
    "vita__hair_sendagaya_shino": {"iou": 0.94, "foreground_psnr": 13.5},
}
"""By the character's name; where less is better, at most."""

GENERATED_BAR: Final[Mapping[str, float]] = {"iou": 0.93, "f1_5cm": 0.85}
"""For the mean over generated characters."""

GENERATED: Final = "generated_"
BACK_GAIN: Final = {"vita": 3.0}
"""How many dB the back view must be better than the billboard's."""


def misses(figures: Figures, *, name: str = JUDGED) -> list[str]:
    """Return a sentence for each part of the bar that a method misses; empty when it passes all that was measured."""
    found = []
    for character, bar in BARS.items():
        if name in figures.get(character, {}):
            found += _below(figures[character][name], bar, f"{character}: ")
    for character, bar_gain in BACK_GAIN.items():
        rows = figures.get(character, {})
        if name in rows and "billboard" in rows:
            gain = rows[name]["back_psnr"] - rows["billboard"]["back_psnr"]
            if not gain >= bar_gain:
                found.append(
                    f"{character}: back_psnr is {gain:+.2f} dB against the billboard, the bar is {bar_gain:+.1f}"
                )
    generated = {pair: rows for pair, rows in figures.items() if pair.startswith(GENERATED) and name in rows}
    if generated:
        means = {
            key: float(np.mean([rows[name][key] for rows in generated.values()]))
            for key in GENERATED_BAR
            if all(key in rows[name] for rows in generated.values())
        }
        found += _below(means, GENERATED_BAR, f"mean of {len(generated)} generated: ")
    return found + behind(figures, name=name)


def _below(row: Mapping[str, float], bar: Mapping[str, float], whose: str) -> list[str]:
    found = []
    for key, least in bar.items():
        value = row.get(key)
        if value is None:
            continue  # not measured; NaN was, and there was nothing to see: that passes no bar
        if not (value >= least if METRICS[key].more_is_better else value <= least):
            found.append(f"{whose}{key} is {value:.3f}, the bar is {least}")
    return found


def behind(figures: Figures, *, name: str = JUDGED) -> list[str]:
    """Return a sentence for each figure whose mean is worse than a baseline's.

    The flat front view is left out: a billboard shows the very picture that it was given.
    """
    pairs = {pair: rows for pair, rows in figures.items() if name in rows}
    found = []
    for baseline in BASELINES:
        both = [rows for rows in pairs.values() if baseline in rows]
        shared = [key for key in METRICS if both and all(key in r[name] and key in r[baseline] for r in both)]
        for key in shared:
            if key.startswith("front_"):
                continue
            mine, theirs = (interval([r[method][key] for r in both]).mean for method in (name, baseline))
            if math.isnan(theirs):
                continue
            if not (mine >= theirs if METRICS[key].more_is_better else mine <= theirs):
                found.append(f"{key} is {mine:.3f}, the {baseline} has {theirs:.3f}")
    return found
