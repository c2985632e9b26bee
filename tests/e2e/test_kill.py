"""A studio that is killed at any moment loses no project, and no edit that had been copied."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paic3d_studio.gui.rescue import RescueFolder
from paic3d_studio.project.file import decoded_project
from paic3d_studio.project.state import Project

ROOT = Path(__file__).resolve().parents[2]

# Edits without end: each is copied, every third one is saved, and what stands on the disk is said.
EDITING = """
import sys
from pathlib import Path
from paic3d_studio.gui.rescue import RescueFolder
from paic3d_studio.project import edits
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.session import Session

session, rescues = Session(), RescueFolder(Path(sys.argv[1]))
path, start = Path(sys.argv[2]), int(sys.argv[3])
project = Project(picture=PictureSource("girl.png", bytes(range(256)) * 2000))
for seed in range(start, start + 100_000):
    project = edits.set_seed(project, seed=seed)
    rescues.write(session, project=project, path=path)
    print("copied", seed, flush=True)
    if seed % 3 == 0:
        session.save(path, project=project)
        rescues.clear()
        print("saved", seed, flush=True)
"""


def seed_in(content: bytes) -> int:
    found: Project = decoded_project(content, name="girl.paic3d")
    return found.seed


@pytest.mark.slow
def test_a_studio_killed_at_any_moment_loses_nothing_that_was_on_the_disk(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    path, folder = tmp_path / "girl.paic3d", tmp_path / "autosave"
    lot, told = random.Random(pytestconfig.getoption("--kill-seed")), 1
    for _ in range(pytestconfig.getoption("--kills")):
        command = [sys.executable, "-c", EDITING, str(folder), str(path), str(told + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as studio:
            assert studio.stdout is not None
            assert studio.stdout.readline().startswith("copied")
            time.sleep(lot.uniform(0.0, 0.2))
            studio.kill()
            words = studio.stdout.read().split()
        told = max([told + 1, *(int(word) for word in words[1::2] if word.isdigit())])
        rescue = RescueFolder(folder).newest()
        standing = [seed_in(path.read_bytes())] if path.exists() else []
        if rescue is not None:
            assert rescue.path == path
            standing.append(seed_in(rescue.content()))
        assert max(standing) >= told
        if rescue is not None:
            RescueFolder(folder).discard(rescue)
        told = max(standing)
    assert len(list(folder.glob("*.lock"))) <= 1
