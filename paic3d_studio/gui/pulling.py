"""What the worker pulls for the window, and what the window hears of it on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.gui.runner import Deliver, Work
from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.project.state import Project
from paic3d_studio.session.session import Session

SHOWN: Final = (
    "portrait",
    "landmarks",
    "aligned",
    "hulls",
    "line_mask",
    "render_like",
    "tags",
    "stitch_picture",
    "volume",
)
"""Artefacts that the window shows or tells of, delivered as soon as each is known."""

OF_PICTURE: Final = SHOWN[: SHOWN.index("render_like") + 1]
"""Artefacts of the picture's side, which an edit shows while the first head is still made without it."""

COARSE: Final = "coarse_volume"
"""What is shown before the volume where there is no head of this picture to look at yet."""

REFINED: Final = "fine_volume"
"""What takes the place of the volume once the artist lets it: made when all that is shown is up to date."""

OF_MESH: Final = ("textured", "inspection")
"""What is kept up to date as well while the mesh is looked at."""

TARGETS: Final = ("stitch_picture", "volume")
"""The last artefacts on the way to what is always shown."""


@dataclass
class _Telling:
    """A pull whose stage reports reach the window: of which project, and what was said of it so far."""

    project: Project
    deliver: Deliver | None
    whatever_is_shown: bool
    """False where nothing is said while another project is shown."""
    delivered: set[str] = field(default_factory=set)
    computed: set[str] = field(default_factory=set)


class Pulling:
    """Makes the jobs that pull, and passes on what the stages say while they run.

    A report belongs to the pull of its own thread; what other threads pull is not the window's business.
    """

    def __init__(self, session: Session, *, report: Callable[[StageReport], None]) -> None:
        self._session = session
        self._report = report
        self.shown: Project | None = None
        """The project that the window asked for last."""
        self._here = threading.local()  # .telling: the `_Telling` of the thread that asks for it, where it has one
        self._computed: set[str] = set()
        session.listen_to_stages(self._hear)

    def of_shown(self, project: Project, targets: tuple[str, ...]) -> Work:
        """Return the job that pulls the targets; what is shown on the way is handed out as it comes."""

        def work(monitor: Monitor, deliver: Deliver) -> None:
            with self._telling_of(project, deliver) as telling:
                self._computed = telling.computed
                for i, target in enumerate(targets):
                    self._session.pull(target, project, monitor.child(i / len(targets), (i + 1) / len(targets)))
            self._deliver_rest((*SHOWN, *targets), telling, deliver, monitor)

        return work

    def of_picture(self, project: Project) -> Work:
        """Return the job that pulls the picture's side alone, and hands it out as it comes."""

        def work(monitor: Monitor, deliver: Deliver) -> None:
            with self._telling_of(project, deliver) as telling:
                self._session.pull(OF_PICTURE[-1], project, monitor)
            self._deliver_rest(OF_PICTURE, telling, deliver, monitor)

        return work

    def _deliver_rest(self, stages: Iterable[str], telling: _Telling, deliver: Deliver, monitor: Monitor) -> None:
        """Hand out what no report spoke of: it is known, or was pushed out of the memo and comes back quietly."""
        for stage in stages:
            if stage not in telling.delivered:
                telling.delivered.add(stage)
                deliver(stage, self._session.pull(stage, telling.project, monitor))

    def of_refined(self, project: Project) -> Work:
        """Return the job that pulls what is finer than what is shown; what it is made of was told of before."""

        def work(monitor: Monitor, deliver: Deliver) -> None:
            with self._telling_of(project) as telling:
                telling.computed = self._computed
                value = self._session.pull(REFINED, project, monitor)
            deliver(REFINED, value)

        return work

    def told_while_shown(self, project: Project, write: Callable[[Monitor], object]) -> Work:
        """Return the job that writes a project; its stages are told of while that project is the one shown."""

        def work(monitor: Monitor, deliver: Deliver) -> object:  # noqa: ARG001 nothing comes before the end
            with self._telling_of(project, whatever_is_shown=False):
                return write(monitor)

        return work

    @contextmanager
    def _telling_of(
        self, project: Project, deliver: Deliver | None = None, *, whatever_is_shown: bool = True
    ) -> Iterator[_Telling]:
        """While it lasts, the stage reports of this thread are about this project, and are the window's business."""
        self._here.telling = telling = _Telling(project, deliver, whatever_is_shown)
        try:
            yield telling
        finally:
            self._here.telling = None

    def _hear(self, report: StageReport) -> None:
        """Pass a report on, and the artefact it speaks of; called on the thread that pulls."""
        telling: _Telling | None = getattr(self._here, "telling", None)
        if telling is None or not (telling.whatever_is_shown or telling.project is self.shown):
            return
        if report.state in ("queued", "cached") and report.stage in telling.computed:
            return  # a later target finds in the memo what was computed a moment ago
        if report.state == "fresh":
            telling.computed.add(report.stage)
        if report.state == "cancelled" and (report.stage == REFINED or telling.project is not self.shown):
            report = StageReport(report.stage, "queued")  # it gave way, and comes again
        self._report(report)
        wanted = report.stage in (COARSE, *SHOWN, *OF_MESH) and report.stage not in telling.delivered
        if telling.deliver is not None and wanted and report.state in ("fresh", "cached"):
            value = self._session.peek(report.stage, telling.project)
            if value is not None:
                telling.delivered.add(report.stage)
                telling.deliver(report.stage, value)
