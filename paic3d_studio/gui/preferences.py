"""What the studio remembers between two days: window, folders, layers. Kept in the artist's own folder."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QEvent, QSettings, QTimer
from PySide6.QtWidgets import QMainWindow, QSplitter

from paic3d_studio.gui.picture_layers import DEFAULT_LAYERS, LayerState
from paic3d_studio.paths import user_folder

MOST_RECENT: Final = 12
"""How many recent files are kept."""


_WRITTEN_AFTER: Final = 500
"""Milliseconds after a change until the file is written, with what changed meanwhile."""


class _Settings(QSettings):
    """A settings file that is not written when the window has nothing to do: waiting for a disk would hold it up."""

    def event(self, event: QEvent) -> bool:
        return event.type() == QEvent.Type.UpdateRequest or super().event(event)


class Preferences:
    """A QSettings file with names, written on a thread of its own; what cannot be read counts as not set."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or user_folder() / "studio.ini"
        self._folder = self._file.parent
        self._stored = _Settings(str(self._file), QSettings.Format.IniFormat)
        self._writing = QTimer(singleShot=True, interval=_WRITTEN_AFTER)
        self._writing.timeout.connect(self._write)

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
        self._keep("recent", json.dumps([str(kept) for kept in (file, *others)[:MOST_RECENT]]))

    def forget_recent(self) -> None:
        """Empty the list of recent files."""
        self._keep("recent", "[]")

    def restore_window(self, window: QMainWindow, *, splitter: QSplitter) -> bool:
        """Give the window its last size and place; False the first time."""
        geometry = self._stored.value("window/geometry")
        split = self._stored.value("window/splitter")
        if isinstance(split, QByteArray):
            splitter.restoreState(split)
        return isinstance(geometry, QByteArray) and bool(window.restoreGeometry(geometry))

    def remember_window(self, window: QMainWindow, *, splitter: QSplitter) -> None:
        """Keep the window's size and place."""
        self._keep("window/geometry", window.saveGeometry())
        self._keep("window/splitter", splitter.saveState())

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
        self._keep("layers", json.dumps(kept))

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
        self._keep(f"folders/{purpose}", str(folder))

    def text(self, name: str, default: str) -> str:
        """Return a short text kept under `name`."""
        return str(self._stored.value(name, default))

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a yes or no kept under `name`."""
        return self._stored.value(name, "true" if default else "false") in ("true", True)

    def remember(self, name: str, value: str | bool) -> None:
        """Keep a short text or a yes or no."""
        self._keep(name, value)

    def save(self) -> None:
        """Write everything to the file now."""
        self._writing.stop()
        self._stored.sync()

    def _keep(self, name: str, value: object) -> None:
        self._stored.setValue(name, value)
        self._writing.start()

    def _write(self) -> None:
        """Write what changed on another thread; settings of one file share what is to be written."""
        file = str(self._file)
        threading.Thread(target=lambda: QSettings(file, QSettings.Format.IniFormat).sync(), name="preferences").start()
