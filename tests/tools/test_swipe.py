"""The divider between before and after."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.tools.pointer import Touch
from paic3d_studio.tools.swipe import Swipe


@given(start=st.floats(-4, 4), stops=st.lists(st.floats(-900, 900), min_size=1))
def test_the_divider_follows_the_pointer_and_stays_in_the_square(start: float, stops: list[float]) -> None:
    swipe = Swipe(place=200.0)
    assert swipe.press(Touch(200 + start, 40, reach=5)) and swipe.dragged
    for x in stops:
        swipe.move(Touch(x, 40))
        assert swipe.place == pytest.approx(min(max(x - start, 0.0), 512.0))
    swipe.release()
    held = swipe.place
    swipe.move(Touch(77, 40))
    assert swipe.place == held and not swipe.dragged


def test_it_is_left_to_the_tools_where_the_pointer_is_not_near_it() -> None:
    swipe = Swipe(place=200.0)
    for touch in (Touch(210, 40, reach=5), Touch(200, -3, reach=5), Touch(200, 600, reach=5)):
        assert not swipe.press(touch) and not swipe.dragged
