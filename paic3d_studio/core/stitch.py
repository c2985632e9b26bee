"""The artist's own pixels on the surface: where the front sees it, how much they count, and what colour they are."""

from __future__ import annotations

import dataclasses
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from paic3d_studio.core import mesh
from paic3d_studio.core.artefacts import ALIGNED_SIZE, BOX_SIDE, Alignment, Portrait, SurfaceMesh
from paic3d_studio.core.raster import rasterise

FRONT_SIZE: Final = 1024
"""Side of the front picture in which margins and tones are measured, in pixels: 0.68 mm each."""

DEPTH_SIZE: Final = 2048
"""Side of the front picture in which visibility is decided: 0.34 mm, about a texel."""

_SELF_SHADOW: Final = 0.003
"""A point this close behind the frontmost surface still counts as seen, metres: slopes within one front pixel."""

_JUMP: Final = 0.01
"""A step in depth of this size between neighbouring front pixels is an occluding contour, metres."""

_JUMP_SLOPE: Final = 4
"""Metres of depth per metre across that such a step has at least: where pixels are large, a slope is no step."""

_CONTOUR_REACH: Final = 0.0034
"""How far from an occluding contour slopes belong to it, metres along the front picture."""

CONTOUR_EASE: Final = 0.25
"""By how much less, in z of its normal, a slope along such a contour needs to face the front: it is the drawn contour.
On steeper walls one pixel would be smeared over centimetres: a line seen from the front, a streak on the cheek."""

_SAME_THING: Final = 0.12
"""Where portrait and field differ by much more than this, they show different things, not one thing in two tones."""

_TONE_REACH: Final = 0.006
"""Tone differences are averaged over about this distance along the surface, metres."""


@dataclasses.dataclass(frozen=True, eq=False)
class StitchSource:
    """What is stitched: the portrait at full resolution with its matte as alpha, and where it lies in the front view.

    `rgba` sRGB, straight alpha, uint8 (H, W, 4); `alignment` maps its pixels to the aligned square.
    """

    rgba: NDArray[np.uint8]
    alignment: Alignment

    @classmethod
    def of(cls, portrait: Portrait, *, alpha: NDArray[np.uint8], alignment: Alignment) -> StitchSource:
        """Return the source made of the portrait's colours and the matte's `alpha` uint8 (H, W)."""
        return cls(rgba=np.dstack([portrait.rgba[:, :, :3], alpha]), alignment=alignment)


@dataclasses.dataclass(frozen=True)
class StitchOptions:
    """How the artist's pixels meet the field's colours.

    `margin` and `feather` are in metres along the front picture: pixels within `margin` of the matte's border are not
    used, and over the next `feather` they fade in. Surfaces fade in between `grazing` and `facing`, the z of their unit
    normals, along occluding contours a little sooner. Beyond the border the field's colours take on the picture's tone,
    fading over `match_length` metres along the surface; 0 switches that off.
    """

    margin: float = 0.0015
    feather: float = 0.004
    grazing: float = 0.4
    facing: float = 0.75
    match_length: float = 0.03


class FrontPicture:
    """The portrait seen as the front view of the surface; answers weight and colour for points on it."""

    def __init__(
        self, surface: SurfaceMesh, source: StitchSource, *, options: StitchOptions, texel_side: float
    ) -> None:
        """Prepare visibility and pixels.

        Args:
            surface: the mesh that hides parts of itself from the front.
            source: the portrait and its alignment.
            options: margins and fades.
            texel_side: side of a texel on the surface, metres; finer pixels are averaged first.
        """
        self._options = options
        self._depth = front_depth(surface)
        # A texel under the edge of something nearer shares its front pixel; the neighbour's depth still vouches for it.
        self._reach = np.asarray(cv2.erode(self._depth, np.ones((3, 3), np.uint8)), dtype=np.float32)
        self._picture, self._to_picture = _prefiltered(source, texel_side)
        step = DEPTH_SIZE // FRONT_SIZE
        self._contours = inner_contours(self._depth[::step, ::step], pixel=BOX_SIDE / FRONT_SIZE)
        self._confidence = self._front_confidence()

    def weights(self, points: NDArray[np.float32], normals: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how much the portrait counts at surface points, float32 (p,), 0..1.

        Args:
            points: (p, 3) in the field frame. normals: (p, 3) unit.
        """
        deepest = _look_up(self._reach, *_front_pixels(points, size=DEPTH_SIZE), nearest=True)
        seen = points[:, 2] >= deepest - _SELF_SHADOW
        contour = CONTOUR_EASE * _look_up(self._contours, *_front_pixels(points))
        low = np.maximum(self._options.grazing - contour, 0)
        fade = _smoothstep(normals[:, 2], low, self._options.facing - contour)
        return np.asarray(seen * fade * _look_up(self._confidence, *_front_pixels(points)), dtype=np.float32)

    def colours(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the portrait's colour behind each point, sRGB 0..1, float32 (p, 3); meaningless outside the matte."""
        pixels = _aligned_pixels(points) @ self._to_picture[:, :2].T + self._to_picture[:, 2]
        sampled = _look_up(self._picture, pixels[:, 0], pixels[:, 1])  # premultiplied (p, 4)
        straight = sampled[:, :3] / np.maximum(sampled[:, 3:], 1e-3)
        return np.clip(straight, 0, 1)

    def tones(self, points: NDArray[np.float32], *, radius: float) -> NDArray[np.float32]:
        """Return the portrait's colour averaged over `radius` metres, lines and shading detail gone; sRGB (p, 3)."""
        front = self._at_front_size()
        trusted = front * (self._confidence * (front[:, :, 3] > 0.5))[:, :, None]
        blurred = cv2.GaussianBlur(trusted, (0, 0), radius * FRONT_SIZE / BOX_SIDE)
        sampled = _look_up(np.asarray(blurred, dtype=np.float32), *_front_pixels(points))
        return np.clip(sampled[:, :3] / np.maximum(sampled[:, 3:], 1e-4), 0, 1)

    def _at_front_size(self) -> NDArray[np.float32]:
        """Return the portrait warped to the front picture, premultiplied float32 (n, n, 4)."""
        scale = ALIGNED_SIZE / FRONT_SIZE
        matrix = self._to_picture @ np.array([[scale, 0, 0], [0, scale, 0], [0, 0, 1.0]])
        matrix[:, 2] += matrix[:, :2].sum(axis=1) * 0.5 - 0.5  # pixel centres at +0.5 on both sides
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(self._picture, matrix, (FRONT_SIZE, FRONT_SIZE), flags=flags)
        return np.asarray(warped, dtype=np.float32)

    def _front_confidence(self) -> NDArray[np.float32]:
        """Return how far each front pixel is from anything that could spoil it, faded to 0..1, float32 (n, n)."""
        step = DEPTH_SIZE // FRONT_SIZE
        inside = (self._at_front_size()[:, :, 3] > 0.5) & np.isfinite(self._depth[::step, ::step])
        metres = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5) * (BOX_SIDE / FRONT_SIZE)
        low = self._options.margin
        return _smoothstep(np.asarray(metres, dtype=np.float32), low, low + self._options.feather)


def front_depth(surface: SurfaceMesh) -> NDArray[np.float32]:
    """Return the largest z of the surface behind each front pixel, float32 (n, n); -inf where there is none."""
    facing = surface.faces[mesh.face_normals(surface.vertices, surface.faces)[:, 2] > 0]  # a closed surface's front
    column, row = _front_pixels(surface.vertices, size=DEPTH_SIZE)
    coverage = rasterise(np.stack([column, row], axis=1), facing, size=DEPTH_SIZE)
    depth = np.full(DEPTH_SIZE * DEPTH_SIZE, -np.inf, dtype=np.float32)
    np.maximum.at(depth, coverage.texels, coverage.interpolate(surface.vertices[:, 2:], facing)[:, 0])
    return depth.reshape(DEPTH_SIZE, DEPTH_SIZE)


def inner_contours(depth: NDArray[np.float32], *, pixel: float) -> NDArray[np.float32]:
    """Return where one part of the head ends before another, float32 (n, n), 0..1.

    The outline against the background is none: the surface turns away slowly there, and stretched pixels would show.

    Args:
        depth: z of the first surface seen from the front in metres, -inf where there is none, (n, n).
        pixel: side of a pixel in metres.
    """
    covered = np.isfinite(depth)
    window, reach = np.ones((3, 3), np.uint8), np.ones((2 * round(_CONTOUR_REACH / pixel) + 1,) * 2, np.uint8)
    nearest = cv2.dilate(np.where(covered, depth, np.float32(-1)), window)
    farthest = cv2.erode(np.where(covered, depth, np.float32(1)), window)
    inner = cv2.erode(covered.astype(np.uint8), reach) > 0
    jumps = ((nearest - farthest > max(_JUMP, _JUMP_SLOPE * 2 * pixel)) & inner).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(cv2.dilate(jumps, reach), (5, 5), 0), dtype=np.float32)


def spread_shift(
    surface: SurfaceMesh, *, shift: NDArray[np.float32], weight: NDArray[np.float32], length: float
) -> NDArray[np.float32]:
    """Continue a colour shift that is known on part of the surface over the rest of it, fading with distance.

    Solves the screened Poisson equation on the welded mesh: where the shift is believed it is smoothed, beyond that it
    is continued and falls by e over `length`.

    Args:
        surface: the mesh.
        shift: float32 (v, 3); believed where it is small and `weight` is large.
        weight: how much the portrait counts at each vertex, float32 (v,).
        length: metres.

    Returns:
        float32 (v, 3), the shift at every vertex.
    """
    first, welded = mesh.weld(surface.vertices)
    known = shift[first].astype(np.float64)
    belief = weight[first] * np.exp(-np.square(np.abs(known).max(axis=1) / _SAME_THING))
    stiffness, mass = _laplacian(surface.vertices[first].astype(np.float64), welded[surface.faces])
    pull = mass * belief / _TONE_REACH**2
    system = stiffness + sparse.diags_array(mass / length**2 + pull)
    spread = splu(system.tocsc()).solve(pull[:, None] * known)
    return np.asarray(spread[welded], dtype=np.float32)


def _laplacian(vertices: mesh.Points, faces: NDArray[np.int64]) -> tuple[sparse.csc_array, NDArray[np.float64]]:
    """Return the cotangent stiffness matrix and vertex areas; negative weights are clipped, so no shift overshoots."""
    corners = vertices[faces]
    area = np.maximum(np.linalg.norm(mesh.face_normals(vertices, faces), axis=1) / 2, 1e-12)
    rows, columns, values = [], [], []
    for corner in range(3):
        i, j = (corner + 1) % 3, (corner + 2) % 3
        dot = np.einsum("ij,ij->i", corners[:, i] - corners[:, corner], corners[:, j] - corners[:, corner])
        cotangent = np.clip(dot / (4 * area), 1e-3, 1e3)
        rows += [faces[:, i], faces[:, j]]
        columns += [faces[:, j], faces[:, i]]
        values += [cotangent, cotangent]
    count = len(vertices)
    adjacency = sparse.coo_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count)
    ).tocsc()
    degree = np.asarray(adjacency.sum(axis=1)).reshape(-1)
    mass = np.bincount(faces.reshape(-1), np.repeat(area / 3, 3), minlength=count)
    return (sparse.diags_array(degree) - adjacency).tocsc(), np.asarray(mass, dtype=np.float64)


def _prefiltered(source: StitchSource, texel_side: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the portrait premultiplied, 0..1, no finer than the texels, and the map from aligned pixels to it."""
    linear = np.vstack([source.alignment.matrix, [0.0, 0.0, 1.0]])
    scale = float(np.sqrt(abs(np.linalg.det(linear[:2, :2]))))  # aligned pixels per portrait pixel
    pixel_side = scale * BOX_SIDE / ALIGNED_SIZE
    height, width = source.rgba.shape[:2]
    shrink = max(1.0, texel_side / pixel_side, max(height, width) / 16000)
    picture = source.rgba.astype(np.float32) / 255
    picture[:, :, :3] *= picture[:, :, 3:]
    if shrink > 1.2:
        size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    resize = np.diag([picture.shape[1] / width, picture.shape[0] / height, 1.0])
    return np.asarray(picture, dtype=np.float32), np.asarray((resize @ np.linalg.inv(linear))[:2], dtype=np.float64)


def _aligned_pixels(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return where field points lie in the aligned square, float64 (p, 2), pixel centres at +0.5."""
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    return ALIGNED_SIZE * np.stack([0.5 + x / BOX_SIDE, 0.5 - y / BOX_SIDE], axis=1)


def _front_pixels(
    points: NDArray[np.float32], *, size: int = FRONT_SIZE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (column, row) in a front picture of `size` pixels a side, centres at +0.5."""
    pixels = _aligned_pixels(points) * (size / ALIGNED_SIZE)
    return pixels[:, 0], pixels[:, 1]


def _look_up(
    picture: NDArray[np.float32], column: NDArray[np.float64], row: NDArray[np.float64], *, nearest: bool = False
) -> NDArray[np.float32]:
    """Sample a picture at pixel positions (centres at +0.5), float32 (p,) or (p, c); borders are replicated."""
    count, width = len(column), 4096  # remap wants maps less than 32768 on a side
    rows = max(1, -(-count // width))
    flat = np.zeros((2, rows * width), dtype=np.float32)
    flat[0, :count], flat[1, :count] = column - 0.5, row - 0.5
    maps = flat.reshape(2, rows, width)
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    sampled = cv2.remap(picture, maps[0], maps[1], how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, dtype=np.float32).reshape(rows * width, *picture.shape[2:])[:count]


def _smoothstep(
    values: NDArray[np.floating], low: float | NDArray[np.float32], high: float | NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return 0 below `low`, 1 above `high`, and a smooth rise between."""
    t = np.clip((values - low) / np.maximum(high - low, 1e-12), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
