"""Brush, eraser, pen, lasso and polyline, with a real pointer and real keys, and what comes of them."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from paic3d_studio.core.artefacts import content_key
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.picture_layers import LayerState
from paic3d_studio.project import edits
from tests.gui.seen import mask


def test_a_polyline_is_clicked_stepped_back_and_ended_as_one_step(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.actions_by_name["tool-polyline"].trigger()
    before = mask(studio)
    for place in ((40, 40), (90, 40), (90, 80), (20, 90)):
        pointer.click(*place)
    QTest.keyClick(studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # the last corner, not an edit
    pointer.hover(60, 100)
    assert mask(studio)[99, 60]
    studio.image.view.setFocus()
    with qtbot.waitSignal(studio.document.refreshed):
        QTest.keyClick(studio.image.view, Qt.Key.Key_Return)
    (stroke,) = studio.document.project.strokes
    assert np.array(stroke.points) == pytest.approx(np.array([(40, 40), (90, 40), (90, 80)]))
    assert not mask(studio)[99, 60] and mask(studio)[40, 45:85].all()
    studio.document.undo()
    assert np.array_equal(mask(studio), before) and not studio.document.session.can_undo
    pointer.click(40, 40)
    pointer.double_click(90, 60)
    assert len(studio.document.project.strokes[0].points) == 2
    pointer.click(40, 40)
    QTest.keyClick(studio, Qt.Key.Key_Escape)
    assert len(studio.document.project.strokes) == 1


def test_a_setting_changed_in_the_middle_of_a_polyline_ends_the_line_and_is_a_step_of_its_own(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("polyline")
    for place in ((40, 40), (90, 40)):
        pointer.click(*place)
    pointer.hover(90, 90)
    studio.workspace.settings.controls.widgets["threshold"].setValue(0.1)
    pointer.hover(120, 120)
    pointer.hover(20, 100)
    project = studio.document.project
    (stroke,) = project.strokes
    assert np.array(stroke.points) == pytest.approx(np.array([(40, 40), (90, 40)]))
    assert project.settings.lines.threshold == pytest.approx(0.1)
    studio.document.undo()
    assert studio.document.project.settings.lines.threshold == pytest.approx(0.01)
    assert studio.document.project.strokes == project.strokes
    studio.document.undo()
    assert studio.document.project.strokes == () and not studio.document.session.can_undo


def test_strokes_cleared_in_the_middle_of_a_brush_stroke_take_it_along_until_undo(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("brush")
    pointer.press(40, 40)
    pointer.drag_to(80, 40)
    studio.document.edit(edits.clear_strokes)
    pointer.drag_to(120, 40)
    pointer.release(120, 40)
    assert studio.document.project.strokes == ()
    studio.document.undo()
    assert [stroke.points[-1] for stroke in studio.document.project.strokes] == [pytest.approx((80, 40))]


def test_a_picture_opened_in_the_middle_of_a_polyline_is_shown_whole_and_the_line_is_gone(
    qtbot: QtBot, studio: MainWindow, pointer: object, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = studio.image
    image.shown.set_state("clean", LayerState(True))
    image.choose_tool("polyline")
    go = threading.Event()
    painted = studio.document.session.line_free

    def slow(*given: object, **parts: object) -> object:
        go.wait(10)
        return painted(*given, **parts)

    monkeypatch.setattr(studio.document.session, "line_free", slow)
    pointer.click(40, 40)
    pointer.click(90, 40)
    assert studio.document.live.busy
    other = picture.with_name("other.png")
    turned = cv2.rotate(cv2.imread(str(picture), cv2.IMREAD_UNCHANGED), cv2.ROTATE_180)
    other.write_bytes(cv2.imencode(".png", turned)[1].tobytes())
    with qtbot.waitSignal(studio.document.refreshed, timeout=20_000):
        studio.document.open(other)
    assert not studio.document.live.busy
    go.set()
    qtbot.wait(200)
    pointer.hover(120, 120)
    session = studio.document.session
    assert studio.document.project.strokes == () and not session.can_undo
    assert np.array_equal(mask(studio), session.pull("line_mask").mask)
    assert np.array_equal(image.view.pixels_of("clean"), session.pull("render_like").rgba)
    assert content_key(image.hulls) == content_key(session.pull("hulls"))


def test_a_lasso_marks_all_it_goes_round_and_with_shift_keeps_it(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.actions_by_name["tool-lasso"].trigger()
    pointer.press(20, 20)
    for place in ((80, 20), (80, 60), (20, 60)):
        pointer.drag_to(*place)
    assert mask(studio)[25:55, 25:75].all()
    pointer.release(20, 60)
    assert studio.document.project.strokes[0].filled and len(studio.document.project.strokes) == 1


def test_keys_and_sliders_set_the_brush_and_a_soft_one_marks_in_part(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.actions_by_name["tool-brush"].trigger()
    bar = studio.image.tools.size.bar
    assert bar.isVisible()
    bar.size_slider.setValue(75)
    assert studio.image.tools.size.radius == pytest.approx(0.5 * 128**0.75, rel=0.01)
    bar.hardness_slider.setValue(50)
    QTest.keyClick(studio, Qt.Key.Key_BraceLeft, Qt.KeyboardModifier.ShiftModifier)
    assert bar.hardness_slider.value() == 40
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.click(60, 60)
    assert studio.document.project.strokes[0].hardness == pytest.approx(0.4)
    shares = studio.image.shown.mask_pixels[60, 60:90, 3].astype(int)
    assert shares[0] == 255 and (np.diff(shares) <= 0).all() and ((shares > 0) & (shares < 255)).any()
    studio.image.choose_tool("hull")
    assert not bar.isVisible()


def test_a_pen_tells_its_pressure_and_its_back_end_erases(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    studio.image.choose_tool("brush")
    studio.image.tools.size.set_radius(16.0)
    view = studio.image.view

    def pen(kind: QEvent.Type, x: float, y: float, pressure: float, *, tip: bool = True, held: bool = True) -> None:
        at = pointer.place(x, y)
        pens = QPointingDevice.PointerType
        device = QPointingDevice(
            "pen", 7, QInputDevice.DeviceType.Stylus, pens.Pen if tip else pens.Eraser,
            QInputDevice.Capability.Pressure, 1, 3,
        )  # fmt: skip
        button = Qt.MouseButton.LeftButton if held else Qt.MouseButton.NoButton
        event = QTabletEvent(
            kind, device, at, view.mapToGlobal(at), pressure, 0, 0, 0, 0, 0, Qt.KeyboardModifier.NoModifier, button,
            button,
        )  # fmt: skip
        QApplication.sendEvent(view.viewport(), event)

    pen(QEvent.Type.TabletPress, 40, 40, 0.25)
    pointer.press(40, 40)
    for x in range(45, 100, 5):
        pen(QEvent.Type.TabletMove, x, 40, 0.25 + 0.5 * (x - 40) / 60)
        pointer.drag_to(x, 40)
    pen(QEvent.Type.TabletRelease, 103, 40, 0.0, held=False)
    pointer.release(103, 40)
    (stroke,) = studio.document.project.strokes
    assert stroke.pressures[0] == pytest.approx(0.25) and stroke.pressures[-1] == pytest.approx(0.7083, abs=1e-3)
    assert mask(studio)[:, 44].sum() < mask(studio)[:, 96].sum()
    pen(QEvent.Type.TabletMove, 60, 40, 0.0, held=False)
    pointer.hover(60, 40)
    assert studio.image._last_touch.pressure == 1.0
    pen(QEvent.Type.TabletPress, 70, 40, 1.0, tip=False)
    pointer.click(70, 40)
    assert not studio.document.project.strokes[1].adds
    pointer.click(200, 40)
    assert studio.document.project.strokes[2].adds and studio.document.project.strokes[2].pressures == ()


def test_one_brush_stroke_is_one_step_and_marks_what_it_covers(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("brush")
    before = mask(studio)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag((60, 60), (120, 60), steps=12)
    assert len(studio.document.project.strokes) == 1
    assert mask(studio)[58:62, 62:118].all()
    studio.document.undo()
    assert np.array_equal(mask(studio), before)
    assert not studio.document.session.can_undo


def test_another_button_during_a_stroke_neither_ends_nor_moves_it(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("brush")
    shown, middle = studio.image.view.pan_zoom, Qt.MouseButton.MiddleButton
    pointer.press(40, 40)
    pointer.drag_to(80, 40)
    pointer.press_also(80, 40, middle)
    pointer.drag_to(120, 40)
    pointer.release_one(120, 40, middle)
    pointer.drag_to(160, 40)
    pointer.release(160, 40)
    pointer.drag((40, 90), (80, 90))
    assert [stroke.points[-1][0] for stroke in studio.document.project.strokes] == pytest.approx([160, 80], abs=1)
    assert studio.image.view.pan_zoom == shown


def test_the_eraser_takes_lines_out_of_the_mask(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    rows, columns = np.nonzero(mask(studio))
    x, y = float(columns[0]) + 0.5, float(rows[0]) + 0.5
    studio.image.choose_tool("eraser")
    pointer.click(x, y)
    assert not mask(studio)[rows[0], columns[0]]


def test_brackets_change_the_brush(qtbot: QtBot, studio: MainWindow) -> None:
    studio.image.choose_tool("brush")
    before = studio.image.tools.size.radius
    QTest.keyClick(studio, Qt.Key.Key_BracketRight)
    assert studio.image.tools.size.radius > before
    QTest.keyClick(studio, Qt.Key.Key_BracketLeft)
    assert studio.image.tools.size.radius == pytest.approx(before)


def test_a_stroke_of_the_cut_out_brush_brings_transparent_pixels_back(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("matte")
    before = studio.document.session.pull("aligned").rgba[..., 3]
    rows, columns = np.nonzero(before == 0)
    middle = len(rows) // 3
    x, y = float(columns[middle]), float(rows[middle])
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag((x, y), (x + 6, y))
    after = studio.document.session.pull("aligned").rgba[..., 3]
    assert after[rows[middle], columns[middle]] == 255
    shown = studio.image.view.pixels_of("picture")
    assert shown is not None
    assert np.array_equal(shown[..., 3], after)
