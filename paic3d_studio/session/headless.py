"""Heads without a window: what the command line does once it knows what is wanted."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from paic3d_studio.core.artefacts import ExportReport
from paic3d_studio.core.landmarks import PLACE_BY_HAND
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.core.surface import CUTS
from paic3d_studio.core.terms import TERM_CHOICES
from paic3d_studio.core.upscaling import UPSCALING
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.export import EXPORTERS, exporter_for
from paic3d_studio.nets.manifest import IMPORTABLE, is_there
from paic3d_studio.nets.upscaling_file import file_sha256
from paic3d_studio.paths import example_picture
from paic3d_studio.pipeline.graph import StageReport
from paic3d_studio.pipeline.stages import WEIGHTS_BY_INPAINTER
from paic3d_studio.project import edits
from paic3d_studio.project.state import Project
from paic3d_studio.session.output import check_head_target, check_turntable_target, is_folder
from paic3d_studio.session.progress import TerminalProgress
from paic3d_studio.session.session import Session

DONE: Final = 0
TO_MEND: Final = 2
CANCELLED: Final = 130
"""Exit codes; the last is what a shell expects of a program that Ctrl-C ended."""


@dataclasses.dataclass(frozen=True)
class Job:
    """One picture, and where its results go."""

    picture: Path
    head: Path
    turntable: Path | None = None


def reconstruct(arguments: Namespace) -> int:
    """Make the heads that the command line asks for; returns the exit code."""
    try:
        jobs = jobs_of(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return TO_MEND
    return run(jobs, configure=lambda project: configured(project, arguments), as_json=arguments.json)


def without_display(pictures: Sequence[Path]) -> int:
    """Do without a window what the studio would begin with, into the present folder; returns the exit code."""
    picture = pictures[0] if pictures else example_picture()
    head, turntable = Path.cwd() / "head.glb", Path.cwd() / "turntable.png"
    job = Job(picture, head, turntable)
    print(f"There is no display, so “{picture.name}” is reconstructed without the studio.", file=sys.stderr)
    try:
        refuse_pictures_as_targets(job, [picture])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return TO_MEND
    code = run([job])
    if code == DONE:
        print(f"The head is in {head}, and a picture of it from eight sides in {turntable}.")
    return code


def jobs_of(arguments: Namespace) -> list[Job]:
    """Return what is to be done, after making sure that all of it can be written.

    Raises:
        UserError: a target that cannot be written, that is one of the pictures, or that two pictures share.
    """
    refuse_missing_weights(backbone=arguments.backbone, infill=arguments.infill)
    if arguments.upscale is not None:
        asked_upscaling(arguments.upscale)
    pictures: list[Path] = arguments.pictures
    output: Path | None = arguments.output
    if len(pictures) > 1:
        if arguments.turntable is not None:
            raise UserError("One turntable cannot show several heads.", "Give one picture at a time.")
        if output is not None and not is_folder(output):
            raise UserError(f"There is no folder “{output}” for several heads.", "Create it first.")
    jobs = [Job(picture, _head_path(picture, output), arguments.turntable) for picture in pictures]
    for job in jobs:
        refuse_pictures_as_targets(job, pictures)
    for path in {job.head for job in jobs}:
        check_head_target(path)
    if len({job.head for job in jobs}) < len(jobs):
        raise UserError("Two of the pictures would be written to the same file.", "Reconstruct them one by one.")
    if arguments.turntable is not None:
        check_turntable_target(arguments.turntable)
    return jobs


def refuse_missing_weights(*, backbone: str | None, infill: str | None) -> None:
    """Make sure that the weights of methods which come without them were imported; None asks for no method.

    Raises:
        UserError: some were not.
    """
    asked = {"backbone": (backbone, backbone), "infill": (infill, WEIGHTS_BY_INPAINTER.get(infill or ""))}
    for kind, (name, weights) in asked.items():
        if weights is not None and weights in IMPORTABLE and not is_there(weights):
            raise UserError(
                f"The weights of the {kind} “{name}” do not come with this program, and none were imported.",
                f"Choose another {kind}, or import the authors' weights: paic3d-studio import-weights FILE.",
            )


def _head_path(picture: Path, output: Path | None) -> Path:
    if not picture.name:
        raise UserError(f"“{picture}” is a folder, not a picture.", "Choose one picture file inside it.")
    if output is None:
        return picture.with_suffix(".glb")
    named_like_a_head = output.suffix.lower() in EXPORTERS  # meant as a file, even where a folder has that name
    return output / f"{picture.stem}.glb" if is_folder(output) and not named_like_a_head else output


def refuse_pictures_as_targets(job: Job, pictures: Sequence[Path]) -> None:
    """Make sure that no result is written over a picture.

    Raises:
        UserError: one would be, perhaps through a link.
    """
    originals = {picture.resolve() for picture in pictures}
    turntable = () if job.turntable is None else (job.turntable,)
    for target in (*exporter_for(job.head).files(job.head), *turntable):
        if target.resolve() in originals:
            raise UserError(f"“{target}” is the picture itself and would be overwritten.", "Give another file name.")


def configured(project: Project, arguments: Namespace) -> Project:
    """Return the project with the options of the command line."""
    settings = {name: getattr(arguments, name) for name in ("backbone", "infill")}
    surface = {"faces": arguments.faces, "resolution": arguments.lattice, "smoothing": arguments.smoothing,
               "symmetry": arguments.symmetry, "base": arguments.base}  # fmt: skip
    if arguments.floaters is not None:
        surface["floater_share"] = arguments.floaters / 100
    if arguments.thin_parts is not None:
        surface["thinnest"] = arguments.thin_parts / 1000
    if arguments.seed is not None:
        project = edits.set_seed(project, seed=arguments.seed)
    if getattr(arguments, "face", None) is not None:  # `batch` has no such option
        project = edits.place_face(project, **arguments.face)
    project = edits.set_settings(project, **_given(settings))
    project = edits.set_surface_options(project, **_given(surface))
    terms = {name: getattr(arguments, name) for name in ("title", "author", "notice", *TERM_CHOICES)}
    project = edits.set_terms(project, **_given(terms))
    if arguments.cut is not None:  # a name, or a height
        height = CUTS[arguments.cut] if isinstance(arguments.cut, str) else arguments.cut
        project = edits.set_surface_options(project, crop_below=height)
    project = edits.set_texture_options(project, **_given({"size": arguments.texture}))
    if arguments.upscale is not None:
        project = edits.set_upscaling(project, **asked_upscaling(arguments.upscale))
    if arguments.no_stitch:
        return edits.set_settings(project, stitch="off")
    return edits.set_settings(project, stitch="line-free") if arguments.stitch_line_free else project


def asked_upscaling(asked: str) -> dict[str, str]:
    """Return what `--upscale` says as the arguments of `edits.set_upscaling`.

    It is one of the ways that need nothing else, or the file of a network.

    Raises:
        UserError: it is neither.
    """
    if asked in UPSCALING and asked != "network":
        return {"way": asked}
    file = Path(asked).absolute()
    if not file.exists():
        raise UserError(
            f"There is no upscaling “{asked}”, and no file of that name.",
            "Give none, smooth, or the safetensors file of a network.",
        )
    return {"way": "network", "file": str(file), "sha256": file_sha256(file)}


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def run(
    jobs: Sequence[Job], *, configure: Callable[[Project], Project] = lambda project: project, as_json: bool = False
) -> int:
    """Do the jobs one after another; a picture that fails does not stop the others. Returns the exit code."""
    code = DONE
    session = Session()
    with cancel_on_interrupt() as cancelled:
        for job in jobs:
            progress = TerminalProgress(sys.stderr, titles={stage.name: stage.title for stage in session.stages})
            monitor = Monitor(progress.on_progress, cancelled=cancelled)
            progress.say(str(job.picture))
            try:
                with _noted_stages(session, progress) as seconds:
                    outcome = {**_reconstructed(session, job, configure, progress, monitor), "stages": seconds}
            except UserError as error:
                code = TO_MEND
                progress.say(f"error: {_with_option(error)}")
                outcome = {"picture": str(job.picture), "error": error.message, "cure": error.cure}
            except Cancelled:
                progress.say("Cancelled; no further file was written.")
                return CANCELLED
            finally:
                session.forget()
            if as_json:
                print(json.dumps(outcome), flush=True)
            elif "error" not in outcome:
                print(_summary(outcome), flush=True)
    return code


def _reconstructed(
    session: Session,
    job: Job,
    configure: Callable[[Project], Project],
    progress: TerminalProgress,
    monitor: Monitor,
) -> dict[str, Any]:
    """Make one head and return what there is to say about it."""
    begun, cpu_before = time.perf_counter(), cpu_seconds()
    project = configure(session.read(job.picture, monitor=monitor.child(0.0, 0.02)))
    refuse_missing_weights(backbone=project.settings.backbone, infill=project.settings.infill)
    share = 0.85 if job.turntable else 1.0
    report = session.export(job.head, project=project, monitor=monitor.child(0.02, share))
    warnings = [session.pull(stage, project).warning for stage in ("landmarks", "tags")]
    if job.turntable is not None:
        session.turntable(job.turntable, project=project, monitor=monitor.child(share, 1.0))
    progress.clear()
    for warning in filter(None, warnings):
        progress.say(f"note: {warning}")
    took = {"seconds": round(time.perf_counter() - begun, 3), "cpu_seconds": round(cpu_seconds() - cpu_before, 3)}
    return {**_outcome(job, project, report), "warning": " ".join(filter(None, warnings)), **took, **peak_memory()}


@contextmanager
def _noted_stages(session: Session, progress: TerminalProgress) -> Iterator[dict[str, float]]:
    """Yield the seconds of each stage that runs meanwhile, and show them as they come."""
    seconds: dict[str, float] = {}

    def note(report: StageReport) -> None:
        if report.state == "fresh":
            seconds[report.stage] = round(report.seconds, 3)
        progress.on_stage(report)

    stop = session.listen_to_stages(note)
    try:
        yield seconds
    finally:
        stop()


def _outcome(job: Job, project: Project, report: ExportReport) -> dict[str, Any]:
    return {
        "picture": str(job.picture),
        "head": str(job.head),
        "turntable": None if job.turntable is None else str(job.turntable),
        "sha256": hashlib.sha256(job.head.read_bytes()).hexdigest(),
        "files": list(report.paths),
        "bytes": report.bytes_written,
        "vertices": report.vertices,
        "faces": report.faces,
        "open_edges": report.open_edges,
        "seed": project.seed,
        "backbone": project.settings.backbone,
        "infill": project.settings.infill,
        "stitch": project.settings.stitch,
        "upscaling": project.settings.upscaling.way,
    }


def cpu_seconds() -> float:
    """Return the processor time of this process and its finished children so far (on Windows its own alone)."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def peak_memory() -> dict[str, int | None]:
    """Return the largest memory so far in MiB; None where the system does not say.

    `peak_memory_mib` of this process; `peak_memory_child_mib` of its largest child, an upper bound: Linux counts what
    the parent held when the child was made.
    """
    try:
        import resource
    except ImportError:  # Windows
        return {"peak_memory_mib": None, "peak_memory_child_mib": None}
    unit = 1024**2 if sys.platform == "darwin" else 1024
    own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"peak_memory_mib": own // unit, "peak_memory_child_mib": child // unit}


def _with_option(error: UserError) -> str:
    """Return the sentences of an error, with the option of the command line where the window offers a tool."""
    if error.cure == PLACE_BY_HAND:
        return f"{error.message} Say where it is: --face X,Y,X,Y,X,Y, the two eyes and the mouth."
    return str(error)


def _summary(outcome: dict[str, Any]) -> str:
    size = outcome["bytes"] / 1e6
    return f"{outcome['head']}: {outcome['faces']} faces, {size:.1f} MB, {outcome['seconds']:.1f} s"


@contextmanager
def cancel_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a request to stop; a second one ends the program at once."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            signal.default_int_handler(number, frame)
        asked = True

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
