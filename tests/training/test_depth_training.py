"""The training of the depth network: its losses fall, and what is written is the network alone."""

from pathlib import Path

import safetensors.torch
import torch

from paic3d_studio.nets.backbones.depth_network import DepthConfig, DepthNetwork
from paic3d_studio.training.compact_losses import LossWeights
from paic3d_studio.training.depth import Trainer, losses
from paic3d_studio.training.item_training import TrainingOptions, write_weights
from tests.training.test_compact_training import half_space

TINY = DepthConfig(
    picture=32, encoder_widths=(8, 8, 16, 16), front_widths=(16, 8, 8), encoder_depths=(0, 0, 1, 0),
    front_depths=(0, 1, 0),
)  # fmt: skip
OPTIONS = TrainingOptions(steps=60, batch=2, warmup=5, rate=5e-3, half=False)


def test_it_learns_how_far_a_ball_is() -> None:
    trainer = Trainer(TINY, OPTIONS)
    first = trainer.train(half_space(0))
    for step in range(1, OPTIONS.steps):
        last = trainer.train(half_space(step))
    assert last["depth"] < first["depth"] * 0.35
    assert last["classes"] < first["classes"] * 0.35


def test_the_truth_costs_nothing_and_a_centimetre_off_what_it_should() -> None:
    drawn = half_space(0)
    known = ~drawn.depths.isnan()
    depths = torch.where(known, drawn.depths, 0.123)  # what is not seen costs nothing, whatever is said there
    classes = torch.full((2, 4, 32, 32), -50.0)
    classes[:, 0] = 50.0
    assert sum(losses(depths, classes, drawn).values()) < 1e-6
    off = losses(depths + 0.01 * known, classes, drawn)["depth"]
    assert torch.isclose(off, torch.tensor(0.01 * LossWeights().depth), rtol=1e-3)
    undecided = losses(depths, torch.zeros_like(classes), drawn)["classes"]
    assert torch.isclose(undecided, LossWeights().classes * torch.tensor(4.0).log(), rtol=1e-3)


def test_what_is_written_is_the_depth_network_without_the_head_for_classes(tmp_path: Path) -> None:
    trainer = Trainer(TINY, OPTIONS)
    trainer.train(half_space(0))
    write_weights(trainer.learnt, tmp_path / "depth.safetensors")
    read = {name: t.float() for name, t in safetensors.torch.load_file(tmp_path / "depth.safetensors").items()}
    DepthNetwork(TINY).load_state_dict(read)


def test_going_on_from_a_checkpoint_equals_never_having_stopped(tmp_path: Path) -> None:
    straight, stopped, resumed = (Trainer(TINY, OPTIONS) for _ in range(3))
    for step in range(3):
        straight.train(half_space(step))
    stopped.train(half_space(0))
    stopped.save_checkpoint(tmp_path / "c")
    resumed.load_checkpoint(tmp_path / "c")
    for step in range(1, 3):
        resumed.train(half_space(step))
    for a, b in zip(straight.average.parameters(), resumed.average.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)
