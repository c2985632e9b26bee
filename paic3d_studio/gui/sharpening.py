"""The exact still of a resting view: when it is asked for, and whether it still is of what is seen when it comes."""

from __future__ import annotations

from PySide6.QtCore import QObject

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.runner import Deliver
from paic3d_studio.gui.viewport_widget import ViewportWidget
from paic3d_studio.project.state import Project
from paic3d_studio.viewport.still import ExactStill, StillRequest


class Sharpening(QObject):
    """Has the field itself sharpen what the viewport shows, once the view rests and nothing else is to be done.

    Its job gives way to every other one, and is asked for again after it; a movement, an edit or a gesture ends it.
    """

    def __init__(self, document: Document, *, viewport: ViewportWidget) -> None:
        super().__init__(document)
        self._document = document
        self._viewport = viewport
        self._wanted: StillRequest | None = None
        self._asked_of: Project | None = None
        viewport.still_wanted.connect(self._on_wanted)
        document.changed.connect(self._ask)
        document.halted.connect(self._give_up)
        document.failed.connect(self._on_failed)
        document.became_idle.connect(self._ask)
        document.runner.delivered.connect(self._on_delivered)

    def _on_wanted(self, wanted: StillRequest | None) -> None:
        self._wanted = wanted
        self._document.runner.cancel("still")
        self._ask()

    def _ask(self) -> None:
        """Ask for the still that is wanted, unless anything else is to be done."""
        wanted, project = self._wanted, self._document.refined
        if wanted is None or project is None or self._document.busy:
            return

        def work(monitor: Monitor, deliver: Deliver) -> None:
            deliver("still", self._document.session.exact_still(wanted, project=project, monitor=monitor))

        self._asked_of = project
        self._document.runner.submit("still", work, title="Refining the view")
        self._document.busy_changed.emit()

    def _on_delivered(self, lane: str, name: str, value: object) -> None:
        del name
        if lane != "still" or not isinstance(value, ExactStill):
            return
        if value.request == self._wanted and self._document.refined is self._asked_of:
            self._wanted = None  # whatever the viewport does with it: it is not asked for twice
            self._viewport.set_still(value)

    def _on_failed(self, lane: str) -> None:
        if lane == "still":
            self._give_up()

    def _give_up(self) -> None:
        """Ask no more until the view has moved."""
        self._wanted = None
