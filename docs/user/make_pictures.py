"""Take the pictures of this manual from the real window and the bundled example, so that they never go stale.

xvfb-run -a -s '-screen 0 1600x1000x24' env PYTHONPATH=. QT_QPA_PLATFORM=xcb python docs/user/make_pictures.py

With names behind it, only these: ... make_pictures.py start tour-1
With --language ja,zh_CN the window speaks Japanese, then Chinese, and a few pictures of each go into folders of their
own; that takes a font with their characters (Noto Sans CJK). With --theme light the window looks so; with --to FOLDER
the pictures go there.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

home = tempfile.TemporaryDirectory()  # the photographer's own settings stay out of the picture
os.environ["PAIC3D_HOME"] = home.name

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QWidget

from paic3d_studio.gui.appearance import dress
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.viewport_widget import install_surface_format
from paic3d_studio.paths import example_picture
from paic3d_studio.session.session import Session

HERE = Path(__file__).parent
TRANSLATED = ("start", "window", "export")
"""Pictures that are taken in a language other than English, unless others are named."""
WIDTH = 1100
"""Pixels that a picture of the whole window is reduced to; it is drawn in 1440."""


def live(seconds: float) -> None:
    """Let the window live for a while, and the worker too: Qt's own waiting holds the interpreter."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def wait_until_idle(window: MainWindow) -> None:
    """Let the window live until there is a face and nothing has run for two seconds: a finer volume comes later."""
    quiet = 0
    while quiet < 20:
        live(0.1)
        quiet = 0 if window.document.runner.busy or not window.image.has_face else quiet + 1


def wait_until_sharp(window: MainWindow, *, seconds: float = 180.0) -> None:
    """Let the window live until the head is drawn as finely as it can be."""
    end, scene = time.monotonic() + seconds, window.head.viewport.scene
    while time.monotonic() < end and (scene.still is None or not scene.progressive.is_sharp):
        live(0.1)
    wait_until_idle(window)


class Photographer:
    """Goes through the program once, and keeps the pictures that were asked for."""

    def __init__(self, folder: Path, *, wanted: list[str]) -> None:
        self.folder = folder
        self.wanted = wanted
        folder.mkdir(parents=True, exist_ok=True)

    def wants(self, *names: str) -> bool:
        """Whether one of these pictures was asked for."""
        return not self.wanted or bool(set(names) & set(self.wanted))

    def take(self, name: str, widget: QWidget, *, over: QWidget | None = None) -> None:
        """Keep `widget` as it is drawn; `over`, a dialog or a menu, is laid where it stands."""
        if not self.wants(name):
            return
        live(0.4)
        image = widget.grab().toImage()
        if over is not None:
            painter = QPainter(image)
            painter.drawPixmap(widget.mapFromGlobal(over.mapToGlobal(QPoint(0, 0))), over.grab())
            painter.end()
        self.keep(name, image)

    def keep(self, name: str, image: QImage) -> None:
        smooth = Qt.TransformationMode.SmoothTransformation
        if image.width() > WIDTH:
            image = image.scaledToWidth(WIDTH, smooth)
        image.convertToFormat(QImage.Format.Format_RGB888).save(str(self.folder / f"{name}.jpg"), quality=82)
        print(f"{name}.jpg", flush=True)


def dialog_of(window: MainWindow, ask: Callable[[], None]) -> QWidget:
    """Open a dialog and return it."""
    ask()
    live(0.6)
    return next(child for child in window.findChildren(QDialog) if child.isVisible())


def first_pictures(window: MainWindow, photographer: Photographer, *, portrait: Path) -> None:
    """The start page, the tour, and the window with all that is made of the example."""
    live(1)
    photographer.take("start", window)
    window.welcome.want_tour()
    window.open_picture(str(portrait))
    wait_until_idle(window)
    tour = window.welcome.tour
    assert tour is not None
    for step in range(1, 6):
        photographer.take(f"tour-{step}", window)
        tour.go_on()
    viewport = window.head.viewport
    viewport.show_front()
    viewport.set_view(viewport.view.turned_by(30))
    wait_until_sharp(window)
    photographer.take("window", window)


def pictures_of_editing(window: MainWindow, photographer: Photographer) -> None:
    """The picture side with its layers and tools, then messages and menus."""
    window.image.choose_tool("brush")
    window.image.shown.toggle("lines", True)
    photographer.take("lines", window)
    window.image.shown.toggle("clean", True)
    window.image.shown.toggle("lines", False)
    photographer.take("line-free", window)
    window.image.shown.toggle("clean", False)
    window.image.shown.toggle("lines", True)
    window.image.choose_tool("hull")
    window.outcomes.tell_of_bug("ValueError: only shown for the manual", details="")
    photographer.take("message", window)
    window.workspace.messages.hide()
    menu = next(menu for menu in window.menuBar().findChildren(QMenu) if window.appearance.theme_menu.menuAction() in
                menu.actions())  # fmt: skip
    menu.popup(window.mapToGlobal(QPoint(120, 30)))
    photographer.take("menu", window, over=menu)
    menu.hide()


def pictures_of_dialogs(window: MainWindow, photographer: Photographer) -> None:
    """Export, keys, about, log."""
    asks = {
        "export": window.exporting.ask,
        "keys": window.welcome.show_keys,
        "about": window.welcome.show_about,
        "log": window.welcome.show_log,
    }
    for name, ask in asks.items():
        dialog = dialog_of(window, ask)
        photographer.take(name, dialog)
        dialog.close()
        live(0.3)


def pictures_of_head(window: MainWindow, photographer: Photographer) -> None:
    """The head in other shadings, and the mesh."""
    for name, mode in (("head-normals", "normals"), ("head-mesh", "mesh")):
        window.head.set_mode(mode)
        if photographer.wants(name):
            wait_until_idle(window)
        photographer.take(name, window.head)
    window.head.set_mode("colour")


def take_all(wanted: argparse.Namespace, *, language: str, portrait: Path) -> None:
    """Go through the program in one language."""
    app, preferences = QApplication.instance(), Preferences()
    assert isinstance(app, QApplication)
    preferences.remember("language", language)
    preferences.remember("theme", wanted.theme)
    dress(app, preferences)
    is_english = language == "en"
    folder = wanted.to or HERE / "pictures"
    names = wanted.names or ([] if is_english else list(TRANSLATED))
    photographer = Photographer(folder if is_english else folder / language, wanted=names)
    window = MainWindow(Session(), preferences=preferences)
    window.resize(*(int(side) for side in wanted.size.split("x")))
    window.show()
    first_pictures(window, photographer, portrait=portrait)
    for part in (pictures_of_editing, pictures_of_dialogs, pictures_of_head):
        part(window, photographer)
    window.close()
    window.document.close(seconds=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="of pictures; all when none is given")
    parser.add_argument("--language", default="en", help="one or several with commas: en,ja,zh_CN")
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--to", type=Path)
    parser.add_argument("--size", default="1440x900")
    wanted = parser.parse_args()
    install_surface_format()
    app = QApplication(sys.argv[:1])
    portrait = Path(tempfile.gettempdir()) / "Pictures" / "portrait.png"  # a folder that tells nothing of the machine
    portrait.parent.mkdir(exist_ok=True)
    shutil.copy(example_picture(), portrait)
    for language in wanted.language.split(","):
        take_all(wanted, language=language, portrait=portrait)
    del app


if __name__ == "__main__":
    main()
