"""Hair that is tied: how it is combed to a tie, and what hangs there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from paic3d_studio.datasets.generated.hair import HairVolume
from paic3d_studio.datasets.generated.paint_hair import COLUMNS, column_box
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    curve,
    ellipsoid,
    frames,
    grid_piece,
    torus,
    unit,
)


@dataclasses.dataclass(frozen=True)
class Tie:
    """Where hair is gathered, in degrees, and what hangs there (a name in TAILS); `both` sides or the middle only."""

    phi: float
    theta: float
    tail: str
    both: bool = False
    scale: float = 1.0


def ball(volume: HairVolume, centre: Array, radius: float, away: Array) -> Piece:
    side = unit(np.cross(away, [0.3, 1.0, 0.2]))
    tilt = np.stack([side, away, np.cross(side, away)], 1)
    u0, _, u1, _ = column_box(volume.column("main", float(centre[0])))
    return ellipsoid(
        centre, (radius, radius, radius), "hair", "hair", rows=6, columns=9, tilt=tilt, uv_box=(u0, 0.22, u1, 0.62)
    )


def combed(volume: HairVolume, ties: Sequence[Tie], *, falling: bool) -> list[Piece]:
    """Ribbons from the hairline to the first tie, or pair of ties, over a surface that closes what is between them.

    `falling` for cuts of which only the upper hair is gathered.
    """
    tie = ties[0]
    if falling and (tie.both or tie.tail == "none"):
        return []
    made = _combed_cap(volume, tie, falling=falling)
    for side in (1.0, -1.0) if tie.both else (1.0,):
        for phi, theta in _starts(tie, side):
            if falling and abs((phi + 180) % 360 - 180) > 80:
                continue
            lift = 0.002 + 0.003 * volume.rng.random()
            end = (tie.phi * side, tie.theta)
            made.append(
                volume.across(
                    (phi, theta), end, width=0.035, lift=lift, via=_way_round(phi, tie, side), sink=_sink(phi, theta)
                )
            )
    return made


def _starts(tie: Tie, side: float) -> list[tuple[float, float]]:
    """Where combed ribbons begin: along the hairline and, for a pair of ties, along the parting; degrees."""
    count = 22 if tie.both else 38
    span = 176.0 * side if tie.both else 360.0
    phis = [(2 * side if tie.both else 0.0) + span * (k + 0.5) / count for k in range(count)]
    edge = [(phi, _hairline(phi)) for phi in phis]
    if not tie.both:
        return edge
    front = [(1.0 * side, max(50.0 - 12 * k, 2.0)) for k in range(5)]
    top = [(float(phi) * side, 6.0) for phi in range(165, 0, -25)]
    return edge + front + top + [(179.0 * side, 19.0 + 15 * k) for k in range(8)]


def _sink(phi: float, theta: float) -> float:
    """How deep a root lies: on the skull at the hairline, shallower along a parting."""
    return 1.0 if theta > _hairline(phi) - 1 else 0.3


def _hairline(phi: float) -> float:
    """Polar angle of the hairline at phi, degrees."""
    away = abs((phi + 180) % 360 - 180)
    return float(np.interp(away, [0, 40, 62, 78, 94, 108, 120, 180], [54, 57, 74, 97, 105, 126, 134, 137]))


def _combed_cap(volume: HairVolume, tie: Tie, *, falling: bool) -> list[Piece]:
    """A closed surface whose strands run from the hairline to the tie, so that nothing shows between the ribbons."""
    if tie.tail == "none":
        return []
    made = []
    for side in (1.0, -1.0) if tie.both else (1.0,):
        if tie.both:
            rim = [(2.0 + 176 * k / 23, 0.0) for k in range(24)]
            rim += [(179.0, float(theta)) for theta in range(120, 10, -20)]
            rim += [(float(phi), 6.0) for phi in range(160, 0, -20)]
            rim += [(1.0, theta) for theta in (8.0, 20.0, 35.0, 48.0)]
        else:
            rim = [(360.0 * k / 48, 0.0) for k in range(48)]
        lines = []
        for phi, theta in rim:
            edge = theta or _hairline(phi)
            if falling:
                edge = min(edge, 66.0)
            lines.append(
                volume.combed_line(
                    (phi * side, edge),
                    (tie.phi * side, tie.theta),
                    via=_way_round(phi * side, tie, side),
                    sink=_sink(phi, edge),
                )
            )
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
    """Where combed hair passes between phi and a tie: the higher the further round it goes, never over the face."""
    target = tie.phi * side
    round_by = (phi - target + 180) % 360 - 180
    level = (tie.theta + 92) / 2
    return target + round_by / 2, float(np.interp(abs(round_by), [0, 60, 120, 180], [level, min(level, 66), 40, 10]))


def _band(place: Array, away: Array, radius: float) -> Piece:
    """A hair tie."""
    side = unit(np.cross(away, [0.2, 1.0, 0.3]))
    tilt = np.stack([side, away, np.cross(side, away)], 1)
    return torus(place, (radius, radius), radius * 0.38, "accessory", "tie", tilt=tilt, steps=18, columns=6)


Hanging = tuple[list[Piece], list[Piece]]


def _tail(volume: HairVolume, tie: Tie, side: float) -> Hanging:
    r, rng = volume.recipe, volume.rng
    place, away = volume.tie_point(tie.phi * side, tie.theta)
    out = (0.035 + 0.02 * tie.scale) * rng.uniform(0.9, 1.1) + 0.6 * r.volume
    path = volume.tail_path(
        place,
        away,
        tip=min(r.length, place[1] - 0.06),
        out=out,
        rise=0.018 * tie.scale * (1.2 if tie.theta < 65 else 0.1),
        spread=0.03 * r.flare,
    )
    t = np.linspace(0, 1, len(path))
    if r.wave > 0:
        path = path + np.stack([np.sin(t * 13) * t * side, 0 * t, np.cos(t * 11) * t * 0.6], -1) * r.wave
    widest = 0.052 * tie.scale * (0.75 + 10 * r.volume)
    radii = widest * np.interp(t, [0, 0.06, 0.35, 0.7, 1], [0.45, 0.8, 1.0, 0.9, 0.3])
    return volume.bundle(path, radii, strands=9), [_band(place + away * 0.006, away, 0.013 * tie.scale)]


def braid(volume: HairVolume, tie: Tie, side: float) -> Hanging:
    r = volume.recipe
    place, away = volume.tie_point(tie.phi * side, tie.theta)
    tip = min(r.length, place[1] - 0.10)
    path = volume.tail_path(place, away * [1, 1, 1], tip=tip, out=0.022 * tie.scale, rise=0.0, steps=60)
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
        made.append(
            ellipsoid(
                path[at] + hand * across[at] * radius * 0.42 * small,
                np.array([0.80, 1.35, 0.80]) * radius * small,
                "hair",
                "hair",
                rows=6,
                columns=8,
                tilt=tilt,
                uv_box=(u0, 0.34, u1, 0.9),
            )
        )
    end = path[-7:]
    brush = curve(np.stack([end[0], end[-1], end[-1] + [0, -0.03, 0]]), 8)
    made += volume.bundle(brush, radius * np.array([0.5, 0.7, 0.85, 0.9, 0.85, 0.7, 0.5, 0.2]), strands=5)
    made.append(volume.swept(path[:8], np.full(8, radius * 2.2), np.linspace(0.4, 0.6, 8), tone="under", thickness=0.5))
    return made, [_band(end[1], unit(end[-1] - end[0]), radius * 0.62)]


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
    return [ribbon, core], [_band(place + away * 0.004, away, 0.012 * tie.scale)]


def _bun(volume: HairVolume, tie: Tie, side: float) -> Hanging:
    place, away = volume.tie_point(tie.phi * side, tie.theta)
    radius = 0.034 * tie.scale
    centre = place + away * radius * 0.55
    made = [ball(volume, centre, radius, away)]
    side_axis = unit(np.cross(away, [0.3, 1.0, 0.2]))
    third = np.cross(side_axis, away)
    for k in range(9):  # ribbons wound about it
        turn0 = 2 * np.pi * k / 9
        t = np.linspace(0, 1, 12)
        polar = 0.15 + 1.5 * t
        spin = turn0 + 1.3 * t
        direction = np.cos(polar)[:, None] * away + np.sin(polar)[:, None] * (
            np.cos(spin)[:, None] * side_axis + np.sin(spin)[:, None] * third
        )
        line = centre + direction * radius * 1.0
        widths = radius * 0.95 * np.sin(np.clip(polar, 0.3, 1.57))
        made.append(
            volume.swept(line, widths, np.linspace(0.15, 0.5, 12), tone="main", thickness=0.2, outward=direction)
        )
    return made, [_band(place - away * 0.001, away, radius * 0.72)]


def _nothing_tied(volume: HairVolume, tie: Tie, side: float) -> Hanging:
    del volume, tie, side
    return [], []


TAILS: Final[Mapping[str, Callable[[HairVolume, Tie, float], Hanging]]] = {
    "tail": _tail,
    "braid": braid,
    "drill": _drill,
    "bun": _bun,
    "none": _nothing_tied,
}
