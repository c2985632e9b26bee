"""Where results go: whether a target can be written at all.

Asked before the work begins: forty seconds of computing must not end at a folder that never existed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from paic3d_studio.errors import UserError
from paic3d_studio.export import exporter_for
from paic3d_studio.export.turntable import TURNTABLES
from paic3d_studio.files import explained, is_write_protected


def check_head_target(path: Path) -> None:
    """Make sure that a head can be written to `path`.

    Raises:
        UserError: no exporter for its suffix, a file of it is a folder or write-protected, or as `check_folder`.
    """
    exporter = exporter_for(path)
    check_folder(path)
    _refuse_files(exporter.files(path))


def check_turntable_target(path: Path) -> None:
    """Make sure that a turntable can be written to `path`.

    Raises:
        UserError: its suffix is none of `TURNTABLES`, the file is write-protected, or as `check_folder`.
    """
    if path.suffix.lower() not in TURNTABLES:
        raise UserError(
            f"Turntables cannot be written as “{path.suffix or path.name}”.",
            f"Use a name that ends in {' or '.join(TURNTABLES)}.",
        )
    check_folder(path)
    _refuse_files(TURNTABLES[path.suffix.lower()].files(path))


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder.

    Raises:
        UserError: the system takes no such name, for instance one of 300 letters.
    """
    try:
        return path.is_dir()
    except OSError as error:
        raise UserError(
            f"“{path}” is no possible name ({error.strerror or error}).", "Choose another file name."
        ) from None


def check_folder(path: Path) -> None:
    """Make sure that a file can be made at `path`, by making and removing one beside it.

    Raises:
        UserError: the folder is missing or read-only, the disk is full, or `path` is itself a folder.
    """
    folder = path.parent
    if not is_folder(folder):
        raise UserError(f"There is no folder “{folder}”.", "Create it first, or choose another one.")
    if is_folder(path):
        raise UserError(f"“{path}” is a folder.", "Give a file name in it.")
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".paic3d-") as trial:
            trial.write(b"?")
    except OSError as error:
        raise explained(error, folder.resolve() / path.name) from None


def _refuse_files(files: Iterable[Path]) -> None:
    """Raise a UserError when one of the files is a folder, or stands there write-protected."""
    for file in files:
        if is_folder(file):
            raise UserError(f"“{file}” is a folder.", "Choose another file name.")
        if is_write_protected(file):
            raise UserError(
                f"“{file}” cannot be written: the folder or the file is write-protected.", "Choose another file name."
            )
