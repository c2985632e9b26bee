"""Where a training sample's things are: moves of picture, maps and points together, and the frame of a canvas."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE

HALF: Final = BOX_SIDE / 2

_Places = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]

Frame = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.bool_]]
"""A test of x and y in metres: does the canvas show what is there?"""


@dataclasses.dataclass(frozen=True, eq=False)
class Warp:
    """x' = a(y) s x, z' = a(y) s z, y' = s g(y), then a roll about z and a shift in the picture plane."""

    scale: float
    mirror: float
    heights: NDArray[np.float64]
    moved: NDArray[np.float64]
    widths: NDArray[np.float64]
    roll: float
    shift: tuple[float, float]
    _sources_of: dict[int, _Places] = dataclasses.field(default_factory=dict, init=False)

    @classmethod
    def random(cls, rng: Generator, *, scale: float, shift: float, roll: float, uneven: float) -> Warp:
        """Draw a warp.

        Args:
            rng: where it comes from.
            scale: standard deviation of the logarithm.
            shift: the same of either shift, metres.
            roll: the same of the roll, degrees.
            uneven: probability that heights and widths change along y.
        """
        heights = np.linspace(-HALF - 0.1, HALF + 0.1, 8)
        strong = rng.random() < uneven
        stretch = np.exp(rng.normal(0, 0.10 if strong else 0, 7))
        moved = np.concatenate([[0], np.cumsum(np.diff(heights) * stretch)])
        moved -= np.interp(-0.03, heights, moved) + 0.03
        widths = np.exp(rng.normal(0, 0.07 if strong else 0, 8))
        return cls(
            scale=float(np.exp(rng.normal(0.0, scale))),
            mirror=float(rng.choice([-1.0, 1.0])),
            heights=heights,
            moved=moved,
            widths=widths,
            roll=float(np.deg2rad(rng.normal(0, roll))),
            shift=(float(rng.normal(0, shift)), float(rng.normal(0, shift))),
        )

    def _width(self, y: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(np.interp(y, self.heights, self.widths) * self.scale, np.float32)

    def points(self, xyz: NDArray[np.float32]) -> NDArray[np.float32]:
        """Move points (n, 3)."""
        width = self._width(xyz[:, 1])
        x = xyz[:, 0] * width * self.mirror
        y = np.interp(xyz[:, 1], self.heights, self.moved) * self.scale
        c, s = np.cos(self.roll), np.sin(self.roll)
        moved = np.stack([c * x - s * y + self.shift[0], s * x + c * y + self.shift[1], xyz[:, 2] * width], 1)
        return np.asarray(moved.astype(np.float32))

    def _sources(self, side: int) -> _Places:
        """Return where each pixel of the moved picture comes from, x and y in metres, and its depth factor."""
        if side not in self._sources_of:
            self._sources_of[side] = self._sources_once(side)
        return self._sources_of[side]

    def _sources_once(self, side: int) -> _Places:
        """Compute `_sources`, which every map of a sample of this side asks for."""
        x, y = pixel_places(side)
        x, y = x - self.shift[0], y - self.shift[1]
        c, s = np.cos(self.roll), np.sin(self.roll)
        x, y = c * x + s * y, -s * x + c * y
        y = np.interp(y / self.scale, self.moved, self.heights).astype(np.float32)
        width = self._width(y)
        return (x / width * self.mirror).astype(np.float32), y, width

    def _remapped(self, image: NDArray[Any], side: int, interpolation: int) -> NDArray[Any]:
        x, y, _ = self._sources(side)
        size = image.shape[0]
        columns, rows = (x / BOX_SIDE + 0.5) * size - 0.5, (0.5 - y / BOX_SIDE) * size - 0.5
        border = np.nan if image.dtype == np.float32 and image.ndim == 2 else 0
        return np.asarray(
            cv2.remap(image, columns, rows, interpolation, borderMode=cv2.BORDER_CONSTANT, borderValue=border)
        )

    def picture(self, rgba: NDArray[np.float32], side: int) -> NDArray[np.float32]:
        """Move a premultiplied picture."""
        return self._remapped(rgba, side, cv2.INTER_LINEAR)

    def labels(self, image: NDArray[Any], side: int) -> NDArray[Any]:
        """Move a map of ids or depths without mixing neighbours."""
        return self._remapped(image, side, cv2.INTER_NEAREST)

    def depth_factor(self, side: int) -> NDArray[np.float32]:
        """Return by what the z of each pixel of the moved picture is multiplied."""
        return self._sources(side)[2]


def everything(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.bool_]:  # noqa: ARG001
    """Keep all."""
    return np.ones(x.shape, bool)


def random_frame(rng: Generator) -> Frame:
    """Return a test of (x, y) that a random frame of the picture passes, as the edge of an artist's canvas does."""
    bottom = rng.uniform(-0.34, -0.12) if rng.random() < 0.8 else -1.0
    side = rng.uniform(0.13, 0.3) if rng.random() < 0.3 else 1.0
    top = rng.uniform(0.08, 0.2) if rng.random() < 0.12 else 1.0
    return lambda x, y: (y > bottom) & (np.abs(x) < side) & (y < top)


def pixel_places(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return x and y in metres of the pixel centres of an aligned picture, rows downwards."""
    steps = ((np.arange(side) + 0.5) / side * 2 - 1) * HALF
    x, y = np.meshgrid(steps, -steps)
    return x.astype(np.float32), y.astype(np.float32)
