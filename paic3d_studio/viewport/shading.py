"""The table of shading modes, and how their shaders are put together.

A new mode is one file in `resources/shaders/` and one line in `SHADING_MODES`: the menu, the shortcut and the tests
follow from the table. A volume's file defines `surface_shade` and `pixel_colour` (or, where it does
not march, `main`), a mesh's file `surface_colour`; the
files beside it say what those receive.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal

from paic3d_studio.paths import resources_folder


@dataclasses.dataclass(frozen=True)
class ShadingMode:
    """One way to draw the head: its name in the menu, its shader file, what it draws, its key."""

    label: str
    shader: str
    draws: Literal["volume", "mesh"]
    shortcut: str
    marches: bool = True
    """False where the shader file itself decides what of a volume a ray meets."""
    note: str = ""
    """What the artist is told while she looks at it."""
    sees_through: bool = False
    """True where the shader file looks through the surface."""

    @property
    def shades_surface(self) -> bool:
        """Whether it shades the first surface that a ray meets in the volume."""
        return self.draws == "volume" and self.marches and not self.sees_through


SHADING_MODES: Final[Mapping[str, ShadingMode]] = {
    "colour": ShadingMode("Colour", "colour.frag", "volume", "1"),
    "clay": ShadingMode("Clay", "clay.frag", "volume", "2"),
    "normals": ShadingMode("Normals", "normals.frag", "volume", "3"),
    "depth": ShadingMode("Depth", "depth.frag", "volume", "4"),
    "density": ShadingMode("X-ray", "density.frag", "volume", "5", sees_through=True),
    "field_colour": ShadingMode("Colour without stitch", "field_colour.frag", "volume", "9"),
    "slices": ShadingMode(
        "Density slice", "slices.frag", "volume", "0", marches=False, note="Alt + wheel moves the slice"
    ),
    "mesh": ShadingMode("Mesh", "mesh_texture.frag", "mesh", "6"),
    "wireframe": ShadingMode("Mesh wireframe", "mesh_wireframe.frag", "mesh", "7"),
    "mesh_clay": ShadingMode("Mesh clay", "mesh_clay.frag", "mesh", "8"),
    "mesh_error": ShadingMode(
        "Mesh error",
        "mesh_error.frag",
        "mesh",
        "E",
        note="Blue: the mesh lies inside the field's surface.  Red: outside.  Full colour at 3 mm",
    ),
}

VERSION: Final = "#version 330 core\n"
"""macOS stops at 4.1, and nothing here needs more than 3.3."""


def shader_source(*names: str) -> str:
    """Return the files `names` of `resources/shaders/` joined into one source, each keeping its own line numbers."""
    parts = [VERSION]
    for i, name in enumerate(names):
        text = (resources_folder() / "shaders" / name).read_text(encoding="utf-8")
        parts.append(f"#line 1 {i + 1}\n{text}\n")
    return "".join(parts)


def volume_fragment(mode: str) -> str:
    """Return the fragment shader that marches rays through the volume and shades them in `mode`."""
    entry = SHADING_MODES[mode]
    return shader_source("view.glsl", "volume.glsl", entry.shader, *(("march.glsl",) if entry.marches else ()))


def mesh_fragment(mode: str) -> str:
    """Return the fragment shader that draws the mesh in `mode`."""
    return shader_source("mesh_corner.glsl", SHADING_MODES[mode].shader, "mesh.glsl")
