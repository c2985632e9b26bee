"""Meshes as arrays, against a cube and a tetrahedron."""

import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.core import mesh
from paic3d_studio.core.sheets import with_parted_sheets
from tests.solids import signed_volume

CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=np.float64)
SIDES = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
CUBE = np.concatenate([SIDES[:, [0, 1, 2]], SIDES[:, [0, 2, 3]]])


def test_a_cube_encloses_one_and_has_no_open_edge() -> None:
    assert signed_volume(CORNERS, CUBE) == pytest.approx(1)
    assert mesh.open_edges(CORNERS, CUBE) == 0
    assert mesh.open_edges(CORNERS, CUBE[1:]) == 3


def test_split_vertices_are_welded_before_edges_are_judged() -> None:
    assert mesh.open_edges(CORNERS[CUBE].reshape(-1, 3), np.arange(36).reshape(12, 3)) == 0


def test_angle_weighted_normals_of_a_cube_point_along_its_diagonals() -> None:
    normals = mesh.vertex_normals(CORNERS, CUBE)
    assert np.allclose(normals, (CORNERS - 0.5) / np.sqrt(0.75))


def test_flaps_slivers_and_loose_vertices_are_dropped() -> None:
    loose = np.vstack([CORNERS, [[5, 5, 5], [0, 0, 0]]])
    extra = np.array([[0, 1, 1], [0, 9, 3], [0, 3, 5], [5, 3, 0]])
    vertices, faces = mesh.without_degenerate_faces(loose, np.vstack([CUBE, extra]))
    assert len(vertices) == 8 and len(faces) == 12
    assert signed_volume(vertices, faces) == pytest.approx(1)


def test_small_pieces_and_inner_walls_are_dropped() -> None:
    crumb, cavity = CORNERS * 0.1 + 3, CORNERS * 0.5 + 0.25
    vertices = np.vstack([CORNERS, crumb, cavity])
    faces = np.vstack([CUBE, CUBE + 8, CUBE[:, ::-1] + 16])
    kept, left = mesh.without_small_pieces(vertices, faces, 0.01)
    assert len(kept) == 8 and signed_volume(kept, left) == pytest.approx(1)


def test_sheets_that_touch_along_an_edge_are_parted() -> None:
    beside = CORNERS + np.array([1, 1, 0])  # shares the edge at x = y = 1
    vertices, faces = mesh.without_degenerate_faces(np.vstack([CORNERS, beside]), np.vstack([CUBE, CUBE + 8]))
    assert mesh.open_edges(vertices, faces) == 1
    parted, left = with_parted_sheets(vertices, faces, nudge=1e-4)
    assert mesh.open_edges(parted, left) == 0 and len(left) == 24
    assert signed_volume(parted, left) == pytest.approx(2, abs=1e-3)
    assert len(parted) == len(vertices) + 2


def test_sheets_that_touch_at_a_vertex_are_parted() -> None:
    vertices, faces = mesh.without_degenerate_faces(np.vstack([CORNERS, CORNERS + 1]), np.vstack([CUBE, CUBE + 8]))
    parted, left = with_parted_sheets(vertices, faces, nudge=1e-4)
    assert len(vertices) == 15 and len(parted) == 16 and len(np.unique(parted, axis=0)) == 16
    assert mesh.open_edges(parted, left) == 0


@pytest.mark.parametrize("towers", [2, 3])
def test_touching_edges_that_share_a_vertex_are_parted_together(towers: int) -> None:
    cubes = [CORNERS + np.array(place) for place in [(0, 0, 0), (1, 1, 0), (1, 1, 1), (2, 0, 1)][: towers + 1]]
    cubes = [cube for index, cube in enumerate(cubes) if index != 2]
    vertices = np.vstack(cubes)
    faces = np.vstack([CUBE + 8 * index for index in range(len(cubes))])
    vertices, faces = mesh.without_degenerate_faces(vertices, faces)
    parted, left = with_parted_sheets(vertices, faces, nudge=1e-4)
    assert mesh.open_edges(vertices, faces) > 0 and mesh.open_edges(parted, left) == 0


def test_a_sheet_that_comes_round_to_its_own_edge_is_parted_there() -> None:
    grid = np.ones((2, 2, 3), dtype=bool)  # two floors and, between them, two pillars that touch along an edge
    grid[0, 1, 1] = grid[1, 0, 1] = False
    vertices, faces = boxes(grid)
    assert mesh.open_edges(vertices, faces) == 1
    parted, left = with_parted_sheets(vertices, faces, nudge=1e-4)
    assert mesh.open_edges(parted, left) == 0
    assert signed_volume(parted, left) == pytest.approx(10, abs=1e-3)


def boxes(grid: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The outer walls of a pile of unit cubes, welded."""
    vertices, faces = [], []
    for place in np.argwhere(grid):
        for side, (axis, step) in zip(SIDES, ((0, -1), (0, 1), (1, -1), (1, 1), (2, -1), (2, 1)), strict=True):
            beyond = place.copy()
            beyond[axis] += step
            if (beyond >= 0).all() and (beyond < grid.shape).all() and grid[tuple(beyond)]:
                continue
            faces.append(np.array([[0, 1, 2], [0, 2, 3]]) + len(vertices) * 4)
            vertices.append(CORNERS[side] + place)
    return mesh.without_degenerate_faces(np.concatenate(vertices), np.concatenate(faces))


def test_a_manifold_mesh_is_not_touched_by_parting() -> None:
    vertices, faces = with_parted_sheets(CORNERS, CUBE, nudge=1e-4)
    assert vertices is CORNERS and faces is CUBE


def test_a_mesh_with_few_faces_is_not_simplified() -> None:
    vertices, faces = mesh.simplify(CORNERS, CUBE, target=100)
    assert vertices is CORNERS and faces is CUBE


def test_unwrapping_keeps_every_face_in_place() -> None:
    source, faces, uv = mesh.unwrap(CORNERS.astype(np.float32), CUBE.astype(np.int32))
    assert np.array_equal(source[faces], CUBE)
    assert len(uv) == len(source) and uv.min() >= 0 and uv.max() <= 1
