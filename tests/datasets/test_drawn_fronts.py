"""What reconstruction learns from: the drawing of a character, its lines painted over, in the place of its render."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE
from paic3d_studio.core.image import over_white
from paic3d_studio.datasets.characters import PICTURE_SIDE, Item, make_item
from paic3d_studio.datasets.drawn_fronts import DrawnFront, drawn_front, reduced
from paic3d_studio.datasets.generated.draw import drawn_recipe
from paic3d_studio.datasets.generated.generate import character_bytes
from paic3d_studio.datasets.vrm import Character, decode_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer

SEEDS = (4, 25)


@pytest.fixture(scope="module")
def renderer() -> Iterator[CharacterRenderer]:
    """One headless context for the module."""
    with CharacterRenderer() as made:
        yield made


@pytest.fixture(scope="module", params=SEEDS)
def character(request: pytest.FixtureRequest) -> Character:
    return decode_character(character_bytes(drawn_recipe(request.param)), name=f"made {request.param}")


@pytest.fixture
def drawn(character: Character, renderer: CharacterRenderer) -> DrawnFront:
    return drawn_front(character, renderer, seed=3)


@pytest.fixture(scope="module")
def item(character: Character, renderer: CharacterRenderer) -> Item:
    return make_item(character, renderer)


def test_equal_seeds_draw_equal_bytes(character: Character, renderer: CharacterRenderer, drawn: DrawnFront) -> None:
    again, other = (drawn_front(character, renderer, seed=seed) for seed in (3, 4))
    assert np.array_equal(drawn.rgba, again.rgba)
    assert not np.array_equal(drawn.rgba, other.rgba)


def test_removal_takes_dark_lines_away_and_leaves_the_features(drawn: DrawnFront) -> None:
    bare = drawn.without_lines()
    assert bare.shape == (ALIGNED_SIZE, ALIGNED_SIZE, 4)
    assert np.array_equal(bare[drawn.keep], drawn.rgba[drawn.keep])
    before, after = (over_white(picture).astype(float).mean(-1) for picture in (drawn.rgba, bare))
    changed = np.abs(after - before) > 8
    assert 0.01 < changed.mean() < 0.3
    assert (after - before)[changed].mean() > 10  # lines are darker than what lies under them


def test_the_drawing_of_an_item_lies_over_its_render(item: Item) -> None:
    assert item.drawn.shape == (PICTURE_SIDE, PICTURE_SIDE, 4)
    solid, covered = item.rgba[0][..., 3] > 127, item.drawn[..., 3] > 127
    assert (solid & covered).sum() > 0.97 * solid.sum()
    assert covered.sum() < 1.1 * solid.sum()
    assert apart(item, item.drawn).item() > 0.5  # and yet it is another picture


@pytest.mark.parametrize("shift", [(0, 1), (0, -1), (1, 0), (-1, 0)])
def test_the_drawing_lies_nowhere_better_than_where_it_is(item: Item, shift: tuple[int, int]) -> None:
    here = apart(item, item.drawn)
    assert here < 0.9 * apart(item, np.roll(item.drawn, shift, (0, 1)))
    assert here < 0.9 * apart(item, np.ascontiguousarray(item.drawn[:, ::-1]))


def apart(item: Item, picture: NDArray[np.uint8]) -> np.floating:
    """The mean difference, 0..255, between a picture and the item's front render, both on white."""
    return np.mean(np.abs(over_white(picture).astype(float) - over_white(item.rgba[0])))


def test_shrinking_keeps_colours_under_a_soft_rim() -> None:
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[:, :3] = (200, 100, 40, 255)
    small = reduced(rgba, side=4)
    assert small[:, :, 3].tolist() == [[255, 128, 0, 0]] * 4
    assert np.array_equal(small[:, :2, :3], np.broadcast_to([200, 100, 40], (4, 2, 3)))
