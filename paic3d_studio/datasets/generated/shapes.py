"""Surfaces from which characters are put together: grids, lofts, swept ribbons, patches. Metres, the field frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Vector = Sequence[float] | NDArray[Any]

PARTS: Final = ("hair", "face", "eyes", "brows", "mouth", "ears", "neck", "clothes", "accessory")
"""What a triangle belongs to; `neck` is all skin below the chin."""


@dataclasses.dataclass(frozen=True, eq=False)
class Piece:
    """Triangles of one part and one material that move with one bone.

    `positions` (v, 3) metres in the field frame, arms in the T-pose; `normals` (v, 3) unit; `uv` (v, 2), v down;
    `faces` int (f, 3) counter-clockwise from outside; `part` one of `PARTS`; `material` a key of the character's
    materials; `bone` a humanoid bone's name.
    """

    positions: Array
    normals: Array
    uv: Array
    faces: NDArray[np.int64]
    part: str
    material: str
    bone: str = "head"


def grid_faces(rows: int, columns: int, *, closed: bool = False) -> NDArray[np.int64]:
    """Return the triangles of a grid of points; `closed` joins the last column to the first.

    Counter-clockwise where rows run down and columns to the right.
    """
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(index, -1, axis=1) if closed else index[:, 1:]
    left = index if closed else index[:, :-1]
    a, b, c, d = left[:-1], right[:-1], left[1:], right[1:]
    return np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])


def smooth_normals(positions: Array, faces: NDArray[np.int64]) -> Array:
    """Return area-weighted unit normals (v, 3), smooth over vertices that share a place."""
    steps = np.clip(np.round(positions * 1e6).astype(np.int64) + (1 << 20), 0, (1 << 21) - 1)
    keys = steps @ np.array([1 << 42, 1 << 21, 1])
    _, welded = np.unique(keys, return_inverse=True)
    a, b, c = (positions[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    total = np.zeros((int(welded.max(initial=-1)) + 1, 3))
    for axis in range(3):
        spread = [np.bincount(welded[faces[:, k]], normal[:, axis], len(total)) for k in range(3)]
        total[:, axis] = spread[0] + spread[1] + spread[2]
    found = total[welded]
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12))


def grid_piece(
    points: Array, uv: Array, part: str, material: str, *, bone: str = "head", closed: bool = False, flip: bool = False
) -> Piece:
    """Return the surface through a grid of points (rows, columns, 3) with uv (rows, columns, 2)."""
    rows, columns = points.shape[:2]
    if closed:  # a seam of its own, so that the texture does not run backwards
        points = np.concatenate([points, points[:, :1]], 1)
        columns += 1
    faces = grid_faces(rows, columns)
    faces = faces[:, ::-1] if flip else faces
    flat = points.reshape(-1, 3)
    faces = _without_slivers(flat, faces)
    return Piece(flat, smooth_normals(flat, faces), uv.reshape(-1, 2), faces, part, material, bone)


def _without_slivers(points: Array, faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Drop triangles without area, which the poles of grids have."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return np.asarray(faces[area > 1e-12])


def seam_uv(rows: int, columns: int, box: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Array:
    """Return uv (rows, columns, 2) that fills a box (u0, v0, u1, v1) of the texture."""
    u, v = np.meshgrid(np.linspace(box[0], box[2], columns), np.linspace(box[1], box[3], rows))
    return np.stack([u, v], -1)


def joined(pieces: Sequence[Piece]) -> Piece:
    """Return pieces of one part, material and bone as one."""
    starts = np.cumsum([0] + [len(p.positions) for p in pieces[:-1]])
    return dataclasses.replace(
        pieces[0],
        positions=np.concatenate([p.positions for p in pieces]),
        normals=np.concatenate([p.normals for p in pieces]),
        uv=np.concatenate([p.uv for p in pieces]),
        faces=np.concatenate([p.faces + s for p, s in zip(pieces, starts, strict=True)]),
    )


def mirrored(piece: Piece, **changes: Any) -> Piece:
    """Return a piece on the other side of the plane x = 0."""
    flip = np.array([-1.0, 1.0, 1.0])
    bone = {"leftUpperArm": "rightUpperArm", "rightUpperArm": "leftUpperArm"}.get(piece.bone, piece.bone)
    turned = dataclasses.replace(
        piece, positions=piece.positions * flip, normals=piece.normals * flip, faces=piece.faces[:, ::-1], bone=bone
    )
    return dataclasses.replace(turned, **changes)


def unit(vectors: Array) -> Array:
    """Return vectors scaled to length 1 along the last axis; zero stays zero."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def curve(control: Sequence[Sequence[float]] | Array, steps: int) -> Array:
    """Return `steps` points of the Catmull-Rom curve through control points (n, d)."""
    points = np.asarray(control, np.float64)
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    at = np.linspace(0, len(points) - 1, steps)
    k = np.minimum(at.astype(int), len(points) - 2)
    t = (at - k)[:, None]
    p0, p1, p2, p3 = (padded[k + i] for i in range(4))
    return np.asarray(
        0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
    )


def evenly(path: Array, steps: int) -> Array:
    """Return `steps` points along a path (n, d), equally far apart."""
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    wanted = np.linspace(0, at[-1], steps)
    return np.stack([np.interp(wanted, at, path[:, k]) for k in range(path.shape[1])], -1)


def frames(path: Array, outward: Array) -> tuple[Array, Array]:
    """Return (across, outward) unit vectors (n, 3) square to a path (n, 3), given what roughly points outward."""
    tangent = unit(np.gradient(path, axis=0))
    out = unit(outward - (outward * tangent).sum(-1, keepdims=True) * tangent)
    return np.cross(out, tangent), out


def tube(
    path: Array,
    radii: Array | float,
    part: str,
    material: str,
    *,
    outward: Array | None = None,
    flatness: float = 1.0,
    columns: int = 10,
    uv_box: tuple[float, float, float, float] = (0, 0, 1, 1),
    bone: str = "head",
    capped: bool = True,
) -> Piece:
    """Sweep an ellipse along a path (n, 3).

    Args:
        path: its points.
        radii: half the width at each point, metres.
        part: of the character.
        material: key.
        outward: (n, 3) or (3,); the direction in which `flatness` shrinks the ellipse. Away from the y axis by default.
        flatness: thickness over width.
        columns: corners of the ellipse.
        uv_box: part of the texture that the tube wears, u round it and v along it.
        bone: that carries it.
        capped: close both ends.
    """
    radius = np.broadcast_to(np.asarray(radii, np.float64), (len(path),))[:, None, None]
    if outward is None:
        outward = path * [1, 0, 1] + [1e-5, 0, 1e-5]
    across, out = frames(path, np.broadcast_to(np.asarray(outward, np.float64), path.shape))
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None, :, None]
    rings = path[:, None] + radius * (np.cos(angle) * across[:, None] + flatness * np.sin(angle) * out[:, None])
    if capped:
        rings = np.concatenate([np.repeat(path[:1, None], columns, 1), rings, np.repeat(path[-1:, None], columns, 1)])
    uv = seam_uv(len(rings), columns + 1, uv_box)
    return grid_piece(rings, uv, part, material, bone=bone, closed=True, flip=True)


def ellipsoid(
    centre: Vector,
    radii: Vector,
    part: str,
    material: str,
    *,
    rows: int = 10,
    columns: int = 16,
    span: tuple[float, float] = (0.0, np.pi),
    uv_box: tuple[float, float, float, float] = (0, 0, 1, 1),
    bone: str = "head",
    tilt: Array | None = None,
) -> Piece:
    """Return the part of an ellipsoid between two polar angles `span` from its top; `tilt` (3, 3) turns it."""
    polar = np.linspace(*span, rows)[:, None]
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    unit_points = np.stack(
        [np.sin(polar) * np.sin(angle), np.cos(polar) + 0 * angle, np.sin(polar) * np.cos(angle)], -1
    )
    points = unit_points * np.asarray(radii)
    points = (points if tilt is None else points @ tilt.T) + np.asarray(centre)
    return grid_piece(points, seam_uv(rows, columns + 1, uv_box), part, material, bone=bone, closed=True)


def torus(
    centre: Vector,
    radii: Vector,
    thickness: float,
    part: str,
    material: str,
    *,
    tilt: Array | None = None,
    steps: int = 32,
    columns: int = 8,
    flatness: float = 1.0,
    uv_box: tuple[float, float, float, float] = (0, 0, 1, 1),
    bone: str = "head",
) -> Piece:
    """Return a ring about the y axis with half axes `radii` (x, z), turned by `tilt` (3, 3) about its centre."""
    angle = np.linspace(0, 2 * np.pi, steps + 1)
    path = np.stack([radii[0] * np.sin(angle), 0 * angle, radii[1] * np.cos(angle)], -1)
    out = unit(path)
    section = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None, :, None]
    points = path[:, None] + thickness * (flatness * np.cos(section) * out[:, None] + np.sin(section) * [0, 1, 0])
    points = (points if tilt is None else points @ tilt.T) + np.asarray(centre)
    uv = seam_uv(steps + 1, columns + 1, uv_box)
    return grid_piece(points, uv, part, material, bone=bone, closed=True)


def turn(axis: str, degrees: float) -> Array:
    """Return the rotation (3, 3) about an axis, right-handed."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    table = {"x": [[1, 0, 0], [0, c, -s], [0, s, c]], "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]]}
    return np.array(table.get(axis, [[c, -s, 0], [s, c, 0], [0, 0, 1]]), np.float64)


def moved(piece: Piece, *, rotation: Array | None = None, shift: Vector = (0, 0, 0)) -> Piece:
    """Return a piece turned about the origin and then moved."""
    r = np.eye(3) if rotation is None else rotation
    return dataclasses.replace(piece, positions=piece.positions @ r.T + np.asarray(shift), normals=piece.normals @ r.T)


def solid_patch(outline: Array, thickness: float, part: str, material: str, *, dome: float = 0.0) -> Piece:
    """Return a flat cushion over a star-shaped outline (n, 2) in the plane z = 0, `dome` higher in its middle."""
    middle = outline.mean(0)
    rings = []
    for share, height in ((0.0, 1.0), (0.5, 0.8), (0.85, 0.35), (1.0, 0.0)):
        xy = middle + (outline - middle) * share
        rings.append(np.concatenate([xy, np.full((len(xy), 1), thickness / 2 + dome * height)], 1))
    for share in (1.0, 0.5, 0.0):
        xy = middle + (outline - middle) * share
        rings.append(np.concatenate([xy, np.full((len(xy), 1), -thickness / 2 - dome * (1 - share))], 1))
    points = np.stack(rings)
    low, high = outline.min(0), outline.max(0)
    uv = np.concatenate([points, points[:, :1]], 1)[..., :2]
    uv = (uv - low) / np.maximum(high - low, 1e-9)
    uv[..., 1] = 1 - uv[..., 1]
    area = np.cross(np.append(outline[1] - outline[0], 0), np.append(middle - outline[0], 0))[2]
    return grid_piece(points, uv, part, material, closed=True, flip=bool(area < 0))
