"""Two thousand damaged project files: each is read or refused with a sentence, and the open project stays."""

import io
import json
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from paic3d_studio.core.image import encode_png
from paic3d_studio.core.lines import Stroke
from paic3d_studio.errors import UserError
from paic3d_studio.project import edits
from paic3d_studio.project.file import decoded_project, encoded_project, preview_of
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.session import Session
from tests.mutations import hanging_fails, mutants, mutated_json

COUNT = 2000


def rich_project() -> Project:
    """A project with something of everything an artist can decide."""
    noise = np.random.default_rng(1).integers(0, 256, (80, 70, 4), np.uint8)
    project = Project(picture=PictureSource("girl.png", encode_png(noise)))
    project = edits.place_face(project, right_eye=(20, 30), left_eye=(50, 30), mouth=(35, 60))
    project = edits.move_landmarks(project, places={3: (20.0, 70.0)})
    project = edits.set_hull(project, feature="mouth", polygon=((10, 10), (60, 10), (60, 40), (10, 40)))
    project = edits.add_hull(project, name="mole", polygon=((1, 1), (9, 1), (5, 8)))
    project = edits.lock_hull(project, name="mole", locked=True)
    for adds in (True, False):
        project = edits.add_stroke(project, stroke=Stroke(points=((1, 2), (3, 4)), radius=5, adds=adds))
        project = edits.add_matte_stroke(project, stroke=Stroke(points=((1, 2), (3, 4)), radius=5, adds=adds))
    return edits.set_settings(project, stitch="line-free")


def repacked(content: bytes, state: object) -> bytes:
    """The project file with other decisions, and everything else as it was."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(made, "w") as after:
        after.writestr("project.json", json.dumps(state), compress_type=zipfile.ZIP_DEFLATED)
        after.writestr("picture", before.read("picture"), compress_type=zipfile.ZIP_STORED)
    return made.getvalue()


def odd_projects(content: bytes) -> list[bytes]:
    """Half of them damaged as bytes, half sound archives with decisions that nobody made."""
    lot = random.Random(7)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        state = json.loads(archive.read("project.json"))
    made = list(mutants([content], count=COUNT // 2, seed=3))
    for _ in range(COUNT - len(made)):
        changed = state
        for _ in range(lot.choice((1, 1, 2, 5))):
            changed = mutated_json(changed, lot)
        made.append(repacked(content, changed))
    return made


@pytest.mark.slow
def test_a_damaged_project_is_read_or_refused_and_the_open_one_stays(tmp_path: Path) -> None:
    content = encoded_project(rich_project(), preview=b"small")
    session = Session()
    opened = session.open(content, name="open.paic3d")
    file = tmp_path / "odd.paic3d"
    read = refused = 0
    for odd in odd_projects(content):
        with hanging_fails():
            try:
                project = session.read(odd, name="odd.paic3d")
            except UserError as error:
                assert error.message and "\n" not in error.message
                refused += 1
            else:
                again = decoded_project(encoded_project(project), name="again.paic3d")
                assert again == project
                read += 1
            file.write_bytes(odd)
            assert len(preview_of(file)) <= 4 << 20
        assert session.project is opened
    print(f"\n{read} read, {refused} refused")
    assert read > 0 and refused > COUNT // 2


def test_a_project_that_names_places_elsewhere_writes_nothing_there(tmp_path: Path) -> None:
    content = encoded_project(rich_project())
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(made, "w") as after:
        state = json.loads(before.read("project.json"))
        state["picture"]["name"] = "../../escaped.png"
        after.writestr("project.json", json.dumps(state), compress_type=zipfile.ZIP_DEFLATED)
        after.writestr("picture", before.read("picture"), compress_type=zipfile.ZIP_STORED)
        after.writestr("../../escaped", b"out")
        after.writestr("/tmp/escaped", b"out")
    file = tmp_path / "a" / "b" / "odd.paic3d"
    file.parent.mkdir(parents=True)
    file.write_bytes(made.getvalue())
    project = Session().read(file)
    assert project.picture.name == "escaped.png"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["odd.paic3d"]
