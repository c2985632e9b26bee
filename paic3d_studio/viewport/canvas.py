"""What volume and mesh share: the picture they are drawn into, its background, its quality, the camera's uniforms."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import moderngl
import numpy as np

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.viewport.orbit import OrbitView
from paic3d_studio.viewport.shading import shader_source

Colour = tuple[float, float, float]
"""sRGB, 0..1."""

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclasses.dataclass(frozen=True)
class Background:
    """What lies behind the head: a gradient from `top` to `bottom`, and a ground grid of strength `grid` (0: none).

    Where `chequers` is not 0, squares of the two colours take the place of the gradient, so many to the shorter side.
    """

    top: Colour
    bottom: Colour
    grid: float = 0.0
    chequers: float = 0.0


BACKGROUNDS: Final[Mapping[str, Background]] = {
    "studio": Background((0.235, 0.275, 0.325), (0.075, 0.092, 0.115), grid=0.22),
    "plain": Background((0.235, 0.275, 0.325), (0.075, 0.092, 0.115)),
    "grey": Background((0.42, 0.42, 0.43), (0.42, 0.42, 0.43)),
    "white": Background((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    "black": Background((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    "chequers": Background((0.62, 0.62, 0.62), (0.5, 0.5, 0.5), chequers=40.0),
}
"""Name -> background; the first suits the window's dark theme, white is what the networks were trained on."""

BACKGROUND_CHOICES: Final[Mapping[str, str]] = {
    "studio": "Dark gradient",
    "grey": "Grey",
    "white": "White",
    "chequers": "Chequers",
}
"""What the artist chooses from: name -> label."""

GRID: Final = 0.22
"""Strength of the ground grid where it is shown."""

GROUND_SPACING: Final = 0.1
"""Distance between the lines of the ground grid, metres; the ground is the floor of the field's box."""


@dataclasses.dataclass(frozen=True)
class Quality:
    """How finely a picture is drawn: a pixel for `divisor`² of the screen, samples `stride` voxels apart."""

    divisor: int
    stride: float

    def reduced(self, size: Size) -> Size:
        """Return the size to draw at, in pixels."""
        return max(1, -(-size[0] // self.divisor)), max(1, -(-size[1] // self.divisor))


QUALITIES: Final[Mapping[str, Quality]] = {
    "full": Quality(1, 0.66),
    "half": Quality(2, 1.0),
    "third": Quality(3, 1.1),
    "quarter": Quality(4, 1.25),
    "sixth": Quality(6, 1.5),
}
"""From the finest to the coarsest."""


class Canvas:
    """A picture with depth in the graphics card, drawn once and shown as often as needed.

    Args:
        ctx: the current OpenGL context, 3.3 core or later.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self.size: Size = (0, 0)
        self.framebuffer: Any = None
        self._colour: Any = None
        self._depth: Any = None
        self._present = ctx.program(shader_source("screen.vert"), shader_source("present.frag"))
        self._triangle = ctx.vertex_array(self._present, [])

    def resize(self, size: Size) -> None:
        """Hold a picture of `size` pixels; what was drawn is lost when the size changes."""
        if size == self.size:
            return
        self._drop_picture()
        self._colour = self._ctx.texture(size, 4)
        self._colour.repeat_x = self._colour.repeat_y = False
        self._depth = self._ctx.depth_renderbuffer(size)
        self.framebuffer = self._ctx.framebuffer([self._colour], self._depth)
        self.size = size

    def present(self, framebuffer: Any, size: Size) -> None:
        """Show the picture over the first `size` pixels of `framebuffer`, with alpha 1."""
        reset_state(self._ctx)
        framebuffer.use()
        self._ctx.viewport = (0, 0, *size)
        exact = size == self.size
        self._colour.filter = (moderngl.NEAREST,) * 2 if exact else (moderngl.LINEAR,) * 2
        self._colour.use(0)
        set_uniforms(self._present, {"picture": 0})
        self._triangle.render(moderngl.TRIANGLES, vertices=3)

    def release(self) -> None:
        """Give the graphics card its memory back."""
        self._drop_picture()
        self._triangle.release()
        self._present.release()

    def _drop_picture(self) -> None:
        for part in (self.framebuffer, self._colour, self._depth):
            if part is not None:
                part.release()
        self.framebuffer = self._colour = self._depth = None
        self.size = (0, 0)


def reset_state(ctx: moderngl.Context) -> None:
    """Undo what others (Qt above all) left on: blending, depth test, culling, wire frame, scissors, samplers."""
    ctx.enable_only(moderngl.NOTHING)
    ctx.wireframe = False
    ctx.scissor = None
    ctx.clear_samplers()


def strip(size: Size, rows: tuple[int, int] | None, first_column: int) -> tuple[int, int, int, int] | None:
    """Return the scissors (x, y, width, height) of a strip of a picture, None for all of it."""
    if rows is None and first_column == 0:
        return None
    low, high = rows or (0, size[1])
    return first_column, low, size[0] - first_column, high - low


def set_uniforms(program: Any, values: Mapping[str, Any]) -> None:
    """Set those of `values` that the linked program still has (compilers drop what a shader never reads)."""
    for name, value in values.items():
        uniform = program.get(name, None)
        if uniform is not None:
            if isinstance(value, np.ndarray):
                uniform.write(np.ascontiguousarray(value, np.float32).tobytes())
            else:
                uniform.value = value


def view_uniforms(view: OrbitView, *, size: Size, background: Background) -> dict[str, Any]:
    """Return the uniforms of `view.glsl` for a picture of `size` pixels."""
    width, height = size
    side = min(width, height)
    right, up, backward = (tuple(float(c) for c in axis) for axis in view.axes)
    spread = (0.0, view.extent) if view.fov is None else (view.extent / view.distance, 0.0)
    return {
        "half_extent": (width / (2.0 * side), height / (2.0 * side)),
        "eye": tuple(float(c) for c in view.eye),
        "right": right,
        "up": up,
        "backward": backward,
        "spread": spread,
        "top_colour": background.top,
        "bottom_colour": background.bottom,
        "chequers": background.chequers,
        "ground": (-BOX_SIDE / 2, GROUND_SPACING, background.grid),
    }
