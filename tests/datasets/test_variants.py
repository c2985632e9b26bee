"""Variants of characters: bare shoulders under the clothes, faces between two characters, ears that face sideways."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paic3d_studio.core.camera import FRONT, Camera
from paic3d_studio.datasets.characters import NEW_FACES_FROM, character_files, variant
from paic3d_studio.datasets.faces_between import with_face_towards
from paic3d_studio.datasets.hairstyles import with_fins
from paic3d_studio.datasets.shoulders import FINEST, has_body, with_bare_shoulders
from paic3d_studio.datasets.vrm import PARTS, Character, Primitive, load_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer

SIDE = Camera(90, 0, 1.0, None)
NECK = -0.17


@pytest.fixture(scope="module")
def renderer() -> Iterator[CharacterRenderer]:
    """One headless context for the module."""
    with CharacterRenderer() as made:
        yield made


def sheet(
    part: str, z: float, *, wide: float = 0.3, texture: tuple[int, int, int, int] = (200, 160, 140, 255)
) -> Primitive:
    """A coarse upright sheet at depth z from chest to brow, 25 mm a side."""
    x, y = np.meshgrid(np.arange(-wide, wide + 0.01, 0.025), np.arange(-0.4, 0.1, 0.025))
    rows, columns = x.shape
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    positions = np.stack([x.ravel(), y.ravel(), np.full(x.size, z)], 1).astype(np.float32)
    return Primitive(
        positions=positions,
        normals=np.tile(np.float32([0, 0, 1]), (len(positions), 1)),
        uv=np.stack([x.ravel() + 0.5, y.ravel() + 0.5], 1).astype(np.float32),
        faces=faces.astype(np.int32),
        texture=np.full((4, 4, 4), texture, np.uint8),
        base_colour=(1.0, 1.0, 1.0, 1.0),
        alpha_mode="MASK",
        alpha_cutoff=0.5,
        double_sided=True,
        render_queue=2000,
        part=part,
    )


def dressed() -> Character:
    """A body of one sheet under clothes a centimetre before it."""
    primitives = (sheet("skin", 0.05), sheet("cloth", 0.06), sheet("face", 0.0, wide=0.1), sheet("hair", -0.05))
    return Character(name="sheet", primitives=primitives, bones={"neck": np.array([0.0, NECK, 0.0])})


def area(primitives: Iterator[Primitive] | tuple[Primitive, ...]) -> float:
    """The sum of all triangles in square metres."""
    total = 0.0
    for p in primitives:
        a, b, c = p.positions[p.faces].transpose(1, 0, 2)
        total += float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
    return total


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_garment_covers_part_of_the_body_and_lies_on_it(seed: int) -> None:
    before = dressed()
    after = with_bare_shoulders(before, np.random.default_rng(seed))
    body = [p for p in after.primitives if p.part in ("skin", "cloth")]
    assert area(tuple(body)) == pytest.approx(area((before.primitives[0],)), rel=1e-4)
    assert all(np.allclose(p.positions[:, 2], 0.05) for p in body)
    skin, cloth = (
        np.concatenate([p.positions[p.faces].mean(1) for p in body if p.part == kind]) for kind in ("skin", "cloth")
    )
    assert skin[:, 1].max() > NECK + 0.1
    assert cloth[:, 1].max() < NECK + 0.1
    assert cloth[:, 1].min() < -0.35
    assert [p.part for p in after.primitives if p.part in ("face", "hair")] == ["face", "hair"]


def test_a_hem_is_as_fine_as_promised() -> None:
    after = with_bare_shoulders(dressed(), np.random.default_rng(0))
    for p in (p for p in after.primitives if p.part in ("skin", "cloth")):
        corners = p.positions[p.faces]
        high = corners[..., 1].min(1) > -0.4
        edges = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2)[high]
        assert edges.max() <= FINEST


def test_a_body_cut_out_under_its_clothes_is_none() -> None:
    whole = dressed()
    assert has_body(whole)
    hidden = sheet("skin", 0.05, texture=(200, 160, 140, 0))
    assert not has_body(dataclasses.replace(whole, primitives=(hidden, *whole.primitives[1:])))
    assert not has_body(dataclasses.replace(whole, primitives=whole.primitives[1:]))


def test_a_face_moves_towards_another_of_the_same_triangles_alone() -> None:
    one = dressed()
    face = one.primitives[2]
    other_face = dataclasses.replace(face, positions=face.positions + np.float32([0, 0, 0.02]))
    other = dataclasses.replace(one, primitives=(*one.primitives[:2], other_face, one.primitives[3]))
    half = with_face_towards(one, other, 0.5)
    assert np.allclose(half.primitives[2].positions[:, 2], 0.01)
    assert all(half.primitives[i] is one.primitives[i] for i in (0, 1, 3))
    stranger = dataclasses.replace(other_face, uv=other_face.uv + np.float32(0.1))
    assert with_face_towards(one, dataclasses.replace(other, primitives=(stranger,)), 0.5) is one


def test_fins_are_narrow_from_the_front_and_wide_from_the_side(renderer: CharacterRenderer) -> None:
    for seed in range(8):
        bare = dataclasses.replace(dressed(), primitives=())
        fins = with_fins(bare, np.random.default_rng(seed))
        views = renderer.render(fins, [FRONT, SIDE], size=256, supersample=1)
        shown = views.part == PARTS.index("other")
        assert shown[0, :, :128].any()
        assert shown[0, :, 128:].any()
        rows = shown[0, :, :128].any(1)
        from_front, from_side = shown[0, :, :128].sum(1)[rows], shown[1].sum(1)[rows]
        assert np.median(from_side) > 1.5 * np.median(from_front)


@pytest.mark.shared
def test_remade_characters_show_skin_where_clothes_were(shared: Path, renderer: CharacterRenderer) -> None:
    files = {path.stem: path for path in character_files(shared / "data" / "characters")}
    vivi, rubin = load_character(files["vivi"]), load_character(files["victoria_rubin"])
    assert has_body(vivi)
    assert not has_body(load_character(files["darkness_shibu"]))
    made = variant(vivi, number=NEW_FACES_FROM, others=[rubin])
    again = variant(vivi, number=NEW_FACES_FROM, others=[rubin])
    seen, repeated = (renderer.render(one, [FRONT], size=128, supersample=1) for one in (made, again))
    assert np.array_equal(seen.rgba, repeated.rgba)
    plain = renderer.render(vivi, [FRONT], size=128, supersample=1)
    skin = PARTS.index("skin")
    assert (seen.part == skin).sum() > 3 * (plain.part == skin).sum()
