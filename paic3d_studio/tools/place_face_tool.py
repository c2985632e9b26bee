"""Ask for the two eyes and the mouth, one click each, when no face was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from paic3d_studio.project import edits
from paic3d_studio.project.state import Point, Project
from paic3d_studio.tools.pointer import Edit, Scene, Touch

QUESTIONS: Final = (
    "Click the middle of the eye on the left of the picture (the character's right eye).",
    "Click the middle of the eye on the right of the picture (the character's left eye).",
    "Click the middle of the mouth.",
)


@dataclass
class PlaceFaceTool:
    """Collects three places in Portrait pixels: the character's right eye, left eye and mouth."""

    places: tuple[Point, ...] = ()

    @property
    def question(self) -> str:
        """What to click next; empty when all is placed."""
        return QUESTIONS[len(self.places)] if not self.complete else ""

    @property
    def complete(self) -> bool:
        """Whether all three places are known."""
        return len(self.places) == len(QUESTIONS)

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:  # noqa: ARG002 nothing is grabbed here
        """Take a place; the third one answers with the edit that places the face."""
        if self.complete:
            return None
        self.places = (*self.places, touch.point)
        return self._edit() if self.complete else None

    def move(self, touch: Touch) -> Edit | None:  # noqa: ARG002 places are clicked, not dragged
        """Nothing follows the pointer."""
        return None

    def release(self, touch: Touch) -> Edit | None:  # noqa: ARG002 places are clicked, not dragged
        """Nothing happens when the button comes up."""
        return None

    def cancel(self) -> None:
        """Forget every place."""
        self.places = ()

    def step_back(self) -> None:
        """Forget the last place, to click it again."""
        self.places = self.places[:-1]

    def _edit(self) -> Edit:
        right_eye, left_eye, mouth = self.places
        if right_eye[0] > left_eye[0]:  # she clicked them the other way round: the picture knows better
            right_eye, left_eye = left_eye, right_eye

        def edit(project: Project) -> Project:
            return edits.place_face(project, right_eye=right_eye, left_eye=left_eye, mouth=mouth)

        return edit
