"""Moving the picture in the aligned square, with a real pointer and real keys."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.project.state import AlignmentEdit


def matrix(studio: MainWindow) -> np.ndarray:
    alignment: Alignment = studio.document.session.pull("alignment")
    return alignment.matrix


def shown_matrix(studio: MainWindow) -> np.ndarray:
    """How the portrait lies under the frame now."""
    item = studio.image.tools.aligning.frame._picture.transform()
    scale = studio.image.tools.aligning.frame._shown_scale
    return (
        np.array([[item.m11(), item.m21(), item.m31() * scale], [item.m12(), item.m22(), item.m32() * scale]]) / scale
    )


def test_a_drag_moves_the_portrait_under_the_frame_and_is_one_step(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.actions_by_name["tool-align"].trigger()
    assert studio.image.tools.aligning.align_bar.isVisible()
    before = matrix(studio)
    assert shown_matrix(studio) == pytest.approx(before)
    pointer.press(250, 250)
    pointer.drag_to(270, 240)
    assert shown_matrix(studio) - before == pytest.approx(np.array([[0, 0, 20], [0, 0, -10]]), abs=1e-6)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.release(290, 240)
    assert matrix(studio) - before == pytest.approx(np.array([[0, 0, 40], [0, 0, -10]]), abs=1e-6)
    assert studio.image.tools.aligning.align_bar.fields["x"].value() == pytest.approx(40)
    studio.document.undo()
    assert matrix(studio) == pytest.approx(before)
    assert shown_matrix(studio) == pytest.approx(before)
    assert not studio.document.session.can_undo


def test_what_the_artist_drew_stays_on_the_picture(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    studio.image.choose_tool("brush")
    pointer.drag((60, 60), (120, 60))
    mouth = studio.image.hulls.polygons["mouth"].copy()
    studio.image.choose_tool("align")
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag((250, 250), (280, 230))
    (stroke,) = studio.document.project.strokes
    assert stroke.points[0] == pytest.approx((90, 40))
    assert studio.image.hulls.polygons["mouth"] == pytest.approx(mouth + np.array([30, -20]), abs=1e-3)


def test_keys_numbers_and_buttons_move_it_as_well(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    studio.image.choose_tool("align")
    pointer.hover(250, 250)
    QTest.keyClick(studio.image.view, Qt.Key.Key_Right)
    QTest.keyClick(studio.image.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert studio.document.project.alignment_edit == AlignmentEdit(shift=(1.0, 10.0))
    studio.image.tools.aligning.align_bar.fields["turn"].setValue(30.0)
    assert studio.document.project.alignment_edit.turn == 30.0
    qtbot.waitUntil(lambda: not studio.document.runner.busy)
    studio.image.tools.aligning.align_bar.levelled.emit()
    assert studio.document.project.alignment_edit.turn == pytest.approx(0.0, abs=0.01)
    studio.actions_by_name["reset-alignment"].trigger()
    assert studio.document.project.alignment_edit == AlignmentEdit()


def test_a_turned_corner_and_the_outside_scale_and_turn_it(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    studio.image.choose_tool("align")
    pointer.drag((512, 512), (384, 384))
    assert studio.document.project.alignment_edit.scale == pytest.approx(0.5, rel=0.01)
    pointer.drag((530, 256), (256, 530))
    assert studio.document.project.alignment_edit.turn == pytest.approx(90.0, abs=0.5)


def test_aligning_by_moved_landmarks_brings_them_to_the_centre_of_every_face(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("landmarks")
    chin = tuple(float(x) for x in studio.image.landmarks[2])
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag(chin, (chin[0], chin[1] + 40))
    studio.image.choose_tool("align")
    with qtbot.waitSignal(studio.document.refreshed):
        studio.image.tools.aligning.align_bar.fitted.emit()
    points = studio.image.landmarks
    assert points.mean(axis=0) == pytest.approx((256.36, 295.46), abs=0.02)
    assert np.linalg.norm(points - points.mean(axis=0), axis=1).std() == pytest.approx(13.3556, rel=1e-3)


def test_leaving_the_tool_shows_the_square_again(qtbot: QtBot, studio: MainWindow) -> None:
    studio.image.choose_tool("align")
    assert not studio.image.view._layers["picture"].isVisible()
    QTest.keyClick(studio, Qt.Key.Key_Escape)
    assert studio.image.tool == "hull"
    assert studio.image.view._layers["picture"].isVisible()
    assert not studio.image.tools.aligning.align_bar.isVisible()
