"""What colours a training sample has: one matrix per part, drawn by lot, for pictures and points alike."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.core.lines import LUMA
from paic3d_studio.datasets.characters import Item
from paic3d_studio.datasets.vrm import PARTS

BARE: Final = 0.12
"""Share of recolourings in which clothes turn into skin: every training body is dressed, many portraits are not."""

_LUMINANCE: Final = np.array(LUMA, np.float32)


def unchanged() -> NDArray[np.float32]:
    """Return a colour matrix for each part that changes nothing, (parts, 3, 4)."""
    return np.repeat(np.eye(3, 4, dtype=np.float32)[None], len(PARTS), 0)


def transformed(colour: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return colours (..., 3) under matrices (..., 3, 4), within 0..1."""
    moved = np.einsum("...ij,...j->...i", matrix[..., :3], colour) + matrix[..., 3]
    return np.asarray(moved.clip(0, 1).astype(np.float32))


def recoloured(
    views: NDArray[np.uint8], parts: NDArray[np.uint8], matrices: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return recoloured pictures, premultiplied 0..1; rims of one pixel take the matrix of their neighbour.

    Args:
        views: uint8 (2, s, s, 4), straight alpha.
        parts: ids of PARTS (2, s, s).
        matrices: (parts, 3, 4).
    """
    out = np.zeros(views.shape, np.float32)
    for view, (rgba, part) in enumerate(zip(views, parts, strict=True)):
        spread = np.where(part > 0, part, cv2.dilate(part, np.ones((3, 3), np.uint8)))
        where = rgba[..., 3] > 0
        alpha = rgba[where][:, 3:].astype(np.float32) / 255
        colour = transformed(rgba[where][:, :3].astype(np.float32) / 255, matrices[spread[where]])
        out[view][where] = np.concatenate([colour * alpha, alpha], 1)
    return out


def recolouring(item: Item, rng: Generator) -> NDArray[np.float32]:
    """Draw colour matrices for the parts of an item, (parts, 3, 4)."""
    matrices = unchanged()
    groups = (("hair",), ("face", "skin"), ("cloth", "other"), ("iris",))
    for names in groups:
        ids = [PARTS.index(name) for name in names]
        colours = item.colour[np.isin(item.point_part, ids)][::7].astype(np.float32) / 255
        if len(colours) == 0 or rng.random() < 0.15:
            continue
        if names[0] == "face":
            matrix = _skin_tone(rng)
        elif names[0] == "cloth" and rng.random() < BARE:
            matrix = _bare(item, matrices)
        elif rng.random() < 0.55:
            matrix = _tinted(colours @ _LUMINANCE, rng)
        else:
            matrix = _turned_hue(rng)
        matrices[ids] = matrix
    if rng.random() < 0.7:  # brows follow the hair
        matrices[PARTS.index("brow")] = matrices[PARTS.index("hair")]
    return matrices


def _tinted(luminance: NDArray[np.floating], rng: Generator) -> NDArray[np.float32]:
    """Return a matrix that lays luminance between a random shade and a random light; any colour, also white."""
    low, high = np.percentile(luminance, (5, 95))
    span = max(float(high - low), 0.12)
    value, spread = rng.uniform(0.05, 1.0), rng.uniform(0.05, 0.4)
    chroma = rng.uniform(0.0, 1.0) ** 1.5
    hue = rng.uniform(0, 2 * np.pi)
    tint = 1 + chroma * 0.9 * np.cos(hue - np.array([0, 2.094, 4.189]))
    light = (value + spread / 2) * tint / max(tint.max(), 1)
    shade = (value - spread / 2) * (tint + rng.normal(0, 0.06, 3)) / max(tint.max(), 1)
    light, shade = light.clip(0.02, 1.0), shade.clip(0.0, 0.97)
    gain = (light - shade) / span
    matrix = np.concatenate([gain[:, None] * _LUMINANCE, (shade - gain * low)[:, None]], 1)
    return matrix.astype(np.float32)


def _turned_hue(rng: Generator) -> NDArray[np.float32]:
    """Return a matrix that turns hue about grey, with random saturation and gain."""
    angle, saturation = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.3)
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    c, s = saturation * np.cos(angle), saturation * np.sin(angle)
    turn = np.linalg.inv(to_yiq) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ to_yiq
    gain = rng.uniform(0.6, 1.15)
    offset = rng.uniform(-0.05, 0.15)
    return np.concatenate([turn * gain, np.full((3, 1), offset)], 1).astype(np.float32)


def _bare(item: Item, matrices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a matrix that makes clothes look like bare skin with a little relief."""
    skin = item.colour[np.isin(item.point_part, [PARTS.index("face"), PARTS.index("skin")])].astype(np.float32) / 255
    if len(skin) == 0:
        return np.eye(3, 4, dtype=np.float32)
    mean = transformed(skin.mean(0), matrices[PARTS.index("face")])
    return np.concatenate([np.eye(3) * 0.12, (mean - 0.06)[:, None]], 1).astype(np.float32)


def _skin_tone(rng: Generator) -> NDArray[np.float32]:
    """Return a matrix from pale to dark skin."""
    if rng.random() < 0.25:
        gain = rng.uniform(0.35, 0.85) * np.array([1.0, rng.uniform(0.8, 0.95), rng.uniform(0.65, 0.9)])
    else:
        gain = rng.uniform(0.92, 1.06) * np.array([1.0, rng.uniform(0.94, 1.03), rng.uniform(0.9, 1.05)])
    return np.concatenate([np.diag(gain), rng.uniform(-0.02, 0.02, (3, 1))], 1).astype(np.float32)
