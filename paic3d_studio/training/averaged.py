"""What the trainings of single networks share: optimisers, a running average of the weights, and checkpoints."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import torch
from torch import Tensor, nn

from paic3d_studio.errors import UserError
from paic3d_studio.training.checkpoints import read_checkpoint, write_checkpoint

N = TypeVar("N", bound=nn.Module)

_HELD: Final = ("step", "network", "average", "optimisers")


class AveragedTraining(Generic[N]):
    """A network, its running average, its optimisers, and how many steps they have seen.

    Muon (Jordan 2024, https://kellerjordan.github.io/posts/muon) moves a kernel by a matrix whose singular values are
    all about the same, so that no direction is learnt much later than others; how far, is scaled to about AdamW's steps
    (Liu et al. 2025, https://arxiv.org/abs/2502.16982).

    Args:
        network: what learns; contiguous, and on its device already.
        weight_decay: of both optimisers.
        average: what share of the running average a step keeps.
        clip: longest gradient that is followed in full.
        kernels: weights (outputs, ...) that Muon moves; AdamW moves all others.
    """

    def __init__(
        self, network: N, *, weight_decay: float, average: float, clip: float, kernels: Sequence[nn.Parameter] = ()
    ) -> None:
        self.network = network
        self.average = copy.deepcopy(network).requires_grad_(False).eval()
        moved = {id(kernel) for kernel in kernels}
        others = [parameter for parameter in network.parameters() if id(parameter) not in moved]
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=weight_decay)
        ]
        self._matrices = [
            (kernel, nn.Parameter(kernel.data.view(len(kernel), -1))) for kernel in kernels
        ]  # the same memory
        if self._matrices:
            matrices = [matrix for _, matrix in self._matrices]
            self.optimisers.append(
                torch.optim.Muon(matrices, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
            )
        self.step = 0
        self.skipped = 0
        """Steps whose loss was not finite, since training began or was resumed; they changed no weight."""
        self._keep, self._clip = average, clip

    def descend(self, terms: dict[str, Tensor], *, rate: float) -> dict[str, float]:
        """Take one step down the sum of `terms` at a learning rate, and return them as numbers."""
        total = torch.stack(list(terms.values())).sum()
        self.network.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self._clip)
        for kernel, matrix in self._matrices:
            matrix.grad = None if kernel.grad is None else kernel.grad.flatten(1)
        if torch.isfinite(total):
            for optimiser in self.optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = rate
                optimiser.step()
        else:
            self.skipped += 1
        self.step += 1
        self._follow()
        return {name: term.item() for name, term in terms.items()}

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the network, quickly at first."""
        keep = min(self._keep, self.step / (self.step + 10))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - keep)
        for kept, seen in zip(self.average.buffers(), self.network.buffers(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(seen, 1 - keep)
            else:
                kept.copy_(seen)

    def save_checkpoint(self, path: Path) -> None:
        """Write everything that going on needs, whole or not at all; UserError where it cannot."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
        }
        write_checkpoint(state, path)

    def load_checkpoint(self, path: Path) -> None:
        """Go on from a checkpoint; reading it runs no code.

        Raises:
            UserError: it cannot be read, is none, or was begun with another optimiser; nothing is loaded then.
        """
        state = read_checkpoint(path, device=torch.device("cpu"), keys=_HELD)
        if [_sizes(held) for held in state["optimisers"]] != [_sizes(one.state_dict()) for one in self.optimisers]:
            raise UserError(f"“{path}” was begun with another optimiser.", "Name the one it was begun with.")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimiser, held in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(held)
        self.step = int(state["step"])


def _sizes(state: dict[str, Any]) -> list[int]:
    """Return how many weights each group of an optimiser's state has."""
    return [len(group["params"]) for group in state["param_groups"]]


def falling(along: float) -> float:
    """Return half a cosine from one down to one per cent, for `along` 0..1."""
    return 0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * min(max(along, 0.0), 1.0)))
