"""Where rays enter a field's surface, where that is known in closed form."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled
from paic3d_studio.nets.exact import surface_along
from paic3d_studio.nets.field import CHUNK, FieldSample, RadianceField

RADIUS = 0.2
STEP = 0.7 / 192


class SoftBall(RadianceField):
    """A ball whose density rises from -10 to 300 within `soft` metres about its radius; counts what it is asked."""

    def __init__(self, soft: float) -> None:
        self.soft = soft
        self.asked: list[int] = []

    def density(self, xyz: Tensor) -> Tensor:
        self.asked.append(len(xyz))
        return 310 * torch.sigmoid((RADIUS - xyz.norm(dim=-1)) / self.soft) - 10

    def query(self, xyz: Tensor) -> FieldSample:
        return FieldSample(self.density(xyz), xyz.abs(), xyz[:, :0])

    def radius_at(self, level: float) -> float:
        return RADIUS - self.soft * math.log((level + 10) / (300 - level))


def rays(count: int, *, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Rays from z = 1 downwards, evenly out to `reach` from the axis."""
    x = np.linspace(-reach, reach, count)
    origins = np.stack([x, 0.3 * x, np.ones(count)], axis=1).astype(np.float32)
    return origins, np.tile(np.array([0, 0, -1], np.float32), (count, 1))


def entry(origins: np.ndarray, radius: float) -> np.ndarray:
    """Closed form: how far from z = 1 the ball begins."""
    return 1 - np.sqrt(radius**2 - np.square(origins[:, :2].astype(float)).sum(axis=1))


@pytest.mark.parametrize("level", [17.0, 126.0, 220.0])
@pytest.mark.parametrize("soft", [0.0005, 0.001, 0.003])
@pytest.mark.parametrize("error", [-1.4, -0.3, 0.0, 0.45, 1.4])
def test_the_surface_is_placed_within_a_tenth_of_a_millimetre(soft: float, level: float, error: float) -> None:
    field = SoftBall(soft)
    origins, directions = rays(500, reach=0.15)
    truth = entry(origins, field.radius_at(level))
    rough = (truth + error * STEP).astype(np.float32)
    found = surface_along(field, origins, directions, rough, level=level, step=STEP)
    assert np.abs(found - truth).max() < 1e-4


def test_where_no_surface_is_near_none_is_told() -> None:
    origins, directions = rays(50, reach=0.15)
    truth = entry(origins, RADIUS)
    for error in (-4, 4):
        rough = (truth + error * STEP).astype(np.float32)
        found = surface_along(SoftBall(0.001), origins, directions, rough, level=126.0, step=STEP)
        assert np.isnan(found).all()


def test_no_rays_ask_for_nothing() -> None:
    origins, directions = rays(0, reach=0.15)
    assert surface_along(SoftBall(0.001), origins, directions, origins[:, 0], level=1.0, step=STEP).shape == (0,)


def test_the_result_does_not_depend_on_how_rays_are_grouped() -> None:
    origins, directions = rays(300, reach=0.15)
    rough = entry(origins, RADIUS).astype(np.float32)
    together = surface_along(SoftBall(0.001), origins, directions, rough, level=126.0, step=STEP)
    apart = [
        surface_along(
            SoftBall(0.001), origins[i : i + 7], directions[i : i + 7], rough[i : i + 7], level=126.0, step=STEP
        )
        for i in range(0, 300, 7)
    ]
    assert np.array_equal(together, np.concatenate(apart))


def test_between_two_questions_whether_to_stop_a_bounded_number_of_points_is_asked_for() -> None:
    field = SoftBall(0.001)
    origins, directions = rays(CHUNK + 10, reach=0.15)
    asked_at: list[int] = []

    def cancelled() -> bool:
        asked_at.append(len(field.asked))
        return len(field.asked) >= 3

    with pytest.raises(Cancelled):
        surface_along(
            field,
            origins,
            directions,
            entry(origins, RADIUS).astype(np.float32),
            level=126.0,
            step=STEP,
            monitor=Monitor(cancelled=cancelled),
        )
    assert len(field.asked) == 3
    assert max(field.asked) <= CHUNK
    assert set(asked_at) == {0, 1, 2, 3}  # before each of them
