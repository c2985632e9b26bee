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
    return sheet + _own_rules(colours)


def _own_rules(c: Colours) -> str:
    own = "" if _in_use == "dark" else f"-{_in_use}"
    icons = (resources_folder() / "icons").as_posix()
    return f"""
* {{ outline: none; }}
QMainWindow, QDialog {{ background: {c.base}; }}
QLabel {{ background: transparent; padding: 0; margin: 0; border: none; color: {c.text}; }}
QLabel:disabled {{ background: transparent; color: {c.text_faint}; }}
QLabel[role="title"] {{ color: {c.text}; font-weight: 600; }}
QLabel[role="heading"] {{ color: {c.text_soft}; font-weight: 600; }}
QLabel[role="soft"] {{ color: {c.text_soft}; }}
QLabel[role="faint"] {{ color: {c.text_faint}; }}
QLabel[role="coming"] {{ color: {c.accent}; }}
QLabel[role="bad"] {{ color: {c.bad}; }}
QLabel[role="empty-title"] {{ color: {c.text}; font-size: 15pt; font-weight: 500; }}
QLabel[role="card-title"] {{ color: {c.text}; font-size: 12pt; font-weight: 600; }}
QLabel[role="key"] {{ color: {c.text_faint}; border: 1px solid {c.edge}; border-radius: 3px; padding: 0 5px; }}
QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.edge}; padding: 4px 6px; }}

QMenuBar {{ background: {c.base}; border: none; padding: 2px 6px; color: {c.text_soft}; }}
QMenuBar::item {{ background: transparent; padding: 4px 9px; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {c.control}; color: {c.text}; }}
QMenu {{ background: {c.panel}; border: 1px solid {c.edge}; border-radius: 6px; padding: 5px; }}
QMenu::item {{ background: transparent; padding: 6px 28px 6px 12px; border-radius: 4px; }}
QMenu::icon {{ padding-left: 8px; }}
QMenu::item:selected {{ background: {c.accent_fill}; color: white; }}
QMenu::item:disabled {{ color: {c.text_faint}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {c.line}; margin: 5px 8px; }}

QSplitter {{ background: {c.base}; border: none; }}
QSplitter::handle {{ background: {c.base}; border: none; image: none; }}
QSplitter::handle:horizontal {{ width: 8px; image: none; }}
QSplitter::handle:hover {{ background: {c.accent_dim}; }}

QFrame#header {{ background: {c.base}; border: none; border-bottom: 1px solid {c.line}; }}
QFrame#toolRail, QFrame#sidePanel, QFrame#stageStrip {{ background: {c.panel}; border: none; }}
QFrame#sidePanel {{ border-left: 1px solid {c.line}; }}
QFrame#toolRail {{ border-right: 1px solid {c.line}; }}
QFrame#stageStrip {{ background: {c.base}; border-top: 1px solid {c.line}; }}
QFrame#panelHeader {{ background: {c.panel}; border: none; border-bottom: 1px solid {c.line}; }}
QFrame#panelHeader QToolButton[role="switch"]:checked {{ background: {c.control}; }}
QFrame#panelHeader QToolButton[role="switch"]:checked:hover {{ background: {c.raised}; }}
QFrame#promptBar {{ background: {c.accent_dim}; border: none; border-bottom: 1px solid {c.line}; }}
QFrame#floatingBar {{ background: {c.panel}; border: 1px solid {c.line}; border-radius: 8px; }}
QFrame#floatingBar QToolButton[role="mode"] {{ padding: 3px 8px; }}
QFrame#promptBar QLabel {{ background: transparent; }}
QWidget#row {{ background: transparent; }}
QFrame#separator {{ background: {c.line}; border: none; max-height: 1px; min-height: 1px; }}
QFrame#separatorV {{ background: {c.line}; border: none; max-width: 1px; min-width: 1px; }}
QFrame#messageBar {{ border: none; border-radius: 7px; background: {c.bad_ground}; }}
QFrame#messageBar[kind="warning"] {{ background: {c.warm_ground}; }}
QFrame#messageBar[kind="info"] {{ background: {c.good_ground}; }}
QFrame#messageBar QLabel {{ background: transparent; }}
QFrame#messageBar QToolButton {{ background: transparent; padding: 3px 6px 3px 0; }}
QFrame#messageBar QToolButton:hover {{ background: rgba(128, 128, 128, 60); }}
QFrame#dropHint {{ background: {c.accent_dim}; border: 2px dashed {c.accent}; border-radius: 10px; }}

QFrame#bubble {{ background: {c.panel}; border: 1px solid {c.edge}; border-radius: 9px; }}
QScrollArea#startPage, QScrollArea#startPage QWidget#startGround {{ background: {c.base}; border: none; }}
QFrame#dropCard {{ background: {c.panel}; border: 2px dashed {c.edge}; border-radius: 12px; }}
QToolButton#exampleCard, QToolButton#recentTile {{ background: {c.panel}; border: 1px solid {c.line};
  border-radius: 12px; padding: 8px; color: {c.text_soft}; }}
QToolButton#exampleCard:hover, QToolButton#recentTile:hover {{ background: {c.control}; color: {c.text}; }}
QToolButton#exampleCard:focus, QToolButton#recentTile:focus {{ border: 1px solid {c.accent}; }}
QTabWidget::pane {{ border: 1px solid {c.line}; border-radius: 4px; padding: 0; }}
QTabBar::tab:top, QTabBar::tab:top:hover, QTabBar::tab:top:!selected:hover {{ background: transparent;
  color: {c.text_soft}; border: none; padding: 6px 14px; margin: 0; }}
QTabBar::tab:top:selected {{ color: {c.text}; border: none; border-bottom: 2px solid {c.accent};
  background: transparent; }}
QListWidget, QPlainTextEdit {{ background: {c.panel}; color: {c.text}; border: none; padding: 4px; }}
QListWidget::item {{ padding: 5px 6px; border-radius: 4px; color: {c.text}; }}
QListWidget::item:selected {{ background: {c.accent_dim}; color: {c.text}; }}

QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 5px; padding: 5px; margin: 0;
  color: {c.text}; }}
QToolButton:hover {{ background: {c.control}; border-color: transparent; }}
QToolButton:pressed {{ background: {c.raised}; }}
QToolButton:checked {{ background: {c.accent_dim}; border: 1px solid {c.accent_edge}; color: {c.text}; padding: 5px;
  margin: 0; }}
QToolButton:checked:hover {{ background: {c.accent_dim}; }}
QToolButton:disabled {{ background: transparent; color: {c.text_faint}; }}
QToolButton:focus {{ border: 1px solid {c.accent}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QToolButton[role="switch"] {{ padding: 3px 8px; color: {c.text_soft}; }}
QToolButton[role="switch"]:checked {{ color: {c.text}; border: 1px solid transparent; }}
QToolButton[role="switch"]:focus {{ border: 1px solid {c.accent}; }}
QToolButton[role="disclosure"] {{ padding: 2px; color: {c.text_soft}; font-weight: 600; text-align: left; }}
QToolButton[role="disclosure"]:checked, QToolButton[role="disclosure"]:checked:hover,
QToolButton[role="disclosure"]:hover {{ color: {c.text}; background: transparent; border: 1px solid transparent; }}
QToolButton[role="disclosure"]:focus {{ border: 1px solid {c.accent}; }}

QPushButton {{ background: {c.control}; color: {c.text}; border: 1px solid transparent; border-radius: 5px;
  padding: 5px 14px; min-width: 40px; min-height: 18px; }}
QPushButton:disabled, QPushButton:checked, QPushButton:pressed, QPushButton:hover, QPushButton:focus {{
  padding: 5px 14px; }}
QPushButton:hover {{ background: {c.raised}; border-color: transparent; }}
QPushButton:pressed {{ background: {c.pressed}; }}
QPushButton:focus {{ border: 1px solid {c.accent}; }}
QPushButton:disabled {{ background: {c.panel}; color: {c.text_faint}; border: 1px solid {c.line}; }}
QPushButton[role="primary"] {{ background: {c.accent_fill}; color: white; font-weight: 600; }}
QPushButton[role="primary"]:hover {{ background: {c.accent_hover}; }}
QPushButton[role="primary"]:pressed {{ background: {c.accent_pressed}; }}
QPushButton[role="primary"]:disabled {{ background: {c.control}; color: {c.text_faint};
  border: 1px solid transparent; }}
QPushButton[role="quiet"] {{ background: transparent; color: {c.text_soft}; }}
QPushButton[role="quiet"]:hover {{ background: {c.control}; color: {c.text}; }}

QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit {{ background: {c.control}; border: 1px solid transparent;
  border-radius: 5px; padding: 3px 8px; min-height: 20px; color: {c.text};
  selection-background-color: {c.accent_fill}; }}
QSpinBox QLineEdit, QDoubleSpinBox QLineEdit {{ background: transparent; border: none; padding: 0 0 0 2px;
  min-height: 0; }}
QComboBox:hover, QSpinBox:hover, QDoubleSpinBox:hover, QLineEdit:hover {{ border: 1px solid {c.edge}; }}
QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QLineEdit:focus {{ border: 1px solid {c.accent}; }}
QComboBox:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QLineEdit:disabled {{ background: {c.panel};
  color: {c.text_faint}; border: 1px solid {c.line}; }}
QComboBox::drop-down {{ border: none; width: 20px; background: transparent; }}
QComboBox::down-arrow {{ image: url("{icons}/chevron-down{own}.svg"); width: 14px; height: 14px; }}
QComboBox QAbstractItemView {{ background: {c.panel}; border: 1px solid {c.edge}; padding: 4px; color: {c.text}; }}
QSpinBox::up-button, QDoubleSpinBox::up-button {{ border: none; background: transparent; width: 18px;
  margin: 2px 2px 0 0; }}
QSpinBox::down-button, QDoubleSpinBox::down-button {{ border: none; background: transparent; width: 18px;
  margin: 0 2px 2px 0; }}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: url("{icons}/chevron-up{own}.svg"); width: 11px; height: 11px; }}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: url("{icons}/chevron-down{own}.svg"); width: 11px;
  height: 11px; }}

QCheckBox {{ background: transparent; spacing: 8px; padding: 2px 0; color: {c.text}; border: none; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {c.edge}; border-radius: 4px;
  background: {c.control};
  image: none; }}
QCheckBox::indicator:hover, QCheckBox:focus::indicator {{ border: 1px solid {c.accent}; }}
QCheckBox::indicator:checked {{ background: {c.accent_fill}; border: 1px solid {c.accent_fill};
  image: url("{icons}/check-on.svg"); }}

QSlider {{ background: transparent; border: none; }}
QSlider::groove:horizontal {{ height: 4px; background: {c.raised}; border: none; border-radius: 2px; margin: 0; }}
QSlider::sub-page:horizontal {{ background: {c.accent_fill}; border: none; border-radius: 2px; height: 4px;
  margin: 0; }}
QSlider::add-page:horizontal {{ background: {c.raised}; border-radius: 2px; height: 4px; margin: 0; }}
QSlider::handle:horizontal {{ background: {c.handle}; border: none; width: 12px; height: 12px; margin: -4px 0;
  border-radius: 6px; }}
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus {{ background: {c.accent}; border: none; }}
QSlider:disabled {{ background: transparent; }}
QSlider::groove:horizontal:disabled, QSlider::sub-page:horizontal:disabled,
QSlider::add-page:horizontal:disabled {{ background: {c.control}; border: none; }}
QSlider::handle:horizontal:disabled {{ background: {c.text_faint}; }}

QProgressBar {{ background: {c.control}; border: none; border-radius: 3px; text-align: center; color: transparent;
  min-height: 6px; max-height: 6px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}

QScrollArea {{ background: {c.panel}; border: none; padding: 0; }}
QScrollArea > QWidget > QWidget {{ background: {c.panel}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; border: none; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; border: none; }}
QScrollBar::handle:vertical {{ background: {c.raised}; min-height: 28px; border-radius: 3px; margin: 2px;
  border: none; }}
QScrollBar::handle:horizontal {{ background: {c.raised}; min-width: 28px; border-radius: 3px; margin: 2px;
  border: none; }}
QScrollBar::handle:hover {{ background: {c.scroll}; border: none; }}
QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical, QScrollBar::add-line:horizontal,
QScrollBar::sub-line:horizontal, QScrollBar::add-line:vertical:hover, QScrollBar::sub-line:vertical:hover,
QScrollBar::add-line:vertical:on, QScrollBar::sub-line:vertical:on {{ width: 0; height: 0; margin: 0; border: none;
  background: transparent; border-image: none; image: none; }}
QScrollBar::up-arrow:vertical, QScrollBar::down-arrow:vertical, QScrollBar::up-arrow:horizontal,
QScrollBar::down-arrow:horizontal {{ background: none; image: none; width: 0; height: 0; }}
QScrollBar:vertical:hover, QScrollBar:horizontal:hover {{ background: transparent; border: none; }}
QGraphicsView {{ border: none; padding: 0; background: {CANVAS}; }}

QStatusBar {{ background: {c.base}; border: none; color: {c.text_soft}; min-height: 24px; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {c.text_soft}; padding: 0 8px; }}
QFrame#statusLine {{ background: {c.base}; border: none; }}
"""
