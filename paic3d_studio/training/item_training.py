"""What trainings on items share: how long and how fast, samples drawn ahead, the loop, and the arguments."""

from __future__ import annotations

import abc
import argparse
import dataclasses
import json
import math
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.characters import Item, character_files, character_paths, items
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.paths import user_folder
from paic3d_studio.training.averaged import AveragedTraining, falling
from paic3d_studio.training.compact_samples import Batch, SampleOptions, batch

N = TypeVar("N", bound=nn.Module)


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """How long and how fast.

    `rate` is the peak learning rate, `decay_from` the share of steps before it falls; with `muon` that optimiser moves
    the hidden layers.
    """

    steps: int = 12_000
    batch: int = 6
    rate: float = 2e-3
    warmup: int = 200
    decay_from: float = 0.5
    weight_decay: float = 0.02
    average: float = 0.995
    seed: int = 0
    half: bool = False
    muon: bool = True

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> TrainingOptions:
        """Return what a command line of `item_parser` asks for."""
        return cls(
            steps=arguments.steps,
            batch=arguments.batch,
            rate=arguments.rate,
            decay_from=arguments.decay_from,
            seed=arguments.seed,
            half=arguments.half,
            muon=arguments.optimiser == "muon",
        )


class ItemTraining(AveragedTraining[N], abc.ABC):
    """A network that learns from samples of items.

    Args:
        network: what learns.
        options: how long and how fast.
        hidden: names of the parts whose kernels Muon moves, where it is asked for, but for layers named
            `out`: heads are not for Muon.
    """

    def __init__(self, network: N, options: TrainingOptions, *, hidden: Sequence[str]) -> None:
        self.options = options
        kernels = _kernels(network, hidden) if options.muon else ()
        super().__init__(network, weight_decay=options.weight_decay, average=options.average, clip=1.0, kernels=kernels)

    def rate(self) -> float:
        """Return the learning rate of the coming step: warm-up, constant, then half a cosine down to one per cent."""
        options = self.options
        warm = min((self.step + 1) / options.warmup, 1.0)
        start = options.decay_from * options.steps
        return options.rate * warm * falling((self.step - start) / max(options.steps - start, 1))

    @abc.abstractmethod
    def train(self, drawn: Batch) -> dict[str, float]:
        """Take one step and return the loss terms."""

    @property
    def learnt(self) -> nn.Module:
        """The network to be written: the running average."""
        return self.average


def _kernels(network: nn.Module, hidden: Sequence[str]) -> list[nn.Parameter]:
    """Return the weights of convolutions and linear layers of the named parts, but for layers named `out`."""
    parts = [
        layer
        for part in hidden
        for name, layer in network.get_submodule(part).named_modules()
        if name.rpartition(".")[2] != "out"
    ]
    layers = [layer for layer in parts if isinstance(layer, nn.Conv2d | nn.Linear)]
    return [weight for layer in layers for weight in layer.parameters() if weight.ndim > 1]


def write_weights(network: nn.Module, path: Path) -> int:
    """Write weights as float16 safetensors, whole or not at all; return their size in bytes."""
    tensors: dict[str, Tensor] = {name: t.detach().half().contiguous() for name, t in network.state_dict().items()}
    return write_files({path: safetensors.torch.save(tensors)})


def batches(
    data: Sequence[Item], *, first: int, options: TrainingOptions, sampling: SampleOptions
) -> Generator[Batch, None, None]:
    """Yield the batches of steps `first`, `first` + 1, ..., drawn ahead on a thread; each depends on its step alone."""
    ready: queue.Queue[Batch] = queue.Queue(maxsize=6)
    stopped = threading.Event()

    def draw() -> None:
        step = first
        while not stopped.is_set():
            drawn = batch(data, np.random.default_rng((options.seed, step)), size=options.batch, options=sampling)
            step += 1
            while not stopped.is_set():
                try:
                    ready.put(drawn, timeout=0.2)
                    break
                except queue.Full:
                    continue

    thread = threading.Thread(target=draw, name="batches", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            try:
                yield ready.get(timeout=1.0)
            except queue.Empty:
                continue
        raise RuntimeError("the thread that draws samples ended")
    finally:
        stopped.set()
        thread.join()


def run(
    trainer: ItemTraining[N],
    data: Sequence[Item],
    *,
    out: Path,
    sampling: SampleOptions,
    log: Path | None,
) -> None:
    """Train to the last step, or until Ctrl-C (or SIGTERM); leave a checkpoint and weights."""
    checkpoint = out.with_suffix(".checkpoint")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    begun, first = time.monotonic(), trainer.step
    mean: dict[str, float] = {}
    source = batches(data, first=first, options=trainer.options, sampling=sampling)
    try:
        while trainer.step < trainer.options.steps and not stop.is_set():
            terms = trainer.train(next(source))
            if all(math.isfinite(value) for value in terms.values()):
                mean = {name: mean.get(name, value) * 0.99 + value * 0.01 for name, value in terms.items()}
            if trainer.step % 100 == 0:
                _say(trainer, mean, elapsed=time.monotonic() - begun, taken=trainer.step - first, log=log)
            if trainer.step % 250 == 0:
                trainer.save_checkpoint(checkpoint)
                write_weights(trainer.learnt, out)
    finally:
        source.close()
    if stop.is_set():
        print(f"stopped after step {trainer.step}; --resume goes on from {checkpoint}", file=sys.stderr)
    trainer.save_checkpoint(checkpoint)
    size = write_weights(trainer.learnt, out)
    print(f"{out}: {size / 1e6:.2f} MB after {trainer.step} steps")


def _say(trainer: ItemTraining[N], mean: dict[str, float], *, elapsed: float, taken: int, log: Path | None) -> None:
    """Print one line of progress, and append it to the log."""
    per_second = taken / max(elapsed, 1e-9)
    left = (trainer.options.steps - trainer.step) / max(per_second, 1e-9)
    shown = "  ".join(f"{name} {value:.3f}" for name, value in mean.items())
    samples = per_second * trainer.options.batch
    print(
        f"step {trainer.step}/{trainer.options.steps}  {shown}  {samples:.1f} samples/s  {left / 60:.0f} min left",
        flush=True,
    )
    if trainer.skipped:
        print(f"{trainer.skipped} steps skipped: their loss was not finite", flush=True)
    if log is not None:
        with log.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"step": trainer.step, **{k: round(v, 4) for k, v in mean.items()}}) + "\n")


def learnt_files(folders: Sequence[Path], *, without: Sequence[str], held_out: bool) -> list[Path]:
    """Return the files of the characters that training sees.

    Args:
        folders: searched with their subfolders.
        without: files with one of these in their name are left out.
        held_out: whether the validation character comes too.

    Raises:
        UserError: a folder holds no character, a name leaves none out, or nothing remains.
    """
    found = [path for folder in folders for path in character_files(folder)]
    if held_out:
        found += [path for folder in folders for path in character_files(folder, held_out=True)]
    for name in without:
        if not any(name in path.stem for folder in folders for path in character_paths(folder)):
            raise UserError(f"No character has “{name}” in its name, so it leaves none out.", "Check the name.")
    files = [path for path in found if not any(name in path.stem for name in without)]
    if not files:
        raise UserError("No character remains to learn from.", "Leave fewer out.")
    return files


def read_items(arguments: argparse.Namespace) -> list[Item]:
    """Return the items that a command line of `item_parser` names, made where the cache lacks them.

    Raises:
        UserError: as `learnt_files` and `items`.
    """
    files = learnt_files(arguments.characters, without=arguments.without, held_out=arguments.include_held_out)
    monitor = Monitor(lambda fraction, text: print(f"\r{fraction:4.0%} {text:60.60}", end="", file=sys.stderr))
    data = list(items(files, variants=arguments.variants, cache=arguments.cache, monitor=monitor))
    print(f"\r{len(data)} items from {len(files)} files{' ' * 50}")
    return data


def command(arguments: argparse.Namespace, begun: Callable[[], ItemTraining[N]], *, sampling: SampleOptions) -> int:
    """Train as a command line of `item_parser` asks; return the exit code, 2 for what the caller can mend.

    Args:
        arguments: what it read.
        begun: makes the training, before its checkpoint is read; may raise UserError.
        sampling: how samples are drawn.
    """
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        data = read_items(arguments)
        trainer = begun()
        print(f"{sum(p.numel() for p in trainer.learnt.parameters()):,} parameters")
        if arguments.resume:
            trainer.load_checkpoint(arguments.out.with_suffix(".checkpoint"))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    run(trainer, data, out=arguments.out, sampling=sampling, log=arguments.log)
    return 0


def item_parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return the arguments that all trainings on items take; `module` is what follows `python -m`."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--characters", type=Path, required=True, nargs="+", help="folders of characters")
    parser.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    parser.add_argument("--cache", type=Path, default=user_folder() / "cache" / "items", help="where items are kept")
    parser.add_argument("--variants", type=int, default=10, help="how many variants of each character")
    parser.add_argument("--steps", type=int, default=TrainingOptions.steps)
    parser.add_argument("--batch", type=int, default=TrainingOptions.batch)
    parser.add_argument("--rate", type=float, default=TrainingOptions.rate, help="peak learning rate")
    parser.add_argument("--decay-from", type=float, default=TrainingOptions.decay_from)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="0 leaves the choice to torch")
    parser.add_argument("--optimiser", choices=("muon", "adamw"), default="muon", help="what moves the hidden layers")
    parser.add_argument("--half", action="store_true", help="bfloat16, where the processor has it")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint beside --out")
    parser.add_argument("--include-held-out", action="store_true", help="train on the validation character too")
    parser.add_argument("--without", nargs="+", default=[], help="leave out files with one of these in their name")
    parser.add_argument("--log", type=Path, default=None, help="file that gets one JSON line per hundred steps")
    return parser
