"""Triangles to texels, all at once: which texel centres each triangle covers, and where inside it they lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.monitor import SILENT, Monitor

_CHUNK: Final = 262_144
"""Entries worked on at a time: double precision is needed for slivers, but not for all of them at once; and cancel is
asked between chunks."""


@dataclasses.dataclass(frozen=True, eq=False)
class Coverage:
    """The texel centres that triangles cover, one entry per (triangle, texel).

    `texels` int64 (p,): row * size + column, row 0 at the top. `faces` int64 (p,): the covering triangle.
    `weights` float32 (p, 3): barycentric, adding up to 1.
    """

    texels: NDArray[np.int64]
    faces: NDArray[np.int64]
    weights: NDArray[np.float32]

    def interpolate(
        self, values: NDArray[np.floating], faces: NDArray[np.integer], *, monitor: Monitor = SILENT
    ) -> NDArray[np.float32]:
        """Return per-vertex `values` (v, c) at each entry, float32 (p, c); `faces` int (f, 3) as rasterised.

        Raises:
            Cancelled: as `monitor`.
        """
        corners = values.astype(np.float32)[faces]  # (f, 3, c)
        result = np.empty((len(self.texels), corners.shape[2]), dtype=np.float32)
        for part in _parts(len(result), monitor):
            face, weights = self.faces[part], self.weights[part]
            result[part] = weights[:, 0, None] * corners[face, 0]
            result[part] += weights[:, 1, None] * corners[face, 1]
            result[part] += weights[:, 2, None] * corners[face, 2]
        return result


def rasterise(
    points: NDArray[np.floating], faces: NDArray[np.integer], *, size: int, monitor: Monitor = SILENT
) -> Coverage:
    """Find every texel centre inside every triangle.

    Args:
        points: (v, 2) as (column, row), texel centres at +0.5, rows downwards; may lie outside the picture.
        faces: int (f, 3); both windings count.
        size: side of the square picture in texels.
        monitor: asked for cancel between chunks.

    Returns:
        Entries ordered by triangle, then row, then column. A centre on a shared edge belongs to both triangles.

    Raises:
        Cancelled: as `monitor`.
    """
    corners = points.astype(np.float64)[faces]  # (f, 3, 2)
    lines, doubled = _edge_lines(corners)
    tall = np.abs(doubled) > 1e-12
    top = np.clip(np.ceil(corners[:, :, 1].min(axis=1) - 0.5), 0, size).astype(np.int64)
    bottom = np.clip(np.floor(corners[:, :, 1].max(axis=1) - 0.5), -1, size - 1).astype(np.int64)
    rows_per_face = np.where(tall, np.maximum(bottom - top + 1, 0), 0)
    face, row = _expand(rows_per_face, top)
    left, right = _span(lines[face], row.astype(np.float64) + 0.5)
    left = np.clip(np.ceil(np.maximum(left, corners[:, :, 0].min(axis=1)[face]) - 0.5), 0, size)
    right = np.clip(np.floor(np.minimum(right, corners[:, :, 0].max(axis=1)[face]) - 0.5), -1, size - 1)
    columns = np.maximum(right - left + 1, 0).astype(np.int64)
    span, column = _expand(columns, left.astype(np.int64))
    faces_hit, rows = face[span], row[span]
    weights = _barycentric(lines, doubled, faces_hit, column, rows, monitor=monitor)
    return Coverage(rows * size + column, faces_hit, weights)


def with_corners(
    coverage: Coverage, points: NDArray[np.floating], faces: NDArray[np.integer], *, size: int
) -> Coverage:
    """Add the texels that hold a corner of a triangle but lie inside none: slivers leave such gaps."""
    texel = np.clip(np.floor(points[faces]), 0, size - 1).astype(np.int64)  # (f, 3 corners, 2)
    texels = (texel[:, :, 1] * size + texel[:, :, 0]).reshape(-1)
    covered = np.zeros(size * size, dtype=bool)
    covered[coverage.texels] = True
    corner = np.flatnonzero(~covered[texels])
    return Coverage(
        np.concatenate([coverage.texels, texels[corner]]),
        np.concatenate([coverage.faces, corner // 3]),
        np.concatenate([coverage.weights, np.eye(3, dtype=np.float32)[corner % 3]]),
    )


def covering(coverage: Coverage, *, texels: int) -> NDArray[np.int64]:
    """Return one entry index per covered texel, the first triangle's where several meet, in texel order."""
    first = np.full(texels, len(coverage.texels), dtype=np.int64)
    first[coverage.texels[::-1]] = np.arange(len(coverage.texels))[::-1]
    return first[first < len(coverage.texels)]


def _parts(count: int, monitor: Monitor) -> Iterator[slice]:
    """Split `count` entries into chunks, asking for cancel before each."""
    for start in range(0, count, _CHUNK):
        monitor.check()
        yield slice(start, start + _CHUNK)


def _edge_lines(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return per edge (a, b, c) with a x + b y + c >= 0 inside, float64 (f, 3 edges, 3), and twice the area (f,).

    Edge i is opposite corner i, so its value over twice the area is that corner's barycentric weight.
    """
    start, end = np.roll(corners, -1, axis=1), np.roll(corners, -2, axis=1)
    a = start[:, :, 1] - end[:, :, 1]
    b = end[:, :, 0] - start[:, :, 0]
    c = -(a * start[:, :, 0] + b * start[:, :, 1])
    lines = np.stack([a, b, c], axis=2)
    doubled = np.einsum("ij,ij->i", lines[:, 0, :2], corners[:, 0]) + lines[:, 0, 2]
    sign = np.where(doubled < 0, -1.0, 1.0)
    return lines * sign[:, None, None], doubled * sign


def _span(lines: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the left and right x where each row centre `y` enters and leaves its triangle; left > right outside."""
    left = np.full(len(y), -np.inf)
    right = np.full(len(y), np.inf)
    slack = 1e-9  # a centre on a shared edge must not fall between two triangles
    for edge in range(3):
        a, b, c = lines[:, edge].T
        at_row = b * y + c
        level = np.abs(a) < 1e-12
        crossing = -at_row / np.where(level, 1.0, a)
        left = np.where(~level & (a > 0), np.maximum(left, crossing - slack), left)
        right = np.where(~level & (a < 0), np.minimum(right, crossing + slack), right)
        right = np.where(level & (at_row < -slack), -np.inf, right)
    return left, right


def _expand(counts: NDArray[np.int64], starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (owner, value): for each owner i, the values starts[i] .. starts[i] + counts[i] - 1, one after another."""
    owner = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return owner, starts[owner] + np.arange(len(owner)) - before[owner]


def _barycentric(
    lines: NDArray[np.float64],
    doubled: NDArray[np.float64],
    faces: NDArray[np.int64],
    columns: NDArray[np.int64],
    rows: NDArray[np.int64],
    *,
    monitor: Monitor,
) -> NDArray[np.float32]:
    """Return the barycentric weights of texel centres in their triangles, float32 (p, 3), clipped to the triangle."""
    scaled = lines / np.where(np.abs(doubled) > 1e-12, doubled, 1.0)[:, None, None]
    weights = np.empty((len(faces), 3), dtype=np.float32)
    for part in _parts(len(faces), monitor):
        line = scaled[faces[part]]  # (p, 3 corners, 3)
        x, y = columns[part, None] + 0.5, rows[part, None] + 0.5
        weights[part] = np.clip(line[:, :, 0] * x + line[:, :, 1] * y + line[:, :, 2], 0, 1)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
