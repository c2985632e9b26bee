import math
from collections.abc import Callable

import moderngl
import numpy as np
import pytest

from paic3d_studio.core.artefacts import BOX_SIDE, FieldVolume
from paic3d_studio.viewport.bake import ALL_MATTER
from paic3d_studio.viewport.canvas import BACKGROUNDS, QUALITIES, Background, Canvas
from paic3d_studio.viewport.offscreen import pixels_of, render_offscreen
from paic3d_studio.viewport.orbit import HOME_VIEW, OrbitView, screen_point
from paic3d_studio.viewport.renderer import VolumeRenderer
from paic3d_studio.viewport.shading import SHADING_MODES

Balls = Callable[..., FieldVolume]
BLACK, WHITE = BACKGROUNDS["black"], BACKGROUNDS["white"]
VOLUME_MODES = [name for name, mode in SHADING_MODES.items() if mode.draws == "volume"]


def drawn(
    volume: FieldVolume, view: OrbitView, *, size: int = 256, background: Background = BLACK, **rest: str
) -> np.ndarray:
    return render_offscreen(volume, [view], size=size, background=background, **rest)[0]


def centroid(mask: np.ndarray) -> tuple[float, float]:
    """Where a mask lies in the picture: shorter sides from the centre, x right, y up."""
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    return screen_point(columns.mean() + 0.5, rows.mean() + 0.5, width=width, height=height)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("radius", [0.2, 0.25, 0.3])
def test_a_ball_covers_its_closed_form_area(balls: Balls, radius: float, quality: str) -> None:
    view = OrbitView(20.0, 10.0, 1.4)
    picture = drawn(balls(128, radius=radius), view, size=400, quality=quality)
    radius_on_screen = radius / math.sqrt(1.4**2 - radius**2) / (2 * math.tan(math.radians(15)))
    area = math.pi * (400 * radius_on_screen) ** 2
    assert picture[..., 0].sum() / 255 == pytest.approx(area, rel=0.02)


def test_an_orthographic_ball_covers_its_closed_form_area(balls: Balls) -> None:
    picture = drawn(balls(128, radius=0.2), OrbitView(0.0, 0.0, 1.0, fov=None), size=400)
    assert picture[..., 0].sum() / 255 == pytest.approx(math.pi * (400 * 0.2 / 0.7) ** 2, rel=0.02)


def test_from_the_front_x_is_right_and_y_is_up(signpost: FieldVolume) -> None:
    picture = drawn(signpost, HOME_VIEW)
    assert centroid(picture[..., 0] > 128) == pytest.approx(HOME_VIEW.projected(np.array([0.22, 0, 0])), abs=0.01)
    assert centroid(picture[..., 1] > 128) == pytest.approx(HOME_VIEW.projected(np.array([0, 0.22, 0])), abs=0.01)
    assert centroid(picture[..., 2] > 128) == pytest.approx((0, 0), abs=0.01)


def test_from_behind_left_and_right_are_exchanged(signpost: FieldVolume) -> None:
    picture = drawn(signpost, HOME_VIEW.turned_to("back"))
    x, y = HOME_VIEW.projected(np.array([0.22, 0, 0]))
    assert centroid(picture[..., 0] > 128) == pytest.approx((-x, y), abs=0.01)


def test_the_left_view_shows_what_lies_at_plus_x_in_the_middle_and_the_face_on_the_left(signpost: FieldVolume) -> None:
    picture = drawn(signpost, HOME_VIEW.turned_to("left"))
    assert centroid(picture[..., 0] > 128) == pytest.approx((0, 0), abs=0.01)
    assert centroid(picture[..., 2] > 128)[0] < -0.2


def test_a_wide_and_a_high_picture_show_the_same_middle(signpost: FieldVolume) -> None:
    square = drawn(signpost, HOME_VIEW, size=200)
    wide = render_offscreen(signpost, [HOME_VIEW], size=(320, 200), background=BLACK)[0]
    high = render_offscreen(signpost, [HOME_VIEW], size=(200, 320), background=BLACK)[0]
    for middle in (wide[:, 60:260], high[60:260]):
        difference = np.abs(middle.astype(int) - square)
        assert (difference > 3).sum() < 20  # rays along an edge may fall to either side by rounding


@pytest.mark.parametrize("mode", VOLUME_MODES)
def test_skipping_empty_space_changes_no_pixel(signpost: FieldVolume, ctx: moderngl.Context, mode: str) -> None:
    renderer, canvas = VolumeRenderer(ctx), Canvas(ctx)
    canvas.resize((256, 256))
    renderer.upload(signpost)
    for view in (HOME_VIEW, OrbitView(37.0, 21.0, 1.1), OrbitView(-140.0, -40.0, 0.5, fov=None)):
        pictures = []
        for skips in (True, False):
            renderer.skips_empty = skips
            renderer.render(canvas.framebuffer, view, mode=mode, size=(256, 256), background=WHITE)
            pictures.append(pixels_of(canvas).astype(int))
        assert np.abs(pictures[0] - pictures[1]).max() <= 1


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_white_ball_on_white_has_no_dark_rim(balls: Balls, quality: str) -> None:
    picture = drawn(balls(), OrbitView(30.0, 20.0), background=WHITE, quality=quality)
    assert picture.min() >= 254


def test_every_pixel_of_a_red_ball_on_blue_is_a_mixture_of_red_and_blue(balls: Balls) -> None:
    blue = Background((0.0, 0.0, 1.0), (0.0, 0.0, 1.0))
    picture = drawn(balls(colour=(255, 0, 0)), OrbitView(30.0, 20.0), background=blue).astype(int)
    assert picture[..., 1].max() <= 1
    assert np.abs(picture[..., 0] + picture[..., 2] - 255).max() <= 2


def test_opacity_does_not_depend_on_the_stride_of_the_samples(ctx: moderngl.Context) -> None:
    rgba = np.full((64, 64, 64, 4), 255, np.uint8)
    rgba[..., 3] = 4
    canvas, renderer = Canvas(ctx), VolumeRenderer(ctx)
    canvas.resize((64, 64))
    renderer.upload(FieldVolume(rgba))
    renderer.haze = ALL_MATTER
    expected = 255 * (1 - (1 - 4 / 255) ** 64)
    for stride in (0.25, 0.5, 1.0, 2.0):
        quality = QUALITIES["full"].__class__(1, stride)
        view = OrbitView(0.0, 0.0, 0.5, fov=None)
        renderer.draw(canvas.framebuffer, view, mode="colour", size=(64, 64), quality=quality, background=BLACK)
        assert pixels_of(canvas)[32, 32, 0] == pytest.approx(expected, abs=4)


def test_depth_grows_darker_with_distance(balls: Balls) -> None:
    nearness = [
        int(drawn(balls(64, centre=(0, 0, z), radius=0.05), OrbitView(fov=None), mode="depth")[128, 128, 0])
        for z in (-0.1, -0.03, 0.04, 0.11)
    ]
    assert nearness == sorted(nearness)
    steps = np.diff(nearness) / 255 * BOX_SIDE / 2
    assert steps == pytest.approx(0.07, abs=0.005)


def test_normals_face_the_viewer_in_the_middle_and_away_at_the_rim(balls: Balls) -> None:
    picture = drawn(balls(128, radius=0.25), OrbitView(130.0, -20.0, fov=None), mode="normals").astype(int)
    assert picture[128, 128] == pytest.approx((128, 128, 255), abs=8)
    reach = int(0.8 * 0.25 / 0.7 / 1.3 * 256)
    assert picture[128, 128 + reach, 0] - 128 == pytest.approx(0.8 * 127, abs=12)
    assert picture[128 - reach, 128, 1] - 128 == pytest.approx(0.8 * 127, abs=12)


def test_an_x_ray_sees_a_ball_behind_another_one(balls: Balls) -> None:
    one = balls(64, centre=(0, 0, 0.2), radius=0.06)
    two = FieldVolume(np.maximum(one.rgba, balls(64, centre=(0, 0, -0.2), radius=0.06).rgba))
    middle = [drawn(v, HOME_VIEW, mode="density")[128, 128].astype(int).sum() for v in (one, two)]
    assert middle[1] > middle[0] + 30


@pytest.mark.parametrize("mode", VOLUME_MODES)
def test_an_empty_volume_shows_the_background_only(mode: str) -> None:
    empty = FieldVolume(np.zeros((16, 16, 16, 4), np.uint8))
    assert (drawn(empty, HOME_VIEW, background=WHITE, mode=mode) == 255).all()


@pytest.mark.parametrize("quality", ["half", "quarter"])
def test_a_reduced_picture_is_the_full_one_but_softer(signpost: FieldVolume, quality: str) -> None:
    full, reduced = (drawn(signpost, HOME_VIEW, quality=q).astype(float) for q in ("full", quality))
    assert np.abs(full - reduced).mean() < 2.5
    assert full.mean() == pytest.approx(reduced.mean(), rel=0.02)


def test_the_same_call_gives_the_same_bytes(signpost: FieldVolume) -> None:
    first, second = (drawn(signpost, OrbitView(33.0, 12.0), background=BACKGROUNDS["studio"]) for _ in range(2))
    assert (first == second).all()


def test_strips_put_together_are_the_whole_picture(signpost: FieldVolume, ctx: moderngl.Context) -> None:
    renderer, canvas = VolumeRenderer(ctx), Canvas(ctx)
    renderer.upload(signpost)
    canvas.resize((200, 200))
    common = {"mode": "colour", "size": (200, 200), "quality": QUALITIES["full"], "background": BACKGROUNDS["studio"]}
    renderer.draw(canvas.framebuffer, HOME_VIEW, **common)
    whole = pixels_of(canvas)
    canvas.framebuffer.clear()
    for rows in ((0, 37), (37, 121), (121, 200)):
        renderer.draw(canvas.framebuffer, HOME_VIEW, rows=rows, **common)
    assert (pixels_of(canvas) == whole).all()


def test_what_others_left_switched_on_changes_nothing_and_alpha_is_one(
    signpost: FieldVolume, ctx: moderngl.Context
) -> None:
    renderer, canvas = VolumeRenderer(ctx), Canvas(ctx)
    renderer.upload(signpost)
    canvas.resize((128, 128))
    renderer.render(canvas.framebuffer, HOME_VIEW, mode="colour", size=(128, 128), quality="half")
    clean = pixels_of(canvas)
    ctx.enable_only(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
    ctx.blend_func = moderngl.ZERO, moderngl.ONE
    ctx.cull_face = "front_and_back"
    ctx.wireframe = True
    renderer.render(canvas.framebuffer, HOME_VIEW, mode="colour", size=(128, 128), quality="half")
    assert (pixels_of(canvas) == clean).all()
    alpha = np.frombuffer(canvas.framebuffer.read(components=4, alignment=1), np.uint8)[3::4]
    assert (alpha == 255).all()


def test_a_new_volume_replaces_the_old_one(balls: Balls, ctx: moderngl.Context) -> None:
    renderer, canvas = VolumeRenderer(ctx), Canvas(ctx)
    canvas.resize((64, 64))
    for colour in ((255, 0, 0), (0, 255, 0)):
        renderer.upload(balls(32, colour=colour))
        renderer.render(canvas.framebuffer, HOME_VIEW, mode="colour", size=(64, 64), background=BLACK)
        assert tuple(pixels_of(canvas)[32, 32]) == colour


def test_the_grid_lies_on_the_ground_and_is_seen_from_above_only() -> None:
    empty = FieldVolume(np.zeros((16, 16, 16, 4), np.uint8))
    dark = Background((0.2, 0.2, 0.2), (0.2, 0.2, 0.2), grid=1.0)
    above = drawn(empty, OrbitView(0.0, 30.0), background=dark)
    below = drawn(empty, OrbitView(0.0, -60.0), background=dark)
    assert above.max() > 100
    assert np.ptp(below.astype(int)) <= 1


def test_a_thin_haze_is_seen_only_where_density_itself_is_shown(balls: Balls) -> None:
    rgba = np.array(balls(64, radius=0.1).rgba)
    haze = rgba[..., 3] == 0
    rgba[haze] = 90, 80, 70, 60
    hazy, clear = FieldVolume(rgba), balls(64, radius=0.1)
    for mode in VOLUME_MODES:
        same = (
            np.abs(drawn(hazy, HOME_VIEW, mode=mode).astype(int) - drawn(clear, HOME_VIEW, mode=mode))[:60].max() <= 1
        )
        assert same == (mode not in ("density", "slices"))


def test_half_opaque_hair_is_shown_as_half_opaque(ctx: moderngl.Context) -> None:
    rgba = np.zeros((64, 64, 64, 4), np.uint8)
    rgba[30:32, 10:54, 10:54] = 255, 255, 255, 128
    canvas, renderer = Canvas(ctx), VolumeRenderer(ctx)
    canvas.resize((64, 64))
    renderer.upload(FieldVolume(rgba))
    renderer.render(canvas.framebuffer, OrbitView(fov=None), mode="colour", size=(64, 64), background=BLACK)
    assert 80 < pixels_of(canvas)[32, 32, 0] < 200
