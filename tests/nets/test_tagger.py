"""The tagger without its weights."""

import pytest
import torch

from paic3d_studio.nets.tagger import Tagger, tag_features


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = Tagger(classes=5, components=3)
        network.components.normal_()
    return network.eval().requires_grad_(False)


def test_a_square_gives_a_map_of_8_by_8(tagger: Tagger) -> None:
    assert tag_features(tagger, torch.rand(1, 4, 512, 512)).shape == (1, 3, 8, 8)


def test_what_is_transparent_does_not_count(tagger: Tagger) -> None:
    generator = torch.Generator().manual_seed(2)
    first = torch.rand(1, 4, 256, 256, generator=generator)
    first[:, 3] = (first[:, 3] > 0.5).float()
    second = first.clone()
    second[:, :3] = torch.where(first[:, 3:] > 0, first[:, :3], torch.rand(1, 3, 256, 256, generator=generator))
    assert torch.equal(tag_features(tagger, first), tag_features(tagger, second))


def test_only_the_shorter_side_is_brought_to_256(tagger: Tagger) -> None:
    assert tagger.prepared(torch.rand(1, 3, 400, 512)).shape == (1, 3, 256, 328)


def test_an_average_pixel_becomes_zero(tagger: Tagger) -> None:
    grey = torch.tensor([0.485, 0.456, 0.406])[None, :, None, None].expand(1, 3, 256, 256)
    assert torch.allclose(tagger.prepared(grey), torch.zeros(1, 3, 256, 256), atol=1e-6)
