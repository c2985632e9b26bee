import numpy as np
import pytest
from scipy import ndimage

from paic3d_studio.core.artefacts import FieldVolume
from paic3d_studio.errors import ShapeMismatch
from paic3d_studio.viewport.bake import (
    ALL_MATTER,
    CELL,
    THICKEST_HAZE,
    bake_volume,
    bled_colours,
    haze_of,
    occupancy_of,
)


def noise(n: int, *, filled: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    rgba = random.integers(0, 256, (n, n, n, 4), np.uint8)
    rgba[random.random((n, n, n)) > filled] = 0
    return rgba


@pytest.mark.parametrize("n", [16, 20, 33])
def test_an_empty_cell_has_no_opacity_within_reach_of_interpolation(n: int) -> None:
    opacity = noise(n, filled=0.002, seed=n)[..., 3]
    occupancy = occupancy_of(opacity)
    reach = ndimage.maximum_filter(opacity, 3, mode="constant")
    for cell in np.ndindex(occupancy.shape):
        part = reach[tuple(slice(c * CELL, (c + 1) * CELL) for c in cell)]
        assert occupancy[cell] == part.max(initial=0)


def test_a_single_voxel_at_a_cell_corner_marks_all_eight_cells() -> None:
    opacity = np.zeros((16, 16, 16), np.uint8)
    opacity[7, 7, 7] = 200
    assert (occupancy_of(opacity) == 200).all()


def test_bleeding_changes_no_opacity_and_no_opaque_colour() -> None:
    rgba = noise(16, filled=0.3, seed=5)
    bled = bled_colours(rgba)
    assert (bled[..., 3] == rgba[..., 3]).all()
    opaque = rgba[..., 3] >= 16
    assert (bled[opaque] == rgba[opaque]).all()


def test_every_neighbour_of_a_red_voxel_becomes_red_and_nothing_further() -> None:
    rgba = np.zeros((9, 9, 9, 4), np.uint8)
    rgba[4, 4, 4] = 200, 10, 30, 255
    bled = bled_colours(rgba)
    assert (bled[3:6, 3:6, 3:6, :3] == (200, 10, 30)).all()
    bled[3:6, 3:6, 3:6] = 0
    assert not bled.any()


def test_the_bounds_hold_every_filled_voxel() -> None:
    rgba = np.zeros((32, 32, 32, 4), np.uint8)
    rgba[20, 9, 3] = 255  # z, y, x
    baked = bake_volume(FieldVolume(rgba))
    assert all(
        low <= at - 1 and at + 2 <= high for low, at, high in zip(baked.lower, (3, 9, 20), baked.upper, strict=True)
    )
    assert baked.upper[0] - baked.lower[0] < 32


def test_an_empty_volume_has_empty_bounds() -> None:
    baked = bake_volume(FieldVolume(np.zeros((16, 16, 16, 4), np.uint8)))
    assert baked.lower == baked.upper


@pytest.mark.parametrize("shape", [(8, 8, 4), (8, 8, 9, 4), (8, 8, 8, 3)])
def test_what_is_no_cube_of_rgba_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeMismatch, match="uint8"):
        bake_volume(FieldVolume(np.zeros(shape, np.uint8)))


@pytest.mark.parametrize("solid", [40, 128, 255])
def test_haze_is_thin_against_the_solid_of_the_same_volume(solid: int) -> None:
    opacity = np.zeros((32, 32, 32), np.uint8)
    opacity[4:28, 4:28, 4:28] = 1  # fog
    opacity[8:24, 8:24, 8:24] = solid
    thin, whole = haze_of(opacity)
    assert 1 / 255 < thin < whole < solid / 255


def test_no_volume_hides_half_opaque_matter() -> None:
    assert haze_of(np.full((8, 8, 8), 255, np.uint8)) == THICKEST_HAZE
    assert THICKEST_HAZE[0] < 0.5


def test_an_empty_volume_has_no_haze() -> None:
    assert haze_of(np.zeros((8, 8, 8), np.uint8)) == ALL_MATTER
