"""Triangle meshes as plain arrays: weld, judge, clean, simplify, normals, unwrap."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Faces = NDArray[np.int64]

ATLAS_SIZE: Final = 2048
ATLAS_PADDING: Final = 8
"""Charts are packed for a texture of `ATLAS_SIZE` with this many texels between them; smaller textures have fewer."""


_HASTE: Final = (3, 5, 7, 10)
"""How hastily edges collapse (the library's default is 7): lower leaves rounder triangles but may stop early."""


def weld(vertices: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (first, welded): a vertex at each distinct position, and the distinct position of each vertex."""
    _, first, welded = np.unique(vertices, axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), welded.reshape(-1).astype(np.int64)


def edge_uses(faces: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return how many faces share each edge: all 2 where the mesh is closed and manifold along its edges."""
    return np.asarray(np.unique(_edge_keys(faces), return_counts=True)[1], dtype=np.int64)


def _edge_keys(faces: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return lower end * (largest index + 1) + upper end for the three edges of every face, int64 (3 f,)."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64), axis=1)
    return np.asarray(edges[:, 0] * (int(edges.max(initial=0)) + 1) + edges[:, 1], dtype=np.int64)


def open_edges(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> int:
    """Count the edges that are not shared by exactly two faces, with equal positions welded first: 0 is watertight."""
    _, welded = weld(vertices)
    return int((edge_uses(welded[faces]) != 2).sum())


def face_normals(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> Points:
    """Return the cross product of two sides per face, float64 (f, 3): twice the area long, outward."""
    a, b, c = (vertices[faces[:, i]].astype(np.float64) for i in range(3))
    return np.cross(b - a, c - a)


def vertex_normals(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> Points:
    """Return unit normals, float64 (v, 3); each face weighs by its angle, so triangulation hardly shows."""
    corners = vertices[faces].astype(np.float64)  # (f, 3 corners, 3)
    flat = _unit(face_normals(vertices, faces))
    normals = np.zeros((len(vertices), 3))
    for corner in range(3):
        ahead = _unit(corners[:, (corner + 1) % 3] - corners[:, corner])
        behind = _unit(corners[:, (corner + 2) % 3] - corners[:, corner])
        angle = np.arccos(np.clip(np.einsum("ij,ij->i", ahead, behind), -1, 1))
        for axis in range(3):
            normals[:, axis] += np.bincount(faces[:, corner], angle * flat[:, axis], minlength=len(vertices))
    return _unit(normals)


def _unit(vectors: Points) -> Points:
    """Return the vectors at length 1; a zero vector becomes (0, 0, 1)."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 0, vectors / np.where(length > 0, length, 1), np.array([0.0, 0.0, 1.0]))


def without_degenerate_faces(vertices: Points, faces: Faces) -> tuple[Points, Faces]:
    """Return the mesh with equal positions welded, collapsed and doubled faces dropped, and unused vertices gone.

    Two faces over the same three vertices are dropped together: they are a flap of no thickness.
    """
    first, welded = weld(vertices)
    vertices, faces = vertices[first], welded[faces]
    faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])]
    _, inverse, uses = np.unique(np.sort(faces, axis=1), axis=0, return_inverse=True, return_counts=True)
    return without_unused_vertices(vertices, faces[uses[inverse.reshape(-1)] == 1])


def without_unused_vertices(vertices: Points, faces: Faces) -> tuple[Points, Faces]:
    """Return the mesh with the vertices that no face names left out."""
    used = np.zeros(len(vertices), dtype=bool)
    used[faces] = True
    return vertices[used], (np.cumsum(used) - 1)[faces]


def without_small_pieces(vertices: Points, faces: Faces, share: float) -> tuple[Points, Faces]:
    """Return the mesh without the connected pieces that enclose less than `share` of the largest piece's volume.

    A piece that encloses a negative volume is the wall of a cavity; it goes too.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_array((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(len(vertices),) * 2)
    count, piece = connected_components(graph, directed=False)
    if count == 1:
        return vertices, faces
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    volumes = np.bincount(piece[faces[:, 0]], np.einsum("ij,ij->i", a, np.cross(b, c)), minlength=count)
    keep = volumes >= max(share * volumes.max(), 1e-15)
    return without_unused_vertices(vertices, faces[keep[piece[faces[:, 0]]]])


def simplify(vertices: Points, faces: Faces, *, target: int, unit: float = 1.0) -> tuple[Points, Faces]:
    """Return the mesh with about `target` faces, by quadric edge collapse; unchanged when it has no more than that.

    `unit` is the size of a detail, in the unit of the vertices: the collapse has thresholds without a scale, and gives
    rounder triangles when a detail is about 1.
    """
    import fast_simplification

    for haste in _HASTE:
        if len(faces) <= target:
            break
        indices = faces.astype(np.int32)
        fewer, kept = fast_simplification.simplify(vertices / unit, indices, target_count=target, agg=haste)
        vertices, faces = np.asarray(fewer, dtype=np.float64) * unit, np.asarray(kept, dtype=np.int64)
    return vertices, faces


def unwrap(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], *, unit: float = 1.0
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Cut the surface into charts and pack them into the unit square.

    Args:
        vertices: float32 (v, 3).
        faces: int32 (f, 3).
        unit: size of a detail, in the unit of the vertices. Triangles of less than 1e-7 square details get no chart:
            in metres that would be a third of a millimetre.

    Returns:
        (source, faces, uv): the vertex each new vertex is a copy of, int64 (v,); faces over the new vertices,
        int32 (f, 3), in the order given; float32 (v, 2) in 0..1.
    """
    import xatlas

    atlas = xatlas.Atlas()
    atlas.add_mesh(
        np.ascontiguousarray(vertices / unit, dtype=np.float32), np.ascontiguousarray(faces, dtype=np.uint32)
    )
    charts = xatlas.ChartOptions()
    charts.max_cost = 8.0  # fewer, larger charts: fewer seams for the same stretch (measured)
    packing = xatlas.PackOptions()
    packing.resolution = ATLAS_SIZE
    packing.padding = ATLAS_PADDING
    atlas.generate(charts, packing)
    source, split, uv = atlas.get_mesh(0)
    return (
        np.asarray(source, dtype=np.int64),
        np.asarray(split, dtype=np.int32),
        np.clip(np.asarray(uv, dtype=np.float32), 0, 1),
    )
