"""The aligned square is the published one, and every point finds its way there and back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from paic3d_studio.core.alignment import (
    LANDMARK_CENTRE,
    LANDMARK_SPREAD,
    adjusted,
    align,
    aligned_points,
    alignment_scale,
    portrait_points,
    usual_face,
    warp_portrait,
)
from paic3d_studio.core.artefacts import ALIGNED_SIZE, Alignment, Landmarks, Matte, Portrait
from paic3d_studio.core.face_template import landmark_points
from paic3d_studio.core.image import over_white
from paic3d_studio.errors import ShapeMismatch, UserError

unhurried = settings(max_examples=60, deadline=None)


def at(points: np.ndarray) -> Landmarks:
    return Landmarks(points=points.astype(np.float32), scores=np.ones(28, np.float32), source="test")


def portrait(rgb: np.ndarray, alpha: np.ndarray | None = None) -> tuple[Portrait, Matte]:
    alpha = np.full(rgb.shape[:2], 255, np.uint8) if alpha is None else alpha
    return Portrait(rgba=np.dstack([rgb, alpha]), has_alpha=False), Matte(alpha=alpha)


def scaled(scale: float, x: float = 0.0, y: float = 0.0) -> Alignment:
    return Alignment(matrix=np.array([[scale, 0, x], [0, scale, y]]))


@pytest.mark.shared
def test_the_similarity_reaches_the_golden_numbers(
    shared: Path, assert_close: Callable[[str, Any, Any], float]
) -> None:
    golden = load_file(shared / "golden" / "alignment.safetensors")
    alignment = align(at(golden["keypoints_raw_rowcol"][:, ::-1] + 0.5))
    # The golden matrix counts pixel centres as whole numbers; here they lie at +0.5.
    matrix = alignment.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    assert_close("similarity", matrix, golden["M_xy_2x3"][0])
    rows_first = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1.0]])
    whole = rows_first @ np.vstack([matrix, [0, 0, 1]]) @ rows_first
    assert_close("similarity, rows first", whole, golden["M_rowcol"])
    points = aligned_points(alignment, points=golden["keypoints_raw_rowcol"][:, ::-1] + 0.5) - 0.5
    assert_close("aligned landmarks", points, golden["aligned_keypoints"][0, :, 1::-1])


@pytest.mark.shared
def test_the_warped_picture_reaches_the_golden_one(shared: Path) -> None:
    golden = load_file(shared / "golden" / "alignment.safetensors")
    alignment = align(at(golden["keypoints_raw_rowcol"][:, ::-1] + 0.5))
    picture, matte = portrait(golden["src_u8"][0].transpose(1, 2, 0))
    warped = over_white(warp_portrait(picture, matte=matte, alignment=alignment, antialias=False).rgba)
    expected = golden["warp_of_float_src_sub2"][0].transpose(1, 2, 0) * 255
    error = np.abs(warped[::4, ::4] - expected)
    print(f"warped picture: {error.max():.3f} of 255 at most, {error.mean():.3f} on average")
    assert error.max() < 1.0  # rounding to 8 bits, of colour and of alpha
    assert error.mean() < 0.3


faces = st.integers(0, 10_000).map(
    lambda seed: np.random.default_rng(seed).normal(500, 80, (28, 2)) * [1, 1.1] + [seed % 700, 30]
)


@unhurried
@given(points=faces)
def test_landmarks_come_to_their_place_at_their_size(points: np.ndarray) -> None:
    aligned = aligned_points(align(at(points)), points=at(points).points)
    centre = aligned.mean(axis=0)
    assert centre == pytest.approx(LANDMARK_CENTRE, abs=1e-6)
    assert np.linalg.norm(aligned - centre, axis=1).std() == pytest.approx(LANDMARK_SPREAD, abs=1e-6)


@unhurried
@given(points=faces, x=st.floats(-500, 900), y=st.floats(-500, 900))
def test_a_point_goes_to_the_square_and_back(points: np.ndarray, x: float, y: float) -> None:
    alignment = align(at(points))
    there = aligned_points(alignment, points=(x, y))
    assert portrait_points(alignment, points=there) == pytest.approx((x, y), abs=1e-6)


@unhurried
@given(points=faces, scale=st.floats(0.2, 5), x=st.floats(-300, 300), y=st.floats(-300, 300))
def test_the_aligned_landmarks_do_not_depend_on_the_size_or_place_of_the_face(
    points: np.ndarray, scale: float, x: float, y: float
) -> None:
    one = aligned_points(align(at(points)), points=at(points).points)
    moved = at(points * scale + [x, y])
    other = aligned_points(align(moved), points=moved.points)
    assert np.abs(one - other).max() < 1e-2  # landmarks are float32


def test_landmarks_on_one_spot_are_explained() -> None:
    with pytest.raises(UserError, match=r"one spot"):
        align(at(np.full((28, 2), 33.0)))


def test_the_identity_changes_no_pixel() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (ALIGNED_SIZE, ALIGNED_SIZE, 3), np.uint8)
    picture, matte = portrait(rgb)
    assert np.array_equal(warp_portrait(picture, matte=matte, alignment=scaled(1)).rgba, picture.rgba)


def test_outside_the_portrait_the_square_is_white_and_transparent() -> None:
    picture, matte = portrait(np.zeros((100, 100, 3), np.uint8))
    rgba = warp_portrait(picture, matte=matte, alignment=scaled(1, 50, 60)).rgba
    inside = np.zeros((ALIGNED_SIZE, ALIGNED_SIZE), bool)
    inside[60:160, 50:150] = True
    assert (rgba[inside] == (0, 0, 0, 255)).all()
    assert (rgba[~inside] == (255, 255, 255, 0)).all()


def test_a_portrait_wholly_outside_the_square_leaves_it_white() -> None:
    picture, matte = portrait(np.zeros((100, 100, 3), np.uint8))
    for place in ((900, 0), (-900, 0), (0, 5000), (-300, -300)):
        for scale in (1.0, 0.03):
            rgba = warp_portrait(picture, matte=matte, alignment=scaled(scale, *place)).rgba
            assert (rgba == (255, 255, 255, 0)).all()


def test_colours_under_the_matte_never_show() -> None:
    rgb = np.zeros((ALIGNED_SIZE, ALIGNED_SIZE, 3), np.uint8)
    rgb[:, :256] = (10, 200, 30)
    alpha = np.zeros(rgb.shape[:2], np.uint8)
    alpha[:, :256] = 255
    picture = Portrait(rgba=np.dstack([rgb, np.full_like(alpha, 255)]), has_alpha=False)
    rgba = warp_portrait(picture, matte=Matte(alpha=alpha), alignment=scaled(1.0, 0.37, 0.0)).rgba
    seen = rgba[..., 3] > 8
    assert np.abs(rgba[seen][:, :3].astype(int) - (10, 200, 30)).max() <= 16  # no dark fringe; 8-bit alpha rounds
    assert (rgba[..., 3] == 0).any()


def test_straight_colours_on_white_are_the_warped_composite() -> None:
    rng = np.random.default_rng(5)
    rgb, alpha = rng.integers(0, 256, (300, 300, 3), np.uint8), rng.integers(0, 256, (300, 300), np.uint8)
    soft, matte = portrait(rgb, alpha)
    flat, everything = portrait(over_white(soft.rgba))
    place = scaled(1.3, 20.4, 31.8)
    one = over_white(warp_portrait(soft, matte=matte, alignment=place).rgba).astype(int)
    other = over_white(warp_portrait(flat, matte=everything, alignment=place).rgba).astype(int)
    assert np.abs(one - other).max() <= 2


@pytest.mark.parametrize("scale", [0.51, 0.8, 1.0, 2.5])
def test_at_ordinary_scales_no_filter_is_added(scale: float) -> None:
    picture, matte = portrait(np.random.default_rng(6).integers(0, 256, (700, 700, 3), np.uint8))
    one = warp_portrait(picture, matte=matte, alignment=scaled(scale, 3.3, 1.7))
    other = warp_portrait(picture, matte=matte, alignment=scaled(scale, 3.3, 1.7), antialias=False)
    assert np.array_equal(one.rgba, other.rgba)


@pytest.mark.parametrize("scale", [0.45, 0.3, 0.22])
def test_a_strong_reduction_averages_instead_of_skipping(scale: float) -> None:
    side = round(ALIGNED_SIZE / scale)
    checks = (np.indices((side, side)).sum(axis=0) % 2 * 255).astype(np.uint8)
    picture, matte = portrait(np.repeat(checks[..., None], 3, axis=2))
    grey = warp_portrait(picture, matte=matte, alignment=scaled(scale)).rgba[40:-40, 40:-40, 0].astype(int)
    assert abs(grey.mean() - 127.5) < 2
    assert grey.std() < 45
    raw = warp_portrait(picture, matte=matte, alignment=scaled(scale), antialias=False).rgba[40:-40, 40:-40, 0]
    assert grey.std() < raw.astype(int).std()


@pytest.mark.parametrize("scale", [1.7, 1.0, 0.45, 0.21])
def test_the_filter_moves_nothing(scale: float) -> None:
    side = round(ALIGNED_SIZE / scale)
    x = np.tile(np.arange(side), (side, 1))
    ramp = np.clip(x / side * 255, 0, 255).astype(np.uint8)
    picture, matte = portrait(np.dstack([ramp, ramp, ramp]))
    row = warp_portrait(picture, matte=matte, alignment=scaled(scale)).rgba[256, 30:-30, 0].astype(float)
    expected = np.floor((np.arange(30, ALIGNED_SIZE - 30) + 0.5) / scale - 0.5) / side * 255
    assert abs((row - expected).mean()) < 0.8


def test_a_rotating_alignment_is_followed() -> None:
    rgb = np.full((ALIGNED_SIZE, ALIGNED_SIZE, 3), 255, np.uint8)
    rgb[100, 300] = 0
    picture, matte = portrait(rgb)
    quarter = Alignment(matrix=np.array([[0.0, -1.0, ALIGNED_SIZE], [1.0, 0.0, 0.0]]))
    dark = np.argwhere(warp_portrait(picture, matte=matte, alignment=quarter).rgba[..., 0] < 128)
    assert dark.tolist() == [[300, ALIGNED_SIZE - 1 - 100]]
    assert alignment_scale(quarter) == pytest.approx(1)


def test_a_matte_of_another_size_is_a_bug() -> None:
    picture, _ = portrait(np.zeros((100, 100, 3), np.uint8))
    with pytest.raises(ShapeMismatch):
        warp_portrait(picture, matte=Matte(alpha=np.zeros((99, 100), np.uint8)), alignment=scaled(1))


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.02, 8), x=st.floats(-400, 400), y=st.floats(-400, 400))
def test_an_even_portrait_stays_even_at_any_scale(scale: float, x: float, y: float) -> None:
    picture, matte = portrait(np.full((333, 251, 3), 77, np.uint8))
    rgba = warp_portrait(picture, matte=matte, alignment=scaled(scale, x, y)).rgba
    solid = rgba[..., 3] == 255
    assert (rgba[solid][:, :3] == 77).all()


def test_the_usual_face_lies_where_every_face_is_brought_to() -> None:
    face = usual_face()
    points = landmark_points(face)
    centre = points.mean(axis=0)
    assert centre == pytest.approx(LANDMARK_CENTRE, abs=0.1)
    assert np.linalg.norm(points - centre, axis=1).std() == pytest.approx(LANDMARK_SPREAD, rel=1e-3)
    assert face.right_eye.centre[0] < centre[0] < face.left_eye.centre[0] and face.chin[1] > face.mouth.centre[1]


def test_no_adjustment_keeps_every_bit_of_an_alignment() -> None:
    alignment = Alignment(matrix=np.array([[0.3, 0.0, 11.0], [0.0, 0.3, -7.0]]))
    assert adjusted(alignment, shift=(0.0, 0.0), scale=1.0, turn=0.0) is alignment
    moved = adjusted(alignment, shift=(5.0, 0.0), scale=2.0, turn=180.0)
    assert moved.matrix @ (10.0, 20.0, 1.0) == pytest.approx(256 - 2 * (np.array([14.0, -1.0]) - 256) + (5, 0))
