"""Measure how fast characters are made by rules, and how large their files are, in one process.

PYTHONPATH=. python tests/bench/bench_characters.py [--count N] [--seed S]
"""

from __future__ import annotations

import argparse
import statistics
import time

from paic3d_studio.datasets.generated.build import built
from paic3d_studio.datasets.generated.draw import drawn_recipe
from paic3d_studio.datasets.generated.generate import character_bytes


def main() -> None:
    """Print the median seconds of building and of building and writing, and the sizes of the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    building, whole, sizes = [], [], []
    for seed in range(chosen.seed, chosen.seed + chosen.count):
        recipe = drawn_recipe(seed)
        began = time.perf_counter()
        built(recipe)
        building.append(time.perf_counter() - began)
        began = time.perf_counter()
        sizes.append(len(character_bytes(recipe)))
        whole.append(time.perf_counter() - began)
    print(f"build {statistics.median(building):.2f} s, build and write {statistics.median(whole):.2f} s a character")
    print(f"{1 / statistics.median(whole):.1f} characters a second")
    print(f"files: median {statistics.median(sizes) / 1e6:.2f} MB, largest {max(sizes) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
