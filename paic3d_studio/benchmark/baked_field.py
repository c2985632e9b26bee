"""A field read from the voxels that the viewport draws: quicker views for `--quick`, and not quite the field's own."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.camera import Camera, rays
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.nets.field import FieldSample, RadianceField, field_volume
from paic3d_studio.nets.volume import RaySampling, RenderedView, march_rays

QUICK_VOXELS: Final = 256
"""Voxels along each side of the box, 2.7 mm wide."""

_EMPTY: Final = -1e3
_RAYS_AT_ONCE: Final = 512
_FAINTEST: Final = 1e-4
"""A ray that stops less has no depth, as in `render_view`."""


class BakedField(RadianceField):
    """Colour and opacity between the centres of voxels."""

    def __init__(self, field: RadianceField, *, voxels: int = QUICK_VOXELS, monitor: Monitor = SILENT) -> None:
        volume = field_volume(field, voxels, monitor=monitor)
        self.box_side, self.surface_level = field.box_side, field.surface_level
        self._field, self._voxel = field, field.box_side / voxels
        rgba = torch.from_numpy(volume.rgba.copy()).float() / 255  # [z, y, x, 4]
        self._colour = rgba[..., :3].permute(3, 0, 1, 2)[None].contiguous()
        self._opacity = rgba[..., 3][None, None].contiguous()
        filled = np.argwhere(volume.rgba[..., 3] > 0)[:, ::-1]  # (n, 3) as x, y, z
        low, high = (filled.min(axis=0) - 1, filled.max(axis=0) + 2) if len(filled) else (np.zeros(3), np.zeros(3))
        self.low, self.high = (edge * self._voxel - self.box_side / 2 for edge in (low, high))

    def view(self, camera: Camera, *, size: int, coarse: int, fine: int, monitor: Monitor = SILENT) -> RenderedView:
        """Render a square view on white as `render_view` would, sparing rays and samples beside what is filled.

        Args:
            camera: where from.
            size: side of the picture in pixels.
            coarse: samples along a metre of each ray.
            fine: further samples on each ray.
            monitor: progress and cancel.

        Raises:
            Cancelled: as `monitor`.
        """
        origins, directions = (array.reshape(-1, 3) for array in rays(camera, size, box_side=self.box_side))
        met = np.flatnonzero(meets_box(origins, directions, self.low, self.high))
        rgb, alpha = np.ones((size * size, 3), np.float32), np.zeros(size * size, np.float32)
        depth, xyz = np.full(size * size, np.nan, np.float32), np.full((size * size, 3), np.nan, np.float32)
        reach = float(np.linalg.norm(np.maximum(np.abs(self.low), np.abs(self.high))[[0, 2]]))
        sampling = RaySampling(camera.distance - reach, camera.distance + reach, max(int(coarse * 2 * reach), 8), fine)
        with torch.inference_mode():
            for start in range(0, len(met), _RAYS_AT_ONCE):
                monitor.report(start / len(met))
                some = met[start : start + _RAYS_AT_ONCE]
                sent = (torch.from_numpy(array[some]) for array in (origins, directions))
                marched = march_rays(self, *sent, sampling=sampling)
                alpha[some] = marched.weights.numpy()
                rgb[some] = (marched.values[:, :3] + (1 - marched.weights[:, None])).numpy()
                shown = some[alpha[some] >= _FAINTEST]
                depth[shown] = marched.depth.numpy()[alpha[some] >= _FAINTEST]
                xyz[shown] = (marched.xyz / marched.weights[:, None]).numpy()[alpha[some] >= _FAINTEST]
        square = (size, size)
        return RenderedView(
            rgb.clip(0, 1).reshape(*square, 3), alpha.reshape(square), depth.reshape(square), xyz.reshape(*square, 3)
        )

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


def meets_box(
    origins: NDArray[np.float32], directions: NDArray[np.float32], low: NDArray[np.floating], high: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Return which rays (R, 3) meet an axis-parallel box, by slabs."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (low - origins) / directions, (high - origins) / directions
    enter = np.fmin(first, second).max(axis=1)  # fmin: 0 / 0 on a face says nothing
    leave = np.fmax(first, second).min(axis=1)
    return np.asarray((enter <= leave) & (leave > 0))
