"""Ray-marches the baked field into a framebuffer that the caller owns."""

from __future__ import annotations

from typing import Any

import moderngl
import numpy as np

from paic3d_studio.core.artefacts import FieldVolume
from paic3d_studio.viewport.bake import CELL, BakedVolume, bake_volume
from paic3d_studio.viewport.canvas import (
    BACKGROUNDS,
    QUALITIES,
    Background,
    Canvas,
    Quality,
    Size,
    reset_state,
    set_uniforms,
    view_uniforms,
)
from paic3d_studio.viewport.orbit import OrbitView
from paic3d_studio.viewport.shading import shader_source, volume_fragment


class VolumeRenderer:
    """Draws one field volume, and the background where there is none.

    Args:
        ctx: the current OpenGL context, 3.3 core or later; the caller keeps it current for every call.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._programs: dict[str, tuple[Any, Any]] = {}
        self._canvas: Canvas | None = None
        self._field: Any = None
        self._occupancy: Any = None
        self._volume: BakedVolume | None = None
        self.skips_empty = True

    @property
    def has_volume(self) -> bool:
        """True once a volume was uploaded."""
        return self._field is not None

    def upload(self, volume: FieldVolume | BakedVolume) -> None:
        """Draw `volume` from now on; the old one is dropped only after the new one is complete."""
        baked = volume if isinstance(volume, BakedVolume) else bake_volume(volume)
        field = self._ctx.texture3d(baked.rgba.shape[2::-1], 4, np.ascontiguousarray(baked.rgba).tobytes())
        field.filter = (moderngl.LINEAR, moderngl.LINEAR)
        occupancy = self._ctx.texture3d(
            baked.occupancy.shape[::-1], 1, np.ascontiguousarray(baked.occupancy).tobytes(), alignment=1
        )
        occupancy.filter = (moderngl.NEAREST, moderngl.NEAREST)
        for texture in (field, occupancy):
            texture.repeat_x = texture.repeat_y = texture.repeat_z = False
        self.drop()
        self._field, self._occupancy, self._volume = field, occupancy, baked

    def render(
        self,
        framebuffer: Any,
        view: OrbitView,
        *,
        mode: str,
        size: Size,
        quality: str = "full",
        background: Background = BACKGROUNDS["studio"],
    ) -> None:
        """Draw the whole picture: at a reduced size where `quality` says so, then enlarged smoothly.

        Args:
            framebuffer: where to draw; its first `size` pixels are covered, with alpha 1.
            view: the camera.
            mode: a key of `SHADING_MODES` that draws the volume.
            size: width and height in pixels of the screen (not in logical pixels).
            quality: a key of `QUALITIES`.
            background: what lies behind.
        """
        chosen = QUALITIES[quality]
        if chosen.divisor == 1:
            self.draw(framebuffer, view, mode=mode, size=size, quality=chosen, background=background)
            return
        if self._canvas is None:
            self._canvas = Canvas(self._ctx)
        small = chosen.reduced(size)
        self._canvas.resize(small)
        self.draw(self._canvas.framebuffer, view, mode=mode, size=small, quality=chosen, background=background)
        self._canvas.present(framebuffer, size)

    def draw(
        self,
        framebuffer: Any,
        view: OrbitView,
        *,
        mode: str,
        size: Size,
        quality: Quality,
        background: Background,
        rows: tuple[int, int] | None = None,
    ) -> None:
        """Draw into the first `size` pixels of `framebuffer`, one ray for each.

        Args:
            mode: a key of `SHADING_MODES` that draws the volume, or "" for the background alone.
            rows: first and last (exclusive) row from the bottom, to draw only a strip; None for all.
        """
        program, triangle = self._program(mode if self.has_volume else "")
        reset_state(self._ctx)
        framebuffer.use()
        self._ctx.viewport = (0, 0, *size)
        if rows is not None:
            self._ctx.scissor = (0, rows[0], size[0], rows[1] - rows[0])
        values = view_uniforms(view, size=size, background=background)
        if self._volume is not None:
            values |= self._volume_uniforms(self._volume, view, quality.stride)
            self._field.use(0)
            self._occupancy.use(1)
        set_uniforms(program, values)
        triangle.render(moderngl.TRIANGLES, vertices=3)
        self._ctx.scissor = None

    def release(self) -> None:
        """Give the graphics card its memory back; the renderer is of no use afterwards."""
        self.drop()
        if self._canvas is not None:
            self._canvas.release()
        for program, triangle in self._programs.values():
            triangle.release()
            program.release()
        self._programs.clear()

    def _volume_uniforms(self, volume: BakedVolume, view: OrbitView, stride: float) -> dict[str, Any]:
        voxels = volume.rgba.shape[0]
        return {
            "field": 0,
            "occupancy": 1,
            "voxels": float(voxels),
            "cell_side": float(CELL),
            "voxel_side": volume.box_side / voxels,
            "stride": stride,
            "skips_empty": self.skips_empty,
            "lower": tuple(float(c) for c in volume.lower),
            "upper": tuple(float(c) for c in volume.upper),
            "target_depth": view.distance if view.fov is not None else 2.0,
            "box_side": volume.box_side,
        }

    def _program(self, mode: str) -> tuple[Any, Any]:
        """Return program and triangle of `mode`, compiled at its first use; "" is the bare background."""
        if mode not in self._programs:
            fragment = volume_fragment(mode) if mode else shader_source("view.glsl", "background.frag")
            program = self._ctx.program(shader_source("screen.vert"), fragment)
            self._programs[mode] = program, self._ctx.vertex_array(program, [])
        return self._programs[mode]

    def drop(self) -> None:
        """Forget the volume: only the background is drawn."""
        for texture in (self._field, self._occupancy):
            if texture is not None:
                texture.release()
        self._field = self._occupancy = self._volume = None
