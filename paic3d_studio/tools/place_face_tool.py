"""Ask for the two eyes and the mouth, one click each, when no face was found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from paic3d_studio.core.landmarks import landmarks_from_parts
from paic3d_studio.errors import UserError
from paic3d_studio.project import edits
from paic3d_studio.project.state import Point, Project
from paic3d_studio.tools.align_tool import tilt_of, upright
from paic3d_studio.tools.pointer import Edit, Scene, Touch

QUESTIONS: Final = (
    "Click the middle of the eye on the left of the picture (the character's right eye).",
    "Click the middle of the eye on the right of the picture (the character's left eye).",
    "Click the middle of the mouth.",
)

_UPRIGHT_UP_TO: Final = math.radians(30)
"""Tilt of eyes up to which the picture stays as it is: heads are drawn aslant, but the method knows none that lie."""

_REFUSALS: Final = ("", "The eyes cannot both be there. ", "A mouth cannot lie there: it is below the eyes. ")
"""What is wrong with a click that was not taken, by how many places were known."""


@dataclass
class PlaceFaceTool:
    """Collects three places in Portrait pixels: the character's right eye, left eye and mouth."""

    places: tuple[Point, ...] = ()
    _refused: bool = False

    @property
    def question(self) -> str:
        """What to click next, and what was wrong with the last click; empty when all is placed."""
        if self.complete:
            return ""
        return f"{_REFUSALS[len(self.places)] if self._refused else ''}{QUESTIONS[len(self.places)]}"

    @property
    def complete(self) -> bool:
        """Whether all three places are known."""
        return len(self.places) == len(QUESTIONS)

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:  # noqa: ARG002 nothing is grabbed here
        """Take a place; the third one answers with the edit that places the face."""
        if self.complete:
            return None
        places = (*self.places, touch.point)
        self._refused = not _can_be_a_face(places)
        if self._refused:
            return None
        self.places = places
        return self._edit() if self.complete else None

    def move(self, touch: Touch) -> Edit | None:  # noqa: ARG002 places are clicked, not dragged
        """Nothing follows the pointer."""
        return None

    def release(self, touch: Touch) -> Edit | None:  # noqa: ARG002 places are clicked, not dragged
        """Nothing happens when the button comes up."""
        return None

    def cancel(self) -> None:
        """Forget every place."""
        self.places, self._refused = (), False

    def step_back(self) -> None:
        """Forget the last place, to click it again."""
        self.places, self._refused = self.places[:-1], False

    def _edit(self) -> Edit:
        right_eye, left_eye, mouth = self.places
        if right_eye[0] > left_eye[0]:  # she clicked them the other way round: the picture knows better
            right_eye, left_eye = left_eye, right_eye

        landmarks = landmarks_from_parts(right_eye, left_eye, mouth)
        lies = abs(tilt_of(landmarks)) > _UPRIGHT_UP_TO

        def edit(project: Project) -> Project:
            placed = edits.place_face(project, right_eye=right_eye, left_eye=left_eye, mouth=mouth)
            return edits.set_alignment(placed, alignment=upright(landmarks)) if lies else placed

        return edit


def _can_be_a_face(places: tuple[Point, ...]) -> bool:
    """Return whether places, the mouth perhaps missing yet, can be those of one face."""
    if len(places) < 2:
        return True
    right_eye, left_eye = places[:2]
    below = (right_eye[0] + left_eye[1] - right_eye[1], right_eye[1] + left_eye[0] - right_eye[0])
    try:
        landmarks_from_parts(right_eye, left_eye, places[2] if len(places) == len(QUESTIONS) else below)
    except UserError:
        return False
    return True
