"""Alignment of an illustration to a front view: a known similarity is found again, by both ways."""

import numpy as np
import pytest

from paic3d_studio.benchmark.alignment import aligned_by_landmarks, aligned_by_orb, similarity_of_points
from paic3d_studio.core.alignment import align, aligned_points, warp_portrait
from paic3d_studio.core.artefacts import Alignment, Landmarks, Matte, Portrait
from paic3d_studio.core.image import decode_portrait
from paic3d_studio.errors import UserError
from paic3d_studio.nets.landmarks import find_landmarks
from paic3d_studio.paths import example_picture

CORNERS = np.array([(150.0, 150), (350, 150), (150, 350), (350, 350)])


@pytest.fixture(scope="module")
def picture() -> Portrait:
    return decode_portrait(example_picture().read_bytes(), name="example")


def similarity(scale: float, degrees: float, x: float, y: float) -> Alignment:
    turn = np.radians(degrees)
    square = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return Alignment(np.concatenate([square, [[x], [y]]], axis=1))


def moved(picture: Portrait, by: Alignment) -> Portrait:
    """The picture as the square shows it after a similarity."""
    return Portrait(warp_portrait(picture, matte=Matte(picture.rgba[..., 3]), alignment=by).rgba, has_alpha=True)


def difference(first: Alignment, second: Alignment, points: np.ndarray) -> float:
    """How far two similarities bring the same points apart at most, in pixels of the square."""
    both = (aligned_points(each, points=points) for each in (first, second))
    return float(np.abs(np.subtract(*both)).max())


def test_a_similarity_is_found_exactly_from_exact_points() -> None:
    points = np.random.default_rng(0).normal(size=(28, 2)) * 50
    true = similarity(1.7, 12, 30, -44)
    found = similarity_of_points(points, aligned_points(true, points=points))
    assert np.allclose(found.matrix, true.matrix, atol=1e-9)


def test_points_on_one_spot_align_nothing() -> None:
    with pytest.raises(UserError, match="one spot"):
        similarity_of_points(np.ones((28, 2)), np.ones((28, 2)))


def test_landmarks_find_a_similarity_exactly_when_they_are_exact(
    picture: Portrait, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = similarity(0.7, -5, 60, 20)
    points = find_landmarks(picture).points.astype(np.float64)
    shown = {id(picture): points}
    other = Portrait(np.zeros((64, 64, 4), np.uint8), has_alpha=True)
    shown[id(other)] = aligned_points(by, points=points)

    def found_in(portrait: Portrait) -> Landmarks:
        return Landmarks(shown[id(portrait)].astype(np.float32), np.ones(28, np.float32), "test")

    monkeypatch.setattr("paic3d_studio.benchmark.alignment.find_landmarks", found_in)
    found = aligned_by_landmarks(picture, other)
    assert difference(found, by, points) < 1e-3


def test_landmarks_that_are_detected_find_it_as_well_as_they_are(picture: Portrait) -> None:
    shown = align(find_landmarks(picture))
    factor = np.diag([0.9, 0.9, 1.0])
    other = Alignment((shown.matrix @ factor) + np.array([[0, 0, 20.0], [0, 0, -12.0]]))
    found = aligned_by_landmarks(moved(picture, other), moved(picture, shown))
    back = np.linalg.inv(np.concatenate([other.matrix, [[0, 0, 1]]]))
    true = Alignment((np.concatenate([shown.matrix, [[0, 0, 1]]]) @ back)[:2])
    assert difference(found, true, CORNERS) < 20  # two measurements of a face 190 pixels wide
    assert np.hypot(*found.matrix[:, 0]) == pytest.approx(1 / 0.9, rel=0.1)


@pytest.mark.parametrize(("scale", "degrees"), [(0.8, 0.0), (1.1, 9.0)])
def test_orb_features_find_a_similarity_to_a_pixel(picture: Portrait, scale: float, degrees: float) -> None:
    shown = align(find_landmarks(picture))
    render = moved(picture, shown)
    by = similarity(scale, degrees, 40, 15)
    illustration = moved(render, by)
    found = aligned_by_orb(illustration, render)
    back = np.linalg.inv(np.concatenate([by.matrix, [[0, 0, 1]]]))[:2]
    assert difference(found, Alignment(back), CORNERS) < 1.0


def test_pictures_of_different_things_are_refused_in_a_sentence(picture: Portrait) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    opaque = np.full((300, 300, 1), 255, np.uint8)
    other = Portrait(np.concatenate([noise, opaque], axis=2), has_alpha=False)
    with pytest.raises(UserError, match="features"):
        aligned_by_orb(other, picture)
    blank = Portrait(np.full((80, 80, 4), 255, np.uint8), has_alpha=False)
    with pytest.raises(UserError, match="features"):
        aligned_by_orb(blank, picture)
    with pytest.raises(UserError, match="In the illustration no front face"):
        aligned_by_landmarks(blank, picture)
