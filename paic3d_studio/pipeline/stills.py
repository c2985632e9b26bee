"""Stills of a field, rendered exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.monitor import SILENT, Monitor

if TYPE_CHECKING:
    from paic3d_studio.core.camera import Camera
    from paic3d_studio.core.stitch import StitchSource
    from paic3d_studio.nets.field import RadianceField
    from paic3d_studio.viewport.bake import BakedVolume
    from paic3d_studio.viewport.still import ExactStill, StillRequest

UNDER: Final = 1.25
"""How far under the surface an exact still takes its colours, in voxels of the volume, as `RIM` of `volume.glsl`.

At the rim itself the field's colour is mixed with what it was told of the background."""

_RAYS_AT_ONCE: Final = 1 << 15


def render_still(
    field: RadianceField, *, camera: Camera, size: int, stitch: StitchSource | None = None, monitor: Monitor = SILENT
) -> NDArray[np.uint8]:
    """March rays through the field: sRGB on white, uint8 (size, size, 3).

    A backbone with a super-resolution of its own makes the picture with it, resized where another size is wanted, and
    puts `stitch` back onto what the front sees, if it is given.
    """
    from paic3d_studio.nets.volume import render_view

    sharp = field.sharp_view(camera, size=size, stitch=stitch, monitor=monitor)
    if sharp is None:
        rgb = np.asarray(render_view(field, camera, size=size, monitor=monitor).rgb, np.float32)
    else:
        rgb = np.ascontiguousarray(sharp[0].permute(1, 2, 0).numpy())
        if rgb.shape[0] != size:
            shrinks = size < rgb.shape[0]
            resized = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
            rgb = np.asarray(resized, np.float32)
    return np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)


def exact_still(
    field: RadianceField, volume: BakedVolume, request: StillRequest, *, monitor: Monitor = SILENT
) -> ExactStill:
    """Ask the field itself for the place and colour of the first surface on each ray of a view's grid.

    The volume that was baked of it says where that is, to within a voxel, and what counts as surface: its own level,
    not the one that the mesh is cut at, so that nothing goes but the error of the voxels. Where the field crosses that
    level nowhere near (a strand thinner than a voxel, the edge of an outline) the volume's place stands, and only the
    colour is the field's.

    Args:
        field: the radiance field.
        volume: baked of that field.
        request: view and size.
        monitor: progress and cancel.

    Raises:
        Cancelled: the work was cancelled.
    """
    from paic3d_studio.viewport.still import ExactStill, FirstSurface, grid_rays

    width, height = request.grid
    texels = np.zeros((height, width, 4), np.float32)
    surface, voxel = FirstSurface(volume), volume.box_side / len(volume.voxels)
    rows = max(1, _RAYS_AT_ONCE // width)
    for row in range(0, height, rows):
        some = slice(row, min(height, row + rows))
        below = monitor.child(row / height, some.stop / height)
        below.report(0.0)
        origins, directions = grid_rays(request, (some.start, some.stop))
        rough = surface.along(origins, directions)
        met = np.flatnonzero(rough)
        found = _exact_texels(field, volume, (origins[met], directions[met]), rough[met], voxel=voxel, monitor=below)
        texels[some].reshape(-1, 4)[met] = found
    monitor.report(1.0)
    return ExactStill(request, texels)


def _exact_texels(
    field: RadianceField,
    volume: BakedVolume,
    rays: tuple[NDArray[np.float32], NDArray[np.float32]],
    rough: NDArray[np.float32],
    *,
    voxel: float,
    monitor: Monitor,
) -> NDArray[np.float32]:
    """Return colour and distance where rays enter the surface near rough distances (R,), float32 (R, 4)."""
    from paic3d_studio.nets.exact import surface_along
    from paic3d_studio.nets.field import colour_at
    from paic3d_studio.viewport.still import normals_at

    origins, directions = rays
    level = volume.surface_density
    distance = surface_along(field, origins, directions, rough, level=level, step=voxel, monitor=monitor)
    distance = np.where(np.isnan(distance), rough, distance)
    points = origins + directions * distance[:, None]
    under = points - np.float32(UNDER * voxel) * normals_at(volume, points)
    colour = colour_at(field, under, monitor=monitor).clip(0, 1)
    return np.concatenate([colour, distance[:, None]], axis=1, dtype=np.float32)
