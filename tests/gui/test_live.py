"""The line-free picture while the pointer is down, and the divider before it."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.picture_layers import LayerState
from paic3d_studio.project import edits


def clean(studio: MainWindow) -> np.ndarray:
    pixels = studio.image.view.pixels_of("clean")
    assert pixels is not None
    return np.asarray(pixels)


def mask(studio: MainWindow) -> np.ndarray:
    pixels = studio.image.shown.mask_pixels
    assert pixels is not None
    return np.asarray(pixels[..., 3] > 0)


def test_the_line_free_picture_follows_the_brush_before_it_is_lifted_and_ends_as_the_method_makes_it(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.shown.set_state("clean", LayerState(True))
    studio.image.choose_tool("brush")
    before = clean(studio)
    pointer.press(230, 240)
    for x in range(235, 290, 5):
        pointer.drag_to(x, 240)
    qtbot.waitUntil(lambda: not studio.document.live.busy)
    during = clean(studio)
    assert not np.array_equal(during, before)
    assert (during[mask(studio) & (studio.image.shown._aligned[..., 3] > 0)][:, :3] == 128).all()
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.release(285, 240)
    assert np.array_equal(clean(studio), studio.document.session.pull("render_like").rgba)
    assert np.array_equal(clean(studio), during)
    studio.document.undo()
    assert np.array_equal(clean(studio), before)


def test_nothing_is_painted_live_that_nobody_sees(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    studio.image.choose_tool("brush")
    pointer.press(230, 240)
    pointer.drag_to(270, 240)
    assert not studio.document.live.busy
    pointer.release(270, 240)


def test_masks_that_came_while_one_was_painted_are_passed_over_and_the_newest_is_shown(
    qtbot: QtBot, studio: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, live = studio.document.session, studio.document.live
    go, painted, shown = threading.Event(), [], []

    def slow(project: object, **parts: object) -> object:
        go.wait(10)
        painted.append(project)
        return project

    monkeypatch.setattr(session, "line_free", slow)
    live.painted.disconnect(studio.image.gesture._show_live)
    live.painted.connect(lambda picture, _: shown.append(picture))
    parts = {name: session.pull(stage) for name, stage in (("aligned",) * 2, ("line_mask",) * 2, ("keep",) * 2)}
    projects = [edits.set_seed(session.project, seed=seed) for seed in range(1, 6)]
    for project in projects:
        live.want(project, **parts)
    go.set()
    qtbot.waitUntil(lambda: len(shown) == 2)
    assert painted == shown == [projects[0], projects[-1]]
    go.clear()
    live.want(projects[2], **parts)
    live.forget()
    go.set()
    qtbot.wait(200)
    assert len(shown) == 2 and not live.busy


def test_w_puts_a_divider_that_is_dragged_and_left_of_it_are_the_lines(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    image = studio.image
    image.view.fit()  # the whole square
    image.view.setFocus()
    for layer in ("hulls", "lines"):
        image.shown.toggle(layer, False)
    alone = image.view.grab().toImage()
    image.shown.set_state("clean", LayerState(True))
    whole = image.view.grab().toImage()
    image.shown.set_state("clean", LayerState(False))
    QTest.keyClick(image.view, Qt.Key.Key_W)
    assert studio.actions_by_name["swipe"].isChecked() and image.shown.divider == 256
    project = studio.document.project
    pointer.drag((256, 400), (300, 400))
    assert image.shown.divider == 300 and studio.document.project is project
    shown = image.view.grab().toImage()
    for y in range(60, 480, 7):
        for x, expected in ((275, alone), (330, whole)):
            place = pointer.place(x, y).toPoint()
            assert shown.pixel(place) == expected.pixel(place)
    QTest.keyClick(image.view, Qt.Key.Key_W)
    assert image.shown.divider is None
    assert image.view.grab().toImage() == alone


def test_the_divider_goes_before_the_tool_that_is_chosen(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    studio.image.choose_tool("brush")
    studio.image.shown.set_swipe(True)
    pointer.drag((256, 300), (200, 300))
    assert studio.image.shown.divider == 200
    assert not studio.document.session.can_undo
    pointer.drag((256, 300), (230, 300))
    assert len(studio.document.project.strokes) == 1
