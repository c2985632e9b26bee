"""The line mask while the pointer is down, fast enough for every frame of a drag.

The worker may be busy with seconds of reconstruction, so the mask of a gesture is not pulled through the graph: the
same two pure functions that its stages use are applied to artefacts that are known already. Nothing is stored, so a
drag pushes no result out of the memo and undo re-runs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import AlignedPortrait, Alignment, FeatureHulls, KeepMask, Landmarks, LineMask
from paic3d_studio.core.hulls import detect_hulls
from paic3d_studio.core.lines import LineOptions, contour_lines, keep_mask, masked_lines
from paic3d_studio.pipeline import steps
from paic3d_studio.project.state import MovedLandmark, Project
from paic3d_studio.session.session import Session


@dataclass
class MaskPreview:
    """What a gesture needs to know, taken when it begins."""

    lines: NDArray[np.bool_]
    found: Landmarks
    alignment: Alignment
    aligned: AlignedPortrait | None
    options: LineOptions
    _kept: tuple[FeatureHulls, Landmarks, KeepMask] | None = None
    _placed: tuple[tuple[MovedLandmark, ...], Landmarks, FeatureHulls] | None = None

    @classmethod
    def of(cls, session: Session) -> MaskPreview | None:
        """Return a preview; None when the face is not known yet.

        Hulls and landmarks as they are edited are not asked of the session: after a quick edit its worker may not have
        come to them.
        """
        lines, found, alignment = (session.peek(stage) for stage in ("lines", "found_landmarks", "alignment"))
        if lines is None or found is None or alignment is None:
            return None
        project = session.project
        options = LineOptions() if project is None else project.settings.lines
        return cls(lines=lines, found=found, alignment=alignment, aligned=session.peek("aligned"), options=options)

    def landmarks_of(self, project: Project) -> Landmarks:
        """Return the landmarks as `project` has them."""
        return self._of_moves(project)[0]

    def hulls_of(self, project: Project) -> FeatureHulls:
        """Return the hulls as `project` has them."""
        return steps.hulls(self._of_moves(project)[1], project.hull_edits, project.free_hulls)

    def mask_of(self, project: Project, *, hulls: FeatureHulls) -> LineMask:
        """Return the line mask as `project` has it."""
        keep = self.keep_of(project, hulls=hulls)
        options = project.settings.lines
        if options != self.options and self.aligned is not None:
            self.lines, self.options = contour_lines(self.aligned, options=options), options
        return masked_lines(self.lines, keep=keep, strokes=project.strokes)

    def keep_of(self, project: Project, *, hulls: FeatureHulls) -> KeepMask:
        """Return where lines stay; found once while neither hulls nor landmarks move."""
        landmarks = self.landmarks_of(project)
        before = self._kept
        if before is not None and before[1] is landmarks and _same(before[0], hulls):
            return before[2]
        keep = keep_mask(hulls, landmarks=landmarks, alignment=self.alignment)
        self._kept = (hulls, landmarks, keep)
        return keep

    def _of_moves(self, project: Project) -> tuple[Landmarks, FeatureHulls]:
        """Return the landmarks, and the hulls that are found from them."""
        moves = project.landmark_moves
        if self._placed is None or self._placed[0] != moves:
            landmarks = steps.landmarks(self.found, moves)
            self._placed = (moves, landmarks, detect_hulls(landmarks, alignment=self.alignment))
        return self._placed[1:]


def _same(one: FeatureHulls, other: FeatureHulls) -> bool:
    return (
        one.free == other.free
        and one.polygons.keys() == other.polygons.keys()
        and all(np.array_equal(one.polygons[name], other.polygons[name]) for name in one.polygons)
    )
