"""The two windows of the help menu, and where the log is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from paic3d_studio import __version__
from paic3d_studio.gui.actions import ACTIONS, keys_text
from paic3d_studio.gui.icons import pixmap
from paic3d_studio.gui.widgets import label
from paic3d_studio.paths import user_folder
from paic3d_studio.viewport.shading import SHADING_MODES

_POINTER: Final = (
    ("Wheel", "Zoom the picture or the head"),
    ("Space + drag, middle drag", "Move the picture"),
    ("Drag a corner, an edge, inside", "Change a hull, move it"),
    ("Arrow keys over a hull, with Shift", "Nudge it by one pixel, by ten"),
    ("Double click on an edge", "Add a corner"),
    ("Right click on a hull", "Remove a corner, mirror, lock"),
    ("Shift + brush", "Erase instead of marking"),
    ("Drag the head, middle drag", "Turn it"),
    ("The same with Shift, right drag", "Move it"),
    ("Double click on the head", "Look at that point"),
)
_HEAD_KEYS: Final = (
    ("F, S, B, T", "Front, side, back, top"),
    ("R", "Look from the start again"),
    (". or keypad .", "The whole head in the middle"),
    ("P or keypad 5", "Perspective or orthographic"),
    ("O", "Compare: the picture over the front view"),
    ("V", "Field and mesh side by side"),
    ("Alt + wheel", "Move the slice of the density slices"),
    ("Keypad 1, 3, 7", "Front, left, top; with Ctrl the other side"),
    ("Keypad 9", "The opposite side"),
    ("Keypad 4, 6, 8, 2", "Turn by 15 degrees"),
    ("Arrows, + and −", "Turn, zoom"),
)


def log_file() -> Path:
    """Return where the studio writes its log."""
    return user_folder() / "studio.log"


class KeysDialog(QDialog):
    """Every key and what the mouse does, from the tables that define them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        inside = QWidget()
        columns = QHBoxLayout(inside)
        columns.setContentsMargins(20, 16, 20, 16)
        columns.setSpacing(36)
        keys = [(keys_text(entry.shortcuts[0]), entry.label.replace("…", "")) for entry in ACTIONS if entry.shortcuts]
        shading = [(mode.shortcut, mode.label) for mode in SHADING_MODES.values()]
        columns.addLayout(_table("Everywhere, and over the picture", keys))
        right = QVBoxLayout()
        right.setSpacing(18)
        right.addLayout(_table("Mouse", _POINTER))
        right.addLayout(_table("Over the head", (*_HEAD_KEYS, *shading)))
        right.addStretch(1)
        columns.addLayout(right)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self.resize(860, 680)


class AboutDialog(QDialog):
    """Version, licence and credits."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("About PAiC-3D Studio")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        symbol = QLabel()
        symbol.setPixmap(pixmap("app", size=72, ratio=parent.devicePixelRatioF()))
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        texts = QVBoxLayout()
        texts.setSpacing(8)
        texts.addWidget(label(f"PAiC-3D Studio {__version__}", role="empty-title"))
        texts.addWidget(label("From one portrait of an anime character to a textured 3D head.", role="soft", wrap=True))
        texts.addWidget(
            label(
                "After the method of Chen and others, “PAniC-3D: Stylized Single-view 3D Reconstruction from Portraits "
                "of Anime Characters”, CVPR 2023. Apache License 2.0.",
                role="faint",
                wrap=True,
            )
        )
        texts.addStretch(1)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(close)
        texts.addLayout(line)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(22, 20, 20, 16)
        outer.setSpacing(20)
        outer.addWidget(symbol, 0, Qt.AlignmentFlag.AlignTop)
        outer.addLayout(texts, 1)
        self.resize(480, 240)


def _table(title: str, rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(5)
    grid.addWidget(label(title, role="heading"), 0, 0, 1, 2)
    for line, (keys, meaning) in enumerate(rows, start=1):
        grid.addWidget(label(keys, role="soft"), line, 0)
        grid.addWidget(label(meaning), line, 1)
    grid.setRowStretch(len(rows) + 1, 1)
    grid.setColumnStretch(1, 1)
    return grid
