"""Gaps that no head has, closed: holes, pits and slots in the hair, narrower than about five centimetres.

Of a lock whose depth is uncertain no single place is more likely full than empty, and a hole into the head opens.
Grey closing (dilation, then erosion) on a coarse lattice fills what a cube of WIDTH empty voxels does not fit into.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.maps import HALF

FLOOR: Final = -3.0
"""The lowest logit that closing tells apart, and what it says where it closes nothing: no density at all."""

SIDE: Final = 64
"""Voxels along each side of the box, 11 mm each."""

WIDTH: Final = 5
"""Voxels along each side of that cube, 5.5 cm; with 3 a hole the size of a coin stays open."""

MARGIN: Final = 0.15
"""How far the logit of what is closed stays below its surroundings': by 3 mm of depth, so nothing else gains weight."""

BEHIND: Final = 0.08
"""Metres behind the first surface from which on gaps are closed; from 0.03 on, gaps that are true ones went too
(docs/training-log.md)."""

BEHIND_HAIR: Final = 0.02
"""The same between hair of the front and hair of the back, beside the neck, where neither picture shows a gap; chosen
by eye on three portraits."""


def lattice() -> Tensor:
    """Return the centres of the voxels, (SIDE ** 3, 3) in metres, x fastest, then y, then z."""
    steps = ((torch.arange(SIDE) + 0.5) / SIDE - 0.5) * BOX_SIDE
    z, y, x = torch.meshgrid(steps, steps, steps, indexing="ij")
    return torch.stack((x, y, z), 3).flatten(0, 2)


def nothing_closed() -> Tensor:
    """Return a volume that closes nothing, for `closed_at`."""
    return torch.full((1, 1, 1, 1, 1), FLOOR)


def closed(logit: Tensor, depth: Tensor, *, within_hair: Tensor) -> Tensor:
    """Return the volume (1, 1, SIDE, SIDE, SIDE) of logits at (z, y, x) that fill the gaps.

    Args:
        logit: at the points of `lattice`, (SIDE ** 3,).
        depth: metres that each lies behind the first surface, (SIDE ** 3,).
        within_hair: whether each lies between hair of the front and hair of the back, (SIDE ** 3,).
    """
    volume = logit.clamp(min=FLOOR).view(1, 1, SIDE, SIDE, SIDE)
    full = -F.max_pool3d(-F.max_pool3d(volume, WIDTH, 1, WIDTH // 2), WIDTH, 1, WIDTH // 2)
    behind = depth > torch.where(within_hair, BEHIND_HAIR, BEHIND)
    return torch.where(behind.view(volume.shape), full - MARGIN, FLOOR)


def closed_at(volume: Tensor, xyz: Tensor) -> Tensor:
    """Return what a volume of `closed` says at points (P, 3) in metres, (P,)."""
    place = (xyz / HALF)[None, None, None]
    return F.grid_sample(volume, place, mode="bilinear", padding_mode="border", align_corners=False)[0, 0, 0, 0]
