"""Copies of unsaved edits: one per running studio, found again after a crash.

autosave/TOKEN.paic3d    the project as it was
autosave/TOKEN.json      what it was called and where it was saved last
autosave/TOKEN.lock      held while the studio lives
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile

from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.project.file import SUFFIX, encoded_project
from paic3d_studio.project.state import Project
from paic3d_studio.session.session import Session

_MOST_BYTES: Final = 2 << 30
_OLD_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Rescue:
    """A copy that a studio left: its file, what the project was called, and where it had been saved last."""

    file: Path
    name: str
    path: Path | None

    def content(self) -> bytes:
        """Return the bytes of the project file.

        Raises:
            UserError: it cannot be read any more.
        """
        try:
            if self.file.stat().st_size > _MOST_BYTES:
                raise OSError("too large")
            return self.file.read_bytes()
        except OSError as error:
            raise UserError(f"What was left of “{self.name}” cannot be read ({error}).", "") from error


class RescueFolder:
    """The folder of copies, and this studio's own one in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._token = secrets.token_hex(8)
        self._lock: QLockFile | None = None
        self._adopted: Rescue | None = None

    @property
    def adopted_path(self) -> Path | None:
        """Where the project that was brought back had been saved last."""
        return None if self._adopted is None else self._adopted.path

    def write(self, session: Session, *, project: Project, path: Path | None) -> None:
        """Copy a project; runs on the writer's thread.

        Raises:
            UserError: the copy cannot be written.
        """
        self._hold()
        told = {"name": project.picture.name if path is None else path.name, "path": str(path) if path else ""}
        content = encoded_project(project, preview=session.preview(project))
        # The copy comes last: what is found of it is described.
        write_files({self._own(".json"): json.dumps(told).encode(), self._own(SUFFIX): content})
        if self._adopted is not None:
            adopted, self._adopted = self._adopted, None
            self.discard(adopted)

    def clear(self) -> None:
        """Delete this studio's own copy, and what it brought back: there is nothing unsaved any more."""
        if self._adopted is not None:
            adopted, self._adopted = self._adopted, None
            self.discard(adopted)
        for suffix in (SUFFIX, ".json"):
            self._own(suffix).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    def newest(self) -> Rescue | None:
        """Return the newest copy whose studio is gone; None when there is none."""
        try:
            files = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
        except OSError:
            return None
        return next((self._described(file) for file in files if self._is_left(file)), None)

    def adopt(self, rescue: Rescue) -> None:
        """Take over a copy that is being brought back; it is deleted once a copy of our own stands."""
        self._adopted = rescue

    def discard(self, rescue: Rescue) -> None:
        """Delete a copy."""
        for suffix in (SUFFIX, ".json", ".lock"):
            rescue.file.with_suffix(suffix).unlink(missing_ok=True)

    def _is_left(self, file: Path) -> bool:
        """Whether the studio that wrote a copy is gone: its lock can be had."""
        if file.stem == self._token:
            return False
        lock = QLockFile(str(file.with_suffix(".lock")))
        lock.setStaleLockTime(0)  # however old; a lock is stale when its process is gone
        if not lock.tryLock(0):
            return False
        lock.unlock()
        return True

    def _described(self, file: Path) -> Rescue:
        try:
            told = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
            name, path = str(told["name"]), str(told["path"])
        except (OSError, ValueError, KeyError, TypeError):
            name, path = "a project", ""
        return Rescue(file, name=name, path=Path(path) if path else None)

    def _hold(self) -> None:
        if self._lock is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            self._lock = QLockFile(str(self._own(".lock")))
            self._lock.setStaleLockTime(0)
            self._lock.tryLock(0)

    def _sweep(self) -> None:
        """Delete what studios that were killed left beside their copies: locks, and halves of files."""
        for file in self._folder.iterdir():
            half = file.suffix == ".part" and time.time() - file.stat().st_mtime > _OLD_SECONDS
            lock = file.suffix == ".lock" and not file.with_suffix(SUFFIX).exists()
            if half or (lock and self._is_left(file)):
                file.unlink(missing_ok=True)

    def _own(self, suffix: str) -> Path:
        return self._folder / f"{self._token}{suffix}"
