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
"""The lowest logit that closing tells apart: no density at all."""

SIDE: Final = 64
"""Voxels along each side of the box, 11 mm each."""

WIDTH: Final = 5
"""Voxels along each side of that cube, 5.5 cm; with 3 a hole the size of a coin stays open."""

MARGIN: Final = 0.15
"""How far the logit of what is closed stays below its surroundings': by 3 mm of depth, so nothing else gains weight."""

MARGIN_HAIR: Final = 0.08
"""The same between hair and hair: voxels may miss the middle of a shell, which reaches no more than 0.35, and with more
a slot would stay open behind it; with less heads of separate locks are filled where they are hollow."""

BEHIND: Final = 0.08
"""Metres behind the first surface from which on gaps are closed; from 0.03 on, gaps that are true ones went too
(docs/training-log.md)."""

BEHIND_HAIR: Final = 0.014
"""The same between hair of the front and hair of the back, where neither picture shows a gap: 4 mm before the inner
face of the shell of hair that stands there, which leaves no slot between it and the head."""

RISE: Final = 0.02
"""Metres over which the logit of what is closed may grow by one from there inwards, as that of the shells."""


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


def closed_at(volume: Tensor, xyz: Tensor, *, behind: Tensor, before: Tensor, within_hair: Tensor) -> Tensor:
    """Return the logits (P,) that close gaps at points (P, 3) in metres; where none may be closed, less than 0.

    That is nearer to the first surface than BEHIND; between hair and hair, nearer than BEHIND_HAIR. The bounds are
    those of the points and not of the voxels, which are coarse: their stairs would be walls in the head.

    Args:
        volume: from `closed`.
        xyz: where.
        behind: metres that each lies behind the first surface, (P,).
        before: metres that each lies before the last, (P,).
        within_hair: 1 between hair of the front and hair of the back, else 0, (P,).
    """
    place = (xyz / HALF)[None, None, None]
    filled = F.grid_sample(volume, place, mode="bilinear", padding_mode="border", align_corners=False)[0, 0, 0, 0]
    deep = behind - BEHIND
    between = torch.minimum(behind - BEHIND_HAIR, before)
    bound = torch.maximum(deep, torch.lerp(deep, between, within_hair)) / RISE
    margin = MARGIN + (MARGIN_HAIR - MARGIN) * within_hair
    return torch.minimum(filled - margin, bound)
