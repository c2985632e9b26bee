"""The formats a head can be exported to: file dialog, command line and round-trip test read this table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from paic3d_studio.core.artefacts import ExportReport, TexturedMesh
from paic3d_studio.core.terms import Terms
from paic3d_studio.errors import UserError
from paic3d_studio.export.encoded import Encoded
from paic3d_studio.export.glb import encode_glb
from paic3d_studio.export.obj import encode_obj, obj_files
from paic3d_studio.export.ply import encode_ply
from paic3d_studio.export.stl import encode_stl
from paic3d_studio.export.usdz import encode_usdz
from paic3d_studio.export.vrm import encode_vrm, refuse_nameless
from paic3d_studio.files import write_files

SIDECAR: Final = ".provenance.json"
"""What is added to a head's whole file name to name the file that tells where it comes from."""

Sidecar = Callable[[Encoded], bytes]
"""What was encoded, to the content of the file that tells where it comes from."""


@dataclasses.dataclass(frozen=True)
class Exporter:
    """A format: its label for the file dialog, its suffix with the dot, and what encodes it.

    `textured` is False where the format carries no uv and texture. `made` names all files of the format for a target,
    itself first. `check` refuses terms that the format cannot do with.
    """

    label: str
    suffix: str
    encode: Callable[[TexturedMesh, Path, Terms], Encoded]
    textured: bool = True
    made: Callable[[Path], tuple[Path, ...]] = lambda path: (path,)
    check: Callable[[Terms], None] = lambda terms: None  # noqa: ARG005 as the others are called
    wants_terms: bool = False

    def files(self, path: Path) -> tuple[Path, ...]:
        """Return all that an export to `path` writes, the head first, what tells where it comes from last."""
        return (*self.made(path), sidecar_of(path))


EXPORTERS: Final[Mapping[str, Exporter]] = {
    exporter.suffix: exporter
    for exporter in (
        Exporter("glTF binary, texture inside", ".glb", encode_glb),
        Exporter("Wavefront OBJ with material and texture files", ".obj", encode_obj, made=obj_files),
        Exporter("VRM 1.0 avatar head with bones", ".vrm", encode_vrm, check=refuse_nameless, wants_terms=True),
        Exporter("USDZ for phones and AR", ".usdz", encode_usdz),
        Exporter("PLY with vertex colours (no texture)", ".ply", encode_ply, textured=False),
        Exporter("STL for printing, in millimetres (no colours)", ".stl", encode_stl, textured=False),
    )
}


def exporter_for(path: Path) -> Exporter:
    """Return the exporter that the file name's suffix asks for, upper or lower case.

    Raises:
        UserError: no exporter writes such files.
    """
    exporter = EXPORTERS.get(path.suffix.lower())
    if exporter is None:
        known = ", ".join(EXPORTERS)
        raise UserError(f"“{path.name}” names no known format.", f"End the file name in one of {known}.")
    return exporter


def sidecar_of(path: Path) -> Path:
    """Return the file beside a head that tells where it comes from."""
    return path.with_name(path.name + SIDECAR)


def export_mesh(
    textured: TexturedMesh, path: Path, *, terms: Terms | None = None, sidecar: Sidecar | None = None
) -> ExportReport:
    """Write the mesh in the format that the file name's suffix asks for, all of its files or none.

    Args:
        textured: the head.
        path: where to.
        terms: what the artist says of it; only formats that can tell them do.
        sidecar: makes the file that tells where the head comes from; None writes none.

    Raises:
        UserError: the suffix is unknown, the terms do not suffice, or a file cannot be written.
    """
    encoded = exporter_for(path).encode(textured, path, terms or Terms())
    contents = dict(encoded.contents)
    if sidecar is not None:
        contents[sidecar_of(path)] = sidecar(encoded)
    return ExportReport(
        paths=tuple(map(str, contents)),
        bytes_written=write_files(contents),
        vertices=encoded.vertices,
        faces=encoded.faces,
        open_edges=encoded.open_edges,
    )
