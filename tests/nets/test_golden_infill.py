"""Line infill against the published system, with three and with four input channels."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from paic3d_studio.nets.infill import InfillNetwork, blended

CROP = (..., slice(128, 384), slice(128, 384))


@pytest.fixture(scope="module")
def scene(golden: Callable[[str], dict[str, Tensor]]) -> dict[str, Tensor]:
    numbers = golden("rmline")
    alpha = numbers["alpha_u8"].float() / 255
    numbers["picture"] = numbers["image_u8"].float() / 255 * alpha + 1 - alpha
    numbers["alpha"] = alpha
    numbers["lines"] = (numbers["line_mask_u8"] > 0).float()
    numbers["keep"] = (numbers["face_hull_u8"][None] > 0).float()
    return numbers


def network(scene: dict[str, Tensor], variant: str) -> InfillNetwork:
    prefix = f"{variant}."
    tensors = {key.removeprefix(prefix): tensor for key, tensor in scene.items() if key.startswith(prefix)}
    kernels = [tensor for tensor in tensors.values() if tensor.ndim == 4]
    width, inputs = kernels[0].shape[:2]
    found = InfillNetwork(width=width, depth=len(kernels), use_keep=inputs == 4)
    found.load_state_dict(tensors)
    return found.eval().requires_grad_(False)


@pytest.mark.shared
def test_the_three_channel_network_paints_the_published_picture(
    scene: dict[str, Tensor], assert_close: Callable[[str, Tensor, Tensor], float]
) -> None:
    painted = network(scene, "nohull")(scene["picture"], scene["lines"])
    assert_close("crop", painted[CROP], scene["net_out_crop"])
    assert_close("corner, where the border is replicated", painted[..., :64, :64], scene["net_out_corner"])
    whole = blended(scene["picture"], painted, scene["lines"])
    assert_close("blended", whole[CROP], scene["composite_crop"])
    assert_close("with alpha", torch.cat([whole, scene["alpha"]], dim=1)[CROP], scene["wrapper_rgba_crop"])
    condition = whole * scene["alpha"] + 1 - scene["alpha"]
    steps = (condition.clamp(0, 1) * 255).to(torch.uint8)[CROP].int() - scene["cond_after_white_u8_crop"].int()
    # The published bytes are truncated from n / 255, so the last bit of a float decides between n and n - 1.
    assert steps.abs().max() <= 1


@pytest.mark.shared
def test_the_four_channel_network_also_looks_at_the_keep_mask(
    scene: dict[str, Tensor], assert_close: Callable[[str, Tensor, Tensor], float]
) -> None:
    painted = network(scene, "hull")(scene["picture"], scene["lines"], scene["keep"])
    assert_close("crop", painted[CROP], scene["hullvariant_out_crop"])
