"""The brush that paints the matte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.core.alignment import aligned_points
from paic3d_studio.core.artefacts import Alignment
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.tools.matte_brush_tool import MatteBrushTool
from paic3d_studio.tools.pointer import Scene, Touch

PROJECT = Project(picture=PictureSource("p.png", b""))
HALF = Alignment(matrix=np.array([[0.5, 0, 30], [0, 0.5, -12]]))
coordinates = st.floats(0, 512)


@given(path=st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=20))
def test_a_stroke_lies_in_the_portrait_where_the_pointer_was_in_the_square(path: list[tuple[float, float]]) -> None:
    tool = MatteBrushTool(radius=6)
    edit = tool.press(Touch(*path[0]), scene=Scene(alignment=HALF))
    for place in path[1:]:
        edit = tool.move(Touch(*place)) or edit
    edit = tool.release(Touch(*path[-1])) or edit
    assert edit is not None
    (stroke,) = edit(PROJECT).matte_strokes
    back = aligned_points(HALF, points=stroke.points)
    assert tuple(back[0]) == pytest.approx(path[0])
    assert tuple(back[-1]) == pytest.approx(path[-1])
    assert stroke.radius == pytest.approx(12)
    assert stroke.adds


def test_the_key_paints_the_background_out() -> None:
    edit = MatteBrushTool().press(Touch(5, 5, erases=True), scene=Scene(alignment=HALF))
    assert edit is not None
    assert not edit(PROJECT).matte_strokes[0].adds


def test_without_an_alignment_the_pointer_is_not_taken() -> None:
    tool = MatteBrushTool()
    assert tool.press(Touch(5, 5), scene=Scene()) is None
    assert tool.release(Touch(9, 9)) is None
