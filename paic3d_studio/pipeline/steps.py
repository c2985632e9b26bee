"""One function per arrow of the method, where an artefact needs more than a single call into `core` or `nets`.

Networks are imported when a step runs, so that the window appears at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.alignment import adjusted, align, portrait_points, warp_portrait
from paic3d_studio.core.artefacts import (
    ALIGNED_SIZE,
    AlignedPortrait,
    Alignment,
    DensityLattice,
    FeatureHulls,
    KeepMask,
    Landmarks,
    LineMask,
    Matte,
    Portrait,
    RenderLike,
    SurfaceMesh,
    TagFeatures,
    TexturedMesh,
)
from paic3d_studio.core.drawn_parts import drawn_coverage
from paic3d_studio.core.hulls import detect_hulls
from paic3d_studio.core.image import decode_portrait
from paic3d_studio.core.inspection import MeshInspection, inspected
from paic3d_studio.core.landmarks import face_box, landmarks_from_parts, moved_landmarks
from paic3d_studio.core.lines import LineOptions, Stroke, contour_lines, keep_mask, masked_lines
from paic3d_studio.core.monitor import Monitor, abandonable
from paic3d_studio.core.painted_matte import painted_matte, with_kept_colours
from paic3d_studio.core.solid import Symmetry, on_the_side_it_came_from
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.core.surface import SurfaceOptions, extract_surface
from paic3d_studio.core.texture import TextureOptions, bake_texture
from paic3d_studio.core.upscaling import (
    WORTHWHILE,
    Upscaling,
    missing_resolution,
    opaque_colours,
    smooth,
    with_colours,
)
from paic3d_studio.errors import UserError
from paic3d_studio.export.glb import glb_bytes
from paic3d_studio.pipeline.child import run_in_child
from paic3d_studio.project.state import (
    AlignmentEdit,
    FoundFace,
    MovedLandmark,
    PictureSource,
    PlacedFace,
    Polygon,
    StitchSourceName,
)
from paic3d_studio.viewport.bake import BakedVolume, bake_volume

if TYPE_CHECKING:
    from paic3d_studio.nets.field import RadianceField

SQUARE_ITSELF: Final = Alignment(matrix=np.eye(2, 3))
"""The alignment of a picture that already is the aligned square."""

NO_TAGS: Final = TagFeatures(np.empty((0, 8, 8), np.float32))
"""What the tagger gives where the backbone does not ask for it."""


def portrait(picture: PictureSource, monitor: Monitor) -> Portrait:
    """Decode the artist's file."""
    return abandonable(lambda: decode_portrait(picture.encoded, name=picture.name), monitor=monitor)


def found_landmarks(
    portrait: Portrait,
    placed: PlacedFace | None,
    found: FoundFace | None,
    detector: str,
    weights: str,
    monitor: Monitor,
) -> Landmarks:
    """Find the face, or take it from where the artist placed it or a project file kept it.

    Raises:
        UserError: no face is found, or a part of it was placed outside the picture.
    """
    del weights  # stands in the key only
    if placed is not None:
        height, width = portrait.rgba.shape[:2]
        for x, y in (placed.right_eye, placed.left_eye, placed.mouth):
            if not (0 <= x <= width and 0 <= y <= height):
                raise UserError(
                    f"The point {x:g}, {y:g} of the face lies outside the picture of {width} x {height} pixels.",
                    "Place the two eyes and the mouth inside it.",
                )
        return landmarks_from_parts(right_eye=placed.right_eye, left_eye=placed.left_eye, mouth=placed.mouth)
    if found is not None:
        points, scores = np.array(found.points, np.float32), np.array(found.scores, np.float32)
        return Landmarks(points, scores, source=found.source, warning=found.warning)
    from paic3d_studio.nets.landmarks import find_landmarks

    return find_landmarks(portrait, detector=detector, monitor=monitor)


def landmarks(found: Landmarks, moves: tuple[MovedLandmark, ...]) -> Landmarks:
    """Put the landmarks that the artist moved where she wants them."""
    return moved_landmarks(found, places={moved.index: moved.place for moved in moves})


def found_matte(portrait: Portrait, landmarks: Landmarks, method: str, weights: str, monitor: Monitor) -> Matte:
    """Separate the character from the background."""
    from paic3d_studio.nets.matting import find_matte

    del weights  # stands in the key only
    return find_matte(portrait, face_box=face_box(landmarks), method=method, monitor=monitor)


def matte(found: Matte, portrait: Portrait, strokes: tuple[Stroke, ...], monitor: Monitor) -> Matte:
    """Paint the artist's strokes over the matte that was found."""
    return painted_matte(found, portrait=portrait, strokes=strokes, monitor=monitor)


def alignment(landmarks: Landmarks, edit: AlignmentEdit) -> Alignment:
    """Bring the face to its place in the square, and then the picture to where the artist wants it."""
    return adjusted(align(landmarks), shift=edit.shift, scale=edit.scale, turn=edit.turn)


def aligned(portrait: Portrait, matte: Matte, alignment: Alignment) -> AlignedPortrait:
    """Warp the portrait into the square."""
    shown = with_kept_colours(portrait, matte, window=_seen_by_square(matte, alignment))
    return warp_portrait(shown, matte=matte, alignment=alignment)


def found_hulls(landmarks: Landmarks, alignment: Alignment) -> FeatureHulls:
    """Lay a hull round each facial feature."""
    return detect_hulls(landmarks, alignment=alignment)


def hulls(found: FeatureHulls, edits: Mapping[str, Polygon], free: tuple[str, ...]) -> FeatureHulls:
    """Put the artist's hulls in place of those she changed."""
    edited = {name: np.asarray(polygon, np.float64) for name, polygon in edits.items()}
    return FeatureHulls(polygons={**found.polygons, **edited}, free=free)


def keep(hulls: FeatureHulls, landmarks: Landmarks, alignment: Alignment) -> KeepMask:
    """Mark where lines stay."""
    return keep_mask(hulls, landmarks=landmarks, alignment=alignment)


def lines(aligned: AlignedPortrait, options: LineOptions) -> NDArray[np.bool_]:
    """Find contour lines everywhere, bool (512, 512)."""
    return contour_lines(aligned, options=options)


def line_mask(lines: NDArray[np.bool_], keep: KeepMask, strokes: tuple[Stroke, ...]) -> LineMask:
    """Mark the lines to repaint: those found, with the artist's strokes, outside the keep mask."""
    return masked_lines(lines, keep=keep, strokes=strokes)


def render_like(
    aligned: AlignedPortrait, line_mask: LineMask, keep: KeepMask, inpainter: str, weights: str, monitor: Monitor
) -> RenderLike:
    """Paint the lines away."""
    from paic3d_studio.nets.infill import INPAINTERS, repaint

    del weights  # stands in the key only
    if inpainter not in INPAINTERS:
        raise UserError(f"There is no inpainter named “{inpainter}”.", f"Choose one of: {', '.join(INPAINTERS)}.")
    return repaint(aligned, line_mask=line_mask, keep=keep, inpainter=inpainter, monitor=monitor)


def tags(aligned: AlignedPortrait, backbone: str, weights: str, tagger: str, monitor: Monitor) -> TagFeatures:
    """Look at the aligned original, lines and all, for a backbone that wants its features."""
    from paic3d_studio.nets.backbones import BACKBONES, tag_channels
    from paic3d_studio.nets.tagger import tags_of

    del weights, tagger  # stand in the key only
    if backbone not in BACKBONES or not BACKBONES[backbone].needs_tags:
        return NO_TAGS
    return tags_of(aligned, channels=tag_channels(backbone), monitor=monitor)


def field(
    render_like: RenderLike, tags: TagFeatures, backbone: str, weights: str, seed: int, monitor: Monitor
) -> RadianceField:
    """Reconstruct the radiance field from the line-free picture on white."""
    from paic3d_studio.nets.backbones import load_backbone
    from paic3d_studio.nets.field import FieldCondition

    del weights  # stands in the key only
    monitor.report(0.0, "reading the weights")
    network = load_backbone(backbone)
    below = monitor.child(0.3, 1.0, "reconstructing")
    return network.field(FieldCondition.of(render_like, tags), seed=seed, monitor=below)


def volume(field: RadianceField, resolution: int, monitor: Monitor) -> BakedVolume:
    """Bake the field into the volume that the viewport draws, so far that only the upload is left."""
    from paic3d_studio.nets.field import field_volume

    voxels = field_volume(field, resolution, monitor=monitor.child(0.0, 0.9))
    monitor.report(0.9)
    return bake_volume(voxels)


def lattice(field: RadianceField, resolution: int, level: float | None, monitor: Monitor) -> DensityLattice:
    """Sample the density where the surface is."""
    from paic3d_studio.nets.field import density_lattice

    return density_lattice(field.for_surface(), resolution, level=level, monitor=monitor)


def surface(
    lattice: DensityLattice, field: RadianceField, render_like: RenderLike, options: SurfaceOptions, monitor: Monitor
) -> SurfaceMesh:
    """Take the surface, in a child process: meshing holds the interpreter for seconds and knows no cancel."""
    level = field.surface_level if options.level is None else options.level
    mesh: SurfaceMesh = run_in_child(
        extract_surface,
        lattice,
        drawn=drawn_coverage(render_like.rgba[..., 3], len(lattice.density)),
        options=dataclasses.replace(options, level=level),
        monitor=monitor,
    )
    return dataclasses.replace(mesh)  # arrays come writable out of the child; an artefact's are not


def upscaled(
    source: StitchSource | None, upscaling: Upscaling, texture_size: int, monitor: Monitor
) -> StitchSource | None:
    """Enlarge the picture that is stitched to the resolution of the texture, where it lacks any.

    A network multiplies by its own factor; what is missing beyond that is interpolated.
    """
    if source is None or upscaling.way == "none":
        return source
    if upscaling.way == "network":
        source = _upscaled_by_network(source, upscaling, texture_size, monitor)
    missing = missing_resolution(source, texture_size=texture_size)
    if missing < WORTHWHILE:
        return source
    coarse = source
    return abandonable(lambda: smooth(coarse, factor=missing), monitor=monitor)


def _upscaled_by_network(
    source: StitchSource, upscaling: Upscaling, texture_size: int, monitor: Monitor
) -> StitchSource:
    from paic3d_studio.nets.upscaling import load_upscaling_network, reduction, upscaled_colours

    missing = missing_resolution(source, texture_size=texture_size)
    if missing < WORTHWHILE:
        return source
    below = monitor.child(0.0, 0.1)
    network = load_upscaling_network(Path(upscaling.file), sha256=upscaling.sha256, monitor=below)
    shrink = reduction(network.scale, wanted=missing, side=max(source.rgba.shape))
    if shrink is None:
        return source
    below = monitor.child(0.1, 0.95, "upscaling the picture")
    colours = upscaled_colours(opaque_colours(source), network=network, shrink=shrink, monitor=below)
    return with_colours(source, colours)


def textured(
    surface: SurfaceMesh,
    field: RadianceField,
    stitched: StitchSource | None,
    options: TextureOptions,
    symmetry: Symmetry,
    monitor: Monitor,
) -> TexturedMesh:
    """Bake the field's colours into a texture and stitch the picture onto what the front sees.

    A side that is the other's mirror image takes the other's colours.
    """
    from paic3d_studio.nets.field import colour_at

    return bake_texture(
        surface,
        colour_at=lambda xyz: colour_at(field, on_the_side_it_came_from(xyz, symmetry)),
        stitch=stitched,
        options=options,
        monitor=monitor,
    )


def inspect(textured: TexturedMesh, field: RadianceField, options: SurfaceOptions, monitor: Monitor) -> MeshInspection:
    """Count and measure the mesh as it would be exported."""
    from paic3d_studio.nets.field import density_at

    solid = field.for_surface()
    return inspected(
        textured.surface,
        density_at=lambda xyz: density_at(solid, on_the_side_it_came_from(xyz, options.symmetry)),
        level=field.surface_level if options.level is None else options.level,
        crop_below=options.crop_below,
        glb_bytes=len(glb_bytes(textured)),
        monitor=monitor,
    )


def stitch_source(
    choice: StitchSourceName, portrait: Portrait, matte: Matte, alignment: Alignment, render_like: RenderLike
) -> StitchSource | None:
    """Return the picture to project onto the front, or None for field colours everywhere."""
    match choice:
        case "off":
            return None
        case "line-free":
            return StitchSource(rgba=render_like.rgba, alignment=SQUARE_ITSELF)
        case "artist":
            return _cropped_to_square(portrait, matte, alignment)


def _cropped_to_square(portrait: Portrait, matte: Matte, alignment: Alignment) -> StitchSource:
    """Return what the aligned square sees of the portrait: a wide scene need not become floating point as a whole."""
    rows, columns = window = _seen_by_square(matte, alignment)
    matrix = alignment.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ (columns.start, rows.start)
    shown = with_kept_colours(portrait, matte, window=window)
    return StitchSource.of(
        Portrait(rgba=shown.rgba[window], has_alpha=portrait.has_alpha),
        alpha=matte.alpha[window],
        alignment=Alignment(matrix=matrix),
    )


def _seen_by_square(matte: Matte, alignment: Alignment) -> tuple[slice, slice]:
    """Return the rows and columns of the portrait that the aligned square sees, and two more on each side."""
    height, width = matte.alpha.shape
    corners = portrait_points(alignment, points=[(0, 0), (ALIGNED_SIZE, ALIGNED_SIZE)])
    left, top = np.clip(np.floor(corners.min(axis=0)) - 2, 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)) + 2, (left + 1, top + 1), (width, height)).astype(int)
    return slice(top, bottom), slice(left, right)
