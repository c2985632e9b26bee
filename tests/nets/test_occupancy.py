"""Skipping empty space: fewer samples, the same picture."""

import numpy as np
import torch
from torch import Tensor

from paic3d_studio.core.camera import Camera
from paic3d_studio.nets.field import FieldSample, RadianceField, occupied_voxels
from paic3d_studio.nets.occupancy import skipping_empty
from paic3d_studio.nets.volume import render_view


class HairyBall(RadianceField):
    """A ball with a strand of 8 mm that sticks out of it; counts the densities asked."""

    def __init__(self) -> None:
        self.asked = 0

    def density(self, xyz: Tensor) -> Tensor:
        self.asked += len(xyz)
        ball = 0.15 - xyz.norm(dim=-1)
        strand = torch.minimum(0.004 - (xyz[:, [0, 2]] - 0.03).norm(dim=-1), 0.30 - xyz[:, 1].abs())
        return 330 * torch.sigmoid(800 * torch.maximum(ball, strand)) - 30

    def query(self, xyz: Tensor) -> FieldSample:
        return FieldSample(self.density(xyz), (xyz / 0.7 + 0.5).clamp(0, 1), xyz[:, :0])


def test_a_view_that_skips_empty_space_is_the_same_view() -> None:
    field = HairyBall()
    expected = render_view(field, Camera(25, 10), size=28)
    asked, field.asked = field.asked, 0
    skipping = skipping_empty(field)
    field.asked = 0
    found = render_view(skipping, Camera(25, 10), size=28)
    assert np.abs(found.rgb - expected.rgb).max() < 2e-3
    assert np.abs(found.alpha - expected.alpha).max() < 2e-3
    assert field.asked < 0.35 * asked


def test_whatever_stops_light_lies_in_an_occupied_voxel() -> None:
    field = HairyBall()
    occupied = occupied_voxels(field, 64)
    points = (torch.rand(200_000, 3, generator=torch.Generator().manual_seed(1)) - 0.5) * 0.7
    dense = points[field.density(points) > 1]
    x, y, z = ((dense / 0.7 + 0.5) * 64).long().unbind(dim=-1)
    assert len(dense) > 1000
    assert occupied[x.numpy(), y.numpy(), z.numpy()].all()
    assert occupied.mean() < 0.2


def test_outside_the_box_nothing_is_asked() -> None:
    field = HairyBall()
    skipping = skipping_empty(field, resolution=32)
    field.asked = 0
    assert (skipping.density(torch.tensor([[0.5, 0.0, 0.0], [0.0, -0.36, 0.0]])) == -1e3).all()
    assert field.asked == 0
