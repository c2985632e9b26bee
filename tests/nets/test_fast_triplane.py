"""The fast ways to read a triplane give the answers of the plain one."""

import pytest
import torch
from torch import Tensor

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled
from paic3d_studio.nets.backbones.published import PublishedConfig, PublishedField
from paic3d_studio.nets.decoder import TriplaneDecoder
from paic3d_studio.nets.field import grid_points
from paic3d_studio.nets.triplane import EG3D_AXES, PANIC3D_AXES, TriplaneAxes, sample_triplane
from paic3d_studio.nets.triplane_grid import TriplaneGrid, grid_densities
from paic3d_studio.nets.triplane_table import TriplaneTable
from paic3d_studio.nets.volume import cropped, culled

SIDE = 0.7
CASES = [(3, PANIC3D_AXES), (3, EG3D_AXES), (1, PANIC3D_AXES), (2, EG3D_AXES)]


def random_planes(layers: int, *, channels: int = 5) -> Tensor:
    return torch.randn(3, channels, layers, 12, 17, generator=torch.Generator().manual_seed(layers))


def random_points(count: int, *, reach: float) -> Tensor:
    return (torch.rand(count, 3, generator=torch.Generator().manual_seed(1)) - 0.5) * 2 * reach


def random_decoder(channels: int = 5, *, widened: bool = False) -> TriplaneDecoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return TriplaneDecoder(channels, outputs=7, widened=widened)


@pytest.mark.parametrize(("layers", "axes"), CASES)
def test_the_table_answers_as_the_sampler_inside_and_outside(layers: int, axes: TriplaneAxes) -> None:
    planes = random_planes(layers)
    corners = grid_points(*[torch.tensor([-0.35, 0.0, 0.35])] * 3)
    far = torch.tensor([[10.0, 0.0, 0.0], [-1e6, -1e6, 1e6], [0.0, 0.0, 0.6]])
    points = torch.cat([random_points(2000, reach=0.5), corners, far])
    expected = sample_triplane(planes[None], points[None], box_side=SIDE, axes=axes)[0]
    found = TriplaneTable(planes, box_side=SIDE, axes=axes).features(points)
    assert torch.allclose(found, expected, atol=2e-6)
    assert torch.equal(found[-2:-1], torch.zeros(1, 5))


@pytest.mark.parametrize(("layers", "axes"), CASES)
def test_the_grid_answers_as_its_points(layers: int, axes: TriplaneAxes) -> None:
    planes, decoder = random_planes(layers), random_decoder()
    axis = torch.linspace(-0.36, 0.36, 9), torch.linspace(-0.5, 0.2, 13), torch.linspace(-0.1, 0.49, 7)
    features = sample_triplane(planes[None], grid_points(*axis)[None], box_side=SIDE, axes=axes)[0]
    grid = TriplaneGrid(planes, *axis, box_side=SIDE, axes=axes)
    found = grid_densities(grid, decoder.folded(planes))
    assert torch.allclose(found.flatten(), decoder.density(features), atol=2e-6)


@pytest.mark.parametrize("widened", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_the_folded_decoder_answers_as_the_decoder_however_large_the_features(scale: float, widened: bool) -> None:
    decoder, planes = random_decoder(widened=widened), random_planes(3) * scale
    folded = decoder.folded(planes)
    assert folded.bounded == (scale == 1.0)
    features = TriplaneTable(planes, box_side=SIDE).features(random_points(500, reach=0.35))
    expected, found = decoder(features), folded(features)
    assert torch.isfinite(found.density).all()
    for name in ("density", "colour", "features"):
        assert torch.allclose(getattr(found, name), getattr(expected, name), rtol=1e-5, atol=2e-6 * scale)
    assert torch.allclose(folded.density(features), expected.density, rtol=1e-5, atol=2e-6 * scale)


def field(*, cropping: bool) -> PublishedField:
    edits = (cropped(0.1, box_side=SIDE), culled(0.5)) if cropping else ()
    config = PublishedConfig(triplane_channels=5)
    return PublishedField(random_planes(3), torch.zeros(1, 1, 4), decoder=random_decoder(), config=config, edits=edits)


@pytest.mark.parametrize("cropping", [False, True])
def test_a_field_answers_the_same_by_points_and_by_grid(cropping: bool) -> None:
    some = field(cropping=cropping)
    axis = torch.linspace(-0.35, 0.35, 15)
    by_points = some.density(grid_points(axis, axis, axis))
    assert torch.allclose(some.density_grid(axis, axis, axis).flatten(), by_points, atol=2e-6)
    assert torch.allclose(some.query(grid_points(axis, axis, axis)).density, by_points, atol=2e-6)
    assert bool((by_points == -1e3).any()) == cropping


def test_what_is_cropped_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Tensor] = []
    plain = TriplaneTable.features

    def features(self: TriplaneTable, xyz: Tensor) -> Tensor:
        asked.append(xyz)
        return plain(self, xyz)

    monkeypatch.setattr(TriplaneTable, "features", features)
    points = random_points(1000, reach=0.35)
    field(cropping=True).density(points)
    kept = torch.cat(asked)
    assert len(kept) == int((points[:, [0, 2]].abs().amax(dim=1) <= 0.25).sum())
    assert kept[:, [0, 2]].abs().max() <= 0.25


def test_a_grid_can_be_cancelled() -> None:
    axis = torch.linspace(-0.35, 0.35, 15)
    with pytest.raises(Cancelled):
        field(cropping=False).density_grid(axis, axis, axis, monitor=Monitor(cancelled=lambda: True))
