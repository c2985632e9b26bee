"""Where the face is: 28 landmarks, from a detector or from three clicks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.animeface_library import Box, FoundFace, LibraryMissing, SearchPass, find_faces
from paic3d_studio.core.artefacts import Landmarks
from paic3d_studio.core.face_template import (
    CONTOUR,
    LEFT_LASH,
    RIGHT_LASH,
    FaceParts,
    Part,
    fitted_parts,
    landmark_points,
    parts_from_centres,
)
from paic3d_studio.core.monitor import SILENT, Monitor, abandonable
from paic3d_studio.errors import UserError

LIKELY: Final = 0.8
"""A detection below this likelihood is not taken for a face."""

SURE: Final = 0.95
"""A detection below this likelihood comes with a warning."""

TURNED_FROM: Final = 22.0
"""A head that is turned further than this, in degrees, is a three-quarter view, and comes with a warning."""

PROFILE_FROM: Final = 55.0
"""A head that is turned further than this, in degrees, is no front face."""

SEARCH_SIDE: Final = 512
"""The longer side a picture is reduced to before faces are searched, in pixels."""

CLOSE_SIDE: Final = 90
"""Width of the face when its parts are measured again close up, in pixels."""

ARTIST: Final = "artist"
"""The `source` of landmarks placed by hand."""

PLACE_BY_HAND: Final = "Place the two eyes and the mouth by hand."
"""What to do where no face is found."""

_LEAST_APART: Final = 4.0  # pixels between the eyes
_DROPS: Final = (0.2, 4.0)  # of the distance between the eyes: how far below them a mouth can be
_COARSE: Final = SearchPass()
_FINE: Final = SearchPass(step=2.0, scale=1.05)
# Where to look next when nothing was found. A coarser picture shows smooth renders and pale drawings better: of 18
# renders that the first pass missed, the second finds the 10 whose eyes are in sight.
_PASSES: Final = ((SEARCH_SIDE, _COARSE), (5 * SEARCH_SIDE // 8, _FINE), (SEARCH_SIDE, _FINE))
_LARGER_PASS: Final = (2 * SEARCH_SIDE, _COARSE)  # full figures have small faces
_LEAST_SIDE: Final = 16
_DERIVED_SCORE: Final = 0.5  # contour and lash points follow from the other parts
_CLOSE_VIEWS: Final = ((1.0, False), (1.0, True), (0.87, False), (1.15, True), (0.93, True))  # (scale, mirrored)
_TILT_WARNING: Final = np.radians(14)


@dataclasses.dataclass(frozen=True)
class FaceDetection:
    """One face a detector found, in pixels of the picture it was given.

    `likelihood` is 0..1, `box` is (left, top, width, height), `points` float64 (28, 2), `scores` float64 (28,);
    `yaw` is by how many degrees the head is turned to either side, None where the detector cannot tell.
    """

    likelihood: float
    box: tuple[float, float, float, float]
    points: NDArray[np.float64]
    scores: NDArray[np.float64]
    yaw: float | None = None


class Detector(Protocol):
    """Finds faces in an sRGB picture, uint8 (H, W, 3); every entry of `DETECTORS` is one."""

    def detect(self, rgb: NDArray[np.uint8], *, monitor: Monitor = SILENT) -> tuple[FaceDetection, ...]:
        """Return every face found, in any order.

        Raises:
            Cancelled: as `monitor`.
            UserError: the detector cannot work on this machine.
        """
        ...


class AnimefaceDetector:
    """Boxes of face, eyes and mouth from AnimeFace 2009, with the 28-point template laid over them."""

    def detect(self, rgb: NDArray[np.uint8], *, monitor: Monitor = SILENT) -> tuple[FaceDetection, ...]:
        """Search coarsely, then finely, then on a larger copy, until faces are found; measure the largest close up.

        Raises:
            Cancelled: as `monitor`.
            UserError: the library does not exist for this platform.
        """
        try:
            found = _searched(rgb, monitor=monitor.child(0.0, 0.6))
            found.sort(key=lambda face: face.face.width, reverse=True)
            close = monitor.child(0.6, 1.0)
            return tuple(_measured(rgb, face, closely=rank == 0, monitor=close) for rank, face in enumerate(found))
        except LibraryMissing:
            raise UserError("The face detector does not exist for this system.", PLACE_BY_HAND) from None


DETECTORS: Final[Mapping[str, Detector]] = {"animeface": AnimefaceDetector()}
"""Face detectors that need no network of our own, by the name that settings store; `nets.landmarks` has all."""


def chosen_face(found: Sequence[FaceDetection], *, source: str) -> Landmarks:
    """Return the landmarks of the largest likely face, with a warning where the artist should look twice.

    Args:
        found: every face that a detector gave.
        source: the detector's name.

    Raises:
        UserError: none of them is likely, or the likely ones are turned too far to the side.
    """
    likely = [face for face in found if face.likelihood >= LIKELY]
    front = [face for face in likely if face.yaw is None or face.yaw <= PROFILE_FROM]
    if likely and not front:
        raise UserError("No front face found in this picture: the head is seen from the side.", PLACE_BY_HAND)
    if not front:
        raise UserError("No front face found in this picture.", PLACE_BY_HAND)
    face = max(front, key=lambda one: (one.box[2], one.likelihood))
    return Landmarks(
        points=face.points.astype(np.float32),
        scores=face.scores.astype(np.float32),
        source=source,
        warning=_warning(face, count=len(likely)),
    )


def landmarks_from_parts(
    right_eye: tuple[float, float], left_eye: tuple[float, float], mouth: tuple[float, float]
) -> Landmarks:
    """Lay a face of usual proportions over three centres the artist placed, (x, y) in Portrait pixels.

    `right_eye` is the character's right. When the mouth comes out above the eyes, the eyes were placed the other way
    round, and are swapped.

    Raises:
        UserError: the eyes lie on one spot, or the mouth lies too near to their line or too far from it for a face.
    """
    across = np.subtract(left_eye, right_eye)
    apart = float(np.hypot(*across))
    if not apart >= _LEAST_APART:
        raise UserError("The two eyes lie on one spot.", "Place each in the middle of its own eye.")
    to_mouth = np.subtract(mouth, np.add(right_eye, left_eye) / 2)
    drop = float(across[0] * to_mouth[1] - across[1] * to_mouth[0]) / apart
    if not _DROPS[0] * apart <= abs(drop) <= _DROPS[1] * apart:
        raise UserError("The eyes and the mouth do not lie as in a face.", "Place the mouth below the two eyes.")
    eyes = (right_eye, left_eye) if drop > 0 else (left_eye, right_eye)
    parts = parts_from_centres(*eyes, mouth)
    points = landmark_points(parts).astype(np.float32)
    return Landmarks(points=points, scores=np.ones(28, np.float32), source=ARTIST)


def moved_landmarks(found: Landmarks, *, places: Mapping[int, tuple[float, float]]) -> Landmarks:
    """Put single landmarks elsewhere: number -> (x, y) in Portrait pixels.

    The artist has looked at the face by then, so nothing of it is warned of any more, and what she placed is certain.
    """
    if not places:
        return found
    points, scores = found.points.copy(), found.scores.copy()
    for index, place in places.items():
        points[index], scores[index] = place, 1.0
    return Landmarks(points=points, scores=scores, source=found.source)


def face_box(landmarks: Landmarks) -> tuple[float, float, float, float]:
    """Return the square round the face from forehead to chin: (left, top, width, height) in Portrait pixels."""
    parts = fitted_parts(landmarks.points)
    x, y = (np.asarray(parts.right_eye.centre) + parts.left_eye.centre) / 2
    side = parts.width
    return float(x - side / 2), float(y - 0.42 * side), side, side


def _warning(face: FaceDetection, *, count: int) -> str:
    """Return a sentence for the artist when she should look twice, else an empty one."""
    if count > 1:
        return f"{count} faces were found; the largest one is used."
    if face.likelihood < SURE:
        return "The face was found, but not with certainty: check that eyes and mouth are where they should be."
    if face.yaw is not None and face.yaw > TURNED_FROM:
        return "The head is turned to the side (a three-quarter view): a front view gives a better likeness."
    if abs(fitted_parts(face.points).tilt) > _TILT_WARNING:
        return "The head is tilted: an upright front view gives a better likeness."
    return ""


def _searched(rgb: NDArray[np.uint8], *, monitor: Monitor) -> list[FoundFace]:
    """Return the likely faces of the first search that finds any, in pixels of `rgb`."""
    passes = [*_PASSES, _LARGER_PASS] if max(rgb.shape[:2]) > SEARCH_SIDE else _PASSES
    for done, (side, search) in enumerate(passes):
        monitor.report(done / len(passes))
        scale = min(1.0, side / max(rgb.shape[:2]))
        picture = _resized(rgb, scale)
        # One search takes up to a second and knows no cancel.
        faces = abandonable(lambda: _padded_search(picture, search), monitor=monitor)  # noqa: B023 - called at once
        found = [_scaled(face, 1 / scale) for face in faces]
        likely = [face for face in found if face.likelihood >= LIKELY]
        if likely:
            return likely
    return []


def _padded_search(rgb: NDArray[np.uint8], search: SearchPass) -> list[FoundFace]:
    """Search with a margin of half the picture on each side: tight portraits lack the margin a face needs."""
    if min(rgb.shape[:2]) < _LEAST_SIDE:  # a strip; the library's filters want some pixels around each
        return []
    y, x = rgb.shape[0] // 2, rgb.shape[1] // 2
    padded = np.asarray(cv2.copyMakeBorder(rgb, y, y, x, x, cv2.BORDER_REPLICATE), np.uint8)
    return [_shifted(face, -x, -y) for face in find_faces(padded, search=search)]


def _measured(rgb: NDArray[np.uint8], face: FoundFace, *, closely: bool, monitor: Monitor) -> FaceDetection:
    """Lay the template over a face's parts, measured `closely` as the medians of several close-up views.

    Windows step by several pixels, so one view places parts to about 5 % of the face; the median of views at other
    scales, half of them mirrored, is steadier.
    """
    faces = [face]
    for done, (scale, mirrored) in enumerate(_CLOSE_VIEWS if closely else ()):
        monitor.report(done / len(_CLOSE_VIEWS))
        view = _close_up(rgb, face, scale, mirrored)
        if view is not None:
            faces.append(view)
    parts = _median_parts(faces)
    scores = np.full(28, min(face.likelihood, 1.0))
    for derived in (CONTOUR, RIGHT_LASH, LEFT_LASH):
        scores[derived] *= _DERIVED_SCORE
    box = (face.face.x, face.face.y, face.face.width, face.face.height)
    return FaceDetection(face.likelihood, box, landmark_points(parts), scores)


def _close_up(rgb: NDArray[np.uint8], face: FoundFace, scale: float, mirrored: bool) -> FoundFace | None:
    """Find the same face again in an enlarged or reduced cut-out: in pixels of `rgb`, None when it is not found."""
    zoom = scale * CLOSE_SIDE / face.face.width
    reach = 1.6 * face.face.width
    x, y = (round(centre - reach) for centre in face.face.centre)
    cut = _resized(_cut_out(rgb, x, y, round(2 * reach)), zoom)
    if mirrored:
        cut = np.ascontiguousarray(cut[:, ::-1])
    for step in (_COARSE.step, _FINE.step):
        search = SearchPass(step=step, smallest=0.6 * scale * CLOSE_SIDE)
        near = [one for one in find_faces(cut, search=search) if one.likelihood >= LIKELY]
        if mirrored:
            near = [_mirrored(one, cut.shape[1]) for one in near]
        near = [_shifted(_scaled(one, 1 / zoom), x, y) for one in near]
        near = [one for one in near if _same_face(one, face)]
        if near:
            return max(near, key=lambda one: one.likelihood)
    return None


def _same_face(one: FoundFace, other: FoundFace) -> bool:
    """Return whether two detections lie on each other."""
    apart = np.hypot(*np.subtract(one.face.centre, other.face.centre))
    ratio = one.face.width / other.face.width
    return bool(apart < 0.3 * other.face.width and 0.6 < ratio < 1.6)


def _median_parts(faces: list[FoundFace]) -> FaceParts:
    """Return the medians of every part's place and size."""

    def medians(name: str) -> tuple[float, float, float, float]:
        boxes = [getattr(face, name) for face in faces]
        x, y, width, height = np.median([(*box.centre, box.width, box.height) for box in boxes], axis=0)
        return float(x), float(y), float(width), float(height)

    def part(name: str) -> Part:
        x, y, width, height = medians(name)
        return Part((x, y), max(width, 1e-3), max(height, 1e-3))

    return FaceParts(
        right_eye=part("right_eye"),
        left_eye=part("left_eye"),
        mouth=part("mouth"),
        nose=medians("nose")[:2],
        chin=medians("chin")[:2],
        width=medians("face")[2],
    )


def _resized(rgb: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Scale a picture; reduction averages."""
    if scale == 1.0:
        return rgb
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, size, interpolation=way), np.uint8)


def _cut_out(rgb: NDArray[np.uint8], x: int, y: int, side: int) -> NDArray[np.uint8]:
    """Cut a square whose upper left pixel is (x, y), continuing the picture's edge where it sticks out."""
    columns = np.clip(np.arange(x, x + side), 0, rgb.shape[1] - 1)
    rows = np.clip(np.arange(y, y + side), 0, rgb.shape[0] - 1)
    return rgb[rows[:, None], columns]


def _scaled(face: FoundFace, factor: float) -> FoundFace:
    return face.mapped(lambda box: Box(box.x * factor, box.y * factor, box.width * factor, box.height * factor))


def _shifted(face: FoundFace, x: float, y: float) -> FoundFace:
    return face.mapped(lambda box: dataclasses.replace(box, x=box.x + x, y=box.y + y))


def _mirrored(face: FoundFace, width: int) -> FoundFace:
    """Undo the mirroring of a picture of that width: the character's right and left change places."""
    back = face.mapped(lambda box: dataclasses.replace(box, x=width - box.x - box.width))
    return dataclasses.replace(back, right_eye=back.left_eye, left_eye=back.right_eye)
