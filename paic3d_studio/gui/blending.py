"""From the wish to go on in Blender to Blender: finds it, exports the head for it, and starts it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from paic3d_studio.core.artefacts import ExportReport
from paic3d_studio.errors import UserError
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.file_dialogs import FILE, file_dialog
from paic3d_studio.gui.language import text
from paic3d_studio.gui.panels.message_bar import MessageBar
from paic3d_studio.gui.preferences import Preferences

if TYPE_CHECKING:
    from paic3d_studio.export.blender import Look

_PLACE: Final = "blender/program"
"""Preference: where the artist said that Blender is."""


class Blending(QObject):
    """Waits for the export that Blender is to open, if one was asked for."""

    def __init__(self, window: QWidget, *, document: Document, preferences: Preferences) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._preferences = preferences
        self._messages: MessageBar | None = None
        self._target: Path | None = None
        self._program: Path | None = None
        self._look: Look = "unlit"

    def follow(self, messages: MessageBar) -> None:
        """Speak through the window's messages, and hear their buttons."""
        self._messages = messages
        messages.acted.connect(self._on_message_action)
        self._document.exported.connect(self._on_exported)
        self._document.failed.connect(self._on_ended)
        self._document.stopped.connect(self._on_ended)

    def start(self, look: Look) -> None:
        """Export the head and open it as painted ("unlit") or shaded ("toon"), or say that Blender is not there."""
        self._look = look
        from paic3d_studio.export.blender import file_for_blender, find_blender

        project = self._document.project
        if project is None:
            return
        try:
            self._program = find_blender(self._preferences.text(_PLACE, ""))
            self._target = file_for_blender(Path(project.picture.name).stem, digest=project.picture.sha256)
        except UserError as error:
            self._say(error.message, cure=error.cure)
            return
        self._document.export(self._target)

    def _on_exported(self, report: ExportReport, target: Path) -> None:
        del report
        if target != self._target or self._program is None or self._messages is None:
            return
        from paic3d_studio.export.blender import open_in_blender

        self._target = None
        try:
            open_in_blender(target, blender=self._program, look=self._look)
        except UserError as error:
            self._say(error.message, cure=error.cure)
        else:
            self._messages.show_message(
                "Blender is starting with the head.",
                cure=str(self._program),
                kind="info",
                action=("show-folder", "Show in folder"),  # of what was exported for it a moment ago
            )

    def _on_ended(self, lane: str, reason: object) -> None:
        del reason
        if lane == "export":
            self._target = None

    def _on_message_action(self, name: str) -> None:
        if name != "choose-blender":
            return
        folder = self._preferences.folder("blender")
        chooser = file_dialog(self._window, text("Where is Blender?"), at=folder, asks_for=FILE)
        chooser.fileSelected.connect(self._on_program_chosen)
        chooser.open()

    def _on_program_chosen(self, program: str) -> None:
        from paic3d_studio.export.blender import find_blender

        try:
            find_blender(program)
        except UserError as error:
            self._say(error.message, cure=error.cure)
            return
        self._preferences.remember_folder("blender", Path(program).parent)
        self._preferences.remember(_PLACE, program)
        self.start(self._look)

    def _say(self, message: str, *, cure: str) -> None:
        if self._messages is not None:
            action = ("choose-blender", "Choose Blender…")
            self._messages.show_message(message, cure=cure, kind="warning", action=action)
