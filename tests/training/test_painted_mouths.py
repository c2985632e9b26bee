"""Painted mouths lie on the face, change nothing else, and are what the labels of the sample say."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.training.compact_samples import FEATURE, sample
from paic3d_studio.training.painted_mouths import mouth_place, painted_mouth
from tests.training.test_compact_samples import OPTIONS, ball, picked

SIDE = 128
FACE, MOUTH = PARTS.index("face"), PARTS.index("mouth")


def face() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """A pale square face in the middle of nothing."""
    part = np.zeros((SIDE, SIDE), np.uint8)
    part[40:80, 44:84] = FACE
    picture = np.where((part > 0)[..., None], np.float32([0.9, 0.8, 0.7, 1]), np.float32(0))
    return picture.astype(np.float32), part


@pytest.mark.parametrize("seed", range(20))
def test_a_mouth_is_painted_on_the_face_and_nowhere_else(seed: int) -> None:
    picture, part = face()
    painted, where = painted_mouth(picture, part, np.random.default_rng(seed))
    assert where.any()
    assert not where[part != FACE].any()
    changed = np.abs(painted - picture).max(-1) > 0.004
    assert changed[where].mean() > 0.95
    assert not changed[part != FACE].any()
    assert np.array_equal(painted[..., 3], picture[..., 3])
    rows, columns = np.nonzero(where)
    x, y = mouth_place(part)
    assert abs(columns.mean() - x) < 4
    assert abs(rows.mean() - y) < 7


def test_a_mouth_that_is_there_says_where_it_is() -> None:
    _, part = face()
    assert mouth_place(part) == pytest.approx([63.5, 73], abs=1)
    part[60:62, 70:74] = MOUTH
    assert mouth_place(part).tolist() == [71.5, 60.5]


def test_what_has_no_face_keeps_its_picture() -> None:
    picture, part = face()
    painted, where = painted_mouth(picture, np.where(part == FACE, PARTS.index("hair"), part), np.random.default_rng(0))
    assert painted is picture
    assert not where.any()


@pytest.mark.parametrize("seed", range(6))
def test_points_under_a_painted_mouth_are_features_of_its_colour(seed: int) -> None:
    plain = dataclasses.replace(OPTIONS, degrade=0.0, crop=0.0, recolour=0.0, near=20_000)
    bare, open_mouthed = (
        sample(ball(), np.random.default_rng(seed), options=dataclasses.replace(plain, mouth=share))
        for share in (0.0, 1.0)
    )
    assert np.array_equal(bare["depths"], open_mouthed["depths"], equal_nan=True)
    new = (open_mouthed["classes"] == FEATURE) & (bare["classes"] != FEATURE)
    assert new.sum() > 10
    near = open_mouthed["xyz"][: plain.near]
    under, _ = picked(new, near, flipped=True)
    depths, _ = picked(open_mouthed["depths"], near, flipped=True)
    at_front = under & (np.abs(near[:, 2] - depths[0]) < 0.004)
    assert at_front.sum() > 3
    assert (open_mouthed["point_class"][at_front] == FEATURE).all()
    picture, _ = picked(open_mouthed["picture"], near, flipped=False)
    assert np.abs(picture.T - open_mouthed["colour"])[at_front].max() < 0.02
    behind = under & (near[:, 2] < 0)
    assert behind.any()
    assert not (open_mouthed["point_class"][behind] == FEATURE).any()
