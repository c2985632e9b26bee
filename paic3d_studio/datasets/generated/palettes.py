"""Colours that go together: hair, eyes, skin and clothes by name."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Final

from numpy.random import Generator

from paic3d_studio.datasets.generated.recipe import Colour

HAIR: Final[Mapping[str, tuple[Colour, ...]]] = {
    "black": ((0.16, 0.15, 0.20), (0.20, 0.17, 0.20), (0.15, 0.17, 0.24)),
    "brown": ((0.34, 0.23, 0.20), (0.48, 0.32, 0.24), (0.62, 0.44, 0.32), (0.44, 0.27, 0.24)),
    "blond": ((0.96, 0.84, 0.56), (0.93, 0.77, 0.47), (0.97, 0.91, 0.74), (0.87, 0.74, 0.54)),
    "orange": ((0.93, 0.57, 0.32), (0.85, 0.47, 0.29), (0.96, 0.68, 0.42)),
    "red": ((0.74, 0.22, 0.22), (0.58, 0.16, 0.20), (0.85, 0.32, 0.28)),
    "pink": ((0.97, 0.68, 0.76), (0.93, 0.53, 0.66), (0.98, 0.80, 0.83)),
    "purple": ((0.55, 0.42, 0.73), (0.76, 0.66, 0.90), (0.38, 0.27, 0.50), (0.66, 0.44, 0.70)),
    "blue": ((0.30, 0.42, 0.74), (0.20, 0.26, 0.47), (0.45, 0.60, 0.88), (0.24, 0.36, 0.60)),
    "aqua": ((0.58, 0.80, 0.94), (0.42, 0.76, 0.80), (0.70, 0.90, 0.93)),
    "green": ((0.42, 0.66, 0.46), (0.27, 0.48, 0.40), (0.68, 0.87, 0.72), (0.62, 0.74, 0.40)),
    "grey": ((0.72, 0.73, 0.80), (0.56, 0.56, 0.63), (0.80, 0.78, 0.80)),
    "white": ((0.95, 0.95, 0.98), (0.97, 0.95, 0.92), (0.91, 0.94, 0.98)),
}
HAIR_WEIGHTS: Final = (14, 17, 15, 6, 7, 9, 8, 10, 6, 6, 7, 9)

EYES: Final[Mapping[str, tuple[Colour, ...]]] = {
    "brown": ((0.52, 0.30, 0.20), (0.42, 0.25, 0.20)),
    "yellow": ((0.95, 0.72, 0.22), (0.88, 0.62, 0.25)),
    "orange": ((0.93, 0.48, 0.18),),
    "red": ((0.83, 0.18, 0.22), (0.70, 0.14, 0.22)),
    "pink": ((0.93, 0.42, 0.60),),
    "purple": ((0.55, 0.32, 0.75), (0.42, 0.30, 0.68)),
    "blue": ((0.20, 0.45, 0.85), (0.15, 0.32, 0.66), (0.35, 0.62, 0.93)),
    "aqua": ((0.20, 0.70, 0.78), (0.30, 0.80, 0.80)),
    "green": ((0.22, 0.62, 0.38), (0.45, 0.68, 0.25), (0.16, 0.50, 0.42)),
    "grey": ((0.50, 0.54, 0.60), (0.38, 0.40, 0.46)),
}
EYE_WEIGHTS: Final = (13, 11, 5, 10, 6, 11, 18, 9, 12, 5)

SKIN: Final[tuple[tuple[Colour, float], ...]] = (
    ((0.995, 0.925, 0.890), 24),
    ((0.990, 0.900, 0.850), 26),
    ((0.985, 0.880, 0.815), 18),
    ((0.955, 0.825, 0.735), 10),
    ((0.880, 0.715, 0.600), 8),
    ((0.760, 0.570, 0.455), 6),
    ((0.580, 0.410, 0.325), 5),
    ((0.960, 0.930, 0.940), 3),
)

CLOTHES: Final[tuple[tuple[Colour, Colour, Colour], ...]] = (
    ((0.96, 0.96, 0.97), (0.20, 0.27, 0.45), (0.80, 0.22, 0.26)),
    ((0.18, 0.21, 0.33), (0.95, 0.95, 0.96), (0.80, 0.25, 0.30)),
    ((0.93, 0.90, 0.83), (0.52, 0.36, 0.26), (0.78, 0.45, 0.30)),
    ((0.28, 0.30, 0.34), (0.88, 0.88, 0.90), (0.93, 0.68, 0.25)),
    ((0.80, 0.26, 0.28), (0.97, 0.95, 0.93), (0.20, 0.20, 0.25)),
    ((0.97, 0.80, 0.84), (0.99, 0.97, 0.97), (0.82, 0.42, 0.55)),
    ((0.62, 0.78, 0.92), (0.98, 0.98, 1.00), (0.25, 0.42, 0.70)),
    ((0.40, 0.55, 0.45), (0.94, 0.92, 0.84), (0.80, 0.55, 0.25)),
    ((0.50, 0.40, 0.62), (0.95, 0.92, 0.97), (0.93, 0.76, 0.36)),
    ((0.15, 0.15, 0.18), (0.55, 0.12, 0.18), (0.85, 0.80, 0.72)),
    ((0.95, 0.76, 0.36), (0.35, 0.28, 0.26), (0.98, 0.96, 0.90)),
    ((0.22, 0.46, 0.52), (0.92, 0.95, 0.93), (0.94, 0.62, 0.40)),
    ((0.76, 0.85, 0.74), (0.98, 0.98, 0.95), (0.50, 0.38, 0.30)),
    ((0.44, 0.22, 0.25), (0.93, 0.87, 0.78), (0.85, 0.68, 0.35)),
    ((0.88, 0.88, 0.92), (0.30, 0.32, 0.40), (0.35, 0.62, 0.80)),
    ((0.30, 0.40, 0.66), (0.95, 0.95, 0.98), (0.96, 0.80, 0.35)),
    ((0.99, 0.94, 0.80), (0.62, 0.74, 0.50), (0.88, 0.45, 0.40)),
    ((0.70, 0.55, 0.44), (0.96, 0.92, 0.86), (0.30, 0.36, 0.34)),
    ((0.20, 0.17, 0.25), (0.62, 0.50, 0.82), (0.90, 0.86, 0.96)),
    ((0.90, 0.52, 0.36), (0.99, 0.96, 0.92), (0.28, 0.34, 0.48)),
)
"""(main, second, accent) of one outfit."""


def weighted(rng: Generator, names: tuple[str, ...] | list[str], weights: tuple[float, ...] | list[float]) -> str:
    """Draw one name."""
    total = float(sum(weights))
    return str(names[int(rng.choice(len(names), p=[w / total for w in weights]))])


def jittered(
    rng: Generator, colour: Colour, *, hue: float = 0.012, saturation: float = 0.08, value: float = 0.05
) -> Colour:
    """Return a colour a little beside another, in hue, saturation and value."""
    h, s, v = colorsys.rgb_to_hsv(*colour)
    return colorsys.hsv_to_rgb(
        (h + float(rng.uniform(-hue, hue))) % 1.0,
        min(max(s * (1 + float(rng.uniform(-saturation, saturation))), 0.0), 1.0),
        min(max(v + float(rng.uniform(-value, value)), 0.0), 1.0),
    )


def deepened(
    colour: Colour, *, hue_towards: float = 0.72, by: float = 0.04, saturation: float = 1.15, value: float = 0.72
) -> Colour:
    """Return a colour's shadow: darker, richer, its hue turned a little towards violet."""
    h, s, v = colorsys.rgb_to_hsv(*colour)
    turn = ((hue_towards - h + 0.5) % 1.0) - 0.5
    h = (h + max(min(turn, by), -by)) % 1.0
    return colorsys.hsv_to_rgb(h, min(max(s * saturation, 0.10), 1.0), v * value)


def lightened(colour: Colour, share: float) -> Colour:
    """Return a colour's light: towards white, its hue kept."""
    h, s, v = colorsys.rgb_to_hsv(*colour)
    return colorsys.hsv_to_rgb(h, s * (1 - 0.75 * share), min(v + (1 - v) * share, 1.0))
