"""The colour of a point: how much of it the pictures give, and what a finished field paints where they show nothing."""

from __future__ import annotations

import dataclasses
from typing import Final

import torch
from torch import Tensor

from paic3d_studio.nets.backbones.maps import sampled_at

GATE_MARGIN: Final = 0.012
"""How far behind its surface a picture still colours a point, in metres."""

GATE_WIDTH: Final = 0.003
"""Width of the end of that margin, in metres."""

SEEN_MARGIN: Final = 0.008
"""How far inside the surfaces of a finished field the picture of that side alone colours a point, in metres."""

SHEET_MARGIN: Final = 0.012
"""So much further where a sheet of hair stands: a lock is hair to its far side, and no strip of what lies behind."""

SIDE_PALETTE: Final = 0.6
"""How much of a colour at the sides comes from the palette, the rest from what the picture shows around it."""

SEAM_WIDTH: Final = 0.015
"""Scale in metres of the sigmoid by which hair passes from the front's colours to those of the back, about the middle
between its surfaces: from 2 to 98 % in 12 cm. Where thin hair turns away it is therefore half of each on both sides."""

SHADED_UP_TO: Final = 0.75
"""Share of hair up to which what lies under a sheet of hair takes the hair's colour in full, above it less, the more
hair it is itself: bangs throw a shadow on a forehead, and skin there is seen as a patch."""

SHADE_REACH: Final = 0.06
"""How far behind the first surface that shadow falls, in metres: not on a collar under long locks."""

SHADE_END: Final = 0.005
"""Width of its end, in metres."""


@dataclasses.dataclass(frozen=True)
class Finish:
    """What the colours of a finished field take into account beside the scene; the decoder sees none of it.

    `surfaces` (N, 2, h, w) z in metres of the first surface from +z and from -z; `strands` (N, 4, H, H) what strands
    that vary along x add to red, green and blue, and how much of the back picture is hair; `sides` (N, 5, h, w) the
    colour of what turns away from the picture, and how much it replaces the picture, and the palette; `seam`
    (N, 2, h, w) where hair goes on from the front to the back, and how much of it turns away from the back picture;
    `sheets` (N, 2, h, w) 1 where a sheet of hair stands behind the first surface, and before the last.
    """

    surfaces: Tensor
    strands: Tensor
    sides: Tensor
    seam: Tensor
    sheets: Tensor


def picture_shares(
    sources: Tensor, z: Tensor, depths: Tensor, *, sheets: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return how much of a point's colour comes from the front and the back picture, (N, P, 1) each.

    Nothing comes from a picture further than GATE_MARGIN behind its surface. In a finished field, which knows the
    surfaces that are seen and the `sheets` (N, P, 2) of hair, everything within SEEN_MARGIN of the first comes from the
    front picture, and of the last from the back picture (SHEET_MARGIN more in a sheet): the decoder, which sees the
    front picture everywhere, would draw a shade of the face on the hair behind it. What is thin and hair behind changes
    from the one to the other about its middle, or contours of the front would be slashes on its back.
    """
    ahead, behind = z - depths[..., 0], depths[..., 1] - z
    gate = torch.full_like(ahead, GATE_MARGIN)
    if sheets is not None:
        half = (depths[..., 0] - depths[..., 1]).clamp(min=0) / 2 + (1 - sheets[..., 1])  # no bound without such hair
        gate = torch.minimum(gate, half)
    front = sources[..., 0] * torch.sigmoid((ahead + gate) / GATE_WIDTH)
    back = sources[..., 1] * torch.sigmoid((behind + gate) / GATE_WIDTH)
    if sheets is not None:
        margins = torch.minimum(SEEN_MARGIN + SHEET_MARGIN * sheets, half[..., None])
        in_front = torch.sigmoid((ahead + margins[..., 0]) / GATE_WIDTH)
        at_back = torch.sigmoid((behind + margins[..., 1]) / GATE_WIDTH) * (1 - in_front)
        elsewhere = 1 - in_front - at_back
        front, back = in_front + elsewhere * front, at_back + elsewhere * back
    return front[..., None], back[..., None]


def finished_colour(
    finish: Finish, xyz: Tensor, pictures: Tensor, palette: Tensor, sources: Tensor, hair: Tensor
) -> Tensor:
    """Return the colour of points in a finished field, (N, P, 3).

    Args:
        finish: what only a finished field knows.
        xyz: (N, P, 3) in metres.
        pictures: front colour, alpha and back colour at the points, (N, P, 7).
        palette: what the decoder mixes there of the palette, (N, P, 3).
        sources: shares that the decoder gives the two pictures, (N, P, 3).
        hair: share of hair, (N, P, 1).
    """
    maps = (finish.surfaces, finish.sheets, finish.sides, finish.seam)
    surfaces, sheets, sides, seam = sampled_at(torch.cat(maps, 1), xyz).split_with_sizes((2, 2, 5, 2), -1)
    front, back = picture_shares(sources, xyz[..., 2], surfaces, sheets=sheets)
    aside, turned, turned_behind = sides[..., :3], sides[..., 3:4], seam[..., 1:]
    middle = surfaces.mean(-1, keepdim=True)
    past = seam[..., :1] * torch.sigmoid((middle - xyz[..., 2:]) / SEAM_WIDTH)
    aside = torch.lerp(aside, pictures[..., 4:], past)
    palette = torch.lerp(palette, aside, sides[..., 4:])
    shadow = sheets[..., :1] * torch.sigmoid((xyz[..., 2:] - surfaces[..., :1] + SHADE_REACH) / SHADE_END)
    palette = torch.lerp(palette, aside, shadow * ((1 - hair) / (1 - SHADED_UP_TO)).clamp(max=1))
    beside = torch.lerp(aside, palette, SIDE_PALETTE * (1 - past))
    before = torch.lerp(pictures[..., :3], beside, turned)
    across = sampled_at(finish.strands, xyz)
    behind = torch.lerp(pictures[..., 4:] + across[..., :3] * across[..., 3:], beside, turned_behind)
    along = sampled_at(finish.strands[:, :3], xyz[..., [2, 1, 0]])  # at the sides strands follow each other along z
    elsewhere = 1 - front - back
    between = torch.lerp(palette, beside, seam[..., :1] * hair)
    of_sides = front * turned + back * turned_behind + elsewhere
    return front * before + back * behind + elsewhere * between + hair * of_sides * along
