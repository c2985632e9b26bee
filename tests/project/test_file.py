"""Project files: what is written is read again, and nothing else is."""

import dataclasses
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paic3d_studio.core.hulls import convex
from paic3d_studio.core.lines import LineOptions, Stroke
from paic3d_studio.core.stitch import StitchOptions
from paic3d_studio.core.strokes import MAX_RADIUS
from paic3d_studio.errors import UserError
from paic3d_studio.project import edits
from paic3d_studio.project.codec import plain
from paic3d_studio.project.file import (
    FORMER_SLOPES,
    VERSION,
    decoded_project,
    encoded_project,
    is_project,
    preview_of,
    write_project,
)
from paic3d_studio.project.state import AlignmentEdit, FoundFace, PictureSource, Project, Settings

PICTURE = PictureSource(name="girl.png", encoded=bytes(range(256)) * 4)

places = st.tuples(st.floats(-500, 5000), st.floats(-500, 5000))
strokes = st.builds(
    Stroke,
    points=st.lists(places, max_size=5).map(tuple),
    radius=st.floats(0.5, 200),
    adds=st.booleans(),
    hardness=st.floats(0, 1),
    filled=st.booleans(),
    unsure=st.booleans(),
)
hulls = st.integers(3, 9).map(
    lambda n: tuple(map(tuple, convex([(256 + 40 * np.cos(a), 256 + 30 * np.sin(a)) for a in np.arange(n)]).tolist()))
)

alignments = st.builds(
    AlignmentEdit,
    shift=st.tuples(st.floats(-512, 512), st.floats(-512, 512)),
    scale=st.floats(0.25, 4),
    turn=st.floats(-180, 180),
)


@st.composite
def projects(draw: st.DrawFn) -> Project:
    project = Project(picture=PICTURE, seed=draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        eye, mouth = draw(places), draw(places)
        project = edits.place_face(project, right_eye=eye, left_eye=(eye[0] + 50, eye[1]), mouth=mouth)
    project = edits.move_landmarks(project, places=draw(st.dictionaries(st.integers(0, 27), places, max_size=4)))
    project = edits.set_alignment(project, alignment=draw(alignments))
    for stroke in draw(st.lists(strokes, max_size=3)):
        project = edits.add_stroke(project, stroke=stroke)
        project = edits.add_matte_stroke(project, stroke=stroke)
    if draw(st.booleans()):
        project = edits.free_hull(project, feature="mole", free=True)
        project = edits.set_hull(project, feature="mole", polygon=draw(st.lists(places, min_size=3, max_size=6)))
    for feature in draw(st.sets(st.sampled_from(["mouth", "nose", "left_eye"]))):
        project = edits.set_hull(project, feature=feature, polygon=draw(hulls))
    if draw(st.booleans()):
        score = draw(st.floats(0, 1))
        found = FoundFace(tuple(draw(st.lists(places, min_size=28, max_size=28))), (score,) * 28, "network")
        project = dataclasses.replace(project, found_face=found)
    project = edits.set_surface_options(project, faces=draw(st.integers(100, 50_000)), crop_below=draw(st.none()))
    return edits.set_line_options(project, threshold=draw(st.floats(0.001, 0.5)))


@given(project=projects())
def test_a_project_is_read_back_as_it_was_saved(project: Project) -> None:
    content = encoded_project(project, preview=b"a small picture")
    assert is_project(content)
    again = decoded_project(content, name="x.paic3d")
    assert (again, again.found_face) == (project, project.found_face)
    assert encoded_project(decoded_project(content, name="x.paic3d"), preview=b"a small picture") == content


def test_a_picture_whose_name_is_no_text_can_be_saved_and_comes_back() -> None:
    named = Project(picture=PictureSource("portr\udce4t.png", PICTURE.encoded))  # as Linux hands such a name on
    content = encoded_project(named)
    assert decoded_project(content, name="x.paic3d") == named
    assert encoded_project(decoded_project(content, name="x.paic3d")) == content


def test_the_preview_is_found_without_the_rest(tmp_path: Path) -> None:
    write_project(Project(picture=PICTURE), tmp_path / "a.paic3d", preview=b"small")
    write_project(Project(picture=PICTURE), tmp_path / "b.paic3d")
    (tmp_path / "c.paic3d").write_bytes(b"PK\x03\x04 no archive")
    assert [preview_of(tmp_path / f"{name}.paic3d") for name in "abcd"] == [b"small", b"", b"", b""]


def rewritten(change, *, project: Project | None = None, add: dict[str, bytes] | None = None, picture=None) -> bytes:
    """A project file whose state went through `change`, with further entries."""
    content = encoded_project(project or Project(picture=PICTURE))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        state = json.loads(archive.read("project.json"))
    change(state)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("project.json", json.dumps(state), compress_type=zipfile.ZIP_DEFLATED)
        archive.writestr("picture", PICTURE.encoded if picture is None else picture)
        for name, extra in (add or {}).items():
            archive.writestr(name, extra)
    return buffer.getvalue()


def same(state: dict) -> None:
    """Change nothing."""


def test_a_file_of_a_newer_version_is_refused_with_what_to_do() -> None:
    with pytest.raises(UserError, match="newer version") as refused:
        decoded_project(rewritten(lambda state: state.update(version=VERSION + 1)), name="x.paic3d")
    assert "Install" in refused.value.cure


def names_of(data: object, path: str = "") -> list[str]:
    """The names of all decisions that a project file tells, each with those above it."""
    if not isinstance(data, dict):
        return [path]
    return [name for key in sorted(data) for name in names_of(data[key], f"{path}/{key}")]


def test_a_new_decision_has_a_new_version_so_that_an_older_studio_says_so_and_does_not_speak_of_damage() -> None:
    told = {name: value for name, value in plain(Project(picture=PICTURE)).items() if name != "picture"}
    digest = hashlib.sha256("\n".join(names_of(told)).encode()).hexdigest()
    assert (VERSION, digest[:16]) == (
        4,
        "e65d6d5b4f52ae60",
    )  # names differ: raise VERSION, and write down the new digest


def test_what_an_older_file_lacks_takes_its_default() -> None:
    def older(state: dict) -> None:
        del state["decisions"]["settings"]["volume"]
        del state["decisions"]["settings"]["lines"]["ratio"]
        del state["decisions"]["matte_strokes"], state["decisions"]["landmark_moves"]
        del state["decisions"]["found_face"]
        state["version"] = 1

    found = decoded_project(rewritten(older), name="x.paic3d")
    assert found.settings.volume == Settings().volume
    assert found.settings.lines == LineOptions()
    assert found.matte_strokes == found.landmark_moves == ()
    assert found.found_face is None


def test_slopes_that_nobody_chose_are_todays_and_others_stay() -> None:
    def older(**slopes: float) -> Project:
        def change(state: dict) -> None:
            state["decisions"]["settings"]["texture"]["stitching"].update(margin=0.002, **slopes)

        return decoded_project(rewritten(change), name="x.paic3d")

    former = older(**FORMER_SLOPES).settings.texture.stitching
    assert former == StitchOptions(margin=0.002)
    chosen = older(grazing=0.25, facing=0.5).settings.texture.stitching
    assert (chosen.grazing, chosen.facing) == (0.25, 0.5)


@pytest.mark.parametrize("stitching", [None, [], "0.25", {"grazing": 0.25}])
def test_slopes_that_are_none_are_told_as_before(stitching: object) -> None:
    def change(state: dict) -> None:
        state["decisions"]["settings"]["texture"]["stitching"] = stitching

    if isinstance(stitching, dict):
        assert decoded_project(rewritten(change), name="x.paic3d").settings.texture.stitching.grazing == 0.25
    else:
        with pytest.raises(UserError, match="damaged"):
            decoded_project(rewritten(change), name="x.paic3d")


def test_entries_with_paths_go_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = rewritten(same, add={"../escaped": b"x", "/absolute": b"x", "C:\\windows": b"x"})
    assert decoded_project(content, name="x.paic3d") == Project(picture=PICTURE)
    assert not list(tmp_path.iterdir()) and not (tmp_path.parent / "escaped").exists()


def decisions(**changes: object):
    return lambda state: state["decisions"].update(changes)


NOT_PROJECTS = {
    "another zip": b"PK\x03\x04" + b"\0" * 40,
    "another format": rewritten(lambda state: state.update(format="docx")),
    "a version that is no number": rewritten(lambda state: state.update(version="1")),
    "another picture": rewritten(same, picture=b"exchanged"),
    "an unknown decision": rewritten(decisions(wings=2)),
    "a seed out of range": rewritten(decisions(seed=-1)),
    "a seed that is true": rewritten(decisions(seed=True)),
    "infinite places": rewritten(decisions(strokes=[{"points": [[1e999, 2]], "radius": 3, "adds": True}])),
    "places beyond every picture": rewritten(decisions(strokes=[{"points": [[1e9, 2]], "radius": 3, "adds": True}])),
    "a stroke without width": rewritten(decisions(strokes=[{"points": [[1, 2]], "radius": 0, "adds": True}])),
    "a stroke wider than every picture": rewritten(
        decisions(strokes=[{"points": [[1, 2]], "radius": 2 * MAX_RADIUS, "adds": True, "hardness": 0.5}])
    ),
    "a stroke on the matte wider than every picture": rewritten(
        decisions(matte_strokes=[{"points": [[1, 2]], "radius": 2 * MAX_RADIUS, "adds": True, "hardness": 0.5}])
    ),
    "a face that was found with too few landmarks": rewritten(
        decisions(found_face={"points": [[1, 2]], "scores": [1], "source": "network"})
    ),
    "a face that was found beyond every picture": rewritten(
        decisions(found_face={"points": 28 * [[1e9, 2]], "scores": 28 * [1], "source": "network"})
    ),
    "a landmark that no face has": rewritten(decisions(landmark_moves=[{"index": 28, "place": [1, 2]}])),
    "a landmark moved twice": rewritten(decisions(landmark_moves=2 * [{"index": 3, "place": [1, 2]}])),
    "a landmark beyond every picture": rewritten(decisions(landmark_moves=[{"index": 3, "place": [1e9, 2]}])),
    "a picture moved out of the square": rewritten(decisions(alignment_edit={"shift": [9000, 0]})),
    "a free hull of two corners": rewritten(decisions(hull_edits={"mouth": [[0, 0], [9, 0]]}, free_hulls=["mouth"])),
    "a stroke harder than hard": rewritten(
        decisions(strokes=[{"points": [[1, 2]], "radius": 3, "adds": True, "hardness": 2}])
    ),
    "a stroke with too few pressures": rewritten(
        decisions(strokes=[{"points": [[1, 2], [3, 4]], "radius": 3, "adds": True, "pressures": [0.5]}])
    ),
    "a dented hull": rewritten(decisions(hull_edits={"mouth": [[0, 0], [9, 0], [4, 1], [0, 9]]})),
    "a hull without a name": rewritten(decisions(hull_edits={" ": [[0, 0], [9, 0], [0, 9]]})),
    "a lattice that fills the memory": rewritten(decisions(settings={"surface": {"resolution": 10_000}})),
    "a texture that fills the memory": rewritten(decisions(settings={"texture": {"size": 10**9}})),
    "a volume that fills the memory": rewritten(decisions(settings={"volume": 4096})),
    "an endless name of a decision": rewritten(decisions(**{"w" * 100_000: 2})),
    "an endless name of a hull": rewritten(decisions(hull_edits={"w" * 100_000: []})),
    "a list for a table": rewritten(decisions(settings=[])),
    "a text for a number": rewritten(decisions(settings={"volume": "128"})),
    "a stitch of no kind": rewritten(decisions(settings={"stitch": "glue"})),
    "twenty entries": rewritten(same, add={str(number): b"" for number in range(20)}),
}


@pytest.mark.parametrize("kind", NOT_PROJECTS)
def test_what_is_no_project_is_refused_in_one_sentence(kind: str) -> None:
    with pytest.raises(UserError, match="damaged") as refused:
        decoded_project(NOT_PROJECTS[kind], name="x.paic3d")
    assert "x.paic3d" in refused.value.message and refused.value.cure
    assert len(refused.value.message) < 500


@pytest.mark.parametrize("size", [65 << 20, 8 << 20])
def test_a_bomb_is_refused_before_it_is_unpacked(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.json", b"[" * size)
        archive.writestr("picture", b"x")
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("it was unpacked"))
    assert len(buffer.getvalue()) < 1 << 20
    with pytest.raises(UserError, match="too large"):
        decoded_project(buffer.getvalue(), name="x.paic3d")


def test_a_state_nested_without_end_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("project.json", b"[" * 200_000, compress_type=zipfile.ZIP_DEFLATED)
        archive.writestr("picture", b"x")
    with pytest.raises(UserError, match="damaged"):
        decoded_project(buffer.getvalue(), name="x.paic3d")


WHOLE = encoded_project(
    edits.add_stroke(Project(picture=PICTURE), stroke=Stroke(points=((1.0, 2.0),), radius=3.0)), preview=b"small"
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_a_mutated_file_is_read_as_it_was_or_refused(data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    try:
        found = decoded_project(bytes(content), name="x.paic3d")
    except UserError:
        return
    assert found == decoded_project(WHOLE, name="x.paic3d") or found.picture.encoded == PICTURE.encoded


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.paic3d"
    write_project(Project(picture=PICTURE), path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="full"):
        write_project(Project(picture=PICTURE, seed=7), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
