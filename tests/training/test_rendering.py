"""The views of training: those of the studio, and differentiable."""

import torch
from torch import Tensor

from paic3d_studio.core.camera import Camera, rays
from paic3d_studio.nets.backbones.published import PublishedBackbone, PublishedConfig, PublishedField
from paic3d_studio.nets.volume import RaySampling, march_picture
from paic3d_studio.training.rendering import Planes, field_at, planes_of, views_of

SIZES = PublishedConfig(
    z_dim=8, w_dim=8, channel_base=256, channel_max=16, resolution=16, triplane_channels=4, tag_channels=8,
    superresolution_channels=4, output_size=32, render_size=8,
)  # fmt: skip
SAMPLING = RaySampling(0.6, 1.4, 10, 10)
CAMERAS = (Camera(30, 10), Camera(90, 0, 1, None))


def network() -> PublishedBackbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        made = PublishedBackbone(SIZES)
        with torch.no_grad():  # so that the field is no fog and fine samples have somewhere to go
            made.decoder.net[2].bias[0] = 10.0
            for name, parameter in made.named_parameters():
                if name.endswith("noise_strength"):
                    parameter.fill_(0.1)
    return made


def pictures(count: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(6)
    return tuple(  # type: ignore[return-value]
        torch.rand(count, *shape, generator=generator) for shape in ((3, 32, 32), (8, 8, 8), (8,))
    )


def sent(cameras: tuple[Camera, ...] = CAMERAS) -> tuple[Tensor, Tensor]:
    both = [rays(camera, SIZES.render_size) for camera in cameras]
    return tuple(torch.stack([torch.from_numpy(one[k].reshape(-1, 3)) for one in both]) for k in (0, 1))  # type: ignore[return-value]


def streams(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def planes(made: PublishedBackbone, count: int = 2) -> Planes:
    picture, tags, z = pictures(count)
    return planes_of(made, picture, tags, z=z)


def test_without_lots_a_view_is_that_of_the_studio() -> None:
    made = network().eval().requires_grad_(False)
    known = planes(made)
    found = views_of(made, known, *sent(), sampling=SAMPLING)
    for k, camera in enumerate(CAMERAS):
        field = PublishedField(known.triplane[k], known.ws[k : k + 1], decoder=made.decoder, config=SIZES)
        marched = march_picture(field, camera, size=SIZES.render_size, sampling=SAMPLING)
        side = (SIZES.render_size,) * 2
        assert torch.allclose(found.alpha[k, 0], marched.weights.reshape(side), atol=1e-5)
        assert torch.allclose(found.xyz[k], marched.xyz.T.reshape(3, *side), atol=1e-5)
        on_white = marched.values[:, :3] + 1 - marched.weights[:, None]
        assert torch.allclose(found.raw[k], on_white.T.reshape(3, *side), atol=1e-5)
        assert torch.allclose(found.final[k], made.sharpened(field, marched)[0], atol=1e-4)


def test_a_view_moves_every_weight_that_it_depends_on() -> None:
    made = network()
    found = views_of(made, planes(made), *sent(), sampling=SAMPLING, streams=streams(1, 2))
    (found.final.square().sum() + found.xyz.sum()).backward()
    # Super-resolution adds no noise, so its strengths have no say.
    silent = {
        name
        for name, parameter in made.named_parameters()
        if (parameter.grad is None or not parameter.grad.any()) and "superresolution" not in name
    }
    # The camera's label is zero: only the bias of its layer speaks, through a norm that forgets length.
    assert silent <= {"backbone.mapping.embed.weight"}


def test_the_gradient_of_compositing_is_that_of_finite_differences() -> None:
    made = network().double().requires_grad_(False)
    known = planes_of(made.float(), *pictures(1)[:2], z=pictures(1)[2])
    made = made.double()
    origins, directions = (part[:, ::9].double()[:, :4] for part in sent(CAMERAS[:1]))

    def composited(triplane: Tensor) -> Tensor:
        found = views_of(
            made,
            Planes(triplane, known.ws.double()),
            origins,
            directions,
            sampling=RaySampling(0.7, 1.3, 6, 0),
            streams=[torch.Generator().manual_seed(3)],
        )
        return torch.cat([found.raw.flatten(), found.alpha.flatten(), found.xyz.flatten()])

    some = known.triplane[..., ::8, ::8].contiguous().double().requires_grad_()
    assert torch.autograd.gradcheck(composited, (some,), fast_mode=True, atol=1e-6)


def test_a_picture_has_its_own_lot_whatever_its_neighbours() -> None:
    made = network().eval().requires_grad_(False)
    known, (origins, directions) = planes(made), sent()
    both = views_of(made, known, origins, directions, sampling=SAMPLING, streams=streams(1, 2))
    alone = views_of(
        made,
        Planes(known.triplane[1:], known.ws[1:]),
        origins[1:],
        directions[1:],
        sampling=SAMPLING,
        streams=streams(2),
    )
    other = views_of(made, known, origins, directions, sampling=SAMPLING, streams=streams(1, 3))
    assert torch.allclose(both.final[1], alone.final[0], atol=1e-5)
    assert torch.equal(both.raw[0], other.raw[0])
    assert not torch.allclose(both.raw[1], other.raw[1], atol=1e-4)


def test_points_are_asked_of_their_own_picture() -> None:
    made = network().eval().requires_grad_(False)
    known = planes(made)
    xyz = (torch.rand(2, 5, 3, generator=torch.Generator().manual_seed(0)) - 0.5) * 0.7
    found = field_at(made, known, xyz)
    for k in range(2):
        field = PublishedField(known.triplane[k], known.ws[k : k + 1], decoder=made.decoder, config=SIZES)
        alone = field.query(xyz[k])
        assert torch.allclose(found.density[k], alone.density, atol=1e-5)
        assert torch.allclose(found.features[k], alone.features, atol=1e-5)


@torch.no_grad()
def test_random_noise_is_drawn_from_the_pictures_own_generators() -> None:
    made = network().eval().requires_grad_(False)
    picture, tags, z = pictures()
    alone = planes_of(made, picture[1:], tags[1:], z=z[1:], noise=streams(2)).triplane
    first, again, other = (
        planes_of(made, picture, tags, z=z, noise=streams(*seeds)).triplane for seeds in ((1, 2), (1, 2), (1, 3))
    )
    assert torch.equal(first, again)
    assert torch.equal(first[0], other[0])
    assert not torch.equal(first[1], other[1])
    assert torch.allclose(alone[0], first[1], atol=1e-4)
