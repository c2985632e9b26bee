"""Training: what is saved, what is resumed, and that the losses fall."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.errors import UserError
from paic3d_studio.nets.backbones.compact import CompactBackbone, CompactConfig
from paic3d_studio.training.compact import Trainer
from paic3d_studio.training.compact_samples import Batch
from paic3d_studio.training.item_training import TrainingOptions, learnt_files, write_weights

TINY = CompactConfig(
    picture=32, plane=16, channels=8, layers=2, encoder_widths=(8, 8, 16, 16), front_widths=(16, 8, 8),
    side_widths=(8, 8, 8), detail_width=8, edge_width=8, hidden=16,
)  # fmt: skip
OPTIONS = TrainingOptions(steps=60, batch=2, warmup=5, rate=5e-3, half=False)
RADIUS = 0.2


def half_space(seed: int) -> Batch:
    """Two grey discs, one solid ball behind each."""
    generator = torch.Generator().manual_seed(seed)
    steps = ((torch.arange(64) + 0.5) / 64 - 0.5) * BOX_SIDE
    inside_disc = (steps[None] ** 2 + steps[:, None] ** 2 < RADIUS**2).float()
    alpha = inside_disc.expand(2, 1, 64, 64)
    depth = (RADIUS**2 - steps[None] ** 2 - steps[:, None] ** 2).clamp(min=0).sqrt()
    depth = torch.where(inside_disc > 0, depth, torch.nan)
    xyz = (torch.rand(2, 400, 3, generator=generator) - 0.5) * BOX_SIDE
    return Batch(
        picture=(1 - 0.5 * alpha).expand(2, 3, 64, 64),
        alpha=alpha,
        classes=torch.where(alpha[:, 0] > 0, 0, -1).long(),
        depths=torch.stack((depth, -depth)).expand(2, 2, 64, 64).contiguous(),
        back=torch.full((2, 3, 32, 32), 0.5),
        back_mask=alpha[:, :, ::2, ::2],
        back_classes=torch.where(alpha[:, 0, ::2, ::2] > 0, 0, -1).long(),
        xyz=xyz,
        inside=(xyz.norm(dim=2) < RADIUS).float(),
        colour=torch.full((2, 200, 3), 0.5),
        coloured=torch.ones(2, 200),
        point_class=torch.zeros(2, 200, dtype=torch.long),
    )


def test_every_loss_falls_on_a_ball() -> None:
    trainer = Trainer(TINY, OPTIONS)
    first = trainer.train(half_space(0))
    for step in range(1, OPTIONS.steps):
        last = trainer.train(half_space(step))
    assert last["occupancy"] < first["occupancy"] * 0.5
    assert sum(last.values()) < sum(first.values()) * 0.5


def test_going_on_from_a_checkpoint_equals_never_having_stopped(tmp_path: Path) -> None:
    straight, stopped, resumed = (Trainer(TINY, OPTIONS) for _ in range(3))
    for step in range(4):
        straight.train(half_space(step))
    for step in range(2):
        stopped.train(half_space(step))
    stopped.save_checkpoint(tmp_path / "c")
    resumed.load_checkpoint(tmp_path / "c")
    for step in range(2, 4):
        resumed.train(half_space(step))
    for a, b in zip(straight.average.parameters(), resumed.average.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_muon_moves_the_hidden_kernels_and_nothing_else() -> None:
    ours, plain = (Trainer(TINY, dataclasses.replace(OPTIONS, muon=muon)) for muon in (True, False))
    for trainer in (ours, plain):
        for parameter in trainer.network.parameters():  # residual blocks begin with zeros and would pass no gradient on
            if not parameter.any():
                torch.nn.init.uniform_(parameter, 0.01, 0.02, generator=torch.Generator().manual_seed(3))
        trainer.train(half_space(0))
    moved = {
        name
        for (name, one), other in zip(ours.network.named_parameters(), plain.network.parameters(), strict=True)
        if not torch.equal(one, other)
    }
    heads = ("front_plane", "class_map", "slot_map", "depth_map", "back_map", "density_out", "colour_out")
    assert moved == {
        name
        for name, parameter in ours.network.named_parameters()
        if parameter.ndim > 1 and not name.startswith(heads) and ".out." not in name and ".positions." not in name
    }


def test_muon_moves_a_kernel_as_far_in_all_directions_as_adamw_would_on_average() -> None:
    trainer = Trainer(TINY, dataclasses.replace(OPTIONS, weight_decay=0.0, warmup=1))
    kernel = trainer.network.get_parameter("encoder.steps.2.0.0.weight")
    before = kernel.detach().clone()
    trainer.train(half_space(0))
    change = (kernel.detach() - before).flatten(1)
    values = torch.linalg.svdvals(change)
    assert change.shape == (16, 72)
    assert values[0] < 3 * values.median()
    assert 0.1 * OPTIONS.rate < change.square().mean().sqrt() < 0.3 * OPTIONS.rate


def test_a_checkpoint_of_the_other_optimiser_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    plain = Trainer(TINY, dataclasses.replace(OPTIONS, muon=False))
    plain.save_checkpoint(tmp_path / "c.checkpoint")
    ours = Trainer(TINY, OPTIONS)
    ours.train(half_space(0))
    before = [parameter.detach().clone() for parameter in ours.network.parameters()]
    with pytest.raises(UserError, match="optimiser"):
        ours.load_checkpoint(tmp_path / "c.checkpoint")
    assert ours.step == 1
    assert all(torch.equal(a, b) for a, b in zip(before, ours.network.parameters(), strict=True))


def test_a_step_without_a_finite_loss_changes_no_weight_and_is_counted() -> None:
    trainer = Trainer(TINY, OPTIONS)
    before = [parameter.detach().clone() for parameter in trainer.network.parameters()]
    broken = dataclasses.replace(half_space(0), colour=torch.full((2, 200, 3), torch.nan))
    trainer.train(broken)
    assert (trainer.skipped, trainer.step) == (1, 1)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.network.parameters(), strict=True))
    trainer.train(half_space(1))
    assert trainer.skipped == 1
    assert not all(torch.equal(a, b) for a, b in zip(before, trainer.network.parameters(), strict=True))


def test_the_seed_alone_decides_how_a_network_starts_and_nothing_global_changes() -> None:
    state = torch.random.get_rng_state()
    first, again = Trainer(TINY, OPTIONS), Trainer(TINY, OPTIONS)
    assert all(torch.equal(a, b) for a, b in zip(first.network.parameters(), again.network.parameters(), strict=True))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_written_weights_fill_a_network_of_the_same_sizes(tmp_path: Path) -> None:
    trainer = Trainer(TINY, OPTIONS)
    size = write_weights(trainer.average, tmp_path / "w.safetensors")
    assert size == (tmp_path / "w.safetensors").stat().st_size
    tensors = safetensors.torch.load_file(tmp_path / "w.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    CompactBackbone(TINY).load_state_dict({name: tensor.float() for name, tensor in tensors.items()})


def test_a_network_grows_from_weights_without_further_blocks_and_edges_and_begins_as_it_was(tmp_path: Path) -> None:
    small = Trainer(dataclasses.replace(TINY, encoder_depths=(0, 0, 0, 0), front_depths=(0, 0, 0)), OPTIONS)
    small.train(half_space(0))
    older = {name: t for name, t in small.average.state_dict().items() if not name.startswith("edges.")}
    safetensors.torch.save_file(older, tmp_path / "small.safetensors")
    same, grown = Trainer(small.network.config, OPTIONS), Trainer(TINY, OPTIONS)
    for trainer in (same, grown):
        trainer.start_from(tmp_path / "small.safetensors")
    assert sum(p.numel() for p in grown.network.parameters()) > sum(p.numel() for p in same.network.parameters())
    drawn = half_space(1)
    for before, after in zip(
        *(t.network.scene(drawn.picture, drawn.alpha).__dict__.values() for t in (same, grown)), strict=True
    ):
        assert torch.allclose(before, after, atol=1e-6)
    with pytest.raises(RuntimeError, match="Missing"):
        Trainer(dataclasses.replace(TINY, tags=("ears:cat",)), OPTIONS).start_from(tmp_path / "small.safetensors")


def test_an_adviser_learns_nothing_and_that_of_a_beginning_is_left_out(tmp_path: Path) -> None:
    trainer = Trainer(dataclasses.replace(TINY, adviser=True), OPTIONS)
    assert not any(parameter.requires_grad for parameter in trainer.network.adviser.parameters())
    write_weights(trainer.average, tmp_path / "advised.safetensors")
    alone, advised = Trainer(TINY, OPTIONS), Trainer(dataclasses.replace(TINY, adviser=True), OPTIONS)
    own = advised.network.adviser.out.weight.fill_(3.0).clone()
    for begun in (alone, advised):
        begun.start_from(tmp_path / "advised.safetensors")
        assert torch.equal(begun.network.depth_map.bias, trainer.average.depth_map.bias.half().float())
    assert torch.equal(advised.network.adviser.out.weight, own)


def test_the_learning_rate_warms_up_stays_and_falls() -> None:
    trainer = Trainer(TINY, OPTIONS)
    rates = []
    for trainer.step in range(OPTIONS.steps):
        rates.append(trainer.rate())
    assert rates[0] < OPTIONS.rate / 4
    assert max(rates) == OPTIONS.rate
    assert np.all(np.diff(rates[30:]) <= 0)
    assert rates[-1] < OPTIONS.rate * 0.05


def test_who_is_left_out_is_learnt_from_under_no_name_and_a_wrong_name_is_told(tmp_path: Path) -> None:
    for name in ("vita", "vita__hair_shino", "vivi", "vivi__hair_shino", "vivi__hair_vita"):
        (tmp_path / f"{name}.glb").touch()

    def names(*without: str, held_out: bool = False) -> list[str]:
        return sorted(path.stem for path in learnt_files([tmp_path], without=without, held_out=held_out))

    assert names() == ["vivi", "vivi__hair_shino"]
    assert names("shino") == ["vivi"]
    assert names("shino", held_out=True) == ["vita", "vivi", "vivi__hair_vita"]
    assert names("vita") == names()
    with pytest.raises(UserError, match="sihno"):
        names("shino", "sihno")
    with pytest.raises(UserError, match="remains"):
        names("vivi")
