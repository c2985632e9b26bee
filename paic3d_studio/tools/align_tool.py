"""Move, scale and turn the picture under the frame of the aligned square."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from paic3d_studio.core.alignment import align, aligned_points, alignment_scale, chained, portrait_points
from paic3d_studio.core.artefacts import ALIGNED_SIZE, Alignment, Landmarks
from paic3d_studio.core.face_template import LEFT_EYE, RIGHT_EYE, fitted_parts
from paic3d_studio.project import edits
from paic3d_studio.project.state import MAX_RESIZE, MAX_SHIFT, AlignmentEdit, Point, Project
from paic3d_studio.tools.pointer import Edit, Scene, Touch

CORNERS: Final = ((0.0, 0.0), (ALIGNED_SIZE, 0.0), (ALIGNED_SIZE, ALIGNED_SIZE), (0.0, ALIGNED_SIZE))
"""Where the handles that scale are: the corners of the frame, (x, y) in aligned pixels."""

MIDDLE: Final = (ALIGNED_SIZE / 2, ALIGNED_SIZE / 2)
"""About this place the picture is scaled and turned."""

SNAP: Final = 15.0
"""With the turning key the picture turns in steps of so many degrees."""

AlignPart = Literal["inside", "corner", "outside"]


def align_part(touch: Touch) -> AlignPart:
    """Return what a pointer would grab: a corner of the frame, the picture inside it, or the outside that turns."""
    if min(math.dist(touch.point, corner) for corner in CORNERS) <= touch.reach:
        return "corner"
    inside = 0 <= touch.x <= ALIGNED_SIZE and 0 <= touch.y <= ALIGNED_SIZE
    return "inside" if inside else "outside"


@dataclass
class AlignTool:
    """Drags the picture; its corners scale it and the outside turns it, both about the middle of the square.

    The turning key keeps a shift on one axis and a turn on whole steps.
    """

    _part: AlignPart | None = None
    _from: Point = (0.0, 0.0)
    _before: AlignmentEdit = field(default_factory=AlignmentEdit)

    @property
    def grabbed(self) -> AlignPart | None:
        """What is being dragged; None while the pointer is up."""
        return self._part

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Take hold of the picture; nothing moves yet."""
        if scene.alignment is None:
            return None
        self._part, self._from, self._before = align_part(touch), touch.point, scene.adjustment
        return edit_to(self._before)

    def move(self, touch: Touch) -> Edit | None:
        """Follow the pointer."""
        if self._part == "inside":
            by = (touch.x - self._from[0], touch.y - self._from[1])
            if touch.erases:
                by = (by[0], 0.0) if abs(by[0]) >= abs(by[1]) else (0.0, by[1])
            return edit_to(changed(self._before, by=by))
        if self._part == "corner":
            reach = max(math.dist(self._from, MIDDLE), 1.0)
            return edit_to(changed(self._before, factor=math.dist(touch.point, MIDDLE) / reach))
        if self._part == "outside":
            turn = math.degrees(_angle(touch.point) - _angle(self._from))
            if touch.erases:
                turn = SNAP * round((self._before.turn + turn) / SNAP) - self._before.turn
            return edit_to(changed(self._before, turn=turn))
        return None

    def release(self, touch: Touch) -> Edit | None:
        """End the drag where the pointer is; a press and release in one place changes nothing."""
        edit = self.move(touch) if touch.point != self._from else None
        self.cancel()
        return edit

    def cancel(self) -> None:
        """Let go of the picture."""
        self._part = None


def changed(before: AlignmentEdit, *, by: Point = (0.0, 0.0), factor: float = 1.0, turn: float = 0.0) -> AlignmentEdit:
    """Return an adjustment followed by a shift, or a scaling and turn about the middle; as far as its ranges go."""
    scale = _bounded(before.scale * factor, 1 / MAX_RESIZE, MAX_RESIZE)
    factor, angle = scale / before.scale, math.radians(turn)
    x, y = factor * before.shift[0], factor * before.shift[1]
    x, y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
    shift = (_bounded(x + by[0], -MAX_SHIFT, MAX_SHIFT), _bounded(y + by[1], -MAX_SHIFT, MAX_SHIFT))
    return dataclasses.replace(before, shift=shift, scale=scale, turn=math.remainder(before.turn + turn, 360))


def levelled(before: AlignmentEdit, *, tilt: float, about: Point = MIDDLE) -> AlignmentEdit:
    """Return an adjustment after which eyes that tilt by so many degrees, as they are shown, lie at one height.

    `about` is the place, in aligned pixels, that stays where it is.
    """
    angle = math.radians(-tilt)
    x, y = about[0] - MIDDLE[0], about[1] - MIDDLE[1]
    turned = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
    return changed(before, turn=-tilt, by=(x - turned[0], y - turned[1]))


def tilt_of(landmarks: Landmarks) -> float:
    """Return how far a face is turned in the picture, in radians, clockwise: of the line from eye to eye."""
    across = landmarks.points[LEFT_EYE].mean(axis=0) - landmarks.points[RIGHT_EYE].mean(axis=0)
    nearly = math.atan2(float(across[1]), float(across[0]))
    c, s = math.cos(nearly), math.sin(nearly)
    return nearly + fitted_parts(landmarks.points @ np.array([[c, -s], [s, c]])).tilt


def upright(landmarks: Landmarks) -> AlignmentEdit:
    """Return the adjustment that turns a face of any tilt upright, where and as large as upright faces are aligned.

    Args:
        landmarks: in Portrait pixels.
    """
    centre = landmarks.points.mean(axis=0).astype(np.float64)
    tilt = tilt_of(landmarks)
    turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    points = (landmarks.points - centre) @ turn.T + centre
    straight = align(dataclasses.replace(landmarks, points=points.astype(np.float32)))
    wanted = chained(np.column_stack([turn, centre - turn @ centre]), straight.matrix)
    middle = portrait_points(align(landmarks), points=MIDDLE)  # as it would lie
    x, y = (float(place) for place in wanted[:, :2] @ middle + wanted[:, 2])
    factor = alignment_scale(straight) / alignment_scale(align(landmarks))
    return changed(changed(AlignmentEdit(), factor=factor, turn=-math.degrees(tilt)), by=(x - MIDDLE[0], y - MIDDLE[1]))


def fitted_to(wanted: Alignment, *, found: Alignment) -> AlignmentEdit:
    """Return the adjustment that takes the alignment that was found to the wanted one, as far as its ranges go."""
    factor = alignment_scale(wanted) / alignment_scale(found)
    middle = aligned_points(wanted, points=portrait_points(found, points=MIDDLE))
    return changed(AlignmentEdit(), factor=factor, by=(float(middle[0]) - MIDDLE[0], float(middle[1]) - MIDDLE[1]))


def edit_to(adjustment: AlignmentEdit) -> Edit:
    """Return the edit that moves the picture there."""

    def edit(project: Project) -> Project:
        return edits.set_alignment(project, alignment=adjustment)

    return edit


def _angle(point: Point) -> float:
    return math.atan2(point[1] - MIDDLE[1], point[0] - MIDDLE[0])


def _bounded(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
