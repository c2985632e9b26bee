"""Measure what upscaling regains: a drawing made small, stitched in each way, against the texture of the large one.

PYTHONPATH=. python tests/bench/bench_upscaling.py [PICTURE] [--texture 2048] [--network FILE.safetensors ...]

Mesh and visibility are those of the large drawing, so that nothing but the stitched pixels differs. Compared are the
texels that show the picture alone (weight above 0.99), in decibels over sRGB; the last column looks only at the tenth
of them where the large drawing changes most: lines and the borders of patches.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core import mesh
from paic3d_studio.core.artefacts import Alignment, SurfaceMesh
from paic3d_studio.core.monitor import SILENT
from paic3d_studio.core.stitch import FrontPicture, StitchOptions, StitchSource
from paic3d_studio.core.texture import SurfaceTexels
from paic3d_studio.core.upscaling import Upscaling, missing_resolution
from paic3d_studio.nets.upscaling_file import file_sha256
from paic3d_studio.paths import example_picture
from paic3d_studio.pipeline import steps
from paic3d_studio.session.session import Session


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path, nargs="?", default=example_picture())
    parser.add_argument("--texture", type=int, default=2048)
    parser.add_argument("--network", type=Path, nargs="*", default=[])
    chosen = parser.parse_args()
    session = Session()
    project = session.open(chosen.picture)
    surface: SurfaceMesh = session.pull("surface", project)
    large: StitchSource = session.pull("stitch_source", project)
    texels = SurfaceTexels.of(surface, size=chosen.texture)
    area = np.linalg.norm(mesh.face_normals(surface.vertices, surface.faces), axis=1).sum() / 2
    side = float(np.sqrt(area / len(texels.index)))
    truth = Stitched(surface, large, side)
    shown = truth.front.weights(texels.points, texels.normals) > 0.99
    points = texels.points[shown]
    expected = truth.front.colours(points)
    busy = truth.busy(points)
    print(f"{chosen.picture.name}: {large.rgba.shape[1]} x {large.rgba.shape[0]} pixels of it are stitched; a texel is "
          f"{1000 * side:.2f} mm, {len(points)} of {len(texels.index)} show the picture alone")  # fmt: skip
    ways = [Upscaling("none"), Upscaling("smooth")]
    ways += [Upscaling("network", str(file), file_sha256(file)) for file in chosen.network]
    print("| drawing | lacks | upscaling | seconds | PSNR | where it changes most |\n|---|---|---|---|---|---|")
    for factor in (2, 4):
        small = made_small(large, factor)
        lacking = missing_resolution(small, texture_size=chosen.texture)
        for way in ways:
            begun = time.perf_counter()
            source = steps.upscaled(small, way, chosen.texture, SILENT)
            seconds = time.perf_counter() - begun
            found = Stitched(surface, source, side).front.colours(points)
            name = Path(way.file).stem or way.way
            print(f"| 1/{factor} | {lacking:.1f} x | {name} | {seconds:.1f} | {psnr(found, expected):.2f} dB "
                  f"| {psnr(found[busy], expected[busy]):.2f} dB |", flush=True)  # fmt: skip


class Stitched:
    """A picture as the texture takes it."""

    def __init__(self, surface: SurfaceMesh, source: StitchSource | None, side: float) -> None:
        assert source is not None
        self.front = FrontPicture(surface, source, options=StitchOptions(), texel_side=side)

    def busy(self, points: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return the tenth of the points round which the picture changes most, bool (p,)."""
        step = np.float32(0.0005)
        moves = [self.front.colours(points + np.array(move, np.float32) * step) for move in ((1, 0, 0), (0, 1, 0))]
        here = self.front.colours(points)
        change = sum(np.abs(moved - here).sum(axis=1) for moved in moves)
        return np.asarray(change >= np.quantile(change, 0.9))


def made_small(source: StitchSource, factor: int) -> StitchSource:
    """Return the drawing as if it had been made with fewer pixels: each the mean of those it covers."""
    height, width = (side // factor * factor for side in source.rgba.shape[:2])
    picture = source.rgba[:height, :width].astype(np.float32) / 255
    picture[:, :, :3] *= picture[:, :, 3:]
    small = cv2.resize(picture, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    small[:, :, :3] /= np.maximum(small[:, :, 3:], 1e-3)
    matrix = source.alignment.matrix @ np.diag([factor, factor, 1.0])
    return StitchSource(np.round(np.clip(small, 0, 1) * 255).astype(np.uint8), Alignment(matrix=matrix))


def psnr(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Return the peak signal to noise ratio of colours 0..1."""
    return float(-10 * np.log10(np.mean(np.square(found - expected))))


if __name__ == "__main__":
    main()
