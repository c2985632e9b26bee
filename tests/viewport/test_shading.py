"""Every entry of the table of shading modes, and a recorded picture of each.

The pictures hold for Mesa's software renderer; set PAIC3D_UPDATE_SNAPSHOTS=1 to record them anew, then look at them.
"""

import os
from pathlib import Path

import cv2
import moderngl
import numpy as np
import pytest

from paic3d_studio.core.artefacts import Alignment, FieldVolume, SurfaceMesh, TexturedMesh
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.paths import resources_folder
from paic3d_studio.viewport.front import StitchPicture, stitch_picture
from paic3d_studio.viewport.offscreen import render_offscreen
from paic3d_studio.viewport.orbit import OrbitView
from paic3d_studio.viewport.shading import SHADING_MODES

SNAPSHOTS = Path(__file__).parent / "snapshots"
VIEW = OrbitView(30.0, 20.0, 1.2)


def two_balls() -> FieldVolume:
    """A white ball with a red one half in front of it: outline, occlusion, colour and curvature in one picture."""
    n = 64
    along = ((np.arange(n) + 0.5) / n - 0.5) * 0.7
    z, y, x = np.meshgrid(along, along, along, indexing="ij")
    rgba = np.zeros((n, n, n, 4), np.uint8)
    for cx, cy, cz, radius, colour in (
        (-0.05, 0.0, 0.0, 0.18, (240, 235, 230)),
        (0.12, -0.08, 0.12, 0.09, (200, 40, 50)),
    ):
        opacity = np.clip(0.5 - (np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) - radius) * n / 0.7, 0, 1)
        rgba[opacity > 0, :3] = colour
        rgba[..., 3] = np.maximum(rgba[..., 3], np.rint(255 * opacity))
    return FieldVolume(rgba)


def drawn_stripes() -> StitchPicture:
    """A picture of green and white stripes that covers the front."""
    rgba = np.full((512, 512, 4), (235, 245, 235, 255), np.uint8)
    rgba[np.arange(512) // 16 % 2 == 0] = 40, 140, 70, 255
    return stitch_picture(StitchSource(rgba, Alignment(np.eye(2, 3))))


def octahedron() -> TexturedMesh:
    """Eight faces with a chequered texture."""
    corners = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32)
    faces = [[a, b, c] for a in (0, 1) for b in (2, 3) for c in (4, 5)]
    upright = [f if np.linalg.det(corners[f]) > 0 else f[::-1] for f in faces]
    vertices = corners[np.ravel(upright)]
    uv = np.tile(np.array([[0, 0], [1, 0], [0.5, 1]], np.float32), (8, 1))
    surface = SurfaceMesh(0.25 * vertices, vertices, uv, np.arange(24, dtype=np.int32).reshape(8, 3))
    chequers = np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((16, 16), int))
    return TexturedMesh(surface, np.where(chequers[..., None], (235, 180, 60), (60, 90, 160)).astype(np.uint8))


@pytest.mark.parametrize("mode", SHADING_MODES)
def test_a_mode_looks_as_recorded(mode: str, ctx: moderngl.Context) -> None:
    if "llvmpipe" not in ctx.info["GL_RENDERER"]:
        pytest.skip(f"recorded on llvmpipe, this is {ctx.info['GL_RENDERER']}")
    content = two_balls() if SHADING_MODES[mode].draws == "volume" else octahedron()
    picture = render_offscreen(content, [VIEW], size=128, mode=mode, stitch=drawn_stripes())[0]
    path = SNAPSHOTS / f"{mode}.png"
    if os.environ.get("PAIC3D_UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        cv2.imwrite(str(path), picture[..., ::-1])
    recorded = cv2.imread(str(path))[..., ::-1].astype(int)
    difference = np.abs(picture - recorded)
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99.5) <= 8


def test_no_two_modes_look_the_same() -> None:
    recorded = [cv2.imread(str(SNAPSHOTS / f"{mode}.png")).astype(int) for mode in SHADING_MODES]
    for i, one in enumerate(recorded):
        for other in recorded[i + 1 :]:
            assert np.abs(one - other).mean() > 2


def test_every_mode_has_its_own_shader_label_and_key() -> None:
    for column in ("shader", "label", "shortcut"):
        values = [getattr(mode, column) for mode in SHADING_MODES.values()]
        assert len(set(values)) == len(values)


def test_no_shader_file_is_left_unused() -> None:
    shared = {
        "background.frag",
        "present.frag",
        "overlay.vert",
        "overlay.frag",
        "march.glsl",
        "mesh.glsl",
        "mesh_corner.glsl",
        "view.glsl",
        "volume.glsl",
        "mesh.vert",
        "screen.vert",
    }
    files = {path.name for path in (resources_folder() / "shaders").iterdir()}
    assert files - shared == {mode.shader for mode in SHADING_MODES.values()}
