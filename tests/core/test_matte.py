"""The character is told from the background, by the file's alpha or by colour and place."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from paic3d_studio.core.artefacts import Matte, Portrait
from paic3d_studio.core.image import decode_portrait, read_picture
from paic3d_studio.core.landmarks import face_box
from paic3d_studio.core.matte import (
    MATTING,
    find_matte,
    matte_by_flood,
    matte_by_grabcut,
    matte_from_alpha,
)
from paic3d_studio.core.painted_matte import painted_matte, with_kept_colours
from paic3d_studio.core.strokes import Stroke
from paic3d_studio.errors import UserError
from tests.faces import landmarks_in

SIDE = 240
FACE = (80.0, 50.0, 80.0, 80.0)
WHITE = Portrait(rgba=np.full((100, 100, 4), 255, np.uint8), has_alpha=False)
SKIN, HAIR, SHIRT = (250, 220, 200), (90, 40, 120), (40, 90, 160)


def bust(background: np.ndarray | tuple[int, int, int], *, shirt: tuple[int, int, int] = SHIRT) -> Portrait:
    """A head with hair on shoulders, outlined, before a background."""
    rgb = np.empty((SIDE, SIDE, 3), np.uint8)
    rgb[:] = background
    for draw in (True, False):  # the outline first, a little larger
        grow = 2 if draw else 0
        line = (20, 15, 25)
        cv2.ellipse(rgb, (120, 250), (85 + grow, 95 + grow), 0, 0, 360, line if draw else shirt, cv2.FILLED)
        cv2.ellipse(rgb, (120, 90), (62 + grow, 70 + grow), 0, 0, 360, line if draw else HAIR, cv2.FILLED)
    cv2.ellipse(rgb, (120, 100), (38, 44), 0, 0, 360, SKIN, cv2.FILLED)
    return Portrait(rgba=np.dstack([rgb, np.full((SIDE, SIDE), 255, np.uint8)]), has_alpha=False)


def truth() -> np.ndarray:
    return np.any(bust((255, 0, 255)).rgba[..., :3] != (255, 0, 255), axis=-1)


def gradient() -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    return np.stack([140 + 60 * y, 200 - 40 * x, 190 + 40 * (1 - y)], axis=-1).astype(np.uint8)


def grain() -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 1, (SIDE, SIDE, 3)).astype(np.float32), (0, 0), 4)
    return np.clip(150 + 200 * noise, 90, 230).astype(np.uint8)


def overlap(alpha: np.ndarray, expected: np.ndarray) -> float:
    found = alpha > 127
    return float((found & expected).sum() / (found | expected).sum())


@pytest.mark.parametrize(
    ("background", "least"), [((255, 255, 255), 0.97), ((30, 160, 90), 0.97), (gradient(), 0.95), (grain(), 0.93)]
)
def test_a_character_is_cut_from_ordinary_backgrounds(background: np.ndarray, least: float) -> None:
    assert overlap(matte_by_grabcut(bust(background), face_box=FACE).alpha, truth()) > least


def test_a_white_shirt_on_white_belongs_to_the_character() -> None:
    alpha = matte_by_grabcut(bust((255, 255, 255), shirt=(255, 255, 255)), face_box=FACE).alpha
    assert overlap(alpha, truth()) > 0.95
    assert alpha[230, 120] == 255


def test_a_plain_background_is_flooded_away() -> None:
    assert overlap(matte_by_flood(bust((200, 230, 255)), face_box=FACE).alpha, truth()) > 0.97


def test_the_edge_of_a_cut_is_soft() -> None:
    drawn = np.array(bust(gradient()).rgba)
    drawn[..., :3] = cv2.GaussianBlur(drawn[..., :3], (0, 0), 1.2)
    alpha = matte_by_grabcut(Portrait(rgba=drawn, has_alpha=False), face_box=FACE).alpha
    soft = (alpha > 20) & (alpha < 235)
    assert soft.any()
    edge = cv2.morphologyEx(truth().astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((13, 13), np.uint8)) > 0
    assert edge[soft].mean() > 0.9


def test_the_same_picture_gives_the_same_matte() -> None:
    first = matte_by_grabcut(bust(grain()), face_box=FACE).alpha
    cv2.setRNGSeed(77)
    assert np.array_equal(matte_by_grabcut(bust(grain()), face_box=FACE).alpha, first)


@pytest.mark.parametrize("factor", [0.4, 3.0])
def test_the_size_of_the_picture_hardly_matters(factor: float) -> None:
    rgba = cv2.resize(bust(gradient()).rgba, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    expected = cv2.resize(truth().astype(np.uint8), rgba.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    box = tuple(value * factor for value in FACE)
    alpha = matte_by_grabcut(Portrait(rgba=rgba, has_alpha=False), face_box=box).alpha
    assert alpha.shape == rgba.shape[:2]
    assert overlap(alpha, expected) > 0.93


def test_a_portrait_that_fills_its_frame_is_survived() -> None:
    filled = Portrait(rgba=np.full((SIDE, SIDE, 4), (*SKIN, 255), np.uint8), has_alpha=False)
    alpha = matte_by_grabcut(filled, face_box=(-50.0, -50.0, 400.0, 400.0)).alpha
    assert (alpha[60:180, 60:180] == 255).all()


@pytest.mark.parametrize("method", sorted(MATTING))
@pytest.mark.parametrize(
    "box", [FACE, (-500.0, -500.0, 60.0, 60.0), (230.0, 230.0, 300.0, 300.0), (100.0, 90.0, 2.0, 2.0)]
)
def test_every_matting_survives_any_face_box(method: str, box: tuple[float, float, float, float]) -> None:
    alpha = find_matte(bust(grain()), face_box=box, method=method).alpha
    assert alpha.shape == (SIDE, SIDE)
    assert alpha.dtype == np.uint8


@pytest.mark.parametrize("method", sorted(MATTING))
def test_pixels_transparent_in_the_file_are_never_the_character(method: str) -> None:
    rgba = np.array(bust(gradient()).rgba)
    rgba[:, :30, 3] = 0
    alpha = find_matte(Portrait(rgba=rgba, has_alpha=False), face_box=FACE, method=method).alpha
    assert (alpha[:, :30] == 0).all()


def with_alpha(alpha: np.ndarray) -> Portrait:
    return Portrait(rgba=np.dstack([np.full((*alpha.shape, 3), 90, np.uint8), alpha]), has_alpha=True)


def test_the_files_own_alpha_is_taken_as_soft_as_it_is() -> None:
    y, x = np.mgrid[0:200, 0:200]
    alpha = np.clip((80 - np.hypot(x - 100, y - 100)) * 40 + 128, 0, 255).astype(np.uint8)
    assert np.array_equal(matte_from_alpha(with_alpha(alpha)).alpha, alpha)


def test_only_the_largest_connected_part_stays() -> None:
    alpha = np.zeros((200, 200), np.uint8)
    alpha[50:150, 50:150] = 255
    alpha[10:20, 10:20] = 255
    alpha[170:190, 20:90] = 200
    kept = matte_from_alpha(with_alpha(alpha)).alpha
    assert (kept[50:150, 50:150] == 255).all()
    assert kept.sum() == 255 * 100 * 100


def test_with_a_face_its_own_part_stays_though_another_is_larger() -> None:
    alpha = np.zeros((200, 200), np.uint8)
    alpha[20:90, 20:90] = 255
    alpha[100:200, 0:200] = 255
    kept = matte_from_alpha(with_alpha(alpha), face_box=(30.0, 30.0, 40.0, 40.0)).alpha
    assert kept[50, 50] == 255
    assert kept[150, 150] == 0


def test_automatic_matting_prefers_the_files_alpha() -> None:
    alpha = np.zeros((200, 200), np.uint8)
    alpha[50:150, 50:150] = 255
    assert np.array_equal(find_matte(with_alpha(alpha), face_box=(70.0, 70.0, 60.0, 60.0)).alpha, alpha)


def test_strokes_paint_the_character_in_and_out() -> None:
    matte = Matte(alpha=np.full((100, 100), 128, np.uint8))
    paint = Stroke(points=((20.0, 20.0), (80.0, 20.0)), radius=6)
    erase = Stroke(points=((50.0, 5.0), (50.0, 60.0)), radius=6, adds=False)
    painted = painted_matte(matte, portrait=WHITE, strokes=(paint, erase)).alpha
    assert painted[20, 30] == 255
    assert painted[20, 50] == 0
    assert painted[80, 80] == 128
    assert painted_matte(matte, portrait=WHITE, strokes=()) is matte


def test_an_unknown_matting_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"“magic”.*grabcut"):
        find_matte(bust(gradient()), face_box=FACE, method="magic")


@pytest.mark.shared
@pytest.mark.parametrize("name", ["crypko_00", "crypko_03", "waifu_01", "lambda_00"])
@pytest.mark.parametrize("background", ["white", "gradient"])
def test_real_portraits_are_cut_out_nearly_as_their_alpha_says(shared: Path, name: str, background: str) -> None:
    path = shared / "data" / "portraits" / f"{name}.png"
    portrait = decode_portrait(read_picture(path), name=path.name)
    height, width = portrait.rgba.shape[:2]
    behind = {"white": np.full((height, width, 3), 255.0), "gradient": cv2.resize(gradient(), (width, height))}
    alpha = portrait.rgba[..., 3:] / 255
    rgb = np.rint(portrait.rgba[..., :3] * alpha + behind[background] * (1 - alpha)).astype(np.uint8)
    flat = Portrait(rgba=np.dstack([rgb, np.full((height, width), 255, np.uint8)]), has_alpha=False)
    found = matte_by_grabcut(flat, face_box=face_box(landmarks_in(portrait))).alpha
    assert overlap(found, matte_from_alpha(portrait).alpha > 127) > 0.88


def test_where_the_artist_is_unsure_the_edge_is_found_anew_from_the_colours_beside_it() -> None:
    truth = np.zeros((120, 120), np.float32)
    truth[:, 50:] = 1
    truth = cv2.GaussianBlur(truth, (0, 0), 2.0)
    colours = np.array([200, 60, 50], np.float32) * truth[..., None] + np.array([60, 90, 200]) * (1 - truth[..., None])
    portrait = Portrait(rgba=np.dstack([colours, np.full_like(truth, 255)]).astype(np.uint8), has_alpha=False)
    wrong = np.zeros((120, 120), np.uint8)
    wrong[:, 62:] = 255  # the cut runs beside the edge
    over = Stroke(points=((55.0, 0.0), (55.0, 120.0)), radius=15.0, unsure=True)
    found = painted_matte(Matte(alpha=wrong), portrait=portrait, strokes=[over]).alpha
    assert np.abs(found / 255 - truth).mean() < 0.01
    assert np.array_equal(found[:, :38], wrong[:, :38])
    alone = Stroke(points=((60.0, 60.0),), radius=200.0, unsure=True)
    assert np.array_equal(painted_matte(Matte(alpha=wrong), portrait=portrait, strokes=[alone]).alpha, wrong)


def test_what_is_kept_of_a_transparent_place_has_the_nearest_colour_of_the_character() -> None:
    rgba = np.zeros((6, 9, 4), np.uint8)
    rgba[:, :4] = (200, 10, 10, 255)
    rgba[:, 4] = (10, 200, 10, 128)
    rgba[:, 5] = (0, 0, 255, 2)  # a faint rim, of which eight bits tell no colour
    portrait = Portrait(rgba=rgba, has_alpha=True)
    alpha = rgba[..., 3].copy()
    everywhere = np.s_[0:6, 0:9]
    assert with_kept_colours(portrait, Matte(alpha=alpha), window=everywhere) is portrait
    alpha[2, 5:8] = 255
    assert with_kept_colours(portrait, Matte(alpha=alpha), window=np.s_[3:6, 0:9]) is portrait
    shown = with_kept_colours(portrait, Matte(alpha=alpha), window=everywhere).rgba.copy()
    assert shown[2, 5:8, :3].tolist() == [[10, 200, 10]] * 3
    assert np.array_equal(shown[..., 3], rgba[..., 3])
    shown[2, 5:8, :3] = rgba[2, 5:8, :3]
    assert np.array_equal(shown, rgba)
    alone = with_kept_colours(portrait, Matte(alpha=alpha), window=np.s_[0:6, 6:9])  # nothing opaque is seen there
    assert np.array_equal(alone.rgba, rgba)
