"""What a driver compiles is compiled before an artist asks for it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paic3d_studio.core.artefacts import FieldVolume, SurfaceMesh, TexturedMesh
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled
from paic3d_studio.viewport.front import StitchPicture
from paic3d_studio.viewport.offscreen import render_offscreen
from paic3d_studio.viewport.orbit import HOME_VIEW
from paic3d_studio.viewport.rehearsal import rehearse
from paic3d_studio.viewport.shading import SHADING_MODES


def test_after_a_rehearsal_nothing_is_left_to_compile(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[2])
    surroundings = {**os.environ, "PYTHONPATH": root, "MESA_SHADER_CACHE_DIR": str(tmp_path)}

    def compiled(*program: str) -> int:
        subprocess.run([sys.executable, *program], env=surroundings, check=True, timeout=120)
        return sum(file.is_file() for file in tmp_path.rglob("*"))

    rehearsed = compiled("-c", "from paic3d_studio.viewport.rehearsal import rehearse; rehearse()")
    if not rehearsed:
        pytest.skip("this driver keeps nothing that it compiles where it is told to")
    assert compiled(__file__) == rehearsed


def test_a_rehearsal_can_be_stopped() -> None:
    with pytest.raises(Cancelled):
        rehearse(monitor=Monitor(cancelled=lambda: True))


def test_opengl_3_3_is_enough_for_every_mode() -> None:
    program = """
from paic3d_studio.viewport.offscreen import offscreen_context
from paic3d_studio.viewport.rehearsal import rehearse
with offscreen_context() as ctx:
    print(ctx.info["GL_VERSION"])
rehearse()
"""
    surroundings = {**os.environ, "MESA_GL_VERSION_OVERRIDE": "3.3", "MESA_GLSL_VERSION_OVERRIDE": "330"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode == 0 and not done.stdout.startswith("3.3"):
        pytest.skip("this driver does not let itself be held down to 3.3: that takes Mesa")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "nice"), reason="processes step back by nice where there is such a thing")
def test_a_rehearsal_that_steps_back_leaves_the_processor_to_others() -> None:
    program = """
import os
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.errors import Cancelled
from paic3d_studio.viewport.rehearsal import rehearse
try:
    rehearse(steps_back=True, monitor=Monitor(cancelled=lambda: True))
except Cancelled:
    print(os.nice(0))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) == 19


def draw_in_every_mode() -> None:
    rgba = np.zeros((36, 36, 36, 4), np.uint8)
    rgba[9:27, 9:27, 9:27] = 200
    corners = np.array([[-0.1, -0.1, 0.0], [0.1, -0.1, 0.0], [0.0, 0.1, 0.0]], np.float32)
    surface = SurfaceMesh(corners, np.eye(3, dtype=np.float32), corners[:, :2] + 0.5, np.array([[0, 1, 2]], np.int32))
    contents = {"volume": FieldVolume(rgba), "mesh": TexturedMesh(surface, np.zeros((64, 64, 3), np.uint8))}
    for side in (512, 700):
        picture = StitchPicture(np.full((side, side, 4), 255, np.uint8), np.full((side, side, 2), 255, np.uint8))
        for mode, entry in SHADING_MODES.items():
            for quality in ("full", "third"):
                render_offscreen(contents[entry.draws], [HOME_VIEW], mode=mode, quality=quality, stitch=picture)


if __name__ == "__main__":
    draw_in_every_mode()
