"""From the wish to export to the file: asks where and how, applies the options as one edit, and starts the job."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from paic3d_studio.core.artefacts import ExportReport
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.keeping import Keeping
from paic3d_studio.gui.language import text
from paic3d_studio.gui.panels.export_dialog import ExportDialog
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.session.output import check_head_target, check_turntable_target

_USUAL_SIDE: Final = 512
"""Side of a turntable's pictures until the artist chose another, in pixels."""


class Exporting(QObject):
    """Owns the export dialog while it is open."""

    def __init__(self, window: QWidget, *, document: Document, keeping: Keeping, preferences: Preferences) -> None:
        super().__init__(window)
        self._keeping = keeping
        self._window = window
        self._document = document
        self._preferences = preferences
        self.dialog: ExportDialog | None = None
        """The dialog that is open now."""
        self._suffix = ".glb"
        self._name = ""  # of the last export of this picture, where it is not the project's
        self.folder = Path()
        """Where the last export went."""
        document.opened.connect(self._close)

    def ask(self) -> None:
        """Open the dialog for a head, filled in as it was left last."""
        self._ask(self._preferences.text("export/suffix", ".glb"))

    def ask_for_turntable(self) -> None:
        """Open the dialog for a turntable, filled in as it was left last."""
        self._ask(self._preferences.text("export/turntable", ".mp4"))

    def ask_again(self) -> None:
        """Open the dialog for what was asked for last."""
        self._ask(self._suffix)

    def _ask(self, suffix: str) -> None:
        project = self._document.project
        if project is None or self.dialog is not None:
            return
        from paic3d_studio.export import EXPORTERS
        from paic3d_studio.export.turntable import PICTURE_SIDES, TURNTABLES

        side = self._preferences.text("export/side", "")
        origin = self._document.origin
        folder = self._preferences.folder("export", otherwise=origin.parent if origin else None)
        usual = folder / f"{self._name or Path(self._keeping.name).stem or 'head'}{suffix}"
        self.dialog = ExportDialog(
            self._window,
            formats=EXPORTERS,
            turntables=TURNTABLES,
            sides=PICTURE_SIDES,
            side=int(side) if side.isdecimal() else _USUAL_SIDE,
            target=usual,
            project=project,
            check=self._check,
            author=self._preferences.text("export/author", ""),
        )
        self.dialog.accepted.connect(self._start)
        self.dialog.rejected.connect(self._leave)
        self.dialog.open()

    def tell(self, report: ExportReport, target: Path) -> str:
        """Take note of a finished export, and return what to say of it."""
        self.folder = target.parent
        faces = f"{report.faces:,}".replace(",", "\u202f")
        size = f"{report.bytes_written / 1e6:.1f}"
        return f"{target}\n{text('{faces} triangles, {size} MB', faces=faces, size=size)}"

    def tell_of_turntable(self, target: Path) -> str:
        """Take note of a finished turntable, and return what to say of it."""
        self.folder = target.parent
        return str(target)

    def _check(self, target: Path) -> None:
        """Refuse a target of the dialog that cannot be written, with a UserError."""
        is_turntable = self.dialog is not None and self.dialog.side is not None
        (check_turntable_target if is_turntable else check_head_target)(target)

    def _start(self) -> None:
        if self.dialog is None:
            return
        target, side = self.dialog.target, self.dialog.side
        self._suffix = target.suffix
        self._name = target.stem if target.stem != Path(self._keeping.name).stem else ""
        self._preferences.remember("export/suffix" if side is None else "export/turntable", target.suffix)
        if target.parent.is_dir():
            self._preferences.remember_folder("export", target.parent)
        if author := self.dialog.terms_form.terms.author:
            self._preferences.remember("export/author", author)
        self._document.revise(self.dialog.edit_terms)
        self._document.edit(self.dialog.edit)
        if side is None:
            self._document.export(target)
        else:
            self._preferences.remember("export/side", str(side))
            self._document.record_turntable(target, side=side)
        self._leave()

    def _close(self) -> None:
        """Close the dialog: another picture is open, and its name and options are not that one's."""
        self._name = ""
        if self.dialog is not None:
            self.dialog.reject()

    def _leave(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
