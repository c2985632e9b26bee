"""A field read from the voxels that the viewport draws: quicker views for `--quick`, and not quite the field's own."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from paic3d_studio.core.camera import Camera
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.nets.field import FieldSample, RadianceField, field_volume

QUICK_VOXELS: Final = 256
"""Voxels along each side of the box, 2.7 mm wide."""

_EMPTY: Final = -1e3


class BakedField(RadianceField):
    """Colour and opacity between the centres of voxels."""

    def __init__(self, field: RadianceField, *, voxels: int = QUICK_VOXELS, monitor: Monitor = SILENT) -> None:
        volume = field_volume(field, voxels, monitor=monitor)
        self.box_side, self.surface_level = field.box_side, field.surface_level
        self._field, self._voxel = field, field.box_side / voxels
        rgba = torch.from_numpy(volume.rgba.copy()).float() / 255  # [z, y, x, 4]
        self._colour = rgba[..., :3].permute(3, 0, 1, 2)[None].contiguous()
        self._opacity = rgba[..., 3][None, None].contiguous()

    def density(self, xyz: Tensor) -> Tensor:
        """Return the density that stops as much light within a voxel as is stored, (P,)."""
        opacity = self._sampled(self._opacity, xyz)[0]
        lost = -torch.log1p(-opacity.clamp(max=0.999)) / self._voxel
        return torch.where(opacity > 0, 1 + lost + torch.log(-torch.expm1(-lost.clamp(min=1e-6))), _EMPTY)

    def query(self, xyz: Tensor) -> FieldSample:
        """Return density and colour, no features."""
        colour = self._sampled(self._colour, xyz).T
        return FieldSample(self.density(xyz), colour, colour[:, :0])

    def sharp_view(
        self, camera: Camera, *, size: int = 512, stitch: StitchSource | None = None, monitor: Monitor = SILENT
    ) -> Tensor | None:
        """Return the view through the backbone's own super-resolution, which has no quick way."""
        return self._field.sharp_view(camera, size=size, stitch=stitch, monitor=monitor)

    def _sampled(self, values: Tensor, xyz: Tensor) -> Tensor:
        """Read voxels (1, C, z, y, x) at points (P, 3), (C, P)."""
        place = (xyz * (2 / self.box_side))[None, None, None]
        return F.grid_sample(values, place, align_corners=False, padding_mode="border")[0, :, 0, 0]
