"""Rays that skip empty space: a field that is asked only where something is."""

from __future__ import annotations

import torch
from torch import Tensor

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.field import FieldSample, RadianceField, occupied_voxels
from paic3d_studio.nets.volume import EMPTY_DENSITY


class OccupiedField(RadianceField):
    """Another field, whose density is taken for empty outside the marked voxels.

    Args:
        field: the field itself.
        occupied: voxels in which it is asked, bool (n, n, n) [x, y, z].
    """

    def __init__(self, field: RadianceField, occupied: Tensor) -> None:
        self._field, self._occupied = field, occupied
        self.box_side, self.surface_level = field.box_side, field.surface_level

    def query(self, xyz: Tensor) -> FieldSample:
        """Evaluate the field itself at points (P, 3); its colour is asked only where its density was found."""
        return self._field.query(xyz)

    def density(self, xyz: Tensor) -> Tensor:
        """Evaluate the density at points (P, 3), without asking the field in empty voxels."""
        resolution = len(self._occupied)
        index = ((xyz / self.box_side + 0.5) * resolution).floor().long()
        inside = ((index >= 0) & (index < resolution)).all(dim=-1)
        x, y, z = index.clamp(0, resolution - 1).unbind(dim=-1)
        asked = inside & self._occupied[x, y, z]
        density = xyz.new_full((len(xyz),), EMPTY_DENSITY)
        density[asked] = self._field.density(xyz[asked])
        return density


def skipping_empty(field: RadianceField, *, resolution: int = 128, monitor: Monitor = SILENT) -> OccupiedField:
    """Prepare a field for views of many pixels: the same numbers from a fraction of the samples.

    Worth it from about 128 x 128 pixels; keep the result for all views of one field. What is thinner than four voxels
    and touches nothing larger can be lost, so do not use it to judge a field.

    Raises:
        Cancelled: the work was cancelled.
    """
    return OccupiedField(field, torch.from_numpy(occupied_voxels(field, resolution, monitor=monitor)))
