"""How long the window does not answer while an artist works: a scripted session with jobs running all the time.

xvfb-run -a -s '-screen 0 1600x1000x24' env PYTHONPATH=. QT_QPA_PLATFORM=xcb python tests/bench/bench_stalls.py

The session takes 300 s, or as many as are given behind the name. A timer that is due every 5 ms notes how late it
comes: while the window stands empty (which is the machine alone), while the example is opened, and while there is work.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from paic3d_studio.gui.appearance import dress
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.viewport_widget import install_surface_format
from paic3d_studio.paths import example_picture
from paic3d_studio.project import edits
from paic3d_studio.session.session import Session

PERIOD = 0.005
home = tempfile.TemporaryDirectory()
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


class Watch(QObject):
    """Notes how late each tick is, and what was being done."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[tuple[float, str]] = []
        self.doing = "nothing"
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(round(1000 * PERIOD))

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late.append((max(0.0, now - self._last - PERIOD), self.doing))
        self._last = now


class Artist:
    """Does what artists do, at their pace: one event every 16 ms while a button is down."""

    def __init__(self, window: MainWindow, watch: Watch) -> None:
        self.window, self.watch, self.lot = window, watch, random.Random(4)

    def live(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.001)

    def send(
        self, target: QWidget, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        where = target.mapToGlobal(at)
        QApplication.sendEvent(target, QMouseEvent(kind, at, where, button, held, Qt.KeyboardModifier.NoModifier))

    def drag(self, target: QWidget, start: QPointF, stop: QPointF, *, steps: int = 20) -> None:
        self.send(target, QEvent.Type.MouseMove, start, NONE, NONE)
        self.send(target, QEvent.Type.MouseButtonPress, start, LEFT, LEFT)
        for step in range(1, steps + 1):
            self.send(target, QEvent.Type.MouseMove, start + (stop - start) * (step / steps), NONE, LEFT)
            self.live(0.016)
        self.send(target, QEvent.Type.MouseButtonRelease, stop, LEFT, NONE)

    def on_picture(self, x: float, y: float) -> QPointF:
        return QPointF(*self.window.image.view.pan_zoom.to_screen((x, y)))

    def hull(self) -> None:
        self.window.image.choose_tool("hull")
        corners = self.window.image.hulls.polygons["mouth"]
        x, y = (float(place) for place in corners[self.lot.randrange(len(corners))])
        stop = self.on_picture(x + self.lot.uniform(-20, 20), y + self.lot.uniform(-20, 20))
        self.drag(self.window.image.view.viewport(), self.on_picture(x, y), stop)

    def brush(self) -> None:
        self.window.image.choose_tool(self.lot.choice(["brush", "eraser", "matte"]))
        x, y = self.lot.uniform(150, 350), self.lot.uniform(100, 350)
        self.drag(self.window.image.view.viewport(), self.on_picture(x, y), self.on_picture(x + 60, y + 30), steps=40)

    def orbit(self) -> None:
        viewport = self.window.head.viewport
        middle = QPointF(viewport.rect().center())
        self.drag(viewport, middle, middle + QPointF(self.lot.uniform(-200, 200), self.lot.uniform(-60, 60)), steps=40)

    def zoom(self) -> None:
        view = self.window.image.view
        for factor in (1.2, 1.2, 1 / 1.2, 1 / 1.2):
            view.zoom_by(factor)
            self.live(0.1)

    def undo(self) -> None:
        for _ in range(2):
            self.window.actions_by_name["undo"].trigger()
            self.live(0.15)
        self.window.actions_by_name["redo"].trigger()

    def settings(self) -> None:
        seed = self.lot.randrange(1000)
        self.window.document.edit(lambda project: edits.set_seed(project, seed=seed))

    def layers(self) -> None:
        self.window.image.shown.toggle("clean", self.lot.random() < 0.5)

    def shading(self) -> None:
        self.window.head.set_mode(self.lot.choice(["colour", "normals", "depth"]))

    def export(self) -> None:
        if not self.window.document.runs("export"):
            self.window.document.export(Path(home.name) / "head.glb")

    def save(self) -> None:
        self.window.keeping.save_to(Path(home.name) / "head.paic3d")

    def work(self, seconds: float) -> None:
        """Do one thing after another, with short rests."""
        deeds = [self.hull, self.brush, self.orbit, self.zoom, self.undo, self.settings, self.layers, self.shading]
        deeds += [self.hull, self.brush, self.orbit, self.export, self.save]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            deed = self.lot.choice(deeds)
            self.watch.doing = deed.__name__
            deed()
            self.live(self.lot.uniform(0.1, 0.8))


def tell(what: str, lateness: list[float]) -> None:
    """Print how late the ticks of one part came."""
    late = 1000 * np.array(lateness)
    p50, p99, worst = np.median(late), np.percentile(late, 99), late.max()
    print(f"{what:8} {len(late):6} ticks, late by {p50:.1f} ms (median), {p99:.0f} ms (p99), {worst:.0f} ms (worst)")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    install_surface_format()
    app = QApplication(sys.argv[:1])
    preferences = Preferences(Path(home.name) / "studio.ini")
    dress(app, preferences)
    window = MainWindow(Session(threads=max(1, (os.cpu_count() or 2) - 1)), preferences=preferences)
    window.resize(1440, 900)
    window.show()
    watch = Watch()
    artist = Artist(window, watch)
    artist.live(5)
    watch.doing = "the first reconstruction"
    window.open_picture(str(example_picture()))
    artist.live(0.5)
    while not window.image.has_face or window.document.runner.runs("refresh"):
        artist.live(0.1)
    artist.work(seconds)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    tell("empty", [lateness for lateness, doing in watch.late if doing == "nothing"])
    tell("opening", [lateness for lateness, doing in watch.late if doing == "the first reconstruction"])
    working = [(late, doing) for late, doing in watch.late if doing not in ("nothing", "the first reconstruction")]
    tell("working", [lateness for lateness, _ in working])
    for lateness, doing in sorted(working, reverse=True)[:10]:
        print(f"  {1000 * lateness:6.0f} ms  {doing}")
    window.saving.leaves_work_behind = True
    window.close()
    window.document.close(seconds=30)


if __name__ == "__main__":
    main()
