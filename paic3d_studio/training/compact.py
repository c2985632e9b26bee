"""Train the embedded compact reconstructor on labelled points.

    python -m paic3d_studio.training.compact --characters DIR [DIR ...] --out FILE

Ctrl-C ends after the running step and leaves a checkpoint; the same command with `--resume` goes on from it. The same
arguments and seed draw the same samples in the same order.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import queue
import signal
import sys
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.characters import Item, character_files, character_paths, items
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.nets.backbones.compact import CompactBackbone, CompactConfig
from paic3d_studio.paths import user_folder
from paic3d_studio.training.averaged import AveragedTraining, falling
from paic3d_studio.training.compact_losses import LossWeights, losses
from paic3d_studio.training.compact_samples import Batch, SampleOptions, batch
from paic3d_studio.training.precision import processor_precision


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


_HIDDEN: Final = (
    "encoder",
    "front_decoder",
    "side_decoders",
    "detail",
    "edges.layers",
    "density_layers",
    "colour_layers",
)
"""All parts of the network but its heads (planes, maps, density, colour) and what a tagger adds: Muon is for layers in
between."""


class Trainer(AveragedTraining[CompactBackbone]):
    """The compact reconstructor in training."""

    def __init__(self, config: CompactConfig, options: TrainingOptions) -> None:
        self.options = options
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            network = CompactBackbone(config)
        kernels = _hidden_kernels(network) if options.muon else ()
        super().__init__(network, weight_decay=options.weight_decay, average=options.average, clip=1.0, kernels=kernels)

    def rate(self) -> float:
        """Return the learning rate of the coming step: warm-up, constant, then half a cosine down to one per cent."""
        options = self.options
        warm = min((self.step + 1) / options.warmup, 1.0)
        start = options.decay_from * options.steps
        return options.rate * warm * falling((self.step - start) / max(options.steps - start, 1))

    def train(self, drawn: Batch, *, weights: LossWeights) -> dict[str, float]:
        """Take one step and return the loss terms."""
        with processor_precision(half=self.options.half):
            scene = self.network.scene(drawn.picture, drawn.alpha)
            values = self.network.values(scene, drawn.xyz)
        return self.descend(losses(scene, values, drawn, weights=weights), rate=self.rate())

    def take_tagger(self, path: Path) -> None:
        """Take the weights of a tagger that `training.tags` wrote; they stay as they are."""
        tensors = {name: tensor.float() for name, tensor in safetensors.torch.load_file(path).items()}
        for network in (self.network, self.average):
            network.tagger.load_state_dict(tensors)

    def start_from(self, path: Path) -> None:
        """Take the weights of a safetensors file, and begin everything else anew.

        Further residual blocks and finer edges that the file lacks add nothing at first: a network may grow.

        Raises:
            RuntimeError: it lacks or holds anything else.
        """
        tensors = {name: tensor.float() for name, tensor in safetensors.torch.load_file(path).items()}
        own = self.network.state_dict()
        grown = {name: tensor for name, tensor in own.items() if ".deep." in name or name.startswith("edges.")}
        for network in (self.network, self.average):
            network.load_state_dict(grown | tensors)


def _hidden_kernels(network: CompactBackbone) -> list[nn.Parameter]:
    """Return the weights of convolutions and linear layers that are no head."""
    parts = [layer for name in _HIDDEN for layer in network.get_submodule(name).modules()]
    heads = [decoder.get_submodule("out") for decoder in network.side_decoders]
    layers = [layer for layer in parts if isinstance(layer, nn.Conv2d | nn.Linear) and layer not in heads]
    return [weight for layer in layers for weight in layer.parameters() if weight.ndim > 1]


def write_weights(network: CompactBackbone, path: Path) -> int:
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
    trainer: Trainer,
    data: Sequence[Item],
    *,
    out: Path,
    sampling: SampleOptions,
    weights: LossWeights,
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
            terms = trainer.train(next(source), weights=weights)
            if all(math.isfinite(value) for value in terms.values()):
                mean = {name: mean.get(name, value) * 0.99 + value * 0.01 for name, value in terms.items()}
            if trainer.step % 100 == 0:
                _say(trainer, mean, elapsed=time.monotonic() - begun, taken=trainer.step - first, log=log)
            if trainer.step % 250 == 0:
                trainer.save_checkpoint(checkpoint)
                write_weights(trainer.average, out)
    finally:
        source.close()
    if stop.is_set():
        print(f"stopped after step {trainer.step}; --resume goes on from {checkpoint}", file=sys.stderr)
    trainer.save_checkpoint(checkpoint)
    size = write_weights(trainer.average, out)
    print(f"{out}: {size / 1e6:.2f} MB after {trainer.step} steps")


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


def _tags_of(path: Path) -> tuple[str, ...]:
    """Return the tags that a tagger of `training.tags` knows."""
    with safetensors.safe_open(path, "pt") as file:
        return tuple(json.loads(file.metadata()["tags"]))


def _say(trainer: Trainer, mean: dict[str, float], *, elapsed: float, taken: int, log: Path | None) -> None:
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


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m paic3d_studio.training.compact", description=__doc__)
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
    parser.add_argument("--start", type=Path, default=None, help="safetensors file whose weights training begins with")
    parser.add_argument("--tagger", type=Path, default=None, help="safetensors file of `training.tags` to condition on")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint beside --out")
    parser.add_argument("--include-held-out", action="store_true", help="train on the validation character too")
    parser.add_argument("--without", nargs="+", default=[], help="leave out files with one of these in their name")
    parser.add_argument("--log", type=Path, default=None, help="file that gets one JSON line per hundred steps")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Train from the command line."""
    arguments = _arguments(argv)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        files = learnt_files(arguments.characters, without=arguments.without, held_out=arguments.include_held_out)
        monitor = Monitor(lambda fraction, text: print(f"\r{fraction:4.0%} {text:60.60}", end="", file=sys.stderr))
        data = list(items(files, variants=arguments.variants, cache=arguments.cache, monitor=monitor))
        print(f"\r{len(data)} items from {len(files)} files{' ' * 50}")
        trainer = _trainer(arguments)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    run(trainer, data, out=arguments.out, sampling=SampleOptions(), weights=LossWeights(), log=arguments.log)
    return 0


def _trainer(arguments: argparse.Namespace) -> Trainer:
    """Return the training that the command line asks for; UserError where its checkpoint will not do."""
    options = TrainingOptions(
        steps=arguments.steps,
        batch=arguments.batch,
        rate=arguments.rate,
        decay_from=arguments.decay_from,
        seed=arguments.seed,
        half=arguments.half,
        muon=arguments.optimiser == "muon",
    )
    config = CompactConfig(tags=_tags_of(arguments.tagger) if arguments.tagger else ())
    trainer = Trainer(config, options)
    print(f"{sum(p.numel() for p in trainer.network.parameters()):,} parameters")
    if arguments.tagger:
        trainer.take_tagger(arguments.tagger)
    if arguments.start:
        trainer.start_from(arguments.start)
    if arguments.resume:
        trainer.load_checkpoint(arguments.out.with_suffix(".checkpoint"))
    return trainer


if __name__ == "__main__":
    sys.exit(main())
