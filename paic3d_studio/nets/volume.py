"""Volume rendering: where rays are sampled, how samples are composited, and whole views.

The rules are those of the specification, section 1.7.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.camera import Camera, rays
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.field import RadianceField, extinction
from paic3d_studio.nets.threads import side_by_side

EMPTY_DENSITY: Final = -1e3
"""A density that stops no light at all."""

_POINTS_AT_ONCE: Final = 1 << 15
_VISIBLE_WEIGHT: Final = 1e-6
"""An interval that stops less adds nothing to a colour of 8 bits, even 200 of them on one ray."""

DensityEdit = Callable[[Tensor, Tensor], Tensor]
"""Points (P, 3) and their densities (P,) -> densities (P,)."""


@dataclasses.dataclass(frozen=True)
class Crop:
    """Empties the field where |x| or |z| exceeds `limit` metres."""

    limit: float

    def empties(self, xyz: Tensor) -> Tensor:
        """Return where (P,) the field is emptied, whatever it was."""
        return torch.maximum(xyz[:, 0].abs(), xyz[:, 2].abs()) > self.limit

    def __call__(self, xyz: Tensor, density: Tensor) -> Tensor:
        """Return densities (P,) at points (P, 3), emptied outside."""
        return density.masked_fill(self.empties(xyz), EMPTY_DENSITY)


def cropped(margin: float, *, box_side: float) -> Crop:
    """Empty the field within `margin` metres of the side, front and back faces of the box (never above or below)."""
    return Crop(box_side / 2 - margin)


def culled(opacity: float) -> DensityEdit:
    """Empty the field where one metre of it stops less than the share `opacity` of the light."""

    def edit(xyz: Tensor, density: Tensor) -> Tensor:
        del xyz
        # Not expm1: where opacities are culled again (section 1.10), the published rounding decides what is left.
        return density.masked_fill(1 - torch.exp(-extinction(density)) < opacity, EMPTY_DENSITY)

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


def edited(density: Tensor, xyz: Tensor, edits: Sequence[DensityEdit]) -> Tensor:
    """Apply edits in order to densities (P,) at points (P, 3)."""
    for edit in edits:
        density = edit(xyz, density)
    return density


def edited_density(ask: Callable[[Tensor], Tensor], xyz: Tensor, edits: Sequence[DensityEdit]) -> Tensor:
    """Ask for densities at points (P, 3) and apply edits in order; what the first one crops is not asked for."""
    if not edits or not isinstance(edits[0], Crop):
        return edited(ask(xyz), xyz, edits)
    kept = ~edits[0].empties(xyz)
    density = xyz.new_full((len(xyz),), EMPTY_DENSITY)
    density[kept] = ask(xyz[kept])
    return edited(density, xyz, edits[1:])


def _density(field: RadianceField, xyz: Tensor, edits: Sequence[DensityEdit]) -> Tensor:
    """Evaluate the density at (R, S, 3); outside the box of a bounded field without asking it."""
    points = xyz.reshape(-1, 3)
    if field.empty_outside:
        inside = points.abs().amax(dim=-1) <= field.box_side / 2
        density = torch.full_like(points[:, 0], EMPTY_DENSITY)
        density[inside] = edited_density(field.density, points[inside], edits)
    else:
        density = edited_density(field.density, points, edits)
    return density.reshape(xyz.shape[:-1])


def visible_values(field: RadianceField, xyz: Tensor, weights: Tensor) -> Tensor:
    """Composite colour and features (R, 3 + F) of samples (R, S, 3) by the weights of the intervals (R, S - 1).

    Only samples that touch an interval with weight are asked. An interval takes the mean of its ends, so a sample
    counts half of the two intervals beside it.
    """
    seen = weights > _VISIBLE_WEIGHT
    touched = F.pad(seen, (0, 1)) | F.pad(seen, (1, 0))
    shares = (F.pad(weights, (0, 1)) + F.pad(weights, (1, 0))) / 2
    sample = field.query(xyz[touched])
    found = torch.cat([sample.colour, sample.features], dim=-1)
    ray = torch.nonzero(touched)[:, 0]
    return found.new_zeros(len(xyz), found.shape[-1]).index_add(0, ray, found * shares[touched][:, None])


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
        values=visible_values(field, xyz, weights),
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

    def stopped(some: slice) -> Tensor:
        weights = _weighted_samples(field, origins[some], directions[some], sampling=sampling, edits=edits)[2]
        return weights.sum(dim=1)

    with torch.inference_mode():
        return torch.cat(list(side_by_side(stopped, _bounded(len(origins), sampling), monitor=monitor)))


def _bounded(count: int, sampling: RaySampling) -> list[slice]:
    """Split `count` rays so that a bounded number of samples is held at once."""
    at_once = max(1, _POINTS_AT_ONCE // (sampling.coarse + sampling.fine))
    return [slice(start, start + at_once) for start in range(0, max(count, 1), at_once)]


def _weighted_samples(
    field: RadianceField, origins: Tensor, directions: Tensor, *, sampling: RaySampling, edits: Sequence[DensityEdit]
) -> tuple[Tensor, Tensor, Tensor]:
    """Sample rays coarsely, then finely: depths (R, S), points (R, S, 3) and weights of the intervals (R, S - 1)."""

    def points(depths: Tensor) -> Tensor:
        return origins[:, None] + directions[:, None] * depths[..., None]

    depths = coarse_depths(sampling).to(origins).expand(len(origins), sampling.coarse)
    densities = _density(field, points(depths), edits)
    if sampling.fine:
        added = fine_depths(depths, march_weights(depths, densities), sampling.fine)
        added_densities = _density(field, points(added), edits)
        depths, densities = merged((depths, densities), (added, added_densities))
    return depths, points(depths), march_weights(depths, densities)


def merged(first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Merge two sets of samples on each ray, both ascending in depth, to one that is.

    Cheaper than sorting: where a sample goes is its own place and the number of the other set's samples before it.

    Args:
        first: depths and densities (R, S).
        second: likewise (R, T); at equal depth they come after those of the first.

    Returns:
        Depths and densities (R, S + T).
    """
    # Rounding may set neighbours of the second set out of order by a unit in the last place.
    pairs = (first[0].contiguous(), second[0].cummax(dim=1).values)
    place = torch.cat(
        [
            torch.searchsorted(pairs[1], pairs[0]) + torch.arange(pairs[0].shape[1]).to(pairs[0].device),
            torch.searchsorted(pairs[0], pairs[1], right=True) + torch.arange(pairs[1].shape[1]).to(pairs[0].device),
        ],
        dim=1,
    )
    depths, densities = torch.cat(pairs, dim=1), torch.cat([first[1], second[1]], dim=1)
    return torch.empty_like(depths).scatter_(1, place, depths), torch.empty_like(densities).scatter(1, place, densities)


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

    def march(some: slice) -> MarchedRays:
        return march_rays(field, origins[some], directions[some], sampling=sampling, edits=edits)

    with torch.inference_mode():
        parts = list(side_by_side(march, _bounded(len(origins), sampling), monitor=monitor))
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
