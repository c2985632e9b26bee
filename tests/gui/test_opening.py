"""Pictures are opened, pasted, dropped and closed; what is no picture, and what has no face, is told of."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from paic3d_studio.core.artefacts import content_key
from paic3d_studio.errors import UserError
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.panels.drop_hint import DropHint
from paic3d_studio.project import edits
from paic3d_studio.project.file import write_project
from paic3d_studio.project.state import AlignmentEdit, PictureSource, Project
from paic3d_studio.session.session import Session
from paic3d_studio.tools.pan_zoom import FIT_MARGIN
from paic3d_studio.tools.place_face_tool import QUESTIONS
from tests.gui.seen import corner, mask, states


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_bad_file_is_told_of_and_leaves_the_open_picture_alone(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(content)
    qtbot.waitUntil(lambda: states(studio).get("fine_volume") == "fresh")
    project, shown, strip = studio.document.project, mask(studio), states(studio)
    with qtbot.waitSignal(studio.document.failed):
        studio.open_picture(str(bad))
    assert studio.document.project is project
    assert np.array_equal(mask(studio), shown)
    assert states(studio) == strip
    assert studio.workspace.messages.isVisible()
    assert "bad.png" in studio.workspace.messages.text


def test_a_bad_file_does_not_stop_the_reconstruction_of_the_open_picture(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, pace: object
) -> None:
    pace.seconds = 0.2
    studio.workspace.settings.controls.widgets["seed"].setValue(9)
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.opening._open_now(str(tmp_path / "missing.png"), "")
    assert states(studio)["volume"] == "fresh"


def test_two_bad_files_in_a_row_do_not_stop_it_either(
    qtbot: QtBot, studio: MainWindow, pace: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object, **__: object) -> None:
        time.sleep(0.3)
        raise UserError("There is no such file.")

    monkeypatch.setattr(studio.document.session, "read", read)
    pace.seconds = 0.2
    studio.workspace.settings.controls.widgets["seed"].setValue(9)
    studio.opening._open_now("first.png", "")
    qtbot.waitUntil(lambda: not studio.document.runner.runs("refresh"))
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.opening._open_now("second.png", "")
    assert states(studio)["volume"] == "fresh"


def test_a_picture_without_a_face_asks_for_it_and_three_clicks_place_it(
    qtbot: QtBot, window: MainWindow, picture: Path, pace: object
) -> None:
    from paic3d_studio.tools.pan_zoom import PanZoom

    pace.face = False
    with qtbot.waitSignal(window.document.failed, timeout=10_000):
        window.open_picture(str(picture))
    assert window.image.placing
    assert window.image.tools.placing.prompt.isVisible()
    view: PanZoom = window.image.view.pan_zoom
    assert view.content == (360, 360)
    asked = []
    for x, y in ((144.0, 180.0), (216.0, 180.0), (180.0, 230.0)):
        asked.append(window.image.tools.placing.prompt.question)
        at = window.image.view.pan_zoom.to_screen((x, y))
        QTest.mouseClick(
            window.image.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(at[0]), round(at[1]))
        )
        assert not window.workspace.messages.isVisible()  # it was about this, and covers what is to be clicked
    assert tuple(asked) == QUESTIONS
    qtbot.waitUntil(lambda: window.image.has_face, timeout=10_000)
    assert not window.image.placing
    assert window.document.project.landmark_edit is not None


def test_a_double_click_places_one_part_of_a_face_and_not_two(
    qtbot: QtBot, studio: MainWindow, pointer: object
) -> None:
    studio.image.choose_tool("place-face")
    pointer.double_click(144.0, 180.0)
    assert studio.image.tools.placing.prompt.question == QUESTIONS[1]


def test_opening_another_picture_asks_first_when_edits_would_be_lost(
    qtbot: QtBot, studio: MainWindow, pointer: object, tmp_path: Path, picture: Path
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    start = corner(studio, "mouth", 0)
    with qtbot.waitSignal(studio.document.refreshed):
        pointer.drag(start, (start[0] + 30, start[1]))
    studio.open_picture(str(other))
    assert studio.document.project.picture.name == "portrait.png"
    with qtbot.waitSignal(studio.document.opened):
        studio.workspace.messages.acted.emit("open-anyway")
    assert studio.document.project.picture.name == "other.png"


def test_edits_made_while_another_picture_is_read_are_asked_about_before_it_is_shown(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    go, read = threading.Event(), studio.document.session.read

    def slow(*given: object, **parts: object) -> object:
        assert go.wait(20)
        return read(*given, **parts)

    monkeypatch.setattr(studio.document.session, "read", slow)
    studio.open_picture(str(other))
    studio.document.edit(lambda project: edits.set_seed(project, seed=7))
    with qtbot.waitSignal(studio.document.held_back, timeout=20_000):
        go.set()
    assert (studio.document.project.picture.name, studio.document.project.seed) == ("portrait.png", 7)
    with qtbot.waitSignal(studio.window_wanted) as wanted:
        studio.workspace.messages._act_otherwise()
    assert wanted.args == [str(other), ""]
    studio.open_picture(str(other))
    with qtbot.waitSignal(studio.document.opened, timeout=20_000):
        studio.workspace.messages._act_third()
    assert studio.document.project.picture.name == "other.png"


def test_edits_are_saved_and_then_the_other_picture_is_opened(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, picture: Path
) -> None:
    other, kept = tmp_path / "other.png", tmp_path / "kept.paic3d"
    other.write_bytes(picture.read_bytes())
    with qtbot.waitSignal(studio.keeping.saved):
        studio.keeping.save_to(kept)
    studio.document.edit(lambda project: edits.set_seed(project, seed=7))
    studio.open_picture(str(other))
    with qtbot.waitSignal(studio.document.opened, timeout=20_000):
        studio.workspace.messages._act()
    assert studio.document.project.picture.name == "other.png"
    assert Session().read(str(kept)).seed == 7


@pytest.mark.parametrize("then", ["anyway", "elsewhere", "cancel"])
def test_what_waits_is_opened_once_a_changed_file_is_saved_over_and_only_then(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, picture: Path, then: str
) -> None:
    other, kept = tmp_path / "other.png", tmp_path / "kept.paic3d"
    other.write_bytes(picture.read_bytes())
    with qtbot.waitSignal(studio.keeping.saved):
        studio.keeping.save_to(kept)
    write_project(Project(picture=PictureSource("theirs.png", picture.read_bytes())), kept)
    studio.document.edit(lambda project: edits.set_seed(project, seed=7))
    studio.open_picture(str(other))
    messages = studio.workspace.messages
    with qtbot.waitSignal(studio.keeping.changed_on_disk):
        messages._act()
    if then == "elsewhere":
        messages._act_otherwise()
        chooser = studio.findChild(QFileDialog)
        assert chooser is not None
        with qtbot.waitSignal(studio.document.opened, timeout=20_000):
            chooser.fileSelected.emit(str(tmp_path / "mine.paic3d"))
        assert studio.document.project.picture.name == "other.png"
        assert Session().read(str(tmp_path / "mine.paic3d")).seed == 7
    elif then == "anyway":
        with qtbot.waitSignal(studio.document.opened, timeout=20_000):
            messages._act()
        assert studio.document.project.picture.name == "other.png"
    else:
        messages._act_third()
        with qtbot.waitSignal(studio.keeping.saved):
            studio.keeping.save_to(tmp_path / "elsewhere.paic3d")
        qtbot.wait(100)
        assert studio.document.project.picture.name == "portrait.png"


def test_a_save_that_was_given_up_opens_nothing_later(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, picture: Path
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    studio.document.edit(lambda project: edits.set_seed(project, seed=7))
    studio.open_picture(str(other))
    studio.workspace.messages._act()
    chooser = studio.findChild(QFileDialog)
    assert chooser is not None
    chooser.reject()
    with qtbot.waitSignal(studio.keeping.saved):
        studio.keeping.save_to(tmp_path / "kept.paic3d")
    qtbot.wait(100)
    assert studio.document.project.picture.name == "portrait.png"


def test_a_picture_opens_with_its_character_in_the_pane_and_edits_do_not_move_it(
    qtbot: QtBot, studio: MainWindow
) -> None:
    view, alpha = studio.image.view, studio.image.shown.aligned.rgba[..., 3] > 16
    rows, columns = (np.flatnonzero(alpha.any(axis=axis)) for axis in (1, 0))
    left, top = view.pan_zoom.to_screen((float(columns[0]), float(rows[0])))
    right, bottom = view.pan_zoom.to_screen((float(columns[-1] + 1), float(rows[-1] + 1)))
    assert 0 <= left < right <= view.width() and 0 <= top < bottom <= view.height()
    assert max((right - left) / view.width(), (bottom - top) / view.height()) == pytest.approx(FIT_MARGIN, abs=0.05)
    before = view.pan_zoom
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: edits.set_alignment(project, alignment=AlignmentEdit(scale=1.2)))
    assert view.pan_zoom == before
    studio.actions_by_name["zoom-fit"].trigger()
    assert view.pan_zoom.scale < before.scale
    studio.image.choose_tool("align")  # its frame is the whole square
    for corner_of_square in ((0.0, 0.0), (512.0, 512.0)):
        x, y = view.pan_zoom.to_screen(corner_of_square)
        assert 0 < x < view.width() and 0 < y < view.height()


def test_a_pasted_picture_is_not_closed_without_a_question(qtbot: QtBot, window: MainWindow, picture: Path) -> None:
    data = QMimeData()
    data.setImageData(QImage(str(picture)))
    with qtbot.waitSignal(window.document.refreshed, timeout=20_000):
        window.opening.take_from(data)
    window.close()
    assert window.isVisible()
    assert window.workspace.messages.text == "This picture is kept nowhere else."
    with qtbot.waitSignal(window.keeping.saved, timeout=20_000):
        window.keeping.save_to(picture.parent / "pasted.paic3d")
    window.close()
    assert not window.isVisible()


def test_closing_asks_first_when_edits_would_be_lost(qtbot: QtBot, studio: MainWindow, pointer: object) -> None:
    start = corner(studio, "mouth", 0)
    pointer.drag(start, (start[0] + 30, start[1]))
    studio.close()
    assert studio.isVisible()
    assert studio.workspace.messages.isVisible()


def test_a_pasted_picture_and_a_dropped_file_are_opened(qtbot: QtBot, studio: MainWindow, picture: Path) -> None:
    data = QMimeData()
    data.setImageData(QImage(str(picture)))
    with qtbot.waitSignal(studio.document.opened):
        QGuiApplication.clipboard().setMimeData(data)
        QTest.keyClick(studio, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert studio.document.project.picture.name == "pasted.png"
    qtbot.waitUntil(lambda: not studio.document.runner.busy)
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(picture))])
    assert studio.opening.take_from(files)
    assert studio.workspace.messages.text.endswith("loses this one, which is kept nowhere else.")
    with qtbot.waitSignal(studio.document.opened):
        studio.workspace.messages.acted.emit("open-anyway")
    assert studio.document.project.picture.name == "portrait.png"
    qtbot.waitUntil(lambda: not studio.document.runner.busy)


def test_a_picture_over_the_window_covers_all_of_it_until_it_leaves(studio: MainWindow, picture: Path) -> None:
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(picture))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    over = QDragEnterEvent(studio.rect().center(), Qt.DropAction.CopyAction, files, buttons, keys)
    QApplication.sendEvent(studio, over)
    (hint,) = studio.findChildren(DropHint)
    assert hint.isVisible() and hint.geometry() == studio.workspace.rect()
    QApplication.sendEvent(studio, QDragLeaveEvent())
    assert not hint.isVisible()


def test_nothing_to_paste_is_told_of(qtbot: QtBot, studio: MainWindow) -> None:
    QGuiApplication.clipboard().clear()
    QTest.keyClick(studio, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert "no picture" in studio.workspace.messages.text


def test_closing_during_a_job_leaves_no_thread(qtbot: QtBot, studio: MainWindow, pace: object) -> None:
    pace.seconds = 20
    with qtbot.waitSignal(studio.document.refresh_started):
        studio.document.edit(lambda project: edits.set_seed(project, seed=3))
    qtbot.waitUntil(lambda: states(studio).get("volume") == "running")
    studio.saving.leaves_work_behind = True
    began = time.perf_counter()
    studio.close()
    print(f"\nclosed in {1000 * (time.perf_counter() - began):.0f} ms")
    assert not studio.isVisible()
    assert studio.document.close(seconds=2.0)


def test_undoing_a_placed_face_asks_for_it_again(qtbot: QtBot, window: MainWindow, picture: Path, pace: object) -> None:
    pace.face = False
    with qtbot.waitSignal(window.document.failed, timeout=10_000):
        window.open_picture(str(picture))
    places = {"right_eye": (144.0, 180.0), "left_eye": (216.0, 180.0), "mouth": (180.0, 230.0)}
    with qtbot.waitSignal(window.document.refreshed, timeout=10_000):
        window.document.edit(lambda project: edits.place_face(project, **places))
    window.image.choose_tool("hull")
    assert window.image.has_face
    with qtbot.waitSignal(window.document.failed, timeout=10_000):
        window.document.undo()
    assert window.image.placing
    assert not window.image.has_face


def test_a_placed_face_is_left_to_the_detector_again_from_the_menu(qtbot: QtBot, studio: MainWindow) -> None:
    action = studio.actions_by_name["reset-face"]
    assert not action.isEnabled()
    detected = studio.document.session.pull("landmarks")
    places = {"right_eye": (130.0, 170.0), "left_eye": (220.0, 175.0), "mouth": (176.0, 236.0)}
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.document.edit(lambda project: edits.place_face(project, **places))
    assert content_key(studio.document.session.pull("landmarks")) != content_key(detected)
    assert action.isEnabled()
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        action.trigger()
    assert studio.document.project.landmark_edit is None
    assert content_key(studio.document.session.pull("landmarks")) == content_key(detected)
    assert not action.isEnabled()
