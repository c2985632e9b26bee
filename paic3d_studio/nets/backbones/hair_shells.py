"""Shells of hair that stand wherever the maps show hair: what the occupancy loses, and what closes its holes.

Occupancy does not promise hair that is whole: of a lock whose depth is uncertain no single place is more likely full
than empty. The two depth maps draw the hair cleanly, seen from the front and from behind.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.compact import Scene
from paic3d_studio.nets.backbones.maps import HALF, sampled_at

SHELL: Final = 0.014
"""Thickness in metres along z of the hair that stands for certain."""

SHELL_INSET: Final = 0.004
"""Metres inside the predicted surface at which a shell begins: it closes holes, and does not fatten the head. Locks
thinner than four times as much have it smaller."""

THINNEST: Final = 0.01
"""Least thickness of the shell of the front in metres: three samples of the mesh's lattice."""

JOINED: Final = 0.06
"""Metres from the one shell to the other up to which all between is hair, where it is hair on both sides."""

JOINED_SHEETS: Final = 0.12
"""The same where both shells are sheets. Elsewhere as much gives the crown steps: the maps rise from row to row."""

SHELL_WIDTH: Final = 0.02
"""Metres over which the logit of a shell grows by one, from its faces inwards."""

STEEPEST: Final = 3.5
"""Metres of depth per metre across, towards what stands nearer, up to which a surface counts as one sheet, and no step
from a lock to what lies behind it; of 10 mm from pixel to pixel."""


@dataclasses.dataclass(frozen=True)
class HairShells:
    """The shell behind the first surface and that before the last, in this order on the second axis of every map.

    `where` (N, 2, h, w) is 1 where a shell stands, else 0; `outer` (N, 2, h, w) its outer face: z of the first in
    metres, -z of the last; `thick` (N, 2, h, w) metres from there inwards. `hair_on_both` (N, 1, h, w) is 1 where the
    front picture and that of the back are hair, else 0.
    """

    where: Tensor
    outer: Tensor
    thick: Tensor
    hair_on_both: Tensor

    @classmethod
    def of(cls, scene: Scene) -> HairShells:
        """Return the shells where the class maps say hair rather than anything else and the depth maps do not step.

        Beside a sheet its depth goes on, so that none hangs down a step. At the sides of the head, where both sheets
        turn away, in thin locks and where sheets face each other the two are one.
        """
        surfaces = torch.cat((scene.depths[:, :1], -scene.depths[:, 1:]), 1)  # nearer is greater, on both sides
        side = surfaces.shape[-1]
        hair = torch.cat((scene.hair_before(side), scene.hair_behind(side)), 1) > 0.5
        hair &= F.interpolate(scene.alpha, size=(side, side), mode="area") > 0.9
        sheets = hair & (_rise(surfaces) < STEEPEST)
        outer = _going_on(surfaces, sheets)
        sheets &= _rise(outer) < STEEPEST
        between = surfaces.sum(1, keepdim=True).clamp(min=0)
        inset = (between / 4).clamp(max=SHELL_INSET)
        outer = outer - inset
        through = outer.sum(1, keepdim=True)  # from the one shell to the other
        both = hair.all(1, keepdim=True)
        near = (through < JOINED) | (sheets.all(1, keepdim=True) & (through < JOINED_SHEETS))
        joined = both & (through > 0) & near
        thick = torch.where(joined, through, (between - inset).clamp(max=SHELL))
        thick = torch.cat((thick.clamp(min=THINNEST), thick), 1)  # one of the two is enough for the mesh
        where = sheets | joined
        return cls(where.float(), _going_on(outer, where), thick, both.float())

    def logits(self, xyz: Tensor) -> Tensor:
        """Return the logit of either shell at points (P, 3) in metres, (P, 2): positive within it."""
        maps = sampled_at(torch.cat((self.where, self.outer, self.thick), 1), xyz[None])[0]
        where, outer, thick = maps.view(-1, 3, 2).unbind(1)  # (P, what, which shell)
        inwards = outer - torch.stack((xyz[:, 2], -xyz[:, 2]), 1)
        return torch.minimum(torch.minimum(inwards, thick - inwards) / SHELL_WIDTH, 8 * where - 4)


def _going_on(depth: Tensor, where: Tensor) -> Tensor:
    """Return maps (N, C, h, w) that keep their values where a mask is true, and one pixel beside take the nearest."""
    return depth.where(where, F.max_pool2d(depth.where(where, -HALF), 3, 1, 1))


def _rise(depth: Tensor) -> Tensor:
    """Return how steeply maps (N, C, h, w) rise to what stands nearer beside each pixel, in metres per metre."""
    across, along = F.max_pool2d(depth, (1, 3), 1, (0, 1)), F.max_pool2d(depth, (3, 1), 1, (1, 0))
    return (torch.maximum(across, along) - depth) * (depth.shape[-1] / BOX_SIDE)
