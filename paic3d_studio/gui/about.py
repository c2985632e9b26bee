"""About the program: version, the paper, and every package and network it is made of with its licence."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from paic3d_studio import __version__
from paic3d_studio.gui.icons import pixmap
from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import label
from paic3d_studio.session.credits import Credit, package_credits, weight_credits


class AboutDialog(QDialog):
    """Version, licence and credits."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(text("About PAiC-3D Studio"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(text("Credits"))
        self.tabs.addTab(CreditsList(package_credits(), title=text("Packages")), text("Packages"))
        self.tabs.addTab(CreditsList(weight_credits(), title=text("Networks")), text("Networks"))
        close = QPushButton(text("Close"))
        close.clicked.connect(self.accept)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(close)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(20, 18, 20, 14)
        outer.setSpacing(14)
        outer.addLayout(self._new_head())
        outer.addWidget(self.tabs, 1)
        outer.addLayout(line)
        self.resize(720, 560)

    def _new_head(self) -> QHBoxLayout:
        symbol = label()
        symbol.setPixmap(pixmap("app", size=72, ratio=self.devicePixelRatioF()))
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(label(f"PAiC-3D Studio {__version__}", role="empty-title"))
        words.addWidget(label("From one portrait of an anime character to a textured 3D head.", role="soft", wrap=True))
        words.addWidget(
            label(
                "After the method of Chen and others, “PAniC-3D: Stylized Single-view 3D Reconstruction from Portraits "
                "of Anime Characters”, CVPR 2023. Apache License 2.0.",
                role="faint",
                wrap=True,
            )
        )
        line = QHBoxLayout()
        line.setSpacing(18)
        line.addWidget(symbol, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(words, 1)
        return line


class CreditsList(QSplitter):
    """Names with versions and licences on the left, the text of the chosen one on the right."""

    def __init__(self, credits: Sequence[Credit], *, title: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._credits = credits
        self.names = QListWidget()
        self.names.setAccessibleName(title)
        self.names.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.names.setTextElideMode(Qt.TextElideMode.ElideRight)
        for credit in credits:
            self.names.addItem(f"{credit.name} {credit.version}\n{credit.licence}")
        self.words = QPlainTextEdit()
        self.words.setReadOnly(True)
        self.words.setAccessibleName(text("Licence or card"))
        self.addWidget(self.names)
        self.addWidget(self.words)
        self.setSizes([230, 430])
        self.setChildrenCollapsible(False)
        self.names.currentRowChanged.connect(self._show)
        self.names.setCurrentRow(0)

    def _show(self, row: int) -> None:
        credit = self._credits[row]
        self.words.setPlainText(f"{credit.name} {credit.version}\n{credit.licence}\n\n{credit.text}")
