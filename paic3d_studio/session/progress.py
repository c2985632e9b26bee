"""Progress in a terminal: one line that is rewritten, or one line per finished stage where nothing can be rewritten."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TextIO

from paic3d_studio.pipeline.graph import StageReport


class TerminalProgress:
    """Writes how far the work is.

    Args:
        stream: where to, usually standard error.
        titles: stage name -> words for it.
        live: whether the stream is a terminal whose line can be rewritten; None asks it.
    """

    def __init__(self, stream: TextIO, *, titles: Mapping[str, str], live: bool | None = None) -> None:
        self._stream = stream
        self._titles = titles
        self._live = stream.isatty() if live is None else live
        self._drawn = 0

    def on_progress(self, fraction: float, text: str) -> None:
        """Rewrite the line with the share done and what is being done."""
        if not self._live:
            return
        width = shutil.get_terminal_size().columns - 1
        line = f"{100 * fraction:3.0f} %  {text}"[:width]
        self._stream.write("\r" + line.ljust(self._drawn))
        self._stream.flush()
        self._drawn = len(line)

    def on_stage(self, report: StageReport) -> None:
        """Say what a stage took, where lines cannot be rewritten."""
        if report.state == "fresh" and not self._live:
            self._stream.write(f"  {self._titles.get(report.stage, report.stage):28} {report.seconds:7.2f} s\n")
            self._stream.flush()

    def say(self, text: str) -> None:
        """Write a line of its own."""
        self.clear()
        self._stream.write(text + "\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the rewritten line away."""
        if self._live and self._drawn:
            self._stream.write("\r" + " " * self._drawn + "\r")
            self._stream.flush()
        self._drawn = 0
