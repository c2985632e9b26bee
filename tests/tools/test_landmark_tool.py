"""Dragging landmarks of the face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.core.alignment import align, aligned_points
from paic3d_studio.core.face_template import FACE_PARTS
from paic3d_studio.core.landmarks import landmarks_from_parts, moved_landmarks
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.tools.landmark_tool import LandmarkTool, landmark_target, moved_by
from paic3d_studio.tools.pointer import Scene, Touch

PROJECT = Project(picture=PictureSource("p.png", b""))
FACE = landmarks_from_parts((300.0, 400.0), (500.0, 420.0), (395.0, 560.0))
ALIGNMENT = align(FACE)
POINTS = aligned_points(ALIGNMENT, points=FACE.points)
SCENE = Scene(alignment=ALIGNMENT, landmarks=POINTS)
shifts = st.floats(-80, 80)


def shown(project: Project) -> np.ndarray:
    """The landmarks of a project in aligned pixels."""
    places = {moved.index: moved.place for moved in project.landmark_moves}
    return aligned_points(ALIGNMENT, points=moved_landmarks(FACE, places=places).points)


@given(index=st.integers(0, 27), x=shifts, y=shifts)
def test_a_dragged_landmark_lies_under_the_pointer_and_the_others_stay(index: int, x: float, y: float) -> None:
    tool = LandmarkTool()
    start = Touch(*POINTS[index], reach=0.01)
    assert tool.press(start, scene=SCENE)(PROJECT) == PROJECT
    edit = tool.release(Touch(start.x + x, start.y + y))
    after = shown(PROJECT if edit is None else edit(PROJECT))
    expected = POINTS.copy()
    expected[index] += (x, y)
    assert after == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("part", FACE_PARTS)
def test_the_turning_key_takes_the_whole_feature_along(part: str) -> None:
    index = FACE_PARTS[part][0]
    target = landmark_target(Touch(*POINTS[index], reach=0.01, erases=True), scene=SCENE)
    assert target.part == part
    moved = shown(moved_by(target, (3.0, -4.0), scene=SCENE)(PROJECT)) - POINTS
    inside = [i in FACE_PARTS[part] for i in range(28)]
    assert moved == pytest.approx(np.where(np.array(inside)[:, None], (3.0, -4.0), 0.0), abs=1e-3)


def test_every_landmark_belongs_to_one_part_of_the_face() -> None:
    assert sorted(index for indices in FACE_PARTS.values() for index in indices) == list(range(28))


def test_nothing_is_grabbed_out_of_reach_or_before_the_face_is_known() -> None:
    assert LandmarkTool().press(Touch(-300, -300), scene=SCENE) is None
    assert LandmarkTool().press(Touch(*POINTS[0]), scene=Scene(landmarks=POINTS)) is None
    assert LandmarkTool().press(Touch(*POINTS[0]), scene=Scene(alignment=ALIGNMENT)) is None


def test_a_press_and_release_in_one_place_changes_nothing() -> None:
    tool = LandmarkTool()
    tool.press(Touch(*POINTS[5]), scene=SCENE)
    assert tool.release(Touch(*POINTS[5])) is None
    assert tool.grabbed is None
