"""Training the published generator as the paper does: one Adam step per phase (specification, section 2).

Phases of a step: adversarial, front, left, right and back reconstruction, every so often density regularisation, then
the discriminator and every so often R1.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from paic3d_studio.errors import UserError
from paic3d_studio.nets.backbones.config import ReconstructorConfig
from paic3d_studio.nets.backbones.published import TAG_RESOLUTION, PublishedBackbone
from paic3d_studio.nets.modulated import NoiseMode
from paic3d_studio.nets.perceptual import PerceptualDistance
from paic3d_studio.nets.tagger import Tagger
from paic3d_studio.nets.volume import RaySampling
from paic3d_studio.training import losses
from paic3d_studio.training.checkpoints import read_checkpoint, write_checkpoint
from paic3d_studio.training.discriminators import DualDiscriminator
from paic3d_studio.training.processes import World
from paic3d_studio.training.recipe import ReconstructorRecipe, ViewLosses
from paic3d_studio.training.rendering import Planes, Streams, Views, field_at, planes_of, views_of
from paic3d_studio.training.views import TrainingBatch, ViewTruth

_STYLE_AVERAGE: Final = 0.998
"""How much of the running average of style codes a step keeps (StyleGAN2)."""

_LOTS: Final = ("adversarial", "front", "left", "right", "back", "density", "judge", "penalty", "style")
"""What random numbers are drawn for; the place in this list is part of the seed."""

_DEPTH_AXIS: Final[Mapping[str, int]] = {"front": 2, "back": 2, "left": 0, "right": 0}

_HELD: Final = ("step", "identity", "network", "average", "judge", "optimisers")
"""What a checkpoint holds."""

Terms = dict[str, Tensor]
"""Weighted terms of a loss by name, one number per picture (N,)."""


@dataclasses.dataclass(frozen=True)
class Phase:
    """One Adam step: whose parameters, every how many steps, and what it lowers."""

    name: str
    side: Literal["network", "judge"]
    loss: Callable[[TrainingBatch], Terms]
    every: int = 1


class Trainer:
    """Generator, discriminator, running average, optimisers, and how many steps they have seen.

    Args:
        recipe: what is trained; ablations are carried out here.
        device: where it computes.
        world: the processes that train together; one alone when None.
        distance: the perceptual distance, if the recipe counts one.
        tagger: for the condition; None gives zeros.
    """

    def __init__(
        self,
        recipe: ReconstructorRecipe,
        *,
        device: torch.device | None = None,
        world: World | None = None,
        distance: PerceptualDistance | None = None,
        tagger: Tagger | None = None,
    ) -> None:
        self.recipe = recipe.ablated()
        self.device = device or torch.device("cpu")
        self.world = world or World(self.device)
        if self.recipe.loss.wants_perceptual and distance is None:
            raise ValueError("the recipe counts a perceptual distance, and none was given")
        self.distance, self.tagger = distance, tagger
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.run.seed)
            self.network = cast(PublishedBackbone, ReconstructorConfig("published", self.recipe.network).build())
            self.judge = DualDiscriminator(self.recipe.discriminator, size=self.recipe.network.output_size)
        self.network.to(self.device)
        self.judge.to(self.device)
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        self.network.decoder.widened = True  # in training only (EG3D)
        options = self.recipe.run
        self.half = options.half and self.device.type == "cuda"
        rays = self.recipe.rays
        self.sampling = RaySampling(rays.near, rays.far, rays.coarse, rays.fine)
        self.phases = self._phases()
        self.optimisers = {
            "network": self._optimiser(self.network, self.recipe.optimiser.rate_generator, self._lazy("network")),
            "judge": self._optimiser(self.judge, self.recipe.optimiser.rate_discriminator, self._lazy("judge")),
        }
        self.step = 0

    def _phases(self) -> tuple[Phase, ...]:
        """Return the phases whose weights are not all 0, in the paper's order."""
        loss = self.recipe.loss
        weights = {"front": loss.front, "left": loss.sides, "right": loss.sides, "back": loss.back}
        phases: list[Phase] = []
        if loss.adversarial:
            phases.append(Phase("adversarial", "network", self._adversarial))
        for view, counts in weights.items():
            if counts.any:
                phases.append(Phase(view, "network", partial(self._reconstruction, name=view, weights=counts)))
        if loss.density:
            phases.append(Phase("density", "network", self._density, loss.density_every))
        if loss.adversarial:
            phases.append(Phase("judge", "judge", self._judging))
            if loss.r1_gamma:
                phases.append(Phase("penalty", "judge", self._penalty, loss.r1_every))
        return tuple(phases)

    def _lazy(self, side: str) -> int:
        """Return every how many steps one side is regularised; 0 when it never is."""
        return next((phase.every for phase in self.phases if phase.side == side and phase.every > 1), 0)

    def _optimiser(self, module: nn.Module, rate: float, lazy: int) -> torch.optim.Adam:
        """Return Adam whose rate and memory allow for the additional step of lazy regularisation (StyleGAN2)."""
        options = self.recipe.optimiser
        ratio = lazy / (lazy + 1) if lazy else 1.0
        return torch.optim.Adam(
            module.parameters(), lr=rate * ratio, betas=(0.0, options.beta2**ratio), eps=options.epsilon
        )

    def train(self, batch: TrainingBatch) -> dict[str, float]:
        """Take one step, all its phases, and return the weighted terms of this process."""
        said: dict[str, float] = {}
        for phase in self.phases:
            if self.step % phase.every == 0:
                said |= self.gradients(phase, batch)
                self.optimisers[phase.side].step()
        self._follow(batch)
        self.step += 1
        return said

    def gradients(self, phase: Phase, batch: TrainingBatch) -> dict[str, float]:
        """Leave the gradients of one phase, averaged over the processes, and return its terms in this one."""
        module, other = (self.network, self.judge) if phase.side == "network" else (self.judge, self.network)
        self.optimisers[phase.side].zero_grad(set_to_none=True)
        said: dict[str, float] = {}
        with _frozen(other):
            for part in batch.parts(self.recipe.optimiser.at_once, self.device):
                terms = phase.loss(part)
                total = torch.stack(list(terms.values())).sum()
                (total * (phase.every / len(batch))).backward()  # type: ignore[no-untyped-call]
                for name, term in terms.items():
                    key = f"{phase.name}.{name}" if name else phase.name
                    said[key] = said.get(key, 0.0) + float(term.detach().sum()) / len(batch)
        self.world.average_gradients(module.parameters())
        return said

    def _streams(self, lot: str, part: TrainingBatch) -> Streams:
        """Return one generator per sample, which depends on the seed, the sample's number and the phase alone."""
        seeds = (np.random.SeedSequence((self.recipe.run.seed, 2, _LOTS.index(lot), n)) for n in part.numbers)
        made = [torch.Generator(self.device) for _ in part.numbers]
        for generator, seed in zip(made, seeds, strict=True):
            generator.manual_seed(int(seed.generate_state(1, np.uint64)[0] >> 1))
        return made

    def codes(self, streams: Streams) -> Tensor:
        """Draw one z per generator, (N, z_dim)."""
        size = self.recipe.network.z_dim
        return torch.stack([torch.randn(size, generator=each, device=self.device) for each in streams])

    def _planes(self, part: TrainingBatch, streams: Streams) -> Planes:
        z = self.codes(streams)
        noise: NoiseMode = streams if self.recipe.run.noise == "random" else "const"
        return planes_of(self.network, part.picture, self.tags(part), z=z, noise=noise, half=self.half)

    def tags(self, part: TrainingBatch) -> Tensor:
        """Return the tagger's features of the fronts, or zeros without a tagger, (N, C, 8, 8)."""
        if self.tagger is None:
            count = self.recipe.network.tag_channels
            return torch.zeros(len(part), count, TAG_RESOLUTION, TAG_RESOLUTION, device=self.device)
        with torch.no_grad():
            found: Tensor = self.tagger(part.on_black)
        return found[:, : self.recipe.network.tag_channels]

    def _views(self, planes: Planes, view: ViewTruth, streams: Streams) -> Views:
        return views_of(
            self.network,
            planes,
            view.origins,
            view.directions,
            sampling=self.sampling,
            streams=streams,
            half=self.half,
        )

    def _judged(self, final: Tensor, raw: Tensor, label: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            logits: Tensor = self.judge(final, raw, label)
        return logits.float()

    def _adversarial(self, part: TrainingBatch) -> Terms:
        streams, view = self._streams("adversarial", part), part.views["asked"]
        made = self._views(self._planes(part, streams), view, streams)
        logits = self._judged(made.final, made.raw, view.label)
        return {"": losses.taken_for_render(logits) * self.recipe.loss.adversarial}

    def _reconstruction(self, part: TrainingBatch, *, name: str, weights: ViewLosses) -> Terms:
        streams, truth = self._streams(name, part), part.views[name]
        made = self._views(self._planes(part, streams), truth, streams)
        return view_terms(
            made,
            truth,
            weights=weights,
            axis=_DEPTH_AXIS[name],
            silhouette_norm=self.recipe.loss.silhouette_norm,
            distance=self.distance,
        )

    def _density(self, part: TrainingBatch) -> Terms:
        streams, loss = self._streams("density", part), self.recipe.loss
        planes = self._planes(part, streams)
        side, count = self.recipe.network.box_side, loss.density_points
        drawn = torch.stack([torch.rand(count, 3, generator=each, device=self.device) for each in streams])
        offset = torch.stack([torch.randn(count, 3, generator=each, device=self.device) for each in streams])
        xyz = (drawn - 0.5) * side
        both = field_at(self.network, planes, torch.cat([xyz, xyz + offset * loss.density_sigma], dim=1)).density
        return {"": losses.density_roughness(both[:, :count], both[:, count:]) * loss.density}

    def _judging(self, part: TrainingBatch) -> Terms:
        streams, asked, seen = self._streams("judge", part), part.views["asked"], part.views["seen"]
        with torch.no_grad():
            made = self._views(self._planes(part, streams), asked, streams)
        generated = losses.taken_for_generated(self._judged(made.final, made.raw, asked.label))
        return {"generated": generated, "render": losses.taken_for_render(self._judged(seen.rgb, seen.raw, seen.label))}

    def _penalty(self, part: TrainingBatch) -> Terms:
        seen = part.views["seen"]
        # The gradient by pictures from -1 to 1, for which gamma was chosen (StyleGAN2); by 0..1 it is twice as steep.
        final, raw = ((picture * 2 - 1).requires_grad_() for picture in (seen.rgb, seen.raw))
        logits = self.judge((final + 1) / 2, (raw + 1) / 2, seen.label)
        return {"": losses.gradient_penalty(logits, (final, raw), gamma=self.recipe.loss.r1_gamma)}

    @torch.no_grad()
    def _follow(self, batch: TrainingBatch) -> None:
        """Move the running averages: of the style codes towards this batch's, of the weights towards the network's."""
        options = self.recipe.optimiser
        mapping = self.network.backbone.mapping
        camera = torch.zeros(len(batch), self.recipe.network.camera_dim, device=self.device)
        style = mapping(self.codes(self._streams("style", batch)), camera).mean(dim=0)
        mapping.w_avg.lerp_(self.world.mean(style), 1 - _STYLE_AVERAGE)
        keep = 0.5 ** (options.batch / (options.average_kimg * 1000)) if options.average_kimg else 0.0
        torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - keep)
        for mean, own in zip(self.average.buffers(), self.network.buffers(), strict=True):
            mean.copy_(own)

    @torch.no_grad()
    def look(self, batch: TrainingBatch, view: str) -> Views:
        """Render a view with the running average as the studio does: the code of seed 0, samples where it has them."""
        (part,) = batch.parts(0, self.device)
        z = self.average.code(seed=0).to(self.device).expand(len(part), -1)
        planes = planes_of(self.average, part.picture, self.tags(part), z=z)
        truth, doubled = part.views[view], self.recipe.rays
        sampling = RaySampling(doubled.near, doubled.far, 2 * doubled.coarse, 2 * doubled.fine)
        return views_of(self.average, planes, truth.origins, truth.directions, sampling=sampling)

    def save(self, path: Path) -> None:
        """Write a checkpoint: everything that going on needs, whole or not at all.

        Raises:
            UserError: it cannot be written.
        """
        state = {
            "step": self.step,
            "identity": json.dumps(self.recipe.identity()),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "judge": self.judge.state_dict(),
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
        }
        write_checkpoint(state, path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint; reading it runs no code.

        Raises:
            UserError: it cannot be read, or belongs to another recipe.
        """
        state = read_checkpoint(path, device=self.device, keys=_HELD)
        changed = sorted(_differences(json.loads(state["identity"]), self.recipe.identity()))
        if changed:
            raise UserError(
                f"The checkpoint “{path}” was made with another configuration: {', '.join(changed)}.",
                "Put these back as they were, or train into another folder.",
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.judge.load_state_dict(state["judge"])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.step = int(state["step"])


def view_terms(
    made: Views,
    truth: ViewTruth,
    *,
    weights: ViewLosses,
    axis: int,
    silhouette_norm: losses.Norm,
    distance: PerceptualDistance | None,
) -> Terms:
    """Return the weighted reconstruction terms of one view whose weights are not 0.

    Raises:
        ValueError: the perceptual distance counts, and there is none.
    """
    terms: Terms = {}
    if weights.l1:
        terms["l1"] = weights.l1 * losses.rgb_l1(made.final, truth.rgb)
    if weights.perceptual:
        if distance is None:
            raise ValueError("the perceptual distance counts, and there is none")
        terms["perceptual"] = weights.perceptual * distance(made.final, truth.rgb)
    if weights.silhouette:
        terms["silhouette"] = weights.silhouette * losses.silhouette(made.alpha, truth.alpha, norm=silhouette_norm)
    if weights.depth:
        error = losses.depth(made.xyz, truth.xyz, weight=made.alpha, alpha=truth.alpha, axis=axis)
        terms["depth"] = weights.depth * error
    if weights.raw_l1:
        terms["raw_l1"] = weights.raw_l1 * losses.rgb_l1(made.raw, truth.raw)
    return terms


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """Let no gradient reach a module's parameters."""
    module.requires_grad_(False)
    try:
        yield
    finally:
        module.requires_grad_(True)


def _differences(one: Any, other: Any, place: str = "") -> Iterator[str]:
    """Yield the places at which two tables differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from _differences(one.get(key), other.get(key), f"{place}.{key}" if place else key)
    elif one != other:
        yield place
