"""Menus, panels, messages: what surrounds the picture and the head."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QComboBox, QSlider, QSpinBox, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from paic3d_studio.export import EXPORTERS
from paic3d_studio.export.turntable import PICTURE_SIDES, TURNTABLES
from paic3d_studio.gui.actions import ACTIONS, Situation, enable_actions
from paic3d_studio.gui.clipboard import picture_in
from paic3d_studio.gui.icons import icon, pixmap
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.panels.export_dialog import ExportDialog
from paic3d_studio.gui.panels.message_bar import MessageBar
from paic3d_studio.gui.panels.stage_strip import StageStrip
from paic3d_studio.gui.picture_layers import DEFAULT_LAYERS, LayerState
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.paths import resources_folder
from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.project import edits
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.output import check_head_target
from paic3d_studio.viewport.shading import SHADING_MODES


def test_no_key_means_two_things_in_one_place() -> None:
    for place in ("image", "view"):
        keys = Counter(keys for entry in ACTIONS if entry.place in ("window", place) for keys in entry.shortcuts)
        assert [key for key, count in keys.items() if count > 1] == []


def test_no_key_of_the_window_is_taken_from_the_head() -> None:
    everywhere = {keys for entry in ACTIONS if entry.place == "window" for keys in entry.shortcuts}
    assert everywhere.isdisjoint({mode.shortcut for mode in SHADING_MODES.values()} | set("FSBTRP"))


def test_every_icon_that_is_named_is_drawn(qtbot: QtBot) -> None:
    for entry in ACTIONS:
        if entry.icon:
            assert not icon(entry.icon).isNull()


def test_every_icon_file_draws_something_at_every_ratio(qtbot: QtBot) -> None:
    for file in (resources_folder() / "icons").glob("*.svg"):
        for ratio in (1.0, 2.0):
            image = pixmap(file.stem, size=16, ratio=ratio).toImage()
            assert image.width() == 16 * ratio
            assert any(image.pixelColor(x, y).alpha() for x in range(image.width()) for y in range(image.height()))


def test_without_a_picture_only_opening_makes_sense(window: MainWindow) -> None:
    enabled = {name for name, action in window.actions_by_name.items() if action.isEnabled()}
    assert {"open", "paste", "example", "quit"} <= enabled
    assert enabled.isdisjoint({"export", "undo", "redo", "tool-hull", "tool-brush", "tool-place-face", "zoom-fit"})


def test_actions_follow_the_situation(window: MainWindow) -> None:
    enable_actions(window.actions_by_name, now=Situation(has_picture=True, has_face=True, can_undo=True))
    assert window.actions_by_name["undo"].isEnabled()
    assert window.actions_by_name["export"].isEnabled()
    assert not window.actions_by_name["redo"].isEnabled()


def test_every_control_has_a_name_for_screen_readers(studio: MainWindow) -> None:
    nameless = []
    for kind in (QAbstractButton, QSlider, QComboBox, QSpinBox):
        for control in studio.findChildren(kind):
            named = control.accessibleName() or (isinstance(control, QAbstractButton) and control.text())
            if not named and control.isVisibleTo(studio) and not control.objectName().startswith("qt_"):
                nameless.append((control.metaObject().className(), type(control.parent()).__name__, control.toolTip()))
    assert nameless == []


def test_every_tool_tip_of_an_action_with_a_key_tells_the_key(window: MainWindow) -> None:
    for entry in ACTIONS:
        if entry.shortcuts:
            assert window.actions_by_name[entry.name].toolTip().endswith(")")


@pytest.fixture
def bar(qtbot: QtBot) -> Iterator[MessageBar]:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.resize(800, 500)
    parent.show()
    yield MessageBar(parent)
    parent.hide()


def test_a_message_tells_the_cure_and_can_be_copied_and_dismissed(bar: MessageBar) -> None:
    bar.show_message("The file is empty.", cure="Choose another one.")
    assert bar.isVisible()
    bar._copy.click()
    assert QGuiApplication.clipboard().text().startswith("The file is empty. Choose another one.\n")
    bar._dismiss.click()
    assert not bar.isVisible()


def test_a_long_message_stays_inside_the_window(bar: MessageBar) -> None:
    bar.show_message("word " * 80, cure="a/very/long/path/" * 8)
    assert bar.parentWidget().rect().contains(bar.geometry())


def test_a_long_name_in_a_message_leaves_its_button_whole_and_is_copied_whole(bar: MessageBar) -> None:
    name = f"commission_{'really_' * 10}final.vrm"
    bar.show_message(f"Exported {name}", cure=f"/a folder/{name}", kind="info", action=("show", "Show in folder"))
    assert bar._action.width() >= bar._action.sizeHint().width()
    for words in (bar._message, bar._cure):
        assert words.width() >= words.minimumSizeHint().width()
        assert name in words.toolTip()
    assert bar.text == f"Exported {name} /a folder/{name}"


def test_the_action_of_a_message_is_told_by_name(qtbot: QtBot, bar: MessageBar) -> None:
    bar.show_message("Not found.", action=("place-face", "Place the face"))
    with qtbot.waitSignal(bar.acted) as told:
        bar._action.click()
    assert told.args == ["place-face"]


def test_the_strip_tells_what_each_stage_is_doing(qtbot: QtBot) -> None:
    strip = StageStrip([("lines", "Finding the lines"), ("field", "Reconstructing")])
    qtbot.addWidget(strip)
    strip.take(StageReport("lines", "fresh", 0.25, 1.0))
    strip.take(StageReport("field", "running", 1.0, 0.4))
    strip.take(StageReport("unknown", "fresh"))
    assert strip.states() == {"lines": "fresh", "field": "running"}
    assert strip.chips["Lines"].state_text == "0.2 s"
    assert strip.chips["Field"].state_text == "40%"
    assert "40%" in strip.chips["Field"].accessibleName()
    strip.clear()
    assert strip.states() == {}


def test_a_step_says_of_its_stages_what_matters_most(qtbot: QtBot) -> None:
    strip = StageStrip([("lines", "Finding the lines"), ("line_mask", "Marking the lines")])
    qtbot.addWidget(strip)
    chip = strip.chips["Lines"]
    strip.take(StageReport("lines", "fresh", 0.25, 1.0))
    strip.take(StageReport("line_mask", "queued"))
    assert chip.state_text == "waits"
    strip.take(StageReport("line_mask", "fresh", 0.5, 1.0))
    assert chip.state_text == "0.8 s"  # both
    strip.take(StageReport("line_mask", "failed", 0.1))
    assert chip.state_text == "failed"
    assert chip.toolTip().splitlines()[0] == "Finding the lines: 0.2 s"


def test_layers_and_folders_are_remembered(tmp_path: Path) -> None:
    kept = Preferences(tmp_path / "studio.json")
    kept.layers = {**DEFAULT_LAYERS, "lines": LayerState(False, 0.35)}
    kept.remember_folder("open", tmp_path)
    kept.save()
    again = Preferences(tmp_path / "studio.json")
    assert again.layers["lines"] == LayerState(False, 0.35)
    assert again.folder("open") == tmp_path


def test_preferences_that_cannot_be_read_count_as_not_set(tmp_path: Path) -> None:
    for damaged in (
        b'{"layers": "nonsense", "recent": 3, "folders/open": "/no/such/folder", "window/geometry": "?"}',
        b'{"layers": ',
        b"[1]",
        b"\xff",
    ):
        (tmp_path / "studio.json").write_bytes(damaged)
        kept = Preferences(tmp_path / "studio.json")
        assert kept.layers == DEFAULT_LAYERS
        assert kept.recent_files == []
        assert kept.folder("open") == Path.home()


def test_two_studios_that_remember_different_things_keep_both(tmp_path: Path) -> None:
    first, second = (Preferences(tmp_path / "studio.json") for _ in range(2))
    first.remember("theme", "light")
    second.remember("language", "ja")
    first.save()
    second.save()
    again = Preferences(tmp_path / "studio.json")
    assert (again.text("theme", ""), again.text("language", "")) == ("light", "ja")


def test_a_closed_window_comes_back_as_it_was(qtbot: QtBot, window: MainWindow, preferences: Preferences) -> None:
    window.image.shown.toggle("clean", True)
    window.workspace.splitter.setSizes([300, 700])
    sizes = window.workspace.splitter.sizes()
    window.close()
    again = MainWindow(window.document.session, preferences=preferences)
    qtbot.addWidget(again)
    assert again.image.shown.states["clean"].visible
    assert again.workspace.splitter.saveState() == window.workspace.splitter.saveState()
    assert sizes[0] < sizes[1]
    assert again.join(seconds=5)


def test_a_file_comes_before_pixels_and_encoded_bytes_before_decoded_ones(tmp_path: Path) -> None:
    data = QMimeData()
    data.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    found = picture_in(data)
    assert found is not None
    assert found.name == "pasted.png"
    assert callable(found.source) and found.source().startswith(b"\x89PNG")  # later, on the worker's thread
    data.setData("image/jpeg", b"as it was encoded")
    found = picture_in(data)
    assert found is not None
    assert found.source == b"as it was encoded"
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png"))])
    found = picture_in(data)
    assert found is not None
    assert found.source == str(tmp_path / "a.png")
    assert picture_in(QMimeData()) is None
    address = QMimeData()
    address.setText(f"https://example.org/{'a' * 300}.png")  # longer than any file name
    assert picture_in(address) is None
    assert picture_in(None) is None


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path) -> Iterator[ExportDialog]:
    parent = QWidget()
    qtbot.addWidget(parent)
    project = Project(picture=PictureSource("girl.png", b""))
    yield ExportDialog(
        parent,
        formats=EXPORTERS,
        turntables=TURNTABLES,
        sides=PICTURE_SIDES,
        side=512,
        target=tmp_path / "girl.glb",
        project=project,
        check=check_head_target,
    )
    parent.hide()


def test_the_suffix_follows_the_format_and_is_never_doubled(dialog: ExportDialog, tmp_path: Path) -> None:
    assert dialog.target == tmp_path / "girl.glb"
    dialog._format.setCurrentIndex(1)
    assert dialog.target == tmp_path / "girl.obj"
    dialog._name.setText("girl.obj")
    assert dialog.target == tmp_path / "girl.obj"


def test_without_a_name_there_is_nothing_to_export(dialog: ExportDialog) -> None:
    dialog._name.setText("  ")
    assert not dialog._export.isEnabled()


def test_the_dialog_says_when_a_file_would_be_replaced(dialog: ExportDialog, tmp_path: Path) -> None:
    (tmp_path / "other.glb").touch()
    dialog._name.setText("other")
    assert dialog._note.text() == "Replaces other.glb."
    (tmp_path / f"{'long' * 30}.glb").touch()
    dialog._name.setText("long" * 30)
    assert dialog._note.text().startswith("Replaces longlong") and len(dialog._note.text()) < 60


@pytest.mark.parametrize(("name", "folder"), [("a" * 300, ""), ("head", "~nobody-of-this-name/heads")])
def test_a_name_that_no_file_can_have_does_not_trouble_the_dialog(dialog: ExportDialog, name: str, folder: str) -> None:
    dialog._name.setText(name)
    dialog._place.setText(folder)
    assert "Replaces" not in dialog._note.text()
    assert dialog.target.name == f"{name}.glb"


def test_the_options_of_the_dialog_are_one_edit(dialog: ExportDialog) -> None:
    project = Project(picture=PictureSource("girl.png", b""))
    for name, value in (("faces", 5_000), ("texture", 1024), ("stitch", "off")):
        box = dialog._controls.widgets[name]
        assert isinstance(box, QComboBox)
        box.setCurrentIndex(box.findData(value))
        box.activated.emit(box.currentIndex())
    changed = dialog.edit(project)
    assert changed.settings.surface.faces == 5_000
    assert changed.settings.texture.size == 1024
    assert changed.settings.stitch == "off"


def test_what_was_remembered_last_is_written_when_the_program_ends(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "studio.json"
    preferences = Preferences(file)
    preferences.remember("theme", "light")
    preferences.close()
    assert Preferences(file).text("theme", "dark") == "light"


def test_a_step_of_several_stages_never_runs_backwards(qtbot: QtBot) -> None:
    seconds = {"upscaled": 0.05, "textured": 8.0, "inspection": 0.8}
    strip = StageStrip([(name, name) for name in seconds], seconds=seconds)
    qtbot.addWidget(strip)
    chip, told = strip.chips["Texture"], []
    strip.take(StageReport("inspection", "fresh", 0.8))  # of the mesh before
    for stage in ("textured", "inspection"):
        for progress in (0.0, 0.5, 1.0):
            strip.take(StageReport(stage, "running", 1.0, progress))
            told.append(chip.report.progress)
        strip.take(StageReport(stage, "fresh", 2.0))
    assert told == sorted(told) and told[0] < 0.01 and told[-1] == 1.0


def test_nothing_of_a_picture_just_opened_is_called_unchanged(qtbot: QtBot, studio: MainWindow) -> None:
    said = {name: chip.state_text for name, chip in studio.workspace.strip.chips.items()}
    assert "unchanged" not in said.values() and said["Picture"].endswith("s")
    with qtbot.waitSignal(studio.document.refreshed):
        studio.document.edit(lambda project: edits.set_seed(project, seed=7))
    assert studio.workspace.strip.chips["Picture"].state_text == "unchanged"


def test_good_news_with_a_way_on_is_not_replaced_by_lesser_news(bar: MessageBar) -> None:
    bar.show_message("Exported head.glb", kind="info", action=("show-folder", "Show in folder"))
    bar.show_message("No unsaved edits were left by a crash.", kind="info")
    assert bar.text == "Exported head.glb"
    bar.dismiss()
    assert bar.text == "No unsaved edits were left by a crash." and bar.isVisibleTo(bar.parentWidget())
    bar.show_message("Exported head.glb", kind="info", action=("show-folder", "Show in folder"))
    bar.show_message("The disk is full.")
    assert bar.text == "The disk is full."


@pytest.mark.parametrize("meanwhile", ["another picture", "an error"])
def test_lesser_news_does_not_come_after_what_is_newer(bar: MessageBar, meanwhile: str) -> None:
    bar.show_message("Exported head.glb", kind="info", action=("show-folder", "Show in folder"))
    bar.show_message("No unsaved edits were left by a crash.", kind="info")
    if meanwhile == "another picture":
        bar.clear()
    else:
        bar.show_message("The disk is full.")
        bar.dismiss()
    assert not bar.isVisibleTo(bar.parentWidget())


def test_keys_that_mean_two_things_say_where_in_their_tips(window: MainWindow) -> None:
    brush = window.actions_by_name["tool-brush"].toolTip()
    back = next(one.toolTip() for one in window.head.findChildren(QToolButton) if one.text() == "Back")
    assert "(B, over the picture)" in brush and "(B, over the head)" in back


def test_a_step_of_which_a_part_is_out_of_date_is_not_called_done() -> None:
    strip = StageStrip([("lattice", "Sampling"), ("surface", "Taking the surface")])
    for stage in ("lattice", "surface"):
        strip.take(StageReport(stage, "cached"))
    assert strip.chips["Mesh"].report is not None
    strip.show_stage("surface", None)  # a mesh of other settings
    assert strip.chips["Mesh"].report is None
    strip.take(StageReport("surface", "running"))
    assert strip.chips["Mesh"].report.state == "running"
    texture = StageStrip([("textured", "Painting"), ("inspection", "Measuring")])
    texture.take(StageReport("textured", "fresh", seconds=1.0))
    assert texture.chips["Texture"].report.state == "fresh"  # nobody has looked at its figures
