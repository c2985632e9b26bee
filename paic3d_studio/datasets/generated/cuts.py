"""The table of hair cuts, and hair put together from a cut, its ties, bangs and extras."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import numpy as np

from paic3d_studio.datasets.generated.bangs import BANGS, EXTRAS, SIDES
from paic3d_studio.datasets.generated.hair import HairVolume, Lock
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    joined,
)
from paic3d_studio.datasets.generated.ties import TAILS, Tie, ball, combed


@dataclasses.dataclass(frozen=True)
class Layer:
    """Locks round the back and the sides. Angles in degrees, phi from the face; see `hair.Lock`.

    `tip` a height, or None for the recipe's length; `shorter` metres by which the sides are shorter than the back.
    """

    span: float = 62.0
    root: float = 5.0
    release: float = 84.0
    tip: float | None = None
    length: float | None = None
    turn: float = 90.0
    point: float = 0.12
    width: float = 1.0
    density: float = 1.0
    lift: float = 0.0
    shorter: float = 0.0
    tone: str = "main"
    taper: float = 0.6
    thickness: float = 0.22


@dataclasses.dataclass(frozen=True)
class Cut:
    """One hair cut: falling layers, ties, an optional curtain behind, and its words for the labels."""

    layers: tuple[Layer, ...] = ()
    ties: tuple[Tie, ...] = ()
    curtain: bool = False
    length: tuple[float, float] = (-0.13, -0.13)
    shows_ears: bool = False
    nape: float = 140.0


_SHORT_CAP = Layer(
    root=30, release=134, tip=-0.100, turn=112, shorter=0.10, tone="under", lift=-0.003, point=0.3, span=70
)


CUTS: Final[Mapping[str, Cut]] = {
    "pixie": Cut(
        (
            _SHORT_CAP,
            Layer(root=4, release=126, tip=-0.088, turn=112, point=0.08, span=66),
            Layer(root=30, release=90, tip=-0.050, turn=84, lift=0.006, point=0.05, density=0.6, span=80),
        ),
        length=(-0.08, -0.06),
    ),
    "short back": Cut(
        (
            _SHORT_CAP,
            Layer(root=4, release=132, tip=-0.090, turn=116, point=0.1, span=70, shorter=0.13),
            Layer(root=22, release=100, tip=-0.04, turn=88, lift=0.006, point=0.05, density=0.7, span=92, shorter=0.06),
        ),
        length=(-0.07, -0.05),
        shows_ears=True,
    ),
    "spiky": Cut(
        (
            _SHORT_CAP,
            Layer(root=5, release=74, length=0.075, turn=42, point=0.02, span=60, taper=0.25, width=1.5),
            Layer(root=6, release=36, length=0.085, turn=12, point=0.02, span=40, taper=0.2, width=1.7, density=0.75),
            Layer(root=50, release=108, length=0.065, turn=66, point=0.02, span=70, taper=0.25, width=1.3),
        ),
        length=(-0.09, -0.07),
    ),
    "messy": Cut(
        (
            _SHORT_CAP,
            Layer(root=5, release=104, tip=-0.092, turn=84, point=0.04, span=58, taper=0.4, width=1.1),
            Layer(
                root=12,
                release=60,
                length=0.065,
                turn=52,
                point=0.03,
                span=50,
                taper=0.3,
                density=0.75,
                lift=0.004,
                width=1.2,
            ),
        ),
        length=(-0.10, -0.07),
    ),
    "bob": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.6, turn=98),
            Layer(root=4, tip=None, turn=108, point=0.45, taper=0.75),
        ),
        curtain=True,
        length=(-0.15, -0.115),
    ),
    "a-line bob": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.6, shorter=-0.03),
            Layer(root=4, tip=None, turn=96, point=0.5, taper=0.8, shorter=-0.045),
        ),
        curtain=True,
        length=(-0.12, -0.10),
    ),
    "fluffy bob": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.5),
            Layer(root=4, tip=None, turn=66, point=0.06, taper=0.5),
            Layer(root=25, release=76, tip=-0.07, turn=80, point=0.04, lift=0.007, density=0.7),
        ),
        curtain=True,
        length=(-0.15, -0.115),
    ),
    "shag": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.4),
            Layer(root=4, tip=None, turn=70, point=0.03, taper=0.4),
            Layer(root=20, release=80, tip=-0.06, turn=62, point=0.03, lift=0.008, density=0.8, taper=0.4),
        ),
        curtain=True,
        length=(-0.20, -0.15),
    ),
    "medium": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.5),
            Layer(root=4, tip=None, turn=90, point=0.25, taper=0.75),
            Layer(root=30, tip=None, turn=84, point=0.06, lift=0.006, density=0.5, shorter=0.03),
        ),
        curtain=True,
        length=(-0.23, -0.17),
    ),
    "flipped": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.5),
            Layer(root=4, tip=None, turn=58, point=0.12, taper=0.65),
        ),
        curtain=True,
        length=(-0.21, -0.15),
    ),
    "long": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.004, point=0.6),
            Layer(root=4, tip=None, turn=88, point=0.25, taper=0.8),
            Layer(root=25, tip=None, turn=86, point=0.06, lift=0.007, density=0.5, shorter=0.06),
        ),
        curtain=True,
        length=(-0.40, -0.27),
    ),
    "hime": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.004, point=0.9, taper=0.95),
            Layer(root=4, tip=None, turn=90, point=0.85, taper=0.95),
        ),
        curtain=True,
        length=(-0.40, -0.30),
    ),
    "long loose": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.004, point=0.5),
            Layer(root=4, tip=None, turn=76, point=0.05, taper=0.55, width=1.2),
            Layer(root=25, release=78, tip=-0.2, turn=70, point=0.03, lift=0.009, density=0.6, taper=0.4),
        ),
        curtain=True,
        length=(-0.40, -0.26),
    ),
    "wolf": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.2, span=95),
            Layer(root=4, tip=None, turn=80, point=0.03, taper=0.4, span=105),
            Layer(root=10, release=78, tip=-0.045, turn=66, point=0.03, lift=0.007, taper=0.35, span=58, width=1.15),
        ),
        length=(-0.22, -0.16),
    ),
    "high ponytail": Cut(ties=(Tie(180, 48, "tail", scale=1.15),), length=(-0.36, -0.12), shows_ears=True),
    "ponytail": Cut(ties=(Tie(180, 78, "tail"),), length=(-0.36, -0.14), shows_ears=True),
    "low ponytail": Cut(ties=(Tie(180, 112, "tail", scale=0.75),), length=(-0.38, -0.2), shows_ears=True),
    "side ponytail": Cut(ties=(Tie(112, 62, "tail", scale=1.05),), length=(-0.34, -0.12)),
    "twin tails": Cut(ties=(Tie(112, 58, "tail", both=True),), length=(-0.38, -0.10)),
    "low twin tails": Cut(ties=(Tie(122, 100, "tail", both=True, scale=0.85),), length=(-0.34, -0.16)),
    "high twin tails": Cut(ties=(Tie(100, 40, "tail", both=True),), length=(-0.36, -0.06)),
    "twin drills": Cut(ties=(Tie(108, 66, "drill", both=True),), length=(-0.30, -0.14)),
    "twin braids": Cut(ties=(Tie(118, 104, "braid", both=True),), length=(-0.32, -0.2)),
    "braid": Cut(ties=(Tie(180, 100, "braid", scale=1.3),), length=(-0.36, -0.24), shows_ears=True),
    "side braid": Cut(ties=(Tie(105, 108, "braid", scale=1.15),), length=(-0.30, -0.24)),
    "bun": Cut(ties=(Tie(180, 60, "bun", scale=1.2),), length=(-0.07, -0.07), shows_ears=True),
    "low bun": Cut(ties=(Tie(180, 100, "bun", scale=1.1),), length=(-0.07, -0.07), shows_ears=True),
    "top knot": Cut(ties=(Tie(180, 14, "bun", scale=0.95),), length=(-0.07, -0.07), shows_ears=True),
    "twin buns": Cut(ties=(Tie(112, 40, "bun", both=True),), length=(-0.07, -0.07)),
    "bun tails": Cut(
        ties=(Tie(112, 44, "bun", both=True, scale=0.85), Tie(116, 62, "tail", both=True, scale=0.8)),
        length=(-0.36, -0.18),
    ),
    "half up": Cut(
        (
            Layer(root=62, tip=None, tone="under", lift=-0.004, point=0.6),
            Layer(root=58, tip=None, turn=88, point=0.2, taper=0.75, lift=-0.001),
        ),
        ties=(Tie(180, 62, "tail", scale=0.7),),
        curtain=True,
        length=(-0.38, -0.2),
    ),
    "two side up": Cut(
        (
            Layer(root=20, tip=None, tone="under", lift=-0.004, point=0.6),
            Layer(root=4, tip=None, turn=88, point=0.2, taper=0.8),
        ),
        ties=(Tie(104, 46, "tail", both=True, scale=0.62),),
        curtain=True,
        length=(-0.38, -0.2),
    ),
    "long drills": Cut(
        (Layer(root=20, tip=-0.12, tone="under", lift=-0.003, point=0.5), Layer(root=4, tip=-0.11, turn=95, point=0.4)),
        curtain=True,
        ties=(Tie(150, 96, "drill", both=True, scale=0.9), Tie(92, 98, "drill", both=True, scale=0.75)),
        length=(-0.32, -0.24),
    ),
    "crew": Cut(
        (
            Layer(root=3, release=136, tip=-0.082, turn=118, point=0.5, span=70, lift=-0.004, thickness=0.14),
            Layer(root=8, release=60, length=0.012, turn=70, point=0.1, span=30, taper=0.4, density=1.2),
        ),
        length=(-0.05, -0.05),
        shows_ears=True,
        nape=138.0,
    ),
    "swept back": Cut(
        (_SHORT_CAP, Layer(root=8, release=130, tip=-0.088, turn=110, point=0.1, span=84)),
        ties=(Tie(180, 40, "none"),),
        length=(-0.07, -0.06),
        shows_ears=True,
    ),
    "curly": Cut((_SHORT_CAP,), length=(-0.12, -0.06)),
}
"""Cuts by name; `length` is between which heights in metres the recipe draws its longest tips."""


def hair_pieces(volume: HairVolume) -> list[Piece]:
    """Return the whole hair as one piece of hair and, where it is tied, pieces of the ties."""
    cut = CUTS[volume.recipe.cut]
    made = [volume.cap(_hairline(volume, cut))]
    if cut.curtain:
        made.append(_curtain(volume, cut))
    for layer in cut.layers:
        made += _layer(volume, layer)
    if volume.recipe.cut == "curly":
        made += _curls(volume)
    ties: list[Piece] = []
    if cut.ties:
        made += combed(volume, cut.ties, falling=bool(cut.layers))
    for tie in cut.ties:
        for side in (1.0, -1.0) if tie.both else (1.0,):
            hanging, holding = TAILS[tie.tail](volume, tie, side)
            made += hanging
            ties += holding
    made += BANGS[volume.recipe.bangs](volume)
    made += SIDES[volume.recipe.sides](volume)
    for extra in volume.recipe.extras:
        made += EXTRAS[extra](volume)
    return [joined(made), *ties]


def _hairline(volume: HairVolume, cut: Cut) -> Array:
    """Polar angles in degrees at which the cap ends, for phi from 0 to 360."""
    phi = np.linspace(0, 360, 48, endpoint=False)
    away = np.minimum(phi, 360 - phi)
    front = 58.0 if volume.recipe.bangs in ("none", "slicked") else 60.0
    return np.interp(
        away, [0, 35, 62, 78, 94, 106, 118, 180], [front, front + 2, 75, 97, 105, 126, cut.nape - 2, cut.nape]
    )


def _curtain(volume: HairVolume, cut: Cut) -> Piece:
    r = volume.recipe
    turn_to = min(layer.turn for layer in cut.layers if layer.tone == "main")
    tip = cut.layers[0].tip
    drop = r.length if tip is None else tip
    return volume.curtain(span=108, tip=drop + 0.012, turn=max(turn_to, 84), jag=0.018 * r.raggedness)


def _layer(volume: HairVolume, layer: Layer) -> list[Piece]:
    r, rng = volume.recipe, volume.rng
    width = r.strand_width * layer.width * (1.35 if layer.tone == "under" else 1.0)
    around = 2 * np.radians(180 - layer.span) * 0.118
    count = max(int(around / (width * 0.54) * layer.density), 7)
    made = []
    for phi in np.linspace(layer.span, 360 - layer.span, count):
        phi = float(phi) + rng.uniform(-0.35, 0.35) * (360 - 2 * layer.span) / count
        behind = -np.cos(np.radians(phi))
        tip = (r.length if layer.tip is None else layer.tip) + layer.shorter * (0.5 - 0.5 * behind)
        tip += r.raggedness * rng.uniform(-0.018, 0.012)
        length = None if layer.length is None else layer.length * rng.uniform(0.75, 1.2) * (0.8 + 12 * r.volume)
        made.append(
            volume.ribbon(
                Lock(
                    phi,
                    root=layer.root + rng.uniform(0, 4),
                    release=layer.release + rng.uniform(-4, 4),
                    tip=tip,
                    length=length,
                    turn=layer.turn - np.degrees(r.flare) + rng.uniform(-10, 10) * r.raggedness,
                    width=width * rng.uniform(0.8, 1.25),
                    point=layer.point,
                    wave=r.wave,
                    waves=2.5,
                    sweep=rng.uniform(-8, 8) * r.raggedness,
                    lift=layer.lift + (rng.uniform(0, 0.004) if layer.tone == "main" else -0.003),
                    tone=layer.tone,
                    taper=layer.taper,
                    thickness=layer.thickness if layer.tone == "main" else 0.08,
                )
            )
        )
    return made


def _curls(volume: HairVolume) -> list[Piece]:
    """Balls of hair all over the volume."""
    made = []
    count = 95
    for k in range(count):
        theta = np.degrees(np.arccos(1 - 1.45 * (k + 0.5) / count))
        phi = (k * 137.508) % 360
        away = min(phi, 360 - phi)
        if theta > 66 and away < 58:
            continue
        point = volume.on(*(np.array(a) for a in np.radians((phi, theta))))
        out = volume.outward(point)
        radius = 0.019 * volume.rng.uniform(0.8, 1.3)
        made.append(ball(volume, point + out * volume.rng.uniform(-0.002, 0.010), radius, out))
    return made
