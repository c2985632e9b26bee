"""Open mouths painted on a training sample: no character of training shouts, and many drawn ones do.

What is open and red in a face is paint on it; a network that has seen held things and no open mouths takes it for one
of them.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.training.painting import filled, painted

MOUTH_SHARE: Final = 85
"""Per cent of a face's pixels that lie above its mouth, about; many mouths are part of a face's texture."""


def mouth_place(part: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return where the mouth of a face is, about, as (x, y) in pixels.

    Args:
        part: ids of `vrm.PARTS` (s, s), rows downwards, with some face in it.
    """
    mouth = part == PARTS.index("mouth")
    if mouth.sum() >= 4:
        rows, columns = np.nonzero(mouth)
        return np.array([columns.mean(), rows.mean()])
    rows, columns = np.nonzero(part == PARTS.index("face"))
    return np.array([np.median(columns), np.percentile(rows, MOUTH_SHARE)])


def painted_mouth(
    picture: NDArray[np.float32], part: NDArray[np.uint8], rng: Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Paint an open mouth: dark or red, round or flat above; tongue, teeth and outline by lot.

    Args:
        picture: premultiplied front, 0..1 (s, s, 4).
        part: ids of `vrm.PARTS` (s, s), rows downwards.
        rng: how it looks.

    Returns:
        The picture with it, and where it is, bool (s, s): on the face alone, nowhere if there is none.
    """
    face = np.isin(part, (PARTS.index("face"), PARTS.index("mouth")))
    if not (part == PARTS.index("face")).any():
        return picture, np.zeros(part.shape, bool)
    unit = len(part) / BOX_SIDE
    x, y = mouth_place(part) + rng.normal(0, 0.003, 2) * unit
    wide, high = rng.uniform(0.007, 0.028) * unit, rng.uniform(0.004, 0.024) * unit
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    flat = rng.uniform(0.05, 1.0)  # how high the upper lip arches, in lower lips
    arch = np.where(np.sin(angles) < 0, flat, 1.0) * np.sin(angles)
    outline = np.stack([x + wide * np.cos(angles), y + high * arch], axis=1)
    inside = rng.uniform((0.35, 0.05, 0.05), (0.95, 0.4, 0.45))
    colour = np.broadcast_to(inside, (*part.shape, 3)).copy()
    cover = filled(outline, len(part))
    if rng.random() < 0.6:
        tongue = rng.uniform((0.8, 0.3, 0.3), (1.0, 0.6, 0.6))
        rows = np.arange(len(part))[:, None] > y + high * rng.uniform(0.1, 0.7)
        colour = np.where(rows[..., None], tongue, colour)
    if rng.random() < 0.3:
        rows = np.arange(len(part))[:, None] < y - high * (flat - rng.uniform(0.2, 0.5))
        colour = np.where(rows[..., None], 0.95, colour)
    if rng.random() < 0.6:
        rim = cover - cv2.erode(cover, np.ones((3, 3), np.uint8))
        colour = colour * (1 - rng.uniform(0.2, 0.8) * rim[..., None])
    cover = cover * face
    return painted(picture, colour, cover=cover), cover > 0.5
