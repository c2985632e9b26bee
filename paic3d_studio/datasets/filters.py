"""Which characters are fit for a dataset of renders, and why others are not (specification, section 3)."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.datasets.renders import RenderView
from paic3d_studio.datasets.vrm import Character

NEEDED_BONES: Final = ("head", "leftUpperArm", "rightUpperArm")
"""Without the head nothing can be placed, without the upper arms nothing lowered."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a fit character keeps within, each a (least, most).

    `height` in metres from the lowest to the highest vertex; `top` in metres from the origin (0.1 m above the head
    bone) to the highest vertex; `covered` the share of the front view that is opaque; `translucent` the share of what
    the front view shows that is between clear and opaque, away from outlines; `one_colour` the share of it that has
    the commonest colour; `noise` the mean difference between neighbouring pixels in it, in 8-bit steps.
    """

    height: tuple[float, float] = (0.25, 4.0)
    top: tuple[float, float] = (-0.02, 0.6)
    covered: tuple[float, float] = (0.06, 0.85)
    translucent: tuple[float, float] = (0.0, 0.25)
    one_colour: tuple[float, float] = (0.0, 0.9)
    noise: tuple[float, float] = (0.0, 30.0)


LIMITS: Final = Limits()

_REASONS: Final = {
    "height": ("extreme size", "extreme size"),
    "top": ("extreme size", "extreme size"),
    "covered": ("too much transparency", "too little transparency"),
    "translucent": ("", "too much transparency"),
    "one_colour": ("", "texture corruption"),
    "noise": ("", "texture corruption"),
}


def shape_measures(character: Character) -> dict[str, float]:
    """Return `height` and `top` of a character; see `Limits`."""
    heights = np.concatenate([primitive.positions[:, 1] for primitive in character.primitives])
    return {"height": round(float(np.ptp(heights)), 4), "top": round(float(heights.max()), 4)}


def picture_measures(front: RenderView) -> dict[str, float]:
    """Return what the front view says of a character; see `Limits`."""
    alpha = front.rgba[..., 3]
    covered = alpha > 127
    inner = _inner(alpha > 0)
    shown = front.rgba[..., :3][covered]
    colours = shown.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    commonest = np.unique(colours, return_counts=True)[1].max(initial=0)
    return {
        "covered": round(float(covered.mean()), 4),
        "translucent": round(float(((alpha < 243) & inner).sum() / max(int(inner.sum()), 1)), 4),
        "one_colour": round(float(commonest / max(len(shown), 1)), 4),
        "noise": round(_noise(front.rgba[..., :3], inner), 2),
    }


def missing_bones(character: Character) -> tuple[str, ...]:
    """Return which of `NEEDED_BONES` a character lacks."""
    return tuple(bone for bone in NEEDED_BONES if bone not in character.bones)


def reasons(measures: dict[str, float], *, limits: Limits = LIMITS) -> tuple[str, ...]:
    """Return one reason for each measure out of its limits, the figure with it; none for a fit character."""
    found = []
    for name, (low, high) in dataclasses.asdict(limits).items():
        if name in measures and not low <= measures[name] <= high:
            why = _REASONS[name][int(measures[name] > high)]
            found.append(f"{why} ({name.replace('_', ' ')} {measures[name]:g}, not {low:g} to {high:g})")
    return tuple(found)


def _inner(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels whose eight neighbours are all in the mask."""
    padded = np.pad(mask, 1)
    h, w = mask.shape
    return np.asarray(np.all([padded[i : i + h, j : j + w] for i in range(3) for j in range(3)], axis=0))


def _noise(rgb: NDArray[np.uint8], inner: NDArray[np.bool_]) -> float:
    """Mean absolute difference between pixels that are neighbours in a row or a column, inside a mask."""
    levels = rgb.astype(np.int16)
    across = np.abs(levels[:, 1:] - levels[:, :-1])[inner[:, 1:] & inner[:, :-1]]
    down = np.abs(levels[1:] - levels[:-1])[inner[1:] & inner[:-1]]
    both = np.concatenate([across, down])
    return float(both.mean()) if both.size else 0.0
