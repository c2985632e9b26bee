"""The named values that travel from the picture to the mesh, and their content keys.

Each artefact is a frozen dataclass whose arrays are read-only. `pipeline/stages.py` says which stage makes which.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ALIGNED_SIZE: Final = 512
"""Side of the aligned square in pixels (PAniC-3D, section 3)."""

BOX_SIDE: Final = 0.7
"""Side of the cube that holds the radiance field, in metres; its centre is the origin of the field frame."""

FEATURE_NAMES: Final = ("right_eye", "left_eye", "mouth", "nose")
"""Facial features that get a hull. Right and left are the character's."""


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view of `array` (a copy when others could still write to it)."""
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


class _Artefact:
    """Makes every array field of a frozen dataclass read-only."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, _frozen(value))


@dataclasses.dataclass(frozen=True, eq=False)
class Portrait(_Artefact):
    """The artist's picture: sRGB, straight alpha, uint8 (H, W, 4), full resolution of her file.

    `has_alpha` is True when the file carried an alpha channel that really separates something.
    """

    rgba: NDArray[np.uint8]
    has_alpha: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Matte(_Artefact):
    """What belongs to the character: alpha uint8 (H, W) over the Portrait's pixels, 255 = character."""

    alpha: NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, eq=False)
class Landmarks(_Artefact):
    """28 face landmarks in the order of the specification (section 1.1), in Portrait pixels.

    `points` float32 (28, 2) as (x, y), pixel centres at +0.5; `scores` float32 (28,) in 0..1; `source` names the
    detector, or "artist" when she placed eyes and mouth by hand; `warning` is a sentence for the artist when the
    detector was unsure or saw more than one face, else empty.
    """

    points: NDArray[np.float32]
    scores: NDArray[np.float32]
    source: str
    warning: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Alignment(_Artefact):
    """Similarity from Portrait pixels to the aligned 512 square: float64 (2, 3), q = M[:, :2] p + M[:, 2]."""

    matrix: NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class AlignedPortrait(_Artefact):
    """The portrait in the aligned square: sRGB, straight alpha, uint8 (512, 512, 4)."""

    rgba: NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, eq=False)
class FeatureHulls:
    """Polygons inside which lines stay: feature name -> float64 (n, 2) in aligned pixels, (x, y).

    All are convex but those named in `free`, which may have dents, and even cross themselves.
    """

    polygons: Mapping[str, NDArray[np.float64]]
    free: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class KeepMask(_Artefact):
    """True where the artist's lines stay: bool (512, 512)."""

    mask: NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False)
class LineMask(_Artefact):
    """True where the infill network repaints: bool (512, 512); never True under the keep mask.

    `shares` says how much of the repainted picture is laid over the drawn one there, uint8 (512, 512), 0 outside the
    mask; None where no soft stroke asks for less than all.
    """

    mask: NDArray[np.bool_]
    shares: NDArray[np.uint8] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class RenderLike(_Artefact):
    """The line-free picture: sRGB, straight alpha, uint8 (512, 512, 4)."""

    rgba: NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, eq=False)
class TagFeatures(_Artefact):
    """What the tagger sees in the aligned original: float32 (C, 8, 8), row 0 at the top; C is 0 where nobody asks.

    `warning` is a sentence for the artist when zeros stand in for the features, else empty.
    """

    features: NDArray[np.float32]
    warning: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class DensityLattice(_Artefact):
    """Density on an exact lattice over the box: float32 (n, n, n) indexed [x, y, z].

    Sample i along an axis lies at `-box_side / 2 + i * box_side / (n - 1)`: the corners of the box are samples.
    Density is what the ray marcher takes (specification, section 1.7), larger is denser.
    """

    density: NDArray[np.float32]
    box_side: float = BOX_SIDE

    @property
    def spacing(self) -> float:
        """Distance between neighbouring samples in metres."""
        return float(self.box_side / (self.density.shape[0] - 1))


@dataclasses.dataclass(frozen=True, eq=False)
class FieldVolume(_Artefact):
    """What the viewport draws: sRGB colour and opacity per voxel, uint8 (n, n, n, 4) indexed [z, y, x] (GL order).

    Voxel centres at +0.5 (as a GL texture): voxel i covers `[-s/2 + i s/n, -s/2 + (i+1) s/n]` with s = `box_side`.
    Opacity is the alpha of a ray that crosses one voxel, 0..255, straight (colour not premultiplied).
    """

    rgba: NDArray[np.uint8]
    box_side: float = BOX_SIDE


@dataclasses.dataclass(frozen=True, eq=False)
class SurfaceMesh(_Artefact):
    """An unwrapped surface in the field frame (metres; x to the picture's right, y up, the face looks along +z).

    `vertices` float32 (v, 3), `normals` float32 (v, 3) unit and outward, `uv` float32 (v, 2) in 0..1 with v up
    (origin bottom left), `faces` int32 (f, 3) counter-clockwise seen from outside. Vertices are split at seams:
    weld equal positions before judging whether it is watertight.
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    uv: NDArray[np.float32]
    faces: NDArray[np.int32]


@dataclasses.dataclass(frozen=True, eq=False)
class TexturedMesh(_Artefact):
    """A surface with its texture: sRGB uint8 (t, t, 3), row 0 at the top (v = 1)."""

    surface: SurfaceMesh
    texture: NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class ExportReport:
    """What an export wrote: every path, bytes in all, and counts of vertices, faces and open edges."""

    paths: tuple[str, ...]
    bytes_written: int
    vertices: int
    faces: int
    open_edges: int


def content_key(value: object) -> str:
    """Return a sha256 hex digest of a value: equal content, equal key, in every process.

    Understands artefacts (any dataclass), arrays, mappings with string keys, sequences, text, bytes, numbers, None.

    Raises:
        TypeError: `value` holds something else, so its content cannot be known.
    """
    digest = hashlib.sha256()
    _feed(digest, value)
    return digest.hexdigest()


def _feed(digest: Any, value: object) -> None:
    """Feed `value` to `digest` with a type tag before each part, so that different values never share their bytes."""
    match value:
        case np.ndarray():
            digest.update(f"array:{value.dtype.str}:{value.shape}:".encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        case bytes():
            digest.update(f"bytes:{len(value)}:".encode())
            digest.update(value)
        case str():
            encoded = value.encode()
            digest.update(f"str:{len(encoded)}:".encode())
            digest.update(encoded)
        case None | bool() | int() | float():
            digest.update(f"{type(value).__name__}:{value!r};".encode())
        case Mapping():
            digest.update(f"map:{len(value)}:".encode())
            for key in sorted(value):
                _feed(digest, key)
                _feed(digest, value[key])
        case tuple() | list():
            digest.update(f"seq:{len(value)}:".encode())
            for item in value:
                _feed(digest, item)
        case _ if dataclasses.is_dataclass(value):
            digest.update(f"{type(value).__name__}:".encode())
            for field in dataclasses.fields(value):
                _feed(digest, field.name)
                _feed(digest, getattr(value, field.name))
        case _:
            raise TypeError(f"no content key for {type(value).__name__}")
