"""Contour lines are found as published, and never repainted where the artist keeps them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from paic3d_studio.core.artefacts import ALIGNED_SIZE, AlignedPortrait, Alignment, FeatureHulls, KeepMask, Landmarks
from paic3d_studio.core.lines import (
    LineOptions,
    contour_lines,
    difference_of_gaussians,
    keep_mask,
    line_mask,
    masked_lines,
)
from paic3d_studio.core.strokes import Stroke, rasterise_strokes
from paic3d_studio.errors import ShapeMismatch, UserError
from tests.faces import landmark_hulls

SQUARE = Alignment(matrix=np.eye(2, 3))
NOTHING_KEPT = KeepMask(mask=np.zeros((ALIGNED_SIZE, ALIGNED_SIZE), bool))


def opaque(rgb: np.ndarray) -> AlignedPortrait:
    return AlignedPortrait(rgba=np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]))


def white() -> np.ndarray:
    return np.full((ALIGNED_SIZE, ALIGNED_SIZE, 3), 255, np.uint8)


def at(points: np.ndarray) -> Landmarks:
    return Landmarks(points=points.astype(np.float32), scores=np.ones(28, np.float32), source="test")


def noise(seed: int = 0) -> AlignedPortrait:
    return opaque(np.random.default_rng(seed).integers(0, 256, (ALIGNED_SIZE, ALIGNED_SIZE, 3), np.uint8))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("case", "gain", "sigma"), [("0", 1.0, 0.5), ("1", 2.0, 1.0), ("2", 1.0, 1.0), ("3", 1.0, 2.3)]
)
def test_the_difference_of_gaussians_reaches_the_golden_numbers(
    shared: Path, case: str, gain: float, sigma: float, assert_close: Callable[[str, Any, Any], float]
) -> None:
    golden = load_file(shared / "golden" / "dog.safetensors")
    grey = np.tensordot(np.float32([0.299, 0.587, 0.114]), golden["x"][0], axes=1)
    value = 0.5 + gain * difference_of_gaussians(grey, sigma=sigma, ratio=1.6) - 0.01
    assert assert_close(f"case {case}", np.clip(value, 0, 1), golden[case][0, 0]) < 1e-6
    assert assert_close(f"case {case}, open", value, golden[f"{case}.unclipped"][0, 0]) < 1e-6


@pytest.mark.shared
def test_the_difference_of_gaussians_of_the_line_removal_reaches_the_golden_one(
    shared: Path, assert_close: Callable[[str, Any, Any], float]
) -> None:
    golden = load_file(shared / "golden" / "rmline.safetensors")
    grey = np.tensordot(np.float32([0.299, 0.587, 0.114]), golden["image_u8"][0].astype(np.float32) / 255, axes=1)
    value = np.clip(0.5 + difference_of_gaussians(grey, sigma=0.5, ratio=1.6) - 0.01, 0, 1)
    assert_close("line removal", value[128:384, 128:384], golden["dog_value_crop"][0, 0])


@pytest.mark.shared
def test_lines_keep_mask_and_line_mask_equal_the_golden_ones_to_the_bit(
    shared: Path, assert_same: Callable[[str, Any, Any], None]
) -> None:
    golden = load_file(shared / "golden" / "rmline.safetensors")
    picture = opaque(golden["image_u8"][0].transpose(1, 2, 0))
    landmarks = at(golden["keypoints_rowcol"][:, ::-1] + 0.5)
    keep = keep_mask(landmark_hulls(landmarks, alignment=SQUARE), landmarks=landmarks, alignment=SQUARE)
    assert_same("lines", contour_lines(picture, options=LineOptions(dilation=1)), golden["dog_u8mask"][0, 0] > 0)
    assert_same("dilated lines", contour_lines(picture, options=LineOptions()), golden["dog_dilated_u8"][0, 0] > 0)
    assert_same("keep mask", keep.mask, golden["face_hull_u8"][0] > 0)
    assert_same("line mask", line_mask(picture, keep=keep).mask, golden["line_mask_u8"][0, 0] > 0)


def test_a_dark_line_is_marked_and_a_light_one_is_not() -> None:
    picture = np.full_like(white(), 128)
    picture[100:400, 200] = 0
    picture[100:400, 300] = 255
    lines = contour_lines(opaque(picture), options=LineOptions(dilation=1))
    assert lines[110:390, 200].all()
    assert not lines[110:390, 298:303:2].all()
    assert not lines[110:390, 300].any()


def test_an_even_picture_has_no_lines() -> None:
    for level in (0, 127, 255):
        assert not contour_lines(opaque(np.full_like(white(), level)), options=LineOptions()).any()


def test_transparent_pixels_count_as_white() -> None:
    rgba = np.dstack(
        [np.random.default_rng(1).integers(0, 256, white().shape, np.uint8), np.zeros((512, 512), np.uint8)]
    )
    assert not contour_lines(AlignedPortrait(rgba=rgba), options=LineOptions()).any()


def test_dilation_grows_lines_down_and_right() -> None:
    thin = contour_lines(noise(), options=LineOptions(dilation=1))
    grown = contour_lines(noise(), options=LineOptions(dilation=2))
    padded = np.pad(thin, ((1, 0), (1, 0)))
    assert np.array_equal(grown, padded[1:, 1:] | padded[:-1, 1:] | padded[1:, :-1] | padded[:-1, :-1])


@pytest.mark.parametrize("low", [0.0, 0.01, 0.05])
def test_a_higher_threshold_finds_no_new_lines(low: float) -> None:
    more = contour_lines(noise(), options=LineOptions(threshold=low))
    fewer = contour_lines(noise(), options=LineOptions(threshold=low + 0.02))
    assert not (fewer & ~more).any()
    assert fewer.sum() < more.sum()


polygons = st.lists(st.tuples(st.floats(-40, 550), st.floats(-40, 550)), min_size=3, max_size=9)
strokes = st.lists(
    st.builds(
        Stroke,
        points=st.lists(st.tuples(st.floats(-100, 600), st.floats(-100, 600)), min_size=1, max_size=5).map(tuple),
        radius=st.floats(0.5, 60),
        adds=st.booleans(),
    ),
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(polygon=polygons, strokes=strokes)
def test_no_line_pixel_survives_under_a_hull(polygon: list[tuple[float, float]], strokes: list[Stroke]) -> None:
    hulls = FeatureHulls(polygons={"mouth": np.array(polygon)})
    keep = keep_mask(hulls, landmarks=at(np.full((28, 2), 250.0)), alignment=SQUARE)
    mask = line_mask(noise(), keep=keep, strokes=strokes).mask
    assert not (mask & keep.mask).any()
    inside = np.mean(polygon, axis=0)
    if (inside >= 1).all() and (inside < 511).all():
        assert keep.mask[int(inside[1]), int(inside[0])]


def test_the_keep_mask_covers_the_whole_polygon_and_little_more() -> None:
    octagon = 250 + 60 * np.array([[np.cos(a), np.sin(a)] for a in np.arange(8) * np.pi / 4])
    keep = keep_mask(FeatureHulls(polygons={"nose": octagon}), landmarks=at(np.full((28, 2), 250.0)), alignment=SQUARE)
    y, x = np.mgrid[0:512, 0:512] + 0.5
    distance = np.hypot(x - 250, y - 250)
    assert keep.mask[distance < 60 * np.cos(np.pi / 8)].all()
    assert not keep.mask[distance > 60 + 5].any()


def test_nose_and_lashes_are_kept_without_any_hull() -> None:
    points = np.full((28, 2), 400.0)
    points[23] = (100.5, 120.5)
    points[5:8] = [(200.5, 50.5), (220.5, 50.5), (240.5, 50.5)]
    points[8:11] = points[5:8] + np.array([60, 0])
    mask = keep_mask(FeatureHulls(polygons={}), landmarks=at(points), alignment=SQUARE).mask
    assert mask[118:123, 98:103].all()
    assert mask[48:53, 198:243].all()
    assert mask[48:53, 258:303].all()
    assert mask.sum() == 25 + 2 * 5 * 45


def test_landmarks_far_outside_the_square_are_survived() -> None:
    far = at(np.full((28, 2), 1e7))
    assert not keep_mask(FeatureHulls(polygons={}), landmarks=far, alignment=SQUARE).mask.any()


def test_a_stroke_adds_lines_and_another_erases_them() -> None:
    bare = np.zeros((ALIGNED_SIZE, ALIGNED_SIZE), bool)
    add = Stroke(points=((50.0, 50.0), (150.0, 50.0)), radius=5)
    erase = Stroke(points=((100.0, 20.0), (100.0, 80.0)), radius=5, adds=False)
    painted = masked_lines(bare, keep=NOTHING_KEPT, strokes=(add, erase)).mask
    assert painted[50, 60]
    assert painted[50, 140]
    assert not painted[50, 100]
    assert masked_lines(bare, keep=NOTHING_KEPT, strokes=(erase, add)).mask[50, 100]


def test_strokes_cannot_paint_lines_under_the_keep_mask() -> None:
    keep = KeepMask(mask=np.ones((ALIGNED_SIZE, ALIGNED_SIZE), bool))
    add = Stroke(points=((50.0, 50.0), (150.0, 50.0)), radius=50)
    assert not line_mask(noise(), keep=keep, strokes=(add,)).mask.any()


@pytest.mark.parametrize("radius", [1.0, 3.0, 10.0, 40.5])
def test_a_dot_is_its_circle_to_about_half_a_pixel(radius: float) -> None:
    dot = rasterise_strokes(np.zeros((200, 200), bool), strokes=[Stroke(points=((100.0, 90.0),), radius=radius)])
    assert np.sqrt(dot.sum() / np.pi) == pytest.approx(radius, abs=0.5)
    y, x = np.argwhere(dot).mean(axis=0) + 0.5
    assert (x, y) == pytest.approx((100, 90), abs=0.6)


@pytest.mark.parametrize("radius", [2.0, 8.0, 20.0])
def test_a_long_stroke_is_its_capsule_to_about_half_a_pixel(radius: float) -> None:
    line = Stroke(points=((60.0, 60.0), (140.0, 120.0)), radius=radius)
    area = rasterise_strokes(np.zeros((200, 200), bool), strokes=[line]).sum()

    def capsule(r: float) -> float:
        return np.pi * r**2 + 2 * r * 100

    assert capsule(radius - 0.6) < area < capsule(radius + 0.6)


def test_the_thinnest_stroke_marks_the_pixel_under_it() -> None:
    mask = rasterise_strokes(np.zeros((20, 20), bool), strokes=[Stroke(points=((7.5, 3.5),), radius=0.1)])
    assert mask[3, 7]
    assert mask.sum() <= 5


def test_strokes_leave_the_mask_they_paint_on_as_it_was() -> None:
    base = np.zeros((50, 50), bool)
    rasterise_strokes(base, strokes=[Stroke(points=((25.0, 25.0),), radius=9)])
    assert not base.any()


@pytest.mark.parametrize(
    "options", [{"sigma": 0.0}, {"sigma": 99.0}, {"ratio": 1.0}, {"threshold": -0.1}, {"dilation": 0}, {"dilation": 99}]
)
def test_options_without_meaning_are_refused_in_a_sentence(options: dict[str, float]) -> None:
    with pytest.raises(UserError, match=r"out of range"):
        LineOptions(**options)


def test_a_keep_mask_of_another_size_is_a_bug() -> None:
    with pytest.raises(ShapeMismatch):
        line_mask(noise(), keep=KeepMask(mask=np.zeros((10, 10), bool)))


def test_lines_in_the_dent_of_a_free_hull_go_and_in_that_of_a_convex_one_stay() -> None:
    landmarks = at(np.full((28, 2), 1e7))
    dented = np.array([[100.0, 100.0], [200.0, 100.0], [120.0, 150.0], [200.0, 200.0], [100.0, 200.0]])
    free, convex = (
        keep_mask(FeatureHulls({"mole": dented}, free=names), landmarks=landmarks, alignment=SQUARE).mask
        for names in (("mole",), ())
    )
    assert not free[150, 170] and convex[150, 170]
    assert free[150, 110] and free[104, 180] and (free <= convex).all()
