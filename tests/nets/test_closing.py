"""Closing of gaps: what is narrow is filled, along every axis, and nothing else."""

import pytest
import torch

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.closing import (
    BEHIND,
    BEHIND_HAIR,
    FLOOR,
    MARGIN,
    SIDE,
    WIDTH,
    closed,
    closed_at,
    lattice,
    nothing_closed,
)

CORNER = (12, 40, 25)  # of the gap, voxels along x, y and z: off the middle, and different along each axis
DEEP = torch.ones(SIDE**3)
HAIR = torch.ones(SIDE**3, dtype=torch.bool)


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
    volume = closed(full_but(size), DEEP, within_hair=~HAIR)
    assert float(closed_at(volume, middle(size))) == pytest.approx(2 - MARGIN, abs=1e-5)


@pytest.mark.parametrize("size", [(WIDTH, WIDTH, WIDTH), (WIDTH, 9, 9), (9, WIDTH, 5)])
def test_a_gap_that_a_cube_fits_into_stays_open(size: tuple[int, int, int]) -> None:
    volume = closed(full_but(size), DEEP, within_hair=~HAIR)
    assert float(closed_at(volume, middle(size))) == pytest.approx(-2 - MARGIN, abs=1e-5)


def test_closing_lowers_nothing_and_a_second_time_changes_nothing() -> None:
    logit = torch.rand(SIDE**3, generator=torch.Generator().manual_seed(1)) * 4 - 2
    smooth = torch.nn.functional.avg_pool3d(logit.view(1, 1, SIDE, SIDE, SIDE), 9, 1, 4)
    once = closed(smooth.flatten(), DEEP, within_hair=~HAIR) + MARGIN
    assert bool((once >= smooth - 1e-6).all())
    assert torch.allclose(closed(once.flatten(), DEEP, within_hair=~HAIR) + MARGIN, once, atol=1e-6)  # idempotent


@pytest.mark.parametrize(("hair", "behind"), [(~HAIR, BEHIND), (HAIR, BEHIND_HAIR)])
def test_nothing_is_closed_near_the_first_surface_between_hair_and_hair_nearer_to_it(
    hair: torch.Tensor, behind: float
) -> None:
    size = (1, 1, 1)
    near = closed(full_but(size), DEEP * (behind - 0.001), within_hair=hair)
    assert float(near.max()) == FLOOR
    far = closed(full_but(size), DEEP * (behind + 0.001), within_hair=hair)
    assert float(closed_at(far, middle(size))) > 0
    assert BEHIND_HAIR < BEHIND
    assert float(closed_at(nothing_closed(), middle(size))) == FLOOR
