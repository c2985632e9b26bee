"""Solids as tests measure them."""

import numpy as np
from numpy.typing import NDArray


def signed_volume(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> float:
    """The enclosed volume, positive when faces are counter-clockwise seen from outside."""
    a, b, c = (vertices[faces[:, i]].astype(np.float64) for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)
