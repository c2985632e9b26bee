"""What the window says while a picture hangs over it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from paic3d_studio.gui.widgets import label


class DropHint(QFrame):
    """Covers its parent with an invitation; the pointer passes through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._host = parent
        self.setObjectName("dropHint")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        text = label("Drop the picture to open it", role="empty-title")
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        QVBoxLayout(self).addWidget(text)
        self.hide()

    def show_over(self) -> None:
        """Cover the parent to its edges: a strip of it would show halves of words."""
        self.setGeometry(self._host.rect())
        self.show()
        self.raise_()
