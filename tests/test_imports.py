"""What starts fast imports little."""

import subprocess
import sys
import time
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


def test_help_answers_in_under_a_second():
    for arguments in (["--help"], ["reconstruct", "--help"]):
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "paic3d_studio.cli", *arguments], cwd=ROOT, capture_output=True, check=True
        )
        assert time.perf_counter() - begun < 1.0
