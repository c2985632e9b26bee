"""The only door to a project and its artefacts: the window and the command line stand before it."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from paic3d_studio.core.artefacts import ExportReport
from paic3d_studio.core.image import encode_png, read_picture, reduced
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.export import export_mesh, exporter_for
from paic3d_studio.pipeline.child import run_in_child
from paic3d_studio.pipeline.graph import Graph, Stage, StageReport
from paic3d_studio.pipeline.stages import SOURCES, STAGES, WEIGHTS_BY_INPAINTER, prepare_networks, weights_key
from paic3d_studio.project import edits
from paic3d_studio.project.file import decoded_project, is_project, write_project
from paic3d_studio.project.history import History
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.output import check_head_target, check_turntable_target
from paic3d_studio.session.provenance import provenance, turntable_provenance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from paic3d_studio.core.artefacts import AlignedPortrait, KeepMask, LineMask, RenderLike, TexturedMesh
    from paic3d_studio.core.camera import Camera
    from paic3d_studio.viewport.orbit import OrbitView
    from paic3d_studio.viewport.still import ExactStill, StillRequest

Edit = Callable[[Project], Project]

PREVIEW_SIDE: Final = 192
"""Longer side of the small picture in a project file, in pixels."""

FRAME: Final = 0.05
"""Empty border of a turntable picture, as a share of the head."""


class Session:
    """One open character: her project with its history, and the graph that turns it into artefacts.

    Thread rule: what changes the project (open, edit, drag, undo, redo) is called on one thread, the window's. `read`,
    `pull`, `export`, `render_still` and `turntable` may run on any other; they take the frozen project they work on,
    and fall back on the present one. Listeners are called on the thread that caused the news.

    Args:
        threads: how many cores the networks may use; None takes all. The window leaves one for drawing.
    """

    def __init__(self, *, threads: int | None = None) -> None:
        self._threads = threads
        self._graph: Graph[Project] = Graph(sources=SOURCES, stages=STAGES, prepare=self._prepare)
        self._history: History[Project] | None = None
        self._project_listeners: list[Callable[[Project], None]] = []

    # The project ----------------------------------------------------------------------------------------------------

    @property
    def project(self) -> Project | None:
        """The present project; None before a picture was opened."""
        return None if self._history is None else self._history.value

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._history is not None and self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether a step that was taken back can be made again."""
        return self._history is not None and self._history.can_redo

    @property
    def dragging(self) -> bool:
        """Whether a drag is under way."""
        return self._history is not None and self._history.dragging

    @property
    def dirty(self) -> bool:
        """Whether anything changed since the picture was opened or the project saved (`mark_saved`)."""
        return self._history is not None and self._history.dirty

    def read(self, source: str | os.PathLike[str] | bytes, *, name: str = "", monitor: Monitor = SILENT) -> Project:
        """Return the project in a file, or a new one for a picture, which is decoded once to be sure of it.

        The open project stays as it is.

        Args:
            source: the path of a project or a picture, or the bytes of one (dropped or pasted).
            name: of the file, when `source` is bytes.
            monitor: progress and cancel.

        Raises:
            UserError: the file is missing, damaged, too large, of a newer version, or neither project nor picture.
        """
        if isinstance(source, bytes):
            name, encoded = name or "picture", source
        else:
            name, encoded = Path(source).name, read_picture(source)
        if is_project(encoded):
            project = decoded_project(encoded, name=name)
        else:
            project = Project(picture=PictureSource(name=name, encoded=encoded))
        self._graph.pull("portrait", project, monitor)
        return project

    def show(self, project: Project, *, saved: bool = True) -> None:
        """Make `project` the open one, with an empty history; `saved` says whether its first state counts as saved.

        What was computed for the one before is dropped: a large picture weighs hundreds of megabytes.
        """
        self._graph.forget(but=project)
        self._history = History(project)
        if not saved:
            self._history.mark_saved(Project(picture=project.picture))
        self._tell()

    def open(self, source: str | os.PathLike[str] | bytes, *, name: str = "", monitor: Monitor = SILENT) -> Project:
        """Read a picture and show it; arguments and errors as `read`."""
        project = self.read(source, name=name, monitor=monitor)
        self.show(project)
        return project

    def edit(self, edit: Edit, *, joined: bool = False) -> Project:
        """Make one step: `edit` takes the present project to the next one; an edit that changes nothing is no step.

        A `joined` edit is part of the step before it.
        """
        return self._changed(lambda history: history.apply(edit, joined=joined))

    def revise(self, edit: Edit) -> Project:
        """Change the project in all its states, so that neither undo nor redo takes the change back: it is no step."""
        return self._changed(lambda history: history.revise(edit))

    def begin_drag(self) -> None:
        """Start a drag: until it ends, every `drag` replaces the one before, and all are one step of undo."""
        self._opened().begin_drag()

    def drag(self, edit: Edit) -> Project:
        """Show what `edit` makes of the project **as it was at the start of the drag**."""
        return self._changed(lambda history: history.drag(edit))

    def end_drag(self) -> Project:
        """Keep the drag as one step."""
        return self._changed(lambda history: history.end_drag())

    def cancel_drag(self) -> Project:
        """Return to how it was before the drag."""
        return self._changed(lambda history: history.cancel_drag())

    def undo(self) -> Project:
        """Take one step back; nothing is computed again as long as its results are kept."""
        return self._changed(lambda history: history.undo())

    def redo(self) -> Project:
        """Make the step again that was taken back last."""
        return self._changed(lambda history: history.redo())

    def mark_saved(self, project: Project | None = None) -> None:
        """Take a project, the present one when None, as the one that is saved."""
        self._opened().mark_saved(project)

    def save(self, path: str | os.PathLike[str], *, project: Project | None = None) -> None:
        """Write a project file, whole or not at all; may run on any thread, and marks nothing as saved.

        Raises:
            UserError: the folder is missing or write-protected, or the disk is full; what stood there is untouched.
        """
        project = project or self._opened().value
        write_project(self.as_kept(project), Path(path), preview=self.preview(project))

    def as_kept(self, project: Project) -> Project:
        """Return a project as a file keeps it: with the face that was found, if edits stand on it and it is known."""
        return edits.with_found_face(project, landmarks=self._graph.peek("found_landmarks", project))

    def preview(self, project: Project) -> bytes:
        """Return a small picture of the portrait for lists, a PNG; empty while the portrait is not known."""
        portrait = self._graph.peek("portrait", project)
        return b"" if portrait is None else encode_png(reduced(portrait.rgba, side=PREVIEW_SIDE))

    def listen_to_project(self, listener: Callable[[Project], None]) -> Callable[[], None]:
        """Call `listener` with the project after each change; returns a function that ends it."""
        self._project_listeners.append(listener)
        return lambda: self._project_listeners.remove(listener)

    # Its artefacts --------------------------------------------------------------------------------------------------

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Every stage of the method, in order."""
        return tuple(self._graph.stages.values())

    def listen_to_stages(self, listener: Callable[[StageReport], None]) -> Callable[[], None]:
        """Call `listener` with every stage report, on the pulling thread; returns a function that ends it."""
        return self._graph.listen(listener)

    def pull(self, stage: str, project: Project | None = None, monitor: Monitor = SILENT) -> Any:
        """Return the artefact of a stage, computing what is missing; see `Graph.pull` for its errors."""
        return self._graph.pull(stage, project or self._opened().value, monitor)

    def peek(self, stage: str, project: Project | None = None) -> Any | None:
        """Return the artefact of a stage if it is known already, else None; never computes, safe on any thread."""
        return self._graph.peek(stage, project or self._opened().value)

    def peek_all(self, stages: Iterable[str], project: Project | None = None) -> dict[str, Any]:
        """Return the artefacts that are known already of some stages, by name; never computes, safe on any thread."""
        return self._graph.peek_all(stages, project or self._opened().value)

    def line_free(
        self,
        project: Project,
        *,
        aligned: AlignedPortrait,
        line_mask: LineMask,
        keep: KeepMask,
        monitor: Monitor = SILENT,
    ) -> RenderLike:
        """Return the line-free picture of masks that no stage has made yet, in the way `project` chooses.

        For a gesture under way: nothing is kept in the graph, and to the bit it is what the stage would make.

        Raises:
            Cancelled: as `monitor`.
            UserError: as the stage.
        """
        stage = self._graph.stages["render_like"]
        self._prepare(stage, monitor)
        how = project.settings.infill
        weights = weights_key(WEIGHTS_BY_INPAINTER.get(how, ""))
        return cast("RenderLike", stage.compute(aligned, line_mask, keep, how, weights, monitor=monitor))

    def closure(self, stage: str) -> tuple[str, ...]:
        """Return the stages that `stage` needs, itself last."""
        return self._graph.closure(stage)

    def forget(self) -> None:
        """Drop every artefact that is kept; the project stays and can be pulled anew."""
        self._graph.forget()

    # What leaves the program ----------------------------------------------------------------------------------------

    def export(
        self, path: str | os.PathLike[str], *, project: Project | None = None, monitor: Monitor = SILENT
    ) -> ExportReport:
        """Write the textured head in the format of the suffix; existing files are replaced only by complete ones.

        Beside it lies a file that tells where it comes from (`session.provenance`).

        Raises:
            UserError: unknown suffix, terms that do not suffice for it, no such folder, no right to write, full disk,
                or from a stage.
            Cancelled: nothing was written.
        """
        project = project or self._opened().value
        target = Path(path)
        check_head_target(target)
        terms = project.settings.terms
        exporter_for(target).check(terms)
        textured = self._graph.pull("textured", project, monitor.child(0.0, 0.95))
        monitor.report(0.95, f"writing {target.name}")
        report = export_mesh(textured, target, terms=terms, sidecar=lambda encoded: provenance(project, encoded))
        monitor.report(1.0)
        return report

    def render_still(
        self,
        camera: Camera,
        *,
        size: int = 512,
        project: Project | None = None,
        monitor: Monitor = SILENT,
    ) -> NDArray[np.uint8]:
        """Render the field exactly, ray by ray: sRGB on white, uint8 (size, size, 3).

        The published backbone's views are stitched with the picture that the project names for stitching.
        """
        from paic3d_studio.pipeline.steps import stitch_source
        from paic3d_studio.pipeline.stills import render_still

        project = project or self._opened().value
        field = self._graph.pull("field", project, monitor.child(0.0, 0.3))
        parts = {name: self._graph.pull(name, project) for name in ("portrait", "matte", "alignment", "render_like")}
        stitch = stitch_source(project.settings.stitch, **parts)
        return render_still(field, camera=camera, size=size, stitch=stitch, monitor=monitor.child(0.3, 1.0))

    def exact_still(
        self, request: StillRequest, *, project: Project | None = None, monitor: Monitor = SILENT
    ) -> ExactStill:
        """Ask the field itself for place and colour of the first surface behind each pixel of a viewport's picture.

        Raises:
            Cancelled: as `monitor`.
            UserError: from a stage.
        """
        from paic3d_studio.pipeline.stills import exact_still

        project = project or self._opened().value
        field = self._graph.pull("field", project, monitor.child(0.0, 0.05))
        volume = self._graph.pull("fine_volume", project, monitor.child(0.05, 0.1))
        prepare_networks(threads=self._threads, monitor=monitor)
        return exact_still(field, volume, request, monitor=monitor.child(0.1, 1.0))

    def turntable(
        self,
        path: str | os.PathLike[str],
        *,
        frames: int | None = None,
        size: int = 384,
        project: Project | None = None,
        monitor: Monitor = SILENT,
    ) -> tuple[str, ...]:
        """Write the textured head, seen from `frames` sides all round, in the format of the suffix.

        Without OpenGL the field is rendered instead, at half the size. None leaves the number of frames to the format.
        Beside it lies a file that tells where it comes from, as beside every export.

        Returns:
            The paths written.

        Raises:
            UserError: no such format, no such folder, no right to write, or from a stage.
            Cancelled: nothing was written.
        """
        from paic3d_studio.export.turntable import TURNTABLES

        target = Path(path)
        check_turntable_target(target)
        project = project or self._opened().value
        textured = self._graph.pull("textured", project, monitor.child(0.0, 0.6))
        form = TURNTABLES[target.suffix.lower()]
        sides = frames or form.frames
        drawn = 1.0 - 0.4 * form.share
        pictures = self._all_round(project, textured, frames=sides, size=size, monitor=monitor.child(0.6, drawn))
        side = pictures[0].shape[0]  # half of `size` without OpenGL

        def sidecar(contents: Mapping[Path, bytes]) -> bytes:
            return turntable_provenance(project, contents, views=sides, side=side)

        return form.write(pictures, target, sidecar=sidecar, monitor=monitor.child(drawn, 1.0))

    def _all_round(
        self, project: Project, textured: TexturedMesh, *, frames: int, size: int, monitor: Monitor
    ) -> list[NDArray[np.uint8]]:
        """Draw the textured head from all sides, or render the field exactly on a machine without OpenGL.

        A child process draws: drawing in software holds the interpreter, and a window is to go on.
        """
        from paic3d_studio.core.camera import Camera
        from paic3d_studio.viewport.offscreen import render_offscreen
        from paic3d_studio.viewport.orbit import HOME_VIEW, turntable

        try:
            views = turntable(_fitting(HOME_VIEW, textured), frames=frames)
            drawn = run_in_child(render_offscreen, textured, views, size=size, monitor=monitor)
            return cast("list[NDArray[np.uint8]]", drawn)
        except UserError:
            cameras = [Camera(azimuth=360 * i / frames, elevation=0.0) for i in range(frames)]
            words = [f"drawing view {i + 1} of {frames}" for i in range(frames)]
            parts = [monitor.child(i / frames, (i + 1) / frames, words[i]) for i in range(frames)]
            return [
                self.render_still(camera, size=size // 2, project=project, monitor=part)
                for camera, part in zip(cameras, parts, strict=True)
            ]

    # ----------------------------------------------------------------------------------------------------------------

    def _opened(self) -> History[Project]:
        if self._history is None:
            raise UserError("No picture is open.", "Open a portrait first.")
        return self._history

    def _changed(self, change: Callable[[History[Project]], Project]) -> Project:
        history = self._opened()
        before = history.value
        after = change(history)
        if after is not before:
            self._tell()
        return after

    def _tell(self) -> None:
        for listener in tuple(self._project_listeners):
            listener(self._opened().value)

    def _prepare(self, stage: Stage, monitor: Monitor) -> None:
        """Give the networks their cores; asked before each stage, since torch counts threads per thread."""
        if stage.uses_torch:
            prepare_networks(threads=self._threads, monitor=monitor)


def _fitting(view: OrbitView, textured: TexturedMesh) -> OrbitView:
    """Return `view` aimed at the head and brought as near as lets it turn without leaving the picture."""
    vertices = textured.surface.vertices
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    offsets = vertices - middle
    radius = float((offsets[:, 0] ** 2 + offsets[:, 2] ** 2).max()) ** 0.5  # of the upright cylinder that holds it
    height = float(abs(offsets[:, 1]).max())
    half_angle = math.radians(view.fov or 30.0) / 2
    distance = max(radius / math.sin(half_angle), height / math.tan(half_angle) + radius)
    return dataclasses.replace(view, distance=distance * (1 + FRAME)).aimed_at(middle)
