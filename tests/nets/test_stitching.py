"""Stitching where it is known what the front camera sees."""

import torch
from torch import Tensor

from paic3d_studio.core.camera import Camera
from paic3d_studio.nets.field import FieldSample, RadianceField
from paic3d_studio.nets.stitching import front_colours, front_shadow, gradient_norm, stitched
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
