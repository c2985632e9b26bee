"""The ways in: a dialog, the clipboard, what is dropped, the example; and what happens to unsaved edits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from paic3d_studio.gui.clipboard import OPEN_FILTER, further_files, picture_in
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.file_dialogs import FILES, file_dialog
from paic3d_studio.gui.keeping import Keeping
from paic3d_studio.gui.language import text
from paic3d_studio.gui.once_saved import OnceSaved
from paic3d_studio.gui.panels.message_bar import MessageBar
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.wish_to_open import Source
from paic3d_studio.paths import example_picture


class Opening(QObject):
    """Opens pictures and projects in this window, or asks for another one."""

    window_wanted = Signal(object, str)
    """Another window is wanted: what `Document.open` takes with a name for it, or None for an empty one."""

    def __init__(
        self,
        window: QWidget,
        *,
        document: Document,
        keeping: Keeping,
        preferences: Preferences,
        messages: MessageBar,
    ) -> None:
        super().__init__(window)
        self._keeping = keeping
        self._window = window
        self._document = document
        self._preferences = preferences
        self._messages = messages
        self._pending: tuple[Source, str] | None = None
        self.raise_elsewhere: Callable[[Path], bool] = _nowhere
        """Brings another window that has this project open to the front; False when there is none."""
        self.ways_on: Final[dict[str, Callable[[], None]]] = {
            "open-anyway": self._open_anyway,
            "open-beside": self._open_beside,
            "save-and-open": self._save_and_open,
        }
        """Buttons of this one's messages -> what they do."""
        self._once_saved = OnceSaved(keeping, self._open_what_waits, parent=self)
        document.held_back.connect(self._on_held_back)

    def open(self, source: Source, *, name: str = "") -> None:
        """Open a picture; offers a window of its own, without blocking, when edits of the open one would be lost."""
        if isinstance(source, str) and self.raise_elsewhere(Path(source)):
            return
        if self._keeping.has_work_to_lose:
            self._ask_about(source, name)
        else:
            self._open_now(source, name)

    def choose(self) -> None:
        """Ask for files, without blocking; the first opens here, the others in windows of their own."""
        folder = self._preferences.folder("open")
        title = text("Open a portrait or a project")
        chooser = file_dialog(self._window, title, at=folder, asks_for=FILES, names=OPEN_FILTER)
        chooser.filesSelected.connect(self._on_files_chosen)
        chooser.open()

    def paste(self) -> None:
        """Open what the clipboard holds, or say that it holds no picture."""
        if not self.take_from(QApplication.clipboard().mimeData()):
            self._messages.show_message(
                "There is no picture to paste.", cure="Copy a picture or a picture file first.", kind="warning"
            )

    def take_from(self, data: QMimeData | None) -> bool:
        """Open what was dropped or pasted; False when it holds no picture."""
        found = picture_in(data)
        if found is not None:
            self.open(found.source, name=found.name)
            for path in further_files(data):
                self.window_wanted.emit(path, "")
        return found is not None

    def open_example(self) -> None:
        """Open the bundled portrait."""
        self.open(str(example_picture()))

    def _on_files_chosen(self, paths: list[str]) -> None:
        self._preferences.remember_folder("open", Path(paths[0]).parent)
        self.open(paths[0])
        for path in paths[1:]:
            self.window_wanted.emit(path, "")

    def _ask_about(self, source: Source, name: str) -> None:
        self._pending = (source, name)
        self._once_saved.forget()
        edited = self._document.session.dirty
        self._messages.show_message(
            "Opening another picture here loses the unsaved edits of this one."
            if edited
            else "Opening another picture here loses this one, which is kept nowhere else.",
            kind="warning",
            action=("save-and-open", "Save and open"),
            other=("open-beside", "Open in a new window"),
            more=("open-anyway", "Open anyway"),
        )

    def _on_held_back(self, source: Source, name: str, rescued: bool) -> None:
        if not rescued:
            self._ask_about(source, name)

    def _open_now(self, source: Source, name: str) -> None:
        self._pending = None
        self._once_saved.forget()
        self._document.open(source, name=name)

    def _save_and_open(self) -> None:
        self._once_saved.wait()
        self._keeping.save()

    def _open_what_waits(self) -> None:
        """Open what was asked for; asks again where an edit came while the other project was written."""
        if self._pending is not None:
            source, name = self._pending
            self.open(source, name=name)

    def _open_anyway(self) -> None:
        if self._pending is not None:
            self._open_now(*self._pending)

    def _open_beside(self) -> None:
        if self._pending is not None:
            source, name = self._pending
            self._pending = None
            self.window_wanted.emit(source, name)


def _nowhere(path: Path) -> bool:  # noqa: ARG001 the only window
    return False
