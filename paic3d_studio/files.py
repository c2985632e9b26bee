"""Write files so that a reader never meets half of one."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from paic3d_studio.errors import UserError

FileStamp = tuple[int, int, int]
"""Which file stands at a path, and in which state: its number, when it was changed, and its size."""


def file_stamp(path: Path) -> FileStamp | None:
    """Return the stamp of the file at `path`, another one as soon as somebody else writes it; None without a file."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_ino, told.st_mtime_ns, told.st_size


def is_write_protected(path: Path) -> bool:
    """Return whether a file stands at `path` that is not to be written.

    The right to rename would not ask the file, only its folder; and an administrator may write everything, so the
    file's own mode is asked as well.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (os.access(path, os.W_OK) and mode & 0o222)


def write_files(contents: Mapping[Path, bytes]) -> int:
    """Write files that belong together: all beside their targets first, then each renamed into its place.

    A symbolic link stays one: what it leads to is replaced.

    Returns:
        The number of bytes written.

    Raises:
        UserError: the folder is missing, it or a file is write-protected, the disk is full, or the target is a folder.
            What stood at the targets before is untouched, and no partial file stays behind.
    """
    parts: dict[Path, Path] = {}
    target = next(iter(contents))
    try:
        for target, content in contents.items():
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if is_write_protected(target):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            place = Path(os.path.realpath(target))
            part = place.parent / f".{secrets.token_hex(6)}.part"
            parts[place] = part
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _put_in_place(parts)
    except OSError as error:
        raise explained(error, target) from error
    finally:
        _discard(parts.values())
    return sum(len(content) for content in contents.values())


def _put_in_place(parts: Mapping[Path, Path]) -> None:
    """Rename each part to its place; where one cannot be, put back what stood at the places of those before it.

    Raises:
        UserError: one could not be renamed.
    """
    kept: dict[Path, Path | None] = {}
    place = next(iter(parts))
    try:
        for place, part in parts.items():
            kept[place] = _second_name(place) if len(parts) > 1 else None
            part.replace(place)
    except OSError as error:
        for done, older in kept.items():
            if older is not None:
                older.replace(done)
            elif not parts[done].exists():  # it was renamed, and nothing had stood there
                done.unlink(missing_ok=True)
        raise explained(error, place) from error
    finally:
        _discard([older for older in kept.values() if older is not None])


def _second_name(place: Path) -> Path | None:
    """Give the file at `place` another name beside its own, or a copy where the disk knows no such thing."""
    if not place.exists():
        return None
    older = place.parent / f".{secrets.token_hex(6)}.old"
    try:
        os.link(place, older)
    except OSError:
        shutil.copy2(place, older)
    return older


def _discard(parts: Iterable[Path]) -> None:
    """Remove what is left of the partial files; a folder that cannot be reached holds none."""
    for part in parts:
        try:
            part.unlink(missing_ok=True)
        except OSError:
            continue


def explained(error: OSError, target: Path) -> UserError:
    """Return the artist's side of an operating system's error: why `target` was not written, and what cures that."""
    folder = target.parent
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(f"The disk that holds “{folder}” is full.", "Make room on it, or choose another folder.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and not folder.is_dir():
        return UserError(f"The folder “{folder}” does not exist.", "Create it, or choose another folder.")
    if error.errno == errno.EISDIR:
        return UserError(f"“{target}” is a folder.", "Choose another file name.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(f"“{target}” cannot be written: the folder or the file is write-protected.", "Choose another.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):  # the folder is there: /proc and its like take no new files
        return UserError(f"Nothing can be written into “{folder}” (it takes no new files).", "Choose another folder.")
    return UserError(f"“{target}” cannot be written ({error.strerror or error}).", "Choose another folder or name.")
