"""Slender locks: which they are, how deep and where they stand, and that nothing else is touched."""

import dataclasses

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.compact import Scene
from paic3d_studio.nets.backbones.compact_field import CompactField
from paic3d_studio.nets.backbones.hair_shells import THINNEST
from paic3d_studio.nets.backbones.slender import APART, SlenderLocks, inner_radius
from tests.nets.scenes import empty_handed, extent_along_z, scene_of

PIXEL = BOX_SIDE / 256
ALL, NONE = (torch.full((64, 64), told, dtype=torch.bool) for told in (True, False))


def scene(*widths: int, first: float = 0.05, last: float = -0.03, before: bool = True, behind: bool = True) -> Scene:
    """Return a head 120 pixels wide, of 256, with locks on top: rows 190 to 230, columns from 128 on, 8 pixels apart.

    Its depth maps lie at these z everywhere; what is seen of either side is hair or skin.
    """
    made = scene_of(torch.full((3, 512, 512), 0.4), hair=ALL if before else NONE, hair_behind=behind)
    alpha = torch.zeros(256, 256)
    alpha[70:190, 70:190] = 1
    column = 128
    for width in widths:
        alpha[190:230, column : column + width] = 1
        column += width + 8
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
    head = where[76:184, 70:190]  # but for its corners, which stick out as locks do
    assert not head.any()
    assert not where[:, :60].any()


@pytest.mark.parametrize(
    "other",
    [
        scene(5, before=False),
        scene(5, before=False, behind=False),
        scene(20),
        scene(5, first=APART / 2 + 0.01, last=-APART / 2 - 0.01),
    ],
    ids=["skin before hair, as an ear", "skin", "a broad lock", "one lock behind the other"],
)
def test_no_slender_lock_is(other: Scene) -> None:
    assert not SlenderLocks.of(other).where[0, 0, 195:215, 120:160].any()


def depth_of(locks: SlenderLocks, column: float) -> tuple[float, float]:
    """Return how deep a lock stands in a column, and z of its middle, in metres; it is in one piece."""
    z = np.linspace(-0.1, 0.1, 2001)
    stands = np.flatnonzero(locks.shaped(torch.full((2001,), 1.0), points(210, column, z)).numpy() > 0)
    assert len(stands) == np.ptp(stands) + 1
    return float(np.ptp(z[stands])), float(z[stands].mean())


@pytest.mark.parametrize("width", [3, 4, 5, 6])
def test_a_lock_is_about_as_deep_as_wide_and_stands_in_the_middle_of_the_maps(width: int) -> None:
    depth, middle = depth_of(SlenderLocks.of(scene(width)), 128 + width / 2)
    wide = width * PIXEL
    assert min(0.6 * wide, THINNEST) - 2e-4 <= depth <= max(wide, THINNEST)
    assert middle == pytest.approx(0.01, abs=2e-4)


def test_the_broader_a_lock_the_deeper_up_to_what_the_maps_tell() -> None:
    depths = [depth_of(SlenderLocks.of(scene(width)), 128 + width / 2)[0] for width in (1, 3, 5, 7, 9)]
    assert depths == sorted(depths)
    assert depths[0] == pytest.approx(THINNEST, abs=2e-4)
    assert depths[-1] < 0.08


def test_a_lock_is_never_deeper_than_the_maps_tell_but_for_what_the_mesh_needs() -> None:
    for half in (0.003, 0.006):
        depth, _ = depth_of(SlenderLocks.of(scene(6, first=half, last=-half)), 131)
        assert THINNEST - 2e-4 <= depth <= max(2 * half, THINNEST)


def test_locks_side_by_side_stand_where_their_own_depths_are() -> None:
    both = scene(4, 4)
    depths = both.depths.clone()
    depths[..., 136:] += 0.08  # from the second lock on
    locks = SlenderLocks.of(dataclasses.replace(both, depths=depths))
    assert [depth_of(locks, column)[1] for column in (130, 142)] == pytest.approx([0.01, 0.09], abs=1e-3)


def test_what_stood_elsewhere_is_left_alone_to_the_bit_and_beside_a_lock_nothing_stands() -> None:
    locks = SlenderLocks.of(scene(5))
    xyz = torch.cat([points(row, column, [0.009, 0.02]) for row in (100, 210) for column in (80, 127, 130.5, 133.9)])
    found = torch.linspace(0.1, 0.8, len(xyz))
    shaped = locks.shaped(found, xyz)
    assert torch.equal(shaped[:10], found[:10])  # in the head, and far from the lock
    assert (shaped[[10, 11, 14, 15]] < 0).all()  # to its left and right
    assert float(shaped[12]) > 0  # in its middle


def test_a_blank_picture_has_no_lock() -> None:
    blank = dataclasses.replace(scene(5), alpha=torch.zeros(1, 1, 512, 512))
    assert not SlenderLocks.of(blank).where.any()


@pytest.mark.parametrize("width", [2, 3, 6])
def test_a_lock_of_a_field_is_that_deep_to_its_edges_and_what_it_is_coloured_by_knows(width: int) -> None:
    made = scene(width)
    field, locks = CompactField(empty_handed(), made), SlenderLocks.of(made)
    for column in range(128, 128 + width):
        x, y = (((pixel + 0.5) / 256 - 0.5) * BOX_SIDE for pixel in (column, 210))
        last, first = extent_along_z(field, x, y)
        assert first - last == pytest.approx(2 * float(locks.half[0, 0, 210, column]), abs=0.003)
        surfaces = field._finish.surfaces[0, :, 210, column].tolist()
        assert surfaces == pytest.approx([first, last], abs=0.002)
