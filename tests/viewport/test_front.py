"""The artist's picture over what the front sees."""

from collections.abc import Callable

import numpy as np
import pytest

from paic3d_studio.core.artefacts import Alignment, FieldVolume
from paic3d_studio.core.stitch import StitchOptions, StitchSource, inner_contours
from paic3d_studio.viewport.bake import bake_volume
from paic3d_studio.viewport.canvas import BACKGROUNDS
from paic3d_studio.viewport.front import BORDER_REACH, NO_PICTURE, StitchPicture, _facing, stitch_picture
from paic3d_studio.viewport.offscreen import render_offscreen
from paic3d_studio.viewport.orbit import HOME_VIEW, OrbitView

Balls = Callable[..., FieldVolume]
SQUARE = Alignment(np.eye(2, 3))
FRONT = OrbitView(distance=1.0, fov=None)


def one_colour(colour: tuple[int, int, int], *, radius: int = 512) -> StitchPicture:
    """A picture that is a disc of one colour about the middle, in the aligned square."""
    y, x = np.mgrid[:512, :512] + 0.5
    rgba = np.zeros((512, 512, 4), np.uint8)
    rgba[(x - 256) ** 2 + (y - 256) ** 2 < radius**2] = (*colour, 255)
    return stitch_picture(StitchSource(rgba, SQUARE))


def drawn(
    volume: FieldVolume, view: OrbitView, stitch: StitchPicture, *, mode: str = "colour", size: int = 256
) -> np.ndarray:
    black = BACKGROUNDS["black"]
    return render_offscreen(volume, [view], size=size, mode=mode, background=black, stitch=stitch)[0].astype(int)


def test_the_front_sees_the_near_half_of_a_ball_in_its_closed_form(balls: Balls) -> None:
    front = bake_volume(balls(128, centre=(0.05, -0.03, 0.02), radius=0.2)).front
    along = ((np.arange(256) + 0.5) / 256 - 0.5) * 0.7
    across = (along[None, :] - 0.05) ** 2 + (along[:, None] + 0.03) ** 2
    inner = across < 0.17**2
    depth = 0.02 + np.sqrt(np.maximum(0.2**2 - across, 0))
    assert np.abs(front.depth - depth)[inner].max() < 0.35 * 0.7 / 128
    assert (front.depth[across > 0.21**2] == np.float32(-0.35)).all()
    assert (front.facing[across < 0.13**2] == 255).all()  # normals up to 40 degrees from the front


def test_a_slope_along_a_contour_takes_the_picture_sooner() -> None:
    side, pixel = 256, 0.7 / 256
    ramp = np.broadcast_to((1.2 * pixel * np.arange(side)).astype(np.float32), (side, side)).copy()
    plain, stepped = ramp.copy(), ramp.copy()
    stepped[:, 128:] += 0.05
    facing = [
        _facing(d, inner_contours(d, pixel=pixel), pixel=pixel, options=StitchOptions()) for d in (plain, stepped)
    ]
    assert 0.3 < facing[0][128, 126] / 255 < 0.9  # turned by 50 degrees
    assert facing[1][128, 126:130].min() > 240
    np.testing.assert_array_equal(facing[0][:, 40:110], facing[1][:, 40:110])


def test_a_picture_keeps_its_pixels_and_knows_its_border() -> None:
    rng = np.random.default_rng(0)
    rgba = np.dstack([rng.integers(0, 256, (512, 512, 3), dtype=np.uint8), np.zeros((512, 512), np.uint8)])
    rgba[100:400, 200:300, 3] = 255
    laid = stitch_picture(StitchSource(rgba, SQUARE))
    upright = laid.rgba[::-1]
    np.testing.assert_array_equal(upright[100:400, 200:300, :3], rgba[100:400, 200:300, :3])
    np.testing.assert_array_equal(laid.matte[::-1, :, 0], rgba[..., 3])
    pixel = 0.7 / 512
    for column in (202, 204):
        told = (2 * float(upright[250, column, 3]) / 255 - 1) * BORDER_REACH
        assert told == pytest.approx((column + 1 - 200) * pixel, abs=0.2 * pixel)
    assert upright[250, 100, 3] == 0
    assert upright[250, 250, 3] == 255


def test_a_finer_file_is_laid_over_finely_and_a_huge_one_within_bounds() -> None:
    for scale, side in ((2.0, 512), (0.5, 1024), (0.1, 2048)):
        rgba = np.full((64, 64, 4), 255, np.uint8)
        laid = stitch_picture(StitchSource(rgba, Alignment(np.array([[scale, 0, 200], [0, scale, 200.0]]))))
        assert laid.rgba.shape == (side, side, 4)
        inside = (laid.matte[..., 0] == 255) & (laid.rgba[..., 3] > 128)
        assert inside.sum() == pytest.approx((64 * scale * side / 512) ** 2, rel=0.1)


def test_from_the_front_a_ball_shows_the_picture_and_behind_its_own_colour(balls: Balls) -> None:
    ball, red = balls(96, radius=0.2), one_colour((200, 30, 40))
    np.testing.assert_allclose(drawn(ball, FRONT, red)[128, 128], (200, 30, 40), atol=1)
    np.testing.assert_allclose(drawn(ball, FRONT.turned_to("back"), red)[128, 128], (255, 255, 255), atol=1)
    side = drawn(ball, FRONT.turned_to("left"), red)
    assert side[128, 128 - 60].tolist() == pytest.approx([200, 30, 40], abs=2)  # the face is on the left
    assert side[128, 128 + 60].tolist() == pytest.approx([255, 255, 255], abs=2)


def test_what_something_nearer_hides_from_the_front_keeps_its_own_colour(balls: Balls) -> None:
    near, far = balls(96, centre=(0, 0, 0.2), radius=0.08), balls(96, centre=(0, 0, -0.15), radius=0.12)
    both = FieldVolume(np.maximum(near.rgba, far.rgba))
    picture = drawn(both, OrbitView(60.0, 0.0, 1.0, fov=None), one_colour((200, 30, 40)))
    x, y = OrbitView(60.0, 0.0, 1.0, fov=None).projected(np.array([0.0, 0.0, -0.15 + 0.12]))
    assert picture[round(128 - y * 256), round(128 + x * 256)].tolist() == [255, 255, 255]


def test_the_head_ends_where_the_picture_ends_in_the_stitched_mode_only(balls: Balls) -> None:
    ball, disc = balls(96, radius=0.2), one_colour((200, 30, 40), radius=110)
    areas = {mode: (drawn(ball, FRONT, disc, mode=mode).sum(axis=2) > 120).sum() for mode in ("colour", "field_colour")}
    assert areas["colour"] == pytest.approx(np.pi * (110 / 2) ** 2, rel=0.02)
    assert areas["field_colour"] == pytest.approx(np.pi * (0.2 / 0.7 * 256) ** 2, rel=0.02)


def test_outside_the_artists_file_nothing_is_cut(balls: Balls) -> None:
    rgba = np.full((256, 512, 4), (200, 30, 40, 255), np.uint8)  # a file that shows the upper half only
    whole = drawn(balls(96, radius=0.2), FRONT, stitch_picture(StitchSource(rgba, SQUARE)))
    assert whole[100, 128].tolist() == pytest.approx([200, 30, 40], abs=1)
    assert whole[160, 128].tolist() == pytest.approx([255, 255, 255], abs=1)


def test_the_stitch_fades_without_a_dark_or_light_seam(balls: Balls) -> None:
    picture = drawn(
        balls(96, radius=0.2, colour=(0, 0, 255)), OrbitView(50.0, 10.0, 1.0, fov=None), one_colour((255, 0, 0))
    )
    y, x = np.mgrid[:256, :256] - 127.5
    inner = picture[x**2 + y**2 < (0.9 * 0.2 / 0.7 * 256) ** 2]
    assert inner[:, 1].max() <= 2
    assert np.abs(inner.sum(axis=1) - 255).max() <= 4
    assert inner[:, 0].max() >= 254
    assert inner[:, 2].max() >= 254


def test_no_picture_leaves_the_colours_of_the_field(signpost: FieldVolume) -> None:
    for view in (HOME_VIEW, OrbitView(70.0, 20.0)):
        stitched, plain = (drawn(signpost, view, NO_PICTURE, mode=mode) for mode in ("colour", "field_colour"))
        assert np.abs(stitched - plain).max() <= 1
    assert stitch_picture(None) is NO_PICTURE
