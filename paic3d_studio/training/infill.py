"""Train the infill network that repaints contour lines (PAniC-3D, section 3.1).

    python -m paic3d_studio.training.infill DATA OUT.safetensors

DATA holds the folders `characters` and `composites` of sample characters. Everything with the held-out face or hair is
kept for the figures that the command prints at its end.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.characters import character_files
from paic3d_studio.datasets.line_pairs import LinePair, line_pairs
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.nets.infill import InfillNetwork, blended, paint_by_telea
from paic3d_studio.nets.perceptual import PerceptualDistance, perceptual_distance
from paic3d_studio.training.infill_losses import PatchDiscriminator, fooling_loss, masked_l1, telling_loss
from paic3d_studio.training.infill_patches import DILATIONS, PATCH
from paic3d_studio.training.precision import processor_precision


@dataclasses.dataclass(frozen=True)
class InfillRecipe:
    """What is trained and for how long.

    `identity` weighs the L1 of renders repainted under the lines of drawings, `adversarial` the judgement of the
    discriminator, `paired` the L1 against the line-free twin, which only synthetic drawings have, and `perceptual` the
    distance from it by the features of EfficientNet-Lite0, over the whole patch. `patch` is the side of the patches in
    pixels: features need more of the picture round a line than L1. `half` computes the convolutions in bfloat16.
    """

    pairs: int = 96
    steps: int = 1000
    batch: int = 48
    rate: float = 1e-3
    identity: float = 1.0
    adversarial: float = 0.1
    paired: float = 1.0
    perceptual: float = 0.0
    patch: int = PATCH
    half: bool = False
    seed: int = 1


class PatchSource:
    """Cuts patches around lines out of drawings, with the border that the network's valid convolutions use up."""

    def __init__(self, pairs: Sequence[LinePair], *, border: int, seed: int, patch: int = PATCH) -> None:
        self.lot = np.random.default_rng(seed)
        self.border, self.patch = border, patch
        reach = patch // 2 + border
        pad = ((reach, reach), (reach, reach), (0, 0))
        self.pictures = [
            np.pad(np.concatenate([p.drawn, p.unlined, p.render], axis=-1), pad, mode="edge") for p in pairs
        ]
        masks = [np.stack([p.line_mask(d) for d in DILATIONS], axis=-1) for p in pairs]
        self.centres = [np.argwhere(m[..., 0]) for m in masks]
        self.masks = [np.pad(m, pad, mode="edge") for m in masks]

    def batch(self, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return drawn, unlined, render (n, 3, s, s) in 0..1 and the line mask (n, 1, s, s); s = patch + 2 border."""
        side = self.patch + 2 * self.border
        pictures = np.empty((size, side, side, 9), np.uint8)
        masks = np.empty((size, side, side, 1), np.float32)
        for i in range(size):
            k = int(self.lot.integers(len(self.pictures)))
            row, column = self.centres[k][int(self.lot.integers(len(self.centres[k])))]
            window = np.s_[row : row + side, column : column + side]
            grown = int(self.lot.integers(len(DILATIONS)))
            cut, mask = self.pictures[k][window], self.masks[k][window][..., grown : grown + 1]
            flip, turn = bool(self.lot.integers(2)), int(self.lot.integers(4))
            pictures[i] = np.rot90(cut[:, ::-1] if flip else cut, turn)
            masks[i] = np.rot90(mask[:, ::-1] if flip else mask, turn)
        stacked = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        drawn, unlined, render = stacked[:, :3], stacked[:, 3:6], stacked[:, 6:]
        return drawn, unlined, render, torch.from_numpy(masks).permute(0, 3, 1, 2)


def train(
    pairs: Sequence[LinePair],
    *,
    recipe: InfillRecipe,
    start: Mapping[str, Tensor] | None = None,
    monitor: Monitor = SILENT,
) -> InfillNetwork:
    """Train an infill network on drawings, from `start` where given; one thread and equal seeds give equal weights.

    The discriminator compares repainted drawings with renders of other patches; the L1 terms are taken under the line
    mask, the only place where the network's answer is used. The rate falls along a half cosine in the last third.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network, judge = InfillNetwork().train(), PatchDiscriminator()
    if start is not None:
        network.load_state_dict(dict(start))
    distance = perceptual_distance("efficientnet-lite0") if recipe.perceptual else None
    source = PatchSource(pairs, border=network.depth, seed=recipe.seed, patch=recipe.patch)
    steps = recipe.steps
    optimisers = [torch.optim.Adam(module.parameters(), lr=recipe.rate) for module in (network, judge)]
    for step in range(steps):
        done = step / steps
        for optimiser in optimisers:
            optimiser.param_groups[0]["lr"] = recipe.rate * _decay(done)
        loss = _step(network, judge, source, optimisers, recipe, distance)
        monitor.report(done, f"step {step} of {steps}: L1 {loss:.4f}")
    return network.eval()


def _decay(done: float) -> float:
    """Share of the learning rate after `done` of the steps: 1 for two thirds, then half a cosine to 0.02."""
    return 1.0 if done < 2 / 3 else 0.02 + 0.49 * (1 + float(np.cos(np.pi * (done - 2 / 3) * 3)))


def _step(
    network: InfillNetwork,
    judge: PatchDiscriminator,
    source: PatchSource,
    optimisers: Sequence[torch.optim.Optimizer],
    recipe: InfillRecipe,
    distance: PerceptualDistance | None,
) -> float:
    """Update both networks once; returns the paired L1 under the mask."""
    drawn, unlined, _, mask = source.batch(recipe.batch)
    _, _, render, _ = source.batch(recipe.batch)
    inner = slice(source.border, source.border + recipe.patch)
    inside = mask[..., inner, inner]
    # One pass for drawings and renders, so that both share the statistics of the batch normalisation.
    with processor_precision(half=recipe.half):
        painted = _valid(network, torch.cat([drawn, render]), torch.cat([mask, mask]))
    from_drawn, from_render = painted.float().chunk(2)
    repainted = blended(drawn[..., inner, inner], from_drawn, inside)
    real = render[..., inner, inner]
    identity = masked_l1(from_render, real, inside)
    wanted = unlined[..., inner, inner]
    paired = masked_l1(from_drawn, wanted, inside)
    fooled = judge(repainted)
    loss = recipe.identity * identity + recipe.paired * paired
    loss = loss + recipe.adversarial * fooling_loss(fooled)
    if distance is not None:
        with processor_precision(half=recipe.half):
            far = distance(repainted, wanted)
        loss = loss + recipe.perceptual * far.float().mean()
    optimisers[0].zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimisers[0].step()
    if recipe.adversarial:
        on_real, on_painted = judge(torch.cat([real, repainted.detach()])).chunk(2)
        told = telling_loss(on_real, on_painted)
        optimisers[1].zero_grad()
        told.backward()  # type: ignore[no-untyped-call]
        optimisers[1].step()
    return float(paired.detach())


def _valid(network: InfillNetwork, picture: Tensor, mask: Tensor) -> Tensor:
    """Run the convolutions without padding: (N, 3, s, s) -> (N, 3, s - 2 depth, s - 2 depth)."""
    painted: Tensor = network.generator(picture * (1 - mask))
    return painted


def psnr_under_lines(
    pairs: Sequence[LinePair], painter: Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[np.float32]]
) -> dict[str, float]:
    """Return PSNR in dB under the line mask (dilation 2), pooled over pairs, against unlined twin and render."""
    squares: dict[str, list[NDArray[np.float64]]] = {"unlined": [], "render": []}
    for pair in pairs:
        mask = pair.line_mask(2)
        drawn = np.asarray(pair.drawn / 255, np.float32)
        painted = np.clip(painter(drawn, mask), 0, 1)[mask]
        for name in squares:
            wanted = getattr(pair, name)[mask].astype(np.float64) / 255
            squares[name].append(((painted - wanted) ** 2).ravel())
    return {name: float(-10 * np.log10(np.concatenate(parts).mean())) for name, parts in squares.items()}


def figures(pairs: Sequence[LinePair], network: InfillNetwork) -> dict[str, dict[str, float]]:
    """Return the PSNR of the network, of Telea's method and of leaving the lines, under the line mask."""

    def by_network(picture: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        with torch.inference_mode():
            painted = network(
                torch.from_numpy(picture).permute(2, 0, 1)[None], torch.from_numpy(mask.astype(np.float32))[None, None]
            )
        return np.asarray(painted[0].permute(1, 2, 0).numpy())

    return {
        "network": psnr_under_lines(pairs, by_network),
        "telea": psnr_under_lines(pairs, lambda p, m: paint_by_telea(p, line_mask=m, keep=~m)),
        "lines left": psnr_under_lines(pairs, lambda p, _: p),
    }


def half_precision(network: InfillNetwork) -> dict[str, Tensor]:
    """Return the state dict with floats as float16, as it is shipped."""
    return {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }


def started_from(path: Path) -> dict[str, Tensor]:
    """Return the tensors that an earlier training wrote, floats as float32.

    Raises:
        UserError: the file cannot be read, or is none.
    """
    try:
        tensors = load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"“{path}” cannot be read as weights ({error}).", "Choose a file that a training wrote."
        ) from error
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def manifest_table(path: Path, encoded: bytes, metrics: dict[str, float], *, also: str = "") -> str:
    """Return the manifest entry of the written weights; `also` names a folder of more characters."""
    drawn = "VRoid sample models" + (f" and the characters in {also}" if also else "")
    figures_text = ", ".join(f"{name} = {value:.2f}" for name, value in metrics.items())
    return (
        f'[weights.infill]\nfile = "{path.name}"\nsha256 = "{hashlib.sha256(encoded).hexdigest()}"\n'
        f'bytes = {len(encoded)}\nnetwork = "infill"\nlicence = "Apache-2.0"\n'
        f"trained_on = {json.dumps(f'drawings synthesised from {drawn}, see infill.md')}\n"
        f"metrics = {{ {figures_text} }}\n\n[weights.infill.config]\nwidth = 32\ndepth = 6\nuse_keep = false\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the data, train, print the figures on held-out characters and write the weights."""
    defaults = InfillRecipe()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder that holds “characters” and “composites”")
    parser.add_argument("out", type=Path, help="safetensors file to write")
    for name, usual in dataclasses.asdict(defaults).items():
        if isinstance(usual, bool):
            parser.add_argument(f"--{name}", action="store_true")
        else:
            parser.add_argument(f"--{name}", type=type(usual), default=usual)
    parser.add_argument("--start", type=Path, help="safetensors file whose weights training begins with")
    parser.add_argument("--also", type=Path, help="folder of more characters to draw, made by rules for example")
    parser.add_argument("--also-pairs", type=int, default=96, help="drawings of those")
    parser.add_argument("--held-out", type=int, default=16, help="pairs to measure on")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    recipe = InfillRecipe(**{field.name: getattr(chosen, field.name) for field in dataclasses.fields(defaults)})
    started = time.monotonic()
    try:
        start = None if chosen.start is None else started_from(chosen.start)
        pairs = list(line_pairs(character_files(chosen.data), count=recipe.pairs, seed=recipe.seed))
        if chosen.also is not None:
            pairs += line_pairs(character_files(chosen.also), count=chosen.also_pairs, seed=recipe.seed + 1)
        unseen_files = character_files(chosen.data, held_out=True)
        unseen = list(line_pairs(unseen_files, count=chosen.held_out, seed=recipe.seed + 1000, varied=False))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(pairs)} pairs drawn in {time.monotonic() - started:.0f} s", flush=True)

    def say(fraction: float, text: str) -> None:
        if round(fraction * recipe.steps) % 50 == 0:
            print(f"{time.monotonic() - started:6.0f} s  {text}", flush=True)

    network = train(pairs, recipe=recipe, start=start, monitor=Monitor(say))
    encoded = save(half_precision(network))
    network.load_state_dict({name: tensor.float() for name, tensor in half_precision(network).items()})
    found = figures(unseen, network)
    print(json.dumps(found, indent=1))
    write_files({chosen.out: encoded})
    shown = {f"{who.replace(' ', '_')}_{what}_psnr": found[who][what] for who in found for what in found[who]}
    print(manifest_table(chosen.out, encoded, shown, also="" if chosen.also is None else chosen.also.name))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
