"""Pictures without a window: turntables, stills and tests on a headless machine (EGL)."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import FieldVolume, TexturedMesh
from paic3d_studio.core.countdown import Countdown
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.viewport.bake import BakedVolume
from paic3d_studio.viewport.canvas import BACKGROUNDS, QUALITIES, Background, Canvas, Size
from paic3d_studio.viewport.front import NO_PICTURE, StitchPicture
from paic3d_studio.viewport.mesh_renderer import MeshRenderer
from paic3d_studio.viewport.orbit import OrbitView
from paic3d_studio.viewport.renderer import VolumeRenderer

MESH_SAMPLES = 2
"""A mesh is drawn this many times larger each way and averaged down: its edges have no soft rim of their own."""


_BY_EGL: Final = sys.platform.startswith("linux")


def new_offscreen_context() -> moderngl.Context:
    """Return an OpenGL context that needs no display, current in this thread; whoever takes it releases it.

    Raises:
        UserError: this machine offers no OpenGL 3.3.
    """
    settings: dict[str, Any] = {"backend": "egl"} if _BY_EGL else {}
    try:
        return moderngl.create_context(standalone=True, require=330, **settings)
    except Exception as error:  # glcontext raises bare Exception
        raise UserError(
            f"Drawing needs OpenGL 3.3, which this machine does not offer ({error}).",
            "Install a graphics driver, or Mesa's software one (libegl1).",
        ) from error


@contextlib.contextmanager
def offscreen_context() -> Iterator[moderngl.Context]:
    """Yield an OpenGL context that needs no display, and leave the thread as it was; errors as the one above."""
    context = new_offscreen_context()
    try:
        yield context
    finally:
        context.release()
        leave_thread()


def leave_thread() -> None:
    """Let go of this thread's offscreen context, if it holds one: Qt gets no GLX context in it till then."""
    if _BY_EGL:
        _egl_release_thread()()


@functools.cache
def _egl_release_thread() -> Any:
    """Return EGL's function, looked up once: a lookup waits, with Python's lock, for libraries that others open."""
    return ctypes.CDLL("libEGL.so.1").eglReleaseThread


@contextlib.contextmanager
def current(context: moderngl.Context) -> Iterator[None]:
    """Draw with an offscreen `context` for a while, and leave the thread free for others."""
    try:
        with context:
            yield
    finally:
        leave_thread()


def render_offscreen(
    content: FieldVolume | BakedVolume | TexturedMesh,
    views: Sequence[OrbitView],
    *,
    size: int | Size = 512,
    mode: str | None = None,
    quality: str = "full",
    background: Background = BACKGROUNDS["studio"],
    stitch: StitchPicture = NO_PICTURE,
    monitor: Monitor = SILENT,
) -> list[NDArray[np.uint8]]:
    """Draw `content` from each of `views`.

    Args:
        content: a field volume, or a textured mesh.
        views: cameras.
        size: side of the square picture in pixels, or (width, height).
        mode: a key of `SHADING_MODES`; None draws the colours of whatever `content` is.
        quality: a key of `QUALITIES`.
        background: what lies behind.
        stitch: the artist's picture, for the modes that lay it over the volume.
        monitor: progress and cancel, view by view.

    Returns:
        One sRGB uint8 (height, width, 3) for each view, top row first.

    Raises:
        UserError: this machine offers no OpenGL 3.3.
        Cancelled: as `monitor`.
    """
    wide, high = (size, size) if isinstance(size, int) else size

    def draw() -> list[NDArray[np.uint8]]:
        with offscreen_context() as ctx:
            drawn: Iterator[NDArray[np.uint8]]
            if isinstance(content, TexturedMesh):
                drawn = map(_averaged, _mesh_pictures(ctx, content, views, (wide, high), mode or "mesh", background))
            else:
                shown = mode or "colour"
                drawn = _volume_pictures(ctx, content, views, (wide, high), shown, quality, background, stitch)
            pictures: list[NDArray[np.uint8]] = []
            countdown = Countdown(monitor, count=len(views), doing="drawing view")
            for picture in drawn:
                pictures.append(picture)
                countdown.tell(len(pictures))
            return pictures

    # A thread of its own: one thread cannot hold Qt's GLX context and an EGL one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(draw).result()


def pixels_of(canvas: Canvas) -> NDArray[np.uint8]:
    """Return what was drawn on `canvas`, sRGB uint8 (height, width, 3), top row first."""
    width, height = canvas.size
    pixels = np.frombuffer(canvas.framebuffer.read(components=3, alignment=1), np.uint8)
    return np.ascontiguousarray(pixels.reshape(height, width, 3)[::-1])


def _volume_pictures(
    ctx: moderngl.Context,
    volume: FieldVolume | BakedVolume,
    views: Sequence[OrbitView],
    size: Size,
    mode: str,
    quality: str,
    background: Background,
    stitch: StitchPicture,
) -> Iterator[NDArray[np.uint8]]:
    """Yield the volume from each view."""
    renderer, canvas = VolumeRenderer(ctx), Canvas(ctx)
    renderer.upload(volume)
    renderer.stitch(stitch)
    canvas.resize(size)
    for view in views:
        renderer.render(canvas.framebuffer, view, mode=mode, size=size, quality=quality, background=background)
        yield pixels_of(canvas)


def _mesh_pictures(
    ctx: moderngl.Context,
    mesh: TexturedMesh,
    views: Sequence[OrbitView],
    size: Size,
    mode: str,
    background: Background,
) -> Iterator[NDArray[np.uint8]]:
    """Yield the mesh from each view, `MESH_SAMPLES` times larger each way."""
    large = size[0] * MESH_SAMPLES, size[1] * MESH_SAMPLES
    backdrop, meshes, canvas = VolumeRenderer(ctx), MeshRenderer(ctx), Canvas(ctx)
    meshes.upload(mesh)
    canvas.resize(large)
    for view in views:
        backdrop.draw(canvas.framebuffer, view, mode="", size=large, quality=QUALITIES["full"], background=background)
        meshes.draw(canvas.framebuffer, view, mode=mode, size=large)
        yield pixels_of(canvas)


def _averaged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return `picture` reduced by `MESH_SAMPLES` each way, every pixel the mean of its samples."""
    s = MESH_SAMPLES
    height, width, _ = picture.shape
    means = cv2.resize(picture, (width // s, height // s), interpolation=cv2.INTER_AREA)
    return np.asarray(means, dtype=np.uint8)
