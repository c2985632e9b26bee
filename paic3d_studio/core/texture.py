"""From a surface and a coloured field to a texture, with the artist's own pixels where the front sees the surface."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core import mesh
from paic3d_studio.core.artefacts import SurfaceMesh, TexturedMesh
from paic3d_studio.core.bounds import refuse_outside
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.raster import Coverage, covering, rasterise, with_corners
from paic3d_studio.core.stitch import FrontPicture, StitchOptions, StitchSource, spread_shift

ColourAt = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Field points float32 (p, 3), metres, to colours float32 (p, 3), sRGB 0..1."""

_CHUNK: Final = 131_072
"""Points per query of the field; cancel is asked between queries."""

_BAND: Final = 12
"""Width of the band around each chart that repeats its border, in texels: filters and mip levels look there."""


@dataclasses.dataclass(frozen=True)
class TextureOptions:
    """How a texture is baked.

    `size` is the side in texels. `field_stride` queries the field at every so-many-th texel and interpolates between:
    a texel of 2048 is some 0.4 mm, the field's own cells are millimetres. `depth` is how far under the surface colours
    are asked, metres. `stitch` puts the artist's own pixels where the front sees the surface, as `stitching` says.
    """

    size: int = 2048
    field_stride: int = 2
    depth: float = 0.001
    stitch: bool = True
    stitching: StitchOptions = dataclasses.field(default_factory=StitchOptions)

    def __post_init__(self) -> None:
        """Refuse what has no meaning, or would fill the memory.

        Raises:
            UserError: a value is out of its range.
        """
        refuse_outside("The side of the texture", self.size, 4, 8192)
        refuse_outside("The stride of the field's texels", self.field_stride, 1, 64)
        refuse_outside("The depth under the surface", self.depth, -0.1, 0.1)


def bake_texture(
    surface: SurfaceMesh,
    *,
    colour_at: ColourAt,
    stitch: StitchSource | None = None,
    options: TextureOptions | None = None,
    monitor: Monitor = SILENT,
) -> TexturedMesh:
    """Colour the surface from the field, and stitch the portrait where the front sees it.

    Args:
        surface: unwrapped, field frame.
        colour_at: the field's colour; asked only where the texture shows the surface.
        stitch: the portrait; None leaves the field's colours alone, as does `options.stitch` False.
        options: see `TextureOptions`.
        monitor: progress and cancel, asked at least every `_CHUNK` points.

    Returns:
        The surface with its texture; texels far from any chart hold the mean colour.

    Raises:
        Cancelled: as `monitor`.
    """
    options = options or TextureOptions()
    monitor.report(0.0, "rasterising the texture")
    texels = SurfaceTexels.of(surface, size=options.size, monitor=monitor)
    colours = _field_colours(surface, texels, colour_at, options=options, monitor=monitor.child(0.05, 0.8))
    if stitch is not None and options.stitch:
        stitching = monitor.child(0.8, 0.95, "stitching the portrait")
        colours = _stitched(surface, texels, colours, colour_at, source=stitch, options=options, monitor=stitching)
    monitor.report(0.95, "filling the seams")
    texture = fill_around(_scatter(texels, colours), texels.mask, band=_BAND)
    return TexturedMesh(surface=surface, texture=texture)


@dataclasses.dataclass(frozen=True, eq=False)
class SurfaceTexels:
    """The texels that show the surface, once each: flat index int64 (p,), and the point and normal of each, (p, 3)."""

    size: int
    coverage: Coverage
    index: NDArray[np.int64]
    points: NDArray[np.float32]
    normals: NDArray[np.float32]

    @classmethod
    def of(cls, surface: SurfaceMesh, *, size: int, monitor: Monitor = SILENT) -> SurfaceTexels:
        """Rasterise the surface in its own uv square; row 0 is v = 1.

        Raises:
            Cancelled: as `monitor`.
        """
        positions = texel_positions(surface.uv, size)
        coverage = rasterise(positions, surface.faces, size=size, monitor=monitor)
        coverage = with_corners(coverage, positions, surface.faces, size=size)
        entries = covering(coverage, texels=size * size)
        chosen = Coverage(coverage.texels[entries], coverage.faces[entries], coverage.weights[entries])
        normals = chosen.interpolate(surface.normals, surface.faces, monitor=monitor)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
        points = chosen.interpolate(surface.vertices, surface.faces, monitor=monitor)
        return cls(size, chosen, chosen.texels, points, normals)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True where a texel shows the surface, bool (size, size)."""
        mask = np.zeros(self.size * self.size, dtype=bool)
        mask[self.index] = True
        return mask.reshape(self.size, self.size)


def texel_positions(uv: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """Return uv (v up) as (column, row) in texels, row 0 at the top, centres at +0.5."""
    flipped = np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1)
    return np.asarray(flipped, dtype=np.float64) * size


def fill_around(texture: NDArray[np.uint8], mask: NDArray[np.bool_], *, band: int) -> NDArray[np.uint8]:
    """Return the texture with each chart's border repeated over `band` texels and the mean colour everywhere else."""
    if not mask.any() or mask.all():
        return texture
    distance, label = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colour_of = np.zeros((int(label.max()) + 1, 3), dtype=np.uint8)
    colour_of[label[mask]] = texture[mask]
    mean = np.round(texture[mask].mean(axis=0)).astype(np.uint8)
    return np.asarray(np.where((distance <= band)[:, :, None], colour_of[label], mean), dtype=np.uint8)


def _field_colours(
    surface: SurfaceMesh, texels: SurfaceTexels, colour_at: ColourAt, *, options: TextureOptions, monitor: Monitor
) -> NDArray[np.float32]:
    """Return the field's colour at each texel, float32 (p, 3), through a coarser texture where that is enough."""
    stride = max(1, options.field_stride)
    if stride == 1 or texels.size % stride:
        return _query(texels.points, texels.normals, colour_at, depth=options.depth, monitor=monitor)
    coarse = SurfaceTexels.of(surface, size=texels.size // stride, monitor=monitor)
    asked = _query(coarse.points, coarse.normals, colour_at, depth=options.depth, monitor=monitor.child(0.0, 0.95))
    picture = fill_around(_scatter(coarse, asked), coarse.mask, band=3)
    wide = cv2.resize(picture, (texels.size, texels.size), interpolation=cv2.INTER_LINEAR)
    colours = np.asarray(wide.reshape(-1, 3)[texels.index] / np.float32(255), dtype=np.float32)
    # Slivers narrower than a coarse texel were never asked.
    near = cv2.dilate(coarse.mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    row, column = np.divmod(texels.index, texels.size)
    missed = np.flatnonzero(near[row // stride, column // stride] == 0)
    colours[missed] = _query(
        texels.points[missed], texels.normals[missed], colour_at, depth=options.depth, monitor=monitor.child(0.95, 1.0)
    )
    return colours


def _query(
    points: NDArray[np.float32],
    normals: NDArray[np.float32],
    colour_at: ColourAt,
    *,
    depth: float,
    monitor: Monitor = SILENT,
) -> NDArray[np.float32]:
    """Ask the field for colours `depth` metres under the surface, in chunks; float32 (p, 3)."""
    inner = points - np.float32(depth) * normals
    colours = np.empty((len(points), 3), dtype=np.float32)
    for start in range(0, len(points), _CHUNK):
        monitor.report(start / len(points), "asking the field for colours")
        colours[start : start + _CHUNK] = colour_at(inner[start : start + _CHUNK])
    return np.asarray(np.clip(colours, 0, 1), dtype=np.float32)


def _stitched(
    surface: SurfaceMesh,
    texels: SurfaceTexels,
    colours: NDArray[np.float32],
    colour_at: ColourAt,
    *,
    source: StitchSource,
    options: TextureOptions,
    monitor: Monitor,
) -> NDArray[np.float32]:
    """Return the colours with the portrait blended in; the field's tone is drawn to the portrait's near the border."""
    monitor.report(0.0)
    area = np.linalg.norm(mesh.face_normals(surface.vertices, surface.faces), axis=1).sum() / 2
    texel_side = float(np.sqrt(area / max(1, len(texels.index))))
    front = FrontPicture(surface, source, options=options.stitching, texel_side=texel_side)
    monitor.report(0.2)
    if options.stitching.match_length > 0:
        shift = _tone_shift(surface, front, colour_at, options=options, monitor=monitor.child(0.2, 0.6))
        colours = np.clip(colours + texels.coverage.interpolate(shift, surface.faces, monitor=monitor), 0, 1)
    stitched = np.empty_like(colours)
    for start in range(0, len(colours), _CHUNK):
        monitor.report(0.6 + 0.4 * start / len(colours))
        part = slice(start, start + _CHUNK)
        points, own = texels.points[part], colours[part]
        weight = front.weights(points, texels.normals[part])[:, None]
        stitched[part] = own + weight * (front.colours(points) - own)
    return stitched


def _tone_shift(
    surface: SurfaceMesh, front: FrontPicture, colour_at: ColourAt, *, options: TextureOptions, monitor: Monitor
) -> NDArray[np.float32]:
    """Return what the field's colour lacks at each vertex to the portrait's tone, fading beyond it, (v, 3)."""
    vertices, normals = surface.vertices, surface.normals
    field = _query(vertices, normals, colour_at, depth=options.depth, monitor=monitor)
    shift = front.tones(vertices, radius=options.stitching.feather) - field
    weight = front.weights(vertices, normals)
    return spread_shift(surface, shift=shift, weight=weight, length=options.stitching.match_length)


def _scatter(texels: SurfaceTexels, colours: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return a square texture with the colours at their texels and black elsewhere, uint8 (size, size, 3)."""
    texture = np.zeros((texels.size * texels.size, 3), dtype=np.uint8)
    texture[texels.index] = np.round(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    return texture.reshape(texels.size, texels.size, 3)
