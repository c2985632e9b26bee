"""What a front suffers before the network sees it, and nothing else: the truth stays as it is."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.core.lines import LUMA

_LUMINANCE: Final = np.array(LUMA, np.float32)


def degraded(
    picture: NDArray[np.float32], alpha: NDArray[np.float32], rng: Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make a front, rendered or drawn, a little worse, as drawings whose lines were painted over are.

    Cel shading, remains of lines, soft light, blur and a matte that is too wide or too narrow by a pixel of 128.

    Args:
        picture: (s, s, 3) on white, 0..1.
        alpha: (s, s, 1).
        rng: where the choices come from.
    """
    grain = max(len(picture) // 128, 1)
    if rng.random() < 0.35:
        picture = _cel_shaded(picture, alpha, rng)
    if rng.random() < 0.5:
        picture = _rimmed(picture, rng, grain=grain)
    if rng.random() < 0.4:
        picture = _unevenly_lit(picture, alpha, rng)
    if rng.random() < 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), grain * rng.uniform(0.3, 0.9)), np.float32)
    if rng.random() < 0.4:
        picture, alpha = _rematted(picture, alpha, rng, grain=grain)
    return picture.astype(np.float32), alpha.astype(np.float32)


def _cel_shaded(picture: NDArray[np.float32], alpha: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Step the luminance."""
    levels = rng.integers(4, 9)
    grey = (picture @ _LUMINANCE)[..., None]
    stepped = np.round(grey * levels) / levels
    return np.asarray(picture + (stepped - grey) * rng.uniform(0.3, 1.0) * alpha, np.float32)


def _rimmed(picture: NDArray[np.float32], rng: Generator, *, grain: int) -> NDArray[np.float32]:
    """Darken where luminance changes, as painted-over lines do."""
    grey = np.ascontiguousarray(picture @ _LUMINANCE, np.float32)
    around = np.ones((1 + grain, 1 + grain), np.uint8)
    rim = np.asarray(cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, around), np.float32)[..., None]
    return np.asarray(picture * (1 - (rim * 3).clip(0, 1) * rng.uniform(0.1, 0.7)), np.float32)


def _unevenly_lit(picture: NDArray[np.float32], alpha: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Lay a smooth light over the character."""
    side = len(picture)
    coarse = rng.normal(1, 0.12, (3, 3)).astype(np.float32)
    light = np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC))[..., None]
    return np.asarray((picture * light) * alpha + picture * (1 - alpha), np.float32)


def _rematted(
    picture: NDArray[np.float32], alpha: NDArray[np.float32], rng: Generator, *, grain: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make the matte a pixel of 128 wider, with background in it, or narrower."""
    wider = rng.random() < 0.5
    change = cv2.dilate if wider else cv2.erode
    matte = np.asarray(change(alpha, np.ones((1 + grain, 1 + grain), np.uint8)), np.float32).reshape(alpha.shape)
    return (picture if wider else picture * matte + (1 - matte)), matte
