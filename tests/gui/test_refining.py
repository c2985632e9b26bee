"""The finer volume that comes after the quick one, and the picture that is stitched onto both."""

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from paic3d_studio.core.artefacts import FieldVolume
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.pulling import COARSE, REFINED
from paic3d_studio.project.edits import place_face, set_seed, set_settings
from paic3d_studio.viewport.front import NO_PICTURE
from paic3d_studio.viewport.orbit import HOME_VIEW

OLDER = "An older state: the head is being made anew"


def voxels_shown(studio: MainWindow) -> int:
    """Side of the volume that the viewport holds."""
    volume = studio.head.viewport.scene.volume
    assert isinstance(volume, FieldVolume)
    return volume.rgba.shape[0]


def sides_shown(studio: MainWindow) -> list[int]:
    """Sides of the volumes that are handed to the viewport from now on, each run of one side once."""
    sides: list[int] = []

    def note(stage: str, value: object) -> None:
        if isinstance(value, FieldVolume) and sides[-1:] != [voxels_shown(studio)]:
            sides.append(voxels_shown(studio))

    studio.document.artefact.connect(note)
    return sides


def settle(qtbot: QtBot, studio: MainWindow) -> None:
    qtbot.waitUntil(lambda: not studio.document.runner.busy and voxels_shown(studio) == 24)


def test_the_quick_volume_is_shown_first_and_the_fine_one_takes_its_place(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    settle(qtbot, studio)
    pace.fine_seconds = 0.3
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: set_seed(project, seed=5))
    assert voxels_shown(studio) == 16
    assert studio.workspace.status.hint
    qtbot.waitUntil(lambda: voxels_shown(studio) == 24)
    assert studio.workspace.strip.states()[REFINED] == "fresh"


def test_a_picture_just_opened_shows_a_coarse_head_first(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path
) -> None:
    settle(qtbot, studio)
    shown = sides_shown(studio)
    pace.seconds = 30.0
    studio.document.open(another_picture)
    qtbot.waitUntil(lambda: shown == [12], timeout=20_000)
    assert studio.head.viewport.scene.picture is not NO_PICTURE  # stitched from the first frame on
    assert studio.document.session.peek("volume") is None
    assert studio.head.viewport.sentence == ""
    pace.seconds = 0.01
    settle(qtbot, studio)
    assert shown == [12, 16, 24]


def test_an_edit_keeps_the_old_head_till_the_quick_volume_is_there(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    settle(qtbot, studio)
    coarse, shown = pace.coarse_volumes, sides_shown(studio)
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: set_seed(project, seed=13))
    settle(qtbot, studio)
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.undo()
    settle(qtbot, studio)
    assert 12 not in shown
    assert pace.coarse_volumes == coarse


def test_an_edit_made_while_only_the_coarse_head_is_there_leaves_it_as_an_older_state(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path
) -> None:
    settle(qtbot, studio)
    shown = sides_shown(studio)
    pace.seconds = 30.0
    studio.document.open(another_picture)
    qtbot.waitUntil(lambda: shown == [12], timeout=20_000)
    coarse = pace.coarse_volumes
    studio.document.edit(lambda project: set_seed(project, seed=14))
    qtbot.waitUntil(lambda: studio.head.viewport.sentence == OLDER)
    pace.seconds = 0.01
    settle(qtbot, studio)
    assert pace.coarse_volumes == coarse
    assert shown == [12, 16, 24]


def edit_while_the_first_head_is_made(
    qtbot: QtBot, studio: MainWindow, pace: object, picture: Path, *, seeds: range
) -> None:
    """Open a picture whose first head takes as long as `pace` says, and edit it before that is there."""
    pace.coarse_seconds, pace.coarse_begun = 30.0, 0
    with qtbot.waitSignal(studio.document.opened):
        studio.document.open(picture)
    qtbot.waitUntil(lambda: pace.coarse_begun == 1, timeout=20_000)
    for seed in seeds:
        studio.document.edit(lambda project, seed=seed: set_seed(project, seed=seed))
        QTest.qWait(30)


def test_edits_do_not_stop_the_first_head_that_is_being_made(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path
) -> None:
    settle(qtbot, studio)
    coarse, shown = pace.coarse_volumes, sides_shown(studio)
    edit_while_the_first_head_is_made(qtbot, studio, pace, another_picture, seeds=range(20, 24))
    assert (pace.coarse_begun, pace.coarse_volumes) == (1, coarse)
    assert studio.head.viewport.scene.is_empty
    sentences: list[str] = []
    studio.document.artefact.connect(lambda stage, _: sentences.append(f"{stage}: {studio.head.viewport.sentence}"))
    pace.coarse_seconds = 0.01
    settle(qtbot, studio)
    assert f"{COARSE}: {OLDER}" in sentences
    assert sentences.index(f"{COARSE}: {OLDER}") < sentences.index("volume: ")
    assert studio.head.viewport.sentence == ""
    assert pace.coarse_volumes == coarse + 1  # of the first project; that of the last edit goes on from there
    assert shown == [12, 16, 24]
    assert studio.document.refined is studio.document.project


def test_the_picture_follows_edits_while_the_first_head_is_made_without_them(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path
) -> None:
    settle(qtbot, studio)
    edit_while_the_first_head_is_made(qtbot, studio, pace, another_picture, seeds=range(20, 20))
    before = studio.document.session.peek("line_mask").mask
    with qtbot.waitSignal(studio.document.artefact, check_params_cb=lambda stage, _: stage == "render_like"):
        with_fewer_lines(studio)
    after = studio.document.session.peek("line_mask").mask
    assert after.sum() < before.sum()
    assert pace.coarse_begun == 1
    assert studio.head.viewport.scene.is_empty
    np.testing.assert_array_equal(lines_shown(studio), after)


def with_fewer_lines(studio: MainWindow) -> None:
    """Make an edit that the line mask and the line-free picture follow."""
    lines = studio.document.project.settings.lines
    fewer = dataclasses.replace(lines, threshold=lines.threshold * 3)
    studio.document.edit(lambda project: set_settings(project, lines=fewer))


def first_run_waits(studio: MainWindow, name: str, wait: Callable[..., None]) -> threading.Event:
    """Let a stage call `wait` the first time it runs; the event tells that it does."""
    stages = studio.document.session._graph._stages
    stage, begun = stages[name], threading.Event()

    def compute(*inputs: object, **options: object) -> object:
        if not begun.is_set():
            begun.set()
            wait(**options)
        return stage.compute(*inputs, **options)

    stages[name] = dataclasses.replace(stage, compute=compute)
    return begun


def lines_shown(studio: MainWindow) -> np.ndarray:
    return studio.image.shown.mask_pixels[..., 3] > 0


def test_lines_that_earlier_edits_had_are_not_shown_after_a_stop(
    qtbot: QtBot, studio: MainWindow, another_picture: Path
) -> None:
    settle(qtbot, studio)
    go_on = threading.Event()
    begun = first_run_waits(studio, "line_mask", lambda **_: go_on.wait(20))
    with qtbot.waitSignal(studio.document.opened):
        studio.document.open(another_picture)
    qtbot.waitUntil(begun.is_set)
    with qtbot.waitSignal(studio.document.artefact, check_params_cb=lambda stage, _: stage == "line_mask"):
        with_fewer_lines(studio)
    newest = studio.document.session.peek("line_mask").mask
    studio.document.stop()
    go_on.set()
    qtbot.waitUntil(lambda: not studio.document.busy)
    QTest.qWait(50)
    np.testing.assert_array_equal(lines_shown(studio), newest)


def test_lines_that_no_memo_holds_any_more_come_back_with_undo_before_the_first_head(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path
) -> None:
    settle(qtbot, studio)
    edit_while_the_first_head_is_made(qtbot, studio, pace, another_picture, seeds=range(20, 20))
    first = studio.document.session.peek("line_mask").mask
    with_fewer_lines(studio)
    qtbot.waitUntil(lambda: not studio.document.beside.busy)
    studio.document.session._graph._memo["line_mask"].clear()  # as after many edits
    studio.document.undo()
    qtbot.waitUntil(lambda: np.array_equal(lines_shown(studio), first))
    assert studio.head.viewport.scene.is_empty


def test_what_is_made_beside_the_first_head_stops_for_edits_after_it(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path
) -> None:
    settle(qtbot, studio)
    edit_while_the_first_head_is_made(qtbot, studio, pace, another_picture, seeds=range(20, 20))
    painted = threading.Event()

    def for_long(*, monitor: Monitor) -> None:
        while not painted.wait(0.01):
            monitor.check()

    begun = first_run_waits(studio, "render_like", for_long)
    with_fewer_lines(studio)
    qtbot.waitUntil(begun.is_set)
    pace.coarse_seconds = 0.01
    qtbot.waitUntil(lambda: not studio.head.viewport.scene.is_empty, timeout=20_000)
    assert studio.document.beside.busy  # the head that comes next needs it
    studio.document.undo()
    qtbot.waitUntil(lambda: not studio.document.beside.busy)
    settle(qtbot, studio)


def test_an_edit_that_mends_what_the_first_head_fails_of_is_followed_without_a_word(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path
) -> None:
    settle(qtbot, studio)
    told: list[Exception] = []
    studio.document.failed.connect(lambda _lane, error: told.append(error))
    go_on = threading.Event()
    begun = first_run_waits(studio, "found_landmarks", lambda **_: go_on.wait(20))
    pace.face = False
    with qtbot.waitSignal(studio.document.opened):
        studio.document.open(another_picture)
    qtbot.waitUntil(begun.is_set)
    face = {"right_eye": (144.0, 180.0), "left_eye": (216.0, 180.0), "mouth": (180.0, 230.0)}
    studio.document.edit(lambda project: place_face(project, **face))
    go_on.set()
    settle(qtbot, studio)
    assert told == [] and studio.document.refined is studio.document.project
    with qtbot.waitSignal(studio.document.failed):
        studio.document.undo()  # what fails afterwards is told of


def undone(studio: MainWindow) -> None:
    studio.document.edit(lambda project: set_seed(project, seed=20))
    studio.document.undo()


@pytest.mark.parametrize("ask", [undone, lambda studio: studio.document.want_mesh(True)], ids=["undone", "mesh"])
def test_a_first_head_of_what_is_shown_is_not_called_older_although_more_is_asked_for(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path, ask: Callable[[MainWindow], None]
) -> None:
    settle(qtbot, studio)
    edit_while_the_first_head_is_made(qtbot, studio, pace, another_picture, seeds=range(20, 20))
    ask(studio)
    shown = sides_shown(studio)
    pace.coarse_seconds, pace.seconds = 0.01, 30.0
    with qtbot.waitSignal(studio.document.refresh_started, timeout=20_000):
        qtbot.waitUntil(lambda: shown == [12], timeout=20_000)
    assert studio.head.viewport.sentence != OLDER
    pace.seconds = 0.01
    settle(qtbot, studio)
    assert (studio.document.session.peek("textured") is None) == (ask is undone)


def test_what_the_artist_stops_before_the_first_head_stops_at_once_and_goes_on_when_asked(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path
) -> None:
    settle(qtbot, studio)
    edit_while_the_first_head_is_made(qtbot, studio, pace, another_picture, seeds=range(20, 22))
    with qtbot.waitSignal(studio.document.stopped, timeout=2_000):
        studio.document.interrupt()
    QTest.qWait(100)
    assert not studio.document.busy
    assert studio.head.viewport.scene.is_empty
    pace.coarse_seconds = 0.01
    studio.document.refresh()
    settle(qtbot, studio)


def test_another_picture_does_not_wait_for_the_first_head_of_the_one_before(
    qtbot: QtBot, studio: MainWindow, pace: object, picture: Path, another_picture: Path
) -> None:
    settle(qtbot, studio)
    edit_while_the_first_head_is_made(qtbot, studio, pace, another_picture, seeds=range(20, 20))
    with qtbot.waitSignal(studio.document.opened, timeout=5_000):
        studio.document.open(picture)
    pace.coarse_seconds = 0.01
    settle(qtbot, studio)
    assert studio.document.refined is studio.document.project


def test_a_picture_whose_quick_volume_is_known_is_opened_without_a_coarse_one(
    qtbot: QtBot, studio: MainWindow, pace: object, picture: Path
) -> None:
    settle(qtbot, studio)
    coarse, shown = pace.coarse_volumes, sides_shown(studio)
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.open(picture)
    assert pace.coarse_volumes == coarse
    assert shown[0] == 16


def test_an_edit_stops_the_refining_and_only_the_newest_head_is_refined(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    settle(qtbot, studio)
    refined = pace.fine_volumes
    pace.fine_seconds = 30.0
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: set_seed(project, seed=6))
    qtbot.waitUntil(lambda: studio.workspace.strip.states().get(REFINED) == "running")
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: set_seed(project, seed=7))
    assert pace.fine_volumes == refined  # the edit did not wait for a refining that would have ended first
    pace.fine_seconds = 0.0
    settle(qtbot, studio)
    assert pace.fine_volumes == refined + 1
    assert studio.document.session.peek(REFINED) is studio.head.viewport.scene.volume


def test_undo_brings_the_fine_volume_back_without_baking_it_again(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    settle(qtbot, studio)
    first = studio.head.viewport.scene.volume
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: set_seed(project, seed=8))
    qtbot.waitUntil(lambda: voxels_shown(studio) == 24 and studio.head.viewport.scene.volume is not first)
    refined = pace.fine_volumes
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.undo()
    settle(qtbot, studio)
    assert studio.head.viewport.scene.volume is first
    assert pace.fine_volumes == refined


def test_undo_before_the_next_fine_volume_is_baked_brings_the_last_one_back(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    settle(qtbot, studio)
    first = studio.head.viewport.scene.volume
    pace.fine_seconds = 30.0
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: set_seed(project, seed=9))
    assert voxels_shown(studio) == 16
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.undo()
    assert studio.head.viewport.scene.volume is first


@pytest.mark.parametrize(("choice", "mean"), [("off", None), ("line-free", "render_like")])
def test_the_setting_of_the_stitch_changes_the_picture_and_bakes_no_volume(
    qtbot: QtBot, studio: MainWindow, pace: object, choice: str, mean: str | None
) -> None:
    settle(qtbot, studio)
    artist = studio.head.viewport.scene.picture
    baked = pace.volumes
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: set_settings(project, stitch=choice))
    qtbot.waitUntil(lambda: studio.head.viewport.scene.picture is not artist)
    picture = studio.head.viewport.scene.picture
    assert pace.volumes == baked
    if mean is None:
        assert picture is NO_PICTURE
    else:
        drawn = studio.document.session.peek(mean).rgba
        inside = drawn[..., 3] == 255
        np.testing.assert_allclose(picture.rgba[::-1][inside, :3].astype(int), drawn[inside, :3], atol=1)


def test_an_older_head_is_called_so_until_the_new_one_is_there(qtbot: QtBot, studio: MainWindow, pace: object) -> None:
    settle(qtbot, studio)
    assert studio.head.viewport.sentence != OLDER
    pace.seconds = 1.0
    studio.document.edit(lambda project: set_seed(project, seed=11))
    qtbot.waitUntil(lambda: studio.head.viewport.sentence == OLDER)
    qtbot.waitUntil(lambda: studio.head.viewport.sentence != OLDER, timeout=20_000)
    assert studio.document.session.peek("volume") is not None


def test_escape_takes_a_message_away_and_lets_the_refining_go_on(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    settle(qtbot, studio)
    pace.fine_seconds = 1.0
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: set_seed(project, seed=12))
    studio.workspace.messages.show_message("There is no picture to paste.")
    for _ in range(2):
        QTest.keyClick(studio, Qt.Key.Key_Escape)
        assert not studio.workspace.messages.isVisible()
    qtbot.waitUntil(lambda: voxels_shown(studio) == 24, timeout=20_000)
    assert studio.workspace.strip.states()[REFINED] == "fresh"


def test_nothing_is_called_up_to_date_while_the_view_is_being_refined(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    settle(qtbot, studio)
    pace.fine_seconds = 30.0
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: set_seed(project, seed=31))
    assert studio.workspace.status.doing.startswith("Refining the view")
    qtbot.waitUntil(lambda: studio.workspace.strip.chips["View"].state_text.endswith("%"), timeout=20_000)
    assert studio.workspace.status.doing == "Refining the view; every edit is in it"
    pace.fine_seconds = 0.01
    settle(qtbot, studio)
    qtbot.waitUntil(lambda: studio.workspace.status.doing == "Up to date", timeout=20_000)


def test_a_finer_view_of_an_earlier_state_that_comes_late_is_not_shown(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    settle(qtbot, studio)
    document = studio.document
    earlier, finer = document.project, document.session.peek(REFINED)
    with qtbot.waitSignal(document.refreshed):
        document.edit(lambda project: set_seed(project, seed=31))
    settle(qtbot, studio)
    heard: list[str] = []
    document.artefact.connect(lambda stage, _: heard.append(stage))
    document._asked["refine"] = earlier
    document._on_delivered("refine", REFINED, finer)
    assert heard == []


def test_after_a_stop_a_gesture_that_changes_nothing_does_not_speak_of_a_reconstruction(
    qtbot: QtBot, studio: MainWindow, pace: object
) -> None:
    settle(qtbot, studio)
    pace.seconds = 30.0
    document = studio.document
    with qtbot.waitSignal(document.refresh_started):
        document.edit(lambda project: set_seed(project, seed=32))
    with qtbot.waitSignal(document.stopped):
        document.interrupt()
    said = studio.workspace.status.doing
    document.begin_drag()
    document.drag(lambda project: project)
    document.end_drag()
    assert studio.workspace.status.doing == said == "Stopped"


def test_a_head_is_first_seen_filling_the_view_and_does_not_move_when_finer_volumes_come(
    qtbot: QtBot, studio: MainWindow, pace: object, another_picture: Path
) -> None:
    settle(qtbot, studio)
    studio.head.viewport.show_back()
    views: list[object] = []
    studio.document.artefact.connect(
        lambda stage, _: views.append(studio.head.viewport.view) if stage in (COARSE, "volume", REFINED) else None
    )
    studio.document.open(another_picture)
    qtbot.waitUntil(lambda: len(views) >= 3, timeout=20_000)
    settle(qtbot, studio)
    first = views[0]
    assert set(views) == {first} and first.azimuth == 0
    assert first.extent < 0.75 * HOME_VIEW.extent  # the head is half as large as the box
    studio.head.viewport.show_side()
    studio.head.viewport.reset_view()
    assert studio.head.viewport.view == first
