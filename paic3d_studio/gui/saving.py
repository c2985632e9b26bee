"""What is said about saving, and about closing with work to lose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from paic3d_studio.gui.document import Document
from paic3d_studio.gui.keeping import Keeping
from paic3d_studio.gui.language import text
from paic3d_studio.gui.once_saved import OnceSaved
from paic3d_studio.gui.outcomes import Outcomes
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.workspace import Workspace


class Saving(QObject):
    """Asks without blocking before anything is lost; the buttons of its messages lead on."""

    def __init__(
        self,
        window: QWidget,
        *,
        document: Document,
        keeping: Keeping,
        preferences: Preferences,
        workspace: Workspace,
        outcomes: Outcomes,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._keeping = keeping
        self._preferences = preferences
        self._messages = workspace.messages
        self._status = workspace.status
        self._outcomes = outcomes
        self.closing = OnceSaved(keeping, self._close_saved, parent=self)
        """The window closes as soon as the project is saved, where that was asked for."""
        self._export_was_told = False
        self.leaves_work_behind = False
        """Whether the artist said that what is unsaved may go."""
        self.ways_on: Final[dict[str, Callable[[], None]]] = {
            "save-anyway": keeping.save_anyway,
            "save-elsewhere": self._save_elsewhere,
            "save-and-close": self._save_and_close,
            "close-anyway": self._close_anyway,
        }
        """Buttons of this one's messages -> what they do."""
        keeping.saved.connect(self._on_saved)
        keeping.failed.connect(self._on_not_saved)
        keeping.changed_on_disk.connect(self._on_changed_on_disk)
        document.opened.connect(self.closing.forget)

    def work_to_lose(self) -> bool:
        """Ask, without blocking, when closing would lose something; the button of the message closes all the same."""
        if self.leaves_work_behind:
            return False
        exports = self._document.runs("export") and not self._export_was_told
        stops = "An export is still being written. It stops when the studio closes."
        if self._keeping.has_work_to_lose:
            edited = self._document.session.dirty
            message = "This project has unsaved edits." if edited else "This picture is kept nowhere else."
            cure = stops if exports else ""
            action = ("save-and-close", "Save and close")
        elif exports:
            message, cure, action = "An export is still being written.", "It stops when the studio closes.", None
        else:
            return False
        other = ("close-anyway", "Close anyway")
        self._messages.show_message(message, cure=cure, kind="warning", action=action, other=other)
        return True

    def _on_saved(self, path: Path) -> None:
        self._preferences.remember_recent(path)
        self._messages.withdraw(*self.ways_on, "open-anyway")  # nothing is unsaved any more
        self._status.show_idle("Saved")

    def _on_not_saved(self, error: Exception) -> None:
        self._status.show_idle("Not saved")
        self._outcomes.tell_of_error(error, action=("save-elsewhere", "Save elsewhere…"))

    def _on_changed_on_disk(self, path: Path) -> None:
        self._status.show_idle("Not saved")
        self._messages.show_message(
            text("“{name}” was changed by another window or program since this one read it.", name=path.name),
            cure="Saving over it replaces what was saved there.",
            kind="warning",
            action=("save-anyway", "Save anyway"),
            other=("save-elsewhere", "Save as…"),
            more=("stay", "Cancel"),
        )

    def _save_elsewhere(self) -> None:
        self._keeping.save_elsewhere(resumes=True)

    def _save_and_close(self) -> None:
        self.closing.wait()
        self._keeping.save()

    def _close_saved(self) -> None:
        """Close; an edit that came while the project was written is asked about first."""
        self._export_was_told = True
        self._window.close()
        self._export_was_told = False

    def _close_anyway(self) -> None:
        self.leaves_work_behind = True
        self._window.close()
