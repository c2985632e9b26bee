"""Measure the exact still: seconds for views of the bundled example, how far the volume was off, and the upload.

PYTHONPATH=. python tests/bench/bench_still.py [--size W H] [--runs N] [--pictures FOLDER]

With --pictures it also draws each view before and after, in the colours of the field.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch

from paic3d_studio.core.image import encode_png
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.paths import example_picture
from paic3d_studio.session.session import Session
from paic3d_studio.viewport.bake import BakedVolume
from paic3d_studio.viewport.canvas import Canvas
from paic3d_studio.viewport.offscreen import offscreen_context, pixels_of
from paic3d_studio.viewport.orbit import OrbitView
from paic3d_studio.viewport.renderer import VolumeRenderer
from paic3d_studio.viewport.still import ExactStill, FirstSurface, StillRequest, grid_rays

VIEWS: Final = {
    "45 degrees, first distance": OrbitView(45.0),
    "front, near": OrbitView(0.0, distance=0.9),
    "face fills the picture": OrbitView(20.0, distance=0.35),
}


def timed(session: Session, request: StillRequest, *, runs: int) -> tuple[ExactStill, str]:
    """Return a still, and a row of what it cost: wall and processor seconds, and the longest wait between questions."""
    walls, processors, waits = [], [], []
    for _ in range(runs):
        asked = [time.perf_counter()]

        def note(asked: list[float] = asked) -> bool:
            asked.append(time.perf_counter())
            return False

        processor = time.process_time()
        still = session.exact_still(request, monitor=Monitor(cancelled=note))
        walls.append(time.perf_counter() - asked[0])
        processors.append(time.process_time() - processor)
        waits.append(float(np.diff([*asked, time.perf_counter()]).max()))
    medians = (statistics.median(column) for column in (walls, processors))
    return still, " | ".join(f"{value:.2f}" for value in (*medians, max(waits)))


def displacement(volume: BakedVolume, still: ExactStill) -> str:
    """Return how far the volume's surface lay from the field's, along the rays: median and 95th percentile, mm."""
    _, rows = still.request.grid
    rough = FirstSurface(volume).along(*grid_rays(still.request, (0, rows))).reshape(still.texels.shape[:2])
    met = rough > 0
    off = 1000 * np.abs(rough - still.texels[..., 3])[met]
    return f"{met.mean():.0%} | {np.median(off):.2f} | {np.percentile(off, 95):.2f}"


def draw(session: Session, stills: dict[str, ExactStill], folder: Path | None) -> None:
    """Print how long a still takes to the card, and write pictures with and without it."""
    with offscreen_context() as ctx:
        renderer, canvas = VolumeRenderer(ctx), Canvas(ctx)
        renderer.upload(session.pull("fine_volume"))
        for name, still in stills.items():
            canvas.resize(still.request.size)
            for state, shown in (("before", None), ("after", still)):
                began = time.perf_counter()
                renderer.sharpen(shown)
                ctx.finish()
                if shown is not None:
                    print(f"upload of “{name}”: {1000 * (time.perf_counter() - began):.1f} ms")
                if folder is not None:
                    view, size = still.request.view, still.request.size
                    renderer.render(canvas.framebuffer, view, mode="field_colour", size=size)
                    (folder / f"{name}, {state}.png").write_bytes(encode_png(pixels_of(canvas)))


def main() -> None:
    """Print a table of views, and what uploading costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(600, 700))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    session = Session(threads=1)
    session.open(example_picture())
    volume = session.pull("fine_volume")
    print("| view | wall, s | processor, s | longest wait, s | surface | volume off by: median, mm | 95 %, mm |")
    print("|---|---|---|---|---|---|---|")
    stills = {}
    for name, view in VIEWS.items():
        request = StillRequest(view, (options.size[0], options.size[1]))
        stills[name], row = timed(session, request, runs=options.runs)
        print(f"| {name} | {row} | {displacement(volume, stills[name])} |")
    draw(session, stills, options.pictures)


if __name__ == "__main__":
    main()
