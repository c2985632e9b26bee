"""The surface as the published system takes it, faults and all: only for comparing like with like (section 1.10).

Its lattice is sheared by up to one voxel, its mesh scaled by N in place of N - 1 and stair-stepped, since culling twice
leaves nothing between empty and opaque. The studio itself uses `nets.field.density_lattice` and `core.surface`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.field import CHUNK, RadianceField, colour_at, extinction
from paic3d_studio.nets.volume import DensityEdit, cropped, culled, edited

LEVEL: Final = 0.5
"""The opacity at the surface."""


@dataclasses.dataclass(frozen=True, eq=False)
class PublishedMesh:
    """A mesh with a colour per vertex in the field frame.

    `vertices` metres, `normals` unit and `colours` sRGB 0..1, float32 (v, 3); `faces` int32 (f, 3), counter-clockwise
    from outside.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    normals: NDArray[np.float32]
    colours: NDArray[np.float32]


def sheared_points(index: Tensor, resolution: int, *, box_side: float) -> Tensor:
    """Return where the published lattice samples, metres (P, 3), in the field frame.

    Each coordinate is divided out of the running index without rounding down, so x and y creep on while z runs.

    Args:
        index: running index (P,) over x (falling), y and z, z fastest.
        resolution: samples along each side.
        box_side: metres.
    """
    fraction = index.double() / resolution
    x = resolution - 1 - (index // resolution**2) + fraction / resolution % 1
    places = torch.stack([x, fraction % resolution, index.double() % resolution], dim=-1)
    return (places * (box_side / (resolution - 1)) - box_side / 2).float()


def published_edits(box_side: float) -> tuple[DensityEdit, ...]:
    """Return what the released extraction does to densities: the crop of 0.1 m and the culling of 0.5."""
    return cropped(0.1, box_side=box_side), culled(0.5)


def published_opacity(
    field: RadianceField, resolution: int, *, edits: Sequence[DensityEdit] = (), monitor: Monitor = SILENT
) -> NDArray[np.float32]:
    """Return the opacity of one metre on the published lattice, float32 (n, n, n) [x falling, y, z].

    Args:
        field: the radiance field, without edits of its own.
        resolution: samples along each side.
        edits: applied to the density and, as published, once more to the opacity.
        monitor: progress and cancel.

    Raises:
        Cancelled: the work was cancelled.
    """
    opacity = np.empty(resolution**3, dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(opacity), CHUNK):
            monitor.report(start / len(opacity))
            index = torch.arange(start, min(start + CHUNK, len(opacity)))
            xyz = sheared_points(index, resolution, box_side=field.box_side)
            density = edited(field.density(xyz), xyz, edits)
            opacity[start : start + CHUNK] = edited(-torch.expm1(-extinction(density)), xyz, edits).numpy()
    return opacity.reshape((resolution,) * 3)


def published_surface(
    field: RadianceField,
    resolution: int = 256,
    *,
    edits: Sequence[DensityEdit] | None = None,
    monitor: Monitor = SILENT,
) -> PublishedMesh:
    """Extract a field's surface as the published system does.

    Args:
        field: the radiance field, without edits of its own.
        resolution: samples along each side.
        edits: changes to the density; None takes the published ones.
        monitor: progress and cancel.

    Raises:
        ValueError: there is no surface.
        Cancelled: the work was cancelled.
    """
    edits = published_edits(field.box_side) if edits is None else edits
    opacity = published_opacity(field, resolution, edits=edits, monitor=monitor.child(0.0, 0.9))
    surface = surface_of_opacity(opacity, field)
    monitor.report(1.0)
    return surface


def surface_of_opacity(opacity: NDArray[np.float32], field: RadianceField) -> PublishedMesh:
    """Extract the surface of opacities on the published lattice (n, n, n), coloured by the samples before it.

    Raises:
        ValueError: there is no surface.
    """
    from skimage.measure import marching_cubes

    resolution, side = len(opacity), field.box_side
    places, faces, normals, _ = marching_cubes(opacity, LEVEL)
    mirror = np.array([-1, 1, 1], dtype=np.float32)
    x, y, z = places.astype(np.int64).T
    index = torch.from_numpy((x * resolution + y) * resolution + z)
    colours = colour_at(field, sheared_points(index, resolution, box_side=side).numpy())
    vertices = (places / resolution * side - side / 2) * mirror
    return PublishedMesh(vertices.astype(np.float32), faces.astype(np.int32), normals * mirror, colours)
