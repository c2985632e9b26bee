"""Keeping the artist's work: saving the project, a copy of every unsaved edit, and what is left of a crash."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.language import text
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.rescue import Rescue, RescueFolder
from paic3d_studio.gui.runner import Deliver, Runner
from paic3d_studio.project.file import SUFFIX
from paic3d_studio.project.state import Project

log = logging.getLogger(__name__)

PROJECT_FILTER: Final = f"PAiC-3D projects (*{SUFFIX})"
_COPY_AFTER: Final = 800
"""Milliseconds after an edit until it is copied, with those that came meanwhile."""


class Keeping(QObject):
    """Writes the open project where the artist says, and her unsaved edits where a crash cannot reach them.

    Files are written on a thread of their own: a reconstruction that takes seconds must not keep a save waiting.
    """

    saved = Signal(object)
    """The `Path` of a project that was saved."""
    failed = Signal(object)
    """The exception of a save that failed; what stood there is untouched."""
    given_up = Signal()
    """The artist did not choose where to save."""
    state_changed = Signal()
    """Name or dirtiness of the project changed."""

    def __init__(self, window: QWidget, *, document: Document, preferences: Preferences) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._preferences = preferences
        self.path: Path | None = None
        """Where the open project was saved or read; None until then."""
        self._writer = Runner(self)
        self._writer.finished.connect(self._on_finished)
        self._writer.failed.connect(self._on_failed)
        self._writer.cancelled.connect(self._on_cancelled)
        self._being_brought_back: Rescue | None = None
        self._rescues = RescueFolder(preferences.folder_of_rescues)
        self._copying = QTimer(self)
        self._copying.setSingleShot(True)
        self._copying.setInterval(_COPY_AFTER)
        self._copying.timeout.connect(self._copy_unsaved)
        document.opened.connect(self._on_opened)
        document.changed.connect(self._on_changed)

    @property
    def name(self) -> str:
        """What the open project is called: its file, or the picture's while it was never saved; empty without one."""
        if self.path is not None:
            return self.path.name
        project = self._document.project
        return "" if project is None else project.picture.name

    # Saving ----------------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Save where the project was saved last; the first time, ask where."""
        if self.path is None:
            self.save_elsewhere()
        else:
            self.save_to(self.path)

    def save_elsewhere(self) -> None:
        """Ask where to save, without blocking."""
        project = self._document.project
        if project is None:
            return
        origin = self._document.origin
        folder = self._preferences.folder("save", otherwise=origin.parent if origin else None)
        folder = self.path.parent if self.path is not None else folder
        proposed = folder / f"{Path(self.name).stem or 'head'}{SUFFIX}"
        chooser = QFileDialog(self._window, text("Save the project"), str(proposed), PROJECT_FILTER)
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setDefaultSuffix(SUFFIX[1:])
        chooser.selectFile(str(proposed))
        chooser.fileSelected.connect(self._on_chosen)
        chooser.rejected.connect(self.given_up)
        chooser.finished.connect(chooser.deleteLater)
        chooser.open()

    def save_to(self, path: Path) -> None:
        """Save to a file, in the background."""
        project = self._document.project
        if project is None:
            return

        def work(monitor: Monitor, deliver: Deliver) -> tuple[Project, Path]:  # noqa: ARG001 writing cannot be stopped
            self._document.session.save(path, project=project)
            return project, path

        self._writer.submit("save", work, title=f"Saving {path.name}")

    def close(self, *, seconds: float) -> bool:
        """Forget the copy of unsaved edits, which were saved or left behind on purpose, and join the writer."""
        self._copying.stop()
        joined = self._writer.close(seconds=seconds)
        if joined:  # else a copy may be half written still
            self._rescues.clear()
        return joined

    # What a crash left -----------------------------------------------------------------------------------------------

    def left_behind(self) -> Rescue | None:
        """Return the newest copy of unsaved edits whose studio ended without a word; None when there is none."""
        return self._rescues.newest()

    def bring_back(self, rescue: Rescue) -> None:
        """Open what a crash left; it counts as unsaved, and its copy stays until another has been written."""
        self._being_brought_back = rescue
        self._document.open(rescue.content(), name=rescue.name, rescued=True)

    def discard(self, rescue: Rescue) -> None:
        """Delete what a crash left."""
        self._rescues.discard(rescue)

    # What the document says ------------------------------------------------------------------------------------------

    def _on_opened(self, project: Project) -> None:  # noqa: ARG002 the document knows it
        origin = self._document.origin
        self.path = origin if origin is not None and origin.suffix.lower() == SUFFIX else None
        if self._document.rescued and self._being_brought_back is not None:
            self._rescues.adopt(self._being_brought_back)  # not before it could be opened
            self.path = self._rescues.adopted_path
        self._being_brought_back = None
        self._on_changed()

    def _on_changed(self, project: Project | None = None) -> None:  # noqa: ARG002 the session knows it
        if self._document.session.dirty:
            if not self._copying.isActive():  # so that someone who never rests is copied as well
                self._copying.start()
        else:
            self._copying.stop()
            self._writer.cancel("autosave")
            self._rescues.clear()
        self.state_changed.emit()

    def _copy_unsaved(self) -> None:
        project, path = self._document.project, self.path
        if project is None:
            return

        def work(monitor: Monitor, deliver: Deliver) -> None:  # noqa: ARG001 writing cannot be stopped
            self._rescues.write(self._document.session, project=project, path=path)

        self._writer.submit("autosave", work)

    # What the writer says --------------------------------------------------------------------------------------------

    def _on_chosen(self, path: str) -> None:
        self._preferences.remember_folder("save", Path(path).parent)
        self.save_to(Path(path))

    def _on_finished(self, lane: str, value: object) -> None:
        if lane == "autosave":
            self._clear_if_saved()
            return
        assert isinstance(value, tuple)
        project, path = value
        if self._document.project is None or self._document.project.picture is not project.picture:
            return  # another picture was opened meanwhile: the file is written, and is not that one's
        self.path = path
        self._document.session.mark_saved(project)
        self._on_changed()
        self.saved.emit(self.path)

    def _on_cancelled(self, lane: str, seconds: float) -> None:  # noqa: ARG002 a copy that was asked to stop is whole
        self._clear_if_saved()

    def _clear_if_saved(self) -> None:
        if not self._document.session.dirty:  # saved or taken back while the copy was written
            self._rescues.clear()

    def _on_failed(self, lane: str, error: Exception) -> None:
        if not isinstance(error, UserError):
            log.error("keeping the project failed: %s", lane, exc_info=error)
        elif lane == "autosave":
            log.warning("unsaved edits could not be copied: %s", error)
        if lane == "save":
            self.failed.emit(error)
