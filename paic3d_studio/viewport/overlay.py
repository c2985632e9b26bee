"""The artist's picture laid over the whole view, to compare the head with it."""

from __future__ import annotations

from typing import Any, Final

import moderngl
import numpy as np

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.viewport.canvas import Size, reset_state, set_uniforms
from paic3d_studio.viewport.front import StitchPicture
from paic3d_studio.viewport.orbit import OrbitView, view_projection
from paic3d_studio.viewport.shading import shader_source

FULL: Final = 0.97
"""Cosine between the view and the front from which on the picture is as strong as was asked for."""

GONE: Final = 0.85
"""Cosine at which it is gone: from the side it would only be in the way."""


class PictureOverlay:
    """Draws a picture on the plane z = 0 of the field frame, fading as the view turns away from the front.

    Args:
        ctx: the current OpenGL context, 3.3 core or later; the caller keeps it current for every call.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._program = ctx.program(shader_source("overlay.vert"), shader_source("overlay.frag"))
        self._square = ctx.vertex_array(self._program, [])
        self._plates: tuple[Any, ...] = ()

    def upload(self, picture: StitchPicture) -> None:
        """Draw `picture` from now on."""
        self._drop()
        plates = []
        for values in (picture.rgba, picture.matte):
            plate = self._ctx.texture(values.shape[1::-1], values.shape[2], values.tobytes(), alignment=1)
            plate.repeat_x = plate.repeat_y = False
            plate.build_mipmaps()
            plate.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            plates.append(plate)
        self._plates = tuple(plates)

    def draw(self, framebuffer: Any, view: OrbitView, *, size: Size, strength: float) -> None:
        """Blend the picture over the first `size` pixels of `framebuffer`, whose alpha stays; `strength` 0..1."""
        shown = strength * float(np.clip((view.axes[2, 2] - GONE) / (FULL - GONE), 0.0, 1.0))
        if shown <= 0.0 or not self._plates:
            return
        reset_state(self._ctx)
        framebuffer.use()
        self._ctx.viewport = (0, 0, *size)
        self._ctx.enable_only(moderngl.BLEND)
        functions: Any = (moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA, moderngl.ZERO, moderngl.ONE)
        self._ctx.blend_func = functions
        for unit, plate in enumerate(self._plates):
            plate.use(unit)
        matrix = view_projection(view, width=size[0], height=size[1])
        values = {"view_projection": matrix.T, "box_side": BOX_SIDE, "picture": 0, "matte": 1, "strength": shown}
        set_uniforms(self._program, values)
        self._square.render(moderngl.TRIANGLE_STRIP, vertices=4)
        reset_state(self._ctx)

    def release(self) -> None:
        """Give the graphics card its memory back."""
        self._drop()
        self._square.release()
        self._program.release()

    def _drop(self) -> None:
        for plate in self._plates:
            plate.release()
        self._plates = ()
