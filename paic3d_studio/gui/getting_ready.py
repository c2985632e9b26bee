"""What is done while nothing is to be done: the networks' library is loaded, then shaders are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.gui.importing import choices
from paic3d_studio.gui.runner import Deliver, Runner
from paic3d_studio.pipeline.child import run_in_child
from paic3d_studio.pipeline.stages import prepare_networks
from paic3d_studio.viewport.rehearsal import rehearse

_REST: Final = 1500
"""Milliseconds without work after which shaders are compiled: that takes a child process, and seconds."""


class GettingReady(QObject):
    """Asks for one thing after the other whenever nothing else runs; anything that is asked for stops it.

    Each is asked for until it came to an end once, good or bad: the window does without, and says why where it cannot.
    """

    def __init__(self, runner: Runner, *, is_free: Callable[[], bool], parent: QObject | None = None) -> None:
        """`is_free` says that nothing else is done anywhere, and no gesture is under way."""
        super().__init__(parent)
        self._runner = runner
        self._is_free = is_free
        self._left = ["warm-up", "rehearsal"]
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._rehearse)
        runner.finished.connect(self._on_ended)
        runner.failed.connect(self._on_ended)

    def go_on(self) -> None:
        """Do what is left; call it whenever nothing runs any more."""
        if not self._is_free():
            return
        if "warm-up" in self._left:
            self._runner.submit("warm-up", _warm_up, title="Getting ready")
        elif self._left:
            self._rest.start()

    def _rehearse(self) -> None:
        if self._left and self._is_free():
            self._runner.submit("rehearsal", _rehearse, title="Getting ready")

    def _on_ended(self, lane: str, outcome: object) -> None:
        del outcome
        if lane in self._left:
            self._left.remove(lane)


def _warm_up(monitor: Monitor, deliver: Deliver) -> None:
    """Import what the first reconstruction would have to import, and hand out what the settings choose from."""
    prepare_networks(threads=None, monitor=monitor)
    deliver("choices", choices())


def _rehearse(monitor: Monitor, deliver: Deliver) -> None:  # noqa: ARG001 nothing comes before the end
    run_in_child(rehearse, monitor=monitor)
