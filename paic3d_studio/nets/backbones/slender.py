"""Locks that stand free of the head: what is slender in the picture is as slender along z.

The depth maps say little of a lock a few pixels wide, and where occupancy is sure of no place along a ray the best is
raised, with centimetres around it: from the side the lock is a blade. True ones are about as deep as wide
(docs/training-log.md).
"""

from __future__ import annotations

import dataclasses
from typing import Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.compact import Scene
from paic3d_studio.nets.backbones.hair_shells import THINNEST
from paic3d_studio.nets.backbones.maps import sampled_at

SLENDER: Final = 0.015
"""Radius in metres below which hair is slender, from half of it on ever less."""

DEPTH_SHARE: Final = 0.8
"""Depth along z of the most slender locks as a share of their width."""

APART: Final = 0.1
"""Metres between the depth maps from which on they show two locks, one behind the other."""

SMOOTH: Final = 1.0
"""Standard deviation in pixels over which the steps of the matte's outline are smoothed in all that is known of locks.
Those that stand side by side must not pull each other to one depth."""

AROUND: Final = 5
"""Side in pixels of the square about a pixel of a lock in which, where the matte is empty, nothing else stands."""

LOCK_FALL: Final = 0.01
"""Metres over which the logit of a lock falls by one, from its middle outwards: half of what shells need, or the most
slender would be no more than a doubt."""

EDGE: Final = 3.0
"""How far the logit of a lock falls where the matte ends."""


@dataclasses.dataclass(frozen=True)
class SlenderLocks:
    """Where locks stand free, and how deep.

    `where` (1, 1, h, w) is 1 where a slender lock is all that stands, and 2 pixels around it where the matte is empty,
    else 0; `middle` (1, 1, h, w) is z of its middle and `half` half its depth along z, in metres; `alpha`
    (1, 1, H, H) is the matte. Rows run upwards.
    """

    where: Tensor
    middle: Tensor
    half: Tensor
    alpha: Tensor

    @classmethod
    def of(cls, scene: Scene) -> SlenderLocks:
        """Return the slender locks of a scene of one picture, about the middle between its depth maps.

        What is seen must be hair: ears are narrow from the front, and deep. Corners of an outline are locks too, as
        deep as they stick out.
        """
        side = scene.depths.shape[-1]
        pixel = BOX_SIDE / side
        solid = F.interpolate(scene.alpha, size=(side, side), mode="area")[0, 0].numpy() > 0.5
        enough = 1.25 * SLENDER  # the steps of a broad outline stay above SLENDER
        radius = _smoothed_within(inner_radius(solid, up_to=enough / pixel), solid) * pixel
        hair = _smoothed_within(scene.hair_before(side)[0, 0].numpy(), solid)
        first, last = (_smoothed_within(depth.numpy(), solid) for depth in scene.depths[0])
        apart = first - last
        slender = solid & (hair > 0.5) & (radius < SLENDER) & (apart < APART)
        broad = (2 * radius / SLENDER - 1).clip(0, 1)
        depth = (1 - broad) * np.minimum(2 * DEPTH_SHARE * radius, apart) + broad * apart
        around = cv2.dilate(slender.astype(np.uint8), np.ones((AROUND, AROUND), np.uint8)) > 0
        where = slender | (around & ~solid)
        known = np.stack((where, (first + last) / 2, depth.clip(THINNEST) / 2)).astype(np.float32)
        maps = torch.from_numpy(known)[None]
        return cls(maps[:, :1], maps[:, 1:2], maps[:, 2:], scene.alpha)

    def surfaces(self, found: Tensor) -> Tensor:
        """Return first and last surfaces (1, 2, h, w), z in metres, with those of locks in place of what was found."""
        own = torch.cat((self.middle + self.half, self.middle - self.half), 1)
        return torch.where(self.where > 0, own, found)

    def shaped(self, logit: Tensor, xyz: Tensor) -> Tensor:
        """Return logits (P,) at points (P, 3) in metres, those of slender locks in place of what was there."""
        where, middle, half = sampled_at(torch.cat((self.where, self.middle, self.half), 1), xyz[None])[0].unbind(1)
        asked = where > 0.5
        inwards = (half - (xyz[:, 2] - middle).abs())[asked] / LOCK_FALL
        edge = (2 * sampled_at(self.alpha, xyz[asked][None])[0, :, 0] - 1) * EDGE
        shaped = logit.clone()
        shaped[asked] = torch.minimum(inwards, edge)
        return shaped


def inner_radius(solid: NDArray[np.bool_], *, up_to: float) -> NDArray[np.float32]:
    """Return for each pixel the radius in pixels of the largest disc within the mask that holds it, 0 outside.

    The mask goes on beyond the picture. Discs stand on pixels and grow by half a pixel, so a radius may be as much too
    small; none is larger than `up_to`.
    """
    border = int(up_to) + 2
    mask = np.pad(solid, border, mode="edge")
    inside = _distance(mask)
    found = np.zeros(mask.shape, np.float32)
    for radius in np.arange(0.5, up_to + 0.5, 0.5):
        centres = inside > radius
        if not centres.any():
            break
        found[(_distance(~centres) <= radius) & mask] = min(radius, up_to)
    return found[border:-border, border:-border]


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how far each pixel of a mask lies from the nearest that is none, in pixels."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def _smoothed_within(values: NDArray[np.float32], solid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return a map smoothed over the pixels of a mask alone, and around it going on from there."""
    share = solid.astype(np.float32)
    blurred, weight = (cv2.GaussianBlur(part, (0, 0), SMOOTH) for part in (np.where(solid, values, 0), share))
    return np.asarray(blurred / np.maximum(weight, 1e-4), np.float32)
