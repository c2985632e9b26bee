"""Binary glTF 2.0: one named mesh, its texture embedded, shown as painted.

The specification: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio import __version__
from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.core.image import encode_png
from paic3d_studio.core.terms import Terms
from paic3d_studio.export.encoded import Encoded
from paic3d_studio.export.frame import to_export_frame

NAME: Final = "Head"

_FLOAT, _UNSIGNED_INT, _UNSIGNED_BYTE, _TRIANGLES = 5126, 5125, 5121, 4
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_FORMS: Final = {
    "f4": ("<f4", _FLOAT, _ARRAY_BUFFER),
    "u4": ("<u4", _UNSIGNED_INT, _ELEMENT_ARRAY_BUFFER),
    "u1": ("u1", _UNSIGNED_BYTE, _ARRAY_BUFFER),
}
"""Type of an array -> how it is written, its component type, what it is for."""
_LINEAR, _LINEAR_MIPMAP_LINEAR, _CLAMP_TO_EDGE = 9729, 9987, 33071


def encode_glb(textured: TexturedMesh, path: Path, terms: Terms) -> Encoded:  # noqa: ARG001 a GLB tells none
    """Return a GLB file: +Y up, facing +Z, metres, the neck at the origin.

    The material is unlit (the texture already holds the artist's shading); programs that do not know the extension fall
    back to a rough, non-metallic surface of the same colour.
    """
    return Encoded.of(textured.surface, {path: glb_bytes(textured)})


def glb_bytes(textured: TexturedMesh) -> bytes:
    """Return the file's content; the same mesh gives the same bytes."""
    import pygltflib as gl

    document, blob = new_document(textured)
    document.extensionsUsed = ["KHR_materials_unlit"]
    document.nodes = [gl.Node(name=NAME, mesh=0)]
    document.scenes = [gl.Scene(name=NAME, nodes=[0])]
    blob.finish()
    return b"".join(document.save_to_bytes())


def new_document(textured: TexturedMesh, *, shift: tuple[float, float, float] = (0, 0, 0)) -> tuple[Any, Blob]:
    """Return a glTF document with mesh, material and texture, and its buffer; nodes and scene are still to come.

    `shift` moves the mesh in the export frame, metres.
    """
    import pygltflib as gl

    surface = textured.surface
    document = gl.GLTF2(asset=gl.Asset(version="2.0", generator=f"PAiC-3D Studio {__version__}"))
    blob = Blob(document)
    attributes = gl.Attributes(
        POSITION=blob.accessor(to_export_frame(surface.vertices) + np.array(shift, dtype=np.float32), "VEC3"),
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
    primitive = gl.Primitive(attributes=attributes, indices=indices, material=0, mode=_TRIANGLES)
    document.meshes = [gl.Mesh(name=NAME, primitives=[primitive])]
    document.scene = 0
    return document, blob


class Blob:
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

    def accessor(
        self, array: NDArray[np.float32] | NDArray[np.uint32] | NDArray[np.uint8], kind: str, *, drawn: bool = True
    ) -> int:
        """Append an array and return the index of its accessor, which carries its bounds.

        Args:
            array: float32 or uint8 rows, or uint32 indices.
            kind: SCALAR, VEC2, VEC3, VEC4 or MAT4.
            drawn: whether the graphics card reads it (a skin's matrices it does not).
        """
        import pygltflib as gl

        form, component, target = _FORMS[array.dtype.kind + str(array.dtype.itemsize)]
        content = np.ascontiguousarray(array, dtype=form).tobytes()
        entry = gl.Accessor(
            bufferView=self.view(content, target=target if drawn else None),
            componentType=component,
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


def _material() -> Any:
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
