"""A whole benchmark: every pair by every method, resumable pair by pair, in one process or several.

With a folder to write into, each finished result lies there as `results/PAIR/METHOD.json` with its pictures, under a
key of everything it depends on; a later run with the same key does not measure it again.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

import torch

from paic3d_studio.benchmark.evaluate import SHOWN, Measured, Options, Truth, measured, strip_of, truth_of
from paic3d_studio.benchmark.illustrations import network_digests
from paic3d_studio.benchmark.line_removal import line_metrics
from paic3d_studio.benchmark.methods import Entrant
from paic3d_studio.benchmark.metrics import PictureComparer
from paic3d_studio.benchmark.pairs import Pair
from paic3d_studio.benchmark.views import on_white
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.processes import done_apart
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files

VERSION: Final = 2
"""Of the figures: results of another version are measured again."""

RESULTS: Final = "results"
TRUTH: Final = "_truth"
"""The file of what holds for all methods: pictures of the truth and the figures of line removal."""

_LIMIT: Final = 1 << 24


@dataclasses.dataclass(frozen=True, eq=False)
class PairResult:
    """What is known of one pair.

    `figures` by method and name; `lines` by way of line removal and name, empty where nothing was drawn; `strips` JPEGs
    by method, and `truth` and `seen`: the true views, and what reconstructors saw. `problem` is a sentence where the
    pair could not be measured.
    """

    name: str
    figures: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    lines: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    strips: dict[str, bytes] = dataclasses.field(default_factory=dict)
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class Job:
    """One pair to measure by some methods, keeping results in a folder where there is one."""

    pair: Pair
    entrants: tuple[Entrant, ...]
    options: Options
    folder: Path | None = None


def run_jobs(jobs: Sequence[Job], *, processes: int = 1, monitor: Monitor = SILENT) -> list[PairResult]:
    """Do every job, and return the results in their order.

    Args:
        jobs: one per pair.
        processes: how many work at once, one thread each; 1 works in this process.
        monitor: progress and cancel.

    Raises:
        UserError: a folder cannot be written, weights are missing, or a process died.
        Cancelled: the work was stopped; what had finished is kept where the jobs name a folder.
    """
    found: dict[str, PairResult] = {}
    results = _done_here(jobs, monitor) if processes == 1 else _done_apart(jobs, processes, monitor)
    for result in results:
        found[result.name] = result
        monitor.report(len(found) / len(jobs), f"{len(found)} of {len(jobs)}, {result.name}")
    return [found[job.pair.name] for job in jobs]


def _done_here(jobs: Sequence[Job], monitor: Monitor) -> Iterator[PairResult]:
    with CharacterRenderer() as renderer:
        for number, job in enumerate(jobs):
            part = monitor.child(number / len(jobs), (number + 1) / len(jobs), job.pair.name)
            yield run_job(job, renderer, monitor=part)


def _done_apart(jobs: Sequence[Job], processes: int, monitor: Monitor) -> Iterator[PairResult]:
    """Return results as spawned processes bring them; they stop in the middle of a pair when asked to."""
    died = UserError(
        "A measuring process ended unexpectedly.", "Free memory or lower --jobs, and start again: it resumes."
    )
    return done_apart(
        _run_in_child, jobs, processes=processes, prepare=_start_child, died=died, monitor=monitor, ahead=0
    )


_renderer: CharacterRenderer | None = None
_stop: Event | None = None


def _start_child(stop: Event) -> None:
    """Make a child's renderer; torch takes one core, and the work stops when asked to."""
    global _renderer, _stop
    torch.set_num_threads(1)
    _renderer, _stop = CharacterRenderer(), stop


def _run_in_child(job: Job) -> PairResult:
    assert _renderer is not None
    assert _stop is not None
    return run_job(job, _renderer, monitor=Monitor(cancelled=_stop.is_set))


def run_job(job: Job, renderer: CharacterRenderer, *, monitor: Monitor = SILENT) -> PairResult:
    """Measure one pair by the methods that no earlier run measured; what is wrong with the pair becomes its problem.

    Raises:
        UserError: the folder cannot be written, or a method's weights are missing.
        Cancelled: as `monitor`.
    """
    result = PairResult(job.pair.name)
    try:
        keys = job_keys(job)
        wanted = [name for name, key in keys.items() if not _recall(job, name, key, result)]
        truth = truth_of(job.pair, options=job.options, renderer=renderer) if wanted else None
    except UserError as error:
        return dataclasses.replace(result, problem=str(error))
    if truth is None:
        return result
    comparer = None if job.options.views_only else _comparer(job.options.lpips, job.options.clip)
    if TRUTH in wanted:
        lines = {}
        if comparer is not None and truth.illustration.has_lines:
            lines = line_metrics(truth.illustration, comparer, region=truth.region)
        _keep(job, TRUTH, keys[TRUTH], result, figures=lines, strips=truth_strips(truth))
    missing = [entrant for entrant in job.entrants if entrant.name in wanted]
    for number, entrant in enumerate(missing):
        part = monitor.child(number / len(missing), (number + 1) / len(missing), f"{job.pair.name}: {entrant.name}")
        part.report(0.0)
        one: Measured = measured(entrant, truth, options=job.options, comparer=comparer, monitor=part)
        _keep(job, entrant.name, keys[entrant.name], result, figures=one.metrics, strips={entrant.name: one.strip})
    return result


@lru_cache(maxsize=1)
def _comparer(lpips: Path | None, clip: Path | None) -> PictureComparer:
    return PictureComparer(lpips=lpips, clip=clip)


def truth_strips(truth: Truth) -> dict[str, bytes]:
    """Return the true views as they are shown, and what reconstructors saw beside its original."""
    pictures = [on_white(rgba) for rgba in truth.views.rgba]
    both = (truth.illustration.original, truth.illustration.line_free)
    seen = strip_of([on_white(rgba) for rgba in both], shown=(0, 1))
    return {"truth": strip_of(pictures, shown=SHOWN), "seen": seen}


def job_keys(job: Job) -> dict[str, str]:
    """Return a key of everything that a result depends on, by method; TRUTH first.

    Raises:
        UserError: a file of the pair, or of weights, cannot be read.
    """
    pair = job.pair
    told = dataclasses.asdict(job.options)
    told |= {name: _digest(told[name]) for name in ("lpips", "clip") if told[name] is not None}
    base = [
        VERSION, told, _digest(pair.model), None if pair.illustration is None else _digest(pair.illustration),
        pair.alignment, pair.region.bounds, pair.name,
    ]  # fmt: skip
    if pair.illustration is not None or job.options.drawn:
        base.append(network_digests())
    wanted = {TRUTH: ""} | {entrant.name: entrant.fingerprint() for entrant in job.entrants}
    return {
        name: hashlib.sha256(json.dumps([*base, name, fingerprint], default=str).encode()).hexdigest()
        for name, fingerprint in wanted.items()
    }


def _digest(path: Path) -> str:
    """Return the sha256 of a file; UserError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"“{path}” cannot be read ({error.strerror or error}).", "Check the file.") from error


def _place(job: Job, name: str) -> Path:
    assert job.folder is not None
    return job.folder / RESULTS / job.pair.name / f"{name}.json"


def _recall(job: Job, name: str, key: str, result: PairResult) -> bool:
    """Fill in what an earlier run found; False when there is nothing with that key."""
    if job.folder is None:
        return False
    try:
        with _place(job, name).open("rb") as file:
            told: Any = json.loads(file.read(_LIMIT))
        if told["key"] != key:
            return False
        figures = {str(k): _numbers(v) if name == TRUTH else _number(v) for k, v in told["figures"].items()}
        strips = {str(k): base64.b64decode(v) for k, v in told["pictures"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    _fill(result, name, figures, strips)
    return True


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _numbers(row: Any) -> dict[str, float]:
    return {str(key): _number(value) for key, value in row.items()}


def _fill(result: PairResult, name: str, figures: Mapping[str, Any], strips: Mapping[str, bytes]) -> None:
    """Put figures and pictures into a result that is being filled."""
    result.strips.update(strips)
    if name == TRUTH:
        result.lines.update(figures)
    else:
        result.figures[name] = dict(figures)


def _keep(
    job: Job, name: str, key: str, result: PairResult, *, figures: Mapping[str, Any], strips: Mapping[str, bytes]
) -> None:
    """Fill in what was found, and write it where the job has a folder."""
    from paic3d_studio.benchmark.tables import as_json

    _fill(result, name, figures, strips)
    if job.folder is None:
        return
    pictures = {k: base64.b64encode(v).decode() for k, v in strips.items()}
    told = {"key": key, "figures": as_json(figures), "pictures": pictures}
    place = _place(job, name)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"“{place.parent}” cannot be made ({error.strerror}).", "Choose another folder.") from error
    write_files({place: (json.dumps(told, allow_nan=False) + "\n").encode()})
