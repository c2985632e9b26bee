"""What lies round the head in the 3D view, and how wide the view is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from paic3d_studio.gui.language import text
from paic3d_studio.gui.viewport_widget import ViewportWidget
from paic3d_studio.viewport.canvas import BACKGROUND_CHOICES, BACKGROUNDS, GRID
from paic3d_studio.viewport.orbit import FIELDS_OF_VIEW

VIEWS: Final = (
    ("Front", "F", "Look at the face", "show_front"),
    ("Side", "S", "Look from the side; again for the other side", "show_side"),
    ("Back|view", "B", "Look at the back of the head", "show_back"),
    ("Top", "T", "Look from above", "show_top"),
)
"""Name of a view, its key over the head, what it is, and the method of the view that looks so."""

OVERLAYS: Final[Mapping[str, str]] = {
    "0": "Picture: not over the head",
    "0.5": "Picture: half over the front view",
    "1": "Picture: over the front view",
}
"""Strength of the picture over the head -> label."""


class LookMenu(QMenu):
    """Named views; background, ground grid, the picture to compare with, field of view: checkable, shown at once."""

    changed = Signal()
    """The artist chose something else; `background` and `has_grid` say what."""

    def __init__(self, viewport: ViewportWidget, parent: QWidget) -> None:
        super().__init__(text("Look"), parent)
        self._viewport = viewport
        self.background = next(iter(BACKGROUND_CHOICES))
        self.has_grid = True
        for title, key, tip, method in VIEWS:  # a narrow pane has no room for their buttons
            look = self.addAction(f"{text(title)}\t{key}")
            look.setToolTip(text(tip))
            look.triggered.connect(getattr(viewport, method))
        self.addSeparator()
        self._backgrounds = self._new_choices(BACKGROUND_CHOICES)
        self._backgrounds.triggered.connect(self._on_background)
        self.addSeparator()
        self._grid = self.addAction(text("Ground grid"))
        self._grid.setCheckable(True)
        self._grid.triggered.connect(self._on_grid)
        self.addSeparator()
        self._took_perspective = False  # by the overlay that is shown
        self._overlay = self._new_choices(OVERLAYS)
        self._overlay.triggered.connect(self._on_overlay)
        self._overlay.actions()[0].setChecked(True)
        self.compare = QAction(text("Compare with the picture"), parent)
        self.compare.setShortcut(QKeySequence("O"))
        self.compare.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.compare.triggered.connect(self._on_compare)
        parent.addAction(self.compare)
        self.addAction(self.compare)
        self.addSeparator()
        self._angles = self._new_choices(
            {f"{fov:g}": text("{angle} field of view", angle=f"{fov:g}°") for fov in FIELDS_OF_VIEW}
        )
        self._angles.triggered.connect(self._on_angle)
        self._parallel = self.addAction(text("Orthographic"))
        self._parallel.setCheckable(True)
        self._angles.addAction(self._parallel)
        viewport.view_changed.connect(self._show_angle)
        self.show_look(self.background, has_grid=self.has_grid)
        self._show_angle()

    def show_look(self, background: str, *, has_grid: bool) -> None:
        """Draw a background of `BACKGROUND_CHOICES` with or without the ground; an unknown one becomes the first."""
        self.background = background if background in BACKGROUND_CHOICES else next(iter(BACKGROUND_CHOICES))
        self.has_grid = has_grid
        for action in self._backgrounds.actions():
            action.setChecked(action.objectName() == self.background)
        self._grid.setChecked(has_grid)
        chosen = dataclasses.replace(BACKGROUNDS[self.background], grid=GRID if has_grid else 0.0)
        self._viewport.set_background(chosen)

    def _new_choices(self, labels: Mapping[str, str]) -> QActionGroup:
        group = QActionGroup(self)
        for name, label in labels.items():
            action = self.addAction(text(label))
            action.setObjectName(name)
            action.setCheckable(True)
            group.addAction(action)
        return group

    def _on_background(self, action: QAction) -> None:
        self.show_look(action.objectName(), has_grid=self.has_grid)
        self.changed.emit()

    def _on_grid(self, shown: bool) -> None:
        self.show_look(self.background, has_grid=shown)
        self.changed.emit()

    def _on_overlay(self, action: QAction) -> None:
        """Lay the picture over the head, seen as the picture sees it: from the front, without perspective.

        Taken away again it leaves the perspective that was there before.
        """
        strength = float(action.objectName())
        self._viewport.set_overlay(strength)
        view = self._viewport.view
        if strength > 0:
            front = view.turned_to("front")
            self._took_perspective |= front.fov is not None
            self._viewport.set_view(front if front.fov is None else front.toggled_projection())
        elif self._took_perspective:
            self._took_perspective = False
            if view.fov is None:
                self._viewport.set_view(self._viewport.in_perspective())

    def _on_compare(self) -> None:
        """Put the picture half through over the head, or take it away again."""
        wanted = 0 if self._viewport.scene.overlay > 0 else len(OVERLAYS) // 2
        self._overlay.actions()[wanted].trigger()

    def _on_angle(self, action: QAction) -> None:
        view = self._viewport.view
        if action is self._parallel:
            self._viewport.set_view(view if view.fov is None else view.toggled_projection())
        else:
            self._viewport.set_view(view.with_fov(float(action.objectName())))

    def _show_angle(self) -> None:
        fov = self._viewport.view.fov
        for action in self._angles.actions():
            shown = fov is None if action is self._parallel else action.objectName() == f"{fov or 0:g}"
            action.setChecked(shown)
