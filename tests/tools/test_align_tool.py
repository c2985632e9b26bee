"""Moving, scaling and turning the picture under the frame."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paic3d_studio.core.alignment import adjusted, adjustment, align, aligned_points
from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.core.landmarks import landmarks_from_parts
from paic3d_studio.project.state import MAX_RESIZE, MAX_SHIFT, AlignmentEdit, PictureSource, Project
from paic3d_studio.tools.align_tool import MIDDLE, AlignTool, align_part, changed, fitted_to, levelled, upright
from paic3d_studio.tools.pointer import Scene, Touch

PROJECT = Project(picture=PictureSource("p.png", b""))
ALIGNMENT = Alignment(matrix=np.eye(2, 3))
adjustments = st.builds(
    AlignmentEdit, shift=st.tuples(st.floats(-90, 90), st.floats(-90, 90)), scale=st.floats(0.6, 1.6),
    turn=st.floats(-180, 180),
)  # fmt: skip
inside = st.tuples(st.floats(30, 480), st.floats(30, 480))
shifts = st.tuples(st.floats(-200, 200), st.floats(-200, 200))


def matrix(edit: AlignmentEdit) -> np.ndarray:
    return adjustment(shift=edit.shift, scale=edit.scale, turn=edit.turn)


def dragged(before: AlignmentEdit, start, stop, *, turns: bool = False) -> AlignmentEdit:
    tool = AlignTool()
    tool.press(Touch(*start), scene=Scene(alignment=ALIGNMENT, adjustment=before))
    edit = tool.release(Touch(*stop, erases=turns))
    return before if edit is None else edit(PROJECT).alignment_edit


@given(before=adjustments, start=inside, by=shifts)
def test_a_drag_inside_keeps_the_same_place_of_the_picture_under_the_pointer(before, start, by) -> None:
    after = matrix(dragged(before, start, (start[0] + by[0], start[1] + by[1])))
    held = np.linalg.solve(matrix(before)[:, :2], np.array(start) - matrix(before)[:, 2])
    assert after[:, :2] @ held + after[:, 2] == pytest.approx(np.array(start) + by, abs=1e-6)


@given(before=adjustments, start=st.sampled_from([(0.0, 0.0), (512.0, 0.0), (512.0, 512.0)]), stop=inside)
def test_a_dragged_corner_scales_about_the_middle(before, start, stop) -> None:
    factor = np.hypot(*np.subtract(stop, MIDDLE)) / np.hypot(*MIDDLE)
    assume(1 / MAX_RESIZE < before.scale * factor < MAX_RESIZE)
    after, middle = matrix(dragged(before, start, stop)), np.array(MIDDLE)
    expected = matrix(before)
    assert after[:, :2] == pytest.approx(factor * expected[:, :2], abs=1e-9)
    held = np.linalg.solve(expected[:, :2], middle - expected[:, 2])
    assert after[:, :2] @ held + after[:, 2] == pytest.approx(middle, abs=1e-6)


@given(before=adjustments, quarter=st.sampled_from([(640.0, 256.0), (256.0, 640.0), (-128.0, 256.0)]))
def test_a_drag_outside_turns_about_the_middle(before, quarter) -> None:
    after = dragged(before, (256.0, -128.0), quarter)
    turn = {640.0: 90, -128.0: -90}.get(quarter[0], 180)
    assert np.cos(np.radians(after.turn - before.turn - turn)) == pytest.approx(1.0)
    held = np.linalg.solve(matrix(before)[:, :2], np.array(MIDDLE) - matrix(before)[:, 2])
    assert matrix(after)[:, :2] @ held + matrix(after)[:, 2] == pytest.approx(np.array(MIDDLE), abs=1e-6)


def test_the_turning_key_turns_in_steps_and_shifts_along_one_axis() -> None:
    tilted = AlignmentEdit(turn=4.0)
    assert dragged(tilted, (600.0, 256.0), (600.0, 300.0), turns=True).turn == pytest.approx(15)
    assert dragged(tilted, (100.0, 100.0), (130.0, 112.0), turns=True).shift == pytest.approx((30, 0))


@given(before=adjustments, by=st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), factor=st.floats(0, 1e3))
def test_no_drag_leaves_the_ranges(before, by, factor) -> None:
    after = changed(before, by=by, factor=factor, turn=by[0])
    assert max(map(abs, after.shift)) <= MAX_SHIFT and 1 / MAX_RESIZE <= after.scale <= MAX_RESIZE


def test_corners_are_grabbed_before_inside_and_outside() -> None:
    assert align_part(Touch(3, -2)) == align_part(Touch(511, 508)) == "corner"
    assert align_part(Touch(256, 256)) == "inside"
    assert align_part(Touch(256, -40)) == "outside"


def test_nothing_is_taken_before_the_face_is_known_and_a_click_changes_nothing() -> None:
    assert AlignTool().press(Touch(256, 256), scene=Scene()) is None
    tool = AlignTool()
    assert tool.press(Touch(256, 256), scene=Scene(alignment=ALIGNMENT))(PROJECT) == PROJECT
    assert tool.release(Touch(256, 256)) is None


def test_the_adjustment_between_two_alignments_takes_one_to_the_other() -> None:
    found = Alignment(matrix=np.array([[0.3, 0.0, 11.0], [0.0, 0.3, -7.0]]))
    wanted = Alignment(matrix=np.array([[0.4, 0.0, -20.0], [0.0, 0.4, 33.0]]))
    edit = fitted_to(wanted, found=found)
    reached = adjusted(found, shift=edit.shift, scale=edit.scale, turn=edit.turn)
    assert reached.matrix == pytest.approx(wanted.matrix)


@given(before=adjustments, tilt=st.floats(-60, 60))
def test_levelled_eyes_lie_at_one_height(before: AlignmentEdit, tilt: float) -> None:
    angle = np.radians(tilt)
    shown = np.array([[200.0, 230.0], [200.0 + 90 * np.cos(angle), 230.0 + 90 * np.sin(angle)]])
    held = np.linalg.solve(matrix(before)[:, :2], (shown - matrix(before)[:, 2]).T).T
    after = matrix(levelled(before, tilt=tilt))
    eyes = held @ after[:, :2].T + after[:, 2]
    assert eyes[0, 1] == pytest.approx(eyes[1, 1], abs=1e-6)
    assert eyes[0, 0] < eyes[1, 0]


@given(before=adjustments, tilt=st.floats(-60, 60), place=inside)
def test_levelling_turns_about_the_place_that_is_to_stay(
    before: AlignmentEdit, tilt: float, place: tuple[float, float]
) -> None:
    held = np.linalg.solve(matrix(before)[:, :2], np.array(place) - matrix(before)[:, 2])
    after = matrix(levelled(before, tilt=tilt, about=place))
    assume(np.abs(levelled(before, tilt=tilt, about=place).shift).max() < MAX_SHIFT)
    assert after[:, :2] @ held + after[:, 2] == pytest.approx(np.array(place), abs=1e-6)


@pytest.mark.parametrize("tilt", [0.0, 45.0, 90.0, -90.0, 170.0])
def test_a_face_that_lies_comes_to_stand_where_upright_faces_do(tilt: float) -> None:
    face = landmarks_from_parts((300.0, 400.0), (420.0, 400.0), (360.0, 480.0))
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    points = (face.points - 250) @ np.array([[c, s], [-s, c]]) + 250
    lying = replace(face, points=points.astype(np.float32))
    edit = upright(lying)
    reached = adjusted(align(lying), shift=edit.shift, scale=edit.scale, turn=edit.turn)
    wanted = aligned_points(align(face), points=face.points)
    assert aligned_points(reached, points=lying.points) == pytest.approx(wanted, abs=0.05)
