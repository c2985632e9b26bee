"""The tables of hair: cuts, bangs, sides, ties and what stands out. One line adds one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from paic3d_studio.datasets.generated.hair import HairVolume, Lock
from paic3d_studio.datasets.generated.paint_hair import COLUMNS, column_box
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    curve,
    ellipsoid,
    frames,
    grid_piece,
    joined,
    torus,
    unit,
)


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
class Tie:
    """Where hair is gathered, in degrees, and what hangs there (a name in TAILS); `both` sides or the middle only."""

    phi: float
    theta: float
    tail: str
    both: bool = False
    scale: float = 1.0


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
    "pixie": Cut((_SHORT_CAP, Layer(root=4, release=126, tip=-0.088, turn=112, point=0.08, span=66),
                  Layer(root=30, release=90, tip=-0.050, turn=84, lift=0.006, point=0.05, density=0.6, span=80)),
                 length=(-0.08, -0.06)),
    "short back": Cut((_SHORT_CAP, Layer(root=4, release=132, tip=-0.090, turn=116, point=0.1, span=70, shorter=0.13),
                       Layer(root=22, release=100, tip=-0.04, turn=88, lift=0.006, point=0.05, density=0.7, span=92, shorter=0.06)),
                      length=(-0.07, -0.05), shows_ears=True),
    "spiky": Cut((_SHORT_CAP, Layer(root=5, release=74, length=0.075, turn=42, point=0.02, span=60, taper=0.25, width=1.5),
                  Layer(root=6, release=36, length=0.085, turn=12, point=0.02, span=40, taper=0.2, width=1.7, density=0.75),
                  Layer(root=50, release=108, length=0.065, turn=66, point=0.02, span=70, taper=0.25, width=1.3)),
                 length=(-0.09, -0.07)),
    "messy": Cut((_SHORT_CAP, Layer(root=5, release=104, tip=-0.092, turn=84, point=0.04, span=58, taper=0.4, width=1.1),
                  Layer(root=12, release=60, length=0.065, turn=52, point=0.03, span=50, taper=0.3, density=0.75, lift=0.004, width=1.2)),
                 length=(-0.10, -0.07)),
    "bob": Cut((Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.6, turn=98),
                Layer(root=4, tip=None, turn=108, point=0.45, taper=0.75)), curtain=True, length=(-0.15, -0.115)),
    "a-line bob": Cut((Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.6, shorter=-0.03),
                       Layer(root=4, tip=None, turn=96, point=0.5, taper=0.8, shorter=-0.045)), curtain=True,
                      length=(-0.12, -0.10)),
    "fluffy bob": Cut((Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.5),
                       Layer(root=4, tip=None, turn=66, point=0.06, taper=0.5),
                       Layer(root=25, release=76, tip=-0.07, turn=80, point=0.04, lift=0.007, density=0.7)), curtain=True,
                      length=(-0.15, -0.115)),
    "shag": Cut((Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.4),
                 Layer(root=4, tip=None, turn=70, point=0.03, taper=0.4),
                 Layer(root=20, release=80, tip=-0.06, turn=62, point=0.03, lift=0.008, density=0.8, taper=0.4)),
                curtain=True, length=(-0.20, -0.15)),
    "medium": Cut((Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.5),
                   Layer(root=4, tip=None, turn=90, point=0.25, taper=0.75),
                   Layer(root=30, tip=None, turn=84, point=0.06, lift=0.006, density=0.5, shorter=0.03)), curtain=True,
                  length=(-0.23, -0.17)),
    "flipped": Cut((Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.5),
                    Layer(root=4, tip=None, turn=58, point=0.12, taper=0.65)), curtain=True, length=(-0.21, -0.15)),
    "long": Cut((Layer(root=20, tip=None, tone="under", lift=-0.004, point=0.6),
                 Layer(root=4, tip=None, turn=88, point=0.25, taper=0.8),
                 Layer(root=25, tip=None, turn=86, point=0.06, lift=0.007, density=0.5, shorter=0.06)), curtain=True,
                length=(-0.40, -0.27)),
    "hime": Cut((Layer(root=20, tip=None, tone="under", lift=-0.004, point=0.9, taper=0.95),
                 Layer(root=4, tip=None, turn=90, point=0.85, taper=0.95)), curtain=True, length=(-0.40, -0.30)),
    "long loose": Cut((Layer(root=20, tip=None, tone="under", lift=-0.004, point=0.5),
                       Layer(root=4, tip=None, turn=76, point=0.05, taper=0.55, width=1.2),
                       Layer(root=25, release=78, tip=-0.2, turn=70, point=0.03, lift=0.009, density=0.6, taper=0.4)),
                      curtain=True, length=(-0.40, -0.26)),
    "wolf": Cut((Layer(root=20, tip=None, tone="under", lift=-0.003, point=0.2, span=95),
                 Layer(root=4, tip=None, turn=80, point=0.03, taper=0.4, span=105),
                 Layer(root=10, release=78, tip=-0.045, turn=66, point=0.03, lift=0.007, taper=0.35, span=58, width=1.15)),
                length=(-0.22, -0.16)),
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
    "bun tails": Cut(ties=(Tie(112, 44, "bun", both=True, scale=0.85), Tie(116, 62, "tail", both=True, scale=0.8)),
                     length=(-0.36, -0.18)),
    "half up": Cut((Layer(root=62, tip=None, tone="under", lift=-0.004, point=0.6),
                    Layer(root=58, tip=None, turn=88, point=0.2, taper=0.75, lift=-0.001)),
                   ties=(Tie(180, 62, "tail", scale=0.7),), curtain=True, length=(-0.38, -0.2)),
    "two side up": Cut((Layer(root=20, tip=None, tone="under", lift=-0.004, point=0.6),
                        Layer(root=4, tip=None, turn=88, point=0.2, taper=0.8)),
                       ties=(Tie(104, 46, "tail", both=True, scale=0.62),), curtain=True, length=(-0.38, -0.2)),
    "long drills": Cut((Layer(root=20, tip=-0.12, tone="under", lift=-0.003, point=0.5),
                        Layer(root=4, tip=-0.11, turn=95, point=0.4)), curtain=True,
                       ties=(Tie(150, 96, "drill", both=True, scale=0.9), Tie(92, 98, "drill", both=True, scale=0.75)),
                       length=(-0.32, -0.24)),
    "crew": Cut((Layer(root=3, release=136, tip=-0.082, turn=118, point=0.5, span=70, lift=-0.004, thickness=0.14),
                 Layer(root=8, release=60, length=0.012, turn=70, point=0.1, span=30, taper=0.4, density=1.2)),
                length=(-0.05, -0.05), shows_ears=True, nape=138.0),
    "swept back": Cut((_SHORT_CAP, Layer(root=58, release=130, tip=-0.088, turn=110, point=0.1, span=84)),
                      ties=(Tie(180, 40, "none"),), length=(-0.07, -0.06), shows_ears=True),
    "curly": Cut((_SHORT_CAP,), length=(-0.12, -0.06)),
}  # fmt: skip
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
        made += _combed(volume, cut)
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
        away, [0, 35, 62, 78, 92, 108, 125, 180], [front, front + 3, 74, 88, 94, 116, cut.nape - 4, cut.nape]
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
        made.append(volume.ribbon(Lock(
            phi, root=layer.root + rng.uniform(0, 4), release=layer.release + rng.uniform(-4, 4), tip=tip, length=length,
            turn=layer.turn - np.degrees(r.flare) + rng.uniform(-10, 10) * r.raggedness,
            width=width * rng.uniform(0.8, 1.25), point=layer.point, wave=r.wave, waves=2.5,
            sweep=rng.uniform(-8, 8) * r.raggedness, lift=layer.lift + (rng.uniform(0, 0.004) if layer.tone == "main" else -0.003), tone=layer.tone,
            taper=layer.taper, thickness=layer.thickness if layer.tone == "main" else 0.08)))  # fmt: skip
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
        made.append(_ball(volume, point + out * volume.rng.uniform(-0.002, 0.010), radius, out))
    return made


def _ball(volume: HairVolume, centre: Array, radius: float, away: Array) -> Piece:
    side = unit(np.cross(away, [0.3, 1.0, 0.2]))
    tilt = np.stack([side, away, np.cross(side, away)], 1)
    u0, _, u1, _ = column_box(volume.column("main", float(centre[0])))
    return ellipsoid(centre, (radius, radius, radius), "hair", "hair", rows=7, columns=10, tilt=tilt,
                     uv_box=(u0, 0.22, u1, 0.62))  # fmt: skip


def _combed(volume: HairVolume, cut: Cut) -> list[Piece]:
    """Ribbons from the hairline to the ties, for cuts that gather hair."""
    made = []
    main = [tie for tie in cut.ties if tie.tail != "drill" or not cut.layers][:1]
    for tie in main:
        made += _combed_cap(volume, tie, falling=bool(cut.layers))
        falling = bool(cut.layers) and tie.tail != "none"
        twice = tie.both
        lowest = 80.0 if falling else 200.0
        for side in (1.0, -1.0) if twice else (1.0,):
            count = 24 if twice else 40
            for k in range(count):
                phi = (2 + 176 * (k + 0.5) / count) * side if twice else 360 * (k + 0.5) / count
                away = abs((phi + 180) % 360 - 180)
                theta = float(np.interp(away, [0, 40, 62, 90, 120, 180], [54, 58, 72, 92, 126, 136]))
                if falling and (away > lowest or twice):
                    continue
                end = (tie.phi * side, tie.theta)
                made.append(volume.across((phi, theta), end, width=0.035, lift=0.002 + 0.003 * volume.rng.random(),
                                          via=_way_round(phi, tie, side)))  # fmt: skip
            if twice and not falling:
                for k in range(14):  # from the parting in the middle to the tie
                    start = (1.0 * side, 50.0 - 12 * k) if k < 5 else (179.0 * side, 4.0 + 15 * (k - 5))
                    start = (start[0], max(start[1], 2.0))
                    made.append(volume.across(start, (tie.phi * side, tie.theta), width=0.036, lift=0.004))
    return made


def _combed_cap(volume: HairVolume, tie: Tie, *, falling: bool) -> list[Piece]:
    """A closed surface whose strands run from the hairline to the tie, so that nothing shows between the ribbons."""
    if tie.tail == "none" or (falling and tie.both):
        return []
    made = []
    for side in (1.0, -1.0) if tie.both else (1.0,):
        if tie.both:
            rim = [(2.0 + 176 * k / 23, 0.0) for k in range(24)] + [
                (179.0, th) for th in (120.0, 100.0, 80.0, 60.0, 40.0, 20.0)
            ]
            rim += [(1.0, th) for th in (5.0, 20.0, 35.0, 48.0)]
        else:
            rim = [(360.0 * k / 48, 0.0) for k in range(48)]
        lines = []
        for phi, theta in rim:
            away = abs((phi + 180) % 360 - 180)
            edge = theta or float(np.interp(away, [0, 40, 62, 90, 120, 180], [56, 60, 74, 94, 126, 136]))
            if falling:
                edge = min(edge, 66.0)
            lines.append(volume.combed_line((phi * side, edge), (tie.phi * side, tie.theta),
                                            via=_way_round(phi * side, tie, side)))  # fmt: skip
        points = np.stack(lines, 1)[:, :: int(side)]
        flutes = (
            0.0016
            * np.sin(np.arange(len(rim)) * 2.6)[None, :, None]
            * np.sin(np.linspace(0, np.pi, len(points)))[:, None, None]
        )
        points = points + volume.outward(points) * (0.001 + flutes)
        u = column_box(COLUMNS["main"][0])[0] + 0.06 * np.abs((np.arange(len(rim) + 1) * 0.5) % 2 - 1)
        uv = np.stack(np.broadcast_arrays(u[None], np.linspace(0.08, 0.5, len(points))[:, None]), -1)
        made.append(grid_piece(points, uv, "hair", "hair", closed=True, flip=True))
    return made


def _way_round(phi: float, tie: Tie, side: float) -> tuple[float, float]:
    """Where combed hair passes between phi and a tie: over the head, the higher the further round, never over the face."""
    target = tie.phi * side
    round_by = (phi - target + 180) % 360 - 180
    level = (tie.theta + 92) / 2
    return target + round_by / 2, float(np.interp(abs(round_by), [0, 60, 120, 180], [level, min(level, 66), 40, 10]))


def _band(volume: HairVolume, place: Array, away: Array, radius: float) -> Piece:
    """A hair tie."""
    side = unit(np.cross(away, [0.2, 1.0, 0.3]))
    tilt = np.stack([side, away, np.cross(side, away)], 1)
    return torus(place, (radius, radius), radius * 0.38, "accessory", "tie", tilt=tilt, steps=18, columns=6)


Hanging = tuple[list[Piece], list[Piece]]


def _tail(volume: HairVolume, tie: Tie, side: float) -> Hanging:
    r, rng = volume.recipe, volume.rng
    place, away = volume.tie_point(tie.phi * side, tie.theta)
    out = (0.035 + 0.02 * tie.scale) * rng.uniform(0.9, 1.1) + 0.6 * r.volume
    path = volume.tail_path(place, away, tip=min(r.length, place[1] - 0.06), out=out,
                            rise=0.018 * tie.scale * (1.2 if tie.theta < 65 else 0.1), spread=0.03 * r.flare)  # fmt: skip
    t = np.linspace(0, 1, len(path))
    if r.wave > 0:
        path = path + np.stack([np.sin(t * 13) * t * side, 0 * t, np.cos(t * 11) * t * 0.6], -1) * r.wave
    widest = 0.052 * tie.scale * (0.75 + 10 * r.volume)
    radii = widest * np.interp(t, [0, 0.06, 0.35, 0.7, 1], [0.35, 0.6, 1.0, 0.85, 0.25])
    return volume.bundle(path, radii, strands=9), [_band(volume, place + away * 0.006, away, 0.013 * tie.scale)]


def _braid(volume: HairVolume, tie: Tie, side: float) -> Hanging:
    r = volume.recipe
    place, away = volume.tie_point(tie.phi * side, tie.theta)
    tip = min(r.length, place[1] - 0.10)
    path = volume.tail_path(place, away * [1, 1, 1], tip=tip, out=0.022, rise=0.0, steps=60)
    across, out = frames_of(path)
    lobes = max(int((place[1] - tip) / 0.0145 / tie.scale**0.5), 6)
    radius = 0.0135 * tie.scale
    made = []
    for k in range(lobes):
        at = int(k / lobes * 54)
        small = 1 - 0.35 * k / lobes
        hand = 1.0 if k % 2 else -1.0
        along = unit(path[min(at + 2, 59)] - path[max(at - 2, 0)])
        long_axis = unit(along + hand * across[at] * -0.75)
        third = unit(np.cross(long_axis, out[at]))
        tilt = np.stack([third, -long_axis, np.cross(third, -long_axis)], 1)
        u0, _, u1, _ = column_box(volume.column("main", float(path[at, 0])))
        made.append(ellipsoid(path[at] + hand * across[at] * radius * 0.42 * small,
                              np.array([0.80, 1.35, 0.80]) * radius * small, "hair", "hair", rows=8, columns=10, tilt=tilt,
                              uv_box=(u0, 0.34, u1, 0.9)))  # fmt: skip
    end = path[-7:]
    brush = curve(np.stack([end[0], end[-1], end[-1] + [0, -0.03, 0]]), 8)
    made += volume.bundle(brush, radius * np.array([0.5, 0.7, 0.85, 0.9, 0.85, 0.7, 0.5, 0.2]), strands=5)
    made.append(volume.swept(path[:8], np.full(8, radius * 2.2), np.linspace(0.4, 0.6, 8), tone="under", thickness=0.5))
    return made, [_band(volume, end[1], unit(end[-1] - end[0]), radius * 0.62)]


def frames_of(path: Array) -> tuple[Array, Array]:
    """Return (across, outward) along a hanging path; outward looks away from the neck."""
    return frames(path, path * [1, 0, 1] + [0, 0, 0.012])


def _drill(volume: HairVolume, tie: Tie, side: float) -> Hanging:
    r = volume.recipe
    place, away = volume.tie_point(tie.phi * side, tie.theta)
    tip = min(r.length, place[1] - 0.12)
    axis = volume.tail_path(place, away, tip=tip, out=0.036 * tie.scale, rise=0.004, steps=90)
    t = np.linspace(0, 1, 90)
    radius = 0.030 * tie.scale * np.interp(t, [0, 0.1, 0.3, 1], [0.55, 0.9, 1.0, 0.16])
    turns = (place[1] - tip) / 0.034
    angle = 2 * np.pi * turns * t * side
    across, out = frames_of(axis)
    away_from_axis = np.cos(angle)[:, None] * out + np.sin(angle)[:, None] * across
    line = axis + away_from_axis * radius[:, None] * 0.8
    widths = 0.040 * np.interp(t, [0, 0.1, 0.85, 1], [0.5, 1, 0.7, 0.1]) * tie.scale**0.5
    ribbon = volume.swept(line, widths, np.linspace(0.3, 0.98, 90), tone="main", thickness=0.2, outward=away_from_axis)
    core = volume.swept(axis[::5], 1.5 * radius[::5], np.linspace(0.5, 0.98, 18), tone="under", thickness=0.5)
    return [ribbon, core], [_band(volume, place + away * 0.004, away, 0.012 * tie.scale)]


def _bun(volume: HairVolume, tie: Tie, side: float) -> Hanging:
    place, away = volume.tie_point(tie.phi * side, tie.theta)
    radius = 0.034 * tie.scale
    centre = place + away * radius * 0.55
    made = [_ball(volume, centre, radius, away)]
    side_axis = unit(np.cross(away, [0.3, 1.0, 0.2]))
    third = np.cross(side_axis, away)
    for k in range(9):  # ribbons wound about it
        turn0 = 2 * np.pi * k / 9
        t = np.linspace(0, 1, 12)
        polar = 0.15 + 1.5 * t
        spin = turn0 + 1.3 * t
        direction = (np.cos(polar)[:, None] * away + np.sin(polar)[:, None]
                     * (np.cos(spin)[:, None] * side_axis + np.sin(spin)[:, None] * third))  # fmt: skip
        line = centre + direction * radius * 1.0
        widths = radius * 0.95 * np.sin(np.clip(polar, 0.3, 1.57))
        made.append(
            volume.swept(line, widths, np.linspace(0.15, 0.5, 12), tone="main", thickness=0.2, outward=direction)
        )
    return made, [_band(volume, place - away * 0.001, away, radius * 0.72)]


def _nothing_tied(volume: HairVolume, tie: Tie, side: float) -> Hanging:
    del volume, tie, side
    return [], []


TAILS: Final[Mapping[str, Callable[[HairVolume, Tie, float], Hanging]]] = {
    "tail": _tail,
    "braid": _braid,
    "drill": _drill,
    "bun": _bun,
    "none": _nothing_tied,
}


def _fringe(volume: HairVolume, phis: Array, tips: Array, **changes: float | str) -> list[Piece]:
    """Locks over the forehead at some phi with tips at some heights."""
    made = []
    for phi, tip in zip(phis, tips, strict=True):
        near = float(volume.rng.uniform(0, 0.003))
        lock = Lock(float(phi), root=14, release=80, tip=float(tip), turn=94, width=volume.recipe.strand_width,
                    lift=0.005 + near, point=0.08)  # fmt: skip
        made.append(volume.ribbon(dataclasses.replace(lock, **changes)))  # type: ignore[arg-type]
    return made


def _even(volume: HairVolume, *, reach: float, width: float) -> Array:
    count = max(int(2 * np.radians(reach) * 0.118 / (width * 0.66)), 5)
    phis = np.linspace(-reach, reach, count)
    return phis + volume.rng.uniform(-0.2, 0.2, count) * 2 * reach / count


def _straight_bangs(volume: HairVolume) -> list[Piece]:
    r = volume.recipe
    phis = _even(volume, reach=58, width=r.strand_width)
    tips = (
        r.bangs_length + r.raggedness * volume.rng.uniform(-0.006, 0.006, len(phis)) - 0.012 * (np.abs(phis) / 58) ** 2
    )
    return _fringe(volume, phis, tips, point=0.75, taper=0.9)


def _choppy_bangs(volume: HairVolume) -> list[Piece]:
    r = volume.recipe
    phis = _even(volume, reach=60, width=r.strand_width * 0.9)
    tips = r.bangs_length + volume.rng.uniform(-0.020, 0.012, len(phis)) - 0.014 * (np.abs(phis) / 60) ** 2
    made = []
    for phi, tip in zip(phis, tips, strict=True):
        made += _fringe(volume, np.array([phi]), np.array([tip]), point=0.03, taper=0.45,
                        sweep=float(volume.rng.uniform(-14, 14)))  # fmt: skip
    return made


def _swept_bangs(volume: HairVolume) -> list[Piece]:
    r = volume.recipe
    hand = 1.0 if r.sweep >= 0 else -1.0
    part = -hand * 28.0
    made = []
    for k, phi in enumerate(np.linspace(part, hand * 58, 11)):
        share = k / 10
        tip = r.bangs_length - 0.004 - 0.030 * share + 0.010 * float(volume.rng.uniform(-1, 1)) * r.raggedness
        made += _fringe(volume, np.array([phi]), np.array([tip]), sweep=hand * (34 - 22 * share), point=0.05, taper=0.55,
                        width=r.strand_width * 1.15)  # fmt: skip
    for k, phi in enumerate(np.linspace(part, -hand * 62, 5)):
        tip = r.bangs_length - 0.012 - 0.006 * k
        made += _fringe(volume, np.array([phi]), np.array([tip]), sweep=-hand * (20 - 3 * k), point=0.05, taper=0.55)
    return made


def _parted_bangs(volume: HairVolume) -> list[Piece]:
    """A parting in the middle: locks run outwards and frame the face."""
    r = volume.recipe
    part = np.degrees(r.parting)
    made = []
    for side in (-1.0, 1.0):
        for k in range(7):
            phi = part + side * (3 + 8.5 * k)
            tip = r.bangs_length - 0.020 - 0.012 * k + 0.008 * float(volume.rng.uniform(-1, 1)) * r.raggedness
            made += _fringe(volume, np.array([phi]), np.array([tip]), sweep=side * (44 - 5.5 * k), point=0.06, taper=0.55,
                            width=r.strand_width * 1.1)  # fmt: skip
    return made


def _between_bangs(volume: HairVolume) -> list[Piece]:
    """A long lock between the eyes, and shorter ones beside it."""
    r = volume.recipe
    made = []
    for phi, tip, width in ((-4, -0.060, 1.0), (7, -0.045, 0.8), (-14, -0.022, 1.2), (18, -0.020, 1.2), (-28, -0.030, 1.3),
                            (32, -0.032, 1.3), (-44, -0.046, 1.2), (46, -0.050, 1.2), (-57, -0.066, 1.0), (58, -0.070, 1.0)):  # fmt: skip
        made += _fringe(volume, np.array([phi + volume.rng.uniform(-2, 2)]), np.array([tip + volume.rng.uniform(-0.006, 0.006)]),
                        width=r.strand_width * width, point=0.02, taper=0.35, sweep=phi * 0.25)  # fmt: skip
    made += _fringe(volume, np.linspace(-52, 52, 9), np.full(9, 0.012), point=0.05, taper=0.5, lift=0.003)
    return made


def _spiky_bangs(volume: HairVolume) -> list[Piece]:
    r = volume.recipe
    made = []
    for phi in np.linspace(-56, 56, 8):
        tip = r.bangs_length + float(volume.rng.uniform(-0.028, 0.008))
        made += _fringe(volume, np.array([phi]), np.array([tip]), width=r.strand_width * 1.6, point=0.01, taper=0.2,
                        sweep=float(volume.rng.uniform(-18, 18)), turn=80, release=72)  # fmt: skip
    made += _fringe(volume, np.linspace(-50, 50, 8), np.full(8, 0.022), point=0.05, taper=0.5, lift=0.003)
    return made


def _one_eye_bangs(volume: HairVolume) -> list[Piece]:
    """Bangs that fall over one eye."""
    r = volume.recipe
    hand = 1.0 if r.sweep >= 0 else -1.0
    made = []
    for k, phi in enumerate(np.linspace(-hand * 30, hand * 60, 10)):
        share = k / 9
        tip = 0.004 - 0.085 * share**0.8
        made += _fringe(volume, np.array([phi]), np.array([tip]), sweep=hand * (26 - 22 * share), point=0.06, taper=0.6,
                        width=r.strand_width * 1.2)  # fmt: skip
    made += _fringe(volume, np.linspace(-hand * 36, -hand * 62, 4), np.array([-0.005, -0.012, -0.02, -0.03]), point=0.05,
                    sweep=-hand * 14)  # fmt: skip
    return made


def _short_bangs(volume: HairVolume) -> list[Piece]:
    phis = _even(volume, reach=58, width=volume.recipe.strand_width)
    tips = 0.030 - 0.020 * (np.abs(phis) / 58) ** 2 + volume.rng.uniform(-0.003, 0.003, len(phis))
    return _fringe(volume, phis, tips, point=0.7, taper=0.9)


def _wispy_bangs(volume: HairVolume) -> list[Piece]:
    r = volume.recipe
    made = _fringe(volume, np.linspace(-54, 54, 13), np.full(13, 0.020), point=0.2, taper=0.6, lift=0.003)
    for phi in np.linspace(-46, 46, 9):
        tip = r.bangs_length - 0.006 + float(volume.rng.uniform(-0.012, 0.012))
        made += _fringe(volume, np.array([phi + volume.rng.uniform(-3, 3)]), np.array([tip]), width=r.strand_width * 0.5,
                        point=0.05, taper=0.4, sweep=phi * 0.2)  # fmt: skip
    return made


def _slicked(volume: HairVolume) -> list[Piece]:
    """The forehead is free: locks run from the hairline backwards."""
    r = volume.recipe
    made = []
    for phi in np.linspace(-66, 66, 17):
        theta = float(np.interp(abs(phi), [0, 40, 66], [56, 60, 74]))
        made.append(volume.across((float(phi), theta), (float(phi) * 0.9, 6.0), width=r.strand_width * 1.2, lift=0.006))
    return made


def _quiff(volume: HairVolume) -> list[Piece]:
    """Locks that rise from the forehead and turn back."""
    made = _slicked(volume)
    for phi in np.linspace(-38, 38, 8):
        made.append(volume.ribbon(Lock(float(phi), root=20, release=34, length=0.052, turn=30, point=0.05, taper=0.4,
                                       width=volume.recipe.strand_width * 1.3, lift=0.008,
                                       sweep=float(volume.rng.uniform(4, 16)))))  # fmt: skip
    return made


def _no_bangs(volume: HairVolume) -> list[Piece]:
    del volume
    return []


BANGS: Final[Mapping[str, Callable[[HairVolume], list[Piece]]]] = {
    "straight": _straight_bangs,
    "choppy": _choppy_bangs,
    "swept": _swept_bangs,
    "parted": _parted_bangs,
    "between eyes": _between_bangs,
    "spiky": _spiky_bangs,
    "over one eye": _one_eye_bangs,
    "short": _short_bangs,
    "wispy": _wispy_bangs,
    "slicked": _slicked,
    "quiff": _quiff,
    "none": _no_bangs,
}


def _side_locks(
    volume: HairVolume, tip: float, *, width: float, count: int, point: float, turn_to: float
) -> list[Piece]:
    made = []
    for side in (-1.0, 1.0):
        for k in range(count):
            phi = side * (64 + 8 * k)
            end = tip + volume.recipe.raggedness * float(volume.rng.uniform(-0.02, 0.012)) - 0.006 * k
            made.append(volume.ribbon(Lock(phi, root=16, release=84, tip=end, turn=turn_to, width=width, point=point,
                                           wave=volume.recipe.wave, lift=0.004 + 0.002 * k, taper=0.7)))  # fmt: skip
    return made


SIDES: Final[Mapping[str, Callable[[HairVolume], list[Piece]]]] = {
    "none": _no_bangs,
    "temple": lambda v: _side_locks(v, -0.045, width=0.017, count=2, point=0.04, turn_to=92),
    "cheek": lambda v: _side_locks(v, -0.088, width=0.020, count=2, point=0.06, turn_to=94),
    "jaw": lambda v: _side_locks(v, -0.135, width=0.021, count=2, point=0.08, turn_to=95),
    "chest": lambda v: _side_locks(v, min(-0.23, v.recipe.length + 0.08), width=0.022, count=2, point=0.08, turn_to=90),
    "blunt": lambda v: _side_locks(v, -0.118, width=0.026, count=2, point=0.9, turn_to=92),
}


def _ahoge(volume: HairVolume) -> list[Piece]:
    rng = volume.rng
    lean, high = rng.uniform(-0.05, 0.05), rng.uniform(0.03, 0.06)
    top = volume.on(np.array(rng.uniform(0, 6.28)), np.array(0.12))
    path = curve(np.stack([top - [0, 0.006, 0], top + [lean * 0.1, high * 0.7, 0.004], top + [lean * 0.7, high, 0.012],
                           top + [lean * 1.3, high * 0.6, 0.020]]), 14)  # fmt: skip
    widths = 0.014 * np.interp(np.linspace(0, 1, 14), [0, 0.4, 1], [0.7, 1, 0])
    return [volume.swept(path, widths, np.linspace(0.3, 0.95, 14), tone="main", thickness=0.35,
                         outward=np.broadcast_to([0.0, 0.3, 1.0], path.shape))]  # fmt: skip


def _antennae(volume: HairVolume) -> list[Piece]:
    made = []
    for side in (-1.0, 1.0):
        top = volume.on(np.array(side * 0.5), np.array(0.35))
        path = curve(np.stack([top - [0, 0.004, 0], top + [side * 0.012, 0.035, 0.01], top + [side * 0.045, 0.045, 0.012],
                               top + [side * 0.065, 0.020, 0.014]]), 14)  # fmt: skip
        widths = 0.011 * np.interp(np.linspace(0, 1, 14), [0, 0.4, 1], [0.7, 1, 0])
        made.append(volume.swept(path, widths, np.linspace(0.3, 0.95, 14), tone="main", thickness=0.35,
                                 outward=np.broadcast_to([0.0, 0.3, 1.0], path.shape)))  # fmt: skip
    return made


def _flips(volume: HairVolume) -> list[Piece]:
    """Two tufts that stand out like ears."""
    made = []
    for side in (-1.0, 1.0):
        for k in range(3):
            made.append(volume.ribbon(Lock(side * (70 + 14 * k), root=12, release=40 + 4 * k, length=0.055, turn=28,
                                           width=0.026, point=0.02, taper=0.3, lift=0.004)))  # fmt: skip
    return made


def _thin_braid(volume: HairVolume) -> list[Piece]:
    hanging, _ = _braid(volume, Tie(66.0, 88.0, "braid", scale=0.62), 1.0 if volume.recipe.sweep >= 0 else -1.0)
    return hanging


def _crown_braid(volume: HairVolume) -> list[Piece]:
    """A braid laid over the head like a band."""
    made = []
    for k, theta in enumerate(np.linspace(-78, 78, 21)):
        phi = 90.0 if theta > 0 else -90.0
        point = volume.on(*(np.array(a) for a in np.radians((phi, abs(theta))))) + [0, 0, 0.012]
        out = volume.outward(point)
        hand = 1.0 if k % 2 else -1.0
        along = unit(np.array([np.cos(np.radians(theta)), -np.sin(np.radians(theta)), 0.55 * hand]))
        third = unit(np.cross(along, out))
        u0, _, u1, _ = column_box(volume.column("main", float(point[0])))
        made.append(ellipsoid(point + out * 0.006, (0.0085, 0.0155, 0.0085), "hair", "hair", rows=7, columns=9,
                              tilt=np.stack([third, along, np.cross(third, along)], 1), uv_box=(u0, 0.3, u1, 0.8)))  # fmt: skip
    return made


EXTRAS: Final[Mapping[str, Callable[[HairVolume], list[Piece]]]] = {
    "ahoge": _ahoge,
    "antennae": _antennae,
    "flips": _flips,
    "thin braid": _thin_braid,
    "crown braid": _crown_braid,
}
"""What stands out of any cut."""
