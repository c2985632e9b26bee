"""The options of the method, each an edit like any other: undone, redone, and pulled through what it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox, QVBoxLayout, QWidget

from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import Form, Section, align_forms
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


OPTIONS: Final = (
    Option(
        "Lines", "sigma", "Line width", "Blur of the finer of the two compared pictures: thicker lines need more",
        lambda p: p.settings.lines.sigma, lambda p, v: edits.set_line_options(p, sigma=v), (0.1, 5.0, 0.1),
        suffix=" px",
    ),
    Option(
        "Lines", "threshold", "Threshold", "How much darker than its surroundings a line must be",
        lambda p: p.settings.lines.threshold, lambda p, v: edits.set_line_options(p, threshold=v), (0.001, 0.2, 0.002),
    ),
    Option(
        "Lines", "dilation", "Growth", "How far the found lines are widened before they are repainted",
        lambda p: p.settings.lines.dilation, lambda p, v: edits.set_line_options(p, dilation=v), (1, 12, 1),
        suffix=" px",
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


class OptionControls:
    """The controls of some options, kept in step with a project; the settings panel and the export dialog both own one.

    Args:
        options: which.
        wanted: called with an edit and the option's name when the artist changed a control.
    """

    def __init__(
        self, options: Sequence[Option], *, wanted: Callable[[Callable[[Project], Project], str], None]
    ) -> None:
        self._options = {option.name: option for option in options}
        self._wanted = wanted
        self._shown: dict[str, Any] = {}
        self.widgets: dict[str, QWidget] = {option.name: self._build(option) for option in options}

    def show_project(self, project: Project) -> None:
        """Show what the project says, without making edits."""
        for name, option in self._options.items():
            value = option.read(project)
            if self._shown.get(name) != value:
                self._shown[name] = value
                self._show(self.widgets[name], option, value)

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
            spin.setDecimals(3 if step < 0.01 else 2)
            spin.setRange(low, high)
            spin.setSingleStep(step)
        spin.setKeyboardTracking(_PER_DIGIT)
        spin.setSuffix(option.suffix)
        spin.setSpecialValueText(text(option.at_least))
        spin.lineEdit().setTextMargins(6, 0, 0, 0)
        spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel scrolls the panel unless the field has the focus
        spin.valueChanged.connect(partial(self._on_value, option.name))
        return spin

    def _build_choice(self, option: Option) -> QComboBox:
        box = QComboBox()
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for value in option.choices:
            box.addItem(_choice_label(value, option), value)
        box.activated.connect(partial(self._on_chosen, option.name))
        return box

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
        self._change(name, value)

    def _on_chosen(self, name: str, index: int) -> None:
        box = self.widgets[name]
        assert isinstance(box, QComboBox)
        self._change(name, box.itemData(index))

    def _change(self, name: str, value: Any) -> None:
        if self._shown.get(name) == value:
            return
        self._shown[name] = value
        option = self._options[name]
        self._wanted(lambda project: option.edit(project, value), name)


class SettingsPanel(QWidget):
    """Sections of options that fold away."""

    edit_wanted = Signal(object, str)
    """An edit, Project -> Project, and the name of the option that it is of."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("row")
        self.controls = OptionControls(OPTIONS, wanted=self.edit_wanted.emit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for section in option_sections(OPTIONS, self.controls):
            column.addWidget(section)
        self.setEnabled(False)

    def show_project(self, project: Project | None) -> None:
        """Show what the project says; without one there is nothing to set."""
        self.setEnabled(project is not None)
        if project is not None:
            self.controls.show_project(project)


def option_sections(options: Sequence[Option], controls: OptionControls) -> list[Section]:
    """Return a section that folds away for each name of one among the options, in their order."""
    made: dict[str, tuple[Section, Form]] = {}
    for option in options:
        if option.section not in made:
            section, form = Section(option.section), Form()
            section.rows.addWidget(form)
            made[option.section] = section, form
        made[option.section][1].add(option.title, controls.widgets[option.name], tip=option.tip)
    align_forms(*(form for _, form in made.values()))
    return [section for section, _ in made.values()]


def _choice_label(value: Any, option: Option) -> str:
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") + option.suffix
    return text(_CHOICE_LABELS.get(value, str(value).replace("_", " ").capitalize()))
