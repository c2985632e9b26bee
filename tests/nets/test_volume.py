"""Volume rendering where its answer is known in closed form."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from paic3d_studio.core.camera import Camera
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled
from paic3d_studio.nets.field import FieldSample, RadianceField
from paic3d_studio.nets.volume import (
    EMPTY_DENSITY,
    RaySampling,
    coarse_depths,
    composited,
    cropped,
    culled,
    fine_depths,
    march_rays,
    march_weights,
    merged,
    render_view,
    stopped_light,
    visible_values,
)

RADIUS = 0.2


class Ball(RadianceField):
    """A ball of one density and one colour, empty around; counts the points that were coloured."""

    def __init__(self, density: float, *, empty_outside: bool = True) -> None:
        self.inner = density
        self.empty_outside = empty_outside
        self.coloured = 0

    def density(self, xyz: Tensor) -> Tensor:
        return torch.where(xyz.norm(dim=-1) < RADIUS, self.inner, EMPTY_DENSITY)

    def query(self, xyz: Tensor) -> FieldSample:
        self.coloured += len(xyz)
        colour = torch.tensor([0.8, 0.4, 0.2]).expand(len(xyz), 3)
        return FieldSample(self.density(xyz), colour, xyz)


def rate(density: float) -> float:
    return math.log1p(math.exp(density - 1))


@pytest.mark.parametrize("offset", [0.0, 0.08, 0.15])
def test_light_through_a_ball_fades_with_the_length_of_the_chord(offset: float) -> None:
    ball = Ball(3.0)
    marched = march_rays(
        ball,
        torch.tensor([[offset, 0.0, 1.0]]),
        torch.tensor([[0.0, 0.0, -1.0]]),
        sampling=RaySampling(coarse=2000, fine=2000),
    )
    chord = 2 * math.sqrt(RADIUS**2 - offset**2)
    assert float(marched.weights[0]) == pytest.approx(1 - math.exp(-rate(3.0) * chord), rel=5e-3)
    assert marched.values[0, :3].numpy() == pytest.approx(
        float(marched.weights[0]) * np.array([0.8, 0.4, 0.2]), rel=1e-2
    )


def test_an_opaque_ball_is_met_at_its_surface() -> None:
    view = render_view(Ball(5000.0), Camera(30, 20), size=33)
    assert view.alpha[16, 16] == pytest.approx(1, abs=1e-4)
    assert view.depth[16, 16] == pytest.approx(1 - RADIUS, abs=0.006)
    met = np.linalg.norm(view.xyz[view.alpha > 0.999], axis=-1)
    assert np.abs(met - RADIUS).max() < 0.01
    assert view.alpha[0, 0] == 0
    assert np.isnan(view.depth[0, 0])
    assert np.allclose(view.rgb[0, 0], 1)
    assert np.allclose(view.rgb[16, 16], (0.8, 0.4, 0.2), atol=1e-3)


def test_the_orthographic_silhouette_of_a_ball_is_a_disc_of_its_radius() -> None:
    view = render_view(Ball(5000.0), Camera(77, -10, fov=None), size=64)
    area = float((view.alpha > 0.5).mean()) * 0.7**2
    assert area == pytest.approx(math.pi * RADIUS**2, rel=0.02)


def test_asking_only_inside_the_box_and_only_what_shows_changes_no_number() -> None:
    skipping, asking = Ball(40.0), Ball(40.0, empty_outside=False)
    first = render_view(skipping, Camera(10, 5), size=24, coarse=24, fine=24)
    second = render_view(asking, Camera(10, 5), size=24, coarse=24, fine=24)
    assert np.array_equal(first.rgb, second.rgb)
    assert np.array_equal(first.alpha, second.alpha)
    assert skipping.coloured < 0.3 * 24 * 24 * 48


def test_rays_in_small_and_large_chunks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = render_view(Ball(40.0), Camera(10, 5), size=20, coarse=16, fine=16)
    monkeypatch.setattr("paic3d_studio.nets.volume._POINTS_AT_ONCE", 32 * 7)
    parts = render_view(Ball(40.0), Camera(10, 5), size=20, coarse=16, fine=16)
    assert np.allclose(whole.rgb, parts.rgb, atol=1e-6)


def test_light_stopped_is_the_weight_of_the_full_march() -> None:
    origins, directions = torch.tensor([[0.05, 0.02, 1.0]]), torch.tensor([[0.0, 0.0, -1.0]])
    sampling = RaySampling(coarse=48, fine=48)
    ball = Ball(20.0)
    stopped = stopped_light(ball, origins, directions, sampling=sampling)
    assert ball.coloured == 0
    assert torch.equal(stopped, march_rays(ball, origins, directions, sampling=sampling).weights)


def test_weights_of_a_ray_never_exceed_one() -> None:
    generator = torch.Generator().manual_seed(3)
    depths = torch.rand(50, 30, generator=generator).sort(dim=1).values
    weights = march_weights(depths, torch.randn(50, 30, generator=generator) * 200)
    assert weights.min() >= 0
    assert weights.sum(dim=1).max() <= 1 + 1e-5


def test_fine_samples_gather_where_the_light_is_stopped() -> None:
    depths = coarse_depths(RaySampling(coarse=40)).expand(1, 40)
    weights = torch.zeros(1, 39)
    weights[0, 20] = 1
    fine = fine_depths(depths, weights, 100)[0]
    near = (fine - (depths[0, 20] + depths[0, 21]) / 2).abs() < 0.06
    assert near.float().mean() > 0.8
    assert torch.equal(fine, fine.sort().values)
    assert depths.min() <= fine.min() <= fine.max() <= depths.max()


def test_merging_is_a_stable_sort() -> None:
    generator = torch.Generator().manual_seed(5)
    coarse = torch.linspace(0, 1, 9).expand(40, 9)
    fine = (torch.rand(40, 12, generator=generator) * 16).round().div(16).sort(dim=1).values  # many equal depths
    densities = torch.arange(9.0).expand(40, 9), 100 + torch.arange(12.0).expand(40, 12)
    expected, order = torch.cat([coarse, fine], dim=1).sort(dim=1, stable=True)
    found = merged((coarse, densities[0]), (fine, densities[1]))
    assert torch.equal(found[0], expected)
    assert torch.equal(found[1], torch.cat(densities, dim=1).gather(1, order))


def test_merging_survives_depths_that_rounding_set_out_of_order() -> None:
    fine = torch.tensor([[0.5, 0.25, 0.75]])
    found = merged((torch.tensor([[0.1, 0.6]]), torch.zeros(1, 2)), (fine, torch.ones(1, 3)))
    assert torch.equal(found[0], torch.tensor([[0.1, 0.5, 0.5, 0.6, 0.75]]))
    assert torch.equal(found[1], torch.tensor([[0.0, 1.0, 1.0, 0.0, 1.0]]))


def test_values_are_composited_at_the_middle_of_intervals() -> None:
    ball = Ball(30.0)
    xyz = torch.rand(6, 10, 3, generator=torch.Generator().manual_seed(6)) * 0.2
    weights = torch.rand(6, 9, generator=torch.Generator().manual_seed(7))
    weights[0, 3:] = 0
    sample = ball.query(xyz.reshape(-1, 3))
    values = torch.cat([sample.colour, sample.features], dim=1).reshape(6, 10, 6)
    assert torch.allclose(visible_values(ball, xyz, weights), composited(weights, values), atol=1e-6)


def test_gradients_reach_densities_and_colours_through_a_march() -> None:
    shade = torch.tensor(0.5, requires_grad=True)
    level = torch.tensor(3.0, requires_grad=True)

    class Fog(RadianceField):
        def density(self, xyz: Tensor) -> Tensor:
            return level.expand(len(xyz))

        def query(self, xyz: Tensor) -> FieldSample:
            return FieldSample(self.density(xyz), shade.expand(len(xyz), 3), xyz[:, :0])

    sampling = RaySampling(coarse=200, fine=0)
    marched = march_rays(Fog(), torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([[0.0, 0.0, -1.0]]), sampling=sampling)
    marched.values[0, 0].backward()
    stopped = 1 - math.exp(-rate(3.0) * 0.7)
    assert float(shade.grad) == pytest.approx(stopped, rel=1e-2)
    slope = 0.5 * 0.7 * math.exp(-rate(3.0) * 0.7) / (1 + math.exp(-2.0))
    assert float(level.grad) == pytest.approx(slope, rel=2e-2)


def test_cropping_empties_the_sides_but_not_above_and_below() -> None:
    points = torch.tensor([[0.3, 0.0, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, -0.3], [0.2, 0.34, 0.2]])
    found = cropped(0.1, box_side=0.7)(points, torch.full((4,), 5.0))
    assert found.tolist() == [EMPTY_DENSITY, 5.0, EMPTY_DENSITY, 5.0]


def test_culling_empties_what_is_thinner_than_asked() -> None:
    boundary = 1 + math.log(math.expm1(-math.log(0.5)))
    densities = torch.tensor([boundary - 0.01, boundary + 0.01])
    found = culled(0.5)(torch.zeros(2, 3), densities)
    assert found[0] == EMPTY_DENSITY
    assert found[1] == densities[1]


def test_a_view_can_be_cancelled() -> None:
    with pytest.raises(Cancelled):
        render_view(Ball(3.0), Camera(0, 0), size=8, monitor=Monitor(cancelled=lambda: True))
