"""How the window is laid out: header, tool rail, picture and head side by side, side panel, stages, status line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from paic3d_studio.gui import language
from paic3d_studio.gui.image_panel import ImagePanel
from paic3d_studio.gui.panels.layers_panel import LayersPanel
from paic3d_studio.gui.panels.mesh_panel import MeshPanel
from paic3d_studio.gui.panels.message_bar import MessageBar
from paic3d_studio.gui.panels.settings_panel import SettingsPanel
from paic3d_studio.gui.panels.stage_strip import StageStrip
from paic3d_studio.gui.panels.viewport_panel import ViewportPanel
from paic3d_studio.gui.widgets import ElidedLabel, PaneHeader, Section, label, separator, tool_button

SIDE_WIDTH = 278

_RAIL: Final = (
    ("align", "landmarks", "hull"),
    ("brush", "eraser", "polyline", "lasso"),
    ("matte",),
    ("hand", "place-face"),
)
"""The tools beside the picture, in groups: the face, the lines, the cut-out, and the rest."""

_WIDEST_TITLE: Final = 320
_WIDEST_STATUS: Final = 460
"""Pixels that the name, and what is being done, may take: a file name can have 255 letters."""


class Workspace(QWidget):
    """Everything inside the window's frame; it arranges, and leaves behaviour to the window."""

    def __init__(
        self,
        *,
        actions: Mapping[str, QAction],
        image: ImagePanel,
        head: ViewportPanel,
        stages: Iterable[tuple[str, str]],
        seconds: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.image = image
        image.setObjectName("imagePanel")
        head.setObjectName("viewportPanel")
        self.head = head
        self.layers = LayersPanel(actions)
        self.settings = SettingsPanel()
        self.mesh = MeshPanel()
        self.strip = StageStrip(stages, seconds=seconds)
        self.status = StatusLine()
        self.title = ElidedLabel(role="title")
        self.title.setMaximumWidth(_WIDEST_TITLE)
        self.picture_size = label(role="faint")
        self.zoom = label("Fit", role="soft")
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.side = self._new_side_panel()
        self.middle = QWidget()
        """What lies between header and stages."""
        self.messages = MessageBar(self.middle, over=self.splitter)
        self._fill_middle(self.middle, actions)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._new_header(actions))
        column.addWidget(self.middle, 1)
        column.addWidget(self.strip)
        column.addWidget(self.status)

    def show_zoom(self, scale: float, *, fitted: bool, of_square: bool) -> None:
        """Show how large the picture is: "Fit" while it follows the pane, whichever picture that is, else a number.

        `scale` is screen pixels for each pixel of the square, or of the whole portrait.
        """
        percent = f"{100 * scale:.0f} %"
        self.zoom.setText(language.text("Fit") if fitted else percent)
        if of_square:
            tip = language.text("{percent}: screen pixels for each pixel of the aligned square", percent=percent)
        else:
            tip = language.text("{percent}: screen pixels for each pixel of the portrait", percent=percent)
        self.zoom.setToolTip(tip)

    def _new_header(self, actions: Mapping[str, QAction]) -> QFrame:
        header = QFrame()
        header.setObjectName("header")
        export = QPushButton(language.text("Export…"))
        export.setProperty("role", "primary")
        export.setMinimumWidth(96)
        export.setToolTip(actions["export"].toolTip())
        export.setAccessibleName(language.text("Export head"))
        export.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        export.clicked.connect(actions["export"].trigger)
        actions["export"].enabledChanged.connect(export.setEnabled)
        export.setEnabled(actions["export"].isEnabled())
        line = QHBoxLayout(header)
        line.setContentsMargins(10, 6, 12, 6)
        line.setSpacing(4)
        for name in ("open", "paste"):
            line.addWidget(tool_button(actions[name]))
        line.addSpacing(6)
        line.addWidget(separator(vertical=True))
        line.addSpacing(6)
        for name in ("undo", "redo"):
            line.addWidget(tool_button(actions[name]))
        line.addSpacing(14)
        line.addWidget(self.title)
        line.addSpacing(10)
        line.addWidget(self.picture_size)
        line.addStretch(1)
        line.addSpacing(14)
        line.addWidget(tool_button(actions["side-panel"]))
        line.addSpacing(6)
        line.addWidget(export)
        return header

    def _fill_middle(self, middle: QWidget, actions: Mapping[str, QAction]) -> None:
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(6)
        self.splitter.addWidget(self._new_picture_pane(actions))
        self.splitter.addWidget(self.head)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([600, 600])
        line = QHBoxLayout(middle)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(self.splitter, 1)
        line.addWidget(self.side)

    def _new_picture_pane(self, actions: Mapping[str, QAction]) -> QWidget:
        head = PaneHeader()
        for name, title in (("picture", "Picture"), ("hulls", "Hulls"), ("lines", "Mask"), ("clean", "Line-free")):
            button = QToolButton()
            button.setProperty("role", "switch")
            button.setDefaultAction(actions[f"layer-{name}"])
            actions[f"layer-{name}"].setIconText(language.text(title))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(language.text("Layer: {name}", name=language.text(title)))
            head.add(button, spared=True)
        head.add_stretch()
        head.add(tool_button(actions["swipe"], size=18))
        head.add(tool_button(actions["zoom-fit"], size=18))
        self.zoom.setMinimumWidth(46)
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        head.add(self.zoom)
        pane = QWidget()
        inner = QHBoxLayout()
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self._new_rail(actions))
        inner.addWidget(self.image, 1)
        column = QVBoxLayout(pane)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addLayout(inner, 1)
        return pane

    def _new_rail(self, actions: Mapping[str, QAction]) -> QFrame:
        rail = QFrame()
        rail.setObjectName("toolRail")
        rail.setFixedWidth(48)
        rail.setAccessibleName(language.text("Tools"))
        column = QVBoxLayout(rail)
        column.setContentsMargins(7, 6, 7, 6)
        column.setSpacing(2)
        for place, group in enumerate(_RAIL):
            if place:
                column.addSpacing(2)
                column.addWidget(separator())
                column.addSpacing(2)
            for name in group:
                column.addWidget(tool_button(actions[f"tool-{name}"], size=20))
        column.addStretch(1)
        return rail

    def _new_side_panel(self) -> QFrame:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 4, 0, 8)
        column.setSpacing(0)
        layers = Section("Layers")
        layers.rows.addWidget(self.layers)
        column.addWidget(layers)
        column.addWidget(self.settings)
        column.addWidget(self.mesh)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        side = QFrame()
        side.setObjectName("sidePanel")
        side.setFixedWidth(SIDE_WIDTH)
        outer = QVBoxLayout(side)
        outer.setContentsMargins(1, 0, 0, 0)
        outer.addWidget(scroll)
        return side


class StatusLine(QFrame):
    """What to do next on the left, what is being done on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("statusLine")
        self._hint = ElidedLabel(role="soft", mode=Qt.TextElideMode.ElideRight)
        self._hint.setAccessibleDescription(language.text("What to do next"))
        self._doing = ElidedLabel(role="soft")
        self._doing.setMaximumWidth(_WIDEST_STATUS)
        self._doing.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setFixedSize(140, 6)  # no higher than the words, so that the picture above keeps its height
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(language.text("Progress"))
        self._line = line = QHBoxLayout(self)
        line.setContentsMargins(15, 2, 14, 8)
        line.setSpacing(12)
        line.addWidget(self._hint, 1)
        line.addWidget(self._doing)
        line.addWidget(self._bar)
        self.show_idle()

    @property
    def hint(self) -> str:
        """What the artist is told to do next."""
        return self._hint.text()

    @property
    def doing(self) -> str:
        """What is being done, or how the last thing ended."""
        return self._doing.text()

    def show_hint(self, text: str) -> None:
        """Say what to do next."""
        self._hint.setText(language.text(text))

    def show_progress(self, fraction: float, text: str) -> None:
        """Say what is being done, and how far."""
        self._bar.setVisible(True)
        self._bar.setValue(round(1000 * fraction))
        if text:
            self._say(text[:1].upper() + text[1:])

    def end_progress(self) -> None:
        """Take the bar away; what was said last stays."""
        self._bar.setVisible(False)

    def show_idle(self, text: str = "") -> None:
        """Say that nothing is being done, or how the last thing ended."""
        self._say(text)
        self._bar.setVisible(False)

    def _say(self, text: str) -> None:
        self._doing.setText(language.text(text))
        self._line.activate()  # else the next frame shortens the new words to the room of the old ones
