"""What the ray marcher needs beside the voxels: colours for empty neighbours, and a map of where anything is."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from paic3d_studio.core.artefacts import BOX_SIDE, FieldVolume
from paic3d_studio.errors import ShapeMismatch
from paic3d_studio.viewport.front import FrontMap, front_map

CELL: Final = 8
"""Side of an occupancy cell in voxels."""

FAINT: Final = 16
"""Opacity (0..255) below which a voxel takes its colour from its neighbours, weighted by their opacity."""


STEEPNESS: Final = 7.0
"""The card interpolates the logit of opacity, from -STEEPNESS (empty) to +STEEPNESS (opaque)."""

LOGIT_FLOOR: Final = 1.0 / (1.0 + math.exp(STEEPNESS))
"""The opacity at -STEEPNESS, taken off so that empty is empty."""

SOLID_SIDE: Final = 128
"""Finer volumes are drawn as solid per voxel as one of this side: their fog would else be finer than their surface."""

STEP_BLUR: Final = 0.6
"""Standard deviation of the blur that takes stairs out of edges, in voxels."""

SMOOTHING: Final = 1.2
"""Standard deviation of the blur for normals, in voxels."""

Haze = tuple[float, float]
"""Opacity per voxel (0..1) up to which matter is not shown, and from which on it is shown whole."""

ALL_MATTER: Final[Haze] = (0.0, 1e-6)
"""Shows the faintest fog."""

THICKEST_HAZE: Final[Haze] = (0.25, 0.6)
"""No volume hides more than this: half-opaque hair stays."""

HAZE_DENSITY: Final[Haze] = (0.12, 0.4)
"""Haze in parts of the volume's own greatest density; meshes begin at about half of that."""


@dataclasses.dataclass(frozen=True, eq=False)
class BakedVolume:
    """A volume ready for the graphics card.

    Opacity is stored as its scaled logit, and turned back after interpolation: the edge of an opaque voxel is then a
    fraction of a voxel wide instead of a whole one, while every voxel's centre keeps its opacity (post-activation,
    Sun et al., "Direct Voxel Grid Optimization", CVPR 2022).

    Args:
        voxels: sRGB and the logit of opacity, 0 empty, 255 opaque, 128 half; uint8 (n, n, n, 4) [z, y, x]; empty
            voxels next to filled ones carry their colour.
        smoothed: opacity blurred by `SMOOTHING`, whose slope gives normals, uint8 (n, n, n): on a ball of 45 voxels the
            slope of the opacity itself errs by 5 degrees, that of the blurred one by 1.
        occupancy: greatest opacity that interpolation can meet in each cell, uint8 (m, m, m) [z, y, x].
        lower, upper: corner voxels of the box that holds every occupied cell, (x, y, z), upper exclusive.
        haze: what only the X-ray shows.
        surface: scaled logit (0..1) at which a ray has met the surface.
        front: the surface as the front sees it.
        box_side: metres.
    """

    voxels: NDArray[np.uint8]
    smoothed: NDArray[np.uint8]
    occupancy: NDArray[np.uint8]
    lower: tuple[int, int, int]
    upper: tuple[int, int, int]
    haze: Haze
    surface: float
    front: FrontMap
    box_side: float = BOX_SIDE

    @property
    def surface_density(self) -> float:
        """The density at the surface: what stops its opacity within a voxel (of `SOLID_SIDE`, where it is finer)."""
        raised = 1.0 / (1.0 + math.exp(STEEPNESS * (1.0 - 2.0 * self.surface)))
        opacity = (raised - LOGIT_FLOOR) / (1.0 - 2.0 * LOGIT_FLOOR)
        extinction = -math.log1p(-opacity) * min(len(self.voxels), SOLID_SIDE) / self.box_side
        return 1.0 + extinction + math.log(-math.expm1(-extinction))  # the inverse of softplus(density - 1)


def bake_volume(volume: FieldVolume) -> BakedVolume:
    """Prepare `volume` for drawing; 128^3 takes a tenth of a second of one core, 192^3 half a second.

    Raises:
        ShapeMismatch: the volume is not a cube of RGBA voxels.
    """
    rgba = volume.rgba
    if rgba.ndim != 4 or len(set(rgba.shape[:3])) != 1 or rgba.shape[3] != 4 or rgba.dtype != np.uint8:
        raise ShapeMismatch(f"a field volume is uint8 (n, n, n, 4), not {rgba.dtype} {rgba.shape}")
    n = rgba.shape[0]
    opacity, solid = without_steps(rgba[..., 3]), rgba[..., 3]
    coloured = bled_colours(rgba)
    coloured[..., 3] = opacity
    if n > SOLID_SIDE:
        opacity, solid = (thickened(part, times=n / SOLID_SIDE) for part in (opacity, solid))
    occupancy = occupancy_of(opacity)
    lower, upper = _occupied_box(occupancy, voxels=n)
    voxels = bled_colours(coloured)
    voxels[..., 3] = logits()[opacity]
    surface = surface_of(solid)
    front = front_map(voxels[..., 3], level=255 * surface, box_side=volume.box_side)
    smoothed = _blurred(opacity, SMOOTHING)
    return BakedVolume(voxels, smoothed, occupancy, lower, upper, haze_of(solid), surface, front, volume.box_side)


def without_steps(opacity: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return opacity without the stairs that sampling at single points leaves on every slanting edge.

    A field may end within a fraction of a voxel, where its picture ends; each voxel is then all or nothing, and what
    crosses between them jumps. A blur of less than a voxel lets the crossing glide instead; convex edges lose a sixth
    of a voxel by it.
    """
    return _blurred(opacity, STEP_BLUR)


def thickened(opacity: NDArray[np.uint8], *, times: float) -> NDArray[np.uint8]:
    """Return the opacity of matter that is so many times as dense, uint8, same shape."""
    clear = times * np.log1p(-np.minimum(np.arange(256), 254.9) / 255)
    table: NDArray[np.uint8] = np.rint(255 * -np.expm1(clear)).astype(np.uint8)
    return table[opacity]


def surface_of(opacity: NDArray[np.uint8]) -> float:
    """Return the scaled logit (0..1) at which a ray has met the surface: half as dense as the solid, or half opaque."""
    density = _solid_density(opacity)
    return scaled_logit(min(0.5, -math.expm1(-density / 2))) if density > 0 else 0.5


def haze_of(opacity: NDArray[np.uint8]) -> Haze:
    """Return what is fog in a volume: thin against its own solid parts.

    Networks leave a thin fog round the head that no mesh will have, and differ in how dense their solid is: a voxel of
    the published network lets half of the light through.

    Args:
        opacity: uint8 (n, n, n).
    """
    density = _solid_density(opacity)
    if density == 0:
        return ALL_MATTER
    thin, whole = (
        min(cap, -math.expm1(-part * density)) for part, cap in zip(HAZE_DENSITY, THICKEST_HAZE, strict=True)
    )
    return thin, whole


def _solid_density(opacity: NDArray[np.uint8]) -> float:
    """Return how dense a volume's own solid is, per voxel; 0 for an empty one."""
    counts = np.bincount(opacity.reshape(-1), minlength=256)[1:]
    if not counts.any():
        return 0.0
    solid = 1 + int(np.searchsorted(np.cumsum(counts), 0.99 * counts.sum()))
    return -math.log1p(-min(solid, 254.5) / 255.0)


def scaled_logit(opacity: float) -> float:
    """Return the logit of an opacity (0..1), scaled to 0..1: 0 at 0, 0.5 at 0.5, 1 at 1."""
    raised = LOGIT_FLOOR + opacity * (1.0 - 2.0 * LOGIT_FLOOR)
    return (math.log(raised / (1.0 - raised)) / STEEPNESS + 1.0) / 2.0


def logits() -> NDArray[np.uint8]:
    """Return the stored value of each opacity: uint8 (256,), rising, 0 at 0 and 255 at 255."""
    return np.array([round(255 * scaled_logit(opacity / 255)) for opacity in range(256)], np.uint8)


def _blurred(opacity: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """Return opacity blurred by a Gaussian of `sigma` voxels, uint8 (n, n, n)."""
    blurred: NDArray[np.float32] = ndimage.gaussian_filter(opacity.astype(np.float32), sigma, truncate=2.5)
    return np.rint(blurred).astype(np.uint8)


def occupancy_of(opacity: NDArray[np.uint8], *, cell: int = CELL) -> NDArray[np.uint8]:
    """Return the greatest opacity in each cell and one voxel around it, where interpolation still reaches.

    Args:
        opacity: uint8 (n, n, n).
        cell: side in voxels; the last cell is padded when n is no multiple.

    Returns:
        uint8 (m, m, m), m = ceil(n / cell).
    """
    spread = _neighbourhood_maximum(opacity)
    pad = -opacity.shape[0] % cell
    spread = np.pad(spread, ((0, pad),) * 3)
    m = spread.shape[0] // cell
    cells = spread.reshape(m, cell, m, cell, m, cell)
    greatest: NDArray[np.uint8] = cells.max(axis=5).max(axis=3).max(axis=1)
    return greatest


def bled_colours(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give faint voxels the colour of their more opaque neighbours, so that no rim is tinted by empty space.

    Colour is interpolated straight, not premultiplied: eight bits of a premultiplied faint colour would be nothing
    but rounding. Interpolation reaches one voxel far, hence one voxel of bleeding is enough.

    Args:
        rgba: straight alpha, uint8 (n, n, n, 4).

    Returns:
        Same shape, same opacity.
    """
    opacity = rgba[..., 3]
    rim = np.flatnonzero((opacity < FAINT) & (_neighbourhood_maximum(opacity) > 0))
    out = np.array(rgba)
    if rim.size == 0:
        return out
    n = opacity.shape[0]
    padded = np.pad(rgba, ((1, 1), (1, 1), (1, 1), (0, 0))).reshape(-1, 4)
    side = n + 2
    z, y, x = np.unravel_index(rim, opacity.shape)
    centre = ((z + 1) * side + (y + 1)) * side + (x + 1)
    total = np.zeros((rim.size, 3), np.float32)
    weights = np.zeros(rim.size, np.float32)
    for dz in (-1, 0, 1):
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                near = padded[centre + (dz * side + dy) * side + dx]
                weight = near[:, 3].astype(np.float32)
                total += near[:, :3] * weight[:, None]
                weights += weight
    out.reshape(-1, 4)[rim, :3] = np.rint(total / weights[:, None]).astype(np.uint8)
    return out


def _neighbourhood_maximum(opacity: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the greatest value in the 3x3x3 neighbourhood of each voxel, uint8 (n, n, n)."""
    spread = np.array(opacity)
    for axis in range(3):
        source = spread.copy()
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        np.maximum(spread[tuple(behind)], source[tuple(ahead)], out=spread[tuple(behind)])
        np.maximum(spread[tuple(ahead)], source[tuple(behind)], out=spread[tuple(ahead)])
    return spread


def _occupied_box(occupancy: NDArray[np.uint8], *, voxels: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return the voxel corners (x, y, z) of the smallest box of whole cells that holds anything."""
    lower, upper = [], []
    for axis in (2, 1, 0):  # x, y, z
        others = tuple(a for a in range(3) if a != axis)
        filled = np.flatnonzero(occupancy.any(axis=others))
        lower.append(int(filled[0]) * CELL if filled.size else 0)
        upper.append(min(voxels, (int(filled[-1]) + 1) * CELL) if filled.size else 0)
    return (lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2])
