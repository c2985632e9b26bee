"""The line-free picture of a gesture, repainted on a thread of its own while the pointer is down."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from paic3d_studio.core.artefacts import AlignedPortrait, KeepMask, LineMask
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.gui.runner import Deliver, Runner
from paic3d_studio.project.state import Project
from paic3d_studio.session.session import Session

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What is to be repainted: the picture, its masks, and the project whose settings say how."""

    project: Project
    aligned: AlignedPortrait
    line_mask: LineMask
    keep: KeepMask
    since: float


class LiveInfill(QObject):
    """Repaints for the newest mask it was told of; masks that came while it painted are passed over.

    A painting under way is not stopped for a newer one: in a drag without pause none would ever be shown.
    """

    painted = Signal(object, float)
    """`RenderLike`, and the milliseconds from when it was wanted."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._painting: Wanted | None = None
        self._next: Wanted | None = None
        self.runner = Runner(self)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)
        self.runner.cancelled.connect(self._on_cancelled)

    @property
    def busy(self) -> bool:
        """Whether a picture is painted or waits to be."""
        return self._painting is not None

    def want(self, project: Project, *, aligned: AlignedPortrait, line_mask: LineMask, keep: KeepMask) -> None:
        """Ask for the line-free picture of this mask, once the one before is painted."""
        self._next = Wanted(project, aligned, line_mask, keep, since=time.perf_counter())
        if self._painting is None:
            self._begin()

    def forget(self) -> None:
        """Say nothing of what was asked for: something newer is shown."""
        self._painting = self._next = None
        self.runner.cancel()

    def _begin(self) -> None:
        wanted, self._next = self._next, None
        self._painting = wanted
        if wanted is None:
            return

        def work(monitor: Monitor, deliver: Deliver) -> tuple[Wanted, object]:  # noqa: ARG001 one result, at the end
            picture = self._session.line_free(
                wanted.project,
                aligned=wanted.aligned,
                line_mask=wanted.line_mask,
                keep=wanted.keep,
                monitor=monitor,
            )
            return wanted, picture

        self.runner.submit("live", work)

    def _on_finished(self, lane: str, result: object) -> None:  # noqa: ARG002 there is one lane
        assert isinstance(result, tuple)
        wanted, picture = result
        if isinstance(wanted, Wanted) and wanted is self._painting:
            self.painted.emit(picture, 1000 * (time.perf_counter() - wanted.since))
            self._begin()

    def _on_failed(self, lane: str, error: Exception) -> None:  # noqa: ARG002 the refresh that follows tells of it
        if not isinstance(error, UserError):
            log.error("the live line removal failed", exc_info=error)
        self._painting = self._next = None

    def _on_cancelled(self, lane: str, seconds: float) -> None:  # noqa: ARG002 nobody waits for it
        if self._painting is not None:
            self._begin()
