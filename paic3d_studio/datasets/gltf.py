"""Read binary glTF files that nobody vouches for: every index, size and offset is checked before use."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pygltflib import GLTF2

from paic3d_studio.errors import UserError

MAX_FILE_BYTES: Final = 512 * 2**20
MAX_JSON_BYTES: Final = 32 * 2**20
MAX_VERTICES: Final = 5_000_000
MAX_FACES: Final = 10_000_000
MAX_PRIMITIVES: Final = 5_000
MAX_NODES: Final = 20_000
MAX_ENTRIES: Final = 50_000
MAX_TEXTURE_SIDE: Final = 8192
KEPT_TEXTURE_SIDE: Final = 2048
MAX_TEXTURE_PIXELS: Final = 2**29
"""Of all textures of a file together, before they are made smaller."""

COMPRESSIONS: Final = frozenset({"KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_texture_basisu"})
MALFORMED: Final = (
    KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, OSError, struct.error,
)  # fmt: skip
"""What a description that is not what it claims to be brings about in code that takes it at its word."""

_COMPONENT_TYPES: Final = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
UNDECODABLE: Final = (
    OSError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, zlib.error, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip
WHITE: Final = np.full((1, 1, 4), 255, np.uint8)


def parsed_glb(encoded: bytes, name: str) -> GLTF2:
    """Parse a GLB container: two chunks at most, sizes checked before anything is decoded.

    Raises:
        UserError: it is no binary glTF 2.0, cut short, compressed, or leans on other files.
    """
    cure = "Choose a VRM or GLB file (glTF 2.0, binary)."
    if len(encoded) < 20 or encoded[:4] != b"glTF":
        raise UserError(f"“{name}” is not a binary glTF file.", cure)
    try:
        description, blob = _chunks(encoded)
    except (ValueError, struct.error) as error:
        raise UserError(f"“{name}” is cut short or of another glTF version.", cure) from error
    try:
        told = json.loads(description)
        _check_counts(told, name)
        gltf = GLTF2.from_json(description.decode(), infer_missing=True)
        external = any(entry.uri is not None for entry in gltf.buffers)
        required = set(gltf.extensionsRequired or ())
    except MALFORMED as error:
        raise UserError(f"“{name}” holds no readable glTF description.", cure) from error
    if external:
        raise UserError(f"“{name}” keeps its geometry in other files.", "Export it as one GLB or VRM.")
    if packed := sorted(required & COMPRESSIONS):
        raise UserError(f"“{name}” is compressed ({packed[0]}).", "Export it without compression.")
    gltf.set_binary_blob(blob)
    return gltf


def _check_counts(told: Any, name: str) -> None:
    """Refuse a description with more entries than a character has, before each becomes an object.

    Raises:
        UserError: there are too many.
        ValueError, AttributeError: it is no description.
    """
    counts = {str(listed)[:40]: len(entries) for listed, entries in told.items() if isinstance(entries, list)}
    counts["parts"] = sum(len(mesh.get("primitives") or ()) for mesh in told.get("meshes") or ())
    limits = {"nodes": MAX_NODES, "parts": MAX_PRIMITIVES}
    for listed, count in counts.items():
        if count > limits.get(listed, MAX_ENTRIES):
            raise UserError(f"“{name}” has too many {listed} ({count}).", "Export a simpler character.")


def _chunks(encoded: bytes) -> tuple[bytes, bytes]:
    """Return the JSON chunk and the binary one (empty when there is none); ValueError when they do not fit."""
    version, length = struct.unpack_from("<II", encoded, 4)
    json_length, kind = struct.unpack_from("<I4s", encoded, 12)
    if version != 2 or length > len(encoded) or kind != b"JSON" or json_length > min(length - 20, MAX_JSON_BYTES):
        raise ValueError("the first chunk does not fit")
    description, rest = encoded[20 : 20 + json_length], encoded[20 + json_length : length]
    if len(rest) < 8:
        return description, b""
    blob_length, kind = struct.unpack_from("<I4s", rest)
    if kind != b"BIN\0":
        return description, b""
    if blob_length > len(rest) - 8:
        raise ValueError("the second chunk does not fit")
    return description, rest[8 : 8 + blob_length]


class TextureCorruption(Exception):
    """An embedded picture cannot be decoded."""


class GltfFile:
    """One parsed file: its description, its buffer, and checked ways into them.

    Args:
        gltf: the description.
        blob: the binary chunk.
        name: what to call the file in messages.
    """

    def __init__(self, gltf: GLTF2, blob: bytes, name: str) -> None:
        self.gltf = gltf
        self.blob = blob
        self.name = name
        self._textures: dict[int, NDArray[np.uint8]] = {}
        self._texture_pixels = 0

    def texture(self, index: int) -> NDArray[np.uint8]:
        """Decode the picture of a texture, uint8 (h, w, 4), at most `KEPT_TEXTURE_SIDE` a side."""
        entry = self.gltf.textures[checked_index(index, self.gltf.textures)]
        source = ((entry.extensions or {}).get("EXT_texture_webp") or {}).get("source", entry.source)
        if source is None:
            return WHITE
        source = checked_index(source, self.gltf.images)
        if source not in self._textures:
            view = self.gltf.images[source].bufferView
            if view is None:
                raise UserError(f"“{self.name}” keeps its textures in other files.", "Export it as one GLB or VRM.")
            self._textures[source] = self._decoded_texture(self.view_bytes(view))
        return self._textures[source]

    def _decoded_texture(self, encoded: bytes) -> NDArray[np.uint8]:
        """Decode an embedded PNG, JPEG or WebP after a look at its size."""
        try:
            with Image.open(io.BytesIO(encoded), formats=("PNG", "JPEG", "WEBP")) as picture:
                self._texture_pixels += picture.width * picture.height
                if max(picture.size) > MAX_TEXTURE_SIDE or self._texture_pixels > MAX_TEXTURE_PIXELS:
                    raise ValueError(f"a texture is larger than {MAX_TEXTURE_SIDE} pixels, or there are too many")
                rgba = picture.convert("RGBA")
        except UNDECODABLE as error:
            raise TextureCorruption("a texture cannot be decoded") from error
        rgba.thumbnail((KEPT_TEXTURE_SIDE, KEPT_TEXTURE_SIDE))
        return np.asarray(rgba, np.uint8)

    def view_bytes(self, index: int) -> bytes:
        """Return the bytes of a buffer view."""
        view = self.gltf.bufferViews[checked_index(index, self.gltf.bufferViews)]
        start, length = int(view.byteOffset or 0), int(view.byteLength)
        if view.buffer != 0 or start < 0 or length < 0 or start + length > len(self.blob):
            raise ValueError("a buffer view reaches past the end of the file")
        return self.blob[start : start + length]

    def accessor(self, index: int | None, kind: str, count: int | None = None) -> NDArray[Any]:
        """Return an accessor's values, (n, width), normalised integers as floats."""
        if index is None:
            raise ValueError("a mesh has no positions")
        entry = self.gltf.accessors[checked_index(index, self.gltf.accessors)]
        if entry.sparse is not None or entry.bufferView is None:
            raise UserError(f"“{self.name}” uses sparse data.", "Export it without sparse accessors.")
        if entry.type != kind or (count is not None and entry.count != count):
            raise ValueError("an accessor is of the wrong type or length")
        if entry.componentType not in _COMPONENT_TYPES:
            raise ValueError("an accessor's numbers are of an unknown kind")
        dtype = np.dtype(_COMPONENT_TYPES[entry.componentType])
        width, size = _WIDTHS[kind], int(entry.count)
        if not 0 <= size <= MAX_VERTICES * 3:
            raise ValueError("an accessor is too large")
        view = self.gltf.bufferViews[checked_index(entry.bufferView, self.gltf.bufferViews)]
        raw = self.view_bytes(entry.bufferView)
        stride, offset = int(view.byteStride or dtype.itemsize * width), int(entry.byteOffset or 0)
        if offset < 0 or stride < dtype.itemsize * width:
            raise ValueError("an accessor's layout is not valid")
        if size and offset + stride * (size - 1) + dtype.itemsize * width > len(raw):
            raise ValueError("an accessor reaches past the end of its buffer")
        values = np.ndarray((size, width), dtype, raw, offset, (stride, dtype.itemsize))
        if entry.normalized and dtype.kind in "iu":
            return np.maximum(values / np.iinfo(dtype).max, -1.0)
        return values.copy()


def checked_index(value: Any, listed: Any) -> int:
    """Return `value` as a valid index of `listed`."""
    if type(value) is not int or not 0 <= value < len(listed):
        raise ValueError("it refers to something that does not exist")
    return value


def local_matrix(node: Any) -> NDArray[np.float64]:
    """Local transform (4, 4) of a glTF node."""
    if node.matrix is not None:
        return _finite(np.asarray(node.matrix, np.float64).reshape(4, 4).T)
    matrix = np.eye(4)
    x, y, z, w = np.asarray(node.rotation or (0, 0, 0, 1), np.float64)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix[:3, :3] = rotation * np.asarray(node.scale or (1, 1, 1), np.float64)
    matrix[:3, 3] = node.translation or (0, 0, 0)
    return _finite(matrix)


def _finite(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.isfinite(matrix).all():
        raise ValueError("a node's place is not a number")
    return matrix


def transformed_uv(uv: NDArray[np.float64], extensions: Mapping[str, Any]) -> NDArray[np.float64]:
    """Apply KHR_texture_transform."""
    transform = extensions.get("KHR_texture_transform")
    if not transform:
        return uv
    angle = float(transform.get("rotation", 0.0))
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    scaled = uv * np.asarray(transform.get("scale", (1, 1)), np.float64)
    return np.asarray(scaled @ rotation.T + np.asarray(transform.get("offset", (0, 0)), np.float64))


def to_srgb(linear: float) -> float:
    """Encode a linear factor 0..1 with the sRGB curve."""
    linear = min(max(linear, 0.0), 1.0)
    return linear * 12.92 if linear <= 0.0031308 else float(1.055 * linear ** (1 / 2.4) - 0.055)
