"""A folder of pictures becomes a folder of heads, whatever is among them."""

import hashlib
import io
import json
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import trimesh

from paic3d_studio.arguments import BATCH_TO_MEND
from paic3d_studio.cli import main
from paic3d_studio.nets.manifest import manifest_entry
from paic3d_studio.paths import example_picture
from paic3d_studio.project import edits
from paic3d_studio.project.file import write_project
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session import batch

QUICK = ["--lattice", "64", "--faces", "2000", "--texture", "256"]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a portrait, a project, something broken and something that is no picture at all."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(example_picture(), folder / "girl.png")
    project = Project(picture=PictureSource("girl.png", example_picture().read_bytes()))
    write_project(edits.set_settings(project, stitch="off"), folder / "edited.paic3d")
    (folder / "broken & <b>bad.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not asked for")
    return folder


@pytest.mark.slow
def test_good_and_bad_pictures_each_get_what_they_deserve_and_nothing_is_made_twice(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert main(["batch", str(pictures), str(out), *QUICK]) == 1
    assert "2 of 3 heads" in capsys.readouterr().out
    assert len(trimesh.load_mesh(out / "girl.glb").faces) > 500
    assert (out / "girl.png").is_file() and (out / "edited.glb").is_file()
    assert (out / "girl.glb").read_bytes() != (out / "edited.glb").read_bytes()  # the project is not stitched
    record = json.loads((out / "batch.json").read_text())["outcomes"]
    assert "not a picture" in record["broken & <b>bad.png"]["problem"]
    report = (out / "report.html").read_text()
    assert "broken &amp; &lt;b&gt;bad.png" in report and "<b>bad" not in report

    made: list[str] = []

    def note(item: batch.Item, *_: object) -> batch.Outcome:
        made.append(item.picture.name)
        return batch.Outcome(item.key, problem="again")

    monkeypatch.setattr(batch, "_outcome", note)
    assert main(["batch", str(pictures), str(out), *QUICK]) == 1
    assert made == ["broken & <b>bad.png"]
    (out / "girl.glb").write_bytes(b"damaged")
    assert main(["batch", str(pictures), str(out), *QUICK]) == 2
    assert made[1:] == ["broken & <b>bad.png", "girl.png"]
    main(["batch", str(pictures), str(out), *QUICK, "--seed", "3"])
    assert sorted(made[3:]) == ["broken & <b>bad.png", "edited.paic3d", "girl.png"]


@pytest.mark.parametrize("kind", ["missing", "empty", "format", "target", "itself", "linked"])
def test_what_cannot_begin_ends_in_one_sentence(
    kind: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out, options = pictures, tmp_path / "out", []
    if kind == "missing":
        source = tmp_path / "nowhere"
    elif kind == "empty":
        source = tmp_path / "nothing"
        source.mkdir()
    elif kind == "format":
        options = ["--format", "docx"]
    elif kind == "itself":  # girl.png is a picture, and would be the turntable of girl.glb
        out = tmp_path / "link"
        out.symlink_to(source)
    elif kind == "linked":  # the turntable of drawing.glb would take the place of what the link leads to
        out.mkdir()
        shutil.copy(example_picture(), out / "drawing.png")
        (source / "drawing.png").symlink_to(out / "drawing.png")
    else:
        out = tmp_path / "file"
        out.write_text("in the way")
    assert main(["batch", str(source), str(out), *options]) == BATCH_TO_MEND
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1


def test_pictures_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.jpg.png", "a_jpg.png", "b.png"):
        shutil.copy(example_picture(), tmp_path / name)
    arguments = batch.Namespace(folder=tmp_path, output=tmp_path / "out", format="ply")
    heads = [item.head.name for item in batch.batch_items(arguments)]
    assert heads == ["a.jpg.ply", "a.jpg.png.ply", "a.png.ply", "a_jpg.ply", "b.ply"]


def test_pictures_of_one_name_in_several_folders_have_results_of_their_own(tmp_path: Path) -> None:
    found = []
    for folder in ("one", "two", "three"):
        (tmp_path / folder).mkdir()
        found.append(tmp_path / folder / "Girl.png")
        found[-1].write_bytes(folder.encode())
    items = batch.items_for(found, tmp_path / "out", options=batch.PLAIN_OPTIONS)
    assert [item.name for item in items] == ["Girl.png", "Girl.png 2", "Girl.png 3"]
    assert [item.head.name for item in items] == ["Girl.png.glb", "Girl.png 2.glb", "Girl.png 3.glb"]
    assert len({item.sheet for item in items}) == 3


def test_the_report_leads_to_files_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("a#1 50%.png", "javascript:alert(1).png", "portr\udce4t.png")  # the last is no text
    for name in names:
        shutil.copy(example_picture(), tmp_path / name)
    monkeypatch.setattr(batch, "_outcome", lambda item, *_: batch.Outcome(item.key))
    out = tmp_path / "out"
    assert main(["batch", str(tmp_path), str(out)]) == 0
    report = (out / "report.html").read_text()
    links = ["a%231%2050%25.glb", "javascript%3Aalert%281%29.glb", "portr%E4t.glb"]
    assert re.findall('href="([^"]*)"', report) == links
    assert json.loads((out / "batch.json").read_text())["outcomes"].keys() == set(names)


def test_a_folder_whose_name_is_no_text_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(example_picture(), tmp_path / "in")
    monkeypatch.setattr(batch, "_outcome", lambda item, *_: batch.Outcome(item.key))
    said = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(said, encoding="utf-8", write_through=True))
    assert main(["batch", str(tmp_path / "in"), str(tmp_path / "h\udce4ds")]) == 0
    assert b"h\\udce4ds; see report.html" in said.getvalue()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Batches that make files of one letter in this process; the pictures whose heads were made, in order."""
    made: list[str] = []

    def make(_: object, item: batch.Item, *__: object, **___: object) -> batch.Outcome:
        made.append(item.picture.name)
        files = [item.head, item.head.with_name(f"{item.head.name}.provenance.json"), item.sheet]
        for file in files:
            file.write_bytes(b"x")
        return batch.Outcome(item.key, files={file.name: hashlib.sha256(b"x").hexdigest() for file in files})

    monkeypatch.setattr(batch, "run_in_child", make)
    return made


@pytest.mark.parametrize("name", ["girl.glb", "girl.glb.provenance.json", "girl.png"])
def test_a_head_is_made_again_when_any_of_its_files_is_gone(
    pictures: Path, tmp_path: Path, stand_in: list[str], name: str
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        main(["batch", str(pictures), str(out), *QUICK])
    assert len(stand_in) == 3
    (out / name).unlink()
    main(["batch", str(pictures), str(out), *QUICK])
    assert stand_in[3:] == ["girl.png"] and (out / name).is_file()


def test_heads_are_made_again_with_other_weights_but_only_those_that_use_them(
    pictures: Path, tmp_path: Path, stand_in: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    project = Project(picture=PictureSource("girl.png", example_picture().read_bytes()))
    write_project(edits.set_settings(project, infill="telea"), pictures / "edited.paic3d")
    main(["batch", str(pictures), str(out), *QUICK])
    assert len(stand_in) == 3

    def newer(name: str) -> object:
        return SimpleNamespace(sha256="newer") if name == "infill" else manifest_entry(name)

    monkeypatch.setattr("paic3d_studio.pipeline.stages.manifest_entry", newer)
    for _ in range(2):
        main(["batch", str(pictures), str(out), *QUICK])
    assert sorted(stand_in[3:]) == ["broken & <b>bad.png", "girl.png"]
