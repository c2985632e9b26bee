"""Train the face finder or the landmark network on drawn portraits with known landmarks.

    python -m paic3d_studio.training.landmarks finder --characters DIR --cache DIR --out FILE
    python -m paic3d_studio.training.landmarks landmarks --characters DIR --cache DIR --out FILE

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

from paic3d_studio.datasets.drawn_faces import MIRRORED
from paic3d_studio.datasets.face_samples import FaceBank, crop_sample, scene_sample
from paic3d_studio.nets.face_networks import CROP_REACH, CROP_SIDE, STRIDE, FaceFinder, LandmarkNetwork
from paic3d_studio.training.small_networks import Batch, Task, fit_parser, run_fit

SCENE_SIDE: Final = 160
"""Side of the pictures in which the finder learns to find faces, in pixels."""

_HEAT_SPREAD: Final = 1.6  # pixels of the heatmap
_HARD: Final = torch.tensor([0.6] * 5 + [0.6] * 6 + [1.4] * 12 + [1.0] + [1.4] * 4)
"""How much each landmark counts: hulls hang on eyes and mouth, contour and brows are often hidden."""


def crops(bank: FaceBank, lot: np.random.Generator, count: int) -> Batch:
    """Draw cut-outs of faces."""
    drawn = [crop_sample(bank, lot, side=CROP_SIDE, reach=CROP_REACH) for _ in range(count)]
    return {
        "rgb": _pictures([sample.rgb for sample in drawn]),
        "face": torch.tensor([float(sample.face) for sample in drawn]),
        "exact": torch.tensor([float(sample.exact) for sample in drawn]),
        "points": torch.from_numpy(np.stack([sample.points for sample in drawn])),
        "turn": torch.tensor([sample.turn for sample in drawn]),
    }


def mirrored_crops(batch: Batch) -> Batch:
    """Mirror cut-outs with their landmarks."""
    points = batch["points"][:, torch.from_numpy(MIRRORED)] * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    turn = batch["turn"] * torch.tensor([-1.0, 1.0])
    return {**batch, "rgb": batch["rgb"].flip(-1), "points": points, "turn": turn}


def crop_losses(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Return heatmaps against bells, places, the error that is expected, presence, turn."""
    read = network(batch["rgb"])
    inside = ((batch["points"] > 0.0) & (batch["points"] < 1.0)).all(dim=-1).float()
    weight = batch["exact"][:, None] * inside * _HARD
    total = weight.sum().clamp_min(1.0)
    error = (read.points - batch["points"]).norm(dim=-1)
    spread = read.log_error.clamp(-7, 0)
    turned = (read.turn - batch["turn"]).abs().sum(dim=-1) * batch["face"]
    return {
        "heat": 0.25 * (_heat_loss(read.heat, batch["points"]) * weight).sum() / total,
        "place": 20 * (error * weight).sum() / total,
        "spread": 0.05 * ((spread + error.detach() * torch.exp(-spread)) * weight).sum() / total,
        "face": F.binary_cross_entropy_with_logits(read.face, batch["face"]),
        "turn": turned.mean(),
    }


def _heat_loss(heat: Tensor, points: Tensor) -> Tensor:
    """Return the cross entropy of each heatmap against a bell round its landmark, (N, 28)."""
    n, k, h, w = heat.shape
    x = torch.arange(w) + 0.5 - points[..., :1] * w
    y = torch.arange(h) + 0.5 - points[..., 1:] * h
    bell = (
        torch.softmax(-0.5 * (x / _HEAT_SPREAD) ** 2, -1)[:, :, None, :]
        * (torch.softmax(-0.5 * (y / _HEAT_SPREAD) ** 2, -1)[..., None])
    )
    return -(bell.reshape(n, k, h * w) * heat.reshape(n, k, h * w).log_softmax(dim=-1)).sum(dim=-1)


def scenes(bank: FaceBank, lot: np.random.Generator, count: int) -> Batch:
    """Draw pictures with no, one or several faces, as the finder's maps should be."""
    drawn = [scene_sample(bank, lot, side=SCENE_SIDE) for _ in range(count)]
    cells = SCENE_SIDE // STRIDE
    bells, sizes = np.zeros((count, cells, cells), np.float32), np.zeros((count, cells, cells), np.float32)
    at = np.arange(cells, dtype=np.float32) * STRIDE + STRIDE / 2
    for k, sample in enumerate(drawn):
        for x, y, size in sample.faces:
            spread = max(0.11 * size, 0.6 * STRIDE)
            bell = np.exp(-0.5 * ((at[None, :] - x) ** 2 + (at[:, None] - y) ** 2) / spread**2)
            bell[min(int(y / STRIDE), cells - 1), min(int(x / STRIDE), cells - 1)] = 1.0
            stronger = bell > bells[k]
            bells[k][stronger], sizes[k][stronger] = bell[stronger], np.log(size)
    return {
        "rgb": _pictures([sample.rgb for sample in drawn]),
        "bell": torch.from_numpy(bells),
        "size": torch.from_numpy(sizes),
    }


def mirrored_scenes(batch: Batch) -> Batch:
    """Mirror pictures with their maps."""
    return {name: maps.flip(-1) for name, maps in batch.items()}


def scene_losses(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Return the focal loss of centres (Law and Deng, CornerNet, 2018) and the error of sizes near them."""
    found = network(batch["rgb"]).float()
    bell, logit = batch["bell"], found[:, 0]
    share = torch.sigmoid(logit).clamp(1e-4, 1 - 1e-4)
    middle = (bell >= 1.0).float()
    hit = middle * (1 - share) ** 2 * share.log()
    miss = (1 - middle) * (1 - bell) ** 4 * share**2 * (1 - share).log()
    count = middle.sum().clamp_min(1.0)
    near = (bell > 0.3).float() * bell
    size = ((found[:, 1] - batch["size"]).abs() * near).sum() / near.sum().clamp_min(1.0)
    return {"middle": -(hit + miss).sum() / count, "size": size}


def _pictures(rgb: Sequence[np.typing.NDArray[np.uint8]]) -> Tensor:
    """Return pictures as 0..1, (N, 3, H, W), channels last in memory."""
    stacked = torch.from_numpy(np.stack(rgb)).permute(0, 3, 1, 2)
    return (stacked.float() / 255).contiguous(memory_format=torch.channels_last)


TASKS: Final = {
    "finder": Task(FaceFinder, scenes, mirrored_scenes, scene_losses),
    "landmarks": Task(LandmarkNetwork, crops, mirrored_crops, crop_losses),
}
"""What can be trained here, by name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train; return the exit code."""
    parser = fit_parser("Train the face finder or the landmark network.", steps=1_600, batch=32)
    parser.add_argument("network", choices=TASKS)
    chosen = parser.parse_args(arguments)
    return run_fit(TASKS[chosen.network], chosen)


if __name__ == "__main__":
    sys.exit(main())
