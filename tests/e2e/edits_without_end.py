"""A studio that edits, copies and saves until it is killed; in a module of its own, which a child process finds."""

from multiprocessing.connection import Connection
from pathlib import Path

from paic3d_studio.gui.rescue import RescueFolder
from paic3d_studio.project import edits
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.session import Session


def edit_without_end(folder: Path, path: Path, start: int, telling: Connection) -> None:
    """Make an edit after another: each is copied, every third one is saved, and what stands on the disk is told."""
    session, rescues = Session(), RescueFolder(folder)
    project = Project(picture=PictureSource("girl.png", bytes(range(256)) * 2000))
    for seed in range(start, start + 100_000):
        project = edits.set_seed(project, seed=seed)
        rescues.write(session, project=project, path=path)
        telling.send(seed)
        if seed % 3 == 0:
            session.save(path, project=project)
            rescues.clear()
            telling.send(seed)
