"""Field and mesh side by side, with a divider that the pointer drags, and the slice that the wheel moves."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from paic3d_studio.core.inspection import MeshInspection
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.split_handle import SplitHandle


def split(qtbot: QtBot, studio: MainWindow) -> SplitHandle:
    """Split the view by its key, as the artist does."""
    studio.activateWindow()
    qtbot.waitUntil(studio.isActiveWindow)  # keys are for the window in front
    studio.head.viewport.setFocus()
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        QTest.keyClick(studio.head.viewport, Qt.Key.Key_V)
    return studio.head.divider


def test_a_key_splits_the_view_and_asks_for_the_mesh(qtbot: QtBot, studio: MainWindow) -> None:
    divider = split(qtbot, studio)
    scene = studio.head.viewport.scene
    assert divider.isVisible() and scene.split == pytest.approx(0.5) and scene.mesh is not None
    assert scene.modes == ("colour", "mesh")
    QTest.keyClick(studio.head.viewport, Qt.Key.Key_V)
    assert not divider.isVisible() and scene.split is None and scene.modes == ("colour", None)


def test_the_divider_follows_the_pointer_the_keys_and_the_windows_size(qtbot: QtBot, studio: MainWindow) -> None:
    divider, viewport = split(qtbot, studio), studio.head.viewport
    middle = QPoint(divider.width() // 2, divider.height() // 3)
    QTest.mousePress(divider, Qt.MouseButton.LeftButton, pos=middle)
    wanted = divider.mapFrom(viewport, QPoint(round(0.3 * viewport.width()), middle.y()))
    QTest.mouseMove(divider, wanted)
    QTest.mouseRelease(divider, Qt.MouseButton.LeftButton, pos=middle)
    assert divider.share == pytest.approx(0.3, abs=0.01) and viewport.scene.split == divider.share
    assert divider.geometry().center().x() == pytest.approx(0.3 * viewport.width(), abs=2)
    QTest.keyClick(divider, Qt.Key.Key_Right)
    assert divider.share == pytest.approx(0.31, abs=0.01)
    studio.resize(studio.width() - 100, studio.height())
    qtbot.waitUntil(lambda: abs(divider.geometry().center().x() - divider.share * viewport.width()) < 3)
    for _ in range(20):
        QTest.keyClick(divider, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert divider.share == pytest.approx(0.04)


def test_beside_the_divider_a_drag_turns_the_head(qtbot: QtBot, studio: MainWindow) -> None:
    divider, viewport = split(qtbot, studio), studio.head.viewport
    before, share = viewport.view, divider.share
    aside = QPoint(10, divider.height() // 2)
    QTest.mousePress(divider, Qt.MouseButton.LeftButton, pos=aside)
    QTest.mouseMove(viewport, divider.mapTo(viewport, aside) + QPoint(40, 0))
    QTest.mouseRelease(divider, Qt.MouseButton.LeftButton, pos=aside)
    assert divider.share == share
    assert viewport.view != before


def test_alt_and_the_wheel_move_the_slice_and_nothing_else(studio: MainWindow) -> None:
    viewport = studio.head.viewport
    studio.head.set_mode("slices")
    view, at = viewport.view, QPointF(viewport.rect().center())
    event = QWheelEvent(
        at, viewport.mapToGlobal(at), QPoint(), QPoint(120, 0), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.AltModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    for _ in range(3):
        QApplication.sendEvent(viewport, event)
    assert viewport.view == view and viewport.scene.slice_depth == pytest.approx(0.012)
    assert "12 mm behind the middle" in viewport.sentence


def test_the_error_of_the_mesh_is_told_once_it_is_measured(qtbot: QtBot, studio: MainWindow) -> None:
    viewport = studio.head.viewport
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.head.set_mode("mesh_error")
    assert viewport.scene.has_error and "Blue" in viewport.sentence
    inspection = studio.document.session.peek("inspection")
    assert isinstance(inspection, MeshInspection) and np.all(inspection.error == np.float32(0.0015))
