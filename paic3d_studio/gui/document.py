"""The open character as the window sees her: a session, the worker that pulls it, and signals about both."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from paic3d_studio.core.artefacts import ExportReport
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.core.upscaling import Upscaling
from paic3d_studio.errors import UserError
from paic3d_studio.files import FileStamp, file_stamp
from paic3d_studio.gui.importing import ImportOutcome, checked_network, choices, import_all
from paic3d_studio.gui.live_infill import LiveInfill
from paic3d_studio.gui.runner import YIELDING, Deliver, Runner
from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.pipeline.stages import prepare_networks
from paic3d_studio.project import edits
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.session import Session
from paic3d_studio.tools.pointer import Edit

log = logging.getLogger(__name__)

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

REFINED: Final = "fine_volume"
"""What takes the place of the volume once the artist lets it: made when all that is shown is up to date."""

OF_MESH: Final = ("textured", "inspection")
"""What is kept up to date as well while the mesh is looked at."""

TARGETS: Final = ("stitch_picture", "volume")
"""The last artefacts on the way to what is always shown."""


class Document(QObject):
    """Changes the project on the window's thread and asks the worker for what follows from it.

    After every edit the newest project is pulled in the background; an older request is dropped.
    """

    opened = Signal(object)
    """Another picture is open; carries its project."""
    edit_coming = Signal()
    """A step of undo is about to be made or taken back: a gesture under way is to end first."""
    changed = Signal(object)
    """The project changed, by an edit, undo or redo; carries it."""
    artefact = Signal(str, object)
    """Stage and value of something shown; always of the newest request."""
    stage_reported = Signal(object)
    refresh_started = Signal()
    refreshed = Signal()
    """Everything shown is up to date."""
    progressed = Signal(str, float, str)
    """Lane, fraction 0..1, a few words."""
    exported = Signal(object, object)
    """`ExportReport` and the `Path` that was asked for."""
    recorded = Signal(object)
    """The `Path` of a turntable that was written."""
    imported = Signal(object)
    """`ImportOutcome` of a round of imports."""
    failed = Signal(str, object)
    """Lane and exception of a job."""
    stopped = Signal(str, float)
    """Lane of a job that the artist stopped, and the seconds it took to stop."""
    halted = Signal()
    """The artist asked everything to stop."""
    busy_changed = Signal()
    method_known = Signal(object)
    """What the settings can choose from: setting -> names."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.origin: Path | None = None
        """The file that the open project came from; None for what was dropped, pasted or rescued."""
        self.rescued = False
        """Whether the open project was left by a crash."""
        self.read_stamp: FileStamp | None = None
        """Stamp of the file that was opened last, from before it was read; None for what came from no file."""
        self._opening: tuple[Path | None, bool] = (None, False)
        self._home = threading.get_ident()
        self.runner = Runner(self)
        self.live = LiveInfill(session, self)
        self.runner.started.connect(self._on_started)
        self.runner.delivered.connect(self._on_delivered)
        self.runner.progressed.connect(self.progressed)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)
        self.runner.cancelled.connect(self._on_cancelled)
        self.runner.became_idle.connect(self._on_idle)
        self._telling: Project | None = (
            None  # set and read on the worker: whose stage reports are the window's business
        )
        self._deliver: Deliver | None = None
        self._delivered: set[str] = set()
        self._computed: set[str] = set()
        self._targets: tuple[str, ...] = TARGETS
        self._unrefined: Project | None = None
        self._refined: Project | None = None
        self._refresh_pending = False
        self._last_export: tuple[Path, Callable[..., object]] | None = None
        self._upscaled_picture: PictureSource | None = None
        self._dragging = False
        self._shown_project: Project | None = None
        session.listen_to_stages(self._hear_stage)
        session.listen_to_project(self._on_project)

    @property
    def project(self) -> Project | None:
        """The present project."""
        return self.session.project

    @property
    def refined(self) -> Project | None:
        """The present project if the finest volume of it is shown and no gesture is changing it, else None."""
        return None if self.session.dragging or self._refined != self.project else self._refined

    # Opening ---------------------------------------------------------------------------------------------------------

    def open(self, source: str | os.PathLike[str] | bytes, *, name: str = "", rescued: bool = False) -> None:
        """Read a picture or a project in the background and show it once it is known to be good.

        The open one stays till then. What is `rescued` from a crash counts as unsaved.
        """
        self._opening = (None if isinstance(source, bytes) else Path(source), rescued)
        self._refresh_pending |= self.runner.runs("refresh")  # or an opening that this one replaces stopped it
        self.runner.cancel("refresh")  # opening goes first; what is cancelled is asked for again if opening fails

        def work(monitor: Monitor, deliver: Deliver) -> Project:  # noqa: ARG001 nothing comes before the end
            self.read_stamp = None if isinstance(source, bytes) else file_stamp(Path(source))
            return self.session.read(source, name=name, monitor=monitor)

        shown = name or ("the picture" if isinstance(source, bytes) else Path(source).name)
        self.runner.submit("open", work, title=f"Opening {shown}")
        self.busy_changed.emit()

    @property
    def opening(self) -> Path | None:
        """The file that is being opened now; None when none is."""
        return self._opening[0] if self.runner.runs("open") else None

    # Editing ---------------------------------------------------------------------------------------------------------

    def edit(self, edit: Edit) -> None:
        """Make one step of undo; a gesture under way ends first."""
        self.edit_coming.emit()
        self.session.edit(edit)

    def undo(self) -> None:
        """Take one step back."""
        self.edit_coming.emit()
        if self.session.can_undo:
            self.session.undo()

    def redo(self) -> None:
        """Make a step again."""
        if self.session.can_redo:
            self.session.redo()

    def begin_drag(self) -> None:
        """Start a gesture: its edits are shown, not pulled, until it ends."""
        self.runner.cancel("still")
        self.session.begin_drag()

    def drag(self, edit: Edit) -> Project:
        """Show what a gesture made so far."""
        self._dragging = True
        try:
            return self.session.drag(edit)
        finally:
            self._dragging = False

    def end_drag(self) -> None:
        """Keep the gesture as one step, and pull what follows from it."""
        before = self._shown_project
        after = self.session.end_drag()
        if after != before:
            self.changed.emit(after)
            self.refresh()
        elif self.project is not None:
            self.changed.emit(self.project)

    def cancel_drag(self) -> None:
        """Return to how it was before the gesture."""
        before = self.project
        after = self.session.cancel_drag()
        if after is before:
            self.changed.emit(after)

    # Pulling ---------------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Ask for everything shown, for the project as it is now."""
        project = self.project
        if project is None:
            return
        self._refresh_pending = False
        self._shown_project = project
        self._unrefined = self._refined = None
        targets = self._targets

        def work(monitor: Monitor, deliver: Deliver) -> None:
            self._pull_shown(project, targets, monitor, deliver)

        self.runner.submit("refresh", work, title="Reconstructing")
        self.busy_changed.emit()

    def _refine(self) -> None:
        """Ask for what is finer than what is shown, unless it is there; anything else that is asked for goes first."""
        project = self._unrefined
        if project is None or self.runner.busy:
            return

        def work(monitor: Monitor, deliver: Deliver) -> None:
            self._pull_refined(project, monitor, deliver)

        self.runner.submit("refine", work, title="Refining the view")
        self.busy_changed.emit()

    def want_mesh(self, wanted: bool) -> None:
        """Say whether the textured mesh is shown as well; it costs seconds, so only then is it kept up to date."""
        targets = (*TARGETS, *OF_MESH) if wanted else TARGETS
        if targets != self._targets:
            self._targets = targets
            if wanted:
                self.refresh()

    def export(self, target: Path) -> None:
        """Write the head as it is now, in the background; edits meanwhile do not disturb it."""
        self._export(target, self.session.export)

    def record_turntable(self, target: Path, *, side: int) -> None:
        """Write the head as it is now from all sides, in pictures of `side` pixels, as `export` does."""
        self._export(target, partial(self.session.turntable, size=side))

    def _export(self, target: Path, write: Callable[..., object]) -> None:
        project = self.project
        if project is None:
            return

        def work(monitor: Monitor, deliver: Deliver) -> object:  # noqa: ARG001 nothing comes before the end
            self._tell_of(project)
            try:
                return write(target, project=project, monitor=monitor)
            finally:
                self._telling = None

        self._last_export = target, write
        self.runner.submit("export", work, title=f"Exporting {target.name}")
        self.busy_changed.emit()

    def export_again(self) -> None:
        """Export once more to where the last export went."""
        if self._last_export is not None:
            self._export(*self._last_export)

    def import_weights(self, files: Sequence[Path]) -> None:
        """Import the authors' files, in the background; what can be chosen is told anew afterwards."""

        def work(monitor: Monitor, deliver: Deliver) -> ImportOutcome:
            outcome = import_all(files, monitor)
            deliver("choices", choices())
            return outcome

        self.runner.submit("import", work, title="Importing weights")
        self.busy_changed.emit()

    def choose_upscaling(self, file: Path) -> None:
        """Upscale by the network in a file, once it was read and found to be one, in the background."""
        project = self.project
        if project is None:
            return

        def work(monitor: Monitor, deliver: Deliver) -> Upscaling:  # noqa: ARG001 nothing comes before the end
            prepare_networks(threads=None, monitor=monitor)
            return checked_network(file, monitor=monitor)

        self._upscaled_picture = project.picture
        self.runner.submit("upscaling", work, title=f"Reading {file.name}")
        self.busy_changed.emit()

    def warm_up(self) -> None:
        """Load the networks' library while nothing else is to be done, and learn what can be chosen from."""
        self.runner.submit("warm-up", _warm_up, title="Getting ready")

    def stop(self) -> bool:
        """Ask everything that runs to stop; False when nothing did."""
        self._refresh_pending = False
        self._unrefined = None
        self.halted.emit()
        stopped = self.runner.cancel()
        if stopped:
            self.busy_changed.emit()
        return stopped

    def close(self, *, seconds: float = 2.0) -> bool:
        """Stop everything and join the worker."""
        live_ended = self.live.close(seconds=seconds)
        return self.runner.close(seconds=seconds) and live_ended

    def reports_beside(self) -> dict[str, StageReport | None]:
        """Return how it stands with the stages that nothing shown needs: cached, or None where they are out of date."""
        needed = {stage for target in self._targets for stage in self.session.closure(target)}
        beside = [stage.name for stage in self.session.stages if stage.name not in needed]
        known = {name for name in beside if self.session.peek(name) is not None}
        return {name: StageReport(name, "cached") if name in known else None for name in beside}

    # On the worker ---------------------------------------------------------------------------------------------------

    def _pull_shown(self, project: Project, targets: tuple[str, ...], monitor: Monitor, deliver: Deliver) -> None:
        """Pull the targets; what is shown on the way is handed out by `_hear_stage` as it comes."""
        self._tell_of(project)
        self._deliver, self._delivered = deliver, set()
        try:
            for i, target in enumerate(targets):
                self.session.pull(target, project, monitor.child(i / len(targets), (i + 1) / len(targets)))
            self._telling = None  # the rest is known, or was pushed out of the memo and comes back quietly
            for stage in (*SHOWN, *targets):
                if stage not in self._delivered:
                    self._delivered.add(stage)
                    deliver(stage, self.session.pull(stage, project, monitor))
        finally:
            self._telling = self._deliver = None

    def _pull_refined(self, project: Project, monitor: Monitor, deliver: Deliver) -> None:
        """Pull what is finer than what is shown; what it is made of was told of by the refresh."""
        self._telling = project
        try:
            value = self.session.pull(REFINED, project, monitor)
        finally:
            self._telling = None
        deliver(REFINED, value)

    def _tell_of(self, project: Project) -> None:
        """From now on stage reports are about this project, and are the window's business."""
        self._telling, self._computed = project, set()

    def _hear_stage(self, report: StageReport) -> None:
        """Pass a report on, and the artefact it speaks of; called on the thread that pulls."""
        project = self._telling
        if project is None or threading.get_ident() == self._home:
            return
        if report.state in ("queued", "cached") and report.stage in self._computed:
            return  # a later target finds in the memo what was computed a moment ago
        if report.state == "fresh":
            self._computed.add(report.stage)
        if report.stage == REFINED and report.state == "cancelled":
            report = StageReport(REFINED, "queued")  # it gave way, and comes again
        self.stage_reported.emit(report)
        wanted = report.stage in (*SHOWN, *OF_MESH)
        if report.state in ("fresh", "cached") and wanted and self._deliver and report.stage not in self._delivered:
            value = self.session.peek(report.stage, project)
            if value is not None:
                self._delivered.add(report.stage)
                self._deliver(report.stage, value)

    # Back in the window's thread -------------------------------------------------------------------------------------

    def _on_project(self, project: Project) -> None:
        if self._dragging:
            return
        self.changed.emit(project)
        self.refresh()

    def _on_started(self, lane: str, title: str) -> None:
        if lane == "refresh":
            self.refresh_started.emit()
        if lane not in YIELDING:
            self.progressed.emit(lane, 0.0, title)
        self.busy_changed.emit()

    def _on_delivered(self, lane: str, name: str, value: object) -> None:
        if lane in ("warm-up", "import"):
            self.method_known.emit(value)
        elif lane != "still":  # `Sharpening` knows what it is of
            self.artefact.emit(name, value)

    def _on_finished(self, lane: str, value: object) -> None:
        self.busy_changed.emit()
        if lane == "open" and isinstance(value, Project):
            self._shown_project = None
            self.origin, self.rescued = self._opening
            self._dragging = True  # `show` tells of a project; the window hears of a new picture, not of an edit
            self.session.show(value, saved=not self.rescued)
            self._dragging = False
            self.opened.emit(value)
            self.refresh()
        elif lane == "refresh":
            self._unrefined = self._shown_project
            self.refreshed.emit()
        elif lane == "refine":
            self._refined, self._unrefined = self._unrefined, None
        elif lane == "export" and self._last_export is not None:
            target, _ = self._last_export
            if isinstance(value, ExportReport):
                self.exported.emit(value, target)
            else:
                self.recorded.emit(target)
        elif lane == "upscaling" and isinstance(value, Upscaling):
            if self.project is not None and self.project.picture == self._upscaled_picture:
                self.edit(lambda project: edits.set_settings(project, upscaling=value))
        elif lane == "import" and isinstance(value, ImportOutcome):
            self.imported.emit(value)
            if value.imported:
                self.refresh()  # what waited for these weights, or stood on earlier ones, is out of date now

    def _on_failed(self, lane: str, error: Exception) -> None:
        self._unrefined = None
        if not isinstance(error, UserError):
            log.error("a job failed: %s", lane, exc_info=error)
        self.busy_changed.emit()
        self.failed.emit(lane, error)
        if lane == "open" and self._refresh_pending:
            self.refresh()

    def _on_cancelled(self, lane: str, seconds: float) -> None:
        self.busy_changed.emit()
        if lane not in YIELDING:
            self.stopped.emit(lane, seconds)

    def _on_idle(self) -> None:
        self._refine()
        self.busy_changed.emit()


def _warm_up(monitor: Monitor, deliver: Deliver) -> None:
    """Import what the first reconstruction would have to import, and hand out the tables the settings choose from."""
    prepare_networks(threads=None, monitor=monitor)
    deliver("choices", choices())
