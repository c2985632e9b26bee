"""Draw the program's icon in the sizes that desktops ask for, from resources/icons/app.svg.

QT_QPA_PLATFORM=offscreen PYTHONPATH=. python packaging/make_icons.py
"""

import sys
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from paic3d_studio.gui.icons import pixmap

SIZES = (16, 32, 48, 64, 128, 256, 512)


def main() -> None:
    app = QGuiApplication(sys.argv[:1])
    folder = Path(__file__).parent / "icons"
    folder.mkdir(exist_ok=True)
    for size in SIZES:
        pixmap("app", size=size).save(str(folder / f"paic3d-studio-{size}.png"))
    app.quit()


if __name__ == "__main__":
    main()
