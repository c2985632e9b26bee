"""Landmarks as they are drawn: dots that keep their size on the screen, joined as one draws a face."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsItem, QGraphicsItemGroup, QGraphicsPathItem

from paic3d_studio.core.face_template import OUTLINES
from paic3d_studio.gui import theme

_RADIUS: Final = 3.8
_SMALLEST_RADIUS: Final = 1.8
_RADIUS_PER_SCALE: Final = 2.0  # zoomed out, the landmarks lie so close that large dots would hide the face
_HOT: Final = 1.8
"""How much larger in pixels, what the pointer would grab is drawn."""
_DARK: Final = "#3a2c08"


class LandmarkLayer:
    """All landmarks in one group of a pyqtgraph ViewBox; none of them takes the pointer."""

    def __init__(self, box: Any) -> None:
        self._group = QGraphicsItemGroup()
        self._group.setZValue(22)
        box.addItem(self._group, ignoreBounds=True)
        self._lines = [_line(self._group, QColor(0, 0, 0, 110), 3.0), _line(self._group, QColor(theme.LANDMARK), 1.2)]
        self._dots: list[QGraphicsEllipseItem] = []
        self._moved: Collection[int] = ()
        self._hot: Collection[int] = ()
        self._radius = _RADIUS
        self._group.hide()

    def show_landmarks(self, points: NDArray[np.float64] | None, *, moved: Collection[int]) -> None:
        """Show these places, (28, 2) aligned pixels, those the artist moved with a bright rim; None shows none."""
        places = [] if points is None else [QPointF(float(x), float(y)) for x, y in points]
        while len(self._dots) < len(places):
            self._dots.append(_dot(self._group))
        for dot in self._dots[len(places) :]:
            dot.hide()
        for dot, place in zip(self._dots, places, strict=False):
            dot.setPos(place)
            dot.show()
        path = _face(places) if places else QPainterPath()
        for line in self._lines:
            line.setPath(path)
        self._moved = moved
        self._colour()

    def set_hot(self, indices: Collection[int]) -> None:
        """Light up what the pointer would grab."""
        if tuple(indices) != tuple(self._hot):
            self._hot = indices
            self._colour()

    def set_scale(self, scale: float) -> None:
        """Follow the zoom, screen pixels per picture pixel."""
        self._radius = min(max(_RADIUS_PER_SCALE * scale, _SMALLEST_RADIUS), _RADIUS)
        self._colour()

    def set_visible(self, visible: bool) -> None:
        """Show the landmarks only while they are edited."""
        self._group.setVisible(visible)

    def _colour(self) -> None:
        for index, dot in enumerate(self._dots):
            hot, moved = index in self._hot, index in self._moved
            radius = self._radius + (_HOT if hot else 0.0)
            dot.setRect(QRectF(-radius, -radius, 2 * radius, 2 * radius))
            dot.setBrush(QColor("#ffffff" if hot else theme.LANDMARK))
            dot.setPen(QPen(QColor(theme.LANDMARK if hot else "#ffffff" if moved else _DARK), 2.0 if hot else 1.2))


def _face(places: list[QPointF]) -> QPainterPath:
    """Return the lines between landmarks."""
    path = QPainterPath()
    for indices, closed in OUTLINES:
        path.moveTo(places[indices[0]])
        for index in indices[1:]:
            path.lineTo(places[index])
        if closed:
            path.closeSubpath()
    return path


def _line(group: QGraphicsItemGroup, colour: QColor, width: float) -> QGraphicsPathItem:
    line = QGraphicsPathItem(group)
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    line.setPen(pen)
    line.setOpacity(0.75)
    line.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
    return line


def _dot(group: QGraphicsItemGroup) -> QGraphicsEllipseItem:
    dot = QGraphicsEllipseItem(group)
    dot.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
    dot.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
    return dot
