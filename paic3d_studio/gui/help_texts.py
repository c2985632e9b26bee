"""The keyboard map, made from the tables that define the keys."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from paic3d_studio.gui.actions import ACTIONS, keys_text
from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import label
from paic3d_studio.viewport.shading import SHADING_MODES

_POINTER: Final = (
    ("Wheel", "Zoom the picture or the head"),
    ("Space + drag, middle drag", "Move the picture"),
    ("Drag a corner, an edge, inside", "Change a hull, move it"),
    ("Arrow keys over a hull or landmark, with Shift", "Nudge it by one pixel, by ten"),
    ("Drag a landmark, with Shift", "Move it, move its whole feature"),
    ("Drag in the frame, its corners, outside", "Move, scale, turn the picture in the square"),
    ("Double click on an edge", "Add a corner"),
    ("Right click on a hull or landmark", "Remove a corner, mirror, lock, as detected"),
    ("Shift + brush, Shift + lasso", "Erase instead of marking"),
    ("Click, click, double click", "Polyline: corners, and its end"),
    ("Pen", "Its pressure sets the size, its back end erases"),
    ("Drag the divider", "Compare before and after"),
    ("Drag the head, middle drag", "Turn it"),
    ("The same with Shift, right drag", "Move it"),
    ("Two fingers on a trackpad", "Turn it; with Shift move, with Ctrl zoom"),
    ("Double click on the head", "Look at that point"),
)
_HEAD_KEYS: Final = (
    ("F, S, B, T", "Front, side, back, top"),
    ("R", "Look from the start again"),
    (". or keypad .", "The whole head in the middle"),
    ("P or keypad 5", "Perspective or orthographic"),
    ("O", "Compare: the picture over the front view"),
    ("Alt + wheel", "Move the slice of the density slices"),
    ("Keypad 1, 3, 7", "Front, left, top; with Ctrl the other side"),
    ("Keypad 9", "The opposite side"),
    ("Keypad 4, 6, 8, 2", "Turn by 15 degrees"),
    ("Arrows, + and −", "Turn, zoom"),
)


class KeysDialog(QDialog):
    """Every key and what the mouse does, from the tables that define them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(text("Keys and mouse"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        inside = QWidget()
        columns = QHBoxLayout(inside)
        columns.setContentsMargins(20, 16, 20, 16)
        columns.setSpacing(36)
        keys = [
            (keys_text(entry.shortcuts[0]), text(entry.label).replace("…", "")) for entry in ACTIONS if entry.shortcuts
        ]
        keys.append(("V", text("Field and mesh side by side")))
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
        room = self.screen().availableGeometry().size()
        self.resize(QSize(max(860, inside.sizeHint().width() + 24), 680).boundedTo(room))


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
