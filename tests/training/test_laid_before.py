"""Locks, arms and things that are laid before a sample: picture, depth and points tell of the same thing."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.nets.backbones.compact import CLASSES
from paic3d_studio.training.compact_samples import IGNORED, SampleOptions, sample
from paic3d_studio.training.laid_before import REACH, Laid, laid_before, pixels
from tests.training.test_compact_samples import ball, picked

SIDE = 128
WALL = 0.05
Maps = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]


def wall() -> Maps:
    """A flat character: hair above, face with a mouth in the middle, skin below, empty at both sides."""
    part = np.full((SIDE, SIDE), PARTS.index("skin"), np.uint8)
    part[:60] = PARTS.index("hair")
    part[45:75, 50:78] = PARTS.index("face")
    part[68:70, 60:68] = PARTS.index("mouth")
    part[:, :20] = part[:, -20:] = 0
    picture = np.zeros((SIDE, SIDE, 4), np.float32)
    picture[part > 0] = (0.9, 0.8, 0.7, 1)
    picture[part == PARTS.index("hair")] = (0.2, 0.3, 0.6, 1)
    return picture, part, np.where(part > 0, WALL, np.nan).astype(np.float32)


def things(seeds: int = 60) -> Iterator[tuple[Laid, Generator]]:
    """What is drawn for the wall under many seeds."""
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        yield from ((thing, rng) for thing in laid_before(*wall(), rng))


def test_everything_lies_before_the_character_and_is_solid() -> None:
    kinds = set()
    for thing, _ in things():
        assert 0.5 < thing.cover.max() <= 1
        assert thing.cover.min() >= 0
        assert (thing.front - thing.back)[thing.solid].min() > 0.0019
        assert thing.front[thing.solid].min() > WALL - 0.006
        assert thing.colour.min() >= 0
        assert thing.colour.max() <= 1
        kinds.add(thing.kind)
    assert kinds == {CLASSES.index(name) for name in ("hair", "skin", "cloth")}


def test_locks_have_the_colour_of_the_hair_and_stay_on_the_character() -> None:
    _, part, _ = wall()
    for thing, _ in things():
        if thing.kind == CLASSES.index("hair"):
            assert not thing.solid[part == 0].any()
            assert np.argmax(thing.colour[thing.solid].mean(0)) == 2


def test_a_laid_thing_hides_what_it_covers_and_nothing_else() -> None:
    picture, _, depth = wall()
    depths = np.stack([depth, depth - 0.1])
    for thing, _ in things(20):
        over, before = thing.over(picture), thing.before(depths)
        untouched, whole = thing.cover == 0, thing.cover == 1
        assert np.array_equal(over[untouched], picture[untouched])
        assert np.allclose(over[whole][:, :3], thing.colour[whole], atol=1e-6)
        assert over[..., 3].max() <= 1 + 1e-6
        assert np.array_equal(before[0][thing.solid], thing.front[thing.solid])
        assert np.array_equal(before[:, untouched], depths[:, untouched], equal_nan=True)
        outside = thing.solid & np.isnan(depth)
        assert np.array_equal(before[1][outside], thing.back[outside])


def test_what_lies_behind_is_hidden() -> None:
    for thing, _ in things(10):
        assert not thing.where_nearer(np.full((SIDE, SIDE), 1, np.float32)).solid.any()
        assert np.array_equal(thing.where_nearer(np.full((SIDE, SIDE), np.nan, np.float32)).cover, thing.cover)
        half = np.where(np.arange(SIDE)[:, None] < SIDE // 2, np.float32(1), np.float32(-1)) + np.zeros_like(
            thing.cover
        )
        seen = thing.where_nearer(half)
        assert not seen.solid[: SIDE // 2].any()
        assert np.array_equal(seen.cover[SIDE // 2 :], thing.cover[SIDE // 2 :])


def test_points_know_whether_they_are_in_a_thing() -> None:
    for thing, rng in things(20):
        xyz = thing.points(500, rng)
        inside, at_front, _ = thing.at(xyz)
        row, column, there = pixels(xyz, side=SIDE)
        front, back = thing.front[row, column], thing.back[row, column]
        assert np.array_equal(inside, there & thing.solid[row, column] & (back <= xyz[:, 2]) & (xyz[:, 2] <= front))
        assert (np.abs(xyz[:, 2] - front)[at_front] < REACH).all()
        assert 0.05 < inside.mean() < 0.95
        beyond = np.array([[BOX_SIDE, 0, 0], [0, -BOX_SIDE, 0]], np.float32)
        assert not thing.at(beyond)[0].any()


def test_nobody_without_a_mouth_holds_anything() -> None:
    picture, part, depth = wall()
    assert not list(
        laid_before(picture, np.where(part == PARTS.index("mouth"), 0, part), depth, np.random.default_rng(0))
    )


@pytest.mark.parametrize("seed", range(8))
def test_a_sample_with_things_before_it_is_of_one_piece(seed: int) -> None:
    plain = SampleOptions(near=4000, uniform=4000, degrade=0.0, crop=0.0, recolour=0.0)
    part = ball().part.copy()
    part[0, 150:153, 120:136] = PARTS.index("mouth")
    item = dataclasses.replace(ball(), part=part)
    bare, laden = (
        sample(item, np.random.default_rng(seed), options=dataclasses.replace(plain, laid=share))
        for share in (0.0, 1.0)
    )
    changed = np.abs(laden["picture"] - bare["picture"]).max(0)[::-1] > 0.02
    assert changed.any()
    nearer = np.nan_to_num(laden["depths"][0], nan=-1) > np.nan_to_num(bare["depths"][0], nan=-1) + 0.001
    assert (nearer & changed).sum() > 0.6 * nearer.sum()
    depths, there = picked(laden["depths"], laden["xyz"], flipped=True)
    z, inside = laden["xyz"][:, 2], laden["inside"] > 0.5
    before = there & (z > depths[0] + 0.012)
    assert inside[before].mean() < 0.005
    assert inside[there & np.isnan(depths[0])].mean() < 0.02
    kinds, _ = picked(laden["classes"], laden["xyz"][:4000], flipped=True)
    judged = (laden["coloured"] > 0) & (np.abs(z[:4000] - depths[0, :4000]) < 0.004) & (kinds != IGNORED)
    assert (kinds == laden["point_class"])[judged].mean() > 0.95
