"""Size and hardness of the brush, and what the cut-out brush does, over the picture while a brush is chosen."""

from __future__ import annotations

import math
import sys
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import FloatingBar, label, row
from paic3d_studio.tools.brush_tool import DEFAULT_RADIUS, MAX_RADIUS, MIN_RADIUS

MATTE_MODES: Final = {
    "keep": ("Keep", "Paint what belongs to the character"),
    "remove": ("Remove", "Paint what does not belong to the character"),
    "unsure": ("Unsure", "Paint over an edge that is wrong: it is found anew from the colours on either side"),
}
"""What the cut-out brush can do: word and tip."""

_STEPS: Final = 100


class BrushBar(FloatingBar):
    """Tells of sliders that the artist moved; shows what the keys changed."""

    sized = Signal(float)
    """Radius in aligned pixels."""
    hardened = Signal(float)
    """Share of the radius that is painted in full, 0..1."""
    matte_mode_chosen = Signal(str)
    """A key of MATTE_MODES."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(text("Brush"))
        rows = QVBoxLayout(self)
        rows.setContentsMargins(12, 6, 12, 6)
        rows.setSpacing(5)
        rows.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        self._modes = QButtonGroup(self)
        self._mode_buttons = [self._new_mode(name) for name in MATTE_MODES]
        self._mode_row = row(*self._mode_buttons)
        rows.addWidget(self._mode_row)
        self._sliders = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        rows.addLayout(self._sliders)
        size, self.size_slider, self._size_text = self._add("Size", "Diameter in pixels of the square  ([ and ])")
        hardness, self.hardness_slider, self._hardness_text = self._add(
            "Hardness", "Hardness of the rim  (Shift+[ and Shift+])"
        )
        self._captions = size, hardness
        self.fit(sys.maxsize)
        self.size_slider.valueChanged.connect(self._on_size)
        self.hardness_slider.valueChanged.connect(self._on_hardness)
        self.show_modes(False)
        self.show_brush(radius=DEFAULT_RADIUS, hardness=1.0)

    def show_brush(self, *, radius: float, hardness: float) -> None:
        """Show the brush as it is now."""
        for slider, value in (
            (self.size_slider, _STEPS * math.log(radius / MIN_RADIUS) / math.log(MAX_RADIUS / MIN_RADIUS)),
            (self.hardness_slider, _STEPS * hardness),
        ):
            slider.blockSignals(True)
            slider.setValue(round(value))
            slider.blockSignals(False)
        self._size_text.setText(f"{2 * radius:.0f} px")
        self._hardness_text.setText(f"{100 * hardness:.0f} %")

    def fit(self, room: int) -> None:
        """Put both sliders side by side, or below each other where they would be wider than `room` pixels."""
        self._arrange(QBoxLayout.Direction.LeftToRight)
        if self.sizeHint().width() > room:
            self._arrange(QBoxLayout.Direction.TopToBottom)

    def _arrange(self, direction: QBoxLayout.Direction) -> None:
        stacked = direction == QBoxLayout.Direction.TopToBottom
        self._sliders.setDirection(direction)
        self._sliders.setSpacing(2 if stacked else 16)
        widest = max(caption.sizeHint().width() for caption in self._captions)
        for caption in self._captions:
            caption.setMinimumWidth(widest if stacked else 0)

    def show_modes(self, shown: bool) -> None:
        """Show what the cut-out brush can do, or hide it for the other brushes."""
        self._mode_row.setVisible(shown)

    def show_mode(self, name: str) -> None:
        """Show what the cut-out brush does."""
        self._mode_buttons[list(MATTE_MODES).index(name)].setChecked(True)

    def _new_mode(self, name: str) -> QToolButton:
        words, tip = MATTE_MODES[name]
        button = QToolButton()
        button.setText(text(words))
        button.setToolTip(text(tip))
        button.setCheckable(True)
        button.setChecked(name == "keep")
        button.setProperty("role", "mode")
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(partial(self.matte_mode_chosen.emit, name))
        self._modes.addButton(button)
        return button

    def _add(self, title: str, tip: str) -> tuple[QLabel, QSlider, QLabel]:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setMinimumWidth(44)
        slider.setMaximumWidth(110)
        slider.setToolTip(text(tip))
        slider.setAccessibleName(text("{title} of the brush", title=text(title)))
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        value = label("100 %", role="soft")
        value.setMinimumWidth(value.sizeHint().width() + 2)
        value.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        caption = label(title, role="soft")
        line = QHBoxLayout()
        line.setSpacing(8)
        for widget in (caption, slider, value):
            line.addWidget(widget)
        self._sliders.addLayout(line)
        return caption, slider, value

    def _on_size(self, step: int) -> None:
        self.sized.emit(MIN_RADIUS * (MAX_RADIUS / MIN_RADIUS) ** (step / _STEPS))

    def _on_hardness(self, step: int) -> None:
        self.hardened.emit(step / _STEPS)
