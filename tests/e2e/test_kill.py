"""A studio that is killed at any moment loses no project, and no edit that had been copied."""

import contextlib
import multiprocessing
import random
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from paic3d_studio.gui.rescue import RescueFolder
from paic3d_studio.project.file import decoded_project
from paic3d_studio.project.state import Project
from tests.e2e import edits_without_end


def seed_in(content: bytes) -> int:
    """The seed of a project on the disk, which must be whole: hull and lines are those that belong to its seed."""
    found: Project = decoded_project(content, name="girl.paic3d")
    assert found == edits_without_end.edited(found, found.seed)
    return found.seed


def told_until_the_end(telling: Connection) -> Iterator[int]:
    """What the studio said before it was killed; a word that it was cut short in is not one."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            yield telling.recv()


@pytest.mark.slow
def test_a_studio_killed_at_any_moment_loses_nothing_that_was_on_the_disk(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    path, folder = tmp_path / "girl.paic3d", tmp_path / "autosave"
    lot, told = random.Random(pytestconfig.getoption("--kill-seed")), 1
    saved = rescued = surplus = 0
    processes = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    processes.set_forkserver_preload([edits_without_end.__name__])  # what it imports is imported once
    for _ in range(pytestconfig.getoption("--kills")):
        hearing, telling = processes.Pipe(duplex=False)
        arguments = (tmp_path, path, told + 1, telling)
        studio = processes.Process(target=edits_without_end.edit_without_end, args=arguments, daemon=True)
        studio.start()
        telling.close()
        first = hearing.recv()
        time.sleep(lot.uniform(0.0, 0.2))
        studio.kill()
        studio.join()
        told = max([first, *told_until_the_end(hearing)])
        hearing.close()
        left = RescueFolder(folder).left()
        standing = [seed_in(path.read_bytes())] if path.exists() else []
        saved += path.exists()
        if left:
            rescue = left[0]
            assert rescue.path == path
            surplus += bool(standing) and seed_in(rescue.content()) <= standing[0]
            standing.append(seed_in(rescue.content()))
            RescueFolder(folder).discard(rescue)
            rescued += 1
        assert max(standing) >= told
        told = max(standing)
    assert len(list(folder.glob("*.lock"))) <= 1
    print(f"last edit {told}; after {saved} kills a saved project stood there, after {rescued} a copy was offered")
    print(f"{surplus} of them were of edits that had been saved")
    assert saved and rescued
