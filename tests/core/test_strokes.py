"""Very large strokes: what they cover, and that they take no more memory than the picture they are painted on."""

import tracemalloc

import numpy as np
import pytest

from paic3d_studio.core.artefacts import Matte, Portrait
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.core.painted_matte import painted_matte
from paic3d_studio.core.strokes import MAX_RADIUS, Stroke, painted_shares
from paic3d_studio.errors import Cancelled

BARE = np.zeros((64, 64), np.uint8)


def peak_of(stroke: Stroke) -> int:
    """The most bytes that painting a stroke on a small canvas takes."""
    tracemalloc.start()
    try:
        painted_shares(BARE, strokes=[stroke])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("hardness", [0.0, 0.5, 0.999])
def test_a_large_soft_brush_takes_no_more_than_the_canvas_and_the_way_to_it(hardness: float) -> None:
    inside = Stroke(points=((20.0, 20.0), (40.0, 30.0)), radius=1500, hardness=hardness)
    assert peak_of(inside) < 2_000_000
    assert painted_shares(BARE, strokes=[inside]).min() > 240


def test_the_largest_stroke_of_all_takes_a_bounded_amount_from_a_line_far_outside() -> None:
    far = Stroke(points=((-3000.0, -3000.0), (3000.0, -3000.0)), radius=MAX_RADIUS, pressures=(0.3, 1.0), hardness=0.99)
    assert peak_of(far) < 1_600_000_000


def test_what_a_soft_line_outside_covers_is_what_it_covers_of_a_larger_canvas() -> None:
    points = np.array([(-50.0, -20.0), (90.0, -35.0), (110.0, 70.0)])
    stroke = Stroke(points=tuple(map(tuple, points.tolist())), radius=55, hardness=0.2, pressures=(0.4, 1.0, 0.7))
    moved = Stroke(
        points=tuple(map(tuple, (points + 200).tolist())), radius=55, hardness=0.2, pressures=(0.4, 1.0, 0.7)
    )
    whole = painted_shares(np.zeros((464, 464), np.uint8), strokes=[moved])
    assert np.array_equal(painted_shares(BARE, strokes=[stroke]), whole[200:264, 200:264])
    assert whole[200:264, 200:264].any()


@pytest.mark.parametrize("radius", [400.0, 1500.0])
def test_a_very_large_soft_dot_fades_as_a_small_one_does(radius: float) -> None:
    canvas = np.zeros((701, 901), np.uint8)
    shares = painted_shares(canvas, strokes=[Stroke(points=((450.5, 350.5),), radius=radius, hardness=0.0)])
    rows, columns = np.indices(canvas.shape)
    fade = np.clip(1 - np.hypot(columns - 450, rows - 350) / radius, 0, 1)
    assert np.abs(shares - 255 * fade * fade * (3 - 2 * fade)).max() < 8  # distances are known to about 2 %


def test_painting_a_matte_can_be_stopped_between_two_strokes() -> None:
    portrait = Portrait(rgba=np.full((64, 64, 4), 255, np.uint8), has_alpha=False)
    told: list[float] = []
    monitor = Monitor(lambda fraction, _: told.append(fraction), cancelled=lambda: len(told) > 1)
    stroke = Stroke(points=((20.0, 20.0),), radius=4, hardness=0.5)
    with pytest.raises(Cancelled):
        painted_matte(Matte(alpha=BARE), portrait=portrait, strokes=[stroke] * 5, monitor=monitor)
    assert len(told) < 5
