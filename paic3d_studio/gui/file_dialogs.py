"""Dialogs that ask for files and folders: the desktop's own, or where there is none Qt's, in the studio's dress."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QToolButton, QWidget

from paic3d_studio.gui.icons import icon
from paic3d_studio.gui.language import text

FILE: Final = QFileDialog.FileMode.ExistingFile
FILES: Final = QFileDialog.FileMode.ExistingFiles
FOLDER: Final = QFileDialog.FileMode.Directory
NEW_FILE: Final = QFileDialog.FileMode.AnyFile

_ICONS: Final = {
    "backButton": "back",
    "forwardButton": "forward",
    "toParentButton": "parent",
    "newFolderButton": "folder-new",
    "listModeButton": "list",
    "detailModeButton": "details",
}
"""Buttons of Qt's own dialog -> the icons they wear: its own are black in every theme."""


def file_dialog(
    parent: QWidget, title: str, *, at: str | Path, asks_for: QFileDialog.FileMode, names: str = ""
) -> QFileDialog:
    """Return a dialog that blocks nothing once it is opened, and is gone once it is closed.

    Args:
        parent: the window it belongs to.
        title: what it asks for, in the artist's language.
        at: the folder it begins in; for a NEW_FILE the file it proposes.
        asks_for: FILE, FILES, FOLDER or NEW_FILE.
        names: Qt's filter of file names; all when empty.
    """
    dialog = QFileDialog(parent, title, str(at), names)
    dialog.setFileMode(asks_for)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if asks_for == NEW_FILE:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(str(at))
        dialog.setLabelText(QFileDialog.DialogLabel.LookIn, text("Folder"))
    for button in dialog.findChildren(QToolButton):
        if button.objectName() in _ICONS:
            button.setIcon(icon(_ICONS[button.objectName()]))
    return dialog
