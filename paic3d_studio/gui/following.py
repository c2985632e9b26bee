"""How far the window is with what the artist wants to see: artefacts, stages, progress, and the line of hints."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QObject, Signal

from paic3d_studio.core.artefacts import Landmarks, TagFeatures, TexturedMesh
from paic3d_studio.gui.cut_words import cut_caption
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.image_panel import ImagePanel
from paic3d_studio.gui.language import text
from paic3d_studio.gui.panels.viewport_panel import ViewportPanel
from paic3d_studio.gui.pulling import COARSE, REFINED, SHOWN
from paic3d_studio.gui.runner import YIELDING
from paic3d_studio.gui.workspace import Workspace
from paic3d_studio.project.state import Project
from paic3d_studio.viewport.orbit import HOME_VIEW

_REFINING: Final = {
    "refine": "Refining the view; every edit is in it",  # how far it is, the strip says
    "still": "Drawing it sharper ({percent}); every edit is in it",
}
"""Lane whose work changes nothing but how sharp the head is seen -> what is said of it."""
NO_PICTURE: Final = "Open a portrait (Ctrl+O), drop one here, or paste one (Ctrl+V)."


class Following(QObject):
    """Keeps both panes, the strip of stages and the status line in step with the document."""

    moved_on = Signal()
    """Something that decides which actions make sense is another one now."""

    def __init__(self, workspace: Workspace, *, document: Document, image: ImagePanel, head: ViewportPanel) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._document = document
        self._image = image
        self._head = head
        self._began = 0.0
        self._halted = ""
        self._tells_refining = False
        self._is_just_opened = False
        self._warned_of: Landmarks | None = None
        self._warned_of_tags = ""
        document.opened.connect(self._on_opened)
        document.changed.connect(self._on_changed)
        document.artefact.connect(self._on_artefact)
        document.stage_reported.connect(workspace.strip.take)
        document.refresh_asked.connect(self._on_refresh_asked)
        document.refresh_started.connect(self._on_refresh_started)
        document.progressed.connect(self._on_progress)
        document.refreshed.connect(self._on_refreshed)
        document.runner.became_idle.connect(self._on_idle)
        document.method_known.connect(self._on_method_known)
        image.hint_changed.connect(self.show_hint)

    # What is known ---------------------------------------------------------------------------------------------------

    def _on_opened(self, project: Project) -> None:
        portrait = self._document.session.peek("portrait", project)
        if portrait is not None:
            self._workspace.picture_size.setText(f"{portrait.rgba.shape[1]} × {portrait.rgba.shape[0]} px")
        self._workspace.messages.clear()
        self._warned_of_tags = ""
        self._workspace.strip.clear()
        self._is_just_opened = True
        self._image.clear()
        self._head.clear()
        self._head.viewport.set_view(HOME_VIEW)
        self._show_settings(project)
        self.moved_on.emit()

    def _show_settings(self, project: Project) -> None:
        self._workspace.settings.show_project(project)

    def _on_changed(self, project: Project) -> None:
        self._show_settings(project)
        known = self._document.session.peek_all((*SHOWN, REFINED), project)
        for stage, value in known.items():  # shown at once: after undo, all of it
            self._on_artefact(stage, value)
        self.moved_on.emit()

    def _on_refresh_asked(self) -> None:
        """Say at once that the head is an older one: what runs may take seconds to give way."""
        if self._say_whether_older():
            self._tells_refining = False
            self._workspace.status.show_progress(0.0, "Reconstructing")

    def _on_artefact(self, stage: str, value: object) -> None:
        self._image.take(value)
        self._head.take(value)
        if isinstance(value, Landmarks) and value.warning and value is not self._warned_of:
            self._warned_of = value
            action = ("place-face", "Place the face")
            self._workspace.messages.show_message(value.warning, kind="warning", action=action)
        if isinstance(value, TagFeatures):
            self._tell_of_tags(value.warning)
        if isinstance(value, TexturedMesh) and self._document.project is not None:
            self._head.viewport.set_mesh_note(cut_caption(self._document.project.settings.surface.crop_below))
        if stage in (COARSE, "volume"):
            self._say_whether_older()
        if stage == REFINED:
            self._workspace.status.show_idle("Up to date")
        if stage in ("aligned", "volume"):
            self.moved_on.emit()

    def _tell_of_tags(self, warning: str) -> None:
        """Say once that the tagger is missing, below what there is to say about the face."""
        if warning and warning != self._warned_of_tags:
            landmarks = self._document.session.peek("landmarks")
            of_face = landmarks.warning if isinstance(landmarks, Landmarks) else ""
            action = ("place-face", "Place the face") if of_face else ("import-weights", "Import weights…")
            self._workspace.messages.show_message(
                of_face or warning, cure=warning if of_face else "", kind="warning", action=action
            )
        self._warned_of_tags = warning

    def _on_method_known(self, choices: object) -> None:
        if isinstance(choices, dict):
            self._workspace.settings.offer(choices)

    # What runs -------------------------------------------------------------------------------------------------------

    def _on_refresh_started(self) -> None:
        self._began = time.perf_counter()
        self._halted = ""
        self._workspace.strip.count_as_new(self._is_just_opened)
        self._is_just_opened = False
        self._head.say_coming()
        self._say_whether_older()
        self._show_stages_beside()

    def _say_whether_older(self) -> bool:
        """Say of the head that is drawn whether it is one of an earlier state, and return that."""
        present = self._document.session.peek_all((COARSE, "volume", REFINED)).values()
        shown = self._head.viewport.scene.volume
        is_older = shown is not None and not any(volume is shown for volume in present)
        self._head.viewport.set_older(is_older)
        return is_older

    def _show_stages_beside(self) -> None:
        """Say of stages that do not run whether what they made last still holds."""
        for stage, report in self._document.reports_beside().items():
            self._workspace.strip.show_stage(stage, report)

    def _on_progress(self, lane: str, fraction: float, words: str) -> None:
        if lane in _REFINING:
            told = text(_REFINING[lane], percent=f"{fraction:.0%}")
            self._workspace.status.show_idle(told)
            self._tells_refining = True
        elif lane == "export" and self._document.runner.busy:
            return  # what the artist sees comes first, and she waits for it
        elif lane not in YIELDING:
            self._tells_refining = False
            self._workspace.status.show_progress(fraction, words)

    def _on_idle(self) -> None:
        """Say no longer that the view is being refined: it is, or it gave way to a movement."""
        if self._tells_refining and not self._document.busy:
            self._tells_refining = False
            self._workspace.status.show_idle("Up to date")

    def _on_refreshed(self) -> None:
        seconds = time.perf_counter() - self._began
        self._tells_refining = self._document.session.peek(REFINED) is None
        if self._tells_refining:
            self._workspace.status.show_idle("Refining the view; every edit is in it")
        else:
            self._workspace.status.show_idle(f"Up to date  ·  {seconds:.1f} s" if seconds >= 0.3 else "Up to date")
        self._show_stages_beside()
        self.show_hint()

    def say_failed(self, why: str) -> None:
        """Say that the reconstruction failed, and how to try again."""
        self._halted = "Press F5 to try again."
        self._show_stages_beside()
        self._head.say_halted(why)

    def say_stopped(self) -> None:
        """Say that the artist stopped the reconstruction, and how to go on."""
        self._head.say_halted("The reconstruction was stopped. Press F5 to go on.")
        self._halted = self._halted or "Stopped. Press F5 to go on."

    def show_hint(self) -> None:
        """Say what can be done now: open something, go on with what was halted, or use the chosen tool."""
        if self._document.project is None:
            hint = NO_PICTURE
        elif self._image.placing:
            hint = self._image.hint
        else:
            hint = self._halted or self._image.hint
        self._workspace.status.show_hint(hint)
