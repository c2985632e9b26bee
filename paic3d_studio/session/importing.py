"""Weights from the authors' files, without a window: what the command line does with `import-weights`."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Final

from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled, UserError
from paic3d_studio.pipeline.import_weights import Imported, import_weights, missing_parts
from paic3d_studio.session.headless import CANCELLED, DONE, TO_MEND, cancel_on_interrupt
from paic3d_studio.session.progress import TerminalProgress

LICENCE_NOTE: Final = "These are research weights of the authors, for non-commercial use; they stay on this machine."


def run_import(arguments: Namespace) -> int:
    """Import the files that the command line names; one that is refused does not stop the others.

    Returns:
        The exit code: 0 all were imported, 2 at least one was refused, 130 cancelled.
    """
    files: list[Path] = arguments.files
    code, imported = DONE, 0
    progress = TerminalProgress(sys.stderr, titles={})
    with cancel_on_interrupt() as cancelled:
        monitor = Monitor(progress.on_progress, cancelled=cancelled)
        for index, file in enumerate(files):
            try:
                found = import_weights(file, monitor=monitor.child(index / len(files), (index + 1) / len(files)))
            except UserError as error:
                code = TO_MEND
                progress.say(f"error: {error}")
            except Cancelled:
                progress.say("Cancelled; no further file was imported.")
                return CANCELLED
            else:
                imported += 1
                progress.clear()
                print(summary(found), flush=True)
    if imported:
        print(LICENCE_NOTE)
        for title, consequence in missing_parts().items():
            print(f"Not imported yet: {title}; {consequence}.")
    return code


def summary(found: Imported) -> str:
    """Return one line on an imported file: what it is, and where it went."""
    return f"{found.source.name}: {found.title}, {found.bytes / 1e6:.1f} MB, now {found.path}"
