"""Everything a viewport draws, drawn once, small and unseen, so that the driver knows it when an artist asks for it.

A driver compiles a shader when it is first drawn with, which holds the window up; OpenGL in software takes up to 0.3 s.
Drivers keep what they compiled on the disk, for every process: so another process may wait for it.
"""

from __future__ import annotations

import itertools
import os
from typing import Final

import moderngl
import numpy as np

from paic3d_studio.core.artefacts import FieldVolume, SurfaceMesh, TexturedMesh
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.viewport.canvas import Canvas
from paic3d_studio.viewport.front import StitchPicture
from paic3d_studio.viewport.offscreen import offscreen_context
from paic3d_studio.viewport.scene import Scene
from paic3d_studio.viewport.shading import SHADING_MODES

_SIDE: Final = 40
"""Of the picture, in pixels."""

_NICEST: Final = 19
_VOXELS: Final = 24
_TEXELS: Final = 16
_PICTURES: Final = (3, 4)
"""Sides of volume, texture and stitched pictures. OpenGL in software compiles anew from a side that is a power of two
to one that is not: a texture's is one, a volume's never, a picture's may be either."""


def rehearse(*, steps_back: bool = False, monitor: Monitor = SILENT) -> None:
    """Draw a small cube and a triangle in every mode, moving and at rest.

    Args:
        steps_back: leave the processor to every other process from now on, where the system knows how.
        monitor: progress and cancel, mode by mode.

    Raises:
        UserError: this machine offers no OpenGL 3.3.
        Cancelled: as `monitor`.
    """
    if steps_back and hasattr(os, "nice"):
        os.nice(_NICEST)
    for done, side in enumerate(_PICTURES):
        part = monitor.child(done / len(_PICTURES), (done + 1) / len(_PICTURES))
        with offscreen_context() as ctx:  # one for each: what a context has drawn with already, it keeps no second time
            _draw_everything(ctx, picture=_picture(side), monitor=part)


def _draw_everything(ctx: moderngl.Context, *, picture: StitchPicture, monitor: Monitor) -> None:
    scene, screen, size = Scene(), Canvas(ctx), (_SIDE, _SIDE)
    scene.set_volume(_cube())
    scene.set_mesh(_triangle())
    scene.set_picture(picture)
    scene.overlay = 0.5
    screen.resize(size)
    scene.attach(ctx)
    clock = itertools.count(0.0, 10.0)  # every look is a rest after the one before
    for done, mode in enumerate(SHADING_MODES):
        monitor.report(done / len(SHADING_MODES))
        scene.set_mode(mode, now=next(clock))
        while not scene.progressive.is_sharp:
            scene.paint(screen.framebuffer, size, now=next(clock))
    scene.detach()
    screen.release()


def _cube() -> FieldVolume:
    rgba = np.zeros((_VOXELS,) * 3 + (4,), np.uint8)
    rgba[6:18, 6:18, 6:18] = 255
    return FieldVolume(rgba)


def _picture(side: int) -> StitchPicture:
    return StitchPicture(np.full((side, side, 4), 255, np.uint8), np.full((side, side, 2), 255, np.uint8))


def _triangle() -> TexturedMesh:
    vertices = np.array([[-0.1, -0.1, 0.0], [0.1, -0.1, 0.0], [0.0, 0.1, 0.0]], np.float32)
    normals = np.tile(np.array([[0.0, 0.0, 1.0]], np.float32), (3, 1))
    uv = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]], np.float32)
    surface = SurfaceMesh(vertices, normals, uv, np.array([[0, 1, 2]], np.int32))
    return TexturedMesh(surface, np.full((_TEXELS, _TEXELS, 3), 128, np.uint8))
