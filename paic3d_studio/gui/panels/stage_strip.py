"""The method at a glance: one chip per step, what runs, how long it took, what is up to date."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from paic3d_studio.gui import theme
from paic3d_studio.gui.icons import icon
from paic3d_studio.gui.language import text
from paic3d_studio.pipeline.graph import StageReport

STEPS: Final = {
    "Picture": ("portrait",),
    "Face": ("found_landmarks", "landmarks"),
    "Cut-out": ("found_matte", "matte"),
    "Align": ("alignment", "aligned"),
    "Hulls": ("found_hulls", "hulls", "keep"),
    "Lines": ("lines", "line_mask"),
    "Infill": ("render_like",),
    "Field": ("tags", "field"),
    "View": ("stitch_source", "stitch_picture", "coarse_volume", "volume", "fine_volume"),
    "Mesh": ("lattice", "surface"),
    "Texture": ("upscaled", "textured", "inspection"),
}
"""What the artist knows as one step -> the stages it is made of."""

_APART: Final = ("fine_volume",)
"""Stages that come once the step is done, by a request of their own."""

_NOT_NEEDED: Final = (*_APART, "inspection")
"""Stages without which the step is done: what it gives is there."""

_DONE: Final = ("fresh", "cached")
_RANK: Final = ("running", "failed", "cancelled", "queued", "fresh", "cached")
"""States of stages; the first of them that occurs is the state of their step."""


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


class StepChip(QWidget):
    """One step: a mark, its name, and below it the state in a word or the seconds it took.

    Args:
        name: what the step is called.
        titles: its stages in the order in which they run, and what each does in a few words.
        seconds: stage -> how long it usually takes, for its share of the step's progress.
    """

    def __init__(self, name: str, *, titles: Mapping[str, str], seconds: Mapping[str, float]) -> None:
        super().__init__()
        self._is_new = False
        self._weights = {stage: seconds.get(stage, 1.0) for stage in titles}
        self._name = text(name)
        self._titles = {stage: text(title) for stage, title in titles.items()}
        self.reports: dict[str, StageReport | None] = dict.fromkeys(titles)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setObjectName(f"step-{name.lower()}")
        self._describe()

    @property
    def report(self) -> StageReport | None:
        """What there is to say of the step: of its stages the one that matters most, with the seconds of all."""
        known = [report for report in self.reports.values() if report is not None]
        missing = any(report is None and stage not in _NOT_NEEDED for stage, report in self.reports.items())
        if not known or (missing and all(report.state in _DONE for report in known)):
            return None
        first = min(known, key=lambda report: _RANK.index(report.state))
        seconds = first.seconds
        if first.state == "cached" and self._is_new:
            first = dataclasses.replace(first, state="fresh")  # made when the picture was read
            known = [dataclasses.replace(report, state="fresh") for report in known]
        if first.state == "fresh":
            seconds = sum(report.seconds for report in known if report.state == "fresh")
        progress = self._progress_of(first) if first.state == "running" else first.progress
        return dataclasses.replace(first, seconds=seconds, progress=progress)

    def _progress_of(self, running: StageReport) -> float:
        """Return how far the step is, 0..1, while one of its stages runs: those above it in the list are done."""
        weights = {stage: w for stage, w in self._weights.items() if stage not in _APART or stage == running.stage}
        stages = list(weights)
        above = sum(weights[stage] for stage in stages[: stages.index(running.stage)])
        return (above + running.progress * weights[running.stage]) / sum(weights.values())

    def count_as_new(self, is_new: bool) -> None:
        """Say whether what is known of the step's stages was made for the picture that was just opened."""
        self._is_new = is_new
        self._describe()
        self.update()

    @property
    def state_text(self) -> str:
        """The state in a word or a number."""
        return _state_text(self.report)

    def take(self, stage: str, report: StageReport | None) -> None:
        """Show a report of one of its stages."""
        self.reports[stage] = report
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
        if state == "cancelled" and not _was_stopped(self.report):
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
        lines = []
        for stage, title in self._titles.items():
            report = self.reports[stage]
            lines.append(f"{title}: {_state_text(report)}")
            if report is not None and report.seconds and report.state != "fresh":
                took = _seconds(report.seconds)
                lines[-1] += f" ({took if report.state == 'running' else text('took {seconds}', seconds=took)})"
            if report is not None and report.message:
                lines.append(text(report.message))
        self.setToolTip("\n".join(lines))
        self.setAccessibleName(text("Stage {name}: {state}", name=self._name, state=self.state_text))


def _state_text(report: StageReport | None) -> str:
    if report is None:
        return text("not needed yet")
    return {
        "running": f"{report.progress:.0%}" if report.progress > 0 else text("runs…"),
        "fresh": _seconds(report.seconds),
        "cached": text("unchanged"),
        "failed": text("failed"),
        "cancelled": text("stopped") if _was_stopped(report) else text("not reached"),
        "queued": text("waits"),
    }[report.state]


def _was_stopped(report: StageReport | None) -> bool:
    """Whether the artist stopped the stage itself; the ones below it, or below a failed one, were not reached."""
    return report is not None and report.seconds > 0


class StageStrip(QFrame):
    """Chips of all steps in order, and the button that stops what runs.

    Args:
        stages: names and titles, in order; one that no step knows stands for itself.
        seconds: stage -> how long it usually takes; all alike where none is told.
    """

    cancel_wanted = Signal()

    def __init__(self, stages: Iterable[tuple[str, str]], *, seconds: Mapping[str, float] | None = None) -> None:
        super().__init__()
        self.setObjectName("stageStrip")
        self.setAccessibleName(text("Stages"))
        titles = dict(stages)
        steps = {name: known for name, inside in STEPS.items() if (known := [s for s in inside if s in titles])}
        grouped = {stage for inside in steps.values() for stage in inside}
        steps |= {stage.capitalize(): [stage] for stage in titles if stage not in grouped}
        self.chips = {
            name: StepChip(name, titles={stage: titles[stage] for stage in inside}, seconds=seconds or {})
            for name, inside in steps.items()
        }
        self._chip_of = {stage: self.chips[name] for name, inside in steps.items() for stage in inside}
        self._stop = QPushButton(text("Stop"))
        self._stop.setIcon(icon("cancel"))
        self._stop.setToolTip(text("Stop what runs") + "  (Esc)")
        self._stop.setAccessibleName(text("Stop what runs"))
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
        self.show_stage(report.stage, report)

    def show_stage(self, stage: str, report: StageReport | None) -> None:
        """Show a report of a stage, or that nothing is known of it."""
        chip = self._chip_of.get(stage)
        if chip is not None:
            chip.take(stage, report)

    def states(self) -> dict[str, str]:
        """Return stage -> state; stages without a report are left out."""
        told = {stage: report for chip in self.chips.values() for stage, report in chip.reports.items()}
        return {stage: report.state for stage, report in told.items() if report is not None}

    def clear(self) -> None:
        """Forget every report, for another picture."""
        for stage in self._chip_of:
            self.show_stage(stage, None)

    def count_as_new(self, is_new: bool) -> None:
        """Say whether what is known was made for the picture that was just opened: then nothing of it is unchanged."""
        for chip in self.chips.values():
            chip.count_as_new(is_new)

    def set_busy(self, busy: bool) -> None:
        """Offer to stop while something runs; the button keeps its place."""
        self._stop.setEnabled(busy)


def _seconds(seconds: float) -> str:
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
