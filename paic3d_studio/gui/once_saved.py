"""Something that waits until the project is saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from paic3d_studio.gui.keeping import Keeping


class OnceSaved(QObject):
    """Does something once a save succeeds, and forgets it where none comes of it.

    A save that is held back, because somebody else has written the file, is asked about: what waits goes on waiting
    where the artist lets the save be made after all, there or elsewhere, and for no other save.
    """

    def __init__(self, keeping: Keeping, then: Callable[[], None], *, parent: QObject) -> None:
        super().__init__(parent)
        self._then = then
        self._waits = self._waits_if_resumed = False
        keeping.saved.connect(self._on_saved)
        keeping.failed.connect(self.forget)
        keeping.given_up.connect(self.forget)
        keeping.changed_on_disk.connect(self._on_held_back)
        keeping.save_resumed.connect(self._on_resumed)

    def wait(self) -> None:
        """Wait for the save that is asked for now."""
        self._waits = True

    def forget(self, *_: object) -> None:
        """Wait for nothing any more."""
        self._waits = self._waits_if_resumed = False

    def _on_saved(self, _: Path) -> None:
        if self._waits:
            self.forget()
            QTimer.singleShot(0, self._then)  # others hear of the save first, and take their questions back

    def _on_held_back(self, _: Path) -> None:
        self._waits_if_resumed, self._waits = self._waits, False

    def _on_resumed(self) -> None:
        self._waits, self._waits_if_resumed = self._waits_if_resumed, False
