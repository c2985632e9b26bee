"""Surfaces against closed forms: spheres, shells, floaters and cuts."""

import dataclasses
from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from paic3d_studio.core import mesh
from paic3d_studio.core import surface as surfaces
from paic3d_studio.core.artefacts import BOX_SIDE, DensityLattice, content_key
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.core.solid import (
    LOGIT_BOUND,
    Symmetry,
    large_pieces,
    log_odds,
    on_the_side_it_came_from,
    saturation,
    solid_from_density,
    symmetric,
    without_cavities,
)
from paic3d_studio.core.surface import Base, SurfaceOptions, extract_surface, isosurface, surface_level
from paic3d_studio.errors import Cancelled, UserError
from tests.solids import signed_volume

BASES, SYMMETRIES = get_args(Base), get_args(Symmetry)

Field = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def ball(radius: float, centre: tuple[float, float, float] = (0, 0, 0)) -> Field:
    """Signed distance to a sphere in metres, positive inside."""
    return lambda points: radius - np.linalg.norm(points - np.array(centre), axis=-1)


def lattice_of(field: Field, *, samples: int = 96, steepness: float = 1.0) -> DensityLattice:
    """A saturating density 300 sigmoid(4 steepness distance / spacing), as a trained field has it."""
    axis = np.linspace(-BOX_SIDE / 2, BOX_SIDE / 2, samples)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    odds = 4 * steepness * field(points) / (axis[1] - axis[0])
    return DensityLattice((300 / (1 + np.exp(-np.clip(odds, -80, 80)))).astype(np.float32))


WHOLE = SurfaceOptions(crop_below=None, faces=4000)


def test_a_sphere_meshes_to_its_volume_and_centre() -> None:
    centre = (0.031, -0.022, 0.047)
    lattice = lattice_of(ball(0.15, centre))
    surface = extract_surface(lattice, options=WHOLE)
    volume = signed_volume(surface.vertices, surface.faces)
    assert volume == pytest.approx(4 / 3 * np.pi * 0.15**3, rel=0.01)
    extent = (surface.vertices.min(axis=0) + surface.vertices.max(axis=0)) / 2
    assert np.abs(extent - centre).max() < 0.05 * lattice.spacing


def test_faces_that_parting_adds_are_taken_away_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parted = surfaces.with_parted_sheets
    seen: list[int] = []

    def with_six_more(vertices: mesh.Points, faces: mesh.Faces, *, nudge: float) -> tuple[mesh.Points, mesh.Faces]:
        seen.append(len(faces))
        vertices, faces = parted(vertices, faces, nudge=nudge)
        return vertices, np.concatenate([faces, faces[:6]])

    lattice = lattice_of(ball(0.15))
    monkeypatch.setattr(surfaces, "with_parted_sheets", with_six_more)
    assert 3990 < len(extract_surface(lattice, options=WHOLE).faces) <= 4000
    assert len(seen) == 2


@pytest.mark.parametrize("steepness", [0.5, 1.0, 3.0])
def test_vertices_lie_on_the_sphere_however_steep_the_density(steepness: float) -> None:
    lattice = lattice_of(ball(0.15), steepness=steepness)
    solid = solid_from_density(lattice, level=150, smoothing=0, crop_below=None, floater_share=0)
    vertices, faces = isosurface(solid, box_side=BOX_SIDE)
    error = (np.linalg.norm(vertices, axis=1) - 0.15) / lattice.spacing
    assert abs(error.mean()) < 0.01 and error.std() < 0.03
    normals = mesh.vertex_normals(vertices, faces)
    cosine = np.einsum("ij,ij->i", normals, vertices / np.linalg.norm(vertices, axis=1, keepdims=True))
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 1.5


def test_the_surface_is_closed_outward_and_unwrapped() -> None:
    surface = extract_surface(lattice_of(ball(0.15)), options=WHOLE)
    assert mesh.open_edges(surface.vertices, surface.faces) == 0
    assert signed_volume(surface.vertices, surface.faces) > 0
    assert np.allclose(np.linalg.norm(surface.normals, axis=1), 1, atol=1e-5)
    assert np.einsum("ij,ij->i", surface.normals, surface.vertices / 0.15).min() > 0.98
    assert surface.uv.min() >= 0 and surface.uv.max() <= 1
    assert len(surface.uv) == len(surface.vertices) == len(surface.normals)


def test_normals_agree_on_both_sides_of_every_seam() -> None:
    surface = extract_surface(lattice_of(ball(0.15)), options=WHOLE)
    first, welded = mesh.weld(surface.vertices)
    assert len(first) < len(surface.vertices)
    assert np.array_equal(surface.normals, surface.normals[first][welded])


def test_charts_do_not_overlap() -> None:
    from paic3d_studio.core.raster import rasterise
    from paic3d_studio.core.texture import texel_positions

    surface = extract_surface(lattice_of(ball(0.15)), options=WHOLE)
    coverage = rasterise(texel_positions(surface.uv, 512), surface.faces, size=512)
    inside = coverage.weights.min(axis=1) > 1e-3  # centres on shared edges belong to both
    assert np.bincount(coverage.texels[inside]).max() == 1


def test_about_as_many_faces_are_left_as_were_asked_for() -> None:
    surface = extract_surface(lattice_of(ball(0.25)), options=SurfaceOptions(crop_below=None, faces=5000))
    assert 4900 <= len(surface.faces) <= 5000


def test_floaters_vanish_and_large_pieces_stay() -> None:
    def field(points: NDArray[np.float64]) -> NDArray[np.float64]:
        head, bun, crumb = ball(0.15), ball(0.06, (0, 0.27, 0)), ball(0.02, (0.25, 0.25, 0.25))
        return np.maximum(np.maximum(head(points), bun(points)), crumb(points))

    surface = extract_surface(lattice_of(field), options=WHOLE)
    expected = 4 / 3 * np.pi * (0.15**3 + 0.06**3)
    assert signed_volume(surface.vertices, surface.faces) == pytest.approx(expected, rel=0.01)
    assert surface.vertices[:, 0].max() < 0.16


def test_a_hollow_head_has_no_inner_shell() -> None:
    def field(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.minimum(ball(0.15)(points), -ball(0.1)(points))

    surface = extract_surface(lattice_of(field), options=WHOLE)
    assert np.linalg.norm(surface.vertices, axis=1).min() > 0.14


def test_a_cut_leaves_a_flat_base_on_the_plane_and_no_open_edge() -> None:
    surface = extract_surface(lattice_of(ball(0.15)), options=SurfaceOptions(crop_below=-0.05, faces=4000))
    heights = surface.vertices[:, 1]
    assert heights.min() == pytest.approx(-0.05, abs=1e-6)
    assert mesh.open_edges(surface.vertices, surface.faces) == 0
    below = 4 / 3 * np.pi * 0.15**3 - np.pi * 0.1**2 * (3 * 0.15 - 0.1) / 3
    assert signed_volume(surface.vertices, surface.faces) == pytest.approx(below, rel=0.01)
    normals = mesh.face_normals(surface.vertices, surface.faces)
    base = (heights[surface.faces] == heights.min()).all(axis=1)
    area = -normals[base, 1].sum() / 2
    rim = np.sqrt(0.15**2 - 0.05**2)  # the base ends within a sample of the wall
    assert np.pi * (rim - BOX_SIDE / 95) ** 2 < area <= np.pi * rim**2


def test_a_hollow_neck_is_closed_where_it_is_cut() -> None:
    def field(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.minimum(ball(0.15)(points), -ball(0.1)(points))

    surface = extract_surface(lattice_of(field), options=SurfaceOptions(crop_below=-0.05, faces=4000))
    wall = surface.vertices[:, 1] > -0.045
    assert np.linalg.norm(surface.vertices[wall], axis=1).min() > 0.14
    assert mesh.open_edges(surface.vertices, surface.faces) == 0


def test_a_solid_that_leaves_the_box_is_closed_at_its_faces() -> None:
    surface = extract_surface(lattice_of(ball(0.2, (0.3, 0, 0))), options=WHOLE)
    assert surface.vertices[:, 0].max() == pytest.approx(BOX_SIDE / 2, abs=1e-6)
    assert mesh.open_edges(surface.vertices, surface.faces) == 0


def test_the_same_lattice_gives_the_same_surface() -> None:
    lattice = lattice_of(ball(0.15), samples=64)
    first, second = (extract_surface(lattice, options=WHOLE) for _ in range(2))
    assert content_key(first) == content_key(second)


@pytest.mark.parametrize("density", [0.0, -5.0])
def test_an_empty_field_is_the_artists_problem(density: float) -> None:
    with pytest.raises(UserError):
        extract_surface(DensityLattice(np.full((16, 16, 16), density, dtype=np.float32)))


def test_a_field_below_the_cut_is_the_artists_problem() -> None:
    with pytest.raises(UserError, match="above the cut"):
        extract_surface(lattice_of(ball(0.05, (0, -0.28, 0))), options=SurfaceOptions(crop_below=-0.1))


def test_a_level_that_nothing_reaches_is_the_artists_problem() -> None:
    with pytest.raises(UserError):
        extract_surface(lattice_of(ball(0.1), samples=24), options=SurfaceOptions(level=400))


def test_cancel_is_heard() -> None:
    with pytest.raises(Cancelled):
        extract_surface(lattice_of(ball(0.1), samples=24), monitor=Monitor(cancelled=lambda: True))


def test_progress_never_falls() -> None:
    seen: list[float] = []
    extract_surface(lattice_of(ball(0.1), samples=48), options=WHOLE, monitor=Monitor(lambda f, _: seen.append(f)))
    assert seen == sorted(seen) and seen[0] == 0


def test_the_level_is_half_of_the_densest_sample_unless_given() -> None:
    lattice = lattice_of(ball(0.1), samples=24)
    assert surface_level(lattice, None) == pytest.approx(150, rel=1e-3)
    assert surface_level(lattice, 16.72) == 16.72


def test_log_odds_are_zero_at_the_level_and_odd_around_it() -> None:
    density = np.array([-1e3, 100, 150, 200, 1e9], dtype=np.float32)
    odds = log_odds(density, 150)
    assert odds[2] == 0 and odds[1] == pytest.approx(-odds[3], rel=1e-5)
    assert odds[0] == pytest.approx(-LOGIT_BOUND, rel=1e-3) and odds[4] == pytest.approx(LOGIT_BOUND, rel=0.02)


def test_samples_that_touch_at_corners_are_one_piece() -> None:
    strand = np.eye(5, dtype=bool)[:, :, None] & np.ones((1, 1, 1), dtype=bool)
    assert np.array_equal(large_pieces(strand, 0.9), strand)


def test_a_cavity_behind_a_corner_is_still_a_cavity() -> None:
    shell = np.ones((5, 5, 5), dtype=bool)
    shell[2, 2, 2] = False
    shell[1, 1, 1] = False
    assert without_cavities(shell).all()
    shell[2, 2, :] = False
    assert not without_cavities(shell)[2, 2].any()


def asymmetric(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """A ball with a bump on the character's right, at negative x."""
    return np.maximum(ball(0.12)(points), ball(0.05, (-0.12, 0, 0))(points))


def test_an_open_base_lacks_the_faces_of_the_cut_and_nothing_else() -> None:
    lattice = lattice_of(ball(0.15))
    closed, opened = (
        extract_surface(lattice, options=SurfaceOptions(crop_below=-0.05, faces=4000, base=base))
        for base in ("closed", "open")
    )
    rim = opened.vertices[:, 1] == opened.vertices[:, 1].min()
    assert not rim[opened.faces].all(axis=1).any() and rim.any()
    base = (closed.vertices[closed.faces][:, :, 1] == closed.vertices[:, 1].min()).all(axis=1)
    assert len(opened.faces) == len(closed.faces) - base.sum()
    assert mesh.open_edges(opened.vertices, opened.faces) > 10


def test_an_open_base_changes_nothing_where_nothing_is_cut() -> None:
    lattice = lattice_of(ball(0.15), samples=48)
    surfaces = [extract_surface(lattice, options=SurfaceOptions(crop_below=None, base=base)) for base in BASES]
    assert content_key(surfaces[0]) == content_key(surfaces[1])


@pytest.mark.parametrize("cut", [-0.02, -0.0713, -0.11])
@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_whatever_is_cut_and_mirrored_stays_watertight(cut: float, symmetry: str) -> None:
    options = SurfaceOptions(crop_below=cut, faces=3000, thinnest=0.02, symmetry=symmetry)
    surface = extract_surface(lattice_of(asymmetric, samples=64), options=options)
    assert mesh.open_edges(surface.vertices, surface.faces) == 0
    assert surface.vertices[:, 1].min() == pytest.approx(cut, abs=1e-6)


@pytest.mark.parametrize(("symmetry", "reach"), [("right", 0.17), ("left", 0.12)])
def test_one_side_becomes_the_mirror_image_of_the_other(symmetry: str, reach: float) -> None:
    options = SurfaceOptions(crop_below=None, smoothing=0, symmetry=symmetry)
    surface = extract_surface(lattice_of(asymmetric), options=options)
    assert surface.vertices[:, 0].max() == pytest.approx(reach, abs=0.002)
    assert surface.vertices[:, 0].min() == pytest.approx(-reach, abs=0.002)


def test_the_mean_of_both_sides_lies_between_them_and_is_symmetric_itself() -> None:
    lattice = lattice_of(asymmetric, samples=48)
    alike = symmetric(lattice, "mean", level=150).density
    assert np.allclose(alike, alike[::-1])
    odds, mirrored = log_odds(lattice.density, 150), log_odds(lattice.density[::-1], 150)
    sure = (np.abs(odds) < 9) & (np.abs(mirrored) < 9)
    assert np.allclose(log_odds(alike, 150)[sure], ((odds + mirrored) / 2)[sure], atol=0.05)


def test_a_symmetric_field_stays_as_it_is() -> None:
    lattice = lattice_of(ball(0.12), samples=48)
    for symmetry in ("right", "left"):
        assert np.array_equal(symmetric(lattice, symmetry, level=150).density, lattice.density)


def test_colours_of_a_mirrored_side_come_from_the_other() -> None:
    points = np.array([[0.1, 1, 2], [-0.1, 1, 2]], np.float32)
    assert (on_the_side_it_came_from(points, "right")[:, 0] < 0).all()
    assert (on_the_side_it_came_from(points, "left")[:, 0] > 0).all()
    assert np.array_equal(on_the_side_it_came_from(points, "mean"), points)


def test_parts_thinner_than_asked_go_and_thicker_ones_keep_their_place() -> None:
    def field(points: NDArray[np.float64]) -> NDArray[np.float64]:
        strand = 0.008 - np.linalg.norm(points[..., [0, 2]], axis=-1)
        return np.maximum(ball(0.1)(points), np.minimum(strand, 0.2 - np.abs(points[..., 1])))

    lattice = lattice_of(field, samples=128)
    with_strand = extract_surface(lattice, options=WHOLE)
    without = extract_surface(lattice, options=dataclasses.replace(WHOLE, thinnest=0.03))
    assert with_strand.vertices[:, 1].max() == pytest.approx(0.2, abs=0.006)
    assert np.linalg.norm(without.vertices, axis=1).max() < 0.1 + 2 * lattice.spacing
    far = np.linalg.norm(without.vertices[:, [0, 2]], axis=1) > 0.03
    assert np.abs(np.linalg.norm(without.vertices[far], axis=1) - 0.1).max() < 0.5 * lattice.spacing


def test_a_head_thinner_than_asked_is_the_artists_problem() -> None:
    with pytest.raises(UserError, match="90 mm"):
        extract_surface(lattice_of(ball(0.03), samples=48), options=SurfaceOptions(thinnest=0.09))


def test_log_odds_know_where_the_density_saturates() -> None:
    distance = np.linspace(-3, 3, 61, dtype=np.float32)
    density = 300 / (1 + np.exp(-distance))
    level = 300 / (1 + np.exp(-1.0))  # the surface lies at 1
    odds = log_odds(density, float(level), ceiling=300)
    assert np.allclose(odds, distance - 1, atol=1e-4)
    assert saturation(300 / (1 + np.exp(-np.linspace(-9, 9, 61, dtype=np.float32))), float(level)) < 301
    assert saturation(density * 1000, 17.0) == 34


@pytest.mark.parametrize("smoothing", [0.75, 1.5])
def test_smoothing_does_not_shrink_a_field_whose_surface_lies_near_saturation(smoothing: float) -> None:
    lattice = lattice_of(ball(0.15), samples=96)
    options = dataclasses.replace(WHOLE, level=220, smoothing=smoothing)
    radius = np.linalg.norm(extract_surface(lattice, options=options).vertices, axis=1)
    exact = np.linalg.norm(extract_surface(lattice, options=dataclasses.replace(options, smoothing=0)).vertices, axis=1)
    assert abs(radius.mean() - exact.mean()) < 0.25 * lattice.spacing  # what the curvature alone makes of it


@pytest.mark.parametrize("wrong", [{"base": "round"}, {"symmetry": "both"}, {"thinnest": -1.0}])
def test_options_without_meaning_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UserError):
        SurfaceOptions(**wrong)
