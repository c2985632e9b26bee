"""What the studio remembers between two days: window, folders, layers. Kept in the artist's own folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QMainWindow, QSplitter

from paic3d_studio.gui.picture_layers import DEFAULT_LAYERS, LayerState
from paic3d_studio.paths import user_folder

MOST_RECENT: Final = 12
"""How many recent files are kept."""


class Preferences:
    """A QSettings file with names; what cannot be read counts as not set."""

    def __init__(self, file: Path | None = None) -> None:
        file = file or user_folder() / "studio.ini"
        self._folder = file.parent
        self._stored = QSettings(str(file), QSettings.Format.IniFormat)

    @property
    def folder_of_rescues(self) -> Path:
        """Where copies of unsaved edits lie."""
        return self._folder / "autosave"

    @property
    def recent_files(self) -> list[Path]:
        """Pictures and projects that were open, the newest first; some may be gone by now."""
        try:
            listed = json.loads(str(self._stored.value("recent", "[]")))
        except ValueError:
            return []
        return [Path(file) for file in listed if isinstance(file, str)] if isinstance(listed, list) else []

    def remember_recent(self, file: Path) -> None:
        """Put a file on top of the list of recent ones."""
        file = file.absolute()
        others = [other for other in self.recent_files if other != file]
        self._stored.setValue("recent", json.dumps([str(kept) for kept in (file, *others)[:MOST_RECENT]]))

    def forget_recent(self) -> None:
        """Empty the list of recent files."""
        self._stored.remove("recent")

    def restore_window(self, window: QMainWindow, *, splitter: QSplitter) -> bool:
        """Give the window its last size and place; False the first time."""
        geometry = self._stored.value("window/geometry")
        split = self._stored.value("window/splitter")
        if isinstance(split, QByteArray):
            splitter.restoreState(split)
        return isinstance(geometry, QByteArray) and bool(window.restoreGeometry(geometry))

    def remember_window(self, window: QMainWindow, *, splitter: QSplitter) -> None:
        """Keep the window's size and place."""
        self._stored.setValue("window/geometry", window.saveGeometry())
        self._stored.setValue("window/splitter", splitter.saveState())

    @property
    def layers(self) -> dict[str, LayerState]:
        """How the layers were shown last."""
        states = dict(DEFAULT_LAYERS)
        try:
            for name, (visible, opacity) in json.loads(str(self._stored.value("layers", "{}"))).items():
                if name in states:
                    states[name] = LayerState(bool(visible), min(max(float(opacity), 0.05), 1.0))
        except (ValueError, TypeError, AttributeError):
            return dict(DEFAULT_LAYERS)
        return states

    @layers.setter
    def layers(self, states: dict[str, LayerState]) -> None:
        kept = {name: (state.visible, state.opacity) for name, state in states.items()}
        self._stored.setValue("layers", json.dumps(kept))

    def folder(self, purpose: str, *, otherwise: Path | None = None) -> Path:
        """Return the folder used last for "open", "save", "export" or "import".

        When there is none, or it is gone: the folder `otherwise`, or the artist's home.
        """
        folder = Path(str(self._stored.value(f"folders/{purpose}", "")))
        if folder != Path() and folder.is_dir():
            return folder
        return otherwise if otherwise is not None and otherwise.is_dir() else Path.home()

    def remember_folder(self, purpose: str, folder: Path) -> None:
        """Keep a folder for the next time."""
        self._stored.setValue(f"folders/{purpose}", str(folder))

    def text(self, name: str, default: str) -> str:
        """Return a short text kept under `name`."""
        return str(self._stored.value(name, default))

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a yes or no kept under `name`."""
        return self._stored.value(name, "true" if default else "false") in ("true", True)

    def remember(self, name: str, value: str | bool) -> None:
        """Keep a short text or a yes or no."""
        self._stored.setValue(name, value)

    def save(self) -> None:
        """Write everything to the file."""
        self._stored.sync()
