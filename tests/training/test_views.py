"""What a step sees depends on its number alone, and a mirrored sample is that of the mirrored character."""

import dataclasses

import numpy as np
import pytest
import torch
from ball_characters import HEAD, BallRenders, rendered

from paic3d_studio.core.camera import Camera, label25
from paic3d_studio.errors import UserError
from paic3d_studio.training.views import ViewSource, mirrored, mirrored_label, reduced


def source(count: int = 3, **changes: object) -> ViewSource:
    renders = BallRenders(32, count=count)
    options: dict[str, object] = {"size": 32, "render_size": 8, "box_side": 0.7, "seed": 4} | changes
    return ViewSource(renders, renders.names(), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("camera", [Camera(40, 12), Camera(-90, 0, 1, None), Camera(200, -30, 1.2, 20)])
def test_the_mirrored_label_is_the_label_of_the_mirrored_camera(camera: Camera) -> None:
    there = dataclasses.replace(camera, azimuth=-camera.azimuth)
    assert np.allclose(mirrored_label(label25(camera)), label25(there), atol=1e-6)


@pytest.mark.parametrize("camera", [Camera(0, 0, 1, None), Camera(90, 0, 1, None), Camera(40, 12)])
def test_a_mirrored_view_is_the_view_of_the_mirrored_character(camera: Camera) -> None:
    twin = tuple(dataclasses.replace(part, centre=(-part.centre[0], *part.centre[1:])) for part in HEAD)
    found = mirrored(reduced(rendered(HEAD, camera, 32), size=32, render_size=16))
    expected = reduced(
        rendered(twin, dataclasses.replace(camera, azimuth=-camera.azimuth), 32), size=32, render_size=16
    )
    assert np.abs(found.rgba.astype(int) - expected.rgba).max() <= 1
    assert np.allclose(found.xyz, expected.xyz, atol=1e-4)
    assert found.camera == expected.camera


def test_mirroring_swaps_left_and_right() -> None:
    plain = source(count=1, mirror=False)
    turned = source(count=1)
    number = next(n for n in range(20) if not torch.equal(turned.batch([n]).picture, plain.batch([n]).picture))
    mirror, straight = turned.batch([number]).views, plain.batch([number]).views
    assert torch.equal(mirror["left"].rgb, straight["right"].rgb.flip(3))
    assert torch.equal(mirror["right"].alpha, straight["left"].alpha.flip(3))
    assert torch.equal(mirror["left"].label, straight["left"].label)
    assert torch.allclose(mirror["back"].xyz, straight["back"].xyz.flip(3) * torch.tensor([-1, 1, 1])[:, None, None])
    assert torch.allclose(
        mirror["seen"].label, torch.from_numpy(mirrored_label(straight["seen"].label.numpy())), atol=1e-6
    )


def test_places_seen_along_the_rays_are_where_the_truth_says() -> None:
    """Truth and rays share the frame: a solid pixel's point lies on its ray, up to the pixel's own width."""
    for view in source(count=1).plain(["ball_0"]).views.values():
        solid = (view.alpha[0, 0] > 0.99).flatten()
        xyz, origin, along = view.xyz[0].flatten(1).T[solid], view.origins[0][solid], view.directions[0][solid]
        away = xyz - origin
        beside = away - (away * along).sum(1, keepdim=True) * along
        assert solid.sum() > 10
        assert beside.norm(dim=1).max() < 0.7 / 8


def test_each_character_comes_once_in_every_round() -> None:
    drawn = source()
    rounds = [[drawn.name_of(number) for number in range(start, start + 3)] for start in range(0, 30, 3)]
    assert all(sorted(names) == ["ball_0", "ball_1", "ball_2"] for names in rounds)
    assert len({tuple(names) for names in rounds}) > 1


def test_batches_drawn_ahead_are_those_of_their_numbers_and_shares_split_them() -> None:
    drawn = source()
    whole = drawn.steps(2, batch=4, share=slice(0, 4), loaders=2)
    second = drawn.steps(2, batch=4, share=slice(2, 4), loaders=1)
    for step in (2, 3):
        batch, share = next(whole), next(second)
        assert batch.numbers == tuple(range(4 * step, 4 * step + 4))
        assert torch.equal(share.picture, batch.picture[2:])
        assert torch.equal(batch.views["asked"].label, source().batch(batch.numbers).views["asked"].label)
    whole.close()  # type: ignore[attr-defined]
    second.close()  # type: ignore[attr-defined]


def test_reducing_keeps_the_mean_of_alpha_and_of_composited_places() -> None:
    view = rendered(HEAD, Camera(0, 0, 1, None), 32)
    small = reduced(view, size=16, render_size=8)
    opacity = view.rgba[..., 3:] / 255
    assert small.alpha.mean() == pytest.approx(opacity.mean(), abs=1e-5)
    assert np.allclose(small.xyz.mean((0, 1)), (view.xyz * opacity).mean((0, 1)), atol=1e-5)
    assert small.rgba.shape == (16, 16, 4)
    assert small.rgba[..., 3].mean() == pytest.approx(view.rgba[..., 3].mean(), abs=0.5)


def test_renders_smaller_than_the_final_picture_are_refused() -> None:
    with pytest.raises(UserError, match="32 pixels wide"):
        source(size=64)


def test_a_split_without_characters_is_refused() -> None:
    with pytest.raises(UserError, match="no character"):
        ViewSource(BallRenders(32), (), size=32, render_size=8, box_side=0.7)
