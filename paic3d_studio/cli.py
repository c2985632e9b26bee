"""The command line: opens the studio, or makes heads without a window.

Only what `--help` needs is imported at the top; the rest waits until there is work.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from paic3d_studio import __version__
from paic3d_studio.arguments import BATCH_TO_MEND, TERMS, Parser, height_of_cut, number, place_of_face, whole


@dataclasses.dataclass(frozen=True)
class Command:
    """One line of COMMANDS.

    `summary` is what `--help` says of it; `parser` makes its argument parser, and imports nothing slow; `run` does what
    the parsed arguments ask for and returns the exit code.
    """

    summary: str
    parser: Callable[[], argparse.ArgumentParser]
    run: Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code: 0 done, 2 something to mend, 130 cancelled.

    Args:
        argv: what stands behind the program's name; that of this process when None.
    """
    multiprocessing.freeze_support()  # the frozen program starts itself again for meshing
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: a file's name need not be text
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command is not None:
        return command.run(command.parser().parse_args(arguments[1:]))
    parser = studio_parser()
    wanted = parser.parse_args(arguments)
    if wanted.self_test:
        from paic3d_studio.gui.self_test import run as test_itself

        return test_itself()
    pictures = wanted.pictures
    if pictures and not pictures[0].suffix and len(pictures[0].parts) == 1 and not pictures[0].exists():
        parser.error(f"there is no command and no picture named “{pictures[0]}”; commands are {', '.join(COMMANDS)}")
    if has_display():
        from paic3d_studio.gui.app import run

        return run([str(picture) for picture in pictures])
    from paic3d_studio.session.headless import without_display

    return without_display(pictures)


def has_display(environment: os._Environ[str] | dict[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a window can be shown: always on Windows and macOS, elsewhere where a display is announced."""
    if not platform.startswith(("linux", "freebsd")):
        return True
    return any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def studio_parser() -> argparse.ArgumentParser:
    """Return the parser of the plain command."""
    parser = Parser(
        prog="paic3d-studio",
        description="From one portrait of an anime character to a textured 3D head. Without arguments the studio\n"
        "opens on its start page, the first time on the bundled example; without a display the example is\n"
        "reconstructed here, into head.glb and turntable.png.",
        epilog="commands, each with a --help of its own:\n"
        + "\n".join(f"  {name:14} {command.summary}" for name, command in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "pictures", metavar="PICTURE", nargs="*", type=Path, help="a portrait or a project to open in the studio"
    )
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="make the example's head in a temporary folder, and say whether all works",
    )
    parser.add_argument("--version", action="version", version=f"PAiC-3D Studio {__version__}")
    return parser


def reconstruct_parser() -> argparse.ArgumentParser:
    """Return the parser of `reconstruct`."""
    parser = Parser(
        prog="paic3d-studio reconstruct",
        description="Make textured 3D heads of portraits, without a window.",
        epilog="Exit codes: 0 done; 2 something you can mend, said in one sentence; 130 cancelled with Ctrl-C.",
    )
    add = parser.add_argument
    add("pictures", metavar="PICTURE", nargs="+", type=Path, help="a portrait (PNG, JPEG, WebP, BMP, TIFF or GIF), or "
        "a project of the studio (.paic3d), whose edits and options hold where none are given here")  # fmt: skip
    add("-o", "--output", metavar="FILE", type=Path, help="where the head goes; its suffix (.glb, .obj, .vrm, "
        ".usdz, .ply, .stl) decides the format; for several pictures a folder (default: .glb beside)")  # fmt: skip
    add("--turntable", metavar="FILE", type=Path, help="also write the head from all sides: a sheet (.png) or a "
        "picture that turns (.gif) or a film of one turn (.mp4)")  # fmt: skip
    add("--face", metavar="X,Y,X,Y,X,Y", type=place_of_face, help="where the face is when it is not found: middle of "
        "the eye on the left of the picture, of the other eye, and of the mouth, in pixels")  # fmt: skip
    add_method_options(parser)
    parser.add_argument("--json", action="store_true", help="one line of JSON per picture on standard output: stage "
                        "seconds, peak memory, sha256 of the head")  # fmt: skip
    return parser


def batch_parser() -> argparse.ArgumentParser:
    """Return the parser of `batch`."""
    parser = Parser(
        prog="paic3d-studio batch",
        description="Make a head of every picture and project in a folder, each in a process of its own, with a "
        "report. What an earlier run finished is not made again.",
        epilog="Exit codes: 0 all done; 1 to 100 so many heads failed (100: or more); 102 something you can mend "
        "before any is begun, said in one sentence (elsewhere that is 2, which here means two failures); 130 "
        "cancelled with Ctrl-C.",
    )
    parser.code_to_mend = BATCH_TO_MEND  # 2 would be two heads that failed
    parser.add_argument("folder", metavar="IN", type=Path, help="folder of pictures and projects")
    parser.add_argument("output", metavar="OUT", type=Path, help="folder for heads, turntables and report.html")
    parser.add_argument("--format", metavar="SUFFIX", default=".glb", help="format of the heads (default .glb)")
    add_method_options(parser)
    return parser


def add_method_options(parser: argparse.ArgumentParser) -> None:
    """Add the choices of method that `reconstruct` and `batch` share."""
    add = parser.add_argument
    add("--seed", metavar="N", type=whole(0, 2**32 - 1), help="seed of everything random (default 0)")
    add("--backbone", metavar="NAME", help="the reconstruction network: compact, or published once its weights are "
        "imported (default compact)")  # fmt: skip
    add("--infill", metavar="NAME", help="how lines are painted away: network, telea, or published once its weights "
        "are imported (default network)")  # fmt: skip
    add("--faces", metavar="N", type=whole(100, 500_000), help="triangles of the head (default 20000)")
    add("--texture", metavar="N", type=whole(64, 8192), help="side of the texture in pixels (default 2048)")
    add("--upscale", metavar="WAY", help="how a picture that is coarser than the texture is enlarged before its pixels "
        "are stitched: none, smooth, or the safetensors file of a network (default none)")  # fmt: skip
    add("--lattice", metavar="N", type=whole(16, 512), help="samples of the field along each axis (default 192)")
    add("--smoothing", metavar="N", type=number(0, 8), help="how far bumps and wisps are evened out, in samples of the "
        "field (default 0.75)")  # fmt: skip
    add("--floaters", metavar="PERCENT", type=number(0, 100), help="pieces that hang free stay from this share of the "
        "head on (default 1)")  # fmt: skip
    add("--thin-parts", metavar="MM", type=number(0, 100), help="parts thinner than this go (default 0: all stay)")
    add("--symmetry", choices=("off", "mean", "right", "left"), help="make both sides of the shape alike: their mean, "
        "or the mirror image of the character's right or left side (default off)")  # fmt: skip
    add("--cut", metavar="PLACE", type=height_of_cut, help="where the head ends below: neck, collar, shoulders, "
        "nowhere, or a height in millimetres, about -140 at the chin (default collar, -200)")  # fmt: skip
    add("--base", choices=("closed", "open"), help="a flat base at the cut, or none, so that the neck can be joined to "
        "a body (default closed)")  # fmt: skip
    terms = parser.add_argument_group("terms", "what a head in VRM says of itself; the strictest is the default")
    add = terms.add_argument
    add("--title", metavar="NAME", help="what the head is called (default: as the picture)")
    add("--author", metavar="NAME", help="whose it is; a VRM file wants it")
    add("--notice", metavar="TEXT", help="a line on copyright, or on another licence")
    for name, (of_what, choices) in TERMS.items():
        add(f"--{name}", choices=choices, help=of_what)
    stitch = parser.add_mutually_exclusive_group()
    add = stitch.add_argument
    add("--no-stitch", action="store_true", help="the colours of the field everywhere, not the picture's own pixels")
    add("--stitch-line-free", action="store_true", help="stitch the line-free picture instead of the artist's own")


def import_weights_parser() -> argparse.ArgumentParser:
    """Return the parser of `import-weights`."""
    parser = Parser(
        prog="paic3d-studio import-weights",
        description="Import the files that the authors of PAniC-3D released: generator, line removal, tagger, and the "
        "tagger's principal components. Nothing in them is executed. What a file is shows in what it holds.",
        epilog="Exit codes: 0 all imported; 2 a file was refused, said in one sentence; 130 cancelled with Ctrl-C.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a file as the authors published it")
    return parser


def _reconstruct(wanted: argparse.Namespace) -> int:
    from paic3d_studio.session.headless import reconstruct

    return reconstruct(wanted)


def _dataset_parser() -> argparse.ArgumentParser:
    from paic3d_studio.datasets.command import parser

    return parser()


def _dataset(wanted: argparse.Namespace) -> int:
    from paic3d_studio.datasets.command import run

    return run(wanted)


def _train_parser() -> argparse.ArgumentParser:
    from paic3d_studio.training.command import train_parser

    return train_parser()


def _train(wanted: argparse.Namespace) -> int:
    from paic3d_studio.training.command import run_train

    return run_train(wanted)


def _benchmark_parser() -> argparse.ArgumentParser:
    from paic3d_studio.benchmark.command import parser

    return parser()


def _benchmark(wanted: argparse.Namespace) -> int:
    from paic3d_studio.benchmark.command import run

    return run(wanted)


def _batch(wanted: argparse.Namespace) -> int:
    from paic3d_studio.session.batch import run_batch

    return run_batch(wanted)


def _import_weights(wanted: argparse.Namespace) -> int:
    from paic3d_studio.session.importing import run_import

    return run_import(wanted)


COMMANDS: Final[Mapping[str, Command]] = {
    "reconstruct": Command("make a textured head without a window", reconstruct_parser, _reconstruct),
    "dataset": Command("make and look at datasets of characters", _dataset_parser, _dataset),
    "benchmark": Command("judge reconstructions against true characters", _benchmark_parser, _benchmark),
    "train": Command("train a network of the paper on a dataset", _train_parser, _train),
    "batch": Command("make heads of a whole folder, with a report", batch_parser, _batch),
    "import-weights": Command("import the authors' released weights", import_weights_parser, _import_weights),
}
"""What the first argument may be; anything else is a picture to open in the studio."""


if __name__ == "__main__":
    raise SystemExit(main())
