"""The open character as the window sees her: a session, the worker that pulls it, and signals about both."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from paic3d_studio.core.artefacts import ExportReport
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.core.upscaling import Upscaling
from paic3d_studio.errors import UserError
from paic3d_studio.files import FileStamp
from paic3d_studio.gui.importing import ImportOutcome, checked_network, choices, import_all
from paic3d_studio.gui.interpreter import spare_what_stays
from paic3d_studio.gui.live_infill import LiveInfill
from paic3d_studio.gui.pulling import COARSE, OF_MESH, OF_PICTURE, REFINED, TARGETS, Pulling
from paic3d_studio.gui.runner import LANES, YIELDING, Deliver, Runner, close_all
from paic3d_studio.gui.wish_to_open import Source, WishToOpen
from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.pipeline.stages import prepare_networks
from paic3d_studio.project import edits
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.session import Session
from paic3d_studio.tools.pointer import Edit

log = logging.getLogger(__name__)

_PAUSE: Final = 0.8
"""Seconds between two edits of one thing from which on they are two steps; held keys begin to repeat before."""


class Document(QObject):
    """Changes the project on the window's thread and asks the worker for what follows from it.

    After every edit the newest project is pulled in the background; an older request is dropped.
    """

    opened = Signal(object)
    """Another picture is open; carries its project."""
    held_back = Signal(object, str, bool)
    """A picture was read, and not shown: the open one was edited meanwhile. Carries what `open` was asked for."""
    edit_coming = Signal()
    """A step of undo is about to be made or taken back: a gesture under way is to end first."""
    changed = Signal(object)
    """The project changed, by an edit, undo or redo; carries it."""
    artefact = Signal(str, object)
    """Stage and value of something shown; always of the newest request."""
    stage_reported = Signal(object)
    refresh_asked = Signal()
    """Everything shown is asked for anew; it begins as soon as the worker is free."""
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
    became_idle = Signal()
    """Nothing runs or waits any more, neither here nor at the exporter."""
    method_known = Signal(object)
    """What the settings can choose from: setting -> names."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.origin: Path | None = None
        """The file that the open project came from; None for what was dropped, pasted or rescued."""
        self.rescued = False
        """Whether the open project was left by a crash."""
        self._wish = WishToOpen()  # as `open` was asked last
        self._last_edit = ("", 0.0)  # of what, and when
        self.runner = Runner(self)
        self.exporter = Runner(self)
        """Owns the thread that exports: it takes long, and the tools need what the other one finds."""
        self.live = LiveInfill(session, self)
        self.beside = Runner(self)
        """Owns the thread that makes the picture's side of edits while the first head is still made without them."""
        self.beside.delivered.connect(self._on_delivered)
        for runner in (self.runner, self.exporter):
            runner.started.connect(self._on_started)
            runner.delivered.connect(self._on_delivered)
            runner.progressed.connect(self.progressed)
            runner.finished.connect(self._on_finished)
            runner.failed.connect(self._on_failed)
            runner.cancelled.connect(self._on_cancelled)
            runner.became_idle.connect(self._on_idle)
        self._pulling = Pulling(session, report=self.stage_reported.emit)
        self._targets: tuple[str, ...] = TARGETS
        self._headless = True  # nothing was shown yet of the head in this picture
        self._first_head_comes = False  # and it is being made, of this project or an earlier one
        self._asks_again = False  # once it is there
        self._asked: dict[str, Project] = {}  # lane -> what was asked for there last
        self._unrefined: Project | None = None
        self._refined: Project | None = None
        self._refresh_pending = False
        self._last_export: tuple[Path, Callable[..., object]] | None = None
        self._upscaled_picture: PictureSource | None = None
        self._dragging = False
        self._has_refreshed = False
        session.listen_to_project(self._on_project)

    @property
    def project(self) -> Project | None:
        """The present project."""
        return self.session.project

    @property
    def refined(self) -> Project | None:
        """The present project if the finest volume of it is shown and no gesture is changing it, else None."""
        return None if self.session.dragging or self._refined != self.project else self._refined

    @property
    def runners(self) -> tuple[Runner, ...]:
        """Those that own the document's threads."""
        return self.runner, self.exporter, self.live.runner, self.beside

    @property
    def busy(self) -> bool:
        """Whether any job runs or waits."""
        return self.runner.busy or self.exporter.busy

    def runs(self, lane: str) -> bool:
        """Whether a job of this lane runs or waits."""
        return self.runner.runs(lane) or self.exporter.runs(lane)

    # Opening ---------------------------------------------------------------------------------------------------------

    def open(self, source: Source, *, name: str = "", rescued: bool = False) -> None:
        """Read a picture or a project in the background and show it once it is known to be good.

        The open one stays till then, and stays altogether when it is edited meanwhile. What is `rescued` from a crash
        counts as unsaved.
        """
        self._wish = wish = WishToOpen(source, name, rescued, over=self.project)
        self._refresh_pending |= self.runner.runs("refresh")  # or an opening that this one replaces stopped it
        self.runner.cancel("refresh")  # opening goes first; what is cancelled is asked for again if opening fails
        self._stop_first_head()
        self.runner.submit("open", wish.reading(self.session), title=wish.title)
        self.busy_changed.emit()

    @property
    def opening(self) -> Path | None:
        """The file that is being opened now; None when none is."""
        return self._wish.file if self.runner.runs("open") else None

    @property
    def read_stamp(self) -> FileStamp | None:
        """Stamp of the file that was opened last, from before it was read; None for what came from no file."""
        return self._wish.stamp

    # Editing ---------------------------------------------------------------------------------------------------------

    def edit(self, edit: Edit, of: str = "") -> None:
        """Make one step of undo; a gesture under way ends first.

        Edits `of` one thing that follow each other without a pause are one step: a key that is held makes many.
        """
        self.edit_coming.emit()
        (before, since), now = self._last_edit, time.monotonic()
        self._last_edit = (of, now)
        goes_on = of == before != "" and now - since < _PAUSE
        self.session.edit(edit, joined=goes_on and self.session.dirty)  # undo leads back to what was saved meanwhile

    def revise(self, edit: Edit) -> None:
        """Change the project in all its states: no step of undo, and what could be redone still can."""
        self.edit_coming.emit()
        self.session.revise(edit)

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
        before = self._pulling.shown
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
        """Ask for everything shown, for the project as it is now.

        The newest request wins; but the first head of a picture is finished, or edits would put it off again and again.
        """
        project = self.project
        if project is None:
            return
        self._refresh_pending = False
        self._pulling.shown = project
        self._unrefined = self._refined = None
        if self._first_head_comes:
            self._asks_again = True
            self._ask_for_picture(project)
        else:
            self.beside.cancel()
            self._ask_for_shown(project)
        self.refresh_asked.emit()

    def _ask_for_picture(self, project: Project) -> None:
        """Ask for the picture's side alone, beside the head that is being made."""
        self._asked["picture"] = project
        self.beside.submit("picture", self._pulling.of_picture(project))

    def _ask_for_shown(self, project: Project) -> None:
        targets = self._targets
        if self._headless and self.session.peek("volume", project) is None:
            first = targets.index("volume")
            targets = (*targets[:first], COARSE, *targets[first:])
        self._first_head_comes = self._headless
        self._asked["refresh"] = project
        self.runner.submit("refresh", self._pulling.of_shown(project, targets), title="Reconstructing")
        self.busy_changed.emit()

    def _refine(self) -> None:
        """Ask for what is finer than what is shown, unless it is there; anything else that is asked for goes first."""
        project = self._unrefined
        if project is None or self.busy:
            return
        self._asked["refine"] = project
        self.runner.submit("refine", self._pulling.of_refined(project), title="Refining the view")
        self.busy_changed.emit()

    def want_mesh(self, wanted: bool) -> None:
        """Say whether the textured mesh is shown as well; it costs seconds, so only then is it kept up to date."""
        targets = (*TARGETS, *OF_MESH) if wanted else TARGETS
        if targets != self._targets:
            self._targets = targets
            if wanted:
                self.refresh()

    def export(self, target: Path) -> None:
        """Write the head as it is now, in the background; edits meanwhile neither disturb it nor wait for it."""
        self._export(target, self.session.export)

    def record_turntable(self, target: Path, *, side: int) -> None:
        """Write the head as it is now from all sides, in pictures of `side` pixels, as `export` does."""
        self._export(target, partial(self.session.turntable, size=side))

    def _export(self, target: Path, write: Callable[..., object]) -> None:
        project = self.project
        if project is None:
            return
        self._last_export = target, write
        for lane in YIELDING:
            self.runner.cancel(lane)
        work = self._pulling.told_while_shown(project, lambda monitor: write(target, project=project, monitor=monitor))
        self.exporter.submit("export", work, title=f"Exporting {target.name}")
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

    def stop(self) -> bool:
        """Ask everything that runs to stop; False when nothing did."""
        self._refresh_pending = False
        self._unrefined = None
        self._stop_first_head()
        self.halted.emit()
        stopped = self.runner.cancel() | self.exporter.cancel()
        if stopped:
            self.busy_changed.emit()
        return stopped

    def interrupt(self) -> bool:
        """Ask what keeps the artist waiting to stop: no export, and nothing that only refines the view."""
        stopped = [lane for lane in LANES if lane not in YIELDING and self.runner.cancel(lane)]
        if stopped:
            self._refresh_pending = False
            self._stop_first_head()
            self.busy_changed.emit()
        return bool(stopped)

    def stop_export(self) -> None:
        """Ask an export that is being written to stop: nothing of it is kept."""
        self.exporter.cancel()
        self.busy_changed.emit()

    def close(self, *, seconds: float = 2.0) -> bool:
        """Stop everything and join the threads; False when one has not come back after `seconds`."""
        return close_all(self.runners, seconds=seconds)

    def reports_beside(self) -> dict[str, StageReport | None]:
        """Return how it stands with the stages that nothing shown needs: cached, or None where they are out of date."""
        needed = {stage for target in self._targets for stage in self.session.closure(target)}
        beside = [stage.name for stage in self.session.stages if stage.name not in needed]
        known = self.session.peek_all(beside)
        return {name: StageReport(name, "cached") if name in known else None for name in beside}

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
        if lane == "import":
            self.method_known.emit(value)
        elif lane != "still" and not (name in (*OF_PICTURE, REFINED) and self._is_of_earlier(lane)):
            # `Sharpening` knows what a still is of
            self.artefact.emit(name, value)
            if name in (COARSE, "volume"):
                self._take_head()

    def _is_of_earlier(self, lane: str) -> bool:
        """Whether a lane's job knows only earlier edits than those that are shown."""
        return self._asked[lane] is not self._pulling.shown

    def _take_head(self) -> None:
        """Go on with what waited for the first head; from now on the newest request wins."""
        self._headless = False
        if self._forget_first_head() and self._pulling.shown is not None:
            self._ask_for_shown(self._pulling.shown)

    def _forget_first_head(self) -> bool:
        """Let nothing wait for a first head any more; returns whether anything did."""
        waited, self._first_head_comes, self._asks_again = self._asks_again, False, False
        return waited

    def _stop_first_head(self) -> None:
        """Let nothing wait for a first head that is asked to stop, nor be made beside it."""
        self._forget_first_head()
        self.beside.cancel()

    def _on_finished(self, lane: str, value: object) -> None:
        self.busy_changed.emit()
        if lane == "open" and isinstance(value, Project):
            self._show_opened(value)
        elif lane == "refresh" and not self._is_of_earlier(lane):
            self._unrefined = self._pulling.shown
            if not self._has_refreshed:
                self._has_refreshed = True
                spare_what_stays()  # every library that a head needs has been loaded
            self.refreshed.emit()
        elif lane == "refine" and not self._is_of_earlier(lane):
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

    def _show_opened(self, project: Project) -> None:
        """Show what was read, unless that would throw edits away which came after it was asked for."""
        wish = self._wish
        if self.session.dirty and self.project != wish.over:
            if self._refresh_pending:
                self.refresh()
            self.held_back.emit(wish.source, wish.name, wish.rescued)
            return
        self._pulling.shown = None
        self._headless = True
        self.origin, self.rescued = wish.file, wish.rescued
        self._forget_first_head()
        self._dragging = True  # `show` tells of a project; the window hears of a new picture, not of an edit
        self.session.show(project, saved=not self.rescued)
        self._dragging = False
        self.opened.emit(project)
        self.refresh()

    def _on_failed(self, lane: str, error: Exception) -> None:
        if lane == "refine":
            self._unrefined = None
        if not isinstance(error, UserError):
            log.error("a job failed: %s", lane, exc_info=error)
        self.busy_changed.emit()
        if lane == "refresh" and self._forget_first_head() and self._pulling.shown is not None:
            self._ask_for_shown(self._pulling.shown)  # the newest edits may have mended it, or it is told of then
            return
        self.failed.emit(lane, error)
        if lane == "open" and self._refresh_pending:
            self.refresh()

    def _on_cancelled(self, lane: str, seconds: float) -> None:
        self.busy_changed.emit()
        if lane not in YIELDING:
            self.stopped.emit(lane, seconds)

    def _on_idle(self) -> None:
        self._refine()
        if not self.busy:
            self.became_idle.emit()
        self.busy_changed.emit()
