"""The colour of a point in a finished field, from hand-made shares."""

from itertools import pairwise

import pytest
import torch

from paic3d_studio.nets.backbones.finish import (
    SHADE_REACH,
    SHADED_UP_TO,
    SIDE_PALETTE,
    Finish,
    finished_colour,
    picture_shares,
)

Z = 0.1
PICTURE, AROUND, PALETTE, STRAND = 0.8, 0.6, 0.4, 0.1
TINT = (1.0, 0.5, 0.0)


def colour(
    *,
    hair: float,
    turned: float,
    is_wall_of_hair: bool = False,
    z: float = Z,
    sheet: float = 0.0,
    channel: int = 0,
    seam: tuple[float, float] = (0.0, 0.0),
    half: float = Z,
) -> float:
    """Return a channel of what a point is painted, the picture turned away by `turned`; the surfaces lie at +-half."""
    finish = Finish(
        surfaces=torch.tensor([half, -half]).view(1, 2, 1, 1).expand(1, 2, 8, 8),
        strands=torch.tensor([*(STRAND * share for share in TINT), 1.0]).view(1, 4, 1, 1).expand(1, 4, 8, 8),
        sides=torch.tensor([AROUND, AROUND, AROUND, turned, is_wall_of_hair]).view(1, 5, 1, 1).expand(1, 5, 8, 8),
        seam=torch.tensor(seam).view(1, 2, 1, 1).expand(1, 2, 8, 8),
        sheets=torch.full((1, 2, 8, 8), sheet),
    )
    pictures = torch.tensor([PICTURE, PICTURE, PICTURE, 1.0, 0.0, 0.0, 0.0]).view(1, 1, 7)
    painted = finished_colour(
        finish,
        torch.tensor([[[0.0, 0.0, z]]]),
        pictures,
        torch.full((1, 1, 3), PALETTE),
        torch.zeros(1, 1, 3),
        torch.full((1, 1, 1), hair),
    )
    return float(painted[0, 0, channel])


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_strands_have_their_tint_at_the_sides_and_behind(channel: int) -> None:
    at_the_side = [colour(hair=hair, turned=1.0, channel=channel) for hair in (0.0, 1.0)]
    assert at_the_side[1] - at_the_side[0] == pytest.approx(STRAND * TINT[channel], abs=0.01)
    assert colour(hair=1.0, turned=0.0, z=-Z - 0.01, channel=channel) == pytest.approx(STRAND * TINT[channel], abs=0.01)


@pytest.mark.parametrize("hair", [0.0, 1.0])
def test_what_faces_the_picture_has_its_colour(hair: float) -> None:
    assert colour(hair=hair, turned=0.0) == pytest.approx(PICTURE, abs=0.05)


def test_skin_that_turns_away_has_the_colours_around_and_no_strands() -> None:
    mixed = AROUND + SIDE_PALETTE * (PALETTE - AROUND)
    assert colour(hair=0.0, turned=1.0) == pytest.approx(mixed, abs=0.03)
    assert colour(hair=1.0, turned=1.0) - colour(hair=0.0, turned=1.0) == pytest.approx(STRAND, abs=0.01)


def test_deep_behind_the_first_surface_is_the_palette_and_in_a_wall_of_hair_the_colour_around() -> None:
    deep = Z - 0.05
    assert colour(hair=0.0, turned=1.0, z=deep) == pytest.approx(PALETTE, abs=0.01)
    assert colour(hair=0.0, turned=1.0, z=deep, is_wall_of_hair=True) == pytest.approx(AROUND, abs=0.01)


def test_hair_passes_from_the_fronts_colours_to_those_of_the_back_with_no_step() -> None:
    """Neither picture says what the side of a head looks like that is 8 cm deep near its outline."""
    half = 0.04
    places = torch.linspace(half, -half, 81).tolist()
    sewn = [colour(hair=1.0, turned=1.0, z=z, half=half, seam=(1.0, 1.0)) for z in places]
    apart = [colour(hair=1.0, turned=1.0, z=z, half=half) for z in places]
    fronts, backs = AROUND + SIDE_PALETTE * (PALETTE - AROUND) + STRAND, STRAND  # the back picture is black
    assert sewn[0] == pytest.approx(fronts, abs=0.05)
    assert sewn[-1] == pytest.approx(backs, abs=0.06)
    steps, torn = (max(abs(a - b) for a, b in pairwise(found)) for found in (sewn, apart))
    assert steps < 0.012 < 0.03 < torn
    assert sorted(sewn, reverse=True) == sewn


def test_what_is_no_hair_is_not_sewn() -> None:
    deep = Z - 0.05
    assert colour(hair=0.0, turned=0.0, z=deep, seam=(1.0, 0.0)) == pytest.approx(PALETTE, abs=0.01)


def test_strands_at_the_back_are_neither_doubled_nor_lost_where_it_turns_away() -> None:
    """There they follow each other along z, elsewhere across the picture; here both are the same."""
    for turned_behind in (0.0, 0.5, 1.0):
        at_back = colour(hair=1.0, turned=0.0, z=-Z, seam=(1.0, turned_behind))
        assert at_back == pytest.approx(STRAND, abs=0.01)


def test_what_lies_under_a_sheet_of_hair_has_its_colour_the_more_the_less_hair_it_is() -> None:
    deep = Z - 0.03
    half_sure = (1 + SHADED_UP_TO) / 2
    for hair, share in ((0.0, 1.0), (SHADED_UP_TO, 1.0), (half_sure, 0.5), (1.0, 0.0)):
        strand = colour(hair=hair, turned=0.0, z=deep) - colour(hair=0.0, turned=0.0, z=deep)
        expected = PALETTE + share * (AROUND - PALETTE) + strand
        assert colour(hair=hair, turned=0.0, z=deep, sheet=1.0) == pytest.approx(expected, abs=0.02)


def test_the_shadow_of_a_lock_does_not_reach_a_collar_far_behind_it() -> None:
    assert colour(hair=0.0, turned=0.0, z=Z - SHADE_REACH - 0.03, sheet=1.0) == pytest.approx(PALETTE, abs=0.01)


def test_hair_at_the_back_has_the_back_pictures_colour_to_its_inner_side() -> None:
    inside, back = -Z + 0.014, STRAND
    alone = colour(hair=0.0, turned=0.0, z=inside)
    assert abs(colour(hair=0.0, turned=0.0, z=inside, sheet=1.0) - back) < 0.2 * abs(alone - back)


@pytest.mark.parametrize("decoder", [0.0, 0.8])
@pytest.mark.parametrize("half", [0.002, 0.004, 0.01, 0.05])
def test_a_lock_shows_each_picture_from_its_own_side_however_thin_it_is(half: float, decoder: float) -> None:
    """Contours of the front would be dark slashes on the back of thin hair."""
    z = torch.tensor([[half, -half]])
    depths = torch.tensor([half, -half]).expand(1, 2, 2)
    sources = torch.tensor([decoder, 0.0, 1 - decoder]).expand(1, 2, 3)  # it favours the front, or none
    shares = picture_shares(sources, z, depths, sheets=torch.ones(1, 2, 2))
    front, back = (share[..., 0] for share in shares)
    assert front[0, 0] > back[0, 0] + 0.1
    assert back[0, 1] > front[0, 1]
