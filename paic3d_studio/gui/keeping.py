"""Keeping the artist's work: saving the project, a copy of every unsaved edit, and what is left of a crash."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.files import FileStamp, file_stamp
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.file_dialogs import NEW_FILE, file_dialog
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


class ChangedOnDisk(Exception):
    """The file at a path is not the one that was read or written last: saving over it would lose what is in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


@dataclass(frozen=True)
class Saved:
    """A project that was written, and where."""

    project: Project
    path: Path


class Keeping(QObject):
    """Writes the open project where the artist says, and her unsaved edits where a crash cannot reach them.

    Files are written on a thread of their own: a reconstruction that takes seconds must not keep a save waiting.
    """

    saved = Signal(object)
    """The `Path` of a project that was saved."""
    failed = Signal(object)
    """The exception of a save that failed; what stood there is untouched."""
    changed_on_disk = Signal(object)
    """The `Path` of a save that was held back: somebody else has written that file; `save_anyway` goes on."""
    save_resumed = Signal()
    """The artist lets a save that was held back be made after all, there or elsewhere."""
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
        self._stamps: dict[Path, FileStamp | None] = {}  # of files as they were read or written here last
        self.writer = Runner(self)
        """Owns the thread that writes."""
        self.writer.finished.connect(self._on_finished)
        self.writer.failed.connect(self._on_failed)
        self.writer.cancelled.connect(self._on_cancelled)
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

    @property
    def is_nowhere_else(self) -> bool:
        """Whether the open picture was pasted, or dropped without a file, and not saved since."""
        return self._document.project is not None and self._document.origin is None and self.path is None

    @property
    def has_work_to_lose(self) -> bool:
        """Whether something would be gone if the project were closed now."""
        return self._document.session.dirty or self.is_nowhere_else

    # Saving ----------------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Save where the project was saved last; the first time, ask where."""
        if self.path is None:
            self.save_elsewhere()
        else:
            self.save_to(self.path)

    def save_elsewhere(self, *, resumes: bool = False) -> None:
        """Ask where to save, without blocking; `resumes` a save that was held back."""
        if resumes:
            self.save_resumed.emit()
        project = self._document.project
        if project is None:
            return
        origin = self._document.origin
        folder = self._preferences.folder("save", otherwise=origin.parent if origin else None)
        folder = self.path.parent if self.path is not None else folder
        proposed = folder / f"{Path(self.name).stem or 'head'}{SUFFIX}"
        title = text("Save the project")
        chooser = file_dialog(self._window, title, at=proposed, asks_for=NEW_FILE, names=PROJECT_FILTER)
        chooser.setDefaultSuffix(SUFFIX[1:])
        chooser.fileSelected.connect(self._on_chosen)
        chooser.rejected.connect(self.given_up)
        chooser.open()

    def save_anyway(self) -> None:
        """Save where the project was saved last, over whatever stands there now."""
        if self.path is not None:
            self.save_resumed.emit()
            self.save_to(self.path, replaces=True)

    def save_to(self, path: Path, *, replaces: bool = False) -> None:
        """Save to a file, in the background.

        Where the project lies already, a file that somebody else has written meanwhile is left alone, and
        `changed_on_disk` tells of it; unless the artist said that this one `replaces` it.
        """
        project = self._document.project
        if project is None:
            return
        checks = path == self.path and not replaces
        stamps = self._stamps

        def work(monitor: Monitor, deliver: Deliver) -> Saved:  # noqa: ARG001 writing cannot be stopped
            there = file_stamp(path) if checks else None
            if there is not None and there != stamps.get(path):
                raise ChangedOnDisk(path)
            self._document.session.save(path, project=project)
            stamps[path] = file_stamp(path)
            return Saved(project, path)

        self.writer.submit("save", work, title=f"Saving {path.name}")

    def close(self) -> bool:
        """Forget the copy of unsaved edits, saved or left behind on purpose; False while the writer still runs."""
        self._copying.stop()
        joined = self.writer.close(seconds=0.0)
        if joined:  # else a copy may be half written still
            self._rescues.clear()
        return joined

    # What a crash left -----------------------------------------------------------------------------------------------

    def left_behind(self) -> tuple[Rescue, ...]:
        """Return the copies of unsaved edits whose studios ended without a word, the newest first."""
        return self._rescues.left()

    def bring_back(self, rescue: Rescue) -> None:
        """Open what a crash left; it counts as unsaved, and its copy stays until another has been written."""
        self._being_brought_back = rescue
        self._document.open(rescue.content, name=rescue.name, rescued=True)

    def discard(self, rescue: Rescue) -> None:
        """Delete what a crash left."""
        self._rescues.discard(rescue)

    # What the document says ------------------------------------------------------------------------------------------

    def _on_opened(self, project: Project) -> None:  # noqa: ARG002 the document knows it
        origin = self._document.origin
        self.path = origin if origin is not None and origin.suffix.lower() == SUFFIX else None
        self._stamps = {} if self.path is None else {self.path: self._document.read_stamp}
        if self._document.rescued and self._being_brought_back is not None:
            rescue = self._being_brought_back
            self._rescues.adopt(rescue)  # not before it could be opened
            self.path = rescue.path
            self._stamps = {} if rescue.path is None else {rescue.path: rescue.stamp}
        self._being_brought_back = None
        self._on_changed()

    def _on_changed(self, project: Project | None = None) -> None:  # noqa: ARG002 the session knows it
        if self._document.session.dirty:
            if not self._copying.isActive():  # so that someone who never rests is copied as well
                self._copying.start()
        else:
            self._copying.stop()
            self._forget_copy()
        self.state_changed.emit()

    def _copy_unsaved(self) -> None:
        project, path = self._document.project, self.path
        if project is None:
            return
        stamp = None if path is None else self._stamps.get(path)

        def work(monitor: Monitor, deliver: Deliver) -> None:  # noqa: ARG001 writing cannot be stopped
            self._rescues.write(self._document.session, project=project, path=path, stamp=stamp)

        self.writer.submit("autosave", work)

    def _forget_copy(self) -> None:
        """Delete the copy of unsaved edits, behind whatever is being written: a disk may keep one waiting."""
        self.writer.cancel("autosave")
        if self._rescues.holds_copy or self.writer.runs("autosave"):
            self.writer.submit("autosave", self._clear_copies)

    def _clear_copies(self, monitor: Monitor, deliver: Deliver) -> None:  # noqa: ARG002 deleting cannot be stopped
        self._rescues.clear()

    # What the writer says --------------------------------------------------------------------------------------------

    def _on_chosen(self, path: str) -> None:
        self._preferences.remember_folder("save", Path(path).parent)
        self.save_to(Path(path), replaces=True)  # the dialog has asked

    def _on_finished(self, lane: str, value: object) -> None:
        if lane == "autosave":
            self._clear_if_saved()
            return
        assert isinstance(value, Saved)
        if self._document.project is None or self._document.project.picture is not value.project.picture:
            return  # another picture was opened meanwhile: the file is written, and is not that one's
        self.path = value.path
        self._document.session.mark_saved(value.project)
        self._on_changed()
        self.saved.emit(self.path)

    def _on_cancelled(self, lane: str, seconds: float) -> None:  # noqa: ARG002 a copy that was asked to stop is whole
        self._clear_if_saved()

    def _clear_if_saved(self) -> None:
        if not self._document.session.dirty and self._rescues.holds_copy:  # saved or taken back while it was written
            self._forget_copy()

    def _on_failed(self, lane: str, error: Exception) -> None:
        if isinstance(error, ChangedOnDisk):
            self.changed_on_disk.emit(error.path)
            return
        if not isinstance(error, UserError):
            log.error("keeping the project failed: %s", lane, exc_info=error)
        elif lane == "autosave":
            log.warning("unsaved edits could not be copied: %s", error)
        if lane == "save":
            self.failed.emit(error)
