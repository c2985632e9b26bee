"""The portrait under the frame of the aligned square, with the usual face to align it by."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem, QGraphicsItemGroup, QGraphicsPathItem, QGraphicsRectItem

from paic3d_studio.core.alignment import usual_face
from paic3d_studio.core.artefacts import ALIGNED_SIZE, Alignment, Portrait
from paic3d_studio.core.face_template import FaceParts, Part
from paic3d_studio.core.image import reduced
from paic3d_studio.gui import theme
from paic3d_studio.project.state import Point
from paic3d_studio.tools.align_tool import CORNERS

_SHOWN_SIDE: Final = 2048  # of the copy that is shown, in pixels: sharper than any screen shows the square
_FAR: Final = 60_000.0
_KNOB: Final = 6.0


class AlignFrame:
    """Items in a pyqtgraph ViewBox, in aligned pixels; none of them takes the pointer."""

    def __init__(self, box: Any) -> None:
        self._portrait: Portrait | None = None
        self._shown_scale = 1.0
        self._picture = pg.ImageItem(axisOrder="row-major")
        self._picture.setZValue(-5)
        box.addItem(self._picture, ignoreBounds=True)
        self._group = QGraphicsItemGroup()
        self._group.setZValue(26)
        box.addItem(self._group, ignoreBounds=True)
        self._add_veil()
        self._guide = [_line(self._group, QColor(0, 0, 0, 130), 3.4), _line(self._group, QColor(theme.GUIDE), 1.6)]
        path = guide_path(usual_face())
        for line in self._guide:
            line.setPath(path)
        axes = _line(self._group, QColor(theme.GUIDE), 1.0, style=Qt.PenStyle.DashLine)
        axes.setPath(axes_path(usual_face()))
        axes.setOpacity(0.8)
        self._knobs = [self._new_knob(corner) for corner in CORNERS]
        self.set_visible(False)

    def show_portrait(self, portrait: Portrait | None) -> None:
        """Show this portrait from now on."""
        self._portrait = portrait
        if self._group.isVisible():
            self._load()

    def show_alignment(self, alignment: Alignment | None) -> None:
        """Lay the portrait under the frame."""
        if alignment is None:
            return
        m = alignment.matrix
        transform = QTransform(m[0, 0], m[1, 0], m[0, 1], m[1, 1], m[0, 2], m[1, 2])
        self._picture.setTransform(QTransform.fromScale(self._shown_scale, self._shown_scale) * transform)

    def set_visible(self, visible: bool) -> None:
        """Show or hide the frame with all that belongs to it; the hidden one holds no pixels."""
        self._group.setVisible(visible)
        self._picture.setVisible(visible)
        if visible:
            self._load()
        else:
            self._picture.clear()

    def light_up(self, *, corners: bool) -> None:
        """Light up the handles that scale."""
        for knob in self._knobs:
            knob.setBrush(QColor("#ffffff" if corners else theme.GUIDE))

    def _load(self) -> None:
        if self._portrait is None:
            self._picture.clear()
            return
        shown = reduced(self._portrait.rgba, side=_SHOWN_SIDE)
        self._shown_scale = self._portrait.rgba.shape[1] / shown.shape[1]
        self._picture.setImage(np.ascontiguousarray(shown), autoLevels=False, levels=None)

    def _add_veil(self) -> None:
        """Darken what lies outside the square, and draw its frame with the two middle lines."""
        square = QRectF(0, 0, ALIGNED_SIZE, ALIGNED_SIZE)
        outside = QPainterPath()
        outside.addRect(QRectF(-_FAR, -_FAR, 2 * _FAR, 2 * _FAR))
        outside.addRect(square)
        veil = QGraphicsPathItem(outside, self._group)
        veil.setPen(QPen(Qt.PenStyle.NoPen))
        shade = QColor(theme.CANVAS)
        shade.setAlphaF(0.72)
        veil.setBrush(shade)
        frame = QGraphicsRectItem(square, self._group)
        pen = QPen(QColor(theme.GUIDE), 1.6)
        pen.setCosmetic(True)
        frame.setPen(pen)
        for item in (veil, frame):
            item.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def _new_knob(self, corner: Point) -> QGraphicsRectItem:
        knob = QGraphicsRectItem(QRectF(-_KNOB, -_KNOB, 2 * _KNOB, 2 * _KNOB), self._group)
        knob.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        knob.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        knob.setPen(QPen(QColor("#10222f"), 1.4))
        knob.setBrush(QColor(theme.GUIDE))
        knob.setPos(QPointF(*corner))
        return knob


def guide_path(face: FaceParts) -> QPainterPath:
    """Return the drawing of a face as a few strokes: eyes, nose, mouth, cheeks and chin."""
    path = QPainterPath()
    for eye in (face.right_eye, face.left_eye):
        path.addEllipse(QPointF(*eye.centre), eye.width / 2, eye.height / 2)
    x, y = face.nose
    path.moveTo(x, y - 0.02 * face.width)
    path.quadTo(
        QPointF(x - 0.03 * face.width, y + 0.03 * face.width), QPointF(x + 0.012 * face.width, y + 0.03 * face.width)
    )
    _add_mouth(path, face.mouth)
    middle = (face.right_eye.centre[0] + face.left_eye.centre[0]) / 2
    eyes_y, half = face.right_eye.centre[1], face.width / 2
    drop = face.chin[1] - eyes_y
    for side in (-1, 1):
        path.moveTo(middle + side * half, eyes_y)
        path.cubicTo(
            QPointF(middle + 0.98 * side * half, eyes_y + 0.55 * drop),
            QPointF(middle + 0.5 * side * half, eyes_y + 0.86 * drop),
            QPointF(middle, face.chin[1]),
        )
    return path


def axes_path(face: FaceParts) -> QPainterPath:
    """Return the line through the eyes and the one down the middle: is the head upright?"""
    middle = (face.right_eye.centre[0] + face.left_eye.centre[0]) / 2
    eyes_y, half = face.right_eye.centre[1], 0.62 * face.width
    path = QPainterPath(QPointF(middle - half, eyes_y))
    path.lineTo(middle + half, eyes_y)
    path.moveTo(middle, eyes_y - half)
    path.lineTo(middle, face.chin[1] + 0.1 * face.width)
    return path


def _add_mouth(path: QPainterPath, mouth: Part) -> None:
    x, y = mouth.centre
    path.moveTo(x - 0.7 * mouth.width, y)
    path.quadTo(QPointF(x, y + 0.7 * mouth.height), QPointF(x + 0.7 * mouth.width, y))


def _line(
    group: QGraphicsItemGroup, colour: QColor, width: float, *, style: Qt.PenStyle = Qt.PenStyle.SolidLine
) -> QGraphicsPathItem:
    line = QGraphicsPathItem(group)
    pen = QPen(colour, width, style)
    pen.setCosmetic(True)
    line.setPen(pen)
    line.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
    return line
