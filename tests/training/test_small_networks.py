"""The small networks learn what they are shown, repeat themselves, and go on from where they stopped."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from paic3d_studio.core.landmarks import landmarks_from_parts
from paic3d_studio.datasets.drawn_faces import FACE_SIDE, DrawnFace
from paic3d_studio.datasets.face_samples import FaceBank
from paic3d_studio.datasets.face_scenes import premultiplied
from paic3d_studio.nets.face_networks import LandmarkNetwork
from paic3d_studio.training import landmarks, matting
from paic3d_studio.training.small_networks import Fit, FitOptions, Task, fit

TASKS = {**landmarks.TASKS, "matting": matting.TASK}


@pytest.fixture(scope="module")
def bank() -> FaceBank:
    points = landmarks_from_parts((96.0, 120.0), (160.0, 120.0), (128.0, 165.0)).points
    rgba = np.zeros((FACE_SIDE, FACE_SIDE, 4), np.uint8)
    rgba[40:, 60:200] = (230, 200, 180, 255)
    rgba[110:130, 85:107] = rgba[110:130, 149:171] = (40, 20, 30, 255)
    face = premultiplied(DrawnFace("generated_square", rgba, points, 0.0, 0.0))
    return FaceBank.of([face], backgrounds=8)


@pytest.mark.parametrize("name", TASKS)
def test_a_mirrored_batch_mirrored_again_is_the_batch(bank: FaceBank, name: str) -> None:
    task = TASKS[name]
    batch = task.drawn(bank, np.random.default_rng(0), 3)
    twice = task.mirrored(task.mirrored(batch))
    for key, values in batch.items():
        assert torch.allclose(values, twice[key], atol=1e-6), key


@pytest.mark.parametrize("name", TASKS)
def test_a_few_steps_on_one_batch_lower_its_loss(bank: FaceBank, name: str) -> None:
    task: Task = TASKS[name]
    run = Fit(task, FitOptions(steps=1000, batch=3, rate=2e-3, half=False))
    batch = task.drawn(bank, np.random.default_rng(1), 3)
    losses = [sum(run.train(batch).values()) for _ in range(8)]
    assert losses[-1] < 0.9 * losses[0]


def test_a_training_goes_on_from_its_checkpoint_as_if_it_had_not_stopped(bank: FaceBank, tmp_path: Path) -> None:
    options = FitOptions(steps=4, batch=2, half=False)
    whole = fit(TASKS["finder"], bank, options=options, out=tmp_path / "whole.safetensors", resume=False)
    half = Fit(TASKS["finder"], options)
    batch = TASKS["finder"].drawn(bank, np.random.default_rng((0, 0)), 2)
    for seen in (batch, TASKS["finder"].mirrored(batch)):
        half.train(seen)
    half.save_checkpoint(tmp_path / "part.checkpoint")
    rest = fit(TASKS["finder"], bank, options=options, out=tmp_path / "part.safetensors", resume=True)
    assert rest.step == whole.step == 4
    one, other = (safetensors.torch.load_file(tmp_path / f"{name}.safetensors") for name in ("whole", "part"))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_perfect_heatmaps_cost_nothing_but_their_width() -> None:
    network = LandmarkNetwork().eval()
    read = network(torch.zeros(1, 3, 96, 96))
    batch = {
        "rgb": torch.zeros(1, 3, 96, 96),
        "points": read.points.detach(),
        "exact": torch.ones(1),
        "face": torch.ones(1),
        "turn": read.turn.detach(),
    }
    with torch.inference_mode():
        terms = landmarks.crop_losses(network, batch)
    assert float(terms["place"]) == pytest.approx(0.0, abs=1e-4)
    assert float(terms["turn"]) == pytest.approx(0.0, abs=1e-5)
