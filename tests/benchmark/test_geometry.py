"""Geometry against closed forms: spheres at known distances, prisms, what can be seen, and an exact field."""

import numpy as np
import pytest
import torch
from torch import Tensor

from paic3d_studio.benchmark.geometry import (
    NOTHING,
    POINTS,
    character_mesh,
    f1,
    field_mesh,
    in_prism,
    nearness,
    point_normals,
    surface_points,
    true_surface,
)
from paic3d_studio.benchmark.roi import WHOLE, Region
from paic3d_studio.datasets.vrm import Character, Primitive
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer
from paic3d_studio.nets.field import FieldSample, RadianceField

AXES = np.array([0.16, 0.2, 0.12])


def sphere(radius: float, centre: tuple[float, float, float] = (0, 0, 0), *, seed: int = 0) -> np.ndarray:
    """Points drawn evenly on a sphere."""
    directions = np.random.default_rng(seed).standard_normal((POINTS, 3))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True) * radius + centre


def ball_mesh(axes: np.ndarray, rings: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """A fine ellipsoid: vertices (v, 3) and faces (f, 3), counter-clockwise from outside."""
    theta, phi = np.meshgrid(
        np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, 2 * rings, endpoint=False), indexing="ij"
    )
    unit = np.stack([np.sin(theta) * np.sin(phi), np.cos(theta), np.sin(theta) * np.cos(phi)], axis=-1)
    at = np.arange(unit.shape[0] * unit.shape[1]).reshape(unit.shape[:2])
    a, b, c, d = at[:-1], at[1:], np.roll(at, -1, 1)[:-1], np.roll(at, -1, 1)[1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    return unit.reshape(-1, 3) * axes, faces


def primitive(vertices: np.ndarray, faces: np.ndarray) -> Primitive:
    return Primitive(
        positions=vertices.astype(np.float32),
        normals=(vertices / np.linalg.norm(vertices, axis=1, keepdims=True)).astype(np.float32),
        uv=np.zeros((len(vertices), 2), np.float32),
        faces=faces.astype(np.int32),
        texture=np.full((1, 1, 4), 255, np.uint8),
        base_colour=(0.5, 0.5, 0.5, 1.0),
        alpha_mode="OPAQUE",
        alpha_cutoff=0.5,
        double_sided=True,
        render_queue=2000,
        part="face",
    )


class EllipsoidField(RadianceField):
    """Full within an ellipsoid, empty outside, with a slope a few millimetres wide."""

    surface_level = 150.0

    def query(self, xyz: Tensor) -> FieldSample:
        outside = ((xyz / torch.tensor(AXES, dtype=torch.float32)).norm(dim=1) - 1) * float(AXES.min())
        return FieldSample(300 * torch.sigmoid(-outside * 1500), torch.full((len(xyz), 3), 0.5), xyz[:, :0])


def test_concentric_spheres_are_as_far_apart_as_their_radii() -> None:
    found = nearness(sphere(0.2), sphere(0.22, seed=1))
    assert found.chamfer == pytest.approx(2.0, rel=0.03)
    assert (found.f1_0_005, found.f1_0_01, found.f1_5cm, found.f1_10cm) == (0, 0, 1, 1)
    assert found.normals > 0.98


def test_a_shifted_sphere_is_half_its_shift_away_on_average() -> None:
    # The distance to the other sphere is about the shift times the cosine to it, and the mean of |cosine| is 1/2.
    found = nearness(sphere(0.2), sphere(0.2, (0.06, 0, 0), seed=1))
    assert found.chamfer == pytest.approx(3.0, rel=0.05)
    assert found.f1_5cm == pytest.approx(5 / 6, abs=0.03)  # |cosine| is uniform


def test_the_same_surface_is_as_near_as_its_points_lie_dense() -> None:
    found = nearness(sphere(0.15), sphere(0.15, seed=1))
    spacing = np.sqrt(4 * np.pi * 0.15**2 / POINTS)
    assert found.chamfer == pytest.approx(50 * spacing, rel=0.1)  # the nearest of evenly drawn points: half a spacing
    assert found.f1_0_01 > 0.999
    assert found.normals > 0.98


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    assert f1(np.array([0.0, 1.0]), np.array([0.0]), within=0.5) == pytest.approx(2 * 0.5 / 1.5)
    assert f1(np.array([1.0]), np.array([1.0]), within=0.5) == 0


def test_normals_are_estimated_from_the_points_alone() -> None:
    points = sphere(0.2)
    assert np.abs((point_normals(points) * points / 0.2).sum(axis=1)).mean() > 0.995


def test_points_are_drawn_evenly_by_area_and_by_the_seed_alone() -> None:
    vertices = np.array([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0), (0.1, 0.1, 0), (0.4, 0.1, 0)], float)
    faces = np.array([(0, 1, 2), (1, 4, 3)])  # 0.005 and 0.015 square metres
    first, second = (surface_points(vertices, faces, count=4000, lot=np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.mean(first.sum(axis=1) < 0.1) == pytest.approx(0.25, abs=0.02)


def test_the_prism_keeps_only_faces_that_lie_in_it_whole() -> None:
    vertices, faces = ball_mesh(AXES)
    region = Region(256, 0, 512, 256)  # the upper right quarter
    kept = in_prism(vertices, faces, region)
    assert 0.2 < len(kept) / len(faces) < 0.27
    assert (vertices[kept][..., :2] >= -1e-9).all()


def test_what_reaches_the_face_of_the_box_is_no_geometry() -> None:
    vertices = np.array([(0, 0, 0.345), (0.1, 0, 0.345), (0, 0.1, 0.345), (0, 0, 0.3)])
    assert len(in_prism(vertices, np.array([(0, 1, 2)]), WHOLE)) == 0
    assert len(in_prism(vertices, np.array([(3, 3, 3)]), WHOLE)) == 1


def test_no_surface_scores_nothing() -> None:
    assert nearness(np.zeros((0, 3)), sphere(0.1)) == NOTHING


def test_an_exact_field_scores_as_the_surface_itself() -> None:
    vertices, faces = field_mesh(EllipsoidField(), resolution=128)
    off = np.abs(np.linalg.norm(vertices / AXES, axis=1) - 1) * AXES.min()
    assert off.max() < 0.001
    true_vertices, true_faces = ball_mesh(AXES)
    lots = [np.random.default_rng(seed) for seed in range(3)]
    true = surface_points(true_vertices, true_faces, count=POINTS, lot=lots[0])
    itself = nearness(surface_points(true_vertices, true_faces, count=POINTS, lot=lots[1]), true)
    found = nearness(surface_points(vertices, faces, count=POINTS, lot=lots[2]), true)
    assert found.chamfer == pytest.approx(itself.chamfer, abs=0.03)
    assert found.f1_0_005 == pytest.approx(itself.f1_0_005, abs=0.02)
    assert found.f1_0_01 > 0.999


def test_what_is_hidden_inside_counts_among_every_face_but_is_not_visible() -> None:
    outer, inner = ball_mesh(AXES), ball_mesh(AXES * 0.8)
    character = Character("nested", (primitive(*outer), primitive(*inner)), {})
    with CharacterRenderer() as renderer:
        found = true_surface(character, renderer, region=WHOLE)
        again = true_surface(character, renderer, region=WHOLE)
    assert np.array_equal(found.visible, again.visible)
    assert len(found.visible) == len(found.every_face) == POINTS
    assert np.linalg.norm(found.visible / AXES, axis=1).min() > 0.97
    inside = np.linalg.norm(found.every_face / AXES, axis=1) < 0.9
    assert inside.mean() == pytest.approx(0.64 / 1.64, abs=0.02)
    vertices, faces = character_mesh(character)
    assert len(vertices) == 2 * len(outer[0])
    assert int(faces.max()) == len(vertices) - 1
