"""Samples for the three small networks: scenes with faces, cut-outs of one face, portraits with alpha."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.face_template import LEFT_EYE, RIGHT_EYE
from paic3d_studio.datasets.backgrounds import BACKGROUNDS, SHARES
from paic3d_studio.datasets.drawn_faces import DrawnFace
from paic3d_studio.datasets.face_scenes import (
    Layer,
    Lot,
    Scene,
    composed,
    face_middle,
    face_size,
    fitting,
    laid,
    styled,
)

BANK_SIDE: Final = 320
"""Side of the stored backgrounds, of which samples cut a part, in pixels."""

SHOWN_FROM: Final = 0.55
"""A face of which less than this share is in sight is no face to be found."""

_TURN_LIMIT: Final = 70.0  # degrees beyond which a landmark sample asks too much


@dataclasses.dataclass(frozen=True, eq=False)
class FaceBank:
    """What samples are made of: drawings (colours multiplied by alpha), of faces and from behind, and backgrounds."""

    faces: tuple[DrawnFace, ...]
    backs: tuple[DrawnFace, ...]
    backgrounds: NDArray[np.uint8]

    @classmethod
    def of(cls, drawings: Sequence[DrawnFace], *, backgrounds: int = 320, seed: int = 0) -> FaceBank:
        """Sort drawings, and paint backgrounds of all kinds by lot."""
        lot = np.random.default_rng((seed, 77))
        kinds = lot.choice(list(SHARES), size=backgrounds, p=list(SHARES.values()))
        painted = np.stack([BACKGROUNDS[str(kind)](lot, BANK_SIDE) for kind in kinds])
        faces = tuple(d for d in drawings if not d.seen_from_behind)
        return cls(faces, tuple(d for d in drawings if d.seen_from_behind), painted)

    def background(self, lot: Lot, side: int) -> NDArray[np.uint8]:
        """Cut a part out of a background."""
        picture = self.backgrounds[int(lot.integers(len(self.backgrounds)))]
        cut = int(lot.integers(BANK_SIDE // 3, BANK_SIDE + 1))
        y, x = (int(v) for v in lot.integers(0, BANK_SIDE - cut + 1, 2))
        part = picture[y : y + cut, x : x + cut]
        part = cv2.resize(part, (side, side), interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(part[:, ::-1] if lot.random() < 0.5 else part, np.uint8)


@dataclasses.dataclass(frozen=True, eq=False)
class CropSample:
    """A cut-out: `rgb` uint8 (s, s, 3); `face` whether it shows one where it should; `points` float32 (28, 2) as shares
    of the side; `exact` whether they are to be learned; `turn` (yaw, pitch) in radians."""

    rgb: NDArray[np.uint8]
    face: bool
    exact: bool
    points: NDArray[np.float32]
    turn: tuple[float, float]


@dataclasses.dataclass(frozen=True, eq=False)
class SceneSample:
    """A picture: `rgb` uint8 (s, s, 3) and its `faces` float32 (n, 3): middle x, y and size in px."""

    rgb: NDArray[np.uint8]
    faces: NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class MatteSample:
    """A portrait: `rgb` uint8 (s, s, 3), `alpha` uint8 (s, s), `box` round the face: left, top, side in px."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    box: tuple[float, float, float]


def crop_sample(bank: FaceBank, lot: Lot, *, side: int, reach: float) -> CropSample:
    """Cut out a face as the face finder would, with its errors; at times there is none.

    Args:
        bank: drawings and backgrounds.
        lot: every choice.
        side: of the cut-out in pixels.
        reach: the cut-out's side in sizes of the face.
    """
    background = bank.background(lot, side)
    size, centre = side / reach, np.full(2, side / 2)
    layers: list[Layer] = []
    if lot.random() < 0.15:
        away = lot.uniform(0.9, 1.6) * size * _direction(lot)
        layers.append(_layer(bank, lot, side=side, size=size * lot.uniform(0.6, 1.3), to=centre + away))
    kind = lot.random()
    if kind < 0.84:
        face = _pick(bank.faces, lot)
        while abs(face.yaw) > _TURN_LIMIT:
            face = _pick(bank.faces, lot)
        roll = lot.uniform(-0.7, 0.7) if lot.random() < 0.15 else lot.normal(0, 0.15)
        to = centre + lot.normal(0, 0.07, 2) * size
        scaled = size * float(np.exp(lot.normal(0, 0.13)))
        layer = _layer(bank, lot, side=side, size=scaled, to=to, face=face, roll=roll)
        scene = composed([*layers, layer], background)
        turn = (float(np.radians(layer.yaw)), float(np.radians(layer.pitch)))
        points = (layer.points / side).astype(np.float32)
        return CropSample(styled(scene.rgb, lot), True, layer.exact, points, turn)
    if kind < 0.93:
        layers.append(_decoy(bank, lot, side=side, size=size, centre=centre))
    rgb = styled(composed(layers, background).rgb, lot)
    return CropSample(rgb, False, False, np.full((28, 2), 0.5, np.float32), (0.0, 0.0))


def scene_sample(bank: FaceBank, lot: Lot, *, side: int) -> SceneSample:
    """Set none to three drawings, small to large, before a background."""
    background = bank.background(lot, side)
    count = int(lot.choice(4, p=(0.12, 0.63, 0.18, 0.07)))
    sizes = np.sort(np.exp(lot.uniform(np.log(0.055), np.log(0.62), count))) * side
    layers = []
    for size in sizes.tolist():
        edge = min(0.4 * size, 0.45 * side)
        layers.append(_layer(bank, lot, side=side, size=size, to=lot.uniform(edge, side - edge, 2)))
    if lot.random() < 0.15 and bank.backs:
        back = _pick(bank.backs, lot)
        layers.append(
            _layer(bank, lot, side=side, size=lot.uniform(0.06, 0.4) * side, to=lot.uniform(0, side, 2), face=back)
        )
    scene = composed(layers, background)
    faces = [
        (*face_middle(layer.points), face_size(layer.points))
        for layer, alpha in zip(scene.layers, scene.alphas, strict=True)
        if layer.face and _share_shown(layer, alpha) > SHOWN_FROM
    ]
    return SceneSample(styled(scene.rgb, lot), np.array(faces, np.float32).reshape(-1, 3))


def matte_sample(bank: FaceBank, lot: Lot, *, side: int, background: NDArray[np.uint8] | None = None) -> MatteSample:
    """Set a portrait before a background, at times with a second character beside or behind it.

    Args:
        bank: drawings and backgrounds.
        lot: every choice.
        side: of the picture in pixels.
        background: uint8 (side, side, 3); by lot when None.
    """
    if background is None:
        background = bank.background(lot, side)
    size = side * float(np.exp(lot.uniform(np.log(0.13), np.log(0.55))))
    to = np.array((lot.normal(0.5, 0.09) * side, np.clip(lot.normal(0.42, 0.08), 0.2, 0.7) * side))
    scene, index = _people(bank, lot, side=side, size=size, to=to, background=background)
    alpha = scene.alphas[index]
    layer = scene.layers[index]
    eyes = (layer.points[RIGHT_EYE].mean(axis=0) + layer.points[LEFT_EYE].mean(axis=0)) / 2
    box_side = face_size(layer.points) * float(np.exp(lot.normal(0, 0.07)))
    corner = eyes - (0.5 * box_side, 0.42 * box_side) + lot.normal(0, 0.03, 2) * box_side
    rgb = styled(scene.rgb, lot) if lot.random() < 0.8 else scene.rgb
    return MatteSample(rgb, alpha, (float(corner[0]), float(corner[1]), box_side))


def _people(
    bank: FaceBank, lot: Lot, *, side: int, size: float, to: NDArray[np.float64], background: NDArray[np.uint8]
) -> tuple[Scene, int]:
    """Set the portrait's character, and at times a second one, before a background; say which layer is meant."""
    face = _pick(bank.faces, lot)
    roll = lot.normal(0, 0.1)
    matrix = fitting(face, size=size, to=to.tolist(), turn=roll, mirror=bool(lot.random() < 0.5))
    foot = float((matrix[:, :2] @ (face.rgba.shape[1] / 2, face.rgba.shape[0]) + matrix[:, 2])[1])
    if foot < side and lot.random() < 0.75:  # most portraits reach the lower edge
        matrix[1, 2] += side - foot + 2
    main = laid(face, matrix=matrix, side=side, lot=lot)
    layers = [main]
    if lot.random() < 0.18:
        beside = to + np.array((lot.choice((-1.0, 1.0)) * lot.uniform(1.0, 2.2), lot.normal(0, 0.3))) * size
        other = _layer(bank, lot, side=side, size=size * lot.uniform(0.5, 1.1), to=beside)
        layers = [other, main] if lot.random() < 0.7 else [main, other]
    if foot < side and lot.random() < 0.6:
        layers.insert(layers.index(main), _figure(main, lot))
    scene = composed(layers, background)
    index = layers.index(main)
    if index and layers[index - 1].rgba is not main.rgba and layers[index - 1].points is main.points:
        merged = cv2.add(scene.alphas[index], scene.alphas[index - 1])  # a figure under its bust
        scene.alphas[index] = merged
    return scene, index


def _figure(layer: Layer, lot: Lot) -> Layer:
    """Paint a plain lower body under a bust that ends inside the picture: a block of cloth, legs."""
    side = len(layer.rgba)
    rgba = np.zeros_like(layer.rgba)
    last = np.nonzero(layer.rgba[..., 3].max(axis=1) > 128)[0]
    if not len(last):
        return dataclasses.replace(layer, rgba=rgba)
    row = int(last.max())
    columns = np.nonzero(layer.rgba[max(row - 2, 0), :, 3] > 128)[0]
    left, right = (float(columns.min()), float(columns.max())) if len(columns) else (0.4 * side, 0.6 * side)
    width = right - left
    ink = tuple(int(v) for v in lot.integers(0, 256, 3))
    hem = row + lot.uniform(0.2, 0.9) * width
    flare = lot.uniform(-0.15, 0.3) * width
    inner = lot.uniform(0.0, 0.25) * width
    skirt = [
        (left + inner, row - 3),
        (right - inner, row - 3),
        (right - inner + flare, hem),
        (left + inner - flare, hem),
    ]
    legs = tuple(int(v) for v in lot.uniform((180, 140, 120), (255, 230, 215)))
    for at in (0.38, 0.62):
        x = int(left + at * width)
        cv2.line(rgba, (x, int(hem) - 2), (x, side + 9), (*legs, 255), max(2, int(0.13 * width)), cv2.LINE_AA)
    cv2.fillPoly(rgba, [np.array(skirt, np.int32)], (*ink, 255), cv2.LINE_AA)
    if lot.random() < 0.7:
        cv2.polylines(rgba, [np.array(skirt, np.int32)], True, (30, 20, 20, 255), 1, cv2.LINE_AA)
    return dataclasses.replace(layer, rgba=rgba)


def _pick(drawings: Sequence[DrawnFace], lot: Lot) -> DrawnFace:
    return drawings[int(lot.integers(len(drawings)))]


def _direction(lot: Lot) -> NDArray[np.float64]:
    angle = lot.uniform(0, 2 * np.pi)
    return np.array((np.cos(angle), np.sin(angle)))


def _layer(
    bank: FaceBank,
    lot: Lot,
    *,
    side: int,
    size: float,
    to: NDArray[np.float64],
    face: DrawnFace | None = None,
    roll: float | None = None,
) -> Layer:
    """Lay some drawing so that its face has a size and a place."""
    face = face or _pick(bank.faces, lot)
    turn = float(lot.normal(0, 0.18)) if roll is None else roll
    matrix = fitting(face, size=size, to=to.tolist(), turn=turn, mirror=bool(lot.random() < 0.5))
    return laid(face, matrix=matrix, side=side, lot=lot)


def _decoy(bank: FaceBank, lot: Lot, *, side: int, size: float, centre: NDArray[np.float64]) -> Layer:
    """Lay a drawing so that the cut-out shows no face where it should: its back, clothes, hair, far too large."""
    kind = lot.random()
    if kind < 0.35 and bank.backs:
        return _layer(bank, lot, side=side, size=size * lot.uniform(0.6, 1.4), to=centre, face=_pick(bank.backs, lot))
    if kind < 0.85:
        away = size * lot.uniform(0.75, 2.2) * np.array((lot.normal(0, 0.4), lot.choice((-1.0, 1.0))))
        if np.hypot(*away) < 0.7 * size:
            away *= 0.7 * size / max(float(np.hypot(*away)), 1e-6)
        return _layer(bank, lot, side=side, size=size * lot.uniform(0.7, 1.4), to=centre + away)
    factor = lot.uniform(2.2, 3.5) if lot.random() < 0.6 else lot.uniform(0.15, 0.3)
    return _layer(bank, lot, side=side, size=size * factor, to=centre + lot.normal(0, 0.4, 2) * size)


def _share_shown(layer: Layer, alpha: NDArray[np.uint8]) -> float:
    """Return the share of a face's landmarks that are in the picture with nothing before them."""
    side = len(alpha)
    places = np.floor(layer.points).astype(int)
    inside = ((places >= 0) & (places < side)).all(axis=1)
    if not inside.any():
        return 0.0
    x, y = places[inside].T
    return float((alpha[y, x] > 127).sum()) / len(places)
