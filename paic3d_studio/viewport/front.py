"""What the front camera sees: how deep the volume's surface lies there, and the artist's picture laid over it."""

from __future__ import annotations

import dataclasses
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE, BOX_SIDE
from paic3d_studio.core.stitch import CONTOUR_EASE, StitchOptions, StitchSource, inner_contours

FINER: Final = 2
"""The front is looked at with this many rays for each voxel's side."""

STITCH: Final = StitchOptions()
"""How the picture meets the field's colours on a mesh; the viewport does the same unless it looks from the front."""

LARGEST_PICTURE: Final = 2048
"""Side of the stitched picture at most, in pixels; the viewport never shows more of it at once."""

BORDER_REACH: Final = 0.008
"""Distances from the border of the matte are told up to this far on either side, metres."""

_BLEED: Final = 0.004
"""How far the picture's colours are continued beyond its matte, metres."""


@dataclasses.dataclass(frozen=True, eq=False)
class FrontMap:
    """The surface as seen by rays from +z, row 0 at the lowest y.

    `depth` z of the first surface in metres, float32 (m, m), the back of the box where there is none; `facing` 0..1,
    how squarely it turns to the front, uint8 (m, m), 255 for surfaces on which the picture counts whole.
    """

    depth: NDArray[np.float32]
    facing: NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, eq=False)
class StitchPicture:
    """The picture over the whole front view, ready for the graphics card, row 0 at the lowest y.

    `rgba` sRGB, which goes on a little beyond the matte, and the distance from its border: 0 is `BORDER_REACH`
    outside, 255 as far inside; uint8 (n, n, 4). `matte` what belongs to the character, 255 also where the artist's file
    shows nothing, and that distance again; uint8 (n, n, 2).
    """

    rgba: NDArray[np.uint8]
    matte: NDArray[np.uint8]


NO_PICTURE: Final = StitchPicture(np.zeros((3, 3, 4), np.uint8), np.full((3, 3, 2), 255, np.uint8))
"""Stitches nothing and cuts nothing; its sides are no powers of two, as those of most pictures are not."""


def front_map(values: NDArray[np.uint8], *, level: float, box_side: float, options: StitchOptions = STITCH) -> FrontMap:
    """Follow rays from the front to the surface of a volume.

    Args:
        values: what is interpolated along the rays, uint8 (n, n, n) [z, y, x].
        level: the value (0..255) at the surface.
        box_side: metres.
        options: between which slopes the picture fades in.
    """
    n = values.shape[0]
    side = FINER * n
    depth = np.full((side, side), -box_side / 2, np.float32)
    open_rays = np.ones((side, side), bool)
    before = np.zeros((side, side), np.float32)
    for z in range(n - 1, -1, -1):
        if not values[z].any():
            before = np.zeros_like(before)
            continue
        here = np.asarray(cv2.resize(values[z].astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR))
        met = open_rays & (here >= level)
        share = (here[met] - level) / np.maximum(here[met] - np.minimum(before[met], level), 1e-6)
        depth[met] = ((z + 0.5 + share) / n - 0.5) * box_side
        open_rays &= ~met
        before = here
    contours = inner_contours(np.where(open_rays, -np.inf, depth).astype(np.float32), pixel=box_side / side)
    return FrontMap(depth, _facing(depth, contours, pixel=box_side / side, options=options))


def stitch_picture(source: StitchSource | None) -> StitchPicture:
    """Lay a picture over the front view as `core.stitch` does, for the shader to look it up.

    Args:
        source: the picture and its alignment; None stitches nothing.
    """
    if source is None:
        return NO_PICTURE
    premultiplied, known, side = _warped(source)
    alpha = premultiplied[..., 3]
    per_metre = side / BOX_SIDE
    within, without = (
        cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5) for part in (alpha > 0.5, alpha <= 0.5)
    )
    border = 0.5 + (np.asarray(within) - np.asarray(without)) / (2 * BORDER_REACH * per_metre)
    around = np.asarray(cv2.GaussianBlur(premultiplied, (0, 0), _BLEED * per_metre / 2))
    colour = np.where(
        alpha[..., None] > 0.5,
        premultiplied[..., :3] / np.maximum(alpha[..., None], 0.5),
        around[..., :3] / np.maximum(around[..., 3:], 1e-4),
    )
    rgba = np.dstack([colour, border]).clip(0, 1)
    matte = np.dstack([np.maximum(alpha, 1 - known), rgba[..., 3]])
    return StitchPicture(_as_bytes(rgba[::-1]), _as_bytes(matte[::-1]))


def _warped(source: StitchSource) -> tuple[NDArray[np.float32], NDArray[np.float32], int]:
    """Return the picture over the front view: premultiplied 0..1 (n, n, 4), 1 where the file shows anything, and n."""
    matrix: NDArray[np.floating] = source.alignment.matrix
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))  # aligned pixels per picture pixel
    side = int(np.clip(round(ALIGNED_SIZE / scale), ALIGNED_SIZE, LARGEST_PICTURE))
    picture: NDArray[np.floating] = source.rgba.astype(np.float32) / 255
    picture[..., :3] *= picture[..., 3:]
    shrink = side / ALIGNED_SIZE * scale
    if shrink < 0.8:  # finer than the front view: average first, so that no pixel is skipped
        small = tuple(max(1, round(length * shrink)) for length in picture.shape[1::-1])
        reduced = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), dtype=np.float32)
        stretch = np.diag([picture.shape[1] / small[0], picture.shape[0] / small[1]])
        matrix = np.concatenate([matrix[:, :2] @ stretch, matrix[:, 2:]], axis=1, dtype=np.float64)
        picture = reduced
    to_front = matrix * (side / ALIGNED_SIZE)
    to_front[:, 2] += to_front[:, :2].sum(axis=1) * 0.5 - 0.5  # pixel centres at +0.5 on both sides
    warped = cv2.warpAffine(picture, to_front, (side, side), flags=cv2.INTER_LINEAR)
    known = cv2.warpAffine(np.ones(picture.shape[:2], np.float32), to_front, (side, side), flags=cv2.INTER_LINEAR)
    return np.asarray(warped, np.float32), np.asarray(known, np.float32), side


def _facing(
    depth: NDArray[np.float32], contours: NDArray[np.float32], *, pixel: float, options: StitchOptions
) -> NDArray[np.uint8]:
    """Return how much surfaces of a slope take of the picture; at a jump the slope is that of the near side itself."""
    smooth = np.asarray(cv2.bilateralFilter(depth, 7, 0.006, 2.5), np.float32)
    steepness = np.zeros_like(depth)
    for axis in (0, 1):
        step = np.abs(np.diff(smooth, axis=axis))
        ends = [(0, 0), (0, 0)]
        ends[axis] = (1, 1)
        padded = np.pad(step, ends, constant_values=np.inf)
        ahead, behind = (np.take(padded, range(k, k + depth.shape[axis]), axis=axis) for k in (0, 1))
        steepness += np.square(np.minimum(ahead, behind) / pixel)
    normal_z = 1 / np.sqrt(1 + steepness)
    rise = np.clip((normal_z + CONTOUR_EASE * contours - options.grazing) / (options.facing - options.grazing), 0, 1)
    soft = cv2.GaussianBlur(np.asarray(rise * rise * (3 - 2 * rise), np.float32), (0, 0), 1.5)
    return _as_bytes(np.asarray(soft))


def _as_bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return 0..1 as 0..255, uint8."""
    return np.ascontiguousarray(np.rint(values * 255).astype(np.uint8))
