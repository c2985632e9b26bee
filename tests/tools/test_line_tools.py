"""Lines from corner to corner, areas, soft brushes and pens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.core.lines import KeepMask, masked_lines
from paic3d_studio.core.strokes import Stroke, painted_shares, rasterise_strokes
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.tools.brush_tool import BrushTool
from paic3d_studio.tools.lasso_tool import LassoTool
from paic3d_studio.tools.pointer import Scene, Touch
from paic3d_studio.tools.polyline_tool import PolylineTool

PROJECT = Project(picture=PictureSource("p.png", b""))
EMPTY = Scene()
NOTHING = np.zeros((64, 64), bool)
SQUARE = ((10.0, 10.0), (40.0, 10.0), (40.0, 30.0), (10.0, 30.0))
places = st.tuples(st.floats(-20, 84), st.floats(-20, 84))


def test_a_polyline_goes_on_over_several_clicks_and_is_one_stroke() -> None:
    tool = PolylineTool(radius=2.0)
    for place in SQUARE[:3]:
        assert tool.press(Touch(*place), scene=EMPTY) is not None
        assert tool.release(Touch(*place)) is None and tool.holds
    reaching = tool.move(Touch(60.0, 50.0))(PROJECT)
    assert reaching.strokes[0].points == (*SQUARE[:3], (60.0, 50.0))
    assert tool.step_back()(PROJECT).strokes[0].points == SQUARE[:2]
    (stroke,) = tool.finish()(PROJECT).strokes
    assert stroke.points == SQUARE[:2] and stroke.radius == 2.0
    assert not tool.holds and tool.finish() is None


def test_a_click_on_the_first_corner_closes_the_line() -> None:
    tool = PolylineTool()
    for place in SQUARE:
        tool.press(Touch(*place), scene=EMPTY)
    edit = tool.press(Touch(12.0, 9.0, reach=4.0), scene=EMPTY)
    assert edit(PROJECT).strokes[0].points == (*SQUARE, SQUARE[0])
    assert not tool.holds


def test_taking_back_the_first_corner_leaves_no_line() -> None:
    tool = PolylineTool()
    tool.press(Touch(*SQUARE[0]), scene=EMPTY)
    assert tool.step_back() is None
    assert not tool.holds and tool.move(Touch(3.0, 3.0)) is None


def test_a_lasso_fills_what_it_goes_round_and_with_the_key_empties_it() -> None:
    for erases in (False, True):
        tool = LassoTool()
        tool.press(Touch(*SQUARE[0], erases=erases), scene=EMPTY)
        for place in SQUARE[1:]:
            tool.move(Touch(*place))
        (stroke,) = tool.release(Touch(*SQUARE[-1]))(PROJECT).strokes
        painted = rasterise_strokes(np.full((64, 64), erases), strokes=[stroke])
        inside = np.zeros((64, 64), bool)
        inside[11:29, 11:39] = True
        assert (painted[inside] != erases).all()
        inside[9:31, 9:41] = True
        assert (painted[~inside] == erases).all()


def test_a_click_with_the_lasso_changes_nothing() -> None:
    tool = LassoTool()
    tool.press(Touch(5.0, 5.0), scene=EMPTY)
    assert tool.release(Touch(5.0, 5.0))(PROJECT) == PROJECT


@given(path=st.lists(places, min_size=1, max_size=6), hardness=st.floats(0, 0.99), radius=st.floats(1, 20))
def test_a_soft_stroke_covers_no_more_than_a_hard_one_and_all_of_its_core(path, hardness, radius) -> None:
    soft = painted_shares(np.zeros((64, 64), np.uint8), strokes=[Stroke(tuple(path), radius, hardness=hardness)])
    grown = rasterise_strokes(NOTHING, strokes=[Stroke(tuple(path), radius + 1.5)])
    assert not soft[~grown].any()
    core = radius * hardness - 2.5  # the raster of a line reaches a pixel further than its radius
    if core >= 1:
        assert (soft[rasterise_strokes(NOTHING, strokes=[Stroke(tuple(path), core)])] == 255).all()


def test_a_soft_stroke_fades_from_its_core_to_its_rim() -> None:
    shares = painted_shares(np.zeros((64, 64), np.uint8), strokes=[Stroke(((32.5, 32.5),), 20.0, hardness=0.5)])
    across = shares[32, 32:].astype(int)
    assert (np.diff(across) <= 0).all()
    assert across[9] == 255 and 0 < across[15] < 255 and across[21] == 0


@given(strokes=st.lists(st.builds(
    Stroke, points=st.lists(places, min_size=1, max_size=4).map(tuple), radius=st.floats(1, 9), adds=st.booleans(),
    hardness=st.sampled_from([0.0, 0.5, 1.0]), filled=st.booleans(),
), max_size=5))  # fmt: skip
def test_painting_stroke_by_stroke_is_painting_all_at_once(strokes) -> None:
    base = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    step = base
    for stroke in strokes:
        step = painted_shares(step, strokes=[stroke])
    assert np.array_equal(painted_shares(base, strokes=strokes), step)


def test_a_soft_stroke_shares_the_mask_and_none_of_it_lies_under_the_keep_mask() -> None:
    keep = NOTHING.copy()
    keep[:32] = True
    lines = masked_lines(NOTHING, keep=KeepMask(keep), strokes=[Stroke(((32.0, 32.0),), 16.0, hardness=0.2)])
    assert lines.shares is not None
    assert np.array_equal(lines.mask, lines.shares > 0)
    assert not lines.mask[keep].any() and lines.mask[33, 32]
    assert masked_lines(NOTHING, keep=KeepMask(keep), strokes=[Stroke(((32.0, 32.0),), 16.0)]).shares is None


def test_the_pressure_of_a_pen_sets_how_thick_a_stroke_is() -> None:
    tool = BrushTool(radius=12.0)
    tool.press(Touch(10.0, 32.0, pressure=0.1), scene=EMPTY)
    for x in range(13, 55, 3):
        tool.move(Touch(float(x), 32.0, pressure=(x - 8) / 48))
    (stroke,) = tool.release(Touch(54.0, 32.0, pressure=1.0))(PROJECT).strokes
    assert len(stroke.pressures) == len(stroke.points)
    thick = rasterise_strokes(NOTHING, strokes=[stroke]).sum(axis=0)
    assert thick[12] <= 5 and thick[50] >= 20
    assert (np.diff(thick[12:50].astype(int)) >= 0).all()


def test_a_mouse_makes_strokes_without_pressures() -> None:
    tool = BrushTool()
    tool.press(Touch(10.0, 32.0), scene=EMPTY)
    assert tool.release(Touch(40.0, 32.0))(PROJECT).strokes[0].pressures == ()


@pytest.mark.parametrize("wrong", [{"hardness": 1.5}, {"pressures": (0.5,)}, {"pressures": (0.5, 2.0)}])
def test_strokes_without_meaning_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match=r"hardness|pressure"):
        Stroke(points=((1.0, 2.0), (3.0, 4.0)), radius=2.0, **wrong)
