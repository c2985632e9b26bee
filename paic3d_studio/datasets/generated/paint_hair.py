"""The paint of hair: columns of strands from root to tip, with lines, light and the patterns of dyed hair."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.datasets.generated.paint import as_picture, mixed, scaled
from paic3d_studio.datasets.generated.recipe import Colour, HairRecipe

SIDE: Final = 512
_ALL: Final = 8
COLUMNS: Final[Mapping[str, tuple[int, ...]]] = {"main": (0, 1, 2, 3), "second": (4, 5), "under": (6,), "fur": (7,)}
"""Columns of the texture by tone; `fur` is for animal ears, without lines."""


def column_box(column: int) -> tuple[float, float, float, float]:
    """Return the box (u0, v0, u1, v1) of one column, a little inside it."""
    margin = 3 / SIDE
    return column / _ALL + margin, 0.0, (column + 1) / _ALL - margin, 1.0


@dataclasses.dataclass(frozen=True)
class Pattern:
    """A way to dye hair.

    `from_tip` where along a strand (0 root, 1 tip) the second colour begins and is full, or None; `lock` says of a lock
    at x whether it wears the second colour; `under` whether what lies underneath does.
    """

    from_tip: tuple[float, float] | None = None
    lock: Callable[[float, Generator], bool] = lambda _x, _rng: False
    under: bool = False


PATTERNS: Final[Mapping[str, Pattern]] = {
    "plain": Pattern(),
    "ombre": Pattern(from_tip=(0.35, 1.0)),
    "dipped": Pattern(from_tip=(0.72, 0.80)),
    "streaks": Pattern(lock=lambda _x, rng: bool(rng.random() < 0.16)),
    "split": Pattern(lock=lambda x, _rng: x < 0.0),
    "inner": Pattern(under=True),
    "fringe": Pattern(lock=lambda x, rng: bool(0.012 < x < 0.05 and rng.random() < 0.6)),
}

SHINES: Final = ("ring", "soft", "zigzag", "none")


def hair_picture(recipe: HairRecipe, rng: Generator) -> NDArray[np.uint8]:
    """Return the texture of the hair, uint8 (512, 512, 4)."""
    columns = []
    for column in range(_ALL):
        second = column in COLUMNS["second"]
        root = recipe.second if second else recipe.root
        tip = scaled(recipe.second, 1.04) if second else recipe.tip
        if column in COLUMNS["under"]:
            root, tip = _under(recipe)
        columns.append(_column(recipe, root, tip, rng, fur=column in COLUMNS["fur"], under=column in COLUMNS["under"]))
    rgb = np.concatenate(columns, 1)
    return as_picture(rgb)


def _under(recipe: HairRecipe) -> tuple[Colour, Colour]:
    if PATTERNS[recipe.pattern].under:
        return recipe.shadow, scaled(recipe.second, 0.9)
    return mixed(recipe.shadow, recipe.root, 0.45), mixed(recipe.shadow, recipe.tip, 0.5)


def _column(
    recipe: HairRecipe, root: Colour, tip: Colour, rng: Generator, *, fur: bool, under: bool
) -> NDArray[np.float64]:
    """Paint one column (512, 64, 3): u across a lock, v from root to tip."""
    width = SIDE // _ALL
    v = np.linspace(0, 1, SIDE)[:, None, None]
    u = np.linspace(-1, 1, width)[None, :, None]
    rgb = np.asarray(root) + (np.asarray(tip) - np.asarray(root)) * np.clip(v * 1.1 - 0.1, 0, 1) + 0 * u
    pattern = PATTERNS[recipe.pattern]
    if pattern.from_tip is not None:
        begin, full = pattern.from_tip
        uneven = begin + 0.05 * np.sin(u * 9 + rng.uniform(0, 6))
        share = np.clip((v - uneven) / max(full - begin, 1e-3), 0, 1)
        rgb = rgb + (np.asarray(recipe.second) * (0.72 if under else 1.0) - rgb) * share
    if fur:
        return np.asarray(rgb * (1 - 0.06 * np.abs(u)))
    tone = 1.0 if under else float(rng.uniform(0.955, 1.03))
    rgb = rgb * tone
    shadow = np.asarray(recipe.shadow) / np.maximum(np.asarray(recipe.root), 0.05)
    shadow = np.clip(shadow, 0.45, 1.0)
    rgb = rgb * (1 - (1 - shadow) * 0.75 * np.clip(1 - v / 0.16, 0, 1) ** 1.2 * 0.5)  # darker at the whorl
    edge = np.clip((np.abs(u) - 0.55) / 0.45, 0, 1) ** 1.5
    rgb = rgb * (1 - (1 - shadow) * 0.85 * edge)
    rgb = rgb * (1 - (1 - shadow) * 0.5 * np.clip((v - 0.9) / 0.1, 0, 1))
    for _ in range(int(rng.integers(4, 7))):
        rgb = _strand_line(rgb, v, u, shadow, rng)
    if not under:
        rgb = _shine(rgb, v, u, recipe, rng)
    return np.asarray(rgb)


def _strand_line(
    rgb: NDArray[np.float64],
    v: NDArray[np.float64],
    u: NDArray[np.float64],
    shadow: NDArray[np.float64],
    rng: Generator,
) -> NDArray[np.float64]:
    """Draw one dark or light line along the strands, thin at both ends."""
    at, drift, begin = rng.uniform(-0.85, 0.85), rng.uniform(-0.25, 0.25), rng.uniform(-0.2, 0.55)
    end = begin + rng.uniform(0.3, 0.8)
    along = np.clip(np.sin(np.clip((v - begin) / (end - begin), 0, 1) * np.pi), 0, 1)
    near = np.clip(1 - np.abs(u - at - drift * v) / (0.05 + 0.05 * along), 0, 1) * along
    if rng.random() < 0.25:
        return np.asarray(rgb + (1 - rgb) * near * 0.12)
    return np.asarray(rgb * (1 - (1 - shadow) * near * 0.75))


def _shine(
    rgb: NDArray[np.float64], v: NDArray[np.float64], u: NDArray[np.float64], recipe: HairRecipe, rng: Generator
) -> NDArray[np.float64]:
    """Paint the band of light about a third of the way down."""
    if recipe.shine_style == "none":
        return rgb
    middle = 0.265 + rng.uniform(-0.012, 0.012)
    if recipe.shine_style == "soft":
        band = np.exp(-(((v - middle) / 0.075) ** 2)) * (1 - 0.5 * np.abs(u))
        return np.asarray(rgb + (np.asarray(recipe.shine) - rgb) * band * 0.45)
    teeth = 3 if recipe.shine_style == "zigzag" else 2
    saw = np.abs(((u * teeth + rng.uniform(0, 1)) % 1) - 0.5) * 2
    high = 0.035 * (0.4 + 0.6 * saw) * (1.15 - np.abs(u) * 0.6)
    band = np.clip((high - np.abs(v - middle)) / 0.012, 0, 1) * np.clip((0.95 - np.abs(u)) / 0.2, 0, 1)
    return np.asarray(rgb + (np.asarray(recipe.shine) - rgb) * band * 0.75)
