"""Feature hulls: polygons round eyes, nose and mouth in which lines stay; convex unless the artist frees them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paic3d_studio.core.alignment import aligned_points
from paic3d_studio.core.artefacts import Alignment, FeatureHulls, Landmarks
from paic3d_studio.core.face_template import FaceParts, Part, fitted_parts

MIN_VERTICES: Final = 3

EXACT_SOURCES: Final = ("network",)
"""Sources of landmarks that reach the corners of the drawn eyes; those of the others lie in a box inside them."""

_EYE_VERTICES: Final = 12
_NOSE_VERTICES: Final = 8
# Reach of a hull from the middle of its part: of the part's own size, or at least of the face's width. Measured so
# that 94-98 % of hand-marked eye points lie inside.
_EYE_ACROSS, _EYE_UP, _EYE_DOWN = 0.80, 0.95, 0.85
_EXACT_EYE_ACROSS: Final = 0.60  # where the landmarks lie on the corners of the eye rather than in a box inside it
_MOUTH_ACROSS, _MOUTH_ACROSS_OF_FACE = 1.2, 0.15
_MOUTH_ALONG, _MOUTH_ALONG_OF_FACE = 1.3, 0.10
_NOSE_OF_FACE: Final = 0.12
_GRID: Final = 1e-6  # pixels; corners nearer to each other or to a line count as on it
_INSERTED_OUT: Final = 0.75  # pixels
_ROUNDNESS: Final = 3.0  # exponent of the superellipse


def detect_hulls(landmarks: Landmarks, *, alignment: Alignment) -> FeatureHulls:
    """Lay a generous hull round each eye, the mouth and the nose.

    Superellipses rather than the landmarks' own hulls: those leave out a third of the drawn eye.

    Returns:
        Convex polygons in aligned pixels; all names of `FEATURE_NAMES`.
    """
    parts = fitted_parts(landmarks.points)
    face = parts.width
    mouth_x = max(_MOUTH_ACROSS * parts.mouth.width, _MOUTH_ACROSS_OF_FACE * face)
    mouth_y = max(_MOUTH_ALONG * parts.mouth.height, _MOUTH_ALONG_OF_FACE * face)
    radius = _NOSE_OF_FACE * face
    across = _EXACT_EYE_ACROSS if landmarks.source in EXACT_SOURCES else _EYE_ACROSS
    outlines = {
        "right_eye": _eye(parts.right_eye, across=across),
        "left_eye": _eye(parts.left_eye, across=across),
        "mouth": parts.mouth.centre + _turned(_superellipse(mouth_x, mouth_y, mouth_y, _EYE_VERTICES), parts),
        "nose": parts.nose + _superellipse(radius, radius, radius, _NOSE_VERTICES, roundness=2.0),
    }
    for eye, part in (("right_eye", parts.right_eye), ("left_eye", parts.left_eye)):
        outlines[eye] = part.centre + _turned(outlines[eye], parts)
    return FeatureHulls(
        polygons={name: convex(aligned_points(alignment, points=outline)) for name, outline in outlines.items()}
    )


def convex(points: ArrayLike) -> NDArray[np.float64]:
    """Return the corners of the convex hull, float64 (n, 2), in a turn from x towards y (clockwise on the screen).

    The first corner is the earliest of the given points that is one, so a convex polygon keeps its order. Points on
    an edge are no corners. Fewer than three corners remain when all points lie on a line.
    """
    given = np.asarray(points, np.float64).reshape(-1, 2)
    # Whole numbers from here on: turns are then exact, and no sliver thinner than the grid confuses them.
    grid = np.rint(given / _GRID).astype(np.int64)
    ordered, first_seen = np.unique(grid, axis=0, return_index=True)  # by x, then y
    if len(ordered) >= MIN_VERTICES:
        lower, upper = _half_hull(ordered.tolist()), _half_hull(ordered[::-1].tolist())
        backwards = [len(ordered) - 1 - index for index in upper]
        first_seen = first_seen[[*lower[:-1], *backwards[:-1]]]
    start = int(first_seen.argmin()) if len(first_seen) else 0
    return given[np.roll(first_seen, -start)]


def is_convex(polygon: ArrayLike) -> bool:
    """Return whether a polygon is its own convex hull: no dent, no crossing, no corner that is none."""
    corners = np.asarray(polygon, np.float64).reshape(-1, 2)
    hull = convex(corners)
    if len(corners) < MIN_VERTICES or len(hull) != len(corners):
        return False
    other_way = np.concatenate([corners[:1], corners[:0:-1]])
    return bool(np.array_equal(hull, corners) or np.array_equal(hull, other_way))


def contains(polygon: NDArray[np.float64], *, point: tuple[float, float]) -> bool:
    """Return whether a point lies in a convex polygon or on its edge."""
    if len(polygon) < MIN_VERTICES:
        return False
    along = np.roll(polygon, -1, axis=0) - polygon
    beside = np.asarray(point) - polygon
    side = along[:, 0] * beside[:, 1] - along[:, 1] * beside[:, 0]
    side /= np.linalg.norm(along, axis=1)  # distances from the edges' lines, in pixels
    return bool(np.all(side >= -_GRID) or np.all(side <= _GRID))


def encloses(polygon: NDArray[np.float64], *, point: tuple[float, float]) -> bool:
    """Return whether a polygon of any shape goes round a point an odd number of times."""
    x, y = point
    start, stop = polygon, np.roll(polygon, -1, axis=0)
    crosses = (start[:, 1] > y) != (stop[:, 1] > y)
    rise = np.where(crosses, stop[:, 1] - start[:, 1], 1.0)
    at = start[:, 0] + (y - start[:, 1]) / rise * (stop[:, 0] - start[:, 0])
    return bool((crosses & (x < at)).sum() % 2)


def nearest_vertex(polygon: NDArray[np.float64], *, point: tuple[float, float], within: float = np.inf) -> int | None:
    """Return the index of the vertex nearest to a point, None when none lies within that many pixels."""
    if len(polygon) == 0:
        return None
    distance = np.linalg.norm(polygon - np.asarray(point), axis=1)
    nearest = int(distance.argmin())
    return nearest if distance[nearest] <= within else None


def nearest_edge(polygon: NDArray[np.float64], *, point: tuple[float, float], within: float = np.inf) -> int | None:
    """Return the index i of the edge (i to i + 1) nearest to a point, None when none lies within that many pixels."""
    if len(polygon) < 2:
        return None
    start, along = polygon, np.roll(polygon, -1, axis=0) - polygon
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((np.asarray(point) - start) * along).sum(axis=1) / length, 0, 1)
    distance = np.linalg.norm(start + share[:, None] * along - np.asarray(point), axis=1)
    nearest = int(distance.argmin())
    return nearest if distance[nearest] <= within else None


def move_vertex(
    polygon: NDArray[np.float64], *, index: int, to: tuple[float, float], free: bool = False
) -> NDArray[np.float64]:
    """Move one vertex; the result is the convex hull, so vertices it passes by drop out.

    A vertex pushed inwards past its neighbours' line disappears; a triangle never collapses: then nothing changes.
    In a `free` polygon all others stay.
    """
    moved = polygon.copy()
    moved[index % len(polygon)] = to
    if free:
        return moved
    return _kept_solid(convex(moved), otherwise=polygon)


def move_edge(
    polygon: NDArray[np.float64], *, index: int, by: tuple[float, float], free: bool = False
) -> NDArray[np.float64]:
    """Move the edge from vertex `index` to the next by (dx, dy); otherwise as `move_vertex`."""
    moved = polygon.copy()
    moved[[index % len(polygon), (index + 1) % len(polygon)]] += np.asarray(by, np.float64)
    if free:
        return moved
    return _kept_solid(convex(moved), otherwise=polygon)


def mirrored(
    polygon: NDArray[np.float64], *, about: NDArray[np.float64], onto: NDArray[np.float64], free: bool = False
) -> NDArray[np.float64]:
    """Return a hull turned left for right: what lay beside `about` lies on the other side of `onto`, both (x, y)."""
    turned = (polygon - about) * (-1, 1) + onto
    return turned[::-1] if free else convex(turned)


def round_hull(centre: tuple[float, float], *, radius: float) -> NDArray[np.float64]:
    """Return a hull of eight corners round a point."""
    return convex(np.asarray(centre) + _superellipse(radius, radius, radius, _NOSE_VERTICES, roundness=2.0))


def dropped_corners(
    before: NDArray[np.float64], *, after: NDArray[np.float64], moved: Collection[int]
) -> NDArray[np.float64]:
    """Return the corners that a move of others has cost a hull: those of `before`, but the `moved`, not in `after`."""
    stayed = {tuple(corner) for corner in after.tolist()}
    gone = [corner for i, corner in enumerate(before.tolist()) if i not in moved and tuple(corner) not in stayed]
    return np.asarray(gone, np.float64).reshape(-1, 2)


def move_polygon(polygon: NDArray[np.float64], *, by: tuple[float, float]) -> NDArray[np.float64]:
    """Move a whole hull by (dx, dy)."""
    return polygon + np.asarray(by, np.float64)


def insert_vertex(
    polygon: NDArray[np.float64], *, point: tuple[float, float], free: bool = False
) -> NDArray[np.float64]:
    """Add a vertex: at the point when it lies outside, else just outside the edge nearest to it.

    A vertex exactly on an edge would be no corner, so it stands out by less than a pixel, ready to be dragged. In a
    `free` polygon it lies where the point is.
    """
    edge = nearest_edge(polygon, point=point)
    if edge is None:
        return polygon
    added = np.asarray(point, np.float64)
    if free:
        return np.insert(polygon, edge + 1, added, axis=0)
    if contains(polygon, point=point):
        start, stop = polygon[edge], polygon[(edge + 1) % len(polygon)]
        along = (stop - start) / np.linalg.norm(stop - start)
        outwards = np.array([along[1], -along[0]])
        outwards *= np.sign(outwards @ (start - polygon.mean(axis=0)))
        added = start + np.clip((added - start) @ along, 0, np.linalg.norm(stop - start)) * along
        added = added + _INSERTED_OUT * outwards
    return _kept_solid(convex(np.insert(polygon, edge + 1, added, axis=0)), otherwise=polygon)


def delete_vertex(polygon: NDArray[np.float64], *, index: int, free: bool = False) -> NDArray[np.float64]:
    """Take one vertex away; a triangle stays as it is."""
    if len(polygon) <= MIN_VERTICES:
        return polygon
    if free:
        return np.delete(polygon, index % len(polygon), axis=0)
    return _kept_solid(convex(np.delete(polygon, index % len(polygon), axis=0)), otherwise=polygon)


def _eye(part: Part, *, across: float) -> NDArray[np.float64]:
    return _superellipse(across * part.width, _EYE_UP * part.height, _EYE_DOWN * part.height, _EYE_VERTICES)


def _superellipse(
    across: float, up: float, down: float, vertices: int, *, roundness: float = _ROUNDNESS
) -> NDArray[np.float64]:
    """Return a polygon about |x/a|^n + |y/b|^n = 1 round the origin, y down, that covers it: float64 (vertices, 2)."""
    angle = np.arange(vertices) * 2 * np.pi / vertices
    cosine, sine = np.cos(angle), np.sin(angle)
    radius = (np.abs(cosine) ** roundness + np.abs(sine) ** roundness) ** (-1 / roundness)
    unit = np.stack([radius * cosine, radius * sine], axis=1)
    unit /= np.cos(np.pi / vertices)  # corners outside, so that the edges touch the curve
    return np.asarray(unit * np.where(unit[:, 1:] < 0, (across, up), (across, down)), np.float64)


def _turned(outline: NDArray[np.float64], parts: FaceParts) -> NDArray[np.float64]:
    """Turn an outline round the origin by the tilt of the face."""
    cosine, sine = np.cos(parts.tilt), np.sin(parts.tilt)
    return np.asarray(outline @ np.array([[cosine, sine], [-sine, cosine]]), np.float64)


def _half_hull(ordered: list[list[int]]) -> list[int]:
    """Return the indices of one half of the hull of points ordered along x (Andrew's monotone chain)."""
    chain: list[int] = []
    for index, point in enumerate(ordered):
        while len(chain) >= 2 and _turn(ordered[chain[-2]], ordered[chain[-1]], point) <= 0:
            chain.pop()
        chain.append(index)
    return chain


def _turn(first: list[int], middle: list[int], last: list[int]) -> int:
    """Return a positive number when the way bends from x towards y in the middle, 0 when it is straight."""
    before, after = (middle[0] - first[0], middle[1] - first[1]), (last[0] - middle[0], last[1] - middle[1])
    return before[0] * after[1] - before[1] * after[0]


def _kept_solid(polygon: NDArray[np.float64], *, otherwise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the polygon when it still has an area, else the one before."""
    return polygon if len(polygon) >= MIN_VERTICES else otherwise
