"""The list of the queue: a small picture, a name, and what became of it, one row for each file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from paic3d_studio.gui import theme
from paic3d_studio.gui.icons import pixmap
from paic3d_studio.gui.language import text

THUMBNAIL: Final = 56
"""Side of the small pictures, in pixels."""

_RATIO: Final = 2
"""Device pixels that are drawn for each of them."""

_FILE: Final = Qt.ItemDataRole.UserRole


class QueueList(QListWidget):
    """Rows of one height, whatever is known of their pictures; a long name is shortened in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[Path, QListWidgetItem] = {}
        self.unseen: set[Path] = set()
        """Files whose small pictures are missing yet."""
        self.setAccessibleName(text("Pictures in the queue"))
        self.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.setSpacing(2)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)

    @property
    def files(self) -> list[Path]:
        """The files in the list, from the top."""
        return [self.file_of(self.item(number)) for number in range(self.count())]

    @staticmethod
    def file_of(entry: QListWidgetItem) -> Path:
        """Return the file of a row."""
        return Path(entry.data(_FILE))

    def add(self, file: Path) -> None:
        """Put a file at the end; it waits."""
        entry = QListWidgetItem()
        entry.setData(_FILE, file)
        entry.setToolTip(str(file))
        entry.setIcon(_framed(QPixmap()))
        self._entries[file] = entry
        self.unseen.add(file)
        self.addItem(entry)
        self.say(file, text("waits"))

    def words_of(self, file: Path) -> str:
        """Return what is said of a file now."""
        return self._entries[file].text().split("\n", 1)[1]

    def say(self, file: Path, words: str, *, stands_out: bool = False) -> None:
        """Write what there is to say of a file below its name."""
        entry = self._entries.get(file)
        if entry is not None:
            font = entry.font()
            font.setBold(stands_out)
            entry.setFont(font)
            entry.setText(f"{file.name}\n{words}")

    def show_picture(self, file: Path, picture: QPixmap) -> None:
        """Show a small picture, or a plain sign where it is null."""
        entry = self._entries.get(file)
        if entry is not None:
            self.unseen.discard(file)
            entry.setIcon(_framed(picture))

    def scroll_to(self, file: Path) -> None:
        """Bring a file's row into sight."""
        entry = self._entries.get(file)
        if entry is not None:
            self.scrollToItem(entry)

    def remove_chosen(self) -> None:
        """Take the chosen rows away."""
        for entry in self.selectedItems():
            self.unseen.discard(self.file_of(entry))
            del self._entries[self.file_of(entry)]
            self.takeItem(self.row(entry))


def _framed(picture: QPixmap) -> QIcon:
    """Return a picture in the middle of a square; a plain sign where it is null."""
    square = QPixmap(THUMBNAIL * _RATIO, THUMBNAIL * _RATIO)
    square.fill(Qt.GlobalColor.transparent)
    if picture.isNull():
        picture = pixmap("picture", size=square.width() // 2, colour=theme.TEXT_FAINT)
    elif max(picture.width(), picture.height()) > square.width():
        picture = picture.scaled(
            square.size(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
    painter = QPainter(square)
    painter.drawPixmap((square.width() - picture.width()) // 2, (square.height() - picture.height()) // 2, picture)
    painter.end()
    square.setDevicePixelRatio(_RATIO)
    return QIcon(square)
