"""The pull graph: what runs, what does not, what is kept, and what is reported."""

import threading
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.pipeline.graph import Graph, Source, Stage, StageReport


@dataclass(frozen=True)
class Numbers:
    a: int = 3
    b: int = 4


class Bench:
    """A little method: doubled(a) -> hundreds(doubled) -> total(hundreds, b) -> text(total), with counted runs."""

    def __init__(self, *, keep: int = 3, key: str = "content") -> None:
        self.runs: Counter[str] = Counter()
        self.reports: list[StageReport] = []
        self.fail: Exception | None = None
        self.graph: Graph[Numbers] = Graph(
            sources=[Source("a", lambda n: n.a), Source("b", lambda n: n.b)],
            stages=[
                self._stage("doubled", ("a",), lambda a: 2 * a, keep=keep),
                self._stage("hundreds", ("doubled",), lambda d: d // 100, keep=keep),
                self._stage("total", ("hundreds", "b"), lambda p, b: p + b, keep=keep, key=key),
                self._stage("text", ("total",), str, keep=keep),
            ],
        )
        self.graph.listen(self.reports.append)

    def _stage(self, name, inputs, function, **options):
        def compute(*values, monitor):
            self.runs[name] += 1
            monitor.report(0.5, f"half of {name}")
            if name == "total" and self.fail is not None:
                raise self.fail
            return function(*values)

        return Stage(name, name.title(), inputs, compute, monitored=True, **options)

    def states(self, stage: str) -> list[str]:
        return [report.state for report in self.reports if report.stage == stage]


def test_a_pull_returns_the_value_of_the_last_stage():
    assert Bench().graph.pull("text", Numbers(a=60, b=4)) == "5"


def test_the_same_project_is_computed_once():
    bench = Bench()
    for _ in range(3):
        bench.graph.pull("text", Numbers())
    assert set(bench.runs.values()) == {1}


def test_looking_at_several_stages_finds_what_is_known_and_computes_nothing():
    bench = Bench()
    bench.graph.pull("hundreds", Numbers(a=60))
    assert bench.graph.peek_all(("doubled", "hundreds", "text"), Numbers(a=60)) == {"doubled": 120, "hundreds": 1}
    assert bench.graph.peek_all(("doubled", "hundreds"), Numbers(a=61)) == {}
    assert bench.runs == {"doubled": 1, "hundreds": 1}


def test_an_edit_runs_only_what_depends_on_it():
    bench = Bench()
    bench.graph.pull("text", Numbers())
    bench.graph.pull("text", Numbers(b=5))
    assert bench.runs == {"doubled": 1, "hundreds": 1, "total": 2, "text": 2}


def test_an_edit_that_leaves_a_small_artefact_as_it_was_runs_nothing_below():
    bench = Bench()
    bench.graph.pull("text", Numbers(a=3))
    bench.graph.pull("text", Numbers(a=4))
    assert bench.runs == {"doubled": 2, "hundreds": 2, "total": 1, "text": 1}


def test_undo_runs_nothing():
    bench = Bench()
    before, after = Numbers(), Numbers(a=70, b=9)
    bench.graph.pull("text", before)
    bench.graph.pull("text", after)
    runs = Counter(bench.runs)
    bench.graph.pull("text", before)
    bench.graph.pull("text", after)
    assert bench.runs == runs


def test_undo_runs_nothing_even_when_intermediate_results_are_gone():
    bench = Bench(keep=1)
    bench.graph._stages["text"] = replace(bench.graph.stages["text"], keep=4)
    bench.graph.pull("text", Numbers())
    bench.graph.pull("text", Numbers(a=70, b=9))
    runs = Counter(bench.runs)
    assert bench.graph.pull("text", Numbers()) == "4"
    assert bench.runs == runs


def test_only_the_newest_results_are_kept():
    bench = Bench(keep=2)
    for b in range(5):
        bench.graph.pull("total", Numbers(b=b))
    assert [bench.graph.peek("total", Numbers(b=b)) for b in range(5)] == [None, None, None, 3, 4]


def test_a_new_version_of_a_stage_is_computed_anew():
    bench = Bench()
    bench.graph.pull("text", Numbers())
    bench.graph._stages["total"] = replace(bench.graph.stages["total"], version=2)
    bench.graph.pull("text", Numbers())
    assert bench.runs["total"] == 2
    assert bench.runs["text"] == 1  # its input came out equal


def test_large_artefacts_are_known_by_their_derivation():
    bench = Bench(key="derivation")
    bench.graph.pull("text", Numbers(a=60, b=4))
    bench.graph.pull("text", Numbers(a=3, b=5))  # the same total, another way
    assert bench.runs["text"] == 2


@given(
    edits=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3)), max_size=12),
    keep=st.integers(1, 3),
    key=st.sampled_from(["content", "derivation"]),
)
def test_whatever_was_edited_and_forgotten_a_pull_equals_plain_computation(edits, keep, key):
    bench = Bench(keep=keep, key=key)
    for a, b in edits:
        assert bench.graph.pull("text", Numbers(a, b)) == str(2 * a // 100 + b)
        assert bench.graph.peek("text", Numbers(a, b)) is not None


def test_forgetting_all_but_one_project_keeps_what_belongs_to_it():
    bench = Bench()
    bench.graph.pull("text", Numbers(a=70, b=9))
    bench.graph.pull("text", Numbers())
    bench.graph.forget(but=Numbers())
    runs = Counter(bench.runs)
    bench.graph.pull("text", Numbers())
    assert bench.runs == runs
    assert bench.graph.peek("text", Numbers(a=70, b=9)) is None
    bench.graph.forget()
    assert bench.graph.peek("text", Numbers()) is None


def test_peek_never_computes():
    bench = Bench()
    assert bench.graph.peek("text", Numbers()) is None
    assert not bench.runs
    bench.graph.pull("text", Numbers())
    assert bench.graph.peek("text", Numbers()) == "4"


def test_a_cancelled_pull_keeps_what_it_finished():
    bench = Bench()
    monitor = Monitor(cancelled=lambda: bench.runs["total"] > 0)
    with pytest.raises(Cancelled):
        bench.graph.pull("text", Numbers(), monitor)
    assert bench.states("total")[-1] == "cancelled"
    assert bench.states("text")[-1] == "cancelled"
    bench.graph.pull("text", Numbers())
    assert bench.runs == {"doubled": 1, "hundreds": 1, "total": 2, "text": 1}


def test_an_error_is_reported_and_tried_again_at_the_next_pull():
    bench = Bench()
    bench.fail = UserError("The weights are missing.", "Install the program again.")
    with pytest.raises(UserError):
        bench.graph.pull("text", Numbers())
    failed = [report for report in bench.reports if report.state == "failed"]
    assert [(report.stage, report.message) for report in failed] == [
        ("total", "The weights are missing. Install the program again.")
    ]
    assert bench.states("text")[-1] == "cancelled"
    bench.fail = None
    assert bench.graph.pull("text", Numbers()) == "4"


def test_every_announced_stage_is_settled():
    bench = Bench()
    bench.graph.pull("text", Numbers())
    bench.reports.clear()
    bench.graph.pull("text", Numbers(a=4))
    assert bench.states("doubled") == ["queued", "running", "running", "fresh"]
    assert bench.states("text")[0] == "queued"
    assert bench.states("text")[-1] == "cached"


def test_reports_carry_the_seconds_and_the_words_of_the_stage():
    bench = Bench()
    bench.graph.pull("doubled", Numbers())
    assert bench.reports[-1].state == "fresh"
    assert bench.reports[-1].seconds > 0
    assert "half of doubled" in {report.message for report in bench.reports}


def test_a_result_can_be_peeked_at_as_soon_as_it_is_reported_fresh():
    bench = Bench()
    seen: dict[str, object] = {}

    def look(report: StageReport) -> None:
        if report.state == "fresh":
            seen[report.stage] = bench.graph.peek(report.stage, Numbers(a=60, b=4))

    bench.graph.listen(look)
    bench.graph.pull("text", Numbers(a=60, b=4))
    assert seen == {"doubled": 120, "hundreds": 1, "total": 5, "text": "5"}


def test_progress_of_a_pull_never_goes_backwards_and_ends_at_one():
    bench = Bench()
    fractions: list[float] = []
    bench.graph.pull("text", Numbers(), Monitor(lambda fraction, _: fractions.append(fraction)))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_listener_that_was_stopped_hears_nothing_more():
    bench = Bench()
    heard: list[StageReport] = []
    stop = bench.graph.listen(heard.append)
    stop()
    bench.graph.pull("text", Numbers())
    assert not heard


def test_the_table_must_read_in_order():
    with pytest.raises(ValueError, match="nothing above it makes"):
        Graph(sources=[], stages=[Stage("late", "Late", ("later",), str)])
    with pytest.raises(ValueError, match="twice"):
        Graph(sources=[Source("a", lambda n: n), Source("a", lambda n: n)], stages=[])


def test_several_threads_may_pull_at_once():
    bench = Bench(keep=2)
    answers: list[bool] = []

    def pull_many(start: int) -> None:
        for b in range(start, start + 40):
            answers.append(bench.graph.pull("text", Numbers(a=b, b=b)) == str(2 * b // 100 + b))

    threads = [threading.Thread(target=pull_many, args=(start,)) for start in (0, 20, 40, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 160
    assert all(answers)


def test_no_lock_is_held_while_a_stage_computes():
    inside, go_on = threading.Event(), threading.Event()

    def wait(a):
        inside.set()
        assert go_on.wait(5)
        return a

    graph: Graph[Numbers] = Graph(
        sources=[Source("a", lambda n: n.a), Source("b", lambda n: n.b)],
        stages=[Stage("slow", "Slow", ("a",), wait), Stage("quick", "Quick", ("b",), int)],
    )
    thread = threading.Thread(target=graph.pull, args=("slow", Numbers()))
    thread.start()
    assert inside.wait(5)
    assert graph.pull("quick", Numbers()) == 4
    assert graph.peek("slow", Numbers()) is None
    go_on.set()
    thread.join()


def test_what_one_pull_computes_another_waits_for_and_a_cancelled_one_waits_no_longer():
    inside, go_on, stop = threading.Event(), threading.Event(), threading.Event()
    runs = []

    def wait(a):
        runs.append(a)
        inside.set()
        assert go_on.wait(5)
        return a

    graph: Graph[Numbers] = Graph(sources=[Source("a", lambda n: n.a)], stages=[Stage("slow", "Slow", ("a",), wait)])
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(graph.pull("slow", Numbers()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert inside.wait(5)
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Cancelled):
        graph.pull("slow", Numbers(), Monitor(cancelled=stop.is_set))
    go_on.set()
    for thread in threads:
        thread.join()
    assert answers == [3, 3, 3] and runs == [3]
    assert graph._computing == {}
