"""The window on a real display, with OpenGL: what it feels like while the worker is busy."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.pulling import REFINED
from paic3d_studio.paths import example_picture
from paic3d_studio.project import edits
from paic3d_studio.session.session import Session

pytestmark = pytest.mark.window


@pytest.fixture(autouse=True)
def display(qapp: QApplication) -> None:
    """Skip where Qt has no display that can show OpenGL."""
    if QGuiApplication.platformName() in ("offscreen", "minimal"):
        pytest.skip("no display: run under xvfb-run with QT_QPA_PLATFORM=xcb")


def orbit(qtbot: QtBot, studio: MainWindow, *, seconds: float) -> float:
    """Turn the head with the mouse, and return the frames drawn per second."""
    viewport = studio.head.viewport
    drawn: list[float] = []
    viewport.frame_drawn.connect(drawn.append)
    start = QPoint(viewport.width() // 2, viewport.height() // 2)
    target = viewport.childAt(start) or viewport
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton

    def send(kind: QEvent.Type, x: float, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        at = QPointF(start.x() + x, start.y())
        event = QMouseEvent(kind, at, viewport.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(target, event)

    send(QEvent.Type.MouseButtonPress, 0, left, left)
    began = time.perf_counter()
    while (gone := time.perf_counter() - began) < seconds:
        send(QEvent.Type.MouseMove, 150 * float(np.sin(2 * gone)), none, left)
        qtbot.wait(8)
    send(QEvent.Type.MouseButtonRelease, 0, left, none)
    viewport.frame_drawn.disconnect(drawn.append)
    return len(drawn) / seconds


def test_the_head_turns_while_a_job_runs(qtbot: QtBot, studio: MainWindow, pace: object) -> None:
    idle = orbit(qtbot, studio, seconds=1.0)
    pace.seconds = 20
    studio.document.edit(lambda project: edits.set_seed(project, seed=2))
    qtbot.waitUntil(lambda: studio.workspace.strip.states().get("volume") == "running")
    busy = orbit(qtbot, studio, seconds=1.0)
    print(f"\nframes per second: {idle:.0f} idle, {busy:.0f} while a job runs")
    assert busy > 0
    assert studio.workspace.strip.states()["volume"] == "running"
    studio.document.stop()
    qtbot.waitUntil(lambda: not studio.document.runner.busy)


def test_the_head_is_drawn_and_a_drag_reaches_the_screen(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    qtbot.waitUntil(lambda: len(np.unique(studio.head.viewport.picture().reshape(-1, 3), axis=0)) > 50)
    before = studio.image.view.grab().toImage()
    x, y = studio.image.hulls.polygons["mouth"][0]
    took: list[float] = []
    studio.image.gesture.mask_shown.connect(took.append)
    pointer.press(float(x), float(y))
    for step in range(1, 13):
        pointer.drag_to(float(x) + 6 * step, float(y))
        qtbot.wait(25)
    assert studio.image.view.grab().toImage() != before
    pointer.release(float(x) + 72, float(y))
    print(f"\ndrag to mask on the screen: median {np.median(took):.1f} ms, worst {max(took):.1f} ms")


@pytest.mark.slow
def test_the_example_becomes_a_head_and_a_hull_edit_runs_only_what_follows_from_it(
    qtbot: QtBot, tmp_path: Path
) -> None:
    studio = MainWindow(
        Session(threads=max(1, (os.cpu_count() or 2) - 1)), preferences=Preferences(tmp_path / "studio.json")
    )
    qtbot.addWidget(studio)
    with qtbot.waitExposed(studio):
        studio.show()
    document, strip = studio.document, studio.workspace.strip
    with qtbot.waitSignal(document.refreshed, timeout=120_000):
        studio.open_picture(str(example_picture()))
    qtbot.waitUntil(lambda: len(np.unique(studio.head.viewport.picture().reshape(-1, 3), axis=0)) > 200, timeout=20_000)
    hull = studio.image.hulls.polygons["mouth"]
    with qtbot.waitSignal(document.refreshed, timeout=60_000):
        document.edit(
            lambda project: edits.move_hull_vertex(
                project, hulls=studio.image.hulls, feature="mouth", index=0, to=(hull[0][0] + 60, hull[0][1] + 40)
            )
        )
    shown = strip.states()
    assert {shown[stage] for stage in ("portrait", "landmarks", "matte", "aligned", "lines")} == {"cached"}
    assert {shown[stage] for stage in ("hulls", "keep", "line_mask", "render_like", "field", "volume")} == {"fresh"}
    with qtbot.waitSignal(document.refreshed, timeout=20_000):
        document.undo()
    assert {state for stage, state in strip.states().items() if stage != REFINED} == {"cached"}
    document.edit(lambda project: edits.set_seed(project, seed=1))
    busy = orbit(qtbot, studio, seconds=2.0)
    began = time.perf_counter()
    document.stop()
    qtbot.waitUntil(lambda: not document.runner.busy, timeout=20_000)
    print(f"\n{busy:.0f} frames per second while it reconstructs; stopped in {time.perf_counter() - began:.2f} s")
    studio.saving.leaves_work_behind = True
    studio.close()
    assert studio.join(seconds=20)


def test_the_program_starts_opens_the_picture_it_is_given_and_ends_cleanly(tmp_path: Path, picture: Path) -> None:
    script = textwrap.dedent(
        """
        import sys, threading
        from PySide6.QtCore import QObject, QTimer
        from paic3d_studio.gui import app
        from paic3d_studio.gui.main_window import MainWindow

        class Watch(QObject):
            def __init__(self, window):
                super().__init__(window)
                self.window = window
                window.document.opened.connect(self.seen)

            def seen(self, project):
                print("opened", project.picture.name, flush=True)
                QTimer.singleShot(200, self.window.close)

        show = MainWindow.show
        def watched(self):
            self.watch = Watch(self)
            show(self)
        MainWindow.show = watched
        code = app.run([sys.argv[1]])
        # A QThread that asked who it is stays listed as a dummy after its end.
        print("threads", *[t.name for t in threading.enumerate() if "Dummy" not in type(t).__name__], flush=True)
        sys.exit(code)
        """
    )
    environment = {**os.environ, "PAIC3D_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", script, str(picture)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["opened", "portrait.png", "threads", "MainThread"]
    assert "Traceback" not in done.stderr
    assert "QThread" not in done.stderr
