"""Slender locks: which they are, how deep and where they stand, and that nothing else is touched."""

import dataclasses

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.compact import CompactBackbone, Scene
from paic3d_studio.nets.backbones.compact_field import LIFT_MARGIN, CompactField
from paic3d_studio.nets.backbones.hair_shells import THINNEST
from paic3d_studio.nets.backbones.slender import DEPTH_SHARE, SLENDER, SlenderLocks, inner_radius
from tests.nets.scenes import scene_of

PIXEL = BOX_SIDE / 256
ALL, NONE = (torch.full((64, 64), told, dtype=torch.bool) for told in (True, False))


def scene(width: int, *, first: float = 0.05, last: float = -0.09, hair: bool = True) -> Scene:
    """Return a head 120 pixels wide, of 256, with a lock on top: columns from 128 on, rows 190 to 230."""
    made = scene_of(torch.full((3, 512, 512), 0.4), hair=ALL if hair else NONE, hair_behind=hair)
    alpha = torch.zeros(256, 256)
    alpha[70:190, 70:190] = 1
    alpha[190:230, 128 : 128 + width] = 1
    depths = torch.tensor([first, last])[None, :, None, None].expand(1, 2, 256, 256)
    fine = alpha.repeat_interleave(2, 0).repeat_interleave(2, 1)
    return dataclasses.replace(made, alpha=fine[None, None], depths=depths)


def points(row: float, column: float, z: NDArray[np.floating] | list[float]) -> torch.Tensor:
    """Return points at a pixel of 256, at these z in metres."""
    x, y = ((place / 256 - 0.5) * BOX_SIDE for place in (column, row))
    return torch.tensor([(x, y, float(depth)) for depth in z], dtype=torch.float32)


@pytest.mark.parametrize("width", [1, 2, 3, 6, 9])
def test_the_inner_radius_of_a_bar_is_half_its_width_and_goes_on_beyond_the_picture(width: int) -> None:
    bar = np.zeros((64, 64), bool)
    bar[:, 20 : 20 + width] = True
    found = inner_radius(bar, up_to=8.0)
    assert found[~bar].max() == 0
    assert np.abs(found[bar] - width / 2).max() <= 0.5
    assert np.array_equal(found, np.broadcast_to(found[0], found.shape))


def test_every_pixel_of_a_disc_has_its_radius_to_half_a_pixel_and_none_more_than_asked_for() -> None:
    rows, columns = np.mgrid[:64, :64]
    disc = np.hypot(rows - 32, columns - 32) < 12.5
    found = inner_radius(disc, up_to=5.2)[disc]
    assert found.min() >= 4.5
    assert found.max() == np.median(found) == pytest.approx(5.2)
    assert inner_radius(disc, up_to=20.0)[disc].min() > 11
    assert inner_radius(np.ones((16, 16), bool), up_to=4.0).min() == pytest.approx(4.0)
    assert inner_radius(np.zeros((16, 16), bool), up_to=4.0).max() == 0


def test_a_lock_is_slender_and_the_head_it_grows_from_is_not() -> None:
    where = SlenderLocks.of(scene(5)).where[0, 0]
    assert where[200:228, 128:133].all()
    assert not where[80:180, 70:190].any()
    assert not where[:, :60].any()


@pytest.mark.parametrize(("width", "hair"), [(5, False), (20, True)])
def test_neither_what_is_no_hair_nor_a_broad_lock_is_slender(width: int, hair: bool) -> None:
    where = SlenderLocks.of(scene(width, hair=hair)).where[0, 0]
    assert not where[195:215, 130 : 128 + width - 2].any()


@pytest.mark.parametrize("width", [5, 7])
def test_a_lock_is_as_deep_as_it_is_wide_and_stands_between_its_surfaces(width: int) -> None:
    locks = SlenderLocks.of(scene(width))
    z = np.linspace(-0.1, 0.1, 2001)
    stands = locks.shaped(torch.full((2001,), 1.0), points(210, 128 + width / 2, z)).numpy() > 0
    depth, middle = np.ptp(z[stands]), z[stands].mean()
    assert stands.sum() == np.ptp(np.flatnonzero(stands)) + 1  # in one piece
    radius = width / 2 * PIXEL
    assert depth == pytest.approx(2 * DEPTH_SHARE * radius / (1 - (radius / SLENDER) ** 2), abs=0.001)
    assert middle == pytest.approx((0.05 - 0.09) / 2, abs=2e-4)


def test_the_most_slender_lock_is_deep_enough_for_the_mesh_and_a_flat_one_stays_flat() -> None:
    assert float(SlenderLocks.of(scene(2)).half[0, 0, 210, 128]) == pytest.approx(THINNEST / 2)
    flat = SlenderLocks.of(scene(6, first=0.006, last=-0.006)).half[0, 0, 210, 130]
    assert float(flat) == pytest.approx(0.006)


def test_what_stood_elsewhere_is_left_alone_to_the_bit_and_beside_a_lock_nothing_stands() -> None:
    locks = SlenderLocks.of(scene(5))
    xyz = torch.cat([points(row, column, [-0.02, 0.0]) for row in (100, 210) for column in (80, 127, 130.5, 133.9)])
    found = torch.linspace(0.1, 0.8, len(xyz))
    shaped = locks.shaped(found, xyz)
    assert torch.equal(shaped[:10], found[:10])  # in the head, and far from the lock
    assert (shaped[[10, 11, 14, 15]] < 0).all()  # to its left and right
    assert float(shaped[12]) > 0  # in its middle


def test_a_blank_picture_has_no_lock() -> None:
    blank = dataclasses.replace(scene(5), alpha=torch.zeros(1, 1, 512, 512))
    assert not SlenderLocks.of(blank).where.any()


def extent_along_z(field: CompactField, x: float, y: float) -> tuple[float, float]:
    """Return where the field is solid along z at one place, first and last in metres."""
    z = np.linspace(-0.3, 0.3, 1201)
    solid = field.density(torch.tensor([(x, y, float(depth)) for depth in z], dtype=torch.float32)).numpy()
    found = z[solid > field.surface_level]
    return float(found.min()), float(found.max())


def test_what_is_raised_along_a_ray_stays_between_the_depth_maps() -> None:
    made = scene_of(torch.full((3, 512, 512), 0.4), hair=NONE, hair_behind=False)
    network = CompactBackbone()
    for values in network.density_out.parameters():
        torch.nn.init.zeros_(values)
    network.density_out.bias.data.fill_(-0.5)
    for surfaces in ([0.003, -0.003], [-0.003, 0.003]):  # the second cross
        depths = torch.tensor(surfaces)[None, :, None, None].expand(1, 2, 256, 256)
        field = CompactField(network, dataclasses.replace(made, depths=depths))
        field._lift.fill_(1.5)  # as where the decoder says nothing anywhere: 23 mm on either side without that bound
        first, last = extent_along_z(field, 0.001, 0.001)
        assert first == pytest.approx(-last, abs=0.002)
        assert 0.003 <= last <= 0.003 + LIFT_MARGIN
