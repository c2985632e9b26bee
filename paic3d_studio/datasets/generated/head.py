"""The head's surface: an outline seen from the front, the depth of the face inside it, and a skull behind it."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
from scipy.interpolate import PchipInterpolator

from paic3d_studio.datasets.generated.recipe import FaceRecipe
from paic3d_studio.datasets.generated.shapes import Array, Piece, grid_piece

TEMPLE_Y = 0.004
BACK_Z = -0.100
PICTURE_BOX = (-0.11, 0.11, -0.145, 0.105)
"""What of the face's plane its texture shows: x from, to; y from, to; metres."""


@dataclasses.dataclass(frozen=True)
class Head:
    """The surface of one face recipe; heights are y in metres, all arrays broadcast."""

    face: FaceRecipe

    @cached_property
    def outline(self) -> Array:
        """The right half (x >= 0) of the outline from crown to chin, (n, 2) metres."""
        f = self.face
        angle = np.linspace(0, np.pi / 2, 40)
        upper = np.stack([f.half_width * np.sin(angle), TEMPLE_Y + (f.top - TEMPLE_Y) * np.cos(angle)], -1)
        drop = f.mouth_y - f.chin
        control = np.array(
            [
                (f.half_width, TEMPLE_Y + 0.02),
                (f.half_width, TEMPLE_Y - 0.004),
                (f.half_width * (0.45 + 0.55 * f.cheek + 0.035), (f.eye_y + f.mouth_y) / 2),
                (f.half_width * f.cheek, f.mouth_y + 0.42 * drop),
                (f.half_width * (0.32 * f.cheek + 0.68 * f.jaw), f.chin + 0.80 * drop),
                (f.half_width * (0.72 * f.jaw + 0.28 * f.chin_width), f.chin + 0.36 * drop),
                (f.half_width * f.chin_width, f.chin + 0.09 * drop),
                (0.0, f.chin),
                (-f.half_width * f.chin_width, f.chin + 0.09 * drop),
            ]
        )
        at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(control, axis=0), axis=1))])
        t = np.linspace(at[1], at[-2], 60)
        lower = np.stack([PchipInterpolator(at, control[:, k])(t) for k in range(2)], -1)
        return np.concatenate([upper[:-1], lower])

    def half_width(self, y: Array) -> Array:
        """Half the width of the front silhouette."""
        low_to_high = self.outline[::-1]
        return np.asarray(np.interp(y, low_to_high[:, 1], low_to_high[:, 0]))

    def outline_depth(self, y: Array) -> Array:
        """z of the outline: the jaw comes forward towards the chin."""
        f = self.face
        knots = np.array([f.chin, f.chin + 0.012, f.mouth_y + 0.004, f.mouth_y + 0.03, TEMPLE_Y, f.top])
        depth = np.array([0.074, 0.058, 0.022, 0.002, -0.010, -0.006])
        return np.asarray(PchipInterpolator(knots, depth)(np.clip(y, f.chin, f.top)))

    def profile(self, y: Array) -> Array:
        """z of the face's middle line, without the nose."""
        f = self.face
        brow_y = f.eye_y + 0.045
        knots = [f.chin, f.chin + 0.006, f.chin + 0.016, f.mouth_y - 0.008, f.mouth_y, f.nose_y, f.eye_y, brow_y]
        depth = [0.074, 0.0865, 0.0895, 0.0900, 0.0950, 0.0975, 0.0965, 0.1005]
        rest = np.linspace(brow_y, f.top, 12)[1:]
        rise = np.sqrt(np.clip(1 - ((rest - brow_y) / (f.top - brow_y)) ** 2, 0, 1))
        knots += list(rest)
        depth += list(-0.006 + 0.1065 * rise**0.9)
        return np.asarray(PchipInterpolator(np.array(knots), np.array(depth))(np.clip(y, f.chin, f.top)))

    def surface(self, x: Array, y: Array) -> Array:
        """z of the face at (x, y) inside the outline; the outline's own depth outside it."""
        f = self.face
        width = np.maximum(self.half_width(y), 1e-6)
        q = np.clip(np.abs(x) / width, 0, 1)
        rim = self.outline_depth(y)
        section = np.sqrt(np.clip(1 - q**f.flatness, 0, 1))
        z = rim + (self.profile(y) - rim) * section
        return np.asarray(z + self._relief(x, y) * np.clip(section * 2, 0, 1))

    def _relief(self, x: Array, y: Array) -> Array:
        """Nose, eye sockets, lips and cheeks as offsets along z."""
        f = self.face

        def bump(cx: float, cy: float, wx: float, wy: float) -> Array:
            return np.asarray(np.exp(-(((x - cx) / wx) ** 2) - ((y - cy) / wy) ** 2))

        above = np.clip((y - f.nose_y) / (f.eye_y + 0.012 - f.nose_y), 0, 1)
        bridge = np.where(y >= f.nose_y, (1 - above) ** 1.6, np.exp(-(((y - f.nose_y) / 0.0055) ** 2)))
        nose = f.nose * bridge * np.exp(-((x / (0.0065 + 0.004 * (1 - above))) ** 2))
        sockets = -0.0055 * (bump(f.eye_x, f.eye_y, 0.026, 0.022) + bump(-f.eye_x, f.eye_y, 0.026, 0.022))
        lips = 0.0016 * bump(0, f.mouth_y + 0.004, 0.012, 0.004) + 0.0016 * bump(0, f.mouth_y - 0.005, 0.011, 0.004)
        cheeks = 0.002 * (bump(0.045, f.mouth_y + 0.018, 0.022, 0.018) + bump(-0.045, f.mouth_y + 0.018, 0.022, 0.018))
        return np.asarray(nose + sockets + lips + cheeks)

    def on_surface(self, xy: Array, *, offset: float = 0.0) -> Array:
        """Return points (..., 3) over places (..., 2) of the face, `offset` metres in front of it."""
        z = self.surface(xy[..., 0], xy[..., 1]) + offset
        return np.concatenate([xy, z[..., None]], -1)

    def ring(self, columns: int) -> Array:
        """The whole outline as (columns, 2), counter-clockwise from the crown as seen from the front."""
        half = self.outline
        whole = np.concatenate([half * [-1, 1], half[-2:0:-1]])
        at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(whole, axis=0, append=whole[:1]), axis=1))])
        t = np.linspace(0, at[-1], columns, endpoint=False)
        closed = np.concatenate([whole, whole[:1]])
        return np.stack([np.interp(t, at, closed[:, k]) for k in range(2)], -1)

    def pieces(self) -> list[Piece]:
        """Return face and skull as one surface each, sewn at the outline."""
        ring = self.ring(80)
        middle = np.array([0.0, self.face.eye_y - 0.02])
        shares = np.concatenate([np.linspace(0, 0.9, 20), [0.94, 0.975, 1.0]])
        xy = middle + (ring - middle) * shares[:, None, None]
        front = self.on_surface(xy)
        front[-1, :, 2] = self.outline_depth(ring[:, 1])
        face = grid_piece(front, _closed_uv(xy), "face", "face", closed=True)
        skull = self._back(ring)
        back = grid_piece(skull, _closed_uv(np.broadcast_to(ring, (*skull.shape[:2], 2))), "face", "face", closed=True)
        return [face, back]

    def _back(self, ring: Array) -> Array:
        """Points (rows, columns, 3) from the outline over skull and underside of the jaw to the occiput."""
        pole = np.array([0.0, 0.012])
        rim = self.outline_depth(ring[:, 1])
        bend = np.linspace(0, np.pi / 2, 11)[:, None]
        xy = pole + (ring - pole) * np.cos(bend)[..., None]
        z = rim + (BACK_Z - rim) * np.sin(bend)
        return np.concatenate([xy, z[..., None]], -1)


def _closed_uv(xy: Array) -> Array:
    """Return uv (rows, columns + 1, 2) of places on the face's picture."""
    closed = np.concatenate([xy, xy[:, :1]], 1)
    return picture_uv(closed)


def picture_uv(xy: Array, box: tuple[float, float, float, float] = PICTURE_BOX) -> Array:
    """Return texture coordinates, v down, of places (..., 2) in a box of the plane."""
    u = (xy[..., 0] - box[0]) / (box[1] - box[0])
    v = (box[3] - xy[..., 1]) / (box[3] - box[2])
    return np.stack([u, v], -1)


def patch(
    head: Head,
    box: tuple[float, float, float, float],
    part: str,
    material: str,
    *,
    offset: float,
    uv_box: tuple[float, float, float, float] = (0, 0, 1, 1),
    steps: tuple[int, int] = (12, 16),
) -> Piece:
    """Return a patch over a box (x0, x1, y0, y1) of the face, `offset` metres in front, with a box of a texture."""
    x, y = np.meshgrid(np.linspace(box[0], box[1], steps[1]), np.linspace(box[3], box[2], steps[0]))
    xy = np.stack([x, y], -1)
    u = uv_box[0] + (x - box[0]) / (box[1] - box[0]) * (uv_box[2] - uv_box[0])
    v = uv_box[1] + (box[3] - y) / (box[3] - box[2]) * (uv_box[3] - uv_box[1])
    return grid_piece(head.on_surface(xy, offset=offset), np.stack([u, v], -1), part, material)
