"""Train line removal as published: unpaired drawings against renders, or with what lies under the lines known.

`./run train infill --config FILE` comes here. Step k draws its batch from the seed and k alone, so that a training
which is resumed from a checkpoint goes on as if it had never stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from paic3d_studio.core.countdown import TimeLeft, shown_seconds
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.contact_sheet import contact_sheet
from paic3d_studio.datasets.line_pairs import LinePair
from paic3d_studio.datasets.terminal import QUIET_SECONDS, stop_on_signals
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.files import write_files
from paic3d_studio.nets.infill import InfillNetwork, blended
from paic3d_studio.training.checkpoints import read_checkpoint, write_checkpoint
from paic3d_studio.training.infill import half_precision
from paic3d_studio.training.infill_losses import PatchDiscriminator, fooling_loss, masked_l1, telling_loss
from paic3d_studio.training.infill_patches import (
    PATCH,
    LinedPicture,
    Patches,
    PatchSource,
    drawn_fronts,
    lined,
    pictures_with_lines,
    render_fronts,
)
from paic3d_studio.training.infill_recipe import LineRemovalRecipe, read_infill_recipe
from paic3d_studio.training.journal import Journal
from paic3d_studio.training.processes import chosen_device

CHECKPOINT: Final = "checkpoint.pt"
WEIGHTS: Final = "infill.safetensors"
SHOWN: Final = 6
_FORMAT: Final = "paic3d-infill-training-1"
_HELD: Final = ("format", "recipe", "step", "network", "discriminator", "optimisers")
_DATA_SHARE: Final = 0.1

Say = Callable[[str], None]


def run_config(path: Path, *, out: Path | None = None, resume: bool = False, say: Say = print) -> None:
    """Train as a configuration file says; leaves checkpoint, weights, log and pictures in the run's folder.

    Args:
        path: a TOML file; `configs/infill.toml` documents it.
        out: the run's folder, in place of the file's.
        resume: go on from the folder's checkpoint; without one, begin.
        say: receives progress, line by line.

    Raises:
        UserError: configuration, data or checkpoint are not as they must be.
        Cancelled: Ctrl-C or SIGTERM; the checkpoint is written, unless the data was still being read.
    """
    recipe = read_infill_recipe(path)
    if out is not None:
        recipe = dataclasses.replace(recipe, run=dataclasses.replace(recipe.run, folder=out))
    if recipe.run.threads:
        torch.set_num_threads(recipe.run.threads)
    with stop_on_signals() as stopped:
        try:
            run(recipe, resume=resume, monitor=Monitor(_spoken(say), cancelled=stopped))
        except Cancelled:
            checkpoint = recipe.run.folder / CHECKPOINT
            say(
                f"stopped; --resume goes on from {checkpoint}"
                if checkpoint.exists()
                else "stopped before the first step"
            )
            raise
    say(f"the weights are in {recipe.run.folder / WEIGHTS}; docs/train-infill.md says how the studio takes them")


def run(recipe: LineRemovalRecipe, *, resume: bool = False, monitor: Monitor = SILENT) -> LineRemoval:
    """Train to the last step and return the training; errors as `run_config`."""
    folder = recipe.run.folder
    checkpoint = folder / CHECKPOINT
    if not resume and checkpoint.exists():
        raise UserError(f"“{folder}” holds a training already.", "Resume it, or choose another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"“{folder}” cannot be made ({error.strerror}).", "Choose another folder.") from error
    drawings, renders = read_sets(recipe, monitor=monitor.child(0.0, _DATA_SHARE))
    training = LineRemoval(recipe, drawings=drawings, renders=renders)
    if checkpoint.exists():
        training.load(checkpoint)
    with contextlib.closing(Journal(folder, first=training.step)) as journal:
        train(training, journal=journal, monitor=monitor.child(_DATA_SHARE, 1.0))
    return training


def _spoken(say: Say) -> Callable[[float, str], None]:
    """Return a listener that says every step it hears of, other work only now and then, and how long it will take."""
    left = TimeLeft()
    last = -math.inf

    def on_progress(fraction: float, text: str) -> None:
        nonlocal last
        seconds = left.after(fraction)
        if text.startswith("step") or time.monotonic() - last > QUIET_SECONDS:
            last = time.monotonic()
            say(text + ("" if seconds is None else f"  ({shown_seconds(seconds)} left)"))

    return on_progress


def read_sets(recipe: LineRemovalRecipe, *, monitor: Monitor = SILENT) -> tuple[list[LinedPicture], list[LinedPicture]]:
    """Read or draw the drawings and the renders that a recipe names.

    Raises:
        UserError: either set is empty or damaged.
    """
    data = recipe.data
    renders = render_fronts(data.renders, split=data.split, count=data.count, monitor=monitor.child(0.0, 0.2))
    if data.pictures is not None:
        return pictures_with_lines(data.pictures, count=data.count, monitor=monitor.child(0.2, 1.0)), renders
    pairs = drawn_fronts(
        data.renders, split=data.split, count=data.count, drawings=data.drawings, seed=recipe.run.seed,
        monitor=monitor.child(0.2, 1.0),
    )  # fmt: skip
    return [with_twin(pair) for pair in pairs], renders


def with_twin(pair: LinePair) -> LinedPicture:
    """Return a drawing whose line-free twin is known."""
    return lined(pair.drawn, keep=pair.keep, twin=pair.unlined)


class LineRemoval:
    """The two networks, their optimisers and how many steps they have made."""

    def __init__(
        self, recipe: LineRemovalRecipe, *, drawings: Sequence[LinedPicture], renders: Sequence[LinedPicture]
    ) -> None:
        self.recipe = recipe
        self.step = 0
        self.device = chosen_device(recipe.run.device)
        sizes = recipe.network
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.run.seed)
            network = InfillNetwork(width=sizes.width, depth=sizes.depth, use_keep=sizes.keep_input)
            judge = PatchDiscriminator(sizes.discriminator_width)
        self.network, self.judge = network.train().to(self.device), judge.to(self.device)
        self.optimisers = [
            torch.optim.Adam(module.parameters(), lr=recipe.optimiser.rate) for module in (self.network, self.judge)
        ]
        self.drawings = PatchSource(drawings, border=sizes.depth)
        self.renders = PatchSource(renders, border=sizes.depth)
        self.shown = list(drawings[:SHOWN])

    def advance(self) -> dict[str, Tensor]:
        """Make one step and return its losses, unweighted and detached."""
        recipe = self.recipe
        for optimiser in self.optimisers:
            optimiser.param_groups[0]["lr"] = rate_at(self.step, recipe)
        lot = np.random.default_rng([recipe.run.seed, self.step])
        drawn = self.drawings.batch(recipe.optimiser.batch, lot=lot)
        real = self.renders.batch(recipe.optimiser.batch, lot=lot)
        if recipe.loss.identity_mask == "drawings":
            real = dataclasses.replace(real, mask=drawn.mask, keep=drawn.keep)
        losses = self._update(self._moved(drawn), self._moved(real))
        self.step += 1
        return losses

    def _moved(self, patches: Patches) -> Patches:
        return Patches(*(tensor.to(self.device) for tensor in (patches.layers, patches.keep, patches.mask)))

    def _update(self, drawn: Patches, real: Patches) -> dict[str, Tensor]:
        """Update both networks once."""
        weights, label = self.recipe.loss, self.recipe.loss.real_label
        depth = self.network.depth
        inner = slice(depth, depth + PATCH)
        with self._precision():
            # One pass for drawings and renders, so that both share the statistics of the batch normalisation.
            painted = self._painted(drawn, real)
            from_drawn, from_real = painted.float().chunk(2)
            render = real.layers[:, :3, inner, inner]
            repainted = blended(drawn.layers[:, :3, inner, inner], from_drawn, drawn.mask[..., inner, inner])
            losses = {"identity": masked_l1(from_real, render, real.mask[..., inner, inner])}
            if drawn.layers.shape[1] == 6:
                twin = drawn.layers[:, 3:, inner, inner]
                losses["paired"] = masked_l1(from_drawn, twin, drawn.mask[..., inner, inner])
            if weights.adversarial:
                losses["adversarial"] = fooling_loss(self.judge(repainted).float(), real_label=label)
            loss = sum(
                (getattr(weights, name) * value for name, value in losses.items()), torch.zeros((), device=self.device)
            )
        self.optimisers[0].zero_grad()
        loss.backward()
        self.optimisers[0].step()
        if weights.adversarial:
            with self._precision():
                on_real, on_painted = self.judge(torch.cat([render, repainted.detach()])).float().chunk(2)
                losses["discriminator"] = telling_loss(on_real, on_painted, real_label=label)
            self.optimisers[1].zero_grad()
            losses["discriminator"].backward()  # type: ignore[no-untyped-call]
            self.optimisers[1].step()
        return {name: value.detach() for name, value in losses.items()}

    def _painted(self, drawn: Patches, real: Patches) -> Tensor:
        """Run the convolutions without padding: two batches of (n, c, s, s) to (2 n, 3, PATCH, PATCH)."""
        seen = torch.cat([drawn.layers[:, :3] * (1 - drawn.mask), real.layers[:, :3] * (1 - real.mask)])
        if self.network.use_keep:
            seen = torch.cat([seen, torch.cat([drawn.keep, real.keep])], dim=1)
        painted: Tensor = self.network.generator(seen)
        return painted

    def _precision(self) -> torch.autocast:
        half = self.recipe.run.half and self.device.type == "cuda"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=half)

    def save(self, path: Path) -> None:
        """Write everything that `load` needs to go on, whole or not at all; UserError where it cannot."""
        state = {
            "format": _FORMAT,
            "recipe": json.dumps(self.recipe.identity(), sort_keys=True),
            "step": self.step,
            "network": self.network.state_dict(),
            "discriminator": self.judge.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
        }
        write_checkpoint(state, path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            UserError: it is damaged, or of a training with another recipe.
        """
        state = read_checkpoint(path, device=self.device, keys=_HELD)
        recipe = json.loads(state["recipe"])
        if state["format"] != _FORMAT or recipe != json.loads(json.dumps(self.recipe.identity())):
            raise UserError(f"“{path}” belongs to a training with another configuration.", "Choose another folder.")
        self.network.load_state_dict(state["network"])
        self.judge.load_state_dict(state["discriminator"])
        for optimiser, held in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(held)
        self.step = int(state["step"])

    def sample_grid(self) -> NDArray[np.uint8]:
        """Show some drawings beside what the network makes of them: uint8, a row each."""
        rows: list[NDArray[np.uint8]] = []
        network = self.network.eval()
        for picture in self.shown:
            rgb, mask = picture.layers[..., :3], picture.masks[..., -1]
            shape = (1, 1, *mask.shape)
            with torch.inference_mode():
                seen = torch.from_numpy(rgb / np.float32(255)).permute(2, 0, 1)[None].to(self.device)
                lines = torch.from_numpy(mask.astype(np.float32)).reshape(shape).to(self.device)
                stays = torch.from_numpy(picture.keep.astype(np.float32)).reshape(shape).to(self.device)
                free = blended(seen, network(seen, lines, stays), lines)[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
            rows += [_opaque(rgb), _opaque(np.round(free * 255).astype(np.uint8))]
        network.train()
        return contact_sheet(rows, columns=2, side=256)


def train(training: LineRemoval, *, journal: Journal, monitor: Monitor = SILENT) -> None:
    """Make the steps that are left, and write the weights at the end.

    Raises:
        Cancelled: a checkpoint of the steps so far has been written.
    """
    steps, run, folder = training.recipe.optimiser.steps, training.recipe.run, training.recipe.run.folder
    try:
        while training.step < steps:
            monitor.check()
            losses = training.advance()
            done = training.step
            if done % run.log_steps == 0 or done == steps:
                figures = {name: float(value) for name, value in losses.items()}
                journal.report(done, {**figures, "rate": rate_at(done - 1, training.recipe)})
                said = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
                monitor.report(done / steps, f"step {done} of {steps}: {said}")
            if done % run.picture_steps == 0 or done == steps:
                journal.picture(done, training.sample_grid())
            if done % run.checkpoint_steps == 0 or done == steps:
                training.save(folder / CHECKPOINT)
    except Cancelled:
        training.save(folder / CHECKPOINT)
        raise
    write_files({folder / WEIGHTS: save(half_precision(training.network))})


def rate_at(step: int, recipe: LineRemovalRecipe) -> float:
    """Return the learning rate of a step: steady, then along half a cosine down to a fiftieth."""
    options = recipe.optimiser
    done = step / options.steps
    if done <= options.steady:
        return options.rate
    fall = (done - options.steady) / (1 - options.steady)
    return options.rate * (0.02 + 0.49 * (1 + math.cos(math.pi * fall)))


def _opaque(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
