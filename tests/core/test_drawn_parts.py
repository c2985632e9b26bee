"""What the drawing shows and no sample holds, against balls with strands on them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from paic3d_studio.core.artefacts import BOX_SIDE, DensityLattice
from paic3d_studio.core.drawn_parts import drawn_coverage, with_drawn_parts
from paic3d_studio.core.solid import alike_drawing
from paic3d_studio.core.surface import SurfaceOptions, extract_surface
from tests.solids import signed_volume

N = 64
K = np.arange(N)
X, Y, Z = np.meshgrid(K, K, K, indexing="ij")
RADIUS = 14.0
MIDDLE = (31.5, 24.0, 31.5)
BALL = (RADIUS - np.sqrt((X - MIDDLE[0]) ** 2 + (Y - MIDDLE[1]) ** 2 + (Z - MIDDLE[2]) ** 2)).astype(np.float32)
STRAND = np.zeros((N, N), np.bool_)
STRAND[30:34, 36:54] = True
"""Seen from the front: it stands on the ball, four samples wide."""


def drawing(*, strand: bool = True) -> NDArray[np.float32]:
    """The ball as it is drawn, coverage by column."""
    disc = np.clip(0.5 + BALL.max(axis=2), 0, 1)
    return np.where(STRAND & strand, 1.0, disc).astype(np.float32)


def mended(raw: NDArray[np.float32] = BALL, drawn: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    return with_drawn_parts(BALL, raw=raw, drawn=drawing() if drawn is None else drawn, thickness=3.0)


def test_coverage_lies_where_the_lattice_has_it() -> None:
    alpha = np.zeros((512, 512), np.uint8)
    alpha[:128, :256] = 255  # upper left
    seen = drawn_coverage(alpha, 65)
    x, y = np.meshgrid(np.linspace(-1, 1, 65), np.linspace(-1, 1, 65), indexing="ij")
    clear = (np.abs(x) > 0.05) & (np.abs(y - 0.5) > 0.05)
    assert np.array_equal((seen > 0.5)[clear], ((x < 0) & (y > 0.5))[clear])
    assert drawn_coverage(np.full((512, 512), 255, np.uint8), 192).min() == pytest.approx(1)


def test_a_strand_that_no_sample_holds_comes_back_on_the_head() -> None:
    solid = mended() > 0
    shown = solid.any(axis=2)
    assert shown[30:34, 40:53].all()
    assert (shown & ~ndimage.binary_dilation(drawing() > 0.5)).sum() == 0
    assert ndimage.label(solid, np.ones((3, 3, 3)))[1] == 1
    assert np.array_equal(solid & (BALL > 0), BALL > 0)
    thickness = solid[31, 42:52].sum(axis=-1)
    assert ((thickness >= 2) & (thickness <= 4)).all()
    assert np.abs(Z[31, 45:52][solid[31, 45:52]].mean() - MIDDLE[2]) < 4  # about as deep as what it grows from


def test_a_strand_lies_where_the_field_had_it() -> None:
    own = np.where(STRAND[..., None] & (np.abs(Z - 36) < 1), 1.0, BALL).astype(np.float32)
    solid = mended(raw=own) > 0
    assert np.abs(Z[31, 44:52][solid[31, 44:52]].mean() - 36) < 1
    assert ndimage.label(solid, np.ones((3, 3, 3)))[1] == 1


def test_a_lock_beside_a_nearer_face_does_not_grow_from_it() -> None:
    """It hangs from hair farther back; a ramp from the face to it would be no lock."""
    face = np.where((X >= 36) & (X < 50) & (Y >= 40) & (Y < 60) & (Z >= 50) & (Z < 60), 9.0, BALL).astype(np.float32)
    own = np.where(STRAND[..., None] & (np.abs(Z - 31) < 1), 1.0, face).astype(np.float32)
    beside = drawing()
    beside[34:50, 40:60] = 1.0
    solid = with_drawn_parts(face, raw=own, drawn=beside, thickness=3.0) > 0
    assert np.abs(Z[31:33, 42:52][solid[31:33, 42:52]] - 31).max() < 5


def test_where_nothing_is_missing_nothing_changes() -> None:
    assert mended(drawn=drawing(strand=False)) is BALL
    wider = np.clip(1.3 + BALL.max(axis=2), 0, 1).astype(np.float32)  # an outline that is a little off
    assert mended(drawn=wider) is BALL
    apart = drawing(strand=False)
    apart[5:12, 55:62] = 1.0  # hangs on nothing
    assert mended(drawn=apart) is BALL


def test_each_side_of_the_drawing_follows_the_symmetry_of_the_lattice() -> None:
    drawn = np.arange(10, dtype=np.float32).reshape(5, 2)
    assert alike_drawing(drawn, "off") is drawn
    assert alike_drawing(drawn, "mean")[:, 0].tolist() == [4, 4, 4, 4, 4]
    assert alike_drawing(drawn, "right")[:, 0].tolist() == [0, 2, 4, 2, 0]
    assert alike_drawing(drawn, "left")[:, 0].tolist() == [8, 6, 4, 6, 8]


@pytest.mark.parametrize(("thinnest", "stays"), [(0.0, True), (0.05, False)])
def test_the_mesh_is_closed_and_has_the_strand_unless_thin_parts_are_to_go(thinnest: float, stays: bool) -> None:
    lattice = DensityLattice((300 / (1 + np.exp(-np.clip(BALL, -20, 20)))).astype(np.float32))
    options = SurfaceOptions(crop_below=None, faces=4000, thinnest=thinnest)
    surface = extract_surface(lattice, drawn=drawing(), options=options)
    top = surface.vertices[:, 1].max() / lattice.spacing + (N - 1) / 2
    assert (top > 50) == stays
    volume = signed_volume(surface.vertices, surface.faces) / lattice.spacing**3
    assert volume == pytest.approx(4 / 3 * np.pi * RADIUS**3 + (3 * 4 * 16 if stays else 0), rel=0.03)
    assert pytest.approx(lattice.spacing) == BOX_SIDE / (N - 1)
