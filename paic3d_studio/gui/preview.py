"""The line mask while the pointer is down, fast enough for every frame of a drag.

The worker may be busy with seconds of reconstruction, so the mask of a gesture is not pulled through the graph: the
same two pure functions that its stages use are applied to artefacts that are known already. Nothing is stored, so a
drag pushes no result out of the memo and undo re-runs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import Alignment, FeatureHulls, KeepMask, Landmarks, LineMask
from paic3d_studio.core.lines import keep_mask, masked_lines
from paic3d_studio.pipeline.steps import hulls as edited_hulls
from paic3d_studio.project.state import Project
from paic3d_studio.session.session import Session


@dataclass
class MaskPreview:
    """What a gesture needs to know, taken when it begins."""

    lines: NDArray[np.bool_]
    landmarks: Landmarks
    alignment: Alignment
    found: FeatureHulls
    _kept: tuple[FeatureHulls, KeepMask] | None = None

    @classmethod
    def of(cls, session: Session) -> MaskPreview | None:
        """Return a preview; None when the face is not known yet.

        The hulls as they are edited are not asked of the session: after a quick edit its worker may not have come to
        them.
        """
        lines, landmarks, alignment, found = (
            session.peek(stage) for stage in ("lines", "landmarks", "alignment", "found_hulls")
        )
        if lines is None or landmarks is None or alignment is None or found is None:
            return None
        return cls(lines=lines, landmarks=landmarks, alignment=alignment, found=found)

    def hulls_of(self, project: Project) -> FeatureHulls:
        """Return the hulls as `project` has them."""
        return edited_hulls(self.found, project.hull_edits)

    def mask_of(self, project: Project, *, hulls: FeatureHulls) -> LineMask:
        """Return the line mask as `project` has it."""
        return masked_lines(self.lines, keep=self._keep(hulls), strokes=project.strokes)

    def _keep(self, hulls: FeatureHulls) -> KeepMask:
        before = self._kept
        if before is not None and _same(before[0], hulls):  # a brush stroke moves no hull
            return before[1]
        keep = keep_mask(hulls, landmarks=self.landmarks, alignment=self.alignment)
        self._kept = (hulls, keep)
        return keep


def _same(one: FeatureHulls, other: FeatureHulls) -> bool:
    return one.polygons.keys() == other.polygons.keys() and all(
        np.array_equal(one.polygons[name], other.polygons[name]) for name in one.polygons
    )
