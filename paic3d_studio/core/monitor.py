"""Progress and cancel for anything that takes longer than a second."""

from __future__ import annotations

from collections.abc import Callable

from paic3d_studio.errors import Cancelled


class Monitor:
    """Where a stage reports progress, and asks whether it should stop.

    Spans nest: a child reports 0..1 of its own work and the parent maps it into its share.

    Args:
        on_progress: called with the fraction done (0..1 of the whole) and a few words; None keeps silent.
        cancelled: asked at each check; True stops the work.
    """

    def __init__(
        self,
        on_progress: Callable[[float, str], None] | None = None,
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._on_progress = on_progress
        self._cancelled = cancelled

    def check(self) -> None:
        """Raise Cancelled when the work should stop; call it between chunks.

        Raises:
            Cancelled: the artist cancelled, or a newer request replaced this one.
        """
        if self._cancelled is not None and self._cancelled():
            raise Cancelled

    def report(self, fraction: float, text: str = "") -> None:
        """Say how far the work is, 0..1, and check for cancel.

        Raises:
            Cancelled: as `check`.
        """
        self.check()
        if self._on_progress is not None:
            self._on_progress(min(max(fraction, 0.0), 1.0), text)

    def child(self, start: float, end: float, text: str = "") -> Monitor:
        """Return a monitor whose 0..1 is `start`..`end` of this one; `text` stands in where the child says nothing."""

        def forward(fraction: float, own_text: str) -> None:
            if self._on_progress is not None:
                self._on_progress(start + (end - start) * fraction, own_text or text)

        return Monitor(forward, cancelled=self._cancelled)


SILENT = Monitor()
"""A monitor that reports nowhere and never cancels."""
