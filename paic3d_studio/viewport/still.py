"""The exact still: what takes the place of the baked volume's surface in a picture that rests.

What the field itself says along each ray comes from elsewhere; here are the rays of a view's pixels, where they meet
the volume, and the result as the graphics card takes it.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.viewport.bake import CELL, BakedVolume, logits
from paic3d_studio.viewport.canvas import Size
from paic3d_studio.viewport.orbit import OrbitView

STRIDE: Final = 0.66
"""Voxels between samples along a ray, as in the finest picture of the volume."""

AGREEMENT: Final = 4.0
"""A ray takes its place from a still only within so many voxels of where it met the volume: elsewhere it met another
surface, behind what the matte cuts away."""


MOST_RAYS: Final = 600_000
"""So many rays are asked for at most: a picture of more pixels takes what lies between them from its neighbours."""


@dataclasses.dataclass(frozen=True)
class StillRequest:
    """The view that a still is wanted of, and its size in pixels (width, height)."""

    view: OrbitView
    size: Size

    @property
    def grid(self) -> Size:
        """How many rays are asked for, in a row and in a column: one for each pixel, up to `MOST_RAYS` in all."""
        width, height = self.size
        scale = min(1.0, math.sqrt(MOST_RAYS / (width * height)))
        return max(1, math.floor(width * scale)), max(1, math.floor(height * scale))


@dataclasses.dataclass(frozen=True, eq=False)
class ExactStill:
    """Colour and place of the field's own first surface on each ray of one view's grid.

    `texels` float32 (rows, columns, 4) of the grid, row 0 at the bottom: sRGB 0..1, and metres along the ray, 0 where
    it meets nothing.
    """

    request: StillRequest
    texels: NDArray[np.float32]

    @property
    def distance(self) -> NDArray[np.float32]:
        """Metres along the ray, top row first, float32 (rows, columns)."""
        return self.texels[::-1, :, 3]

    @property
    def rgb(self) -> NDArray[np.float32]:
        """Colours sRGB 0..1, top row first, float32 (rows, columns, 3)."""
        return self.texels[::-1, :, :3]


def grid_rays(request: StillRequest, rows: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return origin (metres) and unit direction of the rays in some rows of the grid, field frame, (R, 3) each.

    Args:
        request: the picture.
        rows: first and last (exclusive) row from the bottom; its rays follow one another from left to right.
    """
    columns, all_rows = request.grid
    width, height = (length / min(request.size) for length in request.size)
    view = request.view
    x = ((np.arange(columns) + 0.5) / columns - 0.5) * width
    y = ((np.arange(*rows) + 0.5) / all_rows - 0.5) * height
    right, up, backward = view.axes
    aside = (y[:, None, None] * up + x[None, :, None] * right).reshape(-1, 3)
    if view.fov is None:
        origins, directions = view.eye + aside * view.extent, np.broadcast_to(-backward, aside.shape)
    else:
        origins, directions = np.broadcast_to(view.eye, aside.shape), aside * (view.extent / view.distance) - backward
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(directions, np.float32)


class FirstSurface:
    """Finds where rays meet the surface of a baked volume first, without the graphics card.

    Rays skip the cells without any surface, and take samples as `march.glsl` does in the others; voxels are
    interpolated only where the surface can lie between them.
    """

    def __init__(self, volume: BakedVolume) -> None:
        self._volume = volume
        self._level = np.float32(255 * volume.surface)
        self._values = np.ascontiguousarray(volume.voxels[..., 3])
        self._cells = (logits()[volume.occupancy] > self._level).reshape(-1)
        self._near = _grown(self._values > self._level).reshape(-1)

    def along(self, origins: NDArray[np.float32], directions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far along rays (R, 3), in metres, the surface is, float32 (R,); 0 where they meet none."""
        volume, n, level = self._volume, len(self._values), self._level
        voxel = volume.box_side / n
        start = np.ascontiguousarray(origins.T) / np.float32(voxel) + np.float32(n / 2)  # (3, R), in voxels
        ahead = np.ascontiguousarray(np.where(np.abs(directions) < 1e-7, np.float32(1e-7), directions).T)
        entry, leave = _crossing_of_box(start, ahead, volume)
        found = np.zeros(len(origins), np.float32)
        ray = np.flatnonzero(entry < leave)
        start, ahead, leave = start[:, ray], ahead[:, ray], leave[ray]
        along, before = _whole_strides(entry[ray]), np.zeros(len(ray), np.float32)
        while len(ray):
            place = np.asarray(start + ahead * along, np.float32)
            marches, value = self._sampled(place)
            met = np.flatnonzero(value > level)
            rise = (value[met] - level) / np.maximum(value[met] - before[met], 1e-3)
            found[ray[met]] = (along[met] - np.where(before[met] < level, rise, 0) * STRIDE) * voxel
            passes = np.flatnonzero(~marches)
            beyond = _beyond_cell(place[:, passes], start[:, passes], ahead[:, passes])
            along += np.float32(STRIDE)
            along[passes] = np.maximum(along[passes], beyond)
            kept = np.flatnonzero((value <= level) & (along < leave))
            ray, leave, along, before = ray[kept], leave[kept], along[kept], value[kept]
            start, ahead = start[:, kept], ahead[:, kept]
        return found

    def _sampled(self, place: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Return whether cells at places (3, R) hold any surface, and the value there, 0 where it is not near."""
        n, cells = len(self._values), -(-len(self._values) // CELL)
        x, y, z = np.minimum(place.astype(np.int32), n - 1)  # never negative inside the box
        marches = self._cells[((z // CELL) * cells + y // CELL) * cells + x // CELL]
        near = np.flatnonzero(marches & self._near[(z * n + y) * n + x])
        value = np.zeros(place.shape[1], np.float32)
        value[near] = values_at(self._values, place[:, near])
        return marches, value


def values_at(values: NDArray[np.uint8], place: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolate values [z, y, x] linearly at places (3, P) in voxels, as the graphics card does, float32 (P,)."""
    n = values.shape[0]
    corner = np.clip(place - np.float32(0.5), 0, np.float32(n - 1.001))
    low = corner.astype(np.int32)
    x, y, z = low
    share_x, share_y, share_z = corner - low

    def row(dz: int, dy: int) -> NDArray[np.float32]:
        first, second = (values[z + dz, y + dy, x + dx].astype(np.float32) for dx in (0, 1))
        return _between(first, second, share_x)

    planes = [_between(row(dz, 0), row(dz, 1), share_y) for dz in (0, 1)]
    return _between(planes[0], planes[1], share_z)


def _between(
    first: NDArray[np.float32], second: NDArray[np.float32], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return what lies the shares 0..1 of the way from first to second values."""
    return np.asarray(first + (second - first) * share, np.float32)


def normals_at(volume: BakedVolume, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit normals of the volume's surface at points (P, 3) in metres, outward, float32 (P, 3); zero where flat.

    As `normal_at` of `volume.glsl`.
    """
    n = volume.voxels.shape[0]
    place = np.ascontiguousarray(points.T) / np.float32(volume.box_side / n) + np.float32(n / 2)
    slope = np.empty_like(place)
    for axis, step in enumerate(np.eye(3, dtype=np.float32)[:, :, None]):
        slope[axis] = values_at(volume.smoothed, place + step) - values_at(volume.smoothed, place - step)
    steep = np.sqrt(np.square(slope).sum(axis=0))
    return np.ascontiguousarray(np.where(steep > 255e-4, -slope / np.maximum(steep, 1e-6), 0).T, np.float32)


def _crossing_of_box(
    start: NDArray[np.float32], ahead: NDArray[np.float32], volume: BakedVolume
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where rays (3, R) enter and leave what is occupied, in voxels (R,) each."""
    lower, upper = (np.asarray(corner, np.float32)[:, None] for corner in (volume.lower, volume.upper))
    to_lower, to_upper = (lower - start) / ahead, (upper - start) / ahead
    entry = np.maximum(np.minimum(to_lower, to_upper).max(axis=0), 0)
    return entry, np.maximum(to_lower, to_upper).min(axis=0)


def _beyond_cell(
    place: NDArray[np.float32], start: NDArray[np.float32], ahead: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the first sample along rays (3, R) behind the cells that places (3, R) on them are in, (R,)."""
    cell = np.floor(place / np.float32(CELL))
    walls = ((cell + (ahead > 0)) * np.float32(CELL) - start) / ahead
    return _whole_strides(walls.min(axis=0))


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask grown by one voxel along axes and diagonals: as far as interpolation reaches."""
    for axis in range(3):
        grown = mask.copy()
        ahead, behind = [slice(None)] * 3, [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        grown[tuple(ahead)] |= mask[tuple(behind)]
        grown[tuple(behind)] |= mask[tuple(ahead)]
        mask = grown
    return mask


def _whole_strides(along: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the first sample at or after a place along the ray: they lie half a stride after whole ones."""
    return np.asarray((np.ceil(along / STRIDE - 0.5) + 0.5) * STRIDE, np.float32)
