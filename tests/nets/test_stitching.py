"""Stitching where it is known what the front camera sees."""

import numpy as np
import pytest
import torch
from torch import Tensor

from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.core.camera import Camera
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.nets.field import FieldSample, RadianceField
from paic3d_studio.nets.stitching import (
    FrontSource,
    enlarged,
    front_colours,
    front_shadow,
    gradient_norm,
    reached,
    stitched,
)
from paic3d_studio.nets.volume import EMPTY_DENSITY, RaySampling, march_picture

SAMPLING = RaySampling(0.5, 1.5, 48, 48)


class TwoBalls(RadianceField):
    """An opaque grey ball, and a smaller one hidden from the front behind it."""

    def density(self, xyz: Tensor) -> Tensor:
        front = (xyz - torch.tensor([0.0, 0.0, 0.1])).norm(dim=-1) < 0.12
        back = (xyz - torch.tensor([0.0, 0.0, -0.2])).norm(dim=-1) < 0.08
        return torch.where(front | back, 20_000.0, EMPTY_DENSITY)

    def query(self, xyz: Tensor) -> FieldSample:
        return FieldSample(self.density(xyz), torch.full((len(xyz), 3), 0.5), xyz[:, :0])


def green_front() -> Tensor:
    return torch.tensor([0.0, 1.0, 0.0])[None, :, None, None].expand(1, 3, 200, 200)


def stitched_from(camera: Camera, size: int = 64) -> tuple[Tensor, Tensor]:
    """Return the share of pixels that show the ball, and that of pixels that turned green."""
    field = TwoBalls()
    marched = march_picture(field, camera, size=size, sampling=SAMPLING)
    view = (marched.values + 1 - marched.weights[:, None]).T.reshape(1, 3, size, size)
    result = stitched(view, front=green_front(), field=field, camera=camera, marched=marched, sampling=SAMPLING)
    green = (result[:, 1] > 0.9) & (result[:, 0] < 0.1)
    return (marched.weights > 0.99).float().mean(), green.float().mean()


def test_the_front_view_takes_the_front_picture() -> None:
    shown, green = stitched_from(Camera(0, 0, fov=None), size=128)
    assert green > 0.7 * shown  # all but the rim, where the depth jumps


def test_the_back_view_takes_nothing_of_the_front_picture() -> None:
    _, green = stitched_from(Camera(180, 0, fov=None))
    assert green == 0


def test_from_the_side_only_the_half_in_the_light_takes_it() -> None:
    shown, green = stitched_from(Camera(90, 0, fov=None))
    assert 0.2 * shown < green < 0.6 * shown


def test_the_hidden_ball_lies_in_the_shadow_of_the_other() -> None:
    points = torch.tensor([[0.0, 0.0, -0.12], [0.0, 0.0, 0.22], [0.2, 0.0, -0.2]])
    shadow = front_shadow(TwoBalls(), points, sampling=RaySampling(coarse=96, fine=96))
    assert shadow[0] > 0.99
    assert shadow[1] < 1e-6
    assert shadow[2] < 1e-6


def test_points_find_their_pixel_in_a_front_picture_of_any_size() -> None:
    for size in (128, 512, 700):
        ramp = ((torch.arange(size) + 0.5) / size * 0.7 - 0.35).expand(1, 1, size, size)
        front = torch.cat([ramp, -ramp.transpose(2, 3)], dim=1)
        xyz = (torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(4)) - 0.5) * 0.6
        assert torch.allclose(front_colours(front, xyz, box_side=0.7), xyz[:, :2], atol=1e-5)


def test_the_gradient_of_a_ramp_is_its_slope() -> None:
    ramp = torch.arange(16, dtype=torch.float32).expand(1, 1, 16, 16) * 0.5
    assert torch.allclose(gradient_norm(ramp)[..., 1:-1], torch.full((1, 1, 16, 14), 0.5), atol=1e-4)


def test_the_gradient_over_more_pixels_is_larger_by_as_much() -> None:
    ramp = torch.arange(16, dtype=torch.float32).expand(1, 1, 16, 16)
    coarse, fine = gradient_norm(ramp * 4), gradient_norm(ramp, pixels=4)
    assert torch.allclose(coarse, fine, atol=1e-4)


@pytest.mark.parametrize("size", [96, 192, 384])
def test_views_of_any_size_take_the_front_picture_at_the_same_places(size: int) -> None:
    field, camera = TwoBalls(), Camera(40, 10, fov=None)
    marched = march_picture(field, camera, size=96, sampling=SAMPLING)
    view = enlarged((marched.values + 1 - marched.weights[:, None]).T.reshape(1, 3, 96, 96), size)
    result = stitched(view, front=green_front(), field=field, camera=camera, marched=marched, sampling=SAMPLING)
    share = float(((result[:, 1] > 0.9) & (result[:, 0] < 0.1)).float().mean())
    shown = float((marched.weights > 0.99).float().mean())
    print(f"{size} pixels: {share / shown:.3f} of what is shown is stitched")
    assert 0.55 < share / shown < 0.75


def test_only_pixels_that_the_other_conditions_leave_send_rays_to_the_front(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []

    def counted(field: RadianceField, xyz: Tensor, **options: object) -> Tensor:
        sent.append(len(xyz))
        return front_shadow(field, xyz, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("paic3d_studio.nets.stitching.front_shadow", counted)
    shown, green = stitched_from(Camera(0, 0, fov=None))
    assert green > 0
    assert sent[0] <= 1.3 * float(shown) * 64 * 64


def test_a_mask_reaches_every_pixel_that_bilinear_enlarging_reads() -> None:
    generator = torch.Generator().manual_seed(8)
    for small, size in ((9, 48), (12, 64), (16, 16), (20, 12)):
        mask = (torch.rand(1, 1, size, size, generator=generator) > 0.97).float()
        source = torch.zeros(1, 1, small, small, requires_grad=True)
        (enlarged(source, size) * mask).sum().backward()
        assert source.grad is not None
        assert not ((source.grad > 0) & ~reached(mask, small)).any()


def ramp_portrait(width: int, height: int) -> np.ndarray:
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([columns * 250 // width, rows * 250 // height, 0 * rows, 255 + 0 * rows], -1).astype(np.uint8)


def test_the_portrait_is_read_at_its_own_resolution_where_the_alignment_says() -> None:
    rgba = ramp_portrait(1600, 1200)
    matrix = np.array([[0.4, 0.0, -60.0], [0.0, 0.4, 10.0]])  # portrait pixels to the aligned square
    portrait = StitchSource(rgba, Alignment(matrix))
    source = FrontSource.of(portrait)
    pixels = np.array([[600.5, 300.5], [900.5, 800.5], [601.0, 301.0]])
    aligned = pixels @ matrix[:, :2].T + matrix[:, 2]
    xyz = torch.zeros(1, 3, 1, 3)
    xyz[0, :2, 0] = torch.from_numpy(np.stack([aligned[:, 0] / 512 - 0.5, 0.5 - aligned[:, 1] / 512]) * 0.7)
    found = front_colours(source, xyz, box_side=0.7)[0, :, 0].T * 255
    assert found[0].numpy() == pytest.approx(rgba[300, 600, :3], abs=0.02)
    assert found[1].numpy() == pytest.approx(rgba[800, 900, :3], abs=0.02)
    assert found[2].numpy() == pytest.approx(rgba[300:302, 600:602, :3].mean((0, 1)), abs=0.02)


def test_beside_the_portrait_all_is_white() -> None:
    black = np.zeros((100, 100, 4), np.uint8)
    black[..., 3] = 255
    portrait = StitchSource(black, Alignment(np.array([[1.0, 0, 200], [0, 1.0, 200]])))
    source = FrontSource.of(portrait)
    outside = front_colours(source, torch.full((1, 3, 1, 1), 0.3), box_side=0.7)
    assert torch.equal(outside, torch.ones(1, 3, 1, 1))
    assert float(front_colours(source, torch.zeros(1, 3, 1, 1), box_side=0.7).max()) == 0


def test_a_picture_of_the_aligned_square_is_composited_on_white() -> None:
    rgba = np.zeros((512, 512, 4), np.uint8)
    rgba[:256, :, 3] = 255
    source = FrontSource.of(StitchSource(rgba, Alignment(np.eye(2, 3))))
    xyz = (torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(4)) - 0.5) * 0.6
    assert torch.equal(source.picture[0, 0, 255:257, 0], torch.tensor([0.0, 1.0]))
    assert torch.allclose(
        front_colours(source, xyz, box_side=0.7), front_colours(source.picture, xyz, box_side=0.7), atol=1e-5
    )


def test_a_portrait_finer_than_the_view_is_averaged_and_stays_in_place() -> None:
    rgba = ramp_portrait(2048, 2048)
    source = FrontSource.of_square(torch.from_numpy(rgba[..., :3]).permute(2, 0, 1)[None].float() / 255)
    shrunk = source.for_view(256)
    assert shrunk.picture.shape[-1] == 256
    assert source.for_view(2048) is source
    xyz = (torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(4)) - 0.5) * 0.6
    pair = [front_colours(each, xyz, box_side=0.7) for each in (source, shrunk)]
    assert torch.allclose(*pair, atol=0.01)
