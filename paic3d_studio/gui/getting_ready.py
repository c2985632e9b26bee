"""What nobody waits for, done beside everything else: the networks' library is loaded, then shaders are compiled."""

from __future__ import annotations

import logging
import threading
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.gui.importing import choices
from paic3d_studio.gui.runner import Deliver, Runner
from paic3d_studio.pipeline.child import run_in_child
from paic3d_studio.pipeline.stages import prepare_networks
from paic3d_studio.viewport.rehearsal import rehearse

log = logging.getLogger(__name__)

_REST: Final = 1000
"""Milliseconds after which a window that stands empty gets ready."""


_rehearsed: Final = threading.Event()
"""Whether a window of this program has had shaders compiled."""


class GettingReady(QObject):
    """Has all of it done once for a window, well or not: it does without, and says why where it cannot."""

    choices_known = Signal(object)
    """What the settings can choose from, as `importing.choices`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runner = Runner(self)
        """Owns the thread."""
        self.runner.delivered.connect(self._on_delivered)
        self.runner.failed.connect(self._on_failed)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self.begin)
        self._begun = False

    def begin_soon(self) -> None:
        """Begin after a rest; call it when the window is shown."""
        self._rest.start()

    def begin(self) -> None:
        """Begin, unless that was asked for before; call it when a picture is opened, which needs all of it."""
        if not self._begun:
            self._begun = True
            self.runner.submit("getting-ready", _get_ready)

    def _on_failed(self, lane: str, error: Exception) -> None:
        log.warning("%s came to no end", lane, exc_info=error)

    def _on_delivered(self, lane: str, name: str, value: object) -> None:
        del lane, name
        self.choices_known.emit(value)


def _get_ready(monitor: Monitor, deliver: Deliver) -> None:
    """Import what the first reconstruction has to import, then draw in every way that a view can be drawn.

    In this order: to start a child while the library is opened takes as long as that, and the window waits for it.
    """
    prepare_networks(threads=None, monitor=monitor)
    deliver("choices", choices())
    if not _rehearsed.is_set():
        run_in_child(rehearse, steps_back=True, monitor=monitor)
        _rehearsed.set()
