"""Starts the studio: surface format, theme, log, window, and the picture to begin with."""

from __future__ import annotations

import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import Sequence
from traceback import format_exception
from types import TracebackType
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from paic3d_studio import __version__
from paic3d_studio.core.monitor import join_abandoned
from paic3d_studio.gui.appearance import dress
from paic3d_studio.gui.icons import app_icon
from paic3d_studio.gui.log_dialog import log_file
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.viewport_widget import install_surface_format
from paic3d_studio.gui.windows import Windows
from paic3d_studio.paths import example_picture
from paic3d_studio.session.session import Session

log = logging.getLogger(__name__)

_LOG_BYTES: Final = 1_000_000
_JOIN_SECONDS: Final = 30.0


def run(paths: Sequence[str]) -> int:
    """Open the studio on `paths`, each in a window, until every window is closed.

    Without any it begins with its start page; the first time with the bundled example and a tour.

    Returns:
        The exit code for the shell: 0.
    """
    _start_log()
    install_surface_format()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("PAiC-3D Studio")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("paic3d-studio")
    app.setWindowIcon(app_icon())
    preferences = Preferences()
    dress(app, preferences)
    windows = Windows(_new_session, preferences=preferences)
    bugs = BugReporter(windows)
    sys.excepthook = bugs.report
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    window = windows.new()
    first = paths[0] if paths else ""
    if window.welcome.is_first_start and not paths and example_picture().is_file():
        first = str(example_picture())
        window.welcome.want_tour()
    if not first:
        window.offer_what_a_crash_left()
    else:
        QTimer.singleShot(0, window, _Opening(window, first).open)
    for path in paths[1:]:
        windows.open(path)
    code = app.exec()
    windows.join(seconds=_JOIN_SECONDS)
    join_abandoned(seconds=_JOIN_SECONDS)
    preferences.close()
    sys.excepthook = sys.__excepthook__
    return code


def _new_session() -> Session:
    return Session(threads=max(1, (os.cpu_count() or 2) - 1))


class _Opening(QObject):
    """Opens the first picture once the window is on the screen."""

    def __init__(self, window: MainWindow, path: str) -> None:
        super().__init__(window)
        self._window = window
        self._path = path

    def open(self) -> None:
        """Open it, and ask about what a crash left once it is there."""
        self._window.document.opened.connect(self._ask)
        self._window.open_picture(self._path)

    def _ask(self) -> None:
        self._window.document.opened.disconnect(self._ask)
        self._window.offer_what_a_crash_left()


class BugReporter(QObject):
    """Brings what nobody caught to the log whole, and one sentence of it to the active window; from any thread."""

    _told = Signal(str, str)

    def __init__(self, windows: Windows) -> None:
        super().__init__(windows)
        self._windows = windows
        self._told.connect(self._tell)

    def report(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        """Take the place of `sys.excepthook`."""
        log.critical("nobody caught this", exc_info=(kind, error, traceback))
        if not isinstance(error, KeyboardInterrupt):
            details = "".join(format_exception(kind, error, traceback))
            self._told.emit(f"{kind.__name__}: {error}", details)

    def _tell(self, what: str, details: str) -> None:
        window = self._windows.active
        if window is not None:
            window.outcomes.tell_of_bug(what, details=details)


def _start_log() -> None:
    """Write warnings and errors to a file in the artist's folder, and to the terminal."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.handlers.RotatingFileHandler(log_file(), maxBytes=_LOG_BYTES, backupCount=1))
    except OSError:
        pass  # a folder that cannot be written is no reason not to work
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=handlers
    )
