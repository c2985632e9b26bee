"""Views: a perfect field scores perfectly, and the baselines are what they are called."""

import numpy as np
import pytest
import torch

from paic3d_studio.benchmark.baked_field import BakedField, meets_box
from paic3d_studio.benchmark.baselines import billboard, inflated
from paic3d_studio.benchmark.roi import Region
from paic3d_studio.benchmark.views import CIRCLE, DIAGONALS, condition_of, on_white, psnr, rendered, scores, view_scores
from paic3d_studio.core.camera import FRONT, Camera, rays
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.datasets.vrm_renderer import Views
from paic3d_studio.nets.field import FieldCondition
from paic3d_studio.nets.volume import render_view

SIZE = 24
CAMERAS = (*CIRCLE, *DIAGONALS)


def disc() -> FieldCondition:
    """A disc that is red on its left and blue on its right."""
    steps = (torch.arange(64) + 0.5) / 64 - 0.5
    alpha = (steps[None] ** 2 + steps[:, None] ** 2 < 0.09).float()[None, None]
    red = (steps[None, :] < 0).float().expand(64, 64)
    colour = torch.stack((red, torch.zeros(64, 64), 1 - red))[None]
    return FieldCondition(colour * alpha + 1 - alpha, alpha)


def views_of_itself(condition: FieldCondition) -> Views:
    """Render the inflated disc as if it were the true character, with an eye in the middle of each half."""
    seen = [render_view(inflated(condition), camera, size=SIZE, coarse=96, fine=64) for camera in CAMERAS]
    alpha = np.stack([view.alpha for view in seen])[..., None]
    straight = (np.stack([view.rgb for view in seen]) - 1 + alpha) / np.maximum(alpha, 1e-6)
    rgba = np.concatenate([straight, alpha], 3)
    part = np.zeros((len(seen), SIZE, SIZE), np.uint8)
    part[0, 11:13, [8, 15]] = PARTS.index("iris")
    return Views(
        rgba=np.round(rgba.clip(0, 1) * 255).astype(np.uint8),
        xyz=np.stack([v.xyz for v in seen]),
        part=part,
        normal=np.zeros((len(seen), SIZE, SIZE, 3), np.float32),
    )


def test_a_field_held_against_itself_is_perfect() -> None:
    condition = disc()
    found = scores(inflated(condition), views_of_itself(condition), CAMERAS, size=SIZE)
    assert found.iou > 0.99
    assert found.psnr > 40
    assert found.depth_mm < 3
    assert found.ghost < 2


def test_the_billboard_is_mirrored_behind_and_thin_at_the_side() -> None:
    field = billboard(disc())
    behind = render_view(field, CIRCLE[6], size=SIZE, coarse=96, fine=64)
    assert behind.rgb[12, 6, 2] > 0.9  # blue, the right of the front, is on the left from behind
    front, side = (render_view(field, CIRCLE[i], size=SIZE, coarse=96, fine=64).alpha.sum() for i in (0, 3))
    assert side < 0.25 * front


def test_the_inflated_disc_is_as_deep_as_it_is_wide() -> None:
    field = inflated(disc())
    front, side = (render_view(field, CIRCLE[i], size=SIZE, coarse=96, fine=64).alpha.sum() for i in (0, 3))
    assert side == pytest.approx(float(front), rel=0.1)


def test_a_condition_is_composited_on_white() -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[0, 0] = (255, 0, 0, 255)
    condition = condition_of(rgba)
    assert condition.picture[0, :, 0, 0].tolist() == [1, 0, 0]
    assert condition.picture[0, :, 1, 1].tolist() == [1, 1, 1]


def test_psnr_is_bounded_for_equal_pictures_and_in_decibels_otherwise() -> None:
    assert psnr(np.zeros(4)) == 100
    assert psnr(np.full(4, 0.01)) == pytest.approx(20)


def test_baked_views_are_nearly_those_of_the_field_itself() -> None:
    field = inflated(disc())
    baked = BakedField(field, voxels=128)
    cameras = (*CIRCLE[:4], FRONT, Camera(20, 30))
    pairs = zip(rendered(field, cameras, size=SIZE), rendered(baked, cameras, size=SIZE), strict=True)
    for exact, quick in pairs:
        assert np.abs(exact.alpha - quick.alpha).mean() < 0.02
        assert np.abs(exact.rgb - quick.rgb).mean() < 0.02
        both = (exact.alpha > 0.9) & (quick.alpha > 0.9)
        assert np.abs(exact.depth - quick.depth)[both].mean() < 0.004


def test_rays_that_are_spared_would_have_met_nothing() -> None:
    baked = BakedField(inflated(disc()), voxels=64)
    spared = baked.view(CIRCLE[1], size=SIZE, coarse=200, fine=0)
    every = render_view(baked, CIRCLE[1], size=SIZE, coarse=200, fine=0)
    assert np.abs(spared.alpha - every.alpha).max() < 0.05
    sent = (array.reshape(-1, 3) for array in rays(CIRCLE[1], SIZE))
    met = meets_box(*sent, baked.low, baked.high).reshape(SIZE, SIZE)
    assert 0.2 < met.mean() < 1
    assert every.alpha[~met].max() == 0


def test_what_lies_outside_the_region_does_not_count() -> None:
    condition = disc()
    truth = views_of_itself(condition)
    spoilt = Views(truth.rgba.copy(), truth.xyz, truth.part, truth.normal)
    spoilt.rgba[:, SIZE // 2 :] = 0  # the lower half
    seen = rendered(inflated(condition), CAMERAS, size=SIZE)
    upper = view_scores(seen, spoilt, CAMERAS, region=Region(0, 0, 512, 256))
    assert upper.iou > 0.99
    assert view_scores(seen, spoilt, CAMERAS).iou < 0.7
    assert on_white(spoilt.rgba[0])[-1].min() == 1
