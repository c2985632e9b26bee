"""Paint features of a drawn face anew, in place: eyes, closed eyes, mouths, strands, hands; the landmarks follow."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.face_template import CONTOUR, LEFT_EYE, MOUTH, NOSE, RIGHT_EYE

Lot = np.random.Generator
Points = NDArray[np.float64]
Ink = tuple[int, int, int, int]

_SHIFT: Final = 4  # fractional bits of OpenCV's coordinates


def repainted(rgba: NDArray[np.uint8], points: Points, *, yaw: float, lot: Lot) -> Points:
    """Repaint a face by lot, in place, and return its landmarks.

    Args:
        rgba: uint8 (s, s, 4), colours multiplied by alpha.
        points: float64 (28, 2) px, pixel centres at +0.5.
        yaw: degrees, how far the camera stands to the character's left.
        lot: what is painted.
    """
    skin = _skin(rgba, points)
    if skin is None:
        return points
    points = points.copy()
    frame = _Frame(points, yaw)
    chance = lot.random()
    if chance < 0.08:
        _close_eyes(rgba, points, frame, skin, lot, only=None)
    elif chance < 0.11:
        _close_eyes(rgba, points, frame, skin, lot, only=int(lot.integers(2)))
    elif chance < 0.36:
        _paint_eyes(rgba, points, frame, skin, lot)
    if lot.random() < 0.35:
        _paint_mouth(rgba, points, frame, skin, lot)
    if lot.random() < 0.25:
        _paint_nose(rgba, points, frame, skin, lot)
    if lot.random() < 0.2:
        _strand(rgba, frame, lot)
    if lot.random() < 0.1:
        _hand(rgba, points, frame, skin, lot)
    return points


class _Frame:
    """The face's own axes: unit vectors `right` (towards the picture's right) and `down`, and its `size` in px."""

    def __init__(self, points: Points, yaw: float) -> None:
        right_eye, left_eye = points[RIGHT_EYE].mean(axis=0), points[LEFT_EYE].mean(axis=0)
        self.eyes = (right_eye + left_eye) / 2
        along = left_eye - right_eye
        self.right = along / max(float(np.hypot(*along)), 1e-6)
        self.down = np.array((-self.right[1], self.right[0]))
        drop = points[CONTOUR][2] - self.eyes
        self.size = float(np.hypot(*drop)) * 1.45
        self.narrow = max(float(np.cos(np.radians(yaw))), 0.4)

    def at(self, origin: Points, x: float, y: float) -> Points:
        """Return the place x to the right of and y below an origin, in px."""
        return np.asarray(origin + x * self.right + y * self.down)

    def path(self, origin: Points, xy: Points) -> NDArray[np.int32]:
        """Return a path given in the face's axes in OpenCV's fixed-point pixels."""
        places = origin + xy[:, :1] * self.right + xy[:, 1:] * self.down
        return np.asarray(np.round((places - 0.5) * 2**_SHIFT), np.int32)


def _skin(rgba: NDArray[np.uint8], points: Points) -> tuple[int, int, int] | None:
    """Return the skin's colour round the nose and on the cheeks; None where the face is out of sight."""
    places = [
        points[NOSE] * 0.5 + points[MOUTH].mean(axis=0) * 0.5,
        points[RIGHT_EYE].mean(axis=0) * 0.5 + points[24] * 0.5,
        points[LEFT_EYE].mean(axis=0) * 0.5 + points[26] * 0.5,
    ]
    h, w = rgba.shape[:2]
    seen = [rgba[int(y), int(x)] for x, y in places if 0 <= x < w and 0 <= y < h]
    seen = [pixel for pixel in seen if pixel[3] > 250]
    if not seen:
        return None
    red, green, blue = np.median(np.array(seen)[:, :3], axis=0).tolist()
    return int(red), int(green), int(blue)


def _fill(rgba: NDArray[np.uint8], path: NDArray[np.int32], ink: tuple[int, int, int]) -> None:
    cv2.fillPoly(rgba, [path], (*ink, 255), cv2.LINE_AA, _SHIFT)


def _line(rgba: NDArray[np.uint8], path: NDArray[np.int32], ink: tuple[int, int, int], width: float) -> None:
    cv2.polylines(rgba, [path], False, (*ink, 255), max(1, round(width)), cv2.LINE_AA, _SHIFT)


def _ellipse(rx: float, ry: float, *, power: float = 2.0, n: int = 40) -> Points:
    """Return a superellipse about the origin, (n, 2)."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    return np.stack([rx * np.sign(c) * np.abs(c) ** (2 / power), ry * np.sign(s) * np.abs(s) ** (2 / power)], axis=1)


def _window(rgba: NDArray[np.uint8], path: NDArray[np.int32]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return a view of what a path encloses, with a rim, and the path in its pixels."""
    h, w = rgba.shape[:2]
    left, top = (int(v) for v in np.clip((path.min(axis=0) >> _SHIFT) - 4, 0, (w - 1, h - 1)))
    right, bottom = (int(v) for v in np.clip((path.max(axis=0) >> _SHIFT) + 5, (left + 1, top + 1), (w, h)))
    return rgba[top:bottom, left:right], (path - np.array((left, top)) * 2**_SHIFT).astype(np.int32)


def _cover(rgba: NDArray[np.uint8], path: NDArray[np.int32], skin: tuple[int, int, int]) -> None:
    """Cover something with skin that fades out at its rim; only where the character is."""
    view, path = _window(rgba, path)
    mask = np.zeros(view.shape[:2], np.uint8)
    cv2.fillPoly(mask, [path], 255, cv2.LINE_AA, _SHIFT)
    soft = cv2.GaussianBlur(mask, (0, 0), 0.8).astype(np.float32) / 255 * (view[..., 3] / np.float32(255))
    soft = soft[..., None]
    view[..., :3] = np.rint(view[..., :3] * (1 - soft) + np.array(skin, np.float32) * soft).astype(np.uint8)


def _rgb(values: NDArray[np.floating]) -> tuple[int, int, int]:
    red, green, blue = (int(v) for v in values)
    return red, green, blue


def _dark(lot: Lot) -> tuple[int, int, int]:
    base = int(lot.integers(5, 70))
    return base + int(lot.integers(0, 40)), base, base + int(lot.integers(0, 25))


def _eyes_of(points: Points, frame: _Frame) -> list[tuple[slice, Points, float, float]]:
    """Return each eye's landmarks, middle, width and height in px."""
    eyes = []
    for which in (RIGHT_EYE, LEFT_EYE):
        eye = points[which]
        across, drop = eye @ frame.right, eye @ frame.down
        eyes.append((which, eye.mean(axis=0), float(np.ptp(across)), float(np.ptp(drop))))
    return eyes


def _cover_eye(
    rgba: NDArray[np.uint8], frame: _Frame, middle: Points, width: float, height: float, skin: tuple[int, int, int]
) -> None:
    path = frame.path(frame.at(middle, 0, -0.12 * height), _ellipse(0.72 * width, 0.85 * height + 0.02 * frame.size))
    _cover(rgba, path, skin)


def _close_eyes(
    rgba: NDArray[np.uint8],
    points: Points,
    frame: _Frame,
    skin: tuple[int, int, int],
    lot: Lot,
    *,
    only: int | None,
) -> None:
    """Draw one or both eyes shut, as an arc up (laughing), an arc down (asleep) or a bent stroke."""
    arch = float(lot.choice([-1.0, -1.0, 1.0])) * lot.uniform(0.12, 0.4)
    ink, thick = _dark(lot), frame.size * lot.uniform(0.012, 0.035)
    grow, lower = lot.uniform(0.9, 1.35), lot.uniform(-0.05, 0.3)
    for k, (which, middle, width, height) in enumerate(_eyes_of(points, frame)):
        if only is not None and k != only:
            continue
        _cover_eye(rgba, frame, middle, width, height, skin)
        half = 0.5 * width * grow
        x = np.linspace(-1, 1, 17)
        y = arch * (1 - np.abs(x) ** lot.uniform(1.5, 2.5)) * 2 * half - arch * half + lower * height
        path = np.stack([x * half, y], axis=1)
        _line(rgba, frame.path(middle, path), ink, thick)
        for j, at in enumerate((0, 8, 16, 3, 8, 13)):
            points[which.start + j] = frame.at(middle, *path[at])
        below = points[which.start + 3 : which.stop]
        below += frame.down * thick * 0.5


def _paint_eyes(rgba: NDArray[np.uint8], points: Points, frame: _Frame, skin: tuple[int, int, int], lot: Lot) -> None:
    """Draw both eyes anew: a lash line, a white, a tall iris with shade, pupil and lights."""
    ink = _dark(lot)
    iris = _rgb(lot.uniform(20, 235, 3))
    shade = _rgb(np.array(iris) * lot.uniform(0.2, 0.7, 3))
    tall, wide = lot.uniform(0.75, 1.25), lot.uniform(0.85, 1.12)
    squint, tilt = lot.uniform(0.35, 1.0), lot.normal(0, 0.08)
    thick = frame.size * lot.uniform(0.012, 0.045)
    fill, look = lot.uniform(0.42, 0.72), lot.normal(0, 0.08, 2)
    outline, lights = lot.random() < 0.6, lot.random() < 0.85
    for k, (which, middle, width, height) in enumerate(_eyes_of(points, frame)):
        sign = -1.0 if k == 0 else 1.0  # the outer corner's side
        _cover_eye(rgba, frame, middle, width, height, skin)
        half = 0.5 * width * wide
        deep = float(np.clip(height * tall, 0.5 * width * frame.narrow, 1.5 * width / frame.narrow))
        up, low = 0.55 * deep * squint, 0.45 * deep
        x = np.linspace(-1, 1, 21)
        slope = tilt * sign * x * half
        upper = np.stack([x * half, -up * (1 - np.abs(x) ** 2.6) + slope], axis=1)
        lower = np.stack([x * half, low * (1 - np.abs(x) ** 2.2) + slope], axis=1)
        opening = frame.path(middle, np.concatenate([upper, lower[::-1]]))
        view, inside = _window(rgba, opening)
        offset = ((opening[0] - inside[0]) >> _SHIFT).astype(float)
        mask = np.zeros(view.shape[:2], np.uint8)
        cv2.fillPoly(mask, [inside], 255, cv2.LINE_AA, _SHIFT)
        paint = view.copy()
        _fill(paint, inside, (250, 250, 252) if lot.random() < 0.8 else skin)
        centre = frame.at(middle, look[0] * width, look[1] * height * 0.5) - offset
        rx, ry = fill * half, 0.52 * deep
        _fill(paint, frame.path(centre, _ellipse(rx, ry)), shade)
        _fill(paint, frame.path(frame.at(centre, 0, 0.25 * ry), _ellipse(0.85 * rx, 0.72 * ry)), iris)
        _fill(paint, frame.path(centre, _ellipse(0.4 * rx, 0.45 * ry)), _dark(lot))
        if lights:
            _fill(paint, frame.path(frame.at(centre, 0.3 * rx, -0.45 * ry), _ellipse(0.3 * rx, 0.25 * ry)), (255,) * 3)
        share = (mask.astype(np.float32) / 255)[..., None]
        view[:] = np.rint(view * (1 - share) + paint * share).astype(np.uint8)
        _line(rgba, frame.path(middle, upper), ink, thick)
        if outline:
            _line(rgba, frame.path(middle, lower[4:-4]), ink, 0.35 * thick)
        places = [upper[0], upper[10], upper[20], lower[5], lower[10], lower[15]]
        for j, place in enumerate(places):
            points[which.start + j] = frame.at(middle, *place)


def _paint_mouth(rgba: NDArray[np.uint8], points: Points, frame: _Frame, skin: tuple[int, int, int], lot: Lot) -> None:
    """Draw the mouth anew: a line, a laugh, a shout, a grin with teeth, a small round one."""
    middle = points[MOUTH].mean(axis=0) + frame.down * lot.normal(0, 0.015) * frame.size
    old = float(np.ptp(points[MOUTH] @ frame.right))
    _cover(rgba, frame.path(middle, _ellipse(0.75 * old, 0.07 * frame.size)), skin)
    kind = int(lot.integers(5))
    half = frame.size * frame.narrow * (lot.uniform(0.04, 0.17) if kind else lot.uniform(0.05, 0.13))
    x = np.linspace(-1, 1, 21)
    ink, thick = _dark(lot), max(frame.size * lot.uniform(0.008, 0.02), 0.8)
    smile = lot.uniform(-0.1, 0.35) * half
    upper = np.stack([x * half, smile * (1 - x**2) - 0.5 * smile], axis=1)
    if kind in (0, 4):
        lower = upper + np.array((0.0, 0.5 * thick))
    else:
        deep = half * {1: lot.uniform(0.6, 1.4), 2: lot.uniform(0.9, 1.8), 3: lot.uniform(0.4, 0.9)}[kind]
        sharp = lot.uniform(1.2, 3.0)
        lower = upper + np.stack([0 * x, deep * (1 - np.abs(x) ** sharp)], axis=1)
        inside = (255, 250, 250) if kind == 3 else _rgb(lot.uniform((110, 20, 30), (235, 130, 130)))
        outline = frame.path(middle, np.concatenate([upper, lower[::-1]]))
        _fill(rgba, outline, inside)
        if kind == 1 and lot.random() < 0.6:
            tongue = frame.at(middle, 0, smile * 0.5 + 0.75 * deep)
            _fill(rgba, frame.path(tongue, _ellipse(0.45 * half, 0.2 * deep)), (240, 140, 140))
        if lot.random() < 0.6:
            _line(rgba, frame.path(middle, lower), ink, thick)
    _line(rgba, frame.path(middle, upper), ink, thick)
    for j, place in enumerate((upper[0], upper[10], upper[20], lower[10])):
        points[MOUTH.start + j] = frame.at(middle, *place)


def _paint_nose(rgba: NDArray[np.uint8], points: Points, frame: _Frame, skin: tuple[int, int, int], lot: Lot) -> None:
    """Take the nose away, or draw it as a dot or a stroke."""
    nose = points[NOSE].copy()
    _cover(rgba, frame.path(nose, _ellipse(0.06 * frame.size, 0.07 * frame.size)), skin)
    if lot.random() < 0.7:
        tone = _rgb(np.array(skin) * lot.uniform(0.5, 0.85, 3))
        size = frame.size * lot.uniform(0.01, 0.05)
        path = np.array([(0.0, -size), (lot.normal(0, 0.4) * size, 0.0), (lot.normal(0, 0.3) * size, 0.3 * size)])
        _line(rgba, frame.path(nose, path), tone, frame.size * lot.uniform(0.008, 0.018))


def _strand(rgba: NDArray[np.uint8], frame: _Frame, lot: Lot) -> None:
    """Let a strand of hair fall over the face: of the colour of the hair above it."""
    h, w = rgba.shape[:2]
    top = frame.at(frame.eyes, lot.uniform(-0.5, 0.5) * frame.size, -lot.uniform(0.45, 0.7) * frame.size)
    x, y = int(np.clip(top[0], 0, w - 1)), int(np.clip(top[1], 0, h - 1))
    colour = rgba[y, x]
    if colour[3] < 250:
        return
    red, green, blue = (int(v) for v in colour[:3])
    length, sway = lot.uniform(0.4, 1.1) * frame.size, lot.normal(0, 0.12) * frame.size
    width = lot.uniform(0.02, 0.1) * frame.size
    t = np.linspace(0, 1, 15)
    spine = np.stack([sway * t**2, length * t], axis=1)
    half = width * 0.5 * (1 - t**1.5)
    outline = np.concatenate([spine + np.stack([half, 0 * t], 1), (spine - np.stack([half, 0 * t], 1))[::-1]])
    inside = rgba[..., 3].copy()
    _fill(rgba, frame.path(top, outline), (red, green, blue))
    if lot.random() < 0.7:
        edge = np.concatenate([outline, outline[:1]])
        _line(rgba, frame.path(top, edge), _rgb(0.45 * colour[:3]), 1)
    np.maximum(rgba[..., 3], inside, out=rgba[..., 3])


def _hand(rgba: NDArray[np.uint8], points: Points, frame: _Frame, skin: tuple[int, int, int], lot: Lot) -> None:
    """Hold a hand before the chin, the cheek or the mouth: a palm, four fingers, an arm."""
    spot = points[MOUTH].mean(axis=0) if lot.random() < 0.4 else points[CONTOUR][int(lot.integers(1, 4))]
    wrist = frame.at(spot, lot.normal(0, 0.25) * frame.size, lot.uniform(0.25, 0.6) * frame.size)
    ink, bone = _dark(lot), 0.07 * frame.size * lot.uniform(0.8, 1.4)
    elbow = wrist + frame.down * frame.size * 0.8 + frame.right * lot.normal(0, 0.5) * frame.size
    for width, tone in ((3.4 * bone + 2, ink), (3.4 * bone, skin)):
        _limb(rgba, wrist, elbow, tone, width)
    knuckles = wrist + (spot - wrist) * 0.5
    for finger in range(4):
        side = frame.right * (finger - 1.5) * bone * 1.1
        tip = spot + side + lot.normal(0, 0.04, 2) * frame.size
        for width, tone in ((bone + 2, ink), (bone, skin)):
            _limb(rgba, knuckles + side, tip, tone, width)


def _limb(rgba: NDArray[np.uint8], a: Points, b: Points, ink: tuple[int, int, int], width: float) -> None:
    """Draw one thick stroke with round ends."""
    ends = [tuple(int(v) for v in np.round((end - 0.5) * 2**_SHIFT)) for end in (a, b)]
    cv2.line(rgba, ends[0], ends[1], (*ink, 255), max(1, round(width)), cv2.LINE_AA, _SHIFT)
