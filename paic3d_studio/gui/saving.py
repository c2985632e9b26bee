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
        self.closes_once_saved = False
        """Whether the window closes as soon as the project is saved."""
        self._closed_if_saved = False  # before the artist was asked whether to save over a changed file
        self.leaves_work_behind = False
        """Whether the artist said that what is unsaved may go."""
        self.ways_on: Final[dict[str, Callable[[], None]]] = {
            "save-anyway": self._save_anyway,
            "save-elsewhere": self._save_elsewhere,
            "save-and-close": self._save_and_close,
            "close-anyway": self._close_anyway,
        }
        """Buttons of this one's messages -> what they do."""
        keeping.saved.connect(self._on_saved)
        keeping.failed.connect(self._on_not_saved)
        keeping.changed_on_disk.connect(self._on_changed_on_disk)
        keeping.given_up.connect(self._stay_open)
        document.opened.connect(self._stay_open)

    def work_to_lose(self) -> bool:
        """Ask, without blocking, when closing would lose something; the button of the message closes all the same."""
        if self.leaves_work_behind:
            return False
        exports = self._document.runs("export") and not self.closes_once_saved  # then that was told before
        stops = "An export is still being written. It stops when the studio closes."
        if self._document.session.dirty:
            message, cure = "This project has unsaved edits.", stops if exports else ""
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
        if self.closes_once_saved:
            self._window.close()
            self.closes_once_saved = False  # an edit that came while it was written is asked about first

    def _on_not_saved(self, error: Exception) -> None:
        self.closes_once_saved = False
        self._status.show_idle("Not saved")
        self._outcomes.tell_of_error(error, action=("save-elsewhere", "Save elsewhere…"))

    def _on_changed_on_disk(self, path: Path) -> None:
        self._closed_if_saved, self.closes_once_saved = self.closes_once_saved, False
        self._status.show_idle("Not saved")
        self._messages.show_message(
            text("“{name}” was changed by another window or program since this one read it.", name=path.name),
            cure="Saving over it replaces what was saved there.",
            kind="warning",
            action=("save-anyway", "Save anyway"),
            other=("save-elsewhere", "Save as…"),
            more=("stay", "Cancel"),
        )

    def _stay_open(self) -> None:
        self.closes_once_saved = False

    def _save_anyway(self) -> None:
        self.closes_once_saved = self._closed_if_saved
        self._keeping.save_anyway()

    def _save_elsewhere(self) -> None:
        self._keeping.save_elsewhere()

    def _save_and_close(self) -> None:
        self.closes_once_saved = True
        self._keeping.save()

    def _close_anyway(self) -> None:
        self.leaves_work_behind = True
        self._window.close()
