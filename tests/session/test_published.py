"""The published backbone through the whole method, from an imported file to a GLB, in a small size."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from paic3d_studio.cli import main
from paic3d_studio.core.camera import Camera
from paic3d_studio.nets.backbones import load_backbone
from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.pipeline.import_weights import import_weights
from paic3d_studio.project import edits
from paic3d_studio.session.session import Session
from tests import official_files as files
from tests.session.test_session import FACE, drawn_portrait

SOLID = 60.0
"""Added to the density, so that random weights make a solid head."""


def imported(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "official"
    path.write_bytes(content)
    import_weights(path)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A session whose project takes a small published backbone, just imported, and Telea."""
    imported(tmp_path, files.snapshot(files.tiny_generator(density=SOLID), note=tmp_path / "executed"))
    session = Session(threads=1)
    session.open(drawn_portrait(), name="drawn.png")
    session.edit(lambda project: edits.place_face(project, **FACE))
    session.edit(lambda project: edits.set_settings(project, infill="telea", backbone="published", volume=32))
    session.edit(lambda project: edits.set_surface_options(project, resolution=48, faces=2000))
    session.edit(lambda project: edits.set_texture_options(project, size=128))
    return session


def test_the_whole_path_ends_in_a_head_that_other_programs_read(session: Session, tmp_path: Path) -> None:
    assert (session.pull("volume").voxels[..., 3] > 128).any()
    session.export(tmp_path / "head.glb")
    (mesh,) = trimesh.load_scene(tmp_path / "head.glb").geometry.values()
    assert 100 < len(mesh.faces) <= 2000
    assert mesh.extents[0] == pytest.approx(0.5, abs=0.05)  # cropped 0.1 m from both sides, as published


def test_an_exact_still_comes_from_super_resolution(session: Session) -> None:
    camera = Camera(azimuth=30, elevation=10)
    session.edit(lambda project: edits.set_settings(project, stitch="off"))
    still = session.render_still(camera, size=512)
    field = session.pull("field")
    sharp = load_backbone("published").sharp_view(field, camera)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(still, np.rint(sharp[0].permute(1, 2, 0).clamp(0, 1).numpy() * 255).astype(np.uint8))
    assert session.render_still(camera, size=128).shape == (128, 128, 3)


def test_a_still_takes_the_picture_that_the_project_names_for_stitching(session: Session) -> None:
    stills = {}
    for choice in ("off", "line-free", "artist"):
        session.edit(lambda project, choice=choice: edits.set_settings(project, stitch=choice))
        stills[choice] = session.render_still(Camera(azimuth=0, elevation=0), size=640)
    changed = {name: (still != stills["off"]).any(axis=2) for name, still in stills.items()}
    assert changed["artist"].mean() > 0.01
    assert changed["line-free"].mean() > 0.01
    assert (stills["artist"] != stills["line-free"]).any()  # lines, and the resolution of the file


def test_without_the_tagger_the_backbone_runs_on_zeros_and_it_is_said(session: Session) -> None:
    tags = session.pull("tags")
    assert tags.features.shape == (8, 8, 8)
    assert not tags.features.any()
    assert "tagger was not imported" in tags.warning


def test_a_hull_edit_runs_the_field_again_but_never_the_tags(session: Session) -> None:
    session.pull("field")
    fresh: list[str] = []
    session.listen_to_stages(lambda report: _note(report, fresh))
    hulls = session.pull("hulls")
    session.edit(lambda project: edits.move_hull(project, hulls=hulls, feature="mouth", by=(0.0, 40.0)))
    session.pull("field")
    assert {"keep", "render_like", "field"} <= set(fresh)
    assert "tags" not in fresh


def _note(report: StageReport, fresh: list[str]) -> None:
    if report.state == "fresh":
        fresh.append(report.stage)


def test_importing_the_tagger_changes_the_field_of_the_open_picture(session: Session, tmp_path: Path) -> None:
    before = session.pull("field").planes
    imported(tmp_path, files.checkpoint(files.full_trunk().state_dict()))
    imported(tmp_path, files.components()[0])
    assert session.pull("tags").warning == ""
    assert session.pull("tags").features.any()
    assert not torch.equal(session.pull("field").planes, before)


def test_the_seed_decides_the_random_code(session: Session) -> None:
    first = session.pull("field").planes
    session.edit(lambda project: edits.set_seed(project, seed=7))
    second = session.pull("field").planes
    session.edit(lambda project: edits.set_seed(project, seed=0))
    session.forget()
    assert not torch.equal(first, second)
    assert torch.equal(session.pull("field").planes, first)


def test_weights_that_are_imported_anew_make_another_field(session: Session, tmp_path: Path) -> None:
    before = session.pull("field")
    imported(tmp_path, files.snapshot(files.tiny_generator(density=2.0), note=tmp_path / "executed"))
    after = session.pull("field")
    point = torch.zeros(1, 3)
    assert float(before.density(point) - after.density(point)) > 10


def test_the_command_line_says_that_the_tagger_is_missing(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "drawn.png"
    picture.write_bytes(drawn_portrait())
    face = ",".join(f"{number:g}" for point in FACE.values() for number in point)
    quick = ["--face", face, "--infill", "telea", "--lattice", "32", "--faces", "500", "--texture", "64", "--json"]
    assert main(["reconstruct", str(picture), "--backbone", "published", *quick]) == 0
    said = capsys.readouterr()
    assert "note: The paper's tagger was not imported: zeros stand in for what it sees" in said.err
    assert "tagger was not imported" in json.loads(said.out)["warning"]


def test_without_the_generator_the_command_line_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "drawn.png"
    picture.write_bytes(drawn_portrait())
    face = ",".join(f"{number:g}" for point in FACE.values() for number in point)
    assert main(["reconstruct", str(picture), "--face", face, "--backbone", "published"]) == 2
    said = capsys.readouterr().err
    assert "weights of the backbone “published” do not come with this program" in said
    assert "import-weights FILE" in said
    assert not picture.with_suffix(".glb").exists()
