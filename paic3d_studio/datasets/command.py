"""`./run dataset ...`: one table of what can be done with datasets. Nothing slow is imported before there is work."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from paic3d_studio.arguments import Parser, whole


@dataclass(frozen=True)
class Subcommand:
    """One line of SUBCOMMANDS: `summary` for `--help`, `arguments` adds its own, `run` works and returns the exit code.

    A UserError out of `run` is printed and becomes exit code 2, a Cancelled becomes 130.
    """

    summary: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def parser() -> argparse.ArgumentParser:
    """Return the parser of `dataset`."""
    made = Parser(
        prog="paic3d-studio dataset",
        description="Make and look at datasets: pictures of characters for training and for the benchmark.",
        epilog="Exit codes: 0 done; 2 something you can mend, said in one sentence; 130 stopped with Ctrl-C.",
    )
    lines = made.add_subparsers(dest="subcommand", metavar="WHAT", required=True)
    for name, subcommand in SUBCOMMANDS.items():
        subcommand.arguments(lines.add_parser(name, help=subcommand.summary, description=subcommand.summary))
    return made


def run(chosen: argparse.Namespace) -> int:
    """Do what the parsed arguments ask for, and return the exit code."""
    from paic3d_studio.datasets.terminal import CANCELLED, TO_MEND
    from paic3d_studio.errors import Cancelled, UserError

    try:
        return SUBCOMMANDS[chosen.subcommand].run(chosen)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return TO_MEND
    except Cancelled:
        print("stopped; the same command goes on where it stopped", file=sys.stderr)
        return CANCELLED


def _render_arguments(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("sources", metavar="SOURCE", nargs="+", type=Path, help="VRM or GLB files, or folders of them")
    add("-o", "--output", metavar="FOLDER", type=Path, required=True, help="the dataset; an earlier run goes on in it")
    add("--size", metavar="N", type=whole(8, 4096), default=512, help="side of the pictures in pixels (default 512)")
    add("--seed", metavar="N", type=whole(0, 2**32 - 1), default=0, help="decides the perspective views (default 0)")
    add("--jobs", metavar="N", type=whole(1, 256), default=1, help="processes that render at once (default 1)")
    add("--val", metavar="PATTERN", action="append", default=[], help="characters with such names go to val: '*mia*'")
    add("--test", metavar="PATTERN", action="append", default=[], help="and these to test; may be given several times")
    add("--unfiltered", action="store_true", help="keep characters that the filter would leave out, with its reasons")


def _render(chosen: argparse.Namespace) -> int:
    from paic3d_studio.datasets.render_folder import RenderOptions, jobs_of, render_folder, sources
    from paic3d_studio.datasets.terminal import DONE, TO_MEND, TerminalLine, terminal_monitor

    options = RenderOptions(chosen.size, chosen.seed, chosen.unfiltered)
    splits = {"test": chosen.test, "val": chosen.val}
    jobs = jobs_of(sources(chosen.sources), folder=chosen.output, options=options, splits=splits)  # type: ignore[arg-type]
    line = TerminalLine(sys.stderr)
    with terminal_monitor(line) as monitor:
        outcomes = render_folder(jobs, processes=chosen.jobs, monitor=monitor)
    refused = [outcome for outcome in outcomes if outcome.reasons]
    for outcome in refused:
        line.say(f"left out: {outcome.name}: {'; '.join(outcome.reasons)}")
    known = sum(outcome.known for outcome in outcomes)
    line.say(
        f"{len(outcomes) - len(refused)} characters in {chosen.output}, {len(refused)} left out (report.md says why)"
        + (f"; {known} were known from earlier runs" if known else "")
    )
    return DONE if len(refused) < len(outcomes) else TO_MEND


def _sheet_arguments(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("folder", metavar="FOLDER", type=Path, help="a dataset of renders")
    add("-o", "--output", metavar="FILE", type=Path, required=True, help="PNG to write: a row per character")
    add("--side", metavar="N", type=whole(16, 512), default=128, help="side of each picture in pixels (default 128)")
    add("--most", metavar="N", type=whole(1, 256), default=64, help="at most so many characters (default 64)")


def _sheet(chosen: argparse.Namespace) -> int:
    from paic3d_studio.core.image import encode_png
    from paic3d_studio.datasets.contact_sheet import render_sheet
    from paic3d_studio.datasets.renders import RenderSet
    from paic3d_studio.datasets.terminal import DONE
    from paic3d_studio.errors import UserError
    from paic3d_studio.files import write_files

    if chosen.output.suffix.lower() != ".png":
        raise UserError(f"A sheet is a PNG picture, but “{chosen.output.name}” does not end in .png.", "Let it do so.")
    renders = RenderSet.open(chosen.folder)
    names = renders.names()[: chosen.most]
    if not names:
        raise UserError(f"“{chosen.folder}” holds no characters.", "Render some with “dataset render”.")
    write_files({chosen.output: encode_png(render_sheet(renders, names=names, side=chosen.side))})
    return DONE


def _characters_arguments(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("-o", "--output", metavar="FOLDER", type=Path, required=True, help="where the VRM files go; those there stay")
    add("--count", metavar="N", type=int, default=64, help="how many characters (default 64)")
    add("--seed", metavar="N", type=int, default=0, help="number of the first; N always gives the same (default 0)")
    add("--jobs", metavar="N", type=int, default=1, help="processes that work at once (default 1)")


def _characters(chosen: argparse.Namespace) -> int:
    from paic3d_studio.datasets.generated.generate import LAST_SEED, generate_folder
    from paic3d_studio.datasets.terminal import DONE, TerminalLine, terminal_monitor
    from paic3d_studio.errors import UserError

    if not 1 <= chosen.jobs <= 256:
        raise UserError("--jobs must lie between 1 and 256.")
    if chosen.count < 1 or chosen.seed < 0 or chosen.seed + chosen.count - 1 > LAST_SEED:
        raise UserError(f"--count must be at least 1, and the seeds must lie between 0 and {LAST_SEED}.")
    line = TerminalLine(sys.stderr)
    with terminal_monitor(line) as monitor:
        made = generate_folder(
            chosen.output, count=chosen.count, seed=chosen.seed, processes=chosen.jobs, monitor=monitor
        )
    kept = chosen.count - made
    line.say(f"{made} characters made in {chosen.output}" + (f"; {kept} were there already" if kept else ""))
    return DONE


def _portraits_arguments(made: argparse.ArgumentParser) -> None:
    made.add_argument("folder", metavar="FOLDER", type=Path, help="pictures of your own, searched with its subfolders")
    made.add_argument("-o", "--output", metavar="FOLDER", type=Path, required=True, help="where the portraits go")


def _portraits(chosen: argparse.Namespace) -> int:
    from paic3d_studio.datasets.portrait_folder import pictures_in, place_portraits
    from paic3d_studio.datasets.terminal import DONE, TO_MEND, TerminalLine, terminal_monitor

    files = pictures_in(chosen.folder)
    line = TerminalLine(sys.stderr)
    with terminal_monitor(line) as monitor:
        entries = place_portraits(files, folder=chosen.output, monitor=monitor)
    usable = sum(not entry.reasons for entry in entries)
    line.say(f"{usable} of {len(entries)} pictures are usable; {chosen.output / 'report.html'} shows them all")
    return DONE if usable else TO_MEND


SUBCOMMANDS: Final[Mapping[str, Subcommand]] = {
    "render": Subcommand("Render VRM and GLB characters into a dataset folder.", _render_arguments, _render),
    "characters": Subcommand("Make anime characters by rules, as VRM files.", _characters_arguments, _characters),
    "portraits": Subcommand("Align and judge the portraits among your own pictures.", _portraits_arguments, _portraits),
    "sheet": Subcommand("Show the views of a dataset on one sheet.", _sheet_arguments, _sheet),
}
"""What may follow `dataset`."""
