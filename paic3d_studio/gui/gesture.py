"""From press to release: one gesture of a tool, shown while it is made and kept as one step of undo."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from paic3d_studio.core.artefacts import RenderLike
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.picture_layers import PictureLayers
from paic3d_studio.gui.picture_view import PictureView
from paic3d_studio.gui.preview import MaskPreview
from paic3d_studio.project.state import Project
from paic3d_studio.tools.pointer import Edit

if TYPE_CHECKING:
    from paic3d_studio.gui.picture_tools.picture_tool import PictureTool


class Gesture(QObject):
    """Shows the mask, the hulls and the line-free picture that a gesture makes, before the worker has come so far."""

    began = Signal()
    shown = Signal()
    """What a gesture or an edit of one moment makes is drawn."""
    refused = Signal()
    """A press was not taken: the lines that it would change are not known yet."""
    ended = Signal()
    """The gesture is kept as one step."""
    mask_shown = Signal(float)
    """The gesture changed the mask on the screen; carries the milliseconds from the pointer event to new pixels."""
    clean_shown = Signal(float)
    """Its line-free picture is on the screen; carries the milliseconds since its mask was known."""

    def __init__(self, view: PictureView, *, document: Document, layers: PictureLayers) -> None:
        super().__init__(view)
        self._view = view
        self._document = document
        self._layers = layers
        self._tool: PictureTool | None = None
        self._preview: MaskPreview | None = None
        self._refused = False
        self._moved_at = 0.0
        view.painted.connect(self._on_painted)
        document.live.painted.connect(self._show_live)
        document.edit_coming.connect(self.settle)

    @property
    def under_way(self) -> bool:
        """Whether a tool has taken the pointer, or holds a line that is drawn corner by corner."""
        return self._tool is not None

    @property
    def waits(self) -> bool:
        """Whether a press was refused, and the next one would be too."""
        return self._refused and MaskPreview.of(self._document.session) is None

    def is_of(self, tool: PictureTool) -> bool:
        """Whether a gesture of this tool is under way."""
        return self._tool is tool

    def begin(self, tool: PictureTool, edit: Edit) -> None:
        """Start with what a press made; `refused` where the worker has not come so far yet."""
        preview = MaskPreview.of(self._document.session)
        self._refused = preview is None and tool.changes_mask
        if self._refused:
            tool.cancel()
            self.refused.emit()
            return
        self._preview = preview
        self._tool = tool
        self._layers.set_in_gesture(True)
        self._document.begin_drag()
        self.go_on(edit)
        self.began.emit()

    def go_on(self, edit: Edit | None) -> None:
        """Show what the gesture has made so far."""
        if edit is None or self._tool is None:
            return
        self._moved_at = self._moved_at or time.perf_counter()
        project = self._document.drag(edit)
        self._tool.show(project)
        if self._tool.changes_mask:
            self._show_mask(project)

    def end(self) -> None:
        """Keep what was made as one step."""
        self._let_go(kept=True)
        self._document.end_drag()
        self.ended.emit()

    def finish(self) -> bool:
        """End a line that is drawn corner by corner; False when there is none."""
        if self._tool is None or not self._tool.spans_clicks:
            return False
        self.go_on(self._tool.finish())
        self.end()
        return True

    def step_back(self) -> bool:
        """Take back the last corner of a line that is drawn corner by corner; False when there is none."""
        if self._tool is None or not self._tool.spans_clicks:
            return False
        edit = self._tool.step_back()
        if edit is None:
            self.cancel()
        else:
            self.go_on(edit)
        return True

    def cancel(self) -> bool:
        """Take back the gesture under way; False when there is none."""
        if self._tool is None:
            return False
        self.forget()
        self._document.cancel_drag()
        return True

    def forget(self) -> None:
        """Let go of the gesture without a word to the document: another picture is shown."""
        if self._tool is not None:
            self._tool.cancel()
            self._let_go(kept=False)

    def settle(self) -> None:
        """Keep what the gesture has made so far, and end it: something else is about to change the project."""
        if self._tool is not None and not self.finish():
            self._tool.cancel()
            self.end()

    def apply(self, edit: Edit | None, *, tool: PictureTool, of: str = "") -> bool:
        """Make an edit of one moment, as a menu or a key asks for it, and show it at once; False without one.

        Those `of` one thing are joined as `Document.edit` says.
        """
        if edit is None:
            return False
        preview = MaskPreview.of(self._document.session)
        self._document.edit(edit, of)
        project = self._document.project
        if preview is not None and project is not None and tool.changes_mask:
            self._preview = preview
            self._show_mask(project)
        return True

    def _let_go(self, *, kept: bool) -> None:
        if self._tool is not None:
            self._tool.rest(kept=kept)
        self._tool = None
        self._layers.set_in_gesture(False)

    def _show_mask(self, project: Project) -> None:
        assert self._preview is not None
        hulls = self._preview.hulls_of(project)
        mask = self._preview.mask_of(project, hulls=hulls)
        self.shown.emit()
        self._layers.show_landmarks(self._preview.landmarks_of(project), self._preview.alignment)
        self._layers.show_hulls(hulls)
        self._layers.show_mask(mask)
        aligned = self._layers.aligned
        if aligned is not None and self._layers.shows_clean:
            keep = self._preview.keep_of(project, hulls=hulls)
            self._document.live.want(project, aligned=aligned, line_mask=mask, keep=keep)
        self._view.viewport().update()

    def _show_live(self, picture: RenderLike, milliseconds: float) -> None:
        self._layers.show_clean(picture)
        self.clean_shown.emit(milliseconds)

    def _on_painted(self) -> None:
        if self._moved_at:
            self.mask_shown.emit(1000 * (time.perf_counter() - self._moved_at))
            self._moved_at = 0.0
