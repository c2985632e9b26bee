"""The method at a glance: one chip per stage, what runs, how long it took, what is up to date."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from paic3d_studio.gui import theme
from paic3d_studio.gui.icons import icon
from paic3d_studio.gui.widgets import ElidedLabel
from paic3d_studio.pipeline.graph import StageReport

_SHORT: Final = {
    "line_mask": "Mask",
    "render_like": "Infill",
    "keep": "Keep",
    "textured": "Texture",
    "inspection": "Check",
    "fine_volume": "Refined",
    "stitch_source": "Cut",
    "stitch_picture": "Stitch",
    "lattice": "Density",
    "found_landmarks": "Face",
    "found_matte": "Cut-out",
    "found_hulls": "Detect",
    "alignment": "Align",
    "aligned": "Square",
}
"""Stage names too long for a chip, or less clear than another word."""


def _colour(state: str | None) -> QColor:
    """Return the colour of a state; one that is not known yet is as faint as what is not needed."""
    return QColor(
        {
            "running": theme.ACCENT,
            "fresh": theme.GOOD,
            "cached": theme.GOOD,
            "failed": theme.BAD,
            "cancelled": theme.WARM,
            "queued": theme.TEXT_FAINT,
        }.get(state or "", theme.RAISED)
    )


class StageChip(QWidget):
    """One stage: a mark, its name, and below it the state in a word or the seconds it took."""

    def __init__(self, stage: str, *, title: str) -> None:
        super().__init__()
        self._name = _SHORT.get(stage, stage.replace("_", " ").capitalize())
        self._title = title
        self.report: StageReport | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setObjectName(f"stage-{stage}")
        self._describe()

    @property
    def state_text(self) -> str:
        """The state in a word or a number."""
        report = self.report
        if report is None:
            return "not needed yet"
        return {
            "running": f"{report.progress:.0%}" if report.progress > 0 else "runs…",
            "fresh": _seconds(report.seconds),
            "cached": "cached",
            "failed": "failed",
            "cancelled": "stopped" if self._was_stopped else "not reached",
            "queued": "waits",
        }[report.state]

    @property
    def _was_stopped(self) -> bool:
        """Whether the artist stopped the stage itself; the ones below it, or below a failed one, were not reached."""
        return self.report is not None and self.report.seconds > 0

    def take(self, report: StageReport | None) -> None:
        """Show a report of this stage."""
        self.report = report
        self._describe()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """Two short lines."""
        return QSize(92, 44)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """As narrow as lets all stages stand side by side in a small window; the tool tip has what is cut off."""
        return QSize(30, 44)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 Qt's name
        """Draw track, mark, name and state."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        state = self.report.state if self.report else None
        if state == "cancelled" and not self._was_stopped:
            state = "queued"
        colour = _colour(state)
        self._draw_track(painter, state=state, colour=colour)
        self._draw_texts(painter, state=state, colour=colour)
        painter.end()

    def _draw_track(self, painter: QPainter, *, state: str | None, colour: QColor) -> None:
        track = QRectF(3, 4, self.width() - 6, 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.CONTROL))
        painter.drawRoundedRect(track, 1.5, 1.5)
        share = {"running": max(self.report.progress, 0.04) if self.report else 0.0, "queued": 0.0, None: 0.0}.get(
            state, 1.0
        )
        if share > 0:
            done = QColor(colour)
            done.setAlphaF(0.5 if state == "cached" else 1.0)
            painter.setBrush(done)
            painter.drawRoundedRect(QRectF(track.left(), track.top(), track.width() * share, 3), 1.5, 1.5)

    def _draw_texts(self, painter: QPainter, *, state: str | None, colour: QColor) -> None:
        name_font = QFont(self.font())
        name_font.setPointSizeF(self.font().pointSizeF() * 0.92)
        if state == "running":
            name_font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(name_font)
        painter.setPen(
            QPen(
                QColor(theme.TEXT if state in ("running", "failed") else theme.TEXT_SOFT if state else theme.TEXT_FAINT)
            )
        )
        metrics = QFontMetricsF(name_font)
        box = QRectF(3, 11, self.width() - 5, 16)
        painter.drawText(
            box, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(self._name, Qt.TextElideMode.ElideRight, box.width())
        )
        state_font = QFont(self.font())
        state_font.setPointSizeF(self.font().pointSizeF() * 0.84)
        painter.setFont(state_font)
        told = self.state_text if state else ""
        painter.setPen(QPen(colour if state in ("running", "failed", "cancelled") else QColor(theme.TEXT_FAINT)))
        metrics = QFontMetricsF(state_font)
        box = QRectF(3, 27, self.width() - 5, 15)
        painter.drawText(
            box, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(told, Qt.TextElideMode.ElideRight, box.width())
        )

    def _describe(self) -> None:
        report = self.report
        lines = [self._title, self.state_text]
        if report is not None and report.seconds:
            lines[1] += f" ({'took ' if report.state != 'running' else ''}{_seconds(report.seconds)})"
        if report is not None and report.message:
            lines.append(report.message)
        self.setToolTip("\n".join(lines))
        self.setAccessibleName(f"Stage {self._name}: {self.state_text}")


class StageStrip(QFrame):
    """Chips of all stages in order, the job that runs, and the button that stops it."""

    cancel_wanted = Signal()

    def __init__(self, stages: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self.setObjectName("stageStrip")
        self.setAccessibleName("Stages")
        self.chips = {name: StageChip(name, title=title) for name, title in stages}
        self._doing = ElidedLabel(role="soft", mode=Qt.TextElideMode.ElideRight)
        self._stop = QPushButton("Stop")
        self._stop.setIcon(icon("cancel"))
        self._stop.setToolTip("Stop what runs  (Esc)")
        self._stop.setAccessibleName("Stop what runs")
        self._stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._stop.clicked.connect(self.cancel_wanted)
        chips = QHBoxLayout()
        chips.setSpacing(2)
        for chip in self.chips.values():
            chips.addWidget(chip, 1)
        side = QVBoxLayout()
        side.setSpacing(2)
        side.addWidget(self._stop)
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 6, 12, 6)
        line.setSpacing(12)
        line.addLayout(chips, 1)
        line.addLayout(side)
        self.set_busy(False)

    def take(self, report: StageReport) -> None:
        """Show a report; a stage that has no chip is ignored."""
        chip = self.chips.get(report.stage)
        if chip is not None:
            chip.take(report)

    def states(self) -> dict[str, str]:
        """Return stage -> state as shown; stages without a report are left out."""
        return {name: chip.report.state for name, chip in self.chips.items() if chip.report is not None}

    def clear(self) -> None:
        """Forget every report, for another picture."""
        for chip in self.chips.values():
            chip.take(None)

    def set_busy(self, busy: bool) -> None:
        """Offer to stop while something runs; the button keeps its place."""
        self._stop.setEnabled(busy)


def _seconds(seconds: float) -> str:
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
