"""Wavefront OBJ with its material file and texture: three files that stay together."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.core.image import encode_png
from paic3d_studio.core.terms import Terms
from paic3d_studio.export.encoded import Encoded
from paic3d_studio.export.frame import to_export_frame

NAME: Final = "Head"


def encode_obj(textured: TexturedMesh, path: Path, terms: Terms) -> Encoded:  # noqa: ARG001 an OBJ tells none
    """Return NAME.obj, NAME.mtl and NAME_texture.png: +Y up, facing +Z, metres, the neck at the origin."""
    _, material, picture = obj_files(path)
    contents = {
        path: obj_text(textured, material=material.name).encode(),
        material: _material(picture.name).encode(),
        picture: encode_png(textured.texture),
    }
    return Encoded.of(textured.surface, contents)


def obj_files(path: Path) -> tuple[Path, Path, Path]:
    """Return what `encode_obj` makes: the mesh, its material and its texture.

    The texture is not NAME.png: beside the head of NAME there often lies the portrait of that name.
    """
    return path, path.with_suffix(".mtl"), path.with_name(f"{path.stem}_texture.png")


def obj_text(textured: TexturedMesh, *, material: str) -> str:
    """Return the OBJ file's text; numbers carry every digit of their float32."""
    surface = textured.surface
    indices = surface.faces.astype(np.int64) + 1
    corners = np.repeat(indices, 3, axis=1)  # a/a/a b/b/b c/c/c
    return "".join(
        [
            f"mtllib {material}\no {NAME}\nusemtl {NAME}\n",
            _lines("v %.9g %.9g %.9g\n", to_export_frame(surface.vertices)),
            _lines("vt %.9g %.9g\n", surface.uv),
            _lines("vn %.9g %.9g %.9g\n", surface.normals),
            _lines("f %d/%d/%d %d/%d/%d %d/%d/%d\n", corners),
        ]
    )


def _lines(form: str, rows: NDArray[np.generic]) -> str:
    """Return one line per row, all formatted at once."""
    return (form * len(rows)) % tuple(rows.reshape(-1).tolist())


def _material(picture: str) -> str:
    """Return the material file's text: the texture's colour alone, no highlights."""
    return f"newmtl {NAME}\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nd 1\nillum 1\nmap_Kd {picture}\n"
