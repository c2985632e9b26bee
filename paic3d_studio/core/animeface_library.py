"""The shared library inside PyPI's `animeface` 2.0.3 (AnimeFace 2009), called directly.

The package's own Python call finds nothing with Pillow 12 and later and holds the interpreter lock all the while.
Its library is plain C: it works with any Pillow, lets other threads run, and may be called from several at once.
Layouts below follow its exported interface: images are float (rows, columns, channels), blue first, 0..255.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MAX_FACES: Final = 4096
_EDGE_GAIN: Final = 4.0
_NETWORKS: Final = (
    "nv_face_mlp_dir",
    "nv_face_mlp_face_00",
    "nv_face_mlp_face_01",
    "nv_face_mlp_face_02",
    "nv_face_mlp_parts",
)


class LibraryMissing(Exception):
    """The package has no library for this platform, or it is not installed."""


@dataclasses.dataclass(frozen=True)
class Box:
    """An upright box in pixels: left, top, width, height, pixel edges at whole numbers."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box, (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclasses.dataclass(frozen=True)
class FoundFace:
    """One face with its parts, in pixels of the searched picture; right and left are the character's.

    `nose` and `chin` are points: boxes of no size. `likelihood` is 0..1.
    """

    likelihood: float
    face: Box
    left_eye: Box
    right_eye: Box
    nose: Box
    mouth: Box
    chin: Box

    def mapped(self, change: Callable[[Box], Box]) -> FoundFace:
        """Return the face with every box changed alike."""
        return FoundFace(
            likelihood=self.likelihood,
            face=change(self.face),
            left_eye=change(self.left_eye),
            right_eye=change(self.right_eye),
            nose=change(self.nose),
            mouth=change(self.mouth),
            chin=change(self.chin),
        )


@dataclasses.dataclass(frozen=True)
class SearchPass:
    """How densely windows are laid: `step` in window-relative pixels and `scale` between window sizes.

    `smallest` is the side of the smallest window in pixels.
    """

    step: float = 4.0
    scale: float = 1.095
    smallest: float = 42.592


class _Matrix(ctypes.Structure):
    """The library's image: `step` floats per pixel, row after row."""

    _fields_ = (
        ("list", ctypes.c_int),
        ("list_step", ctypes.c_uint),
        ("n", ctypes.c_int),
        ("m", ctypes.c_int),
        ("rows", ctypes.c_int),
        ("cols", ctypes.c_int),
        ("step", ctypes.c_int),
        ("alias", ctypes.c_int),
        ("v", ctypes.POINTER(ctypes.c_float)),
    )


class _Rect(ctypes.Structure):
    _fields_ = (("x", ctypes.c_int), ("y", ctypes.c_int), ("width", ctypes.c_int), ("height", ctypes.c_int))


class _FacePosition(ctypes.Structure):
    _fields_ = (
        ("likelihood", ctypes.c_float),
        ("face", _Rect),
        ("left_eye", _Rect),
        ("right_eye", _Rect),
        ("nose", _Rect),
        ("mouth", _Rect),
        ("chin", _Rect),
    )


def find_faces(rgb: NDArray[np.uint8], *, search: SearchPass) -> tuple[FoundFace, ...]:
    """Search a picture for upright faces of illustrated characters.

    The library wants about a fifth of the face's size as margin around it.

    Args:
        rgb: uint8 (H, W, 3).
        search: how densely to look.

    Raises:
        LibraryMissing: there is no library for this platform.
    """
    library = _library()
    height, width = rgb.shape[:2]
    with _Images(library) as images:
        bgr, grey, smooth, edge = (images.new(count, height, width) for count in (3, 1, 1, 1))
        grey_sums, edge_sums = (images.new(1, height + 1, width + 1) for _ in range(2))
        _pixels(bgr)[:, :, :3] = rgb[:, :, ::-1]
        library.nv_gray(grey, bgr)
        library.nv_gaussian5x5(smooth, 0, grey, 0)
        library.nv_laplacian1(edge, smooth, ctypes.c_float(_EDGE_GAIN))
        library.nv_integral(grey_sums, grey, 0)
        library.nv_integral(edge_sums, edge, 0)
        found = (_FacePosition * MAX_FACES)()
        count = _detect(library, found, grey_sums, edge_sums, _Rect(0, 0, width, height), search)
    return tuple(_found_face(found[index]) for index in range(min(count, MAX_FACES)))


def _detect(library: ctypes.CDLL, found: Any, grey_sums: Any, edge_sums: Any, area: _Rect, search: SearchPass) -> int:
    """Call the library's search with its own networks; return the number of faces in `found`."""
    direction, first, second, third, parts = (ctypes.byref(_Network.in_dll(library, name)) for name in _NETWORKS)
    stages = (ctypes.c_void_p * 3)(ctypes.addressof(second._obj), ctypes.addressof(third._obj), None)  # type: ignore[attr-defined]
    return int(
        library.nv_face_detect(
            found,
            MAX_FACES,
            grey_sums,
            edge_sums,
            ctypes.byref(area),
            direction,
            first,
            stages,
            2,
            parts,
            ctypes.c_float(search.step),
            ctypes.c_float(search.scale),
            ctypes.c_float(search.smallest),
        )
    )


class _Network(ctypes.Structure):
    """A network's weights: only its address is used here."""

    _fields_ = (("input", ctypes.c_int),)


class _Images:
    """The library's images of one search; freed together."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._images: list[Any] = []

    def __enter__(self) -> _Images:
        return self

    def __exit__(self, *_: object) -> None:
        for image in self._images:
            self._library.nv_matrix_free(ctypes.byref(image))

    def new(self, channels: int, rows: int, columns: int) -> Any:
        """Return a pointer to a new image filled with zeros."""
        image = self._library.nv_matrix3d_alloc(channels, rows, columns)
        if not image:
            raise MemoryError
        self._images.append(image)
        self._library.nv_matrix_zero(image)
        return image


def _pixels(image: Any) -> NDArray[np.float32]:
    """Return the library's pixels as an array to write into: float32 (rows, columns, step)."""
    matrix = image.contents
    return np.ctypeslib.as_array(matrix.v, shape=(matrix.rows, matrix.cols, matrix.step))


def _found_face(position: _FacePosition) -> FoundFace:
    def box(rect: _Rect) -> Box:
        return Box(float(rect.x), float(rect.y), float(rect.width), float(rect.height))

    return FoundFace(
        likelihood=float(position.likelihood),
        face=box(position.face),
        left_eye=box(position.left_eye),
        right_eye=box(position.right_eye),
        nose=box(position.nose),
        mouth=box(position.mouth),
        chin=box(position.chin),
    )


@functools.cache
def _library() -> ctypes.CDLL:
    """Load the library once.

    Raises:
        LibraryMissing: no candidate loads and has what is needed.
    """
    for path in _candidates():
        try:
            library = ctypes.CDLL(str(path))
            _declare(library)
        except (OSError, AttributeError, ValueError):  # not for this platform, or not this library
            continue
        return library
    raise LibraryMissing


def _candidates() -> Iterator[Path]:
    """List where wheels keep the library: beside the package (Linux), inside it (macOS), behind its extension."""
    spec = importlib.util.find_spec("animeface")
    if spec is None or spec.origin is None:
        return
    package = Path(spec.origin).parent
    yield from sorted((package.parent / "animeface.libs").glob("libnvxs*"))
    yield from sorted((package / ".dylibs").glob("libnvxs*"))
    yield from sorted(package.glob("_nvxs*.so"))


def _declare(library: ctypes.CDLL) -> None:
    """Tell ctypes the functions' types.

    Raises:
        AttributeError: a function is missing.
        ValueError: a network is missing.
    """
    matrix = ctypes.POINTER(_Matrix)
    library.nv_matrix3d_alloc.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
    library.nv_matrix3d_alloc.restype = matrix
    library.nv_matrix_zero.argtypes = [matrix]
    library.nv_matrix_zero.restype = None
    library.nv_matrix_free.argtypes = [ctypes.POINTER(matrix)]
    library.nv_matrix_free.restype = None
    library.nv_gray.argtypes = [matrix, matrix]
    library.nv_gray.restype = None
    library.nv_gaussian5x5.argtypes = [matrix, ctypes.c_int, matrix, ctypes.c_int]
    library.nv_gaussian5x5.restype = None
    library.nv_laplacian1.argtypes = [matrix, matrix, ctypes.c_float]
    library.nv_laplacian1.restype = None
    library.nv_integral.argtypes = [matrix, matrix, ctypes.c_int]
    library.nv_integral.restype = None
    library.nv_face_detect.restype = ctypes.c_int
    for name in _NETWORKS:
        _Network.in_dll(library, name)
