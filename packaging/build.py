"""Freeze the studio into a folder that starts without Python, and let what came out test itself.

./run package [FOLDER]      the folder is dist/ when none is given
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def frozen(folder: Path) -> Path:
    """Build into `folder`; returns the program."""
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", str(folder)]
        subprocess.run([*command, "--workpath", work, str(HERE / "paic3d-studio.spec")], check=True)
    return folder / "paic3d-studio" / ("paic3d-studio.exe" if sys.platform == "win32" else "paic3d-studio")


def tested(program: Path) -> float:
    """Start the program without a display, and let it make the bundled example's head; returns the seconds it took."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([str(program), "--self-test"], env={**os.environ, "PAIC3D_HOME": home}, check=True, timeout=900)
    return time.perf_counter() - began


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "dist"
    began = time.perf_counter()
    program = frozen(folder.resolve())
    built = time.perf_counter() - began
    size = sum(file.stat().st_size for file in program.parent.rglob("*") if file.is_file() and not file.is_symlink())
    print(f"built in {built:.0f} s: {program.parent}, {size / 1e6:.0f} MB; self-test passed in {tested(program):.0f} s")


if __name__ == "__main__":
    main()
