"""Volumes and meshes with known shapes, and an OpenGL context without a display."""

from collections.abc import Callable, Iterator

import moderngl
import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE, FieldVolume, SurfaceMesh, TexturedMesh
from paic3d_studio.viewport.offscreen import offscreen_context

Colour = tuple[int, int, int]


@pytest.fixture
def ctx() -> Iterator[moderngl.Context]:
    with offscreen_context() as context:
        yield context


def voxel_centres(n: int) -> tuple[NDArray[np.float64], ...]:
    """x, y and z of the voxel centres in metres, each (n, n, n) indexed [z, y, x]."""
    along = ((np.arange(n) + 0.5) / n - 0.5) * BOX_SIDE
    z, y, x = np.meshgrid(along, along, along, indexing="ij")
    return x, y, z


def ball(
    n: int = 96,
    *,
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
    radius: float = 0.2,
    colour: Colour = (255,) * 3,
) -> NDArray[np.uint8]:
    """An opaque ball with one voxel of soft edge; empty voxels are black, as a careless caller leaves them."""
    x, y, z = voxel_centres(n)
    outside = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2) - radius
    rgba = np.zeros((n, n, n, 4), np.uint8)
    rgba[..., 3] = np.rint(255 * np.clip(0.5 - outside / (BOX_SIDE / n), 0, 1))
    rgba[rgba[..., 3] > 0, :3] = colour
    return rgba


@pytest.fixture(scope="session")
def balls() -> Callable[..., FieldVolume]:
    """Make a volume of one ball; takes what `ball` takes."""
    return lambda *args, **kwargs: FieldVolume(ball(*args, **kwargs))


@pytest.fixture(scope="session")
def signpost() -> FieldVolume:
    """A red ball at +x, a green one at +y, a blue one at +z: shows which way the picture looks."""
    parts = [
        ball(48, centre=(0.22, 0, 0), radius=0.07, colour=(255, 0, 0)),
        ball(48, centre=(0, 0.22, 0), radius=0.07, colour=(0, 255, 0)),
        ball(48, centre=(0, 0, 0.22), radius=0.07, colour=(0, 0, 255)),
    ]
    return FieldVolume(np.maximum.reduce(parts))


@pytest.fixture(scope="session")
def square_mesh() -> TexturedMesh:
    """A square of 0.4 m in the plane z = 0 facing +z: red top left, green top right, blue bottom left, white else."""
    vertices = np.array([[-0.2, -0.2, 0], [0.2, -0.2, 0], [0.2, 0.2, 0], [-0.2, 0.2, 0]], np.float32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    normals = np.tile(np.array([0, 0, 1], np.float32), (4, 1))
    surface = SurfaceMesh(vertices, normals, uv, np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    texture = np.full((64, 64, 3), 255, np.uint8)
    texture[:32, :32] = 255, 0, 0
    texture[:32, 32:] = 0, 255, 0
    texture[32:, :32] = 0, 0, 255
    return TexturedMesh(surface, texture)
