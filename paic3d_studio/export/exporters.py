"""The formats a head can be exported to: file dialog, command line and round-trip test read this table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from paic3d_studio.core.artefacts import ExportReport, TexturedMesh
from paic3d_studio.errors import UserError
from paic3d_studio.export.glb import write_glb
from paic3d_studio.export.obj import obj_files, write_obj
from paic3d_studio.export.ply import write_ply


@dataclasses.dataclass(frozen=True)
class Exporter:
    """A format: its label for the file dialog, its suffix with the dot, and what writes it.

    `textured` is False where the format carries vertex colours in place of uv and texture. `files` names all that is
    written for a target, itself first.
    """

    label: str
    suffix: str
    write: Callable[[TexturedMesh, Path], ExportReport]
    textured: bool = True
    files: Callable[[Path], tuple[Path, ...]] = lambda path: (path,)


EXPORTERS: Final[Mapping[str, Exporter]] = {
    exporter.suffix: exporter
    for exporter in (
        Exporter("glTF binary, texture inside", ".glb", write_glb),
        Exporter("Wavefront OBJ with material and texture files", ".obj", write_obj, files=obj_files),
        Exporter("PLY with vertex colours (no texture)", ".ply", write_ply, textured=False),
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


def export_mesh(textured: TexturedMesh, path: Path) -> ExportReport:
    """Write the mesh in the format that the file name's suffix asks for.

    Raises:
        UserError: the suffix is unknown, or the file cannot be written.
    """
    return exporter_for(path).write(textured, path)
