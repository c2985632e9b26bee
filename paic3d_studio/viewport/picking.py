"""Which point of the head lies under the pointer, computed without the graphics card."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import FieldVolume, TexturedMesh
from paic3d_studio.viewport.bake import BakedVolume
from paic3d_studio.viewport.orbit import OrbitView, ScreenPoint

HALF_OPAQUE: Final = 128
"""Opacity (0..255) at which a ray has met the surface of a volume that does not say so itself."""


def surface_point_of_volume(
    volume: FieldVolume | BakedVolume, view: OrbitView, at: ScreenPoint
) -> NDArray[np.float64] | None:
    """Return the first point of the surface (field frame, metres, (3,)) under `at`, None over the background."""
    opacity, level = _matter(volume)
    n = opacity.shape[0]
    origin, direction = view.ray(at)
    reach = np.linalg.norm(origin) + volume.box_side
    along = np.arange(0.0, reach, 0.5 * volume.box_side / n)
    points = origin + along[:, None] * direction
    cells = np.floor((points / volume.box_side + 0.5) * n).astype(np.int64)
    inside = np.flatnonzero(np.all((cells >= 0) & (cells < n), axis=1))
    x, y, z = cells[inside].T
    opaque = np.flatnonzero(opacity[z, y, x] >= level)
    return points[inside[opaque[0]]] if opaque.size else None


def bounds_of_volume(
    volume: FieldVolume | BakedVolume,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the corners of the box that holds every solid voxel, field frame, metres, (3,) each; None without any."""
    opacity, level = _matter(volume)
    solid = opacity >= level
    spans = [np.flatnonzero(solid.any(axis=others)) for others in ((0, 1), (0, 2), (1, 2))]  # x, y, z
    if any(span.size == 0 for span in spans):
        return None
    n = opacity.shape[0]
    lower, upper = (np.array([span[end] + beyond for span in spans]) for end, beyond in ((0, 0), (-1, 1)))
    return (lower / n - 0.5) * volume.box_side, (upper / n - 0.5) * volume.box_side


def _matter(volume: FieldVolume | BakedVolume) -> tuple[NDArray[np.uint8], float]:
    """Return what says how solid each voxel is, uint8 (n, n, n) [z, y, x], and from which value on it is the head."""
    if isinstance(volume, BakedVolume):
        return volume.voxels[..., 3], 255 * volume.surface
    return volume.rgba[..., 3], HALF_OPAQUE


def surface_point_of_mesh(mesh: TexturedMesh, view: OrbitView, at: ScreenPoint) -> NDArray[np.float64] | None:
    """Return the nearest point of the mesh (field frame, metres, (3,)) under `at`, None where there is none.

    Möller and Trumbore (1997), for all faces at once.
    """
    origin, direction = view.ray(at)
    a, b, c = np.moveaxis(mesh.surface.vertices[mesh.surface.faces].astype(np.float64), 1, 0)
    side, other = b - a, c - a
    normal = np.cross(direction, other)
    determinant = np.einsum("fi,fi->f", side, normal)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1.0 / determinant
        away = origin - a
        u = np.einsum("fi,fi->f", away, normal) * inverse
        across = np.cross(away, side)
        v = across @ direction * inverse
        along = np.einsum("fi,fi->f", other, across) * inverse
        hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (along > 0)
    return origin + along[hit].min() * direction if hit.any() else None
