import pytest

from paic3d_studio.viewport.canvas import QUALITIES
from paic3d_studio.viewport.progressive import BUDGET, REST, FramePlan, Progressive

SIZE = (600, 600)


def drawn(machine: Progressive, now: float, *, per_pixel: float) -> FramePlan:
    """Draw one frame on a machine that takes `per_pixel` seconds for each pixel."""
    plan = machine.plan(now, SIZE)
    divisor = QUALITIES[plan.quality].divisor
    pixels = SIZE[0] // divisor * (plan.rows[1] - plan.rows[0])
    machine.drew(plan, seconds=pixels * per_pixel, size=SIZE)
    return plan


def settled(machine: Progressive, now: float, *, per_pixel: float) -> list[FramePlan]:
    """Draw strips until the picture is sharp."""
    plans = []
    while machine.phase(now) == "settling":
        plans.append(drawn(machine, now, per_pixel=per_pixel))
    return plans


SLOW = BUDGET / 250_000  # half resolution fits the budget, full does not
FAST = BUDGET / 10_000_000
CRAWLING = BUDGET / 22_000  # only a quarter fits


def test_the_first_frame_is_drawn_at_once() -> None:
    machine = Progressive()
    assert machine.delay(0.0) == 0.0
    assert machine.plan(0.0, SIZE).phase == "moving"


def test_a_moving_view_is_drawn_whole() -> None:
    machine = Progressive()
    machine.touched(1.0)
    plan = machine.plan(1.0, SIZE)
    assert plan.phase == "moving"
    assert plan.rows == (0, 300)


def test_nothing_is_drawn_between_the_last_movement_and_the_rest() -> None:
    machine = Progressive()
    machine.touched(1.0)
    drawn(machine, 1.0, per_pixel=SLOW)
    assert machine.plan(1.0 + REST / 2, SIZE).phase == "still"
    assert machine.delay(1.0 + REST / 2) == pytest.approx(REST / 2)


def test_a_rest_makes_the_picture_sharp_and_then_nothing_is_due() -> None:
    machine = Progressive()
    machine.touched(1.0)
    drawn(machine, 1.0, per_pixel=SLOW)
    plans = settled(machine, 2.0, per_pixel=SLOW)
    assert {plan.quality for plan in plans} == {"full"}
    assert machine.phase(9.0) == "still"
    assert machine.delay(9.0) is None


def test_the_strips_of_the_sharp_picture_cover_each_row_once() -> None:
    machine = Progressive()
    machine.touched(1.0)
    drawn(machine, 1.0, per_pixel=SLOW)
    plans = settled(machine, 2.0, per_pixel=SLOW)
    rows = [row for plan in plans for row in range(*plan.rows)]
    assert rows == list(range(SIZE[1]))
    assert [plan.completes for plan in plans] == [False] * (len(plans) - 1) + [True]


def test_no_strip_takes_much_longer_than_its_budget() -> None:
    machine = Progressive()
    machine.touched(1.0)
    drawn(machine, 1.0, per_pixel=SLOW)
    for plan in settled(machine, 2.0, per_pixel=SLOW):
        assert (plan.rows[1] - plan.rows[0]) * SIZE[0] * SLOW <= 0.031


def test_strips_of_bare_background_say_nothing_of_those_that_show_the_head() -> None:
    machine = Progressive()
    machine.touched(1.0)
    drawn(machine, 1.0, per_pixel=SLOW)
    machine.refreshed()
    while machine.phase(2.0) == "settling":
        plan = machine.plan(2.0, SIZE)
        rows = range(*plan.rows)
        seconds = sum(SIZE[0] * (SLOW / 50 if row < 200 or row >= 500 else 2 * SLOW) for row in rows)
        assert seconds <= 0.031
        machine.drew(plan, seconds=seconds, size=SIZE)
    machine.touched(3.0)
    assert machine.plan(3.0, SIZE).quality == "half"  # the last strips alone would have let it be drawn whole


def test_a_movement_during_settling_starts_over() -> None:
    machine = Progressive()
    machine.touched(1.0)
    drawn(machine, 1.0, per_pixel=SLOW)
    first = drawn(machine, 2.0, per_pixel=SLOW)
    assert not first.completes
    machine.touched(2.0)
    assert machine.plan(2.0, SIZE).phase == "moving"
    drawn(machine, 2.0, per_pixel=SLOW)
    assert machine.plan(2.0 + REST, SIZE).rows[0] == 0


def test_a_fast_machine_moves_in_full_resolution_and_needs_no_settling() -> None:
    machine = Progressive()
    for i in range(4):
        machine.touched(i * 0.01)
        drawn(machine, i * 0.01, per_pixel=FAST)
    assert machine.quality == "full"
    assert machine.phase(0.04) == "still"


def test_a_crawling_machine_falls_to_a_quarter() -> None:
    machine = Progressive()
    for i in range(4):
        machine.touched(float(i))
        drawn(machine, float(i), per_pixel=CRAWLING)
    assert machine.quality == "quarter"


def test_the_resolution_comes_back_when_the_load_goes() -> None:
    machine = Progressive()
    loads = [CRAWLING] * 4 + [SLOW] * 8
    for i, load in enumerate(loads):
        machine.touched(float(i))
        drawn(machine, float(i), per_pixel=load)
    assert machine.quality == "half"


def test_the_resolution_does_not_flutter_near_the_budget() -> None:
    machine = Progressive()
    seen = set()
    for i in range(20):
        machine.touched(float(i))
        drawn(machine, float(i), per_pixel=BUDGET / 90_000 * (1.08 if i % 2 else 0.92))
        if i > 5:
            seen.add(machine.quality)
    assert len(seen) == 1


def test_new_content_under_a_resting_view_is_sharpened_without_a_coarse_frame() -> None:
    machine = Progressive()
    machine.touched(1.0)
    drawn(machine, 1.0, per_pixel=SLOW)
    settled(machine, 2.0, per_pixel=SLOW)
    machine.refreshed()
    assert machine.delay(3.0) == 0.0
    assert machine.phase(3.0) == "settling"
