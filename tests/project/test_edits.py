"""Edits take one project to the next and touch nothing else."""

import numpy as np
import pytest

from paic3d_studio.core.artefacts import FeatureHulls, content_key
from paic3d_studio.core.hulls import contains, is_convex
from paic3d_studio.core.lines import Stroke
from paic3d_studio.core.strokes import MAX_RADIUS
from paic3d_studio.errors import UserError
from paic3d_studio.project import edits
from paic3d_studio.project.file import decoded_project, encoded_project
from paic3d_studio.project.state import AlignmentEdit, PictureSource, PlacedFace, Project

SQUARE = np.array([[100.0, 100.0], [200.0, 100.0], [200.0, 200.0], [100.0, 200.0]])
HULLS = FeatureHulls(polygons={"mouth": SQUARE, "nose": SQUARE + 10})
STROKE = Stroke(points=((1.0, 2.0), (3.0, 4.0)), radius=5.0)


@pytest.fixture
def project() -> Project:
    return Project(picture=PictureSource(name="girl.png", encoded=b"not decoded here"))


def edited(project: Project, feature: str = "mouth") -> np.ndarray:
    return np.array(project.hull_edits[feature])


def test_moving_a_vertex_keeps_the_hull_convex_and_the_others_as_detected(project):
    after = edits.move_hull_vertex(project, hulls=HULLS, feature="mouth", index=2, to=(260.0, 250.0))
    assert set(after.hull_edits) == {"mouth"}
    assert [260.0, 250.0] in edited(after).tolist()
    assert is_convex(edited(after))
    assert not project.hull_edits


def test_a_vertex_pushed_inside_does_not_dent_the_hull(project):
    after = edits.move_hull_vertex(project, hulls=HULLS, feature="mouth", index=2, to=(120.0, 120.0))
    assert is_convex(edited(after))


@pytest.mark.parametrize("edge", range(4))
@pytest.mark.parametrize("inside", [0.0, 3.0, -4.0])
def test_a_vertex_inserted_beside_an_edge_becomes_a_corner(project, edge, inside):
    middle = (SQUARE[edge] + SQUARE[(edge + 1) % 4]) / 2
    towards_centre = (SQUARE.mean(axis=0) - middle) / 50
    at = middle + inside * towards_centre
    after = edits.insert_hull_vertex(project, hulls=HULLS, feature="mouth", at=(float(at[0]), float(at[1])))
    assert len(edited(after)) == 5
    assert is_convex(edited(after))
    assert contains(edited(after), point=(at[0], at[1]))


def test_a_deleted_vertex_is_gone_but_a_triangle_stays(project):
    after = edits.delete_hull_vertex(project, hulls=HULLS, feature="mouth", index=1)
    assert len(edited(after)) == 3
    again = edits.delete_hull_vertex(
        after, hulls=FeatureHulls(polygons={"mouth": edited(after)}), feature="mouth", index=0
    )
    assert len(edited(again)) == 3


def test_a_moved_hull_keeps_its_shape(project):
    after = edits.move_hull(project, hulls=HULLS, feature="mouth", by=(5.0, -7.0))
    np.testing.assert_allclose(edited(after), SQUARE + np.array([5, -7]))


def test_reset_returns_to_what_was_detected(project):
    both = edits.move_hull(project, hulls=HULLS, feature="mouth", by=(1.0, 1.0))
    both = edits.move_hull(both, hulls=HULLS, feature="nose", by=(1.0, 1.0))
    assert set(edits.reset_hull(both, feature="mouth").hull_edits) == {"nose"}
    assert edits.reset_hulls(both) == project


def test_strokes_are_kept_in_the_order_they_were_painted(project):
    eraser = Stroke(points=((9.0, 9.0),), radius=2.0, adds=False)
    after = edits.add_stroke(edits.add_stroke(project, stroke=STROKE), stroke=eraser)
    assert after.strokes == (STROKE, eraser)
    assert edits.clear_strokes(after) == project
    matted = edits.add_matte_stroke(project, stroke=STROKE)
    assert matted.matte_strokes == (STROKE,)
    assert edits.clear_matte_strokes(matted) == project


def test_a_placed_face_drops_what_was_drawn_in_the_old_alignment(project):
    drawn = edits.add_stroke(edits.move_hull(project, hulls=HULLS, feature="mouth", by=(1, 1)), stroke=STROKE)
    placed = edits.place_face(drawn, right_eye=(10.0, 20.0), left_eye=(30.0, 20.0), mouth=(20.0, 40.0))
    assert placed.landmark_edit == PlacedFace((10.0, 20.0), (30.0, 20.0), (20.0, 40.0))
    assert not placed.hull_edits
    assert not placed.strokes
    assert edits.reset_face(placed) == project


def test_placing_the_same_face_again_keeps_what_was_drawn_since(project):
    face = {"right_eye": (10.0, 20.0), "left_eye": (30.0, 20.0), "mouth": (20.0, 40.0)}
    placed = edits.add_stroke(edits.place_face(project, **face), stroke=STROKE)
    assert edits.place_face(placed, **face) == placed


def test_options_change_one_by_one(project):
    after = edits.set_line_options(project, threshold=0.03)
    after = edits.set_surface_options(after, faces=5000)
    after = edits.set_texture_options(after, size=512)
    after = edits.set_seed(edits.set_settings(after, stitch="off"), seed=7)
    assert (after.settings.lines.threshold, after.settings.lines.sigma) == (0.03, project.settings.lines.sigma)
    assert (after.settings.surface.faces, after.settings.texture.size) == (5000, 512)
    assert (after.settings.stitch, after.seed) == ("off", 7)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(project, seed):
    with pytest.raises(ValueError, match="seed"):
        edits.set_seed(project, seed=seed)


@pytest.mark.parametrize("name", ["", "  ", "x" * 41])
def test_a_hull_without_a_name_or_with_an_endless_one_is_refused(project, name):
    with pytest.raises(ValueError, match="name"):
        edits.set_hull(project, feature=name, polygon=SQUARE)


def test_hulls_of_the_artists_own_get_names_that_nothing_else_has(project):
    for name in ("mark", "mark", "mouth"):
        project = edits.add_hull(project, name=name, polygon=SQUARE)
    assert list(project.hull_edits) == ["mark", "mark 2", "mouth 2"]
    project = edits.lock_hull(project, name="mark 2", locked=True)
    project = edits.rename_hull(project, name="mark 2", to=" mole ")
    assert list(project.hull_edits) == ["mark", "mole", "mouth 2"]
    assert project.locked_hulls == ("mole",)
    assert edits.rename_hull(project, name="mole", to=" ") == project
    assert list(edits.rename_hull(project, name="mole", to="mark").hull_edits) == ["mark", "mark 2", "mouth 2"]
    assert list(edits.reset_hull(project, feature="mole").hull_edits) == ["mark", "mouth 2"]
    assert edits.reset_hull(project, feature="mole").locked_hulls == ()


def test_as_detected_leaves_hulls_of_the_artists_own(project):
    project = edits.add_hull(project, name="mole", polygon=SQUARE)
    project = edits.set_hull(project, feature="mouth", polygon=SQUARE)
    assert list(edits.reset_hulls(project).hull_edits) == ["mole"]
    assert not edits.reset_everything(project).hull_edits


def test_an_eye_mirrored_twice_is_itself(project):
    left = SQUARE + np.array([200, 3])
    found = FeatureHulls(polygons={"right_eye": SQUARE, "left_eye": left})
    hulls = FeatureHulls(polygons={"right_eye": np.array([[90.0, 100], [200, 110], [150, 230]]), "left_eye": left})
    once = edits.mirror_hull(project, hulls=hulls, found=found, feature="left_eye")
    mirrored = FeatureHulls(polygons={**hulls.polygons, "left_eye": edited(once, "left_eye")})
    twice = edits.mirror_hull(project, hulls=mirrored, found=found, feature="right_eye")
    assert sorted(map(tuple, edited(twice, "right_eye"))) == sorted(map(tuple, hulls.polygons["right_eye"]))
    assert edits.mirror_hull(project, hulls=hulls, found=found, feature="mouth") == project


def test_equal_decisions_make_equal_projects_with_equal_keys(project):
    one = edits.move_hull(project, hulls=HULLS, feature="mouth", by=(5.0, 5.0))
    other = edits.set_hull(project, feature="mouth", polygon=(SQUARE + 5).tolist())
    assert one == other
    assert content_key(one.hull_edits) == content_key(other.hull_edits)


def test_a_project_cannot_be_changed_in_place(project):
    with pytest.raises(TypeError):
        project.hull_edits["mouth"] = ()


def test_moved_landmarks_add_up_and_belong_to_one_place_of_the_face(project):
    first = edits.move_landmarks(project, places={7: (1.0, 2.0), 3: (5.0, 6.0)})
    both = edits.move_landmarks(first, places={7: (9.0, 9.0)})
    assert [(m.index, m.place) for m in both.landmark_moves] == [(3, (5.0, 6.0)), (7, (9.0, 9.0))]
    assert edits.reset_landmarks(both, indices={3}).landmark_moves == both.landmark_moves[1:]
    assert edits.reset_landmarks(both) == project
    placed = edits.place_face(both, right_eye=(10.0, 20.0), left_eye=(30.0, 20.0), mouth=(20.0, 40.0))
    assert placed.landmark_moves == ()
    assert edits.reset_everything(both) == project


def test_hulls_and_strokes_stay_on_the_picture_when_it_is_moved_in_the_square(project):
    drawn = edits.add_stroke(edits.move_hull(project, hulls=HULLS, feature="mouth", by=(0.0, 0.0)), stroke=STROKE)
    moved = AlignmentEdit(shift=(30.0, -8.0), scale=1.5, turn=90.0)
    after = edits.set_alignment(drawn, alignment=moved)
    # A quarter turn clockwise takes what lies right of the middle to below it.
    expected = 256 + 1.5 * (np.array(STROKE.points) - 256)[:, ::-1] * (-1, 1) + (30, -8)
    assert np.array(after.strokes[0].points) == pytest.approx(expected)
    assert after.strokes[0].radius == pytest.approx(1.5 * STROKE.radius)
    assert is_convex(edited(after))
    assert np.ptp(edited(after), axis=0) == pytest.approx((150, 150))
    back = edits.reset_alignment(after)
    assert back.alignment_edit == AlignmentEdit()
    assert edited(back) == pytest.approx(SQUARE)
    assert np.array(back.strokes[0].points) == pytest.approx(np.array(STROKE.points))
    placed = edits.place_face(after, right_eye=(10.0, 20.0), left_eye=(30.0, 20.0), mouth=(20.0, 40.0))
    assert placed.alignment_edit == AlignmentEdit()


@pytest.mark.parametrize("out", [{"shift": (600.0, 0.0)}, {"scale": 0.1}, {"scale": 5.0}, {"turn": 181.0}])
def test_a_picture_is_not_moved_out_of_sight(out):
    with pytest.raises(UserError, match="out of range"):
        AlignmentEdit(**out)


def test_a_free_hull_keeps_its_dents_until_it_is_made_convex_again(project):
    free = edits.free_hull(project, feature="mouth", free=True)
    dented = edits.move_hull_vertex(free, hulls=HULLS, feature="mouth", index=2, to=(120.0, 120.0))
    assert edited(dented).tolist() == [[100, 100], [200, 100], [120, 120], [100, 200]]
    turned = edits.set_alignment(dented, alignment=AlignmentEdit(shift=(5.0, 0.0)))
    assert edited(turned) == pytest.approx(edited(dented) + np.array([5, 0]))
    convex = edits.free_hull(dented, feature="mouth", free=False)
    assert is_convex(edited(convex)) and len(edited(convex)) == 3 and convex.free_hulls == ()
    assert edits.reset_hull(dented, feature="mouth") == edits.reset_hulls(dented) == project


def test_an_eye_mirrored_from_a_free_one_is_free_as_well(project):
    eyes = FeatureHulls(polygons={"left_eye": SQUARE + 200, "right_eye": SQUARE})
    free = edits.free_hull(project, feature="right_eye", free=True)
    dented = edits.move_hull_vertex(free, hulls=eyes, feature="right_eye", index=0, to=(180.0, 180.0))
    shown = FeatureHulls(polygons={**eyes.polygons, "right_eye": edited(dented, "right_eye")}, free=dented.free_hulls)
    after = edits.mirror_hull(dented, hulls=shown, found=eyes, feature="left_eye")
    assert "left_eye" in after.free_hulls
    assert sorted(edited(after, "left_eye").tolist()) == [[300, 300], [300, 400], [320, 380], [400, 400]]


def test_an_own_free_hull_is_renamed_with_its_freedom(project):
    own = edits.free_hull(edits.add_hull(project, name="mark", polygon=SQUARE), feature="mark", free=True)
    assert edits.rename_hull(own, name="mark", to="mole").free_hulls == ("mole",)


def test_a_brush_never_grows_beyond_what_a_project_may_say(project):
    huge = Stroke(points=((1.0, 1.0),), radius=2 * MAX_RADIUS, hardness=0.5)
    project = edits.add_matte_stroke(edits.add_stroke(project, stroke=huge), stroke=huge)
    project = edits.set_alignment(project, alignment=AlignmentEdit(scale=4.0))
    assert [stroke.radius for stroke in (*project.strokes, *project.matte_strokes)] == [MAX_RADIUS, MAX_RADIUS]


def test_what_lies_beyond_every_picture_is_kept_where_a_file_can_hold_it(project: Project) -> None:
    far = Stroke(points=((8_000.0, 100.0), (-1e9, 40.0)), radius=12.0)
    changed = edits.set_alignment(project, alignment=AlignmentEdit(scale=0.25))
    changed = edits.add_matte_stroke(edits.add_stroke(changed, stroke=far), stroke=far)
    changed = edits.set_hull(changed, feature="mouth", polygon=[(250, 300), (1e8, 310), (1e8, 320), (250, 330)])
    changed = edits.move_landmarks(changed, places={3: (1e12, 5.0)})
    changed = edits.set_alignment(changed, alignment=AlignmentEdit(scale=4.0))
    again = decoded_project(encoded_project(changed), name="far.paic3d")
    assert again == changed


def test_a_hull_that_would_lie_beyond_every_picture_stays_as_it_was(project: Project) -> None:
    before = edits.set_hull(project, feature="mouth", polygon=[(250, 300), (260, 300), (260, 310)])
    assert edits.set_hull(before, feature="mouth", polygon=[(1e8, 1e8), (2e8, 1e8), (2e8, 2e8)]) == before
