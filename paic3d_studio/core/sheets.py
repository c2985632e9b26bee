"""Part surfaces that touch themselves along an edge or at a vertex, so that each edge has two faces and no more."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from paic3d_studio.core.mesh import Faces, Points

_MOST_SPLITS: Final = 1000
"""A bound on the edges split one by one; a simplified head has none to a dozen."""


def with_parted_sheets(vertices: Points, faces: Faces, *, nudge: float) -> tuple[Points, Faces]:
    """Return the mesh with a vertex for each sheet where several met in one, and two faces for each edge.

    Simplification pinches thin necks until their walls share an edge with four faces. Around such an edge the faces are
    paired so that each pair bounds a wedge of the solid; corners that no pair connects become different vertices.

    Args:
        vertices: float64 (v, 3).
        faces: int64 (f, 3), counter-clockwise from outside.
        nudge: how far a doubled vertex moves towards its own faces, so that welding equal positions does not undo it.

    Returns:
        (vertices, faces): the same objects when no sheets touch.
    """
    vertices, faces = _with_parted_corners(vertices, faces, nudge=nudge)
    return _with_split_edges(vertices, faces, nudge=nudge)


def _with_parted_corners(vertices: Points, faces: Faces, *, nudge: float) -> tuple[Points, Faces]:
    """Give each sheet its own copy of a vertex where several meet."""
    links = _corner_links(vertices, faces)
    corners = 3 * len(faces)
    graph = coo_array((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(corners, corners))
    count, sheet = connected_components(graph, directed=False)
    old = np.full(count, -1, dtype=np.int64)
    old[sheet] = faces.reshape(-1)
    if count == len(np.unique(faces)):
        return vertices, faces
    _, first = np.unique(old, return_index=True)
    doubled = np.ones(count, dtype=bool)
    doubled[first] = False
    centres = vertices[faces].mean(axis=1).repeat(3, axis=0)
    mass = np.bincount(sheet, minlength=count)
    own = np.stack([np.bincount(sheet, centres[:, axis], minlength=count) / mass for axis in range(3)], axis=1)
    towards = own - vertices[old]
    towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-12)
    return vertices[old] + nudge * doubled[:, None] * towards, sheet.reshape(-1, 3).astype(np.int64)


def _with_split_edges(vertices: Points, faces: Faces, *, nudge: float) -> tuple[Points, Faces]:
    """Give each wedge its own midpoint on an edge that is crowded still, since one sheet comes round to it twice."""
    for _ in range(_MOST_SPLITS):
        span = int(faces.max()) + 1
        start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
        key = np.minimum(start, end) * span + np.maximum(start, end)
        edges, uses = np.unique(key, return_counts=True)
        crowded = edges[(uses > 2) & (uses % 2 == 0)]
        if len(crowded) == 0:
            break
        for pair in _wedges(vertices, faces, np.flatnonzero(key == crowded[0])):
            vertices, faces = _with_midpoint(vertices, faces, pair, nudge=nudge)
    return vertices, faces


def _with_midpoint(vertices: Points, faces: Faces, pair: tuple[int, int], *, nudge: float) -> tuple[Points, Faces]:
    """Split two faces at the middle of the edge they share; the new vertex moves `nudge` towards them."""
    halves: list[tuple[int, int, int]] = []
    middle = len(vertices)
    for directed in pair:
        a, b, c = np.roll(faces[directed // 3], -(directed % 3)).tolist()
        halves += [(a, middle, c), (middle, b, c)]
    third = np.array([c for _, _, c in halves[::2]])
    place = (vertices[halves[0][0]] + vertices[halves[1][1]]) / 2
    away = vertices[third].mean(axis=0) - place
    place = place + nudge * away / max(float(np.linalg.norm(away)), 1e-12)
    kept = faces.copy()
    kept[[directed // 3 for directed in pair]] = halves[::2]
    return np.vstack([vertices, place]), np.vstack([kept, np.array(halves[1::2])])


def _corner_links(vertices: Points, faces: Faces) -> NDArray[np.int64]:
    """Return pairs of face corners that are the same vertex, int64 (n, 2); corner k of face f is 3 f + k."""
    start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    corner = np.arange(len(start))
    after = np.roll(corner.reshape(-1, 3), -1, axis=1).reshape(-1)
    low_corner = np.where(start < end, corner, after)
    high_corner = np.where(start < end, after, corner)
    key = np.minimum(start, end) * (int(faces.max()) + 1) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.diff(key[order], prepend=-1))
    uses = np.diff(begins, append=len(order))
    plain = order[begins[uses == 2][:, None] + np.arange(2)]  # (e, 2) directed edges
    crowded = [
        pair
        for begin, many in zip(begins[uses > 2], uses[uses > 2], strict=True)
        for pair in _wedges(vertices, faces, order[begin : begin + many])
    ]
    edges = np.concatenate([plain, np.array(crowded, dtype=np.int64).reshape(-1, 2)])
    return np.concatenate([low_corner[edges], high_corner[edges]])


def _wedges(vertices: Points, faces: Faces, directed: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pair the directed edges (3 f + k) around one crowded edge so that each pair bounds a wedge of the solid.

    Looking along the edge, the solid lies on the growing side of the angle of a face that runs against the edge, and
    ends at the next face that runs along it.
    """
    ends = faces.reshape(-1)[directed]
    low, high = ends.min(), ends.max()
    forward = ends == low
    if forward.sum() * 2 != len(directed):
        return [(int(directed[0]), int(other)) for other in directed[1:]]  # not a solid: keep it as it is
    third = vertices[faces[directed // 3, (directed % 3 + 2) % 3]] - vertices[low]
    along = vertices[high] - vertices[low]
    along /= max(float(np.linalg.norm(along)), 1e-12)
    across = third[0] - along * (third[0] @ along)
    angle = np.arctan2(third @ np.cross(along, across), third @ across)
    around = np.lexsort((forward, np.round(angle, 9)))
    while forward[around[0]] or not forward[around[-1]]:
        if forward[around[0]] == forward[around[-1]]:
            break
        around = np.roll(around, -1)
    against = [int(directed[i]) for i in around if not forward[i]]
    with_edge = [int(directed[i]) for i in around if forward[i]]
    return list(zip(against, with_edge, strict=True))
