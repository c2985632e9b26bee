"""From a density lattice to a clean solid: what belongs to the head, where it is cut, and a field to mesh."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from paic3d_studio.core.artefacts import DensityLattice
from paic3d_studio.core.drawn_parts import THICKNESS, with_drawn_parts
from paic3d_studio.errors import UserError

Symmetry = Literal["off", "mean", "right", "left"]
"""How the two sides of the head are made alike; right and left are the character's."""

LOGIT_BOUND: Final = 12.0
"""Largest magnitude of the log-odds of a sample: about what float32 can tell apart on the dense side."""

_MARGIN: Final = 3
"""Samples kept around the solid, so that smoothing never sees the border of the sub-lattice."""

_TOUCHING: Final = np.ones((3, 3, 3), dtype=bool)
"""Solid samples that share a corner belong together: hair strands are often one sample thick."""


@dataclasses.dataclass(frozen=True, eq=False)
class Solid:
    """A sub-lattice whose zero level is the surface: `odds` float32 (i, j, k), positive inside, closed on all sides.

    Sample (i, j, k) lies at `origin + spacing * (i, j, k)` in the field frame, metres. Where `base` is not None the
    solid was cut: everything between the first two layers in y is to be moved to y = `base`.
    """

    odds: NDArray[np.float32]
    origin: NDArray[np.float64]
    spacing: float
    base: float | None

    def gradient(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the slope of the log-odds per sample at field points, float64 (p, 3): it points inwards.

        Central differences one sample to each side, trilinear: the mean slope over the cells around the point.
        """
        indices = (points - self.origin) / self.spacing
        slopes = np.empty((len(points), 3))
        for axis in range(3):
            step = np.zeros(3)
            step[axis] = 1.0
            ahead, behind = (
                ndimage.map_coordinates(self.odds, (indices + side * step).T, order=1, mode="nearest")
                for side in (1, -1)
            )
            slopes[:, axis] = (ahead - behind) / 2
        return slopes


def solid_from_density(
    lattice: DensityLattice,
    *,
    level: float,
    smoothing: float,
    crop_below: float | None,
    floater_share: float,
    thinnest: float = 0.0,
    symmetry: Symmetry = "off",
    drawn: NDArray[np.float32] | None = None,
) -> Solid:
    """Cut the head out of the field: floaters removed, cavities filled, cut at the neck, closed on all sides.

    Floaters go before the iso-surface is taken, so that simplification spends no face on them. Density is steep (0 to
    300 within a voxel or two), and interpolating it linearly leaves stairs: normals of a sphere were off by 10 to 18
    degrees. Its log-odds are near linear in the distance to the surface, so the level is taken there: 1 to 3.

    Args:
        lattice: density in the sense of the ray marcher.
        level: density at the surface; half of the field's largest density for a saturating field.
        smoothing: standard deviation of the gaussian over the log-odds, in samples; 0 leaves them alone.
        crop_below: cut plane, y in metres in the field frame; None cuts nothing.
        floater_share: a piece stays when it has at least this share of the largest piece's samples.
        thinnest: parts thinner than this go, metres; what they leave afloat goes too.
        symmetry: which side the other one is made of.
        drawn: the drawing's coverage of each column of the lattice, as `drawn_coverage`: what it shows and smoothing
            leaves nothing of comes back as thin sheets, unless parts so thin are to go. None gives nothing back.

    Raises:
        UserError: no sample above the cut reaches the level, or nothing is as thick as `thinnest`.
    """
    density, low = _around_the_solid(symmetric(lattice, symmetry, level=level), level, drawn=drawn)
    odds = log_odds(density, level, ceiling=saturation(density, level))
    bound = float(odds.max())
    origin = -lattice.box_side / 2 + low * lattice.spacing
    first = 0 if crop_below is None else _first_layer_above(crop_below, origin[1], lattice.spacing, odds.shape[1])
    solid = odds[:, first:] > 0
    if not solid.any():
        raise UserError(
            "The field holds no surface above the cut.", "Check where the face is, and what the matte keeps."
        )
    thick = solid if thinnest <= 0 else thick_parts(solid, thinnest / lattice.spacing)
    if not thick.any():
        raise UserError(f"No part of the head is {1000 * thinnest:.0f} mm thick.", "Let thinner parts stay.")
    raw = odds.copy()
    pieces = large_pieces(thick, floater_share)
    filled = without_cavities(pieces, open_below=crop_below is None or first == 0)
    odds[:, first:][solid & ~pieces] = -LOGIT_BOUND
    odds[:, first:][filled & ~pieces] = LOGIT_BOUND
    if smoothing > 0:
        odds = np.clip(odds, -bound, bound)  # as steep outside as inside, or smoothing would shift the surface
        odds = ndimage.gaussian_filter(odds, smoothing, mode="nearest", truncate=3.0)
    if drawn is not None and thinnest <= THICKNESS:
        (i, j), (wide, high) = low[:2], odds.shape[:2]
        shown = alike_drawing(drawn, symmetry)[i : i + wide, j : j + high]
        odds = with_drawn_parts(odds, raw=raw, drawn=shown, thickness=max(2.0, THICKNESS / lattice.spacing))
    closed = np.pad(odds[:, first:], 1, constant_values=-LOGIT_BOUND)
    origin = origin + lattice.spacing * np.array([-1.0, first - 1.0, -1.0])
    return Solid(odds=closed, origin=origin, spacing=lattice.spacing, base=crop_below if first > 0 else None)


def log_odds(density: NDArray[np.float32], level: float, *, ceiling: float | None = None) -> NDArray[np.float32]:
    """Return the log-odds of the density: zero at the level, positive inside, clipped at `LOGIT_BOUND`.

    `ceiling` is where the density saturates: density / ceiling is taken for a probability. Twice the level when None,
    right for a field that knows no ceiling, or has its surface half-way up.
    """
    ceiling = 2 * level if ceiling is None else ceiling
    edge = 1.0 / (1.0 + np.exp(LOGIT_BOUND))
    p = np.clip(density / np.float32(ceiling), np.float32(edge), np.float32(1 - edge))
    odds = np.log(p / (1 - p)) - np.float32(np.log(level / (ceiling - level)))
    return np.asarray(np.clip(odds, -LOGIT_BOUND, LOGIT_BOUND), dtype=np.float32)


def saturation(density: NDArray[np.float32], level: float) -> float:
    """Return where a density with its surface at `level` saturates; twice the level where nothing says that it does.

    A field that saturates closely above its level has almost no slope inside: smoothing and interpolation that take it
    for half-way up shrink the head (by 5 mm at a smoothing of two samples, measured).
    """
    densest = float(density.max())
    return 1.001 * densest if level < densest < 2 * level else 2 * level


def symmetric(lattice: DensityLattice, symmetry: Symmetry, *, level: float) -> DensityLattice:
    """Return the lattice with its sides made alike about the plane x = 0.

    "right" and "left" lay the mirror image of that side of the character over the other one (her right is at negative
    x); "mean" gives both the mean of their log-odds, so that the surface comes to lie between the two.
    """
    density = lattice.density
    middle = len(density) // 2
    alike: NDArray[np.floating]
    if symmetry == "off":
        return lattice
    if symmetry == "mean":
        ceiling = saturation(density, level)
        odds = log_odds(density, level, ceiling=ceiling)
        alike = ceiling / (1 + (ceiling / level - 1) * np.exp(-(odds + odds[::-1]) / 2))
    else:
        alike = density.copy()
        if symmetry == "right":
            alike[-middle:] = density[:middle][::-1]
        else:
            alike[:middle] = density[-middle:][::-1]
    return dataclasses.replace(lattice, density=np.asarray(alike, dtype=np.float32))


def alike_drawing(drawn: NDArray[np.float32], symmetry: Symmetry) -> NDArray[np.float32]:
    """Return a drawing's coverage (x, y) with its sides made alike, as `symmetric` makes those of the lattice."""
    middle = len(drawn) // 2
    match symmetry:
        case "mean":
            return np.asarray((drawn + drawn[::-1]) / 2, np.float32)
        case "right":
            return np.concatenate([drawn[: len(drawn) - middle], drawn[:middle][::-1]])
        case "left":
            return np.concatenate([drawn[-middle:][::-1], drawn[middle:]])
    return drawn


def on_the_side_it_came_from(points: NDArray[np.float32], symmetry: Symmetry) -> NDArray[np.float32]:
    """Return field points (p, 3), those of a side that is the other's mirror image moved there."""
    if symmetry not in ("right", "left"):
        return points
    moved = points.copy()
    moved[:, 0] = np.abs(points[:, 0]) * (-1 if symmetry == "right" else 1)
    return moved


def thick_parts(solid: NDArray[np.bool_], thinnest: float) -> NDArray[np.bool_]:
    """Return `solid` without what no ball of the diameter `thinnest`, in samples, fits into.

    A morphological opening by exact distances; one sample of grace leaves edges and corners their shape.
    """
    inside = ndimage.distance_transform_edt(np.pad(solid, 1))[1:-1, 1:-1, 1:-1] - 0.5
    core = inside >= thinnest / 2
    if not core.any():
        return np.zeros_like(solid)
    return np.asarray(solid & (ndimage.distance_transform_edt(~core) <= thinnest / 2 + 1))


def large_pieces(solid: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
    """Return `solid` without the pieces smaller than `share` times the largest; samples touch at corners too."""
    labels, _ = ndimage.label(solid, _TOUCHING)
    counts = np.bincount(labels.ravel())
    counts[0] = 0
    keep = counts >= max(1, share * counts.max())
    return np.asarray(keep[labels])


def without_cavities(solid: NDArray[np.bool_], *, open_below: bool = True) -> NDArray[np.bool_]:
    """Return `solid` with every empty region filled that cannot be reached from outside.

    Args:
        solid: bool (x, y, z).
        open_below: whether emptiness may enter through the lowest y layer; False where the solid is cut there, so that
            a hollow neck is not taken for the outside.
    """
    padded = np.pad(solid, ((1, 1), (1 if open_below else 0, 1), (1, 1)))
    labels, _ = ndimage.label(~padded)
    filled = labels != labels[0, -1, 0]
    return np.asarray(filled[1:-1, (1 if open_below else 0) : -1, 1:-1])


def _around_the_solid(
    lattice: DensityLattice, level: float, *, drawn: NDArray[np.float32] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the smallest sub-lattice that holds every sample above the level and every column that is drawn, with a
    margin, and its first index."""
    solid = lattice.density > level
    if not solid.any():
        raise UserError("The field holds no surface.", "Check where the face is, and what the matte keeps.")
    size = np.array(solid.shape)
    low, high = np.zeros(3, dtype=np.int64), size.copy()
    for axis in range(3):
        filled = np.flatnonzero(solid.any(axis=tuple(a for a in range(3) if a != axis)))
        if drawn is not None and axis < 2:
            filled = np.union1d(filled, np.flatnonzero((drawn > 0.5).any(axis=1 - axis)))
        low[axis] = max(filled[0] - _MARGIN, 0)
        high[axis] = min(filled[-1] + 1 + _MARGIN, size[axis])
    window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return lattice.density[window], low


def _first_layer_above(plane: float, origin: float, spacing: float, layers: int) -> int:
    """Return the first y layer that lies clearly above the plane; a quarter of a sample leaves room for the walls."""
    first = int(np.ceil((plane - origin) / spacing + 0.25))
    return min(max(first, 0), layers)
