from collections.abc import Callable

import moderngl
import numpy as np
import pytest

from paic3d_studio.core.artefacts import FieldVolume, TexturedMesh
from paic3d_studio.viewport.canvas import BACKGROUNDS, Canvas
from paic3d_studio.viewport.offscreen import offscreen_context, pixels_of, render_offscreen
from paic3d_studio.viewport.orbit import HOME_VIEW, OrbitView
from paic3d_studio.viewport.scene import Scene
from paic3d_studio.viewport.shading import SHADING_MODES

Balls = Callable[..., FieldVolume]
SIZE = (160, 120)


class Host:
    """A screen of 160 x 120 pixels with a clock that the test turns."""

    def __init__(self, scene: Scene, ctx: moderngl.Context) -> None:
        self.scene, self.now = scene, 0.0
        self.screen = Canvas(ctx)
        self.screen.resize(SIZE)
        scene.attach(ctx)

    def paint(self) -> np.ndarray:
        self.plan = self.scene.paint(self.screen.framebuffer, SIZE, now=self.now)
        return pixels_of(self.screen)

    def rest(self) -> np.ndarray:
        """Paint until nothing is due."""
        while (delay := self.scene.progressive.delay(self.now)) is not None:
            self.now += delay
            picture = self.paint()
        return picture


@pytest.mark.parametrize("mode", SHADING_MODES)
def test_a_rested_view_equals_the_still_picture(
    signpost: FieldVolume, square_mesh: TexturedMesh, ctx: moderngl.Context, mode: str
) -> None:
    scene = Scene()
    scene.set_volume(signpost)
    scene.set_mesh(square_mesh)
    scene.set_mode(mode, now=0.0)
    scene.set_view(OrbitView(25.0, 15.0), now=0.0)
    rested = Host(scene, ctx).rest()
    content = signpost if SHADING_MODES[mode].draws == "volume" else square_mesh
    with offscreen_context():
        still = render_offscreen(content, [scene.view], size=SIZE, mode=mode)[0]
    difference = np.abs(rested.astype(int) - still)
    assert difference.mean() < (0.01 if content is signpost else 4.0)  # a still mesh has smoothed edges


def test_a_moving_view_follows_at_once(signpost: FieldVolume, ctx: moderngl.Context) -> None:
    scene = Scene()
    scene.set_volume(signpost)
    host = Host(scene, ctx)
    before = host.rest()
    scene.set_view(HOME_VIEW.dragged(0.1, 0.0), now=host.now)
    after = host.paint()
    assert host.plan.phase == "moving"
    assert (before != after).any()


def test_the_old_picture_stays_until_the_new_volume_is_drawn(balls: Balls, ctx: moderngl.Context) -> None:
    scene = Scene()
    scene.set_volume(balls(32, colour=(255, 0, 0)))
    host = Host(scene, ctx)
    before = host.rest()
    scene.set_volume(balls(32, colour=(0, 255, 0)))
    seen = []
    while scene.progressive.delay(host.now) is not None:
        seen.append(host.paint())
        finished = host.plan.completes
        assert (seen[-1] == before).all() != finished
    assert tuple(seen[-1][60, 80]) == (0, 255, 0)


def test_a_mesh_mode_shows_the_field_until_there_is_a_mesh(
    signpost: FieldVolume, square_mesh: TexturedMesh, ctx: moderngl.Context
) -> None:
    scene = Scene()
    scene.set_volume(signpost)
    host = Host(scene, ctx)
    colours = host.rest()
    scene.set_mode("mesh", now=host.now)
    assert scene.drawn_mode == "colour"
    assert (host.rest() == colours).all()
    scene.set_mesh(square_mesh)
    assert scene.drawn_mode == "mesh"
    assert (host.rest() != colours).any()


def test_after_a_lost_context_the_same_picture_comes_back(signpost: FieldVolume) -> None:
    scene = Scene()
    scene.set_volume(signpost)
    with offscreen_context() as first:
        before = Host(scene, first).rest()
        scene.detach()
    with offscreen_context() as second:
        after = Host(scene, second).rest()
    assert (before == after).all()


def test_a_scene_without_content_shows_its_background(ctx: moderngl.Context) -> None:
    scene = Scene()
    scene.set_background(BACKGROUNDS["white"], now=0.0)
    assert scene.is_empty
    assert (Host(scene, ctx).rest() == 255).all()


def test_emptying_the_scene_shows_the_background_again(signpost: FieldVolume, ctx: moderngl.Context) -> None:
    scene = Scene()
    scene.set_background(BACKGROUNDS["white"], now=0.0)
    scene.set_volume(signpost)
    host = Host(scene, ctx)
    assert (host.rest() != 255).any()
    scene.set_volume(None)
    assert (host.rest() == 255).all()


def test_the_point_under_the_pointer_lies_on_the_ball(balls: Balls) -> None:
    scene = Scene()
    scene.set_volume(balls(96, radius=0.2))
    scene.set_view(OrbitView(70.0, -20.0), now=0.0)
    point = scene.surface_point((0.05, -0.1))
    assert point is not None
    assert np.linalg.norm(point) == pytest.approx(0.2, abs=0.006)
    assert scene.view.projected(point) == pytest.approx((0.05, -0.1), abs=1e-9)
    assert scene.surface_point((0.49, 0.49)) is None


def test_the_point_under_the_pointer_lies_on_the_mesh(square_mesh: TexturedMesh) -> None:
    scene = Scene()
    scene.set_mesh(square_mesh)
    scene.set_mode("mesh", now=0.0)
    scene.set_view(OrbitView(30.0, 20.0), now=0.0)
    point = scene.surface_point((0.02, 0.03))
    assert point is not None
    assert point[2] == pytest.approx(0.0, abs=1e-9)
    assert scene.surface_point((0.49, 0.0)) is None


def test_an_unknown_mode_is_refused_and_changes_nothing() -> None:
    scene = Scene()
    with pytest.raises(KeyError):
        scene.set_mode("sepia", now=0.0)
    assert scene.mode == "colour"


@pytest.mark.parametrize(
    ("mode", "field", "mesh"),
    [("colour", "colour", "mesh"), ("clay", "clay", "mesh_clay"), ("slices", "slices", "mesh"),
     ("mesh", "colour", "mesh"), ("mesh_clay", "clay", "mesh_clay"), ("mesh_error", "colour", "mesh_error")],
)  # fmt: skip
def test_a_split_view_shows_field_and_mesh_in_modes_that_compare(
    signpost: FieldVolume, square_mesh: TexturedMesh, mode: str, field: str, mesh: str
) -> None:
    scene = Scene()
    scene.set_mode(mode, now=0.0)
    scene.set_split(0.5, now=0.0)
    scene.set_volume(signpost)
    assert scene.modes[1] is None  # no mesh yet: the view is whole
    scene.set_mesh(square_mesh)
    assert scene.modes == (field, mesh)
    scene.set_split(None, now=0.0)
    assert scene.modes == (mode, None)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_a_split_view_is_the_field_on_the_left_and_the_mesh_on_the_right(
    signpost: FieldVolume, square_mesh: TexturedMesh, ctx: moderngl.Context, share: float
) -> None:
    scene = Scene()
    scene.set_volume(signpost)
    scene.set_mesh(square_mesh)
    host = Host(scene, ctx)
    field = host.rest()
    scene.set_mode("mesh", now=host.now)
    mesh = host.rest()
    scene.set_split(share, now=host.now)
    both, column = host.rest(), round(share * SIZE[0])
    assert np.array_equal(both[:, :column], field[:, :column])
    assert np.array_equal(both[:, column:], mesh[:, column:])


def test_the_slice_shows_the_ball_only_where_it_is(balls: Balls, ctx: moderngl.Context) -> None:
    scene = Scene()
    scene.set_volume(balls(96, radius=0.1))
    scene.set_mode("slices", now=0.0)
    scene.set_background(BACKGROUNDS["black"], now=0.0)
    scene.set_view(OrbitView(0.0, 0.0, 1.0, fov=None), now=0.0)
    host, metres = Host(scene, ctx), 1.0
    per_pixel = scene.view.extent / min(SIZE)
    for depth, metres in ((0.0, 0.1), (0.06, 0.08), (-0.08, 0.06), (0.13, 0.0)):
        scene.set_slice(depth, now=host.now)
        bright = host.rest().max(axis=2) > 150
        radius = np.sqrt(bright.sum() / np.pi) * per_pixel
        assert radius == pytest.approx(metres, abs=0.012)


def test_what_lies_outside_the_field_is_red_and_inside_blue(square_mesh: TexturedMesh, ctx: moderngl.Context) -> None:
    scene = Scene()
    scene.set_mesh(square_mesh)
    scene.set_mode("mesh_error", now=0.0)
    scene.set_view(OrbitView(0.0, 0.0, 1.0, fov=None), now=0.0)
    host, colours = Host(scene, ctx), []
    for error in (-0.004, 0.0, 0.004):
        scene.set_error(np.full(4, error, np.float32))
        assert scene.has_error
        colours.append(host.rest()[60, 80].astype(int))
    inside, level, outside = colours
    assert inside[2] > inside[0] + 60 and outside[0] > outside[2] + 60 and np.ptp(level) < 12
    scene.set_mesh(square_mesh)
    assert not scene.has_error
