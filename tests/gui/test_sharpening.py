"""The exact still of a resting view: asked for at rest, shown where it still fits, dropped by whatever moves."""

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.runner import Deliver
from paic3d_studio.project.edits import set_seed
from paic3d_studio.viewport.still import StillRequest


@pytest.fixture
def resting(qtbot: QtBot, studio: MainWindow) -> Iterator[MainWindow]:
    """The window with its head refined and sharpened."""
    qtbot.waitUntil(lambda: is_sharpened(studio), timeout=20_000)
    qtbot.waitUntil(lambda: not studio.document.runner.busy)
    yield studio


def is_sharpened(studio: MainWindow) -> bool:
    return studio.head.viewport.scene.still is not None


def is_at_rest(studio: MainWindow) -> bool:
    return studio.head.viewport.scene.progressive.is_sharp


def turn(studio: MainWindow, degrees: float) -> None:
    studio.head.viewport.set_view(studio.head.viewport.view.turned_by(degrees))


def test_a_rested_view_of_the_refined_head_is_sharpened_once(qtbot: QtBot, resting: MainWindow, pace: object) -> None:
    scene = resting.head.viewport.scene
    qtbot.waitUntil(lambda: is_at_rest(resting))
    qtbot.wait(300)
    assert scene.still.request == StillRequest(scene.view, scene.still.request.size)
    assert pace.stills == [scene.still.request]
    assert scene.still.request.size == resting.head.viewport.picture().shape[1::-1]
    assert resting.document.session.peek("fine_volume") is scene.volume


def test_turning_drops_the_still_and_brings_another_one(qtbot: QtBot, resting: MainWindow, pace: object) -> None:
    turn(resting, 20.0)
    assert not is_sharpened(resting)
    qtbot.waitUntil(lambda: is_sharpened(resting), timeout=20_000)
    assert pace.stills[-1].view == resting.head.viewport.view


def test_a_movement_stops_the_job_and_the_words_about_it(qtbot: QtBot, resting: MainWindow, pace: object) -> None:
    pace.still_seconds = 30.0
    turn(resting, 20.0)
    qtbot.waitUntil(lambda: resting.workspace.status.doing.startswith("Drawing it sharper ("), timeout=20_000)
    asked = len(pace.stills)
    pace.still_seconds = 0.0
    turn(resting, 20.0)
    qtbot.waitUntil(lambda: is_sharpened(resting), timeout=20_000)
    assert [request.view for request in pace.stills[asked:]] == [resting.head.viewport.view]
    qtbot.waitUntil(lambda: resting.workspace.status.doing == "Up to date")


def test_an_edit_goes_first_and_its_own_head_is_sharpened(qtbot: QtBot, resting: MainWindow, pace: object) -> None:
    pace.still_seconds = 30.0
    turn(resting, 20.0)
    qtbot.waitUntil(lambda: resting.document.runner.runs("still"), timeout=20_000)
    before = resting.head.viewport.scene.volume
    with qtbot.waitSignal(resting.document.refreshed, timeout=10_000):
        resting.document.edit(lambda project: set_seed(project, seed=5))
    pace.still_seconds = 0.0
    qtbot.waitUntil(lambda: is_sharpened(resting), timeout=20_000)
    assert resting.head.viewport.scene.volume is not before


def test_a_job_that_the_still_gave_way_to_is_followed_by_the_still(
    qtbot: QtBot, resting: MainWindow, pace: object
) -> None:
    runner, began, order = resting.document.runner, threading.Event(), []

    def other(monitor: Monitor, deliver: Deliver) -> None:
        order.append(len(pace.stills))
        pace.still_seconds = 0.0  # before the still is asked for again
        began.set()

    pace.still_seconds = 30.0
    turn(resting, 20.0)
    qtbot.waitUntil(lambda: runner.runs("still"), timeout=20_000)
    stills = len(pace.stills)
    runner.submit("import", other)
    qtbot.waitUntil(began.is_set)
    qtbot.waitUntil(lambda: is_sharpened(resting), timeout=20_000)
    assert order == [stills]


def test_nothing_is_asked_for_while_the_artist_drags_in_the_picture(
    qtbot: QtBot, resting: MainWindow, pace: object
) -> None:
    document = resting.document
    stills = len(pace.stills)
    document.begin_drag()
    turn(resting, 20.0)
    qtbot.waitUntil(lambda: is_at_rest(resting))
    qtbot.wait(100)
    assert len(pace.stills) == stills
    document.cancel_drag()
    qtbot.waitUntil(lambda: is_sharpened(resting), timeout=20_000)


def test_a_still_that_comes_during_a_gesture_is_not_shown_but_made_again_after_it(
    qtbot: QtBot, resting: MainWindow, pace: object
) -> None:
    document, came = resting.document, threading.Event()
    make = document.session.exact_still

    def hurried(request: StillRequest, **rest: object) -> object:
        still = make(request, **rest)
        came.set()
        return still

    def take_hold(lane: str) -> None:
        if lane == "still" and not document.session.dragging:
            assert came.wait(5)  # the still is on its way to the window by now
            document.begin_drag()

    document.session.exact_still = hurried
    document.runner.started.connect(take_hold)
    turn(resting, 20.0)
    qtbot.waitUntil(came.is_set, timeout=20_000)
    qtbot.wait(100)
    assert document.session.dragging
    assert not is_sharpened(resting)
    document.runner.started.disconnect(take_hold)
    document.cancel_drag()
    qtbot.waitUntil(lambda: is_sharpened(resting), timeout=20_000)


def test_nothing_is_asked_for_while_the_artist_holds_the_head(qtbot: QtBot, resting: MainWindow, pace: object) -> None:
    viewport, stills = resting.head.viewport, len(pace.stills)
    middle = viewport.rect().center()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(viewport, middle + QPoint(40, 0))
    turn(resting, 5.0)
    qtbot.waitUntil(lambda: is_at_rest(resting))
    qtbot.wait(100)
    assert len(pace.stills) == stills
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 0))
    qtbot.waitUntil(lambda: is_sharpened(resting), timeout=20_000)


def test_modes_that_see_no_surface_ask_for_nothing_and_those_that_do_take_the_same(
    qtbot: QtBot, resting: MainWindow, pace: object
) -> None:
    resting.head.set_mode("density")
    turn(resting, 20.0)
    qtbot.waitUntil(lambda: is_at_rest(resting))
    stills = len(pace.stills)
    resting.head.set_mode("field_colour")
    qtbot.waitUntil(lambda: is_sharpened(resting), timeout=20_000)
    resting.head.set_mode("clay")
    qtbot.waitUntil(lambda: is_at_rest(resting))
    assert is_sharpened(resting)
    assert len(pace.stills) == stills + 1


def test_another_size_is_sharpened_anew(qtbot: QtBot, resting: MainWindow, pace: object) -> None:
    before = resting.head.viewport.scene.still
    resting.resize(1100, 700)
    qtbot.waitUntil(lambda: resting.head.viewport.scene.still not in (None, before), timeout=20_000)
    assert resting.head.viewport.scene.still.request.size == resting.head.viewport.picture().shape[1::-1]


def test_stop_lets_the_picture_be_until_the_view_moves(qtbot: QtBot, resting: MainWindow, pace: object) -> None:
    pace.still_seconds = 30.0
    turn(resting, 20.0)
    qtbot.waitUntil(lambda: resting.document.runner.runs("still"), timeout=20_000)
    assert resting.document.stop()
    qtbot.waitUntil(lambda: not resting.document.runner.busy)
    pace.still_seconds = 0.0
    qtbot.wait(300)
    assert not is_sharpened(resting)
    turn(resting, 20.0)
    qtbot.waitUntil(lambda: is_sharpened(resting), timeout=20_000)


def test_a_still_that_fails_is_told_of_once(qtbot: QtBot, resting: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def failing(request: StillRequest, **_: object) -> None:
        asked.append(request)
        raise ValueError("a bug")

    monkeypatch.setattr(resting.document.session, "exact_still", failing)
    with qtbot.waitSignal(resting.document.failed, timeout=20_000):
        turn(resting, 20.0)
    qtbot.wait(300)
    assert len(asked) == 1
