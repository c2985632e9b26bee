"""The user's own pictures as aligned portraits: segmented, placed, judged (PAniC-3D, section 3.2)."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.alignment import align, aligned_points, alignment_scale, warp_portrait
from paic3d_studio.core.artefacts import AlignedPortrait, KeepMask, Portrait
from paic3d_studio.core.face_template import FaceParts, fitted_parts
from paic3d_studio.core.hulls import detect_hulls
from paic3d_studio.core.image import over_white
from paic3d_studio.core.landmarks import face_box
from paic3d_studio.core.lines import keep_mask
from paic3d_studio.nets.landmarks import find_landmarks
from paic3d_studio.nets.matting import find_matte


@dataclasses.dataclass(frozen=True)
class PortraitLimits:
    """What a usable portrait keeps within, each a (least, most).

    Front-facing: `turn`, how far the nose stands beside the middle between the eyes, in face widths; `eyes`, the wider
    eye over the narrower; `tilt` in degrees. Neutral: `open_mouth`, the area round the mouth that is not of the colour
    of the cheeks, in squares of the face's width; `open_eyes`, the share of the middle of the eye that is not, in the
    eye that shows less of it. `scale`, aligned pixels per pixel of the picture: a large one means a small, blurred
    face. `covered`, the share of the aligned square that the character fills.
    """

    turn: tuple[float, float] = (0.0, 0.09)
    eyes: tuple[float, float] = (1.0, 1.45)
    tilt: tuple[float, float] = (0.0, 14.0)
    open_mouth: tuple[float, float] = (0.0, 0.012)
    open_eyes: tuple[float, float] = (0.35, 1.0)
    scale: tuple[float, float] = (0.0, 3.0)
    covered: tuple[float, float] = (0.1, 0.95)


PORTRAIT_LIMITS: Final = PortraitLimits()

_OTHER_COLOUR: Final = 22.0
"""Distance in CIE Lab from the cheeks' colour beyond which a pixel is not skin."""

_REASONS: Final = {
    "turn": "not front-facing",
    "eyes": "not front-facing",
    "tilt": "head tilted",
    "open_mouth": "not neutral: open mouth",
    "open_eyes": "not neutral: closed eye",
    "scale": "face too small",
    "covered": "background not separated",
}


@dataclasses.dataclass(frozen=True, eq=False)
class PlacedPortrait:
    """A portrait in the aligned square, with where its lines stay, and what was measured of it."""

    aligned: AlignedPortrait
    keep: KeepMask
    measures: dict[str, float]
    warning: str


def placed_portrait(portrait: Portrait) -> PlacedPortrait:
    """Find the face, separate the background, keep the largest part, and align.

    Raises:
        UserError: no front face is found, or the detector cannot work here.
    """
    landmarks = find_landmarks(portrait)
    alignment = align(landmarks)
    matte = find_matte(portrait, face_box=face_box(landmarks))
    aligned = warp_portrait(portrait, matte=matte, alignment=alignment)
    keep = keep_mask(detect_hulls(landmarks, alignment=alignment), landmarks=landmarks, alignment=alignment)
    shown = fitted_parts(aligned_points(alignment, points=landmarks.points).astype(np.float32))
    measures = pose_measures(shown) | expression_measures(over_white(aligned.rgba), shown)
    measures["scale"] = round(alignment_scale(alignment), 3)
    measures["covered"] = round(float(np.mean(aligned.rgba[..., 3] > 127)), 3)
    return PlacedPortrait(aligned, keep, measures, landmarks.warning)


def pose_measures(parts: FaceParts) -> dict[str, float]:
    """Return `turn`, `eyes` and `tilt` of a face; see `PortraitLimits`."""
    right, left = parts.right_eye, parts.left_eye
    between = (np.asarray(right.centre) + np.asarray(left.centre)) / 2
    along = np.array([math.cos(parts.tilt), math.sin(parts.tilt)])
    wide = max(right.width, left.width) / max(min(right.width, left.width), 1e-6)
    return {
        "turn": round(abs(float((np.asarray(parts.nose) - between) @ along)) / parts.width, 3),
        "eyes": round(wide, 3),
        "tilt": round(abs(math.degrees(parts.tilt)), 1),
    }


def expression_measures(rgb: NDArray[np.uint8], parts: FaceParts) -> dict[str, float]:
    """Return `open_mouth` and `open_eyes` of a face in a picture, uint8 (H, W, 3); see `PortraitLimits`.

    Colours are compared with the cheeks', so that pale mouths look shut, and dark brows or hair near the mouth open. A
    smile, a frown or a gaze leaves no trace.
    """
    lab = np.asarray(cv2.cvtColor(rgb.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB))
    mouth, width = np.asarray(parts.mouth.centre), parts.width
    eyes = [np.asarray(eye.centre) for eye in (parts.right_eye, parts.left_eye)]
    down = mouth - (eyes[0] + eyes[1]) / 2
    cheeks = [_window(lab, eye + 0.65 * down, 0.05 * width, 0.05 * width).reshape(-1, 3) for eye in eyes]
    differs = np.linalg.norm(lab - np.median(np.concatenate(cheeks), axis=0), axis=-1) > _OTHER_COLOUR
    shown = [
        _window(differs, eye, 0.25 * part.width, 0.3 * part.height)
        for eye, part in zip(eyes, (parts.right_eye, parts.left_eye), strict=True)
    ]
    return {
        "open_mouth": round(float(_window(differs, mouth, 0.16 * width, 0.13 * width).sum()) / width**2, 4),
        "open_eyes": round(min(float(part.mean()) if part.size else 0.0 for part in shown), 3),
    }


def _window(values: NDArray[Any], centre: NDArray[Any], across: float, down: float) -> NDArray[Any]:
    """Cut out the pixels within some distance of a point, as far as there are any."""
    x, y = (int(v) for v in centre)
    reach_x, reach_y = max(round(across), 1), max(round(down), 1)
    return values[max(y - reach_y, 0) : max(y + reach_y + 1, 0), max(x - reach_x, 0) : max(x + reach_x + 1, 0)]


def portrait_reasons(measures: dict[str, float], *, limits: PortraitLimits = PORTRAIT_LIMITS) -> tuple[str, ...]:
    """Return one reason for each measure out of its limits, the figure with it; none for a usable portrait."""
    return tuple(
        f"{_REASONS[name]} ({name} {measures[name]:g}, not {low:g} to {high:g})"
        for name, (low, high) in dataclasses.asdict(limits).items()
        if name in measures and not low <= measures[name] <= high
    )
