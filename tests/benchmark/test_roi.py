"""The region of interest: its prism, and what it means for each view."""

import pytest

from paic3d_studio.benchmark.roi import WHOLE, Region
from paic3d_studio.core.camera import Camera
from paic3d_studio.errors import UserError

REGION = Region(128, 64, 384, 448)


def test_the_prism_is_the_rectangle_in_metres() -> None:
    assert REGION.sides() == pytest.approx((-0.175, 0.175, -0.2625, 0.2625))
    assert WHOLE.sides() == pytest.approx((-0.35, 0.35, -0.35, 0.35))


def test_the_back_view_has_the_rectangle_mirrored() -> None:
    region = Region(32, 64, 128, 256)
    assert region.front(256) == (slice(32, 128), slice(16, 64))
    assert region.back(256) == (slice(32, 128), slice(192, 240))


def test_a_turned_view_keeps_its_width_and_the_rows_at_the_heads_axis() -> None:
    rows, columns = REGION.strip(Camera(90, 0, 1.0, None), 512)
    assert (rows, columns) == (slice(64, 448), slice(0, 512))
    rows, columns = REGION.strip(Camera(30, 0, 1.0, 30.0), 512)
    assert rows.start == round(256 - 0.2625 * 1.8660254 * 512)
    assert columns == slice(0, 512)


def test_the_whole_front_view_leaves_every_view_whole() -> None:
    for camera in (Camera(0, 0), Camera(90, 0, 1.0, None)):
        assert WHOLE.strip(camera, 64) == (slice(0, 64), slice(0, 64))
    assert WHOLE.front(64) == WHOLE.back(64) == (slice(0, 64), slice(0, 64))


@pytest.mark.parametrize(
    "told", [None, [1, 2, 3], [0, 0, 8, 200], [0, 0, 600, 200], "0 0 9 9", [0, 0, float("nan"), 90], [True, 0, 90, 90]]
)
def test_what_is_no_rectangle_is_refused_in_one_sentence(told: object) -> None:
    with pytest.raises(UserError, match="region of interest"):
        Region.of(told)


def test_a_rectangle_is_read_from_four_numbers_or_their_names() -> None:
    assert Region.of([128, 64, 384, 448]) == REGION
    assert Region.of({"left": 128, "top": 64, "right": 384, "bottom": 448}) == REGION
