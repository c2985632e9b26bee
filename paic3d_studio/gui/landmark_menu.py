"""What can be done with the landmark under the pointer, in a menu."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from paic3d_studio.core.face_template import FACE_PARTS
from paic3d_studio.gui.language import text
from paic3d_studio.project import edits
from paic3d_studio.project.state import Project
from paic3d_studio.tools.landmark_tool import landmark_target
from paic3d_studio.tools.pointer import Edit, Scene, Touch


class LandmarkMenu(QMenu):
    """Made for one right click."""

    edit_wanted = Signal(object)

    def __init__(self, parent: QWidget, *, touch: Touch, scene: Scene, project: Project) -> None:
        super().__init__(parent)
        moved = {one.index for one in project.landmark_moves}
        target = landmark_target(touch, scene=scene)
        if target is not None:
            part = target.part.replace("_", " ")
            heading = self.addAction(
                text("{part}, landmark {number}", part=text(part.capitalize()), number=target.index)
            )
            heading.setEnabled(False)
            self.addSeparator()
            self._offer("As detected", edits_of((target.index,)), enabled=target.index in moved)
            whole = FACE_PARTS[target.part]
            if len(whole) > 1:
                self._offer(
                    text("Whole {part} as detected", part=text(part.capitalize()).lower()),
                    edits_of(whole),
                    enabled=bool(moved & set(whole)),
                )
            self.addSeparator()
        self._offer("Every landmark as detected", edits.reset_landmarks, enabled=bool(moved))

    def _offer(self, words: str, edit: Edit, *, enabled: bool) -> None:
        action = self.addAction(text(words))
        action.setEnabled(enabled)
        action.triggered.connect(partial(self._want, edit))

    def _want(self, edit: Edit) -> None:
        self.edit_wanted.emit(edit)


def edits_of(indices: tuple[int, ...]) -> Edit:
    """Return the edit that puts these landmarks back where they were found."""
    return partial(edits.reset_landmarks, indices=indices)
