"""Icons drawn as strokes in `resources/icons/`, coloured by the theme and sharp at every pixel ratio."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QWidget

from paic3d_studio.gui import theme
from paic3d_studio.paths import resources_folder

_RATIOS = (1, 2, 3)
_SIZE = 20


_drawn: dict[int, tuple[str, str]] = {}
"""Cache key of an icon -> its name and colour, to draw it anew in another theme."""


def icon(name: str, *, colour: str = "") -> QIcon:
    """Return the icon `resources/icons/<name>.svg` in `colour`, that of text when empty.

    Disabled it is faint; checked an icon in the colour of text takes the accent.
    """
    return _icon(name, colour, theme.in_use())


def pixmap(name: str, *, size: int, colour: str = "", ratio: float = 1.0) -> QPixmap:
    """Return one icon drawn at `size` logical pixels for a screen with `ratio` device pixels per logical pixel."""
    return _pixmap(name, size, colour or theme.TEXT, ratio)


def draw_anew(widgets: Iterable[QWidget], *, in_theme: str) -> None:
    """Give buttons and actions, drawn while the theme `in_theme` was in use, their icons in the one in use now."""
    for widget in widgets:
        owners: list[QAbstractButton | QAction] = list(widget.actions())
        if isinstance(widget, QAbstractButton):
            owners.append(widget)
        for owner in owners:
            name, colour = _drawn.get(owner.icon().cacheKey(), ("", ""))
            if name:
                owner.setIcon(icon(name, colour=theme.drawn_as(colour, in_theme=in_theme)))


@lru_cache(maxsize=256)
def _icon(name: str, colour: str, _theme: str) -> QIcon:
    found = QIcon()
    for mode, state, shade in (
        (QIcon.Mode.Normal, QIcon.State.Off, colour or theme.TEXT),
        (QIcon.Mode.Normal, QIcon.State.On, colour or theme.ACCENT),
        (QIcon.Mode.Disabled, QIcon.State.Off, theme.DISABLED),
        (QIcon.Mode.Disabled, QIcon.State.On, theme.DISABLED),
    ):
        for ratio in _RATIOS:
            found.addPixmap(pixmap(name, size=_SIZE, colour=shade, ratio=ratio), mode, state)
    _drawn[found.cacheKey()] = (name, colour)
    return found


@lru_cache(maxsize=512)
def _pixmap(name: str, size: int, colour: str, ratio: float) -> QPixmap:
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
