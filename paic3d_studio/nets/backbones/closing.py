"""Gaps that no head has, closed: holes, pits and slots in the hair, narrower than about five centimetres.

Of a lock whose depth is uncertain no single place is more likely full than empty, and a hole into the head opens.
Grey closing (dilation, then erosion) on a coarse lattice fills what a cube of WIDTH empty voxels does not fit into:
`closed`. How much of it the field takes at a point, min(filled - margin, bound), is decided there: `closed_at`.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.hair_shells import SHELL, SHELL_INSET, SHELL_WIDTH
from paic3d_studio.nets.backbones.maps import HALF

FLOOR: Final = -3.0
"""The lowest logit that closing tells apart: no density at all."""

SIDE: Final = 64
"""Voxels along each side of the box, 11 mm each."""

WIDTH: Final = 5
"""Voxels along each side of that cube, 5.5 cm; with 3 a hole the size of a coin stays open."""

MARGIN: Final = 0.15
"""How far the logit of what is closed stays below its surroundings': by 3 mm of depth, so nothing else gains weight."""

MARGIN_HAIR: Final = 0.08
"""The same between hair and hair. A larger one leaves a slot: the logit of a shell peaks at .35, and a voxel may miss
the peak. A smaller one fills heads of separate locks where they are hollow."""

BEHIND: Final = 0.08
"""Metres behind the first surface from which on gaps are closed; from 0.03 on, gaps that are true ones went too
(docs/training-log.md)."""

BEHIND_HAIR: Final = SHELL_INSET + SHELL - 0.004
"""The same between hair of the front and hair of the back, where neither picture shows a gap: 4 mm before the inner
face of the shell of hair that stands there, which leaves no slot between it and the head."""


def lattice() -> Tensor:
    """Return the centres of the voxels, (SIDE ** 3, 3) in metres, x fastest, then y, then z."""
    steps = ((torch.arange(SIDE) + 0.5) / SIDE - 0.5) * BOX_SIDE
    z, y, x = torch.meshgrid(steps, steps, steps, indexing="ij")
    return torch.stack((x, y, z), 3).flatten(0, 2)


def nothing_closed() -> Tensor:
    """Return a volume that closes nothing, for `closed_at`."""
    return torch.full((1, 1, 1, 1, 1), FLOOR)


def closed(logit: Tensor) -> Tensor:
    """Return the volume (1, 1, SIDE, SIDE, SIDE) of logits at (z, y, x) whose gaps are filled.

    Args:
        logit: at the points of `lattice`, (SIDE ** 3,).
    """
    volume = logit.clamp(min=FLOOR).view(1, 1, SIDE, SIDE, SIDE)
    return -F.max_pool3d(-F.max_pool3d(volume, WIDTH, 1, WIDTH // 2), WIDTH, 1, WIDTH // 2)


def closed_at(volume: Tensor, xyz: Tensor, *, past_first: Tensor, ahead_of_last: Tensor, within_hair: Tensor) -> Tensor:
    """Return the logits (P,) that close gaps at points (P, 3) in metres; where none may be closed, less than 0.

    Gaps are closed BEHIND the first surface, and between hair and hair from BEHIND_HAIR on to the last. These bounds
    are those of the points and not of the voxels, which are coarse: their stairs would be walls in the head. From there
    on the logit rises as that of the shells.

    Args:
        volume: from `closed`.
        xyz: where.
        past_first: metres that each lies behind the first surface, (P,).
        ahead_of_last: metres that each lies before the last, (P,).
        within_hair: how much each lies between hair of the front and hair of the back, (P,) 0..1.
    """
    place = (xyz / HALF)[None, None, None]
    filled = F.grid_sample(volume, place, mode="bilinear", padding_mode="border", align_corners=False)[0, 0, 0, 0]
    deep = past_first - BEHIND
    in_hair = torch.minimum(past_first - BEHIND_HAIR, ahead_of_last)
    bound = torch.maximum(deep, torch.lerp(deep, in_hair, within_hair)) / SHELL_WIDTH
    margin = MARGIN + (MARGIN_HAIR - MARGIN) * within_hair
    return torch.minimum(filled - margin, bound)
