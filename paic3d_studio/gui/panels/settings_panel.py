"""The options of the method, each an edit like any other: undone, redone, and pulled through what it concerns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSlider, QSpinBox, QVBoxLayout, QWidget

from paic3d_studio.gui.keys import leave_undo
from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import Form, Section, align_forms, leave_the_wheel, row
from paic3d_studio.project import edits
from paic3d_studio.project.state import Project

_CHOICE_LABELS: Final = {
    "network": "Network",
    "telea": "Telea (classical)",
    "compact": "Compact",
    "published": "Published",
    "artist": "Your pixels",
    "line-free": "Line-free picture",
    "off": "Off",
    "none": "None",
    "smooth": "Smooth",
    "closed": "Closed, flat",
    "open": "Open",
    "mean": "Mean of both",
    "right": "Right side, mirrored",
    "left": "Left side, mirrored",
    "neck": "Neck",
    "collar": "Collar",
    "shoulders": "Shoulders",
    "nowhere": "Nowhere",
    "by hand": "By hand",
}


@dataclass(frozen=True)
class Option:
    """One control: what it shows of a project, and the edit that it makes."""

    section: str
    name: str
    title: str
    tip: str
    read: Callable[[Project], Any]
    edit: Callable[[Project, Any], Project]
    span: tuple[float, float, float] | None = None
    """Least, most and step of a number; None for a choice."""
    choices: tuple[Any, ...] = ()
    suffix: str = ""
    at_least: str = ""
    """Words in place of the least number."""
    slides: bool = False
    """Whether a slider stands before the number."""


OPTIONS: Final = (
    Option(
        "Lines", "sigma", "Line width", "Blur of the finer of the two compared pictures: thicker lines need more",
        lambda p: p.settings.lines.sigma, lambda p, v: edits.set_line_options(p, sigma=v), (0.1, 5.0, 0.1),
        suffix=" px", slides=True,
    ),
    Option(
        "Lines", "threshold", "Threshold", "How much darker than its surroundings a line must be",
        lambda p: p.settings.lines.threshold, lambda p, v: edits.set_line_options(p, threshold=v), (0.001, 0.2, 0.002),
        slides=True,
    ),
    Option(
        "Lines", "dilation", "Growth", "How far the found lines are widened before they are repainted",
        lambda p: p.settings.lines.dilation, lambda p, v: edits.set_line_options(p, dilation=v), (1, 12, 1),
        suffix=" px", slides=True,
    ),
    Option(
        "Lines", "infill", "Infill", "What paints over the lines",
        lambda p: p.settings.infill, lambda p, v: edits.set_settings(p, infill=v),
    ),
    Option(
        "Head", "backbone", "Backbone", "The network that turns the picture into a head",
        lambda p: p.settings.backbone, lambda p, v: edits.set_settings(p, backbone=v),
    ),
    Option(
        "Head", "seed", "Seed", "Of everything random: the same picture and seed give the same head",
        lambda p: p.seed, lambda p, v: edits.set_seed(p, seed=v), (0, 2**31 - 1, 1),
    ),
)  # fmt: skip
"""Every setting up to the field, in the order of the panel; `mesh_panel` has those of the mesh."""

_PER_DIGIT: Final = False  # numbers take effect when the artist leaves the field or uses the arrows, not per digit


_PLACES: Final = 200
"""Places of a slider over numbers with a fraction."""

_NUMBER_WIDTH: Final = 76
"""Width of the field of a number that a slider stands before, in pixels."""

OptionEdit = Callable[[Project], Project]


class OptionSlider(QSlider):
    """A slider over the span of an option; of numbers with a fraction each place is so many times the one before."""

    def __init__(self, option: Option) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        low, high, step = option.span or (0, 1, 1)
        self._low, self._high, self._digits = low, high, _digits(step)
        self._whole = isinstance(low, int)
        self.setRange(*((int(low), int(high)) if self._whole else (0, _PLACES)))
        self.setPageStep(max(1, (self.maximum() - self.minimum()) // 10))
        self.setMinimumWidth(44)
        self.setAccessibleName(text(option.title))
        self.setToolTip(text(option.tip))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        leave_the_wheel(self)

    @property
    def number(self) -> float:
        """The number at its place, as finely as its field shows it."""
        if self._whole:
            return self.value()
        number: float = self._low * (self._high / self._low) ** (self.value() / _PLACES)
        return round(number, self._digits)

    def show_number(self, number: float) -> None:
        """Stand at the place of a number, without a word."""
        share = math.log(max(number, self._low) / self._low) / math.log(self._high / self._low)
        self.blockSignals(True)
        self.setValue(int(number) if self._whole else round(_PLACES * share))
        self.blockSignals(False)


class OptionControls:
    """The controls of some options, kept in step with a project; the settings panel and the export dialog both own one.

    Args:
        options: which.
        wanted: called with an edit and the option's name when the artist changed a control.
        slid: called with an edit each time that she moved a slider while she held it.
        let_go: called when she let go of it.
    """

    def __init__(
        self,
        options: Sequence[Option],
        *,
        wanted: Callable[[OptionEdit, str], None],
        slid: Callable[[OptionEdit], None] = lambda _edit: None,
        let_go: Callable[[], None] = lambda: None,
    ) -> None:
        self._options = {option.name: option for option in options}
        self._wanted = wanted
        self._slid = slid
        self._let_go = let_go
        self._shown: dict[str, Any] = {}
        self.widgets: dict[str, QWidget] = {option.name: self._build(option) for option in options}
        self.sliders: dict[str, OptionSlider] = {
            option.name: self._new_slider(option) for option in options if option.slides
        }

    def line(self, name: str) -> QWidget:
        """Return what stands behind the name of an option: its control, after its slider if it has one."""
        if name not in self.sliders:
            return self.widgets[name]
        option, number = self._options[name], self.widgets[name]
        number.setFixedWidth(_NUMBER_WIDTH)
        number.setAccessibleName(text(option.title))
        number.setToolTip(text(option.tip))
        return row(self.sliders[name], number, spacing=8)

    def show_project(self, project: Project) -> None:
        """Show what the project says, without making edits."""
        for name, option in self._options.items():
            value = option.read(project)
            if self._shown.get(name) != value:
                self._shown[name] = value
                self._show(self.widgets[name], option, value)
                if name in self.sliders:
                    self.sliders[name].show_number(value)

    def offer(self, choices: Mapping[str, Sequence[str]]) -> None:
        """Offer these choices where the names were not known before."""
        for name, names in choices.items():
            widget = self.widgets.get(name)
            if isinstance(widget, QComboBox):
                widget.blockSignals(True)
                widget.clear()
                for value in names:
                    widget.addItem(_choice_label(value, self._options[name]), value)
                if name in self._shown:
                    self._show(widget, self._options[name], self._shown[name])
                widget.blockSignals(False)

    def _build(self, option: Option) -> QWidget:
        if option.span is None:
            return self._build_choice(option)
        low, high, step = option.span
        whole = all(isinstance(bound, int) for bound in option.span)
        spin: QSpinBox | QDoubleSpinBox
        if whole:
            spin = QSpinBox()
            spin.setRange(int(low), int(high))
            spin.setSingleStep(int(step))
        else:
            spin = QDoubleSpinBox()
            spin.setDecimals(_digits(step))
            spin.setRange(low, high)
            spin.setSingleStep(step)
        spin.setKeyboardTracking(_PER_DIGIT)
        spin.setSuffix(option.suffix)
        spin.setSpecialValueText(text(option.at_least))
        spin.lineEdit().setTextMargins(6, 0, 0, 0)
        leave_the_wheel(spin)
        leave_undo(spin)
        spin.valueChanged.connect(partial(self._on_value, option.name))
        return spin

    def _build_choice(self, option: Option) -> QComboBox:
        box = QComboBox()
        leave_the_wheel(box)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for value in option.choices:
            box.addItem(_choice_label(value, option), value)
        box.activated.connect(partial(self._on_chosen, option.name))
        return box

    def _new_slider(self, option: Option) -> OptionSlider:
        slider = OptionSlider(option)
        slider.valueChanged.connect(partial(self._on_slid, option.name))
        slider.sliderReleased.connect(self._let_go)
        return slider

    @staticmethod
    def _show(widget: QWidget, option: Option, value: Any) -> None:
        widget.blockSignals(True)
        if isinstance(widget, QComboBox):
            if widget.findData(value) < 0:
                widget.addItem(_choice_label(value, option), value)
            widget.setCurrentIndex(widget.findData(value))
        elif isinstance(widget, QSpinBox | QDoubleSpinBox):
            widget.setValue(value)
        widget.blockSignals(False)

    def _on_value(self, name: str, value: float) -> None:
        if isinstance(value, float):
            value = round(value, 4)
        if name in self.sliders:
            self.sliders[name].show_number(value)
        self._change(name, value)

    def _on_slid(self, name: str, place: int) -> None:  # noqa: ARG002 the slider knows the number
        slider = self.sliders[name]
        value = slider.number
        self._show(self.widgets[name], self._options[name], value)
        self._change(name, value, held=slider.isSliderDown())

    def _on_chosen(self, name: str, index: int) -> None:
        box = self.widgets[name]
        assert isinstance(box, QComboBox)
        self._change(name, box.itemData(index))

    def _change(self, name: str, value: Any, *, held: bool = False) -> None:
        if self._shown.get(name) == value:
            return
        self._shown[name] = value
        option = self._options[name]

        def edit(project: Project) -> Project:
            return option.edit(project, value)

        if held:
            self._slid(edit)
        else:
            self._wanted(edit, name)


class SettingsPanel(QWidget):
    """Sections of options that fold away."""

    edit_wanted = Signal(object, str)
    """An edit, Project -> Project, and the name of the option that it is of."""
    slid = Signal(object)
    """An edit while a slider is held: it takes the place of the one before."""
    let_go = Signal()
    """The slider is held no longer."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("row")
        self._seeded: Sequence[str] | None = None  # not known before the networks' library is loaded
        self._backbone = ""
        self.controls = OptionControls(
            OPTIONS, wanted=self.edit_wanted.emit, slid=self.slid.emit, let_go=self.let_go.emit
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for section in option_sections(OPTIONS, self.controls):
            column.addWidget(section)
        self.setEnabled(False)

    def offer(self, choices: Mapping[str, Sequence[str]]) -> None:
        """Offer these choices; "seed" names the backbones that draw anything at random."""
        self.controls.offer(choices)
        self._seeded = choices.get("seed")
        self._tell_of_seed()

    def show_project(self, project: Project | None) -> None:
        """Show what the project says; without one there is nothing to set."""
        self.setEnabled(project is not None)
        if project is not None:
            self.controls.show_project(project)
            self._backbone = project.settings.backbone
            self._tell_of_seed()

    def _tell_of_seed(self) -> None:
        """Let the seed be set only where it makes a difference."""
        seed = self.controls.widgets["seed"]
        matters = self._seeded is None or self._backbone in self._seeded
        seed.setEnabled(matters)
        tip = next(option.tip for option in OPTIONS if option.name == "seed")
        seed.setToolTip(
            text(tip if matters else "This backbone draws nothing at random: every seed gives the same head")
        )


def option_sections(options: Sequence[Option], controls: OptionControls) -> list[Section]:
    """Return a section that folds away for each name of one among the options, in their order."""
    made: dict[str, tuple[Section, Form]] = {}
    for option in options:
        if option.section not in made:
            section, form = Section(option.section), Form()
            section.rows.addWidget(form)
            made[option.section] = section, form
        made[option.section][1].add(option.title, controls.line(option.name), tip=option.tip)
    align_forms(*(form for _, form in made.values()))
    return [section for section, _ in made.values()]


def _digits(step: float) -> int:
    """Return how many digits after the point a number is shown with that goes in such steps."""
    return 3 if step < 0.01 else 2


def _choice_label(value: Any, option: Option) -> str:
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") + option.suffix
    return text(_CHOICE_LABELS.get(value, str(value).replace("_", " ").capitalize()))
