"""The tables of bangs, of locks beside the face, and of what stands out of any cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from paic3d_studio.datasets.generated.hair import HairVolume, Lock
from paic3d_studio.datasets.generated.paint_hair import column_box
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    curve,
    ellipsoid,
    unit,
)
from paic3d_studio.datasets.generated.ties import Tie, braid


def _fringe(volume: HairVolume, phis: Array, tips: Array, **changes: float | str) -> list[Piece]:
    """Locks over the forehead at some phi with tips at some heights."""
    made = []
    for phi, tip in zip(phis, tips, strict=True):
        near = float(volume.rng.uniform(0, 0.003))
        lock = Lock(
            float(phi),
            root=14,
            release=80,
            tip=float(tip),
            turn=94,
            width=volume.recipe.strand_width,
            lift=0.005 + near,
            point=0.08,
        )
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
        made += _fringe(
            volume, np.array([phi]), np.array([tip]), point=0.03, taper=0.45, sweep=float(volume.rng.uniform(-14, 14))
        )
    return made


def _swept_bangs(volume: HairVolume) -> list[Piece]:
    r = volume.recipe
    hand = 1.0 if r.sweep >= 0 else -1.0
    part = -hand * 28.0
    made = []
    for k, phi in enumerate(np.linspace(part, hand * 58, 11)):
        share = k / 10
        tip = r.bangs_length - 0.004 - 0.030 * share + 0.010 * float(volume.rng.uniform(-1, 1)) * r.raggedness
        made += _fringe(
            volume,
            np.array([phi]),
            np.array([tip]),
            sweep=hand * (34 - 22 * share),
            point=0.05,
            taper=0.55,
            width=r.strand_width * 1.15,
        )
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
            made += _fringe(
                volume,
                np.array([phi]),
                np.array([tip]),
                sweep=side * (44 - 5.5 * k),
                point=0.06,
                taper=0.55,
                width=r.strand_width * 1.1,
            )
    return made


def _between_bangs(volume: HairVolume) -> list[Piece]:
    """A long lock between the eyes, and shorter ones beside it."""
    r = volume.recipe
    made = []
    for phi, tip, width in (
        (-4, -0.060, 1.0),
        (7, -0.045, 0.8),
        (-14, -0.022, 1.2),
        (18, -0.020, 1.2),
        (-28, -0.030, 1.3),
        (32, -0.032, 1.3),
        (-44, -0.046, 1.2),
        (46, -0.050, 1.2),
        (-57, -0.066, 1.0),
        (58, -0.070, 1.0),
    ):
        made += _fringe(
            volume,
            np.array([phi + volume.rng.uniform(-2, 2)]),
            np.array([tip + volume.rng.uniform(-0.006, 0.006)]),
            width=r.strand_width * width,
            point=0.02,
            taper=0.35,
            sweep=phi * 0.25,
        )
    made += _fringe(volume, np.linspace(-52, 52, 9), np.full(9, 0.012), point=0.05, taper=0.5, lift=0.003)
    return made


def _spiky_bangs(volume: HairVolume) -> list[Piece]:
    r = volume.recipe
    made = []
    for phi in np.linspace(-56, 56, 8):
        tip = r.bangs_length + float(volume.rng.uniform(-0.028, 0.008))
        made += _fringe(
            volume,
            np.array([phi]),
            np.array([tip]),
            width=r.strand_width * 1.6,
            point=0.01,
            taper=0.2,
            sweep=float(volume.rng.uniform(-18, 18)),
            turn=80,
            release=72,
        )
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
        made += _fringe(
            volume,
            np.array([phi]),
            np.array([tip]),
            sweep=hand * (26 - 22 * share),
            point=0.06,
            taper=0.6,
            width=r.strand_width * 1.2,
        )
    made += _fringe(
        volume,
        np.linspace(-hand * 36, -hand * 62, 4),
        np.array([-0.005, -0.012, -0.02, -0.03]),
        point=0.05,
        sweep=-hand * 14,
    )
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
        made += _fringe(
            volume,
            np.array([phi + volume.rng.uniform(-3, 3)]),
            np.array([tip]),
            width=r.strand_width * 0.5,
            point=0.05,
            taper=0.4,
            sweep=phi * 0.2,
        )
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
        made.append(
            volume.ribbon(
                Lock(
                    float(phi),
                    root=20,
                    release=34,
                    length=0.052,
                    turn=30,
                    point=0.05,
                    taper=0.4,
                    width=volume.recipe.strand_width * 1.3,
                    lift=0.008,
                    sweep=float(volume.rng.uniform(4, 16)),
                )
            )
        )
    return made


def no_hair(volume: HairVolume) -> list[Piece]:
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
    "none": no_hair,
}


def _side_locks(
    volume: HairVolume, tip: float, *, width: float, count: int, point: float, turn_to: float
) -> list[Piece]:
    made = []
    for side in (-1.0, 1.0):
        for k in range(count):
            phi = side * (64 + 8 * k)
            end = tip + volume.recipe.raggedness * float(volume.rng.uniform(-0.02, 0.012)) - 0.006 * k
            made.append(
                volume.ribbon(
                    Lock(
                        phi,
                        root=16,
                        release=84,
                        tip=end,
                        turn=turn_to,
                        width=width,
                        point=point,
                        wave=volume.recipe.wave,
                        lift=0.004 + 0.002 * k,
                        taper=0.7,
                    )
                )
            )
    return made


SIDES: Final[Mapping[str, Callable[[HairVolume], list[Piece]]]] = {
    "none": no_hair,
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
    path = curve(
        np.stack(
            [
                top - [0, 0.006, 0],
                top + [lean * 0.1, high * 0.7, 0.004],
                top + [lean * 0.7, high, 0.012],
                top + [lean * 1.3, high * 0.6, 0.020],
            ]
        ),
        14,
    )
    widths = 0.014 * np.interp(np.linspace(0, 1, 14), [0, 0.4, 1], [0.7, 1, 0])
    return [
        volume.swept(
            path,
            widths,
            np.linspace(0.3, 0.95, 14),
            tone="main",
            thickness=0.35,
            outward=np.broadcast_to([0.0, 0.3, 1.0], path.shape),
        )
    ]


def _antennae(volume: HairVolume) -> list[Piece]:
    made = []
    for side in (-1.0, 1.0):
        top = volume.on(np.array(side * 0.5), np.array(0.35))
        path = curve(
            np.stack(
                [
                    top - [0, 0.004, 0],
                    top + [side * 0.012, 0.035, 0.01],
                    top + [side * 0.045, 0.045, 0.012],
                    top + [side * 0.065, 0.020, 0.014],
                ]
            ),
            14,
        )
        widths = 0.011 * np.interp(np.linspace(0, 1, 14), [0, 0.4, 1], [0.7, 1, 0])
        made.append(
            volume.swept(
                path,
                widths,
                np.linspace(0.3, 0.95, 14),
                tone="main",
                thickness=0.35,
                outward=np.broadcast_to([0.0, 0.3, 1.0], path.shape),
            )
        )
    return made


def _flips(volume: HairVolume) -> list[Piece]:
    """Two tufts that stand out like ears."""
    made = []
    for side in (-1.0, 1.0):
        for k in range(3):
            made.append(
                volume.ribbon(
                    Lock(
                        side * (70 + 14 * k),
                        root=12,
                        release=40 + 4 * k,
                        length=0.055,
                        turn=28,
                        width=0.026,
                        point=0.02,
                        taper=0.3,
                        lift=0.004,
                    )
                )
            )
    return made


def _thin_braid(volume: HairVolume) -> list[Piece]:
    hanging, _ = braid(volume, Tie(66.0, 88.0, "braid", scale=0.62), 1.0 if volume.recipe.sweep >= 0 else -1.0)
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
        made.append(
            ellipsoid(
                point + out * 0.006,
                (0.0085, 0.0155, 0.0085),
                "hair",
                "hair",
                rows=7,
                columns=9,
                tilt=np.stack([third, along, np.cross(third, along)], 1),
                uv_box=(u0, 0.3, u1, 0.8),
            )
        )
    return made


EXTRAS: Final[Mapping[str, Callable[[HairVolume], list[Piece]]]] = {
    "ahoge": _ahoge,
    "antennae": _antennae,
    "flips": _flips,
    "thin braid": _thin_braid,
    "crown braid": _crown_braid,
}
"""What stands out of any cut."""
