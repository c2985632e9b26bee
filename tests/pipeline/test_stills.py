"""The exact still of a field that is known in closed form, with a pattern finer than its voxels."""

import math

import moderngl
import numpy as np
import pytest
import torch
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled
from paic3d_studio.nets.field import FieldSample, RadianceField, field_volume
from paic3d_studio.pipeline.stills import exact_still
from paic3d_studio.viewport.bake import BakedVolume, bake_volume
from paic3d_studio.viewport.canvas import BACKGROUNDS, Canvas
from paic3d_studio.viewport.offscreen import offscreen_context, pixels_of
from paic3d_studio.viewport.orbit import OrbitView
from paic3d_studio.viewport.renderer import VolumeRenderer
from paic3d_studio.viewport.still import ExactStill, FirstSurface, StillRequest, grid_rays

VOXELS = 48
RADIUS, SOFT = 0.2, 0.0005
WAVELENGTH = 0.02
"""Of the pattern, in metres: less than a voxel and a half."""
REQUEST = StillRequest(OrbitView(20.0, 10.0, 0.8), (180, 150))


class PatternedBall(RadianceField):
    """A ball in rings of colour about the y axis, which go straight down into it."""

    def density(self, xyz: Tensor) -> Tensor:
        return 310 * torch.sigmoid((RADIUS - xyz.norm(dim=-1)) / SOFT) - 10

    def query(self, xyz: Tensor) -> FieldSample:
        return FieldSample(self.density(xyz), torch.from_numpy(pattern(xyz.numpy())), xyz[:, :0])


def pattern(xyz: np.ndarray) -> np.ndarray:
    """The colour in the direction of a point from the middle, float32 (P, 3)."""
    latitude = np.arctan2(xyz[:, 1], np.hypot(xyz[:, 0], xyz[:, 2]))
    wave = 0.5 + 0.4 * np.sin(2 * math.pi * RADIUS * latitude / WAVELENGTH)
    return np.stack([wave, 1 - wave, np.full_like(wave, 0.5)], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def volume() -> BakedVolume:
    return bake_volume(field_volume(PatternedBall(), VOXELS))


@pytest.fixture(scope="module")
def still(volume: BakedVolume) -> ExactStill:
    return exact_still(PatternedBall(), volume, REQUEST)


def truth(volume: BakedVolume) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Closed form, top row first: distances, NaN past the ball; points; and which lie well inside the outline."""
    radius = RADIUS - SOFT * math.log((volume.surface_density + 10) / (300 - volume.surface_density))
    origins, directions = (part.astype(float) for part in grid_rays(REQUEST, (0, REQUEST.size[1])))
    across = (origins * directions).sum(axis=1)
    inside = across**2 - np.square(origins).sum(axis=1) + radius**2
    distance = -across - np.sqrt(np.where(inside > 0, inside, np.nan))
    points = origins + directions * distance[:, None]
    shape = REQUEST.size[::-1]
    middle = (inside > 0.15 * radius**2).reshape(shape)[::-1]
    return distance.reshape(shape)[::-1], points.reshape(*shape, 3)[::-1], middle


def picture(volume: BakedVolume, still: ExactStill | None) -> np.ndarray:
    """Draw the volume in its own colours, with or without the still."""
    with offscreen_context() as ctx:
        return drawn(ctx, volume, still)


def drawn(ctx: moderngl.Context, volume: BakedVolume, still: ExactStill | None) -> np.ndarray:
    renderer, canvas = VolumeRenderer(ctx), Canvas(ctx)
    renderer.upload(volume)
    renderer.sharpen(still)
    canvas.resize(REQUEST.size)
    renderer.render(
        canvas.framebuffer, REQUEST.view, mode="field_colour", size=REQUEST.size, background=BACKGROUNDS["black"]
    )
    return pixels_of(canvas).astype(float)


def test_distances_are_exact_where_the_volumes_are_not(volume: BakedVolume, still: ExactStill) -> None:
    distance, _, middle = truth(volume)
    assert middle.sum() > 5000
    assert np.abs(still.distance - distance)[middle].max() < 1e-4
    rough = FirstSurface(volume).along(*grid_rays(REQUEST, (0, REQUEST.size[1]))).reshape(still.distance.shape)[::-1]
    assert np.abs(rough - distance)[middle].mean() > 3e-4


def test_past_the_ball_there_is_nothing(volume: BakedVolume, still: ExactStill) -> None:
    origins, directions = (part.astype(float) for part in grid_rays(REQUEST, (0, REQUEST.size[1])))
    past = np.linalg.norm(np.cross(origins, directions), axis=1) > RADIUS + 1.5 * BOX_SIDE / VOXELS
    assert past.sum() > 5000
    assert (still.texels.reshape(-1, 4)[past] == 0).all()


def test_a_pattern_finer_than_the_voxels_comes_out_as_it_is(volume: BakedVolume, still: ExactStill) -> None:
    _, points, middle = truth(volume)
    expected = pattern(points[middle])
    assert np.abs(still.rgb[middle] - expected).mean() < 0.03
    blurred = picture(volume, None)[middle] / 255
    assert np.abs(blurred - expected)[:, :2].mean() > 0.15


def test_a_picture_with_the_still_is_nearer_to_one_of_voxels_four_times_as_fine(
    volume: BakedVolume, still: ExactStill
) -> None:
    _, _, middle = truth(volume)
    finer = picture(bake_volume(field_volume(PatternedBall(), 4 * VOXELS)), None)
    without, sharpened = picture(volume, None), picture(volume, still)
    errors = [np.abs(shown - finer)[middle].mean() for shown in (without, sharpened)]
    assert errors[1] < 0.4 * errors[0]
    assert (sharpened[~(still.distance > 0)] == without[~(still.distance > 0)]).all()


def test_progress_rises_to_the_end_and_the_same_comes_out(volume: BakedVolume, still: ExactStill) -> None:
    told: list[float] = []
    again = exact_still(PatternedBall(), volume, REQUEST, monitor=Monitor(lambda fraction, _: told.append(fraction)))
    assert np.array_equal(again.texels, still.texels)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_cancel_is_asked_before_every_question_to_the_field(volume: BakedVolume) -> None:
    asked: list[int] = []

    class Counting(PatternedBall):
        def density(self, xyz: Tensor) -> Tensor:
            asked.append(len(xyz))
            return super().density(xyz)

    with pytest.raises(Cancelled):
        exact_still(Counting(), volume, REQUEST, monitor=Monitor(cancelled=lambda: len(asked) >= 2))
    assert len(asked) == 2
    assert max(asked) <= 1 << 16


def test_an_empty_volume_makes_an_empty_still() -> None:
    class Empty(PatternedBall):
        def density(self, xyz: Tensor) -> Tensor:
            return torch.full((len(xyz),), -50.0)

    nothing = bake_volume(field_volume(Empty(), VOXELS))
    assert (exact_still(Empty(), nothing, REQUEST).texels == 0).all()
