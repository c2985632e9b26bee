"""The training loop that the three small networks of the portrait share: samples by step, AdamW, a running average."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from paic3d_studio.datasets.characters import character_files
from paic3d_studio.datasets.drawn_faces import drawn_faces
from paic3d_studio.datasets.face_samples import FaceBank
from paic3d_studio.datasets.face_scenes import premultiplied
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.training.averaged import AveragedTraining, falling
from paic3d_studio.training.precision import processor_precision

Batch = Mapping[str, Tensor]
"""What one step learns from."""

_WARMUP: Final = 50  # steps


@dataclasses.dataclass(frozen=True)
class FitOptions:
    """How long and how fast: `rate` is the peak learning rate; `half` computes convolutions in bfloat16.

    Twice in a row a step learns from the same samples, the second time mirrored: drawing them costs as much as a step.
    """

    steps: int
    batch: int = 32
    rate: float = 3e-3
    weight_decay: float = 1e-3
    average: float = 0.995
    seed: int = 0
    half: bool = True


@dataclasses.dataclass(frozen=True)
class Task:
    """What is learned: a new `network`, how a batch is `drawn` and `mirrored`, and its `losses`, which are added up."""

    network: Callable[[], nn.Module]
    drawn: Callable[[FaceBank, np.random.Generator, int], Batch]
    mirrored: Callable[[Batch], Batch]
    losses: Callable[[nn.Module, Batch], dict[str, Tensor]]


class Fit(AveragedTraining[nn.Module]):
    """One of the small networks in training."""

    def __init__(self, task: Task, options: FitOptions) -> None:
        self.task, self.options = task, options
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            network = task.network()
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        super().__init__(network, weight_decay=options.weight_decay, average=options.average, clip=5.0)

    def rate(self) -> float:
        """Return the learning rate of the coming step: warm-up, then half a cosine down to one per cent."""
        warm = min((self.step + 1) / _WARMUP, 1.0)
        return self.options.rate * warm * falling(self.step / max(self.options.steps, 1))

    def train(self, batch: Batch) -> dict[str, float]:
        """Take one step and return the loss terms."""
        self.network.train()
        with processor_precision(half=self.options.half):
            terms = self.task.losses(self.network, batch)
        return self.descend(terms, rate=self.rate())


def half_weights(network: nn.Module) -> bytes:
    """Return weights as safetensors, floats as float16."""
    tensors = {
        name: (tensor.half() if tensor.dtype.is_floating_point else tensor).detach().contiguous()
        for name, tensor in network.state_dict().items()
    }
    packed: bytes = safetensors.torch.save(tensors)
    return packed


def fit(task: Task, bank: FaceBank, *, options: FitOptions, out: Path, resume: bool) -> Fit:
    """Train until all steps are done or Ctrl-C comes; leave a checkpoint beside `out`, and the weights there.

    Raises:
        UserError: nothing can be written, or the checkpoint is none.
    """
    checkpoint = out.with_suffix(".checkpoint")
    run = Fit(task, options)
    if resume and checkpoint.exists():
        run.load_checkpoint(checkpoint)
    stopped: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: stopped.append(number))
    began, means = time.monotonic(), dict[str, list[float]]()
    try:
        while run.step < options.steps and not stopped:
            lot = np.random.default_rng((options.seed, run.step))
            batch = task.drawn(bank, lot, options.batch)
            for seen in (batch, task.mirrored(batch)):
                for name, value in run.train(seen).items():
                    means.setdefault(name, []).append(value)
            if run.step % 20 == 0:
                terms = ", ".join(f"{name} {np.mean(values[-40:]):.4f}" for name, values in means.items())
                spent = f"{time.monotonic() - began:.0f} s, {time.process_time():.0f} s computing"
                print(f"step {run.step}: {terms} ({spent})", flush=True)
            if run.step % 100 == 0:
                run.save_checkpoint(checkpoint)
                write_files({out: half_weights(run.average)})
    finally:
        signal.signal(signal.SIGINT, before)
    run.save_checkpoint(checkpoint)
    write_files({out: half_weights(run.average)})
    return run


def read_bank(characters: Path, *, cache: Path, views: int, seed: int) -> FaceBank:
    """Draw every character that training may see, or read the drawings from the cache.

    Raises:
        UserError: there are no characters, or the cache cannot be written.
    """
    files = character_files(characters)
    drawings = [premultiplied(face) for face in drawn_faces(files, views=views, cache=cache, seed=seed)]
    return FaceBank.of(drawings, seed=seed)


def fit_parser(description: str, *, steps: int, batch: int) -> argparse.ArgumentParser:
    """Return the arguments that all trainings of small networks take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--characters", type=Path, required=True, help="folder of GLB and VRM files, with subfolders")
    parser.add_argument("--cache", type=Path, required=True, help="where drawings are kept")
    parser.add_argument("--out", type=Path, required=True, help="weights, safetensors; a checkpoint is put beside them")
    parser.add_argument("--views", type=int, default=4, help="drawings of each character")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    return parser


def run_fit(task: Task, chosen: argparse.Namespace) -> int:
    """Train as the arguments say, on one core; return the exit code."""
    torch.set_num_threads(1)
    try:
        bank = read_bank(chosen.characters, cache=chosen.cache, views=chosen.views, seed=chosen.seed)
        options = FitOptions(steps=chosen.steps, batch=chosen.batch, rate=chosen.rate, seed=chosen.seed)
        fit(task, bank, options=options, out=chosen.out, resume=chosen.resume)
        written = chosen.out.read_bytes()
        print(f'sha256 = "{hashlib.sha256(written).hexdigest()}"\nbytes = {len(written)}')
    except UserError as error:
        print(f"{error.message} {error.cure}", file=sys.stderr)
        return 2
    return 0
