"""A training of the reconstructor from its configuration file to weights that the studio reads."""

from __future__ import annotations

import dataclasses
import hashlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.datasets.names import Split
from paic3d_studio.datasets.renders import RenderSet
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.files import write_files
from paic3d_studio.nets.backbones.config import ReconstructorConfig
from paic3d_studio.nets.backbones.published import PublishedConfig
from paic3d_studio.nets.perceptual import perceptual_distance
from paic3d_studio.nets.tagger import imported_tagger
from paic3d_studio.training.journal import Journal
from paic3d_studio.training.processes import World, chosen_device
from paic3d_studio.training.recipe import ReconstructorRecipe, read_recipe
from paic3d_studio.training.reconstructor import Trainer
from paic3d_studio.training.views import FIXED_VIEWS, Renders, TrainingBatch, ViewSource

CHECKPOINT: Final = "checkpoint.pt"
WEIGHTS: Final = "reconstructor.safetensors"
ENTRY: Final = "manifest-entry.toml"

Say = Callable[[str], None]


def run_config(path: Path, *, out: Path | None = None, resume: bool = False, say: Say = print) -> None:
    """Train as a configuration file says; leaves checkpoint, weights, log and pictures in the run's folder.

    Args:
        path: the TOML file.
        out: the run's folder, in place of the file's.
        resume: go on from the folder's checkpoint; without one, begin.
        say: receives progress, line by line.

    Raises:
        UserError: configuration, data, weights or checkpoint are not as they must be.
        Cancelled: Ctrl-C or SIGTERM; the checkpoint is written.
    """
    recipe = read_recipe(path)
    if out is not None:
        recipe = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, folder=out))
    if recipe.run.threads:
        torch.set_num_threads(recipe.run.threads)
    train(recipe, RenderSet.open(recipe.data.folder), resume=resume, say=say)


def train(recipe: ReconstructorRecipe, renders: Renders, *, resume: bool = False, say: Say = print) -> Trainer:
    """Train to the last step on a set of renders and return the trainer; as `run_config`."""
    device = chosen_device(recipe.run.device)
    world = World(device)
    speak: Say = say if world.first else lambda _: None
    try:
        trainer = _trainer(recipe, device, world)
        folder = recipe.run.folder
        _take_up(trainer, folder, resume=resume)
        source = _source(recipe, renders, recipe.data.split)
        shown = _shown(recipe, renders, speak)
        speak(_opening(trainer, source))
        journal = Journal(folder if world.first else None, first=trainer.step)
        if world.first and not journal.has_board:
            speak("TensorBoard is not installed; numbers go to log.jsonl, pictures to the folder pictures.")
        try:
            with _stopping() as stopped:
                _loop(trainer, source, shown, journal=journal, stopped=stopped, say=speak)
        finally:
            journal.close()
    finally:
        world.close()
    return trainer


def _trainer(recipe: ReconstructorRecipe, device: torch.device, world: World) -> Trainer:
    """Return a trainer with what the recipe needs beside it."""
    loss = recipe.ablated().loss
    distance = None
    if loss.wants_perceptual:
        distance = perceptual_distance(loss.perceptual, weights=loss.perceptual_weights, device=device)
    tagger = imported_tagger().to(device) if recipe.data.tags == "imported" else None
    return Trainer(recipe, device=device, world=world, distance=distance, tagger=tagger)


def _take_up(trainer: Trainer, folder: Path, *, resume: bool) -> None:
    """Go on from the folder's checkpoint if there is one and that is wanted."""
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists():
        if not resume:
            raise UserError(
                f"“{folder}” holds a training already.", "Add --resume, or choose another folder with --out."
            )
        trainer.load(checkpoint)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"“{folder}” cannot be made ({error.strerror}).", "Choose another folder.") from error


def _source(recipe: ReconstructorRecipe, renders: Renders, split: Split) -> ViewSource:
    """Return the samples of a split."""
    names = renders.names(split)
    return ViewSource(
        renders,
        names[: recipe.data.count or None],
        size=recipe.network.output_size,
        render_size=recipe.network.render_size,
        box_side=recipe.network.box_side,
        mirror=recipe.data.mirror,
        seed=recipe.run.seed,
        cache_mb=recipe.data.cache_mb,
    )


def _shown(recipe: ReconstructorRecipe, renders: Renders, say: Say) -> TrainingBatch | None:
    """Return the characters that are rendered to look at, and say which.

    They are of the validation split; where that is empty, or only some characters are to be learned by heart, of the
    training's own.
    """
    if not recipe.run.shown:
        return None
    split: Split = "val" if renders.names("val") and not recipe.data.count else recipe.data.split
    source = _source(recipe, renders, split)
    names = source.names[: recipe.run.shown]
    say(f"pictures and their PSNR show {_listed(names)} of the split {split}")
    return source.plain(names)


def _listed(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _opening(trainer: Trainer, source: ViewSource) -> str:
    """Say what is about to be trained."""
    count = sum(parameter.numel() for parameter in trainer.network.parameters())
    phases = ", ".join(phase.name for phase in trainer.phases)
    begun = f", going on from step {trainer.step}" if trainer.step else ""
    return (
        f"{count:,} parameters, {len(source.names)} characters, {trainer.recipe.optimiser.steps:,} steps of "
        f"{trainer.recipe.optimiser.batch} on {trainer.world.size} x {trainer.device.type}{begun}\n"
        f"characters: {_listed(source.names)}\nphases: {phases}"
    )


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Turn Ctrl-C and SIGTERM into an event while the block runs; a second Ctrl-C ends it at once."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: Any) -> None:
        del frame
        stopped.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, stop)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _loop(
    trainer: Trainer,
    source: ViewSource,
    shown: TrainingBatch | None,
    *,
    journal: Journal,
    stopped: threading.Event,
    say: Say,
) -> None:
    """Take steps until the last or until somebody asks to stop; then leave checkpoint and weights."""
    recipe, world = trainer.recipe, trainer.world
    batch, last = recipe.optimiser.batch, recipe.optimiser.steps
    begun, first = time.monotonic(), trainer.step
    mean = _Means()
    steps = source.steps(first, batch=batch, share=world.share(batch), loaders=recipe.data.loaders)
    try:
        while trainer.step < last:
            mean.add(trainer.train(next(steps)))
            at = trainer.step
            if at % recipe.run.log_steps == 0 or at == last:
                values = mean.taken(world)
                journal.report(at, values)
                say(_progress(trainer, values, elapsed=time.monotonic() - begun, taken=at - first))
            if shown is not None and world.first and (_due(at, batch, recipe.run.picture_kimg) or at == last):
                grid, values = look_at(trainer, shown)
                journal.picture(at, grid)
                journal.report(at, values)
                say("  " + "  ".join(f"{name} {value:.2f}" for name, value in values.items()))
            if _due(at, batch, recipe.run.checkpoint_kimg):
                _leave(trainer)
            if world.any(stopped.is_set()):
                break
    finally:
        steps.close()  # type: ignore[attr-defined]
    _leave(trainer)
    if trainer.step < last:
        say(f"stopped after step {trainer.step}; --resume goes on from {recipe.run.folder / CHECKPOINT}")
        raise Cancelled
    if world.first:
        say(f"{recipe.run.folder / WEIGHTS} is written; its entry for a manifest:\n")
        say((recipe.run.folder / ENTRY).read_text(encoding="utf-8"))


def _due(step: int, batch: int, kimg: float) -> bool:
    """Return whether a step is the first past a multiple of `kimg` thousand samples; never where that is 0."""
    if kimg <= 0:
        return False
    every = kimg * 1000 / batch
    return int(step / every) > int((step - 1) / every)


class _Means:
    """Mean of each term over the steps in which it was said."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, terms: Mapping[str, float]) -> None:
        for name, value in terms.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)

    def taken(self, world: World) -> dict[str, float]:
        """Return the means over all processes and start anew."""
        names = list(self._sums)
        values = torch.tensor([total / count for total, count in self._sums.values()], device=world.device)
        self._sums.clear()
        return dict(zip(names, world.mean(values).tolist(), strict=True))


def _progress(trainer: Trainer, values: Mapping[str, float], *, elapsed: float, taken: int) -> str:
    """Return one line: step, terms, speed, time left."""
    options = trainer.recipe.optimiser
    rate = taken / max(elapsed, 1e-9)
    left = (options.steps - trainer.step) / max(rate, 1e-9)
    shown = "  ".join(f"{name} {value:.3g}" for name, value in values.items())
    return f"step {trainer.step}/{options.steps}  {shown}  {rate * options.batch:.2f} samples/s  {_clock(left)} left"


def _clock(seconds: float) -> str:
    """Return a span as hours and minutes."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def look_at(trainer: Trainer, shown: TrainingBatch) -> tuple[NDArray[np.uint8], dict[str, float]]:
    """Render characters with the running average.

    Returns:
        A grid sRGB uint8, one row per character: for each view of front, left, right, back and one in perspective the
        truth beside what was made; and the mean PSNR in dB by view.
    """
    columns: list[Tensor] = []
    values: dict[str, float] = {}
    for view in (*FIXED_VIEWS, "seen"):
        truth = shown.views[view].rgb
        made = trainer.look(shown, view).final.cpu().clamp(0, 1)
        columns += [truth, made]
        error = (made - truth).square().mean(dim=(1, 2, 3)).clamp(min=1e-10)
        values[f"psnr.{view}"] = float(-10 * torch.log10(error).mean())
    rows = torch.cat(columns, dim=3).permute(0, 2, 3, 1).flatten(0, 1)  # (N, 3, S, 10 S) -> (N S, 10 S, 3)
    return (rows.numpy() * 255).round().astype(np.uint8), values


def _leave(trainer: Trainer) -> None:
    """Write checkpoint, weights and their manifest entry; the first process alone."""
    if not trainer.world.first:
        return
    folder = trainer.recipe.run.folder
    trainer.save(folder / CHECKPOINT)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in trainer.average.state_dict().items()}
    encoded = safetensors.torch.save(tensors)
    entry = manifest_entry_text(trainer.recipe.network, encoded, steps=trainer.step)
    write_files({folder / WEIGHTS: encoded, folder / ENTRY: entry.encode()})


def manifest_entry_text(network: PublishedConfig, encoded: bytes, *, steps: int) -> str:
    """Return what `models/manifest.toml` says of these weights."""
    table = ReconstructorConfig("published", network).table()
    sizes = "\n".join(f"{name} = {_toml(value)}" for name, value in table.items())
    return (
        f'[weights.published]\nfile = "{WEIGHTS}"\nsha256 = "{hashlib.sha256(encoded).hexdigest()}"\n'
        f'bytes = {len(encoded)}\nnetwork = "published"\nlicence = ""\ntrained_on = "own data, {steps} steps"\n'
        f"metrics = {{}}\n\n[weights.published.config]\n{sizes}\n"
    )


def _toml(value: Any) -> str:
    """Write a number, a switch or a list."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)
