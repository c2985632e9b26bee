"""Backgrounds for drawn portraits, made by lot: white, flat, gradients, textures, and clutter of shapes and strokes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Lot = np.random.Generator


def white(lot: Lot, side: int) -> Picture:
    """Paper."""
    del lot
    return np.full((side, side, 3), 255, np.uint8)


def flat(lot: Lot, side: int) -> Picture:
    """One colour, pale more often than not."""
    return np.broadcast_to(_colour(lot), (side, side, 3)).copy()


def gradient(lot: Lot, side: int) -> Picture:
    """Two or three colours that melt into each other along a line or from a centre."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    if lot.random() < 0.6:
        angle = lot.uniform(0, 2 * np.pi)
        along = x * np.cos(angle) + y * np.sin(angle)
        along = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    else:
        cx, cy = lot.uniform(0, 1, 2)
        along = np.clip(np.hypot(x - cx, y - cy) / lot.uniform(0.4, 1.2), 0, 1)
    stops = [_colour(lot).astype(np.float32) for _ in range(int(lot.integers(2, 4)))]
    at = np.linspace(0, 1, len(stops))
    channels = [np.interp(along, at, [stop[k] for stop in stops]) for k in range(3)]
    return np.asarray(np.clip(np.stack(channels, -1), 0, 255).astype(np.uint8), np.uint8)


def texture(lot: Lot, side: int) -> Picture:
    """Clouds, stripes, dots, checks or paper grain over a gradient."""
    picture = gradient(lot, side).astype(np.float32)
    kind = int(lot.integers(5))
    other = _colour(lot).astype(np.float32)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    period = lot.uniform(0.03, 0.2) * side
    angle = lot.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    if kind == 0:
        share = clouds(lot, side)
    elif kind == 1:
        share = np.clip(np.sin(along / period * 2 * np.pi) * 4 + 0.5, 0, 1)
    elif kind == 2:
        near = np.hypot(along % period - period / 2, across % period - period / 2)
        share = np.clip(lot.uniform(0.15, 0.45) * period - near, 0, 1)
    elif kind == 3:
        share = ((along // period + across // period) % 2).astype(np.float32)
    else:
        share = lot.random((side, side)).astype(np.float32) * 0.3
    share = share[..., None] * lot.uniform(0.2, 1.0)
    return np.clip(picture * (1 - share) + other * share, 0, 255).astype(np.uint8)


def busy(lot: Lot, side: int) -> Picture:
    """Clutter: overlapping shapes with outlines, strands, leaves, letters, stars, glow; sharp or out of focus."""
    picture = (texture if lot.random() < 0.5 else gradient)(lot, side)
    for _ in range(int(lot.integers(4, 28))):
        _THINGS[int(lot.integers(len(_THINGS)))](lot, picture)
    if lot.random() < 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(lot.uniform(0.5, 4.0)) * side / 256), np.uint8)
    return picture


BACKGROUNDS: Final[Mapping[str, Callable[[Lot, int], Picture]]] = {
    "white": white,
    "flat": flat,
    "gradient": gradient,
    "texture": texture,
    "busy": busy,
}
"""What may lie behind a portrait: name -> function of lot and side that paints uint8 (side, side, 3)."""

SHARES: Final[Mapping[str, float]] = {"white": 0.15, "flat": 0.1, "gradient": 0.2, "texture": 0.2, "busy": 0.35}
"""How often training meets each."""


def clouds(lot: Lot, side: int) -> NDArray[np.float32]:
    """Smooth noise of several sizes, 0..1 (side, side)."""
    total = np.zeros((side, side), np.float32)
    for cells in (3, 6, 12, 24):
        noise = lot.random((cells, cells)).astype(np.float32)
        total += np.asarray(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC), np.float32) / cells**0.7
    return np.asarray(np.clip((total - total.min()) / max(float(np.ptp(total)), 1e-6), 0, 1), np.float32)


def _colour(lot: Lot) -> NDArray[np.uint8]:
    """One colour: pale, muted or vivid."""
    hue, kind = lot.uniform(0, 180), lot.random()
    saturation = lot.uniform(0, 60) if kind < 0.5 else lot.uniform(30, 220)
    value = lot.uniform(200, 255) if kind < 0.5 else lot.uniform(20, 255)
    pixel = np.array([[[hue, saturation, value]]], np.uint8)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0], np.uint8)


def _ink(lot: Lot) -> tuple[int, int, int]:
    red, green, blue = _colour(lot).tolist()
    return int(red), int(green), int(blue)


def _place(lot: Lot, picture: Picture) -> tuple[int, int]:
    side = len(picture)
    return int(lot.integers(-side // 8, side + side // 8)), int(lot.integers(-side // 8, side + side // 8))


def _blob(lot: Lot, picture: Picture) -> None:
    """An ellipse, outlined at times: balls, eyes of nothing, lamps, skin-coloured hands."""
    centre, size = _place(lot, picture), len(picture)
    axes = tuple(int(v) for v in lot.uniform(0.01, 0.16, 2) * size + 1)
    angle = float(lot.uniform(0, 180))
    skin = lot.random() < 0.25
    ink = (int(lot.uniform(220, 255)), int(lot.uniform(180, 225)), int(lot.uniform(150, 215))) if skin else _ink(lot)
    cv2.ellipse(picture, centre, axes, angle, 0, 360, ink, -1, cv2.LINE_AA)
    if lot.random() < 0.5:
        cv2.ellipse(picture, centre, axes, angle, 0, 360, _dark(lot), 1, cv2.LINE_AA)


def _polygon(lot: Lot, picture: Picture) -> None:
    """An irregular star or block."""
    centre, size, n = _place(lot, picture), len(picture), int(lot.integers(3, 9))
    angles = np.sort(lot.uniform(0, 2 * np.pi, n))
    reach = lot.uniform(0.02, 0.25) * size * lot.uniform(0.4, 1.0, n)
    corners = (np.stack([np.cos(angles), np.sin(angles)], 1) * reach[:, None] + centre).astype(np.int32)
    cv2.fillPoly(picture, [corners], _ink(lot), cv2.LINE_AA)
    if lot.random() < 0.5:
        cv2.polylines(picture, [corners], True, _dark(lot), int(lot.integers(1, 3)), cv2.LINE_AA)


def _strand(lot: Lot, picture: Picture) -> None:
    """A bundle of long curves, as hair, ribbons and branches are."""
    size = len(picture)
    knots = np.array(_place(lot, picture)) + np.cumsum(lot.normal(0, 0.16, (4, 2)) * size, axis=0)
    t = np.linspace(0, 1, 24)[:, None]
    path = (1 - t) ** 3 * knots[0] + 3 * t * (1 - t) ** 2 * knots[1] + 3 * t**2 * (1 - t) * knots[2] + t**3 * knots[3]
    width, ink = max(1, int(lot.uniform(0.004, 0.06) * size)), _ink(lot)
    for k in range(int(lot.integers(1, 5))):
        shifted = (path + k * lot.uniform(1, 3) * width).astype(np.int32)
        if width > 3 and lot.random() < 0.5:
            cv2.polylines(picture, [shifted], False, _dark(lot), width + 2, cv2.LINE_AA)
        cv2.polylines(picture, [shifted], False, ink, width, cv2.LINE_AA)


def _letters(lot: Lot, picture: Picture) -> None:
    """Strokes that look like writing."""
    x, y = _place(lot, picture)
    size = max(4, int(lot.uniform(0.02, 0.08) * len(picture)))
    ink, down = _dark(lot) if lot.random() < 0.7 else _ink(lot), lot.random() < 0.5
    for k in range(int(lot.integers(3, 9))):
        corner = np.array((x, y + k * size * 1.2) if down else (x + k * size * 1.2, y))
        for _ in range(int(lot.integers(2, 5))):
            a, b = (corner + lot.uniform(0, size, 2)).astype(int), (corner + lot.uniform(0, size, 2)).astype(int)
            cv2.line(picture, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), ink, max(1, size // 8), cv2.LINE_AA)


def _leaves(lot: Lot, picture: Picture) -> None:
    """Many small ellipses of one colour: leaves, petals, bubbles, snow."""
    ink, size = _ink(lot), len(picture)
    long = float(lot.uniform(0.005, 0.04)) * size + 1
    for _ in range(int(lot.integers(5, 40))):
        axes = (int(long), max(1, int(long * lot.uniform(0.3, 1.0))))
        cv2.ellipse(picture, _place(lot, picture), axes, float(lot.uniform(0, 180)), 0, 360, ink, -1, cv2.LINE_AA)


def _frame(lot: Lot, picture: Picture) -> None:
    """A block or a frame: windows, furniture, horizons."""
    a, b = _place(lot, picture), _place(lot, picture)
    cv2.rectangle(picture, a, b, _ink(lot), -1 if lot.random() < 0.6 else int(lot.integers(1, 8)), cv2.LINE_AA)


def _dark(lot: Lot) -> tuple[int, int, int]:
    red, green, blue = lot.integers(0, 90, 3).tolist()
    return int(red), int(green), int(blue)


_THINGS: Final = (_blob, _blob, _polygon, _strand, _strand, _letters, _leaves, _frame)
