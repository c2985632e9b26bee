"""The look of the studio: qdarkstyle's widgets in calmer colours, with our own spacing and accents, dark and light.

Neutral, so that the picture is the most colourful thing on the screen. One accent for what is active, one colour for
the line mask and one for the hulls, the same everywhere they appear. Behind the picture and the head it stays dark in
both: the same colours are to look the same.

The names in capitals are the colours of the theme in use; read them as `theme.TEXT`, when something is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from string import Template
from typing import TYPE_CHECKING, Final

from paic3d_studio.gui import language
from paic3d_studio.paths import resources_folder

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


@dataclass(frozen=True)
class Colours:
    """The colours of one theme, as "#rrggbb"."""

    base: str
    panel: str
    control: str
    raised: str
    pressed: str
    line: str
    edge: str
    """Round menus, indicators and fields under the pointer."""
    text: str
    text_soft: str
    text_faint: str
    disabled: str
    accent: str
    accent_fill: str
    accent_hover: str
    accent_pressed: str
    accent_dim: str
    accent_edge: str
    good: str
    warm: str
    bad: str
    good_ground: str
    warm_ground: str
    bad_ground: str
    handle: str
    """Of sliders."""
    scroll: str


THEMES: Final[Mapping[str, Colours]] = {
    "dark": Colours(
        base="#1a1d21", panel="#202429", control="#2b3037", raised="#363c45", pressed="#30363e", line="#30363e",
        edge="#454d59", text="#e6e9ee", text_soft="#a6aebb", text_faint="#858e9c", disabled="#59616d", accent="#8aa4ff",
        accent_fill="#4a63c9", accent_hover="#5871da", accent_pressed="#3f56b3", accent_dim="#2b3352",
        accent_edge="#44538c", good="#67cf9c", warm="#f2b866", bad="#ff7b7b", good_ground="#223329",
        warm_ground="#38301f", bad_ground="#3a2529", handle="#e6e9ee", scroll="#4b5461",
    ),
    "light": Colours(
        base="#eceef1", panel="#f7f8fa", control="#e1e4e9", raised="#d3d8df", pressed="#c6ccd5", line="#d5d9df",
        edge="#aab2bd", text="#1b1f26", text_soft="#495261", text_faint="#5f6876", disabled="#a3abb7", accent="#3350c4",
        accent_fill="#4a63c9", accent_hover="#3f57b8", accent_pressed="#354a9f", accent_dim="#dbe2fb",
        accent_edge="#9fb0ec", good="#1a7a4c", warm="#9a5b00", bad="#bf2f35", good_ground="#dcf0e4",
        warm_ground="#fbeccd", bad_ground="#fbdfe0", handle="#3f57b8", scroll="#b3bac4",
    ),
}  # fmt: skip
"""Name -> colours; without a wish of the system the first is taken."""

CANVAS: Final = "#131518"
"""Behind the picture and the head."""
MASK: Final = "#ff5d8f"
"""The line mask: what will be repainted."""
LINE_COLOURS: Final = {
    MASK: "Pink",
    "#ffb000": "Amber",
    "#3ddc84": "Green",
    "#3fa9ff": "Blue",
    "#b06bff": "Violet",
    "#ffffff": "White",
    "#000000": "Black",
}
"""Colours that the line mask can be shown in: on some drawing each of them is hard to see."""
HULL: Final = "#5fe0c8"
"""The feature hulls: where lines stay."""
GUIDE: Final = "#63c7ff"
"""The frame of the square, and the usual face to align by."""
KEEP: Final = "#8aa4ff"
"""Over the picture, what the cut-out brush keeps; the canvas is dark in both themes."""
UNSURE: Final = "#f2b866"
"""Over the picture, where the cut-out brush has the edge found anew."""
LANDMARK: Final = "#ffd166"
"""The landmarks of the face."""

BASE = PANEL = CONTROL = RAISED = LINE = TEXT = TEXT_SOFT = TEXT_FAINT = DISABLED = ""
ACCENT = ACCENT_FILL = ACCENT_DIM = GOOD = WARM = BAD = ""

FONT_FAMILIES: Final = ("Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "Cantarell", "DejaVu Sans")
_JAPANESE: Final = ("Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic UI", "IPAGothic")
_CHINESE: Final = ("Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei")
"""The same characters are drawn in other ways in Japan and in China: those of the artist's language come first."""

_QDARKSTYLE: Final = {
    "COLOR_BACKGROUND_1": "base", "COLOR_BACKGROUND_2": "panel", "COLOR_BACKGROUND_3": "control",
    "COLOR_BACKGROUND_4": "control", "COLOR_BACKGROUND_5": "raised", "COLOR_BACKGROUND_6": "raised",
    "COLOR_DISABLED": "text_faint", "COLOR_TEXT_1": "text", "COLOR_TEXT_2": "text", "COLOR_TEXT_3": "text_soft",
    "COLOR_TEXT_4": "text_soft", "COLOR_ACCENT_1": "accent_dim", "COLOR_ACCENT_2": "accent_fill",
    "COLOR_ACCENT_3": "accent_fill", "COLOR_ACCENT_4": "accent", "COLOR_ACCENT_5": "accent",
}  # fmt: skip
"""Colours of qdarkstyle's dark palette -> fields of `Colours`."""

_in_use = "dark"


def in_use() -> str:
    """Return the name of the theme in use."""
    return _in_use


def use(name: str) -> None:
    """Take the colours of a theme; what is drawn from now on has them, what is drawn already keeps its own."""
    global _in_use
    _in_use = name
    globals().update({field.upper(): colour for field, colour in asdict(THEMES[name]).items()})


use(_in_use)


def drawn_as(colour: str, *, in_theme: str) -> str:
    """Return what a colour of the theme `in_theme` is in the theme in use; any other colour stays as it is."""
    fields = [field for field, value in asdict(THEMES[in_theme]).items() if value == colour]
    return str(getattr(THEMES[_in_use], fields[0])) if fields else colour


def wanted_theme(choice: str, app: QApplication) -> str:
    """Return the theme for a choice: one of `THEMES`, or for anything else what the system asks for."""
    from PySide6.QtCore import Qt

    if choice in THEMES:
        return choice
    return "light" if app.styleHints().colorScheme() == Qt.ColorScheme.Light else "dark"


def apply_theme(app: QApplication) -> None:
    """Give the application its style sheet, palette and font."""
    from PySide6.QtGui import QColor, QFont, QPalette

    app.setStyle("Fusion")
    font = QFont()
    east = (*_CHINESE, *_JAPANESE) if language.in_use() == "zh_CN" else (*_JAPANESE, *_CHINESE)
    font.setFamilies([*FONT_FAMILIES, *east])
    font.setPointSizeF(9.5)
    app.setFont(font)
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, BASE),
        (QPalette.ColorRole.Base, BASE),
        (QPalette.ColorRole.AlternateBase, PANEL),
        (QPalette.ColorRole.WindowText, TEXT),
        (QPalette.ColorRole.Text, TEXT),
        (QPalette.ColorRole.ButtonText, TEXT),
        (QPalette.ColorRole.PlaceholderText, TEXT_FAINT),
        (QPalette.ColorRole.Button, CONTROL),
        (QPalette.ColorRole.Highlight, ACCENT_FILL),
        (QPalette.ColorRole.HighlightedText, "#ffffff"),
        (QPalette.ColorRole.Link, ACCENT),
    ):
        palette.setColor(role, QColor(colour))
    app.setPalette(palette)
    app.setStyleSheet(style_sheet())


def style_sheet() -> str:
    """Return qdarkstyle's sheet in the studio's colours, followed by the studio's own rules."""
    os.environ.setdefault("QT_API", "pyside6")
    import qdarkstyle
    from qdarkstyle.dark.palette import DarkPalette

    sheet: str = qdarkstyle.load_stylesheet(qt_api="pyside6", palette=DarkPalette)
    colours = THEMES[_in_use]
    for theirs, ours in _QDARKSTYLE.items():
        sheet = sheet.replace(getattr(DarkPalette, theirs), getattr(colours, ours))
    if _in_use == "light":  # arrows and marks are pictures: pale ones cannot be seen here
        from qdarkstyle.light import lightstyle_rc  # noqa: F401 holds the dark ones

        sheet = sheet.replace("qss_icons/dark/", "qss_icons/light/")
    return sheet + _own_rules(colours)


def _own_rules(colours: Colours) -> str:
    """Return `resources/style/studio.qss` with a theme's colours, and icons that are seen on them."""
    rules = Template((resources_folder() / "style" / "studio.qss").read_text("utf-8"))
    icons = (resources_folder() / "icons").as_posix()
    own = "" if _in_use == "dark" else f"-{_in_use}"
    return rules.substitute(asdict(colours), canvas=CANVAS, icons=icons, own=own)
