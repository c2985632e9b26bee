"""How long the window does not answer while an artist works: a scripted session with jobs running all the time.

xvfb-run -a -s '-screen 0 1600x1000x24' env PYTHONPATH=. QT_QPA_PLATFORM=xcb python tests/bench/bench_stalls.py

The session takes 300 s, or as many as are given behind the name; `--seed` makes it another one. A timer that is due
every 5 ms notes how late it comes: while the window stands empty (which is the machine alone), while the example is
opened, and while there is work.

`--stacks 80` tells what every thread was doing when the window had been away for 80 ms, every 20 ms, and what the
garbage collector took meanwhile. Where the first of these comes late itself, a thread held Python's lock all the time.
"""

import argparse
import gc
import os
import random
import resource
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
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
EMPTY, OPENING = "nothing", "the first reconstruction"
home = tempfile.TemporaryDirectory()
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


@dataclass(frozen=True)
class Tick:
    """One tick of the timer: seconds it came late, what was being done, and where the thread was since the last one."""

    late: float
    doing: str
    after: float
    """When the tick before was, seconds of `perf_counter`."""
    ran: float
    """Seconds that the window's thread had a processor."""
    queued: float
    """Seconds that it waited for one; the rest it slept, or waited for another thread, a process or a disk."""
    faults: int
    """Pages of its own memory or program that it waited for a disk to read back."""


class Watch(QObject):
    """Notes how late each tick is, and what was being done."""

    def __init__(self) -> None:
        super().__init__()
        self.ticks: list[Tick] = []
        self.doing = EMPTY
        self.last = time.perf_counter()
        self._schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._used = self._processor()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(round(1000 * PERIOD))

    def _tick(self) -> None:
        now, used = time.perf_counter(), self._processor()
        ran, queued, faults = (after - before for after, before in zip(used, self._used, strict=True))
        self.ticks.append(Tick(max(0.0, now - self.last - PERIOD), self.doing, self.last, ran, queued, int(faults)))
        self.last, self._used = now, used

    def _processor(self) -> tuple[float, float, float]:
        """Return how long this thread has had a processor, waited for one, and how often for a disk; 0 if unknown."""
        if not self._schedule.exists():
            return 0.0, 0.0, 0.0
        ran, queued, _ = self._schedule.read_text().split()
        return int(ran) / 1e9, int(queued) / 1e9, resource.getrusage(resource.RUSAGE_THREAD).ru_majflt


class Watchdog(threading.Thread):
    """Notes what each thread is doing, again and again, while the window is away too long."""

    def __init__(self, watch: Watch, *, limit: float) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._watch, self._limit = watch, limit
        self._seen: dict[float, list[str]] = {}  # by when the window was last there
        self._collecting = 0.0
        self._collections: list[tuple[float, str]] = []
        gc.callbacks.append(self._on_collection)

    def run(self) -> None:
        while True:
            time.sleep(0.02)
            last, away = self._watch.last, time.perf_counter() - self._watch.last
            if away > self._limit:
                self._seen.setdefault(last, []).append(f"away for {1000 * away:.0f} ms\n{self._stacks()}")

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._collecting = now
        elif now - self._collecting > PERIOD:
            thread, ms = threading.current_thread().name, 1000 * (now - self._collecting)
            self._collections.append((now, f"generation {info['generation']} collected in {ms:.0f} ms by {thread}"))

    def _stacks(self) -> str:
        """Return where each thread is, the innermost call first; waiting workers are left out."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        told = []
        waits = Path(f"/proc/self/task/{os.getpid()}/wchan")  # the process bears the number of its first thread
        if waits.exists():
            told.append(f"      the window's thread waits in the kernel's {waits.read_text()}")
        for ident, frame in sys._current_frames().items():
            calls = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=9, lookup_lines=False)
            places = [f"{Path(call.filename).stem}.{call.name}:{call.lineno}" for call in calls]
            if ident != self.ident and "_next" not in " ".join(places[:2]):
                told.append(f"      {names.get(ident, ident)}: {' < '.join(places)}")
        return "\n".join(told)

    def told_of(self, tick: Tick) -> str:
        """Return what was noted before a tick that came late."""
        end = tick.after + PERIOD + tick.late
        collections = [words for at, words in self._collections if tick.after <= at <= end]
        return "\n".join(f"    {words}" for words in (*collections, *self._seen.get(tick.after, ())))


class Artist:
    """Does what artists do, at their pace: one event every 16 ms while a button is down."""

    def __init__(self, window: MainWindow, watch: Watch, *, seed: int) -> None:
        self.window, self.watch, self.lot = window, watch, random.Random(seed)

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


def tell(what: str, ticks: list[Tick]) -> None:
    """Print how late the ticks of one part came."""
    late = 1000 * np.array([tick.late for tick in ticks])
    p50, p99, worst = np.median(late), np.percentile(late, 99), late.max()
    print(f"{what:10} {len(late):6} ticks, late by {p50:.1f} ms (median), {p99:.0f} ms (p99), {worst:.0f} ms (worst)")


def tell_worst(ticks: list[Tick], count: int, began: float, watchdog: Watchdog | None) -> None:
    """Print the latest ticks, what the window's thread did instead, and what the watchdog saw."""
    for tick in sorted(ticks, key=lambda tick: -tick.late)[:count]:
        ms = [round(1000 * seconds) for seconds in (tick.late, tick.ran, tick.queued)]
        used = f"had a processor for {ms[1]} ms, waited for one {ms[2]} ms, for {tick.faults} pages from the disk"
        print(f"  {ms[0]:6} ms  {tick.doing} after {tick.after - began:.0f} s; {used}")
        if watchdog is not None:
            print(watchdog.told_of(tick))


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("seconds", nargs="?", type=float, default=300.0)
    options.add_argument("--empty", type=float, default=5.0, help="seconds before the picture is opened")
    options.add_argument("--seed", type=int, default=4)
    options.add_argument("--stacks", type=float, default=0.0, metavar="MS", help="tell what was done when away so long")
    chosen = options.parse_args()
    install_surface_format()
    app = QApplication(sys.argv[:1])
    preferences = Preferences(Path(home.name) / "studio.json")
    dress(app, preferences)
    window = MainWindow(Session(threads=max(1, (os.cpu_count() or 2) - 1)), preferences=preferences)
    window.resize(1440, 900)
    window.show()
    watch = Watch()
    watchdog = Watchdog(watch, limit=chosen.stacks / 1000) if chosen.stacks else None
    artist = Artist(window, watch, seed=chosen.seed)
    artist.live(chosen.empty)
    if watchdog is not None:
        watchdog.start()
    watch.doing = OPENING
    window.open_picture(str(example_picture()))
    artist.live(0.5)
    while not window.image.has_face or window.document.runner.runs("refresh"):
        artist.live(0.1)
    artist.work(chosen.seconds)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    began = watch.ticks[0].after
    opening = [tick for tick in watch.ticks if tick.doing == OPENING]
    working = [tick for tick in watch.ticks if tick.doing not in (EMPTY, OPENING)]
    tell("empty", [tick for tick in watch.ticks if tick.doing == EMPTY])
    tell("opening", opening)
    tell("working", working)
    for doing in sorted({tick.doing for tick in working}):
        tell(f"  {doing}", [tick for tick in working if tick.doing == doing])
    tell_worst(opening, 3, began, watchdog)
    tell_worst(working, 10, began, watchdog)
    window.saving.leaves_work_behind = True
    window.close()
    window.join(seconds=30)


if __name__ == "__main__":
    main()
