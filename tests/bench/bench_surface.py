"""Measure meshing, texturing and export on an analytic head with strands of hair: processor seconds per step.

PYTHONPATH=. python tests/bench/bench_surface.py [--resolutions 128 192] [--faces 10000 20000] [--textures 1024 2048]
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE, Alignment, DensityLattice
from paic3d_studio.core.monitor import Monitor
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.core.surface import SurfaceOptions, extract_surface
from paic3d_studio.core.texture import TextureOptions, bake_texture
from paic3d_studio.export.glb import glb_bytes


def head(samples: int, *, strands: int = 40) -> DensityLattice:
    """Skull, nose, neck, shoulders and strands, with a density that saturates within two samples."""
    axis = np.linspace(-BOX_SIDE / 2, BOX_SIDE / 2, samples, dtype=np.float32)
    points = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    lot = np.random.default_rng(0)
    parts = [((0, 0, 0), (0.1, 0.13, 0.11)), ((0, -0.03, 0.11), (0.015, 0.02, 0.03))]
    parts += [((0, -0.2, -0.01), (0.05, 0.15, 0.05)), ((0, -0.33, 0), (0.3, 0.12, 0.1))]
    for turn, reach in zip(lot.uniform(0, 2 * np.pi, strands), lot.uniform(0.09, 0.13, strands), strict=True):
        place = (reach * np.cos(turn), lot.uniform(-0.1, 0.05), 0.9 * reach * np.sin(turn))
        parts.append((place, (0.008, 0.12, 0.011)))
    distance = np.full((samples,) * 3, -1, dtype=np.float32)
    for centre, radii in parts:
        scaled = [(p - c) / r for p, c, r in zip(points, centre, radii, strict=True)]
        np.maximum(distance, (1 - np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2)) * min(radii), out=distance)
    return DensityLattice(
        (300 / (1 + np.exp(-np.clip(4 * distance / (axis[1] - axis[0]), -60, 60)))).astype(np.float32)
    )


def place(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """A colour that costs nothing: the field's own time is measured elsewhere."""
    return np.clip(points + 0.5, 0, 1).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolutions", type=int, nargs="+", default=[128, 192, 256])
    parser.add_argument("--faces", type=int, nargs="+", default=[10_000, 20_000, 50_000])
    parser.add_argument("--textures", type=int, nargs="+", default=[1024, 2048])
    arguments = parser.parse_args()
    picture = np.full((2000, 2000, 4), 255, dtype=np.uint8)
    portrait = StitchSource(picture, Alignment(np.array([[0.256, 0, 0], [0, 0.256, 0]])))
    print(
        "| samples | faces | clean | surface | simplify | unwrap | "
        + " | ".join(f"bake {t}" for t in arguments.textures),
        end="",
    )
    print(" | GLB | peak MB |\n|" + "---|" * (8 + len(arguments.textures)))
    for resolution in arguments.resolutions:
        lattice = head(resolution)
        for faces in arguments.faces:
            marks: list[float] = []
            monitor = Monitor(lambda _fraction, _text, marks=marks: marks.append(time.process_time()))
            surface = extract_surface(lattice, options=SurfaceOptions(faces=faces), monitor=monitor)
            marks.append(time.process_time())
            for texture in arguments.textures:
                textured = bake_texture(surface, colour_at=place, stitch=portrait, options=TextureOptions(size=texture))
                marks.append(time.process_time())
            glb_bytes(textured)
            marks.append(time.process_time())
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(
                f"| {resolution} | {faces} | " + " | ".join(f"{s:.2f}" for s in np.diff(marks)) + f" | {peak} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
