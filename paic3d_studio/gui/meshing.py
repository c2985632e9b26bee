"""The mesh in the window: its panel and the 3D view are kept in step with what the document says of it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from paic3d_studio.gui.document import Document
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
        panel.edit_wanted.connect(document.edit)
        panel.mesh_wanted.connect(self._show_mesh)

    def _on_opened(self, project: Project) -> None:
        self._panel.clear()
        self._panel.show_project(project)

    def _on_changed(self, project: Project) -> None:
        self._panel.show_project(project)
        self._panel.take(self._document.session.peek("inspection", project))

    def _on_artefact(self, stage: str, value: object) -> None:
        if stage == "inspection":
            self._panel.take(value)

    def _show_mesh(self) -> None:
        self._head.set_mode("mesh")
