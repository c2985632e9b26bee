"""Textures: every texel asks the field at its own place, and the portrait lands where the front sees it."""

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE, BOX_SIDE, Alignment, DensityLattice, SurfaceMesh, content_key
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.core.stitch import FrontPicture, StitchOptions, StitchSource, front_depth, spread_shift
from paic3d_studio.core.surface import SurfaceOptions, extract_surface
from paic3d_studio.core.texture import SurfaceTexels, TextureOptions, bake_texture, fill_around
from paic3d_studio.errors import Cancelled

Points = NDArray[np.float32]
RADIUS = 0.15


@pytest.fixture(scope="module")
def sphere() -> SurfaceMesh:
    axis = np.linspace(-BOX_SIDE / 2, BOX_SIDE / 2, 64)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    odds = 4 * (RADIUS - np.linalg.norm(points, axis=-1)) / (axis[1] - axis[0])
    density = (300 / (1 + np.exp(-np.clip(odds, -80, 80)))).astype(np.float32)
    return extract_surface(DensityLattice(density), options=SurfaceOptions(crop_below=None, faces=4000))


def place(points: Points) -> Points:
    """A colour that tells where it was asked."""
    return np.asarray(0.5 + points / 0.5, dtype=np.float32)


def grey(points: Points) -> Points:
    return np.full((len(points), 3), 0.5, dtype=np.float32)


def portrait(size: int = 700, *, turn: bool = False) -> StitchSource:
    """Red grows to the right and green downwards over the aligned square; magenta outside the matte; `turn` rotates."""
    rows, columns = np.mgrid[:size, :size] + 0.5
    inside = np.hypot(columns - size / 2, rows - size / 2) < 0.3 * size
    rgba = np.zeros((size, size, 4), dtype=np.uint8)
    rgba[:, :, 0], rgba[:, :, 1] = columns / size * 255, rows / size * 255
    rgba[~inside] = (255, 0, 255, 0)
    rgba[inside, 3] = 255
    scale = ALIGNED_SIZE / size
    matrix = np.array([[scale, 0, 0], [0, scale, 0.0]])
    if turn:  # the file lies on its side: aligned (x, y) = scale * (size - row, column)
        rgba = np.ascontiguousarray(np.rot90(rgba, 1))
        matrix = np.array([[0, -scale, ALIGNED_SIZE], [scale, 0, 0.0]])
    return StitchSource(rgba, Alignment(matrix))


def test_texels_lie_on_the_surface(sphere: SurfaceMesh) -> None:
    texels = SurfaceTexels.of(sphere, size=256)
    assert np.abs(np.linalg.norm(texels.points, axis=1) - RADIUS).max() < 0.006
    assert np.abs(np.linalg.norm(texels.normals, axis=1) - 1).max() < 1e-4


@pytest.mark.parametrize("stride", [1, 2])
def test_every_texel_has_the_colour_of_its_own_place(sphere: SurfaceMesh, stride: int) -> None:
    options = TextureOptions(size=512, field_stride=stride, depth=0)
    baked = bake_texture(sphere, colour_at=place, options=options)
    texels = SurfaceTexels.of(sphere, size=512)
    found = baked.texture.reshape(-1, 3)[texels.index] / 255
    error = np.abs(found - place(texels.points))
    assert error.mean() < 0.003 and np.quantile(error, 0.999) < 0.03


def test_colours_are_asked_under_the_surface(sphere: SurfaceMesh) -> None:
    asked: list[Points] = []

    def remember(points: Points) -> Points:
        asked.append(points)
        return place(points)

    bake_texture(sphere, colour_at=remember, options=TextureOptions(size=128, field_stride=1, depth=0.01))
    radius = np.linalg.norm(np.concatenate(asked), axis=1)
    assert radius.mean() == pytest.approx(RADIUS - 0.01, abs=0.002)


def test_a_vertex_finds_its_colour_at_its_uv(sphere: SurfaceMesh) -> None:
    baked = bake_texture(sphere, colour_at=place, options=TextureOptions(size=512, depth=0))
    column = (sphere.uv[:, 0] * 512 - 0.5).astype(np.float32)
    row = ((1 - sphere.uv[:, 1]) * 512 - 0.5).astype(np.float32)
    found = (
        cv2.remap(baked.texture, column[None], row[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0] / 255
    )
    assert np.abs(found - place(sphere.vertices)).max() < 0.05


def test_no_texel_near_a_chart_keeps_the_empty_colour(sphere: SurfaceMesh) -> None:
    baked = bake_texture(sphere, colour_at=lambda p: np.ones((len(p), 3), np.float32), options=TextureOptions(size=256))
    assert baked.texture.min() == 255


def test_filling_repeats_borders_in_the_band_and_the_mean_beyond() -> None:
    texture = np.zeros((40, 40, 3), dtype=np.uint8)
    mask = np.zeros((40, 40), dtype=bool)
    mask[:, :5], mask[:, 35:] = True, True
    texture[:, :5], texture[:, 35:] = 100, 200
    filled = fill_around(texture, mask, band=4)
    assert (filled[:, :9] == 100).all() and (filled[:, 31:] == 200).all() and (filled[:, 12:28] == 150).all()


def test_the_front_depth_of_a_sphere_is_its_front_half(sphere: SurfaceMesh) -> None:
    depth = front_depth(sphere)
    rows, columns = np.mgrid[: len(depth), : len(depth)] + 0.5
    x, y = BOX_SIDE * (columns / len(depth) - 0.5), BOX_SIDE * (0.5 - rows / len(depth))
    inner = np.hypot(x, y) < 0.8 * RADIUS
    assert np.abs(depth - np.sqrt(np.maximum(RADIUS**2 - x**2 - y**2, 0)))[inner].max() < 0.005
    assert np.isneginf(depth[np.hypot(x, y) > 1.02 * RADIUS]).all()


@pytest.mark.parametrize("turn", [False, True])
def test_the_portrait_lands_on_the_front_and_only_there(sphere: SurfaceMesh, turn: bool) -> None:
    options = TextureOptions(size=512, stitching=StitchOptions(match_length=0))
    baked = bake_texture(sphere, colour_at=grey, stitch=portrait(turn=turn), options=options)
    texels = SurfaceTexels.of(sphere, size=512)
    found = baked.texture.reshape(-1, 3)[texels.index] / 255
    front = (texels.normals[:, 2] > 0.78) & (np.hypot(texels.points[:, 0], texels.points[:, 1]) < 0.12)
    expected = np.stack([0.5 + texels.points[:, 0] / BOX_SIDE, 0.5 - texels.points[:, 1] / BOX_SIDE], axis=1)
    assert np.abs(found[front, :2] - expected[front]).max() < 0.02
    assert found[front, 2].max() < 0.02
    back = texels.normals[:, 2] < 0
    assert np.abs(found[back] - 0.5).max() < 0.01


def test_no_colour_of_the_background_reaches_the_surface(sphere: SurfaceMesh) -> None:
    baked = bake_texture(sphere, colour_at=grey, stitch=portrait(), options=TextureOptions(size=512))
    texels = SurfaceTexels.of(sphere, size=512)
    found = baked.texture.reshape(-1, 3)[texels.index].astype(int)
    assert (found[:, 2] - found[:, 1]).max() < 90  # magenta would be 255; the portrait's own blue is 0


def test_stitching_can_be_switched_off(sphere: SurfaceMesh) -> None:
    options = TextureOptions(size=128, stitch=False)
    with_source = bake_texture(sphere, colour_at=grey, stitch=portrait(), options=options)
    without = bake_texture(sphere, colour_at=grey, options=options)
    assert content_key(with_source) == content_key(without)


def two_plates() -> SurfaceMesh:
    """A small plate 5 cm before a large one, both facing the front."""
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float32)
    near = np.column_stack([square * 0.05, np.full(4, 0.05)])
    far = np.column_stack([square * 0.15, np.zeros(4)])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], dtype=np.int32)
    uv = np.concatenate([(square + 1) / 5, 0.5 + (square + 1) / 5])
    normals = np.tile(np.array([0, 0, 1], dtype=np.float32), (8, 1))
    vertices = np.concatenate([near, far]).astype(np.float32)
    return SurfaceMesh(vertices=vertices, normals=normals, uv=uv.astype(np.float32), faces=faces)


def test_what_another_part_hides_gets_no_pixel_of_the_portrait() -> None:
    plates = two_plates()
    options = StitchOptions()
    front = FrontPicture(plates, portrait(), options=options, texel_side=0.001)
    spots = np.array([[0, 0, 0.05], [0, 0, 0], [0.049, 0, 0.05], [0.047, 0, 0], [0.0505, 0, 0]], dtype=np.float32)
    weights = front.weights(spots, np.tile(np.array([0, 0, 1], dtype=np.float32), (len(spots), 1)))
    assert weights[0] == 1 and weights[1] == 0  # before and behind
    assert weights[2] == 1 and weights[3] == 0 and weights[4] == 1  # an edge, under that edge, just beside it
    sloping = np.tile(np.array([0.866, 0, 0.5], dtype=np.float32), (len(spots), 1))
    away, *_, along = front.weights(spots, sloping)[[0, 1, 2, 4]]
    assert 0.1 < away < 0.5 and along == 1  # slopes along the contour count as the contour
    steep = np.tile(np.array([0.99, 0, 0.14], dtype=np.float32), (len(spots), 1))
    assert not front.weights(spots, steep).any()  # no pixel is smeared down a wall


def test_a_shift_fades_with_distance_and_never_overshoots(sphere: SurfaceMesh) -> None:
    known = (sphere.vertices[:, 2] > 0.1).astype(np.float32)
    shift = np.where(known[:, None] > 0, np.float32(0.05), np.float32(7)) * np.ones(3, dtype=np.float32)
    spread = spread_shift(sphere, shift=shift, weight=known, length=0.03)
    assert spread.max() <= 0.05 + 1e-6 and spread.min() >= -1e-6
    assert spread[sphere.vertices[:, 2] < -0.1].max() < 0.002
    ring = np.abs(sphere.vertices[:, 2] - 0.08) < 0.01
    assert 0.01 < spread[ring].mean() < 0.045


def test_the_field_takes_on_the_portraits_tone_beside_the_border(sphere: SurfaceMesh) -> None:
    plain = StitchSource(
        np.full((64, 64, 4), (140, 140, 140, 255), dtype=np.uint8), Alignment(np.array([[8.0, 0, 0], [0, 8.0, 0]]))
    )
    baked = bake_texture(sphere, colour_at=grey, stitch=plain, options=TextureOptions(size=512))
    texels = SurfaceTexels.of(sphere, size=512)
    brightness = baked.texture.reshape(-1, 3)[texels.index].mean(axis=1)
    angle = np.degrees(np.arccos(texels.points[:, 2] / np.linalg.norm(texels.points, axis=1)))
    means = [brightness[(angle >= a) & (angle < a + 5)].mean() for a in range(0, 180, 5)]
    assert means[0] == pytest.approx(140, abs=1) and means[-1] < 129
    assert max(np.abs(np.diff(means))) < 5 and all(a >= b - 0.5 for a, b in itertools.pairwise(means))


@pytest.mark.parametrize("size", [(3000, 200), (9, 9)])
def test_portraits_of_any_size_can_be_stitched(sphere: SurfaceMesh, size: tuple[int, int]) -> None:
    rgba = np.full((*size, 4), (200, 200, 200, 255), dtype=np.uint8)
    source = StitchSource(rgba, Alignment(np.array([[512 / size[1], 0, 0], [0, 512 / size[1], 0]])))
    baked = bake_texture(sphere, colour_at=grey, stitch=source, options=TextureOptions(size=64))
    texels = SurfaceTexels.of(sphere, size=64)
    found = baked.texture.reshape(-1, 3)[texels.index].astype(int)
    ahead = texels.normals[:, 2] > 0.9
    assert ahead.sum() > 20 and np.abs(found[ahead] - 200).max() <= 1


def test_the_same_inputs_give_the_same_texture(sphere: SurfaceMesh) -> None:
    first, second = (
        bake_texture(sphere, colour_at=place, stitch=portrait(), options=TextureOptions(size=256)) for _ in range(2)
    )
    assert content_key(first) == content_key(second)


def test_cancel_is_heard_between_chunks(sphere: SurfaceMesh) -> None:
    asked: list[int] = []

    def count(points: Points) -> Points:
        asked.append(len(points))
        return grey(points)

    with pytest.raises(Cancelled):
        options = TextureOptions(size=1024, field_stride=1)
        bake_texture(sphere, colour_at=count, options=options, monitor=Monitor(cancelled=lambda: len(asked) > 0))
    assert len(asked) == 1


def test_progress_never_falls(sphere: SurfaceMesh) -> None:
    seen: list[float] = []
    monitor = Monitor(lambda fraction, _: seen.append(fraction))
    bake_texture(sphere, colour_at=grey, stitch=portrait(), options=TextureOptions(size=256), monitor=monitor)
    assert seen == sorted(seen)
