"""A countdown says which thing is being done, of how many, and how long the rest takes."""

import pytest

from paic3d_studio.core.countdown import Countdown, rest
from paic3d_studio.core.monitor import Monitor


def test_it_counts_and_foresees_the_rest_at_the_pace_so_far() -> None:
    said: list[tuple[float, str]] = []
    now = [100.0]
    monitor = Monitor(lambda fraction, words: said.append((fraction, words)))
    countdown = Countdown(monitor, count=4, doing="drawing view", clock=lambda: now[0])
    for done in range(5):
        countdown.tell(done)
        now[0] += 20.0
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
