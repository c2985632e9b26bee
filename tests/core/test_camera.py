"""Cameras: closed forms, and the published system's own numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from paic3d_studio.core.camera import Camera, camera_to_world, label25, rays


def test_the_front_camera_stands_before_the_face_and_looks_back() -> None:
    pose = camera_to_world(Camera(0, 0))
    assert np.allclose(pose[:3, 3], (0, 0, 1))
    assert np.allclose(pose[:3, 2], (0, 0, -1))


def test_azimuth_90_sees_the_left_side_and_positive_elevation_the_top() -> None:
    assert np.allclose(camera_to_world(Camera(90, 0, 2.0))[:3, 3], (2, 0, 0))
    assert np.allclose(camera_to_world(Camera(0, 90))[:3, 3], (0, 1, 0), atol=1e-12)


@pytest.mark.parametrize("azimuth", [0, 35, -150, 271.25])
@pytest.mark.parametrize("elevation", [-60, 0, 20])
def test_a_pose_is_a_rotation_at_the_asked_distance(azimuth: float, elevation: float) -> None:
    pose = camera_to_world(Camera(azimuth, elevation, 1.3))
    assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3))
    assert np.isclose(np.linalg.det(pose[:3, :3]), 1)
    assert np.isclose(np.linalg.norm(pose[:3, 3]), 1.3)


def test_central_rays_of_every_camera_pass_through_the_origin() -> None:
    for camera in (Camera(20, 10), Camera(200, -30, 1.4, 20.0), Camera(75, 5, 1.0, None)):
        origins, directions = rays(camera, 5)
        assert np.allclose(origins[2, 2] + directions[2, 2] * camera.distance, 0, atol=1e-6)
        assert np.allclose(np.linalg.norm(directions, axis=-1), 1, atol=1e-6)


def test_the_border_of_a_perspective_picture_spans_the_field_of_view() -> None:
    directions = rays(Camera(0, 0, fov=40.0), 2000).directions
    horizontal = np.degrees(np.arctan2(directions[1000, :, 0], -directions[1000, :, 2]))
    assert np.isclose(horizontal[-1] - horizontal[0], 40, atol=0.05)


def test_orthographic_pixels_lie_where_the_field_frame_puts_them() -> None:
    origins = rays(Camera(0, 0, fov=None), 512).origins
    column, row = 300, 100
    assert np.isclose(256 + 512 * origins[row, column, 0] / 0.7, column + 0.5, atol=1e-3)
    assert np.isclose(256 - 512 * origins[row, column, 1] / 0.7, row + 0.5, atol=1e-3)


@pytest.mark.parametrize(
    ("distance", "fov"), [(0.0, 30.0), (-1.0, 30.0), (1.0, 0.0), (1.0, 180.0), (float("nan"), 30.0)]
)
def test_impossible_cameras_are_refused(distance: float, fov: float) -> None:
    with pytest.raises(ValueError):
        Camera(0, 0, distance, fov)


@pytest.mark.shared
def test_labels_and_rays_equal_the_published_ones(shared: Path, assert_close: Callable[[str, Any, Any], float]) -> None:
    golden = load_file(shared / "golden" / "cameras.safetensors")
    for index, (elevation, azimuth, distance, fov) in enumerate(golden["params_elev_azim_dist_fov"]):
        orthographic = Camera(azimuth, elevation, distance, None)
        camera = Camera(azimuth, elevation, distance, fov) if fov > 0 else orthographic
        assert_close(f"label {index}", label25(camera), golden["labels"][index])
        for found, expected in zip(rays(orthographic, 6), ("origins", "directions"), strict=True):
            name = f"ortho.{index}.{expected}"
            if name in golden:  # the last cameras have none
                assert_close(name, found.transpose(2, 0, 1), golden[name][0])
        if fov > 0:
            for found, expected in zip(rays(camera, 6), ("origins", "directions"), strict=True):
                assert_close(f"persp.{expected} {index}", found.reshape(-1, 3), golden[f"persp.{expected}"][index])
