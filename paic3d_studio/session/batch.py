"""Heads of a whole folder: each in a process of its own, so that one that fails, or falls, leaves the others alone.

OUT/NAME.glb       the head
OUT/NAME.png       the head from eight sides
OUT/batch.json     what became of each picture; a later run with the same pictures and options goes on from it
OUT/report.html    the same to look at
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import html
import itertools
import json
import os
import sys
import time
import urllib.parse
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from paic3d_studio import __version__
from paic3d_studio.arguments import BATCH_TO_MEND
from paic3d_studio.core.image import PICTURE_SUFFIXES, read_picture
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.terms import TERM_CHOICES
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.export import exporter_for
from paic3d_studio.files import write_files
from paic3d_studio.pipeline.child import ChildFailed, run_in_child
from paic3d_studio.pipeline.stages import weights_of
from paic3d_studio.project import edits
from paic3d_studio.project.file import SUFFIX, decoded_project, is_project
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.session.headless import (
    CANCELLED,
    Job,
    asked_upscaling,
    cancel_on_interrupt,
    configured,
    refuse_missing_weights,
    refuse_pictures_as_targets,
)
from paic3d_studio.session.output import check_head_target, is_folder
from paic3d_studio.session.progress import TerminalProgress
from paic3d_studio.session.session import Session

MOST_COUNTED: Final = 100
"""Exit code: so many failures, or more; `BATCH_TO_MEND` lies above it."""

RECORD: Final = "batch.json"
REPORT: Final = "report.html"

PLAIN_OPTIONS: Final[Mapping[str, object]] = {
    "format": ".glb", "seed": None, "backbone": None, "infill": None, "faces": None, "texture": None, "upscale": None,
    "lattice": None, "smoothing": None, "floaters": None, "thin_parts": None, "symmetry": None, "cut": None,
    "base": None,
    **dict.fromkeys(("title", "author", "notice", *TERM_CHOICES)), "no_stitch": False, "stitch_line_free": False,
}  # fmt: skip
"""The options of the command line where none is given."""

_SHEET_SIZE: Final = 160


@dataclasses.dataclass(frozen=True)
class Item:
    """One picture of the batch and where its results go.

    `key` stands for its bytes, the options and the weights. `name` tells it from the others: it is that of the picture,
    with a number where pictures of several folders share it.
    """

    picture: Path
    head: Path
    sheet: Path
    key: str
    name: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a picture: a `problem` in one sentence with its `cure`, or neither when the head is there.

    `files` that were made, name -> sha256 in hex, `seconds` it took, `warning` of the face detector, `preview` a small
    PNG in base64.
    """

    key: str
    problem: str = ""
    cure: str = ""
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    faces: int = 0
    seconds: float = 0.0
    warning: str = ""
    preview: str = ""


def run_batch(arguments: Namespace) -> int:
    """Do what the command line asks for; returns the exit code."""
    try:
        items = batch_items(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return BATCH_TO_MEND
    progress = TerminalProgress(sys.stderr, titles={})
    try:
        with cancel_on_interrupt() as cancelled:
            monitor = Monitor(progress.on_progress, cancelled=cancelled)
            outcomes = make_heads(
                items, options=vars(arguments), output=arguments.output, monitor=monitor, tell=_Teller(progress, items)
            )
    except Cancelled:
        progress.say("Cancelled; the same command goes on from here.")
        return CANCELLED
    except UserError as error:
        progress.say(f"error: {error}")
        return BATCH_TO_MEND
    failed = sum(bool(outcome.problem) for outcome in outcomes.values())
    print(f"{len(outcomes) - failed} of {len(outcomes)} heads are in {arguments.output}; see {REPORT} there.")
    return min(failed, MOST_COUNTED)


def batch_items(arguments: Namespace) -> list[Item]:
    """Return what is to be done, by name, after making sure that it can be written.

    Raises:
        UserError: no such folder, nothing in it, or an output that cannot be written.
    """
    asked = {**PLAIN_OPTIONS, **vars(arguments)}
    refuse_missing_weights(backbone=asked["backbone"], infill=asked["infill"])
    source, output = arguments.folder, arguments.output
    if not is_folder(source):
        raise UserError(f"There is no folder “{source}”.", "Give the folder that holds the pictures.")
    pictures = sorted(file for file in source.iterdir() if file.suffix.lower() in (*PICTURE_SUFFIXES, SUFFIX))
    if not pictures:
        raise UserError(f"There is no picture in “{source}”.", "Give the folder that holds the pictures.")
    options = {name: value for name, value in vars(arguments).items() if name not in ("folder", "output")}
    return items_for(pictures, output, options=options)


def items_for(
    pictures: Sequence[Path], output: Path, *, options: Mapping[str, Any], monitor: Monitor = SILENT
) -> list[Item]:
    """Return the items of some pictures; `options` as the command line has them, `format` among them.

    Raises:
        UserError: an output that cannot be written, or that is where the pictures are.
        Cancelled: as `monitor`, asked before each picture is read.
    """
    suffix = "." + str(options["format"]).removeprefix(".")
    exporter_for(Path(f"head{suffix}"))
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"“{output}” cannot be made a folder ({error.strerror}).", "Choose another.") from None
    check_head_target(output / f"head{suffix}")
    if any(output.resolve() == picture.parent.resolve() for picture in pictures):
        raise UserError("Turntables would be written over the pictures.", "Choose another folder for the heads.")
    names = _result_names(pictures)
    told = _numbered([picture.name for picture in pictures])
    if options.get("upscale") is not None:  # a network stands in the keys by what is in its file
        upscaling = asked_upscaling(str(options["upscale"]))
        options = {**options, "upscale": upscaling.get("sha256", upscaling["way"])}
    items = []
    for picture, name, result in zip(pictures, told, names, strict=True):
        monitor.check()
        head, sheet = output / f"{result}{suffix}", output / f"{result}.png"
        items.append(Item(picture, head, sheet, _key(picture, suffix, options), name))
    for item in items:
        refuse_pictures_as_targets(Job(item.picture, item.head, item.sheet), pictures)
    return items


def _result_names(pictures: Sequence[Path]) -> list[str]:
    """Return what the results of each picture are called: its stem; where that is another's too, its whole name; and
    where that is another's too, that with a number."""
    taken = Counter(name.lower() for picture in pictures for name in (picture.stem, picture.name))
    wanted = [picture.stem if taken[picture.stem.lower()] == 1 else picture.name for picture in pictures]
    return _numbered(wanted, taken=taken)


def _numbered(names: Sequence[str], *, taken: Collection[str] = ()) -> list[str]:
    """Return names with a number behind each that has been there, never one that is `taken` (in small letters)."""
    told: list[str] = []
    for name in names:
        used = {other.lower() for other in told}
        others = (f"{name} {number}" for number in itertools.count(2))
        free = (other for other in others if other.lower() not in used and other.lower() not in taken)
        told.append(next(free) if name.lower() in used else name)
    return told


def _key(picture: Path, suffix: str, options: Mapping[str, object]) -> str:
    """Return what stands for a picture's bytes, the options and the weights: sha256 in hex."""
    try:
        encoded = picture.read_bytes()
    except OSError:
        encoded = b""  # its own process says why
    content = hashlib.sha256(encoded).hexdigest()
    chosen = sorted((key, str(value)) for key, value in options.items())
    told = json.dumps([__version__, content, suffix, chosen, _weights(encoded, options)])
    return hashlib.sha256(told.encode()).hexdigest()


def _weights(encoded: bytes, options: Mapping[str, object]) -> tuple[str, ...]:
    """Return what stands for the weights that make a head of a picture or a project."""
    project = Project(picture=PictureSource("", b""))
    if is_project(encoded):
        with contextlib.suppress(UserError):  # its own process says why it cannot be read
            project = decoded_project(encoded, name="")
    chosen = {name: options[name] for name in ("backbone", "infill") if options.get(name) is not None}
    return weights_of(edits.set_settings(project, **chosen))


def make_heads(
    items: Sequence[Item],
    *,
    options: Mapping[str, Any],
    output: Path,
    monitor: Monitor = SILENT,
    tell: Callable[[Item, Outcome], None],
) -> dict[str, Outcome]:
    """Make the heads that are not there yet, writing record and report after each; name of item -> outcome.

    Args:
        items: what is to be made.
        options: as the command line has them.
        output: where record and report go.
        monitor: progress and cancel.
        tell: hears of each picture once it is done, or was found to be.

    Raises:
        Cancelled: what had finished is in the record.
        UserError: the record cannot be written any more.
    """
    outcomes = _recorded(output)
    outcomes = {item.name: outcomes[item.name] for item in items if _is_done(item, outcomes)}
    for item in items:
        if item.name in outcomes:
            tell(item, outcomes[item.name])
    for number, item in enumerate(items):
        if item.name not in outcomes:
            part = monitor.child(number / len(items), (number + 1) / len(items), item.picture.name)
            outcomes[item.name] = _outcome(item, options, part)
            _write_record(items, outcomes, output)
            tell(item, outcomes[item.name])
    _write_record(items, outcomes, output)
    return outcomes


class _Teller:
    """Says on the terminal what became of each picture."""

    def __init__(self, progress: TerminalProgress, items: Sequence[Item]) -> None:
        self._progress = progress
        self._items = items

    def __call__(self, item: Item, outcome: Outcome) -> None:
        told = outcome.problem or f"{outcome.seconds:.1f} s"
        place = f"{self._items.index(item) + 1} of {len(self._items)}"
        self._progress.say(f"{place}  {item.picture.name}: {told}")


def _outcome(item: Item, options: Mapping[str, Any], monitor: Monitor) -> Outcome:
    begun = time.perf_counter()
    try:
        made: Outcome = run_in_child(make_head, item, dict(options), monitor=monitor, has_children=True)
        return dataclasses.replace(made, seconds=round(time.perf_counter() - begun, 2))
    except UserError as error:
        return Outcome(item.key, problem=error.message, cure=error.cure)
    except ChildFailed as bug:
        last = str(bug).strip().splitlines()[-1]
        return Outcome(item.key, problem="Something went wrong inside the program.", cure=last)


def make_head(item: Item, options: Mapping[str, Any], *, monitor: Monitor) -> Outcome:
    """Make one head and its turntable; runs in a child process.

    Raises:
        UserError: the picture, or a stage of the method, in one sentence.
    """
    session = Session()
    project = configured(session.read(item.picture, monitor=monitor.child(0.0, 0.05)), Namespace(**options))
    refuse_missing_weights(backbone=project.settings.backbone, infill=project.settings.infill)
    report = session.export(item.head, project=project, monitor=monitor.child(0.05, 0.9))
    sheets = session.turntable(item.sheet, size=_SHEET_SIZE, project=project, monitor=monitor.child(0.9, 1.0))
    return Outcome(
        item.key,
        files={Path(made).name: _digest(Path(made)) for made in (*report.paths, *sheets)},
        faces=report.faces,
        warning=session.pull("landmarks", project).warning,
        preview=base64.b64encode(session.preview(project)).decode(),
    )


def _is_done(item: Item, outcomes: Mapping[str, Outcome]) -> bool:
    """Whether an earlier run made this head, and all of its files still lie there as they were written."""
    outcome = outcomes.get(item.name)
    if outcome is None or outcome.problem or outcome.key != item.key:
        return False
    if not isinstance(outcome.files, dict) or not {item.head.name, item.sheet.name} <= outcome.files.keys():
        return False
    folder = item.head.parent
    try:
        return all(_digest(folder / name) == sha256 for name, sha256 in outcome.files.items())
    except OSError:
        return False


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _recorded(output: Path) -> dict[str, Outcome]:
    """Return what an earlier run wrote down; nothing when there is no record that can be read."""
    try:
        told = json.loads(read_picture(output / RECORD))
        return {str(name): Outcome(**outcome) for name, outcome in told["outcomes"].items()}
    except (UserError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _write_record(items: Sequence[Item], outcomes: Mapping[str, Outcome], output: Path) -> None:
    told = {name: dataclasses.asdict(outcome) for name, outcome in outcomes.items()}
    record = json.dumps({"program": __version__, "outcomes": told}, ensure_ascii=False, indent=1)
    texts = {output / RECORD: record, output / REPORT: _report(items, outcomes)}
    # Linux has file names that are no text: JSON reads such an escape back, and the page shows it.
    write_files({path: text.encode(errors="backslashreplace") for path, text in texts.items()})


def _report(items: Sequence[Item], outcomes: Mapping[str, Outcome]) -> str:
    """Return the report as a page that needs nothing but the files beside it."""
    rows = "\n".join(_row(item, outcomes[item.name]) for item in items if item.name in outcomes)
    failed = sum(bool(outcome.problem) for outcome in outcomes.values())
    return f"""<!doctype html>
<meta charset="utf-8"><title>Heads</title>
<style>
body {{ font: 14px system-ui, sans-serif; margin: 2em; background: #16181d; color: #d8dbe2 }}
td {{ padding: .5em 1em .5em 0; vertical-align: middle }} img {{ max-height: 160px; border-radius: 6px }}
a {{ color: #8ab4ff }} .bad {{ color: #ff8a80 }} .note {{ color: #e6c07b }}
</style>
<h1>Heads</h1>
<p>{len(outcomes)} of {len(items)} pictures looked at, {failed} failed.</p>
<table>
{rows}
</table>
"""


def _row(item: Item, outcome: Outcome) -> str:
    name = html.escape(item.picture.name)
    if outcome.problem:
        told = f'<span class="bad">{html.escape(outcome.problem)}</span> {html.escape(outcome.cure)}'
        return f"<tr><td></td><td>{name}<br>{told}</td><td></td></tr>"
    shown = f'<img alt="" src="data:image/png;base64,{html.escape(outcome.preview)}">' if outcome.preview else ""
    note = f'<br><span class="note">{html.escape(outcome.warning)}</span>' if outcome.warning else ""
    head, sheet = _link(item.head), _link(item.sheet)
    label = html.escape(item.head.name)
    told = f'{name}<br><a href="{head}">{label}</a>, {outcome.faces} triangles, {outcome.seconds:.1f} s{note}'
    return f'<tr><td>{shown}</td><td>{told}</td><td><img alt="{name} from eight sides" src="{sheet}"></td></tr>'


def _link(file: Path) -> str:
    """Return the address of a file beside the report; quoted, so that no name is taken for a scheme or a fragment."""
    return urllib.parse.quote(os.fsencode(file.name))
