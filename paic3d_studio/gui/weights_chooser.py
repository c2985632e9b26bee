"""Asks which of the authors' files are to be imported."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from paic3d_studio.gui.document import Document
from paic3d_studio.gui.file_dialogs import FILES, file_dialog
from paic3d_studio.gui.importing import FILE_FILTER
from paic3d_studio.gui.language import text
from paic3d_studio.gui.preferences import Preferences


class WeightsChooser(QObject):
    """Opens a file dialog, which does not block, and hands the chosen files to the document."""

    def __init__(self, window: QWidget, *, document: Document, preferences: Preferences) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._preferences = preferences

    def ask(self) -> None:
        """Open the dialog in the folder that was used last."""
        folder = self._preferences.folder("import")
        chooser = file_dialog(self._window, text("Import weights"), at=folder, asks_for=FILES, names=FILE_FILTER)
        chooser.filesSelected.connect(self._on_chosen)
        chooser.open()

    def _on_chosen(self, paths: list[str]) -> None:
        self._preferences.remember_folder("import", Path(paths[0]).parent)
        self._document.import_weights([Path(path) for path in paths])
