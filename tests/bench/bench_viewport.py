"""Measure the viewport: milliseconds per frame at each quality, and frames a second while another thread computes.

xvfb-run -a -s "-screen 0 1280x1024x24" env PYTHONPATH=. python tests/bench/bench_viewport.py [--size N] [--voxels N]

A frame counts when it is complete: the card has finished it and Qt has shown it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch
from PySide6.QtWidgets import QApplication

from paic3d_studio.core.artefacts import BOX_SIDE, FieldVolume
from paic3d_studio.gui.viewport_widget import ViewportWidget, install_surface_format
from paic3d_studio.viewport.canvas import QUALITIES, Canvas
from paic3d_studio.viewport.offscreen import offscreen_context
from paic3d_studio.viewport.orbit import HOME_VIEW, turntable
from paic3d_studio.viewport.renderer import VolumeRenderer
from paic3d_studio.viewport.shading import SHADING_MODES


def head(n: int) -> FieldVolume:
    """Head, shoulders, a cap of hair and two hanging strands, opaque with edges one voxel soft."""
    along = ((np.arange(n) + 0.5) / n - 0.5) * BOX_SIDE
    z, y, x = np.meshgrid(along, along, along, indexing="ij")
    parts = [
        ((0.0, -0.02, 0.0), (0.105, 0.13, 0.115), (250, 222, 206)),
        ((0.0, -0.36, -0.02), (0.19, 0.12, 0.10), (60, 60, 80)),
        ((0.0, 0.04, -0.03), (0.135, 0.14, 0.13), (96, 120, 190)),
        ((-0.17, -0.10, -0.04), (0.03, 0.20, 0.03), (96, 120, 190)),
        ((0.17, -0.10, -0.04), (0.03, 0.20, 0.03), (96, 120, 190)),
    ]
    rgba = np.zeros((n, n, n, 4), np.uint8)
    for (cx, cy, cz), (rx, ry, rz), colour in parts:
        outside = np.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2) - 1.0
        opacity = np.clip(0.5 - outside * min(rx, ry, rz) / (BOX_SIDE / n), 0.0, 1.0)
        rgba[opacity > 0, :3] = colour
        rgba[..., 3] = np.maximum(rgba[..., 3], np.rint(255 * opacity))
    return FieldVolume(rgba)


def milliseconds_per_frame(volume: FieldVolume, *, size: int) -> None:
    """Print the median time of a frame for each volume mode and quality."""
    print(f"milliseconds per frame, {size} x {size} pixels, {volume.rgba.shape[0]}^3 voxels")
    with offscreen_context() as ctx:
        renderer, canvas = VolumeRenderer(ctx), Canvas(ctx)
        canvas.resize((size, size))
        started = time.perf_counter()
        renderer.upload(volume)
        ctx.finish()
        print(f"  bake and upload {1000 * (time.perf_counter() - started):.0f}, on {ctx.info['GL_RENDERER']}")
        for mode in (name for name, entry in SHADING_MODES.items() if entry.draws == "volume"):
            medians = []
            for quality in QUALITIES:
                times = []
                for view in turntable(HOME_VIEW, frames=15):
                    started = time.perf_counter()
                    renderer.render(canvas.framebuffer, view, mode=mode, size=(size, size), quality=quality)
                    ctx.finish()
                    times.append(1000 * (time.perf_counter() - started))
                medians.append(f"{quality} {statistics.median(times):.1f}")
            print(f"  {mode:8} {', '.join(medians)}")


@contextmanager
def busy_thread() -> Iterator[None]:
    """Multiply matrices with torch on one core until the block ends."""
    torch.set_num_threads(1)
    ends = threading.Event()

    def compute() -> None:
        a = torch.rand(800, 800)
        while not ends.is_set():
            torch.mm(a, a)

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


def frames_a_second(app: QApplication, widget: ViewportWidget, *, seconds: float) -> None:
    """Turn the head for a while as fast as frames are shown, and print how many there were and how coarse."""
    qualities: list[str] = []
    widget.frame_drawn.connect(lambda _: qualities.append(widget.scene.progressive.quality))
    shown = 0
    intervals = []
    started = last = time.perf_counter()
    while time.perf_counter() - started < seconds:
        drawn = len(qualities)
        widget.set_view(widget.view.turned_by(4.0))
        while len(qualities) == drawn:
            app.processEvents()
        now = time.perf_counter()
        intervals.append(now - last)
        last, shown = now, shown + 1
    counts = {quality: qualities.count(quality) for quality in QUALITIES}
    slowest = 1000 * max(intervals[1:])
    print(f"  {shown / (last - started):.1f} frames a second, slowest {slowest:.0f} ms, drawn {counts}")
    print(f"  sharp {time_to_sharp(app, widget):.0f} ms after the last movement")


def time_to_sharp(app: QApplication, widget: ViewportWidget) -> float:
    """Return how long after a movement the sharp picture is complete, in milliseconds."""
    started = time.perf_counter()
    widget.set_view(widget.view.turned_by(4.0))
    while widget.scene.progressive.phase(time.monotonic()) != "still":
        app.processEvents()
        time.sleep(0.001)
    return 1000 * (time.perf_counter() - started)


def main() -> int:
    """Run both measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=600)
    parser.add_argument("--voxels", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=4.0)
    options = parser.parse_args()
    volume = head(options.voxels)
    with ThreadPoolExecutor(1) as thread:  # one thread cannot hold an EGL context and Qt's GLX one
        thread.submit(milliseconds_per_frame, volume, size=options.size).result()
    install_surface_format()
    app = QApplication(sys.argv[:1])
    widget = ViewportWidget()
    if not widget.has_opengl:
        print(widget.sentence)
        return 1
    widget.resize(options.size, options.size)
    widget.show()
    widget.set_volume(volume)
    for _ in range(50):
        app.processEvents()
        time.sleep(0.01)
    print(f"in the window, {options.size} x {options.size} pixels")
    frames_a_second(app, widget, seconds=options.seconds)
    print("in the window, while another thread computes with torch on one core")
    with busy_thread():
        frames_a_second(app, widget, seconds=options.seconds)
    widget.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
