"""The compact reconstructor: what its field promises, whatever the weights."""

import dataclasses

import pytest
import torch

from paic3d_studio.nets.backbones.closing import nothing_closed
from paic3d_studio.nets.backbones.compact import ADVISED_SHARE, FURTHER_LOOKS, CompactBackbone, CompactConfig
from paic3d_studio.nets.backbones.compact_field import (
    DENSITY_SCALE,
    ENTRY,
    FIELD_SHARPNESS,
    LIFT_LEVEL,
    LIFT_MARGIN,
    CompactField,
    density_from_logit,
)
from paic3d_studio.nets.backbones.config import ReconstructorConfig
from paic3d_studio.nets.backbones.depth_network import DepthNetwork
from paic3d_studio.nets.backbones.hair_shells import SHELL, SHELL_INSET
from paic3d_studio.nets.backbones.maps import bled_colours, resized
from paic3d_studio.nets.field import FieldCondition, extinction
from tests.nets.scenes import empty_handed, extent_along_z, scene_of, whole

TINY = CompactConfig(
    picture=32, plane=16, channels=8, layers=2, encoder_widths=(8, 8, 16, 16), front_widths=(16, 8, 8),
    side_widths=(8, 8, 8), detail_width=8, edge_width=8, hidden=16,
)  # fmt: skip


def network(*, adviser: bool = False) -> CompactBackbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return CompactBackbone(dataclasses.replace(TINY, adviser=adviser)).eval().requires_grad_(False)


def condition() -> FieldCondition:
    generator = torch.Generator().manual_seed(6)
    alpha = torch.zeros(1, 1, 64, 64)
    alpha[:, :, 10:60, 15:50] = 1
    picture = torch.rand(1, 3, 64, 64, generator=generator) * alpha + 1 - alpha
    return FieldCondition(picture, alpha)


def points(count: int) -> torch.Tensor:
    return (torch.rand(count, 3, generator=torch.Generator().manual_seed(7)) - 0.5) * 0.7


def test_density_alone_is_the_density_of_the_full_query() -> None:
    field = network().field(condition(), seed=0)
    assert torch.allclose(field.density(points(500)), field.query(points(500)).density, atol=1e-4)


def test_colours_and_classes_are_proper() -> None:
    sample = network().field(condition(), seed=0).query(points(500))
    assert sample.colour.shape == (500, 3)
    assert 0 <= float(sample.colour.min()) <= float(sample.colour.max()) <= 1
    assert torch.allclose(sample.features.sum(1), torch.ones(500), atol=1e-5)


def test_the_same_picture_gives_the_same_field_whatever_the_seed() -> None:
    first, other = (network().field(condition(), seed=seed).query(points(100)) for seed in (0, 9))
    assert torch.equal(first.density, other.density)
    assert torch.equal(first.colour, other.colour)


@pytest.mark.parametrize("logit", [-2.0, -0.3, 0.0, 0.3, 2.0])
def test_extinction_of_the_density_is_the_scaled_sigmoid(logit: float) -> None:
    expected = max(DENSITY_SCALE / (1 + pow(2.718281828459045, -FIELD_SHARPNESS * (logit + ENTRY))), 1e-4)
    assert float(extinction(density_from_logit(torch.tensor(logit)))) == pytest.approx(expected, rel=2e-3)


def test_the_surface_lies_where_the_logit_is_zero() -> None:
    field = network().field(condition(), seed=0)
    assert float(density_from_logit(torch.tensor(0.0))) == pytest.approx(field.surface_level, abs=0.01)


def test_something_stands_behind_every_solid_pixel() -> None:
    field = network().field(condition(), seed=0)
    column = torch.full((56,), (15.5 / 32 - 0.5) * 0.7)  # a pixel in the middle
    ray = torch.stack((column, column, torch.linspace(-0.2, 0.2, 56)), 1)
    assert float(field.density(ray).max()) >= field.surface_level


def test_nothing_stands_where_the_picture_is_empty() -> None:
    field = network().field(condition(), seed=0)
    corner = torch.stack((torch.full((50,), -0.33), torch.full((50,), 0.33), torch.linspace(-0.3, 0.3, 50)), 1)
    assert float(extinction(field.density(corner)).max()) < 1e-3


def test_bled_colours_keep_solid_pixels_and_leave_no_white_at_the_rim() -> None:
    alpha = torch.zeros(1, 1, 32, 32)
    alpha[:, :, 8:24, 8:24] = 1
    red = torch.tensor([0.8, 0.1, 0.1])[None, :, None, None]
    bled = bled_colours(red * alpha + 1 - alpha, alpha)
    assert torch.allclose(bled, red.expand_as(bled), atol=1e-5)


def test_the_shipped_network_fits_the_size_it_may_have() -> None:
    """Of 30 MB for all weights the others take 4."""
    assert sum(p.numel() for p in ReconstructorConfig.compact().build().parameters()) * 2 < 26e6


def test_what_is_finer_than_a_pixel_of_the_encoder_reaches_depths_and_classes_there_and_nothing_else() -> None:
    seen, changed = condition(), condition()
    changed.picture[:, :, 30, 20], changed.picture[:, :, 30, 21] = (
        seen.picture[:, :, 30, 21],
        seen.picture[:, :, 30, 20],
    )
    edged = network()
    torch.nn.init.normal_(edged.edges.out.weight, generator=torch.Generator().manual_seed(8))
    one, other = (edged.scene(c.picture, c.alpha) for c in (seen, changed))
    for name in ("planes", "back", "palette", "back_classes"):
        assert torch.allclose(getattr(one, name), getattr(other, name), atol=1e-5), name
    for name in ("depths", "classes"):
        difference = (getattr(one, name) - getattr(other, name)).abs().sum(1)[0].flip(0)
        assert difference.shape == (64, 64)
        here, elsewhere = difference[26:36, 16:26].amax(), difference[45:].amax()
        assert here > 20 * elsewhere, name


@pytest.mark.parametrize("adviser", [False, True])
def test_a_mirrored_picture_has_mirrored_depths(adviser: bool) -> None:
    seen = condition()
    mirrored = FieldCondition(seen.picture.flip(3), seen.alpha.flip(3))
    one, other = (network(adviser=adviser).field(c, seed=0).scene.depths for c in (seen, mirrored))
    assert torch.allclose(one, other.flip(3), atol=1e-6)


class Saying(torch.nn.Module):
    """A depth network that says the same of every picture, of smaller ones less: z of front and back in metres."""

    def __init__(self, front: float, back: float) -> None:
        super().__init__()
        self.said = torch.tensor([front, back]).view(1, 2, 1, 1)
        self.seen: list[torch.Tensor] = []

    def forward(self, picture: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        assert picture.shape[2:] == alpha.shape[2:]
        self.seen.append(alpha)
        size = (alpha.mean() / self.seen[0].mean()).sqrt()
        return (self.said * size).expand(1, 2, 32, 32)


def test_an_adviser_has_its_share_of_the_depths_and_none_of_their_edges() -> None:
    alone, advised = network(), network(adviser=True)
    advised.load_state_dict(alone.state_dict(), strict=False)
    for module in (alone, advised):
        torch.nn.init.normal_(module.edges.out.weight, generator=torch.Generator().manual_seed(8))
    advised.adviser = Saying(3.0, -3.0)
    before, after = (one.field(condition(), seed=0).scene.depths for one in (alone, advised))
    assert len(advised.adviser.seen) == 1 + len(FURTHER_LOOKS)
    before, after = (depths[..., 12:-12, 12:-12] for depths in (before, after))  # what is resized has no rim
    expected = torch.lerp(before.mean((2, 3)), advised.adviser.said.flatten(1), ADVISED_SHARE)
    assert torch.allclose(after.mean((2, 3)), expected, atol=0.02)
    fine = [one - torch.nn.functional.avg_pool2d(one, 5, 1, 2) for one in (before, after)]
    inner = [one[..., 2:-2, 2:-2].flatten() for one in fine]
    assert torch.corrcoef(torch.stack(inner))[0, 1] > 0.95
    assert inner[1].std() / inner[0].std() == pytest.approx(1, abs=0.15)


def test_depths_of_the_depth_network_have_rows_that_run_upwards() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        depth = DepthNetwork().eval().requires_grad_(False)
    picture, alpha = torch.ones(1, 3, 256, 256), torch.ones(1, 1, 256, 256)
    changed = picture.clone()
    changed[:, :, 40:60, 200:220] = 0  # near the upper right corner
    difference = (depth(picture, alpha) - depth(changed, alpha)).abs().sum(1)[0]
    assert difference.shape == (128, 128)
    here, elsewhere = difference[98:108, 100:110].mean(), difference[:40].mean()
    assert here > 5 * elsewhere


def test_resizing_about_the_centre_and_back_keeps_what_is_inside() -> None:
    ramp = torch.linspace(-1, 1, 64).expand(1, 1, 64, 64)
    there = resized(ramp, 0.9, outside=0.0)
    assert torch.allclose(there[..., 10:54, 10:54], ramp[..., 10:54, 10:54] / 0.9, atol=1e-5)
    assert torch.allclose(resized(there, 1 / 0.9, outside=0.0)[..., 4:60, 4:60], ramp[..., 4:60, 4:60], atol=1e-4)


def test_hair_that_the_picture_shows_stands_at_its_predicted_depth_however_little_the_planes_know_of_it() -> None:
    hair = torch.zeros(64, 64, dtype=torch.bool)
    hair[20:50, 20:44] = True
    field = CompactField(empty_handed(), scene_of(torch.full((3, 512, 512), 0.4), hair=hair))
    middle, skin = (torch.tensor([[x, 0.05, 0.1 - SHELL_INSET - SHELL / 2]]) for x in (0.0, 0.25))
    assert float(field.density(middle)) > field.surface_level
    assert float(field.density(skin)) < field.surface_level


def test_hair_that_is_seen_from_behind_stands_there_too() -> None:
    scene = scene_of(torch.full((3, 512, 512), 0.4), hair=torch.zeros(64, 64, dtype=torch.bool))
    behind = torch.full_like(scene.back_classes, -8.0)
    columns = behind.shape[-1] // 2
    behind[:, 0, :, :columns], behind[:, 1, :, columns:] = 0.0, 0.0
    field = CompactField(empty_handed(), dataclasses.replace(scene, back_classes=behind))
    hair, skin = (torch.tensor([[x, 0.05, -0.1 + SHELL_INSET + SHELL / 2]]) for x in (-0.1, 0.1))
    assert float(field.density(hair)) > field.surface_level
    assert float(field.density(skin)) < field.surface_level


def test_hair_behind_an_uncertain_face_is_no_reason_to_see_through_it() -> None:
    unsure = empty_handed()
    unsure.density_out.bias.fill_(-1.9)
    scene = scene_of(torch.full((3, 512, 512), 0.4), hair=torch.zeros(64, 64, dtype=torch.bool))
    middle = torch.tensor([[0.0, 0.05, 0.0]])
    for hair_behind in (False, True):
        behind = scene_of(scene.front[0], hair_behind=hair_behind).back_classes
        field = CompactField(unsure, dataclasses.replace(scene, back_classes=behind))
        assert float(field.density(middle)) > field.surface_level


def test_where_a_ray_meets_nothing_the_surfaces_are_the_predicted_ones() -> None:
    scene = scene_of(torch.full((3, 512, 512), 0.4), hair=torch.zeros(64, 64, dtype=torch.bool), hair_behind=False)
    field = CompactField(empty_handed(), scene)  # so sure of nothing that no lift reaches the surface
    assert torch.allclose(field._finish.surfaces, scene.depths, atol=1e-6)


def test_what_is_raised_along_a_ray_stays_between_the_depth_maps() -> None:
    made = scene_of(torch.full((3, 512, 512), 0.4), hair=torch.zeros(64, 64, dtype=torch.bool), hair_behind=False)
    unsure = empty_handed()
    unsure.density_out.bias.fill_(-0.5)
    for surfaces in ([0.003, -0.003], [-0.003, 0.003]):  # the second cross
        depths = torch.tensor(surfaces)[None, :, None, None].expand(1, 2, 256, 256)
        field = CompactField(unsure, dataclasses.replace(made, depths=depths))
        field._lift.fill_(1.5)  # as if the decoder said nothing all along: 23 mm on either side without that bound
        last, first = extent_along_z(field, 0.001, 0.001)
        assert first == pytest.approx(-last, abs=0.002)
        assert 0.003 <= first <= 0.003 + LIFT_MARGIN


@pytest.mark.parametrize(("elsewhere", "raised"), [(-0.2, True), (0.5, False)])
def test_a_ray_is_raised_by_what_its_best_place_between_the_maps_lacks_unless_something_is_seen(
    elsewhere: float, raised: bool
) -> None:
    """The logit is -1 between the maps and `elsewhere` a decimetre before them."""

    class Told(CompactField):
        def _capped(self, logit: torch.Tensor, xyz: torch.Tensor) -> torch.Tensor:
            return torch.where((xyz[:, 2] - 0.1).abs() < 0.01, elsewhere, torch.full_like(logit, -1.0))

    made = scene_of(torch.full((3, 512, 512), 0.4), hair=torch.zeros(64, 64, dtype=torch.bool), hair_behind=False)
    depths = torch.tensor([0.01, -0.01])[None, :, None, None].expand(1, 2, 256, 256)
    field = Told(empty_handed(), dataclasses.replace(made, depths=depths))
    assert float(field._lift[0, 0, 64, 64]) == pytest.approx(LIFT_LEVEL + 1 if raised else 0)
    density = field.density(torch.tensor([[0.001, 0.001, 0.0], [0.001, 0.001, 0.1]]))
    assert (density > field.surface_level).tolist() == [raised, not raised]


def test_a_strand_of_three_pixels_stands_before_the_cheek() -> None:
    scene = scene_of(torch.full((3, 512, 512), 0.4))
    columns = torch.arange(256)
    strand = (columns >= 127) & (columns < 130)
    first = torch.where(strand, 0.1, 0.08).expand(1, 1, 256, 256)
    last = torch.full_like(first, -0.1)
    classes = torch.full((1, 4, 256, 256), -8.0)
    classes[:, 0, :, strand], classes[:, 1, :, ~strand] = 8.0, 8.0
    field = CompactField(
        empty_handed(), dataclasses.replace(scene, depths=torch.cat((first, last), 1), classes=classes)
    )
    x = ((columns[strand] + 0.5) / 256 - 0.5) * 0.7
    middle = torch.stack((x, torch.full_like(x, 0.05), torch.full_like(x, 0.1 - SHELL_INSET - SHELL / 2)), 1)
    assert float(field.density(middle).min()) > field.surface_level
    assert float(field.density(middle + torch.tensor([0.012, 0, 0])).max()) < field.surface_level


def test_a_lock_has_the_colour_of_the_picture_to_its_far_side_and_no_strip_of_what_lies_behind_it() -> None:
    hair = torch.zeros(64, 64, dtype=torch.bool)
    hair[20:50, 20:44] = True
    field = CompactField(empty_handed(), scene_of(torch.full((3, 512, 512), 0.1), hair=hair, hair_behind=False))
    far_side, as_deep_in_skin = (torch.tensor([[x, 0.05, 0.1 - SHELL_INSET - SHELL]]) for x in (0.0, 0.25))
    off, off_in_skin = (float((field.query(p).colour - 0.1).abs().mean()) for p in (far_side, as_deep_in_skin))
    assert off < 0.1 < 0.2 < off_in_skin  # the palette would be 0.4 off


def pitted(*, width: int, front: bool = False) -> CompactField:
    """Return a field of a slab that the depth maps alone shape, with a pit, `width` times 5.5 mm across."""
    hands_off = whole().eval().requires_grad_(False)
    for parameter in hands_off.density_out.parameters():
        parameter.zero_()
    scene = scene_of(torch.full((3, 512, 512), 0.4), hair=torch.zeros(64, 64, dtype=torch.bool))
    depths = scene.depths.clone()
    middle = slice(128 - width, 128 + width)
    depths[0, 0 if front else 1, middle, middle] = -0.02 if front else 0.02
    return CompactField(hands_off, dataclasses.replace(scene, depths=depths))


def test_a_hole_in_the_back_of_the_head_is_closed_where_it_is_narrow_and_only_there() -> None:
    narrow, wide = pitted(width=3), pitted(width=12)  # 1.6 and 6.6 cm
    for place in (torch.tensor([[0.0, 0.0, -0.05]]), torch.tensor([[0.0, 0.0, -0.09]])):
        assert float(narrow.density(place)) > narrow.surface_level
        assert float(wide.density(place)) < wide.surface_level


def test_a_dent_that_the_picture_itself_shows_stays_open() -> None:
    field = pitted(width=3, front=True)
    dent = torch.tensor([[0.0, 0.0, 0.05]])
    assert float(field.density(dent)) < field.surface_level


@pytest.mark.parametrize("hair_behind", [True, False])
def test_what_closes_a_slot_is_heeded_between_hair_and_hair_alone(hair_behind: bool) -> None:
    """The shell of the front ends 18 mm behind the first surface; a network that denies what follows leaves a slot."""
    scene = scene_of(torch.full((3, 512, 512), 0.4), hair_behind=hair_behind)
    field = CompactField(empty_handed(), scene)
    field._closed = torch.ones_like(field._closed)  # as where the slot is narrow
    first = float(scene.depths[0, 0, 128, 128])
    slot = torch.tensor([[0.0, 0.0, first - 0.025]])
    assert bool(field.density(slot) > field.surface_level) is hair_behind


@pytest.mark.parametrize("shift", [0, 2, 4, 6, 7, 8, 10])
def test_no_slot_remains_between_a_shell_and_the_head_wherever_voxels_lie(
    monkeypatch: pytest.MonkeyPatch, shift: int
) -> None:
    scene = scene_of(torch.full((3, 512, 512), 0.4))
    first = 0.06 + shift / 1000
    depths = torch.stack((torch.full((256, 256), first), torch.full((256, 256), -0.1)))[None]

    def head_behind_a_slot(self: CompactField, logit: torch.Tensor, xyz: torch.Tensor) -> torch.Tensor:
        del self, logit
        return ((first - 0.028 - xyz[:, 2]) / 0.02).clamp(-3, 1)

    monkeypatch.setattr(CompactField, "_capped", head_behind_a_slot)
    field = CompactField(whole().eval().requires_grad_(False), dataclasses.replace(scene, depths=depths))
    z = torch.linspace(first - 0.006, first - 0.05, 89)
    assert (field.density(torch.stack((0 * z, 0 * z, z), 1)) > field.surface_level).all()


def test_closing_adds_nothing_to_a_head_without_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    there = points(3000)
    with_it = pitted(width=0).density(there)
    monkeypatch.setattr(CompactField, "_closed_gaps", lambda *_: nothing_closed())
    without = pitted(width=0).density(there)
    assert torch.allclose(extinction(with_it), extinction(without), atol=1e-3)
    assert float(extinction(without).max()) > DENSITY_SCALE / 2
