"""What the window shows while nothing is open: where to begin, and what was open last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QFontMetrics, QIcon
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from paic3d_studio.gui.icons import pixmap
from paic3d_studio.gui.language import text
from paic3d_studio.gui.recent_menu import small_picture
from paic3d_studio.gui.widgets import label
from paic3d_studio.paths import example_picture
from paic3d_studio.project.file import SUFFIX

_WIDTH: Final = 700
_TILE: Final = QSize(124, 140)
_COLUMNS: Final = 5
_MOST_TILES: Final = 10


class StartPage(QScrollArea):
    """Covers its parent with an invitation: open, paste, the example, recent files."""

    chosen = Signal(str)
    """The path of a recent file that is to be opened."""

    def __init__(self, parent: QWidget, *, actions: Mapping[str, QAction]) -> None:
        super().__init__(parent)
        self._over = parent
        self.setObjectName("startPage")
        self.setAccessibleName(text("Start page"))
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._waiting: list[tuple[QToolButton, Path]] = []
        self._recent_title = label("Recent", role="heading")
        self._nothing = label("What you open will be listed here.", role="faint")
        self._tiles = QGridLayout()
        self._tiles.setSpacing(10)
        self._tiles.setColumnStretch(_COLUMNS, 1)
        self._drawing = QTimer(self)
        self._drawing.setInterval(0)
        self._drawing.timeout.connect(self._draw_next)
        self._lay_out(actions)
        parent.installEventFilter(self)
        self.setGeometry(parent.rect())

    def show_recent(self, files: Sequence[Path]) -> None:
        """List these files, the newest first; their pictures come one by one, so that the page is there at once."""
        while (item := self._tiles.takeAt(0)) is not None:
            if (tile := item.widget()) is not None:
                tile.deleteLater()
        shown = [file for file in files if file.is_file()][:_MOST_TILES]
        self._waiting = []
        for place, file in enumerate(shown):
            tile = self._new_tile(file)
            self._tiles.addWidget(tile, place // _COLUMNS, place % _COLUMNS)
            self._waiting.append((tile, file))
        self._nothing.setVisible(not shown)
        self._drawing.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Follow the parent's size."""
        if watched is self._over and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._over.rect())
        return super().eventFilter(watched, event)

    def _lay_out(self, actions: Mapping[str, QAction]) -> None:
        column = QWidget()
        column.setMaximumWidth(_WIDTH)
        column.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        rows = QVBoxLayout(column)
        rows.setContentsMargins(16, 24, 16, 24)
        rows.setSpacing(12)
        rows.addLayout(self._new_title())
        rows.addSpacing(10)
        cards = QHBoxLayout()
        cards.setSpacing(12)
        cards.addWidget(self._new_drop_card(actions), 3)
        cards.addWidget(self._new_example_card(actions), 2)
        rows.addLayout(cards)
        rows.addSpacing(12)
        rows.addWidget(self._recent_title)
        rows.addWidget(self._nothing)
        rows.addLayout(self._tiles)
        rows.addStretch(1)
        inside = QWidget()
        inside.setObjectName("startGround")
        line = QHBoxLayout(inside)
        line.addStretch(1)
        line.addWidget(column, 100)
        line.addStretch(1)
        self.setWidget(inside)

    def _new_title(self) -> QHBoxLayout:
        symbol = label()
        symbol.setPixmap(pixmap("app", size=52, ratio=self.devicePixelRatioF()))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label("PAiC-3D Studio", role="empty-title"))
        words.addWidget(label("From one portrait of an anime character to a textured 3D head.", role="soft"))
        line = QHBoxLayout()
        line.setSpacing(14)
        line.addWidget(symbol)
        line.addLayout(words, 1)
        return line

    def _new_drop_card(self, actions: Mapping[str, QAction]) -> QFrame:
        card = QFrame()
        card.setObjectName("dropCard")
        self.open_button = QPushButton(text("Open…"))
        self.open_button.setProperty("role", "primary")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for button, name in ((self.open_button, "open"), (QPushButton(text("Paste")), "paste")):
            button.setToolTip(actions[name].toolTip())
            button.setAccessibleName(actions[name].text())
            button.clicked.connect(actions[name].trigger)
            buttons.addWidget(button)
        buttons.addStretch(1)
        rows = QVBoxLayout(card)
        rows.setContentsMargins(20, 26, 20, 22)
        rows.setSpacing(8)
        title = label("Drop a portrait here", role="card-title")
        hint = label("One character, seen from the front. A transparent background is best.", role="soft", wrap=True)
        for words in (title, hint):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        rows.addStretch(1)
        rows.addWidget(title)
        rows.addWidget(hint)
        rows.addSpacing(10)
        rows.addLayout(buttons)
        rows.addStretch(1)
        return card

    def _new_example_card(self, actions: Mapping[str, QAction]) -> QToolButton:
        card = QToolButton()
        card.setObjectName("exampleCard")
        card.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        card.setIcon(QIcon(small_picture(example_picture(), side=2 * _TILE.width())))
        card.setIconSize(_TILE)
        card.setText(text("Try the example"))
        card.setToolTip(actions["example"].toolTip())
        card.setAccessibleName(actions["example"].text())
        card.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        card.setMinimumHeight(190)
        card.clicked.connect(actions["example"].trigger)
        return card

    def _new_tile(self, file: Path) -> QToolButton:
        tile = QToolButton()
        tile.setObjectName("recentTile")
        tile.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        tile.setIconSize(_TILE - QSize(28, 50))
        tile.setFixedSize(_TILE)
        name = file.stem if file.suffix.lower() == SUFFIX else file.name
        shortened = QFontMetrics(tile.font()).elidedText(name, Qt.TextElideMode.ElideMiddle, _TILE.width() - 20)
        tile.setText(shortened.replace("&", "&&"))
        tile.setToolTip(str(file))
        tile.setAccessibleName(file.name)
        tile.clicked.connect(partial(self.chosen.emit, str(file)))
        return tile

    def _draw_next(self) -> None:
        if not self._waiting:
            self._drawing.stop()
            return
        tile, file = self._waiting.pop(0)
        tile.setIcon(QIcon(small_picture(file, side=2 * _TILE.width())))
