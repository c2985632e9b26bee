"""Edits: pure functions from one project to the next. Whoever calls them knows nothing of undo."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core import hulls as shapes
from paic3d_studio.core.alignment import adjustment, aligned_points, chained
from paic3d_studio.core.artefacts import FEATURE_NAMES, Alignment, FeatureHulls, Landmarks
from paic3d_studio.core.lines import Stroke
from paic3d_studio.core.strokes import MAX_RADIUS
from paic3d_studio.project.state import (
    FARTHEST,
    MAX_NAME,
    AlignmentEdit,
    FoundFace,
    MovedLandmark,
    PlacedFace,
    Point,
    Polygon,
    Project,
)

_ON_A_FACE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "landmark_moves": (),
        "alignment_edit": AlignmentEdit(),
        "hull_edits": {},
        "free_hulls": (),
        "locked_hulls": (),
        "strokes": (),
    }
)
"""Edits that belong to one place of the face and mean nothing in another, and what they are without any."""

_OF_ANOTHER_FACE: Final[Mapping[str, Any]] = MappingProxyType({**_ON_A_FACE, "found_face": None})
"""What goes when the face is placed or looked for anew."""


def set_hull(project: Project, *, feature: str, polygon: Iterable[Iterable[float]]) -> Project:
    """Put the artist's polygon in place of the detected hull of `feature`; aligned pixels, convex unless it is free.

    One that lies wholly beyond what a project may hold changes nothing.
    """
    given = tuple(tuple(map(float, point)) for point in polygon)
    kept = _polygon(given)
    if kept != given and feature not in project.free_hulls:
        kept = _polygon(shapes.convex(kept))
        if not shapes.is_convex(kept):
            return project
    return replace(project, hull_edits={**project.hull_edits, feature: kept})


def move_hull_vertex(project: Project, *, hulls: FeatureHulls, feature: str, index: int, to: Point) -> Project:
    """Move vertex `index` of a hull to `to`; the hull stays convex unless it is free.

    Args:
        project: the project before.
        hulls: as they are shown, detected ones and the artist's together.
        feature: which hull.
        index: of the vertex in `hulls`.
        to: aligned pixels.
    """
    free = feature in project.free_hulls
    polygon = shapes.move_vertex(hulls.polygons[feature], index=index, to=to, free=free)
    return set_hull(project, feature=feature, polygon=polygon)


def insert_hull_vertex(project: Project, *, hulls: FeatureHulls, feature: str, at: Point) -> Project:
    """Put a new vertex on the edge nearest to `at`, or at it when it lies outside the hull; aligned pixels."""
    free = feature in project.free_hulls
    return set_hull(
        project, feature=feature, polygon=shapes.insert_vertex(hulls.polygons[feature], point=at, free=free)
    )


def delete_hull_vertex(project: Project, *, hulls: FeatureHulls, feature: str, index: int) -> Project:
    """Take vertex `index` away; a triangle stays as it is."""
    free = feature in project.free_hulls
    polygon = shapes.delete_vertex(hulls.polygons[feature], index=index, free=free)
    return set_hull(project, feature=feature, polygon=polygon)


def move_hull(project: Project, *, hulls: FeatureHulls, feature: str, by: Point) -> Project:
    """Move a whole hull by (x, y) aligned pixels."""
    return set_hull(project, feature=feature, polygon=shapes.move_polygon(hulls.polygons[feature], by=by))


def move_hull_edge(project: Project, *, hulls: FeatureHulls, feature: str, index: int, by: Point) -> Project:
    """Move the edge from vertex `index` to the next by (x, y) aligned pixels, as `move_hull_vertex`."""
    free = feature in project.free_hulls
    polygon = shapes.move_edge(hulls.polygons[feature], index=index, by=by, free=free)
    return set_hull(project, feature=feature, polygon=polygon)


def free_hull(project: Project, *, feature: str, free: bool) -> Project:
    """Let a hull have dents, or make it convex again."""
    others = tuple(name for name in project.free_hulls if name != feature)
    changed = replace(project, free_hulls=(*others, feature) if free else others)
    if free or feature not in project.hull_edits:
        return changed
    return set_hull(changed, feature=feature, polygon=shapes.convex(project.hull_edits[feature]))


def mirror_hull(project: Project, *, hulls: FeatureHulls, found: FeatureHulls, feature: str) -> Project:
    """Give an eye the mirrored hull of the other eye, in the same place to its own eye.

    Args:
        project: the project before.
        hulls: as they are shown.
        found: as they were detected: say where the eyes are.
        feature: the eye that is changed; nothing happens to what is no eye.
    """
    other = {"left_eye": "right_eye", "right_eye": "left_eye"}.get(feature)
    if other is None:
        return project
    about, onto = (found.polygons[name].mean(axis=0) for name in (other, feature))
    free = other in project.free_hulls
    polygon = shapes.mirrored(hulls.polygons[other], about=about, onto=onto, free=free)
    return set_hull(free_hull(project, feature=feature, free=free), feature=feature, polygon=polygon)


def add_hull(project: Project, *, name: str, polygon: Iterable[Iterable[float]]) -> Project:
    """Lay a hull of the artist's own round something whose lines stay; a name that is taken gets a number."""
    return set_hull(project, feature=_free_name(project, name), polygon=polygon)


def rename_hull(project: Project, *, name: str, to: str) -> Project:
    """Give a hull of the artist's own another name; a blank one changes nothing, features keep theirs."""
    to = to.strip()[:MAX_NAME]
    if name in FEATURE_NAMES or name not in project.hull_edits or not to or to == name:
        return project
    to = _free_name(project, to)
    hulls = {to if key == name else key: polygon for key, polygon in project.hull_edits.items()}
    free, locked = (
        tuple(to if other == name else other for other in names) for names in (project.free_hulls, project.locked_hulls)
    )
    return replace(project, hull_edits=hulls, free_hulls=free, locked_hulls=locked)


def lock_hull(project: Project, *, name: str, locked: bool) -> Project:
    """Let the pointer pass a hull by, or grab it again."""
    others = [other for other in project.locked_hulls if other != name]
    return replace(project, locked_hulls=(*others, name) if locked else tuple(others))


def unlock_hulls(project: Project) -> Project:
    """Let the pointer grab every hull again."""
    return replace(project, locked_hulls=())


def reset_hull(project: Project, *, feature: str) -> Project:
    """Return a hull to what was detected; one of the artist's own is taken away."""
    hulls = {name: edit for name, edit in project.hull_edits.items() if name != feature}
    free = tuple(name for name in project.free_hulls if name != feature)
    return lock_hull(replace(project, hull_edits=hulls, free_hulls=free), name=feature, locked=False)


def reset_hulls(project: Project) -> Project:
    """Return every hull to what was detected; those of the artist's own stay."""
    own = {name: edit for name, edit in project.hull_edits.items() if name not in FEATURE_NAMES}
    free = tuple(name for name in project.free_hulls if name not in FEATURE_NAMES)
    return replace(project, hull_edits=own, free_hulls=free)


def add_stroke(project: Project, *, stroke: Stroke) -> Project:
    """Add a brush stroke to the line mask; aligned pixels."""
    return replace(project, strokes=(*project.strokes, _bounded(stroke)))


def clear_strokes(project: Project) -> Project:
    """Take every stroke off the line mask."""
    return replace(project, strokes=())


def add_matte_stroke(project: Project, *, stroke: Stroke) -> Project:
    """Add a brush stroke to the matte; Portrait pixels."""
    return replace(project, matte_strokes=(*project.matte_strokes, _bounded(stroke)))


def clear_matte_strokes(project: Project) -> Project:
    """Take every stroke off the matte."""
    return replace(project, matte_strokes=())


def place_face(project: Project, *, right_eye: Point, left_eye: Point, mouth: Point) -> Project:
    """Say where the face is, in Portrait pixels; hull edits and strokes belong to the old alignment and are dropped.

    Right is the character's right: the eye on the left of the picture.
    """
    face = PlacedFace(right_eye=_place(right_eye), left_eye=_place(left_eye), mouth=_place(mouth))
    if face == project.landmark_edit:
        return project
    return replace(project, landmark_edit=face, **_OF_ANOTHER_FACE)


def reset_face(project: Project) -> Project:
    """Leave the face to the detector again; hull edits and strokes belong to the placed one and are dropped."""
    if project.landmark_edit is None:
        return project
    return replace(project, landmark_edit=None, **_OF_ANOTHER_FACE)


def with_found_face(project: Project, *, landmarks: Landmarks | None) -> Project:
    """Return the project as it is saved: with the face that was found, if edits stand on it, else without one.

    A detector that answers otherwise some day would move hulls and strokes on the picture. Without such edits a later,
    better detector is welcome.

    Args:
        project: as the artist left it.
        landmarks: as found; None when they are not known.
    """
    if project.landmark_edit is not None or all(getattr(project, name) == of for name, of in _ON_A_FACE.items()):
        return replace(project, found_face=None)
    if project.found_face is not None or landmarks is None:
        return project
    points = tuple((float(x), float(y)) for x, y in landmarks.points)
    scores = tuple(map(float, landmarks.scores))
    return replace(project, found_face=FoundFace(points, scores, landmarks.source, landmarks.warning))


def move_landmarks(project: Project, *, places: Mapping[int, Point]) -> Project:
    """Put single landmarks elsewhere: number -> (x, y) in Portrait pixels; hulls follow until they were edited."""
    moves = {moved.index: moved.place for moved in project.landmark_moves}
    moves |= {index: _place(place) for index, place in places.items()}
    return replace(project, landmark_moves=tuple(MovedLandmark(index, moves[index]) for index in sorted(moves)))


def reset_landmarks(project: Project, *, indices: Collection[int] | None = None) -> Project:
    """Return landmarks, all of them when None, to where they were found."""
    kept = () if indices is None else tuple(m for m in project.landmark_moves if m.index not in indices)
    return replace(project, landmark_moves=kept)


def set_alignment(project: Project, *, alignment: AlignmentEdit) -> Project:
    """Move the picture in the square; hulls and strokes stay where they are on the picture, not in the square."""
    before = project.alignment_edit
    if alignment == before:
        return project
    back = np.linalg.inv(np.vstack([_matrix(before), (0, 0, 1)]))[:2]
    change = Alignment(matrix=chained(back, _matrix(alignment)))
    scale = alignment.scale / before.scale
    moved_hulls = replace(project, hull_edits={})
    for name, polygon in project.hull_edits.items():
        moved = aligned_points(change, points=polygon)
        moved_hulls = set_hull(
            moved_hulls, feature=name, polygon=moved if name in project.free_hulls else shapes.convex(moved)
        )
    strokes = tuple(
        _bounded(
            replace(stroke, points=_polygon(aligned_points(change, points=stroke.points)), radius=stroke.radius * scale)
        )
        for stroke in project.strokes
    )
    return replace(moved_hulls, alignment_edit=alignment, strokes=strokes)


def reset_alignment(project: Project) -> Project:
    """Leave the place of the picture in the square to the face again."""
    return set_alignment(project, alignment=AlignmentEdit())


def reset_everything(project: Project) -> Project:
    """Return to what was detected: no placed face, landmark, hull or stroke of the artist's; the settings stay."""
    return replace(project, landmark_edit=None, matte_strokes=(), **_OF_ANOTHER_FACE)


def set_settings(project: Project, **changes: Any) -> Project:
    """Change settings by name, for instance `set_settings(project, backbone="compact", stitch="off")`.

    Raises:
        TypeError: there is no such setting.
    """
    return replace(project, settings=replace(project.settings, **changes))


def set_line_options(project: Project, **changes: Any) -> Project:
    """Change single `LineOptions`; the others stay."""
    return set_settings(project, lines=replace(project.settings.lines, **changes))


def set_surface_options(project: Project, **changes: Any) -> Project:
    """Change single `SurfaceOptions`; the others stay."""
    return set_settings(project, surface=replace(project.settings.surface, **changes))


def set_texture_options(project: Project, **changes: Any) -> Project:
    """Change single `TextureOptions`; the others stay."""
    return set_settings(project, texture=replace(project.settings.texture, **changes))


def set_upscaling(project: Project, **changes: Any) -> Project:
    """Change how the stitched picture is enlarged; a network that was chosen before stays known.

    Raises:
        UserError: a network is wanted, and none was ever chosen.
    """
    return set_settings(project, upscaling=replace(project.settings.upscaling, **changes))


def set_terms(project: Project, **changes: Any) -> Project:
    """Change single `Terms` under which the head is given away; the others stay."""
    return set_settings(project, terms=replace(project.settings.terms, **changes))


def set_seed(project: Project, *, seed: int) -> Project:
    """Choose the seed of everything random, 0 to 2**32 - 1."""
    return replace(project, seed=seed)


def _matrix(alignment: AlignmentEdit) -> NDArray[np.float64]:
    return adjustment(shift=alignment.shift, scale=alignment.scale, turn=alignment.turn)


def _bounded(stroke: Stroke) -> Stroke:
    """Return a stroke whose places and brush are such as a project file can hold."""
    return replace(stroke, points=_polygon(stroke.points), radius=min(stroke.radius, MAX_RADIUS))


def _free_name(project: Project, name: str) -> str:
    """Return the name, or with the first number that makes it one that no hull has."""
    taken = {*FEATURE_NAMES, *project.hull_edits}
    numbered = (f"{name[: MAX_NAME - 4]} {number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([name], numbered) if free not in taken)


def _polygon(points: Iterable[Iterable[float]]) -> Polygon:
    """Return plain numbers, so that projects compare and save exactly, none of them farther off than a file may say."""
    return tuple(_place((x, y)) for x, y in points)


def _place(point: Iterable[float]) -> Point:
    x, y = (min(max(float(value), -FARTHEST), FARTHEST) for value in point)
    return x, y
