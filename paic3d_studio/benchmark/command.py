"""`./run benchmark ...`: its parser, and what it does with what was parsed. Nothing slow is imported before work."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paic3d_studio.arguments import Parser, whole

if TYPE_CHECKING:
    from paic3d_studio.benchmark.evaluate import Options
    from paic3d_studio.benchmark.pairs import Pair
    from paic3d_studio.benchmark.run import PairResult
    from paic3d_studio.core.monitor import Monitor

PREPARE: Final = "prepare"
OUT: Final = "benchmark"
"""Folder of the results beside the pairs, when none is named."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of `benchmark`."""
    made = Parser(
        prog="paic3d-studio benchmark",
        usage="paic3d-studio benchmark [prepare] FOLDER [options]\n"
        "       paic3d-studio benchmark --characters FOLDER [options]",
        description="Judge reconstructions against true characters: Tables 3 and 4 of the paper, with intervals and a "
        "page of pictures. docs/benchmark.md says what is measured, and what a folder of pairs holds.",
        epilog="Exit codes: 0 done; 2 something you can mend, said in one sentence; 130 stopped with Ctrl-C (the same "
        "command goes on where it stopped).",
    )
    add = made.add_argument
    add("words", metavar="FOLDER", nargs="*", help="folder of pairs, each an illustration and a VRM or GLB file; with "
        "“prepare” before it: align the illustrations to their models and take their regions")  # fmt: skip
    add("--characters", metavar="FOLDER", type=Path, help="in place of pairs, characters alone: their front render is "
        "what reconstructors see")  # fmt: skip
    add("--only", metavar="NAME", nargs="+", help="names of pairs or characters, in place of all (of characters: all "
        "that are held out of training, where there are any)")  # fmt: skip
    add("-o", "--output", metavar="FOLDER", type=Path, help="where the results go, and are resumed from (default: "
        f"“{OUT}” beside the pairs; of characters alone only the terminal)")  # fmt: skip
    add("--size", metavar="N", type=whole(16, 1024), default=256, help="side of the views in pixels (default 256)")
    add("--jobs", metavar="N", type=whole(1, 64), default=1, help="processes that measure at once, one core each "
        "(default 1)")  # fmt: skip
    add("--methods", metavar="NAME", nargs="+", help="what is measured (default: all baselines, and every network "
        "whose weights are there)")  # fmt: skip
    add("--weights", metavar="[NAME=]FILE", action="append", default=[], help="safetensors of a method in place of the "
        "program's own (default NAME: compact); may be given several times")  # fmt: skip
    add(
        "--quick",
        action="store_true",
        help="views of baked voxels: several times faster, and not quite the field's own",
    )
    add("--surface", choices=("studio", "released"), default="studio", help="the studio's mesh, or that of the "
        "released extraction with its faults (default studio)")  # fmt: skip
    add("--drawn", action="store_true", help="draw characters that come without an illustration, and remove the lines")
    add(
        "--seed", metavar="N", type=whole(0, 2**32 - 1), default=0, help="of points, drawings and intervals (default 0)"
    )
    add("--lpips", metavar="FILE", type=Path, help="safetensors of AlexNet and LPIPS's heads: adds LPIPS")
    add("--clip", metavar="FILE", type=Path, help="safetensors of CLIP ViT-B/32's image half: adds its cosine")
    add("--json", action="store_true", help="print everything as JSON in place of the tables")
    add("--by", choices=("landmarks", "orb"), help="with “prepare”: how pairs are aligned whose file says nothing else")
    add("--regions", metavar="FILE", type=Path, help="with “prepare”: JSON of regions of interest by the pair's name, "
        "left, top, right and bottom in pixels of the 512 front view")  # fmt: skip
    return made


def run(chosen: argparse.Namespace) -> int:
    """Do what the parsed arguments ask for, and return the exit code."""
    from paic3d_studio.datasets.terminal import CANCELLED, TO_MEND
    from paic3d_studio.errors import Cancelled, UserError

    try:
        if len(chosen.words) == 2 and chosen.words[0] == PREPARE:
            return _prepare(Path(chosen.words[1]), chosen)
        if len(chosen.words) + (chosen.characters is not None) != 1:
            raise UserError("Give one folder of pairs, or --characters and one folder.", "See benchmark --help.")
        return _measure(chosen)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return TO_MEND
    except Cancelled:
        print("stopped; with a folder for the results the same command goes on where it stopped", file=sys.stderr)
        return CANCELLED


def _prepare(folder: Path, chosen: argparse.Namespace) -> int:
    from paic3d_studio.benchmark.prepare import prepare
    from paic3d_studio.datasets.terminal import DONE, TO_MEND, TerminalLine, terminal_monitor

    line = TerminalLine(sys.stderr)
    with terminal_monitor(line) as monitor:
        outcomes = prepare(folder, by=chosen.by, regions=chosen.regions, only=chosen.only, monitor=monitor)
    for outcome in outcomes:
        line.say(f"{outcome.name}: {outcome.told}")
    return TO_MEND if any(outcome.failed for outcome in outcomes) else DONE


def _measure(chosen: argparse.Namespace) -> int:
    from paic3d_studio.benchmark.methods import entrants
    from paic3d_studio.benchmark.run import Job, run_jobs
    from paic3d_studio.datasets.terminal import DONE, TO_MEND, TerminalLine, terminal_monitor
    from paic3d_studio.nets.threads import limit_threads

    pairs = _pairs(chosen)
    methods = entrants(named_weights(chosen.weights), chosen.methods)
    options, folder = _options(chosen), _output(chosen)
    limit_threads(1)
    for entrant in methods:
        entrant.reconstructor()  # what is wrong with weights shows before anything is measured
    line = TerminalLine(sys.stderr)
    jobs = [Job(pair, methods, options, folder) for pair in pairs]
    with terminal_monitor(line) as monitor:
        results = run_jobs(jobs, processes=min(chosen.jobs, len(jobs)), monitor=monitor)
        _tell(results, options, folder, chosen, monitor)
    for result in results:
        if result.problem:
            line.say(f"left out: {result.name}: {result.problem}")
    return DONE if any(result.figures for result in results) else TO_MEND


def _tell(
    results: Sequence[PairResult],
    options: Options,
    folder: Path | None,
    chosen: argparse.Namespace,
    monitor: Monitor,
) -> None:
    """Write the tables, or print them."""
    from paic3d_studio.benchmark.report import report
    from paic3d_studio.files import write_files

    monitor.check()
    told = report(results, options=options)
    if folder is not None:
        write_files({folder / name: text.encode() for name, text in told.files.items()})
    if chosen.json:
        print(json.dumps(told.json, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print(told.markdown)
        if folder is not None:
            print(f"Tables, JSON and a page of pictures are in {folder}.")


def _pairs(chosen: argparse.Namespace) -> list[Pair]:
    """Return what is to be measured; UserError when there is no such thing."""
    from paic3d_studio.benchmark.pairs import characters_alone, read_pairs
    from paic3d_studio.errors import UserError

    if chosen.characters is not None:
        return characters_alone(chosen.characters, only=chosen.only)
    pairs = read_pairs(Path(chosen.words[0]))
    if chosen.only is None:
        return pairs
    found = [pair for pair in pairs if pair.name in chosen.only]
    if len(found) < len(set(chosen.only)):
        missing = sorted(set(chosen.only) - {pair.name for pair in found})
        raise UserError(f"There is no pair named {', '.join(missing)}.", "Check the names.")
    return found


def _options(chosen: argparse.Namespace) -> Options:
    from paic3d_studio.benchmark.evaluate import Options

    return Options(
        size=chosen.size,
        quick=chosen.quick,
        surface=chosen.surface,
        drawn=chosen.drawn,
        seed=chosen.seed,
        lpips=chosen.lpips,
        clip=chosen.clip,
    )


def _output(chosen: argparse.Namespace) -> Path | None:
    """Return the folder for the results, made when it is absent; None for the terminal alone."""
    from paic3d_studio.errors import UserError

    folder: Path | None = chosen.output
    if folder is None and chosen.characters is None:
        folder = Path(chosen.words[0]) / OUT
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"“{folder}” cannot be made a folder ({error.strerror}).", "Choose another.") from error
    return folder


def named_weights(told: Sequence[str]) -> dict[str, Path]:
    """Return files of weights by method, of `NAME=FILE` or `FILE` (compact).

    Raises:
        UserError: a method is given twice.
    """
    from paic3d_studio.benchmark.methods import METHODS
    from paic3d_studio.errors import UserError

    found: dict[str, Path] = {}
    for text in told:
        name, equals, path = text.partition("=")
        if not equals or ("/" in name and name not in METHODS):
            name, path = "compact", text
        if name in found:
            raise UserError(f"There are two files of weights for “{name}”.", "Give one.")
        found[name] = Path(path)
    return found
