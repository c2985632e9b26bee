"""Which part of a picture is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.tools.pan_zoom import FIT_MARGIN, MAX_SCALE, MIN_SCALE, PanZoom

CONTENT = (512.0, 512.0)
sizes = st.tuples(st.floats(50, 3000), st.floats(50, 3000))
factors = st.floats(0.05, 20)
shares = st.tuples(st.floats(0, 1), st.floats(0, 1))


def shown(panel: tuple[float, float] = (800.0, 600.0)) -> PanZoom:
    return PanZoom(content=CONTENT, panel=panel).fit()


@given(panel=sizes)
def test_a_fitted_picture_is_wholly_in_sight_and_in_the_middle(panel: tuple[float, float]) -> None:
    view = shown(panel)
    left, top = view.to_screen((0, 0))
    right, bottom = view.to_screen(CONTENT)
    if view.scale > MIN_SCALE:
        assert left >= 0
        assert top >= 0
    assert left + right == pytest.approx(panel[0])
    assert top + bottom == pytest.approx(panel[1])


@given(panel=sizes, place=shares)
def test_screen_and_picture_are_each_others_inverse(panel: tuple[float, float], place: tuple[float, float]) -> None:
    view = shown(panel).zoomed(1.7, about=(10, 20))
    screen = (place[0] * panel[0], place[1] * panel[1])
    assert view.to_screen(view.to_picture(screen)) == pytest.approx(screen)


@given(factor=st.floats(1.0, 20), place=shares)
def test_the_place_under_the_pointer_stays_there_while_zooming_in(factor: float, place: tuple[float, float]) -> None:
    view = shown()
    held = (place[0] * CONTENT[0], place[1] * CONTENT[1])
    about = view.to_screen(held)
    assert view.zoomed(factor, about=about).to_picture(about) == pytest.approx(held, abs=1e-6)


@given(factor=factors)
def test_no_zoom_leaves_the_allowed_scales(factor: float) -> None:
    view = shown()
    for _ in range(12):
        view = view.zoomed(factor, about=(400, 300))
    assert MIN_SCALE <= view.scale <= MAX_SCALE


@given(dx=st.floats(-1e5, 1e5), dy=st.floats(-1e5, 1e5), factor=factors)
def test_a_part_of_the_picture_stays_in_sight_however_far_it_is_dragged(dx: float, dy: float, factor: float) -> None:
    view = shown().zoomed(factor, about=(400, 300)).panned(dx, dy)
    left, top, width, height = view.visible
    assert left < CONTENT[0]
    assert left + width > 0
    assert top < CONTENT[1]
    assert top + height > 0


def test_actual_size_is_one_screen_pixel_for_each_picture_pixel() -> None:
    view = shown().at_scale(1.0)
    a, b = view.to_screen((100, 100)), view.to_screen((101, 103))
    assert (b[0] - a[0], b[1] - a[1]) == pytest.approx((1, 3))


def test_a_fitted_picture_follows_the_panel_and_a_zoomed_one_keeps_its_scale() -> None:
    assert shown().resized((1600, 1200)).scale == pytest.approx(2 * shown().scale)
    zoomed = shown().zoomed(2, about=(0, 0))
    assert zoomed.resized((1600, 1200)).scale == zoomed.scale


def test_a_picture_of_the_same_size_keeps_the_view_and_another_one_is_fitted() -> None:
    zoomed = shown().zoomed(3, about=(100, 100))
    assert zoomed.showing(CONTENT) == zoomed
    assert zoomed.showing((1024.0, 300.0)).fitted


def test_a_fitted_picture_fills_another_share_and_one_that_was_moved_stays() -> None:
    fitted = PanZoom(content=(512.0, 512.0), panel=(600.0, 700.0)).fit()
    smaller = fitted.fitted_to(0.5)
    assert smaller.scale == 0.5 * 600 / 512 and smaller.fitted_to(FIT_MARGIN) == fitted
    assert smaller.resized((300.0, 700.0)).scale == 0.5 * 300 / 512
    moved = fitted.panned(30.0, 0.0)
    assert moved.fitted_to(0.5).visible == moved.visible


def test_a_huge_picture_is_seen_whole() -> None:
    view = PanZoom(content=(30_000.0, 20_000.0), panel=(300.0, 300.0)).fit()
    left, top = view.to_screen((0.0, 0.0))
    right, bottom = view.to_screen((30_000.0, 20_000.0))
    assert 0 <= left < right <= 300 and 0 <= top < bottom <= 300
    assert view.zoomed(1.2, about=(150.0, 150.0)).scale == pytest.approx(1.2 * view.scale)
    assert view.zoomed(0.8, about=(150.0, 150.0)).scale == view.scale
