"""What happens to windows and machines: docks, screens, lost contexts, clocks that are set, sleep."""

import ast
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QLockFile, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow
from pytestqt.qtbot import QtBot

from paic3d_studio.gui import viewport_hosts
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.rescue import RescueFolder
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.session import Session
from paic3d_studio.viewport.offscreen import current

PACKAGE = Path(viewport_hosts.__file__).resolve().parents[1]


@pytest.fixture(params=["a graphics card", "llvmpipe"])
def renderer(qapp: QApplication, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Skip where Qt has no display that can show OpenGL; else let Qt draw the head, then the processor."""
    if QGuiApplication.platformName() in viewport_hosts.PLATFORMS_WITHOUT_GL:
        pytest.skip("no display: run under xvfb-run with QT_QPA_PLATFORM=xcb")
    monkeypatch.setattr(viewport_hosts, "display", lambda: viewport_hosts.Display("", request.param))
    return str(request.param)


@pytest.fixture
def shown(renderer: str, studio: MainWindow, qtbot: QtBot) -> Iterator[tuple[MainWindow, np.ndarray]]:
    """The window with a head, and the picture of it."""
    studio.resize(840, 620)
    yield studio, drawn(qtbot, studio)


def drawn(qtbot: QtBot, studio: MainWindow) -> np.ndarray:
    """Wait until the head is as sharp as it gets, and return its picture."""
    scene, document = studio.head.viewport.scene, studio.document
    qtbot.wait(200)

    def is_at_rest() -> bool:
        return scene.progressive.is_sharp and document.refined is not None and not document.runner.busy

    qtbot.waitUntil(is_at_rest, timeout=120_000)
    return studio.head.viewport.picture()


def shows_a_head(picture: np.ndarray) -> bool:
    """Whether there is more than the background: warm hair, of which the studio's background has nothing."""
    red, blue = picture[..., 0].astype(int), picture[..., 2].astype(int)
    return int(np.count_nonzero(red > blue + 20)) > 500


@pytest.mark.window
def test_the_head_comes_through_full_screen_minimising_and_hiding(
    shown: tuple[MainWindow, np.ndarray], qtbot: QtBot
) -> None:
    studio, before = shown
    studio.show_full_screen(True)
    studio.resize(1100, 760)  # a display without a window manager does not by itself, and software would draw long
    full = drawn(qtbot, studio)
    assert full.shape[1] > before.shape[1] and shows_a_head(full)
    studio.show_full_screen(False)
    studio.showMinimized()
    qtbot.wait(100)
    studio.showNormal()
    studio.hide()
    studio.show()
    studio.resize(840, 620)
    after = drawn(qtbot, studio)
    assert after.shape == before.shape
    assert np.abs(after.astype(int) - before).max() <= 2


@pytest.mark.window
def test_the_head_comes_through_a_dock_that_floats_closes_and_opens(
    shown: tuple[MainWindow, np.ndarray], qtbot: QtBot
) -> None:
    studio, before = shown
    harbour = QMainWindow()
    qtbot.addWidget(harbour)
    dock = QDockWidget("The head", harbour)
    dock.setWidget(studio.head)
    harbour.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    harbour.resize(420, 460)
    with qtbot.waitExposed(harbour):
        harbour.show()
    for change in (lambda: dock.setFloating(True), lambda: dock.setFloating(False), dock.close, dock.show):
        change()
        if dock.isVisible():
            assert shows_a_head(drawn(qtbot, studio))
    studio.workspace.splitter.addWidget(studio.head)
    studio.head.show()
    harbour.close()
    assert shows_a_head(drawn(qtbot, studio))
    turned = studio.head.viewport.view.turned_by(40)
    studio.head.viewport.set_view(turned)
    assert np.abs(drawn(qtbot, studio)[: before.shape[0], : before.shape[1]].astype(int) - before).max() > 20


@pytest.mark.window
def test_a_context_that_is_lost_is_made_anew_and_shows_the_same_head(
    shown: tuple[MainWindow, np.ndarray], qtbot: QtBot
) -> None:
    studio, _ = shown
    viewport = studio.head.viewport
    viewport.scene.set_picture(viewport.scene.picture)  # what comes first can be a touch sharper (docs/quality.md)
    viewport._redraw()
    before = drawn(qtbot, studio)
    host = viewport.findChild(viewport_hosts.OpenGLHost) or viewport.findChild(viewport_hosts.PictureHost)
    if isinstance(host, viewport_hosts.OpenGLHost):
        host.makeCurrent()
        host._forget()
        host.makeCurrent()
        host.initializeGL()
        host.doneCurrent()
    else:
        with current(host._ctx):
            viewport.scene.detach()
            viewport.scene.attach(host._ctx)
    viewport._redraw()
    assert np.abs(drawn(qtbot, studio).astype(int) - before).max() <= 2


def test_no_interval_is_measured_by_a_clock_that_may_be_set() -> None:
    read = [
        f"{file.name}:{node.lineno}"
        for folder in ("core", "gui", "nets", "pipeline", "session", "tools", "viewport", "export", "project")
        for file in sorted((PACKAGE / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("time", "time"), ("QTime", "currentTime")}
    ]
    assert read == []


@pytest.mark.parametrize("hours", [-6, 0, 6])
def test_a_clock_that_is_set_lets_the_halves_of_a_living_studio_alone(tmp_path: Path, hours: float) -> None:
    half = tmp_path / ".0123456789ab.part"
    half.write_bytes(b"half")
    os.utime(half, (time.time() + 3600 * hours,) * 2)
    other = QLockFile(str(tmp_path / "other.lock"))
    assert other.tryLock(0)
    project = Project(picture=PictureSource("a.png", b"a picture"))
    mine = RescueFolder(tmp_path)
    mine.write(Session(), project=project, path=None)
    assert half.exists()
    mine.clear()
    other.unlock()
    mine.write(Session(), project=project, path=None)
    assert not half.exists()
    mine.clear()


SLEEPER: str = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from PySide6.QtWidgets import QApplication
    from paic3d_studio.gui.getting_ready import GettingReady
    from paic3d_studio.gui.main_window import MainWindow
    from paic3d_studio.gui.preferences import Preferences
    from paic3d_studio.gui.runner import Runner
    from paic3d_studio.project import edits
    from tests.gui.conftest import Pace, quick_session
    from tests.gui.sleeping_work import count_to

    GettingReady.begin = lambda _: None
    app = QApplication([])
    home, picture = Path(sys.argv[1]), sys.argv[2]
    preferences = Preferences(home / "studio.ini")
    window = MainWindow(quick_session(Pace()), preferences=preferences)
    window.show()
    counted, told = [], []
    worker = Runner()
    for runner in (worker, window.document.runner, window.keeping.writer):
        runner.failed.connect(lambda lane, error: told.append(repr(error)))

    def until(condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            app.processEvents()
            time.sleep(0.01)
        return condition()

    window.open_picture(picture)
    assert until(lambda: window.document.project is not None and not window.document.runner.busy)

    def work(monitor, deliver):
        from paic3d_studio.pipeline.child import run_in_child
        counted.append(run_in_child(count_to, 60, monitor=monitor))

    worker.submit("export", work)
    window.document.edit(lambda project: edits.set_seed(project, seed=7))
    print("works", flush=True)
    assert until(lambda: counted == [60]), told
    assert until(lambda: list(preferences.folder_of_rescues.glob("*.paic3d")))
    assert until(lambda: window.head.viewport.scene.progressive.is_sharp)
    assert window.head.viewport.has_opengl and not told, told
    window.saving.leaves_work_behind = True
    window.close()
    assert window.join(seconds=30) and worker.close(seconds=30)
    print("awake", flush=True)
    """
)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system cannot stop a group of processes")
def test_a_session_that_slept_goes_on_with_window_worker_and_copies(tmp_path: Path, picture: Path) -> None:
    """`PAIC3D_SLEEP` says for how many seconds; 3 without it."""
    environment = {**os.environ, "PAIC3D_HOME": str(tmp_path / "home"), "PYTHONPATH": os.pathsep.join(sys.path)}
    (tmp_path / "home").mkdir()
    sleeper = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(tmp_path / "home"), str(picture)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert sleeper.stdout is not None
    assert sleeper.stdout.readline().strip() == "works"
    time.sleep(1.5)  # by then the child counts
    os.killpg(sleeper.pid, signal.SIGSTOP)
    time.sleep(float(os.environ.get("PAIC3D_SLEEP", "3")))
    os.killpg(sleeper.pid, signal.SIGCONT)
    out, errors = sleeper.communicate(timeout=120)
    assert out.strip() == "awake", errors
    assert sleeper.returncode == 0, errors
