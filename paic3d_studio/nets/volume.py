"""Volume rendering: where rays are sampled, how samples are composited, and whole views.

The rules are those of the specification, section 1.7.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.camera import Camera, rays
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.field import RadianceField, extinction

EMPTY_DENSITY: Final = -1e3
"""A density that stops no light at all."""

_POINTS_AT_ONCE: Final = 1 << 16
_VISIBLE_WEIGHT: Final = 1e-6
"""An interval that stops less adds nothing to a colour of 8 bits, even 200 of them on one ray."""

DensityEdit = Callable[[Tensor, Tensor], Tensor]
"""Points (P, 3) and their densities (P,) -> densities (P,)."""


def cropped(margin: float, *, box_side: float) -> DensityEdit:
    """Empty the field within `margin` metres of the side, front and back faces of the box (never above or below)."""
    limit = box_side / 2 - margin

    def edit(xyz: Tensor, density: Tensor) -> Tensor:
        outside = xyz[:, [0, 2]].abs().amax(dim=-1) > limit
        return density.masked_fill(outside, EMPTY_DENSITY)

    return edit


def culled(opacity: float) -> DensityEdit:
    """Empty the field where one metre of it stops less than the share `opacity` of the light."""

    def edit(xyz: Tensor, density: Tensor) -> Tensor:
        del xyz
        return density.masked_fill(-torch.expm1(-extinction(density)) < opacity, EMPTY_DENSITY)

    return edit


@dataclasses.dataclass(frozen=True)
class RaySampling:
    """Where a ray is sampled: `coarse` evenly between `near` and `far` metres, then `fine` where light is stopped."""

    near: float = 0.5
    far: float = 1.5
    coarse: int = 96
    fine: int = 96

    @property
    def step(self) -> float:
        """Distance between coarse samples in metres."""
        return (self.far - self.near) / (self.coarse - 1)

    @property
    def span(self) -> tuple[float, float]:
        """Depths of the first and the last sample in metres: the coarse samples stand half a step late."""
        return self.near + self.step / 2, self.far + self.step / 2


@dataclasses.dataclass(frozen=True, eq=False)
class MarchedRays:
    """What R rays met.

    `values` the composited colour and features (R, 3 + F), nothing added for the background; `weights` the share of
    light stopped (R,); `depth` the mean distance in metres (R,); `xyz` the composited point in metres (R, 3), which
    lies on the surface only where the weight is nearly 1.
    """

    values: Tensor
    weights: Tensor
    depth: Tensor
    xyz: Tensor


@dataclasses.dataclass(frozen=True, eq=False)
class RenderedView:
    """A square view of a field.

    `rgb` sRGB 0..1 over the background, float32 (S, S, 3); `alpha` the share of light stopped (S, S); `depth` metres
    along the ray (S, S); `xyz` metres in the field frame (S, S, 3). Depth and xyz are NaN where nothing is.
    """

    rgb: NDArray[np.float32]
    alpha: NDArray[np.float32]
    depth: NDArray[np.float32]
    xyz: NDArray[np.float32]


def coarse_depths(sampling: RaySampling) -> Tensor:
    """Return the depths that every ray is sampled at first, in metres (coarse,)."""
    return torch.linspace(sampling.near, sampling.far, sampling.coarse) + sampling.step / 2


def march_weights(depths: Tensor, densities: Tensor) -> Tensor:
    """Return the share of light that each interval between samples stops.

    Args:
        depths: ascending, metres (R, S).
        densities: at the samples (R, S); an interval has the mean of its ends.

    Returns:
        Weights (R, S - 1), at most 1 in all.
    """
    lengths = depths[:, 1:] - depths[:, :-1]
    middle = (densities[:, 1:] + densities[:, :-1]) / 2
    alpha = -torch.expm1(-extinction(middle) * lengths)
    passed = torch.cumprod(1 - alpha + 1e-10, dim=1)
    return alpha * torch.cat([torch.ones_like(passed[:, :1]), passed[:, :-1]], dim=1)


def composited(weights: Tensor, values: Tensor) -> Tensor:
    """Sum values (R, S, C) at the middle of each interval, weighted (R, S - 1), to (R, C)."""
    return torch.einsum("rs,rsc->rc", weights, (values[:, 1:] + values[:, :-1]) / 2)


def mean_depth(weights: Tensor, depths: Tensor, *, span: tuple[float, float]) -> Tensor:
    """Return the weighted mean depth (R,) of intervals; rays that stop nothing get the far end of `span`."""
    middle = (depths[:, 1:] + depths[:, :-1]) / 2
    depth = (weights * middle).sum(dim=1) / weights.sum(dim=1)
    return depth.nan_to_num(nan=torch.inf).clamp(*span)


def fine_depths(depths: Tensor, weights: Tensor, count: int, *, at: Tensor | None = None) -> Tensor:
    """Place further samples where the coarse ones found that light is stopped.

    Args:
        depths: coarse samples, ascending (R, S).
        weights: of the intervals between them (R, S - 1).
        count: samples to place on each ray.
        at: where in the cumulated distribution, 0..1 (R, count); evenly spread when None.

    Returns:
        Depths (R, count) in metres, ascending when `at` is.
    """
    edge = torch.full_like(weights[:, :1], -torch.inf)
    padded = torch.cat([edge, weights, edge], dim=1)
    highest = torch.maximum(padded[:, 1:], padded[:, :-1])  # (R, S)
    smooth = (highest[:, 1:] + highest[:, :-1]) / 2 + 0.01  # (R, S - 1)
    share = smooth[:, 1:-1] + 1e-5
    share = share / share.sum(dim=1, keepdim=True)
    cumulated = torch.cat([torch.zeros_like(share[:, :1]), share.cumsum(dim=1)], dim=1)  # (R, S - 2)
    if at is None:
        at = ((torch.arange(count) + 0.5) / count).to(depths).expand(len(depths), count).contiguous()
    above = torch.searchsorted(cumulated, at, right=True)
    below = (above - 1).clamp_min(0)
    above = above.clamp_max(cumulated.shape[1] - 1)
    middle = (depths[:, 1:] + depths[:, :-1]) / 2
    start, end = cumulated.gather(1, below), cumulated.gather(1, above)
    first, last = middle.gather(1, below), middle.gather(1, above)
    rise = end - start
    rise = torch.where(rise < 1e-5, torch.ones_like(rise), rise)
    return first + (at - start) / rise * (last - first)


def _edited_density(field: RadianceField, xyz: Tensor, edits: Sequence[DensityEdit]) -> Tensor:
    """Evaluate the density at (R, S, 3); outside the box of a bounded field without asking it."""
    points = xyz.reshape(-1, 3)
    if field.empty_outside:
        inside = points.abs().amax(dim=-1) <= field.box_side / 2
        density = torch.full_like(points[:, 0], EMPTY_DENSITY)
        points = points[inside]
        density[inside] = _edited(field.density(points), points, edits)
    else:
        density = _edited(field.density(points), points, edits)
    return density.reshape(xyz.shape[:-1])


def _edited(density: Tensor, points: Tensor, edits: Sequence[DensityEdit]) -> Tensor:
    for edit in edits:
        density = edit(points, density)
    return density


def _visible_values(field: RadianceField, xyz: Tensor, weights: Tensor) -> Tensor:
    """Evaluate colour and features (R, S, 3 + F) at samples (R, S, 3) that touch an interval with weight."""
    touched = torch.zeros(xyz.shape[:-1], dtype=torch.bool)
    seen = weights > _VISIBLE_WEIGHT
    touched[:, 1:] |= seen
    touched[:, :-1] |= seen
    sample = field.query(xyz[touched])
    found = torch.cat([sample.colour, sample.features], dim=-1)
    values = found.new_zeros((*xyz.shape[:-1], found.shape[-1]))
    values[touched] = found
    return values


def march_rays(
    field: RadianceField,
    origins: Tensor,
    directions: Tensor,
    *,
    sampling: RaySampling,
    edits: Sequence[DensityEdit] = (),
) -> MarchedRays:
    """Send rays through a field.

    Coarse and fine samples are marched together. The density decides which samples are asked for their colour: those
    beside an interval that stops any light.

    Args:
        field: the radiance field.
        origins: metres (R, 3).
        directions: unit vectors (R, 3).
        sampling: where each ray is sampled.
        edits: applied in order to every density.
    """
    depths, xyz, weights = _weighted_samples(field, origins, directions, sampling=sampling, edits=edits)
    return MarchedRays(
        values=composited(weights, _visible_values(field, xyz, weights)),
        weights=weights.sum(dim=1),
        depth=mean_depth(weights, depths, span=sampling.span),
        xyz=composited(weights, xyz),
    )


def stopped_light(
    field: RadianceField,
    origins: Tensor,
    directions: Tensor,
    *,
    sampling: RaySampling,
    edits: Sequence[DensityEdit] = (),
    monitor: Monitor = SILENT,
) -> Tensor:
    """Return the share of light stopped on each ray (R,), from densities alone; arguments as `march_rays`.

    Raises:
        Cancelled: the work was cancelled.
    """
    parts: list[Tensor] = []
    with torch.inference_mode():
        for some in _bounded(len(origins), sampling, monitor):
            weights = _weighted_samples(field, origins[some], directions[some], sampling=sampling, edits=edits)[2]
            parts.append(weights.sum(dim=1))
        return torch.cat(parts)


def _bounded(count: int, sampling: RaySampling, monitor: Monitor) -> Iterator[slice]:
    """Split `count` rays so that a bounded number of samples is held at once, reporting progress between."""
    at_once = max(1, _POINTS_AT_ONCE // (sampling.coarse + sampling.fine))
    for start in range(0, count, at_once):
        monitor.report(start / count)
        yield slice(start, start + at_once)


def _weighted_samples(
    field: RadianceField, origins: Tensor, directions: Tensor, *, sampling: RaySampling, edits: Sequence[DensityEdit]
) -> tuple[Tensor, Tensor, Tensor]:
    """Sample rays coarsely, then finely: depths (R, S), points (R, S, 3) and weights of the intervals (R, S - 1)."""

    def points(depths: Tensor) -> Tensor:
        return origins[:, None] + directions[:, None] * depths[..., None]

    depths = coarse_depths(sampling).to(origins).expand(len(origins), sampling.coarse)
    densities = _edited_density(field, points(depths), edits)
    if sampling.fine:
        added = fine_depths(depths, march_weights(depths, densities), sampling.fine)
        added_densities = _edited_density(field, points(added), edits)
        depths, order = torch.cat([depths, added], dim=1).sort(dim=1, stable=True)
        densities = torch.cat([densities, added_densities], dim=1).gather(1, order)
    return depths, points(depths), march_weights(depths, densities)


def march_picture(
    field: RadianceField,
    camera: Camera,
    *,
    size: int,
    sampling: RaySampling,
    edits: Sequence[DensityEdit] = (),
    monitor: Monitor = SILENT,
) -> MarchedRays:
    """Send a ray through every pixel of a square picture, a bounded number at a time; rows of pixels, R = size².

    Raises:
        Cancelled: the work was cancelled.
    """
    origins, directions = (
        torch.from_numpy(array.reshape(-1, 3)) for array in rays(camera, size, box_side=field.box_side)
    )
    parts: list[MarchedRays] = []
    with torch.inference_mode():
        for some in _bounded(len(origins), sampling, monitor):
            parts.append(march_rays(field, origins[some], directions[some], sampling=sampling, edits=edits))
        return MarchedRays(
            *(torch.cat([getattr(part, name.name) for part in parts]) for name in dataclasses.fields(MarchedRays))
        )


def render_view(
    field: RadianceField,
    camera: Camera,
    *,
    size: int,
    coarse: int = 96,
    fine: int = 96,
    background: float = 1.0,
    edits: Sequence[DensityEdit] = (),
    monitor: Monitor = SILENT,
) -> RenderedView:
    """Render a square view of a field by volume rendering, deterministically.

    Rays are sampled from half a metre before to half a metre behind the origin of the field frame.

    Args:
        field: the radiance field.
        camera: where from.
        size: side of the picture in pixels.
        coarse: evenly spread samples on each ray.
        fine: further samples on each ray, where the coarse ones found something.
        background: grey value behind the field, 0..1.
        edits: changes to the density, such as `cropped` and `culled`.
        monitor: progress and cancel.

    Raises:
        Cancelled: the work was cancelled.
    """
    sampling = RaySampling(camera.distance - 0.5, camera.distance + 0.5, coarse, fine)
    marched = march_picture(field, camera, size=size, sampling=sampling, edits=edits, monitor=monitor)
    alpha = marched.weights.numpy().reshape(size, size)
    rgb = (marched.values[:, :3] + (1 - marched.weights[:, None]) * background).numpy().reshape(size, size, 3)
    empty = alpha < 1e-4
    safe = np.where(empty, np.nan, alpha).astype(np.float32)
    return RenderedView(
        rgb=rgb.clip(0, 1),
        alpha=alpha,
        depth=np.where(empty, np.nan, marched.depth.numpy().reshape(size, size)).astype(np.float32),
        xyz=(marched.xyz.numpy().reshape(size, size, 3) / safe[..., None]).astype(np.float32),
    )
