"""The session: what an edit costs, what undo costs, and that an open document survives a bad picture."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from paic3d_studio.core.artefacts import Landmarks, Portrait
from paic3d_studio.core.image import encode_png
from paic3d_studio.core.landmarks import landmarks_from_parts
from paic3d_studio.core.lines import Stroke
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.paths import example_picture
from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.project import edits
from paic3d_studio.session.session import Session

FACE = {"right_eye": (210.0, 250.0), "left_eye": (302.0, 250.0), "mouth": (256.0, 340.0)}


def drawn_portrait() -> bytes:
    """A head drawn with a few ellipses and outlines, transparent around it."""
    picture = np.zeros((512, 512, 4), np.uint8)
    black, skin, hair, white = (20, 20, 20, 255), (240, 214, 196, 255), (120, 70, 40, 255), (255, 255, 255, 255)
    for colour, thickness in ((hair, -1), (black, 2)):
        cv2.ellipse(picture, (256, 230), (150, 180), 0, 0, 360, colour, thickness)
    for colour, thickness in ((skin, -1), (black, 2)):
        cv2.ellipse(picture, (256, 275), (112, 128), 0, 0, 360, colour, thickness)
    for x in (210, 302):
        cv2.ellipse(picture, (x, 250), (24, 30), 0, 0, 360, white, -1)
        cv2.ellipse(picture, (x, 254), (14, 20), 0, 0, 360, (60, 90, 160, 255), -1)
        cv2.ellipse(picture, (x, 250), (24, 30), 0, 180, 360, black, 3)
    cv2.ellipse(picture, (256, 338), (20, 8), 0, 0, 180, black, 2)
    return encode_png(picture)


@pytest.fixture
def session() -> Session:
    """A session with the drawn head open, its face placed by hand; Telea paints lines and needs no weights."""
    session = Session(threads=1)
    session.open(drawn_portrait(), name="drawn.png")
    session.edit(lambda project: edits.place_face(project, **FACE))
    session.edit(lambda project: edits.set_settings(project, infill="telea"))
    return session


class Ran:
    """Which stages computed since the last look."""

    def __init__(self, session: Session) -> None:
        self._fresh: list[str] = []
        session.listen_to_stages(self._note)

    def _note(self, report: StageReport) -> None:
        if report.state == "fresh":
            self._fresh.append(report.stage)

    def since(self) -> set[str]:
        ran, self._fresh = set(self._fresh), []
        return ran


def moved_mouth(session: Session, by: float = 12.0):
    hulls = session.pull("hulls")
    return lambda project: edits.move_hull(project, hulls=hulls, feature="mouth", by=(0.0, by))


def test_the_picture_is_pulled_down_to_its_line_free_version(session):
    mask = session.pull("line_mask").mask
    keep = session.pull("keep").mask
    clean = session.pull("render_like").rgba
    aligned = session.pull("aligned").rgba
    assert mask.any()
    assert not (mask & keep).any()
    changed = (clean != aligned).any(axis=-1)
    assert changed.any()
    assert not (changed & ~mask).any()


def test_a_hull_edit_runs_neither_landmarks_nor_line_search_again(session):
    session.pull("render_like")
    ran = Ran(session)
    session.edit(moved_mouth(session))
    session.pull("render_like")
    assert ran.since() == {"hulls", "keep", "line_mask", "render_like"}


def test_undo_and_redo_run_nothing(session):
    session.pull("render_like")
    session.edit(moved_mouth(session))
    session.pull("render_like")
    session.edit(lambda project: edits.add_stroke(project, stroke=Stroke(((100.0, 100.0),), radius=9.0)))
    after = session.pull("render_like")
    ran = Ran(session)
    for step in (session.undo, session.undo, session.redo, session.redo):
        step()
        session.pull("render_like")
    assert ran.since() == set()
    assert session.peek("render_like") is after


def test_an_edit_without_effect_on_the_mask_stops_there(session):
    session.pull("render_like")
    ran = Ran(session)
    far_away = Stroke(points=((-500.0, -500.0),), radius=3.0)
    session.edit(lambda project: edits.add_stroke(project, stroke=far_away))
    session.pull("render_like")
    assert ran.since() == {"line_mask"}


def test_a_seed_or_texture_option_touches_nothing_of_the_picture_side(session):
    session.pull("render_like")
    ran = Ran(session)
    session.edit(lambda project: edits.set_texture_options(edits.set_seed(project, seed=9), size=512))
    session.pull("render_like")
    assert ran.since() == set()


def test_a_matte_stroke_reaches_the_aligned_picture(session):
    before = session.pull("aligned").rgba
    eraser = Stroke(points=((256.0, 80.0),), radius=40.0, adds=False)
    session.edit(lambda project: edits.add_matte_stroke(project, stroke=eraser))
    after = session.pull("aligned").rgba
    assert after[..., 3].astype(int).sum() < before[..., 3].astype(int).sum()
    assert session.pull("matte").alpha[80, 256] == 0


def test_resetting_a_hull_brings_back_the_detected_one(session):
    detected = session.pull("hulls")
    session.edit(moved_mouth(session))
    edited = session.pull("hulls")
    np.testing.assert_allclose(edited.polygons["mouth"], detected.polygons["mouth"] + (0, 12))
    session.edit(lambda project: edits.reset_hull(project, feature="mouth"))
    np.testing.assert_array_equal(session.pull("hulls").polygons["mouth"], detected.polygons["mouth"])


def test_a_drag_is_one_step_of_undo(session):
    start = session.project
    hulls = session.pull("hulls")
    session.begin_drag()
    for by in (1.0, 2.0, 3.0):
        session.drag(lambda p, by=by: edits.move_hull(p, hulls=hulls, feature="nose", by=(by, 0.0)))
    session.end_drag()
    moved = np.array(session.project.hull_edits["nose"])
    np.testing.assert_allclose(moved, hulls.polygons["nose"] + (3, 0))
    assert session.undo() == start


def test_listeners_hear_of_every_change_until_they_stop(session):
    heard = []
    stop = session.listen_to_project(heard.append)
    session.edit(lambda project: edits.set_seed(project, seed=1))
    session.edit(lambda project: edits.set_seed(project, seed=1))
    session.undo()
    assert [project.seed for project in heard] == [1, 0]
    stop()
    session.redo()
    assert len(heard) == 2


@pytest.mark.parametrize(
    "encoded", [b"", b"not a picture", drawn_portrait()[:1500], encode_png(np.zeros((100, 100, 4), np.uint8))]
)
def test_a_bad_picture_leaves_the_open_document_untouched(session, encoded):
    before = session.project
    with pytest.raises(UserError):
        session.open(encoded, name="bad.png")
    assert session.project is before
    assert session.can_undo


def test_opening_another_picture_starts_a_new_history(session):
    session.open(drawn_portrait(), name="again.png")
    assert session.project.picture.name == "again.png"
    assert not session.can_undo
    assert not session.dirty


def test_without_a_picture_there_is_nothing_to_pull_or_edit():
    session = Session()
    assert session.project is None
    with pytest.raises(UserError, match="No picture is open"):
        session.pull("portrait")
    with pytest.raises(UserError, match="No picture is open"):
        session.edit(lambda project: project)


@pytest.mark.parametrize(
    ("name", "words"),
    [("head.xyz", "no known format"), ("missing/head.glb", "no folder"), ("folder.glb", "is a folder")],
)
def test_a_target_that_cannot_be_written_is_refused_before_any_work(session, tmp_path, name, words):
    (tmp_path / "folder.glb").mkdir()
    ran = Ran(session)
    with pytest.raises(UserError, match=words):
        session.export(tmp_path / name)
    assert ran.since() == set()


def test_a_method_that_does_not_exist_is_named(session):
    session.edit(lambda project: edits.set_settings(project, infill="magic"))
    with pytest.raises(UserError, match="magic"):
        session.pull("render_like")


def test_what_was_forgotten_is_computed_anew(session):
    session.pull("render_like")
    session.forget()
    assert session.peek("render_like") is None
    ran = Ran(session)
    session.pull("render_like")
    assert {"portrait", "landmarks", "render_like"} <= ran.since()


def test_a_face_placed_outside_the_picture_is_refused_in_one_sentence(session: Session) -> None:
    session.edit(lambda project: edits.place_face(project, **{**FACE, "mouth": (9050.0, 9100.0)}))
    with pytest.raises(UserError, match="outside the picture"):
        session.pull("landmarks")


def test_every_long_stage_can_be_cancelled_inside_and_what_had_finished_is_kept():
    session, project = Session(threads=1), Session().read(on_grey(example_picture()))
    project = edits.set_surface_options(edits.set_texture_options(project, size=256), resolution=64, faces=2000)
    for wanted in [stage.name for stage in session.stages if stage.seconds >= 0.5]:
        state = {"running": "", "asked": 0}
        reports: list[StageReport] = []

        def note(report: StageReport, state=state, reports=reports) -> None:
            reports.append(report)
            if report.state == "running" and report.stage != state["running"]:
                state.update(running=report.stage, asked=0)

        def asked_twice(state=state, wanted=wanted) -> bool:
            state["asked"] += state["running"] == wanted
            return state["asked"] > 2

        stop = session.listen_to_stages(note)
        with pytest.raises(Cancelled):
            session.pull(wanted, project, Monitor(cancelled=asked_twice))
        stop()
        ended = {report.stage: report.state for report in reports}
        assert ended.pop(wanted) == "cancelled"
        assert set(ended.values()) <= {"fresh", "cached"}
        session.pull(wanted, project)


def on_grey(picture: Path) -> bytes:
    """A picture file put on a grey background, without alpha: its matte has to be found."""
    rgba = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]]
    alpha = rgba[..., 3:] / 255
    return encode_png((rgba[..., :3] * alpha + 150 * (1 - alpha)).astype(np.uint8))


def found_by(shift: float) -> Callable[..., Landmarks]:
    """Return a detector that finds the drawn head's face `shift` pixels to the right of where it is."""

    def find(portrait: Portrait, **_: object) -> Landmarks:
        places = {name: (x + shift, y) for name, (x, y) in FACE.items()}
        return dataclasses.replace(landmarks_from_parts(**places), source="another", warning="Look again.")

    return find


def test_saved_edits_stay_where_they_were_drawn_when_another_detector_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paic3d_studio.nets.landmarks.find_landmarks", found_by(0.0))
    session = Session(threads=1)
    session.open(drawn_portrait(), name="drawn.png")
    before = session.pull("alignment").matrix
    session.edit(moved_mouth(session))
    session.save(tmp_path / "drawn.paic3d")
    monkeypatch.setattr("paic3d_studio.nets.landmarks.find_landmarks", found_by(9.0))
    again = Session(threads=1)
    assert again.open(tmp_path / "drawn.paic3d") == session.project
    assert np.array_equal(again.pull("alignment").matrix, before)
    assert again.pull("landmarks").warning == "Look again."
    again.edit(edits.reset_everything)
    assert not np.allclose(again.pull("alignment").matrix, before)
    again.undo()
    assert np.array_equal(again.pull("alignment").matrix, before)


def test_what_was_saved_without_edits_on_the_face_is_found_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paic3d_studio.nets.landmarks.find_landmarks", found_by(0.0))
    session = Session(threads=1)
    session.open(drawn_portrait(), name="drawn.png")
    before = session.pull("alignment").matrix
    session.edit(moved_mouth(session))
    session.save(tmp_path / "drawn.paic3d")
    again = Session(threads=1)
    again.open(tmp_path / "drawn.paic3d")
    again.edit(edits.reset_hulls)
    again.save(tmp_path / "drawn.paic3d")
    monkeypatch.setattr("paic3d_studio.nets.landmarks.find_landmarks", found_by(9.0))
    later = Session(threads=1)
    assert later.open(tmp_path / "drawn.paic3d").found_face is None
    assert not np.allclose(later.pull("alignment").matrix, before)
