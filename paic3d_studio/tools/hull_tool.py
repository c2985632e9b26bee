"""Move, add and remove the corners of feature hulls, and move their edges and whole hulls."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from paic3d_studio.core import hulls as shapes
from paic3d_studio.core.artefacts import FeatureHulls
from paic3d_studio.project import edits
from paic3d_studio.project.state import Point, Project
from paic3d_studio.tools.pointer import Edit, Scene, Touch

_EDGE_SHARE: Final = 0.7  # edges are grabbed from less far than corners, so that insides stay easy to reach


@dataclass(frozen=True)
class HullTarget:
    """What a pointer would grab: a vertex, an edge (from its vertex to the next) or the inside of a hull."""

    feature: str
    part: Literal["vertex", "edge", "inside"]
    index: int = -1


def hull_target(touch: Touch, *, hulls: FeatureHulls, locked: Collection[str] = ()) -> HullTarget | None:
    """Return what lies under the pointer: vertices before edges, edges before insides, the nearest of each.

    Hulls that are `locked` are passed by.
    """
    found: list[tuple[int, float, HullTarget]] = []
    for feature, polygon in hulls.polygons.items():
        if feature in locked:
            continue
        vertex = shapes.nearest_vertex(polygon, point=touch.point, within=touch.reach)
        if vertex is not None:
            found.append((0, math.dist(polygon[vertex], touch.point), HullTarget(feature, "vertex", vertex)))
            continue
        middle = math.dist(polygon.mean(axis=0), touch.point)
        edge = shapes.nearest_edge(polygon, point=touch.point, within=touch.reach * _EDGE_SHARE)
        if edge is not None:
            found.append((1, middle, HullTarget(feature, "edge", edge)))
        elif (shapes.encloses if feature in hulls.free else shapes.contains)(polygon, point=touch.point):
            found.append((2, middle, HullTarget(feature, "inside")))
    return min(found, key=lambda entry: entry[:2])[2] if found else None


@dataclass
class HullTool:
    """Drags what the pointer grabbed: a vertex, an edge, or from the inside the whole hull."""

    _grabbed: HullTarget | None = None
    _from: Point = (0.0, 0.0)
    _hulls: FeatureHulls | None = None
    _dropped: tuple[Point, ...] = ()

    @property
    def dropped(self) -> tuple[Point, ...]:
        """The corners that the hull will have lost when the pointer comes up here; dragged back, it keeps them."""
        return self._dropped

    @property
    def grabbed(self) -> HullTarget | None:
        """What is being dragged; None while the pointer is up."""
        return self._grabbed

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Grab a vertex or a hull; the answer changes nothing yet, it only says that the pointer was taken."""
        self._grabbed = hull_target(touch, hulls=scene.hulls, locked=scene.locked)
        self._from = touch.point
        self._hulls = scene.hulls
        return _unchanged if self._grabbed is not None else None

    def move(self, touch: Touch) -> Edit | None:
        """Drag what was grabbed to where the pointer is now."""
        grabbed, hulls = self._grabbed, self._hulls
        if grabbed is None or hulls is None:
            return None
        by = (touch.x - self._from[0], touch.y - self._from[1])
        self._dropped = _dropped_by(grabbed, by, hulls=hulls)
        return moved_by(grabbed, by, hulls=hulls)

    def release(self, touch: Touch) -> Edit | None:
        """End the drag where the pointer is; a press and release in one place changes nothing."""
        edit = self.move(touch) if touch.point != self._from else None
        self.cancel()
        return edit

    def cancel(self) -> None:
        """Let go of what was grabbed."""
        self._grabbed = None
        self._hulls = None
        self._dropped = ()


def moved_by(target: HullTarget, by: Point, *, hulls: FeatureHulls) -> Edit:
    """Return the edit that moves a vertex, an edge or a whole hull by (x, y) aligned pixels."""
    feature, index = target.feature, target.index
    if target.part == "vertex":
        x, y = hulls.polygons[feature][index]
        to = (float(x) + by[0], float(y) + by[1])
        return lambda project: edits.move_hull_vertex(project, hulls=hulls, feature=feature, index=index, to=to)
    if target.part == "edge":
        return lambda project: edits.move_hull_edge(project, hulls=hulls, feature=feature, index=index, by=by)
    return lambda project: edits.move_hull(project, hulls=hulls, feature=feature, by=by)


def _dropped_by(target: HullTarget, by: Point, *, hulls: FeatureHulls) -> tuple[Point, ...]:
    """Return the corners that a convex hull loses when a target moves by (x, y)."""
    if target.part == "inside" or target.feature in hulls.free:
        return ()
    before, index = hulls.polygons[target.feature], target.index
    if target.part == "vertex":
        after = shapes.move_vertex(before, index=index, to=tuple(before[index] + by))
        gone = shapes.dropped_corners(before, after=after, moved=(index,))
    else:
        after = shapes.move_edge(before, index=index, by=by)
        gone = shapes.dropped_corners(before, after=after, moved=(index, (index + 1) % len(before)))
    return tuple((float(x), float(y)) for x, y in gone)


def insert_at(touch: Touch, *, scene: Scene) -> Edit | None:
    """Return the edit that puts a vertex on the edge under the pointer (a double click)."""
    hulls = scene.hulls
    target = hull_target(touch, hulls=hulls, locked=scene.locked)
    if target is None or target.part != "edge":
        return None
    return lambda project: edits.insert_hull_vertex(project, hulls=hulls, feature=target.feature, at=touch.point)


def delete_at(touch: Touch, *, scene: Scene) -> Edit | None:
    """Return the edit that takes away the vertex under the pointer (a right click, or Delete)."""
    hulls = scene.hulls
    target = hull_target(touch, hulls=hulls, locked=scene.locked)
    if target is None or target.part != "vertex":
        return None
    return lambda project: edits.delete_hull_vertex(project, hulls=hulls, feature=target.feature, index=target.index)


def _unchanged(project: Project) -> Project:
    return project
