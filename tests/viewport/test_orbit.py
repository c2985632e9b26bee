import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import Camera, camera_to_world, rays, rotation
from paic3d_studio.viewport.orbit import (
    FIELDS_OF_VIEW,
    HOME_VIEW,
    MAX_DISTANCE,
    MAX_ELEVATION,
    MIN_DISTANCE,
    NAMED_VIEWS,
    OrbitView,
    screen_point,
    turntable,
    view_projection,
)

small = st.floats(-0.3, 0.3, allow_nan=False)
views = st.builds(
    OrbitView,
    azimuth=st.floats(-180, 179.9),
    elevation=st.floats(-80, 80),
    distance=st.floats(0.5, 3),
    target=st.tuples(small, small, small),
    fov=st.sampled_from([None, 20.0, 30.0]),
)


def same(a: OrbitView, b: OrbitView) -> bool:
    return np.allclose(
        dataclasses.astuple(dataclasses.replace(a, target=(0, 0, 0)))[:3], [b.azimuth, b.elevation, b.distance]
    ) and np.allclose(a.target, b.target)


@given(views)
def test_the_camera_axes_are_a_right_handed_frame(view: OrbitView) -> None:
    axes = view.axes
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("azimuth", "eye"), [(0, (0, 0, 1)), (90, (1, 0, 0)), (-90, (-1, 0, 0)), (180, (0, 0, -1))], ids=str
)
def test_each_side_is_seen_from_where_the_specification_puts_its_camera(azimuth: float, eye: tuple[int, ...]) -> None:
    assert np.allclose(OrbitView(azimuth, 0.0, 1.0).eye, eye, atol=1e-12)


def test_a_positive_elevation_looks_down_from_above() -> None:
    assert OrbitView(0.0, 30.0, 1.0).eye[1] == pytest.approx(0.5)


@given(views, st.floats(-0.2, 0.2), st.floats(-0.02, 0.02))
def test_a_drag_and_its_way_back_restore_the_view(view: OrbitView, dx: float, dy: float) -> None:
    assert same(view.dragged(dx, dy).dragged(-dx, -dy), view)


@given(views, st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_a_shift_moves_the_target_by_just_that_much_on_the_screen(view: OrbitView, dx: float, dy: float) -> None:
    shifted = view.panned(dx, dy)
    if np.abs(shifted.target).max() < BOX_SIDE / 2:
        assert shifted.projected(np.array(view.target)) == pytest.approx((dx, dy), abs=1e-9)


@given(views, st.floats(0.8, 1.25), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_zooming_keeps_what_is_under_the_pointer_in_its_place(
    view: OrbitView, factor: float, x: float, y: float
) -> None:
    right, up, _ = view.axes
    under = np.array(view.target) + (right * x + up * y) * view.extent
    zoomed = view.zoomed(factor, at=(x, y))
    if np.abs(zoomed.target).max() < BOX_SIDE / 2:
        assert zoomed.projected(under) == pytest.approx((x, y), abs=1e-9)


@given(views, st.floats(0.9, 1.1))
def test_zooming_in_and_out_again_restores_the_view(view: OrbitView, factor: float) -> None:
    assert same(view.zoomed(factor).zoomed(1 / factor), view)


@given(views, st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.01, 100)), max_size=6))
def test_no_gesture_leaves_the_limits_of_the_turntable(view: OrbitView, moves: list[tuple[float, ...]]) -> None:
    for dx, dy, factor in moves:
        view = view.dragged(dx, dy).panned(dx, dy).zoomed(factor, at=(dx, dy))
    assert -180 <= view.azimuth < 180
    assert abs(view.elevation) <= MAX_ELEVATION
    assert MIN_DISTANCE <= view.distance <= MAX_DISTANCE
    assert np.abs(view.target).max() <= BOX_SIDE / 2


def test_dragging_to_the_right_turns_the_face_to_the_right() -> None:
    nose = np.array([0.0, 0.0, 0.12])
    assert HOME_VIEW.dragged(0.1, 0.0).projected(nose)[0] > 0.01


def test_dragging_up_lifts_the_face() -> None:
    nose = np.array([0.0, 0.0, 0.12])
    assert HOME_VIEW.dragged(0.0, 0.1).projected(nose)[1] > 0.01


@pytest.mark.parametrize("name", NAMED_VIEWS)
def test_a_named_view_keeps_target_and_distance(name: str) -> None:
    view = OrbitView(12.0, 7.0, 0.8, (0.1, 0.05, 0.0))
    turned = view.turned_to(name)
    assert (turned.target, turned.distance) == (view.target, view.distance)
    assert turned.turned_to("front").azimuth == 0.0


def test_the_side_key_shows_the_left_first_and_then_the_other() -> None:
    left = HOME_VIEW.opposite_side()
    assert left.azimuth == 90.0
    assert left.opposite_side().azimuth == -90.0
    assert left.opposite_side().opposite_side().azimuth == 90.0


def test_reset_returns_home_from_anywhere() -> None:
    assert OrbitView(70.0, 40.0, 0.3, (0.2, 0.1, 0.1)).reset() == HOME_VIEW


@given(views)
def test_changing_the_projection_twice_restores_the_size_of_things(view: OrbitView) -> None:
    twice = view.toggled_projection().toggled_projection()
    assert twice.extent == pytest.approx(view.extent)
    assert view.toggled_projection().extent == pytest.approx(view.extent)


def test_an_orthographic_view_at_distance_one_shows_exactly_the_box() -> None:
    view = OrbitView(0.0, 0.0, 1.0, fov=None)
    assert view.projected(np.array([BOX_SIDE / 2, -BOX_SIDE / 2, 0.1])) == pytest.approx((0.5, -0.5))


def test_the_home_view_has_the_published_field_of_view() -> None:
    assert HOME_VIEW.extent == pytest.approx(2 * HOME_VIEW.distance * math.tan(math.radians(15)))


@given(views, st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.2, 0.6))
def test_a_ray_meets_only_points_that_project_where_it_started(
    view: OrbitView, x: float, y: float, along: float
) -> None:
    origin, direction = view.ray((x, y))
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    assert view.projected(origin + along * direction) == pytest.approx((x, y), abs=1e-9)


@given(views, st.sampled_from([(640, 480), (300, 500), (512, 512)]), small, small, small)
def test_the_matrix_of_the_mesh_agrees_with_the_rays_of_the_volume(
    view: OrbitView, size: tuple[int, int], x: float, y: float, z: float
) -> None:
    point = np.array([x, y, z])
    if (view.axes @ (point - view.eye))[2] > -0.05:
        return  # beside or behind the camera
    clip = view_projection(view, width=size[0], height=size[1]).astype(float) @ [x, y, z, 1.0]
    px, py = (clip[0] / clip[3] + 1) / 2 * size[0], (1 - clip[1] / clip[3]) / 2 * size[1]
    assert screen_point(px, py, width=size[0], height=size[1]) == pytest.approx(view.projected(point), abs=2e-4)


def test_a_turntable_goes_once_round_in_even_steps() -> None:
    azimuths = [view.azimuth for view in turntable(HOME_VIEW, frames=8)]
    assert azimuths == [0, 45, 90, 135, -180, -135, -90, -45]


@given(st.floats(-180, 179), st.floats(-80, 80))
def test_the_orbit_looks_as_the_cameras_of_the_networks_do(azimuth: float, elevation: float) -> None:
    view, camera = OrbitView(azimuth, elevation, 1.0), Camera(azimuth, elevation)
    assert np.allclose(view.axes, rotation(camera).T, atol=1e-12)
    assert np.allclose(view.eye, camera_to_world(camera)[:3, 3], atol=1e-12)
    pixels = rays(camera, 4)
    for row, column in ((0, 0), (1, 3), (3, 2)):
        at = screen_point(column + 0.5, row + 0.5, width=4, height=4)
        assert np.allclose(view.ray(at)[1], pixels.directions[row, column], atol=1e-6)


@pytest.mark.parametrize("fov", FIELDS_OF_VIEW)
def test_another_field_of_view_keeps_the_size_of_what_lies_at_the_target(fov: float) -> None:
    for view in (HOME_VIEW, OrbitView(20.0, 5.0, 0.9, fov=None)):
        changed = view.with_fov(fov)
        assert changed.fov == fov
        assert changed.extent == pytest.approx(view.extent)
        assert changed.target == view.target


def test_a_framed_box_is_in_the_picture_from_every_side() -> None:
    lower, upper = np.array([-0.1, -0.2, 0.0]), np.array([0.15, 0.1, 0.2])
    corners = np.array(
        [
            [a[k] for k, a in enumerate((x, y, z))]
            for x in (lower, upper)
            for y in (lower, upper)
            for z in (lower, upper)
        ]
    )
    for view in (HOME_VIEW, OrbitView(70.0, 40.0, 0.5, fov=None), OrbitView(-120.0, -60.0, 3.0, fov=None)):
        framed = view.framed(lower, upper)
        places = np.array([framed.projected(corner) for corner in corners])
        reach = np.abs(places).max()
        assert 0.2 < reach < 0.62


def test_what_fills_the_view_is_in_its_middle_and_nothing_of_its_front_is_cut_off() -> None:
    lower, upper = np.array([-0.21, -0.35, -0.175]), np.array([0.21, 0.15, 0.145])
    view = OrbitView(fov=30.0).filled_by(lower, upper)
    corners = [
        view.projected(np.array([x, y, z])) for x in (-0.21, 0.21) for y in (-0.35, 0.15) for z in (-0.175, 0.145)
    ]
    reach = np.abs(corners).max(axis=0)
    assert reach.max() <= 0.5 and reach.max() > 0.4
    assert view.projected((lower + upper) / 2) == pytest.approx((0, 0), abs=1e-9)
