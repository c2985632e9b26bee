"""The mesh in the window: its panel and the 3D view are kept in step with what the document says of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from paic3d_studio.core.artefacts import ExportReport, TexturedMesh
from paic3d_studio.gui.document import Document
from paic3d_studio.gui.file_dialogs import FILE, file_dialog
from paic3d_studio.gui.importing import NETWORK_FILTER
from paic3d_studio.gui.language import text
from paic3d_studio.gui.panels.mesh_panel import MeshPanel
from paic3d_studio.gui.panels.viewport_panel import ViewportPanel
from paic3d_studio.project.state import Project


class Meshing(QObject):
    """Hands edits of the panel to the document, and what is known of the mesh to the panel."""

    def __init__(self, window: QObject, *, document: Document, panel: MeshPanel, head: ViewportPanel) -> None:
        super().__init__(window)
        self._document = document
        self._panel = panel
        self._head = head
        document.opened.connect(self._on_opened)
        document.changed.connect(self._on_changed)
        document.artefact.connect(self._on_artefact)
        document.exported.connect(self._on_exported)
        panel.edit_wanted.connect(document.edit)
        panel.mesh_wanted.connect(self._show_mesh)
        head.mesh_wanted.connect(panel.tell_shown)
        panel.network_wanted.connect(self._ask_for_network)
        document.failed.connect(self._on_ended)
        document.stopped.connect(self._on_ended)

    def _on_opened(self, project: Project) -> None:
        self._panel.clear()
        self._panel.show_project(project)

    def _on_changed(self, project: Project) -> None:
        self._panel.show_project(project)
        self._panel.take(self._document.session.peek("inspection", project))

    def _on_artefact(self, stage: str, value: object) -> None:
        if stage == "inspection":
            self._panel.take(value)

    def _on_exported(self, report: ExportReport, target: Path) -> None:
        """Tell of the GLB that was written, if it is of the present mesh: edits go on while a head is exported."""
        present = self._document.session.peek("textured")
        is_present = isinstance(present, TexturedMesh) and len(present.surface.faces) == report.faces
        if is_present and target.suffix == ".glb":
            self._panel.take_export(report)

    def _ask_for_network(self) -> None:
        """Open a dialog for the upscaling network's file, in the folder of the last one; it does not block."""
        project = self._document.project
        if project is None:
            return
        folder = str(Path(project.settings.upscaling.file).parent) if project.settings.upscaling.file else ""
        window, title = self._panel.window(), text("Upscaling network")
        chooser = file_dialog(window, title, at=folder, asks_for=FILE, names=text(NETWORK_FILTER))
        chooser.fileSelected.connect(self._on_network)
        chooser.rejected.connect(self._show_project)
        chooser.open()

    def _on_network(self, path: str) -> None:
        self._document.choose_upscaling(Path(path))

    def _on_ended(self, lane: str, reason: object) -> None:
        """Show again what is set: no network was chosen."""
        del reason
        if lane == "upscaling":
            self._show_project()

    def _show_project(self) -> None:
        self._panel.show_project(self._document.project)

    def _show_mesh(self) -> None:
        self._head.set_mode("mesh")
