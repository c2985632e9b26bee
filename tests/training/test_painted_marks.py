"""Painted marks lie on the face, and are paint: shape and labels of a sample are what they are without them."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.training.compact_samples import sample
from paic3d_studio.training.painted_marks import painted_marks
from tests.training.test_compact_samples import OPTIONS, ball, picked

SIDE = 128
FACE, HAIR = PARTS.index("face"), PARTS.index("hair")


def head() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """A square face under a bar of hair, and neck below."""
    part = np.zeros((SIDE, SIDE), np.uint8)
    part[24:40, 40:88] = HAIR
    part[40:80, 44:84] = FACE
    part[80:100, 56:72] = PARTS.index("skin")
    picture = np.where((part > 0)[..., None], np.float32([0.9, 0.8, 0.7, 1]), np.float32(0)).astype(np.float32)
    picture[part == HAIR, :3] = (0.2, 0.3, 0.6)
    return picture, part


@pytest.mark.parametrize("seed", range(20))
def test_marks_change_the_face_alone_and_not_all_of_it(seed: int) -> None:
    picture, part = head()
    marked = painted_marks(picture, part, np.random.default_rng(seed))
    changed = np.abs(marked - picture).max(-1) > 0.002
    assert 3 <= changed.sum() < 0.7 * (part == FACE).sum()
    assert not changed[part != FACE].any()
    assert np.array_equal(marked[..., 3], picture[..., 3])
    assert marked.min() >= 0
    assert marked.max() <= 1


def test_shadows_lie_under_the_hair_and_some_marks_lie_elsewhere() -> None:
    picture, part = head()
    below = np.zeros((SIDE, SIDE))
    for seed in range(60):
        below += np.abs(painted_marks(picture, part, np.random.default_rng(seed)) - picture).max(-1) > 0.002
    assert below[40:42, 50:78].mean() > 20  # most have a shadow
    assert 0 < below[60:78, 50:78].mean() < 8


def test_the_same_seed_paints_the_same() -> None:
    once, again = (painted_marks(*head(), np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(once, again)


def test_what_has_no_face_keeps_its_picture() -> None:
    picture, part = head()
    assert painted_marks(picture, np.where(part == FACE, HAIR, part), np.random.default_rng(0)) is picture


def test_a_bald_head_gets_strokes_and_no_shadow() -> None:
    picture, part = head()
    bald = np.where(part == HAIR, 0, part)
    marked = [painted_marks(picture, bald, np.random.default_rng(seed)) for seed in range(40)]
    shares = [float((np.abs(one - picture).max(-1) > 0.002)[part == FACE].mean()) for one in marked]
    assert 0.3 < np.mean(np.array(shares) > 0) < 0.9
    assert max(shares) < 0.25


@pytest.mark.parametrize("seed", range(4))
def test_marks_of_a_sample_are_paint(seed: int) -> None:
    plain = dataclasses.replace(OPTIONS, degrade=0.0, crop=0.0, recolour=0.0, near=20_000)
    bare, marked = (
        sample(ball(), np.random.default_rng(seed), options=dataclasses.replace(plain, marks=share))
        for share in (0.0, 1.0)
    )
    for same in ("depths", "classes", "alpha", "back"):
        assert np.array_equal(bare[same], marked[same], equal_nan=True), same
    assert set(np.unique(marked["point_class"])) == set(np.unique(bare["point_class"]))
    new = np.abs(bare["picture"] - marked["picture"]).max(0) > 0.02
    assert new.sum() > 5
    near = marked["xyz"][: plain.near]
    under, _ = picked(new, near, flipped=False)
    depths, _ = picked(marked["depths"], near, flipped=True)
    kinds, _ = picked(marked["classes"], near, flipped=True)
    at_front = under & (np.abs(near[:, 2] - depths[0]) < 0.004) & (kinds == marked["point_class"])
    assert at_front.sum() > 2
    picture, _ = picked(marked["picture"], near, flipped=False)
    assert np.abs(picture.T - marked["colour"])[at_front].max() < 0.02
