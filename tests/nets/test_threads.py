"""Work that is shared among cores."""

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled
from paic3d_studio.nets.threads import limit_threads, side_by_side


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    limit_threads(request.param)
    yield request.param
    limit_threads(before)


def test_results_come_in_order_and_reports_too(threads: int) -> None:
    fractions: list[float] = []
    monitor = Monitor(lambda fraction, _: fractions.append(fraction))
    assert list(side_by_side(lambda part: part * part, range(20), monitor=monitor)) == [n * n for n in range(20)]
    assert fractions == sorted(fractions)
    assert len(fractions) == 20


def test_each_part_has_one_core_and_the_caller_keeps_its_own(threads: int) -> None:
    counts = list(side_by_side(lambda _: torch.get_num_threads(), range(6)))
    assert counts == [1] * 6
    assert torch.get_num_threads() == threads


def test_inference_mode_reaches_the_parts(threads: int) -> None:
    with torch.inference_mode():
        assert all(side_by_side(lambda _: torch.is_inference_mode_enabled(), range(4)))
    assert not any(side_by_side(lambda _: torch.is_inference_mode_enabled(), range(4)))


def test_a_cancel_ends_what_has_not_begun(threads: int) -> None:
    begun: list[int] = []
    stop = threading.Event()

    def part(number: int) -> None:
        begun.append(number)
        time.sleep(0.001)
        if number == 2:
            stop.set()

    with pytest.raises(Cancelled):
        list(side_by_side(part, range(2000), monitor=Monitor(cancelled=stop.is_set)))
    assert len(begun) < 2000


def test_an_error_of_a_part_reaches_the_caller(threads: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda part: 1 // part, [1, 2, 0, 3]))


def test_nothing_to_do_gives_nothing(threads: int) -> None:
    assert list(side_by_side(lambda part: part, [])) == []
