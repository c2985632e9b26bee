"""Occluders: picture, depth and points tell of the same lock, arm or thing before a character."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.nets.backbones.compact import CLASSES
from paic3d_studio.training.compact_samples import MOST_OCCLUDERS, sample
from paic3d_studio.training.occluders import Occluder, occluders
from paic3d_studio.training.painted_mouths import mouth_place
from tests.training.test_compact_samples import OPTIONS, ball, picked

SIDE = 128
WALL = 0.05
HAIR, SKIN, CLOTH = (CLASSES.index(name) for name in ("hair", "skin", "cloth"))
Maps = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]


def wall() -> Maps:
    """A flat character: hair above, a face in the middle, skin below, empty at both sides."""
    part = np.full((SIDE, SIDE), PARTS.index("skin"), np.uint8)
    part[:60] = PARTS.index("hair")
    part[45:75, 50:78] = PARTS.index("face")
    part[:, :20] = part[:, -20:] = 0
    picture = np.zeros((SIDE, SIDE, 4), np.float32)
    picture[part > 0] = (0.9, 0.8, 0.7, 1)
    picture[part == PARTS.index("hair")] = (0.2, 0.3, 0.6, 1)
    return picture, part, np.where(part > 0, WALL, np.nan).astype(np.float32)


def drawn(seeds: int = 60) -> Iterator[Occluder]:
    """What stands before the wall under many seeds."""
    for seed in range(seeds):
        yield from occluders(*wall(), np.random.default_rng(seed))


def square() -> Occluder:
    """A blue square plate of 32 pixels in the middle, from 0.1 m to 0.08 m."""
    cover = np.zeros((SIDE, SIDE), np.float32)
    cover[48:80, 48:80] = 1
    flat = np.ones_like(cover)
    return Occluder(cover, 0.1 * flat, 0.08 * flat, flat[..., None] * np.float32([0, 0, 1]), CLOTH)


def test_everything_stands_before_the_character_and_is_solid() -> None:
    kinds = set()
    for occluder in drawn():
        assert 0.5 < occluder.cover.max() <= 1
        assert occluder.cover.min() >= 0
        assert (occluder.front - occluder.back)[occluder.solid].min() > 0.0019
        assert np.median(occluder.front[occluder.solid]) > WALL
        assert occluder.colour.min() >= 0
        assert occluder.colour.max() <= 1
        kinds.add(occluder.kind)
    assert kinds == {HAIR, SKIN, CLOTH}


def test_most_characters_get_something_and_none_too_much() -> None:
    counts = [len(list(occluders(*wall(), np.random.default_rng(seed)))) for seed in range(200)]
    assert np.count_nonzero(counts) > 160
    assert max(counts) < MOST_OCCLUDERS


def test_nothing_but_hands_and_hair_covers_the_mouth() -> None:
    _, part, _ = wall()
    x, y = (int(v) for v in mouth_place(part))
    assert not any(occluder.solid[y, x] for occluder in drawn(200) if occluder.kind == CLOTH and flat(occluder))
    assert any(occluder.solid[y, x] for occluder in drawn(200) if occluder.kind == SKIN)


def flat(occluder: Occluder) -> bool:
    """Whether it is a thing, whose back is a plane, and no sleeve."""
    return bool(np.ptp(occluder.back) == 0)


def test_locks_have_the_colour_of_the_hair_and_stay_on_the_character() -> None:
    _, part, _ = wall()
    locks = [occluder for occluder in drawn() if occluder.kind == HAIR]
    assert len(locks) > 20
    for lock in locks:
        assert not lock.solid[part == 0].any()
        assert np.argmax(lock.colour[lock.solid].mean(0)) == 2


def test_an_occluder_hides_what_it_covers_and_nothing_else() -> None:
    picture, _, depth = wall()
    depths = np.stack([depth, depth - 0.1])
    for occluder in drawn(20):
        over, before = occluder.over(picture), occluder.before(depths)
        untouched, whole = occluder.cover == 0, occluder.cover == 1
        assert np.array_equal(over[untouched], picture[untouched])
        assert np.allclose(over[whole][:, :3], occluder.colour[whole], atol=1e-6)
        assert over[..., 3].max() <= 1 + 1e-6
        assert np.array_equal(before[0][occluder.solid], occluder.front[occluder.solid])
        assert np.array_equal(before[:, untouched], depths[:, untouched], equal_nan=True)
        outside = occluder.solid & np.isnan(depth)
        assert np.array_equal(before[1][outside], occluder.back[outside])


def test_what_lies_behind_is_hidden() -> None:
    for occluder in drawn(10):
        assert not occluder.where_nearer(np.full((SIDE, SIDE), 1, np.float32)).solid.any()
        assert np.array_equal(occluder.where_nearer(np.full((SIDE, SIDE), np.nan, np.float32)).cover, occluder.cover)
        half = np.where(np.arange(SIDE)[:, None] < SIDE // 2, np.float32(1), np.float32(-1)) + 0 * occluder.cover
        seen = occluder.where_nearer(half)
        assert not seen.solid[: SIDE // 2].any()
        assert np.array_equal(seen.cover[SIDE // 2 :], occluder.cover[SIDE // 2 :])


def test_points_know_whether_they_are_in_a_plate() -> None:
    pixel = BOX_SIDE / SIDE
    rim = 16 * pixel
    xyz = np.array(
        [
            (0, 0, 0.09), (0, 0, 0.101), (0, 0, 0.079), (0, 0, 0.11), (rim - 0.001, 0, 0.09), (rim + 0.001, 0, 0.09),
            (0, -rim + 0.001, 0.09), (0, -rim - 0.001, 0.09), (BOX_SIDE, 0, 0.09),
        ],
        np.float32,
    )  # fmt: skip
    inside, at_front, colour = square().at(xyz)
    assert inside.tolist() == [True, False, False, False, True, False, True, False, False]
    assert at_front[:4].tolist() == [False, True, False, False]
    assert np.array_equal(colour[1], [0, 0, 1])


def test_points_are_drawn_about_the_plate() -> None:
    xyz = square().points(4000, np.random.default_rng(0))
    assert np.abs(xyz[:, :2]).max() < 16 * BOX_SIDE / SIDE + 0.02
    assert np.median(np.abs(xyz[:, 2] - 0.1)) < 0.012
    inside, at_front, _ = square().at(xyz)
    assert 0.2 < inside.mean() < 0.8
    assert at_front.mean() > 0.3


@pytest.mark.parametrize("gone", ["face", "hair"])
def test_nothing_stands_before_what_has_no_face_or_no_hair(gone: str) -> None:
    picture, part, depth = wall()
    without = np.where(part == PARTS.index(gone), PARTS.index("skin"), part)
    for seed in range(10):
        assert not list(occluders(picture, without, depth, np.random.default_rng(seed)))


@pytest.mark.parametrize("seed", range(8))
def test_a_sample_with_occluders_is_of_one_piece(seed: int) -> None:
    plain = dataclasses.replace(OPTIONS, degrade=0.0, crop=0.0, recolour=0.0)
    bare, laden = (
        sample(ball(), np.random.default_rng(seed), options=dataclasses.replace(plain, occluded=share))
        for share in (0.0, 1.0)
    )
    before, now = (np.nan_to_num(drawn_sample["depths"][0], nan=-1) for drawn_sample in (bare, laden))
    nearer = now > before + 0.004
    assert nearer.sum() > 20
    changed = np.abs(laden["picture"] - bare["picture"]).max(0)[::-1] > 0.004
    assert (nearer & changed).sum() > 0.6 * nearer.sum()
    depths, there = picked(laden["depths"], laden["xyz"], flipped=True)
    new, _ = picked(nearer, laden["xyz"], flipped=True)
    z, inside = laden["xyz"][:, 2], laden["inside"] > 0.5
    just_behind = there & new & (z < depths[0] - 0.0001) & (z > depths[0] - 0.0019)
    assert just_behind.sum() > 5
    assert inside[just_behind].all()
    assert inside[there & (z > depths[0] + 0.001) & new].mean() < 0.001
    assert inside[there & np.isnan(depths[0])].mean() < 0.02
    at_front = (laden["coloured"] > 0) & (new & (np.abs(z - depths[0]) < 0.004))[: OPTIONS.near]
    kinds, _ = picked(laden["classes"], laden["xyz"][: OPTIONS.near], flipped=True)
    assert (kinds == laden["point_class"])[at_front].mean() > 0.95
    picture, _ = picked(laden["picture"], laden["xyz"][: OPTIONS.near], flipped=False)
    assert np.median(np.abs(picture.T - laden["colour"])[at_front]) < 0.02


@pytest.mark.parametrize("seed", range(6))
def test_no_point_that_is_moved_calls_a_hollow_solid(seed: int) -> None:
    """Two depth maps say nothing of the gap under bangs."""
    hollow = dataclasses.replace(ball(), inside=np.zeros_like(ball().inside))
    plain = dataclasses.replace(OPTIONS, degrade=0.0, crop=0.0, recolour=0.0)
    bare, laden = (
        sample(hollow, np.random.default_rng(seed), options=dataclasses.replace(plain, occluded=share))
        for share in (0.0, 1.0)
    )
    before, now = (np.nan_to_num(drawn_sample["depths"][0], nan=-1) for drawn_sample in (bare, laden))
    covered, _ = picked(now > before, laden["xyz"], flipped=True)
    inside = laden["inside"] > 0.5
    assert inside.sum() > 20
    assert covered[inside].all()
    moved = (laden["xyz"] != bare["xyz"]).any(1)
    assert moved.sum() > 20
    z = laden["xyz"][:, 2]
    front, _ = picked(now, laden["xyz"], flipped=True)
    assert (z <= front + 1e-4)[inside].all()
    ball_front, _ = picked(before, laden["xyz"], flipped=True)
    ball_back, _ = picked(np.nan_to_num(bare["depths"][1], nan=1), laden["xyz"], flipped=True)
    assert inside[moved & (z <= ball_front) & (z >= ball_back)].all()
