"""Eyes, brows and mouth: their lines in the face's plane, and the patches of surface that carry their paint."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from paic3d_studio.datasets.generated.recipe import EyeRecipe, FaceRecipe
from paic3d_studio.datasets.generated.shapes import Array, curve

EYE_TILE = (-0.040, 0.040, -0.034, 0.046)
"""The box of the plane about an eye's centre that its picture shows; x points outwards, metres."""

MOUTH_TILE = (-0.032, 0.032, -0.026, 0.022)
BROW_TILE = (-0.040, 0.040, -0.020, 0.020)


@dataclasses.dataclass(frozen=True)
class EyeLines:
    """The lines of one eye in its own plane: origin in the middle of the opening, x outwards, y up; metres."""

    eye: EyeRecipe

    @cached_property
    def upper(self) -> Array:
        """The edge of the upper lid from the inner to the outer corner, (n, 2)."""
        e = self.eye
        rise = e.height * (1 - e.lower)
        peak = e.width * (e.peak - 0.5)
        lift = 1 - e.lid
        inner, outer = self.corners
        control = [
            inner,
            (inner[0] * 0.80 + peak * 0.20, inner[1] + rise * 0.62 * lift),
            (inner[0] * 0.42 + peak * 0.58, rise * 0.93 * lift + inner[1] * 0.3),
            (peak, rise * lift),
            (outer[0] * 0.50 + peak * 0.50, rise * 0.86 * lift + outer[1] * 0.35),
            (outer[0] * 0.86 + peak * 0.14, outer[1] + rise * 0.40 * lift),
            outer,
        ]
        return curve(control, 40)

    @cached_property
    def lower(self) -> Array:
        """The edge of the lower lid from the inner to the outer corner, (n, 2)."""
        e = self.eye
        drop = e.height * e.lower
        deep = e.width * (e.lower_peak - 0.5)
        inner, outer = self.corners
        control = [
            inner,
            (inner[0] * 0.72 + deep * 0.28, inner[1] - (drop + inner[1]) * 0.55),
            (inner[0] * 0.35 + deep * 0.65, -drop * 0.94),
            (deep, -drop),
            (outer[0] * 0.45 + deep * 0.55, -drop * 0.92),
            (outer[0] * 0.84 + deep * 0.16, outer[1] - (drop + outer[1]) * 0.60),
            outer,
        ]
        return curve(control, 40)

    @property
    def corners(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Inner and outer corner."""
        e = self.eye
        half, low = e.width / 2, -e.height * e.lower * 0.35
        return (-half, low - e.tilt / 2), (half, low + e.tilt / 2)

    @property
    def opening(self) -> Array:
        """The closed outline of the opening, (n, 2)."""
        return np.concatenate([self.upper, self.lower[::-1]])

    def landmarks(self, side: float) -> Array:
        """Return the six points (6, 2) from the picture's left to its right, above and then below, x to the right.

        Args:
            side: -1 for the character's right eye, on the picture's left; 1 for the other one.
        """

        def at(line: Array, share: float) -> Array:
            x = -self.eye.width / 2 + share * self.eye.width
            return np.asarray(line[np.argmin(np.abs(line[:, 0] - x))])

        inner, outer = (np.asarray(c) for c in self.corners)
        points = [outer, at(self.upper, 0.5), inner, at(self.lower, 0.76), at(self.lower, 0.5), at(self.lower, 0.2)]
        if side > 0:
            points = [inner, points[1], outer, points[5], points[4], points[3]]
        return np.stack(points) * [side, 1.0]


@dataclasses.dataclass(frozen=True)
class BrowLines:
    """One brow in the plane about its own middle, x outwards."""

    eye: EyeRecipe

    @cached_property
    def path(self) -> Array:
        """The middle line from the inner to the outer end, (n, 2)."""
        e = self.eye
        half = e.brow_length / 2
        arch = {"flat": 0.001, "angled": 0.004, "worried": 0.003}.get(e.brow, 0.0045)
        tilt = e.brow_tilt
        return curve(
            [
                (-half, -tilt),
                (-half * 0.3, arch * 0.8 - tilt * 0.3),
                (half * 0.35, arch + tilt * 0.35),
                (half, -0.2 * arch + tilt),
            ],
            30,
        )


def brow_centre(face: FaceRecipe, eye: EyeRecipe) -> tuple[float, float]:
    """Where the middle of the left brow lies on the face, metres."""
    return face.eye_x + 0.001, face.eye_y + eye.height * (1 - eye.lower) + eye.brow_gap * 0.72


@dataclasses.dataclass(frozen=True)
class MouthLines:
    """The mouth in the plane about its own middle."""

    eye: EyeRecipe

    @cached_property
    def line(self) -> Array:
        """Where the lips meet, from the picture's left to its right, (n, 2)."""
        half = self.eye.mouth_width / 2
        shapes = {
            "smile": [(-1, 0.16), (-0.55, -0.02), (0, -0.10), (0.55, -0.02), (1, 0.16)],
            "calm": [(-1, 0.0), (-0.5, 0.02), (0, -0.02), (0.5, 0.02), (1, 0.0)],
            "stern": [(-1, -0.12), (-0.5, 0.0), (0, 0.03), (0.5, 0.0), (1, -0.12)],
            "cat": [(-1, 0.14), (-0.6, -0.14), (-0.18, -0.08), (0, 0.10), (0.18, -0.08), (0.6, -0.14), (1, 0.14)],
            "smirk": [(-1, -0.05), (-0.4, -0.06), (0.2, -0.02), (0.7, 0.08), (1, 0.26)],
            "wavy": [(-1, 0.0), (-0.5, 0.1), (0, -0.06), (0.5, 0.1), (1, 0.0)],
        }
        control = np.array(shapes.get(self.eye.mouth, shapes["smile"]), np.float64) * half
        return curve(control, 40)

    @property
    def opened(self) -> float:
        """How far the lower lip hangs under the line, metres; 0 for a closed mouth."""
        return {"open": 0.42, "laugh": 0.62, "small": 0.5, "fang": 0.35}.get(self.eye.mouth, 0.0) * self.eye.mouth_width

    @property
    def lower(self) -> Array:
        """The lower edge of an opened mouth from the picture's left to its right, (n, 2)."""
        line = self.line
        t = np.linspace(-1, 1, len(line))
        drop = self.opened * np.sqrt(np.clip(1 - np.abs(t) ** 2.4, 0, 1))
        return line - np.stack([0 * drop, drop], -1)

    def landmarks(self) -> Array:
        """Return left corner, upper middle, right corner, lower middle as the picture shows them, (4, 2)."""
        line = self.line
        below = min(-self.opened, -0.0035)
        middle = line[len(line) // 2]
        return np.stack([line[0], middle + [0, 0.0012], line[-1], middle + [0, below]])
