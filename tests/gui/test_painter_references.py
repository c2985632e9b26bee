"""The Qt binding itself: a fault of PySide6 6.12.0 that ends the program after minutes (docs/adr/0005)."""

import sys

from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot


def test_painting_drops_no_reference_to_none(qtbot: QtBot) -> None:
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    before = sys.getrefcount(None)
    for _ in range(1000):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.end()
    assert sys.getrefcount(None) > before - 500
