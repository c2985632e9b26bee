"""The project file `.paic3d`: the artist's picture and everything she decided, in one zip archive.

    project.json    format, version, the picture's name and digest, and the decisions of `Project` by name
    picture         the picture file as it was, byte for byte
    preview.png     a small picture of it, for lists of recent files

Nothing that can be computed is kept, but for the face that was found, once edits stand on it. A newer version of the
format is refused with a sentence; an older one is read, and what it lacks takes its default. The file is untrusted:
nothing is unpacked to the disk, and sizes are bounded before and while they are read. Equal projects make equal bytes.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from paic3d_studio.core.hulls import MIN_VERTICES, is_convex
from paic3d_studio.core.strokes import MAX_RADIUS
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.project.codec import MAX_TEXT, Damaged, decoded, plain
from paic3d_studio.project.state import FARTHEST, PictureSource, Project

SUFFIX: Final = ".paic3d"
FORMAT: Final = "paic3d-project"
VERSION: Final = 4

FORMER_SLOPES: Final = {"grazing": 0.25, "facing": 0.55}
"""Between which slopes the artist's pixels faded until they were seen to be smeared there; nobody could choose them."""

_STATE: Final = "project.json"
_PICTURE: Final = "picture"
_PREVIEW: Final = "preview.png"
_SUSPICIOUS_FROM: Final = 1 << 20
_MOST_PACKED: Final = 100
"""From so many bytes on an entry may be no more than so many times as large as it is packed: decisions of an artist are
some 3 to 10 times; a file made to fill the memory is a thousand times."""

_LIMITS: Final[Mapping[str, int]] = {_STATE: 32 << 20, _PICTURE: 1 << 30, _PREVIEW: 4 << 20}
"""What a project file holds, and the most bytes that each entry may have."""

_UNREADABLE: Final = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,  # an encrypted entry, or a way of compression that is not built in
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
)
"""What reading a damaged zip archive may end in."""

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
_REACH: Final = 2 * FARTHEST
_ZIP: Final = b"PK\x03\x04"


def is_project(content: bytes) -> bool:
    """Return whether a file's bytes claim to be a project: a zip archive, as no picture is one."""
    return content.startswith(_ZIP)


def encoded_project(project: Project, *, preview: bytes = b"") -> bytes:
    """Return a project as the bytes of its file; `preview` is a small PNG, or empty."""
    decisions = {field.name: plain(getattr(project, field.name)) for field in fields(Project) if field.name != _PICTURE}
    picture = {"name": project.picture.name[:MAX_TEXT], "sha256": project.picture.sha256}
    _refuse_impossible(project)
    state = {"format": FORMAT, "version": VERSION, "picture": picture, "decisions": decisions}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, _STATE, _json(state), zipfile.ZIP_DEFLATED)
        _add(archive, _PICTURE, project.picture.encoded, zipfile.ZIP_STORED)
        if preview:
            _add(archive, _PREVIEW, preview, zipfile.ZIP_STORED)
    return buffer.getvalue()


def _json(state: Mapping[str, object]) -> bytes:
    """Return JSON in UTF-8; what that cannot hold, as in file names that are no text, becomes JSON's own escapes."""
    return json.dumps(state, ensure_ascii=False, indent=1).encode(errors="backslashreplace")


def write_project(project: Project, path: Path, *, preview: bytes = b"") -> int:
    """Write a project file, whole or not at all; returns its bytes.

    Raises:
        UserError: the folder is missing or write-protected, the disk is full, or the target is a folder.
    """
    return write_files({path: encoded_project(project, preview=preview)})


def decoded_project(content: bytes, *, name: str) -> Project:
    """Return the project that a file's bytes hold.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        UserError: the bytes are no project file, damaged, or of a newer version of the format.
    """
    try:
        entries = _entries(content)
        state = _state(entries[_STATE], name=name)
        picture = _picture(state["picture"], entries[_PICTURE])
        decisions = _without_former_slopes(state["decisions"])
        project = decoded(Project, decisions, where="decisions", given={_PICTURE: picture})
        _refuse_impossible(project)
    except (Damaged, KeyError, ValueError, RecursionError) as error:
        what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else error
        raise UserError(
            f"The project file “{name}” is damaged ({what}).", "Open a copy of it, or begin anew from the picture."
        ) from error
    return project


def preview_of(path: Path) -> bytes:
    """Return the small picture in a project file, a PNG; empty when there is none or the file cannot be read."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return _read(archive, archive.getinfo(_PREVIEW))
    except (*_UNREADABLE, KeyError, Damaged):
        return b""


def _add(archive: zipfile.ZipFile, name: str, content: bytes, way: int) -> None:
    entry = zipfile.ZipInfo(name, date_time=_LONG_AGO)
    entry.compress_type = way
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # the same on every system, so that equal projects make equal bytes
    archive.writestr(entry, content)


def _entries(content: bytes) -> dict[str, bytes]:
    """Return the entries of the archive that a project file holds; what else is in it is not read.

    Raises:
        Damaged: it is no such archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            if len(infos) > 4 * len(_LIMITS) or len({info.filename for info in infos}) < len(infos):
                raise Damaged("entries that no project has")
            return {info.filename: _read(archive, info) for info in infos if info.filename in (_STATE, _PICTURE)}
    except _UNREADABLE as error:
        raise Damaged(str(error) or type(error).__name__) from error


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return an entry, no more of it than its limit."""
    limit = _LIMITS[info.filename]
    way = zipfile.ZIP_DEFLATED if info.filename == _STATE else zipfile.ZIP_STORED  # a picture is as large as its file
    swollen = info.file_size > _SUSPICIOUS_FROM and info.file_size > _MOST_PACKED * max(1, info.compress_size)
    if info.file_size > limit or info.compress_type != way or swollen:
        raise Damaged(f"{info.filename} is too large or packed in another way")
    with archive.open(info) as entry:
        content = entry.read(limit + 1)
    if len(content) != info.file_size:
        raise Damaged(f"{info.filename} has another size than it says")
    return content


def _state(encoded: bytes, *, name: str) -> dict[str, Any]:
    state = json.loads(encoded)
    if not isinstance(state, dict) or state.get("format") != FORMAT or type(state.get("version")) is not int:
        raise Damaged("no project is in it")
    if state["version"] > VERSION:
        raise UserError(
            f"“{name}” was made by a newer version of the studio: its format is {state['version']}, not {VERSION}.",
            "Install the newer version to open it.",
        )
    return state


def _without_former_slopes(decisions: Any) -> Any:
    """Return the decisions of a file; those that hold FORMER_SLOPES lack them, and take today's."""
    try:
        settings = decisions["settings"]
        texture = settings["texture"]
        stitching = texture["stitching"]
        former = all(stitching[name] == value for name, value in FORMER_SLOPES.items())
    except (KeyError, TypeError):
        return decisions
    if not former:
        return decisions
    kept = {name: value for name, value in stitching.items() if name not in FORMER_SLOPES}
    return decisions | {"settings": settings | {"texture": texture | {"stitching": kept}}}


def _picture(described: object, encoded: bytes) -> PictureSource:
    if not isinstance(described, dict) or not isinstance(described.get("name"), str):
        raise Damaged("the picture has no name")
    picture = PictureSource(name=os.path.basename(described["name"][:MAX_TEXT]), encoded=encoded)  # noqa: PTH119
    if picture.sha256 != described.get("sha256"):
        raise Damaged("the picture is not the one that was saved")
    return picture


def _refuse_impossible(project: Project) -> None:
    """Make sure of what the types do not say: what is not free is convex, and places lie where a picture can be."""
    for feature, polygon in project.hull_edits.items():
        well_formed = len(polygon) >= MIN_VERTICES if feature in project.free_hulls else is_convex(polygon)
        if len(polygon) > 1000 or not _in_reach(polygon) or not well_formed:
            raise Damaged(f"the hull “{feature}” is no polygon that a hull can have")
    for stroke in (*project.strokes, *project.matte_strokes):
        if not 0 < stroke.radius <= MAX_RADIUS:
            raise Damaged("a stroke has no width, or is wider than every picture")
        if not _in_reach(stroke.points):
            raise Damaged("a stroke lies outside every picture")
    face = project.landmark_edit
    moved = tuple(one.place for one in project.landmark_moves)
    moved += () if project.found_face is None else project.found_face.points
    if not _in_reach(moved) or (face is not None and not _in_reach((face.right_eye, face.left_eye, face.mouth))):
        raise Damaged("the face lies outside every picture")


def _in_reach(points: tuple[tuple[float, float], ...]) -> bool:
    return bool(np.all(np.abs(np.asarray(points, np.float64)) <= _REACH))
