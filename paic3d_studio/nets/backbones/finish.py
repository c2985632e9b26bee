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
"""How far behind the first surface of a finished field the front picture alone colours a point, in metres."""

SHEET_MARGIN: Final = 0.012
"""So much further where a sheet of hair stands: a lock is hair to its far side, and no strip of the forehead behind."""

SIDE_PALETTE: Final = 0.6
"""How much of a colour at the sides comes from the palette, the rest from what the picture shows around it."""


SURE_HAIR: Final = 0.75
"""Share of hair from which on a place behind a sheet of hair keeps the colour that the decoder mixes. Others take the
hair's colour, in full where there is none: bangs throw a shadow on a forehead, and skin there is seen as a patch."""


@dataclasses.dataclass(frozen=True)
class Finish:
    """What the colours of a finished field take into account beside the scene; the decoder sees none of it.

    `surfaces` (N, 2, h, w) z in metres of the first surface from +z and from -z; `strands` (N, 2, H, H) the brightness
    of strands across x, and how much of the back picture is hair; `sides` (N, 5, h, w) the colour of what turns away
    from the picture, and how much it replaces the picture, and the palette; `sheet` (N, 1, h, w) 1 where a sheet of
    hair stands behind the first surface.
    """

    surfaces: Tensor
    strands: Tensor
    sides: Tensor
    sheet: Tensor


def picture_shares(sources: Tensor, z: Tensor, depths: Tensor, *, sheet: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return how much of a point's colour comes from the front and the back picture, (N, P, 1) each.

    Nothing comes from a picture further than GATE_MARGIN behind its surface. In a finished field, which knows the
    surfaces that are seen and the `sheet` (N, P) of hair, everything within SEEN_MARGIN of the first comes from the
    front picture (SHEET_MARGIN more in a sheet), and of the last from the back picture: the decoder, which sees the
    front picture everywhere, would draw a shade of the face on the hair behind it.
    """
    ahead, behind = z - depths[..., 0], depths[..., 1] - z
    front = sources[..., 0] * torch.sigmoid((ahead + GATE_MARGIN) / GATE_WIDTH)
    back = sources[..., 1] * torch.sigmoid((behind + GATE_MARGIN) / GATE_WIDTH)
    if sheet is not None:
        in_front = torch.sigmoid((ahead + SEEN_MARGIN + SHEET_MARGIN * sheet) / GATE_WIDTH)
        at_back = torch.sigmoid((behind + SEEN_MARGIN) / GATE_WIDTH) * (1 - in_front)
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
    place = sampled_at(torch.cat((finish.surfaces, finish.sheet), 1), xyz)
    front, back = picture_shares(sources, xyz[..., 2], place, sheet=place[..., 2])
    sides = sampled_at(finish.sides, xyz)
    aside, turned = sides[..., :3], sides[..., 3:4]
    palette = torch.lerp(palette, aside, sides[..., 4:])
    shaded = ((1 - hair) / (1 - SURE_HAIR)).clamp(max=1)
    palette = torch.lerp(palette, aside, place[..., 2:] * shaded)
    before = torch.lerp(pictures[..., :3], torch.lerp(aside, palette, SIDE_PALETTE), turned)
    behind = pictures[..., 4:] + sampled_at(finish.strands, xyz).prod(2, keepdim=True)
    along = sampled_at(finish.strands[:, :1], xyz[..., [2, 1, 0]])  # at the sides strands follow each other along z
    elsewhere = 1 - front - back
    return front * before + back * behind + elsewhere * palette + hair * (front * turned + elsewhere) * along
