"""From the artist's picture to the aligned 512 square: one similarity, fixed by the face.

The published rule (specification, section 1.1) is stated for coordinates that count pixel centres as whole numbers.
Here pixel centres lie at +0.5 everywhere, so the same rule moves by half a pixel on both sides: the picture is equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE, AlignedPortrait, Alignment, Landmarks, Matte, Portrait
from paic3d_studio.core.face_template import FaceParts, fitted_parts, landmark_points, parts_from_centres
from paic3d_studio.errors import ShapeMismatch, UserError

LANDMARK_SPREAD: Final = 13.3556118
"""Standard deviation of the landmarks' distances to their centre in the aligned square, in pixels."""

SPREAD_OF: Final[Mapping[str, float]] = {"network": 14.036}
"""The same for sources whose landmarks reach further, so that heads come out equally large.

Our own network's landmarks lie on the corners of eyes and mouth. Those of 420 generated characters, as they stand in
the field frame, spread by this much (median; a tenth of them beyond 13.49 and 14.63).
"""

LANDMARK_CENTRE: Final = (255.8569 + 0.5, 294.9637 + 0.5)
"""Where the centre of the landmarks comes to lie in the aligned square: (x, y), pixel centres at +0.5."""

_BAND_ROWS: Final = 64  # output rows reduced at a time: a 100-megapixel picture never becomes float at once


def align(landmarks: Landmarks) -> Alignment:
    """Return the similarity that brings the face to its place in the aligned square; it never rotates.

    Raises:
        UserError: the landmarks lie on one spot, so they say nothing about the size of the face.
    """
    points = landmarks.points.astype(np.float64)
    centre = points.mean(axis=0)
    spread = float(np.linalg.norm(points - centre, axis=1).std())
    if not np.isfinite(spread) or spread < 1e-3:
        raise UserError(
            "The face landmarks lie on one spot, so the size of the face is unknown.",
            "Place the two eyes and the mouth apart from each other.",
        )
    scale = SPREAD_OF.get(landmarks.source, LANDMARK_SPREAD) / spread
    offset = np.asarray(LANDMARK_CENTRE) - scale * centre
    return Alignment(matrix=np.array([[scale, 0.0, offset[0]], [0.0, scale, offset[1]]]))


def adjustment(*, shift: tuple[float, float], scale: float, turn: float) -> NDArray[np.float64]:
    """Return the similarity that moves the picture in the square by hand: float64 (2, 3) between aligned pixels.

    Args:
        shift: of the picture, (x, y) in aligned pixels; made last.
        scale: of the picture about the middle of the square.
        turn: of the picture about the middle of the square, in degrees from x towards y (clockwise on the screen).
    """
    angle = np.radians(turn)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.full(2, ALIGNED_SIZE / 2)
    return np.column_stack([linear, middle + shift - linear @ middle])


def adjusted(alignment: Alignment, *, shift: tuple[float, float], scale: float, turn: float) -> Alignment:
    """Return an alignment followed by an adjustment; arguments as `adjustment`. Nothing to adjust keeps every bit."""
    if tuple(shift) == (0.0, 0.0) and scale == 1.0 and turn == 0.0:
        return alignment
    return Alignment(matrix=chained(alignment.matrix, adjustment(shift=shift, scale=scale, turn=turn)))


def chained(first: NDArray[np.float64], then: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (2, 3) map that does one after the other."""
    linear = then[:, :2] @ first
    linear[:, 2] += then[:, 2]
    return linear


def usual_face() -> FaceParts:
    """Return the face of usual proportions that the alignment of a picture aims at, in aligned pixels."""
    parts = parts_from_centres((0.0, 0.0), (100.0, 0.0), (50.0, 62.0))
    points = landmark_points(parts).astype(np.float32)
    square = align(Landmarks(points=points, scores=np.ones(len(points), np.float32), source="usual"))
    return fitted_parts(aligned_points(square, points=points))


def aligned_points(alignment: Alignment, *, points: ArrayLike) -> NDArray[np.float64]:
    """Map points from Portrait pixels to aligned pixels: float64 (..., 2) as (x, y)."""
    matrix = alignment.matrix
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def portrait_points(alignment: Alignment, *, points: ArrayLike) -> NDArray[np.float64]:
    """Map points from aligned pixels back to Portrait pixels: float64 (..., 2) as (x, y)."""
    inverse = np.linalg.inv(alignment.matrix[:, :2])
    return (np.asarray(points, np.float64) - alignment.matrix[:, 2]) @ inverse.T


def alignment_scale(alignment: Alignment) -> float:
    """Return how many aligned pixels one Portrait pixel becomes."""
    return float(np.sqrt(abs(np.linalg.det(alignment.matrix[:, :2]))))


def warp_portrait(portrait: Portrait, *, matte: Matte, alignment: Alignment, antialias: bool = True) -> AlignedPortrait:
    """Warp the portrait into the aligned square, bilinearly, on white where there is no character.

    Colours are composited on white before they are warped, as in the published system, and stored straight again:
    `over_white` of the result is that warped composite to within rounding. The published system samples a large
    picture without a filter, which breaks thin lines; here a picture at least twice too large is first averaged
    over whole blocks of pixels. Pictures scaled by more than 0.5 come out the same either way.

    Args:
        portrait: sRGB, straight alpha; its own alpha is not used, the matte is.
        matte: what belongs to the character, same size as the portrait.
        alignment: Portrait pixels to the square.
        antialias: average before a strong reduction; False samples exactly like the published system.

    Returns:
        sRGB, straight alpha, uint8 (512, 512, 4); white with alpha 0 outside the portrait.

    Raises:
        ShapeMismatch: portrait and matte differ in size.
    """
    if portrait.rgba.shape[:2] != matte.alpha.shape:
        raise ShapeMismatch(f"portrait is {portrait.rgba.shape[:2]}, matte is {matte.alpha.shape}")
    x0, y0, x1, y1 = _source_box(alignment, size=(portrait.rgba.shape[1], portrait.rgba.shape[0]))
    if x0 == x1 or y0 == y1:
        return AlignedPortrait(rgba=_nothing())
    block = max(1, int(1.0 / alignment_scale(alignment))) if antialias else 1
    ink = _ink(portrait.rgba[y0:y1, x0:x1], matte.alpha[y0:y1, x0:x1], block=block)
    grid = np.arange(ALIGNED_SIZE, dtype=np.float64) + 0.5
    square = np.stack(np.meshgrid(grid, grid), axis=-1)  # (512, 512, 2) as (x, y)
    where = (portrait_points(alignment, points=square) - (x0, y0)) / block - 0.5
    return AlignedPortrait(rgba=_straight(_bilinear(ink, where)))


def _nothing() -> NDArray[np.uint8]:
    """Return the square without any character: white, alpha 0."""
    rgba = np.full((ALIGNED_SIZE, ALIGNED_SIZE, 4), 255, np.uint8)
    rgba[..., 3] = 0
    return rgba


def _source_box(alignment: Alignment, *, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the part of a picture of `size` (width, height) that the square can see: x0, y0, x1, y1, maybe empty."""
    side = float(ALIGNED_SIZE)
    corners = portrait_points(alignment, points=[(0, 0), (side, 0), (0, side), (side, side)])
    low = np.clip(np.floor(corners.min(axis=0)) - 2, 0, size).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 2, 0, size).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _ink(rgba: NDArray[np.uint8], alpha: NDArray[np.uint8], *, block: int) -> NDArray[np.float32]:
    """Return what is printed on white paper, averaged over blocks of `block` pixels: float32 (h, w, 4), 0..1.

    The first three channels say how much darker than white the composite is, the fourth is alpha. White paper is all
    zeros, so ink can be averaged and interpolated as it is.
    """
    height, width = -(-alpha.shape[0] // block), -(-alpha.shape[1] // block)
    result = np.empty((height, width, 4), np.float32)
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top * block, (top + _BAND_ROWS) * block)
        darkness = 255 - rgba[rows]
        darkness[..., 3] = 255
        opacity = cv2.merge([alpha[rows]] * 4)
        band = cv2.multiply(darkness, opacity, scale=1 / (255 * 255), dtype=cv2.CV_32F)
        result[top : top + _BAND_ROWS] = _block_means(np.asarray(band, np.float32), block=block)
    return result


def _block_means(band: NDArray[np.float32], *, block: int) -> NDArray[np.float32]:
    """Average over whole blocks; what hangs over the right and lower edge is white paper."""
    if block == 1:
        return band
    below, right = -band.shape[0] % block, -band.shape[1] % block
    padded = cv2.copyMakeBorder(band, 0, below, 0, right, cv2.BORDER_CONSTANT)
    size = (padded.shape[1] // block, padded.shape[0] // block)
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)


def _bilinear(ink: NDArray[np.float32], where: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sample (h, w, 4) at positions (..., 2) as (x, y), pixel centres at whole numbers; zeros outside.

    OpenCV's warps round positions to 1/32 pixel, which shows as one grey level on strong edges; this one does not.
    """
    ink = np.asarray(cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT), np.float32)
    height, width = ink.shape[:2]
    x = np.clip(where[..., 0] + 1, 0, width - 1)
    y = np.clip(where[..., 1] + 1, 0, height - 1)
    column, row = np.minimum(x.astype(np.intp), width - 2), np.minimum(y.astype(np.intp), height - 2)
    across, down = ((x - column).astype(np.float32)[..., None], (y - row).astype(np.float32)[..., None])
    flat = ink.reshape(-1, 4)
    first = row * width + column
    upper = flat[first] * (1 - across) + flat[first + 1] * across
    lower = flat[first + width] * (1 - across) + flat[first + width + 1] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _straight(ink: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn ink into straight colours with their alpha, uint8; white where alpha is 0."""
    alpha = np.rint(ink[..., 3:] * 255)
    darkness = ink[..., :3] * (255 * 255) / np.maximum(alpha, 1)
    rgba = np.concatenate([np.where(alpha > 0, 255 - darkness, 255), alpha], axis=-1)
    return np.asarray(np.clip(np.rint(rgba), 0, 255), np.uint8)
