"""Make characters into a folder of VRM files: one file per seed, resumable, in several processes."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final

import cv2

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.generated.build import built
from paic3d_studio.datasets.generated.draw import drawn_recipe
from paic3d_studio.datasets.generated.labels import KEY, VERSION, extras
from paic3d_studio.datasets.generated.recipe import Recipe
from paic3d_studio.datasets.generated.write_vrm import vrm_bytes
from paic3d_studio.datasets.processes import done_apart
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files

LAST_SEED: Final = 99_999_999
_LONGEST_DESCRIPTION: Final = 4 * 2**20


def character_name(seed: int) -> str:
    """Return the name of a seed's character, also of its file."""
    return f"generated_{seed:08}"


def character_bytes(recipe: Recipe) -> bytes:
    """Return the VRM file of a recipe; equal recipes give equal bytes."""
    figure = built(recipe)
    return vrm_bytes(figure, name=character_name(recipe.seed), extras=extras(recipe, figure.landmarks))


def generate_folder(folder: Path, *, count: int, seed: int, processes: int = 1, monitor: Monitor = SILENT) -> int:
    """Write the characters of the seeds `seed` to `seed + count - 1` into a folder; those that are there stay.

    Args:
        folder: made when it is absent.
        count: how many.
        seed: of the first.
        processes: how many work at once; 1 works in this process.
        monitor: progress and cancel; what has begun is finished before Cancelled is raised.

    Returns:
        How many were made now.

    Raises:
        UserError: the folder cannot be made or written, or a process died.
        Cancelled: the work was stopped; it goes on when called again.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"“{folder}” cannot be made: {error.strerror or error}.", "Choose another folder.") from error
    wanted = range(seed, seed + count)
    missing = [number for number in wanted if not is_complete(_path(folder, number), number)]
    done = count - len(missing)
    monitor.report(done / count, f"{done} of {count} are there already" if done else "")
    made = 0
    for number in (
        _made_here(folder, missing, monitor) if processes == 1 else _made_apart(folder, missing, processes, monitor)
    ):
        made += 1
        monitor.report((done + made) / count, f"{done + made} of {count}, {character_name(number)}")
    return made


def is_complete(path: Path, seed: int) -> bool:
    """Whether a file is a whole character of this seed by this version of the rules; reads its description only."""
    try:
        with path.open("rb") as file:
            head = file.read(20)
            magic, _, total, size = struct.unpack_from("<4sIII", head)
            if magic != b"glTF" or total != path.stat().st_size or size > _LONGEST_DESCRIPTION:
                return False
            own = json.loads(file.read(size))["extras"][KEY]
            return bool(own["seed"] == seed and own["version"] == VERSION)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, struct.error):
        return False


def _path(folder: Path, seed: int) -> Path:
    return folder / f"{character_name(seed)}.vrm"


def _make(folder: Path, seed: int) -> int:
    """Write one character and return its seed."""
    write_files({_path(folder, seed): character_bytes(drawn_recipe(seed))})
    return seed


def _made_here(folder: Path, seeds: list[int], monitor: Monitor) -> Iterator[int]:
    for seed in seeds:
        monitor.check()
        yield _make(folder, seed)


def _made_apart(folder: Path, seeds: list[int], processes: int, monitor: Monitor) -> Iterator[int]:
    """Return seeds as spawned processes finish them; a character that has begun is finished."""
    died = UserError("A process ended unexpectedly.", "Free memory or lower --jobs, and start again.")
    return done_apart(
        partial(_make, folder), seeds, processes=processes, prepare=_start_child, died=died, monitor=monitor,
        ahead=processes,
    )  # fmt: skip


def _start_child(stop: Event) -> None:  # noqa: ARG001 what has begun is finished
    """Leave the other cores to the other children."""
    cv2.setNumThreads(1)
