"""Copies of unsaved edits: one per running studio, found again after a crash.

autosave/TOKEN.paic3d    the project as it was
autosave/TOKEN.json      what it was called and where it was saved last
autosave/TOKEN.lock      held while the studio lives
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile

from paic3d_studio.errors import UserError
from paic3d_studio.files import FileStamp, write_files
from paic3d_studio.project.file import SUFFIX, encoded_project
from paic3d_studio.project.state import Project
from paic3d_studio.session.session import Session

_MOST_BYTES: Final = 2 << 30


@dataclass(frozen=True)
class Rescue:
    """A copy that a studio left: its file, what the project was called, and where it had been saved last.

    `stamp` is that of the saved file when the studio saw it last; None where it is not known.
    """

    file: Path
    name: str
    path: Path | None
    stamp: FileStamp | None = None

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
        self._adopted_lock: QLockFile | None = None

    def write(self, session: Session, *, project: Project, path: Path | None, stamp: FileStamp | None = None) -> None:
        """Copy a project; runs on the writer's thread.

        Raises:
            UserError: the copy cannot be written.
        """
        self._hold()
        told = {
            "name": project.picture.name if path is None else path.name,
            "path": str(path) if path else "",
            "stamp": stamp,
        }
        content = encoded_project(session.as_kept(project), preview=session.preview(project))
        # The copy comes last: what is found of it is described.
        write_files({self._own(".json"): json.dumps(told).encode(), self._own(SUFFIX): content})
        self._discard_adopted()

    @property
    def holds_copy(self) -> bool:
        """Whether there may be a copy of this studio's own, or one that it brought back."""
        return self._lock is not None or self._adopted is not None

    def clear(self) -> None:
        """Delete this studio's own copy, and what it brought back: there is nothing unsaved any more.

        Runs on the writer's thread, or once that has ended.
        """
        self._discard_adopted()
        for suffix in (SUFFIX, ".json"):
            self._own(suffix).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    def left(self) -> tuple[Rescue, ...]:
        """Return the copies whose studios are gone, the newest first."""
        try:
            files = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
        except OSError:
            return ()
        return tuple(self._described(file) for file in files if self._is_left(file))

    def adopt(self, rescue: Rescue) -> None:
        """Take over a copy that is being brought back; it is deleted once a copy of our own stands.

        Until then its lock is held: no other window may offer it.
        """
        self._adopted = rescue
        self._adopted_lock = QLockFile(str(rescue.file.with_suffix(".lock")))
        self._adopted_lock.setStaleLockTime(0)
        self._adopted_lock.tryLock(0)

    def discard(self, rescue: Rescue) -> None:
        """Delete a copy."""
        for suffix in (SUFFIX, ".json", ".lock"):
            rescue.file.with_suffix(suffix).unlink(missing_ok=True)

    def _discard_adopted(self) -> None:
        adopted, self._adopted = self._adopted, None
        if adopted is not None:
            for suffix in (SUFFIX, ".json"):  # before the lock, which goes with its release
                adopted.file.with_suffix(suffix).unlink(missing_ok=True)
        if self._adopted_lock is not None:
            self._adopted_lock.unlock()
            self._adopted_lock = None

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
            name, path, stamp = str(told["name"]), str(told["path"]), _stamp(told.get("stamp"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            name, path, stamp = "a project", "", None
        return Rescue(file, name=name, path=Path(path) if path else None, stamp=stamp)

    def _hold(self) -> None:
        if self._lock is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            self._lock = QLockFile(str(self._own(".lock")))
            self._lock.setStaleLockTime(0)
            self._lock.tryLock(0)

    def _sweep(self) -> None:
        """Delete what studios that were killed left beside their copies: locks, and halves of files.

        A half tells neither its studio nor, by a clock that may have been set, its age: halves go when no studio lives.
        """
        files = tuple(self._folder.iterdir())
        left = [file for file in files if file.suffix == ".lock" and self._is_left(file)]
        no_studio_lives = len(left) == sum(file.suffix == ".lock" for file in files)
        for file in files:
            lock = file in left and not file.with_suffix(SUFFIX).exists()
            if lock or (file.suffix == ".part" and no_studio_lives):
                file.unlink(missing_ok=True)

    def _own(self, suffix: str) -> Path:
        return self._folder / f"{self._token}{suffix}"


def _stamp(told: object) -> FileStamp | None:
    """Return a stamp as JSON tells it; None for anything else."""
    match told:
        case [int(number), int(changed), int(size)]:
            return number, changed, size
    return None
