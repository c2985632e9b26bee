"""A pull graph with memo: an edit costs only what it changed, and going back costs nothing.

Every stage has two keys. Its *derivation* says how its value comes about: name, version and the keys of its inputs. It
finds the value in the memo. Its *key* is what stages below see: for small artefacts the digest of the content, so that
an edit that leaves the value as it was recomputes nothing below; for large ones the derivation itself.

Errors are not kept: what failed for a missing file is tried again at the next pull, when the file may be back.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from paic3d_studio.core.artefacts import content_key
from paic3d_studio.core.monitor import POLL, SILENT, Monitor
from paic3d_studio.errors import Cancelled

P = TypeVar("P")

StageState = Literal["queued", "running", "fresh", "cached", "failed", "cancelled"]

REMEMBERED_KEYS = 4096
"""How many content keys outlive their values; each is a few hundred bytes."""

PROGRESS_INTERVAL = 0.05
"""Shortest time between two progress reports of a stage, in seconds."""


@dataclass(frozen=True)
class Source(Generic[P]):
    """A value read from the project, the graph's leaves.

    Attributes:
        name: what stages list among their inputs.
        read: takes the value out of the project; cheap, called at every pull.
        key: digest of the value; `content_key` unless something shorter stands for it.
    """

    name: str
    read: Callable[[P], object]
    key: Callable[[Any], str] = content_key


@dataclass(frozen=True)
class Stage:
    """One arrow of the method: declared inputs in, one artefact out.

    Attributes:
        name: what other stages and `Graph.pull` call it.
        title: a few words for the artist.
        inputs: names of sources and stages, in the order `compute` takes them.
        compute: `compute(*inputs)`, or `compute(*inputs, monitor=...)` when `monitored`; pure.
        monitored: whether `compute` takes a monitor, which it asks between chunks; for whatever takes 50 ms.
        version: raised whenever `compute` would answer differently.
        keep: how many results are kept, newest first.
        key: "content" for small artefacts, "derivation" for large ones and those that live on a graphics card.
        seconds: typical time on two cores; shares out the progress bar, nothing else.
        uses_torch: whether `compute` runs networks; `Graph.prepare` is called before.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    compute: Callable[..., object]
    version: int = 1
    keep: int = 3
    key: Literal["content", "derivation"] = "content"
    seconds: float = 0.05
    monitored: bool = False
    uses_torch: bool = False


@dataclass(frozen=True)
class StageReport:
    """What happens to one stage during a pull.

    `seconds` is how long it ran: so far while running, then in all; for "cached" what it took when it was made.
    `progress` is 0..1. `message` says what it does, or the error in one sentence when it failed.
    """

    stage: str
    state: StageState
    seconds: float = 0.0
    progress: float = 0.0
    message: str = ""


Listener = Callable[[StageReport], None]


@dataclass(frozen=True)
class _Result:
    value: object
    key: str
    seconds: float


class Graph(Generic[P]):
    """Stages and sources by name, with the memo of what was computed.

    Any thread may pull, several at once: a lock guards the memo, and nothing is computed under it. What one pull
    computes another one waits for instead of computing it as well. Listeners are called on the pulling thread.

    Args:
        sources: the leaves.
        stages: the arrows; inputs must be named before they are used, so that the table reads in order.
        prepare: called on the computing thread before a stage runs, with a monitor to ask for cancel.

    Raises:
        ValueError: two entries share a name, or an input is not defined above its use.
    """

    def __init__(
        self,
        *,
        sources: Iterable[Source[P]],
        stages: Sequence[Stage],
        prepare: Callable[[Stage, Monitor], None] | None = None,
    ) -> None:
        self._sources: dict[str, Source[P]] = {}
        self._stages: dict[str, Stage] = {}
        for source in sources:
            self._must_be_new(source.name)
            self._sources[source.name] = source
        for stage in stages:
            self._must_be_new(stage.name)
            missing = [name for name in stage.inputs if name not in self._sources and name not in self._stages]
            if missing:
                raise ValueError(f"stage {stage.name} takes {', '.join(missing)}, which nothing above it makes")
            self._stages[stage.name] = stage
        self.prepare = prepare
        self._lock = threading.Lock()
        self._memo: dict[str, OrderedDict[str, _Result]] = {name: OrderedDict() for name in self._stages}
        self._keys: OrderedDict[str, str] = OrderedDict()
        self._computing: dict[str, threading.Lock] = {}
        self._listeners: list[Listener] = []

    @property
    def stages(self) -> Mapping[str, Stage]:
        """Stages by name, in the order of the table."""
        return self._stages

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every report, on the pulling thread; returns a function that ends it."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def pull(self, name: str, project: P, monitor: Monitor = SILENT) -> Any:
        """Return the value of a stage for `project`, computing what is not known yet.

        Args:
            name: a stage of the table.
            project: read by the sources; frozen, so that edits meanwhile do not matter.
            monitor: progress of the whole pull, and cancel between stages and inside them.

        Raises:
            Cancelled: what had finished by then is kept.
            UserError: from the stage that failed; stages below it are reported as cancelled.
        """
        return _Pull(self, project, monitor).run(name)

    def peek(self, name: str, project: P) -> Any | None:
        """Return the value of a stage if it is known already, else None; never computes."""
        result = _Pull(self, project, SILENT).known(name)
        return None if result is None else result.value

    def peek_all(self, names: Iterable[str], project: P) -> dict[str, Any]:
        """Return the values of those stages that are known already, by name; each key is looked at but once."""
        pull = _Pull(self, project, SILENT)
        found = {name: pull.known(name) for name in names}
        return {name: result.value for name, result in found.items() if result is not None}

    def closure(self, name: str) -> tuple[str, ...]:
        """Return the stages that `name` needs, itself last, in the order of the table."""
        needed, waiting = set(), [name]
        while waiting:
            current = waiting.pop()
            if current in self._stages and current not in needed:
                needed.add(current)
                waiting.extend(self._stages[current].inputs)
        return tuple(stage for stage in self._stages if stage in needed)

    def forget(self, *, but: P | None = None) -> None:
        """Drop every kept result, save those of the project `but`: for instance when another character is opened."""
        kept = {} if but is None else _Pull(self, but, SILENT).known_derivations()
        with self._lock:
            for name, results in self._memo.items():
                for derivation in [key for key in results if key != kept.get(name)]:
                    del results[derivation]

    def _must_be_new(self, name: str) -> None:
        if name in self._sources or name in self._stages:
            raise ValueError(f"{name} is defined twice")

    def _recall(self, name: str, derivation: str) -> _Result | None:
        with self._lock:
            result = self._memo[name].get(derivation)
            if result is not None:
                self._memo[name].move_to_end(derivation)
            return result

    def _recall_key(self, derivation: str) -> str | None:
        with self._lock:
            return self._keys.get(derivation)

    def _store(self, stage: Stage, derivation: str, result: _Result) -> None:
        with self._lock:
            results = self._memo[stage.name]
            results[derivation] = result
            results.move_to_end(derivation)
            while len(results) > stage.keep:
                results.popitem(last=False)
            self._keys[derivation] = result.key
            self._keys.move_to_end(derivation)
            while len(self._keys) > REMEMBERED_KEYS:
                self._keys.popitem(last=False)

    @contextmanager
    def _alone(self, derivation: str, monitor: Monitor) -> Iterator[None]:
        """Let one pull at a time compute a value; whoever waits for it finds it in the memo, or has to compute it."""
        with self._lock:
            lock = self._computing.setdefault(derivation, threading.Lock())
        while not lock.acquire(timeout=POLL):
            monitor.check()
        try:
            yield
        finally:
            with self._lock:
                self._computing.pop(derivation, None)
            lock.release()

    def _tell(self, report: StageReport) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(report)


class _Pull(Generic[P]):
    """One pull of one project through the graph."""

    def __init__(self, graph: Graph[P], project: P, monitor: Monitor) -> None:
        self._graph = graph
        self._project = project
        self._monitor = monitor
        self._source_keys: dict[str, str] = {}
        self._derivations: dict[str, str] = {}
        self._open: dict[str, Stage] = {}  # announced as queued or running, and not settled yet
        self._shares: dict[str, tuple[float, float]] = {}
        self._fraction = 0.0

    def run(self, name: str) -> object:
        """Compute what is missing, in order, and settle every stage that was announced."""
        self._announce(name)
        message = ""
        try:
            result = self._result(name)
            self._settle_rest(self._open, "cached")
        except Cancelled:
            message = "cancelled"
            raise
        except BaseException:
            message = "waits for a stage that failed"
            raise
        finally:
            self._settle_rest(self._open, "cancelled", message)
        self._monitor.report(1.0)
        return result.value

    def known_derivations(self) -> dict[str, str]:
        """Return how each stage's value comes about in this project, as far as that is known without computing."""
        found = {name: self._derivation(name, computing=False) for name in self._graph.stages}
        return {name: derivation for name, derivation in found.items() if derivation is not None}

    def known(self, name: str) -> _Result | None:
        """Return the result of a stage if every key on the way is known and its value is kept."""
        derivation = self._derivation(name, computing=False)
        return None if derivation is None else self._graph._recall(name, derivation)

    def _announce(self, name: str) -> None:
        """Report what is up to date and what will have to run, and share out the progress among the latter."""
        for stage_name in self._graph.closure(name):
            stage = self._graph.stages[stage_name]
            result = self.known(stage_name)
            if result is not None:
                self._graph._tell(StageReport(stage_name, "cached", result.seconds, 1.0))
            elif stage_name == name or self._key(stage_name, computing=False) is None:
                self._open[stage_name] = stage
                self._graph._tell(StageReport(stage_name, "queued"))
        total = sum(stage.seconds for stage in self._open.values()) or 1.0
        begun = 0.0
        for stage in self._open.values():
            self._shares[stage.name] = (begun / total, (begun + stage.seconds) / total)
            begun += stage.seconds

    def _settle_rest(self, stages: Mapping[str, Stage], state: StageState, message: str = "") -> None:
        for name in tuple(stages):
            self._settle(StageReport(name, state, message=message))

    def _settle(self, report: StageReport) -> None:
        self._open.pop(report.stage, None)
        self._graph._tell(report)

    def _key(self, name: str, *, computing: bool) -> str | None:
        """Return what stages below see of `name`; None when only computing could tell and that is not wanted."""
        source = self._graph._sources.get(name)
        if source is not None:
            if name not in self._source_keys:
                self._source_keys[name] = source.key(source.read(self._project))
            return self._source_keys[name]
        derivation = self._derivation(name, computing=computing)
        if derivation is None or self._graph.stages[name].key == "derivation":
            return derivation
        return self._graph._recall_key(derivation) or (self._result(name).key if computing else None)

    def _derivation(self, name: str, *, computing: bool) -> str | None:
        if name in self._derivations:
            return self._derivations[name]
        stage = self._graph.stages[name]
        keys = []
        for input_name in stage.inputs:
            key = self._key(input_name, computing=computing)
            if key is None:
                return None
            keys.append(key)
        self._derivations[name] = content_key((stage.name, stage.version, keys))
        return self._derivations[name]

    def _result(self, name: str) -> _Result:
        """Return a stage's result from the memo, or compute it. Inputs are fetched only when it must be computed."""
        stage = self._graph.stages[name]
        derivation = self._derivation(name, computing=True)
        assert derivation is not None
        result = self._graph._recall(name, derivation)
        if result is not None:
            if name in self._open:
                self._settle(StageReport(name, "cached", result.seconds, 1.0))
            return result
        inputs = [self._value(input_name) for input_name in stage.inputs]
        with self._graph._alone(derivation, self._monitor):
            result = self._graph._recall(name, derivation)
            if result is None:
                return self._compute(stage, inputs, derivation)
        self._settle(StageReport(name, "cached", result.seconds, 1.0))
        return result

    def _value(self, name: str) -> object:
        source = self._graph._sources.get(name)
        return self._result(name).value if source is None else source.read(self._project)

    def _compute(self, stage: Stage, inputs: Sequence[object], derivation: str) -> _Result:
        self._open[stage.name] = stage
        begun = time.perf_counter()
        try:
            self._monitor.check()
            self._graph._tell(StageReport(stage.name, "running"))
            monitor = self._stage_monitor(stage, begun)
            if self._graph.prepare is not None:
                self._graph.prepare(stage, monitor)
            value = stage.compute(*inputs, monitor=monitor) if stage.monitored else stage.compute(*inputs)
        except Cancelled:
            self._settle(StageReport(stage.name, "cancelled", time.perf_counter() - begun, message="cancelled"))
            raise
        except BaseException as error:
            self._settle(StageReport(stage.name, "failed", time.perf_counter() - begun, message=str(error)))
            raise
        seconds = time.perf_counter() - begun
        key = derivation if stage.key == "derivation" else content_key(value)
        result = _Result(value, key, seconds)
        self._graph._store(stage, derivation, result)
        self._settle(StageReport(stage.name, "fresh", seconds, 1.0))
        return result

    def _stage_monitor(self, stage: Stage, begun: float) -> Monitor:
        """Return a monitor for one stage: its own 0..1 to the listeners, its share to the whole pull's monitor."""
        start, end = self._shares.get(stage.name, (self._fraction, self._fraction))
        told = 0.0

        def on_progress(fraction: float, text: str) -> None:
            nonlocal told
            self._advance(start + (end - start) * fraction, text or stage.title)
            now = time.perf_counter()
            if now - told >= PROGRESS_INTERVAL:
                told = now
                self._graph._tell(StageReport(stage.name, "running", now - begun, fraction, text))

        self._advance(start, stage.title)
        return Monitor(on_progress, cancelled=lambda: _asks_to_stop(self._monitor))

    def _advance(self, fraction: float, text: str) -> None:
        self._fraction = max(self._fraction, fraction)  # stages may run out of the table's order
        self._monitor.report(self._fraction, text)


def _asks_to_stop(monitor: Monitor) -> bool:
    try:
        monitor.check()
    except Cancelled:
        return True
    return False
