"""The menu of recent files, each with a small picture of what is in it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QImage, QImageReader, QPixmap
from PySide6.QtWidgets import QMenu, QWidget

from paic3d_studio.gui.language import text
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.project.file import SUFFIX, preview_of

_SIDE: Final = 40
_WIDEST: Final = 360
"""Pixels that a name may take."""
_LARGEST_READ: Final = 4 << 20
"""Bytes up to which a picture file is decoded while the menu opens."""


class RecentMenu(QMenu):
    """Filled anew each time it opens; files that are gone are left out."""

    chosen = Signal(str)
    """The path of the file that is to be opened."""

    def __init__(self, parent: QWidget, *, preferences: Preferences) -> None:
        super().__init__(text("Open recent"), parent)
        self._preferences = preferences
        self.setStyleSheet(f"QMenu {{ icon-size: {_SIDE}px; }}")
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        files = [file for file in self._preferences.recent_files if file.is_file()]
        for file in files:
            name = self.fontMetrics().elidedText(file.name, Qt.TextElideMode.ElideMiddle, _WIDEST)
            action = QAction(QIcon(small_picture(file, side=2 * _SIDE)), name.replace("&", "&&"), self)
            action.setToolTip(str(file))
            action.triggered.connect(partial(self._choose, str(file)))
            self.addAction(action)
        if not files:
            self.addAction(text("Nothing was open yet")).setEnabled(False)
            return
        self.addSeparator()
        self.addAction(text("Forget these")).triggered.connect(self._preferences.forget_recent)

    def _choose(self, path: str) -> None:
        self.chosen.emit(path)


def small_picture(file: Path, *, side: int) -> QPixmap:
    """Return a small picture of a project or a picture file; an empty one for what is gone, or too large in passing."""
    return QPixmap.fromImage(small_image(file, side=side))


def small_image(file: Path, *, side: int) -> QImage:
    """Return what `small_picture` does, on any thread: pixmaps belong to the window's."""
    shown = QImage()
    try:
        if file.suffix.lower() == SUFFIX:
            shown.loadFromData(preview_of(file))
        elif file.stat().st_size <= _LARGEST_READ:
            reader = QImageReader(str(file))
            reader.setAutoTransform(True)
            size = reader.size()
            if size.isValid():
                reader.setScaledSize(size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
                shown = reader.read()
    except OSError:
        return QImage()
    return shown
