"""Colours of what the picture does not show: the back, the sides, and strands like those of the front on both.

No network this small knows strands at the back: what it draws there is one colour with a shade of the face in it. Wide
gradients, from crown to tips, are kept; the strands are those that the front picture shows, continued downwards where
the face hides the hair, and the ring of light on a crown goes round the head. At the sides a pixel of the picture would
be smeared over centimetres, a highlight or a rim of background above all, so hair that turns away takes the colour of
the hair around it; further back that passes into the colour of the back picture (`seam`).
"""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.compact import CLASSES, Scene

FEATURE_SHARE: Final = 0.15
"""How sure the class map must be of an eye for the back picture to be mended there."""

BLUR: Final = 15
"""Width of the blur of hair in the back picture, in its pixels: an eye and a half of a face seen at 128 pixels."""

STRAND_SIDE: Final = 256
"""Side of the map of strands; the widths below are in its pixels."""

STRAND_WIDTH: Final = 3.0
"""Gaussian width of what is no strand any more but shading."""

STRAND_REACH: Final = ((14.0, 0.7), (56.0, 1.0))
"""Gaussian widths, down and across, over which strands are continued where the front shows no hair; near, then far."""

STRAND_FLOW: Final = 5.0
"""Gaussian width down the head over which strands flow where the front shows them: a parting, the edge of bangs or
a clip is no strand, and would be seen again on the back."""

STRAND_GAIN: Final = 0.6
"""How much of the front's contrast the strands keep; by 0.5 and 0.7 the back lies as near to the truth."""

STRAND_LIMIT: Final = 2.5
"""Standard deviations of the strands that no strand exceeds, and no sheen: a glimpse of skin between two is no strand,
dyed tips are no light. Without it for the sheen the back lies 0.3 dB further from the truth."""

SHEEN_WIDTHS: Final = (6.0, 20.0)
"""Gaussian widths down the head between which what rows of hair have in common is sheen: the ring of light on a crown,
the shadow above the tips. What is wider is in the back picture already."""

SHEEN_GAIN: Final = 0.5
"""How much of its contrast the sheen keeps; by 0.8 the back lies as near to the truth."""

TINT_LIMIT: Final = 2.5
"""Most that a colour channel may vary from strand to strand, in means of the three: where channels run against each
other the quotient has no bound."""

SURE_HAIR: Final = (0.6, 0.9)
"""Shares of the class map from which on, and in full, a pixel of the front counts as hair."""

SIDE_SLOPES: Final = (0.8, 2.0)
"""Metres of depth per metre across from which on, and in full, hair counts as turned away from the picture: steps of 4
and 11 mm."""

WALL_SLOPES: Final = (2.0, 3.5)
"""The same for all but eyes and mouth: no nose is as steep, a wall between a lock and a cheek is; steps of 11 and
19 mm."""

WALL_REACH: Final = 5
"""Width of the surroundings of a wall, in pixels of the depth map, in which hair makes it one of hair if nothing stands
nearer by HAIR_LEAD: between a lock and what lies behind it, it has the hair's colour, as a drawn contour has."""

RIM: Final = 5
"""Width of the surroundings, in pixels of the depth map, in which the end of the matte makes hair one that is turned
away: remains of a background would run over the crown as a pale ridge."""

HAIR_LEAD: Final = 0.008
"""Metres by which what is no hair may stand nearer than hair beside a wall that counts as one of hair."""

SIDE_BLURS: Final = (9, 31)
"""Widths of the blur of colours at the sides, in twos of pixels of the depth map; near, then far."""

SIDE_HAIR: Final = (0.4, 0.8)
"""Shares of the class map from which on, and in full, what is turned away is painted as hair, or as no eye."""


def smooth_back(scene: Scene) -> Tensor:
    """Return the back picture (N, 3, H, W) with its hair smoothed, from places that are not behind eyes or mouth.

    What lies behind eyes or mouth and is no hair, as a nape does, takes the colours around it.
    """
    back, side = scene.back, scene.back.shape[-1]
    hair = scene.hair_behind(side)
    eyes = F.adaptive_max_pool2d(scene.classes.softmax(1)[:, CLASSES.index("feature")][:, None], (side, side))
    covered = F.avg_pool2d(F.max_pool2d((eyes > FEATURE_SHARE).float(), 9, 1, 4), 5, 1, 2)
    solid = F.interpolate(scene.alpha, size=(side, side), mode="area") * (1 - covered)
    smooth, around = _boxed_mean(back, hair * solid)
    back = torch.lerp(back, smooth, hair * (around * 20).clamp(0, 1))
    smooth, around = _boxed_mean(back, solid)
    return torch.lerp(back, smooth, covered * (around * 20).clamp(0, 1))


def strands(scene: Scene) -> Tensor:
    """Return what strands and sheen add to the colours, and where the back picture is hair.

    The maps are (N, 4, STRAND_SIDE, STRAND_SIDE): the first three are added to red, green and blue of 0..1 and may be
    negative, the last is how sure the back picture is to be hair, 0..1. Strands and sheen run over all of the head,
    over the face too, in the colours in which the hair of the front varies: red hair is not grey in the shade.
    """
    size = (STRAND_SIDE, STRAND_SIDE)
    front, alpha = (F.interpolate(maps, size=size, mode="area") for maps in (scene.front, scene.alpha))
    hair = _ramp(scene.hair_before(STRAND_SIDE), SURE_HAIR) * (alpha > 0.95)
    hair = -F.max_pool2d(-hair, 5, 1, 2)
    varied = front - _spread(front, hair, down=STRAND_WIDTH, across=STRAND_WIDTH)[0]
    detail = varied.mean(1, keepdim=True)
    contrast = _mean(detail.square(), hair).sqrt()
    strand = _limited(detail, STRAND_LIMIT * contrast)
    tint = (_mean(varied * strand, hair) + 1e-6) / (_mean(detail * strand, hair) + 1e-6)  # without strands, grey
    (near, close), (far, _) = (_spread(strand, hair, down=down, across=across) for down, across in STRAND_REACH)
    further = torch.lerp(far, near, (close * 20).clamp(0, 1))
    hidden = (alpha > 0.9) * (1 - hair)
    further = further * _gain(further, hidden, contrast, limit=3)
    flowing = _spread(strand, hair, down=STRAND_FLOW, across=STRAND_REACH[0][1])[0]
    flowing = flowing * _gain(flowing, hair, contrast, limit=1.5)
    brightness = STRAND_GAIN * torch.lerp(further, flowing, hair)
    sheen = SHEEN_GAIN * _limited(_sheen(front, hair), STRAND_LIMIT * contrast)
    return torch.cat((tint.clamp(0, TINT_LIMIT) * brightness + sheen, scene.hair_behind(STRAND_SIDE)), 1)


def _sheen(colours: Tensor, hair: Tensor) -> Tensor:
    """Return how the mean colour of each row of hair differs from the rows around it, (N, 3, H, 1); 0 where none is."""
    share = hair.mean(3, keepdim=True)
    rows = (colours * hair).mean(3, keepdim=True) / share.clamp(min=1e-3)
    narrow, wide = SHEEN_WIDTHS
    shade = rows - _spread(rows, share, down=wide, across=0)[0]
    sheen, close = _spread(shade, share, down=narrow, across=0)
    return sheen * (close * 20).clamp(0, 1)


def sides(scene: Scene, first: Tensor) -> Tensor:
    """Return the colour around each pixel, how much it replaces the picture, and how much the palette, (N, 5, h, w).

    It replaces the picture where hair turns away, and on the walls between a lock and the face behind it, where picture
    and depth never part at quite the same pixel and would leave speckles of hair on the cheek (or between chin and
    collar). Hair takes the colour of hair, skin that of skin, cloth that of cloth. The palette, which colours what lies
    deeper, is replaced on walls from hair to what lies behind it: they are hair all through.

    Args:
        scene: what the network knows.
        first: z of the first surface from +z in metres, (N, 1, h, w).
    """
    front, alpha = _sized(scene.front, first), _sized(scene.alpha, first)
    shares, rim = _shares_and_rim(scene, alpha)
    painted = [shares[:, CLASSES.index(name)][:, None] for name in ("hair", "skin", "cloth")]
    certain = [_ramp(share, SIDE_HAIR) for share in painted]
    steep = _slope(first)
    turned = _grown(torch.maximum(_ramp(steep, SIDE_SLOPES), rim)) * certain[0]
    walls = _ramp(steep, WALL_SLOPES) * _ramp(torch.stack(painted).sum(0), SIDE_HAIR)
    turned = torch.maximum(turned, walls)
    nearest = [_nearest(first, share > 0.5) for share in certain]
    of_hair = walls * (nearest[0] > torch.maximum(nearest[1], nearest[2]) - HAIR_LEAD).float()
    painted = [torch.maximum(painted[0], of_hair), *(share * (1 - of_hair) for share in painted[1:])]
    level = (alpha > 0.9) * (1 - 0.9 * turned)
    colour, known = torch.zeros_like(front), torch.zeros_like(alpha)
    for share, kept in zip(painted, certain, strict=True):
        around, there = _around(front, kept * level)
        colour, known = colour + share * there * around, known + share * there
    sure = (known * 20).clamp(0, 1)
    colour = torch.lerp(front, colour / known.clamp(min=1e-3), sure)  # where no class is sure, the picture
    return torch.cat((colour, turned * sure, of_hair * sure), 1)


def seam(scene: Scene, last: Tensor) -> Tensor:
    """Return where hair goes on from the front to the back, and how much of it turns away from the back, (N, 2, h, w).

    Where both pictures show hair, their colours meet at the outline, where neither sees it: one passes into the other
    there. What turns away from the back picture has strands that follow each other along z, as the sides of the front
    have: those of the picture would run across the head.

    Args:
        scene: what the network knows.
        last: z of the last surface from +z in metres, (N, 1, h, w).
    """
    shares, rim = _shares_and_rim(scene, _sized(scene.alpha, last))
    hair = _ramp(shares[:, CLASSES.index("hair")][:, None], SIDE_HAIR) * scene.hair_behind(last.shape[-1])
    turned = _grown(torch.maximum(_ramp(_slope(last), SIDE_SLOPES), rim))
    return torch.cat((hair, turned * hair), 1)


def _shares_and_rim(scene: Scene, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Return the class shares of the front (N, 4, h, w), and where the matte ends, (N, 1, h, w), inside it.

    Shares there are taken from beside it: a pale fringe is no white cloth.
    """
    rim = F.max_pool2d((alpha <= 0.5).float(), RIM, 1, RIM // 2) * (alpha > 0.5)
    shares = F.interpolate(scene.classes.softmax(1), size=alpha.shape[2:], mode="bilinear")
    inner = (alpha > 0.5) * (1 - rim)
    around = F.avg_pool2d(inner, 2 * RIM + 1, 1, RIM)
    mean = F.avg_pool2d(shares * inner, 2 * RIM + 1, 1, RIM) / around.clamp(min=1e-4)
    return torch.lerp(shares, mean, rim * (around > 0)), rim


def _sized(maps: Tensor, like: Tensor) -> Tensor:
    """Return maps (N, C, H, W) as large as others, each pixel the mean of those that it covers."""
    return F.interpolate(maps, size=like.shape[2:], mode="area")


def _nearest(depth: Tensor, mask: Tensor) -> Tensor:
    """Return the greatest z (N, 1, h, w) round each pixel where the mask is true; where nowhere, minus infinity."""
    return F.max_pool2d(depth.where(mask, -math.inf), WALL_REACH, 1, WALL_REACH // 2)


def _around(colours: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the weighted mean colour around each pixel, (N, 3, h, w), and whether there is any, (N, 1, h, w) 0..1.

    It comes from near by where that is possible.
    """
    shares = F.avg_pool2d(weight, 2)
    halved = F.avg_pool2d(colours * weight, 2) / shares.clamp(min=1e-4)
    (near, close), (far, wide) = (_boxed_mean(halved, shares, width) for width in SIDE_BLURS)
    found = torch.cat((torch.lerp(far, near, (close * 20).clamp(0, 1)), (wide * 200).clamp(0, 1)), 1)
    found = F.interpolate(found, scale_factor=2.0, mode="bilinear")
    return found[:, :3], found[:, 3:]


def _grown(mask: Tensor) -> Tensor:
    """Return a mask (N, 1, h, w) that reaches one pixel further, and softly."""
    return F.avg_pool2d(F.max_pool2d(mask, 3, 1, 1), 3, 1, 1, count_include_pad=False)


def _slope(depth: Tensor) -> Tensor:
    """Return how steep a depth map (N, 1, h, w) of the whole box is, in metres per metre."""
    padded = F.pad(depth, (1, 1, 1, 1), mode="replicate")
    across = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    down = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    return torch.hypot(across, down) * (depth.shape[-1] / (2 * BOX_SIDE))


def _ramp(values: Tensor, between: tuple[float, float]) -> Tensor:
    """Return 0 below the first bound, 1 above the second, and a line between."""
    low, high = between
    return ((values - low) / (high - low)).clamp(0, 1)


def _limited(values: Tensor, limit: Tensor) -> Tensor:
    """Return values that nowhere exceed a limit, softly."""
    limit = limit.clamp(min=1e-4)
    return (values / limit).tanh() * limit


def _gain(values: Tensor, weight: Tensor, contrast: Tensor, *, limit: float) -> Tensor:
    """Return the factor, of at most `limit`, that gives values under a weight a root mean square of `contrast`."""
    return (contrast / _mean(values.square(), weight).sqrt().clamp(min=1e-4)).clamp(max=limit)


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean of maps (N, C, H, W) weighted by (N, 1, H, W), (N, C, 1, 1); less where hardly any weight is."""
    return (values * weight).sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True).clamp(min=1)


def _boxed(maps: Tensor, width: int = BLUR) -> Tensor:
    """Blur maps (N, C, H, W) by three boxes, about a gaussian of width / 2 pixels."""
    for _ in range(3):
        maps = F.avg_pool2d(maps, width, 1, width // 2)
    return maps


def _boxed_mean(values: Tensor, weight: Tensor, width: int = BLUR) -> tuple[Tensor, Tensor]:
    """Return the weighted mean of blurred maps (N, C, H, W), and the blurred weight (N, 1, H, W)."""
    around = _boxed(weight, width)
    return _boxed(values * weight, width) / around.clamp(min=1e-4), around


def _spread(values: Tensor, weight: Tensor, *, down: float, across: float) -> tuple[Tensor, Tensor]:
    """Return maps (N, C, H, W) averaged under gaussians of the two widths, and how much weight lies under each.

    The weight is (N, 1, H, W); a width of 0 averages nothing.
    """
    maps = torch.cat((values * weight, weight), 1)
    shape = maps.shape
    maps = maps.flatten(0, 1)[:, None]
    for deviation, axis in ((down, 2), (across, 3)):
        if deviation == 0:
            continue
        reach = math.ceil(3 * deviation)
        steps = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
        kernel = torch.exp(-0.5 * (steps / deviation).square())
        window, padding = ((1, 1, -1, 1), (reach, 0)) if axis == 2 else ((1, 1, 1, -1), (0, reach))
        maps = F.conv2d(maps, (kernel / kernel.sum()).view(window), padding=padding)
    maps = maps.view(shape)
    return maps[:, :-1] / maps[:, -1:].clamp(min=1e-3), maps[:, -1:]
