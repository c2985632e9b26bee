"""Import of the authors' weights: read in a child process, checked, and put where the networks find them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.nets.import_official import MEMORY, OfficialWeights, read_official
from paic3d_studio.nets.manifest import IMPORTABLE, is_there
from paic3d_studio.paths import imported_models_folder
from paic3d_studio.pipeline.child import run_in_child

SECONDS: Final = 300.0
"""How long the reading of one file may take."""

CONSEQUENCES: Final = {
    "published": "the backbone “published” cannot be chosen",
    "published-infill": "lines are painted away by the program's own network",
    "tagger": "zeros stand in for the tagger's features",
    "tagger-components": "zeros stand in for the tagger's features",
}
"""What it means that weights were not imported."""


@dataclasses.dataclass(frozen=True)
class Imported:
    """What became of one file: `weights` is their name in the manifest, `path` where they are, `bytes` their size."""

    source: Path
    weights: str
    path: Path
    bytes: int

    @property
    def title(self) -> str:
        """What they are, in words."""
        return IMPORTABLE[self.weights]


def import_weights(
    source: Path, *, folder: Path | None = None, seconds: float = SECONDS, monitor: Monitor = SILENT
) -> Imported:
    """Read one of the authors' files without executing anything in it, and keep its tensors as safetensors.

    Args:
        source: the file; what it is shows in what it holds.
        folder: where the weights go; the folder of imported models when None.
        seconds: how long the reading may take.
        monitor: progress and cancel.

    Raises:
        UserError: the file is refused; nothing of it was executed, and nothing was written.
        Cancelled: nothing was written.
    """
    folder = folder or imported_models_folder()
    official: OfficialWeights = run_in_child(
        read_official, str(source), memory=MEMORY, monitor=_with_deadline(monitor.child(0.0, 0.6), source, seconds)
    )
    monitor.report(0.6, "comparing with the network")
    from paic3d_studio.nets.imported import check_fits, placed

    check_fits(official, source=source.name)
    monitor.report(0.7, f"writing {IMPORTABLE[official.weights]}")
    target = placed(official, source=source.name, folder=folder)
    _write(target.files, folder)
    for file in target.obsolete:
        file.unlink(missing_ok=True)
    monitor.report(1.0)
    return Imported(source, official.weights, target.weights, len(target.files[target.weights]))


def missing_parts() -> dict[str, str]:
    """Return what of the published system was not imported, and what that means: words for it -> consequence."""
    return {title: CONSEQUENCES[name] for name, title in IMPORTABLE.items() if not is_there(name)}


def _with_deadline(monitor: Monitor, source: Path, seconds: float) -> Monitor:
    """Return a monitor that also stops when the time is over.

    Raises:
        UserError: from its checks, once the time is over.
    """
    end = time.monotonic() + seconds

    def cancelled() -> bool:
        if time.monotonic() > end:
            raise UserError(
                f"“{source.name}” took longer than {seconds:g} seconds to read, so it was left alone.",
                "Import the files as the authors published them.",
            )
        monitor.check()
        return False

    return Monitor(monitor.report, cancelled=cancelled)


def _write(files: Mapping[Path, bytes], folder: Path) -> None:
    """Write the files of an import; those that are new go again when the last one cannot be written.

    Raises:
        UserError: the folder cannot be made or written to.
    """
    made = [part for part in (folder, *folder.parents) if not part.exists()]
    new = [file for file in files if not file.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_files(files)
    except (UserError, OSError) as error:
        _take_away(new, made)
        if isinstance(error, UserError):
            raise
        reason = error.strerror or error
        raise UserError(f"The folder “{folder}” cannot be made ({reason}).", "Free its name.") from error


def _take_away(files: Iterable[Path], folders: Iterable[Path]) -> None:
    """Remove files and empty folders; what cannot be reached was not made."""
    for file in files:
        with suppress(OSError):
            file.unlink()
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
