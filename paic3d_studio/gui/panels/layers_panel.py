"""The layers of the picture: a switch with its key, and how opaque each one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QIcon, QPixmap
from PySide6.QtWidgets import QComboBox, QGridLayout, QSlider, QToolButton, QWidget

from paic3d_studio.gui import theme
from paic3d_studio.gui.icons import icon
from paic3d_studio.gui.language import text
from paic3d_studio.gui.picture_layers import DEFAULT_LAYERS, LayerState
from paic3d_studio.gui.picture_view import BACKDROPS
from paic3d_studio.gui.widgets import label, leave_the_wheel

_ROWS: Final = (
    ("picture", "Picture", "1"),
    ("hulls", "Hulls", "2"),
    ("lines", "Line mask", "3"),
    ("clean", "Line-free", "4"),
)


class LayersPanel(QWidget):
    """One row for each layer: an eye, the name, an opacity slider, the key."""

    changed = Signal(str, object)
    """Layer and its new `LayerState`."""
    line_colour_chosen = Signal(str)
    backdrop_chosen = Signal(str)

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self.setObjectName("row")
        self._states = dict(DEFAULT_LAYERS)
        self._eyes: dict[str, QToolButton] = {}
        self.sliders: dict[str, QSlider] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(2, 1)
        for line, (name, title, key) in enumerate(_ROWS):
            eye = self._new_eye(actions[f"layer-{name}"], title)
            slider = self._new_slider(name, title)
            name_label = label(title, role="soft")
            name_label.setMinimumWidth(66)
            for column, widget in enumerate((eye, name_label, slider, label(key, role="key"))):
                grid.addWidget(widget, line, column, Qt.AlignmentFlag.AlignVCenter)
            self._eyes[name] = eye
            self.sliders[name] = slider
        self.line_colours = self._new_colours()
        grid.addWidget(self.line_colours, len(_ROWS), 2, 1, 2)
        grid.addWidget(label("Mask colour", role="soft"), len(_ROWS), 0, 1, 2)
        self.backdrops = QComboBox()
        for backdrop, (title, _) in BACKDROPS.items():
            self.backdrops.addItem(text(title), backdrop)
        self.backdrops.setToolTip(text("What is seen where the picture is transparent, or the cut-out alone"))
        self.backdrops.setAccessibleName(text("Backdrop"))
        leave_the_wheel(self.backdrops)
        self.backdrops.activated.connect(self._on_backdrop)
        grid.addWidget(self.backdrops, len(_ROWS) + 1, 2, 1, 2)
        grid.addWidget(label("Backdrop", role="soft"), len(_ROWS) + 1, 0, 1, 2)
        self.show_states(self._states)

    def show_states(self, states: Mapping[str, LayerState]) -> None:
        """Show how the layers are."""
        self._states = dict(states)
        for name, state in states.items():
            self._eyes[name].setIcon(icon("eye" if state.visible else "eye-off"))
            self.sliders[name].blockSignals(True)
            self.sliders[name].setValue(round(100 * state.opacity))
            self.sliders[name].blockSignals(False)
            self.sliders[name].setEnabled(state.visible)
            self.sliders[name].setToolTip(text("Opacity {percent}", percent=f"{state.opacity:.0%}"))

    def show_line_colour(self, colour: str) -> None:
        """Show in what colour the line mask is seen."""
        self.line_colours.setCurrentIndex(max(self.line_colours.findData(colour), 0))

    def show_backdrop(self, name: str) -> None:
        """Show what lies behind the picture."""
        self.backdrops.setCurrentIndex(max(self.backdrops.findData(name), 0))

    def _new_colours(self) -> QComboBox:
        box = QComboBox()
        for colour, title in theme.LINE_COLOURS.items():
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(colour))
            box.addItem(QIcon(swatch), text(title), colour)
        box.setToolTip(text("Colour in which the line mask is shown"))
        box.setAccessibleName(text("Colour of the line mask"))
        leave_the_wheel(box)
        box.activated.connect(self._on_line_colour)
        return box

    def _on_line_colour(self, index: int) -> None:
        self.line_colour_chosen.emit(self.line_colours.itemData(index))

    def _on_backdrop(self, index: int) -> None:
        self.backdrop_chosen.emit(self.backdrops.itemData(index))

    def _new_eye(self, action: QAction, title: str) -> QToolButton:
        eye = QToolButton()
        eye.setAutoRaise(True)
        eye.setIconSize(QSize(16, 16))
        eye.setToolTip(action.toolTip())
        eye.setAccessibleName(text("Show {name}", name=text(title)))
        eye.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        eye.clicked.connect(action.toggle)
        return eye

    def _new_slider(self, name: str, title: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName(name)
        slider.setRange(5, 100)
        slider.setAccessibleName(text("Opacity of {name}", name=text(title)))
        slider.setMinimumWidth(48)
        leave_the_wheel(slider)
        slider.valueChanged.connect(self._on_slid)
        return slider

    def _on_slid(self, percent: int) -> None:
        name = self.sender().objectName()
        self._states[name] = replace(self._states[name], opacity=percent / 100)
        self.changed.emit(name, self._states[name])
