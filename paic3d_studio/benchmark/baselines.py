"""Fields that need no training, to hold the network's numbers against: a billboard and an inflated ellipse."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.field import FieldCondition, FieldSample, RadianceField

SLAB_DENSITY: Final = 301.0
AIR_DENSITY: Final = -10.0
"""Inside the slab, and around it, where softplus makes nearly nothing of it."""

BILLBOARD_THICKNESS: Final = 0.03


class SlabField(RadianceField):
    """The front picture, stood on the plane z = 0 and given a thickness; it shows mirrored from behind.

    Args:
        condition: picture on white and alpha.
        half_depth: half the thickness at each pixel in metres, (1, 1, H, W).
    """

    box_side = BOX_SIDE
    surface_level = SLAB_DENSITY / 2

    def __init__(self, condition: FieldCondition, half_depth: Tensor) -> None:
        alpha = condition.alpha
        solid = ((condition.picture - (1 - alpha)) / alpha.clamp(min=0.25)).clamp(0, 1)
        self._maps = torch.cat((solid, alpha, half_depth), 1).flip(2)

    def query(self, xyz: Tensor) -> FieldSample:
        """Return density and colour at points (P, 3); there are no features."""
        grid = (xyz[None, :, None, :2] * (2 / BOX_SIDE)).float()
        sampled = torch.nn.functional.grid_sample(self._maps, grid, align_corners=False)[0, :, :, 0].T
        inside = (sampled[:, 3] > 0.5) & (xyz[:, 2].abs() < sampled[:, 4])
        density = torch.where(inside, SLAB_DENSITY, AIR_DENSITY)
        return FieldSample(density, sampled[:, :3], sampled.new_zeros((len(xyz), 0)))


def billboard(condition: FieldCondition) -> RadianceField:
    """Return the flat baseline."""
    return SlabField(condition, torch.full_like(condition.alpha, BILLBOARD_THICKNESS / 2))


def inflated(condition: FieldCondition) -> RadianceField:
    """Return the baseline that is as deep as it is wide: half an ellipse over the distance to the silhouette."""
    solid = (condition.alpha[0, 0] > 0.5).numpy()
    distance = np.asarray(ndimage.distance_transform_edt(solid), np.float32) * (BOX_SIDE / solid.shape[0])
    radius = max(float(distance.max()), 1e-6)
    depth = np.sqrt(np.clip(1 - (1 - np.minimum(distance / radius, 1.0)) ** 2, 0, None)) * radius
    return SlabField(condition, torch.from_numpy(depth.astype(np.float32))[None, None])
