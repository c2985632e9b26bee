"""What is said of a mesh, against a sphere whose distance to its field is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import SurfaceMesh
from paic3d_studio.core.inspection import REACH, inspected, surface_error
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled


def sphere(radius: float) -> SurfaceMesh:
    """An octahedron, its corners on the sphere."""
    corners = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32)
    faces = [(a, b, c) if np.linalg.det(corners[[a, b, c]]) > 0 else (a, c, b)
             for a in (0, 1) for b in (2, 3) for c in (4, 5)]  # fmt: skip
    return SurfaceMesh(
        vertices=radius * corners, normals=corners, uv=np.zeros((6, 2), np.float32), faces=np.array(faces, np.int32)
    )


def density_at(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """A ball of 0.1 m whose density saturates at 300."""
    return np.asarray(300 / (1 + np.exp(-(0.1 - np.linalg.norm(points, axis=1)) / 0.002)), np.float32)


@pytest.mark.parametrize("off", [-0.004, -0.0011, 0.0, 0.0007, 0.005])
def test_the_error_is_how_far_outside_the_fields_surface_a_vertex_lies(off: float) -> None:
    error = surface_error(sphere(0.1 + off), density_at=density_at, level=150)
    assert error == pytest.approx(np.full(6, off), abs=2e-5)


@pytest.mark.parametrize(("radius", "expected"), [(0.05, -REACH), (0.2, REACH)])
def test_what_lies_out_of_reach_has_the_largest_error(radius: float, expected: float) -> None:
    assert surface_error(sphere(radius), density_at=density_at, level=150) == pytest.approx(np.full(6, expected))


def test_an_inspection_counts_measures_and_forgives_the_cut() -> None:
    found = inspected(sphere(0.102), density_at=density_at, level=150, crop_below=-0.102, glb_bytes=123)
    assert (found.vertices, found.faces, found.open_edges, found.glb_bytes) == (6, 8, 0, 123)
    assert found.size == pytest.approx((0.204,) * 3)
    assert found.error[3] == 0 and found.error[[0, 1, 2, 4, 5]] == pytest.approx(np.full(5, 0.002), abs=2e-5)
    assert found.mean_error == pytest.approx(0.002 * 5 / 6, abs=2e-5)


def test_measuring_can_be_cancelled() -> None:
    with pytest.raises(Cancelled):
        surface_error(sphere(0.1), density_at=density_at, level=150, monitor=Monitor(cancelled=lambda: True))
