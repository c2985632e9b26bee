"""Drawn faces keep their landmarks through bending, painting and mirroring, and their alpha through composition."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from paic3d_studio.core.camera import Camera, rays
from paic3d_studio.core.face_template import CONTOUR, LEFT_EYE, MOUTH, RIGHT_EYE
from paic3d_studio.core.landmarks import landmarks_from_parts
from paic3d_studio.datasets import face_scenes
from paic3d_studio.datasets.backgrounds import BACKGROUNDS
from paic3d_studio.datasets.drawn_faces import FACE_SIDE, MIRRORED, DrawnFace, drawn_faces, drawn_views, projected
from paic3d_studio.datasets.face_samples import FaceBank, crop_sample, matte_sample, scene_sample
from paic3d_studio.datasets.face_scenes import composed, face_size, fitting, laid, premultiplied, styled
from paic3d_studio.datasets.generated.draw import drawn_recipe
from paic3d_studio.datasets.generated.generate import character_bytes, character_name
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer

SEEDS = range(5)


def dotted(name: str = "generated_dots", yaw: float = 0.0) -> DrawnFace:
    """A head whose 28 landmarks are marked by dots, each of a colour of its own."""
    points = landmarks_from_parts((96.0, 120.0), (160.0, 120.0), (128.0, 165.0)).points
    rgba = np.zeros((FACE_SIDE, FACE_SIDE, 4), np.uint8)
    cv2.ellipse(rgba, (128, 140), (110, 115), 0, 0, 360, (240, 220, 200, 255), -1)
    for k, (x, y) in enumerate(points):
        cv2.circle(
            rgba, (round(float(x) * 16 - 8), round(float(y) * 16 - 8)), 40, (9 * k, 0, 255, 255), -1, cv2.LINE_AA, 4
        )
    return DrawnFace(name, rgba, points, yaw, 0.0)


@pytest.fixture(scope="module")
def bank() -> FaceBank:
    back = DrawnFace("generated_back", dotted().rgba, dotted().points, 180.0, 0.0)
    return FaceBank.of([premultiplied(dotted()), premultiplied(back)], backgrounds=12)


def test_mirroring_twice_is_doing_nothing_and_swaps_the_sides() -> None:
    assert np.array_equal(MIRRORED[MIRRORED], np.arange(28))
    assert set(MIRRORED[RIGHT_EYE]) == set(range(28)[LEFT_EYE])
    points = landmarks_from_parts((96.0, 120.0), (160.0, 120.0), (128.0, 165.0)).points
    mirrored = (points * (-1, 1) + (256, 0))[MIRRORED]
    assert np.abs(mirrored[RIGHT_EYE].mean(axis=0) - points[RIGHT_EYE].mean(axis=0)).max() < 3
    assert np.abs(mirrored[MOUTH] - points[MOUTH]).max() < 6


@pytest.mark.parametrize("camera", [Camera(0, 0, 1, None), Camera(35, -12, 1.3, 30.0)])
def test_places_are_projected_to_the_pixels_that_see_them(camera: Camera) -> None:
    seen = rays(camera, 64)
    places = (seen.origins + 0.9 * seen.directions).reshape(-1, 3)
    rows, columns = np.mgrid[:64, :64] + 0.5
    expected = np.stack([columns.ravel(), rows.ravel()], axis=1)
    assert np.abs(projected(places, camera=camera, size=64) - expected).max() < 1e-3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mirror", [False, True])
def test_landmarks_stay_on_what_they_marked_when_a_face_is_bent(
    seed: int, mirror: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face_scenes, "_dressed", lambda layer, _: layer)
    lot = np.random.default_rng(seed)
    face = premultiplied(dotted(yaw=20.0))
    matrix = fitting(face, size=150.0, to=(128.0, 128.0), turn=0.3, mirror=mirror)
    layer = laid(face, matrix=matrix, side=256, lot=lot)
    assert layer.yaw == (-20.0 if mirror else 20.0)
    order = MIRRORED if mirror else np.arange(28)
    blue = layer.rgba[..., 2] > layer.rgba[..., 1].astype(int) + 120
    for k, (x, y) in enumerate(layer.points):
        close = blue[max(int(y) - 1, 0) : int(y) + 2, max(int(x) - 1, 0) : int(x) + 2]
        assert close.any(), order[k]


def test_an_unbent_face_lies_where_its_matrix_puts_it() -> None:
    face = premultiplied(dotted())
    matrix = fitting(face, size=100.0, to=(90.0, 70.0), turn=0.0, mirror=False)
    layer = laid(face, matrix=matrix, side=192)
    assert face_size(layer.points) == pytest.approx(100.0)
    assert layer.points.mean(axis=0) == pytest.approx((90.0, 70.0))


def test_layers_hide_each_other_and_alphas_say_so() -> None:
    face = premultiplied(dotted())
    behind, before = (
        laid(face, matrix=fitting(face, size=60.0, to=(x, 64.0), turn=0.0, mirror=False), side=128)
        for x in (50.0, 80.0)
    )
    scene = composed([behind, before], np.zeros((128, 128, 3), np.uint8))
    assert np.array_equal(scene.alphas[1], before.rgba[..., 3])
    assert scene.alphas[0][before.rgba[..., 3] == 255].max() == 0
    alone = before.rgba[..., 3] == 255
    assert np.array_equal(scene.rgb[alone], before.rgba[alone, :3])
    assert scene.alphas.astype(int).sum(axis=0).max() <= 256


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_backgrounds_fill_their_square_and_repeat(name: str) -> None:
    one, same = (BACKGROUNDS[name](np.random.default_rng(3), 96) for _ in range(2))
    assert one.shape == (96, 96, 3) and one.dtype == np.uint8
    assert np.array_equal(one, same)


@pytest.mark.parametrize("seed", SEEDS)
def test_equal_lots_draw_equal_samples(bank: FaceBank, seed: int) -> None:
    one, same = (crop_sample(bank, np.random.default_rng(seed), side=96, reach=1.7) for _ in range(2))
    assert np.array_equal(one.rgb, same.rgb) and np.array_equal(one.points, same.points)
    scene, again = (scene_sample(bank, np.random.default_rng(seed), side=160) for _ in range(2))
    assert np.array_equal(scene.rgb, again.rgb) and np.array_equal(scene.faces, again.faces)


def test_samples_are_within_their_bounds(bank: FaceBank) -> None:
    lot = np.random.default_rng(0)
    faces = 0
    for _ in range(40):
        crop = crop_sample(bank, lot, side=96, reach=1.7)
        assert crop.rgb.shape == (96, 96, 3)
        if crop.face:
            faces += 1
            assert ((crop.points > -0.6) & (crop.points < 1.6)).all()
            assert crop.points[CONTOUR][2, 1] > crop.points[RIGHT_EYE, 1].mean() or abs(crop.turn[0]) > 0.6
        portrait = matte_sample(bank, lot, side=96)
        assert portrait.alpha.shape == (96, 96) and portrait.box[2] > 8
        x, y, size = (portrait.box[0] + portrait.box[2] / 2, portrait.box[1] + portrait.box[2] / 2, portrait.box[2])
        if 0 <= x < 96 and 0 <= y < 96 and size > 0:
            assert portrait.alpha[int(y), int(x)] >= 0
    assert 20 < faces < 40


@pytest.mark.parametrize("seed", range(12))
def test_every_manner_of_printing_gives_a_picture(seed: int) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    printed = styled(rgb, np.random.default_rng(seed))
    assert printed.shape == rgb.shape and printed.dtype == np.uint8


def test_a_generated_character_is_drawn_with_its_landmarks_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / f"{character_name(7)}.vrm"
    path.write_bytes(character_bytes(drawn_recipe(7)))
    with CharacterRenderer() as renderer:
        drawn = drawn_views(path, renderer, views=1, seed=3)
    kept = list(drawn_faces([path], views=1, cache=tmp_path / "cache", seed=3))
    again = list(drawn_faces([path], views=1, cache=tmp_path / "cache", seed=3))
    for one, other, third in zip(drawn, kept, again, strict=True):
        assert np.array_equal(one.rgba, other.rgba) and np.array_equal(other.rgba, third.rgba)
        assert np.array_equal(one.points, third.points)
    (face,) = drawn
    if not face.seen_from_behind:
        rows, columns = face.points[:, 1].astype(int), face.points[:, 0].astype(int)
        assert (face.rgba[rows, columns, 3] > 127).mean() > 0.8
