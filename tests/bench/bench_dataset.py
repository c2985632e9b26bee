"""Measure how fast characters become a dataset: views a second in one process, by what they are spent on.

PYTHONPATH=. python tests/bench/bench_dataset.py CHARACTER... [--size N] [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from paic3d_studio.datasets.renders import CharacterMeta, RenderSetWriter, RenderView
from paic3d_studio.datasets.views import cameras_of, filtered
from paic3d_studio.datasets.vrm import load_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer


def main() -> None:
    """Print the median seconds of each step per character, and the views a second of all together."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("characters", nargs="+", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    seconds: dict[str, list[float]] = {"read": [], "draw": [], "filter": [], "write": []}
    with tempfile.TemporaryDirectory() as folder, CharacterRenderer() as renderer:
        writer = RenderSetWriter.create(Path(folder), size=chosen.size)
        for _ in range(chosen.rounds):
            for path in chosen.characters:
                times = dict.fromkeys(seconds, 0.0)
                began = time.perf_counter()
                character = load_character(path)
                times["read"] = time.perf_counter() - began
                views: dict[str, RenderView] = {}
                for view, camera in cameras_of(path.stem, seed=0).items():
                    began = time.perf_counter()
                    large = renderer.render(character, [camera], size=2 * chosen.size, supersample=1)
                    times["draw"] += time.perf_counter() - began
                    began = time.perf_counter()
                    views[view] = filtered(large, camera=camera)
                    times["filter"] += time.perf_counter() - began
                began = time.perf_counter()
                writer.write("measured", views, meta=CharacterMeta(path.name, "", "train", {}))
                times["write"] = time.perf_counter() - began
                for step, spent in times.items():
                    seconds[step].append(spent)
    medians = {step: statistics.median(spent) for step, spent in seconds.items()}
    for step, spent in medians.items():
        print(f"{step:8} {spent:6.2f} s per character of 12 views")
    print(f"{12 / sum(medians.values()):.1f} views a second at {chosen.size} px")


if __name__ == "__main__":
    main()
