"""Work in a supervised child process."""

import importlib
import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.pipeline.child import ChildFailed, run_in_child


@pytest.fixture
def work(monkeypatch):
    """The module of functions to run; the child finds it because it inherits the module search path."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("work_for_child")


def test_a_child_answers_with_the_value_and_its_progress(work):
    heard: list[tuple[float, str]] = []
    monitor = Monitor(lambda fraction, text: heard.append((fraction, text)))
    large = np.arange(3_000_000, dtype=np.float32)
    answer = run_in_child(work.doubled, large, offset=1, monitor=monitor)
    np.testing.assert_array_equal(answer, 2 * large + 1)
    assert not answer.flags.writeable
    assert heard == [(step / 5, f"step {step}") for step in range(5)]


def test_a_child_loads_neither_torch_nor_qt_nor_opengl(work):
    modules = {name.partition(".")[0] for name in run_in_child(work.loaded_modules)}
    assert not modules & {"torch", "PySide6", "moderngl"}


def test_cancel_ends_the_child(work, tmp_path):
    note = tmp_path / "pid"
    cancelled_at = 0.0

    def cancelled() -> bool:
        nonlocal cancelled_at
        if note.exists() and not cancelled_at:
            cancelled_at = time.perf_counter()
        return bool(cancelled_at)

    with pytest.raises(Cancelled):
        run_in_child(work.sleep_for_ever, str(note), monitor=Monitor(cancelled=cancelled))
    assert time.perf_counter() - cancelled_at < 10  # the child would sleep for ten minutes
    assert not multiprocessing.active_children()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for the process in /proc")
def test_cancel_ends_the_children_of_a_child_too(work, tmp_path):
    note = tmp_path / "pid"
    with pytest.raises(Cancelled):
        run_in_child(
            work.has_a_child, str(note), has_children=True, monitor=Monitor(cancelled=lambda: bool(text_of(note)))
        )
    assert not is_alive(int(note.read_text()))


def text_of(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def test_a_child_that_ctrl_c_ended_along_with_its_parent_counts_as_cancelled(work, tmp_path):
    note = tmp_path / "interrupted"
    with pytest.raises(Cancelled):
        run_in_child(work.interrupted, str(note), monitor=Monitor(cancelled=note.exists))


def test_what_the_artist_can_mend_arrives_as_it_was_raised(work):
    with pytest.raises(UserError) as caught:
        run_in_child(work.refuse)
    assert (caught.value.message, caught.value.cure) == ("The field is empty.", "Check the matte.")


def test_a_bug_arrives_with_its_traceback(work):
    with pytest.raises(ChildFailed, match=r"(?s)stumble.*KeyError: 'missing'"):
        run_in_child(work.stumble)


def test_a_child_that_was_ended_from_outside_is_named(work):
    with pytest.raises(UserError, match="vanish ended unexpectedly"):
        run_in_child(work.vanish)
