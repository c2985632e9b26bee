"""Ray-marches the baked field into a framebuffer that the caller owns."""

from __future__ import annotations

import math
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE, FieldVolume
from paic3d_studio.viewport.bake import (
    CELL,
    LOGIT_FLOOR,
    STEEPNESS,
    BakedVolume,
    Haze,
    bake_volume,
    scaled_logit,
)
from paic3d_studio.viewport.canvas import (
    BACKGROUNDS,
    QUALITIES,
    Background,
    Canvas,
    Quality,
    Size,
    reset_state,
    set_uniforms,
    strip,
    view_uniforms,
)
from paic3d_studio.viewport.front import BORDER_REACH, NO_PICTURE, STITCH, StitchPicture
from paic3d_studio.viewport.orbit import OrbitView
from paic3d_studio.viewport.shading import shader_source, volume_fragment
from paic3d_studio.viewport.still import AGREEMENT, ExactStill, StillRequest


class VolumeRenderer:
    """Draws one field volume, and the background where there is none.

    Args:
        ctx: the current OpenGL context, 3.3 core or later; the caller keeps it current for every call.

    `haze` overrides what the volume itself takes for fog; `skips_empty` is off only to prove that skipping is safe.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._programs: dict[str, tuple[Any, Any]] = {}
        self._canvas: Canvas | None = None
        self._field: Any = None
        self._occupancy: Any = None
        self._smoothed: Any = None
        self._front: tuple[Any, Any] | None = None
        self._picture: tuple[Any, Any] | None = None
        self._still: Any = None
        self._still_request: StillRequest | None = None
        self._volume: BakedVolume | None = None
        self.skips_empty = True
        self.haze: Haze | None = None
        self.slice_depth = 0.0
        """Where the slice of "slices" lies, metres behind the middle of the view."""

    @property
    def has_volume(self) -> bool:
        """True once a volume was uploaded."""
        return self._field is not None

    def upload(self, volume: FieldVolume | BakedVolume) -> None:
        """Draw `volume` from now on; the old one is dropped only after the new one is complete."""
        baked = volume if isinstance(volume, BakedVolume) else bake_volume(volume)
        field = self._texture(baked.voxels, moderngl.LINEAR)
        occupancy = self._texture(baked.occupancy, moderngl.NEAREST)
        front = self._plate(baked.front.depth), self._plate(baked.front.facing)
        self.drop()
        self._field, self._occupancy, self._volume, self._front = field, occupancy, baked, front

    def stitch(self, picture: StitchPicture) -> None:
        """Lay `picture` over what the front sees, in the modes that stitch; `NO_PICTURE` takes it away."""
        plates = self._plate(picture.rgba), self._plate(picture.matte)
        plates[0].build_mipmaps()
        plates[0].filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._drop_picture()
        self._picture = plates

    def sharpen(self, still: ExactStill | None) -> None:
        """Take first surfaces from `still` in finest pictures of its view and size; None takes them from the volume."""
        plate = None if still is None else self._plate(still.texels)
        self._drop_still()
        if still is not None:
            self._still, self._still_request = plate, still.request

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
        first_column: int = 0,
    ) -> None:
        """Draw into the first `size` pixels of `framebuffer`, one ray for each.

        Args:
            mode: a key of `SHADING_MODES` that draws the volume, or "" for the background alone.
            rows: first and last (exclusive) row from the bottom, to draw only a strip; None for all.
            first_column: what lies left of it stays as it is.
        """
        program, triangle = self._program(mode if self.has_volume else "")
        reset_state(self._ctx)
        framebuffer.use()
        self._ctx.viewport = (0, 0, *size)
        self._ctx.scissor = strip(size, rows, first_column)
        values = view_uniforms(view, size=size, background=background)
        if self._volume is not None:
            values |= self._volume_uniforms(self._volume, view, quality.stride)
            self._field.use(0)
            self._occupancy.use(1)
            if "smoothed" in program:
                self._slopes(self._volume).use(2)
            if "still" in program:
                request = StillRequest(view, size)
                values["has_still"] = self._bind_still(request, quality)
                values["still_pitch"] = request.grid[0] / size[0], request.grid[1] / size[1]
            if "picture" in program:
                values["picture_detail"] = self._lay_over(view, size)
        set_uniforms(program, values)
        triangle.render(moderngl.TRIANGLES, vertices=3)
        self._ctx.scissor = None

    def release(self) -> None:
        """Give the graphics card its memory back; the renderer is of no use afterwards."""
        self.drop()
        self._drop_picture()
        self._drop_still()
        if self._canvas is not None:
            self._canvas.release()
        for program, triangle in self._programs.values():
            triangle.release()
            program.release()
        self._programs.clear()

    def _volume_uniforms(self, volume: BakedVolume, view: OrbitView, stride: float) -> dict[str, Any]:
        voxels = volume.voxels.shape[0]
        haze = self.haze or volume.haze
        return {
            "field": 0,
            "occupancy": 1,
            "smoothed": 2,
            "front_depth": 3,
            "front_facing": 4,
            "picture": 5,
            "matte": 6,
            "still": 7,
            "agreement": AGREEMENT,
            "border": (BORDER_REACH, STITCH.margin, STITCH.feather),
            "surface": volume.surface,
            "voxels": float(voxels),
            "cell_side": float(CELL),
            "voxel_side": volume.box_side / voxels,
            "stride": stride,
            "logit": (STEEPNESS, LOGIT_FLOOR, 1.0 / (1.0 - 2.0 * LOGIT_FLOOR)),
            "skips_empty": self.skips_empty,
            "haze": (*haze, scaled_logit(haze[0])),
            "lower": tuple(float(c) for c in volume.lower),
            "upper": tuple(float(c) for c in volume.upper),
            "target_depth": view.distance if view.fov is not None else 2.0,
            "box_side": volume.box_side,
            "slice_depth": self.slice_depth,
        }

    def _texture(self, values: NDArray[np.uint8], sampling: int) -> Any:
        """Return a 3D texture of `values` [z, y, x] (with or without channels) that ends at its walls."""
        channels = values.shape[3] if values.ndim == 4 else 1
        texture = self._ctx.texture3d(values.shape[2::-1], channels, np.ascontiguousarray(values), alignment=1)
        texture.filter = (sampling, sampling)
        texture.repeat_x = texture.repeat_y = texture.repeat_z = False
        return texture

    def _plate(self, values: NDArray[np.uint8] | NDArray[np.float32]) -> Any:
        """Return a 2D texture of `values` [y, x] (with or without channels) that repeats its border."""
        channels = values.shape[2] if values.ndim == 3 else 1
        kind = "f4" if values.dtype == np.float32 else "f1"
        size = values.shape[1::-1]
        texture = self._ctx.texture(size, channels, np.ascontiguousarray(values), alignment=1, dtype=kind)
        texture.repeat_x = texture.repeat_y = False
        return texture

    def _lay_over(self, view: OrbitView, size: Size) -> float:
        """Bind what lies over the front view, and return which level of its detail a pixel of `size` sees."""
        if self._picture is None:
            self.stitch(NO_PICTURE)
        assert self._picture is not None
        assert self._front is not None
        for place, plate in enumerate((*self._front, *self._picture), start=3):
            plate.use(place)
        pixel = view.extent / min(size)
        return max(0.0, math.log2(pixel * self._picture[0].width / BOX_SIDE))

    def _bind_still(self, request: StillRequest, quality: Quality) -> bool:
        """Bind the still, and return whether it is of the picture that is asked for."""
        if self._still is None:
            self._still = self._plate(np.zeros((3, 3, 4), np.float32))  # no power of two: see `Settings.volume`
        self._still.use(7)
        return quality == QUALITIES["full"] and request == self._still_request

    def _slopes(self, volume: BakedVolume) -> Any:
        """Return the texture that normals come from, made when a mode first needs it."""
        if self._smoothed is None:
            self._smoothed = self._texture(volume.smoothed, moderngl.LINEAR)
        return self._smoothed

    def _program(self, mode: str) -> tuple[Any, Any]:
        """Return program and triangle of `mode`, compiled at its first use; "" is the bare background."""
        if mode not in self._programs:
            fragment = volume_fragment(mode) if mode else shader_source("view.glsl", "background.frag")
            program = self._ctx.program(shader_source("screen.vert"), fragment)
            self._programs[mode] = program, self._ctx.vertex_array(program, [])
        return self._programs[mode]

    def drop(self) -> None:
        """Forget the volume: only the background is drawn."""
        for texture in (self._field, self._occupancy, self._smoothed, *(self._front or ())):
            if texture is not None:
                texture.release()
        self._field = self._occupancy = self._smoothed = self._volume = self._front = None
        self._drop_still()

    def _drop_still(self) -> None:
        if self._still is not None:
            self._still.release()
        self._still = self._still_request = None

    def _drop_picture(self) -> None:
        for plate in self._picture or ():
            plate.release()
        self._picture = None
