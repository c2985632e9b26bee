"""Binary PLY with a colour per vertex, for programs that read nothing else."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.core.mesh import open_edges, weld
from paic3d_studio.core.terms import Terms
from paic3d_studio.export.encoded import Encoded
from paic3d_studio.export.frame import to_export_frame


def encode_ply(textured: TexturedMesh, path: Path, terms: Terms) -> Encoded:  # noqa: ARG001 a PLY tells none
    """Return a PLY file: +Y up, facing +Z, metres, the neck at the origin.

    PLY has no agreed way to carry a texture, so colours are sampled from it at the vertices and detail finer than the
    triangles is lost. Without a texture the charts need no seams: vertices are welded.
    """
    first, welded = weld(textured.surface.vertices)
    faces = welded[textured.surface.faces]
    positions = to_export_frame(textured.surface.vertices)[first]
    colours = vertex_colours(textured)[first]
    content = _ply_bytes(positions, textured.surface.normals[first], colours, faces)
    return Encoded({path: content}, len(positions), len(faces), open_edges(positions, faces))


def vertex_colours(textured: TexturedMesh) -> NDArray[np.uint8]:
    """Return the texture's colour at each vertex, bilinear, sRGB uint8 (v, 3)."""
    height, width = textured.texture.shape[:2]
    uv = textured.surface.uv
    column = (uv[:, 0] * width - 0.5).astype(np.float32)[None]
    row = ((1 - uv[:, 1]) * height - 0.5).astype(np.float32)[None]
    pieces = [
        cv2.remap(textured.texture, column[:, part], row[:, part], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for part in (slice(a, a + 30_000) for a in range(0, len(uv), 30_000))  # remap's limit is 32767
    ]
    return np.asarray(np.concatenate(pieces, axis=1)[0], dtype=np.uint8)


def _ply_bytes(
    positions: NDArray[np.float32],
    normals: NDArray[np.float32],
    colours: NDArray[np.uint8],
    faces: NDArray[np.int64],
) -> bytes:
    """Return the file's content, little-endian."""
    rows = np.zeros(len(positions), dtype=[("position", "<f4", 3), ("normal", "<f4", 3), ("colour", "u1", 3)])
    rows["position"], rows["normal"], rows["colour"] = positions, normals, colours
    triangles = np.zeros(len(faces), dtype=[("count", "u1"), ("indices", "<i4", 3)])
    triangles["count"], triangles["indices"] = 3, faces
    floats = "".join(f"property float {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz"))
    bytes_ = "".join(f"property uchar {name}\n" for name in ("red", "green", "blue"))
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(rows)}\n{floats}{bytes_}"
        f"element face {len(triangles)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    return header.encode("ascii") + rows.tobytes() + triangles.tobytes()
