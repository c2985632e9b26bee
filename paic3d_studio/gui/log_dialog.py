"""The log in a window: its end, to read and to copy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import ElidedLabel
from paic3d_studio.paths import user_folder

_MOST_BYTES: Final = 200_000


def log_file() -> Path:
    """Return where the studio writes its log."""
    return user_folder() / "studio.log"


def end_of_log() -> str:
    """Return the last lines of the log; empty when there is none."""
    try:
        with log_file().open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _MOST_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


class LogDialog(QDialog):
    """Shows the end of the log, newest lines last."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(text("Log"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.words = QPlainTextEdit()
        self.words.setReadOnly(True)
        self.words.setAccessibleName(text("Log"))
        self.words.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.words.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.words.setPlaceholderText(text("Nothing was noted yet: no warning, no error."))
        self.words.setPlainText(end_of_log())
        self.words.moveCursor(self.words.textCursor().MoveOperation.End)
        copy, show, close = (QPushButton(text(word)) for word in ("Copy all", "Show in folder", "Close"))
        copy.clicked.connect(self._copy)
        show.clicked.connect(self._show_folder)
        close.clicked.connect(self.accept)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(ElidedLabel(str(log_file()), role="faint"), 1)
        for button in (copy, show, close):
            line.addWidget(button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 16, 16, 12)
        outer.addWidget(self.words, 1)
        outer.addLayout(line)
        self.resize(760, 480)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.words.toPlainText())

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_file().parent)))
