"""How soon the head is seen once its field is known: a picture is opened in the real window, again and again.

xvfb-run -a -s '-screen 0 1600x1000x24' env PYTHONPATH=. QT_QPA_PLATFORM=xcb python tests/bench/bench_first_frame.py

From the moment the field's stage is done until the first frame that shows the head is on the screen, and until the
sharp ones of the later volumes are. The first opening warms up and is not in the median of the five (`--runs`) that
follow. `--shots FOLDER` keeps a picture of each.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench_path import commit
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from paic3d_studio.gui.appearance import dress
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.viewport_widget import install_surface_format
from paic3d_studio.paths import example_picture
from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.pipeline.stages import FINE_VOLUME
from paic3d_studio.session.session import Session
from paic3d_studio.viewport.bake import BakedVolume


@dataclass
class Opening:
    """One opening of a picture: when its field was done, and when each volume was first on the screen."""

    field_done: float = 0.0
    shown: dict[int, float] = field(default_factory=dict)
    """Voxels along a side of a volume -> seconds after the field."""


class Watch(QObject):
    """Hears when the field is done, on the thread that made it, and when a frame is on the screen."""

    def __init__(self, studio: MainWindow, shots: Path | None) -> None:
        super().__init__(studio)
        self.opening = Opening()
        self._studio, self._shots = studio, shots
        studio.document.session.listen_to_stages(self._hear)
        studio.head.viewport.frame_drawn.connect(self._on_frame)

    def _hear(self, report: StageReport) -> None:
        if report.stage == "field" and report.state == "fresh":
            self.opening.field_done = time.perf_counter()

    def _on_frame(self) -> None:
        """Note a frame once Qt has brought it to the screen; the picture before stays until a later volume is sharp."""
        scene, opening = self._studio.head.viewport.scene, self.opening
        if not opening.field_done or not isinstance(scene.volume, BakedVolume):
            return  # still the head of the last opening
        side = len(scene.volume.voxels)
        if side not in opening.shown and (not opening.shown or scene.progressive.is_sharp):
            opening.shown[side] = float("nan")
            QTimer.singleShot(0, lambda: self._on_screen(opening, side))

    def _on_screen(self, opening: Opening, side: int) -> None:
        opening.shown[side] = time.perf_counter() - opening.field_done
        if self._shots is not None:
            self._studio.screen().grabWindow(self._studio.winId()).save(str(self._shots / f"{side} voxels.png"))


def wait_for(app: QApplication, done: object, *, seconds: float = 120.0) -> None:
    """Let the window work until `done()` is true."""
    until = time.perf_counter() + seconds
    while not done():  # type: ignore[operator]
        if time.perf_counter() > until:
            raise TimeoutError("the window did not get there")
        app.processEvents()
        time.sleep(0.0005)


def openings(runs: int, shots: Path | None) -> list[Opening]:
    """Open the example `runs` times and once more before, each time with nothing remembered."""
    install_surface_format()
    app = QApplication([])
    with tempfile.TemporaryDirectory() as home:
        os.environ["PAIC3D_HOME"] = home
        preferences = Preferences(Path(home) / "studio.json")
        dress(app, preferences)
        studio = MainWindow(Session(threads=max(1, (os.cpu_count() or 2) - 1)), preferences=preferences)
        studio.resize(1500, 940)
        studio.show()
        watch, made = Watch(studio, shots), []
        wait_for(app, lambda: not studio.document.busy)
        for _ in range(runs + 1):
            studio.document.session.forget()
            watch.opening = Opening()
            studio.document.open(example_picture())
            wait_for(app, lambda: FINE_VOLUME in watch.opening.shown and not studio.document.busy)
            made.append(watch.opening)
        studio.saving.leaves_work_behind = True
        studio.close()
        studio.join(seconds=30)
    return made


def row(name: str, opening: Opening) -> str:
    """A line of the table: seconds until the first frame with a head, and until each volume."""
    seconds = sorted(opening.shown.items())
    return f"| {name} | {min(opening.shown.values()):.2f} | " + ", ".join(f"{n}: {s:.2f}" for n, s in seconds) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--shots", type=Path)
    arguments = parser.parse_args()
    made = openings(arguments.runs, arguments.shots)
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, commit {commit()}\n")
    print("| opening | first frame, s after the field | voxels a side: s after the field |\n|---|---|---|")
    for i, opening in enumerate(made):
        print(row("warming up" if i == 0 else str(i), opening))
    print(f"\nmedian {statistics.median(min(opening.shown.values()) for opening in made[1:]):.2f} s")


if __name__ == "__main__":
    main()
