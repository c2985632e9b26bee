"""The command `train`: its parser, and which training it starts."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from paic3d_studio.arguments import Parser
from paic3d_studio.errors import Cancelled, UserError

TRAININGS: Final[Mapping[str, str]] = {
    "reconstructor": "paic3d_studio.training.reconstructor_run",
    "infill": "paic3d_studio.training.infill_run",
}
"""What may be trained -> the module whose `run_config` does it; imported only then."""


def train_parser() -> argparse.ArgumentParser:
    """Return the parser of `train`."""
    parser = Parser(
        prog="paic3d-studio train",
        description="Train a network of the paper on a folder of renders, as a configuration file says.",
        epilog="Exit codes: 0 done; 2 something you can mend, said in one sentence; 130 stopped with Ctrl-C (a "
        "checkpoint is written, --resume goes on from it). docs/train.md describes data, configuration and logs.",
    )
    add = parser.add_argument
    add("network", choices=TRAININGS, help="reconstructor: picture to radiance field; infill: line "
        "removal")  # fmt: skip
    add("--config", metavar="FILE", type=Path, required=True, help="TOML; paic3d_studio/training/configs holds some to "
        "start from")  # fmt: skip
    add("--out", metavar="FOLDER", type=Path, help="where checkpoint, weights, log and pictures go (default: as the "
        "configuration says)")  # fmt: skip
    add("--resume", action="store_true", help="go on from the checkpoint in that folder")
    return parser


def run_train(wanted: argparse.Namespace) -> int:
    """Train, and return the exit code."""
    module = importlib.import_module(TRAININGS[wanted.network])
    try:
        module.run_config(wanted.config, out=wanted.out, resume=wanted.resume, say=_say)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Cancelled:
        return 130
    return 0


def _say(line: str) -> None:
    print(line, flush=True)
