"""What nobody waits for: the networks' library is loaded in a pause, shaders are compiled beside everything else."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.gui.importing import choices
from paic3d_studio.gui.runner import Deliver, Runner
from paic3d_studio.pipeline.child import run_in_child
from paic3d_studio.pipeline.stages import prepare_networks
from paic3d_studio.viewport.rehearsal import rehearse


class GettingReady(QObject):
    """Has each done once, good or bad: the window does without, and says why where it cannot."""

    def __init__(self, runner: Runner, *, is_free: Callable[[], bool], parent: QObject | None = None) -> None:
        """`runner` works for the artist; `is_free` says that nothing is done anywhere, and no gesture is under way."""
        super().__init__(parent)
        self._runner = runner
        self._is_free = is_free
        self.beside = Runner(self)
        """Owns the thread that waits for the child process in which shaders are compiled."""
        self._is_warm = self._rehearses = False
        runner.finished.connect(self._on_ended)
        runner.failed.connect(self._on_ended)

    def rehearse(self) -> None:
        """Have shaders compiled, unless that was asked for before; call it when there is something to draw."""
        if not self._rehearses:
            self._rehearses = True
            self.beside.submit("rehearsal", _rehearse)

    def warm_up(self) -> None:
        """Load the networks' library, unless it came to an end before; call it whenever nothing runs any more.

        Anything that is asked for stops it.
        """
        if not self._is_warm and self._is_free():
            self._runner.submit("warm-up", _warm_up, title="Getting ready")

    def _on_ended(self, lane: str, outcome: object) -> None:
        del outcome
        self._is_warm |= lane == "warm-up"


def _warm_up(monitor: Monitor, deliver: Deliver) -> None:
    """Import what the first reconstruction would have to import, and hand out what the settings choose from."""
    prepare_networks(threads=None, monitor=monitor)
    deliver("choices", choices())


def _rehearse(monitor: Monitor, deliver: Deliver) -> None:  # noqa: ARG001 nothing comes before the end
    run_in_child(rehearse, steps_back=True, monitor=monitor)
