"""Import of weights as the window needs it: the work of one job, what became of each file, and what can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.core.upscaling import Upscaling
from paic3d_studio.errors import UserError
from paic3d_studio.pipeline.import_weights import Imported, import_weights, missing_parts

FILE_FILTER: Final = "Weights as the authors published them (*.pkl *.ckpt *.pt *.pth);;All files (*)"
NETWORK_FILTER: Final = "Super-resolution networks (*.safetensors)"


@dataclass(frozen=True)
class ImportOutcome:
    """What became of some files: those imported, the refusals of the others, and what is still missing."""

    imported: tuple[Imported, ...]
    refused: tuple[UserError, ...]
    missing: tuple[str, ...]

    @property
    def message(self) -> str:
        """One sentence on the whole."""
        if not self.imported:
            return self.refused[0].message
        done = f"Imported {_listed([found.title for found in self.imported])}."
        return f"{done} {len(self.refused)} refused." if self.refused else done

    @property
    def cure(self) -> str:
        """What comes next, line by line."""
        if not self.imported:
            return "\n".join([self.refused[0].cure, *(error.message for error in self.refused[1:])])
        lines = [error.message for error in self.refused]
        made = {found.weights for found in self.imported}
        if "published" in made:
            lines.append("Choose the published generator under Head, Backbone.")
        if "published-infill" in made:
            lines.append("Choose the published line removal under Lines, Infill.")
        if self.missing:
            lines.append(f"Not imported yet: {_listed(list(self.missing))}.")
        return "\n".join([*lines, "These weights are for non-commercial research."])


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def import_all(files: Sequence[Path], monitor: Monitor) -> ImportOutcome:
    """Import files one after another; one that is refused does not stop the others. Runs on the worker.

    Raises:
        Cancelled: what had been imported by then stays.
    """
    imported: list[Imported] = []
    refused: list[UserError] = []
    for index, file in enumerate(files):
        share = monitor.child(index / len(files), (index + 1) / len(files))
        try:
            imported.append(import_weights(file, monitor=share))
        except UserError as error:
            refused.append(error)
    return ImportOutcome(tuple(imported), tuple(refused), tuple(missing_parts()))


def checked_network(file: Path, *, monitor: Monitor) -> Upscaling:
    """Return the setting that upscales by the network in a file, once that was read whole. Runs on the worker.

    Raises:
        UserError: it holds no network that can be used.
        Cancelled: as `monitor`.
    """
    from paic3d_studio.nets.upscaling import load_upscaling_network
    from paic3d_studio.nets.upscaling_file import file_sha256

    sha256 = file_sha256(file, monitor=monitor.child(0.0, 0.3))
    load_upscaling_network(file, sha256=sha256, monitor=monitor.child(0.3, 1.0))
    return Upscaling(way="network", file=str(file.absolute()), sha256=sha256)


def choices() -> dict[str, tuple[str, ...]]:
    """Return what the settings can choose from: setting -> names; for "seed" the backbones that take one.

    Runs on the worker, for it loads the networks.
    """
    from paic3d_studio.nets.backbones import BACKBONES, offered_backbones
    from paic3d_studio.nets.infill import offered_inpainters

    seeded = tuple(name for name, entry in BACKBONES.items() if entry.has_seed)
    return {"infill": offered_inpainters(), "backbone": offered_backbones(), "seed": seeded}
