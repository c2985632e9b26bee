"""The brush that marks and erases lines."""

from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.tools.brush_tool import MAX_RADIUS, MIN_RADIUS, BrushTool
from paic3d_studio.tools.pointer import Edit, Scene, Touch

PROJECT = Project(picture=PictureSource("p.png", b""))
EMPTY = Scene()
coordinates = st.floats(-50, 600)
paths = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=40)


def drawn(tool: BrushTool, path: list[tuple[float, float]], *, erases: bool = False) -> tuple[Project, list[Edit]]:
    """Return what the whole gesture makes of PROJECT, and its edits."""
    edits = [tool.press(Touch(*path[0], erases=erases), scene=EMPTY)]
    edits += [tool.move(Touch(*place)) for place in path[1:]]
    edits.append(tool.release(Touch(*path[-1])))
    made = [edit for edit in edits if edit is not None]
    return made[-1](PROJECT), made


@given(path=paths)
def test_one_gesture_is_one_stroke_from_press_to_release(path: list[tuple[float, float]]) -> None:
    project, _ = drawn(BrushTool(), path)
    assert len(project.strokes) == 1
    assert project.strokes[0].points[0] == path[0]
    assert project.strokes[0].points[-1] == path[-1]


@given(path=paths)
def test_every_edit_of_a_gesture_starts_from_the_same_project(path: list[tuple[float, float]]) -> None:
    _, edits = drawn(BrushTool(), path)
    assert all(len(edit(PROJECT).strokes) == 1 for edit in edits)


@given(path=paths)
def test_an_edit_once_answered_does_not_change_with_the_pointer(path: list[tuple[float, float]]) -> None:
    tool = BrushTool()
    first = tool.press(Touch(*path[0]), scene=EMPTY)
    assert first is not None
    before = first(PROJECT)
    for place in path[1:]:
        tool.move(Touch(*place))
    assert first(PROJECT) == before


def test_a_click_paints_a_dot() -> None:
    project, _ = drawn(BrushTool(), [(10.0, 20.0)])
    assert project.strokes[0].points == ((10.0, 20.0),)


def test_the_brush_adds_the_eraser_removes_and_the_key_turns_either_round() -> None:
    for adds in (True, False):
        for erases in (True, False):
            project, _ = drawn(BrushTool(adds=adds), [(1.0, 1.0)], erases=erases)
            assert project.strokes[0].adds is (adds is not erases)


def test_trembling_adds_no_points() -> None:
    tool = BrushTool(radius=8)
    tool.press(Touch(10, 10), scene=EMPTY)
    assert tool.move(Touch(10.5, 10.2)) is None


@given(steps=st.lists(st.integers(-30, 30), max_size=12))
def test_the_brush_never_leaves_its_sizes(steps: list[int]) -> None:
    tool = BrushTool()
    for step in steps:
        tool.resize(step)
    assert MIN_RADIUS <= tool.radius <= MAX_RADIUS


def test_larger_and_smaller_again_is_the_same_brush() -> None:
    tool = BrushTool(radius=5)
    tool.resize(1)
    tool.resize(-1)
    assert abs(tool.radius - 5) < 1e-9


def test_a_cancelled_stroke_leaves_nothing_behind() -> None:
    tool = BrushTool()
    tool.press(Touch(1, 1), scene=EMPTY)
    tool.cancel()
    assert tool.stroke is None
    assert tool.move(Touch(50, 50)) is None
    assert tool.release(Touch(50, 50)) is None
