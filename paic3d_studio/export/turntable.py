"""The head from all sides: a sheet of pictures, or a picture that turns."""

from __future__ import annotations

import dataclasses
import errno
import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from paic3d_studio.core.countdown import Countdown
from paic3d_studio.core.image import encode_png
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.terms import Terms
from paic3d_studio.errors import UserError
from paic3d_studio.export.exporters import sidecar_of
from paic3d_studio.files import write_files

Sidecar = Callable[[Mapping[Path, bytes]], bytes]
"""The files of a turntable, to the content of the one that tells where it comes from."""

TURN: Final = 3600
"""Milliseconds that a moving picture takes for one turn of the head; it turns for ever."""

FILM_TURN: Final = 6000
"""Milliseconds that a film takes for its only turn: it should not be over after a glance."""

_ROOM: Final = "Make room on the disk for temporary files, or choose a turntable that ends in .gif or .png."
"""Cure of a film that was not encoded whole: a disk is full, and the encoder itself does not say so."""

_ELSEWHERE: Final = (
    "Let TMPDIR name another folder for temporary files, or choose a turntable that ends in .gif or .png."
)
"""Cure of a film for which no temporary file could be made."""

_ENCODING: Final = "encoding picture"

_PALETTE_FRAMES: Final = 8
"""So many frames of a moving picture decide about its colours."""


def contact_sheet(frames: Sequence[NDArray[np.uint8]], *, columns: int = 4, gap: int = 8) -> NDArray[np.uint8]:
    """Lay frames out on white, row by row.

    Args:
        frames: sRGB uint8 (h, w, 3), all of one size, at least one.
        columns: frames per row.
        gap: white pixels between frames and around them.
    """
    columns = min(columns, len(frames))
    height, width = frames[0].shape[:2]
    rows = -(-len(frames) // columns)
    sheet = np.full((gap + rows * (height + gap), gap + columns * (width + gap), 3), 255, dtype=np.uint8)
    for index, frame in enumerate(frames):
        row, column = divmod(index, columns)
        top, left = gap + row * (height + gap), gap + column * (width + gap)
        sheet[top : top + height, left : left + width] = frame[:, :, :3]
    return sheet


def _write(path: Path, content: bytes, sidecar: Sidecar | None) -> tuple[str, ...]:
    """Write a turntable, and what tells where it comes from, both or neither; return the paths written."""
    contents = {path: content}
    if sidecar is not None:
        contents[sidecar_of(path)] = sidecar({path: content})
    write_files(contents)
    return tuple(map(str, contents))


def write_contact_sheet(
    frames: Sequence[NDArray[np.uint8]],
    path: Path,
    *,
    columns: int = 4,
    gap: int = 8,
    sidecar: Sidecar | None = None,
    monitor: Monitor = SILENT,
) -> tuple[str, ...]:
    """Write a contact sheet of a turntable as PNG and return the paths written.

    `sidecar` as for every turntable: it makes the file that tells where the head comes from; None writes none.

    Raises:
        UserError: the file cannot be written.
        Cancelled: nothing was written.
    """
    monitor.check()
    return _write(path, encode_png(contact_sheet(frames, columns=columns, gap=gap)), sidecar)


def write_moving_picture(
    frames: Sequence[NDArray[np.uint8]], path: Path, *, sidecar: Sidecar | None = None, monitor: Monitor = SILENT
) -> tuple[str, ...]:
    """Write frames as a GIF that turns for ever, and return the paths written.

    All frames share one palette, so that no colour flickers.

    Args:
        frames: sRGB uint8 (h, w, 3), all of one size, at least one.
        path: where to.
        sidecar: makes the file that tells where the head comes from; None writes none.
        monitor: progress and cancel.

    Raises:
        UserError: the file cannot be written.
        Cancelled: nothing was written.
    """
    palette = _palette(frames[:: max(1, len(frames) // _PALETTE_FRAMES)])
    pictures = []
    countdown = Countdown(monitor, count=len(frames), doing=_ENCODING)
    for index, frame in enumerate(frames):
        countdown.tell(index)
        pictures.append(Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG))
    encoded = io.BytesIO()
    step = TURN // len(frames) // 10 * 10  # a GIF counts hundredths of a second
    pictures[0].save(encoded, "GIF", save_all=True, append_images=pictures[1:], duration=max(20, step), loop=0)
    return _write(path, encoded.getvalue(), sidecar)


def write_film(
    frames: Sequence[NDArray[np.uint8]], path: Path, *, sidecar: Sidecar | None = None, monitor: Monitor = SILENT
) -> tuple[str, ...]:
    """Write frames as an MP4 film of one turn, and return the paths written.

    The codec is VP9, which browsers, VLC, Blender and Windows play; where OpenCV has no encoder for it, MPEG-4 part 2.
    H.264, which older QuickTime players want, is not among OpenCV's encoders (its licence is not the program's).

    Args:
        frames: sRGB uint8 (h, w, 3), all of one size, at least one.
        path: where to.
        sidecar: makes the file that tells where the head comes from; None writes none.
        monitor: progress and cancel.

    Raises:
        UserError: there is no encoder, the folder for temporary files has no room, or the file cannot be written.
        Cancelled: nothing was written.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="paic3d-", ignore_cleanup_errors=True) as folder:
            file = Path(folder) / "film.mp4"
            _encode(frames, file, monitor)
            content = file.read_bytes()
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = error.strerror or error
        raise UserError(f"The film could not be encoded ({reason}).", _ROOM if full else _ELSEWHERE) from error
    return _write(path, content, sidecar)


def _encode(frames: Sequence[NDArray[np.uint8]], file: Path, monitor: Monitor) -> None:
    """Encode a film, and look at what became of it: the encoder itself is silent about a full disk."""
    height, width = (side - side % 2 for side in frames[0].shape[:2])  # the codecs want even sides
    film = _film(file, rate=1000 * len(frames) / FILM_TURN, size=(width, height))
    countdown = Countdown(monitor.child(0.0, 0.9), count=len(frames), doing=_ENCODING)
    try:
        for index, frame in enumerate(frames):
            countdown.tell(index)
            film.write(np.ascontiguousarray(frame[:height, :width, ::-1]))
    finally:
        film.release()
    monitor.report(0.9, "looking at the film")
    found = _frames_in(file)
    if found != len(frames):
        raise UserError(f"The film came out with {found} of {len(frames)} pictures.", _ROOM)


def _frames_in(file: Path) -> int:
    """Return how many frames of a film can be decoded."""
    film = cv2.VideoCapture(str(file))
    try:
        count = 0
        while film.grab():
            count += 1
        return count
    finally:
        film.release()


def _film(file: Path, *, rate: float, size: tuple[int, int]) -> cv2.VideoWriter:
    for codec in ("vp09", "mp4v"):
        film = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*codec), rate, size)
        if film.isOpened():
            return film
    raise UserError("There is no encoder for films here.", "Choose a turntable that ends in .gif or .png.")


def _palette(frames: Sequence[NDArray[np.uint8]]) -> Image.Image:
    """Return 256 colours for `frames`; each of theirs counts once, or an eye would take its colour from the hair."""
    colours = np.concatenate([frame.reshape(-1, 3) for frame in frames])
    shades = colours.astype(np.int64) // 8 @ np.array([32 * 32, 32, 1])
    _, first = np.unique(shades, return_index=True)
    return Image.fromarray(colours[first][None]).quantize(256, method=Image.Quantize.MEDIANCUT)


@dataclasses.dataclass(frozen=True)
class TurntableFormat:
    """How a turntable of one suffix is made: how many frames it wants, and what writes them.

    `share` is how much of the time after the mesh is finished goes into writing, the rest into drawing.
    """

    label: str
    frames: int
    write: Callable[..., tuple[str, ...]]
    share: float
    wants_terms: ClassVar[bool] = False

    def files(self, path: Path) -> tuple[Path, ...]:
        """Return all that is written for a turntable at `path`, what tells where it comes from last."""
        return path, sidecar_of(path)

    def check(self, terms: Terms) -> None:
        """Refuse no terms: a picture tells of none."""


TURNTABLES: Final[Mapping[str, TurntableFormat]] = {
    ".png": TurntableFormat("Turntable, a sheet of pictures", 8, write_contact_sheet, 0.1),
    ".gif": TurntableFormat("Turntable, a moving picture", 36, write_moving_picture, 0.2),
    ".mp4": TurntableFormat("Turntable, a film", 90, write_film, 0.6),
}
"""Suffix -> format."""

PICTURE_SIDES: Final = (256, 384, 512, 768, 1024)
"""Sides of a turntable's pictures to choose from, in pixels."""
