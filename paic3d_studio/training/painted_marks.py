"""Marks painted on the face of a training sample: short strokes, and the shadow that hair throws on it.

Illustrators leave rests of a lock's contour on a cheek, hatch a blush and shade a forehead under bangs. Beside locks
and hands that stand before a face (`occluders`) a network has to see what is flat on it.
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

MOST_STROKES: Final = 5
_HAIR, _FACE = PARTS.index("hair"), PARTS.index("face")
_SHADED = [PARTS.index(name) for name in ("face", "eye", "iris", "brow", "mouth")]


def painted_marks(picture: NDArray[np.float32], part: NDArray[np.uint8], rng: Generator) -> NDArray[np.float32]:
    """Paint strokes on the face, a shadow under the hair, or both.

    Args:
        picture: premultiplied front, 0..1 (s, s, 4).
        part: ids of `vrm.PARTS` (s, s), rows downwards.
        rng: what is painted.

    Returns:
        The picture with them; alpha is as it was, and so is all but the face with its eyes, brows and mouth.
    """
    face = part == _FACE
    if not face.any():
        return picture
    which = rng.random()
    if which < 0.65:
        picture = _shaded(picture, np.isin(part, _SHADED), part == _HAIR, rng)
    if which > 0.35:
        for _ in range(int(rng.integers(1, MOST_STROKES + 1))):
            picture = _with_stroke(picture, face, part == _HAIR, rng)
    return picture


def _shaded(
    picture: NDArray[np.float32], face: NDArray[np.bool_], hair: NDArray[np.bool_], rng: Generator
) -> NDArray[np.float32]:
    """Throw the shadow of the hair on the face, up to two centimetres down and a little aside, hard or soft."""
    unit = len(face) / BOX_SIDE
    down, aside = rng.uniform(0.003, 0.02) * unit, rng.normal(0, 0.002) * unit
    move = np.array([[1, 0, aside], [0, 1, down]], np.float32)
    shadow = cv2.warpAffine(hair.astype(np.float32), move, hair.shape[::-1], flags=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        shadow = cv2.GaussianBlur(shadow, (0, 0), rng.uniform(0.5, 2.5))
    straight = picture[..., :3] / picture[..., 3:].clip(1e-3)
    tint = 1 - rng.uniform(0.05, 0.4) * np.array([0.6, 1.0, rng.uniform(0.7, 1.0)], np.float32)
    return painted(picture, straight * tint, cover=np.asarray(shadow * face, np.float32))


def _with_stroke(
    picture: NDArray[np.float32], face: NDArray[np.bool_], hair: NDArray[np.bool_], rng: Generator
) -> NDArray[np.float32]:
    """Draw one stroke on the face, half of them beside the hair: dark, like a contour of it, or as a blush is hatched.

    A contour is darker than the hair: in its own colour it would look like the tip of a lock.
    """
    unit = len(face) / BOX_SIDE
    near = 2 * round(0.011 * unit) + 1
    beside = face & (cv2.dilate(hair.astype(np.uint8), np.ones((near, near), np.uint8)) > 0)
    rows, columns = np.nonzero(beside if beside.any() and rng.random() < 0.5 else face)
    index = int(rng.integers(len(rows)))
    middle = np.array([columns[index], rows[index]], np.float64)
    length, width = rng.uniform(0.006, 0.03) * unit, rng.uniform(0.0008, 0.003) * unit
    turn = rng.normal(np.pi / 2, 0.6) if rng.random() < 0.7 else rng.uniform(0, np.pi)
    along = np.array([np.cos(turn), np.sin(turn)])
    across = np.array([-along[1], along[0]])
    t = np.linspace(-1, 1, 9)[:, None]
    spine = middle + along * t * length / 2 + across * rng.normal(0, 0.15) * length * (1 - t**2)
    half = across * (width / 2 * (1 - 0.8 * np.abs(t)) + 0.2)
    cover = filled(np.concatenate([spine - half, (spine + half)[::-1]]), len(face)) * face * rng.uniform(0.3, 1.0)
    kind = rng.random()
    if kind < 0.4 and hair.any():
        rows, columns = np.nonzero(hair)
        index = int(rng.integers(len(rows)))
        spot = picture[rows[index], columns[index]]
        colour = spot[:3] / max(spot[3], 1e-3) * rng.uniform(0.35, 0.7)
    elif kind < 0.7:
        colour = rng.uniform(0, 0.4, 3)
    else:
        colour = rng.uniform((0.75, 0.3, 0.3), (1.0, 0.6, 0.6))
    return painted(picture, np.asarray(colour, np.float32), cover=cover)
