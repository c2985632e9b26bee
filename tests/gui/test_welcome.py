"""The first minutes: start page, tour, help windows."""

import logging
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot

from paic3d_studio.gui import about, log_dialog
from paic3d_studio.gui.actions import ACTIONS, keys_text
from paic3d_studio.gui.help_texts import KeysDialog
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.tour import STEPS
from paic3d_studio.gui.widgets import QLabel
from paic3d_studio.session.credits import package_credits, weight_credits


def tiles(window: MainWindow) -> list[QToolButton]:
    return [tile for tile in window.welcome.start_page.findChildren(QToolButton) if tile.objectName() == "recentTile"]


def test_the_start_page_is_there_until_a_picture_is_open(qtbot: QtBot, window: MainWindow, picture: Path) -> None:
    assert window.welcome.start_page.isVisible()
    with qtbot.waitSignal(window.document.opened):
        window.open_picture(str(picture))
    assert not window.welcome.start_page.isVisible()


def test_a_picture_that_cannot_be_opened_leaves_the_start_page_and_says_why_above_it(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    with qtbot.waitSignal(window.document.failed):
        window.open_picture(str(tmp_path / "gone.png"))
    assert window.welcome.start_page.isVisible()
    messages = window.workspace.messages
    assert messages.isVisible()
    siblings = window.workspace.middle.children()
    assert siblings.index(messages) > siblings.index(window.welcome.start_page)


def test_recent_files_are_listed_with_their_pictures_and_those_that_are_gone_are_not(
    qtbot: QtBot, window: MainWindow, picture: Path, tmp_path: Path
) -> None:
    page = window.welcome.start_page
    page.show_recent([picture, tmp_path / "gone.png"])
    (tile,) = tiles(window)
    qtbot.waitUntil(lambda: not tile.icon().isNull())
    assert tile.toolTip() == str(picture)
    with qtbot.waitSignal(page.chosen) as told:
        tile.click()
    assert told.args == [str(picture)]


def test_a_recent_project_is_listed_without_its_ending_and_a_picture_with_it(
    window: MainWindow, tmp_path: Path
) -> None:
    for name in ("Mika 2.paic3d", "Mika 2.png"):
        (tmp_path / name).write_bytes(b"")
    window.welcome.start_page.show_recent([tmp_path / "Mika 2.paic3d", tmp_path / "Mika 2.png"])
    assert [tile.text() for tile in tiles(window)] == ["Mika 2", "Mika 2.png"]


def test_the_buttons_of_the_start_page_do_what_the_actions_do(qtbot: QtBot, window: MainWindow) -> None:
    card = window.welcome.start_page.findChild(QToolButton, "exampleCard")
    assert card is not None
    with qtbot.waitSignal(window.actions_by_name["example"].triggered):
        card.click()


def test_every_part_that_the_tour_speaks_of_is_in_the_window(window: MainWindow) -> None:
    assert len(STEPS) == 5
    for step in STEPS:
        assert window.workspace.findChild(QWidget, step.target) is not None, step.target


def test_the_tour_begins_with_the_first_picture_and_is_not_offered_again(
    qtbot: QtBot, window: MainWindow, picture: Path
) -> None:
    assert window.welcome.is_first_start
    window.welcome.want_tour()
    with qtbot.waitSignal(window.document.refreshed, timeout=20_000):
        window.open_picture(str(picture))
    tour = window.welcome.tour
    assert tour is not None
    seen = []
    for _ in STEPS:
        seen.append(tour.step)
        qtbot.keyClick(tour, Qt.Key.Key_Return)
    assert tuple(seen) == STEPS
    assert not tour.isVisible()
    assert not window.welcome.is_first_start


def test_esc_skips_the_tour_and_the_menu_begins_it_again(qtbot: QtBot, studio: MainWindow) -> None:
    studio.actions_by_name["tour"].trigger()
    tour = studio.welcome.tour
    assert tour is not None and tour.isVisible()
    qtbot.keyClick(tour, Qt.Key.Key_Right)
    qtbot.keyClick(tour, Qt.Key.Key_Escape)
    assert not tour.isVisible()
    studio.actions_by_name["tour"].trigger()
    assert tour.step == STEPS[0]
    tour.end()


@pytest.mark.parametrize("size", [(1000, 640), (1500, 900)])
def test_the_bubble_of_the_tour_never_leaves_the_window(
    qtbot: QtBot, studio: MainWindow, size: tuple[int, int]
) -> None:
    studio.resize(*size)
    studio.welcome.begin_tour()
    tour = studio.welcome.tour
    assert tour is not None
    for _ in STEPS:
        assert tour.rect().contains(tour._bubble.geometry())
        tour.go_on()


def test_the_keyboard_map_shows_every_shortcut_of_the_table(qtbot: QtBot, window: MainWindow) -> None:
    dialog = KeysDialog(window)
    qtbot.addWidget(dialog)
    shown = {label.text() for label in dialog.findChildren(QLabel)}
    for entry in ACTIONS:
        for keys in entry.shortcuts[:1]:
            assert keys_text(keys) in shown


def test_about_credits_what_is_installed_with_a_licence_each() -> None:
    packages = {credit.name.lower().replace("_", "-"): credit for credit in package_credits()}
    assert {"torch", "numpy", "pyside6-essentials", "moderngl", "qdarkstyle"} <= set(packages)
    assert [name for name, credit in packages.items() if not credit.licence or not credit.text] == []
    assert "GPL" in packages["pyside6-essentials"].licence
    networks = {credit.name: credit for credit in weight_credits()}
    assert {"compact", "infill"} <= set(networks)
    assert "Apache-2.0" in networks["compact"].licence and "Limits" in networks["compact"].text


def test_about_shows_the_licence_of_the_chosen_package(qtbot: QtBot, window: MainWindow) -> None:
    dialog = about.AboutDialog(window)
    qtbot.addWidget(dialog)
    packages = dialog.tabs.widget(0)
    assert isinstance(packages, about.CreditsList)
    row = next(i for i in range(packages.names.count()) if packages.names.item(i).text().startswith("numpy"))
    packages.names.setCurrentRow(row)
    assert "BSD" in packages.words.toPlainText()


def test_the_log_shows_its_end_and_can_be_copied(qtbot: QtBot, window: MainWindow) -> None:
    log_dialog.log_file().parent.mkdir(parents=True, exist_ok=True)
    log_dialog.log_file().write_bytes(b"\xff" + b"old\n" * 100_000 + b"the newest line\n")
    dialog = log_dialog.LogDialog(window)
    qtbot.addWidget(dialog)
    assert dialog.words.toPlainText().endswith("the newest line\n")
    assert len(dialog.words.toPlainText()) < 300_000
    dialog._copy()
    assert "the newest line" in QGuiApplication.clipboard().text()


def test_a_bug_can_be_copied_with_its_traceback_and_the_versions(
    qtbot: QtBot, window: MainWindow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL + 1)
    try:
        raise ZeroDivisionError("of nothing by nothing")
    except ZeroDivisionError as error:
        window.outcomes.tell_of_error(error)
    window.workspace.messages._copy.click()
    copied = QGuiApplication.clipboard().text()
    assert "of nothing by nothing" in copied and "Traceback" in copied and "PAiC-3D Studio 0." in copied


def test_the_buttons_of_the_tour_keep_their_place(qtbot: QtBot, studio: MainWindow) -> None:
    studio.welcome.begin_tour()
    tour = studio.welcome.tour
    assert tour is not None
    places = []
    for _ in STEPS:
        QTest.qWait(30)
        places.append(tour._next.mapTo(tour, tour._next.rect().topRight()))
        if tour.step.target in ("header", "toolRail", "stageStrip"):
            assert not tour._bubble.geometry().intersects(tour._lit())
        tour.go_on()
    assert len(set(places)) == 1


def test_the_tour_does_not_end_on_a_head_that_is_not_there_without_saying_so(
    qtbot: QtBot, window: MainWindow, picture: Path, pace: object
) -> None:
    pace.coarse_seconds = 30.0
    window.open_picture(str(picture))
    qtbot.waitUntil(lambda: pace.coarse_begun == 1, timeout=20_000)
    window.welcome.begin_tour()
    tour = window.welcome.tour
    assert tour is not None
    while tour.step != STEPS[-1]:
        tour.go_on()
    assert "still being made" in tour.coming and tour._coming.isVisible()
    pace.coarse_seconds = 0.01
    qtbot.waitUntil(lambda: tour.coming == "" and not tour._coming.isVisible(), timeout=20_000)
    assert tour.isVisible()
