"""A studio that edits, copies and saves until it is killed; in a module of its own, which a child process finds."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

from paic3d_studio.core.image import encode_png
from paic3d_studio.core.lines import Stroke
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.keeping import Keeping
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.project import edits
from paic3d_studio.project.state import Project
from paic3d_studio.session.session import Session

COPY_AFTER = 4
"""Milliseconds after an edit until it is copied: sooner than in the studio, so that more is under way at each kill."""

SAVE_EACH = 12
"""Edits from one save to the next."""


def edited(project: Project, seed: int) -> Project:
    """One edit of seed, hull and lines; whatever is found after a kill must hold all that its seed says."""
    x, y = 20.0 + seed % 61, 20.0 + seed % 47
    stroke = Stroke(points=((x, y), (x + 9.0, y + 5.0)), radius=1.0 + seed % 7, adds=seed % 2 == 0)
    project = edits.add_stroke(edits.clear_strokes(project), stroke=stroke)
    project = edits.set_hull(project, feature="mouth", polygon=((x, y), (x + 30.0, y), (x, y + 20.0)))
    return edits.set_seed(project, seed=seed)


class Studio:
    """What keeps the artist's work in a window, with its timer and its writer; the reconstruction is left out.

    It opens what was saved, or a picture while nothing was, makes an edit after another and saves every so many;
    each time it waits for the save, so that the copy is deleted. What stands on the disk is told.
    """

    def __init__(self, home: Path, path: Path, start: int, telling: Connection) -> None:
        session = Session()
        self._seed, self._path, self._telling = start, path, telling
        self._document = Document(session)
        self._document.refresh = lambda: None  # type: ignore[method-assign]
        self._keeping = Keeping(QWidget(), document=self._document, preferences=Preferences(home / "studio.ini"))
        self._keeping._copying.setInterval(COPY_AFTER)
        self._keeping._rescues.write = self._told(self._keeping._rescues.write)  # type: ignore[method-assign]
        session.save = self._told(session.save)  # type: ignore[method-assign]
        self._next = QTimer()
        self._next.setInterval(2)
        self._next.timeout.connect(self._edit)
        self._document.opened.connect(self._next.start)
        self._keeping.saved.connect(self._next.start)
        if path.exists():
            self._document.open(str(path))
        else:
            noise = np.random.default_rng(0).integers(0, 255, (128, 128, 4), np.uint8)
            self._document.open(encode_png(noise), name="girl.png")

    def _edit(self) -> None:
        seed = self._seed
        self._document.edit(lambda project: edited(project, seed))
        self._seed += 1
        if seed % SAVE_EACH == 0:
            self._next.stop()
            self._keeping.save_to(self._path)

    def _told(self, write: Callable[..., None]) -> Callable[..., None]:
        """Return `write`, told of by the seed of its project once it is done; on the writer's thread."""

        def written(*arguments: object, project: Project, **more: object) -> None:
            write(*arguments, project=project, **more)
            self._telling.send(project.seed)

        return written


def edit_without_end(home: Path, path: Path, start: int, telling: Connection) -> None:
    """Run such a studio until it is killed."""
    program = QApplication(["studio", "-platform", "offscreen"])
    studio = Studio(home, path, start, telling)
    program.exec()
    del studio
