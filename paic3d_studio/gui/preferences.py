"""What the studio remembers between two days: window, folders, layers. Kept in the artist's own folder."""

from __future__ import annotations

import json
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QTimer
from PySide6.QtWidgets import QMainWindow, QSplitter

from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.gui.picture_layers import DEFAULT_LAYERS, LayerState
from paic3d_studio.paths import user_folder

log = logging.getLogger(__name__)

MOST_RECENT: Final = 12
"""How many recent files are kept."""

_WRITTEN_AFTER: Final = 500
"""Milliseconds after a change until the file is written, with what changed meanwhile."""


class Preferences:
    """A file of names and short texts; what cannot be read counts as not set.

    It is written on a thread of its own. (`QSettings` waits for the disk on the window's, which took up to two seconds
    where other programs kept it busy.) What another studio changed meanwhile stays, unless it was changed here too.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or user_folder() / "studio.json"
        self._kept = _read(self._file)
        self._changed: dict[str, str | bool] = {}
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="preferences")
        self._writing = QTimer(singleShot=True, interval=_WRITTEN_AFTER)
        self._writing.timeout.connect(self._write)

    @property
    def folder_of_rescues(self) -> Path:
        """Where copies of unsaved edits lie."""
        return self._file.parent / "autosave"

    @property
    def recent_files(self) -> list[Path]:
        """Pictures and projects that were open, the newest first; some may be gone by now."""
        try:
            listed = json.loads(str(self._kept.get("recent", "[]")))
        except ValueError:
            return []
        return [Path(file) for file in listed if isinstance(file, str)] if isinstance(listed, list) else []

    def remember_recent(self, file: Path) -> None:
        """Put a file on top of the list of recent ones."""
        file = file.absolute()
        others = [other for other in self.recent_files if other != file]
        self.remember("recent", json.dumps([str(kept) for kept in (file, *others)[:MOST_RECENT]]))

    def forget_recent(self) -> None:
        """Empty the list of recent files."""
        self.remember("recent", "[]")

    def restore_window(self, window: QMainWindow, *, splitter: QSplitter) -> bool:
        """Give the window its last size and place; False the first time."""
        splitter.restoreState(_bytes(self._kept.get("window/splitter")))
        return bool(window.restoreGeometry(_bytes(self._kept.get("window/geometry"))))

    def remember_window(self, window: QMainWindow, *, splitter: QSplitter) -> None:
        """Keep the window's size and place."""
        self.remember("window/geometry", _text(window.saveGeometry()))
        self.remember("window/splitter", _text(splitter.saveState()))

    @property
    def layers(self) -> dict[str, LayerState]:
        """How the layers were shown last."""
        states = dict(DEFAULT_LAYERS)
        try:
            for name, (visible, opacity) in json.loads(str(self._kept.get("layers", "{}"))).items():
                if name in states:
                    states[name] = LayerState(bool(visible), min(max(float(opacity), 0.05), 1.0))
        except (ValueError, TypeError, AttributeError):
            return dict(DEFAULT_LAYERS)
        return states

    @layers.setter
    def layers(self, states: dict[str, LayerState]) -> None:
        kept = {name: (state.visible, state.opacity) for name, state in states.items()}
        self.remember("layers", json.dumps(kept))

    def folder(self, purpose: str, *, otherwise: Path | None = None) -> Path:
        """Return the folder used last for "open", "save", "export" or "import".

        When there is none, or it is gone: the folder `otherwise`, or the artist's home.
        """
        folder = Path(str(self._kept.get(f"folders/{purpose}", "")))
        if folder != Path() and folder.is_dir():
            return folder
        return otherwise if otherwise is not None and otherwise.is_dir() else Path.home()

    def remember_folder(self, purpose: str, folder: Path) -> None:
        """Keep a folder for the next time."""
        self.remember(f"folders/{purpose}", str(folder))

    def text(self, name: str, default: str) -> str:
        """Return a short text kept under `name`."""
        return str(self._kept.get(name, default))

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a yes or no kept under `name`."""
        return self._kept.get(name, default) is True

    def remember(self, name: str, value: str | bool) -> None:
        """Keep a short text or a yes or no."""
        self._kept[name] = self._changed[name] = value
        self._writing.start()

    def save(self) -> None:
        """Write everything to the file now."""
        self._writing.stop()
        self._write().result()

    def close(self) -> None:
        """Write what is not written yet, and end the thread that does it; nothing is remembered after this."""
        self.save()
        self._writer.shutdown()

    def _write(self) -> Future[None]:
        changed, self._changed = self._changed, {}
        return self._writer.submit(_change, self._file, changed)


def _read(file: Path) -> dict[str, str | bool]:
    """Return what a file holds, nothing where it cannot be read."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = held.items() if isinstance(held, dict) else ()
    return {name: value for name, value in known if isinstance(value, str | bool)}


def _change(file: Path, changed: dict[str, str | bool]) -> None:
    """Change some of what a file holds; one that cannot be written is no reason not to work."""
    held = {**_read(file), **changed}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_files({file: json.dumps(held, indent=1, ensure_ascii=False).encode()})
    except (OSError, UserError) as error:
        log.warning("the preferences could not be written: %s", error)


def _text(state: QByteArray) -> str:
    """Return what Qt says about a window as text."""
    return bytes(state.toBase64().data()).decode("ascii")


def _bytes(state: object) -> QByteArray:
    """Return it as Qt said it; empty for anything else."""
    return QByteArray.fromBase64(state.encode()) if isinstance(state, str) else QByteArray()
