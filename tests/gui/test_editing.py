"""What the artist does in the window, with a real pointer and real keys, and what comes of it."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.hull_menu import HullMenu
from paic3d_studio.gui.landmark_menu import LandmarkMenu
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.pulling import REFINED
from paic3d_studio.project import edits
from tests.gui.seen import chosen, corner, inside, mask, states


def test_opening_shows_square_hulls_and_mask_and_everything_is_up_to_date(qtbot: QtBot, studio: MainWindow) -> None:
    qtbot.waitUntil(lambda: set(states(studio).values()) <= {"fresh", "cached"})  # the finer volume follows by itself
    assert studio.image.has_face
    assert set(studio.image.hulls.polygons) == {"right_eye", "left_eye", "mouth", "nose"}
    assert mask(studio).any()
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
    qtbot.waitUntil(lambda: states(studio).get(REFINED) == "fresh")  # the finer view too is known, and undo finds it
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
    assert {stage for stage, state in states(studio).items() if state != "cached"} == set()
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


def test_arrow_keys_nudge_what_is_under_the_pointer(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    studio.image.view.zoom_to(4.0)
    before = studio.image.hulls.polygons["mouth"].copy()
    lip = 0.4 * before.mean(axis=0) + 0.6 * before[before[:, 1].argmax()]  # well below the hull of the nose
    pointer.hover(float(lip[0]), float(lip[1]))
    QTest.keyClick(studio.image.view, Qt.Key.Key_Right)
    QTest.keyClick(studio.image.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert studio.image.hulls.polygons["mouth"] == pytest.approx(before + np.array([1, 10]))


def test_arrow_keys_go_on_moving_what_they_began_with(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    """Farther than the pointer, which rests, reaches, and past what it points at then."""
    studio.image.view.zoom_to(4.0)
    before = {name: polygon.copy() for name, polygon in studio.image.hulls.polygons.items()}
    pointer.hover(*before["right_eye"].mean(axis=0).tolist())
    for _ in range(8):
        QTest.keyClick(studio.image.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    after = studio.image.hulls.polygons
    assert after["right_eye"] == pytest.approx(before["right_eye"] + np.array([80, 0]))
    assert all(np.array_equal(after[name], before[name]) for name in before if name != "right_eye")
    while studio.document.session.can_undo:
        studio.document.undo()
    qtbot.waitUntil(lambda: studio.image.hulls.polygons["right_eye"] == pytest.approx(before["right_eye"]))
    QTest.keyClick(studio.image.view, Qt.Key.Key_Right)  # from where the pointer is again
    assert studio.image.hulls.polygons["right_eye"] == pytest.approx(before["right_eye"] + np.array([1, 0]))


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


def test_edits_can_be_taken_back_only_where_there_are_some(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    def offered() -> set[str]:
        return {name for name in resets if studio.actions_by_name[name].isEnabled()}

    resets = {
        "reset-hulls",
        "reset-landmarks",
        "reset-alignment",
        "reset-face",
        "clear-strokes",
        "clear-matte",
        "revert",
    }
    assert offered() == set()
    studio.image.choose_tool("brush")
    pointer.drag((150, 150), (180, 150))
    assert offered() == {"clear-strokes", "revert"}
    studio.actions_by_name["clear-strokes"].trigger()
    assert offered() == set()


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
    qtbot.waitUntil(studio.actions_by_name["refresh"].isEnabled)
    with qtbot.waitSignal(studio.document.refreshed):
        QTest.keyClick(studio, Qt.Key.Key_F5)
    assert states(studio)["volume"] == "fresh"


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


def test_a_volume_that_is_shown_already_is_not_uploaded_again(
    qtbot: QtBot, studio: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(lambda: states(studio).get("fine_volume") == "fresh")
    finest = studio.document.session.peek("fine_volume")
    qtbot.waitUntil(lambda: studio.head.viewport.scene.volume is finest)  # the state is told first
    uploads = []
    monkeypatch.setattr(studio.head.viewport, "set_volume", uploads.append)
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: edits.set_texture_options(project, size=512))
    assert uploads == []
