"""Binary STL for printing: the closed shape alone, in millimetres, Z up, standing on its base."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.core.mesh import face_normals, open_edges, weld
from paic3d_studio.core.terms import Terms
from paic3d_studio.export.encoded import Encoded


def encode_stl(textured: TexturedMesh, path: Path, terms: Terms) -> Encoded:  # noqa: ARG001 an STL tells none
    """Return an STL file. It knows no unit; slicers take millimetres, and want Z up."""
    surface = textured.surface
    corners = to_printing_frame(surface.vertices)[surface.faces]  # (f, 3 corners, 3)
    normals = face_normals(corners.reshape(-1, 3), np.arange(corners.size // 3).reshape(-1, 3))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    facets = np.zeros(len(corners), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    facets["normal"], facets["corners"] = normals, corners
    header = b"PAiC-3D Studio, millimetres, Z up".ljust(80)
    content = header + np.uint32(len(facets)).astype("<u4").tobytes() + facets.tobytes()
    edges = open_edges(surface.vertices, surface.faces)
    return Encoded({path: content}, len(weld(surface.vertices)[0]), len(facets), edges)


def to_printing_frame(vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return field points float32 (v, 3) in millimetres: the face to -y, z up, the lowest point at 0."""
    x, y, z = vertices.astype(np.float64).T
    turned = 1000 * np.stack([x, -z, y - y.min()], axis=1)
    return np.asarray(turned, dtype=np.float32)
