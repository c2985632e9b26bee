"""The options of the mesh in the window: every control is an edit, and what it makes of the mesh is told."""

from pathlib import Path
from typing import get_args

import pytest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFileDialog, QSpinBox
from pytestqt.qtbot import QtBot

from paic3d_studio.core.inspection import MeshInspection
from paic3d_studio.core.solid import Symmetry
from paic3d_studio.core.surface import CUTS, SurfaceOptions
from paic3d_studio.core.terms import Terms
from paic3d_studio.core.upscaling import Upscaling
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.panels.mesh_panel import MESH_OPTIONS, MeshPanel, foreseen
from paic3d_studio.project import edits
from paic3d_studio.project.state import PictureSource, Project

PROJECT = Project(picture=PictureSource(name="a.png", encoded=b""))


def choose(panel: MeshPanel, name: str, value: object) -> None:
    box = panel.controls.widgets[name]
    assert isinstance(box, QComboBox)
    index = box.findData(value)
    box.setCurrentIndex(index)
    box.activated.emit(index)


def turn(panel: MeshPanel, name: str, value: float) -> None:
    spin = panel.controls.widgets[name]
    assert isinstance(spin, QSpinBox | QDoubleSpinBox)
    spin.setValue(value)  # type: ignore[arg-type]


def surface_of(window: MainWindow) -> SurfaceOptions:
    project = window.document.project
    assert project is not None
    return project.settings.surface


@pytest.mark.parametrize("option", MESH_OPTIONS, ids=lambda option: option.name)
def test_what_an_option_shows_is_what_its_edit_set(option) -> None:
    values = option.choices if option.span is None else (option.span[0], option.span[1])
    project = edits.set_upscaling(PROJECT, file="known.safetensors", sha256="0" * 64)
    for value in values:
        assert option.read(option.edit(project, value)) == value


def test_each_control_is_one_step_of_undo_that_shows_in_every_control(studio: MainWindow) -> None:
    panel, before = studio.workspace.mesh, surface_of(studio)
    turn(panel, "thinnest", 4)
    turn(panel, "floaters", 2.5)
    choose(panel, "symmetry", "mean")
    choose(panel, "cut", "neck")
    turn(panel, "smoothing", 1.25)
    choose(panel, "base", "open")
    after = surface_of(studio)
    assert (after.thinnest, after.floater_share, after.smoothing) == (0.004, 0.025, 1.25)
    assert (after.symmetry, after.base, after.crop_below) == ("mean", "open", CUTS["neck"])
    for _ in range(6):
        studio.actions_by_name["undo"].trigger()
    assert surface_of(studio) == before
    assert panel.controls.widgets["thinnest"].value() == 0  # type: ignore[attr-defined]
    assert panel.controls.widgets["symmetry"].currentData() == "off"  # type: ignore[attr-defined]


def test_the_cut_has_a_name_and_a_height_that_follow_each_other(studio: MainWindow) -> None:
    panel = studio.workspace.mesh
    height, name = panel.controls.widgets["cut-height"], panel.controls.widgets["cut"]
    assert isinstance(height, QSpinBox) and isinstance(name, QComboBox)
    choose(panel, "cut", "shoulders")
    assert height.value() == -270
    turn(panel, "cut-height", -215)
    assert name.currentData() == "by hand" and surface_of(studio).crop_below == -0.215
    turn(panel, "cut-height", -350)
    assert name.currentData() == "nowhere" and surface_of(studio).crop_below is None
    assert height.text() == "No cut"


def test_every_way_of_symmetry_can_be_chosen(studio: MainWindow) -> None:
    box = studio.workspace.mesh.controls.widgets["symmetry"]
    assert isinstance(box, QComboBox)
    assert [box.itemData(index) for index in range(box.count())] == list(get_args(Symmetry))


def test_figures_are_foreseen_at_once_and_measured_when_the_mesh_is_looked_at(qtbot: QtBot, studio: MainWindow) -> None:
    panel = studio.workspace.mesh
    assert panel.figures is not None and not panel.figures.exact and panel.figures.faces == 20_000
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        panel._show_button.click()
    assert studio.head.viewport.mode == "mesh"
    assert panel.figures.exact and (panel.figures.faces, panel.figures.glb_bytes) == (4, 1_230_000)
    assert panel._values["closed"].text() == "watertight" and panel._values["error"].text() == "1.50 mm on average"


def test_a_mesh_that_was_only_exported_is_told_of_as_it_was_written(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path
) -> None:
    panel = studio.workspace.mesh
    assert not panel.figures.exact
    with qtbot.waitSignal(studio.document.exported, timeout=10_000) as told:
        studio.document.export(tmp_path / "head.glb")
    report = told.args[0]
    assert panel.figures.exact and panel.figures.error is None
    assert (panel.figures.faces, panel.figures.glb_bytes) == (report.faces, report.bytes_written)
    studio.document.revise(lambda project: edits.set_settings(project, terms=Terms(author="Aki")))
    assert panel.figures.exact  # terms are none of the mesh's
    studio.document.edit(lambda project: edits.set_surface_options(project, faces=9000))
    assert not panel.figures.exact


def test_the_mesh_is_offered_only_while_it_is_not_shown(studio: MainWindow) -> None:
    button = studio.workspace.mesh._show_button
    assert button.isEnabled()
    studio.head.set_mode("mesh_clay")
    assert not button.isEnabled()
    studio.head.set_mode("colour")
    assert button.isEnabled()


def test_a_changed_option_foresees_again_until_the_new_mesh_is_measured_and_undo_knows_it_still(
    qtbot: QtBot, studio: MainWindow
) -> None:
    panel = studio.workspace.mesh
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        studio.head.set_mode("mesh")
    with qtbot.waitSignal(studio.document.refreshed, timeout=10_000):
        choose(panel, "faces", 10_000)
        assert panel.figures is not None and not panel.figures.exact and panel.figures.faces == 10_000
    assert panel.figures.exact
    studio.document.undo()
    assert panel.figures.exact


def upscaling_of(window: MainWindow) -> Upscaling:
    project = window.document.project
    assert project is not None
    return project.settings.upscaling


def chosen_network(window: MainWindow, path: Path | None) -> None:
    """Choose “Network…” as the artist does, and a file in the dialog that opens; None closes it."""
    choose(window.workspace.mesh, "upscaling", "network")
    (dialog,) = [dialog for dialog in window.findChildren(QFileDialog) if dialog.isVisible()]
    assert dialog.fileMode() == QFileDialog.FileMode.ExistingFile
    if path is not None:
        dialog.fileSelected.emit(str(path))
        dialog.done(QFileDialog.DialogCode.Accepted)
    else:
        dialog.reject()


def shown_upscaling(window: MainWindow) -> tuple[str, str]:
    box = window.workspace.mesh.controls.widgets["upscaling"]
    assert isinstance(box, QComboBox)
    return box.currentData(), box.currentText()


def test_smooth_upscaling_is_one_step_of_undo(studio: MainWindow) -> None:
    choose(studio.workspace.mesh, "upscaling", "smooth")
    assert upscaling_of(studio) == Upscaling("smooth") and shown_upscaling(studio) == ("smooth", "Smooth")
    studio.actions_by_name["undo"].trigger()
    assert upscaling_of(studio) == Upscaling() and shown_upscaling(studio) == ("none", "None")


def test_a_network_is_read_before_it_is_set_and_named_in_the_list(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Upscaling("network", str(tmp_path / "sharp.safetensors"), "a" * 64)
    monkeypatch.setattr("paic3d_studio.gui.document.checked_network", lambda *_, **__: found)
    with qtbot.waitSignal(studio.document.changed, timeout=60_000):
        chosen_network(studio, tmp_path / "sharp.safetensors")
    assert upscaling_of(studio) == found and shown_upscaling(studio) == ("network", "Network: sharp")
    choose(studio.workspace.mesh, "upscaling", "smooth")
    assert upscaling_of(studio) == Upscaling("smooth", found.file, found.sha256)
    chosen_network(studio, None)  # the one that is known is taken up again
    assert upscaling_of(studio) == found and shown_upscaling(studio) == ("network", "Network: sharp")


def test_no_file_or_a_refused_one_leaves_the_setting_as_it_was(
    qtbot: QtBot, studio: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen_network(studio, None)
    assert upscaling_of(studio) == Upscaling() and shown_upscaling(studio) == ("none", "None")
    (tmp_path / "bad.safetensors").write_bytes(b"no such thing")
    monkeypatch.setattr("paic3d_studio.nets.upscaling_library.refuse_missing", lambda: None)
    with qtbot.waitSignal(studio.document.failed, timeout=60_000):
        chosen_network(studio, tmp_path / "bad.safetensors")
    assert "“bad.safetensors” is no safetensors file" in studio.workspace.messages.text
    assert upscaling_of(studio) == Upscaling() and shown_upscaling(studio) == ("none", "None")
    assert not studio.document.session.can_undo


def test_an_estimate_takes_over_the_proportions_of_the_mesh_before() -> None:
    like = MeshInspection(13_000, 20_000, 0, (0.3, 0.3, 0.3), 2_700_000, None)  # type: ignore[arg-type]
    same = foreseen(PROJECT, like, texture=2048)
    assert (same.faces, same.vertices, same.glb_bytes) == (20_000, 13_000, 2_700_000)
    smaller = foreseen(edits.set_texture_options(PROJECT, size=1024), like, texture=2048)
    geometry = 12 * 20_000 + 32 * 13_000 + 2000
    assert smaller.glb_bytes - geometry == pytest.approx((2_700_000 - geometry) / 4, abs=1)


def test_the_panel_and_the_view_of_the_mesh_say_where_it_was_cut(qtbot: QtBot, studio: MainWindow) -> None:
    panel, view = studio.workspace.mesh, studio.head.viewport
    assert panel._cut.text().startswith(
        "Cut at the collar, about 60 mm below the chin. What the view shows further down"
    )
    assert view.sentence == ""
    studio.head.set_mode("mesh")
    qtbot.waitUntil(lambda: "Cut at the collar" in view.sentence, timeout=20_000)
    turn(panel, "cut-height", -100)
    assert panel._cut.text().startswith("Cut by hand, about 40 mm above the chin.")
    choose(panel, "cut", "nowhere")
    assert panel._cut.text() == "Not cut: the mesh goes as far down as the view."
    qtbot.waitUntil(lambda: not studio.document.busy and view.sentence == "", timeout=20_000)
