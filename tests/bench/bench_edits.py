"""Measure what runs while the artist drags: the picture side between a moved hull vertex and the line mask.

./run test tests/bench/bench_edits.py --benchmark-enable
"""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from paic3d_studio.core.alignment import align, warp_portrait
from paic3d_studio.core.artefacts import AlignedPortrait, Alignment, FeatureHulls, Landmarks
from paic3d_studio.core.hulls import detect_hulls, move_vertex
from paic3d_studio.core.image import decode_portrait, read_picture
from paic3d_studio.core.landmarks import landmarks_from_parts
from paic3d_studio.core.lines import LineOptions, Stroke, contour_lines, keep_mask, masked_lines
from paic3d_studio.core.matte import matte_from_alpha
from paic3d_studio.paths import example_picture

Prepared = tuple[AlignedPortrait, Landmarks, Alignment, FeatureHulls]


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    portrait = decode_portrait(read_picture(example_picture()), name="example.png")
    landmarks = landmarks_from_parts(right_eye=(434, 472), left_eye=(586, 472), mouth=(510, 562))
    alignment = align(landmarks)
    aligned = warp_portrait(portrait, matte=matte_from_alpha(portrait), alignment=alignment)
    return aligned, landmarks, alignment, detect_hulls(landmarks, alignment=alignment)


def test_from_moved_vertex_to_line_mask(benchmark: BenchmarkFixture, prepared: Prepared) -> None:
    aligned, landmarks, alignment, hulls = prepared
    lines = contour_lines(aligned, options=LineOptions())
    strokes = tuple(Stroke(((100.0 + i, 80.0), (160.0 + i, 90.0)), 4.0, True) for i in range(20))

    def drag() -> np.ndarray:
        eye = move_vertex(hulls.polygons["right_eye"], index=0, to=(180.0, 180.0))
        moved = FeatureHulls({**hulls.polygons, "right_eye": eye})
        keep = keep_mask(moved, landmarks=landmarks, alignment=alignment)
        return masked_lines(lines, keep=keep, strokes=strokes).mask

    assert benchmark(drag).any()


def test_difference_of_gaussians(benchmark: BenchmarkFixture, prepared: Prepared) -> None:
    assert benchmark(contour_lines, prepared[0], options=LineOptions()).any()
