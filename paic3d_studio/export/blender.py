"""Hand a head over to Blender: find the program, and start it on a file with a script that lays the scene out."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from paic3d_studio.errors import UserError
from paic3d_studio.export.exporters import SIDECAR
from paic3d_studio.files import explained
from paic3d_studio.paths import resources_folder, user_folder

Look = Literal["unlit", "toon"]

OVERRIDE: Final = "PAIC3D_BLENDER"
"""Name of the environment variable that says where Blender is, before anything else is looked at."""

_KEPT: Final = 8
"""So many heads stay in the folder for Blender, each read long before it is that old."""

_FOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "linux": (
        "/usr/bin/blender", "/usr/local/bin/blender", "/snap/bin/blender",
        "/var/lib/flatpak/exports/bin/org.blender.Blender", "~/.local/share/flatpak/exports/bin/org.blender.Blender",
        "/opt/blender*/blender", "~/blender*/blender", "~/Applications/blender*/blender",
        "~/Downloads/blender*/blender", "~/.steam/steam/steamapps/common/Blender/blender",
    ),
    "darwin": (
        "/Applications/Blender*.app/Contents/MacOS/Blender",
        "~/Applications/Blender*.app/Contents/MacOS/Blender",
    ),
    "win32": (
        "C:/Program Files/Blender Foundation/Blender*/blender.exe",
        "C:/Program Files (x86)/Steam/steamapps/common/Blender/blender.exe",
        "~/AppData/Local/Programs/Blender*/blender.exe",
    ),
}  # fmt: skip
"""Platform -> usual places; of several in one place the one with the highest version in its name counts."""


def find_blender(
    chosen: str = "", *, environment: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Path:
    """Return Blender's executable.

    Args:
        chosen: where the artist said it is, a program or macOS's `Blender.app`; only this is looked at when it is not
            empty.
        environment: of the process; None takes the present one.
        platform: as `sys.platform`.

    Raises:
        UserError: it is not found.
    """
    environment = os.environ if environment is None else environment
    told = chosen or environment.get(OVERRIDE, "")
    if told:
        program = _program_of(Path(told))
        if not _is_program(program):
            raise UserError(f"“{told}” is no program that can be started.", "Choose Blender's own file.")
        return program
    on_path = shutil.which("blender", path=environment.get("PATH", ""))
    found = Path(on_path) if on_path else next(_usual_places(environment, platform), None)
    if found is None:
        raise UserError("Blender was not found.", "Choose where it is, or install it from blender.org.")
    return found


def file_for_blender(name: str, *, digest: str) -> Path:
    """Return where a head lies while Blender reads it: in a folder of the studio's own, which is made if need be.

    Of the heads that lie there already only the newest stay.

    Args:
        name: of the picture, for people.
        digest: of the picture's bytes, in hexadecimal digits, so that two pictures of one name do not meet.

    Raises:
        UserError: it cannot be made.
    """
    folder = user_folder() / "blender"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_folder(error, folder) from None
    safe = "".join(letter if letter.isalnum() or letter in " -_()" else "_" for letter in name).strip()[:80]
    target = folder / f"{safe or 'head'}-{digest[:8]}.glb"
    _clean(folder, spared=target)
    return target


def _no_folder(error: OSError, folder: Path) -> UserError:
    """Return why the studio's own folder cannot be made; the artist did not choose it, and cannot choose another."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return explained(error, folder)
    return UserError(
        f"The folder “{folder}” cannot be made ({error.strerror}).", "Export the head, and import that file in Blender."
    )


def open_in_blender(file: Path, *, blender: Path, look: Look = "unlit") -> int:
    """Start Blender on a GLB file, as a program of its own that outlives this one; returns its process number.

    Raises:
        UserError: it cannot be started.
    """
    command = [str(blender), "--python", str(script()), "--", str(file.absolute()), look]
    apart: dict[str, Any] = {"start_new_session": True}  # neither closing the studio nor Ctrl-C is to end it
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    nowhere = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            command, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=_own_environment(), **apart
        )
    except OSError as error:
        raise UserError(
            f"“{blender}” could not be started ({error.strerror or error}).", "Choose where Blender is."
        ) from error
    threading.Thread(target=process.wait, daemon=True).start()  # else it would stay behind as a zombie once it ends
    return process.pid


def script() -> Path:
    """Return the script that Blender runs."""
    return resources_folder() / "blender" / "show_head.py"


def _clean(folder: Path, *, spared: Path) -> None:
    """Remove all but the newest heads; what cannot be looked at or removed stays, a matter of room alone."""
    ages: dict[Path, float] = {}
    for head in folder.glob("*.glb"):
        with contextlib.suppress(OSError):
            ages[head] = head.stat().st_mtime
    for head in sorted(ages, key=lambda head: ages[head], reverse=True)[_KEPT:]:
        if head != spared:
            for file in (head, head.with_name(head.name + SIDECAR)):
                with contextlib.suppress(OSError):
                    file.unlink()


def _own_environment() -> dict[str, str]:
    """Return the environment without what would lead Blender's own Python to ours."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    if getattr(sys, "frozen", False):  # a frozen program loads its own libraries first, and keeps the artist's way here
        kept["LD_LIBRARY_PATH"] = os.environ.get("LD_LIBRARY_PATH_ORIG", "")
    return kept


def _usual_places(environment: Mapping[str, str], platform: str) -> Iterator[Path]:
    """Yield the programs that are found where Blender usually is."""
    home = environment.get("HOME") or environment.get("USERPROFILE") or ""
    for pattern in _FOLDERS.get(platform, _FOLDERS["linux"]):
        if pattern.startswith("~") and not home:
            continue
        place = Path(pattern.replace("~", home, 1) if pattern.startswith("~") else pattern)
        anchor = Path(place.anchor)
        try:
            found = sorted(anchor.glob(str(place.relative_to(anchor))), key=_version, reverse=True)
        except (OSError, ValueError):
            continue
        yield from (file for file in found if _is_program(file))


def _version(file: Path) -> tuple[list[list[int]], str]:
    """Return the versions in a path, so that 4.10 comes after 4.5, and the path itself where they are alike."""
    return [[int(part) for part in told.split(".")] for told in re.findall(r"\d+(?:\.\d+)*", str(file))], str(file)


def _program_of(chosen: Path) -> Path:
    """Return the program inside an application of macOS, which is a folder; anything else as it is."""
    inside = chosen / "Contents" / "MacOS" / "Blender"
    return inside if chosen.suffix.lower() == ".app" and _is_program(inside) else chosen


def _is_program(file: Path) -> bool:
    try:
        return file.is_file() and os.access(file, os.X_OK)
    except OSError:
        return False
