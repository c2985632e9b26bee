"""What holds for every line of the table of backbones, and for the parts of the published one."""

import dataclasses
import math
from typing import cast

import pytest
import torch
from torch import Tensor

from paic3d_studio.core.camera import Camera
from paic3d_studio.errors import UserError
from paic3d_studio.nets.backbones import BACKBONES, Backbone, load_backbone
from paic3d_studio.nets.backbones.published import PublishedBackbone, PublishedConfig, pooled_along_axes
from paic3d_studio.nets.field import FieldCondition
from paic3d_studio.nets.modulated import SynthesisLayer, upsampled

TINY = PublishedConfig(
    z_dim=8,
    w_dim=8,
    channel_base=256,
    channel_max=16,
    resolution=16,
    triplane_channels=4,
    tag_channels=8,
    superresolution_channels=4,
    render_size=8,
)


def tiny(config: PublishedConfig = TINY) -> PublishedBackbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return PublishedBackbone(config).eval().requires_grad_(False)


def condition(*, tags: bool = True) -> FieldCondition:
    generator = torch.Generator().manual_seed(6)
    picture = torch.rand(1, 3, 512, 512, generator=generator)
    return FieldCondition(
        picture, torch.ones(1, 1, 512, 512), torch.randn(1, 8, 8, 8, generator=generator) if tags else None
    )


def test_an_unknown_backbone_is_refused_with_the_choices() -> None:
    with pytest.raises(UserError, match="compact"):
        load_backbone("nerf")


@pytest.mark.parametrize("name", [name for name, entry in BACKBONES.items() if not entry.shipped])
def test_a_backbone_whose_weights_nobody_brought_says_so(name: str) -> None:
    with pytest.raises(UserError, match=name) as refusal:
        load_backbone(name)
    assert refusal.value.cure


def test_every_backbone_is_described_in_one_line() -> None:
    for entry in BACKBONES.values():
        assert entry.description.endswith(".") or entry.description.endswith(").")
        assert "\n" not in entry.description


CONFIGS = {"published": {field.name: getattr(TINY, field.name) for field in dataclasses.fields(TINY)}}
"""Small sizes for backbones that are slow at their own."""


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_makes_the_same_finite_field_from_the_same_picture_and_seed(name: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(14)
        network = BACKBONES[name].build(CONFIGS.get(name, {})).eval()
    given = condition(tags=BACKBONES[name].needs_tags)
    points = (torch.rand(300, 3, generator=torch.Generator().manual_seed(15)) - 0.5) * 0.7
    first, second = (cast(Backbone, network).field(given, seed=1) for _ in range(2))
    sample = first.query(points)
    assert sample.density.shape == (300,)
    assert sample.colour.shape == (300, 3)
    assert sample.features.shape[0] == 300
    assert torch.isfinite(sample.density).all()
    assert 0 <= sample.colour.min() <= sample.colour.max() <= 1
    assert torch.equal(sample.density, second.query(points).density)
    assert torch.allclose(first.density(points), sample.density, rtol=1e-4, atol=1e-4)
    assert not sample.colour.requires_grad
    assert first.box_side == pytest.approx(0.7)


def test_the_published_backbone_needs_tags() -> None:
    assert BACKBONES["published"].needs_tags
    with pytest.raises(ValueError, match="tagger"):
        tiny().field(condition(tags=False))


def test_the_seed_alone_decides_the_random_code() -> None:
    network, points = tiny(), torch.rand(40, 3, generator=torch.Generator().manual_seed(7)) * 0.2
    first, again, other = (network.field(condition(), seed=seed).query(points).colour for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_density_alone_is_the_density_of_the_full_query() -> None:
    field = tiny().field(condition(), edits=())
    points = (torch.rand(200, 3, generator=torch.Generator().manual_seed(8)) - 0.5) * 0.7
    assert torch.allclose(field.density(points), field.query(points).density, atol=1e-5)


def test_the_published_field_is_cropped_at_the_sides_unless_asked_otherwise() -> None:
    network = tiny()
    side = torch.tensor([[0.3, 0.0, 0.0]])
    assert float(network.field(condition()).density(side)) == -1e3
    assert float(network.field(condition(), edits=()).density(side)) > -1e3


def test_the_surface_is_taken_from_a_density_that_no_cull_has_cut() -> None:
    field = tiny().field(condition())
    points = (torch.rand(3000, 3, generator=torch.Generator().manual_seed(3)) - 0.5) * 0.7
    culled, smooth = field.density(points), field.for_surface().density(points)
    inside = points[:, [0, 2]].abs().amax(dim=1) <= 0.25
    kept = culled > -1e3
    assert torch.equal(culled[kept], smooth[kept])
    assert (smooth[inside] > -1e3).all() and (smooth[inside & ~kept] <= 1).all()
    assert (inside & ~kept).any()
    assert (smooth[~inside] == -1e3).all()


def test_a_sharp_view_has_512_pixels() -> None:
    network = tiny()
    view = network.sharp_view(network.field(condition()), Camera(20, 0), coarse=8, fine=8)
    assert view.shape == (1, 3, 512, 512)
    assert torch.isfinite(view).all()


def test_the_picture_reaches_the_planes_upside_down() -> None:
    network = tiny()
    plain = condition()
    lower = plain.picture.clone()
    lower[:, :, 256:] = 1 - lower[:, :, 256:]

    def planes(picture: Tensor) -> Tensor:
        config = dataclasses.replace(plain, picture=picture)
        return network.field(config, edits=()).planes[0, 0, 0]

    moved = (planes(lower) - planes(plain.picture)).abs().mean(dim=1)
    assert moved[:6].mean() > 2 * moved[10:].mean()  # rows of a plane run upwards


def test_feature_pooling_is_a_switch() -> None:
    generator = torch.Generator().manual_seed(9)
    ws = torch.randn(1, 6, 8, generator=generator)
    given = condition()
    assert given.tags is not None
    pooled = tiny()
    apart = tiny(dataclasses.replace(TINY, feature_pooling=False))
    apart.load_state_dict(pooled.state_dict())
    first, second = (network.backbone.synthesis(ws, given.picture, given.tags) for network in (pooled, apart))
    assert not torch.allclose(first, second)


def test_pooling_keeps_means_along_rows_then_columns_and_leaves_the_rest() -> None:
    x = torch.randn(2, 16, 4, 6, generator=torch.Generator().manual_seed(10))
    pooled = pooled_along_axes(x)
    assert torch.allclose(pooled[:, :2], x[:, :2].mean(dim=3, keepdim=True).expand(2, 2, 4, 6))
    assert torch.allclose(pooled[:, 2:4], x[:, 2:4].mean(dim=2, keepdim=True).expand(2, 2, 4, 6))
    assert torch.equal(pooled[:, 4:], x[:, 4:])


def test_upsampling_keeps_a_constant_and_its_brightness() -> None:
    doubled = upsampled(torch.ones(1, 2, 8, 8))
    assert doubled.shape == (1, 2, 16, 16)
    assert torch.allclose(doubled[..., 2:-2, 2:-2], torch.ones(1, 2, 12, 12))


def test_a_modulated_convolution_does_not_care_how_large_the_style_is() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        layer = SynthesisLayer(4, 6, w_dim=3, resolution=8)
    x, w = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(12)), torch.zeros(1, 3)
    plain = layer(x, w, noise="none")
    with torch.no_grad():
        layer.affine.bias.fill_(7.0)
    assert torch.allclose(plain, layer(x, w, noise="none"), atol=1e-5)


def test_noise_is_fixed_or_left_out() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(13)
        layer = SynthesisLayer(2, 2, w_dim=3, resolution=8)
    with torch.no_grad():
        layer.noise_strength.fill_(1.0)
    x, w = torch.ones(1, 2, 8, 8), torch.ones(1, 3)
    assert torch.equal(layer(x, w, noise="const"), layer(x, w, noise="const"))
    assert not torch.allclose(layer(x, w, noise="const"), layer(x, w, noise="none"))


def test_published_sizes_follow_from_their_rule() -> None:
    config = PublishedConfig.published()
    assert config.resolutions == (4, 8, 16, 32, 64, 128, 256)
    assert [config.channels(resolution) for resolution in config.resolutions] == [512] * 5 + [256, 128]
    assert math.isclose(config.box_side, 0.7)
