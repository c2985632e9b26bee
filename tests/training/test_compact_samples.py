"""What stays true of a training sample however it is recoloured, mirrored, warped and cropped."""

import dataclasses

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.datasets.characters import Item
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.training.compact_samples import IGNORED, SampleOptions, batch, sample
from paic3d_studio.training.degraded import degraded

SIDE = 256
RADIUS = 0.16
OPTIONS = SampleOptions(near=4000, uniform=4000, occluded=0.0, marks=0.0, mouth=0.0)


def ball() -> Item:
    """A ball of hair above, face below, seen from both sides, labelled by its closed form; its drawing is darker."""
    steps = ((np.arange(SIDE) + 0.5) / SIDE - 0.5) * BOX_SIDE
    x, y = np.meshgrid(steps, -steps)
    height = np.sqrt(np.clip(RADIUS**2 - x**2 - y**2, 0, None))
    solid = height > 0
    part = np.where(solid, np.where(y > 0, PARTS.index("hair"), PARTS.index("face")), 0).astype(np.uint8)
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[solid] = np.where((y > 0)[solid][:, None], [40, 60, 120, 255], [230, 200, 190, 255])
    rng = np.random.default_rng(3)
    directions = rng.standard_normal((9000, 3))
    surface = directions / np.linalg.norm(directions, axis=1, keepdims=True) * RADIUS
    offset = rng.normal(0, 0.006, (9000, 1))
    near = surface * (1 + offset / RADIUS)
    uniform = rng.uniform(-0.35, 0.35, (9000, 3))
    xyz = np.concatenate([near, uniform]).astype(np.float32)
    upper = surface[:, 1] > 0
    depth = np.where(solid, height, np.nan).astype(np.float32)
    return Item(
        name="ball",
        rgba=np.stack([rgba, rgba]),
        drawn=np.where(np.arange(4) < 3, rgba * 0.8, rgba).astype(np.uint8),  # in the shade
        part=np.stack([part, part]),
        depth=np.stack([depth, -depth]),
        xyz=xyz.astype(np.float16),
        inside=np.linalg.norm(xyz, axis=1) < RADIUS,
        colour=np.where(upper[:, None], [40, 60, 120], [230, 200, 190]).astype(np.uint8),
        point_part=np.where(upper, PARTS.index("hair"), PARTS.index("face")).astype(np.uint8),
        coloured=np.abs(offset[:, 0]) < 0.006,
    )


def picked(
    image: NDArray[np.floating], xyz: NDArray[np.float32], *, flipped: bool
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return the pixel under each point, and whether there is one."""
    size = image.shape[-1]
    column = np.floor((xyz[:, 0] / BOX_SIDE + 0.5) * size).astype(int)
    row = np.floor(((xyz[:, 1] if flipped else -xyz[:, 1]) / BOX_SIDE + 0.5) * size).astype(int)
    there = (column >= 0) & (column < size) & (row >= 0) & (row < size)
    return image[..., row.clip(0, size - 1), column.clip(0, size - 1)], there


@pytest.mark.parametrize("seed", range(6))
def test_points_inside_lie_under_the_picture_and_between_the_depths(seed: int) -> None:
    plain = dataclasses.replace(OPTIONS, degrade=0.0, crop=0.0)
    drawn = sample(ball(), np.random.default_rng(seed), options=plain)
    xyz, inside = drawn["xyz"], drawn["inside"] > 0.5
    depths, there = picked(drawn["depths"], xyz, flipped=True)
    seen = there & (np.nan_to_num(depths[0] - depths[1]) > 0.15)  # at the rim depth changes within a pixel
    deep = seen & (xyz[:, 2] < depths[0] - 0.012) & (xyz[:, 2] > depths[1] + 0.012)
    assert inside[deep].mean() > 0.995
    before = seen & ((xyz[:, 2] > depths[0] + 0.012) | (xyz[:, 2] < depths[1] - 0.012))
    assert inside[before].mean() < 0.005
    alpha, _ = picked(drawn["alpha"][0], xyz, flipped=False)
    assert inside[there & (alpha < 0.01)].mean() < 0.005


@pytest.mark.parametrize("seed", range(6))
def test_front_points_have_the_colour_of_the_picture(seed: int) -> None:
    drawn = sample(ball(), np.random.default_rng(seed), options=dataclasses.replace(OPTIONS, degrade=0.0))
    xyz = drawn["xyz"][: OPTIONS.near]
    rows = np.abs(xyz[:, 1]) > 0.03  # away from the border between hair and skin
    picture, there = picked(drawn["picture"], xyz, flipped=False)
    alpha, _ = picked(drawn["alpha"][0], xyz, flipped=False)
    judged = (drawn["coloured"] > 0) & (xyz[:, 2] > 0.05) & there & (alpha > 0.99) & rows
    assert judged.sum() > 20
    assert np.median(np.abs(picture.T - drawn["colour"])[judged]) < 0.01


@pytest.mark.parametrize("seed", range(4))
def test_a_drawing_colours_the_front_alone(seed: int) -> None:
    plain = dataclasses.replace(OPTIONS, degrade=0.0, crop=0.0, recolour=0.0)
    render, drawing = (
        sample(ball(), np.random.default_rng(seed), options=dataclasses.replace(plain, drawing=share))
        for share in (0.0, 1.0)
    )
    whole = render["alpha"][0] > 0.999
    assert np.abs(drawing["picture"] - 0.8 * render["picture"])[:, whole].max() < 0.005
    front, back = (sign * render["xyz"][: OPTIONS.near, 2] > 0.05 for sign in (1, -1))
    shown = (render["coloured"] > 0) & front & (np.abs(render["xyz"][: OPTIONS.near, 1]) > 0.03)
    assert np.median(np.abs(drawing["colour"] - 0.8 * render["colour"])[shown]) < 0.005
    assert np.array_equal(drawing["colour"][back], render["colour"][back])
    for same in ("back", "depths", "classes", "inside", "xyz"):
        assert np.array_equal(drawing[same], render[same], equal_nan=True), same


@pytest.mark.parametrize("seed", range(4))
def test_the_back_picture_and_its_classes_lie_where_its_points_do(seed: int) -> None:
    drawn = sample(ball(), np.random.default_rng(seed), options=dataclasses.replace(OPTIONS, degrade=0.0, crop=0.0))
    xyz = drawn["xyz"][: OPTIONS.near]
    classes, there = picked(drawn["back_classes"], xyz, flipped=True)
    assert drawn["back_classes"].shape == drawn["back_mask"].shape[1:] == (SIDE // 2, SIDE // 2)
    judged = (drawn["coloured"] > 0) & (xyz[:, 2] < -0.05) & there & (classes != IGNORED) & (np.abs(xyz[:, 1]) > 0.03)
    assert judged.sum() > 20
    assert (classes == drawn["point_class"])[judged].mean() > 0.98
    back, _ = picked(drawn["back"], xyz, flipped=True)
    assert np.median(np.abs(back.T - drawn["colour"])[judged]) < 0.01


def test_what_the_frame_cuts_off_is_neither_seen_nor_solid() -> None:
    always = dataclasses.replace(OPTIONS, crop=1.0, degrade=0.0)
    cut = 0
    for seed in range(8):
        drawn = sample(ball(), np.random.default_rng(seed), options=always)
        alpha, there = picked(drawn["alpha"][0], drawn["xyz"], flipped=False)
        gone = there & (alpha < 0.01)
        assert drawn["inside"][gone].mean() < 0.005
        empty = drawn["alpha"][0][::-1] < 0.01
        assert (drawn["classes"][empty] == IGNORED).mean() > 0.995
        cut += int(empty.sum())
    assert cut > 0


def test_the_same_seed_draws_the_same_batch() -> None:
    first, again = (batch([ball()], np.random.default_rng(5), size=2, options=OPTIONS) for _ in range(2))
    for field in dataclasses.fields(first):
        a, b = getattr(first, field.name), getattr(again, field.name)
        assert torch.equal(a.nan_to_num(), b.nan_to_num())


def test_a_degraded_picture_keeps_its_shape_and_its_matte_its_range() -> None:
    rng = np.random.default_rng(1)
    picture, alpha = rng.random((64, 64, 3)).astype(np.float32), np.ones((64, 64, 1), np.float32)
    for seed in range(20):
        worse, matte = degraded(picture, alpha, np.random.default_rng(seed))
        assert worse.shape == picture.shape
        assert matte.shape == alpha.shape
        assert np.isfinite(worse).all()
        assert matte.min() >= 0 and matte.max() <= 1


def test_a_sample_of_a_degraded_picture_keeps_its_range() -> None:
    always = dataclasses.replace(OPTIONS, degrade=1.0)
    for seed in range(6):
        drawn = sample(ball(), np.random.default_rng(seed), options=always)
        for name in ("picture", "alpha", "back"):
            assert drawn[name].min() >= 0 and drawn[name].max() <= 1, name
