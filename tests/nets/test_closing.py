"""Closing of gaps: what is narrow is filled, along every axis, and nothing else."""

import pytest
import torch

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.closing import (
    BEHIND,
    BEHIND_HAIR,
    FLOOR,
    MARGIN,
    MARGIN_HAIR,
    SIDE,
    WIDTH,
    closed,
    closed_at,
    lattice,
    nothing_closed,
)

CORNER = (12, 40, 25)  # of the gap, voxels along x, y and z: off the middle, and different along each axis
FAR = 1.0  # metres: so deep in the head that neither surface is near


def filling(volume: torch.Tensor, place: torch.Tensor, *, behind: float, before: float, hair: float) -> float:
    """Return what closes gaps at a place, (1, 3), so far behind the first surface and before the last."""
    told = {"past_first": behind, "ahead_of_last": before, "within_hair": hair}
    return float(closed_at(volume, place, **{name: torch.tensor([value]) for name, value in told.items()}))


def full_but(size: tuple[int, int, int]) -> torch.Tensor:
    """Return logits at the lattice: 2 everywhere but in a box of so many voxels along x, y and z, where it is -2."""
    volume = torch.full((SIDE, SIDE, SIDE), 2.0)
    (x, y, z), (w, h, d) = CORNER, size
    volume[z : z + d, y : y + h, x : x + w] = -2.0
    return volume.flatten()


def middle(size: tuple[int, int, int]) -> torch.Tensor:
    """Return the middle of that box in metres, (1, 3)."""
    return torch.tensor([[(c + s / 2) / SIDE - 0.5 for c, s in zip(CORNER, size, strict=True)]]) * BOX_SIDE


def test_the_lattice_holds_the_centres_of_voxels_with_x_fastest() -> None:
    points = lattice().view(SIDE, SIDE, SIDE, 3)
    step = BOX_SIDE / SIDE
    assert torch.allclose(points[2, 3, 5] - points[0, 0, 0], torch.tensor([5.0, 3.0, 2.0]) * step, atol=1e-6)
    assert torch.allclose(points.flatten(0, 2).mean(0), torch.zeros(3), atol=1e-6)


@pytest.mark.parametrize("size", [(WIDTH - 1, 9, 9), (9, WIDTH - 1, 9), (9, 9, WIDTH - 1), (1, 1, 20)])
def test_a_gap_that_is_narrow_along_one_axis_is_filled(size: tuple[int, int, int]) -> None:
    volume = closed(full_but(size))
    assert filling(volume, middle(size), behind=FAR, before=FAR, hair=0.0) == pytest.approx(2 - MARGIN, abs=1e-5)


@pytest.mark.parametrize("size", [(WIDTH, WIDTH, WIDTH), (WIDTH, 9, 9), (9, WIDTH, 5)])
def test_a_gap_that_a_cube_fits_into_stays_open(size: tuple[int, int, int]) -> None:
    volume = closed(full_but(size))
    assert filling(volume, middle(size), behind=FAR, before=FAR, hair=0.0) == pytest.approx(-2 - MARGIN, abs=1e-5)


def test_closing_lowers_nothing_and_a_second_time_changes_nothing() -> None:
    logit = torch.rand(SIDE**3, generator=torch.Generator().manual_seed(1)) * 4 - 2
    smooth = torch.nn.functional.avg_pool3d(logit.view(1, 1, SIDE, SIDE, SIDE), 9, 1, 4)
    once = closed(smooth.flatten())
    assert bool((once >= smooth - 1e-6).all())
    assert torch.allclose(closed(once.flatten()), once, atol=1e-6)  # idempotent


@pytest.mark.parametrize(("hair", "begins"), [(0.0, BEHIND), (1.0, BEHIND_HAIR)])
def test_nothing_is_closed_near_the_first_surface_between_hair_and_hair_nearer_to_it(
    hair: float, begins: float
) -> None:
    volume, place = closed(full_but((1, 1, 1))), middle((1, 1, 1))
    assert filling(volume, place, behind=begins - 0.001, before=FAR, hair=hair) < 0
    assert filling(volume, place, behind=begins + 0.001, before=FAR, hair=hair) > 0
    assert BEHIND_HAIR < BEHIND
    assert filling(nothing_closed(), place, behind=FAR, before=FAR, hair=hair) <= FLOOR


def test_between_hair_and_hair_what_closes_a_gap_is_nearly_as_sure_as_what_surrounds_it() -> None:
    size = (1, 9, 9)
    volume = closed(full_but(size))
    assert filling(volume, middle(size), behind=FAR, before=FAR, hair=1.0) == pytest.approx(2 - MARGIN_HAIR, abs=1e-5)
    assert MARGIN_HAIR < MARGIN


def test_hair_has_no_gaps_behind_its_last_surface_but_deep_in_the_head() -> None:
    volume, place = closed(full_but((1, 1, 1))), middle((1, 1, 1))
    thin, deep = (BEHIND + BEHIND_HAIR) / 2, BEHIND + 0.01
    assert filling(volume, place, behind=thin, before=0.001, hair=1.0) > 0
    assert filling(volume, place, behind=thin, before=-0.001, hair=1.0) < 0
    assert filling(volume, place, behind=deep, before=-0.001, hair=1.0) > 0


def test_what_closes_a_gap_begins_at_a_place_and_not_at_a_voxel() -> None:
    """A bound that is decided per voxel leaves stairs of 11 mm inside the head."""
    volume, (x, y, z) = closed(full_but((1, 1, 9))), middle((1, 1, 9))[0].tolist()
    steps = torch.linspace(-0.02, 0.02, 81)
    places = torch.stack((torch.full_like(steps, x), torch.full_like(steps, y), z + steps), 1)
    bounds = {"past_first": BEHIND_HAIR - steps, "ahead_of_last": torch.ones(81), "within_hair": torch.ones(81)}
    found = closed_at(volume, places, **bounds)
    assert torch.equal(found > 0, steps < 0)
