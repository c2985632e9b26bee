"""Stitched views against the published system; its masks to the bit."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from paic3d_studio.core.camera import Camera
from paic3d_studio.nets.backbones.published import PublishedBackbone, PublishedConfig, PublishedField
from paic3d_studio.nets.stitching import FrontSource, enlarged, front_colours, front_shadow, stitch_masks, stitched
from paic3d_studio.nets.volume import RaySampling, cropped, culled, march_picture

pytestmark = pytest.mark.shared

Compare = Callable[[str, Tensor, Tensor], float]

SAMPLING = RaySampling(0.5, 1.5, 16, 16)
EDITS = (cropped(0.1, box_side=0.7), culled(0.5))
CAMERA = Camera(15, 5)


@pytest.fixture(scope="module")
def paste(golden: Callable[[str], dict[str, Tensor]]) -> dict[str, Tensor]:
    numbers = {name.removeprefix("paste."): tensor for name, tensor in golden("mini_io").items()}
    # The released system writes its points with x and z turned round.
    numbers["xyz"] = numbers["image_xyz"] * torch.tensor([-1.0, 1.0, -1.0])[None, :, None, None]
    numbers["front"] = numbers["cond_u8"].float() / 255
    return numbers


@pytest.fixture(scope="module")
def mini(golden: Callable[[str], dict[str, Tensor]]) -> PublishedBackbone:
    config = PublishedConfig(
        channel_base=1024, channel_max=32, resolution=64, triplane_channels=8, tag_channels=16, render_size=32
    )
    network = PublishedBackbone(config)
    weights = {name.removeprefix("w."): tensor for name, tensor in golden("mini_weights").items()}
    network.load_state_dict(weights, strict=False)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def field(mini: PublishedBackbone, paste: dict[str, Tensor]) -> PublishedField:
    return PublishedField(mini.split(paste["planes"]), paste["ws"], decoder=mini.decoder, config=mini.config)


def test_every_mask_is_the_published_one_to_the_bit(
    paste: dict[str, Tensor], assert_same: Callable[[str, Tensor, Tensor], None]
) -> None:
    masks = stitch_masks(
        paste["xyz"],
        weights=paste["image_weights"],
        shadow=paste["front_occlusion_weights"],
        origins=paste["ray_origins"],
        directions=paste["ray_directions"],
        size=512,
    )
    for found, name in (
        (masks.solid, "mask_weights"),
        (masks.smooth, "mask_edges"),
        (masks.visible, "mask_occ"),
        (masks.on_ray, "mask_dxyz"),
        (masks.product, "mask"),
    ):
        assert_same(name, found[..., ::4, ::4], paste[f"{name}_sub4"])


def test_shadow_and_colours_are_the_published_ones(
    field: PublishedField, paste: dict[str, Tensor], assert_close: Compare
) -> None:
    points = paste["xyz"][0].flatten(1).T.contiguous()
    shadow = front_shadow(field, points, sampling=SAMPLING, edits=EDITS)
    assert_close("shadow", shadow.reshape(1, 1, 32, 32), paste["front_occlusion_weights"])
    colours = front_colours(paste["front"], enlarged(paste["xyz"], 512), box_side=0.7)
    assert_close("colours", colours[..., ::4, ::4], paste["paste_sub4"])


def test_the_stitched_view_is_the_published_one(
    mini: PublishedBackbone, field: PublishedField, paste: dict[str, Tensor], assert_close: Compare
) -> None:
    marched = march_picture(field, CAMERA, size=32, sampling=SAMPLING, edits=EDITS)
    view = mini.sharpened(field, marched)
    assert_close("before", view[..., ::4, ::4], paste["prepaste_sub4"])
    result = stitched(
        view,
        front=paste["front"],
        field=field,
        camera=CAMERA,
        marched=marched,
        sampling=SAMPLING,
        edits=EDITS,
    )
    # The same through the backbone, from a source that is the aligned square; its edits are the field's own.
    own = PublishedField(field.planes, field.ws, decoder=mini.decoder, config=mini.config, edits=EDITS)
    whole = mini.stitched_view(own, CAMERA, front=FrontSource.of_square(paste["front"]), coarse=16, fine=16)
    # Whether a point lies within 5e-6 m of its ray hangs on the last bits of a float: a few cells of 16 pixels may
    # differ from the published run, and all others may not.
    for name, found in (("stitched", result), ("through the backbone", whole)):
        error = (found[..., ::4, ::4] - paste["image_sub4"]).abs().amax(dim=1) / paste["image_sub4"].abs().max()
        cells = error.reshape(32, 4, 32, 4).amax(dim=(1, 3))
        agreeing = cells < 1e-4
        print(f"{name}: relative error {float(cells[agreeing].max()):.2e}, {int((~agreeing).sum())} cells differ")
        assert (~agreeing).sum() <= 4
