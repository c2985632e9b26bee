"""Where rays meet a field's own surface, beside a place that is known roughly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.field import CHUNK, RadianceField

ROUNDS: Final = 10
"""Times at most that a stretch is narrowed; nearly all are done after three."""

TOLERANCE: Final = 3e-5
"""Metres that a place may still move by from one round to the next to count as found."""

BEHIND: Final = 2
"""Steps behind the rough place that are searched; what was baked and blurred begins before the surface itself."""

Excess = Callable[[Tensor, Tensor], Tensor]
"""Indices of rays (R,) and distances along them (R,) -> how much denser than the surface the field is there (R,)."""


def surface_along(
    field: RadianceField,
    origins: NDArray[np.float32],
    directions: NDArray[np.float32],
    rough: NDArray[np.float32],
    *,
    level: float,
    step: float,
    monitor: Monitor = SILENT,
) -> NDArray[np.float32]:
    """Return how far along each ray the density rises above a level, metres float32 (R,); NaN where that is not near.

    Looked for in the step about the rough place, then in the one before it, if the ray is inside already, or in
    `BEHIND` ones after it.

    Args:
        field: the radiance field.
        origins: metres (R, 3).
        directions: unit vectors (R, 3).
        rough: distances along the rays, metres (R,).
        level: density of the surface.
        step: metres.
        monitor: progress and cancel.

    Raises:
        Cancelled: the work was cancelled.
    """
    solid = field.for_surface()
    found = np.full(len(rough), np.nan, np.float32)
    with torch.inference_mode():
        for start in range(0, len(rough), CHUNK):
            monitor.report(start / len(rough))
            some = slice(start, start + CHUNK)
            rays = [torch.from_numpy(np.ascontiguousarray(part[some])) for part in (origins, directions, rough)]
            found[some] = _entered(solid, *rays, level=level, step=step, monitor=monitor).numpy()
    return found


def _entered(
    field: RadianceField,
    origins: Tensor,
    directions: Tensor,
    rough: Tensor,
    *,
    level: float,
    step: float,
    monitor: Monitor,
) -> Tensor:
    """Return where the rays of one chunk enter the surface, NaN where they do not, (R,)."""

    def excess(rays: Tensor, along: Tensor) -> Tensor:
        monitor.check()
        return field.density(origins[rays] + directions[rays] * along[:, None]) - level

    stretch = _stretch(excess, rough, step=step)
    held = torch.nonzero((stretch[2] <= 0) & (stretch[3] > 0))[:, 0]
    found = torch.full_like(rough, torch.nan)
    found[held] = _crossing(lambda some, along: excess(held[some], along), stretch[:, held])
    return found


def _stretch(excess: Excess, rough: Tensor, *, step: float) -> Tensor:
    """Return the ends of the step in which each ray may enter the surface, and the excess at both, (4, R)."""
    everyone = torch.arange(len(rough), device=rough.device)
    near, far = rough - step / 2, rough + step / 2
    near_excess, far_excess = excess(everyone, near), excess(everyone, far)
    inside = torch.nonzero(near_excess > 0)[:, 0]
    far[inside], far_excess[inside] = near[inside], near_excess[inside]
    near[inside] -= step
    near_excess[inside] = excess(inside, near[inside])
    for _ in range(BEHIND):
        outside = torch.nonzero((near_excess <= 0) & (far_excess <= 0))[:, 0]
        near[outside], near_excess[outside] = far[outside], far_excess[outside]
        far[outside] += step
        far_excess[outside] = excess(outside, far[outside])
    return torch.stack([near, far, near_excess, far_excess])


def _crossing(excess: Excess, stretch: Tensor) -> Tensor:
    """Return where the excess is 0 between the ends of stretches (4, R) whose first is outside and second inside, (R,).

    False position; an end that stays twice counts half (the Illinois rule: Dowell and Jarratt, 1971).
    """
    place = _on_line(stretch)
    moving = torch.arange(len(place), device=place.device)
    was_inside = torch.full_like(place, torch.nan)
    for _ in range(ROUNDS):
        at = place[moving]
        found = excess(moving, at)
        inside = found > 0
        again = inside.float() == was_inside
        near, far, near_excess, far_excess = stretch
        near_excess = torch.where(inside, torch.where(again, near_excess / 2, near_excess), found)
        far_excess = torch.where(inside, found, torch.where(again, far_excess / 2, far_excess))
        near, far = torch.where(inside, near, at), torch.where(inside, at, far)
        stretch = torch.stack([near, far, near_excess, far_excess])
        place[moving] = _on_line(stretch)
        unsettled = torch.nonzero((place[moving] - at).abs() > TOLERANCE)[:, 0]
        moving, stretch, was_inside = moving[unsettled], stretch[:, unsettled], inside[unsettled].float()
        if len(moving) == 0:
            break
    return place


def _on_line(stretch: Tensor) -> Tensor:
    """Return where a straight line through both ends of stretches (4, R) is 0, (R,)."""
    near, far, near_excess, far_excess = stretch
    return torch.lerp(near, far, -near_excess / (far_excess - near_excess).clamp_min(1e-12))
