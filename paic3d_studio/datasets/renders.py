"""The dataset folder of renders: what training and the benchmark read, and what `dataset render` writes.

    FOLDER/dataset.json             format, version, size in pixels, box side in metres
    FOLDER/NAME/meta.json           source, licence, split, filter report, a camera per view
    FOLDER/NAME/VIEW.png            RGBA, 8 bit, sRGB, straight alpha
    FOLDER/NAME/VIEW.xyz.png        RGB, 16 bit: (xyz / 0.7 + 0.5) * 65535, xyz in metres in the field frame

`docs/datasets.md` describes it for people. Nothing in such a folder is trusted when it is read.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import secrets
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import BACK, FRONT, Camera
from paic3d_studio.datasets.names import SPLITS, Split, checked_name, is_allowed
from paic3d_studio.errors import UserError

FORMAT: Final = "paic3d-renders"
VERSION: Final = 1
DESCRIPTION: Final = "dataset.json"
META: Final = "meta.json"

ORTHOGRAPHIC_VIEWS: Final[Mapping[str, Camera]] = {
    "front": FRONT,
    "left": Camera(90.0, 0.0, 1.0, None),
    "right": Camera(-90.0, 0.0, 1.0, None),
    "back": BACK,
}
"""The four views without perspective; `left` sees the character's left side (specification, section 1.6)."""

PERSPECTIVE_VIEWS: Final = tuple(f"perspective_{k}" for k in range(8))
VIEW_NAMES: Final = (*ORTHOGRAPHIC_VIEWS, *PERSPECTIVE_VIEWS)

SIZES: Final = (8, 4096)
MAX_CHARACTERS: Final = 1_000_000
_MAX_JSON_BYTES: Final = 1 << 20
_MAX_PNG_BYTES: Final = 1 << 28
_STEPS: Final = 65535.0
_CURE: Final = "Render the folder again with “dataset render”."
_CONVENTIONS: Final = {
    "colour": "VIEW.png: sRGB, 8 bit, straight alpha",
    "xyz": "VIEW.xyz.png: RGB, 16 bit, (xyz / box_side + 0.5) * 65535; means nothing where alpha is 0",
    "frame": "metres; x to the right of the front picture, y up, the face looks along +z; "
    "origin 0.1 above the head bone",
    "camera": "degrees; azimuth 0 front, 90 the character's left side; positive elevation looks down; fov null: "
    "orthographic, as wide as the box",
}


@dataclass(frozen=True, eq=False)
class RenderView:
    """One picture of one character, row 0 at the top.

    `rgba` uint8 (S, S, 4) sRGB, straight alpha; `xyz` float32 (S, S, 3) metres in the field frame, where the pixel's
    surface is, 0 where alpha is 0.
    """

    rgba: NDArray[np.uint8]
    xyz: NDArray[np.float32]
    camera: Camera


@dataclass(frozen=True)
class CharacterMeta:
    """What a folder says of one character beside its pictures.

    `source` is the file's name and `sha256` that of its bytes, both empty for a character that came from no file;
    `licence` holds what the file says of its own terms, as it stands there; `report` holds what the filter measured;
    `cameras` names one camera per view.
    """

    source: str
    sha256: str
    split: Split
    cameras: Mapping[str, Camera]
    licence: Mapping[str, str] = dataclasses.field(default_factory=dict)
    report: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class RenderSet:
    """A dataset folder, read with every bound checked; pictures are decoded when they are asked for."""

    def __init__(self, folder: Path, *, size: int, metas: Mapping[str, CharacterMeta]) -> None:
        self.folder = folder
        self.size = size
        self._metas = dict(metas)

    @classmethod
    def open(cls, folder: Path) -> RenderSet:
        """Read the description of a folder and of every character in it.

        Raises:
            UserError: there is no such dataset, it is of another version, or something in it is not as documented.
        """
        size = read_size(folder)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entry.name for entry in entries if _is_character(entry))
        except OSError as error:
            raise UserError(f"“{folder}” cannot be read ({error.strerror}).", "Choose another folder.") from error
        if len(found) > MAX_CHARACTERS:
            raise UserError(f"“{folder}” holds more than {MAX_CHARACTERS} characters.", "Split it into several.")
        return cls(folder, size=size, metas={name: _read_meta(folder / name) for name in found})

    def names(self, split: Split | None = None) -> tuple[str, ...]:
        """Return the characters' names in alphabetical order: all, or those of one split."""
        return tuple(name for name, meta in self._metas.items() if split in (None, meta.split))

    def meta(self, name: str) -> CharacterMeta:
        """Return what the folder says of a character; KeyError when it is not there."""
        return self._metas[name]

    def views(self, name: str) -> tuple[str, ...]:
        """Return the names of a character's views in the order of `VIEW_NAMES`."""
        cameras = self._metas[name].cameras
        return tuple(view for view in VIEW_NAMES if view in cameras)

    def view(self, name: str, view: str) -> RenderView:
        """Decode one view.

        Raises:
            KeyError: the set does not list that character or view.
            UserError: a picture is missing, damaged, or of another size or kind than the folder says.
        """
        camera = self._metas[name].cameras[view]
        rgba = _read_png(self.folder / name / f"{view}.png", size=self.size, bits=8, colour_type=6)
        coded = _read_png(self.folder / name / f"{view}.xyz.png", size=self.size, bits=16, colour_type=2)
        xyz = (coded.astype(np.float32) / np.float32(_STEPS) - np.float32(0.5)) * np.float32(BOX_SIDE)
        xyz[rgba[..., 3] == 0] = 0
        return RenderView(rgba=rgba, xyz=xyz, camera=camera)


class RenderSetWriter:
    """Adds characters to a dataset folder, each whole or not at all; one writer at a time."""

    def __init__(self, folder: Path, *, size: int) -> None:
        self.folder = folder
        self.size = size

    @classmethod
    def create(cls, folder: Path, *, size: int) -> Self:
        """Make the folder, or go on with one of the same size; what an interrupted writer left behind is removed.

        Raises:
            UserError: the folder holds something else, is of another size, or cannot be written.
        """
        if not SIZES[0] <= size <= SIZES[1]:
            raise UserError(f"A size of {size} pixels is not between {SIZES[0]} and {SIZES[1]}.")
        description = {
            "format": FORMAT, "version": VERSION, "size": size, "box_side": BOX_SIDE, "conventions": _CONVENTIONS,
        }  # fmt: skip
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / DESCRIPTION).exists():
                held = read_size(folder)
                if held != size:
                    raise UserError(f"“{folder}” holds renders of {held} pixels, not {size}.", "Choose another folder.")
            elif any(folder.iterdir()):
                raise UserError(f"“{folder}” is not empty and holds no renders.", "Choose a new folder.")
            else:
                _write_file(folder / f".{DESCRIPTION}.part", _encoded_json(description))
                (folder / f".{DESCRIPTION}.part").replace(folder / DESCRIPTION)
            for left in folder.glob(".*.part-*"):
                shutil.rmtree(left)
        except OSError as error:
            raise _unwritable(folder, error) from error
        return cls(folder, size=size)

    def holds(self, name: str) -> bool:
        """Return whether a character is there already; its folder appears only when all of it is written."""
        return (self.folder / checked_name(name) / META).is_file()

    def meta(self, name: str) -> CharacterMeta:
        """Return what the folder says of a character that is there; UserError when it says nothing readable."""
        return _read_meta(self.folder / checked_name(name))

    def write(self, name: str, views: Mapping[str, RenderView], *, meta: CharacterMeta) -> Path:
        """Write a character beside its place, then rename it into it; an older one of that name is replaced.

        Args:
            name: becomes the folder's name.
            views: by names out of `VIEW_NAMES`; their cameras stand in for those of `meta`.
            meta: everything else that is told of it.

        Returns:
            The character's folder.

        Raises:
            UserError: the disk is full or write-protected.
            ValueError: a name or a size is not allowed: a bug in the caller.
        """
        target = self.folder / checked_name(name)
        beside = self.folder / f".{name}.part-{secrets.token_hex(4)}"
        meta = dataclasses.replace(meta, cameras={view: views[view].camera for view in VIEW_NAMES if view in views})
        if len(meta.cameras) != len(views) or not views:
            raise ValueError(f"views must be some of {VIEW_NAMES}, not {tuple(views)}")
        try:
            beside.mkdir()
            for view, seen in views.items():
                for suffix, encoded in encoded_view(seen, size=self.size).items():
                    _write_file(beside / f"{view}{suffix}", encoded)
            _write_file(beside / META, _encoded_json(_meta_json(meta)))
            if target.exists():
                target.rename(self.folder / f".{name}.part-{secrets.token_hex(4)}-old")
            beside.rename(target)
            for old in self.folder.glob(f".{name}.part-*-old"):
                shutil.rmtree(old)
        except OSError as error:
            shutil.rmtree(beside, ignore_errors=True)
            raise _unwritable(self.folder, error) from error
        return target


def encoded_view(seen: RenderView, *, size: int) -> dict[str, bytes]:
    """Return the two files of a view by their suffixes; ValueError when it is not of that size."""
    if seen.rgba.shape != (size, size, 4) or seen.rgba.dtype != np.uint8 or seen.xyz.shape != (size, size, 3):
        raise ValueError(f"a view must be uint8 ({size}, {size}, 4) with xyz ({size}, {size}, 3)")
    xyz = np.where(seen.rgba[..., 3:] > 0, seen.xyz, 0.0).astype(np.float64)
    if not np.isfinite(xyz).all():
        raise ValueError("xyz must be a number wherever alpha is above 0")
    coded = np.round((xyz / BOX_SIDE + 0.5).clip(0, 1) * _STEPS).astype(np.uint16)
    coded[seen.rgba[..., 3] == 0] = 0
    return {
        ".png": _encoded_png(cv2.cvtColor(np.ascontiguousarray(seen.rgba), cv2.COLOR_RGBA2BGRA)),
        ".xyz.png": _encoded_png(np.ascontiguousarray(coded[..., ::-1])),
    }


def read_size(folder: Path) -> int:
    """Return the size in pixels that a dataset's description names.

    Raises:
        UserError: this is no dataset of renders that this version reads.
    """
    if not (folder / DESCRIPTION).is_file():
        raise UserError(f"“{folder}” holds no dataset of renders.", "Make one with “dataset render SOURCE -o FOLDER”.")
    told = _read_json(folder / DESCRIPTION)
    if told.get("format") != FORMAT:
        raise UserError(f"“{folder / DESCRIPTION}” describes no renders.", _CURE)
    if told.get("version") != VERSION:
        raise UserError(f"“{folder}” is a dataset of another version than {VERSION}.", _CURE)
    size, side = told.get("size"), told.get("box_side")
    if type(size) is not int or not SIZES[0] <= size <= SIZES[1] or side != BOX_SIDE:
        raise UserError(f"“{folder / DESCRIPTION}” names an impossible size.", _CURE)
    return size


def _is_character(entry: os.DirEntry[str]) -> bool:
    """Return whether a directory entry is a finished character; anything else beside them is none of our business."""
    return is_allowed(entry.name) and entry.is_dir(follow_symlinks=False) and (Path(entry.path) / META).is_file()


def _read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of bounded size; UserError otherwise."""
    try:
        with path.open("rb") as file:
            encoded = file.read(_MAX_JSON_BYTES + 1)
        told = json.loads(encoded) if len(encoded) <= _MAX_JSON_BYTES else None
    except (OSError, ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise UserError(f"“{path}” cannot be read as a description.", _CURE)
    return told


def _read_meta(folder: Path) -> CharacterMeta:
    """Read and judge a character's description."""
    told = _read_json(folder / META)
    try:
        return CharacterMeta(
            source=_text(told["source"]["file"]),
            sha256=_text(told["source"]["sha256"]),
            split=_split(told["split"]),
            cameras={_view_name(view): _camera(camera) for view, camera in _object(told["views"]).items()},
            licence={_text(key): _text(value) for key, value in _object(told.get("licence", {})).items()},
            report=_object(told.get("filter", {})),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError(f"“{folder / META}” does not describe a character: {error}.", _CURE) from error


def _meta_json(meta: CharacterMeta) -> dict[str, Any]:
    """Return a character's description as it is written."""
    return {
        "source": {"file": meta.source, "sha256": meta.sha256},
        "licence": dict(meta.licence),
        "split": meta.split,
        "views": {view: dataclasses.asdict(camera) for view, camera in meta.cameras.items()},
        "filter": dict(meta.report),
    }


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("an object is missing")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return value


def _split(value: Any) -> Split:
    if value not in SPLITS:
        raise ValueError("its split is none of train, val and test")
    return cast(Split, value)


def _view_name(value: str) -> str:
    if value not in VIEW_NAMES:
        raise ValueError("a view has an unknown name")
    return value


def _camera(value: Any) -> Camera:
    """Return a camera with every number within reason."""
    told = _object(value)
    azimuth, elevation, distance, fov = (told[key] for key in ("azimuth", "elevation", "distance", "fov"))
    bounded = ((azimuth, -720, 720), (elevation, -90, 90), (distance, 0.1, 100))
    for number, low, high in (*bounded, *([(fov, 0.1, 170)] if fov is not None else [])):
        if type(number) not in (int, float) or not math.isfinite(number) or not low <= number <= high:
            raise ValueError("a camera's number is missing or out of bounds")
    return Camera(float(azimuth), float(elevation), float(distance), None if fov is None else float(fov))


def _read_png(path: Path, *, size: int, bits: int, colour_type: int) -> NDArray[Any]:
    """Decode a PNG whose header says exactly what is expected: RGB or RGBA, (size, size, 3 or 4)."""
    try:
        with path.open("rb") as file:
            encoded = file.read(_MAX_PNG_BYTES + 1)
    except OSError as error:
        raise UserError(f"“{path}” cannot be read ({error.strerror}).", _CURE) from error
    expected = struct.pack(">IIBB", size, size, bits, colour_type)
    if encoded[:8] != b"\x89PNG\r\n\x1a\n" or encoded[12:16] != b"IHDR" or encoded[16:26] != expected:
        raise UserError(f"“{path}” is not a PNG of {size} × {size} pixels of the documented kind.", _CURE)
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED) if _is_whole(encoded) else None
    channels = 4 if colour_type == 6 else 3
    if decoded is None or decoded.shape != (size, size, channels) or decoded.dtype.itemsize * 8 != bits:
        raise UserError(f"“{path}” is damaged.", _CURE)
    return np.ascontiguousarray(decoded[..., [2, 1, 0, 3][:channels]])


def _is_whole(encoded: bytes) -> bool:
    """Return whether a PNG is not too large and ends with its last chunk, so that no decoder guesses at the rest."""
    return len(encoded) <= _MAX_PNG_BYTES and encoded[-8:-4] == b"IEND"


def _encoded_png(array: NDArray[Any]) -> bytes:
    done, encoded = cv2.imencode(".png", array)
    if not done:
        raise RuntimeError("the PNG encoder failed")
    return encoded.tobytes()


def _encoded_json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _write_file(path: Path, content: bytes) -> None:
    """Write a file through to the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _unwritable(folder: Path, error: OSError) -> UserError:
    return UserError(
        f"“{folder}” cannot be written ({error.strerror or error}).", "Choose another folder or make room."
    )
