"""Training repeats itself from a seed, cuts patches round lines, and writes what the program can read back."""

import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.line_pairs import LinePair
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.nets.infill import InfillNetwork
from paic3d_studio.nets.weights import load_into, load_weights
from paic3d_studio.training.infill import (
    PATCH,
    InfillRecipe,
    PatchSource,
    figures,
    half_precision,
    main,
    manifest_table,
    started_from,
    train,
)


@pytest.fixture(scope="module")
def pairs() -> list[LinePair]:
    """Flat coloured pictures crossed by thin dark lines."""
    lot = np.random.default_rng(0)
    made = []
    for k in range(3):
        flat = np.broadcast_to(lot.integers(120, 255, 3), (512, 512, 3)).astype(np.uint8)
        drawn = flat.copy()
        for row in range(20 + 5 * k, 490, 40):
            drawn[row] = 30
        made.append(LinePair(str(k), drawn, flat, flat, np.zeros((512, 512), bool)))
    return made


def test_patches_are_cut_round_lines_with_the_border_the_network_needs(pairs: list[LinePair]) -> None:
    drawn, unlined, _, mask = PatchSource(pairs, border=6, seed=1).batch(16)
    side = PATCH + 12
    assert drawn.shape == unlined.shape == (16, 3, side, side)
    assert mask.shape == (16, 1, side, side)
    assert bool((mask[:, 0, side // 2, side // 2] == 1).all())
    differs = ((drawn - unlined).abs().amax(dim=1, keepdim=True) > 0.1).float()
    assert bool((differs <= mask).all())


def test_equal_seeds_train_equal_weights(pairs: list[LinePair]) -> None:
    recipe = InfillRecipe(steps=2, batch=4)
    one, two = (train(pairs, recipe=recipe).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_training_begins_with_the_weights_it_is_given(pairs: list[LinePair], tmp_path: Path) -> None:
    before = train(pairs, recipe=InfillRecipe(steps=1, batch=2))
    (tmp_path / "start.safetensors").write_bytes(save(half_precision(before)))
    start = started_from(tmp_path / "start.safetensors")
    after = train(pairs, recipe=InfillRecipe(steps=1, batch=2, rate=0.0), start=start)
    for name, value in after.named_parameters():
        assert torch.equal(value, start[name])
    (tmp_path / "none.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match="cannot be read as weights"):
        started_from(tmp_path / "none.safetensors")


def test_features_count_in_larger_patches_and_move_the_weights_elsewhere(pairs: list[LinePair]) -> None:
    recipe = InfillRecipe(steps=1, batch=2, patch=33)
    seen = dataclasses.replace(recipe, perceptual=10.0)
    without, once, again = (train(pairs, recipe=one).state_dict() for one in (recipe, seen, seen))
    assert all(torch.equal(once[name], again[name]) for name in once)
    assert any(not torch.equal(once[name], without[name]) for name in once)


def test_training_stops_when_it_is_cancelled(pairs: list[LinePair]) -> None:
    heard: list[float] = []
    monitor = Monitor(lambda fraction, _: heard.append(fraction), cancelled=lambda: len(heard) >= 2)
    with pytest.raises(Cancelled):
        train(pairs, recipe=InfillRecipe(steps=50, batch=2), monitor=monitor)
    assert heard == [0.0, 0.02]


def test_training_leaves_the_global_random_state_alone(pairs: list[LinePair]) -> None:
    before = torch.random.get_rng_state()
    train(pairs, recipe=InfillRecipe(steps=1, batch=2))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.slow
def test_a_short_training_brings_the_painting_nearer(pairs: list[LinePair]) -> None:
    untrained = figures(pairs, train(pairs, recipe=InfillRecipe(steps=1, batch=4)))["network"]["unlined"]
    trained = figures(pairs, train(pairs, recipe=InfillRecipe(steps=60, batch=16)))["network"]["unlined"]
    assert trained > untrained + 4


def test_the_manifest_entry_leads_back_to_the_same_network(pairs: list[LinePair], tmp_path: Path) -> None:
    network = train(pairs, recipe=InfillRecipe(steps=1, batch=2))
    encoded = save(half_precision(network))
    (tmp_path / "infill.safetensors").write_bytes(encoded)
    table = manifest_table(tmp_path / "infill.safetensors", encoded, {"network_psnr": 20.0})
    told = tomllib.loads(table)["weights"]["infill"]
    assert told["metrics"] == {"network_psnr": 20.0} and "characters in" not in told["trained_on"]
    also = manifest_table(tmp_path / "infill.safetensors", encoded, {}, also='made "by" rules')
    assert 'the characters in made "by" rules' in tomllib.loads(also)["weights"]["infill"]["trained_on"]
    (tmp_path / "manifest.toml").write_text(table, encoding="utf-8")
    weights = load_weights("infill", folder=tmp_path)
    read = InfillNetwork(**weights.config)
    load_into(read, weights)
    picture, mask = torch.rand(1, 3, 16, 16), torch.zeros(1, 1, 16, 16)
    assert torch.allclose(read(picture, mask), network(picture, mask), atol=5e-3)


def test_a_folder_without_characters_ends_with_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path / "out.safetensors")]) == 2
    assert tmp_path.name in capsys.readouterr().err
