"""Dragging, adding and removing the corners of hulls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.core.artefacts import FeatureHulls
from paic3d_studio.core.hulls import is_convex
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.tools.hull_tool import HullTarget, HullTool, delete_at, hull_target, insert_at, moved_by
from paic3d_studio.tools.pointer import Scene, Touch

PROJECT = Project(picture=PictureSource("p.png", b""))
ANGLES = np.arange(8) * np.pi / 4


def ring(x: float, y: float, radius: float) -> np.ndarray:
    return np.stack([x + radius * np.cos(ANGLES), y + radius * np.sin(ANGLES)], axis=1)


HULLS = FeatureHulls(
    polygons={"right_eye": ring(150, 250, 40), "left_eye": ring(350, 250, 40), "mouth": ring(250, 400, 30)}
)
SCENE = Scene(hulls=HULLS)
reaches = st.floats(0.5, 12)
coordinates = st.floats(0, 512)


def corner(feature: str, index: int) -> tuple[float, float]:
    x, y = HULLS.polygons[feature][index]
    return float(x), float(y)


def after_drag(start: tuple[float, float], stop: tuple[float, float]) -> Project:
    tool = HullTool()
    assert tool.press(Touch(*start), scene=SCENE) is not None
    tool.move(Touch(*stop))
    edit = tool.release(Touch(*stop))
    return PROJECT if edit is None else edit(PROJECT)


def test_a_corner_is_grabbed_before_its_edge_and_an_edge_before_the_inside() -> None:
    x, y = corner("mouth", 0)
    assert hull_target(Touch(x - 1, y), hulls=HULLS) == HullTarget("mouth", "vertex", 0)
    middle = (HULLS.polygons["mouth"][0] + HULLS.polygons["mouth"][1]) / 2
    assert hull_target(Touch(*middle, reach=3), hulls=HULLS) == HullTarget("mouth", "edge", 0)
    assert hull_target(Touch(250, 400), hulls=HULLS) == HullTarget("mouth", "inside")


def test_nothing_is_grabbed_far_from_every_hull() -> None:
    assert hull_target(Touch(20, 20), hulls=HULLS) is None
    assert HullTool().press(Touch(20, 20), scene=SCENE) is None


@given(x=coordinates, y=coordinates, reach=reaches)
def test_what_is_grabbed_lies_within_reach(x: float, y: float, reach: float) -> None:
    target = hull_target(Touch(x, y, reach=reach), hulls=HULLS)
    if target is not None and target.part == "vertex":
        assert np.hypot(*(HULLS.polygons[target.feature][target.index] - (x, y))) <= reach


@given(dx=st.floats(0, 60), dy=st.floats(-10, 10))
def test_a_corner_dragged_outwards_goes_where_the_pointer_goes(dx: float, dy: float) -> None:
    start = corner("left_eye", 0)
    grabbed_beside = (start[0] + 2, start[1] - 1)
    project = after_drag(grabbed_beside, (grabbed_beside[0] + dx, grabbed_beside[1] + dy))
    if project is not PROJECT:
        moved = np.asarray(project.hull_edits["left_eye"])
        assert np.abs(moved - (start[0] + dx, start[1] + dy)).sum(axis=1).min() < 1e-9


@given(x=coordinates, y=coordinates)
def test_a_hull_stays_convex_wherever_its_corner_is_dragged(x: float, y: float) -> None:
    project = after_drag(corner("mouth", 3), (x, y))
    assert all(is_convex(polygon) for polygon in project.hull_edits.values())


@given(dx=st.floats(-100, 100), dy=st.floats(-100, 100))
def test_dragging_the_inside_moves_the_whole_hull_and_no_other(dx: float, dy: float) -> None:
    project = after_drag((250, 400), (250 + dx, 400 + dy))
    if project is not PROJECT:
        assert set(project.hull_edits) == {"mouth"}
        assert np.asarray(project.hull_edits["mouth"]) == pytest.approx(HULLS.polygons["mouth"] + (dx, dy))


@given(dx=st.floats(0, 40), dy=st.floats(-5, 5))
def test_dragging_an_edge_moves_its_two_corners(dx: float, dy: float) -> None:
    polygon = HULLS.polygons["mouth"]
    middle = (polygon[0] + polygon[7]) / 2
    project = after_drag((middle[0], middle[1]), (middle[0] + dx, middle[1] + dy))
    if project is not PROJECT:
        moved = np.asarray(project.hull_edits["mouth"])
        for corner in (polygon[7], polygon[0]):
            assert np.abs(moved - (corner + np.array([dx, dy]))).sum(axis=1).min() < 1e-9


def test_a_locked_hull_is_passed_by() -> None:
    locked = Scene(hulls=HULLS, locked=("mouth",))
    assert HullTool().press(Touch(250, 400), scene=locked) is None
    assert delete_at(Touch(*corner("mouth", 2)), scene=locked) is None
    assert HullTool().press(Touch(150, 250), scene=locked) is not None


@pytest.mark.parametrize("target", [HullTarget("mouth", "vertex", 0), HullTarget("mouth", "inside")])
def test_a_nudge_moves_what_is_under_the_pointer(target: HullTarget) -> None:
    moved = np.asarray(moved_by(target, (1.0, 0.0), hulls=HULLS)(PROJECT).hull_edits["mouth"])
    by = moved - HULLS.polygons["mouth"]
    assert by[0].tolist() == [1.0, 0.0]
    assert (by[1:] == (by[0] if target.part == "inside" else 0.0)).all()


def test_a_press_and_release_in_one_place_changes_nothing() -> None:
    assert after_drag((250, 400), (250, 400)) is PROJECT


def test_a_cancelled_drag_lets_go() -> None:
    tool = HullTool()
    tool.press(Touch(250, 400), scene=SCENE)
    tool.cancel()
    assert tool.grabbed is None
    assert tool.move(Touch(300, 300)) is None


def test_a_double_click_on_an_edge_adds_a_corner_there() -> None:
    middle = (HULLS.polygons["mouth"][0] + HULLS.polygons["mouth"][1]) / 2
    edit = insert_at(Touch(*middle, reach=3), scene=SCENE)
    assert edit is not None
    added = np.asarray(edit(PROJECT).hull_edits["mouth"])
    assert len(added) == 9
    assert np.hypot(*(added - middle).T).min() < 1.5


def test_a_double_click_elsewhere_adds_nothing() -> None:
    assert insert_at(Touch(250, 400), scene=SCENE) is None
    assert insert_at(Touch(10, 10), scene=SCENE) is None


def test_a_right_click_on_a_corner_removes_it_and_elsewhere_nothing() -> None:
    edit = delete_at(Touch(*corner("mouth", 2)), scene=SCENE)
    assert edit is not None
    assert len(edit(PROJECT).hull_edits["mouth"]) == 7
    assert delete_at(Touch(250, 400), scene=SCENE) is None


def test_a_triangle_never_loses_a_corner() -> None:
    triangle = FeatureHulls(polygons={"nose": np.array([[0.0, 0.0], [30.0, 0.0], [15.0, 30.0]])})
    edit = delete_at(Touch(0, 0), scene=Scene(hulls=triangle))
    assert edit is not None
    assert len(edit(PROJECT).hull_edits["nose"]) == 3


FREE = FeatureHulls(polygons=HULLS.polygons, free=("mouth",))
FREED = Project(picture=PROJECT.picture, free_hulls=("mouth",))


@given(index=st.integers(0, 7), x=st.floats(-80, 80), y=st.floats(-80, 80))
def test_a_corner_of_a_free_hull_is_moved_and_no_other_is_lost(index: int, x: float, y: float) -> None:
    tool, start = HullTool(), Touch(*corner("mouth", index), reach=0.1)
    tool.press(start, scene=Scene(hulls=FREE))
    edit = tool.move(Touch(start.x + x, start.y + y))
    assert tool.dropped == ()
    expected = HULLS.polygons["mouth"].copy()
    expected[index] += (x, y)
    assert np.array(edit(FREED).hull_edits["mouth"]) == pytest.approx(expected)


@given(index=st.integers(0, 7), x=st.floats(-80, 80), y=st.floats(-80, 80))
def test_the_corners_that_a_drag_is_said_to_cost_are_those_that_are_gone(index: int, x: float, y: float) -> None:
    tool, start = HullTool(), Touch(*corner("mouth", index), reach=0.1)
    tool.press(start, scene=SCENE)
    edit = tool.move(Touch(start.x + x, start.y + y))
    after = np.array(edit(PROJECT).hull_edits["mouth"])
    others = [tuple(c) for i, c in enumerate(HULLS.polygons["mouth"].tolist()) if i != index]
    assert set(tool.dropped) == set(others) - set(map(tuple, after.tolist()))
    tool.move(start)
    assert tool.dropped == ()
    tool.release(start)
    assert tool.dropped == ()


def test_the_dent_of_a_free_hull_is_outside_of_it() -> None:
    dented = np.array([[100.0, 100.0], [200.0, 100.0], [150.0, 150.0], [200.0, 200.0], [100.0, 200.0]])
    hulls = FeatureHulls(polygons={"nose": dented}, free=("nose",))
    assert hull_target(Touch(185, 150, reach=2), hulls=hulls) is None
    assert hull_target(Touch(120, 150, reach=2), hulls=hulls) == HullTarget("nose", "inside")
