"""The small tagger learns what it is shown, is judged by a closed form, and its features reach the reconstructor."""

from pathlib import Path

import numpy as np
import pytest
import torch

from paic3d_studio.datasets.generated.draw import drawn_recipe
from paic3d_studio.datasets.generated.generate import character_bytes, character_name
from paic3d_studio.datasets.generated.labels import attributes
from paic3d_studio.errors import UserError
from paic3d_studio.nets.attributes import MAP, AttributeTagger
from paic3d_studio.nets.backbones.compact import CompactBackbone, CompactConfig
from paic3d_studio.training.tags import (
    TagFigures,
    TaggedPictures,
    average_precision,
    figures,
    known_tags,
    tag_figures,
    tagged_files,
    tagged_pictures,
    tags_of_attributes,
    targets,
    train,
)

COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 60, 220)}


def coloured_discs(count: int) -> TaggedPictures:
    """Return discs of three colours, some with a hole, tagged with both."""
    rows, columns = np.mgrid[:128, :128] - 64
    radius = np.hypot(rows, columns)
    pictures, tags = [], []
    for number in range(count):
        colour, holed = list(COLOURS)[number % 3], number % 2 == 0
        shown = (radius < 40) & ((radius > 20) | (not holed))
        pictures.append(np.dstack([np.broadcast_to(COLOURS[colour], (128, 128, 3)), shown * 255]).astype(np.uint8))
        tags.append({f"hair_colour:{colour}"} | ({"ears:cat"} if holed else set()))
    return TaggedPictures(np.stack(pictures), tags)


def test_the_precision_of_a_ranking_is_that_of_its_closed_form() -> None:
    assert average_precision(np.array([3.0, 2.0, 1.0, 0.0]), np.array([1, 1, 0, 0])) == 1.0
    assert average_precision(np.array([3.0, 2.0, 1.0, 0.0]), np.array([0, 1, 0, 1])) == pytest.approx(
        (1 / 2 + 2 / 4) / 2
    )


def test_a_tag_is_judged_by_closed_forms_beside_what_always_yes_would_reach() -> None:
    said, truth = np.array([2.0, 1.0, -1.0, -2.0]), np.array([1, 0, 1, 0])
    assert tag_figures(said, truth) == TagFigures(
        has=2, share=0.5, right=0.5, right_of_commonest=0.5, f1=0.5, f1_of_always_yes=0.667, precision=0.833
    )
    sure = tag_figures(np.where(truth > 0, 1.0, -1.0), truth)
    assert (sure.right, sure.f1, sure.precision) == (1.0, 1.0, 1.0)


def test_files_give_the_pictures_and_tags_that_their_seeds_give(tmp_path: Path) -> None:
    (tmp_path / "characters").mkdir()
    seed = 90_000
    path = tmp_path / "characters" / f"{character_name(seed)}.vrm"
    path.write_bytes(character_bytes(drawn_recipe(seed)))
    read = tagged_files([path], cache=tmp_path / "read")
    made = tagged_pictures([seed], cache=tmp_path / "made")
    assert read.tags == made.tags
    assert np.array_equal(read.rgba, made.rgba)
    path.write_bytes(character_bytes(drawn_recipe(seed + 1)))
    assert not np.array_equal(tagged_files([path], cache=tmp_path / "read").rgba, read.rgba)  # the cache knows better
    path.write_bytes(b"glTF" + bytes(60))
    with pytest.raises(UserError, match="labels"):
        tagged_files([path], cache=tmp_path / "read")


def test_attributes_become_tags_and_what_says_nothing_of_shape_does_not() -> None:
    tags = tags_of_attributes(
        {"hair_cut": "bob", "accessories": ["cap", "glasses"], "heterochromia": False, "mouth": "smile", "ears": "cat"}
    )
    assert tags == {"hair_cut:bob", "accessories:cap", "accessories:glasses", "ears:cat"}


def test_every_drawn_character_has_a_cut_a_colour_and_clothes() -> None:
    for seed in range(40):
        groups = {tag.split(":")[0] for tag in tags_of_attributes(attributes(drawn_recipe(seed)))}
        assert {"hair_cut", "hair_colour", "hair_length", "clothes", "ears"} <= groups


def test_rare_tags_are_left_out() -> None:
    data = coloured_discs(36)
    data.tags[0].add("accessories:unique")
    assert known_tags(data.tags) == ("ears:cat", "hair_colour:blue", "hair_colour:green", "hair_colour:red")
    assert targets(data.tags, known_tags(data.tags)).sum(0).tolist() == [18, 12, 12, 12]


@pytest.mark.slow
def test_training_learns_colour_and_shape_and_the_same_seed_learns_the_same() -> None:
    data = coloured_discs(36)
    network, again = (train(data, steps=24, batch=8, seed=3) for _ in range(2))
    found = figures(network, data)
    assert found["precision"] > 0.95
    assert found["hair_colour"]["right"] == 1.0
    for one, other in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_reconstructor_hears_its_tagger_and_does_not_train_it() -> None:
    torch.manual_seed(0)
    network = CompactBackbone(CompactConfig(tags=("ears:cat", "ears:human")))
    picture, alpha = torch.rand(1, 3, 256, 256), torch.ones(1, 1, 256, 256)
    assert network.tagger.features(picture, alpha).shape == (1, network.tagger.channels, MAP, MAP)
    before = network.scene(picture, alpha).depths
    before.sum().backward()
    assert all(parameter.grad is None for parameter in network.tagger.parameters())
    assert network.tag_map.weight.grad.abs().sum() > 0
    with torch.no_grad():
        network.tagger.load_state_dict(AttributeTagger(("ears:cat", "ears:human")).state_dict())
    assert not torch.equal(network.scene(picture, alpha).depths, before)
