"""What every accessory needs: its place on the head, its colours, and the bands that others are built on."""

from __future__ import annotations

import dataclasses

import numpy as np

from paic3d_studio.datasets.generated.hair import HairVolume
from paic3d_studio.datasets.generated.recipe import Recipe, Worn
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    grid_piece,
    seam_uv,
    solid_patch,
    unit,
)
from paic3d_studio.datasets.generated.tailoring import boxed

Box = tuple[float, float, float, float]


@dataclasses.dataclass(frozen=True)
class Place:
    """What an accessory needs to know: the character, the hair's volume, its own recipe, and its column of colours."""

    recipe: Recipe
    volume: HairVolume
    worn: Worn
    slot: int

    def box(self, which: str = "main") -> Box:
        """Return the flat colour `main`, `second`, `metal` or `dark` on the accessories' sheet."""
        row = ("main", "second", "metal", "dark").index(which)
        return self.slot / 4 + 0.03, row / 4 + 0.03, (self.slot + 1) / 4 - 0.03, (row + 1) / 4 - 0.03

    def on(self, phi: float, theta: float, *, off: float = 0.0) -> tuple[Array, Array]:
        """Return a place on the hair's volume, degrees, `off` metres outside it, and the direction away from it."""
        place = self.volume.on(*(np.array(a) for a in np.radians((phi, theta))))
        away = self.volume.outward(place)
        return place + away * (off + 0.004), away


def facing(away: Array, *, up: tuple[float, float, float] = (0, 1, 0)) -> Array:
    """Return the rotation that turns +z to `away` and keeps y upwards."""
    right = unit(np.cross(up, away))
    return np.stack([right, np.cross(away, right), away], 1)


def headband(p: Place, *, width: float | None = None, theta_end: float = 96.0, lean: float = 0.018) -> list[Piece]:
    wide = width or 0.010 + 0.012 * p.worn.variant
    thetas = np.linspace(-theta_end, theta_end, 41)
    centre = []
    for theta in thetas:
        place, _ = p.on(90.0 if theta > 0 else -90.0, abs(float(theta)), off=0.0075)
        centre.append(place + [0, 0, lean * np.cos(np.radians(theta)) + 0.006])
    path = np.stack(centre)
    out = p.volume.outward(path)
    rows = [
        path + out * lift + np.array([0, 0, z])
        for lift, z in (
            (-0.006, -wide / 2),
            (0.0012, -wide * 0.42),
            (0.0026, 0.0),
            (0.0012, wide * 0.42),
            (-0.006, wide / 2),
        )
    ]
    return [grid_piece(np.stack(rows), seam_uv(5, 41, p.box()), "accessory", "accessory", flip=False)]


def flat(outline: Array, thickness: float, box: Box, *, dome: float = 0.0) -> Piece:
    """Return a small flat thing in one colour."""
    return boxed(solid_patch(outline, thickness, "accessory", "accessory", dome=dome), box)
