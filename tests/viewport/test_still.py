"""Rays of a view's pixels, where they meet a baked volume, and pictures that take their surface from a still."""

import math
from collections.abc import Callable

import moderngl
import numpy as np
import pytest

from paic3d_studio.core.artefacts import BOX_SIDE, FieldVolume
from paic3d_studio.viewport.bake import BakedVolume, bake_volume, scaled_logit
from paic3d_studio.viewport.canvas import BACKGROUNDS, QUALITIES, Canvas
from paic3d_studio.viewport.offscreen import pixels_of
from paic3d_studio.viewport.orbit import OrbitView, screen_point
from paic3d_studio.viewport.renderer import VolumeRenderer
from paic3d_studio.viewport.scene import Scene
from paic3d_studio.viewport.shading import SHADING_MODES, volume_fragment
from paic3d_studio.viewport.still import (
    AGREEMENT,
    MOST_RAYS,
    ExactStill,
    FirstSurface,
    StillRequest,
    grid_rays,
    normals_at,
    values_at,
)

Balls = Callable[..., FieldVolume]
SIZE = (160, 120)
VIEWS = [OrbitView(25.0, 15.0), OrbitView(-130.0, -40.0, 0.8, (0.02, 0.01, -0.03)), OrbitView(70.0, 5.0, 0.9, fov=None)]
SURFACE_MODES = [name for name, mode in SHADING_MODES.items() if mode.shades_surface]
OTHER_MODES = [name for name, mode in SHADING_MODES.items() if mode.draws == "volume" and not mode.shades_surface]


@pytest.fixture(scope="module")
def ball(balls: Balls) -> BakedVolume:
    return bake_volume(balls(96, radius=0.2, colour=(200, 200, 200)))


def all_rays(request: StillRequest) -> tuple[np.ndarray, np.ndarray]:
    return grid_rays(request, (0, request.grid[1]))


def entry_into_ball(origins: np.ndarray, directions: np.ndarray, radius: float) -> np.ndarray:
    """Closed form: metres along each ray to a ball about the origin, NaN past it."""
    across = (origins.astype(float) * directions).sum(axis=1)
    inside = across**2 - np.square(origins.astype(float)).sum(axis=1) + radius**2
    return -across - np.sqrt(np.where(inside >= 0, inside, np.nan))


def still_of(
    volume: BakedVolume, view: OrbitView, *, colour: tuple[float, float, float], off: float = 0.0
) -> ExactStill:
    """Return a still of one colour at the volume's own surface, or so many voxels behind it."""
    request = StillRequest(view, SIZE)
    distance = FirstSurface(volume).along(*all_rays(request))
    distance[distance > 0] += off * volume.box_side / len(volume.voxels)
    texels = np.concatenate([np.tile(np.float32(colour), (len(distance), 1)), distance[:, None]], axis=1)
    return ExactStill(request, texels.reshape(*request.grid[::-1], 4))


class Artist:
    """Draws a volume with and without a still."""

    def __init__(self, ctx: moderngl.Context, volume: BakedVolume) -> None:
        self.renderer, self.canvas = VolumeRenderer(ctx), Canvas(ctx)
        self.renderer.upload(volume)

    def draw(
        self,
        view: OrbitView,
        still: ExactStill | None,
        *,
        mode: str = "field_colour",
        quality: str = "full",
        size: tuple[int, int] = SIZE,
    ) -> np.ndarray:
        self.canvas.resize(size)
        self.renderer.sharpen(still)
        self.renderer.render(
            self.canvas.framebuffer, view, mode=mode, size=size, quality=quality, background=BACKGROUNDS["black"]
        )
        return pixels_of(self.canvas).astype(int)


@pytest.fixture
def artist(ctx: moderngl.Context, ball: BakedVolume) -> Artist:
    return Artist(ctx, ball)


@pytest.mark.parametrize("view", VIEWS)
def test_the_rays_of_pixels_are_those_of_the_view(view: OrbitView) -> None:
    request = StillRequest(view, SIZE)
    origins, directions = all_rays(request)
    for column, row in ((0, 0), (159, 0), (20, 77), (159, 119)):  # rows from the bottom
        place = screen_point(column + 0.5, SIZE[1] - row - 0.5, width=SIZE[0], height=SIZE[1])
        origin, direction = view.ray(place)
        assert origins[row * SIZE[0] + column] == pytest.approx(origin, abs=1e-6)
        assert directions[row * SIZE[0] + column] == pytest.approx(direction, abs=1e-6)


def test_a_large_picture_gets_no_more_rays_than_it_may_and_covers_the_same_view(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert StillRequest(VIEWS[0], (700, 600)).grid == (700, 600)
    for size in ((1600, 1400), (3840, 2160), (100_000, 7)):
        columns, rows = StillRequest(VIEWS[0], size).grid
        assert 0.9 * MOST_RAYS < columns * rows <= MOST_RAYS
    monkeypatch.setattr("paic3d_studio.viewport.still.MOST_RAYS", SIZE[0] * SIZE[1] // 4)
    request = StillRequest(VIEWS[1], SIZE)
    assert request.grid == (SIZE[0] // 2, SIZE[1] // 2)
    for column, row in ((0, 0), (79, 59), (33, 12)):
        place = screen_point(2 * column + 1, SIZE[1] - 2 * row - 1, width=SIZE[0], height=SIZE[1])
        origin, direction = VIEWS[1].ray(place)
        origins, directions = grid_rays(request, (row, row + 1))
        assert origins[column] == pytest.approx(origin, abs=1e-6)
        assert directions[column] == pytest.approx(direction, abs=1e-6)


def test_some_rows_of_rays_are_part_of_all() -> None:
    request = StillRequest(VIEWS[0], SIZE)
    some, all_of_them = grid_rays(request, (30, 50)), all_rays(request)
    for part, whole in zip(some, all_of_them, strict=True):
        assert np.array_equal(part, whole[30 * SIZE[0] : 50 * SIZE[0]])


@pytest.mark.parametrize("view", VIEWS)
def test_rays_meet_the_volume_where_the_ball_begins(ball: BakedVolume, view: OrbitView) -> None:
    origins, directions = all_rays(StillRequest(view, SIZE))
    found = FirstSurface(ball).along(origins, directions)
    middle = entry_into_ball(origins, directions, 0.19)  # well inside the outline
    truth = entry_into_ball(origins, directions, 0.2)
    voxel = BOX_SIDE / 96
    seen = ~np.isnan(middle)
    assert seen.sum() > 1000
    assert np.abs(found - truth)[seen].max() < 0.6 * voxel
    assert (found[np.isnan(entry_into_ball(origins, directions, 0.2 + voxel))] == 0).all()


def test_skipping_cells_finds_the_same_surface_as_reading_every_sample(ball: BakedVolume) -> None:
    origins, directions = all_rays(StillRequest(VIEWS[1], (64, 48)))
    n, voxel = len(ball.voxels), ball.box_side / len(ball.voxels)
    along = (np.arange(round(3.0 / voxel / 0.66)) + 0.5) * 0.66
    places = origins.T[:, :, None] / voxel + n / 2 + directions.T[:, :, None] * along
    inside = ((places > 0) & (places < n)).all(axis=0).reshape(-1)
    values = np.zeros(inside.shape, np.float32)
    values[inside] = values_at(ball.voxels[..., 3], places.reshape(3, -1)[:, inside].astype(np.float32))
    met = (values.reshape(len(origins), -1) > 255 * ball.surface).argmax(axis=1)
    found = FirstSurface(ball).along(origins, directions) / voxel
    assert ((met > 0) == (found > 0)).all()
    hit = met > 0
    assert (found[hit] <= along[met[hit]] + 1e-3).all()
    assert (found[hit] > along[met[hit]] - 0.66 - 1e-3).all()


def test_values_are_interpolated_as_closed_form_says() -> None:
    z, y, x = np.meshgrid(*[np.arange(8)] * 3, indexing="ij")
    places = np.random.default_rng(0).uniform(0.5, 7.5, (3, 200)).astype(np.float32)
    found = values_at((10 * x + 5 * y + 2 * z).astype(np.uint8), places)
    truth = np.array([10, 5, 2]) @ (places - 0.5)
    assert found == pytest.approx(truth, abs=0.05)


def test_normals_of_a_ball_point_away_from_its_middle(ball: BakedVolume) -> None:
    out = np.random.default_rng(0).normal(size=(300, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    normals = normals_at(ball, (0.2 * out).astype(np.float32))
    assert (normals * out).sum(axis=1).min() > math.cos(math.radians(4))


@pytest.mark.parametrize("n", [64, 128, 192])
def test_the_density_of_the_surface_stops_the_surfaces_opacity(balls: Balls, n: int) -> None:
    volume = balls(n, radius=0.2)
    baked = bake_volume(FieldVolume(volume.rgba // np.array([1, 1, 1, 3], np.uint8)))
    assert baked.surface < 0.5
    lost = math.log1p(math.exp(baked.surface_density - 1)) * BOX_SIDE / min(n, 128)
    assert scaled_logit(-math.expm1(-lost)) == pytest.approx(baked.surface, abs=1e-9)


def test_a_mode_shades_the_surface_if_its_shader_says_so() -> None:
    for name, mode in SHADING_MODES.items():
        if mode.draws == "volume":
            source = volume_fragment(name)
            assert mode.shades_surface == ("const bool SEES_THROUGH = false;" in source)
            assert mode.shades_surface <= ("sampler2D still" in source)


def test_the_surface_takes_the_stills_colour_as_it_is(artist: Artist, ball: BakedVolume) -> None:
    still = still_of(ball, VIEWS[0], colour=(0.9, 0.3, 0.1))
    before, after = artist.draw(VIEWS[0], None), artist.draw(VIEWS[0], still)
    solid = before[..., 0] > 198
    assert solid.sum() > 3000
    assert np.abs(after[solid] - np.array([229.5, 76.5, 25.5])).max() <= 2
    empty = before.max(axis=2) == 0
    assert (after[empty] == 0).all()


def test_between_rays_the_surface_takes_what_those_beside_it_say(
    artist: Artist, ball: BakedVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    colour, depth = {}, {}
    for rays in (SIZE[0] * SIZE[1], SIZE[0] * SIZE[1] // 4):
        monkeypatch.setattr("paic3d_studio.viewport.still.MOST_RAYS", rays)
        still = still_of(ball, VIEWS[0], colour=(0.9, 0.3, 0.1))
        ramp = np.linspace(0, 1, still.texels.shape[1], dtype=np.float32)
        still.texels[..., 1] = ramp
        colour[rays] = artist.draw(VIEWS[0], still)
        depth[rays] = artist.draw(VIEWS[0], still, mode="depth")
    solid = artist.draw(VIEWS[0], None)[..., 0] > 198
    for (whole, reduced), most in ((colour.values(), 4), (depth.values(), 8)):
        assert np.percentile(np.abs(whole - reduced)[solid], 98) <= most  # at the outline the volume's surface stays
    assert np.unique(colour[rays][60][solid[60]][:, 1]).size > 0.8 * solid[60].sum()  # a ramp, not stairs


def test_a_still_at_the_volumes_own_surface_changes_neither_form_nor_depth(artist: Artist, ball: BakedVolume) -> None:
    still = still_of(ball, VIEWS[0], colour=(0.9, 0.3, 0.1))
    for mode in ("depth", "normals", "clay"):
        before, after = artist.draw(VIEWS[0], None, mode=mode), artist.draw(VIEWS[0], still, mode=mode)
        assert np.percentile(np.abs(after - before), 99) <= 3


def test_the_depth_of_a_pixel_is_the_stills(artist: Artist, ball: BakedVolume) -> None:
    view = VIEWS[2]
    still = still_of(ball, view, colour=(0, 0, 0), off=2.0)
    before, after = artist.draw(view, None, mode="depth"), artist.draw(view, still, mode="depth")
    solid = still.distance > 0
    deeper = (before - after)[solid]  # an orthographic ray runs along the axis of depth
    assert np.median(deeper) == pytest.approx(255 * 2 / 96 * 2, abs=1)


@pytest.mark.parametrize("off", [AGREEMENT + 1, -AGREEMENT - 1])
def test_a_still_of_another_surface_is_not_taken(artist: Artist, ball: BakedVolume, off: float) -> None:
    still = still_of(ball, VIEWS[0], colour=(1, 0, 0), off=off)
    assert (artist.draw(VIEWS[0], still) == artist.draw(VIEWS[0], None)).all()


@pytest.mark.parametrize("mode", OTHER_MODES)
def test_modes_that_shade_no_surface_ignore_it(artist: Artist, ball: BakedVolume, mode: str) -> None:
    still = still_of(ball, VIEWS[0], colour=(1, 0, 0))
    assert (artist.draw(VIEWS[0], still, mode=mode) == artist.draw(VIEWS[0], None, mode=mode)).all()


def test_only_the_finest_picture_of_its_view_and_size_takes_a_still(artist: Artist, ball: BakedVolume) -> None:
    still = still_of(ball, VIEWS[0], colour=(1, 0, 0))
    turned = VIEWS[0].turned_by(1.0)
    assert (artist.draw(turned, still) == artist.draw(turned, None)).all()
    for quality in list(QUALITIES)[1:]:
        assert (artist.draw(VIEWS[0], still, quality=quality) == artist.draw(VIEWS[0], None, quality=quality)).all()
    larger = (SIZE[0] + 1, SIZE[1])
    assert (artist.draw(VIEWS[0], still, size=larger) == artist.draw(VIEWS[0], None, size=larger)).all()
    assert (artist.draw(VIEWS[0], still) != artist.draw(VIEWS[0], None)).any()


class Host:
    """A screen of 160 x 120 pixels with a clock that the test turns."""

    def __init__(self, scene: Scene, ctx: moderngl.Context) -> None:
        self.scene, self.now, self.size = scene, 0.0, SIZE
        self.screen = Canvas(ctx)
        scene.attach(ctx)

    def paint(self) -> np.ndarray:
        self.screen.resize(self.size)
        self.plan = self.scene.paint(self.screen.framebuffer, self.size, now=self.now)
        return pixels_of(self.screen).astype(int)

    def rest(self) -> np.ndarray:
        while (delay := self.scene.progressive.delay(self.now)) is not None:
            self.now += delay
            self.paint()
        return self.paint()


@pytest.fixture
def host(ctx: moderngl.Context, ball: BakedVolume) -> Host:
    """A scene at rest that shows the ball."""
    scene = Scene()
    scene.set_volume(ball)
    scene.set_mode("field_colour", now=0.0)
    scene.set_background(BACKGROUNDS["black"], now=0.0)
    scene.set_view(VIEWS[0], now=0.0)
    host = Host(scene, ctx)
    assert scene.wanted_still is None  # nothing is drawn yet
    host.rest()
    return host


def test_a_rested_scene_is_sharpened_strip_by_strip_behind_the_old_picture(host: Host, ball: BakedVolume) -> None:
    scene, before = host.scene, host.paint()
    assert scene.wanted_still == StillRequest(VIEWS[0], SIZE)
    still = still_of(ball, VIEWS[0], colour=(0.9, 0.3, 0.1))
    scene.set_still(still)
    assert scene.wanted_still is None
    strips = 0
    while scene.progressive.delay(host.now) is not None:
        picture, strips = host.paint(), strips + 1
        assert (picture == before).all() != host.plan.completes
    assert strips > 1
    assert tuple(picture[60, 80]) == pytest.approx((229.5, 76.5, 25.5), abs=1)
    assert scene.wanted_still is None


@pytest.mark.parametrize("dropped_by", ["view", "volume", "no volume", "size"])
def test_what_changes_the_picture_drops_the_still(host: Host, ball: BakedVolume, dropped_by: str) -> None:
    scene = host.scene
    scene.set_still(still_of(ball, VIEWS[0], colour=(1, 0, 0)))
    host.rest()
    match dropped_by:
        case "view":
            scene.set_view(VIEWS[0].turned_by(1e-3), now=host.now)
        case "volume":
            scene.set_volume(ball)
        case "no volume":
            scene.set_volume(None)
        case "size":
            host.size = (140, 120)
            host.paint()
    assert scene.still is None
    picture = host.rest()
    assert not ((picture[..., 0] > 200) & (picture[..., 1] < 50)).any()
    assert (scene.wanted_still is None) == (dropped_by == "no volume")


@pytest.mark.parametrize("mode", SURFACE_MODES)
def test_another_mode_that_shades_the_surface_keeps_it(host: Host, ball: BakedVolume, mode: str) -> None:
    still = still_of(ball, VIEWS[0], colour=(1, 0, 0))
    host.scene.set_still(still)
    host.scene.set_mode(mode, now=host.now)
    host.scene.set_background(BACKGROUNDS["grey"], now=host.now)
    host.rest()
    assert host.scene.still is still
    assert host.scene.wanted_still is None


@pytest.mark.parametrize("mode", OTHER_MODES)
def test_a_mode_that_shades_no_surface_wants_none(host: Host, mode: str) -> None:
    host.scene.set_mode(mode, now=host.now)
    host.rest()
    assert host.scene.wanted_still is None


def test_a_still_that_comes_too_late_is_refused(host: Host, ball: BakedVolume) -> None:
    still = still_of(ball, VIEWS[0], colour=(1, 0, 0))
    host.scene.set_view(VIEWS[1], now=host.now)
    host.scene.set_still(still)
    assert host.scene.still is None


def test_the_left_part_of_a_split_view_is_sharpened_and_the_right_part_is_not(
    host: Host, ball: BakedVolume, square_mesh: object
) -> None:
    scene = host.scene
    scene.set_mesh(square_mesh)
    scene.set_split(0.5, now=host.now)
    before = host.rest()
    scene.set_still(still_of(ball, VIEWS[0], colour=(0.9, 0.3, 0.1)))
    after = host.rest()
    assert (after[:, 80:] == before[:, 80:]).all()
    assert tuple(after[60, 70]) == pytest.approx((229.5, 76.5, 25.5), abs=1)


def test_after_a_lost_context_the_sharpened_picture_comes_back(host: Host, ball: BakedVolume, ctx: object) -> None:
    host.scene.set_still(still_of(ball, VIEWS[0], colour=(1, 0, 0)))
    before = host.rest()
    host.scene.attach(ctx)
    assert (host.rest() == before).all()
