"""Colours of what the picture does not show: strands at the back and at the sides."""

import dataclasses
import math

import pytest
import torch

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.compact import CLASSES, CompactBackbone
from paic3d_studio.nets.backbones.compact_field import CompactField
from paic3d_studio.nets.backbones.unseen import (
    SHEEN_GAIN,
    STRAND_GAIN,
    STRAND_SIDE,
    TINT_LIMIT,
    seam,
    sides,
    smooth_back,
    strands,
)
from tests.nets.scenes import SIDE, scene_of

PERIOD = 8


def striped() -> torch.Tensor:
    """Return a picture of upright stripes, PERIOD pixels of the map of strands apart."""
    x = (torch.arange(SIDE) + 0.5) * STRAND_SIDE / SIDE
    return (0.5 + 0.1 * torch.sin(2 * math.pi * x / PERIOD)).expand(3, SIDE, SIDE)


def test_hair_of_one_colour_has_no_strands() -> None:
    assert strands(scene_of(torch.full((3, SIDE, SIDE), 0.3)))[0, 0].abs().max() < 1e-4


def test_wide_shading_is_no_strand() -> None:
    ramp = torch.linspace(0.2, 0.8, SIDE).expand(3, SIDE, SIDE)
    assert strands(scene_of(ramp))[0, 0, 20:-20, 20:-20].abs().max() < 0.005


def test_strands_of_the_front_stand_at_the_same_places_behind() -> None:
    brightness = strands(scene_of(striped()))[0, 0, 128, 20:-20]
    drawn = striped()[0].view(SIDE, STRAND_SIDE, 2).mean(2)[256, 20:-20] - 0.5
    assert torch.corrcoef(torch.stack((brightness, drawn)))[0, 1] > 0.98
    assert brightness.std() / drawn.std() == pytest.approx(STRAND_GAIN, rel=0.25)


def test_strands_go_on_where_a_face_hides_the_hair() -> None:
    hair = torch.ones(64, 64, dtype=torch.bool)
    hair[16:40, 20:44] = False  # a face of another pattern
    front = striped().clone()
    front[:, 128:320, 160:352] = torch.rand(3, 192, 192, generator=torch.Generator().manual_seed(1))
    brightness = strands(scene_of(front, hair=hair))[0, 0, 112, 100:156]
    drawn = striped()[0].view(SIDE, STRAND_SIDE, 2).mean(2)[0, 100:156] - 0.5
    assert torch.corrcoef(torch.stack((brightness, drawn)))[0, 1] > 0.9


def test_an_edge_across_the_strands_of_the_front_is_hardly_seen_on_the_back() -> None:
    front = striped().clone()
    front[:, 200:208, 60:-60] = 0.1
    plain, found = strands(scene_of(striped()))[0, 0], strands(scene_of(front))[0, 0]
    assert (found - plain)[95:110, 40:-40].abs().max() < 0.35 * STRAND_GAIN * 0.4  # of what the edge is darker by


def test_a_bright_glimpse_does_not_become_a_bright_strand() -> None:
    front = striped().clone()
    plain = strands(scene_of(front))[0, 0].abs().max()
    front[:, :, 256:260] = 1.0
    assert strands(scene_of(front))[0, 0].abs().max() < 3 * plain


def test_strands_vary_in_the_colours_that_the_hair_varies_in() -> None:
    front = striped() * torch.tensor([1.0, 0.5, 0.0]).view(3, 1, 1)
    red, green, blue = strands(scene_of(front))[0, :3, 128, 20:-20]
    assert red.std() > 0.01
    assert torch.allclose(green, red / 2, atol=1e-4)
    assert blue.abs().max() < 1e-4


def test_channels_that_run_against_each_other_give_bounded_strands() -> None:
    swing = striped() - 0.5
    front = 0.5 + swing * torch.tensor([1.0, -0.9, 0.0]).view(3, 1, 1)
    found = strands(scene_of(front))[0, :3, 128, 20:-20]
    brightness = (swing * 0.1 / 3).abs().max()  # of the mean of the three
    assert found.min() >= -1e-4 - STRAND_GAIN * TINT_LIMIT * brightness
    assert found.max() <= 1e-4 + STRAND_GAIN * TINT_LIMIT * brightness


def ring(*, width: float, height: float = 160) -> torch.Tensor:
    """Return upright stripes with a ring of light across, of a gaussian's width, in rows of the map of strands."""
    rows = (torch.arange(SIDE) + 0.5) * STRAND_SIDE / SIDE
    return striped() + 0.2 * torch.exp(-0.5 * ((rows - height) / width).square()).view(1, -1, 1)


def sheen(front: torch.Tensor, hair: torch.Tensor | None = None) -> torch.Tensor:
    """Return the mean of each row of what strands and sheen add to red, where stripes cancel out."""
    found = strands(scene_of(front) if hair is None else scene_of(front, hair=hair))
    return found[0, 0, :, 96:160].mean(1)


@pytest.mark.parametrize(("width", "kept"), [(8.0, 0.4), (16.0, 0.3)])
def test_a_ring_of_light_goes_round_the_head(width: float, kept: float) -> None:
    found = sheen(ring(width=width))
    assert int(found.argmax()) == pytest.approx(160, abs=1)
    assert 0.2 * SHEEN_GAIN * kept < found.max() < 0.2 * SHEEN_GAIN


def test_a_ring_of_light_goes_on_where_a_face_hides_the_hair() -> None:
    hair = torch.ones(64, 64, dtype=torch.bool)
    hair[28:52, 20:44] = False
    front = ring(width=8)
    front[:, 224:416, 160:352] = torch.rand(3, 192, 192, generator=torch.Generator().manual_seed(1))
    assert sheen(front, hair)[160] == pytest.approx(float(sheen(ring(width=8))[160]), rel=0.2)


def test_where_no_row_of_the_front_is_hair_there_is_no_sheen() -> None:
    hair = torch.ones(64, 64, dtype=torch.bool)
    hair[:32] = False  # hair behind hangs lower
    assert sheen(striped(), hair)[:110].abs().max() < 0.01


def test_the_last_map_says_where_the_back_is_hair() -> None:
    assert strands(scene_of(striped()))[0, 3].min() == 1
    assert strands(scene_of(striped(), hair_behind=False))[0, 3].max() == 0


def test_the_smoothed_back_keeps_one_colour_to_the_bit_of_a_byte() -> None:
    assert (smooth_back(scene_of(striped())) - 0.5).abs().max() < 1 / 510


def test_an_eye_one_pixel_wide_is_mended_behind() -> None:
    scene = scene_of(striped())
    scene.classes[...] = -8.0
    scene.classes[:, CLASSES.index("skin")] = 8.0
    scene.classes[:, :, 101], scene.classes[:, CLASSES.index("feature"), 101] = -8.0, 8.0
    skin_behind = scene_of(striped(), hair_behind=False).back_classes
    back = torch.full((1, 3, 128, 128), 0.5)
    back[:, :, 50] = 0.1
    drawn = dataclasses.replace(scene, back=back, back_classes=skin_behind)
    assert smooth_back(drawn)[0, :, 50].min() > 0.3


def test_hair_that_faces_the_picture_is_the_picture() -> None:
    flat = torch.full((1, 1, 256, 256), 0.1)
    assert sides(scene_of(striped()), flat)[0, 3].max() == 0


def test_hair_that_turns_away_takes_the_colour_around_and_no_rim() -> None:
    front = torch.full((3, SIDE, SIDE), 0.3)
    front[:, :, :12] = 1.0  # a rim of light at the steep edge
    x = (torch.arange(256) + 0.5) / 256 * BOX_SIDE
    steep = torch.where(x < 0.04, 3.0 * x, torch.tensor(0.12)).expand(1, 1, 256, 256)
    found = sides(scene_of(front), steep)[0]
    assert found[3, 128, 0] == pytest.approx(1, abs=0.01)
    assert found[3, 128, 60:].max() == 0
    assert found[:3, 128, 0].max() < 0.45


def test_skin_that_turns_away_stays_the_picture() -> None:
    x = (torch.arange(256) + 0.5) / 256 * BOX_SIDE
    as_a_nose = (1.5 * x).expand(1, 1, 256, 256)
    assert sides(scene_of(striped(), hair=torch.zeros(64, 64, dtype=torch.bool)), as_a_nose)[0, 3].max() == 0


def test_a_wall_from_a_lock_to_the_cheek_has_the_colours_of_both_and_no_speckle() -> None:
    hair = torch.zeros(64, 64, dtype=torch.bool)
    hair[:, :32] = True
    front = torch.full((3, SIDE, SIDE), 0.8)
    front[:, :, : SIDE // 2] = 0.2
    front[:, 250:256, SIDE // 2 + 4 : SIDE // 2 + 8] = 0.2  # the picture's edge is no straight line
    x = torch.arange(256)
    ramp = torch.where(x < 132, 0.1 - 0.02 * (x - 127), torch.tensor(0.02))
    wall = torch.where(x < 128, 0.1, ramp).expand(1, 1, 256, 256)
    found = sides(scene_of(front, hair=hair), wall)[0]
    assert found[3, 128, 128:131].min() > 0.9
    assert found[:3, 128, 131].min() > 0.7  # the cheek's end of it
    assert found[:3, 128, 125].max() < 0.3  # the lock's
    assert found[3, 128, 160:].max() == 0
    assert found[4, 128, 128] > 0.8  # hair all through
    assert found[4, 128, 133:].max() == 0 and found[4, 128, :124].max() == 0


def test_a_wall_from_a_cheek_to_the_hair_behind_it_is_the_cheeks() -> None:
    hair = torch.zeros(64, 64, dtype=torch.bool)
    hair[:, :32] = True
    front = torch.full((3, SIDE, SIDE), 0.8)
    front[:, :, : SIDE // 2] = 0.2
    behind = torch.where(torch.arange(256) < 128, 0.02, 0.1).expand(1, 1, 256, 256)
    assert sides(scene_of(front, hair=hair), behind)[0, 4].max() == 0  # no hair runs along the jaw
    before = torch.where(torch.arange(256) < 128, 0.1, 0.02).expand(1, 1, 256, 256)
    assert sides(scene_of(front, hair=hair), before)[0, 4].max() > 0.9


def test_a_wall_beside_no_class_that_is_certain_is_no_hair() -> None:
    scene = scene_of(torch.full((3, SIDE, SIDE), 0.8), hair=torch.zeros(64, 64, dtype=torch.bool))
    logits = torch.full_like(scene.classes, -8.0)
    logits[:, [CLASSES.index("skin"), CLASSES.index("cloth")]] = 0.0  # as likely the one as the other
    wall = torch.where(torch.arange(256) < 128, 0.1, 0.0).expand(1, 1, 256, 256)
    assert sides(dataclasses.replace(scene, classes=logits), wall)[0, 4].max() == 0


def test_a_pale_fringe_at_the_end_of_the_matte_is_no_white_cloth_on_the_crown() -> None:
    front = torch.full((3, SIDE, SIDE), 0.3)
    front[:, :, :164] = 1.0
    classes = torch.full((1, len(CLASSES), 256, 256), -8.0)
    classes[:, CLASSES.index("hair"), :, 82:], classes[:, CLASSES.index("cloth"), :, :82] = 8.0, 8.0
    scene = dataclasses.replace(scene_of(front), classes=classes)
    scene.alpha[:, :, :, :160] = 0
    found = sides(scene, torch.full((1, 1, 256, 256), 0.1))[0]
    assert found[3, 128, 80:82].min() > 0.9
    assert found[:3, 128, 80:82].max() < 0.4


def test_a_class_that_is_sure_of_no_pixel_lends_walls_no_colour() -> None:
    scene = scene_of(torch.full((3, SIDE, SIDE), 0.8), hair=torch.zeros(64, 64, dtype=torch.bool))
    logits = torch.full_like(scene.classes, -8.0)
    logits[:, CLASSES.index("skin")], logits[:, CLASSES.index("cloth")] = 1.0, 0.0  # cloth .27 everywhere
    wall = torch.where(torch.arange(256) < 128, 0.1, 0.0).expand(1, 1, 256, 256)
    found = sides(dataclasses.replace(scene, classes=logits), wall)[0]
    assert found[3, 128, 127:129].min() > 0.5
    assert torch.allclose(found[:3, 128, 127:129], torch.tensor(0.8), atol=0.01)


def test_hair_goes_on_to_the_back_where_both_pictures_show_it() -> None:
    hair = torch.zeros(64, 64, dtype=torch.bool)
    hair[:, :32] = True
    flat = torch.full((1, 1, 256, 256), -0.1)
    both = seam(scene_of(striped(), hair=hair), flat)[0]
    assert both[0, :, :120].min() > 0.9 and both[0, :, 136:].max() == 0
    assert both[1].max() == 0  # nothing turns away
    assert seam(scene_of(striped(), hair_behind=False), flat)[0].max() == 0


def test_the_back_picture_turns_away_where_the_matte_ends() -> None:
    scene = scene_of(striped())
    scene.alpha[..., :256] = 0
    turned = seam(scene, torch.full((1, 1, 256, 256), -0.1))[0, 1]
    assert turned[128, 128:130].min() > 0.9
    assert turned[128, 140:].max() == 0


def test_the_back_picture_turns_away_at_steep_ends_of_the_hair() -> None:
    x = (torch.arange(256) + 0.5) / 256 * BOX_SIDE
    steep = torch.where(x < 0.04, -3.0 * x, torch.tensor(-0.12)).expand(1, 1, 256, 256)
    turned = seam(scene_of(striped()), steep)[0, 1]
    assert turned[128, 2] == pytest.approx(1, abs=0.01)
    assert turned[128, 60:200].max() == 0


def test_a_finished_field_shows_the_picture_from_the_front_and_strands_from_behind() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = CompactBackbone().eval().requires_grad_(False)
    with torch.no_grad():
        field = CompactField(network, scene_of(striped()))
    columns = torch.arange(40, 88)
    x = ((columns + 0.5) / 128 - 0.5) * BOX_SIDE
    wave = torch.sin(2 * math.pi * (columns + 0.5) * 2 / PERIOD)
    for z, contrast in ((0.1, 0.1), (-0.1, 0.1 * STRAND_GAIN)):
        places = torch.stack((x, torch.full_like(x, BOX_SIDE / 256), torch.full_like(x, z)), 1)
        colour = field.query(places).colour[:, 0]
        assert torch.corrcoef(torch.stack((colour, wave)))[0, 1] > 0.9
        assert colour.std() / wave.std() == pytest.approx(contrast, rel=0.3)
