"""USDZ for phones: a USD text and its texture in a zip archive whose entries are stored and aligned.

USDZ: https://openusd.org/release/spec_usdz.html. UsdPreviewSurface:
https://openusd.org/release/spec_usdpreviewsurface.html. Written without Pixar's library, which weighs 29 MB
(docs/adr/0008); the tests read it back with that library.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio import __version__
from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.core.image import encode_png
from paic3d_studio.core.terms import Terms
from paic3d_studio.export.encoded import Encoded
from paic3d_studio.export.frame import to_export_frame

LAYER: Final = "head.usda"
TEXTURE: Final = "textures/head.png"
_ALIGNMENT: Final = 64
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)


def encode_usdz(textured: TexturedMesh, path: Path, terms: Terms) -> Encoded:  # noqa: ARG001 a USDZ tells none
    """Return a USDZ file: +Y up, facing +Z, metres, the neck at the origin; shown as painted where viewers can."""
    entries = {LAYER: usda_text(textured).encode(), TEXTURE: encode_png(textured.texture)}
    return Encoded.of(textured.surface, {path: _archive(entries)})


def usda_text(textured: TexturedMesh) -> str:
    """Return the layer; numbers carry every digit of their float32.

    The texture glows and reflects nothing, so that light and shadow of the scene do not darken the artist's own.
    """
    surface = textured.surface
    points = to_export_frame(surface.vertices)
    low, high = points.min(axis=0), points.max(axis=0)
    counts = ", ".join(["3"] * len(surface.faces))
    indices = ", ".join(map(str, surface.faces.reshape(-1).tolist()))
    return f"""#usda 1.0
(
    customLayerData = {{
        string creator = "PAiC-3D Studio {__version__}"
    }}
    defaultPrim = "Head"
    metersPerUnit = 1
    upAxis = "Y"
)

def Xform "Head" (
    kind = "component"
)
{{
    def Mesh "Surface" (
        prepend apiSchemas = ["MaterialBindingAPI"]
    )
    {{
        uniform bool doubleSided = 0
        float3[] extent = [{_tuple(low)}, {_tuple(high)}]
        int[] faceVertexCounts = [{counts}]
        int[] faceVertexIndices = [{indices}]
        rel material:binding = </Head/Materials/Paint>
        normal3f[] normals = [{_rows(surface.normals)}] (
            interpolation = "vertex"
        )
        point3f[] points = [{_rows(points)}]
        texCoord2f[] primvars:st = [{_rows(surface.uv)}] (
            interpolation = "vertex"
        )
        uniform token subdivisionScheme = "none"
    }}

    def Scope "Materials"
    {{
        def Material "Paint"
        {{
            token outputs:surface.connect = </Head/Materials/Paint/Surface.outputs:surface>

            def Shader "Surface"
            {{
                uniform token info:id = "UsdPreviewSurface"
                color3f inputs:diffuseColor = (0, 0, 0)
                color3f inputs:emissiveColor.connect = </Head/Materials/Paint/Texture.outputs:rgb>
                float inputs:metallic = 0
                float inputs:roughness = 1
                color3f inputs:specularColor = (0, 0, 0)
                int inputs:useSpecularWorkflow = 1
                token outputs:surface
            }}

            def Shader "Coordinates"
            {{
                uniform token info:id = "UsdPrimvarReader_float2"
                string inputs:varname = "st"
                float2 outputs:result
            }}

            def Shader "Texture"
            {{
                uniform token info:id = "UsdUVTexture"
                asset inputs:file = @{TEXTURE}@
                token inputs:sourceColorSpace = "sRGB"
                float2 inputs:st.connect = </Head/Materials/Paint/Coordinates.outputs:result>
                token inputs:wrapS = "clamp"
                token inputs:wrapT = "clamp"
                float3 outputs:rgb
            }}
        }}
    }}
}}
"""


def _rows(rows: NDArray[np.float32]) -> str:
    """Return rows of numbers as USD writes tuples."""
    form = "(" + ", ".join(["%.9g"] * rows.shape[1]) + ")"
    return ", ".join([form] * len(rows)) % tuple(rows.reshape(-1).tolist())


def _tuple(row: NDArray[np.float32]) -> str:
    return _rows(row[None])


def _archive(entries: dict[str, bytes]) -> bytes:
    """Return a zip archive with every entry stored and beginning at a multiple of 64 bytes, the first layer first."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, date_time=_LONG_AGO)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            begins = buffer.tell() + 30 + len(name.encode())
            padding = -begins % _ALIGNMENT
            if 0 < padding < 4:
                padding += _ALIGNMENT
            if padding:  # an extra field that says nothing: id 0x1986, then its length
                entry.extra = b"\x86\x19" + (padding - 4).to_bytes(2, "little") + bytes(padding - 4)
            archive.writestr(entry, content)
    return buffer.getvalue()
