"""The rasteriser against geometry that can be counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paic3d_studio.core.raster import covering, rasterise

SQUARE = np.array([[2, 3], [10, 3], [10, 9], [2, 9]], dtype=np.float64)
HALVES = np.array([[0, 1, 2], [0, 2, 3]])


def test_two_triangles_cover_exactly_the_texels_of_their_square() -> None:
    coverage = rasterise(SQUARE, HALVES, size=16)
    expected = {row * 16 + column for row in range(3, 9) for column in range(2, 10)}
    assert set(coverage.texels.tolist()) == expected


def test_winding_does_not_matter() -> None:
    forward = rasterise(SQUARE, HALVES, size=16)
    backward = rasterise(SQUARE, HALVES[:, ::-1], size=16)
    assert set(forward.texels.tolist()) == set(backward.texels.tolist())


def test_interpolated_positions_are_the_texel_centres() -> None:
    coverage = rasterise(SQUARE, HALVES, size=16)
    row, column = np.divmod(coverage.texels, 16)
    centres = np.stack([column + 0.5, row + 0.5], axis=1)
    assert np.allclose(coverage.interpolate(SQUARE, HALVES), centres, atol=1e-5)


def test_what_lies_outside_the_picture_is_cut_off() -> None:
    coverage = rasterise(SQUARE * 100 - 300, HALVES, size=16)
    assert coverage.texels.min(initial=0) >= 0 and len(set(coverage.texels.tolist())) == 256


def test_a_triangle_without_area_covers_nothing() -> None:
    line = np.array([[1, 1], [5, 5], [9, 9]], dtype=np.float64)
    assert len(rasterise(line, np.array([[0, 1, 2]]), size=16).texels) == 0


def test_one_entry_is_chosen_per_texel_in_texel_order() -> None:
    coverage = rasterise(SQUARE, HALVES, size=16)
    chosen = coverage.texels[covering(coverage, texels=256)]
    assert np.array_equal(chosen, np.unique(coverage.texels))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-4, 20), min_size=6, max_size=6))
def test_covered_texels_are_those_whose_centre_is_inside(numbers: list[float]) -> None:
    points = np.array(numbers, dtype=np.float64).reshape(3, 2)
    a, b, c = points
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if abs(area) < 1e-3:
        return
    found = set(rasterise(points, np.array([[0, 1, 2]]), size=16).texels.tolist())
    for row in range(16):
        for column in range(16):
            p = np.array([column + 0.5, row + 0.5])
            weights = [
                ((v[0] - u[0]) * (p[1] - u[1]) - (v[1] - u[1]) * (p[0] - u[0])) / area
                for u, v in ((b, c), (c, a), (a, b))
            ]
            if min(weights) > 1e-6:
                assert row * 16 + column in found
            if min(weights) < -1e-6:
                assert row * 16 + column not in found


def test_barycentric_weights_add_up_to_one() -> None:
    coverage = rasterise(SQUARE, HALVES, size=16)
    assert coverage.weights.sum(axis=1) == pytest.approx(1, abs=1e-6)
