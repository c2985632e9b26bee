"""Pictures that come by dropping or pasting: a file, or pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData
from PySide6.QtGui import QImage, QImageWriter

from paic3d_studio.core.image import PICTURE_SUFFIXES
from paic3d_studio.project.file import SUFFIX

_STARS: Final = " ".join("*" + suffix for suffix in PICTURE_SUFFIXES)

OPEN_FILTER: Final = f"Pictures and projects ({_STARS} *{SUFFIX});;All files (*)"

_ENCODED: Final = ("image/png", "image/jpeg", "image/webp", "image/bmp", "image/tiff", "image/gif")


@dataclass(frozen=True)
class FoundPicture:
    """A path, or the bytes of a picture file with a name for it, or what encodes pixels so, which takes a while."""

    source: str | bytes | Callable[[], bytes]
    name: str = ""


def picture_in(data: QMimeData | None, *, only_asking: bool = False) -> FoundPicture | None:
    """Return the picture that was dropped or copied; None when there is none.

    A file comes before pixels, and bytes as they were encoded before pixels that Qt decoded, so that nothing is lost.
    Whether a file is a good picture is for the session to say. `only_asking` encodes nothing.
    """
    if data is None:
        return None
    for url in data.urls():
        if url.isLocalFile():
            return FoundPicture(url.toLocalFile())
    for mime in _ENCODED:
        if data.hasFormat(mime):
            encoded = b"" if only_asking else bytes(data.data(mime).data())
            if encoded or only_asking:
                return FoundPicture(encoded, f"pasted.{mime.split('/')[1]}")
    if data.hasImage():
        return FoundPicture(b"" if only_asking else partial(_as_png, QImage(data.imageData())), "pasted.png")
    text = data.text().strip()
    if "\n" not in text and _names_a_picture(text):
        return FoundPicture(text)
    return None


def further_files(data: QMimeData | None) -> list[str]:
    """Return the files that were dropped or copied together with the one that `picture_in` names."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()][1:] if data is not None else []


def _names_a_picture(text: str) -> bool:
    try:
        return Path(text).suffix.lower() in (*PICTURE_SUFFIXES, SUFFIX) and Path(text).is_file()
    except OSError:  # too long for a path: the address of a picture elsewhere, say
        return False


def _as_png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())
