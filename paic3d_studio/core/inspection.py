"""What there is to say of a finished mesh: its counts, its size, and how far it lies from the field it was taken of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core import mesh
from paic3d_studio.core.artefacts import SurfaceMesh
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.solid import log_odds, saturation

DensityAt = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Field points float32 (p, 3), metres, to densities float32 (p,)."""

REACH: Final = 0.006
"""How far along its normal the field's own surface is looked for on each side of a vertex, metres."""

_STEPS: Final = 13
"""Places along the normal at which the density is asked; odd, so that the vertex itself is one of them."""


@dataclasses.dataclass(frozen=True, eq=False)
class MeshInspection:
    """Counts and measures of one textured mesh.

    `vertices` as they are exported (split at seams), `faces`, `open_edges` (0 is watertight), `size` width, height and
    depth in metres, `glb_bytes` of the head as GLB, `error` float32 (v,): how far outside the field's own surface each
    vertex lies, metres, negative inside, at most `REACH`; 0 where the artist cut.
    """

    vertices: int
    faces: int
    open_edges: int
    size: tuple[float, float, float]
    glb_bytes: int
    error: NDArray[np.float32]

    @property
    def mean_error(self) -> float:
        """Mean distance to the field's surface, metres."""
        return float(np.abs(self.error).mean()) if len(self.error) else 0.0


def inspected(
    surface: SurfaceMesh,
    *,
    density_at: DensityAt,
    level: float,
    crop_below: float | None,
    glb_bytes: int,
    monitor: Monitor = SILENT,
) -> MeshInspection:
    """Count and measure a mesh.

    Args:
        surface: field frame.
        density_at: of the field that it was taken of.
        level: density at the surface.
        crop_below: the plane it was cut at, None for no cut.
        glb_bytes: size of the exported file.
        monitor: progress and cancel.

    Raises:
        Cancelled: as `monitor`.
    """
    low, high = surface.vertices.min(axis=0), surface.vertices.max(axis=0)
    width, height, depth = (float(side) for side in high - low)
    monitor.report(0.2, "measuring the mesh")
    error = surface_error(surface, density_at=density_at, level=level, monitor=monitor.child(0.2, 1.0))
    if crop_below is not None:
        error[surface.vertices[:, 1] < crop_below + 1e-5] = 0
    return MeshInspection(
        vertices=len(surface.vertices),
        faces=len(surface.faces),
        open_edges=mesh.open_edges(surface.vertices, surface.faces),
        size=(width, height, depth),
        glb_bytes=glb_bytes,
        error=error,
    )


def surface_error(
    surface: SurfaceMesh, *, density_at: DensityAt, level: float, monitor: Monitor = SILENT
) -> NDArray[np.float32]:
    """Return how far outside the level of the density each vertex lies along its normal, metres, float32 (v,).

    The nearest crossing of the log-odds within `REACH` counts, interpolated between the places asked; where there is
    none, the vertex lies `REACH` away, inside or outside.

    Raises:
        Cancelled: as `monitor`.
    """
    first, welded = mesh.weld(surface.vertices)
    points, normals = surface.vertices[first], surface.normals[first]
    along = np.linspace(-REACH, REACH, _STEPS, dtype=np.float32)
    density = np.empty((_STEPS, len(points)), dtype=np.float32)
    for step, distance in enumerate(along):
        monitor.report(step / _STEPS)
        density[step] = density_at(points + distance * normals)
    odds = log_odds(density, level, ceiling=saturation(density, level))
    before, after = odds[:-1], odds[1:]
    leaves = (before > 0) & (after <= 0)  # outward, from solid into emptiness
    share = before / np.where(leaves, before - after, 1)
    place = along[:-1, None] + share * (along[1] - along[0])
    place = np.where(leaves, place, np.inf)
    nearest = np.take_along_axis(place, np.abs(place).argmin(axis=0)[None], axis=0)[0]
    lost = np.where(odds[_STEPS // 2] > 0, REACH, -REACH)  # buried, or in the open
    error = -np.where(np.isfinite(nearest), nearest, lost)
    return np.asarray(error[welded], dtype=np.float32)
