"""What the artist does in the window, with a real pointer and real keys, and what comes of it."""

import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage, QInputDevice, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from paic3d_studio.core.artefacts import content_key
from paic3d_studio.errors import UserError
from paic3d_studio.gui.hull_menu import HullMenu
from paic3d_studio.gui.landmark_menu import LandmarkMenu
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.picture_layers import LayerState
from paic3d_studio.project import edits
from paic3d_studio.tools.place_face_tool import QUESTIONS


def mask(studio: MainWindow) -> np.ndarray:
    """Return the line mask as its layer shows it, bool."""
    pixels = studio.image.shown.mask_pixels
    assert pixels is not None
    return np.asarray(pixels[..., 3] > 0)


def corner(studio: MainWindow, feature: str, index: int) -> tuple[float, float]:
    x, y = studio.image.hulls.polygons[feature][index]
    return float(x), float(y)


def inside(polygon: np.ndarray) -> np.ndarray:
    """Return the pixels whose centres lie well inside a polygon, bool (512, 512)."""
    drawn = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(drawn, [np.round(polygon - 0.5).astype(np.int32)], 1)
    return cv2.erode(drawn, np.ones((3, 3), np.uint8)).astype(bool)


def states(studio: MainWindow) -> dict[str, str]:
    return studio.workspace.strip.states()


def test_opening_shows_square_hulls_and_mask_and_everything_is_up_to_date(qtbot: QtBot, studio: MainWindow) -> None:
    qtbot.waitUntil(lambda: not studio.document.runner.busy)  # the finer volume follows by itself
    assert studio.image.has_face
    assert set(studio.image.hulls.polygons) == {"right_eye", "left_eye", "mouth", "nose"}
    assert mask(studio).any()
    assert set(states(studio).values()) <= {"fresh", "cached"}
    assert studio.workspace.title.text() == "portrait.png"


def test_dragging_a_corner_changes_the_mask_while_the_button_is_still_down(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    before = mask(studio)
    start = corner(studio, "mouth", 0)
    took: list[float] = []
    studio.image.gesture.mask_shown.connect(took.append)
    pointer.press(*start)
    for step in range(1, 9):
        pointer.drag_to(start[0] + 10 * step, start[1] + 2 * step)
        qtbot.wait(20)
    during = mask(studio)
    pointer.release(start[0] + 80, start[1] + 16)
    assert (before != during).any()
    assert not during[inside(studio.image.hulls.polygons["mouth"])].any()
    print(f"\ndrag to mask on the widget: median {np.median(took):.1f} ms, worst {max(took):.1f} ms of {len(took)}")


def test_a_drag_refreshes_the_head_in_the_background_without_finding_the_face_again(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    start = corner(studio, "mouth", 0)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag(start, (start[0] + 80, start[1] + 16))
    shown = states(studio)
    assert {shown[stage] for stage in ("portrait", "landmarks", "alignment", "aligned", "lines")} == {"cached"}
    assert {shown[stage] for stage in ("hulls", "keep", "line_mask", "volume")} == {"fresh"}


def test_a_drag_is_one_step_and_undo_runs_nothing_again(
    qtbot: QtBot, studio: MainWindow, pointer: object, pace: object
) -> None:
    qtbot.waitUntil(lambda: not studio.document.runner.busy)  # the finer view too is known, and undo finds it
    before_mask, before_hulls = mask(studio), studio.image.hulls
    start = corner(studio, "mouth", 0)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag(start, (start[0] + 60, start[1]), steps=25)
    changed = mask(studio)
    computed = pace.volumes
    with qtbot.waitSignal(studio.document.refreshed):
        QTest.keyClick(studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not studio.document.session.can_undo
    assert np.array_equal(mask(studio), before_mask)
    assert np.array_equal(studio.image.hulls.polygons["mouth"], before_hulls.polygons["mouth"])
    assert set(states(studio).values()) == {"cached"}
    assert pace.volumes == computed
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    with qtbot.waitSignal(studio.document.refreshed):
        QTest.keyClick(studio, Qt.Key.Key_Z, both)
    assert np.array_equal(mask(studio), changed)
    assert pace.volumes == computed


def test_the_mask_of_a_drag_is_the_mask_that_the_method_makes(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    start = corner(studio, "right_eye", 5)
    pointer.press(*start)
    pointer.drag_to(start[0] - 40, start[1] + 20)
    shown = mask(studio)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.release(start[0] - 40, start[1] + 20)
    assert np.array_equal(shown, studio.document.session.pull("line_mask").mask)
    assert np.array_equal(shown, mask(studio))


def test_what_the_mesh_does_not_need_again_stays_as_it_ran(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.want_mesh(True)
    start = corner(studio, "mouth", 0)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag(start, (start[0] + 40, start[1]))
    shown = states(studio)
    assert {shown[stage] for stage in ("hulls", "line_mask", "field", "volume", "textured")} == {"fresh"}


def test_a_stage_that_an_edit_left_behind_says_nothing_until_undo_makes_it_true_again(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.want_mesh(True)
    studio.document.want_mesh(False)
    start = corner(studio, "mouth", 0)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag(start, (start[0] + 40, start[1]))
    assert not {"lattice", "surface", "textured"} & set(states(studio))
    with qtbot.waitSignal(studio.document.refreshed):
        QTest.keyClick(studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert {states(studio)[stage] for stage in ("lattice", "surface", "textured")} == {"cached"}


def test_the_corner_under_the_pointer_lights_up_also_when_others_drop_out(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.view.zoom_to(6.0)
    polygon = studio.image.hulls.polygons["mouth"]
    start, out = corner(studio, "mouth", 6), polygon[6] + 2 * (polygon[6] - polygon.mean(axis=0))
    pointer.drag(start, (float(out[0]), float(out[1])))
    changed = studio.image.hulls.polygons["mouth"]
    assert len(changed) < len(polygon)
    handles = studio.image.shown.hull_layer.items["mouth"]._handles
    largest = max(handles, key=lambda handle: handle.rect().width())
    at = (largest.pos().x(), largest.pos().y())
    assert np.allclose(at, out, atol=1.0)
    assert sum(handle.rect().width() == largest.rect().width() for handle in handles) == 1


def test_escape_takes_a_drag_back(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    before = mask(studio)
    start = corner(studio, "mouth", 0)
    pointer.press(*start)
    pointer.drag_to(start[0] + 50, start[1])
    QTest.keyClick(studio, Qt.Key.Key_Escape)
    assert not studio.document.session.can_undo
    assert np.array_equal(mask(studio), before)


def test_hidden_hulls_are_not_edited_and_the_hint_says_why(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    before = studio.document.project
    tip = corner(studio, "nose", 3)
    studio.image.view.setFocus()
    QTest.keyClick(studio.image.view, Qt.Key.Key_2)
    assert "hidden" in studio.workspace.status.hint
    pointer.drag(tip, (tip[0] + 20, tip[1]))
    pointer.hover(*tip)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Delete):
        QTest.keyClick(studio.image.view, key)
    edge = studio.image.hulls.polygons["mouth"][:2].mean(axis=0)
    pointer.double_click(float(edge[0]), float(edge[1]))
    pointer.click(*tip, Qt.MouseButton.RightButton)
    assert studio.document.project is before and studio.image._menu is None
    QTest.keyClick(studio.image.view, Qt.Key.Key_2)
    assert "hidden" not in studio.workspace.status.hint
    pointer.drag(tip, (tip[0] + 20, tip[1]))
    assert studio.document.project != before


def test_of_many_right_clicks_one_menu_is_kept(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    for tool, kind in (("hull", HullMenu), ("landmarks", LandmarkMenu)):
        studio.image.choose_tool(tool)
        for _ in range(5):
            pointer.click(*corner(studio, "nose", 3), Qt.MouseButton.RightButton)
            studio.image._menu.close()
        qtbot.waitUntil(lambda kind=kind: len(studio.image.findChildren(kind)) == 1)


def test_a_double_click_on_an_edge_adds_a_corner_and_a_right_click_removes_it(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.view.zoom_to(6.0)
    polygon = studio.image.hulls.polygons["mouth"]
    middle = (polygon[0] + polygon[1]) / 2
    pointer.double_click(float(middle[0]), float(middle[1]))
    added = studio.image.hulls.polygons["mouth"]
    assert len(added) == len(polygon) + 1
    nearest = added[np.hypot(*(added - middle).T).argmin()]
    pointer.click(float(nearest[0]), float(nearest[1]), Qt.MouseButton.RightButton)
    chosen(studio, "Remove this corner")
    assert len(studio.image.hulls.polygons["mouth"]) == len(polygon)


def chosen(studio: MainWindow, text: str) -> None:
    """Choose an entry of the menu that a right click opened."""
    menu = studio.image._menu
    assert menu is not None and menu.isVisible()
    (action,) = [action for action in menu.actions() if action.text() == text]
    action.trigger()
    menu.close()


def test_a_hull_of_the_artists_own_keeps_lines_and_can_be_named_locked_and_removed(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    rows, columns = np.nonzero(mask(studio))
    highest = int(rows.argmin())
    at = (float(columns[highest]) + 0.5, float(rows[highest]) + 8.5)
    pointer.click(*at, Qt.MouseButton.RightButton)
    chosen(studio, "Add a hull here")
    own = studio.image.hulls.polygons["mark"]
    assert not mask(studio)[inside(own)].any()
    pointer.click(*at, Qt.MouseButton.RightButton)
    studio.image._menu._rename("mark", "mole")
    assert "mole" in studio.image.hulls.polygons and "mark" not in studio.image.hulls.polygons
    pointer.click(*at, Qt.MouseButton.RightButton)
    chosen(studio, "Lock")
    before = studio.document.project
    pointer.drag(at, (at[0] + 30, at[1]))
    assert studio.document.project == before
    pointer.click(*at, Qt.MouseButton.RightButton)
    chosen(studio, "Unlock")
    pointer.click(*at, Qt.MouseButton.RightButton)
    with qtbot.waitSignal(studio.document.refreshed):
        chosen(studio, "Remove this hull")
    assert "mole" not in studio.image.hulls.polygons
    assert mask(studio)[inside(own)].any()


def test_an_eye_takes_the_mirrored_hull_of_the_other_and_goes_back_to_what_was_detected(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    detected = dict(studio.image.hulls.polygons)
    start = corner(studio, "right_eye", 6)
    pointer.drag(start, (start[0] - 30, start[1]))
    middle = tuple(float(x) for x in detected["left_eye"].mean(axis=0))
    pointer.click(*middle, Qt.MouseButton.RightButton)
    chosen(studio, "Mirror the other eye")
    one, other = (studio.image.hulls.polygons[name] for name in ("right_eye", "left_eye"))
    assert np.ptp(one, axis=0) == pytest.approx(np.ptp(other, axis=0))
    reach = [detected[name].mean(axis=0)[0] for name in ("right_eye", "left_eye")]
    assert reach[0] - one[:, 0].min() == pytest.approx(other[:, 0].max() - reach[1])
    pointer.click(*middle, Qt.MouseButton.RightButton)
    chosen(studio, "As detected")
    assert np.array_equal(studio.image.hulls.polygons["left_eye"], detected["left_eye"])


def test_a_corner_dragged_far_out_shows_which_others_go_and_a_free_hull_keeps_them(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    before = studio.image.hulls.polygons["left_eye"].copy()
    start = corner(studio, "left_eye", 3)
    crosses = studio.image.shown.hull_layer._dropped
    pointer.press(*start)
    pointer.drag_to(start[0] + 60, start[1] + 70)
    gone = len(before) - len(studio.image.hulls.polygons["left_eye"])
    assert gone > 0 and sum(cross.isVisible() for cross in crosses) == gone
    assert f"{gone} corners" in studio.workspace.status.hint
    pointer.drag_to(*start)
    assert len(studio.image.hulls.polygons["left_eye"]) == len(before)
    pointer.release(*start)
    assert not any(cross.isVisible() for cross in crosses)
    assert "corners lie" not in studio.workspace.status.hint
    pointer.click(*(float(x) for x in before.mean(axis=0)), Qt.MouseButton.RightButton)
    chosen(studio, "Free shape, with dents")
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag(start, (start[0] + 60, start[1] + 70))
    assert len(studio.image.hulls.polygons["left_eye"]) == len(before)
    assert np.array_equal(studio.document.session.pull("line_mask").mask, mask(studio))
    pointer.click(*(float(x) for x in before.mean(axis=0)), Qt.MouseButton.RightButton)
    chosen(studio, "Convex shape")
    assert len(studio.image.hulls.polygons["left_eye"]) == len(before) - gone


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
    qtbot: QtBot, studio: MainWindow, pointer: object, picture: Path
) -> None:
    image = studio.image
    image.shown.set_state("clean", LayerState(True))
    image.choose_tool("polyline")
    go = threading.Event()
    painted = studio.document.session.line_free

    def slow(*given: object, **parts: object) -> object:
        go.wait(10)
        return painted(*given, **parts)

    studio.document.session.line_free = slow  # type: ignore[method-assign]
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


def test_arrow_keys_nudge_what_is_under_the_pointer(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    studio.image.view.zoom_to(4.0)
    before = studio.image.hulls.polygons["mouth"].copy()
    lip = 0.4 * before.mean(axis=0) + 0.6 * before[before[:, 1].argmax()]  # well below the hull of the nose
    pointer.hover(float(lip[0]), float(lip[1]))
    QTest.keyClick(studio.image.view, Qt.Key.Key_Right)
    QTest.keyClick(studio.image.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert studio.image.hulls.polygons["mouth"] == pytest.approx(before + np.array([1, 10]))


def test_nudges_without_a_pause_are_one_step_and_so_are_the_values_of_a_setting(
    qtbot: QtBot, studio: MainWindow, pointer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.image.view.setFocus()
    pointer.hover(*corner(studio, "nose", 3))
    for _ in range(3):
        QTest.keyClick(studio.image.view, Qt.Key.Key_Down)
    nudged = studio.document.project
    sigma = studio.workspace.settings.controls.widgets["sigma"]
    for _ in range(3):
        sigma.stepUp()
    assert studio.document.project.settings.lines.sigma == pytest.approx(nudged.settings.lines.sigma + 0.3)
    studio.document.undo()
    assert studio.document.project == nudged
    studio.document.undo()
    assert not studio.document.session.can_undo
    monkeypatch.setattr("paic3d_studio.gui.document._PAUSE", 0.0)
    for _ in range(2):
        sigma.stepUp()
    studio.document.undo()
    assert studio.document.session.can_undo


def test_the_delete_key_removes_the_corner_under_the_pointer(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    before = len(studio.image.hulls.polygons["nose"])
    pointer.hover(*corner(studio, "nose", 3))
    studio.image.view.setFocus()
    QTest.keyClick(studio.image.view, Qt.Key.Key_Delete)
    assert len(studio.image.hulls.polygons["nose"]) == before - 1


def test_a_dragged_landmark_takes_along_the_hull_until_the_artist_has_edited_it(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.actions_by_name["tool-landmarks"].trigger()
    before, square = dict(studio.image.hulls.polygons), studio.document.session.pull("alignment").matrix
    start = tuple(float(x) for x in studio.image.landmarks[27])
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag(start, (start[0] + 6, start[1] + 30))
    assert studio.image.landmarks[27] == pytest.approx((start[0] + 6, start[1] + 30), abs=0.01)
    moved = studio.image.hulls.polygons
    assert moved["mouth"][:, 1].max() > before["mouth"][:, 1].max() + 5
    assert np.array_equal(moved["left_eye"], before["left_eye"])
    assert np.array_equal(studio.document.session.pull("alignment").matrix, square)
    shown = states(studio)
    assert {shown[stage] for stage in ("found_landmarks", "found_matte", "alignment", "aligned", "lines")} == {"cached"}
    assert shown["found_hulls"] == "fresh"
    studio.document.edit(lambda project: edits.set_hull(project, feature="mouth", polygon=before["mouth"]))
    pointer.drag(tuple(studio.image.landmarks[27].tolist()), (start[0], start[1] + 60))
    assert np.array_equal(studio.image.hulls.polygons["mouth"], before["mouth"])
    for _ in range(3):
        studio.document.undo()
    assert studio.image.landmarks[27] == pytest.approx(start, abs=0.01)
    assert not studio.document.session.can_undo


def test_the_mask_of_a_dragged_landmark_is_the_mask_that_the_method_makes(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("landmarks")
    start = tuple(float(x) for x in studio.image.landmarks[24])
    pointer.press(*start)
    pointer.drag_to(start[0] - 30, start[1] + 12)
    shown = mask(studio)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.release(start[0] - 30, start[1] + 12)
    assert np.array_equal(studio.document.session.pull("line_mask").mask, shown)


def test_a_landmark_goes_back_to_where_it_was_found_from_its_menu(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("landmarks")
    found = studio.image.landmarks.copy()
    pointer.hover(*found[23])
    QTest.keyClick(studio.image.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    pointer.hover(*found[25])
    QTest.keyClick(studio.image.view, Qt.Key.Key_Up)
    assert studio.image.landmarks - found == pytest.approx(
        np.array([[10, 0] if i == 23 else [0, -1] if i == 25 else [0, 0] for i in range(28)]), abs=0.01
    )
    pointer.click(*studio.image.landmarks[23], Qt.MouseButton.RightButton)
    chosen(studio, "As detected")
    assert [moved.index for moved in studio.document.project.landmark_moves] == [25]
    studio.actions_by_name["reset-landmarks"].trigger()
    assert studio.image.landmarks == pytest.approx(found)


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


def test_keys_1_to_4_show_and_hide_layers(qtbot: QtBot, studio: MainWindow) -> None:
    studio.image.view.setFocus()
    keys = {"picture": Qt.Key.Key_1, "hulls": Qt.Key.Key_2, "lines": Qt.Key.Key_3, "clean": Qt.Key.Key_4}
    for layer, key in keys.items():
        before = studio.image.shown.states[layer].visible
        QTest.keyClick(studio.image.view, key)
        assert studio.image.shown.states[layer].visible is not before
        assert studio.actions_by_name[f"layer-{layer}"].isChecked() is not before


def test_of_many_quick_edits_only_the_last_is_reconstructed(qtbot: QtBot, studio: MainWindow, pace: object) -> None:
    pace.seconds = 0.3
    before = pace.volumes
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        for seed in range(1, 8):
            studio.workspace.settings.controls.widgets["seed"].setValue(seed)
            qtbot.wait(10)
    assert studio.document.project.seed == 7
    assert pace.volumes - before < 7


def test_escape_stops_a_reconstruction_and_f5_goes_on(qtbot: QtBot, studio: MainWindow, pace: object) -> None:
    pace.seconds = 20
    with qtbot.waitSignal(studio.document.refresh_started):
        studio.workspace.settings.controls.widgets["seed"].setValue(5)
    qtbot.waitUntil(lambda: states(studio).get("volume") == "running")
    took: list[float] = []
    studio.document.stopped.connect(lambda _, seconds: took.append(seconds))
    with qtbot.waitSignal(studio.document.stopped, timeout=2000):
        QTest.keyClick(studio, Qt.Key.Key_Escape)
    print(f"\ncancel: {1000 * took[0]:.0f} ms")
    assert states(studio)["volume"] == "cancelled"
    assert "F5" in studio.workspace.status.hint
    pace.seconds = 0
    with qtbot.waitSignal(studio.document.refreshed):
        QTest.keyClick(studio, Qt.Key.Key_F5)
    assert states(studio)["volume"] == "fresh"


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_bad_file_is_told_of_and_leaves_the_open_picture_alone(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(content)
    qtbot.waitUntil(lambda: states(studio).get("fine_volume") == "fresh")
    project, shown, strip = studio.document.project, mask(studio), states(studio)
    with qtbot.waitSignal(studio.document.failed):
        studio.open_picture(str(bad))
    assert studio.document.project is project
    assert np.array_equal(mask(studio), shown)
    assert states(studio) == strip
    assert studio.workspace.messages.isVisible()
    assert "bad.png" in studio.workspace.messages.text


def test_a_bad_file_does_not_stop_the_reconstruction_of_the_open_picture(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, pace: object
) -> None:
    pace.seconds = 0.2
    studio.workspace.settings.controls.widgets["seed"].setValue(9)
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.opening._open_now(str(tmp_path / "missing.png"), "")
    assert states(studio)["volume"] == "fresh"


def test_two_bad_files_in_a_row_do_not_stop_it_either(
    qtbot: QtBot, studio: MainWindow, pace: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object, **__: object) -> None:
        time.sleep(0.3)
        raise UserError("There is no such file.")

    monkeypatch.setattr(studio.document.session, "read", read)
    pace.seconds = 0.2
    studio.workspace.settings.controls.widgets["seed"].setValue(9)
    studio.opening._open_now("first.png", "")
    qtbot.waitUntil(lambda: not studio.document.runner.runs("refresh"))
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.opening._open_now("second.png", "")
    assert states(studio)["volume"] == "fresh"


def test_a_picture_without_a_face_asks_for_it_and_three_clicks_place_it(
    qtbot: QtBot, window: MainWindow, picture: Path, pace: object
) -> None:
    from paic3d_studio.tools.pan_zoom import PanZoom

    pace.face = False
    with qtbot.waitSignal(window.document.failed, timeout=10_000):
        window.open_picture(str(picture))
    assert window.image.placing
    assert window.image.tools.placing.prompt.isVisible()
    view: PanZoom = window.image.view.pan_zoom
    assert view.content == (360, 360)
    asked = []
    for x, y in ((144.0, 180.0), (216.0, 180.0), (180.0, 230.0)):
        asked.append(window.image.tools.placing.prompt.question)
        at = window.image.view.pan_zoom.to_screen((x, y))
        QTest.mouseClick(
            window.image.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(at[0]), round(at[1]))
        )
    assert tuple(asked) == QUESTIONS
    qtbot.waitUntil(lambda: window.image.has_face, timeout=10_000)
    assert not window.image.placing
    assert window.document.project.landmark_edit is not None


def test_a_double_click_places_one_part_of_a_face_and_not_two(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("place-face")
    pointer.double_click(144.0, 180.0)
    assert studio.image.tools.placing.prompt.question == QUESTIONS[1]


def test_opening_another_picture_asks_first_when_edits_would_be_lost(
    qtbot: QtBot, studio: MainWindow, pointer: object, tmp_path: Path, picture: Path
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    start = corner(studio, "mouth", 0)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag(start, (start[0] + 30, start[1]))
    studio.open_picture(str(other))
    assert studio.document.project.picture.name == "portrait.png"
    with qtbot.waitSignal(studio.document.opened):
        studio.workspace.messages.acted.emit("open-anyway")
    assert studio.document.project.picture.name == "other.png"


def test_edits_made_while_another_picture_is_read_are_asked_about_before_it_is_shown(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    go, read = threading.Event(), studio.document.session.read

    def slow(*given: object, **parts: object) -> object:
        assert go.wait(20)
        return read(*given, **parts)

    monkeypatch.setattr(studio.document.session, "read", slow)
    studio.open_picture(str(other))
    studio.document.edit(lambda project: edits.set_seed(project, seed=7))
    with qtbot.waitSignal(studio.document.held_back, timeout=20_000):
        go.set()
    assert (studio.document.project.picture.name, studio.document.project.seed) == ("portrait.png", 7)
    with qtbot.waitSignal(studio.window_wanted) as wanted:
        studio.workspace.messages._act()
    assert wanted.args == [str(other), ""]
    studio.open_picture(str(other))
    with qtbot.waitSignal(studio.document.opened, timeout=20_000):
        studio.workspace.messages._act_otherwise()
    assert studio.document.project.picture.name == "other.png"


def test_closing_asks_first_when_edits_would_be_lost(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    start = corner(studio, "mouth", 0)
    pointer.drag(start, (start[0] + 30, start[1]))
    studio.close()
    assert studio.isVisible()
    assert studio.workspace.messages.isVisible()


def test_a_pasted_picture_and_a_dropped_file_are_opened(qtbot: QtBot, studio: MainWindow, picture: Path) -> None:
    data = QMimeData()
    data.setImageData(QImage(str(picture)))
    with qtbot.waitSignal(studio.document.opened):
        QGuiApplication.clipboard().setMimeData(data)
        QTest.keyClick(studio, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert studio.document.project.picture.name == "pasted.png"
    qtbot.waitUntil(lambda: not studio.document.runner.busy)
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(picture))])
    with qtbot.waitSignal(studio.document.opened):
        assert studio.opening.take_from(files)
    assert studio.document.project.picture.name == "portrait.png"
    qtbot.waitUntil(lambda: not studio.document.runner.busy)


def test_nothing_to_paste_is_told_of(qtbot: QtBot, studio: MainWindow) -> None:
    QGuiApplication.clipboard().clear()
    QTest.keyClick(studio, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert "no picture" in studio.workspace.messages.text


def test_a_setting_is_an_edit_like_any_other(qtbot: QtBot, studio: MainWindow) -> None:
    before = mask(studio)
    widget = studio.workspace.settings.controls.widgets["threshold"]
    with qtbot.waitSignal(studio.document.refreshed):
        widget.setValue(0.1)
    assert mask(studio).sum() < before.sum()
    studio.document.undo()
    assert widget.value() == pytest.approx(0.01)
    assert np.array_equal(mask(studio), before)


def test_the_wheel_zooms_about_the_pointer_and_0_fits_again(qtbot: QtBot, studio: MainWindow) -> None:
    fitted = studio.image.view.pan_zoom
    studio.image.view.zoom_by(3.0)
    assert studio.workspace.zoom.text() == f"{300 * fitted.scale:.0f} %"
    studio.image.view.setFocus()
    QTest.keyClick(studio.image.view, Qt.Key.Key_0)
    assert studio.image.view.pan_zoom == fitted


def test_closing_during_a_job_leaves_no_thread(qtbot: QtBot, studio: MainWindow, pace: object) -> None:
    pace.seconds = 20
    with qtbot.waitSignal(studio.document.refresh_started):
        studio.document.edit(lambda project: edits.set_seed(project, seed=3))
    qtbot.waitUntil(lambda: states(studio).get("volume") == "running")
    studio.saving.leaves_work_behind = True
    began = time.perf_counter()
    studio.close()
    print(f"\nclosed in {1000 * (time.perf_counter() - began):.0f} ms")
    assert not studio.isVisible()
    assert studio.document.close(seconds=2.0)


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


def test_undoing_a_placed_face_asks_for_it_again(qtbot: QtBot, window: MainWindow, picture: Path, pace: object) -> None:
    pace.face = False
    with qtbot.waitSignal(window.document.failed, timeout=10_000):
        window.open_picture(str(picture))
    places = {"right_eye": (144.0, 180.0), "left_eye": (216.0, 180.0), "mouth": (180.0, 230.0)}
    with qtbot.waitSignal(window.document.refreshed, timeout=10_000):
        window.document.edit(lambda project: edits.place_face(project, **places))
    window.image.choose_tool("hull")
    assert window.image.has_face
    with qtbot.waitSignal(window.document.failed, timeout=10_000):
        window.document.undo()
    assert window.image.placing
    assert not window.image.has_face


def test_a_placed_face_is_left_to_the_detector_again_from_the_menu(qtbot: QtBot, studio: MainWindow) -> None:
    action = studio.actions_by_name["reset-face"]
    assert not action.isEnabled()
    detected = studio.document.session.pull("landmarks")
    places = {"right_eye": (130.0, 170.0), "left_eye": (220.0, 175.0), "mouth": (176.0, 236.0)}
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.document.edit(lambda project: edits.place_face(project, **places))
    assert content_key(studio.document.session.pull("landmarks")) != content_key(detected)
    assert action.isEnabled()
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        action.trigger()
    assert studio.document.project.landmark_edit is None
    assert content_key(studio.document.session.pull("landmarks")) == content_key(detected)
    assert not action.isEnabled()


def test_a_volume_that_is_shown_already_is_not_uploaded_again(
    qtbot: QtBot, studio: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(lambda: states(studio).get("fine_volume") == "fresh")
    uploads = []
    monkeypatch.setattr(studio.head.viewport, "set_volume", uploads.append)
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: edits.set_texture_options(project, size=512))
    assert uploads == []
