"""Move landmarks of the face, one at a time or a whole feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.alignment import portrait_points
from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.core.face_template import FACE_PARTS
from paic3d_studio.project import edits
from paic3d_studio.project.state import Point, Project
from paic3d_studio.tools.pointer import Edit, Scene, Touch


@dataclass(frozen=True)
class LandmarkTarget:
    """What a pointer would grab: the landmark under it, and all that move with it."""

    index: int
    moving: tuple[int, ...]

    @property
    def part(self) -> str:
        """The part of the face that it belongs to, a key of FACE_PARTS."""
        return next(name for name, indices in FACE_PARTS.items() if self.index in indices)


def landmark_target(touch: Touch, *, scene: Scene) -> LandmarkTarget | None:
    """Return the landmark nearest to the pointer within its reach; with the turning key, its whole feature."""
    if scene.landmarks is None:
        return None
    apart = np.linalg.norm(scene.landmarks - np.asarray(touch.point), axis=1)
    nearest = int(apart.argmin())
    if apart[nearest] > touch.reach:
        return None
    alone = LandmarkTarget(nearest, (nearest,))
    return LandmarkTarget(nearest, FACE_PARTS[alone.part]) if touch.erases else alone


@dataclass
class LandmarkTool:
    """Drags a landmark, or with the turning key the feature that it belongs to; kept in Portrait pixels."""

    _grabbed: LandmarkTarget | None = None
    _scene: Scene | None = None
    _from: Point = (0.0, 0.0)

    @property
    def grabbed(self) -> LandmarkTarget | None:
        """What is being dragged; None while the pointer is up."""
        return self._grabbed

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Grab a landmark; nothing moves yet."""
        self._grabbed = None if scene.alignment is None else landmark_target(touch, scene=scene)
        self._scene, self._from = scene, touch.point
        return None if self._grabbed is None else _unchanged

    def move(self, touch: Touch) -> Edit | None:
        """Drag what was grabbed to where the pointer is now."""
        if self._grabbed is None or self._scene is None:
            return None
        return moved_by(self._grabbed, (touch.x - self._from[0], touch.y - self._from[1]), scene=self._scene)

    def release(self, touch: Touch) -> Edit | None:
        """End the drag where the pointer is; a press and release in one place changes nothing."""
        edit = self.move(touch) if touch.point != self._from else None
        self.cancel()
        return edit

    def cancel(self) -> None:
        """Let go of what was grabbed."""
        self._grabbed = self._scene = None


def moved_by(target: LandmarkTarget, by: Point, *, scene: Scene) -> Edit | None:
    """Return the edit that moves what a target moves by (x, y) aligned pixels; None before the face is known."""
    landmarks, alignment = scene.landmarks, scene.alignment
    if landmarks is None or alignment is None:
        return None
    places = _places(landmarks[list(target.moving)] + np.asarray(by), alignment)
    moves = dict(zip(target.moving, places, strict=True))
    return lambda project: edits.move_landmarks(project, places=moves)


def _places(points: NDArray[np.float64], alignment: Alignment) -> list[Point]:
    return [(float(x), float(y)) for x, y in portrait_points(alignment, points=points)]


def _unchanged(project: Project) -> Project:
    return project
