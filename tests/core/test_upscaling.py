"""The picture at the texture's resolution: nothing moves, nothing bleeds, and nothing grows without bound."""

import numpy as np
import pytest

from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.core.upscaling import (
    MAX_SIDE,
    Upscaling,
    missing_resolution,
    opaque_colours,
    smooth,
    with_colours,
)
from paic3d_studio.errors import ShapeMismatch, UserError

TURNED = Alignment(matrix=np.array([[1.2, -0.3, 40.0], [0.3, 1.2, -7.0]]))


def source_of(rgba: np.ndarray, alignment: Alignment = TURNED) -> StitchSource:
    return StitchSource(rgba=rgba, alignment=alignment)


def ramp(height: int, width: int) -> np.ndarray:
    """An opaque picture that grows brighter to the right in red and downwards in green, 2 levels a pixel."""
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[:, :, 0], rgba[:, :, 1] = 2 * np.arange(width)[None, :], 2 * np.arange(height)[:, None]
    return rgba


def place(source: StitchSource, x: float, y: float) -> np.ndarray:
    """Where a pixel position (corners at whole numbers) of a source lies in the aligned square."""
    return source.alignment.matrix @ (x, y, 1)


def test_a_picture_of_twice_the_resolution_lacks_half_as_much() -> None:
    coarse = source_of(np.zeros((64, 64, 4), np.uint8), Alignment(matrix=np.eye(2, 3)))
    fine = source_of(np.zeros((128, 128, 4), np.uint8), Alignment(matrix=np.eye(2, 3) / 2))
    lacking = missing_resolution(coarse, texture_size=2048)
    assert missing_resolution(fine, texture_size=2048) == pytest.approx(lacking / 2)
    assert missing_resolution(coarse, texture_size=4096) == pytest.approx(lacking * 2)
    assert lacking == pytest.approx(0.7 / 512 * 2048 / 0.7)  # 512 pixels and a texture both span 0.7 m


@pytest.mark.parametrize("factor", [1.3, 2.0, 3.7])
def test_smooth_upscaling_moves_nothing(factor: float) -> None:
    source = source_of(ramp(60, 100))
    wide = smooth(source, factor=factor)
    height, width = wide.rgba.shape[:2]
    assert (height, width) == (round(60 * factor), round(100 * factor))
    np.testing.assert_allclose(place(wide, width, height), place(source, 100, 60))
    np.testing.assert_allclose(place(wide, 0, 0), place(source, 0, 0))
    columns = (np.arange(width) + 0.5) * 100 / width - 0.5  # where each new pixel's centre lies among the old ones
    inner = (columns > 5) & (columns < 94)
    np.testing.assert_allclose(wide.rgba[height // 2, inner, 0], 2 * columns[inner], atol=1.01)
    assert (wide.rgba[:, :, 3] == 255).all()


def test_what_is_transparent_does_not_bleed_into_what_is_seen() -> None:
    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[:, :20] = (200, 10, 10, 255)
    rgba[:, 20:] = (0, 255, 0, 0)  # what nobody sees
    wide = smooth(source_of(rgba), factor=4).rgba
    seen = wide[:, :, 3] > 64
    assert np.abs(wide[seen][:, :3].astype(int) - (200, 10, 10)).max() <= 2
    assert seen.mean() == pytest.approx(0.5, abs=0.02)


def test_no_side_grows_beyond_the_limit() -> None:
    wide = smooth(source_of(np.zeros((1, MAX_SIDE // 2, 4), np.uint8)), factor=50)
    assert wide.rgba.shape == (2, MAX_SIDE, 4)
    whole = source_of(np.zeros((1, MAX_SIDE, 4), np.uint8))
    assert smooth(whole, factor=50) is whole


def test_a_network_sees_the_borders_colour_where_the_picture_is_transparent() -> None:
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[:, :4] = (200, 10, 10, 255)
    rgba[:, 4:, :3] = (0, 255, 0)
    assert (opaque_colours(source_of(rgba)) == (200, 10, 10)).all()
    clear = np.full((8, 8, 4), (1, 2, 3, 0), np.uint8)
    assert (opaque_colours(source_of(clear)) == (1, 2, 3)).all()


def test_alpha_and_place_follow_colours_that_were_enlarged_elsewhere() -> None:
    rgba = ramp(6, 10)
    rgba[:, 5:, 3] = 0
    source = source_of(rgba)
    wide = with_colours(source, np.full((18, 30, 3), 7, np.uint8))
    assert wide.rgba.shape == (18, 30, 4) and (wide.rgba[:, :, :3] == 7).all()
    assert (wide.rgba[:, :12, 3] > 240).all() and (wide.rgba[:, 18:, 3] < 15).all()
    np.testing.assert_allclose(place(wide, 30, 18), place(source, 10, 6))
    with pytest.raises(ShapeMismatch):
        with_colours(source, np.zeros((18, 31, 3), np.uint8))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"way": "sharp"}, "no upscaling named"),
        ({"way": "network"}, "No upscaling network was chosen"),
        ({"way": "network", "file": "a.safetensors"}, "No upscaling network was chosen"),
        ({"sha256": "0" * 63}, "no sha256"),
    ],
)
def test_a_setting_that_says_too_little_is_refused(options: dict, told: str) -> None:
    with pytest.raises(UserError, match=told):
        Upscaling(**options)
