"""Hulls stay convex whatever the artist does to them."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from paic3d_studio.core.alignment import align, aligned_points, portrait_points
from paic3d_studio.core.artefacts import FEATURE_NAMES, Landmarks
from paic3d_studio.core.hulls import (
    contains,
    convex,
    delete_vertex,
    detect_hulls,
    insert_vertex,
    is_convex,
    move_polygon,
    move_vertex,
    nearest_edge,
    nearest_vertex,
)
from paic3d_studio.core.landmarks import landmarks_from_parts
from tests.faces import landmark_hulls, part_centres

unhurried = settings(max_examples=60, deadline=None)

SQUARE = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]])

coordinate = st.floats(-200, 800, allow_nan=False)
point = st.tuples(coordinate, coordinate)
clouds = st.lists(point, min_size=3, max_size=20).map(lambda points: np.array(points, np.float64))


@st.composite
def hulls(draw: st.DrawFn) -> np.ndarray:
    polygon = convex(draw(clouds))
    assume(len(polygon) >= 3)
    return polygon


def face() -> Landmarks:
    return landmarks_from_parts((200.0, 300.0), (300.0, 310.0), (245.0, 370.0))


@unhurried
@given(points=clouds)
def test_the_convex_hull_holds_every_point(points: np.ndarray) -> None:
    hull = convex(points)
    assume(len(hull) >= 3)
    assert is_convex(hull)
    centre = hull.mean(axis=0)
    for x, y in points * (1 - 1e-6) + centre * 1e-6:
        assert contains(hull, point=(x, y))


@unhurried
@given(points=clouds)
def test_the_corners_of_a_hull_are_among_its_points(points: np.ndarray) -> None:
    for corner in convex(points):
        assert (points == corner).all(axis=1).any()


@unhurried
@given(polygon=hulls())
def test_a_hull_is_its_own_hull_in_its_own_order(polygon: np.ndarray) -> None:
    assert np.array_equal(convex(polygon), polygon)


def test_corners_turn_clockwise_on_the_screen() -> None:
    assert np.array_equal(convex(SQUARE), SQUARE)
    assert np.array_equal(convex(SQUARE[::-1]), [SQUARE[3], SQUARE[0], SQUARE[1], SQUARE[2]])


def test_points_on_an_edge_are_no_corners() -> None:
    assert np.array_equal(convex([*SQUARE, (50, 0), (100, 30), (50, 50)]), SQUARE)


@pytest.mark.parametrize("points", [[], [(3, 4)], [(3, 4), (3, 4)], [(0, 0), (5, 5), (9, 9), (2, 2)]])
def test_points_on_a_line_span_no_hull(points: list[tuple[float, float]]) -> None:
    assert len(convex(points)) < 3
    assert not is_convex(points)


def test_a_dent_and_a_crossing_are_not_convex() -> None:
    assert is_convex(SQUARE)
    assert not is_convex([*SQUARE, (50, 50)])
    assert not is_convex(SQUARE[[0, 2, 1, 3]])


@unhurried
@given(polygon=hulls(), index=st.integers(0, 30), to=point)
def test_moving_any_vertex_anywhere_leaves_a_convex_hull(
    polygon: np.ndarray, index: int, to: tuple[float, float]
) -> None:
    moved = move_vertex(polygon, index=index, to=to)
    assert is_convex(moved)
    assert len(moved) <= len(polygon)


@unhurried
@given(polygon=hulls(), to=point)
def test_an_inserted_vertex_makes_the_hull_no_smaller(polygon: np.ndarray, to: tuple[float, float]) -> None:
    grown = insert_vertex(polygon, point=to)
    assert is_convex(grown)
    middle = polygon.mean(axis=0)
    for x, y in polygon * (1 - 1e-6) + middle * 1e-6:
        assert contains(grown, point=(x, y))


@unhurried
@given(polygon=hulls(), index=st.integers(0, 30))
def test_deleting_a_vertex_leaves_a_convex_hull(polygon: np.ndarray, index: int) -> None:
    left = delete_vertex(polygon, index=index)
    assert is_convex(left)
    assert len(left) == max(3, len(polygon) - 1)


def test_a_vertex_inserted_on_an_edge_stays_there_to_be_dragged() -> None:
    grown = insert_vertex(SQUARE, point=(50.0, 3.0))
    assert len(grown) == 5
    index = nearest_vertex(grown, point=(50.0, 0.0))
    assert index == 1
    assert np.linalg.norm(grown[index] - (50, 0)) < 1


def test_a_vertex_inserted_outside_is_where_it_was_put() -> None:
    grown = insert_vertex(SQUARE, point=(50.0, -20.0))
    assert np.array_equal(grown[1], (50, -20))


def test_editing_leaves_the_polygon_before_as_it_was() -> None:
    before = SQUARE.copy()
    move_vertex(before, index=0, to=(-30.0, -30.0))
    insert_vertex(before, point=(50.0, 3.0))
    delete_vertex(before, index=2)
    move_polygon(before, by=(3.0, 4.0))
    assert np.array_equal(before, SQUARE)


def test_a_triangle_neither_loses_a_vertex_nor_collapses() -> None:
    triangle = SQUARE[:3]
    assert np.array_equal(delete_vertex(triangle, index=1), triangle)
    assert np.array_equal(move_vertex(triangle, index=1, to=(50.0, 50.0)), triangle)


def test_a_vertex_pushed_inside_disappears() -> None:
    assert len(move_vertex(SQUARE, index=1, to=(20.0, 50.0))) == 3


@unhurried
@given(polygon=hulls(), by=st.tuples(st.floats(-50, 50), st.floats(-50, 50)))
def test_moving_a_hull_moves_every_corner_alike(polygon: np.ndarray, by: tuple[float, float]) -> None:
    assert np.abs(move_polygon(polygon, by=by) - polygon - by).max() < 1e-9


def test_hits_are_told_apart_by_distance() -> None:
    assert nearest_vertex(SQUARE, point=(97.0, 4.0), within=8) == 1
    assert nearest_vertex(SQUARE, point=(60.0, 4.0), within=8) is None
    assert nearest_edge(SQUARE, point=(60.0, 4.0), within=8) == 0
    assert nearest_edge(SQUARE, point=(104.0, 60.0), within=8) == 1
    assert nearest_edge(SQUARE, point=(50.0, 50.0), within=8) is None
    assert nearest_edge(SQUARE, point=(-3.0, 50.0), within=8) == 3
    assert contains(SQUARE, point=(50.0, 50.0))
    assert contains(SQUARE, point=(0.0, 50.0))
    assert contains(SQUARE[::-1], point=(50.0, 50.0))
    assert not contains(SQUARE, point=(101.0, 50.0))


def test_nothing_is_hit_on_an_empty_polygon() -> None:
    empty = np.empty((0, 2))
    assert nearest_vertex(empty, point=(1.0, 1.0)) is None
    assert nearest_edge(empty, point=(1.0, 1.0)) is None
    assert not contains(empty, point=(1.0, 1.0))


centres = st.builds(
    lambda x, y, apart, tilt, drop, lean: (
        (x, y),
        (x + apart * np.cos(tilt), y + apart * np.sin(tilt)),
        (
            x + apart * (0.5 + lean) * np.cos(tilt) - drop * apart * np.sin(tilt),
            y + apart * (0.5 + lean) * np.sin(tilt) + drop * apart * np.cos(tilt),
        ),
    ),
    x=st.floats(0, 900),
    y=st.floats(0, 900),
    apart=st.floats(10, 900),
    tilt=st.floats(-0.6, 0.6),
    drop=st.floats(0.4, 1.3),
    lean=st.floats(-0.2, 0.2),
)


@unhurried
@given(centres=centres)
def test_every_face_gets_four_convex_hulls_round_its_features(centres: tuple[tuple[float, float], ...]) -> None:
    landmarks = landmarks_from_parts(*centres)
    alignment = align(landmarks)
    polygons = detect_hulls(landmarks, alignment=alignment).polygons
    assert set(polygons) == set(FEATURE_NAMES)
    for name, centre in zip(("right_eye", "left_eye", "mouth"), centres, strict=True):
        assert is_convex(polygons[name])
        x, y = aligned_points(alignment, points=centre)
        assert contains(polygons[name], point=(x, y))
    assert is_convex(polygons["nose"])


def test_the_detected_hulls_hold_the_landmarks_of_their_features() -> None:
    landmarks = face()
    alignment = align(landmarks)
    generous = detect_hulls(landmarks, alignment=alignment).polygons
    for name, own in landmark_hulls(landmarks, alignment=alignment).polygons.items():
        for x, y in own:
            assert contains(generous[name], point=(x, y)), name


def test_eye_hulls_follow_the_tilt_of_the_head() -> None:
    upright = landmarks_from_parts((200.0, 300.0), (300.0, 300.0), (250.0, 365.0))
    turn = np.radians(20)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    turned = landmarks_from_parts(*(tuple(np.array(p) @ rotation) for p in ((200, 300), (300, 300), (250, 365))))
    for name in FEATURE_NAMES:
        one = portrait_points(align(upright), points=detect_hulls(upright, alignment=align(upright)).polygons[name])
        other = portrait_points(align(turned), points=detect_hulls(turned, alignment=align(turned)).polygons[name])
        spread = [np.sort(np.linalg.norm(hull - hull.mean(axis=0), axis=1)) for hull in (one, other)]
        assert spread[0] == pytest.approx(spread[1], rel=2e-2)
        assert other.mean(axis=0) == pytest.approx(one.mean(axis=0) @ rotation, abs=2.5)


def test_the_hulls_sit_where_the_parts_are() -> None:
    landmarks = face()
    alignment = align(landmarks)
    for name, centre in part_centres(landmarks).items():
        x, y = aligned_points(alignment, points=centre)
        assert contains(detect_hulls(landmarks, alignment=alignment).polygons[name], point=(x, y))
