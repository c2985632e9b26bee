"""Jobs are spread over processes: every result comes, a death is told of, and stopping reaches the middle of a job."""

from pathlib import Path

import pytest

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.datasets.processes import done_apart
from paic3d_studio.errors import Cancelled, UserError
from tests.datasets.spread_work import end_at_seven, prepare, square, until_stopped

DIED = UserError("A process ended.", "Start again.")


def test_every_job_is_done_once_in_whatever_order() -> None:
    found = done_apart(square, range(9), processes=2, prepare=prepare, died=DIED, monitor=Monitor())
    assert sorted(found) == [number * number for number in range(9)]


def test_a_process_that_dies_is_told_of_in_the_given_words() -> None:
    with pytest.raises(UserError) as caught:
        list(done_apart(end_at_seven, range(9), processes=1, prepare=prepare, died=DIED, monitor=Monitor()))
    assert caught.value is DIED


def test_cancel_reaches_the_middle_of_a_job(tmp_path: Path) -> None:
    told = tmp_path / "told"
    monitor = Monitor(cancelled=told.exists)
    with pytest.raises(Cancelled):
        list(done_apart(until_stopped, [told], processes=1, prepare=prepare, died=DIED, monitor=monitor))
    assert told.read_text() == "stopped"
