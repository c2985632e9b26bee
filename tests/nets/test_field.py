"""Lattices and volumes of fields whose answer is known."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled
from paic3d_studio.nets.field import FieldSample, RadianceField, density_lattice, field_volume


class Blob(RadianceField):
    """A dented ball with a thin strand, red above and blue below; counts what it is asked."""

    surface_level = 60.0

    def __init__(self, *, sharpness: float = 300.0, radius: float = 0.18, peak: float = 120.0) -> None:
        self.sharpness, self.radius, self.peak = sharpness, radius, peak
        self.asked = 0
        self.coloured: list[Tensor] = []

    def density(self, xyz: Tensor) -> Tensor:
        self.asked += len(xyz)
        dents = 0.02 * torch.sin(40 * xyz[:, 0]) * torch.sin(35 * xyz[:, 1])
        ball = self.radius - xyz.norm(dim=-1) + dents
        beside = (xyz[:, [0, 2]] - torch.tensor([0.05, 0.02])).norm(dim=-1)
        strand = torch.minimum(0.006 - beside, 0.30 - xyz[:, 1].abs())
        return (self.peak + 30) * torch.sigmoid(self.sharpness * torch.maximum(ball, strand)) - 30

    def query(self, xyz: Tensor) -> FieldSample:
        self.coloured.append(xyz)
        above = (xyz[:, 1:2] > 0).float()
        colour = torch.cat([above, torch.zeros_like(above), 1 - above], dim=-1)
        return FieldSample(self.density(xyz), colour, xyz[:, :0])


def dense(field: RadianceField, resolution: int) -> NDArray[np.float32]:
    axis = np.linspace(-field.box_side / 2, field.box_side / 2, resolution)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float32)
    found: NDArray[np.float32] = field.density(torch.from_numpy(points)).numpy().reshape((resolution,) * 3)
    return found


@pytest.mark.parametrize("resolution", [33, 48, 96])
@pytest.mark.parametrize("sharpness", [40.0, 300.0])
def test_the_surface_on_the_lattice_is_that_of_dense_sampling(resolution: int, sharpness: float) -> None:
    field = Blob(sharpness=sharpness)
    expected = dense(field, resolution)
    found = density_lattice(field, resolution).density
    inside = expected > field.surface_level
    assert np.array_equal(found > field.surface_level, inside)
    for axis in range(3):
        pairs = [np.moveaxis(a, axis, 0) for a in (inside, expected, found)]
        edge = pairs[0][1:] != pairs[0][:-1]
        assert np.allclose(pairs[1][1:][edge], pairs[2][1:][edge], rtol=1e-5)
        assert np.allclose(pairs[1][:-1][edge], pairs[2][:-1][edge], rtol=1e-5)


def test_the_marched_surface_is_that_of_dense_sampling() -> None:
    from skimage.measure import marching_cubes

    field = Blob()
    expected, faces, _, _ = marching_cubes(dense(field, 80), field.surface_level)
    found, found_faces, _, _ = marching_cubes(np.array(density_lattice(field, 80).density), field.surface_level)
    assert np.array_equal(faces, found_faces)
    assert np.abs(expected - found).max() < 1e-4


def test_the_cost_grows_with_the_surface_and_not_with_the_volume() -> None:
    counts = []
    for resolution in (65, 129):
        field = Blob(radius=0.12)
        density_lattice(field, resolution)
        coarse = ((resolution - 1) // 4 + 1) ** 3
        counts.append(field.asked - coarse)
    assert counts[1] < 5 * counts[0]  # twice the resolution: four times the surface, eight times the volume
    assert counts[1] < 0.1 * 129**3


def test_queries_grow_with_the_square_of_the_resolution_over_three_doublings() -> None:
    resolutions = (48, 96, 192, 384)
    asked = []
    for resolution in resolutions:
        field = Blob(radius=0.12)
        density_lattice(field, resolution)
        asked.append(field.asked)
    print(dict(zip(resolutions, asked, strict=True)))
    of_square = [count / resolution**2 for count, resolution in zip(asked, resolutions, strict=True)]
    assert max(of_square) < 2.2 * min(of_square)  # of the cube it would be a factor of 8


@pytest.mark.parametrize("samples", [41, 64, 67, 98])
def test_a_lattice_found_from_half_its_samples_has_the_surface_of_dense_sampling(
    samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paic3d_studio.nets.field.HALVED_ABOVE", 40)
    monkeypatch.setattr("paic3d_studio.nets.field.COARSE_STEP", 1)
    field = Blob(sharpness=40.0)
    found = density_lattice(field, samples).density
    expected = dense(Blob(sharpness=40.0), samples)
    assert np.array_equal(found > field.surface_level, expected > field.surface_level)
    assert field.asked < samples**3
    assert found[-1, -1, -1] == expected[-1, -1, -1]


def test_another_level_moves_the_exact_region() -> None:
    field = Blob(sharpness=40.0)
    expected = dense(field, 64)
    assert np.array_equal(density_lattice(field, 64, level=90.0).density > 90.0, expected > 90.0)


def test_an_empty_field_and_a_full_field_have_no_surface() -> None:
    for field in (Blob(peak=1.0), Blob(peak=1e5, sharpness=1.0)):
        inside = density_lattice(field, 40).density > field.surface_level
        assert inside.all() or not inside.any()


def test_the_lattice_reports_progress_in_order_and_can_be_cancelled() -> None:
    fractions: list[float] = []
    density_lattice(Blob(), 64, monitor=Monitor(lambda fraction, _: fractions.append(fraction)))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    with pytest.raises(Cancelled):
        density_lattice(Blob(), 64, monitor=Monitor(cancelled=lambda: True))


def test_the_lattice_is_the_same_every_time() -> None:
    first, second = (density_lattice(Blob(), 64).density for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_a_volume_holds_the_opacity_of_one_voxel_in_gl_order() -> None:
    field = Blob(sharpness=40.0)
    volume = field_volume(field, 32)
    assert volume.rgba.shape == (32, 32, 32, 4)
    z, y, x = 10, 20, 12
    centre = [(index + 0.5) / 32 * 0.7 - 0.35 for index in (x, y, z)]
    density = float(field.density(torch.tensor([centre]))[0])
    opacity = 1 - np.exp(-np.log1p(np.exp(density - 1)) * 0.7 / 32)
    assert volume.rgba[z, y, x, 3] == pytest.approx(255 * opacity, abs=0.51)
    assert tuple(volume.rgba[z, y, x, :3]) == (255, 0, 0)


def dense_opacity(field: RadianceField, resolution: int) -> NDArray[np.float64]:
    """Opacities of all voxels, 0..255, [z, y, x]."""
    axis = (np.arange(resolution) + 0.5) / resolution * 0.7 - 0.35
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float32)
    density = field.density(torch.from_numpy(points)).numpy().astype(np.float64)
    opacity: NDArray[np.float64] = -np.expm1(-np.logaddexp(0, density - 1) * 0.7 / resolution)
    return 255 * opacity.reshape((resolution,) * 3).transpose(2, 1, 0)


def test_every_opacity_of_a_translucent_volume_is_that_of_dense_sampling() -> None:
    volume = field_volume(Blob(peak=40.0), 64)
    assert np.abs(volume.rgba[..., 3] - dense_opacity(Blob(peak=40.0), 64)).max() < 0.51 + 1e-3


def test_only_what_no_ray_reaches_is_left_approximate() -> None:
    field = Blob(peak=2000.0)
    volume, expected = field_volume(field, 64), dense_opacity(Blob(peak=2000.0), 64)
    differs = (np.abs(volume.rgba[..., 3] - expected) > 0.51 + 1e-3) | (
        (expected > 1) & ~volume.rgba[..., :3].any(axis=-1)
    )
    assert differs.any()
    clear = 1 - expected / 255
    for axis in range(3):
        for turned in (False, True):
            order = slice(None, None, -1) if turned else slice(None)
            lined = np.moveaxis(clear, axis, 0)[order]
            reaching = np.concatenate([np.ones_like(lined[:1]), np.cumprod(lined, axis=0)[:-1]])
            assert reaching[np.moveaxis(differs, axis, 0)[order]].max() < 0.005


def test_colour_reaches_one_voxel_beyond_what_shows_and_no_farther() -> None:
    volume = field_volume(Blob(), 64).rgba
    shows = volume[..., 3] > 0
    coloured = volume[..., :3].any(axis=-1)
    for axis in range(3):
        for step in (-1, 1):
            beside = np.roll(shows, step, axis=axis)
            assert coloured[beside].all()
    assert coloured.mean() < 0.5
