"""From the wish to export to the file: asks where and how, applies the options as one edit, and starts the job."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from paic3d_studio.core.artefacts import ExportReport
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.panels.export_dialog import ExportDialog
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.session.output import check_head_target


class Exporting(QObject):
    """Owns the export dialog while it is open."""

    def __init__(self, window: QWidget, *, document: Document, preferences: Preferences) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._preferences = preferences
        self.dialog: ExportDialog | None = None
        """The dialog that is open now."""
        self.folder = Path()
        """Where the last export went."""
        document.opened.connect(self._close)

    def ask(self) -> None:
        """Open the dialog, filled in as it was left last."""
        project = self._document.project
        if project is None or self.dialog is not None:
            return
        from paic3d_studio.export import EXPORTERS

        suffix = self._preferences.text("export/suffix", ".glb")
        origin = self._document.origin
        folder = self._preferences.folder("export", otherwise=origin.parent if origin else None)
        usual = folder / f"{Path(project.picture.name).stem or 'head'}{suffix}"
        self.dialog = ExportDialog(
            self._window,
            formats=EXPORTERS,
            target=usual,
            project=project,
            check=check_head_target,
            author=self._preferences.text("export/author", ""),
        )
        self.dialog.accepted.connect(self._start)
        self.dialog.rejected.connect(self._leave)
        self.dialog.open()

    def tell(self, report: ExportReport, target: Path) -> str:
        """Take note of a finished export, and return what to say of it."""
        self.folder = target.parent
        faces = f"{report.faces:,}".replace(",", "\u202f")
        return f"{target}\n{faces} triangles, {report.bytes_written / 1e6:.1f} MB"

    def _start(self) -> None:
        if self.dialog is None:
            return
        target = self.dialog.target
        self._preferences.remember("export/suffix", target.suffix)
        if target.parent.is_dir():
            self._preferences.remember_folder("export", target.parent)
        if author := self.dialog.terms_form.terms.author:
            self._preferences.remember("export/author", author)
        self._document.edit(self.dialog.edit)
        self._document.export(target)
        self._leave()

    def _close(self) -> None:
        """Close the dialog: another picture is open, and its options are not that one's."""
        if self.dialog is not None:
            self.dialog.reject()

    def _leave(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
