"""Hair: ribbons that run over a volume about the skull and fall from it, and shells that close what is under them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from paic3d_studio.datasets.generated.body import Torso
from paic3d_studio.datasets.generated.head import TEMPLE_Y, Head
from paic3d_studio.datasets.generated.paint_hair import COLUMNS, PATTERNS, column_box
from paic3d_studio.datasets.generated.recipe import HairRecipe
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    curve,
    evenly,
    frames,
    grid_piece,
    joined,
    seam_uv,
    unit,
)

_MEAN_RADIUS = 0.108
_SECTION = np.linspace(0, 2 * np.pi, 6, endpoint=False)


@dataclasses.dataclass(frozen=True)
class Lock:
    """One ribbon. Angles in degrees, lengths in metres.

    `phi` from the face (0) over the character's left (90); `root` polar angle from the crown where it begins; `release`
    polar angle where it leaves the volume; `tip` height of its end, or `length` after the release when given; `turn`
    direction at the end (0 outwards, 90 down, more: inwards); `width`; `point` width of the tip over the width;
    `sweep` degrees of phi along the way; `wave` amplitude; `lift` off the volume; `tone` main, under or second.
    """

    phi: float
    root: float = 5.0
    release: float = 84.0
    tip: float = -0.1
    length: float | None = None
    turn: float = 90.0
    width: float = 0.022
    point: float = 0.1
    sweep: float = 0.0
    wave: float = 0.0
    waves: float = 2.0
    lift: float = 0.0
    tone: str = "main"
    thickness: float = 0.22
    taper: float = 0.55


def _slerp(a: Array, b: Array, t: Array) -> Array:
    """Return unit vectors on the great circle between two, t from 0 to 1."""
    angle = np.arccos(np.clip(a @ b, -1, 1))
    return np.asarray((np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / max(float(np.sin(angle)), 1e-6))


@dataclasses.dataclass(frozen=True)
class HairVolume:
    """The ellipsoid about a head on which hair lies, and what hair must stay out of."""

    head: Head
    torso: Torso
    recipe: HairRecipe
    rng: Generator

    @property
    def centre(self) -> Array:
        """Middle of the volume."""
        return np.array([0.0, TEMPLE_Y, -0.008])

    def radii(self, phi: Array) -> tuple[Array, float, Array]:
        """Half axes along x, y and z; the last depends on whether phi (radians) is before or behind the ears."""
        f, v = self.head.face, self.recipe.volume
        front, back = 0.117 + 0.35 * v, 0.103 + v
        return (
            np.full(np.shape(phi), f.half_width + 0.009 + 0.9 * v * self.recipe.wide),
            f.top - TEMPLE_Y + 0.009 + v * self.recipe.high,
            np.where(np.cos(phi) >= 0, front, back),
        )

    def at(self, phi: Array, share: Array, y: Array) -> Array:
        """Return points (..., 3): `share` of the widest section in direction phi (radians), at height y."""
        rx, _, rz = self.radii(phi)
        return np.stack([share * rx * np.sin(phi), y, self.centre[2] + share * rz * np.cos(phi)], -1)

    def on(self, phi: Array, theta: Array) -> Array:
        """Return points of the volume's surface; radians."""
        return self.at(phi, np.sin(theta), TEMPLE_Y + self.radii(phi)[1] * np.cos(theta))

    def outward(self, points: Array) -> Array:
        """Return unit vectors away from the volume; horizontal below its middle."""
        local = points - self.centre
        low = np.array([1.0, 0.0, 1.0]) * local
        bent = np.where(local[..., 1:2] > 0, local, low)
        return unit(bent / np.array([self.head.face.half_width, self.head.face.top, 0.105]) ** 2)

    def path(self, lock: Lock, *, rows: int) -> tuple[Array, Array, Array]:
        """Return a lock's middle line (rows, 3), the texture's v along it, and the share of its length, 0 to 1."""
        phi0, root, release = np.radians([lock.phi, lock.root, lock.release])
        ry = self.radii(np.array(phi0))[1]
        tip_angle = np.arccos(np.clip((lock.tip - TEMPLE_Y) / ry, -1, 1))
        hang = lock.length if lock.length is not None else max(TEMPLE_Y + ry * np.cos(release) - lock.tip, 0.0)
        last = release if lock.length is not None or tip_angle > release else max(tip_angle, root + 0.15)
        if last < release:
            hang = 0.0
        arc = (last - root) * _MEAN_RADIUS
        s = (arc + hang) * (1 - (1 - np.linspace(0, 1, rows)) ** 1.4)  # closer towards the tip
        theta = np.minimum(root + s / _MEAN_RADIUS, last)
        loose = np.clip(s - arc, 0, None)
        u = loose / max(hang, 1e-9)
        start = last  # on an ellipsoid the surface falls at the polar angle itself: 0 at the crown, 90 at the middle
        angle = start + (np.radians(lock.turn) - start) * u**0.8
        step = np.diff(loose, prepend=0.0)
        share = np.sin(theta) + np.cumsum(step * np.cos(angle)) / _MEAN_RADIUS
        y = TEMPLE_Y + ry * np.cos(theta) - np.cumsum(step * np.sin(angle))
        t = s / max(s[-1], 1e-9)
        phase = 3 * phi0 + self.rng.uniform(-0.7, 0.7)  # neighbours wave together
        swing = lock.wave * np.sin(2 * np.pi * lock.waves * t + phase) * np.clip(loose / 0.06, 0, 1) / _MEAN_RADIUS
        phi = phi0 + np.radians(lock.sweep) * t**1.4 + swing
        points = self.at(phi, np.maximum(share, 0.02), y)
        points = points + self.outward(points) * (lock.lift * np.minimum(t * 3, 1) + 0.001)[:, None]
        v = np.where(loose > 0, 0.5 + 0.5 * u, 0.5 * theta / np.radians(90))
        return self.torso.pushed_out(points, forward=bool(np.cos(phi0) > -0.15)), np.clip(v, 0.004, 0.996), t

    def ribbon(self, lock: Lock, *, rows: int = 12) -> Piece:
        """Return the surface of one lock."""
        path, v, t = self.path(lock, rows=rows)
        narrow = np.interp(t, [0, 0.22, lock.taper, 1], [0.45, 1, 1, 0])
        profile = lock.width * np.maximum(
            np.where(t > lock.taper, lock.point + (1 - lock.point) * narrow**0.75, narrow), 0
        )
        return self.swept(path, profile, v, tone=lock.tone, thickness=lock.thickness)

    def swept(
        self, path: Array, widths: Array, v: Array, *, tone: str, thickness: float = 0.22, outward: Array | None = None
    ) -> Piece:
        """Return a ribbon with a lens as its section along a path (n, 3), bent round the head."""
        across, out = frames(path, self.outward(path) if outward is None else outward)
        half = widths[:, None] / 2
        side = half * np.cos(_SECTION)
        rise = half * 2 * thickness * np.where(np.sin(_SECTION) > 0, 1.0, 0.35) * np.sin(_SECTION)
        sag = side**2 / (2 * 0.085)
        points = path[:, None] + side[..., None] * across[:, None] + (rise - sag)[..., None] * out[:, None]
        points[-1] = points[-1].mean(0)
        u0, _, u1, _ = column_box(self.column(tone, float(path[len(path) // 2, 0])))
        u = np.append(0.5 + 0.5 * np.cos(_SECTION), 1.0) * (u1 - u0) + u0
        uv = np.stack(np.broadcast_arrays(u[None], v[:, None]), -1)
        return grid_piece(points, uv, "hair", "hair", closed=True, flip=True)

    def column(self, tone: str, x: float) -> int:
        """Choose a column of the hair's texture for a lock at `x`."""
        if tone == "under":
            return COLUMNS["under"][0]
        choices = COLUMNS["second" if tone == "second" or PATTERNS[self.recipe.pattern].lock(x, self.rng) else "main"]
        return int(choices[int(self.rng.integers(len(choices)))])

    def cap(self, hairline: Array) -> Piece:
        """Return the shell that closes the crown; `hairline` (n,) are polar angles in degrees for phi from 0 to 360."""
        columns = len(hairline)
        phi = np.linspace(0, 2 * np.pi, columns, endpoint=False)
        theta = np.radians(hairline) * np.linspace(0.0, 1.0, 16)[:, None]
        edge = np.clip(np.linspace(0, 1, 16) / 0.25 - 3, 0, 1)[:, None, None] ** 2
        points = self.rooted(self.on(np.broadcast_to(phi, theta.shape), theta), 0.8 + 0.2 * edge)
        u0, _, u1, _ = column_box(COLUMNS["under"][0])
        uv = seam_uv(16, columns + 1, (u0, 0.02, u1, 0.6))
        return grid_piece(points, uv, "hair", "hair", closed=True)

    def curtain(self, *, span: float, tip: float, turn: float, jag: float, lift: float = -0.004) -> Piece:
        """Return a shell that hangs round the back from `span` degrees on one side to the other, with a ragged hem."""
        columns, rows = 41, 14
        angles = np.linspace(-span, span, columns)
        lines = []
        for k, angle in enumerate(angles):
            hem = tip + jag * (0.5 * (k % 2) + 0.3 * np.sin(k * 1.7))
            lock = Lock(180.0 + float(angle), root=40.0, tip=hem, turn=turn, lift=lift)
            lines.append(self.path(dataclasses.replace(lock, wave=0.0), rows=rows)[0])
        points = np.stack(lines, 1)
        u0, _, u1, _ = column_box(COLUMNS["under"][0])
        uv = seam_uv(rows, columns, (u0, 0.2, u1, 0.98))
        outside = grid_piece(points, uv, "hair", "hair")
        inside = grid_piece(points - self.outward(points) * 0.002, uv, "hair", "hair", flip=True)
        return joined([outside, inside])

    def across(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        width: float,
        lift: float = 0.003,
        tone: str = "main",
        via: tuple[float, float] | None = None,
        sink: float = 1.0,
    ) -> Piece:
        """Return a ribbon that lies on the volume from one (phi, theta) in degrees to another: combed hair."""
        path = self.combed_line(start, end, via=via, sink=sink)
        path = path + self.outward(path) * lift * np.minimum(np.linspace(0, 4, 11), 1)[:, None]
        widths = width * np.interp(np.linspace(0, 1, 11), [0, 0.35, 1], [0.85, 1.0, 0.38])
        return self.swept(path, widths, np.linspace(0.13, 0.5, 11), tone=tone, thickness=0.16)

    def combed_line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        via: tuple[float, float] | None = None,
        sink: float = 1.0,
    ) -> Array:
        """Return the line (11, 3) on the volume from one (phi, theta) in degrees to another, bent towards `via`.

        `sink` is how deep its root lies: 1 on the skull, as at a hairline, 0 on the volume.
        """
        a, b = (self._direction(*np.radians(d)) for d in (start, end))
        t = np.linspace(0, 1, 11)[:, None]
        if via is None:
            way = _slerp(a, b, t)
        else:
            middle = self._direction(*np.radians(via))
            way = unit(a * (1 - t) ** 2 + 2.2 * middle * t * (1 - t) + b * t**2)
        path = self.on(np.arctan2(way[:, 0], way[:, 2]), np.arccos(np.clip(way[:, 1], -1, 1)))
        return self.rooted(path, sink * (1 - t) ** 3)

    def rooted(self, points: Array, share: Array) -> Array:
        """Return points of the volume sunk towards the skull: `share` 0 stays, 1 lies on it."""
        local = points - self.centre
        wide, high, deep = self.radii(np.arctan2(local[..., 0], local[..., 2]))
        f = self.head.face
        skull_deep = np.where(local[..., 2] >= 0, 0.112, 0.094)
        ratio = np.stack(np.broadcast_arrays((f.half_width + 0.002) / wide, (f.top - TEMPLE_Y + 0.002) / high,
                                             skull_deep / deep), -1)  # fmt: skip
        return np.asarray(self.centre + local * (1 - share * (1 - np.minimum(ratio, 1))))

    @staticmethod
    def _direction(phi: float, theta: float) -> Array:
        return np.array([np.sin(theta) * np.sin(phi), np.cos(theta), np.sin(theta) * np.cos(phi)])

    def tie_point(self, phi: float, theta: float) -> tuple[Array, Array]:
        """Return where a tail begins and the direction away from the head there; degrees."""
        place = self.on(*(np.array(a) for a in np.radians((phi, theta))))
        away = unit(place - self.centre)
        return place + away * 0.004, away

    def bundle(self, path: Array, radii: Array, *, strands: int, tone: str = "main") -> list[Piece]:
        """Return a tail: ribbons of various lengths about a path (n, 3), and a core that fills it."""
        n = len(path)
        across, out = frames(path, np.broadcast_to([0.3, 0.1, 1.0], path.shape))
        pieces = []
        for k in range(strands):
            turn = 2 * np.pi * (k + self.rng.uniform(-0.2, 0.2)) / strands
            away = np.cos(turn) * across + np.sin(turn) * out
            stop = int(n * self.rng.uniform(0.80, 1.0)) if k % 2 else n
            line = (path + away * radii[:, None] * 0.62)[:stop]
            t = np.linspace(0, 1, stop)
            widths = 2 * np.pi / strands * 1.25 * radii[:stop] * np.interp(t, [0, 0.7, 1], [1, 1, 0.12])
            v = np.linspace(0.5, 1.0, stop) * 0.996
            pieces.append(self.swept(line, widths, v, tone=tone, thickness=0.30, outward=away[:stop]))
        widths = 1.5 * radii * np.interp(np.linspace(0, 1, n), [0, 0.75, 1], [1, 0.9, 0.1])
        pieces.append(
            self.swept(
                path,
                widths,
                np.linspace(0.5, 0.99, n),
                tone="under",
                thickness=0.45,
                outward=np.broadcast_to([0.0, 0.1, 1.0], path.shape),
            )
        )
        return pieces

    def tail_path(
        self, place: Array, away: Array, *, tip: float, out: float, rise: float, steps: int = 17, spread: float = 0.0
    ) -> Array:
        """Return the line of a tail that leaves the head, rises a little and falls to height `tip`."""
        flat = unit(away * [1, 0.25, 1])
        fall = place[1] - tip
        control: Sequence[Array] = [
            place,
            place + flat * out * 0.55 + [0, rise, 0],
            place + flat * out * 0.95 + [0, rise * 0.3 - 0.12 * fall, 0],
            place + flat * (out + 0.3 * spread) + [0, -0.5 * fall, 0],
            place + flat * (out * 0.8 + spread) + [0, -fall, 0],
        ]
        line = evenly(curve(np.stack(control), 60), steps)
        return self.torso.pushed_out(line, forward=bool(flat[2] > -0.05), margin=0.022)
