"""Neck, shoulders and arms as surfaces, and a way to keep hair out of them."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
from scipy.interpolate import PchipInterpolator

from paic3d_studio.datasets.generated.head import picture_uv
from paic3d_studio.datasets.generated.recipe import BodyRecipe
from paic3d_studio.datasets.generated.shapes import Array, Piece, grid_piece, joined, mirrored, seam_uv, smooth_normals

FRONT_BOX = (-0.20, 0.20, -0.40, -0.14)
"""What of the torso's front (and, mirrored, of its back) a texture shows; x from, to; y from, to; metres."""

LOWEST = -0.385
LEAN = 0.020
_LEANS = (-0.13, -0.20)
"""How far forward a trunk stands of where its sections are made, in metres, and between which heights that grows: heads
of VRoid models stand so over their shoulders."""
_SECTION = 2.6


def leaning(positions: Array) -> Array:
    """Return positions (..., 3) with all that hangs lower than the chin moved forward with the trunk."""
    share = np.clip((_LEANS[0] - positions[..., 1]) / (_LEANS[0] - _LEANS[1]), 0, 1)
    moved = positions.copy()
    moved[..., 2] += LEAN * share * share * (3 - 2 * share)
    return moved


@dataclasses.dataclass(frozen=True)
class Torso:
    """The trunk from the neck's root down to below the box, as sections across; metres in the field frame.

    `cloth` is how thick its clothes are.
    """

    body: BodyRecipe
    cloth: float = 0.0

    @property
    def neck_y(self) -> float:
        """Height of the neck bone."""
        return -0.1 - self.body.neck_length

    @property
    def arm_y(self) -> float:
        """Height of the upper arms' bones."""
        return self.neck_y - 0.060

    @cached_property
    def _sections(self) -> tuple[PchipInterpolator, PchipInterpolator, PchipInterpolator]:
        s, n = self.body.shoulder / 0.106, self.body.neck_width
        b = self.body.bust
        # drop under the neck bone, half width, front, back
        table = np.array(
            [
                (-0.012, n * 1.02, n - 0.012, -n - 0.012),
                (0.004, n * 1.25 + 0.002, n - 0.006, -n - 0.020),
                (0.016, 0.058 * s, 0.030, -0.056),
                (0.028, 0.086 * s, 0.036, -0.060),
                (0.040, 0.106 * s, 0.042, -0.062),
                (0.058, 0.116 * s, 0.052, -0.064),
                (0.090, 0.112 * s, 0.066 + 0.012 * b, -0.062),
                (0.130, 0.104 * s, 0.074 + 0.028 * b, -0.056),
                (0.165, 0.098 * s, 0.072 + 0.026 * b, -0.050),
                (0.230, 0.092 * s, 0.066 + 0.010 * b, -0.046),
            ]
        )
        y = self.neck_y - table[:, 0]
        order = np.argsort(y)
        made = [PchipInterpolator(y[order], table[order, k]) for k in (1, 2, 3)]
        return made[0], made[1], made[2]

    def half_width(self, y: Array) -> Array:
        """Half the width of the trunk."""
        return np.asarray(self._sections[0](np.clip(y, LOWEST, self.neck_y + 0.012)))

    def front(self, x: Array, y: Array, *, swell: float = 0.0) -> Array:
        """z of the chest's surface, `swell` metres outside it."""
        return self._depth(x, y, swell, 1)

    def back(self, x: Array, y: Array, *, swell: float = 0.0) -> Array:
        """z of the back's surface, `swell` metres outside it."""
        return self._depth(x, y, swell, 2)

    def _depth(self, x: Array, y: Array, swell: float, which: int) -> Array:
        y = np.clip(y, LOWEST, self.neck_y + 0.012)
        middle = -0.010
        q = np.clip(np.abs(x) / (self.half_width(y) + swell), 0, 1)
        reach = self._sections[which](y) - middle + (swell if which == 1 else -swell)
        return np.asarray(middle + reach * (1 - q**_SECTION) ** (1 / 2.2))

    def ring(self, y: float, columns: int, swell: float) -> Array:
        """One section (columns, 3), from the front over the character's left, counter-clockwise from above."""
        angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)
        width = float(self.half_width(np.array(y))) + swell
        power = 2 / _SECTION
        x = width * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
        front, back = self.front(x, np.array(y), swell=swell), self.back(x, np.array(y), swell=swell)
        return np.stack([x, np.full(columns, y), np.where(np.cos(angle) >= 0, front, back)], -1)

    def piece(self, part: str, material: str, *, swell: float = 0.0, top: float | None = None) -> Piece:
        """Return the trunk's surface from height `top` down: its front wears the left half of the texture."""
        top = self.neck_y + 0.012 if top is None else top
        heights = np.concatenate([np.linspace(top, self.neck_y - 0.07, 13), np.linspace(self.neck_y - 0.09, LOWEST, 7)])
        rows = np.stack([self.ring(float(y), 40, swell) for y in heights])
        # Two halves with uv of their own: front from the right side over the chest to the left side, then the back.
        front = np.roll(rows, 10, axis=1)[:, :21]
        back = np.roll(rows, -10, axis=1)[:, :21]
        halves = [
            grid_piece(points, torso_uv(points[..., :2], behind=behind), part, material, bone="chest")
            for points, behind in ((front, False), (back, True))
        ]
        whole = joined(halves)
        return dataclasses.replace(whole, normals=smooth_normals(whole.positions, whole.faces))

    def neck(self, *, jaw: float = -0.085) -> Piece:
        """Return the neck from inside the head down into the trunk."""
        n = self.body.neck_width
        heights = np.linspace(jaw, self.neck_y - 0.012, 12)
        t = np.linspace(0, 1, 12)
        centre = np.interp(t, [0, 1], [-0.014, -0.014])
        width = n * np.interp(t, [0, 0.5, 0.8, 1], [0.98, 0.94, 1.0, 1.18])
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        x = width[:, None] * np.sin(angle)
        z = centre[:, None] + width[:, None] * np.cos(angle) * np.where(np.cos(angle) > 0, 1.0, 1.12)
        points = np.stack([x, np.broadcast_to(heights[:, None], x.shape), z], -1)
        uv = seam_uv(12, 25, (0.02, 0.0, 0.98, 1.0))
        return grid_piece(points, uv, "neck", "neck", bone="neck", closed=True)

    def arms(
        self,
        part: str,
        material: str,
        *,
        radius: float = 0.031,
        flare: float = 1.0,
        start: float = 0.0,
        end: float = 0.30,
    ) -> list[Piece]:
        """Return both arms in the T-pose from `start` to `end` metres beyond their bones; `flare` widens the end."""
        steps = 14
        t = np.linspace(0, 1, steps)
        x = self.body.shoulder + start + t * (end - start)
        r = radius * np.interp(t, [0, 0.3, 1], [1.0, 0.94, 0.86 * flare])
        angle = np.linspace(0, 2 * np.pi, 18, endpoint=False)
        y = self.arm_y - 0.004 + r[:, None] * np.cos(angle) * 1.02
        z = -0.006 + r[:, None] * np.sin(angle)
        points = np.stack([np.broadcast_to(x[:, None], y.shape), y, z], -1)
        if start <= 0.001:  # a round shoulder inside the trunk
            rise = np.linspace(np.pi / 2, 0.0, 6)[:-1]
            caps = [
                np.stack(
                    [
                        np.full(18, x[0] - radius * np.sin(b)),
                        self.arm_y - 0.004 + r[0] * np.cos(b) * np.cos(angle) * 1.02,
                        -0.006 + r[0] * np.cos(b) * np.sin(angle),
                    ],
                    -1,
                )
                for b in rise
            ]
            points = np.concatenate([np.stack(caps), points])
        uv = seam_uv(len(points), 19, (0.0, 0.0, 1.0, 1.0))
        left = grid_piece(points, uv, part, material, bone="leftUpperArm", closed=True, flip=True)
        return [left, mirrored(left)]

    def pushed_out(self, points: Array, *, forward: bool, margin: float = 0.006) -> Array:
        """Return points (..., 3) moved out of the trunk and the lowered arms, to the front or to the back."""
        margin += self.cloth
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        below = np.clip(self.arm_y - y, 0, None)
        width = np.maximum(self.half_width(y), self.body.shoulder + 0.577 * below + 0.034 * np.clip(below / 0.02, 0, 1))
        width = np.where(y > self.neck_y - 0.004, self.half_width(y), width) + margin
        q = np.clip(np.abs(x) / width, 0, 1)
        side = np.maximum(1 - q**4, 0) ** 0.5
        inner_x = np.clip(np.abs(x), 0, self.half_width(y) * 0.85)
        high = np.maximum(self.front(inner_x, y, swell=margin), 0.034) * side + (1 - side) * -0.01
        low = np.minimum(self.back(inner_x, y, swell=margin), -0.05) * side + (1 - side) * -0.01
        reach = np.clip((self.neck_y + 0.008 - y) / 0.012, 0, 1)
        target = np.where(forward, np.maximum(z, high), np.minimum(z, low))
        moved = z + (target - z) * reach * (q < 1)
        return np.stack([x, y, moved], -1)


def torso_uv(xy: Array, *, behind: bool) -> Array:
    """Return texture coordinates on a picture whose left half is the front and whose right half is the back."""
    uv = picture_uv(xy if not behind else xy * [-1.0, 1.0], FRONT_BOX)
    return np.stack(
        [np.clip(uv[..., 0], 0.004, 0.996) / 2 + (0.5 if behind else 0.0), np.clip(uv[..., 1], 0.004, 0.996)], -1
    )
