"""What can be done with the hull under the pointer, in a menu."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from paic3d_studio.core.artefacts import FEATURE_NAMES, FeatureHulls
from paic3d_studio.core.hulls import round_hull
from paic3d_studio.gui.language import text
from paic3d_studio.project import edits
from paic3d_studio.project.state import MAX_NAME, Project
from paic3d_studio.tools.hull_tool import HullTarget, delete_at, hull_target
from paic3d_studio.tools.pointer import Edit, Scene, Touch

NEW_NAME: Final = "mark"
"""What a hull of the artist's own is called until she says otherwise."""

_NEW_RADIUS: Final = 20.0  # aligned pixels


class HullMenu(QMenu):
    """Made for one right click. A locked hull can be unlocked here, and nothing else be done with it."""

    edit_wanted = Signal(object)

    def __init__(self, parent: QWidget, *, touch: Touch, scene: Scene, project: Project, found: FeatureHulls) -> None:
        """Offer what makes sense at `touch`; `found` are the hulls as they were detected."""
        super().__init__(parent)
        target = hull_target(touch, hulls=scene.hulls)
        if target is not None:
            heading = self.addAction(text(target.feature.replace("_", " ").capitalize()))  # sections show no text here
            heading.setEnabled(False)
            self.addSeparator()
            for words, edit in _choices(target, touch=touch, scene=scene, project=project, found=found):
                self._offer(words, edit)
            if target.feature not in (*FEATURE_NAMES, *project.locked_hulls):
                self.addAction(text("Rename…")).triggered.connect(partial(self._ask_name, target.feature))
            self.addSeparator()
        new = round_hull(touch.point, radius=_NEW_RADIUS)
        self._offer("Add a hull here", partial(edits.add_hull, name=NEW_NAME, polygon=new))
        if project.locked_hulls:
            self._offer("Unlock every hull", edits.unlock_hulls)

    def _offer(self, words: str, edit: Edit) -> None:
        self.addAction(text(words)).triggered.connect(partial(self._want, edit))

    def _want(self, edit: Edit) -> None:
        self.edit_wanted.emit(edit)

    def _ask_name(self, name: str) -> None:
        """Ask for another name, without blocking."""
        dialog = QInputDialog(self.parentWidget())
        dialog.setWindowTitle(text("Rename hull"))
        dialog.setLabelText(text("Name of the hull"))
        dialog.setTextValue(name)
        dialog.textValueSelected.connect(partial(self._rename, name))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _rename(self, name: str, to: str) -> None:
        self._want(partial(edits.rename_hull, name=name, to=to[:MAX_NAME]))


def _choices(
    target: HullTarget, *, touch: Touch, scene: Scene, project: Project, found: FeatureHulls
) -> Iterator[tuple[str, Edit]]:
    """Yield what can be done with the hull that was hit: words, and the edit."""
    name = target.feature
    if name in project.locked_hulls:
        yield "Unlock", partial(edits.lock_hull, name=name, locked=False)
        return
    removes_corner = delete_at(touch, scene=scene)
    if removes_corner is not None:
        yield "Remove this corner", removes_corner
    if name.endswith("_eye") and name in FEATURE_NAMES:
        yield "Mirror the other eye", partial(edits.mirror_hull, hulls=scene.hulls, found=found, feature=name)
    if name in project.free_hulls:
        yield "Convex shape", partial(edits.free_hull, feature=name, free=False)
    else:
        yield "Free shape, with dents", partial(edits.free_hull, feature=name, free=True)
    if name in project.hull_edits or name in project.free_hulls:
        reset = "As detected" if name in FEATURE_NAMES else "Remove this hull"
        yield reset, partial(edits.reset_hull, feature=name)
    yield "Lock", partial(edits.lock_hull, name=name, locked=True)
