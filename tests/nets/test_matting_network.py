"""The matting network tells the character from what is behind; alpha of the file wins, GrabCut stands in."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from paic3d_studio.core.artefacts import Portrait
from paic3d_studio.core.image import decode_portrait, read_picture
from paic3d_studio.core.landmarks import face_box
from paic3d_studio.core.matte import FaceBox, matte_by_grabcut, matte_from_alpha
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.backgrounds import BACKGROUNDS
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.nets import manifest, weights
from paic3d_studio.nets.matting import MATTING, find_matte, matte_by_network
from paic3d_studio.paths import example_picture, models_folder
from tests.faces import landmarks_in

SIDE = 384


@pytest.fixture(scope="module")
def example() -> tuple[np.ndarray, FaceBox]:
    """The bundled portrait with its alpha, and where its face is."""
    portrait = decode_portrait(read_picture(example_picture()), name="example.png")
    rgba = np.asarray(cv2.resize(portrait.rgba, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    return rgba, face_box(landmarks_in(Portrait(rgba=rgba, has_alpha=True)))


def before(rgba: np.ndarray, background: np.ndarray) -> Portrait:
    alpha = rgba[..., 3:] / 255
    rgb = np.rint(rgba[..., :3] * alpha + background * (1 - alpha)).astype(np.uint8)
    return Portrait(rgba=np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]), has_alpha=False)


def overlap(alpha: np.ndarray, truth: np.ndarray) -> float:
    one, other = alpha > 127, truth > 127
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_a_portrait_is_cut_out_of_any_background(example: tuple[np.ndarray, FaceBox], kind: str) -> None:
    rgba, box = example
    portrait = before(rgba, BACKGROUNDS[kind](np.random.default_rng(5), SIDE))
    assert overlap(matte_by_network(portrait, face_box=box).alpha, rgba[..., 3]) > 0.9


def test_a_mirrored_portrait_has_a_mirrored_matte(example: tuple[np.ndarray, FaceBox]) -> None:
    rgba, box = example
    portrait = before(rgba, BACKGROUNDS["gradient"](np.random.default_rng(5), SIDE))
    twin = Portrait(rgba=np.ascontiguousarray(portrait.rgba[:, ::-1]), has_alpha=False)
    one = matte_by_network(portrait, face_box=box).alpha
    other = matte_by_network(twin, face_box=(SIDE - box[0] - box[2], *box[1:])).alpha[:, ::-1]
    assert np.abs(one.astype(int) - other).mean() < 2


def test_the_same_picture_gives_the_same_matte(example: tuple[np.ndarray, FaceBox]) -> None:
    portrait = before(example[0], BACKGROUNDS["busy"](np.random.default_rng(2), SIDE))
    one, other = (matte_by_network(portrait, face_box=example[1]).alpha for _ in range(2))
    assert np.array_equal(one, other)


def test_the_files_own_alpha_wins(example: tuple[np.ndarray, FaceBox]) -> None:
    portrait = Portrait(rgba=example[0], has_alpha=True)
    found = find_matte(portrait, face_box=example[1])
    assert np.array_equal(found.alpha, matte_from_alpha(portrait, face_box=example[1]).alpha)


def test_what_is_transparent_in_the_file_is_not_the_character(example: tuple[np.ndarray, FaceBox]) -> None:
    rgba = example[0].copy()
    rgba[..., 3] = 255
    rgba[:, : SIDE // 2, 3] = 0
    alpha = matte_by_network(Portrait(rgba=rgba, has_alpha=True), face_box=example[1]).alpha
    assert alpha[:, : SIDE // 2].max() == 0


@pytest.mark.parametrize("box", [(-900.0, -900.0, 5.0, 5.0), (0.0, 0.0, 0.0, 0.0), (10.0, 10.0, 9000.0, 9000.0)])
@pytest.mark.parametrize("shape", [(1, 1), (30, 700), (700, 30)])
def test_any_shape_and_any_face_box_end_in_a_matte(shape: tuple[int, int], box: FaceBox) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (*shape, 4), np.uint8)
    assert matte_by_network(Portrait(rgba=rgba, has_alpha=False), face_box=box).alpha.shape == shape


def test_a_small_figure_is_looked_at_closely_without_a_seam(example: tuple[np.ndarray, FaceBox]) -> None:
    rgba, box = example
    wide = np.zeros((1200, 1200, 4), np.uint8)
    wide[500 : 500 + SIDE, 400 : 400 + SIDE] = rgba
    portrait = before(wide, np.full((1200, 1200, 3), (120, 160, 200), np.uint8))
    moved = (box[0] + 400, box[1] + 500, box[2], box[3])
    assert overlap(matte_by_network(portrait, face_box=moved).alpha, wide[..., 3]) > 0.9


def test_without_weights_grabcut_stands_in(
    example: tuple[np.ndarray, FaceBox], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(models_folder() / "manifest.toml", tmp_path)
    monkeypatch.setattr(manifest, "models_folder", lambda: tmp_path)
    weights._network_of.cache_clear()
    portrait = before(example[0], BACKGROUNDS["busy"](np.random.default_rng(2), SIDE))
    found = find_matte(portrait, face_box=example[1]).alpha
    assert np.array_equal(found, matte_by_grabcut(portrait, face_box=example[1]).alpha)
    with pytest.raises(UserError, match="missing"):
        find_matte(portrait, face_box=example[1], method="network")


def test_cancel_is_heard(example: tuple[np.ndarray, FaceBox]) -> None:
    portrait = before(example[0], np.full((SIDE, SIDE, 3), 255, np.uint8))
    with pytest.raises(Cancelled):
        matte_by_network(portrait, face_box=example[1], monitor=Monitor(cancelled=lambda: True))


def test_an_unknown_way_is_named_with_the_known_ones(example: tuple[np.ndarray, FaceBox]) -> None:
    portrait = before(example[0], np.full((SIDE, SIDE, 3), 255, np.uint8))
    with pytest.raises(UserError, match=r"“magic”.*auto.*network"):
        find_matte(portrait, face_box=example[1], method="magic")
    assert next(iter(MATTING)) == "auto"
