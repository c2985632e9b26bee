"""Render characters into a dataset folder: resumable, in several processes, with reasons for what is left out."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.filters import LIMITS, missing_bones, picture_measures, reasons, shape_measures
from paic3d_studio.datasets.names import SPLITS, Split, character_names, split_of
from paic3d_studio.datasets.processes import done_apart
from paic3d_studio.datasets.renders import CharacterMeta, RenderSet, RenderSetWriter, RenderView
from paic3d_studio.datasets.views import cameras_of, rendered_views
from paic3d_studio.datasets.vrm import Character, DamagedTexture, decode_character, read_bounded
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files

SUFFIXES: Final = (".vrm", ".glb")
REFUSED: Final = "_refused"
"""Folder of one JSON file per character that was not kept; no character's name begins like it."""


@dataclass(frozen=True)
class RenderOptions:
    """What is rendered: pictures of `size` pixels; `seed` decides the perspective views; `unfiltered` keeps all."""

    size: int = 512
    seed: int = 0
    unfiltered: bool = False


@dataclass(frozen=True)
class RenderJob:
    """One file to render as one character of a folder."""

    source: Path
    name: str
    split: Split
    folder: Path
    options: RenderOptions


@dataclass(frozen=True)
class Outcome:
    """What became of a job: kept when there are no reasons against it; `known` when an earlier run had found out."""

    name: str
    reasons: tuple[str, ...] = ()
    known: bool = False


def sources(places: Sequence[Path]) -> list[Path]:
    """Return the VRM and GLB files among and below some places, each once, sorted by path.

    Raises:
        UserError: a place does not exist, or there is no such file.
    """
    found: set[Path] = set()
    for place in places:
        if place.is_dir():
            found.update(p for p in place.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        elif place.exists():
            found.add(place)
        else:
            raise UserError(f"There is no “{place}”.", "Name a VRM or GLB file, or a folder of them.")
    if not found:
        raise UserError("No VRM or GLB files lie there.", "Name a folder that holds some.")
    return sorted(found)


def jobs_of(
    files: Sequence[Path], *, folder: Path, options: RenderOptions, splits: Mapping[Split, Sequence[str]] | None = None
) -> list[RenderJob]:
    """Return one job per file, with a name of its own.

    Args:
        files: what `sources` found.
        folder: the dataset.
        options: the same for all.
        splits: patterns such as `*vita*` by the split that characters with such names go to; the others are split by a
            hash of their names.
    """
    jobs = []
    for path, name in zip(files, character_names(files), strict=True):
        split = next((s for s, patterns in (splits or {}).items() if _matches(name, patterns)), split_of(name))
        jobs.append(RenderJob(path, name, split, folder, options))
    return jobs


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def render_folder(jobs: Sequence[RenderJob], *, processes: int = 1, monitor: Monitor = SILENT) -> list[Outcome]:
    """Render every job that no earlier run has finished, and write the report.

    Args:
        jobs: all of one folder and with the same options.
        processes: how many render at once; 1 renders in this process.
        monitor: progress and cancel. A character that has begun is finished before Cancelled is raised.

    Returns:
        The outcomes in the order of the jobs.

    Raises:
        UserError: the folder cannot be written, or a rendering process died.
        Cancelled: the work was stopped; it goes on when called again.
    """
    RenderSetWriter.create(jobs[0].folder, size=jobs[0].options.size)
    outcomes: dict[str, Outcome] = {}
    for outcome in _rendered_here(jobs, monitor) if processes == 1 else _rendered_apart(jobs, processes, monitor):
        outcomes[outcome.name] = outcome
        what = "known already" if outcome.known else "left out" if outcome.reasons else "rendered"
        monitor.report(len(outcomes) / len(jobs), f"{len(outcomes)} of {len(jobs)}, {outcome.name} {what}")
    ordered = [outcomes[job.name] for job in jobs]
    write_report(jobs[0].folder)
    return ordered


def _rendered_here(jobs: Sequence[RenderJob], monitor: Monitor) -> Iterator[Outcome]:
    with CharacterRenderer() as renderer:
        for job in jobs:
            monitor.check()
            yield render_job(job, renderer)


def _rendered_apart(jobs: Sequence[RenderJob], processes: int, monitor: Monitor) -> Iterator[Outcome]:
    """Return outcomes as spawned processes bring them; a character that has begun is finished."""
    died = UserError(
        "A rendering process ended unexpectedly.", "Free memory or lower --jobs, and start again: it resumes."
    )
    return done_apart(_render_in_child, jobs, processes=processes, prepare=_start_renderer, died=died, monitor=monitor)


_renderer: CharacterRenderer | None = None


def _start_renderer(stop: Event) -> None:  # noqa: ARG001 what has begun is finished
    """Make a child's renderer."""
    global _renderer
    _renderer = CharacterRenderer()


def _render_in_child(job: RenderJob) -> Outcome:
    assert _renderer is not None
    return render_job(job, _renderer)


def render_job(job: RenderJob, renderer: CharacterRenderer) -> Outcome:
    """Read, judge, draw and write one character, unless an earlier run did so with the same file and options.

    Raises:
        UserError: the folder cannot be written; what is wrong with the character itself becomes a reason.
    """
    writer = RenderSetWriter(job.folder, size=job.options.size)
    try:
        encoded = read_bounded(job.source)
    except UserError as error:
        return _refuse(job, "", {}, (str(error),))
    digest = hashlib.sha256(encoded).hexdigest()
    if (known := _known(job, digest, writer)) is not None:
        return known
    try:
        character = decode_character(encoded, name=job.source.stem)
    except DamagedTexture as error:
        return _refuse(job, digest, {}, (f"texture corruption: {error.message}",))
    except UserError as error:
        return _refuse(job, digest, {}, (error.message,))
    del encoded
    return _drawn(job, digest, character, renderer, writer)


def _drawn(
    job: RenderJob, digest: str, character: Character, renderer: CharacterRenderer, writer: RenderSetWriter
) -> Outcome:
    """Draw the front, judge it, then draw the rest and write everything."""
    views: dict[str, RenderView] = {}
    measures = shape_measures(character)
    against = _reasons(character, measures)
    if not against or job.options.unfiltered:
        cameras = cameras_of(job.name, seed=job.options.seed)
        for view, seen in rendered_views(renderer, character, cameras=cameras, size=job.options.size):
            views[view] = seen
            if view == "front":
                measures |= picture_measures(seen)
                against = _reasons(character, measures)
                if against and not job.options.unfiltered:
                    break
    if against and not job.options.unfiltered:
        return _refuse(job, digest, measures, against)
    report: dict[str, Any] = {"seed": job.options.seed, **measures, "reasons": list(against)}
    meta = CharacterMeta(job.source.name, digest, job.split, {}, character.licence, report)
    writer.write(job.name, views, meta=meta)
    _refusal(job).unlink(missing_ok=True)
    return Outcome(job.name)


def _reasons(character: Character, measures: dict[str, float]) -> tuple[str, ...]:
    bones = tuple(f"missing bones ({bone})" for bone in missing_bones(character))
    return bones + reasons(measures)


def _known(job: RenderJob, digest: str, writer: RenderSetWriter) -> Outcome | None:
    """Return what an earlier run with the same file and options found, None when there was none."""
    if writer.holds(job.name):
        meta = writer.meta(job.name)
        same = (meta.sha256, meta.report.get("seed"), meta.split) == (digest, job.options.seed, job.split)
        fit = job.options.unfiltered or not meta.report.get("reasons")
        return Outcome(job.name, known=True) if same and fit else None
    if job.options.unfiltered:
        return None
    told = _told(_refusal(job))
    if told is not None and told.get("sha256") == digest and told.get("limits") == repr(LIMITS):
        return Outcome(job.name, tuple(str(reason) for reason in told.get("reasons", ())), known=True)
    return None


def _refuse(job: RenderJob, digest: str, measures: Mapping[str, float], against: tuple[str, ...]) -> Outcome:
    """Note why a character is not kept, for the report and for later runs."""
    told = {
        "source": job.source.name, "sha256": digest, "limits": repr(LIMITS), "reasons": list(against),
        "measures": dict(measures),
    }  # fmt: skip
    path = _refusal(job)
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"“{path.parent}” cannot be made ({error.strerror}).", "Choose another folder.") from error
    write_files({path: (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()})
    return Outcome(job.name, against)


def _refusal(job: RenderJob) -> Path:
    return job.folder / REFUSED / f"{job.name}.json"


def _told(path: Path) -> dict[str, Any] | None:
    """Read a note about a refused character; None when there is none, or none that can be read."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def write_report(folder: Path) -> None:
    """Write `report.json` and `report.md`: how many characters a folder holds, and which were left out and why."""
    held = RenderSet.open(folder)
    notes = {path.stem: told for path in sorted((folder / REFUSED).glob("*.json")) if (told := _told(path))}
    kept = {
        name: {"split": held.meta(name).split, "source": held.meta(name).source, **held.meta(name).report}
        for name in held.names()
    }
    told = {"kept": kept, "left_out": notes}
    counts = ", ".join(f"{len(held.names(split))} {split}" for split in SPLITS)
    lines = ["# Report", "", f"{len(kept)} characters ({counts}); {len(notes)} left out.", ""]
    if notes:
        lines += ["| left out | file | why |", "|---|---|---|"]
        lines += [
            f"| {name} | {_cell(note.get('source'))} | {_cell('; '.join(map(str, note.get('reasons', ()))))} |"
            for name, note in notes.items()
        ]
    write_files(
        {
            folder / "report.json": (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode(),
            folder / "report.md": ("\n".join(lines) + "\n").encode(),
        }
    )


def _cell(value: object) -> str:
    """Return a text that can stand in a Markdown table."""
    return str(value).replace("|", "\\|").replace("\n", " ")
