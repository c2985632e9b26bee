"""Numbers and buttons above the picture while the artist moves it in the aligned square."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QMenu, QPushButton, QWidget

from paic3d_studio.gui.keys import leave_undo
from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import FloatingBar, label
from paic3d_studio.project.state import MAX_RESIZE, MAX_SHIFT, AlignmentEdit

_FIELDS: Final[tuple[tuple[str, str, str, float, str, float], ...]] = (
    ("x", "Right", "To the right, in pixels of the square", MAX_SHIFT, "", 1.0),
    ("y", "Down", "Down, in pixels of the square", MAX_SHIFT, "", 1.0),
    ("scale", "Scale", "Size beside what the face asks for", 100 * MAX_RESIZE, " %", 1.0),
    ("turn", "Turn", "Turn clockwise, in degrees", 180.0, "°", 0.5),
)
"""Name, caption, tip, the most it may be, unit, step."""


class AlignBar(FloatingBar):
    """Shows an `AlignmentEdit` and lets it be typed."""

    wanted = Signal(object)
    """The `AlignmentEdit` that was typed."""
    levelled = Signal()
    """Both eyes are to lie at one height."""
    fitted = Signal()
    """The landmarks as the artist moved them are to say where the face is."""
    reset = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(text("Place of the picture in the square"))
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(10, 5, 10, 8)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        grid.setSizeConstraint(QGridLayout.SizeConstraint.SetNoConstraint)
        self.fields: dict[str, QDoubleSpinBox] = {}
        for column, (name, title, tip, most, unit, step) in enumerate(_FIELDS):
            self.fields[name] = self._new_field(name, tip, most, unit, step)
            caption = label(title, role="faint")
            caption.setBuddy(self.fields[name])
            caption.setIndent(3)
            grid.addWidget(caption, 0, column)
            grid.addWidget(self.fields[name], 1, column)
            grid.setColumnStretch(column, 7 if name == "scale" else 5)
        menu = QMenu(self)
        for words, tip, signal in (
            ("Level the eyes", "Turn the picture so that both eyes lie at one height", self.levelled),
            ("By the landmarks", "Align by the landmarks as you moved them", self.fitted),
            ("As detected", "Leave the place to the face again", self.reset),
        ):
            action = menu.addAction(text(words))
            action.setToolTip(text(tip))
            action.triggered.connect(signal)
        menu.setToolTipsVisible(True)
        self.menu_button = QPushButton(text("Align"))
        self.menu_button.setToolTip(text("Level the eyes, align by the landmarks, or as detected"))
        self.menu_button.setMenu(menu)
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._arrange(below=False)
        self.show_edit(AlignmentEdit())

    def fit(self, room: int) -> None:
        """Put the button beside the numbers, or below them where they would be wider than `room` pixels."""
        self._arrange(below=False)
        if self.sizeHint().width() > room:
            self._arrange(below=True)

    def _arrange(self, *, below: bool) -> None:
        if below:
            self._grid.addWidget(self.menu_button, 2, 0, 1, len(_FIELDS))
        else:
            self._grid.addWidget(self.menu_button, 1, len(_FIELDS))

    def _new_field(self, name: str, tip: str, most: float, unit: str, step: float) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setRange(100 / MAX_RESIZE if name == "scale" else -most, most)
        field.setDecimals(1)
        field.setSingleStep(step)
        field.setSuffix(unit)
        field.setKeyboardTracking(False)
        field.setMinimumWidth(72 if name == "scale" else 58)
        field.setMaximumWidth(92)
        field.setToolTip(text(tip))
        field.setAccessibleName(text(tip))
        field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        field.lineEdit().setTextMargins(2, 0, 0, 0)
        field.valueChanged.connect(self._on_typed)
        leave_undo(field)
        return field

    def show_edit(self, edit: AlignmentEdit) -> None:
        """Show where the picture is, without asking for anything."""
        values = {"x": edit.shift[0], "y": edit.shift[1], "scale": 100 * edit.scale, "turn": edit.turn}
        self._shown = edit
        for name, value in values.items():
            self.fields[name].blockSignals(True)
            self.fields[name].setValue(value)
            self.fields[name].blockSignals(False)

    def _on_typed(self) -> None:
        """Ask for what was typed; a number that was left alone keeps the digits that are not shown."""
        shown = self._shown
        before = {"x": shown.shift[0], "y": shown.shift[1], "scale": 100 * shown.scale, "turn": shown.turn}
        now = {
            name: before[name] if round(before[name], 1) == field.value() else field.value()
            for name, field in self.fields.items()
        }
        self.wanted.emit(AlignmentEdit(shift=(now["x"], now["y"]), scale=now["scale"] / 100, turn=now["turn"]))
