"""The tagger against the published system, with weights that are made from their names."""

import zlib
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from paic3d_studio.nets.tagger import Tagger, tag_features

pytestmark = pytest.mark.shared


def weights_by_name(shapes: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fill a state dict by the rule of the golden data: random numbers seeded by each tensor's name."""
    filled: dict[str, Tensor] = {}
    for key, tensor in shapes.items():
        if key.endswith("num_batches_tracked"):
            filled[key] = tensor
            continue
        shape = tuple(tensor.shape)
        random = np.random.default_rng(zlib.crc32(f"resnet.{key}".encode()))
        value = random.standard_normal(shape, dtype=np.float32)
        if key.endswith("running_var"):
            value = np.exp(0.3 * value)
        elif len(shape) == 4:
            value = value * np.float32(np.sqrt(2 / np.prod(shape[1:])))
        elif len(shape) == 1 and key.endswith("weight"):
            value = (1 + 0.1 * value) * (0.3 if "bn3" in key else 1.0)
        elif len(shape) == 2:
            value = value / np.float32(np.sqrt(shape[1]))
        else:
            value = 0.1 * value
        filled[key] = torch.from_numpy(value.astype(np.float32))
    return filled


def test_features_of_every_stage_are_the_published_ones(
    golden: Callable[[str], dict[str, Tensor]], assert_close: Callable[[str, Tensor, Tensor], float]
) -> None:
    numbers = golden("tagger")
    tagger = Tagger(components=64)
    tagger.resnet.load_state_dict(weights_by_name(tagger.resnet.state_dict()))
    tagger.mean.copy_(numbers["pca_mean"])
    tagger.components.copy_(numbers["pca_components"])
    tagger.eval().requires_grad_(False)
    picture = numbers["rgba_u8_black_bg"][None].float() / 255
    both = torch.cat([picture, picture.flip(3)])
    for antialias in (False, True):
        name = f"aa{int(antialias)}"
        prepared = tagger.prepared(both, antialias=antialias)
        stages = tagger.resnet.stages(prepared)
        for stage, key in enumerate(("conv1", "layer1", "layer2", "layer3")):
            assert_close(f"{name} {key}", stages[stage][:1].mean(dim=(2, 3)), numbers[f"{name}.{key}_mean_ch"])
        assert_close(f"{name} layer4", stages[4][:1, :64], numbers[f"{name}.layer4_ch64"])
        assert_close(f"{name} tags", tagger.resnet(prepared)[:1], numbers[f"{name}.fc"])
        assert_close(f"{name} features", tagger(both, antialias=antialias), numbers[f"{name}.pca_feats"])
    opaque = torch.cat([picture, torch.ones(1, 1, 512, 512)], dim=1)
    assert_close("condition", tag_features(tagger, opaque), numbers["aa0.pca_feats"][:1])
