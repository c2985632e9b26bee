"""A small textured head: an ellipsoid with a nose, red on its right, blue on its left."""

import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE, DensityLattice, TexturedMesh
from paic3d_studio.core.surface import SurfaceOptions, extract_surface
from paic3d_studio.core.texture import TextureOptions, bake_texture


@pytest.fixture(scope="session")
def head() -> TexturedMesh:
    axis = np.linspace(-BOX_SIDE / 2, BOX_SIDE / 2, 64)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    skull = (1 - np.linalg.norm(points / (0.1, 0.13, 0.11), axis=-1)) * 0.1
    nose = (1 - np.linalg.norm((points - (0, -0.03, 0.11)) / (0.02, 0.025, 0.03), axis=-1)) * 0.02
    odds = 4 * np.maximum(skull, nose) / (axis[1] - axis[0])
    density = (300 / (1 + np.exp(-np.clip(odds, -80, 80)))).astype(np.float32)
    surface = extract_surface(DensityLattice(density), options=SurfaceOptions(faces=2000))

    def colour_at(where: NDArray[np.float32]) -> NDArray[np.float32]:
        red, blue = np.array([0.8, 0.2, 0.2]), np.array([0.2, 0.2, 0.8])
        return np.where(where[:, :1] < 0, red, blue).astype(np.float32)

    return bake_texture(surface, colour_at=colour_at, options=TextureOptions(size=256))
