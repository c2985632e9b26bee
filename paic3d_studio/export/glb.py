"""Binary glTF 2.0: one named mesh, its texture embedded, shown as painted.

The specification: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio import __version__
from paic3d_studio.core.artefacts import ExportReport, TexturedMesh
from paic3d_studio.core.image import encode_png
from paic3d_studio.core.mesh import open_edges
from paic3d_studio.export.frame import to_export_frame
from paic3d_studio.files import write_files

NAME: Final = "Head"

_FLOAT, _UNSIGNED_INT, _TRIANGLES = 5126, 5125, 4
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_LINEAR, _LINEAR_MIPMAP_LINEAR, _CLAMP_TO_EDGE = 9729, 9987, 33071


def write_glb(textured: TexturedMesh, path: Path) -> ExportReport:
    """Write a GLB file: +Y up, facing +Z, metres, the neck at the origin.

    The material is unlit (the texture already holds the artist's shading); programs that do not know the extension fall
    back to a rough, non-metallic surface of the same colour.

    Raises:
        UserError: the file cannot be written.
    """
    surface = textured.surface
    written = write_files({path: glb_bytes(textured)})
    return ExportReport(
        paths=(str(path),),
        bytes_written=written,
        vertices=len(surface.vertices),
        faces=len(surface.faces),
        open_edges=open_edges(surface.vertices, surface.faces),
    )


def glb_bytes(textured: TexturedMesh) -> bytes:
    """Return the file's content; the same mesh gives the same bytes."""
    import pygltflib as gl

    surface = textured.surface
    document = gl.GLTF2(asset=gl.Asset(version="2.0", generator=f"PAiC-3D Studio {__version__}"))
    blob = _Blob(document)
    attributes = gl.Attributes(
        POSITION=blob.accessor(to_export_frame(surface.vertices), "VEC3"),
        NORMAL=blob.accessor(surface.normals, "VEC3"),
        TEXCOORD_0=blob.accessor(np.stack([surface.uv[:, 0], 1 - surface.uv[:, 1]], axis=1), "VEC2"),
    )
    indices = blob.accessor(surface.faces.astype(np.uint32).reshape(-1), "SCALAR")
    picture = blob.view(encode_png(textured.texture))
    document.images = [gl.Image(name=NAME, mimeType="image/png", bufferView=picture)]
    document.samplers = [
        gl.Sampler(magFilter=_LINEAR, minFilter=_LINEAR_MIPMAP_LINEAR, wrapS=_CLAMP_TO_EDGE, wrapT=_CLAMP_TO_EDGE)
    ]
    document.textures = [gl.Texture(source=0, sampler=0)]
    document.materials = [_material()]
    document.extensionsUsed = ["KHR_materials_unlit"]
    primitive = gl.Primitive(attributes=attributes, indices=indices, material=0, mode=_TRIANGLES)
    document.meshes = [gl.Mesh(name=NAME, primitives=[primitive])]
    document.nodes = [gl.Node(name=NAME, mesh=0)]
    document.scenes = [gl.Scene(name=NAME, nodes=[0])]
    document.scene = 0
    blob.finish()
    return b"".join(document.save_to_bytes())


class _Blob:
    """The file's one buffer while it grows; each part begins at a multiple of four bytes."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._content = bytearray()

    def view(self, content: bytes, *, target: int | None = None) -> int:
        """Append content and return the index of its buffer view."""
        import pygltflib as gl

        self._pad()
        views = self._document.bufferViews
        views.append(gl.BufferView(buffer=0, byteOffset=len(self._content), byteLength=len(content), target=target))
        self._content.extend(content)
        return len(views) - 1

    def accessor(self, array: NDArray[np.float32] | NDArray[np.uint32], kind: str) -> int:
        """Append float32 rows or uint32 indices and return the index of their accessor, which carries their bounds."""
        import pygltflib as gl

        floats = array.dtype.kind == "f"
        content = np.ascontiguousarray(array, dtype="<f4" if floats else "<u4").tobytes()
        entry = gl.Accessor(
            bufferView=self.view(content, target=_ARRAY_BUFFER if floats else _ELEMENT_ARRAY_BUFFER),
            componentType=_FLOAT if floats else _UNSIGNED_INT,
            count=len(array),
            type=kind,
        )
        entry.min, entry.max = (np.atleast_1d(bound).tolist() for bound in (array.min(axis=0), array.max(axis=0)))
        self._document.accessors.append(entry)
        return len(self._document.accessors) - 1

    def finish(self) -> None:
        """Hand the buffer to the document."""
        import pygltflib as gl

        self._pad()
        self._document.buffers = [gl.Buffer(byteLength=len(self._content))]
        self._document.set_binary_blob(bytes(self._content))

    def _pad(self) -> None:
        self._content.extend(b"\0" * (-len(self._content) % 4))


def _material() -> object:
    """Return the material: unlit, with a fallback for programs that light everything."""
    import pygltflib as gl

    return gl.Material(
        name=NAME,
        pbrMetallicRoughness=gl.PbrMetallicRoughness(
            baseColorTexture=gl.TextureInfo(index=0), metallicFactor=0.0, roughnessFactor=1.0
        ),
        extensions={"KHR_materials_unlit": {}},
        doubleSided=False,
        alphaMode="OPAQUE",
        alphaCutoff=None,
    )
