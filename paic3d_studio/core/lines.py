"""Contour lines: where they are, and which of them the infill network repaints (specification, section 1.2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.alignment import aligned_points
from paic3d_studio.core.artefacts import (
    ALIGNED_SIZE,
    AlignedPortrait,
    Alignment,
    FeatureHulls,
    KeepMask,
    Landmarks,
    LineMask,
)
from paic3d_studio.core.image import over_white
from paic3d_studio.core.strokes import Stroke, painted_shares, rasterise_strokes
from paic3d_studio.errors import ShapeMismatch, UserError

__all__ = [
    "LineOptions",
    "Stroke",
    "contour_lines",
    "difference_of_gaussians",
    "keep_mask",
    "line_mask",
    "masked_lines",
    "rasterise_strokes",
]

LUMA: Final = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey."""

KEEP_MARGIN: Final = 5
"""Side of the square by which the keep mask grows, in pixels."""

_NOSE: Final = 23
_LASHES: Final = ((5, 6, 7), (8, 9, 10))


@dataclasses.dataclass(frozen=True)
class LineOptions:
    """How contour lines are found.

    `sigma` is the narrow blur in aligned pixels and `ratio` how much wider the wide one is; a line is darker than its
    surroundings by more than `threshold` (grey, 0..1); `dilation` is the side of the square by which lines grow,
    in pixels (1 leaves them as found).
    """

    sigma: float = 0.5
    ratio: float = 1.6
    threshold: float = 0.01
    dilation: int = 2

    def __post_init__(self) -> None:
        """Refuse what has no meaning.

        Raises:
            UserError: a value is out of its range.
        """
        if not 0.05 <= self.sigma <= 20:
            raise UserError(f"The line width {self.sigma:g} is out of range.", "Choose a sigma from 0.05 to 20 pixels.")
        if not 1 < self.ratio <= 10:
            raise UserError(f"The blur ratio {self.ratio:g} is out of range.", "Choose a ratio above 1, up to 10.")
        if not 0 <= self.threshold <= 1:
            raise UserError(f"The line threshold {self.threshold:g} is out of range.", "Choose a value from 0 to 1.")
        if not 1 <= self.dilation <= 32:
            raise UserError(f"The line growth {self.dilation} is out of range.", "Choose from 1 to 32 pixels.")


def difference_of_gaussians(grey: NDArray[np.float32], *, sigma: float, ratio: float) -> NDArray[np.float32]:
    """Return the wide blur minus the narrow one: positive on lines darker than what is around them.

    Args:
        grey: 0..1, float32 (H, W); continued at its borders.
        sigma: of the narrow blur in pixels; the wide one has `sigma * ratio`.

    Returns:
        float32 (H, W).
    """
    return _blurred(grey, sigma * ratio) - _blurred(grey, sigma)


def _blurred(grey: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur with the kernel size of the published system."""
    side = max(2 * int(4 * sigma) + 1, 3)
    kernel = cv2.getGaussianKernel(side, sigma, cv2.CV_32F)
    return np.asarray(cv2.sepFilter2D(grey, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)


def contour_lines(aligned: AlignedPortrait, *, options: LineOptions) -> NDArray[np.bool_]:
    """Find the contour lines of the picture on white, grown by `options.dilation`: bool (512, 512).

    Lines grow down and right by one pixel at the usual dilation of 2, as in the published system.
    """
    rgb = over_white(aligned.rgba).astype(np.float32) / 255
    grey = np.asarray(cv2.transform(rgb, np.asarray([LUMA], np.float32)), np.float32)
    lines = difference_of_gaussians(grey, sigma=options.sigma, ratio=options.ratio) > options.threshold
    if options.dilation == 1:
        return lines
    square = np.ones((options.dilation, options.dilation), np.uint8)
    anchor = (options.dilation // 2, options.dilation // 2)
    grown = cv2.dilate(lines.astype(np.uint8), square, anchor=anchor, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return grown.astype(bool)


def keep_mask(hulls: FeatureHulls, *, landmarks: Landmarks, alignment: Alignment) -> KeepMask:
    """Mark where the artist's lines stay: feature hulls, nose point and lashes, grown by two pixels all round.

    Args:
        hulls: polygons in aligned pixels, the free ones as they are, the others convex; a feature without a hull keeps
            no lines of its own.
        landmarks: give the nose point and the two lash lines, in Portrait pixels.
        alignment: Portrait pixels to the aligned square.
    """
    mask = np.zeros((ALIGNED_SIZE, ALIGNED_SIZE), np.uint8)
    for name, polygon in hulls.polygons.items():
        if name in hulls.free:
            cv2.fillPoly(mask, [_pixels(polygon).reshape(-1, 1, 2)], 1)
        else:
            _fill_hull(mask, _pixels(polygon))
    points = _pixels(aligned_points(alignment, points=landmarks.points))
    nose = points[_NOSE]
    if np.all((nose >= 0) & (nose < ALIGNED_SIZE)):
        mask[nose[1], nose[0]] = 1
    for lash in _LASHES:
        cv2.polylines(mask, [points[list(lash)].reshape(-1, 1, 2)], False, 1)
    square = np.ones((KEEP_MARGIN, KEEP_MARGIN), np.uint8)
    return KeepMask(mask=cv2.dilate(mask, square).astype(bool))


def _pixels(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the pixels that hold these points, (n, 2) as (column, row).

    The published system truncates coordinates whose whole numbers are pixel centres: half a pixel less than here.
    The small allowance undoes float32 rounding of the half pixel.
    """
    reach = 8 * ALIGNED_SIZE  # keeps far-away points inside OpenCV's integers
    return np.asarray(np.clip(np.floor(points - 0.5 + 1e-4), -reach, reach), np.int32)


def _fill_hull(mask: NDArray[np.uint8], pixels: NDArray[np.int32]) -> None:
    """Fill the convex hull of some pixels into `mask`, in place: every pixel whose centre lies in the hull of the
    pixels' diamonds (their centres moved by half a pixel up, down, left and right), edges included.
    """
    if len(pixels) == 0:
        return
    diamond = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], np.int32)
    doubled = (2 * pixels[:, None, :] + diamond).reshape(-1, 2)
    corners = cv2.convexHull(doubled).reshape(-1, 2).astype(np.float64) / 2
    top, bottom = int(np.ceil(corners[:, 1].min())), int(np.floor(corners[:, 1].max()))
    rows = np.arange(max(top, 0), min(bottom, mask.shape[0] - 1) + 1)
    left, right = _row_spans(corners, rows)
    first = np.maximum(np.ceil(left - 1e-9), 0).astype(int)
    last = np.minimum(np.floor(right + 1e-9), mask.shape[1] - 1).astype(int)
    for row, start, stop in zip(rows, first, last, strict=True):
        mask[row, start : stop + 1] = 1


def _row_spans(corners: NDArray[np.float64], rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the leftmost and rightmost x of a convex polygon on each row."""
    start, stop = corners, np.roll(corners, -1, axis=0)
    low, high = np.minimum(start[:, 1], stop[:, 1]), np.maximum(start[:, 1], stop[:, 1])
    rise = stop[:, 1] - start[:, 1]
    share = (rows[None, :] - start[:, 1:]) / np.where(rise == 0, 1, rise)[:, None]  # (edges, rows)
    x = start[:, :1] + share * (stop[:, :1] - start[:, :1])
    crosses = (rows >= low[:, None]) & (rows <= high[:, None]) & (rise != 0)[:, None]
    left = np.where(crosses, x, np.inf).min(axis=0)
    right = np.where(crosses, x, -np.inf).max(axis=0)
    return left, right


def line_mask(
    aligned: AlignedPortrait, *, keep: KeepMask, strokes: Sequence[Stroke] = (), options: LineOptions | None = None
) -> LineMask:
    """Mark the contour pixels that the infill network will repaint.

    Difference of gaussians rather than an edge filter: an edge filter answers on both sides of every stroke
    (PAniC-3D, section 2.2).

    Args:
        aligned: sRGB, straight alpha, uint8 (512, 512, 4); transparent pixels count as white.
        keep: True where the artist wants lines left alone, bool (512, 512).
        strokes: painted by the artist in aligned pixels, over the lines that were found.
        options: how lines are found; None takes the published values.

    Returns:
        True where a pixel is to be repainted; never True under `keep`.

    Raises:
        ShapeMismatch: `keep` and `aligned` differ in size.
    """
    return masked_lines(contour_lines(aligned, options=options or LineOptions()), keep=keep, strokes=strokes)


def masked_lines(lines: NDArray[np.bool_], *, keep: KeepMask, strokes: Sequence[Stroke] = ()) -> LineMask:
    """Combine found lines, the artist's strokes and the keep mask: what `line_mask` does after finding the lines.

    Raises:
        ShapeMismatch: `keep` and `lines` differ in size.
    """
    if lines.shape != keep.mask.shape:
        raise ShapeMismatch(f"lines are {lines.shape}, the keep mask is {keep.mask.shape}")
    if not any(stroke.is_soft for stroke in strokes):
        return LineMask(mask=rasterise_strokes(lines, strokes=strokes) & ~keep.mask)
    shares = painted_shares(lines.astype(np.uint8) * np.uint8(255), strokes=strokes)
    shares[keep.mask] = 0
    return LineMask(mask=shares > 0, shares=shares)
