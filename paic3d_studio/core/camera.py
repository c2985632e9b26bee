"""Cameras that circle the head: poses, rays and the labels that the networks take."""

from __future__ import annotations

import dataclasses
import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE

ORTHOGRAPHIC_LABEL_FOV: Final = -1.0
"""The field of view in degrees that stands for "orthographic" in a label (specification, section 1.6)."""


@dataclasses.dataclass(frozen=True)
class Camera:
    """A camera that looks at the origin of the field frame.

    `azimuth` in degrees: 0 sees the face, 90 the character's left side, 180 the back. `elevation` in degrees: positive
    looks down from above. `distance` from the origin in metres. `fov` is the full angle of the square picture in
    degrees; None is orthographic with an extent of 0.7 m.
    """

    azimuth: float
    elevation: float
    distance: float = 1.0
    fov: float | None = 30.0

    def __post_init__(self) -> None:
        if not self.distance > 0:
            raise ValueError(f"camera distance must be positive, not {self.distance}")
        if self.fov is not None and not 0 < self.fov < 180:
            raise ValueError(f"field of view must lie between 0 and 180 degrees, not {self.fov}")


FRONT: Final = Camera(0.0, 0.0, 1.0, None)
BACK: Final = Camera(180.0, 0.0, 1.0, None)
"""Without perspective: FRONT sees what the artist's aligned picture shows, BACK the same from behind."""


class Rays(NamedTuple):
    """One ray per pixel of a square picture, row 0 at the top.

    `origins` in metres and unit `directions`, both float32 (size, size, 3) in the field frame.
    """

    origins: NDArray[np.float32]
    directions: NDArray[np.float32]


def rotation(camera: Camera) -> NDArray[np.float64]:
    """Return the camera's axes as columns, float64 (3, 3): right, up, and back (away from what it looks at)."""
    azimuth, elevation = math.radians(camera.azimuth), math.radians(camera.elevation)
    cos_a, sin_a = math.cos(azimuth), math.sin(azimuth)
    cos_e, sin_e = math.cos(elevation), math.sin(elevation)
    turn = np.array([[cos_a, 0.0, sin_a], [0.0, 1.0, 0.0], [-sin_a, 0.0, cos_a]])
    tilt = np.array([[1.0, 0.0, 0.0], [0.0, cos_e, sin_e], [0.0, -sin_e, cos_e]])
    axes: NDArray[np.float64] = turn @ tilt
    return axes


def camera_to_world(camera: Camera) -> NDArray[np.float64]:
    """Return the pose in OpenCV axes (x right, y down, z forward), float64 (4, 4), camera to field frame, metres."""
    axes = rotation(camera)
    pose = np.eye(4)
    pose[:3, :3] = axes * np.array([1.0, -1.0, -1.0])
    pose[:3, 3] = axes[:, 2] * camera.distance
    return pose


def focal_length(fov: float) -> float:
    """Return the focal length in picture sides for a full angle `fov` in degrees."""
    return 0.5 / math.tan(math.radians(fov) / 2)


def label25(camera: Camera) -> NDArray[np.float32]:
    """Return the 25 numbers that the networks take as a camera: the pose (16), then the intrinsics (9), row by row.

    The intrinsics are in picture sides with the principal point at 0.5. An orthographic camera is written with the
    field of view -1, as in the published data.
    """
    focal = focal_length(ORTHOGRAPHIC_LABEL_FOV if camera.fov is None else camera.fov)
    intrinsics = np.array([[focal, 0.0, 0.5], [0.0, focal, 0.5], [0.0, 0.0, 1.0]])
    return np.concatenate([camera_to_world(camera).ravel(), intrinsics.ravel()]).astype(np.float32)


def rays(camera: Camera, size: int, *, box_side: float = BOX_SIDE) -> Rays:
    """Return the ray through each pixel centre of a square picture.

    Args:
        camera: where the picture is taken from.
        size: side of the picture in pixels.
        box_side: extent of an orthographic picture in metres.
    """
    axes = rotation(camera)
    steps = (np.arange(size) + 0.5) / size - 0.5
    across, down = np.meshgrid(steps, steps)  # (size, size) each, in picture sides from the centre
    if camera.fov is None:
        offsets = np.stack([across * box_side, -down * box_side, np.full_like(across, camera.distance)], axis=-1)
        directions = np.broadcast_to(-axes[:, 2], offsets.shape)
        return Rays((offsets @ axes.T).astype(np.float32), directions.astype(np.float32))
    focal = focal_length(camera.fov)
    local = np.stack([across / focal, -down / focal, np.full_like(across, -1.0)], axis=-1)
    local /= np.linalg.norm(local, axis=-1, keepdims=True)
    origins = np.broadcast_to(axes[:, 2] * camera.distance, local.shape)
    return Rays(origins.astype(np.float32), (local @ axes.T).astype(np.float32))
