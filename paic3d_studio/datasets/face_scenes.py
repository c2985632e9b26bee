"""Pictures to learn from, made while training runs: drawn faces, bent and repainted by lot, set before backgrounds.

Characters made by rules are drawn alike, illustrations are not. So eyes and mouths are enlarged and bent here, closed,
opened and painted anew in other manners, hidden by strands and hands, and the whole picture is tinted, greyed, blurred,
inked or compressed; the landmarks follow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.face_template import CONTOUR, LEFT_EYE, MOUTH, RIGHT_EYE
from paic3d_studio.datasets.drawn_faces import MIRRORED, DrawnFace
from paic3d_studio.datasets.face_painting import repainted

Lot = np.random.Generator
Points = NDArray[np.float64]

_BENT: Final = 0.8
"""Share of faces whose proportions are bent."""


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """A drawn face as it lies in a picture.

    `rgba` uint8 (s, s, 4), colours multiplied by alpha; `points` float64 (28, 2) px; `yaw` and `pitch` in degrees;
    `face` is False for the back of a head; `exact` whether the landmarks are more than a template's.
    """

    rgba: NDArray[np.uint8]
    points: Points
    yaw: float
    pitch: float
    face: bool
    exact: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """A picture uint8 (s, s, 3), its layers from the rearmost to the foremost, and what each shows of itself.

    `alphas` uint8 (n, s, s): a layer's alpha where nothing stands before it.
    """

    rgb: NDArray[np.uint8]
    layers: tuple[Layer, ...]
    alphas: NDArray[np.uint8]


def face_size(points: Points) -> float:
    """Return the size of a face that its box and cut-out are counted in, px: its width, also of a turned head."""
    contour = points[CONTOUR]
    eyes = (points[RIGHT_EYE].mean(axis=0) + points[LEFT_EYE].mean(axis=0)) / 2
    return float(max(np.hypot(*(contour[4] - contour[0])), 1.35 * np.hypot(*(contour[2] - eyes))))


def face_middle(points: Points) -> NDArray[np.float64]:
    """Return the middle of a face, (x, y) px: the mean of its landmarks."""
    return np.asarray(points.mean(axis=0), np.float64)


def premultiplied(face: DrawnFace) -> DrawnFace:
    """Return a drawing whose colours are multiplied by alpha, as layers are warped."""
    alpha = face.rgba[..., 3:].astype(np.uint16)
    colour = ((face.rgba[..., :3] * alpha + 127) // 255).astype(np.uint8)
    return dataclasses.replace(face, rgba=np.concatenate([colour, face.rgba[..., 3:]], axis=-1))


def laid(face: DrawnFace, *, matrix: NDArray[np.float64], side: int, lot: Lot | None = None) -> Layer:
    """Lay a drawing (colours multiplied by alpha) into a picture.

    Args:
        face: from `premultiplied`.
        matrix: float64 (2, 3) from pixels of the drawing to pixels of the picture; may mirror.
        side: of the picture.
        lot: bends and repaints the face by lot; None leaves it as it is drawn.
    """
    back = np.linalg.inv(np.vstack([matrix, (0, 0, 1)]))[:2]
    points = face.points.astype(np.float64)
    bends = _bends(points, face_size(points), lot) if lot is not None and lot.random() < _BENT else None
    rgba = _warped(face.rgba, back, side, bends)
    if bends is not None:
        moved = points
        for _ in range(10):  # where does the bent picture show what was at `points`?
            moved = points - _displacement(moved, bends)
        points = moved
    points = points @ matrix[:, :2].T + matrix[:, 2]
    yaw = face.yaw
    if np.linalg.det(matrix[:, :2]) < 0:
        points, yaw = points[MIRRORED], -yaw
    exact = face.name.startswith("generated")
    layer = Layer(rgba, points, yaw, face.pitch, not face.seen_from_behind, exact)
    return layer if lot is None else _dressed(layer, lot)


def _dressed(layer: Layer, lot: Lot) -> Layer:
    """Repaint features and turn colours by lot."""
    rgba, points = np.array(layer.rgba), layer.points
    if layer.face and layer.exact and abs(layer.yaw) < 50:
        points = repainted(rgba, points, yaw=layer.yaw, lot=lot)
    if lot.random() < 0.4:
        rgba = _hue_turned(rgba, lot)
    return dataclasses.replace(layer, rgba=rgba, points=points)


def composed(layers: Sequence[Layer], background: NDArray[np.uint8]) -> Scene:
    """Lay layers over a background, the last one foremost."""
    rgb: NDArray[np.uint8] = background
    alphas = np.zeros((len(layers), *background.shape[:2]), np.uint8)
    for k, layer in enumerate(layers):
        alpha = np.ascontiguousarray(layer.rgba[..., 3])
        past = 255 - alpha
        behind_it = cv2.multiply(rgb, cv2.merge([past] * 3), scale=1 / 255)
        rgb = np.asarray(cv2.add(behind_it, layer.rgba[..., :3]), np.uint8)
        for behind in range(k):
            alphas[behind] = cv2.multiply(alphas[behind], past, scale=1 / 255)
        alphas[k] = alpha
    return Scene(rgb, tuple(layers), alphas)


def similarity(
    *, middle: Points, to: Sequence[float], scale: float, turn: float = 0.0, mirror: bool = False
) -> NDArray[np.float64]:
    """Return the matrix (2, 3) that brings `middle` to `to`, scales, turns by `turn` radians; mirrors first."""
    cosine, sine = np.cos(turn) * scale, np.sin(turn) * scale
    square = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([-1.0 if mirror else 1.0, 1.0])
    return np.concatenate([square, (np.asarray(to) - square @ middle)[:, None]], axis=1)


def styled(rgb: NDArray[np.uint8], lot: Lot) -> NDArray[np.uint8]:
    """Print a picture in another manner: tinted, greyed, inked, blurred, noisy, enlarged, compressed."""
    picture = rgb
    if lot.random() < 0.6:
        picture = _toned(picture, lot)
    kind = lot.random()
    if kind < 0.07:
        picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=-1)
    elif kind < 0.12:
        picture = _inked(picture, lot)
    elif kind < 0.17:
        steps = int(lot.integers(4, 12))
        picture = (picture.astype(np.uint16) * steps // 256 * (255 // max(steps - 1, 1))).clip(0, 255).astype(np.uint8)
    if lot.random() < 0.2:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(lot.uniform(0.3, 1.3))), np.uint8)
    if lot.random() < 0.2:
        side, small = len(picture), max(24, int(len(picture) * lot.uniform(0.35, 0.9)))
        picture = np.asarray(cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA), np.uint8)
        way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[int(lot.integers(3))]
        picture = np.asarray(cv2.resize(picture, (side, side), interpolation=way), np.uint8)
    if lot.random() < 0.15:
        noise = lot.normal(0, lot.uniform(2, 10), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if lot.random() < 0.3:
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(lot.integers(25, 92))])
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return picture


@dataclasses.dataclass(frozen=True, eq=False)
class _Bends:
    """Soft bumps: `centre` (n, 2) and `reach` (n,) in px, and by how much each magnifies and moves, (n, 2)."""

    centre: NDArray[np.float32]
    reach: NDArray[np.float32]
    magnified: NDArray[np.float32]
    moved: NDArray[np.float32]


def _bends(points: Points, size: float, lot: Lot) -> _Bends:
    """Draw larger or smaller eyes and mouth, a shorter or longer face, and two bumps anywhere."""
    right, left = points[RIGHT_EYE].mean(axis=0), points[LEFT_EYE].mean(axis=0)
    mouth, chin, eyes = points[MOUTH].mean(axis=0), points[CONTOUR][2], (right + left) / 2
    grown = np.clip(lot.normal(0.12, 0.16, 2), -0.25, 0.42)
    grown[1] = np.clip(grown[0] + lot.normal(0.0, 0.08), -0.25, 0.42)
    still, reach = np.zeros(2), size * lot.uniform(0.28, 0.42)
    rows = [(right, reach, grown, still), (left, reach, grown, still)]
    rows.append((mouth, size * 0.3, np.clip(lot.normal(0.0, 0.2, 2), -0.4, 0.42), still))
    rows.append((mouth, size * 0.45, still, np.array((0.0, lot.normal(0, 0.035))) * size))
    rows.append((chin, size * 0.6, still, np.array((0.0, lot.normal(0.02, 0.05))) * size))
    rows.append((eyes, size * 0.8, still, np.array((0.0, lot.normal(0, 0.04))) * size))
    for _ in range(2):
        centre = eyes + lot.normal(0, 0.5, 2) * size
        rows.append((centre, size * lot.uniform(0.5, 1.0), still, lot.normal(0, 0.03, 2) * size))
    columns = (np.array(column, np.float32) for column in zip(*rows, strict=True))
    return _Bends(*columns)


def _displacement(at: NDArray[np.floating], bends: _Bends) -> NDArray[np.float32]:
    """Return source minus place for places (n, 2) of a bent picture, in pixels of the drawing."""
    away = at.astype(np.float32)[:, None] - bends.centre  # (n, bends, 2)
    near = np.maximum(1 - (away**2).sum(axis=-1) / bends.reach**2, 0) ** 2
    moved = away * bends.magnified + bends.moved
    return np.asarray(-(near[..., None] * moved).sum(axis=1), np.float32)


def _warped(rgba: NDArray[np.uint8], back: NDArray[np.float64], side: int, bends: _Bends | None) -> NDArray[np.uint8]:
    """Return a drawing in the picture's pixels; `back` (2, 3) leads from those to the drawing's."""
    step = 4
    centres = (np.arange(side // step) + 0.5) * step
    full = np.arange(side) + 0.5
    maps = [(back[k, 0] * full[None, :] + back[k, 1] * full[:, None] + back[k, 2]).astype(np.float32) for k in (0, 1)]
    if bends is not None:
        y, x = np.meshgrid(centres, centres, indexing="ij")
        places = np.stack([x.ravel(), y.ravel()], axis=1) @ back[:, :2].T + back[:, 2]
        coarse = _displacement(places, bends).reshape(len(centres), len(centres), 2)
        fine = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
        maps = [maps[k] + fine[..., k] for k in (0, 1)]
    half = np.float32(0.5)
    warped = cv2.remap(rgba, maps[0] - half, maps[1] - half, cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))
    return np.asarray(warped, np.uint8)


def _hue_turned(rgba: NDArray[np.uint8], lot: Lot) -> NDArray[np.uint8]:
    """Turn all hues of a layer about the grey axis, and pull colours together or apart."""
    angle, gain = lot.uniform(-0.35, 0.35) if lot.random() < 0.85 else lot.uniform(-np.pi, np.pi), lot.uniform(0.6, 1.2)
    axis = np.full(3, 3**-0.5)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    grey = np.outer(axis, axis)
    turn = (np.eye(3) * np.cos(angle) + np.sin(angle) * cross + (1 - np.cos(angle)) * grey) @ (
        grey + gain * (np.eye(3) - grey)
    )
    turned = cv2.transform(np.ascontiguousarray(rgba[..., :3]), turn.astype(np.float32))
    turned = np.minimum(turned, rgba[..., 3:])  # colours are multiplied by alpha
    return np.concatenate([turned, rgba[..., 3:]], axis=-1)


def _toned(rgb: NDArray[np.uint8], lot: Lot) -> NDArray[np.uint8]:
    """Change brightness curve and colour balance."""
    levels = np.linspace(0, 1, 256)[:, None]
    gamma, gain = np.exp(lot.normal(0, 0.25)), np.exp(lot.normal(0, 0.1, 3))
    low = lot.uniform(0, 0.25, 3) if lot.random() < 0.25 else np.zeros(3)
    table = np.clip((low + (1 - low) * levels**gamma) * gain, 0, 1)
    return np.asarray(cv2.LUT(rgb, np.rint(table * 255).astype(np.uint8)[None]), np.uint8)


def _inked(rgb: NDArray[np.uint8], lot: Lot) -> NDArray[np.uint8]:
    """Leave the lines only, on paper, with a wash of the colours at times: a sketch."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    narrow, wide = cv2.GaussianBlur(grey, (0, 0), 0.6), cv2.GaussianBlur(grey, (0, 0), float(lot.uniform(1.2, 2.5)))
    ink = np.clip((wide - narrow) * lot.uniform(5, 12), 0, 1)[..., None]
    wash = lot.uniform(0, 0.6)
    paper = 255 * (1 - wash) + wash * rgb.astype(np.float32)
    drawn = np.clip(paper * (1 - ink) + ink * lot.uniform(0, 90, 3), 0, 255)
    return np.asarray(drawn.astype(np.uint8), np.uint8)


def fitting(face: DrawnFace, *, size: float, to: Sequence[float], turn: float, mirror: bool) -> NDArray[np.float64]:
    """Return the matrix that lays a drawing so that its face has a size in px and its middle lies at `to`."""
    points = face.points.astype(np.float64)
    return similarity(middle=face_middle(points), to=to, scale=size / face_size(points), turn=turn, mirror=mirror)
