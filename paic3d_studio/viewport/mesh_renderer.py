"""Draws the textured mesh that will be exported, over a background that is already there."""

from __future__ import annotations

from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.viewport.canvas import Size, reset_state, set_uniforms, strip
from paic3d_studio.viewport.orbit import OrbitView, view_projection
from paic3d_studio.viewport.shading import mesh_fragment, shader_source


class MeshRenderer:
    """Draws one textured mesh with a depth test, both sides of each face.

    Args:
        ctx: the current OpenGL context, 3.3 core or later; the caller keeps it current for every call.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._programs: dict[str, Any] = {}
        self._arrays: dict[str, Any] = {}
        self._corners: Any = None
        self._texture: Any = None

    @property
    def has_mesh(self) -> bool:
        """True once a mesh was uploaded."""
        return self._corners is not None

    def upload(self, mesh: TexturedMesh, *, error: NDArray[np.float32] | None = None) -> None:
        """Draw `mesh` from now on; the old one is dropped only after the new one is complete.

        `error` is how far outside the field's surface each vertex lies, metres, (v,); None counts as 0.
        """
        surface = mesh.surface
        if error is None or len(error) != len(surface.vertices):
            error = np.zeros(len(surface.vertices), np.float32)
        parts = [surface.vertices, surface.normals, surface.uv, error[:, None]]
        columns = np.concatenate(parts, axis=1).astype(np.float32)
        corners = self._ctx.buffer(np.ascontiguousarray(columns[surface.faces.reshape(-1)]).tobytes())
        upright = np.ascontiguousarray(mesh.texture[::-1])  # row 0 of GL is v = 0, the bottom
        texture = self._ctx.texture(upright.shape[1::-1], 3, upright.tobytes(), alignment=1)
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self.drop()
        self._corners, self._texture = corners, texture

    def draw(
        self,
        framebuffer: Any,
        view: OrbitView,
        *,
        mode: str,
        size: Size,
        rows: tuple[int, int] | None = None,
        first_column: int = 0,
    ) -> None:
        """Draw into the first `size` pixels of `framebuffer`, which has a depth buffer; its colours stay behind.

        Args:
            mode: a key of `SHADING_MODES` that draws the mesh.
            rows: first and last (exclusive) row from the bottom, to draw only a strip; None for all.
            first_column: what lies left of it stays as it is.
        """
        array = self._array(mode)
        reset_state(self._ctx)
        framebuffer.use()
        framebuffer.depth_mask = True
        self._ctx.viewport = (0, 0, *size)
        self._ctx.scissor = strip(size, rows, first_column)
        framebuffer.color_mask = (False,) * 4
        framebuffer.clear(depth=1.0)
        framebuffer.color_mask = (True,) * 4
        framebuffer.use()  # a colour mask takes effect at the next use only
        self._ctx.enable_only(moderngl.DEPTH_TEST)
        self._ctx.depth_func = "<"
        self._texture.use(0)
        matrix = view_projection(view, width=size[0], height=size[1])
        values = {"view_projection": matrix.T, "camera_axes": view.axes.T, "surface_texture": 0}
        set_uniforms(self._programs[mode], values)
        array.render(moderngl.TRIANGLES)
        reset_state(self._ctx)

    def drop(self) -> None:
        """Forget the mesh."""
        for part in (*self._arrays.values(), self._corners, self._texture):
            if part is not None:
                part.release()
        self._arrays.clear()
        self._corners = self._texture = None

    def release(self) -> None:
        """Give the graphics card its memory back; the renderer is of no use afterwards."""
        self.drop()
        for program in self._programs.values():
            program.release()
        self._programs.clear()

    def _array(self, mode: str) -> Any:
        """Return the vertex array of `mode`, its shader compiled at its first use."""
        if mode not in self._programs:
            self._programs[mode] = self._ctx.program(shader_source("mesh.vert"), mesh_fragment(mode))
        if mode not in self._arrays:
            program = self._programs[mode]
            parts = [("3f", "vertex", 12), ("3f", "normal", 12), ("2f", "uv", 8), ("1f", "error", 4)]
            read = [(form, name) if name in program else (f"{size}x", "") for form, name, size in parts]
            layout = " ".join(form for form, _ in read)
            names = [name for _, name in read if name]
            self._arrays[mode] = self._ctx.vertex_array(program, [(self._corners, layout, *names)])
        return self._arrays[mode]
