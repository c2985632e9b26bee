"""From a density lattice to an unwrapped surface: the mesh an artist would want to open."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core import mesh
from paic3d_studio.core.artefacts import DensityLattice, SurfaceMesh
from paic3d_studio.core.bounds import refuse_outside
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.sheets import with_parted_sheets
from paic3d_studio.core.solid import Solid, Symmetry, solid_from_density
from paic3d_studio.errors import UserError

Base = Literal["closed", "open"]
"""What stands at the cut: a flat base, or nothing, so that the neck can be joined to a body."""

CHIN: Final = -0.14
"""Where chins lie about, y in metres in the field frame."""

CUTS: Final = {"neck": -0.17, "collar": -0.2, "shoulders": -0.27, "nowhere": None}
"""Name -> height of a cut, y in metres in the field frame; chins lie at about -0.14, and the box ends at -0.35."""

_ATTEMPTS: Final = 3
"""How often a mesh is simplified at most, until it has no face too many."""


@dataclasses.dataclass(frozen=True)
class SurfaceOptions:
    """How a field becomes a surface.

    `resolution` is the number of lattice samples along each side of the box (the stage that samples the field reads
    it). `faces` is the greatest number of triangles after simplification. `level` is the density at the surface; None
    takes half of the largest density of the lattice, right for fields that saturate. `smoothing` is in samples.
    `crop_below` is the plane of the flat base, y in metres in the field frame, None for no cut: chins of 46 measured
    characters lie at -0.13 to -0.15, their neck bones at -0.16 to -0.20, their crowns at 0.09 to 0.17, the crowns of
    nine aligned portraits at 0.12 to 0.17, so a cut at -0.2 leaves the whole neck and 0.29 to 0.37 m of head.
    `base` is closed, or open where the surface was cut. `floater_share` is the share of the largest piece that another
    piece must reach to stay. Parts thinner than `thinnest` metres go. `symmetry` makes both sides alike, as
    `core.solid.symmetric` says.
    """

    resolution: int = 192
    faces: int = 20_000
    level: float | None = None
    smoothing: float = 0.75
    crop_below: float | None = -0.2
    base: Base = "closed"
    floater_share: float = 0.01
    thinnest: float = 0.0
    symmetry: Symmetry = "off"

    def __post_init__(self) -> None:
        """Refuse what has no meaning, or would fill the memory.

        Raises:
            UserError: a value is out of its range.
        """
        refuse_outside("The number of lattice samples", self.resolution, 8, 512)
        refuse_outside("The number of triangles", self.faces, 4, 500_000)
        refuse_outside("The smoothing", self.smoothing, 0, 8)
        refuse_outside("The share of a floating piece", self.floater_share, 0, 1)
        refuse_outside("The least thickness", self.thinnest, 0, 0.1)
        for name, value, known in (("base", self.base, Base), ("symmetry", self.symmetry, Symmetry)):
            if value not in get_args(known):
                raise UserError(f"There is no {name} “{value}”.", f"Choose one of: {', '.join(get_args(known))}.")
        if self.crop_below is not None:
            refuse_outside("The height of the cut", self.crop_below, -1, 1)


def extract_surface(
    lattice: DensityLattice,
    *,
    drawn: NDArray[np.float32] | None = None,
    options: SurfaceOptions | None = None,
    monitor: Monitor = SILENT,
) -> SurfaceMesh:
    """Take the surface of the field, clean it, simplify it and unwrap it.

    Holds the interpreter for seconds (marching cubes, unwrapping): run it in a child process.

    Args:
        lattice: density in the field frame.
        drawn: what the drawing shows, as `core.drawn_parts.drawn_coverage`; None for a field without one.
        options: see `SurfaceOptions`.
        monitor: progress and cancel.

    Returns:
        A surface in the field frame, metres, closed but for an open base; vertices are split at the seams of its
        charts.

    Raises:
        UserError: the field holds no surface at the level.
        Cancelled: as `monitor`.
    """
    options = options or SurfaceOptions()
    monitor.report(0.0, "cleaning the field")
    solid = solid_from_density(
        lattice,
        level=surface_level(lattice, options.level),
        smoothing=options.smoothing,
        crop_below=options.crop_below,
        floater_share=options.floater_share,
        thinnest=options.thinnest,
        symmetry=options.symmetry,
        drawn=drawn,
    )
    monitor.report(0.1, "taking the surface")
    vertices, faces = isosurface(solid, box_side=lattice.box_side)
    monitor.report(0.2, "simplifying")
    vertices, faces = mesh.without_small_pieces(vertices, faces, options.floater_share)
    vertices, faces = simplified(vertices, faces, solid=solid, most=options.faces)
    if options.base == "open":
        vertices, faces = without_base(vertices, faces, solid)
    monitor.report(0.3, "unwrapping")
    return unwrapped(vertices, faces, solid=solid)


def surface_level(lattice: DensityLattice, level: float | None) -> float:
    """Return the density at the surface: `level`, or half of the lattice's largest density when it is None.

    Raises:
        UserError: the lattice holds nothing denser than empty space.
    """
    if level is not None:
        return level
    densest = float(lattice.density.max())
    if not np.isfinite(densest) or densest <= 0:
        raise UserError("The field is empty.", "Check that the matte covers the character.")
    return densest / 2


def isosurface(solid: Solid, *, box_side: float) -> tuple[mesh.Points, mesh.Faces]:
    """Return the zero level of the solid in metres, counter-clockwise from outside, with a flat base at the cut."""
    from skimage.measure import marching_cubes

    indices, faces, _, _ = marching_cubes(solid.odds, 0.0, gradient_direction="ascent", allow_degenerate=False)
    vertices = solid.origin + solid.spacing * indices.astype(np.float64)
    vertices = np.clip(vertices, -box_side / 2, box_side / 2)
    if solid.base is not None:
        vertices[indices[:, 1] < 1, 1] = solid.base
    return mesh.without_degenerate_faces(vertices, faces.astype(np.int64))


def simplified(vertices: mesh.Points, faces: mesh.Faces, *, solid: Solid, most: int) -> tuple[mesh.Points, mesh.Faces]:
    """Return the mesh with at most `most` faces, its base flat and its sheets parted.

    Parting adds a face or two where sheets touch; what is too many then is taken away, up to _ATTEMPTS times in all.
    """
    target = most
    for _ in range(_ATTEMPTS):
        vertices, faces = mesh.simplify(vertices, faces, target=target, unit=solid.spacing)
        flat = with_flat_base(vertices, faces, solid)
        parted = with_parted_sheets(*flat, nudge=0.01 * solid.spacing)
        excess = len(parted[1]) - most
        if excess <= 0:
            break
        target = max(len(faces) - excess, 4)
    return parted


def with_flat_base(vertices: mesh.Points, faces: mesh.Faces, solid: Solid) -> tuple[mesh.Points, mesh.Faces]:
    """Return the mesh with the vertices that simplification nudged off the cut plane put back onto it."""
    if solid.base is not None:
        near = vertices[:, 1] < solid.base + 0.2 * solid.spacing
        vertices = vertices.copy()
        vertices[near, 1] = solid.base
    return mesh.without_degenerate_faces(vertices, faces)


def without_base(vertices: mesh.Points, faces: mesh.Faces, solid: Solid) -> tuple[mesh.Points, mesh.Faces]:
    """Return the mesh without the faces that lie in the cut plane; the same where nothing was cut."""
    if solid.base is None:
        return vertices, faces
    lies = np.abs(vertices[:, 1] - solid.base) < 0.02 * solid.spacing  # parted sheets are nudged by half of that
    return mesh.without_unused_vertices(vertices, faces[~lies[faces].all(axis=1)])


def smooth_normals(vertices: mesh.Points, faces: mesh.Faces, *, solid: Solid) -> mesh.Points:
    """Return unit normals from the field's gradient, float64 (v, 3), outward.

    The gradient knows nothing of the slivers that simplification leaves, so it shades smoothly; where it contradicts
    the triangles (strands thinner than a sample), theirs count.
    """
    flat = mesh.vertex_normals(vertices, faces)
    gradient = solid.gradient(vertices)
    length = np.linalg.norm(gradient, axis=1, keepdims=True)
    steep = -gradient / np.maximum(length, 1e-9)
    agrees = (np.einsum("ij,ij->i", steep, flat) > 0.5) & (length[:, 0] > 1e-3)
    return np.where(agrees[:, None], steep, flat)


def unwrapped(vertices: mesh.Points, faces: mesh.Faces, *, solid: Solid) -> SurfaceMesh:
    """Return the closed mesh unwrapped, with normals that run smoothly across its seams."""
    positions = vertices.astype(np.float32)
    normals = smooth_normals(vertices, faces, solid=solid).astype(np.float32)
    source, split, uv = mesh.unwrap(positions, faces.astype(np.int32), unit=solid.spacing)
    return SurfaceMesh(vertices=positions[source], normals=normals[source], uv=uv, faces=split)
