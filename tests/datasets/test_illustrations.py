"""Drawings differ from their line-free twins only under the ink, and the ink follows what an illustrator outlines."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from paic3d_studio.core.camera import Camera
from paic3d_studio.core.image import decode_portrait, read_picture
from paic3d_studio.datasets.characters import character_files
from paic3d_studio.datasets.illustration import CelStyle, InkStyle, crossings, illustrate, random_styles, strokes
from paic3d_studio.datasets.line_pairs import KEPT_PARTS, line_pairs
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.datasets.vrm_renderer import Views
from paic3d_studio.errors import UserError
from paic3d_studio.paths import example_picture
from tests.faces import landmarks_in, part_centres

FRONT = Camera(0, 0, 1, None)
SIDE = 512


def ball() -> Views:
    """A red ball of hair, 0.2 m in radius, seen from the front."""
    step = (np.arange(SIDE) + 0.5) / SIDE * 0.7 - 0.35
    x, y = np.meshgrid(step, -step)
    inside = x**2 + y**2 < 0.2**2
    z = np.sqrt(np.where(inside, 0.04 - x**2 - y**2, 0))
    xyz = np.where(inside[..., None], np.stack([x, y, z], -1), np.nan).astype(np.float32)
    normal = np.where(inside[..., None], np.nan_to_num(xyz) / 0.2, 0).astype(np.float32)
    rgba = np.where(inside[..., None], (180, 60, 40, 255), 0).astype(np.uint8)
    part = np.where(inside, PARTS.index("hair"), 0).astype(np.uint8)
    return Views(rgba[None], xyz[None], part[None], normal[None])


def test_equal_seeds_draw_equal_bytes_and_other_seeds_do_not() -> None:
    one, same, other = (illustrate(ball(), index=0, camera=FRONT, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.rgba, same.rgba)
    assert not np.array_equal(one.rgba, other.rgba)


def test_a_drawing_without_ink_is_its_twin() -> None:
    drawing = illustrate(ball(), index=0, camera=FRONT)
    clean = cv2.dilate(drawing.ink, np.ones((3, 3))) == 0
    assert np.array_equal(drawing.rgba[clean], drawing.unlined[clean])


def test_no_shading_leaves_the_render() -> None:
    flat = illustrate(ball(), index=0, camera=FRONT, cel=CelStyle(strength=0.0))
    assert np.all(flat.unlined[flat.unlined[..., 3] == 255] == (180, 60, 40, 255))


def test_shading_darkens_the_side_away_from_the_light() -> None:
    shaded = illustrate(ball(), index=0, camera=FRONT, cel=CelStyle(light=(1, 0, 0.3), shine=0.0)).unlined
    assert shaded[128, 90, 0] < 0.9 * shaded[128, 164, 0]


def test_a_ball_gets_its_outline_and_nothing_else() -> None:
    ink = illustrate(ball(), index=0, camera=FRONT, ink=InkStyle(wobble=0.0, gap=0.0)).ink
    rows, columns = np.nonzero(ink > 0.3)
    radius = np.hypot(rows + 0.5 - 128, columns + 0.5 - 128) * 0.7 / 256
    assert np.all(np.abs(radius - 0.2) < 0.02)
    turns = np.unique(np.round(np.degrees(np.arctan2(rows - 127.5, columns - 127.5)) / 10))
    assert len(turns) >= 35  # the whole circle


def test_ink_never_lies_on_the_cut_of_the_box() -> None:
    views = ball()
    low = np.array(views.xyz)
    low[..., 1] -= 0.35  # the lower half would reach past the box
    rgba, part = np.array(views.rgba), np.array(views.part)
    outside = np.nan_to_num(low[..., 1]) < -0.35
    rgba[outside], part[outside], low[outside] = 0, 0, np.nan
    ink = illustrate(Views(rgba, low, part, views.normal), index=0, camera=FRONT, ink=InkStyle(wobble=0.0)).ink
    assert ink[127:136, 80:176].max() == 0


def test_a_straight_line_is_one_stroke_with_two_free_ends() -> None:
    skeleton = np.zeros((20, 40), bool)
    skeleton[10, 5:35] = True
    (stroke,) = strokes(skeleton)
    assert stroke.free == (True, True)
    assert np.array_equal(np.sort(stroke.path[:, 0]), np.arange(5, 35))


def test_a_cross_is_four_strokes_that_meet() -> None:
    skeleton = np.zeros((31, 31), bool)
    skeleton[15, :] = skeleton[:, 15] = True
    found = list(strokes(skeleton))
    assert sorted(stroke.free.count(True) for stroke in found) == [1, 1, 1, 1]
    assert all(crossings(skeleton)[tuple(np.array(s.path[-1 if s.free[0] else 0], int)[::-1])] for s in found)


@pytest.mark.parametrize("seed", range(20))
def test_every_illustrator_draws(seed: int) -> None:
    ink, cel = random_styles(seed)
    drawing = illustrate(ball(), index=0, camera=FRONT, ink=ink, cel=cel, seed=seed)
    assert drawing.ink.max() > 0.2
    assert drawing.rgba.shape == (256, 256, 4)


@pytest.mark.shared
def test_training_pairs_never_show_the_held_out_character(shared: Path) -> None:
    train = character_files(shared / "data", held_out=False)
    validation = character_files(shared / "data", held_out=True)
    assert not set(train) & set(validation)
    assert not any("vita" in path.name for path in train)
    assert len(train) >= 20


@pytest.mark.shared
def test_a_line_mask_covers_the_ink_but_not_the_eyes(shared: Path) -> None:
    files = [shared / "data" / "characters" / "vivi.glb"]
    (pair,) = line_pairs(files, count=1, seed=5, varied=False)
    mask = pair.line_mask(2)
    assert not (mask & pair.keep).any()
    changed = np.abs(pair.drawn.astype(int) - pair.unlined).max(axis=-1) > 60
    assert np.mean(mask[changed & ~pair.keep]) > 0.75
    assert pair.keep.any() and KEPT_PARTS


def test_a_folder_without_characters_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=tmp_path.name):
        character_files(tmp_path, held_out=False)


def test_the_bundled_example_has_alpha_and_a_face_that_is_found() -> None:
    portrait = decode_portrait(read_picture(example_picture()), name="example.png")
    assert portrait.rgba.shape == (1024, 1024, 4)
    assert portrait.has_alpha
    found = landmarks_in(portrait)
    assert found.warning == ""
    centres = part_centres(found)
    for name, place in {"right_eye": (441, 470), "left_eye": (585, 470), "mouth": (512, 563)}.items():
        assert np.hypot(centres[name][0] - place[0], centres[name][1] - place[1]) < 15, name
