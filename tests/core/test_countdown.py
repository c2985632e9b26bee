"""The time left follows from the pace; a countdown says which thing is being done, of how many, and what is left."""

import pytest

from paic3d_studio.core.countdown import Countdown, TimeLeft, rest, shown_seconds
from paic3d_studio.core.monitor import Monitor


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_follows_from_the_pace() -> None:
    clock = Clock()
    left = TimeLeft(clock)
    assert left.after(0.0) is None
    clock.now = 10.0
    assert left.after(0.25) == pytest.approx(30.0)
    clock.now = 25.0
    assert left.after(1.0) == 0


def test_what_an_earlier_run_had_done_does_not_count_as_pace() -> None:
    clock = Clock()
    left = TimeLeft(clock)
    for known in range(500):
        left.after(known / 1000)
    for step in range(1, 201):
        clock.now = 2.0 * step
        seconds = left.after((500 + step) / 1000)
    assert seconds == pytest.approx(2.0 * 300, rel=0.01)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (89, "89 s"), (600, "10 min"), (11_100, "3 h 05 min")])
def test_spans_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert shown_seconds(seconds) == text


def test_it_counts_and_foresees_the_rest_at_the_pace_so_far() -> None:
    said: list[tuple[float, str]] = []
    clock = Clock()
    monitor = Monitor(lambda fraction, words: said.append((fraction, words)))
    countdown = Countdown(monitor, count=4, doing="drawing view", clock=clock)
    for done in range(5):
        countdown.tell(done)
        clock.now += 20.0
    assert [fraction for fraction, _ in said] == [0, 0.25, 0.5, 0.75, 1]
    assert [words for _, words in said] == [
        "drawing view 1 of 4",
        "drawing view 2 of 4, about 60 s left",
        "drawing view 3 of 4, about 40 s left",
        "drawing view 4 of 4, about 20 s left",
        "drawing view 4 of 4",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "about 1 s left"), (7.4, "about 7 s left"), (43.0, "about 45 s left"), (170.0, "about 3 min left")],
)
def test_the_rest_is_told_no_finer_than_it_can_be_foreseen(seconds: float, words: str) -> None:
    assert rest(seconds) == words
