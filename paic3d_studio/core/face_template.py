"""Between the parts of a face (boxes, two points) and the 28 landmarks of the specification, section 1.1.

Detectors for illustrations find boxes; alignment and hulls want 28 points. The template below was measured on varied
illustrations: where the 28 points lie, counted from each part's centre in the part's own size.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

CONTOUR: Final = slice(0, 5)
RIGHT_LASH: Final = slice(5, 8)
LEFT_LASH: Final = slice(8, 11)
RIGHT_EYE: Final = slice(11, 17)
LEFT_EYE: Final = slice(17, 23)
NOSE: Final = 23
MOUTH: Final = slice(24, 28)

FACE_PARTS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "right_eye": (*range(5, 8), *range(11, 17)),
        "left_eye": (*range(8, 11), *range(17, 23)),
        "nose": (23,),
        "mouth": tuple(range(24, 28)),
        "contour": tuple(range(5)),
    }
)
"""Which landmarks belong to what part of the face; an eye has its lash. Right and left are the character's."""

OUTLINES: Final = (
    (tuple(range(5)), False),
    ((5, 6, 7), False),
    ((8, 9, 10), False),
    ((11, 12, 13, 16, 15, 14), True),
    ((17, 18, 19, 22, 21, 20), True),
    ((24, 25, 26, 27), True),
)
"""Landmarks joined by lines, as one draws a face: numbers in order, and whether the line closes."""

_TEMPLATE: Final = np.array(
    [
        # Contour from the middle between the eyes: x in face widths, y in distances from there to the chin.
        *((-0.468, 0.042), (-0.310, 0.605), (-0.016, 1.000), (0.344, 0.584), (0.486, 0.010)),
        # Lashes from the eye's centre: x in eye widths, y in face widths.
        *((-0.51, -0.234), (-0.10, -0.254), (0.32, -0.232)),
        *((-0.58, -0.239), (-0.10, -0.241), (0.30, -0.202)),
        # Eyes and mouth from their centres: in their own widths and heights.
        *((-0.442, 0.002), (-0.082, -0.343), (0.383, -0.125), (-0.242, 0.435), (0.022, 0.501), (0.336, 0.395)),
        *((-0.451, -0.104), (0.000, -0.275), (0.437, -0.009), (-0.310, 0.483), (-0.041, 0.531), (0.254, 0.523)),
        (-0.03, -0.03),  # the nose from where it was found: in face widths
        *((-0.699, -0.240), (-0.046, -0.436), (0.651, -0.143), (-0.030, 0.455)),
    ]
)

# Usual sizes for three hand-placed centres: the first five in distances between the eyes, the last two in distances
# from between the eyes to the mouth. Medians over 22 faces.
_FACE_WIDTH: Final = 1.97
_EYE_SIZE: Final = (0.53, 0.45)
_MOUTH_SIZE: Final = (0.36, 0.21)
_NOSE_DOWN: Final = 0.625
_CHIN_DOWN: Final = 1.52

_MIN_SIZE: Final = 0.02  # of the face width: a part never shrinks to nothing


@dataclasses.dataclass(frozen=True)
class Part:
    """An eye or a mouth: its centre (x, y) and its size along and across the face's own horizontal, in pixels."""

    centre: tuple[float, float]
    width: float
    height: float


@dataclasses.dataclass(frozen=True)
class FaceParts:
    """A face's parts in pixels; right and left are the character's. `width` is that of the face.

    `tilt` is the angle of the face's horizontal in radians, positive when it goes down to the picture's right.
    """

    right_eye: Part
    left_eye: Part
    mouth: Part
    nose: tuple[float, float]
    chin: tuple[float, float]
    width: float
    tilt: float = 0.0


def landmark_points(parts: FaceParts) -> NDArray[np.float64]:
    """Place the 28 landmarks on a face's parts: float64 (28, 2) as (x, y), in the pixels of `parts`."""
    turn = _rotation(parts.tilt)
    middle = (np.asarray(parts.right_eye.centre) + parts.left_eye.centre) / 2
    drop = max(float((turn.T @ (np.asarray(parts.chin) - middle))[1]), _MIN_SIZE * parts.width)
    points = np.empty((28, 2))
    frames = (
        (CONTOUR, middle, (parts.width, drop)),
        (RIGHT_LASH, parts.right_eye.centre, (parts.right_eye.width, parts.width)),
        (LEFT_LASH, parts.left_eye.centre, (parts.left_eye.width, parts.width)),
        (RIGHT_EYE, parts.right_eye.centre, (parts.right_eye.width, parts.right_eye.height)),
        (LEFT_EYE, parts.left_eye.centre, (parts.left_eye.width, parts.left_eye.height)),
        (slice(NOSE, NOSE + 1), parts.nose, (parts.width, parts.width)),
        (MOUTH, parts.mouth.centre, (parts.mouth.width, parts.mouth.height)),
    )
    for which, origin, size in frames:
        points[which] = np.asarray(origin) + (_TEMPLATE[which] * size) @ turn.T
    return points


def fitted_parts(points: NDArray[np.floating]) -> FaceParts:
    """Return the parts whose landmarks lie nearest to the given 28 points: the inverse of `landmark_points`."""
    points = points.astype(np.float64)
    tilt = 0.0
    for _ in range(8):  # the eyes' centres depend on the tilt and the tilt on them; settles fast
        turned = points @ _rotation(tilt)  # each row turned back by the tilt
        right, left = (_fitted_part(turned, which) for which in (RIGHT_EYE, LEFT_EYE))
        tilt += float(np.arctan2(left.centre[1] - right.centre[1], abs(left.centre[0] - right.centre[0])))
    turned = points @ _rotation(tilt)
    width = abs(_fit(_TEMPLATE[CONTOUR, 0], turned[CONTOUR, 0])[1])
    right, left, mouth = (_fitted_part(turned, which, face=width) for which in (RIGHT_EYE, LEFT_EYE, MOUTH))
    drop, middle_y = _fit(_TEMPLATE[CONTOUR, 1], turned[CONTOUR, 1])[::-1]
    middle_x = _fit(_TEMPLATE[CONTOUR, 0], turned[CONTOUR, 0])[0]
    nose = turned[NOSE] - _TEMPLATE[NOSE] * width

    def back(point: tuple[float, float] | NDArray[np.float64]) -> tuple[float, float]:
        x, y = _rotation(tilt) @ np.asarray(point)
        return float(x), float(y)

    def placed(part: Part) -> Part:
        return dataclasses.replace(part, centre=back(part.centre))

    return FaceParts(
        right_eye=placed(right),
        left_eye=placed(left),
        mouth=placed(mouth),
        nose=back(nose),
        chin=back((middle_x, middle_y + drop)),
        width=width,
        tilt=tilt,
    )


def parts_from_centres(
    right_eye: tuple[float, float], left_eye: tuple[float, float], mouth: tuple[float, float]
) -> FaceParts:
    """Return a face of usual proportions from three centres, (x, y) in pixels; tilted as the eyes are.

    Raises:
        ValueError: the eyes coincide, or the mouth lies on the line between them.
    """
    right, left = np.asarray(right_eye, np.float64), np.asarray(left_eye, np.float64)
    across = left - right
    apart = float(np.hypot(*across))
    if not np.isfinite(apart) or apart < 1e-6:
        raise ValueError("the eyes coincide")
    tilt = float(np.arctan2(across[1], across[0]))
    down = _rotation(tilt)[:, 1]
    middle = (right + left) / 2
    drop = float(down @ (np.asarray(mouth) - middle))
    if not np.isfinite(drop) or drop < 0.05 * apart:
        raise ValueError("the mouth is not below the eyes")
    to_mouth = np.asarray(mouth) - middle
    nose, chin = middle + _NOSE_DOWN * to_mouth, middle + _CHIN_DOWN * to_mouth
    width, height = (apart * share for share in _EYE_SIZE)
    return FaceParts(
        right_eye=Part((float(right[0]), float(right[1])), width, height),
        left_eye=Part((float(left[0]), float(left[1])), width, height),
        mouth=Part((float(mouth[0]), float(mouth[1])), _MOUTH_SIZE[0] * apart, _MOUTH_SIZE[1] * apart),
        nose=(float(nose[0]), float(nose[1])),
        chin=(float(chin[0]), float(chin[1])),
        width=_FACE_WIDTH * apart,
        tilt=tilt,
    )


def _rotation(angle: float) -> NDArray[np.float64]:
    """Return the matrix that turns (x, y) by `angle`, from x towards y (down)."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def _fit(template: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float]:
    """Return (offset, size) of the least-squares line `values = offset + size * template`."""
    centred = template - template.mean()
    size = float(centred @ (values - values.mean()) / (centred @ centred))
    return float(values.mean() - size * template.mean()), size


def _fitted_part(turned: NDArray[np.float64], which: slice, *, face: float = 0.0) -> Part:
    """Fit one part in the face's own axes."""
    x, width = _fit(_TEMPLATE[which, 0], turned[which, 0])
    y, height = _fit(_TEMPLATE[which, 1], turned[which, 1])
    least = max(_MIN_SIZE * face, 1e-6)
    return Part((x, y), max(abs(width), least), max(abs(height), least))
