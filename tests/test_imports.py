"""What starts fast imports little."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"torch", "PySide6", "moderngl", "cv2", "scipy", "skimage", "numpy"}


def loaded_after(code: str) -> set[str]:
    """Run `code` in a fresh interpreter and return the top-level modules it has loaded by then."""
    answer = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in answer.stdout.split()}


def test_the_command_line_loads_nothing_heavy():
    assert not loaded_after("import paic3d_studio.cli") & HEAVY


def test_the_session_loads_neither_torch_nor_qt_nor_opengl():
    assert not loaded_after("import paic3d_studio.session.session") & {"torch", "PySide6", "moderngl"}


def test_help_loads_nothing_heavy():
    for arguments in (["--help"], ["reconstruct", "--help"], ["import-weights", "--help"]):
        code = f"""
import contextlib, io
from paic3d_studio.cli import main
with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
    main({arguments!r})
assert "usage" in said.getvalue()
"""
        assert not loaded_after(code) & HEAVY


def test_no_commands_help_loads_what_its_work_needs():
    parsers = "from paic3d_studio.cli import COMMANDS; [c.parser().format_help() for c in COMMANDS.values()]"
    assert not loaded_after(parsers) & HEAVY
