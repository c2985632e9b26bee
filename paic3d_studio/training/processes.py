"""Several processes that train one network, each on its share of every batch (torchrun)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import torch
from torch import Tensor, distributed, nn

from paic3d_studio.errors import UserError


class World:
    """All processes of a training; one alone where torchrun did not start more.

    Args:
        device: where this process computes.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        if self.size > 1 and not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def share(self, batch: int) -> slice:
        """Return which samples of a batch this process takes.

        Raises:
            UserError: the batch does not divide.
        """
        if batch % self.size:
            raise UserError(
                f"A batch of {batch} cannot be shared by {self.size} processes.",
                "Choose optimiser.batch as a multiple of their number.",
            )
        count = batch // self.size
        return slice(self.rank * count, (self.rank + 1) * count)

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of a tensor over the processes."""
        if self.size == 1:
            return values
        total = values.clone()
        distributed.all_reduce(total)
        return total / self.size

    def any(self, answer: bool) -> bool:
        """Return whether any process says yes."""
        return bool(self.mean(torch.tensor([float(answer)], device=self.device)).item() > 0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every process the mean gradient, and make it finite."""
        with_gradient = [parameter for parameter in parameters if parameter.grad is not None]
        if not with_gradient:
            return
        flat = torch.cat([parameter.grad.flatten() for parameter in with_gradient if parameter.grad is not None])
        flat = self.mean(flat).nan_to_num(nan=0.0, posinf=1e5, neginf=-1e5)
        parts = torch.split(flat, [parameter.numel() for parameter in with_gradient])
        for parameter, part in zip(with_gradient, parts, strict=True):
            parameter.grad = part.view_as(parameter)

    def close(self) -> None:
        """Leave the group.

        Together with all others, since one that goes early can abort while gloo is taken down; but alone when an error
        is on its way, since the others may not be leaving.
        """
        if self.size > 1 and distributed.is_initialized():
            if sys.exc_info()[0] is None:
                distributed.barrier()
            distributed.destroy_process_group()


def chosen_device(wanted: str) -> torch.device:
    """Return the device of this process: `auto`, `cpu` or `cuda`.

    Raises:
        UserError: a GPU is asked for and there is none.
    """
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise UserError("The configuration asks for a GPU, and torch finds none.", "Set run.device to “auto”.")
    if wanted == "cpu" or not there:
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device
