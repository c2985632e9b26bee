"""The settings of the side panel: sliders while they are held, and a seed only where it makes a difference."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.importing import choices
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.panels.settings_panel import OptionSlider
from paic3d_studio.project import edits


def mask(studio: MainWindow) -> np.ndarray:
    """Return the line mask as its layer shows it, bool."""
    pixels = studio.image.shown.mask_pixels
    assert pixels is not None
    return np.asarray(pixels[..., 3] > 0)


def slider(studio: MainWindow, name: str) -> OptionSlider:
    """The slider of an option of the side panel, which is shown."""
    studio.actions_by_name["side-panel"].setChecked(True)
    return studio.workspace.settings.controls.sliders[name]


def test_a_held_slider_shows_its_lines_at_once_and_is_one_step_of_undo(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    threshold, spin = slider(studio, "threshold"), studio.workspace.settings.controls.widgets["threshold"]
    before, volumes = mask(studio), pace.volumes
    threshold.setSliderDown(True)
    seen = []
    for place in (100, 130, 160):
        threshold.setValue(place)
        seen.append(int(mask(studio).sum()))
    assert int(before.sum()) > seen[0] > seen[1] > seen[2]
    assert pace.volumes == volumes and not studio.document.runner.runs("refresh")
    lines = dataclasses.replace(studio.document.project.settings.lines, threshold=spin.value())
    assert studio.document.project.settings.lines == lines and spin.value() > 0.05
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        threshold.setSliderDown(False)
    assert int(mask(studio).sum()) == seen[2]
    studio.document.undo()
    assert spin.value() == pytest.approx(0.01) and not studio.document.session.can_undo
    assert threshold.number == pytest.approx(0.01, rel=0.05)
    qtbot.waitUntil(lambda: np.array_equal(mask(studio), before))


def test_esc_takes_a_held_slider_back(qtbot: QtBot, studio: MainWindow) -> None:
    growth, project = slider(studio, "dilation"), studio.document.project
    growth.setSliderDown(True)
    growth.setValue(9)
    assert studio.document.project.settings.lines.dilation == 9
    QTest.keyClick(studio, Qt.Key.Key_Escape)
    assert studio.document.project == project and growth.value() == 2
    growth.setSliderDown(False)
    assert studio.document.project == project


def test_a_slider_that_is_moved_by_keys_makes_a_step_and_one_before_the_picture_is_known_too(
    qtbot: QtBot, studio: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    growth = slider(studio, "dilation")
    growth.setFocus()
    QTest.keyClick(growth, Qt.Key.Key_Right)
    assert studio.document.project.settings.lines.dilation == 3
    monkeypatch.setattr("paic3d_studio.gui.gesture.MaskPreview.of", lambda _: None)
    growth.setSliderDown(True)
    growth.setValue(7)
    assert studio.document.project.settings.lines.dilation == 3
    growth.setSliderDown(False)
    assert studio.document.project.settings.lines.dilation == 7


def test_a_slider_shows_what_the_number_says_and_leaves_the_wheel_to_the_panel(studio: MainWindow) -> None:
    width = slider(studio, "sigma")
    studio.workspace.settings.controls.widgets["sigma"].setValue(5.0)
    assert width.value() == width.maximum()
    wheeled(width)
    assert width.value() == width.maximum()


def test_the_seed_can_be_set_only_where_the_backbone_draws_at_random(studio: MainWindow) -> None:
    panel = studio.workspace.settings
    seed = panel.controls.widgets["seed"]
    assert seed.isEnabled()  # nothing is known of the backbones yet
    studio.document.method_known.emit(choices())
    assert not seed.isEnabled() and "every seed gives the same head" in seed.toolTip()
    studio.document.edit(lambda project: edits.set_settings(project, backbone="published"))
    assert seed.isEnabled() and "every seed" not in seed.toolTip()
    studio.document.undo()
    assert not seed.isEnabled()
    studio.document.stop()


def wheeled(control: QWidget) -> None:
    """Turn the wheel down by one notch over a control."""
    place = QPointF(control.rect().center())
    event = QWheelEvent(
        place, control.mapToGlobal(place), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(control, event)


def test_a_panel_that_scrolls_changes_no_setting_on_its_way(studio: MainWindow) -> None:
    studio.actions_by_name["side-panel"].setChecked(True)
    before = studio.document.project
    panels = (studio.workspace.settings.controls, studio.workspace.mesh.controls)
    for control in (control for controls in panels for control in controls.widgets.values()):
        control.clearFocus()
        wheeled(control)
    layers = studio.workspace.layers
    opacities = {name: slider.value() for name, slider in layers.sliders.items()}
    for control in (layers.backdrops, layers.line_colours, *layers.sliders.values()):
        control.clearFocus()
        wheeled(control)
    assert studio.document.project == before
    assert {name: slider.value() for name, slider in layers.sliders.items()} == opacities
    assert not studio.document.session.can_undo


def test_a_setting_that_was_clicked_takes_the_wheel(qtbot: QtBot, studio: MainWindow) -> None:
    studio.actions_by_name["side-panel"].setChecked(True)
    studio.activateWindow()
    assert QTest.qWaitForWindowActive(studio)
    spin = studio.workspace.settings.controls.widgets["dilation"]
    spin.setFocus()
    before = spin.value()
    wheeled(spin)
    assert spin.value() != before


def test_another_picture_is_looked_at_from_the_front(qtbot: QtBot, studio: MainWindow, another_picture: Path) -> None:
    viewport = studio.head.viewport
    home = viewport.view
    viewport.show_back()
    assert viewport.view != home
    with qtbot.waitSignal(studio.document.refreshed, timeout=20_000):
        studio.document.open(another_picture)
    assert viewport.view == home
