"""The head from all sides: a sheet of pictures, or a picture that turns."""

from __future__ import annotations

import dataclasses
import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from paic3d_studio.core.image import encode_png
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.terms import Terms
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files

TURN: Final = 3600
"""Milliseconds that a moving picture takes for one turn of the head."""

_TURNS: Final = 2
"""Turns of a film; a player that stops at its end should not do so after a glance."""

_ROOM: Final = "Make room on the disk for temporary files, or choose a turntable that ends in .gif or .png."
"""Cure of a film that was not encoded whole."""

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


def write_contact_sheet(
    frames: Sequence[NDArray[np.uint8]], path: Path, *, columns: int = 4, gap: int = 8, monitor: Monitor = SILENT
) -> tuple[str, ...]:
    """Write a contact sheet of a turntable as PNG and return the paths written.

    Raises:
        UserError: the file cannot be written.
        Cancelled: nothing was written.
    """
    monitor.check()
    write_files({path: encode_png(contact_sheet(frames, columns=columns, gap=gap))})
    return (str(path),)


def write_moving_picture(
    frames: Sequence[NDArray[np.uint8]], path: Path, *, monitor: Monitor = SILENT
) -> tuple[str, ...]:
    """Write frames as a GIF that turns for ever, and return the paths written.

    All frames share one palette, so that no colour flickers.

    Args:
        frames: sRGB uint8 (h, w, 3), all of one size, at least one.
        path: where to.
        monitor: progress and cancel.

    Raises:
        UserError: the file cannot be written.
        Cancelled: nothing was written.
    """
    palette = _palette(frames[:: max(1, len(frames) // _PALETTE_FRAMES)])
    pictures = []
    for index, frame in enumerate(frames):
        monitor.report(index / len(frames), "encoding the turntable")
        pictures.append(Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG))
    encoded = io.BytesIO()
    step = TURN // len(frames) // 10 * 10  # a GIF counts hundredths of a second
    pictures[0].save(encoded, "GIF", save_all=True, append_images=pictures[1:], duration=max(20, step), loop=0)
    write_files({path: encoded.getvalue()})
    return (str(path),)


def write_film(frames: Sequence[NDArray[np.uint8]], path: Path, *, monitor: Monitor = SILENT) -> tuple[str, ...]:
    """Write frames as an MP4 film of two turns, and return the paths written.

    The codec is VP9, which browsers, VLC, Blender and Windows play; where OpenCV has no encoder for it, MPEG-4 part 2.
    H.264, which older QuickTime players want, is not among OpenCV's encoders (its licence is not the program's).

    Args:
        frames: sRGB uint8 (h, w, 3), all of one size, at least one.
        path: where to.
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
        raise UserError(f"The film could not be encoded ({error.strerror or error}).", _ROOM) from error
    write_files({path: content})
    return (str(path),)


def _encode(frames: Sequence[NDArray[np.uint8]], file: Path, monitor: Monitor) -> None:
    """Encode a film, and look at what became of it: the encoder itself is silent about a full disk."""
    height, width = (side - side % 2 for side in frames[0].shape[:2])  # the codecs want even sides
    film = _film(file, rate=1000 * len(frames) / TURN, size=(width, height))
    expected = _TURNS * len(frames)
    try:
        for index in range(expected):
            monitor.report(0.9 * index / expected, "encoding the turntable")
            film.write(np.ascontiguousarray(frames[index % len(frames)][:height, :width, ::-1]))
    finally:
        film.release()
    monitor.report(0.9, "looking at the film")
    found = _frames_in(file)
    if found != expected:
        raise UserError(f"The film came out with {found} of {expected} pictures.", _ROOM)


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
    """How a turntable of one suffix is made: how many frames it wants, and what writes them."""

    label: str
    frames: int
    write: Callable[..., tuple[str, ...]]
    wants_terms: ClassVar[bool] = False

    def files(self, path: Path) -> tuple[Path, ...]:
        """Return all that is written for a turntable at `path`."""
        return (path,)

    def check(self, terms: Terms) -> None:
        """Refuse no terms: a picture tells of none."""


TURNTABLES: Final[Mapping[str, TurntableFormat]] = {
    ".png": TurntableFormat("Turntable, a sheet of pictures", 8, write_contact_sheet),
    ".gif": TurntableFormat("Turntable, a moving picture", 36, write_moving_picture),
    ".mp4": TurntableFormat("Turntable, a film", 90, write_film),
}
"""Suffix -> format."""

PICTURE_SIDES: Final = (256, 384, 512, 768, 1024)
"""Sides of a turntable's pictures to choose from, in pixels."""
