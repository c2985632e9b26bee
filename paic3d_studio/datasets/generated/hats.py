"""Hats: surfaces of revolution that sit on the hair's volume."""

from __future__ import annotations

import dataclasses

import numpy as np

from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    ellipsoid,
    grid_piece,
    moved,
    seam_uv,
    torus,
    tube,
    turn,
)
from paic3d_studio.datasets.generated.worn import Box, Place


def _crown_of(
    p: Place,
    *,
    rows: list[tuple[float, float]],
    box: Box,
    centre: Array,
    tilt: Array,
    columns: int = 40,
    wobble: float = 0.0,
) -> Piece:
    """A surface of revolution through (radius, height) rows from top to bottom, oval like the head."""
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    v = p.volume
    rx, _, rz = v.radii(angle)
    lines = [
        np.stack([r * rx * np.sin(angle), h + wobble * np.sin(3 * angle + 5 * h) * r, r * rz * np.cos(angle)], -1)
        for r, h in rows
    ]
    points = np.stack(lines) @ tilt.T + centre
    return grid_piece(points, seam_uv(len(rows), columns + 1, box), "accessory", "accessory", closed=True)


def _hat_seat(p: Place, *, polar: float = 52.0) -> tuple[Array, float]:
    """Return the middle of a hat's rim and its radius as a share of the volume's."""
    ry = float(p.volume.radii(np.array(0.0))[1])
    y = p.volume.centre[1] + ry * np.cos(np.radians(polar))
    return np.array([0.0, y, p.volume.centre[2]]), float(np.sin(np.radians(polar)))


def beret(p: Place) -> list[Piece]:
    centre, share = _hat_seat(p, polar=44)
    t = np.linspace(0, np.pi, 16)
    bulge = [(float(np.sin(a) * (share * 1.28 + 0.14)), float(0.030 + 0.034 * np.cos(a))) for a in t[:12]]
    rows = [*bulge, (share * 1.10, 0.000), (share * 1.10, -0.008)]
    tilt = turn("z", -13 * p.worn.side) @ turn("x", -8)
    hat = _crown_of(p, rows=rows, box=p.box(), centre=centre + [0.010 * p.worn.side, 0.006, 0], tilt=tilt)
    top = centre + np.array([0.010 * p.worn.side, 0.070, 0]) + [0.014 * p.worn.side, 0, 0]
    stalk = tube(
        np.stack([top - [0, 0.008, 0], top, top + [0.002, 0.008, 0]]),
        0.0035,
        "accessory",
        "accessory",
        outward=np.array([0, 0, 1.0]),
        uv_box=p.box("second"),
    )
    return [hat, stalk]


def cap(p: Place) -> list[Piece]:
    centre, _ = _hat_seat(p, polar=56)
    ry = float(p.volume.radii(np.array(0.0))[1]) * 1.04 + 0.020
    low = float(np.cos(np.radians(56)))
    angles = np.linspace(0.02, np.radians(60), 12)
    rows = [(float(np.sin(a)) ** 0.9 * 1.20, float(ry * (np.cos(a) - low))) for a in angles]
    backwards = p.worn.variant > 0.8
    tilt = turn("y", 180.0 if backwards else 0.0) @ turn("x", -4)
    hat = _crown_of(p, rows=rows, box=p.box(), centre=centre, tilt=tilt)
    angle = np.linspace(-1.15, 1.15, 25)
    rx, _, rz = p.volume.radii(np.zeros(25))
    edge = rows[-1]
    lines = []
    for out, drop in ((0.90, 0.004), (1.0, 0.001), (1.28, -0.006), (1.52, -0.018)):
        reach = 1 + (out - 1) * np.cos(angle) ** 0.8 if out > 1 else np.full(25, out)
        lines.append(
            np.stack(
                [
                    edge[0] * rx * np.sin(angle) * np.minimum(reach, 1.06),
                    edge[1] + drop - 0.010 * np.sin(angle) ** 2 * (out - 0.9),
                    edge[0] * rz * np.cos(angle) * reach,
                ],
                -1,
            )
        )
    visor = np.stack(lines) @ tilt.T + centre
    uv = seam_uv(4, 25, p.box("second"))
    button = ellipsoid(
        centre + [0, rows[0][1] + 0.002, 0], (0.007, 0.005, 0.007), "accessory", "accessory", uv_box=p.box("second")
    )
    return [
        hat,
        grid_piece(visor, uv, "accessory", "accessory"),
        grid_piece(visor - [0, 0.003, 0], uv, "accessory", "accessory", flip=True),
        button,
    ]


def _brimmed(
    p: Place,
    profile: list[tuple[float, float]],
    brim: list[tuple[float, float]],
    *,
    band: bool = True,
    polar: float = 50,
    lean: float = -6,
    wobble: float = 0.004,
) -> list[Piece]:
    centre, share = _hat_seat(p, polar=polar)
    tilt = turn("x", lean) @ turn("z", -5 * p.worn.side)
    top = [(share * 1.14 * r, h) for r, h in profile]
    wide = [(share * 1.14 * r, h) for r, h in brim]
    made = [
        _crown_of(p, rows=top, box=p.box(), centre=centre, tilt=tilt),
        _crown_of(p, rows=wide, box=p.box(), centre=centre, tilt=tilt, wobble=wobble),
        dataclasses.replace(
            _crown_of(
                p, rows=[(r, h - 0.003) for r, h in wide[::-1]], box=p.box(), centre=centre, tilt=tilt, wobble=wobble
            )
        ),
    ]
    if band:
        made.append(
            _crown_of(
                p,
                rows=[(share * 1.12, 0.026), (share * 1.185, 0.024), (share * 1.185, 0.004), (share * 1.12, 0.002)],
                box=p.box("second"),
                centre=centre,
                tilt=tilt,
            )
        )
    return made


def witch_hat(p: Place) -> list[Piece]:
    made = _brimmed(
        p,
        [(0.02, 0.150), (0.12, 0.140), (0.28, 0.105), (0.55, 0.060), (0.85, 0.022), (1.0, 0.0)],
        [(0.98, 0.004), (1.25, -0.001), (1.6, -0.004), (1.9, -0.002)],
        wobble=0.006,
    )
    bent = []
    for piece in made:
        high = np.clip(piece.positions[:, 1] - 0.14, 0, None)
        shift = np.stack([p.worn.side * high**1.4 * 1.8, -0.25 * high**1.3, -1.5 * high**1.4], -1)
        bent.append(dataclasses.replace(piece, positions=piece.positions + shift))
    return bent


def straw_hat(p: Place) -> list[Piece]:
    return _brimmed(
        p,
        [(0.02, 0.070), (0.5, 0.068), (0.82, 0.058), (0.97, 0.030), (1.0, 0.0)],
        [(0.98, 0.004), (1.3, -0.004), (1.65, -0.010), (1.95, -0.018)],
    )


def top_hat(p: Place) -> list[Piece]:
    """A small one, worn aslant."""
    place, away = p.on(42.0 * p.worn.side, 26.0, off=0.002)
    rotation = turn("z", -24 * p.worn.side) @ turn("x", 12)
    r = 0.036 * p.worn.size
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    rows = [
        (0.02, 1.45),
        (0.9, 1.45),
        (0.95, 1.42),
        (0.86, 0.7),
        (0.92, 0.05),
        (1.5, 0.05),
        (1.55, 0.0),
        (1.5, -0.05),
        (0.3, -0.05),
    ]
    points = np.stack(
        [np.stack([a * r * np.sin(angle), np.full(28, h * r), a * r * np.cos(angle)], -1) for a, h in rows]
    )
    hat = grid_piece(points @ rotation.T + place, seam_uv(9, 29, p.box()), "accessory", "accessory", closed=True)
    band = torus(
        (0, 0.22 * r, 0), (r * 0.93, r * 0.93), r * 0.13, "accessory", "accessory", flatness=0.5, uv_box=p.box("second")
    )
    del away
    return [hat, moved(band, rotation=rotation, shift=place)]


def beanie(p: Place) -> list[Piece]:
    centre, _ = _hat_seat(p, polar=60)
    ry = float(p.volume.radii(np.array(0.0))[1]) * 1.04 + 0.022
    low = float(np.cos(np.radians(60)))
    rows = [
        (float(np.sin(a)) ** 0.85 * 1.34, float(ry * (np.cos(a) - low))) for a in np.linspace(0.02, np.radians(58), 12)
    ]
    fold = [(1.00, 0.034), (1.06, 0.031), (1.15, 0.014), (1.21, -0.004), (1.20, -0.012), (1.08, -0.013)]
    made = [
        _crown_of(p, rows=rows, box=p.box(), centre=centre, tilt=turn("x", -8)),
        _crown_of(p, rows=fold, box=p.box("second"), centre=centre, tilt=turn("x", -8)),
    ]
    if p.worn.variant > 0.5:
        made.append(
            ellipsoid(
                centre + [0, rows[0][1] + 0.016, -0.012],
                (0.026, 0.024, 0.026),
                "accessory",
                "accessory",
                uv_box=p.box("second"),
            )
        )
    return made
