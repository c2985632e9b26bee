"""Make the pictures of this folder from the real program and its bundled example, so that they never go stale.

xvfb-run -a -s '-screen 0 1600x1000x24' env PYTHONPATH=. QT_QPA_PLATFORM=xcb python docs/gallery/make.py
"""

import os
import sys
import tempfile
import time
from pathlib import Path

home = tempfile.TemporaryDirectory()  # the photographer's own settings stay out of the picture
os.environ["PAIC3D_HOME"] = home.name

from PySide6.QtWidgets import QApplication

from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.theme import apply_theme
from paic3d_studio.gui.viewport_widget import install_surface_format
from paic3d_studio.paths import example_picture
from paic3d_studio.session.session import Session

HERE = Path(__file__).parent


def live(seconds: float) -> None:
    """Let the window live for a while, and the worker too: Qt's own waiting holds the interpreter."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def wait_until_idle(window: MainWindow) -> None:
    """Let the window live until there is a face and nothing runs."""
    live(0.5)
    while not window.image.has_face or window.document.runner.busy:
        live(0.1)


def photograph(window: MainWindow, mode: str, turn: float, file: Path) -> None:
    """Show the head in a shading mode, turned from the front by `turn` degrees; save the window when all is still."""
    window.head.set_mode(mode)
    wait_until_idle(window)
    viewport = window.head.viewport
    viewport.show_front()
    viewport.set_view(viewport.view.turned_by(turn))
    live(4)
    window.grab().save(str(file))


def main() -> None:
    install_surface_format()
    app = QApplication(sys.argv[:1])
    apply_theme(app)
    session = Session()
    window = MainWindow(session)
    window.resize(1600, 1000)
    window.show()
    live(1)
    window.open_picture(str(example_picture()))
    wait_until_idle(window)
    photograph(window, "mesh", 30, HERE / "window.png")
    session.turntable(HERE / "turntable.png")
    window.close()
    window.document.close(seconds=30)


if __name__ == "__main__":
    main()
