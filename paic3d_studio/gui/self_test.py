"""The program tries itself: a window without a screen, every embedded weight, and the example as a head in a file."""

from __future__ import annotations

import logging
import os
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is loaded: a self-test needs no screen, and shows none

from PySide6.QtWidgets import QApplication

from paic3d_studio import __version__
from paic3d_studio.errors import UserError
from paic3d_studio.gui.main_window import MainWindow
from paic3d_studio.gui.preferences import Preferences
from paic3d_studio.gui.theme import apply_theme
from paic3d_studio.gui.viewport_widget import install_surface_format
from paic3d_studio.paths import example_picture
from paic3d_studio.session.session import Session

_MOST_SECONDS: Final = 600.0
_GLB: Final = b"glTF"


def run() -> int:
    """Load all weights, open the example in a window, wait for its head, and export it to a temporary folder.

    Returns:
        The exit code for the shell: 0 when all of it worked, 1 when a file came out wrong, 2 when something can be
        mended, which is said in one sentence; a bug is raised.
    """
    logging.basicConfig(level=logging.WARNING)
    try:
        return _tested()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2


def _tested() -> int:
    from paic3d_studio.nets.embedded import load_embedded

    began = time.perf_counter()
    sound = list(load_embedded())
    _say(f"{len(sound)} networks loaded ({', '.join(sound)}) after {time.perf_counter() - began:.1f} s")
    install_surface_format()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    apply_theme(app)
    with tempfile.TemporaryDirectory() as folder:
        session = Session()
        window = MainWindow(session, preferences=Preferences(Path(folder) / "studio.json"))
        window.show()
        _say(f"window after {time.perf_counter() - began:.1f} s")
        try:
            _see_example(window)
            _say(f"head after {time.perf_counter() - began:.1f} s")
            target = Path(folder) / "head.glb"
            report = session.export(target)
            content = target.read_bytes()
            lying = sum(Path(path).stat().st_size for path in report.paths)
        finally:
            window.close()
            window.join(seconds=30)
    whole = content[:4] == _GLB and struct.unpack_from("<I", content, 8)[0] == len(content)
    whole = whole and lying == report.bytes_written
    seconds = time.perf_counter() - began
    _say(f"exported {report.faces} triangles, {len(content) / 1e6:.1f} MB, after {seconds:.1f} s")
    _say("everything works" if whole else "the exported file is not whole")
    return 0 if whole else 1


def _see_example(window: MainWindow) -> None:
    """Open the example and let the window live until everything shown is up to date."""
    seen: list[bool] = []
    failures: list[Exception] = []
    window.document.refreshed.connect(lambda: seen.append(True))
    window.document.failed.connect(lambda _, error: failures.append(error))
    window.open_picture(str(example_picture()))
    end = time.monotonic() + _MOST_SECONDS
    while not seen and not failures and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)
    if failures:
        raise failures[0]
    if not seen:
        raise TimeoutError(f"the example was not reconstructed within {_MOST_SECONDS:.0f} s")


def _say(what: str) -> None:
    print(f"PAiC-3D Studio {__version__}: {what}", flush=True)
