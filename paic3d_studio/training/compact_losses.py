"""What the compact reconstructor is trained on: labelled points, a back picture, two depth maps and class maps."""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor

from paic3d_studio.nets.backbones.compact import SHARPNESS, PointValues, Scene
from paic3d_studio.training.compact_samples import IGNORED, Batch


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """What each term counts; `depth` is per metre."""

    occupancy: float = 4.0
    colour: float = 8.0
    back: float = 4.0
    depth: float = 60.0
    classes: float = 0.3
    point_classes: float = 0.3
    uniform: float = 2.0


def losses(scene: Scene, values: PointValues, batch: Batch, *, weights: LossWeights) -> dict[str, Tensor]:
    """Return the weighted terms by name; their sum is what training lowers.

    Args:
        scene: what the network made of `batch.picture`.
        values: what it says at `batch.xyz`.
        batch: the truth.
        weights: what each term counts; `uniform` multiplies the occupancy of points that are not near the surface.
    """
    near = batch.colour.shape[1]
    occupancy = F.binary_cross_entropy_with_logits(values.logit * SHARPNESS, batch.inside, reduction="none")
    emphasis = torch.ones_like(occupancy)
    emphasis[:, near:] = weights.uniform
    known = ~batch.depths.isnan()
    depth_error = (scene.depths - batch.depths.nan_to_num()).abs()
    return {
        "occupancy": weights.occupancy * (occupancy * emphasis).sum() / emphasis.sum(),
        "colour": weights.colour * _mean((values.colour[:, :near] - batch.colour).abs().mean(2), batch.coloured),
        "back": weights.back * _mean((scene.back - batch.back).abs().mean(1, keepdim=True), batch.back_mask),
        "depth": weights.depth * _mean(depth_error, known.float()),
        "classes": weights.classes * _class_error(scene, batch),
        "point_classes": weights.point_classes * _point_class_error(values, batch, near),
    }


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean where the mask is one."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def _class_error(scene: Scene, batch: Batch) -> Tensor:
    """Return the cross-entropy of the class maps of both sides."""
    seen = F.cross_entropy(scene.classes.contiguous(), batch.classes, ignore_index=IGNORED)
    return seen + F.nll_loss(scene.back_classes.contiguous(), batch.back_classes, ignore_index=IGNORED)


def _point_class_error(values: PointValues, batch: Batch, near: int) -> Tensor:
    """Return the negative log-probability of the true class at coloured points."""
    said = values.classes[:, :near].gather(2, batch.point_class.clamp(min=0)[..., None])[..., 0]
    return _mean(-(said + 1e-4).log(), batch.coloured * (batch.point_class >= 0))
