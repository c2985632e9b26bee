"""Radiance fields, and their densities and colours on regular lattices."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE, DensityLattice, FieldVolume, RenderLike, TagFeatures
from paic3d_studio.core.camera import Camera
from paic3d_studio.core.image import over_white
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.stitch import StitchSource

CHUNK: Final = 1 << 16
"""Points per query: small enough to answer a cancel within a fraction of a second and to bound memory."""

COARSE_STEP: Final = 4
"""Every how many samples the coarse lattice is evaluated; islands smaller than that may be overlooked."""

HALVED_ABOVE: Final = 257
"""Lattices with more samples than this are found from those with half as many: what a lattice of 256 shows (islands of
a centimetre) is not overlooked by a finer one, and the coarse samples do not grow with the volume."""

_OPAQUE: Final = 0.75
_BURIED_DEPTH: Final = 4
"""Behind four voxels that each stop three quarters of the light, nothing can be seen."""


@dataclasses.dataclass(frozen=True, eq=False)
class FieldCondition:
    """What a backbone sees of the artist's picture.

    `picture` sRGB 0..1 on white (1, 3, 512, 512), line-free; `alpha` 0..1 (1, 1, 512, 512); `tags` the tagger's
    features of the original picture (1, C, 8, 8), for backbones that want them.
    """

    picture: Tensor
    alpha: Tensor
    tags: Tensor | None = None

    @classmethod
    def of(cls, render_like: RenderLike, tags: TagFeatures | None = None) -> FieldCondition:
        """Return the condition that a line-free picture makes, with the tagger's features of its original, if any."""
        rgb, alpha = over_white(render_like.rgba), np.ascontiguousarray(render_like.rgba[..., 3])
        picture = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255  # (h, w, 3) -> (1, 3, h, w)
        found = None if tags is None or not len(tags.features) else torch.from_numpy(tags.features.copy())[None]
        return cls(picture=picture, alpha=torch.from_numpy(alpha)[None, None].float() / 255, tags=found)


@dataclasses.dataclass(frozen=True, eq=False)
class FieldSample:
    """A field at P points: density (P,), colour sRGB 0..1 (P, 3), and further features (P, F), F may be 0."""

    density: Tensor
    colour: Tensor
    features: Tensor


class RadianceField(abc.ABC):
    """Density and colour everywhere in the box, for one picture.

    Density is in the sense of the specification, section 1.7: a ray that crosses `d` metres of it is stopped with the
    probability `1 - exp(-softplus(density - 1) * d)`. Mind that density 0 still stops 20 % of the light across the box:
    empty space needs a density well below -5. Points are in metres in the field frame. Queries keep no
    gradients.
    """

    box_side: float = BOX_SIDE
    surface_level: float = 17.0
    """The density at which the surface lies; the default is where the published system cuts (section 1.10)."""
    empty_outside: bool = True
    """Whether nothing lies outside the box, so that rays need not ask there."""

    @abc.abstractmethod
    def query(self, xyz: Tensor) -> FieldSample:
        """Evaluate density, colour and features at points (P, 3)."""

    def density(self, xyz: Tensor) -> Tensor:
        """Evaluate the density alone at points (P, 3), returned as (P,); override where that is cheaper."""
        return self.query(xyz).density

    def for_surface(self) -> RadianceField:
        """Return the field as its surface is taken: without what leaves nothing between empty and full.

        A surface is placed between samples by their values; beside a cull it would stand in steps.
        """
        return self

    def density_grid(self, x: Tensor, y: Tensor, z: Tensor, *, monitor: Monitor = SILENT) -> Tensor:
        """Evaluate the density at all points (x[i], y[j], z[k]), returned as (nx, ny, nz); override where cheaper.

        Args:
            x: coordinates in metres (nx,), and `y`, `z` likewise.
            monitor: progress and cancel.

        Raises:
            Cancelled: the work was cancelled.
        """
        densities = torch.empty(len(x), len(y), len(z))
        slabs = max(1, CHUNK // (len(y) * len(z)))
        for start in range(0, len(x), slabs):
            monitor.report(start / len(x))
            some = slice(start, start + slabs)
            densities[some] = self.density(grid_points(x[some], y, z)).reshape(-1, len(y), len(z))
        return densities

    def sharp_view(
        self, camera: Camera, *, size: int = 512, stitch: StitchSource | None = None, monitor: Monitor = SILENT
    ) -> Tensor | None:
        """Render a view through the backbone's own super-resolution, sRGB (1, 3, S, S); None where it has none.

        Args:
            camera: where from.
            size: the side that is wanted, in pixels; S is larger or smaller where the backbone has but one size.
            stitch: the picture to put back where the front camera sees what is shown; None for none.
            monitor: progress and cancel.

        Raises:
            Cancelled: the work was cancelled.
        """
        del camera, size, stitch, monitor
        return None


def extinction(density: Tensor) -> Tensor:
    """Return the share of light lost per metre at a density: softplus(density - 1), same shape."""
    return F.softplus(density - 1)


def grid_points(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Return all points (x[i], y[j], z[k]) in this order, (nx * ny * nz, 3)."""
    return torch.stack(torch.meshgrid(x, y, z, indexing="ij"), dim=-1).reshape(-1, 3)


def _ask_density(field: RadianceField, xyz: NDArray[np.float32], *, monitor: Monitor = SILENT) -> NDArray[np.float32]:
    """Evaluate the density at points (P, 3) in chunks, float32 (P,)."""
    answers = np.empty(len(xyz), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(xyz), CHUNK):
            monitor.report(start / len(xyz))
            chunk = torch.from_numpy(xyz[start : start + CHUNK])
            answers[start : start + CHUNK] = field.density(chunk).numpy()
    return answers


def _grid_density(
    field: RadianceField, axis: NDArray[np.floating], *, monitor: Monitor = SILENT
) -> NDArray[np.float32]:
    """Evaluate the density on a cubic grid, float32 (n, n, n) [x, y, z]."""
    with torch.inference_mode():
        along = torch.from_numpy(axis.astype(np.float32))
        densities: NDArray[np.float32] = field.density_grid(along, along, along, monitor=monitor).numpy()
    return densities


def colour_at(field: RadianceField, xyz: NDArray[np.float32], *, monitor: Monitor = SILENT) -> NDArray[np.float32]:
    """Evaluate the colour at points (P, 3) in metres, in chunks: sRGB 0..1 float32 (P, 3)."""
    answers = np.empty((len(xyz), 3), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(xyz), CHUNK):
            monitor.report(start / len(xyz))
            chunk = torch.from_numpy(np.ascontiguousarray(xyz[start : start + CHUNK]))
            answers[start : start + CHUNK] = field.query(chunk).colour.numpy()
    return answers


def density_at(field: RadianceField, xyz: NDArray[np.float32]) -> NDArray[np.float32]:
    """Evaluate the density at points (P, 3) in metres, in chunks: float32 (P,)."""
    answers = np.empty(len(xyz), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(xyz), CHUNK):
            chunk = torch.from_numpy(np.ascontiguousarray(xyz[start : start + CHUNK]))
            answers[start : start + CHUNK] = field.density(chunk).numpy()
    return answers


def _points(axis: NDArray[np.floating], where: tuple[NDArray[np.intp], ...]) -> NDArray[np.float32]:
    """Return the positions of lattice samples [x, y, z], float32 (P, 3)."""
    return np.stack([axis[index] for index in where], axis=-1).astype(np.float32)


def _coarse_values(
    field: RadianceField, axis: NDArray[np.floating], *, monitor: Monitor
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Evaluate every fourth sample (and the last) of a lattice and interpolate between.

    Returns:
        Density float32 (n, n, n) [x, y, z], and True where it is evaluated rather than interpolated.
    """
    samples = len(axis)
    kept = np.unique(np.append(np.arange(0, samples, COARSE_STEP), samples - 1))
    coarse = _grid_density(field, axis[kept], monitor=monitor)
    values = coarse
    place = np.interp(np.arange(samples), kept, np.arange(len(kept)))  # among those that are kept
    below = place.astype(np.intp).clip(max=len(kept) - 2)
    share = (place - below).astype(np.float32)[:, None, None]
    for _ in range(3):  # each pass stretches one axis and rotates it away; np.tensordot would hold Python's lock
        lower, upper = values[below], values[below + 1]
        upper -= lower
        upper *= share
        upper += lower
        values = np.ascontiguousarray(np.moveaxis(upper, 0, -1))
    exact = np.zeros((samples,) * 3, dtype=bool)
    exact[np.ix_(kept, kept, kept)] = True
    # Interpolation rounds: put the evaluated samples back as they were.
    values[np.ix_(kept, kept, kept)] = coarse
    return values, exact


def _neighbours(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the indices of all lattice samples but the last, and of all but the first, along an axis."""
    behind, ahead = [slice(None)] * 3, [slice(None)] * 3
    behind[axis], ahead[axis] = slice(None, -1), slice(1, None)
    return tuple(behind), tuple(ahead)


def _beside_crossing(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark samples within one step (26 neighbours) of a lattice edge whose ends differ."""
    crossing = np.zeros_like(inside)
    for axis in range(3):
        behind, ahead = _neighbours(axis)
        differs = inside[ahead] != inside[behind]
        crossing[ahead] |= differs
        crossing[behind] |= differs
    return _dilated(crossing)


def _bounds(mask: NDArray[np.bool_], *, margin: int) -> tuple[slice, slice, slice]:
    """Return the smallest box of indices that holds all of a mask and `margin` around; empty where the mask is."""
    across, along = np.any(mask, axis=0), np.any(mask, axis=2)  # (y, z) and (x, y)
    found = []
    for marked in (np.any(along, axis=1), np.any(along, axis=0), np.any(across, axis=0)):
        places = np.flatnonzero(marked)
        found.append(slice(max(places[0] - margin, 0), places[-1] + margin + 1) if len(places) else slice(0, 0))
    return found[0], found[1], found[2]


def _dilated(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Grow a mask by one sample along the axes and diagonals."""
    for axis in range(3):
        behind, ahead = _neighbours(axis)
        grown = mask.copy()
        grown[ahead] |= mask[behind]
        grown[behind] |= mask[ahead]
        mask = grown
    return mask


def _buried(mask: NDArray[np.bool_], depth: int) -> NDArray[np.bool_]:
    """Mark samples of a mask that lie more than `depth` steps from its outside; beyond the lattice is outside."""
    outside = np.pad(~mask, 1, constant_values=True)
    for _ in range(depth):
        outside = _dilated(outside)
    return ~outside[1:-1, 1:-1, 1:-1]


Missing = Callable[[NDArray[np.float32], NDArray[np.bool_]], tuple[NDArray[np.intp], ...]]
"""Values of a lattice and where they are exact -> indices [x, y, z] of samples that have to become exact."""


def _doubled(values: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Interpolate linearly between every second sample (and the last) of a lattice: (m, m, m) -> (n, n, n)."""
    doubled = np.empty((samples,) * 3, dtype=np.float32)
    slabs = (_doubled_rows(_doubled_rows(slab, samples).T, samples).T for slab in values)
    before = next(slabs)
    for place, slab in enumerate(slabs):
        doubled[2 * place] = before
        if 2 * place + 2 < samples:  # the last two samples of an even number stand beside each other
            np.add(before, slab, out=doubled[2 * place + 1])
            doubled[2 * place + 1] *= 0.5
        before = slab
    doubled[-1] = before
    return doubled


def _doubled_rows(values: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Interpolate between every second row (and the last): (m, k) -> (n, k)."""
    doubled = np.empty((samples, values.shape[1]), dtype=np.float32)
    pairs = (samples + 1) // 2
    doubled[::2] = values[:pairs]
    doubled[1 : 2 * pairs - 2 : 2] = (values[: pairs - 1] + values[1:pairs]) * np.float32(0.5)
    doubled[-1] = values[-1]
    return doubled


def _refine(
    field: RadianceField, axis: NDArray[np.floating], *, wanted: Missing, monitor: Monitor
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Evaluate a lattice coarsely, then exactly wherever `wanted` asks for it, until it asks for nothing more.

    Since each round looks at what the last one found, a wanted region is followed over its whole extent as soon as the
    coarse lattice has met it anywhere.

    Returns:
        Density float32 (n, n, n) [x, y, z], and True where it is evaluated rather than interpolated.
    """
    if len(axis) > HALVED_ABOVE:
        kept = np.unique(np.append(np.arange(0, len(axis), 2), len(axis) - 1))
        half, half_exact = _refine(field, axis[kept], wanted=wanted, monitor=monitor.child(0.0, 0.3))
        values, exact = _doubled(half, len(axis)), np.zeros((len(axis),) * 3, dtype=bool)
        exact[np.ix_(kept, kept, kept)] = half_exact
    else:
        values, exact = _coarse_values(field, axis, monitor=monitor.child(0.0, 0.3))
    progress = 0.3
    while True:
        missing = wanted(values, exact)
        if len(missing[0]) == 0:
            monitor.report(1.0)
            return values, exact
        share = progress + (1.0 - progress) * 0.7
        values[missing] = _ask_density(field, _points(axis, missing), monitor=monitor.child(progress, share))
        exact[missing] = True
        progress = share


def density_lattice(
    field: RadianceField, resolution: int, *, level: float | None = None, monitor: Monitor = SILENT
) -> DensityLattice:
    """Sample a field's density on a lattice, densely only where its surface is.

    Near the level set the lattice equals dense sampling: every sample within one step of a crossing edge is evaluated,
    and a surface that the coarse lattice meets anywhere is followed to its end. Elsewhere the samples are interpolated
    from every fourth one, so only islands and holes thinner than four steps can be missed. The number of evaluated
    samples grows with the surface, not with the volume.

    Args:
        field: the radiance field.
        resolution: samples along each axis, from corner to corner of the box.
        level: density of the surface that will be extracted; the field's own when None.
        monitor: progress and cancel.

    Raises:
        Cancelled: the work was cancelled.
    """
    threshold = field.surface_level if level is None else level
    axis = np.linspace(-field.box_side / 2, field.box_side / 2, resolution)

    def beside_surface(values: NDArray[np.float32], exact: NDArray[np.bool_]) -> tuple[NDArray[np.intp], ...]:
        inside = values > threshold
        box = _bounds(inside, margin=3)
        missing = np.nonzero(_beside_crossing(inside[box]) & ~exact[box])
        return tuple(index + along.start for index, along in zip(missing, box, strict=True))

    values, _ = _refine(field, axis, wanted=beside_surface, monitor=monitor)
    return DensityLattice(values, field.box_side)


def field_volume(field: RadianceField, resolution: int = 128, *, monitor: Monitor = SILENT) -> FieldVolume:
    """Bake a field into the colours and opacities that the viewport draws.

    Density is evaluated wherever a voxel can be seen; colour there and one voxel around, so that trilinear filtering
    meets no dark rim. What lies so deep that less than half a percent of the light comes back keeps a density
    interpolated from every fourth voxel and no colour.

    Args:
        field: the radiance field.
        resolution: voxels along each axis.
        monitor: progress and cancel.

    Raises:
        Cancelled: the work was cancelled.
    """
    voxel = field.box_side / resolution
    axis = (np.arange(resolution) + 0.5) * voxel - field.box_side / 2
    faintest = _density_of_opacity(0.5 / 255, voxel)
    opaque = _density_of_opacity(_OPAQUE, voxel)

    def seen(density: NDArray[np.float32]) -> NDArray[np.bool_]:
        return _dilated(density > faintest) & ~_buried(density > opaque, _BURIED_DEPTH)

    density, _ = _refine(
        field, axis, wanted=lambda values, exact: np.nonzero(seen(values) & ~exact), monitor=monitor.child(0.0, 0.6)
    )
    opacity = -np.expm1(-np.logaddexp(0, density - 1) * np.float32(voxel))
    rgba = np.zeros((*density.shape, 4), dtype=np.uint8)
    rgba[..., 3] = np.rint(opacity * 255)
    where = np.nonzero(seen(density))
    colour = colour_at(field, _points(axis, where), monitor=monitor.child(0.6, 1.0))
    rgba[..., :3][where] = np.rint(colour.clip(0, 1) * 255).astype(np.uint8)
    return FieldVolume(np.ascontiguousarray(rgba.transpose(2, 1, 0, 3)), field.box_side)


def _density_of_opacity(opacity: float, length: float) -> float:
    """Return the density that stops the share `opacity` of light within `length` metres."""
    lost = -np.log1p(-opacity) / length
    return float(1 + np.log(np.expm1(lost)))
