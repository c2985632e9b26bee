"""Feature hulls as they are drawn: a polygon each, with a handle on every corner that keeps its size on the screen."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import (
    QGraphicsEllipseItem,
    QGraphicsItem,
    QGraphicsItemGroup,
    QGraphicsPathItem,
    QGraphicsPolygonItem,
)

from paic3d_studio.core.artefacts import FeatureHulls
from paic3d_studio.gui import theme
from paic3d_studio.project.state import Point
from paic3d_studio.tools.hull_tool import HullTarget

_RADIUS: Final = 4.2
_SMALLEST_RADIUS: Final = 2.0
_RADIUS_PER_SCALE: Final = 2.6  # zoomed out, the corners lie so close that large handles would hide the face
_HOT_RADIUS: Final = 6.0
_CROSS: Final = 4.0


class HullItem(QGraphicsPolygonItem):
    """One hull. The pointer is not for it: the tools decide what is grabbed, this only shows it."""

    def __init__(self) -> None:
        super().__init__()
        self._handles: list[QGraphicsEllipseItem] = []
        self._locked = False
        self._hot: HullTarget | None = None
        self._radius = _RADIUS
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._colour()

    def set_polygon(self, points: NDArray[np.float64]) -> None:
        """Show these corners, (n, 2) aligned pixels."""
        self.setPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in points]))
        while len(self._handles) < len(points):
            self._handles.append(self._new_handle())
        while len(self._handles) > len(points):
            handle = self._handles.pop()
            _remove(handle)
        for handle, (x, y) in zip(self._handles, points, strict=True):
            handle.setPos(float(x), float(y))
        self._colour()

    def set_locked(self, locked: bool) -> None:
        """Show with dashes that the pointer passes this hull by."""
        if locked != self._locked:
            self._locked = locked
            self._colour()

    def set_hot(self, target: HullTarget | None) -> None:
        """Light up what the pointer would grab."""
        if target == self._hot:
            return
        self._hot = target
        self._colour()

    def set_radius(self, radius: float) -> None:
        """Draw the handles with this radius in screen pixels."""
        self._radius = radius
        self._colour()

    def show_handles(self, visible: bool) -> None:
        """Show or hide the handles; they only make sense while hulls are edited."""
        for handle in self._handles:
            handle.setVisible(visible)

    def _new_handle(self) -> QGraphicsEllipseItem:
        handle = QGraphicsEllipseItem(self)
        handle.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        handle.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._style(handle, hot=False)
        return handle

    def _colour(self) -> None:
        colour = QColor(theme.HULL)
        part = self._hot.part if self._hot else None
        pen = QPen(colour, 2.6 if part in ("edge", "inside") else 1.6)
        pen.setCosmetic(True)
        if self._locked:
            pen.setDashPattern([4, 3])
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        self.setPen(pen)
        colour.setAlphaF(0.16 if part == "inside" else 0.05)
        self.setBrush(QBrush(colour))
        for index, handle in enumerate(self._handles):
            self._style(handle, hot=part == "vertex" and self._hot is not None and self._hot.index == index)

    def _style(self, handle: QGraphicsEllipseItem, *, hot: bool) -> None:
        radius = _HOT_RADIUS if hot else self._radius
        handle.setRect(QRectF(-radius, -radius, 2 * radius, 2 * radius))
        handle.setBrush(QColor("#ffffff" if hot else theme.HULL))
        handle.setPen(QPen(QColor("#10312c" if not hot else theme.HULL), 1.4 if not hot else 2.4))


class HullLayer:
    """All hulls of the picture in one group, kept in step with a `FeatureHulls`."""

    def __init__(self, box: Any) -> None:
        self._group = QGraphicsItemGroup()
        self._group.setZValue(20)
        box.addItem(self._group, ignoreBounds=True)
        self.items: dict[str, HullItem] = {}
        self._editable = True
        self._locked: Collection[str] = ()
        self._radius = _RADIUS
        self._dropped: list[QGraphicsPathItem] = []

    def show_hulls(self, hulls: FeatureHulls, *, locked: Collection[str] = ()) -> None:
        """Show these hulls and no others; those that are locked without handles."""
        for name in [name for name in self.items if name not in hulls.polygons]:
            self._drop(name)
        for name, polygon in hulls.polygons.items():
            if name not in self.items:
                self.items[name] = HullItem()
                self.items[name].setParentItem(self._group)
                self.items[name].set_radius(self._radius)
            self.items[name].set_polygon(polygon)
            self.items[name].set_locked(name in locked)
        self._locked = locked
        self._show_handles()

    def show_dropped(self, places: Collection[Point]) -> None:
        """Show the corners that go when the pointer comes up."""
        while len(self._dropped) < len(places):
            self._dropped.append(_new_cross(self._group))
        for cross in self._dropped[len(places) :]:
            cross.hide()
        for cross, (x, y) in zip(self._dropped, places, strict=False):
            cross.setPos(x, y)
            cross.show()

    def set_hot(self, target: HullTarget | None) -> None:
        """Light up what the pointer would grab, in whichever hull it is."""
        for name, item in self.items.items():
            item.set_hot(target if target is not None and target.feature == name else None)

    def set_scale(self, scale: float) -> None:
        """Follow the zoom, screen pixels per picture pixel: handles are small while the face is small."""
        radius = min(max(_RADIUS_PER_SCALE * scale, _SMALLEST_RADIUS), _RADIUS)
        if radius != self._radius:
            self._radius = radius
            for item in self.items.values():
                item.set_radius(radius)

    def set_editable(self, editable: bool) -> None:
        """Show the handles only while hulls are edited."""
        self._editable = editable
        self._show_handles()

    def show_layer(self, *, visible: bool, opacity: float) -> None:
        """Show or hide all hulls; opacity 0..1."""
        self._group.setVisible(visible)
        self._group.setOpacity(opacity)

    def _show_handles(self) -> None:
        for name, item in self.items.items():
            item.show_handles(self._editable and name not in self._locked)

    def _drop(self, name: str) -> None:
        _remove(self.items.pop(name))


def _new_cross(group: QGraphicsItemGroup) -> QGraphicsPathItem:
    path = QPainterPath()
    for way in (-1, 1):
        path.moveTo(-_CROSS, -way * _CROSS)
        path.lineTo(_CROSS, way * _CROSS)
    cross = QGraphicsPathItem(path, group)
    cross.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
    cross.setPen(QPen(QColor(theme.BAD), 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    cross.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
    cross.setZValue(2)
    return cross


def _remove(item: QGraphicsItem) -> None:
    """Take an item, and what hangs on it, off the screen."""
    scene = item.scene()
    if scene is not None:
        scene.removeItem(item)
