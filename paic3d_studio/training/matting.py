"""Train the matting network on drawn portraits before backgrounds of all kinds.

    python -m paic3d_studio.training.matting --characters DIR --cache DIR --out FILE

Ctrl-C leaves a checkpoint; the same command with `--resume` goes on from it. The same arguments draw the same samples.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from paic3d_studio.datasets.face_samples import FaceBank, matte_sample
from paic3d_studio.nets.matting_network import MattingNetwork, face_bell
from paic3d_studio.training.small_networks import Batch, Task, fit_parser, run_fit

SIDE: Final = 160
"""Side of the pictures that training sees, in pixels; the finished network sees 256."""


def portraits(bank: FaceBank, lot: np.random.Generator, count: int) -> Batch:
    """Draw portraits with alpha."""
    drawn = [matte_sample(bank, lot, side=SIDE) for _ in range(count)]
    boxes = torch.tensor([(left, top, side, side) for left, top, side in (sample.box for sample in drawn)])
    rgb = torch.from_numpy(np.stack([sample.rgb for sample in drawn])).permute(0, 3, 1, 2).float() / 255
    alpha = torch.from_numpy(np.stack([sample.alpha for sample in drawn]))[:, None].float() / 255
    return {
        "rgb": rgb.contiguous(memory_format=torch.channels_last),
        "alpha": alpha,
        "face": face_bell(boxes, height=SIDE, width=SIDE),
    }


def mirrored(batch: Batch) -> Batch:
    """Mirror portraits with their alpha."""
    return {name: maps.flip(-1) for name, maps in batch.items()}


def losses(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Return cross entropy, the overlap that is missing, and the error of alpha's edges."""
    logit = network(batch["rgb"], batch["face"])
    alpha, share = batch["alpha"], torch.sigmoid(logit)
    both, either = (share * alpha).sum(dim=(1, 2, 3)), (share + alpha - share * alpha).sum(dim=(1, 2, 3))
    return {
        "cross": F.binary_cross_entropy_with_logits(logit, alpha),
        "overlap": 0.3 * (1 - (both + 1) / (either + 1)).mean(),
        "edges": 2 * ((_across(share) - _across(alpha)).abs().mean() + (_down(share) - _down(alpha)).abs().mean()),
    }


def _across(maps: Tensor) -> Tensor:
    return maps[..., 1:] - maps[..., :-1]


def _down(maps: Tensor) -> Tensor:
    return maps[..., 1:, :] - maps[..., :-1, :]


TASK: Final = Task(MattingNetwork, portraits, mirrored, losses)
"""What is learned here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train; return the exit code."""
    parser = fit_parser("Train the matting network.", steps=1_200, batch=16)
    return run_fit(TASK, parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
