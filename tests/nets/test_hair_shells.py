"""Shells of hair: where they stand, how thick they are, and where they end."""

import dataclasses

import pytest
import torch
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.nets.backbones.compact import Scene
from paic3d_studio.nets.backbones.hair_shells import SHELL, SHELL_INSET, THINNEST, HairShells
from tests.nets.scenes import scene_of

ALL, NONE = (torch.full((64, 64), told, dtype=torch.bool) for told in (True, False))


def scene(first: Tensor | float, last: Tensor | float, *, before: bool = True, behind: bool = True) -> Scene:
    """Return a scene whose surfaces lie at these z, with hair or skin on either side."""
    made = scene_of(torch.full((3, 512, 512), 0.4), hair=ALL if before else NONE, hair_behind=behind)
    depths = [torch.as_tensor(z, dtype=torch.float32).expand(1, 1, 256, 256) for z in (first, last)]
    return dataclasses.replace(made, depths=torch.cat(depths, 1))


def stands(shells: HairShells, z: float) -> bool:
    """Return whether a shell stands at z behind the middle of the picture."""
    return bool(shells.logits(torch.tensor([[0.001, 0.001, z]])).amax() > 0)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_shell_begins_inside_the_surface_and_is_as_thick_as_promised(side: float) -> None:
    shells = HairShells.of(scene(0.1, -0.1, before=side > 0, behind=side < 0))
    outer = side * (0.1 - SHELL_INSET)
    assert [stands(shells, outer + side * off) for off in (0.0005, -0.0005)] == [False, True]
    assert [stands(shells, outer - side * (SHELL + off)) for off in (-0.0005, 0.0005)] == [True, False]
    assert not stands(shells, -outer)  # skin


@pytest.mark.parametrize(("step", "is_sheet"), [(0.008, True), (0.012, False)])
@pytest.mark.parametrize("side", [0, 1])
def test_a_surface_is_one_sheet_up_to_steps_of_ten_millimetres_on_both_sides(
    side: int, step: float, is_sheet: bool
) -> None:
    ramp = (torch.arange(256) - 128) * step
    surfaces = (0.1 + ramp, -5.0) if side == 0 else (5.0, -0.1 + ramp)
    shells = HairShells.of(scene(*surfaces))
    assert bool(shells.where[0, side, 8:-8, 8:-8].all()) is is_sheet
    assert bool(shells.where[0, side, 8:-8, 8:-8].any()) is is_sheet


@pytest.mark.parametrize("half", [0.002, 0.004, 0.01, 0.02])
def test_a_thin_lock_is_solid_and_stays_between_its_surfaces(half: float) -> None:
    shells = HairShells.of(scene(half, -half))
    assert stands(shells, 0.0)
    assert not stands(shells, half)
    assert not stands(shells, -max(half, THINNEST))  # the mesh would lose what is thinner


def test_what_is_hair_on_one_side_alone_is_no_solid_hair() -> None:
    thin = {"first": 0.025, "last": -0.025}
    assert stands(HairShells.of(scene(**thin)), 0.0)
    assert not stands(HairShells.of(scene(**thin, behind=False)), 0.0)


@pytest.mark.parametrize(
    ("half", "slopes", "solid"),
    [(0.05, (0, 0), True), (0.05, (4, 0), False), (0.05, (0, 4), False), (0.07, (0, 0), False)],
)
def test_sheets_of_hair_that_face_each_other_are_one_up_to_twelve_centimetres_but_not_where_they_are_steep(
    half: float, slopes: tuple[float, float], solid: bool
) -> None:
    rows = ((torch.arange(256)[:, None] - 128) * BOX_SIDE / 256).expand(256, 256)
    assert stands(HairShells.of(scene(half - slopes[0] * rows, slopes[1] * rows - half)), 0.0) is solid


def test_hair_is_on_both_sides_only_where_both_pictures_are_hair() -> None:
    assert HairShells.of(scene(0.1, -0.1)).hair_on_both[..., 8:-8, 8:-8].all()
    assert not HairShells.of(scene(0.1, -0.1, behind=False)).hair_on_both.any()


def test_no_sheet_hangs_where_the_depth_steps_from_a_lock_to_what_lies_behind_it() -> None:
    columns = torch.arange(256)
    shells = HairShells.of(scene(torch.where(columns < 128, 0.1, 0.0), -0.1))
    x, z = torch.meshgrid(torch.linspace(-0.001, 0.008, 37), torch.linspace(0.012, 0.075, 35), indexing="ij")
    steps = torch.stack((x.flatten(), torch.full_like(x, 0.05).flatten(), z.flatten()), 1)
    assert float(shells.logits(steps).max()) < 0  # neither the upper sheet nor a fin of the lower one


def test_no_slit_opens_at_the_back_where_solid_hair_ends() -> None:
    nape = torch.where(torch.arange(256) < 128, 0.0, 0.1)  # solid on one side, 13 cm deep on the other
    shells = HairShells.of(scene(nape, -0.03))
    x = torch.linspace(-0.02, 0.02, 101)
    inside = torch.stack((x, torch.full_like(x, 0.05), torch.full_like(x, -0.03 + SHELL_INSET + 0.003)), 1)
    assert float(shells.logits(inside).amax(1).min()) > 0


def test_nothing_hangs_behind_the_head_where_solid_hair_ends() -> None:
    falling = -0.02 * (torch.arange(256) - 128).clamp(min=0)  # too steep for a sheet from there on
    shells = HairShells.of(scene(falling, -0.03))
    x, z = torch.meshgrid(torch.linspace(-0.01, 0.02, 121), torch.linspace(-0.25, -0.04, 211), indexing="ij")
    behind = torch.stack((x.flatten(), torch.full_like(x, 0.05).flatten(), z.flatten()), 1)
    assert float(shells.logits(behind).max()) < 0


def test_the_head_seen_in_a_mirror_has_the_same_shells() -> None:
    rough = 0.1 + 0.01 * torch.sin(torch.arange(256) * BOX_SIDE)
    one, other = HairShells.of(scene(rough, -0.05)), HairShells.of(scene(0.05, -rough))
    for name in ("where", "outer", "thick", "hair_on_both"):
        assert torch.allclose(getattr(one, name), getattr(other, name).flip(1))
