"""Where the artist looks from: an orbit about a point, turned, shifted and zoomed by pure functions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE

DEGREES_PER_SIDE: Final = 200.0
"""How far a drag over the viewport's shorter side turns the head, in degrees."""

MAX_ELEVATION: Final = 89.0
"""The turntable stops short of the poles, where up would flip; degrees."""

MIN_DISTANCE: Final = 0.2
MAX_DISTANCE: Final = 6.0
"""How near and how far the camera may stand from its target, in metres."""

FILLED_MARGIN: Final = 0.1
"""Room on each side of what fills the view, as a share of it: the part of a bust that is near looks larger."""

NAMED_VIEWS: Final[Mapping[str, tuple[float, float]]] = {
    "front": (0.0, 0.0),
    "left": (90.0, 0.0),
    "back": (180.0, 0.0),
    "right": (-90.0, 0.0),
    "top": (0.0, MAX_ELEVATION),
    "bottom": (0.0, -MAX_ELEVATION),
}
"""Name -> (azimuth, elevation) in degrees; left is the character's left, seen from +x (specification, section 1.6)."""

FIELDS_OF_VIEW: Final = (20.0, 30.0, 45.0, 60.0)
"""Full angles to choose from, in degrees; wider ones show a head as if from nearer."""

ScreenPoint = tuple[float, float]
"""A place or a displacement in the viewport: shorter sides from the centre, x right, y up."""


@dataclasses.dataclass(frozen=True)
class OrbitView:
    """A camera on a sphere about `target`, upright like a turntable.

    The same convention as `core.camera`: azimuth 0 stands at +z and looks along -z, azimuth 90 stands at +x.

    Args:
        azimuth: degrees in [-180, 180), counter-clockwise seen from above.
        elevation: degrees, positive from above, within `MAX_ELEVATION`.
        distance: metres from camera to target; for an orthographic view the zoom, 1 showing `BOX_SIDE` metres.
        target: the point in the middle of the picture, field frame, metres.
        fov: full angle in degrees over the viewport's shorter side; None for an orthographic view.
    """

    azimuth: float = 0.0
    elevation: float = 0.0
    distance: float = 1.3
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fov: float | None = 30.0

    @property
    def axes(self) -> NDArray[np.float64]:
        """Return rows right, up and backward (from target to camera), unit vectors in the field frame, (3, 3)."""
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        sa, ca, se, ce = math.sin(azimuth), math.cos(azimuth), math.sin(elevation), math.cos(elevation)
        return np.array([[ca, 0.0, -sa], [-sa * se, ce, -ca * se], [sa * ce, se, ca * ce]])

    @property
    def eye(self) -> NDArray[np.float64]:
        """Return where the camera stands, field frame, metres; orthographic rays start well outside the box."""
        away = self.distance if self.fov is not None else 2.0
        eye: NDArray[np.float64] = np.asarray(self.target) + away * self.axes[2]
        return eye

    @property
    def extent(self) -> float:
        """Return how many metres at the target the viewport's shorter side shows."""
        if self.fov is None:
            return BOX_SIDE * self.distance
        return 2.0 * self.distance * math.tan(math.radians(self.fov) / 2.0)

    def dragged(self, dx: float, dy: float) -> OrbitView:
        """Turn with the pointer as if the head itself were gripped: to the right turns it to the right.

        Args:
            dx: displacement to the right in shorter sides.
            dy: displacement up in shorter sides.
        """
        azimuth = _wrapped(self.azimuth - dx * DEGREES_PER_SIDE)
        elevation = float(np.clip(self.elevation - dy * DEGREES_PER_SIDE, -MAX_ELEVATION, MAX_ELEVATION))
        return dataclasses.replace(self, azimuth=azimuth, elevation=elevation)

    def panned(self, dx: float, dy: float) -> OrbitView:
        """Shift so that what lies at the target's depth follows the pointer; `dx`, `dy` in shorter sides."""
        right, up, _ = self.axes
        return self.aimed_at(np.asarray(self.target) - (right * dx + up * dy) * self.extent)

    def zoomed(self, factor: float, at: ScreenPoint = (0.0, 0.0)) -> OrbitView:
        """Come nearer by `factor` (below 1) or back off (above 1), keeping what is under `at` in its place."""
        distance = float(np.clip(self.distance * factor, MIN_DISTANCE, MAX_DISTANCE))
        kept = self.extent * (1.0 - distance / self.distance)
        right, up, _ = self.axes
        moved = np.asarray(self.target) + (right * at[0] + up * at[1]) * kept
        return dataclasses.replace(self, distance=distance).aimed_at(moved)

    def aimed_at(self, target: NDArray[np.float64] | tuple[float, float, float]) -> OrbitView:
        """Put `target` (field frame, metres) in the middle; it stays within the box, so the head is never lost."""
        x, y, z = (float(c) for c in np.clip(np.asarray(target), -BOX_SIDE / 2, BOX_SIDE / 2))
        return dataclasses.replace(self, target=(x, y, z))

    def turned_to(self, name: str) -> OrbitView:
        """Look from one of `NAMED_VIEWS`, keeping target and distance."""
        azimuth, elevation = NAMED_VIEWS[name]
        return dataclasses.replace(self, azimuth=_wrapped(azimuth), elevation=elevation)

    def turned_by(self, degrees: float) -> OrbitView:
        """Walk round the head by `degrees`, counter-clockwise seen from above."""
        return dataclasses.replace(self, azimuth=_wrapped(self.azimuth + degrees))

    def opposite_side(self) -> OrbitView:
        """Look from the character's left, or from the right when already there."""
        at_left = abs(self.azimuth - 90.0) < 1e-6 and abs(self.elevation) < 1e-6
        return self.turned_to("right" if at_left else "left")

    def reset(self) -> OrbitView:
        """Return the first view: front, whole head, in the same projection."""
        return dataclasses.replace(HOME_VIEW, fov=self.fov, distance=HOME_VIEW.distance if self.fov else 1.0)

    def toggled_projection(self) -> OrbitView:
        """Change between perspective and orthographic, keeping the size of what lies at the target."""
        if self.fov is None:
            return self.with_fov(HOME_VIEW.fov or 30.0)
        return dataclasses.replace(self, fov=None, distance=self.extent / BOX_SIDE)

    def with_fov(self, fov: float) -> OrbitView:
        """Change to a perspective of `fov` degrees, keeping the size of what lies at the target."""
        distance = self.extent / (2.0 * math.tan(math.radians(fov) / 2.0))
        return dataclasses.replace(self, fov=fov, distance=float(np.clip(distance, MIN_DISTANCE, MAX_DISTANCE)))

    def framed(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> OrbitView:
        """Put a box (corners in the field frame, metres, (3,)) in the middle, as large as it fits from every side."""
        across = float(np.linalg.norm(np.asarray(upper) - np.asarray(lower)))
        middle = (np.asarray(lower) + np.asarray(upper)) / 2.0
        return self.zoomed(across / self.extent).aimed_at(middle)

    def filled_by(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> OrbitView:
        """Put a box (corners as in `framed`) in the middle, as large as it fits from the front."""
        width, height, _ = np.asarray(upper) - np.asarray(lower)
        middle = (np.asarray(lower) + np.asarray(upper)) / 2.0
        return self.zoomed(float(max(width, height)) * (1.0 + 2.0 * FILLED_MARGIN) / self.extent).aimed_at(middle)

    def ray(self, at: ScreenPoint) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return origin (metres) and unit direction of the ray through `at`, field frame, (3,) each."""
        right, up, backward = self.axes
        if self.fov is None:
            return self.eye + (right * at[0] + up * at[1]) * self.extent, -backward
        spread = 2.0 * math.tan(math.radians(self.fov) / 2.0)
        direction = -backward + (right * at[0] + up * at[1]) * spread
        return self.eye, direction / np.linalg.norm(direction)

    def projected(self, point: NDArray[np.float64]) -> ScreenPoint:
        """Return where `point` (field frame, metres, (3,)) appears in the viewport."""
        x, y, z = self.axes @ (np.asarray(point) - self.eye)
        if self.fov is None:
            return float(x / self.extent), float(y / self.extent)
        spread = 2.0 * math.tan(math.radians(self.fov) / 2.0)
        return float(x / (-z * spread)), float(y / (-z * spread))


HOME_VIEW: Final = OrbitView()
"""The view that a fresh head is shown in: from the front, the whole box in the picture."""


def turntable(view: OrbitView, *, frames: int) -> tuple[OrbitView, ...]:
    """Return `frames` views evenly round the head, the first one `view` itself."""
    return tuple(view.turned_by(360.0 * i / frames) for i in range(frames))


def screen_point(x: float, y: float, *, width: float, height: float) -> ScreenPoint:
    """Return the place of pixel (x right, y down) in a viewport of `width` by `height`, in shorter sides."""
    side = max(1.0, min(width, height))
    return (x - width / 2.0) / side, (height / 2.0 - y) / side


def view_projection(view: OrbitView, *, width: int, height: int) -> NDArray[np.float32]:
    """Return the 4x4 matrix from the field frame to clip space for column vectors, float32 (4, 4).

    It agrees with the rays of `OrbitView.ray`, so mesh and volume lie on one another.
    """
    axes, eye = view.axes, view.eye
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = axes
    world_to_camera[:3, 3] = -axes @ eye
    side = min(width, height)
    depth = float(np.dot(eye, axes[2]))
    near, far = max(0.01, depth - BOX_SIDE), max(0.02, depth + BOX_SIDE)
    projection = np.zeros((4, 4))
    if view.fov is None:
        scale = 2.0 / view.extent
        projection[2, 2:] = -2.0 / (far - near), -(far + near) / (far - near)
        projection[3, 3] = 1.0
    else:
        scale = 1.0 / math.tan(math.radians(view.fov) / 2.0)
        projection[2, 2:] = -(far + near) / (far - near), -2.0 * far * near / (far - near)
        projection[3, 2] = -1.0
    projection[0, 0], projection[1, 1] = scale * side / width, scale * side / height
    matrix: NDArray[np.float32] = (projection @ world_to_camera).astype(np.float32)
    return matrix


def _wrapped(azimuth: float) -> float:
    """Return `azimuth` in [-180, 180) degrees."""
    return (azimuth + 180.0) % 360.0 - 180.0
