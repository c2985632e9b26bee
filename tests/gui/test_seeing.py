"""How the picture is looked at: backdrop, colours, pan and zoom."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from paic3d_studio.gui import theme
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.picture_view import BACKDROPS


def colour_at(studio: MainWindow, place: QPointF) -> str:
    return studio.image.view.grab().toImage().pixelColor(place.toPoint()).name()


@pytest.mark.parametrize("name", ["white", "black", "green"])
def test_a_backdrop_is_seen_where_the_picture_is_transparent(studio: MainWindow, pointer: object, name: str) -> None:
    studio.image.view.fit()  # the whole square, its corner too
    panel = studio.workspace.layers
    panel.backdrops.activated.emit(panel.backdrops.findData(name))
    assert colour_at(studio, pointer.place(6, 6)) == BACKDROPS[name][1]
    assert studio.preferences.text("picture/backdrop", "") == name


def test_the_cut_out_alone_is_white_on_black(studio: MainWindow) -> None:
    picture = studio.image.view.pixels_of("picture").copy()
    studio.image.shown.set_backdrop("matte")
    shown = studio.image.view.pixels_of("picture")
    assert (shown[..., :3] == picture[..., 3:]).all() and (shown[..., 3] == 255).all()
    studio.image.shown.set_backdrop("chequered")
    assert np.array_equal(studio.image.view.pixels_of("picture"), picture)


def test_the_line_mask_is_shown_in_the_colour_that_is_chosen(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    before = studio.image.shown.mask_pixels[..., 3].copy()
    panel = studio.workspace.layers
    blue = next(colour for colour, title in theme.LINE_COLOURS.items() if title == "Blue")
    panel.line_colours.activated.emit(panel.line_colours.findData(blue))
    studio.image.choose_tool("brush")
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.click(60, 60)
    pixels = studio.image.shown.mask_pixels
    assert (pixels[pixels[..., 3] > 0][:, :3] == (0x3F, 0xA9, 0xFF)).all()
    assert (pixels[before > 0][:, 3] > 0).all()
    assert studio.preferences.text("picture/line-colour", "") == blue


def test_the_wheel_zooms_about_the_pointer(studio: MainWindow, pointer: object) -> None:
    view = studio.image.view
    held = QPointF(120.0, 90.0)
    before = view.pan_zoom.to_picture((held.x(), held.y()))
    for notches in (3, -1, 5):
        event = QWheelEvent(
            held, view.viewport().mapToGlobal(held), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view.viewport(), event)
        assert view.pan_zoom.to_picture((held.x(), held.y())) == pytest.approx(before)


@pytest.mark.parametrize("tool", ["brush", "hull", "align", "lasso", "polyline", "matte", "landmarks"])
def test_space_and_the_middle_button_drag_the_picture_whatever_the_tool_is(
    studio: MainWindow, pointer: object, tool: str
) -> None:
    studio.image.choose_tool(tool)
    view, project = studio.image.view, studio.document.project
    view.zoom_by(3.0)
    target = view.viewport()

    def send(kind: QEvent.Type, x: float, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        at = QPointF(100 + x, 100)
        modifiers = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(target, QMouseEvent(kind, at, target.mapToGlobal(at), button, held, modifiers))

    for button, space in ((Qt.MouseButton.LeftButton, True), (Qt.MouseButton.MiddleButton, False)):
        before = view.pan_zoom.to_picture((100.0, 100.0))
        if space:
            view.setFocus()
            QTest.keyPress(view, Qt.Key.Key_Space)
        send(QEvent.Type.MouseButtonPress, 0, button, button)
        send(QEvent.Type.MouseMove, 30, Qt.MouseButton.NoButton, button)
        send(QEvent.Type.MouseButtonRelease, 30, button, Qt.MouseButton.NoButton)
        if space:
            QTest.keyRelease(view, Qt.Key.Key_Space)
        assert view.pan_zoom.to_picture((130.0, 100.0)) == pytest.approx(before)
    assert studio.document.project is project


def test_at_100_percent_a_pixel_of_the_picture_is_one_of_the_screen_also_on_a_dense_one(
    studio: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.actions_by_name["zoom-actual"].trigger()
    assert studio.image.view.pan_zoom.scale == 1.0
    monkeypatch.setattr(type(studio.image.view), "devicePixelRatioF", lambda _: 2.0)
    studio.actions_by_name["zoom-actual"].trigger()
    assert studio.image.view.pan_zoom.scale == 0.5
    assert studio.workspace.zoom.text() == "100 %"
