"""The table of ears: human, elf's and animals'."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from paic3d_studio.datasets.generated.hair import HairVolume
from paic3d_studio.datasets.generated.paint_hair import COLUMNS, column_box
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    curve,
    grid_piece,
    mirrored,
    moved,
    seam_uv,
    turn,
)

Coat = tuple[str, str, tuple[float, float, float, float]]
"""Part, material and box of the texture."""


def _shell(outline: Array, depth: float, part: str, material: str, box: tuple[float, float, float, float]) -> Piece:
    """Return an ear: a dish over a closed outline (n, 2) in the plane z = 0, hollow towards +z."""
    middle = outline.mean(0)
    rings = []
    for share, z in (
        (0.0, -0.30),
        (0.45, -0.22),
        (0.78, 0.05),
        (0.93, 0.30),
        (1.0, 0.10),
        (0.95, -0.25),
        (0.7, -0.62),
        (0.0, -0.85),
    ):
        xy = middle + (outline - middle) * share
        rings.append(np.concatenate([xy, np.full((len(xy), 1), z * depth)], 1))
    points = np.stack(rings)
    return grid_piece(points, seam_uv(len(rings), len(outline) + 1, box), part, material, closed=True)


def skin_ear(volume: HairVolume, kind: str) -> list[Piece]:
    """Return both human or elf's ears."""
    f = volume.head.face
    shapes = {
        "human": [
            (0.0, 0.021),
            (0.011, 0.019),
            (0.0145, 0.007),
            (0.011, -0.008),
            (0.005, -0.020),
            (-0.003, -0.022),
            (-0.007, -0.006),
            (-0.007, 0.012),
        ],
        "elf": [
            (0.0, 0.018),
            (0.020, 0.030),
            (0.048, 0.046),
            (0.030, 0.014),
            (0.014, -0.008),
            (0.004, -0.020),
            (-0.003, -0.021),
            (-0.008, -0.004),
        ],
        "long elf": [
            (0.0, 0.016),
            (0.030, 0.020),
            (0.092, 0.030),
            (0.048, 0.004),
            (0.018, -0.010),
            (0.004, -0.020),
            (-0.003, -0.020),
            (-0.008, -0.004),
        ],
    }
    control = np.array(shapes[kind])
    outline = curve(np.concatenate([control, control[:1]]), 41)[:-1][::-1]
    ear = _shell(outline, 0.0075, "ears", "ears", (0.06, 0.0, 0.94, 1.0))
    out = {"human": 62.0, "elf": 42.0, "long elf": 24.0}[kind]
    place = (f.half_width - 0.003, f.eye_y - 0.006, -0.010)
    left = moved(ear, rotation=turn("y", out) @ turn("z", 4), shift=place)
    return [left, mirrored(left)]


def fur_ear(
    volume: HairVolume, kind: str, *, fur: Coat, inner: Coat, scale: float = 1.0, forward: float = 0.0
) -> list[Piece]:
    """Return the left animal's ear on the crown: its back in fur and its hollow."""
    phi, theta, lean, outline = _FUR[kind]
    place = volume.on(*(np.array(a) for a in np.radians((phi, theta)))) + [0, 0, forward]
    control = np.array(outline) * scale
    line = curve(np.concatenate([control, control[:1]]), 49)[:-1]
    middle = np.array([0.0, float(line[:, 1].min()) + 0.3 * float(np.ptp(line[:, 1]))])
    depth = 0.014 * scale

    def dish(rows: list[tuple[float, float]], coat: Coat) -> Piece:
        rings = []
        for share, z in rows:
            xy = middle + (line - middle) * share
            rings.append(np.concatenate([xy, np.full((len(xy), 1), z * depth)], 1))
        u0, v0, u1, v1 = coat[2]
        return grid_piece(
            np.stack(rings), seam_uv(len(rows), len(line) + 1, (u0, v0, u1, v1)), coat[0], coat[1], closed=True
        )

    front = dish([(0.0, -0.5), (0.5, -0.25), (0.74, 0.15)], inner)
    back = dish([(0.74, 0.16), (0.90, 0.42), (1.0, 0.1), (0.92, -0.35), (0.6, -0.9), (0.0, -1.2)], fur)
    rotation = turn("z", lean) @ turn("y", 16) @ turn("x", -4)
    return [moved(piece, rotation=rotation, shift=place - np.array([0, 0.012, 0])) for piece in (front, back)]


_FUR: Final[Mapping[str, tuple[float, float, float, list[tuple[float, float]]]]] = {
    "cat": (
        78,
        36,
        -16,
        [
            (0.034, -0.01),
            (0.030, 0.020),
            (0.012, 0.058),
            (0.004, 0.064),
            (-0.012, 0.046),
            (-0.030, 0.014),
            (-0.036, -0.01),
        ],
    ),
    "fox": (
        80,
        36,
        -14,
        [
            (0.036, -0.01),
            (0.036, 0.030),
            (0.018, 0.078),
            (0.006, 0.092),
            (-0.008, 0.072),
            (-0.034, 0.024),
            (-0.040, -0.01),
        ],
    ),
    "bear": (
        84,
        40,
        -24,
        [
            (0.026, -0.01),
            (0.034, 0.018),
            (0.022, 0.042),
            (0.0, 0.050),
            (-0.022, 0.042),
            (-0.034, 0.018),
            (-0.026, -0.01),
        ],
    ),
    "rabbit": (
        82,
        26,
        -8,
        [
            (0.018, -0.01),
            (0.026, 0.050),
            (0.026, 0.110),
            (0.010, 0.160),
            (0.0, 0.166),
            (-0.010, 0.160),
            (-0.024, 0.110),
            (-0.022, 0.050),
            (-0.018, -0.01),
        ],
    ),
    "dog": (
        86,
        38,
        -132,
        [
            (0.024, -0.01),
            (0.034, 0.024),
            (0.030, 0.066),
            (0.008, 0.092),
            (-0.014, 0.080),
            (-0.028, 0.036),
            (-0.024, -0.01),
        ],
    ),
    "wolf": (
        80,
        34,
        -12,
        [
            (0.034, -0.01),
            (0.032, 0.030),
            (0.010, 0.074),
            (0.002, 0.078),
            (-0.010, 0.060),
            (-0.032, 0.020),
            (-0.036, -0.01),
        ],
    ),
    "mouse": (
        84,
        42,
        -28,
        [
            (0.026, -0.01),
            (0.046, 0.024),
            (0.034, 0.062),
            (0.0, 0.076),
            (-0.034, 0.062),
            (-0.046, 0.024),
            (-0.026, -0.01),
        ],
    ),
}
"""Where on the volume (phi, theta), how far it leans, in degrees, and its outline from its right foot over the tip."""


def _animal(volume: HairVolume, kind: str) -> list[Piece]:
    u0, _, u1, _ = column_box(COLUMNS["fur"][0])
    left = fur_ear(
        volume, kind, fur=("ears", "ears_fur", (u0, 0.1, u1, 0.9)), inner=("ears", "ears", (0.3, 0.35, 0.5, 0.65))
    )
    return left + [mirrored(piece) for piece in left] + skin_ear(volume, "human")


@dataclasses.dataclass(frozen=True)
class Ears:
    """One kind of ears: how they are made and how often they are drawn."""

    make: Callable[[HairVolume], list[Piece]]
    weight: float


EARS: Final[Mapping[str, Ears]] = {
    "human": Ears(lambda v: skin_ear(v, "human"), 66),
    "elf": Ears(lambda v: skin_ear(v, "elf"), 7),
    "long elf": Ears(lambda v: skin_ear(v, "long elf"), 4),
    "cat": Ears(lambda v: _animal(v, "cat"), 7),
    "fox": Ears(lambda v: _animal(v, "fox"), 4),
    "wolf": Ears(lambda v: _animal(v, "wolf"), 3),
    "dog": Ears(lambda v: _animal(v, "dog"), 2.5),
    "rabbit": Ears(lambda v: _animal(v, "rabbit"), 3),
    "bear": Ears(lambda v: _animal(v, "bear"), 2),
    "mouse": Ears(lambda v: _animal(v, "mouse"), 1.5),
}
