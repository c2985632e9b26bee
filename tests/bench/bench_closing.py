"""Close the window in the middle of every stage and of other jobs: how soon is the process gone, does anything stay?

xvfb-run -a -s '-screen 0 1600x1000x24' env PYTHONPATH=. QT_QPA_PLATFORM=xcb \\
    python tests/bench/bench_closing.py [STAGE ...]

"window" is from closing to the end of the event loop, "process" to the end of the process.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("landmarks", "render_like", "field", "volume", "fine_volume", "surface", "textured", "export")
LANES = ("open", "getting-ready")
"""Jobs that are no stages: a picture is read, shaders are compiled by a child."""

STUDIO = """
import faulthandler, sys, time
from pathlib import Path
faulthandler.dump_traceback_later(380)
from PySide6.QtCore import QObject, QTimer
from paic3d_studio.gui import app
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.paths import example_picture

class Watch(QObject):
    def __init__(self, window, stage):
        super().__init__(window)
        self.window, self.stage, self.done = window, stage, False
        window.document.stage_reported.connect(self.heard)
        window.document.refreshed.connect(self.seen)
        for runner in (window.document.runner, window.getting_ready.runner):
            runner.started.connect(self.began)

    def heard(self, report):
        if report.stage == self.stage and report.state == "running" and not self.done:
            self.close()

    def began(self, lane, title):
        if lane == self.stage and not self.done:
            QTimer.singleShot(0 if lane == "open" else 3000, self.close)  # by then it has a child

    def seen(self):
        if self.stage in ("export", "surface", "textured") and not self.done:
            self.window.document.export(Path(sys.argv[2]))
            if self.stage == "export":
                QTimer.singleShot(1500, self.close)
        elif self.stage not in ("fine_volume", "getting-ready") and not self.done:  # that comes when all else is done
            print("missed", time.time(), flush=True)
            self.window.close()

    def close(self):
        self.done = True
        print("closing", time.time(), flush=True)
        self.window.saving.leaves_work_behind = True
        self.window.close()
        print("closed", time.time(), flush=True)

show = MainWindow.show
def watched(self):
    self.watch = Watch(self, sys.argv[1])
    show(self)
MainWindow.show = watched
sys.exit(app.run([str(example_picture())]))
"""


def measured(stage: str) -> str:
    """One line about one moment of closing."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PAIC3D_HOME": folder}
        command = [sys.executable, "-c", STUDIO, stage, str(Path(folder) / "head.glb")]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=400, check=False, cwd=ROOT
            )
        except subprocess.TimeoutExpired as hung:
            return f"{stage:14} did not end: {hung.stdout!r}, {hung.stderr!r}"
        ended = time.time()
        said = dict(line.split() for line in done.stdout.splitlines() if line.startswith("clos"))
        halves = [file.name for file in Path(folder).iterdir() if file.name != "studio.json" and "head" in file.name]
    if "closing" not in said:  # the stage was over before it was heard of
        return f"{stage:14} never ran (exit code {done.returncode})"
    window = float(said.get("closed", ended)) - float(said["closing"])
    process = ended - float(said["closing"])
    left = _children_left()
    return (
        f"{stage:14} window {window:5.2f} s   process {process:5.2f} s   exit {done.returncode}   left: {halves + left}"
    )


def _children_left() -> list[str]:
    """Processes that have this script's studio as their ancestor no more, but speak of its worker."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
            parent = int((entry.parent / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError):
            continue
        if parent == 1 and b"--multiprocessing-fork" in words:
            found.append(entry.parent.name)
    return found


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for stage in sys.argv[1:] or (*STAGES, *LANES):
        print(measured(stage), flush=True)


if __name__ == "__main__":
    main()
