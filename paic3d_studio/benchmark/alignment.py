"""From an illustration to the front view of its model: a similarity, by face landmarks or by ORB features.

The paper's pairs were aligned so, by a choice per pair (section 4). The similarity takes the place of the studio's own
alignment: the condition then lies in the true character's frame, and views and meshes need no further fitting.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from paic3d_studio.core.artefacts import Alignment, Portrait
from paic3d_studio.core.image import over_white
from paic3d_studio.errors import UserError
from paic3d_studio.nets.landmarks import find_landmarks

FEATURES: Final = 3000
"""ORB features that are looked for in each picture."""

WORKING_SIDE: Final = 640
"""Pixels of the longer side to which a picture is brought before features are looked for."""

RATIO: Final = 0.8
"""A match counts when the second best is at least this much worse (Lowe's ratio)."""

LEAST_INLIERS: Final = 12
INLIER_REACH: Final = 4.0
"""Pixels of the 512 square by which a match may miss."""


def similarity_of_points(source: ArrayLike, target: ArrayLike) -> Alignment:
    """Return the similarity with the least squared error from points (n, 2) to points (n, 2); it never mirrors.

    Raises:
        UserError: the points lie on one spot.
    """
    before, after = np.asarray(source, np.float64), np.asarray(target, np.float64)
    own, other = before - before.mean(axis=0), after - after.mean(axis=0)
    # As complex numbers a similarity is one factor and one offset.
    p, q = own[:, 0] + 1j * own[:, 1], other[:, 0] + 1j * other[:, 1]
    spread = float((np.abs(p) ** 2).sum())
    factor = (np.conj(p) * q).sum() / spread if spread > 1e-9 else 0.0
    if not abs(factor) > 1e-4:
        raise UserError("The points that align the illustration lie on one spot.", "Align the pair by hand.")
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    offset = after.mean(axis=0) - turn @ before.mean(axis=0)
    return Alignment(np.concatenate([turn, offset[:, None]], axis=1))


def aligned_by_landmarks(illustration: Portrait, render: Portrait) -> Alignment:
    """Return the similarity that brings the face of an illustration onto that of the render.

    Raises:
        UserError: no front face is found in one of them; the message says in which.
    """
    points = []
    for whose, picture in (("illustration", illustration), ("model's front view", render)):
        try:
            points.append(find_landmarks(picture).points)
        except UserError as error:
            raise UserError(
                f"In the {whose} no front face is found ({error.message})", "Set “align_by” of the pair to “orb”."
            ) from error
    return similarity_of_points(*points)


def aligned_by_orb(illustration: Portrait, render: Portrait) -> Alignment:
    """Return the similarity on which most matches of ORB features agree (RANSAC, with fixed lots).

    Raises:
        UserError: too few of them agree.
    """
    before, after = matched_features(over_white(illustration.rgba), over_white(render.rgba))
    found = None
    if len(before) >= LEAST_INLIERS:
        matrix, agrees = cv2.estimateAffinePartial2D(
            before, after, method=cv2.RANSAC, ransacReprojThreshold=INLIER_REACH, maxIters=5000, confidence=0.999
        )
        if matrix is not None and int(agrees.sum()) >= LEAST_INLIERS:
            inside = agrees[:, 0].astype(bool)
            found = similarity_of_points(before[inside], after[inside])
    if found is None:
        raise UserError(
            f"Fewer than {LEAST_INLIERS} features of the illustration agree with the model's front view.",
            "Set “align_by” of the pair to “landmarks”, or give its alignment.",
        )
    return found


def matched_features(
    first: NDArray[np.uint8], second: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places of mutual best matches in both pictures, (n, 2) each as (x, y), pixel centres at +0.5."""
    places, descriptors = zip(*(_features(picture) for picture in (first, second)), strict=True)
    if min(len(some) for some in places) < 2:
        return np.zeros((0, 2)), np.zeros((0, 2))
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    there = _distinct(matcher.knnMatch(descriptors[0], descriptors[1], k=2))
    back = _distinct(matcher.knnMatch(descriptors[1], descriptors[0], k=2))
    mutual = [(a, b) for a, b in there.items() if back.get(b) == a]
    return (
        np.array([places[0][a] for a, _ in mutual]).reshape(-1, 2),
        np.array([places[1][b] for _, b in mutual]).reshape(-1, 2),
    )


def _features(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Return places (n, 2) in pixels of the picture, and descriptors (n, 32), of ORB features at a working size."""
    scale = WORKING_SIDE / max(rgb.shape[:2])
    size = (max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    found, descriptors = cv2.ORB.create(FEATURES, fastThreshold=8).detectAndCompute(grey, None)
    if not len(found):
        return np.zeros((0, 2)), np.zeros((0, 32), np.uint8)
    ratio = np.array([rgb.shape[1] / size[0], rgb.shape[0] / size[1]])
    return (np.array([point.pt for point in found]) + 0.5) * ratio, np.asarray(descriptors, np.uint8)


def _distinct(matches: object) -> dict[int, int]:
    """Return the best match of each feature that has no second one nearly as good."""
    return {
        pair[0].queryIdx: pair[0].trainIdx
        for pair in matches  # type: ignore[attr-defined]
        if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance
    }
