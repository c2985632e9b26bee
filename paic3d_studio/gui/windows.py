"""The studio's windows: one project each, side by side in one program."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtWidgets import QApplication

from paic3d_studio.gui.interpreter import collect_everything
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.queue_window import QueueWindow
from paic3d_studio.gui.rescue import Rescue
from paic3d_studio.gui.wish_to_open import Source
from paic3d_studio.project.file import SUFFIX
from paic3d_studio.session.session import Session

_STEP: Final = 36
"""Pixels by which a new window lies lower and further right than the one it came from."""

_LOOK_AGAIN: Final = 250
"""Milliseconds after which a thread that said it ended is looked for again: it says so a little before."""


class Windows(QObject):
    """Makes windows, and keeps those that live; they share what the studio remembers, and nothing else."""

    def __init__(self, new_session: Callable[[], Session], *, preferences: Preferences | None = None) -> None:
        super().__init__()
        self._new_session = new_session
        self._preferences = preferences or Preferences()
        self._open: list[MainWindow] = []
        self._unjoined: list[MainWindow] = []
        self._look_again = QTimer(self, singleShot=True, interval=_LOOK_AGAIN)
        self._look_again.timeout.connect(self._free_ended)
        self._clear_away = QTimer(self, singleShot=True, interval=_LOOK_AGAIN)
        self._clear_away.timeout.connect(collect_everything)
        self.queue: QueueWindow | None = None
        """Made when it is first asked for."""

    @property
    def open_windows(self) -> tuple[MainWindow, ...]:
        """Those on the screen, the oldest first."""
        return tuple(self._open)

    @property
    def active(self) -> MainWindow | None:
        """The one the artist works in; the newest where none has the focus."""
        front = QApplication.activeWindow()
        if isinstance(front, MainWindow) and front in self._open:
            return front
        return self._open[-1] if self._open else None

    def new(self) -> MainWindow:
        """Show another window, empty, beside the active one."""
        before = self.active
        window = MainWindow(self._new_session(), preferences=self._preferences)
        window.window_wanted.connect(self.open)
        window.queue_wanted.connect(self.show_queue)
        window.quit_wanted.connect(self.close_all)
        window.rescue_offer.window_wanted.connect(self.bring_back)
        window.closed.connect(self._forget_closed)
        window.thread_ended.connect(self._free_ended)
        window.opening.raise_elsewhere = partial(self._raise_with, other_than=window)
        self._open.append(window)
        if before is not None:
            window.setGeometry(_beside(before))
        window.show()
        return window

    def open(self, source: Source | None = None, name: str = "") -> None:
        """Show another window with a picture or project in it, or empty; or the window that has this project open."""
        if isinstance(source, str) and self._raise_with(Path(source)):
            return
        window = self.new()
        if source:
            window.open_picture(source, name=name)

    def bring_back(self, rescue: Rescue) -> None:
        """Show another window with what a crash left."""
        self.new().keeping.bring_back(rescue)

    def show_queue(self) -> None:
        """Bring the queue to the front."""
        if self.queue is None:
            self.queue = QueueWindow(preferences=self._preferences)
            self.queue.open_wanted.connect(self.open)
        self.queue.show()
        self.queue.raise_()
        self.queue.activateWindow()

    def close_all(self) -> None:
        """Close every window; one with work to lose comes to the front, asks, and stays until it is answered."""
        for window in reversed(self.open_windows):
            if not window.close():
                _bring_to_front(window)

    def join(self, *, seconds: float) -> None:
        """Wait so long for the work of windows that are out of sight already; a thread is joined, never terminated."""
        end = time.monotonic() + seconds
        for window in (*self._open, *self._unjoined):
            window.join(seconds=max(0.0, end - time.monotonic()))
        if self.queue is not None:
            self.queue.join(seconds=max(0.0, end - time.monotonic()))

    def _raise_with(self, file: Path, *, other_than: MainWindow | None = None) -> bool:
        """Bring the window that has a project open, or is opening it, to the front; False when none has."""
        if file.suffix.lower() != SUFFIX:
            return False
        for window in self._open:
            if window is not other_than and _same(file, window.document.opening or window.keeping.path):
                _bring_to_front(window)
                return True
        return False

    def _free_ended(self) -> None:
        """Free the closed windows whose threads have all come to their end."""
        for window in list(self._unjoined):
            if window.join(seconds=0.0):
                self._unjoined.remove(window)
                window.deleteLater()
                self._clear_away.start()
        if self._unjoined:
            self._look_again.start()

    def _forget_closed(self) -> None:
        for window in [window for window in self._open if window.is_closed]:
            self._open.remove(window)
            self._unjoined.append(window)  # a thread that still runs must not lose its owner
        self._free_ended()
        if not self._open and self.queue is not None:
            if self.queue.running:
                self.show_queue()  # it goes on until it is closed itself
                self.queue.tell_that_it_is_last()
            else:
                self.queue.close()


def _bring_to_front(window: MainWindow) -> None:
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.raise_()
    window.activateWindow()


def _same(file: Path, other: Path | None) -> bool:
    """Return whether two paths lead to one file; a file that is gone is only itself by name."""
    if other is None:
        return False
    try:
        return file.samefile(other)
    except OSError:
        return file.absolute() == other.absolute()


def _beside(window: MainWindow) -> QRect:
    """Return where another window goes: a step beside this one, as large as it is when it fills no screen, in sight."""
    room = window.screen().availableGeometry()
    beside = window.normalGeometry().translated(_STEP, _STEP)
    beside.setSize(beside.size().boundedTo(room.size()))
    beside.moveRight(min(beside.right(), room.right()))
    beside.moveBottom(min(beside.bottom(), room.bottom()))
    beside.moveTopLeft(QPoint(max(beside.left(), room.left()), max(beside.top(), room.top())))
    return beside
