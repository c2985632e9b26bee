"""What an exporter makes: the content of each file, before any of them is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from paic3d_studio.core.artefacts import SurfaceMesh
from paic3d_studio.core.mesh import open_edges


@dataclasses.dataclass(frozen=True)
class Encoded:
    """File -> its bytes, the asked-for file first, and counts of vertices, faces and open edges as they are in it."""

    contents: Mapping[Path, bytes]
    vertices: int
    faces: int
    open_edges: int

    @classmethod
    def of(cls, surface: SurfaceMesh, contents: Mapping[Path, bytes]) -> Encoded:
        """Return files that hold the surface vertex by vertex."""
        edges = open_edges(surface.vertices, surface.faces)
        return cls(contents, len(surface.vertices), len(surface.faces), edges)
