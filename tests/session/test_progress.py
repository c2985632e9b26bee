"""Progress in a terminal, and in a log."""

import io

from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.session.progress import TerminalProgress

TITLES = {"field": "Reconstructing"}


def test_in_a_terminal_one_line_is_rewritten_and_taken_away():
    stream = io.StringIO()
    progress = TerminalProgress(stream, titles=TITLES, live=True)
    progress.on_progress(0.1, "a long description")
    progress.on_progress(0.2, "short")
    progress.on_stage(StageReport("field", "fresh", 1.0))
    progress.say("done")
    assert "\n" not in stream.getvalue().removesuffix("done\n")
    assert screen(stream.getvalue()) == ["done", ""]


def test_without_a_terminal_every_finished_stage_is_one_line():
    stream = io.StringIO()
    progress = TerminalProgress(stream, titles=TITLES)
    progress.on_progress(0.5, "half")
    progress.on_stage(StageReport("field", "running", 0.5))
    progress.on_stage(StageReport("field", "fresh", 1.25))
    progress.on_stage(StageReport("field", "cached", 1.25))
    assert stream.getvalue().split() == ["Reconstructing", "1.25", "s"]


def screen(written: str) -> list[str]:
    """What a terminal shows of this: a carriage return goes back to the start of the line."""
    lines = []
    for line in written.split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return lines
