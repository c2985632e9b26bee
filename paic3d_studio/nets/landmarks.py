"""Where the face is, by two small networks of our own: one finds faces, the other reads 28 landmarks of each.

The table `DETECTORS` holds these and the classical ways of `core.landmarks`; they stand in where weights are missing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.artefacts import Landmarks, Portrait
from paic3d_studio.core.face_template import CONTOUR, LEFT_EYE, RIGHT_EYE
from paic3d_studio.core.image import over_white
from paic3d_studio.core.landmarks import DETECTORS as CLASSICAL
from paic3d_studio.core.landmarks import LIKELY, Detector, FaceDetection, chosen_face
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.nets.face_networks import CROP_REACH, CROP_SIDE, STRIDE, FaceFinder, LandmarkNetwork
from paic3d_studio.nets.weights import network_of

FINDER_WEIGHTS: Final = "face-finder"
"""Name of the face finder's weights in the manifest."""

LANDMARK_WEIGHTS: Final = "landmarks"
"""Name of the landmark network's weights in the manifest."""

SEARCH_SIDES: Final = ((160, 0.0), (160, 0.25), (320, 0.0))
"""What the finder looks at: longer side in pixels, and a margin round the picture as a share of it."""

MIRRORED: Final = torch.tensor(
    [4, 3, 2, 1, 0, 10, 9, 8, 7, 6, 5, 19, 18, 17, 22, 21, 20, 13, 12, 11, 16, 15, 14, 23, 26, 25, 24, 27]
)
"""Which landmark of a mirrored face is which of the face."""

STAND_IN: Final = (
    "The networks that find faces are missing or damaged, so the older face detector was used. "
    "Install the program again to get them back."
)
"""What the artist is told when the classical way stands in."""

_CANDIDATE_FROM: Final = 0.15  # of the finder's certainty
_MOST_CANDIDATES: Final = 6
_ROUNDS: Final = 3
_SAME_FACE: Final = 0.6  # of a face's size: middles closer than this are of one face
_LEAST_SIZE: Final = 6.0  # pixels: a smaller face has no landmarks to speak of
_DOUBTFUL_ERROR: Final = 0.038  # of the face's size: where eyes, nose and mouth are no better known, there is none
_DOUBT_WIDTH: Final = 0.004
_USUAL_ERROR: Final = 0.06  # of the face's size, at which a landmark's score is one half


@dataclasses.dataclass(frozen=True)
class Candidate:
    """Where a face may be: middle (x, y) and size in px, and how certain the finder is, 0..1."""

    x: float
    y: float
    size: float
    certainty: float


@dataclasses.dataclass(frozen=True, eq=False)
class Reading:
    """What the landmark network says of one face, in pixels of the picture: `error` (28,) is what it expects."""

    points: NDArray[np.float64]
    error: NDArray[np.float64]
    face: float
    yaw: float
    pitch: float

    @property
    def size(self) -> float:
        """The face's width, also where it is turned away, in pixels."""
        return size_of(self.points)


class NetworkDetector:
    """Finds faces and reads their landmarks with the embedded networks."""

    def detect(self, rgb: NDArray[np.uint8], *, monitor: Monitor = SILENT) -> tuple[FaceDetection, ...]:
        """Return every face found.

        Raises:
            Cancelled: as `monitor`.
            UserError: weights are missing or damaged.
        """
        finder, reader = (
            network_of(FINDER_WEIGHTS, FaceFinder),
            network_of(LANDMARK_WEIGHTS, LandmarkNetwork),
        )
        candidates = _candidates(finder, rgb, monitor=monitor.child(0.0, 0.4))
        found: list[FaceDetection] = []
        for done, candidate in enumerate(candidates):
            monitor.report(0.4 + 0.6 * done / len(candidates))
            reading = _read(reader, rgb, candidate)
            if reading is not None:
                found.append(_detection(reading))
        return tuple(face for face in _distinct(found) if face.likelihood >= LIKELY)


DETECTORS: Final[Mapping[str, Detector]] = {"network": NetworkDetector(), **CLASSICAL}
"""All face detectors by the name that settings store, the best one first."""


def find_landmarks(portrait: Portrait, *, detector: str = "network", monitor: Monitor = SILENT) -> Landmarks:
    """Find the landmarks of the largest face, with the classical way where the networks are missing.

    Args:
        portrait: transparent pixels count as white.
        detector: a key of `DETECTORS`.
        monitor: progress and cancel.

    Raises:
        Cancelled: as `monitor`.
        UserError: no front face was found, or there is no such detector.
    """
    if detector not in DETECTORS:
        raise UserError(f"There is no face detector named “{detector}”.", f"Choose one of: {', '.join(DETECTORS)}.")
    rgb, source, told = over_white(portrait.rgba), detector, ""
    if detector == "network" and not _weights_are_sound():
        source, told = "animeface", STAND_IN
    found = chosen_face(DETECTORS[source].detect(rgb, monitor=monitor), source=source)
    return dataclasses.replace(found, warning=told) if told else found


def size_of(points: NDArray[np.float64]) -> float:
    """Return the size of a face that boxes and cut-outs are counted in, as training counts it."""
    eyes = (points[RIGHT_EYE].mean(axis=0) + points[LEFT_EYE].mean(axis=0)) / 2
    contour = points[CONTOUR]
    return float(max(np.hypot(*(contour[4] - contour[0])), 1.35 * np.hypot(*(contour[2] - eyes))))


def _weights_are_sound() -> bool:
    """Whether both networks can be loaded."""
    try:
        network_of(FINDER_WEIGHTS, FaceFinder)
        network_of(LANDMARK_WEIGHTS, LandmarkNetwork)
    except UserError:
        return False
    return True


def _candidates(finder: FaceFinder, rgb: NDArray[np.uint8], *, monitor: Monitor) -> list[Candidate]:
    """Look at the picture at several sizes; return what may be faces, the most certain first."""
    found: list[Candidate] = []
    for done, (side, margin) in enumerate(SEARCH_SIDES):
        monitor.report(done / len(SEARCH_SIDES))
        found += _peaks(finder, rgb, side=side, margin=margin)
    kept: list[Candidate] = []
    for one in sorted(found, key=lambda candidate: -candidate.certainty):
        near = (np.hypot(one.x - other.x, one.y - other.y) < _SAME_FACE * max(one.size, other.size) for other in kept)
        if not any(near):
            kept.append(one)
    return kept[:_MOST_CANDIDATES]


def _peaks(finder: FaceFinder, rgb: NDArray[np.uint8], *, side: int, margin: float) -> list[Candidate]:
    """Return where the finder's map has its peaks, in pixels of the picture."""
    height, width = rgb.shape[:2]
    frame = 1 + 2 * margin
    scale = side / (max(height, width) * frame)
    if scale > 1.5 or min(height, width) * scale < 8:
        return []
    inner = _scaled(rgb, scale)
    rows, columns = (-(-round(length * frame) // 32) * 32 for length in inner.shape[:2])
    top, left = (rows - inner.shape[0]) // 2, (columns - inner.shape[1]) // 2
    below, beside = rows - inner.shape[0] - top, columns - inner.shape[1] - left
    padded = np.asarray(cv2.copyMakeBorder(inner, top, below, left, beside, cv2.BORDER_REPLICATE), np.uint8)
    picture = _tensor(padded)
    with torch.inference_mode():
        maps = (finder(picture)[0] + finder(picture.flip(-1))[0].flip(-1)) / 2  # as sure of a picture as of its mirror
        share = torch.sigmoid(maps[0])
        peak = torch.nn.functional.max_pool2d(share[None], 5, stride=1, padding=2)[0] == share
    found = []
    for row, column in torch.nonzero(peak & (share > _CANDIDATE_FROM)).tolist():
        y, x = _centre_of_mass(share, row, column)
        size = float(maps[1, row, column].exp())
        place = ((x * STRIDE - left) / scale, (y * STRIDE - top) / scale)
        found.append(Candidate(*place, size / scale, float(share[row, column])))
    return [one for one in found if one.size >= _LEAST_SIZE]


def _centre_of_mass(share: Tensor, row: int, column: int) -> tuple[float, float]:
    """Return the mean place round a peak in cells, cell middles at +0.5."""
    top, left = max(row - 1, 0), max(column - 1, 0)
    near = share[top : row + 2, left : column + 2]
    total = float(near.sum())
    y = float((near.sum(dim=1) * (torch.arange(near.shape[0]) + top + 0.5)).sum()) / total
    x = float((near.sum(dim=0) * (torch.arange(near.shape[1]) + left + 0.5)).sum()) / total
    return y, x


def _read(reader: LandmarkNetwork, rgb: NDArray[np.uint8], candidate: Candidate) -> Reading | None:
    """Read landmarks, each time in a cut-out that the last reading centred, sized and turned upright."""
    centre, size, roll = np.array((candidate.x, candidate.y)), candidate.size, 0.0
    reading: Reading | None = None
    for _ in range(_ROUNDS):
        if not (_LEAST_SIZE <= size <= 4 * max(rgb.shape[:2])):
            return None
        reading = _read_once(reader, rgb, centre, size, roll)
        points = reading.points
        right, left = points[RIGHT_EYE].mean(axis=0), points[LEFT_EYE].mean(axis=0)
        mouth = points[24:28].mean(axis=0)
        down = mouth - (right + left) / 2
        across = left - right
        upright = np.array((across[0] + down[1], across[1] - down[0]))  # both axes vote
        roll = float(np.clip(np.arctan2(upright[1], upright[0]), -1.0, 1.0))
        centre, size = points.mean(axis=0), reading.size
    return reading


def _read_once(
    reader: LandmarkNetwork, rgb: NDArray[np.uint8], centre: NDArray[np.float64], size: float, roll: float
) -> Reading:
    """Read one cut-out and its mirror image, and return the mean."""
    scale = CROP_SIDE / (CROP_REACH * size)
    cosine, sine = np.cos(-roll) * scale, np.sin(-roll) * scale
    square = np.array([[cosine, -sine], [sine, cosine]])
    matrix = np.concatenate([square, (CROP_SIDE / 2 - square @ centre)[:, None]], axis=1)
    crop = _tensor(_cut_out(rgb, matrix, scale))
    with torch.inference_mode():
        read = reader(torch.cat([crop, crop.flip(-1)]))
    twin = read.points[1, MIRRORED] * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    points = ((read.points[0] + twin) / 2).double().numpy() * CROP_SIDE
    errors = (read.log_error[0] + read.log_error[1, MIRRORED]).double().numpy() / 2
    turn = ((read.turn[0] + read.turn[1] * torch.tensor([-1.0, 1.0])) / 2).double().numpy()
    back = np.linalg.inv(square)
    return Reading(
        points=(points - matrix[:, 2]) @ back.T,
        error=np.exp(errors) * CROP_SIDE / scale,
        face=float(torch.sigmoid(read.face.mean())),
        yaw=float(np.degrees(turn[0])),
        pitch=float(np.degrees(turn[1])),
    )


def _cut_out(rgb: NDArray[np.uint8], matrix: NDArray[np.float64], scale: float) -> NDArray[np.uint8]:
    """Warp a part of the picture into the network's square; a large face is reduced by averaging first."""
    steps = max(0, int(np.floor(np.log2(1 / scale)))) if scale < 1 else 0
    reduced, factor = rgb, 1.0
    if steps:
        factor = 0.5**steps
        reduced = _scaled(rgb, factor)
    to = matrix.copy()
    ratio = np.array((rgb.shape[1] / reduced.shape[1], rgb.shape[0] / reduced.shape[0]))
    to[:, :2] = matrix[:, :2] * ratio
    to[:, 2] += to[:, :2] @ (0.5, 0.5) - 0.5  # from pixel centres at +0.5 to OpenCV's at 0
    side = (CROP_SIDE, CROP_SIDE)
    return np.asarray(cv2.warpAffine(reduced, to, side, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _detection(reading: Reading) -> FaceDetection:
    """Describe a face as every detector does."""
    size = reading.size
    x, y = reading.points.mean(axis=0)
    expected = reading.error / size
    scores = 1 / (1 + (expected / _USUAL_ERROR) ** 2)
    features = float(expected[RIGHT_EYE.start :].mean())
    likelihood = float(reading.face / (1 + np.exp((features - _DOUBTFUL_ERROR) / _DOUBT_WIDTH)))
    box = (float(x - size / 2), float(y - size / 2), size, size)
    return FaceDetection(likelihood, box, reading.points, scores, abs(reading.yaw))


def _distinct(found: Sequence[FaceDetection]) -> tuple[FaceDetection, ...]:
    """Return one detection for each face, the likeliest."""
    kept: list[FaceDetection] = []
    for one in sorted(found, key=lambda face: -face.likelihood):
        centre = one.points.mean(axis=0)
        near = (
            np.hypot(*(centre - other.points.mean(axis=0))) < _SAME_FACE * max(one.box[2], other.box[2])
            for other in kept
        )
        if not any(near):
            kept.append(one)
    return tuple(kept)


def _scaled(rgb: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Scale a picture; reduction averages."""
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, size, interpolation=way), np.uint8)


def _tensor(rgb: NDArray[np.uint8]) -> Tensor:
    """Return a picture as 0..1, (1, 3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None].float() / 255
