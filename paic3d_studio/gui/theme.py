"""The look of the studio: qdarkstyle's widgets in calmer colours, with our own spacing and accents.

Dark and neutral, so that the picture is the most colourful thing on the screen. One accent for what is active, one
colour for the line mask and one for the hulls, the same everywhere they appear.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from paic3d_studio.paths import resources_folder

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

CANVAS: Final = "#131518"
"""Behind the picture and the head."""
BASE: Final = "#1a1d21"
PANEL: Final = "#202429"
CONTROL: Final = "#2b3037"
RAISED: Final = "#363c45"
LINE: Final = "#30363e"
TEXT: Final = "#e6e9ee"
TEXT_SOFT: Final = "#a6aebb"
TEXT_FAINT: Final = "#747d8b"
ACCENT: Final = "#8aa4ff"
ACCENT_FILL: Final = "#4a63c9"
ACCENT_DIM: Final = "#2b3352"
GOOD: Final = "#67cf9c"
WARM: Final = "#f2b866"
BAD: Final = "#ff7b7b"
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
LANDMARK: Final = "#ffd166"
"""The landmarks of the face."""

FONT_FAMILIES: Final = ("Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "Cantarell", "DejaVu Sans")

_QDARKSTYLE_COLOURS: Final = {
    "#19232D": BASE,
    "#293544": PANEL,
    "#37414F": CONTROL,
    "#455364": CONTROL,
    "#54687A": RAISED,
    "#60798B": RAISED,
    "#788D9C": TEXT_FAINT,
    "#9DA9B5": TEXT_SOFT,
    "#DFE1E2": TEXT,
    "#26486B": ACCENT_DIM,
    "#346792": ACCENT_FILL,
    "#1A72BB": ACCENT_FILL,
    "#259AE9": ACCENT,
}


def apply_theme(app: QApplication) -> None:
    """Give the application its style sheet, palette and font."""
    from PySide6.QtGui import QColor, QFont, QPalette

    app.setStyle("Fusion")
    font = QFont()
    font.setFamilies(list(FONT_FAMILIES))
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

    sheet: str = qdarkstyle.load_stylesheet(qt_api="pyside6")
    for theirs, ours in _QDARKSTYLE_COLOURS.items():
        sheet = sheet.replace(theirs, ours).replace(theirs.lower(), ours)
    return sheet + _own_rules()


def _own_rules() -> str:
    icons = (resources_folder() / "icons").as_posix()
    return f"""
* {{ outline: none; }}
QMainWindow, QDialog {{ background: {BASE}; }}
QLabel {{ background: transparent; padding: 0; margin: 0; border: none; color: {TEXT}; }}
QLabel:disabled {{ background: transparent; color: {TEXT_FAINT}; }}
QLabel[role="title"] {{ color: {TEXT}; font-weight: 600; }}
QLabel[role="heading"] {{ color: {TEXT_SOFT}; font-weight: 600; }}
QLabel[role="soft"] {{ color: {TEXT_SOFT}; }}
QLabel[role="faint"] {{ color: {TEXT_FAINT}; }}
QLabel[role="bad"] {{ color: {BAD}; }}
QLabel[role="empty-title"] {{ color: {TEXT}; font-size: 15pt; font-weight: 500; }}
QLabel[role="key"] {{ color: {TEXT_FAINT}; border: 1px solid #3c434d; border-radius: 3px; padding: 0 5px; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid #4a525e; padding: 4px 6px; }}

QMenuBar {{ background: {BASE}; border: none; padding: 2px 6px; color: {TEXT_SOFT}; }}
QMenuBar::item {{ background: transparent; padding: 4px 9px; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {CONTROL}; color: {TEXT}; }}
QMenu {{ background: {PANEL}; border: 1px solid #3a414b; border-radius: 6px; padding: 5px; }}
QMenu::item {{ background: transparent; padding: 6px 28px 6px 12px; border-radius: 4px; }}
QMenu::icon {{ padding-left: 8px; }}
QMenu::item:selected {{ background: {ACCENT_FILL}; color: white; }}
QMenu::item:disabled {{ color: {TEXT_FAINT}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 5px 8px; }}

QSplitter {{ background: {BASE}; border: none; }}
QSplitter::handle {{ background: {BASE}; border: none; image: none; }}
QSplitter::handle:horizontal {{ width: 8px; image: none; }}
QSplitter::handle:hover {{ background: {ACCENT_DIM}; }}

QFrame#header {{ background: {BASE}; border: none; border-bottom: 1px solid {LINE}; }}
QFrame#toolRail, QFrame#sidePanel, QFrame#stageStrip {{ background: {PANEL}; border: none; }}
QFrame#sidePanel {{ border-left: 1px solid {LINE}; }}
QFrame#toolRail {{ border-right: 1px solid {LINE}; }}
QFrame#stageStrip {{ background: {BASE}; border-top: 1px solid {LINE}; }}
QFrame#waiting {{ background: #20262d; border: none; }}
QFrame#panelHeader {{ background: {PANEL}; border: none; border-bottom: 1px solid {LINE}; }}
QFrame#panelHeader QToolButton[role="switch"]:checked {{ background: {CONTROL}; }}
QFrame#panelHeader QToolButton[role="switch"]:checked:hover {{ background: {RAISED}; }}
QFrame#floatingBar {{ background: {PANEL}; border: 1px solid {LINE}; border-radius: 8px; }}
QFrame#floatingBar QToolButton[role="mode"] {{ padding: 3px 8px; }}
QFrame#promptBar {{ background: {ACCENT_DIM}; border: none; border-bottom: 1px solid {LINE}; }}
QFrame#promptBar QLabel {{ background: transparent; }}
QWidget#row {{ background: transparent; }}
QFrame#separator {{ background: {LINE}; border: none; max-height: 1px; min-height: 1px; }}
QFrame#separatorV {{ background: {LINE}; border: none; max-width: 1px; min-width: 1px; }}
QFrame#messageBar {{ border: none; border-radius: 7px; background: #3a2529; }}
QFrame#messageBar[kind="warning"] {{ background: #38301f; }}
QFrame#messageBar[kind="info"] {{ background: #223329; }}
QFrame#messageBar QLabel {{ background: transparent; }}
QFrame#messageBar QToolButton {{ background: transparent; }}
QFrame#messageBar QToolButton:hover {{ background: rgba(255, 255, 255, 28); }}
QFrame#dropHint {{ background: rgba(43, 51, 82, 235); border: 2px dashed {ACCENT}; border-radius: 10px; }}

QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 5px; padding: 5px; margin: 0;
  color: {TEXT}; }}
QToolButton:hover {{ background: {CONTROL}; border-color: transparent; }}
QToolButton:pressed {{ background: {RAISED}; }}
QToolButton:checked {{ background: {ACCENT_DIM}; border: 1px solid #44538c; color: {TEXT}; }}
QToolButton:checked:hover {{ background: #34406a; }}
QToolButton:disabled {{ background: transparent; color: {TEXT_FAINT}; }}
QToolButton:focus {{ border: 1px solid {ACCENT}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QToolButton[role="switch"] {{ padding: 3px 8px; color: {TEXT_SOFT}; }}
QToolButton[role="switch"]:checked {{ color: {TEXT}; border: 1px solid transparent; }}
QToolButton[role="switch"]:focus {{ border: 1px solid {ACCENT}; }}
QToolButton[role="disclosure"] {{ padding: 2px; color: {TEXT_SOFT}; font-weight: 600; text-align: left; }}
QToolButton[role="disclosure"]:checked, QToolButton[role="disclosure"]:checked:hover,
QToolButton[role="disclosure"]:hover {{ color: {TEXT}; background: transparent; border: 1px solid transparent; }}
QToolButton[role="disclosure"]:focus {{ border: 1px solid {ACCENT}; }}

QPushButton {{ background: {CONTROL}; color: {TEXT}; border: 1px solid transparent; border-radius: 5px;
  padding: 5px 14px; min-width: 40px; min-height: 18px; }}
QPushButton:disabled, QPushButton:checked, QPushButton:pressed, QPushButton:hover, QPushButton:focus {{
  padding: 5px 14px; }}
QPushButton:hover {{ background: {RAISED}; border-color: transparent; }}
QPushButton:pressed {{ background: {LINE}; }}
QPushButton:focus {{ border: 1px solid {ACCENT}; }}
QPushButton:disabled {{ background: {PANEL}; color: {TEXT_FAINT}; border: 1px solid {LINE}; }}
QPushButton[role="primary"] {{ background: {ACCENT_FILL}; color: white; font-weight: 600; }}
QPushButton[role="primary"]:hover {{ background: #5871da; }}
QPushButton[role="primary"]:pressed {{ background: #3f56b3; }}
QPushButton[role="primary"]:disabled {{ background: {CONTROL}; color: {TEXT_FAINT}; border: 1px solid transparent; }}
QPushButton[role="quiet"] {{ background: transparent; color: {TEXT_SOFT}; }}
QPushButton[role="quiet"]:hover {{ background: {CONTROL}; color: {TEXT}; }}

QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit {{ background: {CONTROL}; border: 1px solid transparent;
  border-radius: 5px; padding: 3px 8px; min-height: 20px; color: {TEXT}; selection-background-color: {ACCENT_FILL}; }}
QSpinBox QLineEdit, QDoubleSpinBox QLineEdit {{ background: transparent; border: none; padding: 0 0 0 2px;
  min-height: 0; }}
QComboBox:hover, QSpinBox:hover, QDoubleSpinBox:hover, QLineEdit:hover {{ border: 1px solid #454d59; }}
QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QLineEdit:focus {{ border: 1px solid {ACCENT}; }}
QComboBox:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QLineEdit:disabled {{ background: {PANEL};
  color: {TEXT_FAINT}; border: 1px solid {LINE}; }}
QComboBox::drop-down {{ border: none; width: 20px; background: transparent; }}
QComboBox::down-arrow {{ image: url("{icons}/chevron-down.svg"); width: 14px; height: 14px; }}
QComboBox QAbstractItemView {{ background: {PANEL}; border: 1px solid #3a414b; padding: 4px; color: {TEXT}; }}
QSpinBox::up-button, QDoubleSpinBox::up-button {{ border: none; background: transparent; width: 18px;
  margin: 2px 2px 0 0; }}
QSpinBox::down-button, QDoubleSpinBox::down-button {{ border: none; background: transparent; width: 18px;
  margin: 0 2px 2px 0; }}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: url("{icons}/chevron-up.svg"); width: 11px; height: 11px; }}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: url("{icons}/chevron-down.svg"); width: 11px;
  height: 11px; }}

QCheckBox {{ background: transparent; spacing: 8px; padding: 2px 0; color: {TEXT}; border: none; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid #56606d; border-radius: 4px; background: {CONTROL};
  image: none; }}
QCheckBox::indicator:hover, QCheckBox:focus::indicator {{ border: 1px solid {ACCENT}; }}
QCheckBox::indicator:checked {{ background: {ACCENT_FILL}; border: 1px solid {ACCENT_FILL};
  image: url("{icons}/check-on.svg"); }}

QSlider {{ background: transparent; border: none; }}
QSlider::groove:horizontal {{ height: 4px; background: {RAISED}; border: none; border-radius: 2px; margin: 0; }}
QSlider::sub-page:horizontal {{ background: {ACCENT_FILL}; border: none; border-radius: 2px; height: 4px; margin: 0; }}
QSlider::add-page:horizontal {{ background: {RAISED}; border-radius: 2px; height: 4px; margin: 0; }}
QSlider::handle:horizontal {{ background: {TEXT}; border: none; width: 12px; height: 12px; margin: -4px 0;
  border-radius: 6px; }}
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus {{ background: white; border: none; }}
QSlider:disabled {{ background: transparent; }}
QSlider::groove:horizontal:disabled, QSlider::sub-page:horizontal:disabled,
QSlider::add-page:horizontal:disabled {{ background: {CONTROL}; border: none; }}
QSlider::handle:horizontal:disabled {{ background: {TEXT_FAINT}; }}

QProgressBar {{ background: {CONTROL}; border: none; border-radius: 3px; text-align: center; color: transparent;
  min-height: 6px; max-height: 6px; }}
QProgressBar::chunk {{ background: {ACCENT}; border-radius: 3px; }}

QScrollArea {{ background: {PANEL}; border: none; padding: 0; }}
QScrollArea > QWidget > QWidget {{ background: {PANEL}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; border: none; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; border: none; }}
QScrollBar::handle:vertical {{ background: {RAISED}; min-height: 28px; border-radius: 3px; margin: 2px;
  border: none; }}
QScrollBar::handle:horizontal {{ background: {RAISED}; min-width: 28px; border-radius: 3px; margin: 2px;
  border: none; }}
QScrollBar::handle:hover {{ background: #4b5461; border: none; }}
QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical, QScrollBar::add-line:horizontal,
QScrollBar::sub-line:horizontal, QScrollBar::add-line:vertical:hover, QScrollBar::sub-line:vertical:hover,
QScrollBar::add-line:vertical:on, QScrollBar::sub-line:vertical:on {{ width: 0; height: 0; margin: 0; border: none;
  background: transparent; border-image: none; image: none; }}
QScrollBar::up-arrow:vertical, QScrollBar::down-arrow:vertical, QScrollBar::up-arrow:horizontal,
QScrollBar::down-arrow:horizontal {{ background: none; image: none; width: 0; height: 0; }}
QScrollBar:vertical:hover, QScrollBar:horizontal:hover {{ background: transparent; border: none; }}
QGraphicsView {{ border: none; padding: 0; background: {CANVAS}; }}

QStatusBar {{ background: {BASE}; border: none; color: {TEXT_SOFT}; min-height: 24px; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {TEXT_SOFT}; padding: 0 8px; }}
QFrame#statusLine {{ background: {BASE}; border: none; }}
"""
