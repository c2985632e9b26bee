"""The published generator against the published system: names, blocks, planes, points, views, super-resolution."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from paic3d_studio.core.camera import Camera
from paic3d_studio.nets.backbones.published import PublishedBackbone, PublishedConfig, PublishedField
from paic3d_studio.nets.field import FieldCondition
from paic3d_studio.nets.triplane import sample_triplane
from paic3d_studio.nets.volume import DensityEdit, MarchedRays, RaySampling, cropped, culled, march_picture

pytestmark = pytest.mark.shared

Golden = Callable[[str], dict[str, Tensor]]
Compare = Callable[[str, Tensor, Tensor], float]

MINI = PublishedConfig(
    channel_base=1024, channel_max=32, resolution=64, triplane_channels=8, tag_channels=16, render_size=32
)
VIEWS = [
    f"{camera}.{edits}"
    for camera in ("front_ortho", "right_ortho", "back_ortho", "persp")
    for edits in ("plain", "crop_cull")
] + ["persp.binar"]


@pytest.fixture(scope="module")
def numbers(golden: Golden) -> dict[str, Tensor]:
    return golden("mini_io")


@pytest.fixture(scope="module")
def mini(golden: Golden) -> PublishedBackbone:
    network = PublishedBackbone(MINI)
    weights = {name.removeprefix("w."): tensor for name, tensor in golden("mini_weights").items()}
    left_out = network.load_state_dict(weights, strict=False)
    assert not left_out.unexpected_keys
    # Super-resolution adds no noise, so the golden file leaves its noise out.
    assert all(name.startswith("superresolution.") and name.endswith("noise_const") for name in left_out.missing_keys)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def field(mini: PublishedBackbone, numbers: dict[str, Tensor]) -> PublishedField:
    return PublishedField(mini.split(numbers["planes"]), numbers["ws"], decoder=mini.decoder, config=MINI)


def test_every_tensor_of_the_released_generator_has_its_name_and_shape(shared: Path) -> None:
    expected = json.loads((shared / "golden" / "generator_state_dict_shapes.json").read_text(encoding="utf-8"))
    network = PublishedBackbone(PublishedConfig.published())
    assert {name: list(tensor.shape) for name, tensor in network.state_dict().items()} == expected
    assert sum(parameter.numel() for parameter in network.parameters()) == 29_211_200
    assert network.backbone.synthesis.style_count == 14


def test_the_mapping_gives_the_published_style_codes(
    mini: PublishedBackbone, numbers: dict[str, Tensor], assert_close: Compare
) -> None:
    for name, truncation in (("ws", 1.0), ("ws_trunc0.7", 0.7)):
        assert_close(name, mini.backbone.styles(numbers["z"], numbers["c"], truncation=truncation), numbers[name])


def test_every_block_and_the_planes_are_the_published_ones(
    mini: PublishedBackbone, numbers: dict[str, Tensor], assert_close: Compare
) -> None:
    blocks: list[tuple[Tensor, Tensor]] = []
    picture = numbers["cond_u8"].float() / 255
    planes = mini.backbone.synthesis(numbers["ws"], picture, numbers["resnet_chonk"], blocks=blocks)
    for index in range(3):
        assert_close(f"block {index} features", blocks[index][0], numbers[f"block{index}.x"])
        assert_close(f"block {index} skip picture", blocks[index][1], numbers[f"block{index}.img"])
    assert_close("planes", planes, numbers["planes"])


def sampled(field: PublishedField, points: Tensor) -> Tensor:
    """Return features in the way that keeps gradients."""
    return sample_triplane(field.planes[None], points[None], box_side=field.box_side, axes=field.axes)[0]


def test_density_and_colour_at_points_are_the_published_ones(
    mini: PublishedBackbone,
    field: PublishedField,
    numbers: dict[str, Tensor],
    assert_close: Compare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = numbers["points"][0]
    sample = field.query(points)
    assert_close("density", sample.density, numbers["points.sigma"][0, :, 0])
    assert_close("density in training", mini.decoder(sampled(field, points)).density, numbers["points.sigma"][0, :, 0])
    assert_close("density alone", field.density(points), numbers["points.sigma"][0, :, 0])
    assert_close("colour", torch.cat([sample.colour, sample.features], dim=1), numbers["points.rgb"][0])
    monkeypatch.setattr(mini.decoder, "widened", True)
    stretched = PublishedField(field.planes, field.ws, decoder=mini.decoder, config=MINI)
    widened = stretched.query(points)
    assert_close("widened", torch.cat([widened.colour, widened.features], dim=1), numbers["points.rgb_mipclamp"][0])


def binarised(opacity: float) -> DensityEdit:
    """All or nothing: the released system's third way to treat fog, which the studio has no use for."""

    def edit(xyz: Tensor, density: Tensor) -> Tensor:
        return torch.where(-torch.expm1(-F.softplus(density - 1)) < opacity, -1e3, 1e3)

    return edit


EDITS: dict[str, list[DensityEdit]] = {
    "plain": [],
    "crop_cull": [cropped(0.1, box_side=0.7), culled(0.5)],
    "binar": [binarised(0.4)],
}


def picture(rows: Tensor) -> Tensor:
    return rows.T.reshape(1, -1, 32, 32)


@pytest.mark.parametrize("view", VIEWS)
def test_views_are_the_published_ones(
    view: str,
    mini: PublishedBackbone,
    field: PublishedField,
    numbers: dict[str, Tensor],
    shared: Path,
    assert_close: Compare,
) -> None:
    meta: dict[str, Any] = json.loads((shared / "golden" / "mini_io.json").read_text(encoding="utf-8"))["views"][view]
    camera = Camera(meta["azim"], meta["elev"], fov=meta["fov"] if meta["fov"] > 0 else None)
    edits = EDITS[view.split(".")[1]]
    found: MarchedRays = march_picture(field, camera, size=32, sampling=RaySampling(0.5, 1.5, 16, 16), edits=edits)
    behind = 1 - found.weights[:, None]
    assert_close("feature", picture((found.values + behind) * 2 - 1), numbers[f"{view}.feature"])
    assert_close("colour", picture(found.values + behind)[:, :3], numbers[f"{view}.image_raw"])
    assert_close("weights", picture(found.weights[:, None]), numbers[f"{view}.image_weights"])
    assert_close("depth", picture(found.depth[:, None]), numbers[f"{view}.image_depth"])
    mirrored = (found.xyz + behind) * torch.tensor([-1.0, 1.0, -1.0])
    assert_close("xyz", picture(mirrored), numbers[f"{view}.image_xyz"])
    if f"{view}.image_sub4" in numbers:
        sharp = mini.sharp_view(field, camera, coarse=16, fine=16, edits=edits)
        assert_close("sharp", sharp[..., 1::4, 2::4], numbers[f"{view}.image_sub4"])
        assert_close("sharp, crop", sharp[..., 200:248, 220:268], numbers[f"{view}.image_crop"])


def test_super_resolution_alone_gives_the_published_pictures(
    mini: PublishedBackbone, golden: Golden, assert_close: Compare
) -> None:
    numbers = golden("superres")
    small = mini.superresolution(numbers["feature32"], numbers["ws"]) * 2 - 1
    assert_close("from 32, subsampled", small[..., 1::4, 2::4], numbers["out32_sub4"])
    assert_close("from 32, crop", small[..., 100:148, 300:348], numbers["out32_crop"])
    large = mini.superresolution(numbers["feature128_f16"].float(), numbers["ws"]) * 2 - 1
    assert_close("from 128", large[..., 1::4, 2::4], numbers["out128_sub4"])


def test_one_picture_and_seed_give_one_field_from_end_to_end(
    mini: PublishedBackbone, numbers: dict[str, Tensor], assert_close: Compare
) -> None:
    condition = FieldCondition(numbers["cond_u8"].float() / 255, torch.ones(1, 1, 512, 512), numbers["resnet_chonk"])
    points = numbers["points"][0]
    first, second = (mini.field(condition, seed=3, edits=()).density(points) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, mini.field(condition, seed=4, edits=()).density(points))
