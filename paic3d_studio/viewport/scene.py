"""What one viewport shows, and the drawing of its next frame; the window and a test are both hosts of it."""

from __future__ import annotations

import time
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE, FieldVolume, TexturedMesh
from paic3d_studio.viewport.bake import BakedVolume
from paic3d_studio.viewport.canvas import BACKGROUNDS, QUALITIES, Background, Canvas, Quality, Size
from paic3d_studio.viewport.front import NO_PICTURE, StitchPicture
from paic3d_studio.viewport.mesh_renderer import MeshRenderer
from paic3d_studio.viewport.orbit import HOME_VIEW, OrbitView, ScreenPoint
from paic3d_studio.viewport.overlay import PictureOverlay
from paic3d_studio.viewport.picking import bounds_of_volume, surface_point_of_mesh, surface_point_of_volume
from paic3d_studio.viewport.progressive import FramePlan, Progressive
from paic3d_studio.viewport.renderer import VolumeRenderer
from paic3d_studio.viewport.shading import SHADING_MODES
from paic3d_studio.viewport.still import ExactStill, StillRequest


class Scene:
    """Volume, mesh, mode, background and view of one viewport, drawn progressively.

    Everything but `paint` only notes what is wanted. What lives in the graphics card belongs to one context: after a
    context was lost, `attach` another one and the same things are shown again.
    """

    def __init__(self) -> None:
        self._view = HOME_VIEW
        self._mode = "colour"
        self._background = BACKGROUNDS["studio"]
        self._volume: FieldVolume | BakedVolume | None = None
        self._mesh: TexturedMesh | None = None
        self._error: NDArray[np.float32] | None = None
        self._split: float | None = None
        self._slice = 0.0
        self._picture = NO_PICTURE
        self._still: ExactStill | None = None
        self.overlay = 0.0
        """How strongly the picture lies over all that is drawn, 0..1; it is seen from about the front only."""
        self._stale: set[str] = set()
        self._size: Size = (0, 0)
        self._gl: _Drawn | None = None
        self.progressive = Progressive()

    @property
    def view(self) -> OrbitView:
        """The camera."""
        return self._view

    @property
    def mode(self) -> str:
        """The chosen key of `SHADING_MODES`."""
        return self._mode

    @property
    def drawn_mode(self) -> str:
        """The mode that is really drawn: the volume's colours while there is no mesh to draw yet."""
        return "colour" if SHADING_MODES[self._mode].draws == "mesh" and self._mesh is None else self._mode

    @property
    def modes(self) -> tuple[str, str | None]:
        """What is drawn, and what right of the split: None where the view is not split.

        Left is the field, right the mesh, both in what comes nearest to the chosen mode.
        """
        if self._split is None or self._mesh is None or self._volume is None:
            return self.drawn_mode, None
        if SHADING_MODES[self._mode].draws == "mesh":
            return ("clay" if self._mode == "mesh_clay" else "colour"), self._mode
        return self._mode, ("mesh_clay" if self._mode in ("clay", "normals", "depth") else "mesh")

    @property
    def split(self) -> float | None:
        """Share of the width that shows the field, the mesh stands right of it; None where the view is whole."""
        return self._split

    @property
    def has_error(self) -> bool:
        """Whether it is known how far the mesh lies off the field."""
        return self._error is not None

    @property
    def slice_depth(self) -> float:
        """Where the slice of "slices" lies, metres behind the middle of the view."""
        return self._slice

    @property
    def is_empty(self) -> bool:
        """True while there is nothing but background to draw."""
        return self._volume is None and self._mesh is None

    @property
    def volume(self) -> FieldVolume | BakedVolume | None:
        """The volume that is shown."""
        return self._volume

    @property
    def mesh(self) -> TexturedMesh | None:
        """The mesh that is shown in the mesh modes."""
        return self._mesh

    @property
    def still(self) -> ExactStill | None:
        """What sharpens the picture that is shown; None where nothing does."""
        return self._still

    @property
    def wanted_still(self) -> StillRequest | None:
        """What would sharpen the picture that is shown; None while it is not complete, or where nothing would."""
        shades = any(mode is not None and SHADING_MODES[mode].shades_surface for mode in self.modes)
        if self._still is not None or self._volume is None or not shades or not self.progressive.is_sharp:
            return None
        return StillRequest(self._view, self._size)

    @property
    def background(self) -> Background:
        """What lies behind the head."""
        return self._background

    @property
    def picture(self) -> StitchPicture:
        """The picture that is stitched."""
        return self._picture

    def set_view(self, view: OrbitView, *, now: float) -> None:
        """Look from `view`."""
        if view != self._view:
            self._view = view
            self._drop_still()
            self.progressive.touched(now)

    def set_mode(self, mode: str, *, now: float) -> None:
        """Shade in `mode`, a key of `SHADING_MODES`."""
        SHADING_MODES[mode]  # an unknown mode is a bug of the caller: KeyError
        self._mode = mode
        self.progressive.touched(now)

    def set_split(self, share: float | None, *, now: float) -> None:
        """Show the field in this share of the width and the mesh right of it; None shows one of them alone."""
        self._split = None if share is None else min(max(share, 0.0), 1.0)
        self.progressive.touched(now)

    def set_slice(self, depth: float, *, now: float) -> None:
        """Put the slice of "slices" `depth` metres behind the middle of the view."""
        self._slice = min(max(depth, -BOX_SIDE / 2), BOX_SIDE / 2)
        self.progressive.touched(now)

    def set_background(self, background: Background, *, now: float) -> None:
        """Draw `background` behind the head."""
        self._background = background
        self.progressive.touched(now)

    def set_volume(self, volume: FieldVolume | BakedVolume | None) -> None:
        """Show `volume`; the picture of the old one stays until the new one is drawn."""
        self._volume = volume
        self._drop_still()
        self._stale.add("volume")
        self.progressive.refreshed()

    def set_mesh(self, mesh: TexturedMesh | None) -> None:
        """Show `mesh` in the mesh modes; the picture of the old one stays until the new one is drawn."""
        self._mesh = mesh
        self._error = None
        self._stale.add("mesh")
        self.progressive.refreshed()

    def set_error(self, error: NDArray[np.float32] | None) -> None:
        """Say how far outside the field's surface each vertex of the mesh lies, metres, (v,)."""
        self._error = error
        self._stale.add("mesh")
        self.progressive.refreshed()

    def set_still(self, still: ExactStill) -> None:
        """Sharpen the picture by `still`, strip by strip; one of another view or size is refused."""
        if still.request == StillRequest(self._view, self._size) and self._volume is not None:
            self._still = still
            self._stale.add("still")
            self.progressive.refreshed()

    def set_picture(self, picture: StitchPicture) -> None:
        """Stitch `picture` onto what the front sees, in the modes that stitch; `NO_PICTURE` takes it away."""
        self._picture = picture
        self._stale.add("picture")
        self.progressive.refreshed()

    def surface_point(self, at: ScreenPoint) -> NDArray[np.float64] | None:
        """Return the point of what is drawn under `at` (field frame, metres, (3,)), None over the background."""
        if SHADING_MODES[self.drawn_mode].draws == "mesh" and self._mesh is not None:
            return surface_point_of_mesh(self._mesh, self._view, at)
        return None if self._volume is None else surface_point_of_volume(self._volume, self._view, at)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the corners of the box that holds what is drawn, field frame, metres; None while there is nothing."""
        if SHADING_MODES[self.drawn_mode].draws == "mesh" and self._mesh is not None:
            vertices = self._mesh.surface.vertices.astype(np.float64)
            return vertices.min(axis=0), vertices.max(axis=0)
        return None if self._volume is None else bounds_of_volume(self._volume)

    def attach(self, ctx: moderngl.Context) -> None:
        """Draw with `ctx` from now on; what an earlier context held is forgotten, not released."""
        self._gl = _Drawn(ctx)
        self.progressive = Progressive()
        self._stale = {"volume", "mesh", "picture", "still"}
        self._size = (0, 0)

    def detach(self) -> None:
        """Release what the current context holds, while it is still current."""
        if self._gl is not None:
            self._gl.release()
        self._gl = None

    def paint(self, framebuffer: Any, size: Size, *, now: float) -> FramePlan:
        """Draw the next frame and show the best picture there is.

        Args:
            framebuffer: the host's own, of this scene's context.
            size: its width and height in pixels.
            now: seconds on any clock that only runs forward.

        Returns:
            What was drawn: how finely, and whether the picture is complete.
        """
        if self._gl is None:
            raise RuntimeError("the scene has no OpenGL context: attach one first")
        if size != self._size:
            self._size = size
            if self._still is not None and self._still.request.size != size:
                self._drop_still()
            self.progressive.touched(now)
        self._gl.upload(self._stale, self._volume, self._mesh, self._picture, self._error, self._still)
        self._stale = set()
        plan = self.progressive.plan(now, size)
        if plan.phase != "still":
            started = time.perf_counter()
            self._gl.draw(
                plan,
                self._view,
                modes=self.modes,
                split=self._split or 0.0,
                slice_depth=self._slice,
                size=size,
                background=self._background,
            )
            self.progressive.drew(plan, seconds=time.perf_counter() - started, size=size)
        self._gl.shown.present(framebuffer, size)
        if self.overlay > 0.0:
            self._gl.lay_over(framebuffer, self._view, picture=self._picture, size=size, strength=self.overlay)
        return plan

    def _drop_still(self) -> None:
        """Forget the still: what it was of has changed."""
        if self._still is not None:
            self._still = None
            self._stale.add("still")


class _Drawn:
    """What one scene keeps in the graphics card: renderers, the moving picture, and the sharp one in the making."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._volumes = VolumeRenderer(ctx)
        self._meshes = MeshRenderer(ctx)
        self._moving = Canvas(ctx)
        self._sharp = Canvas(ctx)
        self.shown = self._moving
        self._overlay = PictureOverlay(ctx)
        self._laid: StitchPicture | None = None

    def upload(
        self,
        stale: set[str],
        volume: FieldVolume | BakedVolume | None,
        mesh: TexturedMesh | None,
        picture: StitchPicture,
        error: NDArray[np.float32] | None,
        still: ExactStill | None,
    ) -> None:
        """Bring what is new to the card."""
        if "volume" in stale:
            if volume is None:
                self._volumes.drop()
            else:
                self._volumes.upload(volume)
        if "picture" in stale:
            self._volumes.stitch(picture)
        if "still" in stale:
            self._volumes.sharpen(still)
        if "mesh" in stale:
            if mesh is None:
                self._meshes.drop()
            else:
                self._meshes.upload(mesh, error=error)

    def draw(
        self,
        plan: FramePlan,
        view: OrbitView,
        *,
        modes: tuple[str, str | None],
        split: float,
        slice_depth: float,
        size: Size,
        background: Background,
    ) -> None:
        """Draw the rows of `plan`, and wait until they are done, so that the time they took is known.

        `modes` is what to draw, and what right of `split`, or None where the view is whole.
        """
        canvas = self._moving if plan.phase == "moving" else self._sharp
        quality = QUALITIES[plan.quality]
        small = quality.reduced(size)
        if plan.phase == "settling" and self.shown is self._sharp and plan.rows[0] == 0:
            self._moving, self._sharp = self._sharp, self._moving  # keep showing the old sharp picture
            canvas = self._sharp
        canvas.resize(small)
        self._volumes.slice_depth = slice_depth
        self._draw_one(canvas, view, plan, mode=modes[0], size=small, quality=quality, background=background)
        if modes[1] is not None:
            column = min(small[0] - 1, round(split * small[0]))
            self._draw_one(
                canvas, view, plan, mode=modes[1], size=small, quality=quality, background=background, column=column
            )
        self._ctx.finish()
        if plan.phase == "moving" or plan.completes:
            self.shown = canvas

    def _draw_one(
        self,
        canvas: Canvas,
        view: OrbitView,
        plan: FramePlan,
        *,
        mode: str,
        size: Size,
        quality: Quality,
        background: Background,
        column: int = 0,
    ) -> None:
        """Draw one mode from a column on, over its background."""
        is_mesh = SHADING_MODES[mode].draws == "mesh"
        self._volumes.draw(
            canvas.framebuffer,
            view,
            mode="" if is_mesh else mode,
            size=size,
            quality=quality,
            background=background,
            rows=plan.rows,
            first_column=column,
        )
        if is_mesh and self._meshes.has_mesh:
            self._meshes.draw(canvas.framebuffer, view, mode=mode, size=size, rows=plan.rows, first_column=column)

    def lay_over(
        self, framebuffer: Any, view: OrbitView, *, picture: StitchPicture, size: Size, strength: float
    ) -> None:
        """Blend the picture over what was presented."""
        if picture is not self._laid:
            self._overlay.upload(picture)
            self._laid = picture
        self._overlay.draw(framebuffer, view, size=size, strength=strength)

    def release(self) -> None:
        """Give the graphics card its memory back."""
        for part in (self._volumes, self._meshes, self._moving, self._sharp, self._overlay):
            part.release()
