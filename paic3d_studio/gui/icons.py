"""Icons drawn as strokes in `resources/icons/`, coloured by the theme and sharp at every pixel ratio."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from paic3d_studio.gui import theme
from paic3d_studio.paths import resources_folder

_RATIOS = (1, 2, 3)
_SIZE = 20


@lru_cache(maxsize=128)
def icon(name: str, *, colour: str = theme.TEXT) -> QIcon:
    """Return the icon `resources/icons/<name>.svg` in `colour`; disabled it is faint, checked it takes the accent."""
    found = QIcon()
    for mode, state, shade in (
        (QIcon.Mode.Normal, QIcon.State.Off, colour),
        (QIcon.Mode.Normal, QIcon.State.On, theme.ACCENT if colour == theme.TEXT else colour),
        (QIcon.Mode.Disabled, QIcon.State.Off, "#59616d"),
        (QIcon.Mode.Disabled, QIcon.State.On, "#59616d"),
    ):
        for ratio in _RATIOS:
            found.addPixmap(pixmap(name, size=_SIZE, colour=shade, ratio=ratio), mode, state)
    return found


@lru_cache(maxsize=256)
def pixmap(name: str, *, size: int, colour: str = theme.TEXT, ratio: float = 1.0) -> QPixmap:
    """Return one icon drawn at `size` logical pixels for a screen with `ratio` device pixels per logical pixel."""
    drawing = (resources_folder() / "icons" / f"{name}.svg").read_bytes().replace(b"currentColor", colour.encode())
    image = QImage(QSize(round(size * ratio), round(size * ratio)), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(drawing)).render(painter, QRectF(0, 0, image.width(), image.height()))
    painter.end()
    drawn = QPixmap.fromImage(image)
    drawn.setDevicePixelRatio(ratio)
    return drawn


def app_icon() -> QIcon:
    """Return the program's own icon in the sizes that desktops ask for."""
    found = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        found.addPixmap(pixmap("app", size=size))
    return found
