"""Geometry in the prism of the region of interest: points on two surfaces, and how near they lie to each other.

The true surface is taken twice, and both are named. `visible`: what some camera around the head can see; nobody sees
the skull under the hair or the inner side of a lock, and no picture could tell a reconstructor of them. `every face`:
all triangles of the file, as the released script samples them (specification, section 4).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from paic3d_studio.benchmark.roi import Region
from paic3d_studio.core import mesh
from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import Camera, rotation
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.solid import solid_from_density
from paic3d_studio.core.surface import SurfaceOptions, isosurface
from paic3d_studio.datasets.vrm import Character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer
from paic3d_studio.errors import UserError
from paic3d_studio.nets.field import RadianceField, density_lattice

POINTS: Final = 10_000
SEED: Final = 0

LATTICE: Final = SurfaceOptions().resolution
"""Samples along each side of the box, as the studio takes its surface."""

NEIGHBOURS: Final = 16
"""Points, itself among them, whose plane is a point's normal."""

_CANDIDATES: Final = 60_000
_DEPTH_SIDE: Final = 384
_SEEN_WITHIN: Final = 0.002
"""How far behind what a camera sees a point may lie and still be seen, in metres; a pixel is 1.8 mm wide."""

_LOWEST_SEEN_FROM_BELOW: Final = -0.2
"""Views from below look into open busts: they say nothing about points under this height in metres."""

AROUND: Final = (
    *(Camera(azimuth, 0, 1.0, None) for azimuth in range(0, 360, 30)),
    *(Camera(azimuth, 35, 1.0, None) for azimuth in range(0, 360, 45)),
    Camera(0, 89, 1.0, None),
    *(Camera(azimuth, -30, 1.0, None) for azimuth in range(0, 360, 45)),
)
"""Where the visible surface is looked for from."""


@dataclasses.dataclass(frozen=True)
class Nearness:
    """How near two sampled surfaces are.

    `chamfer` is the mean of both mean distances in metres, times 100; `f1_5cm`, `f1_10cm` the F-1 of points with a
    neighbour within 5 and 10 cm (the paper's words), `f1_0_005` and `f1_0_01` within 0.005 and 0.01 units of a metre
    (the released script's), all 0..1; `normals` the mean absolute cosine between the normals of neighbours, estimated
    anew from the points on both sides.
    """

    chamfer: float
    f1_5cm: float
    f1_10cm: float
    f1_0_005: float
    f1_0_01: float
    normals: float


NOTHING: Final = Nearness(float("nan"), 0.0, 0.0, 0.0, 0.0, float("nan"))
"""What a surface without any face in the prism is worth."""


def in_prism(vertices: NDArray[np.floating], faces: NDArray[np.int64], region: Region) -> NDArray[np.int64]:
    """Return the faces (f, 3) all of whose vertices lie in the region's prism."""
    return np.asarray(faces[region.holds(vertices)[faces].all(axis=1)])


def surface_points(
    vertices: NDArray[np.floating], faces: NDArray[np.integer], *, count: int, lot: np.random.Generator
) -> NDArray[np.float64]:
    """Draw points evenly by area, float64 (count, 3); none where there is no area."""
    area = np.linalg.norm(mesh.face_normals(vertices, faces), axis=1) if len(faces) else np.zeros(0)
    if not area.sum() > 0:
        return np.empty((0, 3))
    chosen = faces[lot.choice(len(faces), count, p=area / area.sum())]
    root, along = np.sqrt(lot.random(count))[:, None], lot.random(count)[:, None]
    a, b, c = (vertices[chosen[:, corner]].astype(np.float64) for corner in range(3))
    return np.asarray(a * (1 - root) + b * (root * (1 - along)) + c * (root * along))


def nearness(found: NDArray[np.float64], true: NDArray[np.float64]) -> Nearness:
    """Compare two sets of points on surfaces, (p, 3) and (q, 3) in metres."""
    if not len(found) or not len(true):
        return NOTHING
    there, partner = (np.asarray(answer) for answer in cKDTree(true).query(found))
    back, mate = (np.asarray(answer) for answer in cKDTree(found).query(true))
    own, others = point_normals(found), point_normals(true)
    agreement = (
        np.abs((own * others[partner]).sum(axis=1)).mean() + np.abs((others * own[mate]).sum(axis=1)).mean()
    ) / 2
    return Nearness(
        chamfer=float((there.mean() + back.mean()) / 2 * 100),
        f1_5cm=f1(there, back, within=0.05),
        f1_10cm=f1(there, back, within=0.1),
        f1_0_005=f1(there, back, within=0.005),
        f1_0_01=f1(there, back, within=0.01),
        normals=float(agreement),
    )


def f1(there: NDArray[np.float64], back: NDArray[np.float64], *, within: float) -> float:
    """Return the harmonic mean of the shares of both distances below a bound in metres."""
    precision, recall = float(np.mean(there < within)), float(np.mean(back < within))
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def point_normals(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Estimate the unit normal at each point (p, 3) from its neighbours; its sign means nothing."""
    _, nearest = cKDTree(points).query(points, k=min(NEIGHBOURS, len(points)))
    around = points[np.asarray(nearest).reshape(len(points), -1)]
    spread = around - around.mean(axis=1, keepdims=True)
    return np.asarray(np.linalg.eigh(np.einsum("pki,pkj->pij", spread, spread))[1][:, :, 0])


def field_mesh(
    field: RadianceField, *, resolution: int = LATTICE, monitor: Monitor = SILENT
) -> tuple[mesh.Points, mesh.Faces]:
    """Return the studio's surface of a field, uncut at the neck, in metres: before it is simplified and unwrapped, and
    without the sheets that the drawing adds (`core.drawn_parts`), for it is the field that is measured.

    Raises:
        UserError: the field holds no surface.
        Cancelled: as `monitor`.
    """
    options = SurfaceOptions(resolution=resolution)
    lattice = density_lattice(field.for_surface(), resolution, level=field.surface_level, monitor=monitor)
    solid = solid_from_density(
        lattice,
        level=field.surface_level,
        smoothing=options.smoothing,
        crop_below=None,
        floater_share=options.floater_share,
    )
    vertices, faces = isosurface(solid, box_side=lattice.box_side)
    return mesh.without_small_pieces(vertices, faces, options.floater_share)


def character_mesh(character: Character) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return all triangles of a character as one mesh in metres."""
    starts = np.cumsum([0, *(len(p.positions) for p in character.primitives)])
    vertices = np.concatenate([p.positions for p in character.primitives]).astype(np.float64)
    faces = np.concatenate([p.faces + start for p, start in zip(character.primitives, starts[:-1], strict=True)])
    return vertices, faces.astype(np.int64)


@dataclasses.dataclass(frozen=True, eq=False)
class TrueSurface:
    """Points on a character in the prism, float64 (p, 3) metres: on what can be seen of it, and on every face."""

    visible: NDArray[np.float64]
    every_face: NDArray[np.float64]


def true_surface(
    character: Character, renderer: CharacterRenderer, *, region: Region, seed: int = SEED, count: int = POINTS
) -> TrueSurface:
    """Draw `count` points evenly on a character's surface in the region's prism, twice (see the module).

    Raises:
        UserError: the character has no face in the prism.
    """
    vertices, faces = character_mesh(character)
    faces = in_prism(vertices, faces, region)
    lot = np.random.default_rng(seed)
    candidates = surface_points(vertices, faces, count=max(_CANDIDATES, 2 * count), lot=lot)
    if not len(candidates):
        raise UserError(
            f"“{character.name}” has no surface in the region of interest.", "Draw the rectangle round the head."
        )
    views = renderer.render(character, AROUND, size=_DEPTH_SIDE, supersample=1)
    seen = candidates[seen_points(candidates, views.xyz, AROUND)]
    chosen = seen[np.sort(lot.choice(len(seen), min(count, len(seen)), replace=False))] if len(seen) else seen
    return TrueSurface(chosen, candidates[:count])


def seen_points(points: NDArray[np.float64], xyz: NDArray[np.float32], cameras: Sequence[Camera]) -> NDArray[np.bool_]:
    """Return which points (p, 3) are the first surface, or within 2 mm behind it, for an orthographic camera."""
    seen = np.zeros(len(points), bool)
    side = xyz.shape[1]
    for camera, place in zip(cameras, xyz, strict=True):
        axes = rotation(camera)
        local = points @ axes  # right, up, towards the camera
        column = np.floor((local[:, 0] / BOX_SIDE + 0.5) * side).astype(int)
        row = np.floor((0.5 - local[:, 1] / BOX_SIDE) * side).astype(int)
        shown = (column >= 0) & (column < side) & (row >= 0) & (row < side)
        if camera.elevation < 0:
            shown &= points[:, 1] > _LOWEST_SEEN_FROM_BELOW
        nearest = np.nan_to_num(place.astype(np.float64) @ axes[:, 2], nan=np.inf)
        first = nearest[row.clip(0, side - 1), column.clip(0, side - 1)]
        seen |= shown & (np.abs(local[:, 2] - first) < _SEEN_WITHIN)
    return seen
