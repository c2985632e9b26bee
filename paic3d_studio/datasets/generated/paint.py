"""Painting textures in metres: polygons, strokes and gradients on a canvas that knows what of a plane it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.datasets.generated.recipe import Colour
from paic3d_studio.datasets.generated.shapes import Array, Vector

_SHIFT = 4
_OVER = 2


class Canvas:
    """A picture of the box (x0, x1, y0, y1) of a plane, `width` pixels wide; transparent until something is painted.

    Colours are sRGB 0..1 and keep spreading under transparent pixels, so that no dark fringe shows where a texture is
    filtered.
    """

    def __init__(
        self, box: tuple[float, float, float, float], width: int, *, height: int | None = None, ground: Colour
    ) -> None:
        self.box = box
        self.width = width
        self.height = height or round(width * (box[3] - box[2]) / (box[1] - box[0]))
        self.rgb = np.empty((self.height, self.width, 3), np.float32)
        self.rgb[:] = ground
        self.alpha = np.zeros((self.height, self.width), np.float32)
        xs = box[0] + (np.arange(self.width) + 0.5) / self.width * (box[1] - box[0])
        ys = box[3] - (np.arange(self.height) + 0.5) / self.height * (box[3] - box[2])
        self.x, self.y = (grid.astype(np.float32) for grid in np.meshgrid(xs, ys))

    def pixels(self, points: Array) -> NDArray[np.float64]:
        """Return places (n, 2) of the plane in pixels."""
        u = (points[..., 0] - self.box[0]) / (self.box[1] - self.box[0]) * self.width
        v = (self.box[3] - points[..., 1]) / (self.box[3] - self.box[2]) * self.height
        return np.stack([u, v], -1)

    def polygon(self, *outlines: Array) -> NDArray[np.float32]:
        """Return how much of each pixel lies inside closed outlines (n, 2), 0..1."""
        mask = np.zeros((self.height * _OVER, self.width * _OVER), np.uint8)
        for outline in outlines:
            fixed = np.round((self.pixels(outline) * _OVER - 0.5) * (1 << _SHIFT)).astype(np.int32)
            cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _SHIFT)
        return self._settled(mask)

    def stroke(self, path: Array, widths: Array | Sequence[float] | float) -> NDArray[np.float32]:
        """Return how much of each pixel a stroke along a path (n, 2) covers; `widths` in metres at each point."""
        half = np.broadcast_to(np.asarray(widths, np.float64) / 2, (len(path),))[:, None]
        along = np.gradient(path, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
        side = np.stack([-along[:, 1], along[:, 0]], -1)
        return self.polygon(np.concatenate([path + side * half, (path - side * half)[::-1]]))

    def ellipse(self, centre: Vector, radii: Vector, *, angle: float = 0.0) -> NDArray[np.float32]:
        """Return how much of each pixel lies in an ellipse, turned by `angle` radians."""
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        local = np.stack([radii[0] * np.cos(turn), radii[1] * np.sin(turn)], -1)
        c, s = np.cos(angle), np.sin(angle)
        return self.polygon(local @ np.array([[c, s], [-s, c]]) + np.asarray(centre))

    def glow(self, centre: Vector, radii: Vector) -> NDArray[np.float32]:
        """Return a soft spot, 1 in its middle."""
        falling = ((self.x - centre[0]) / radii[0]) ** 2 + ((self.y - centre[1]) / radii[1]) ** 2
        return np.asarray(np.exp(-falling), np.float32)

    def ramp(self, start: float, end: float, *, axis: str = "y") -> NDArray[np.float32]:
        """Return a smooth step from 0 at `start` to 1 at `end` along an axis of the plane."""
        at = np.clip(((self.y if axis == "y" else self.x) - start) / (end - start), 0, 1)
        return np.asarray(at * at * (3 - 2 * at), np.float32)

    def lay(
        self, mask: NDArray[np.float32] | float, colour: Colour | NDArray[np.float32], *, opacity: float = 1
    ) -> None:
        """Paint a colour over what is there, and make it opaque where the mask is."""
        share = np.broadcast_to(np.asarray(mask, np.float32), self.alpha.shape) * np.float32(opacity)
        where = _window(share)
        share, alpha = share[where], self.alpha[where]
        total = share + alpha * (1 - share)
        blend = np.divide(share, total, out=np.zeros_like(share), where=total > 1e-6)
        self.rgb[where] += (self._paint(colour, where) - self.rgb[where]) * blend[..., None]
        self.alpha[where] = total

    def tint(
        self, mask: NDArray[np.float32] | float, colour: Colour | NDArray[np.float32], *, opacity: float = 1
    ) -> None:
        """Paint a colour over what is there without changing its alpha."""
        share = np.broadcast_to(np.asarray(mask, np.float32), self.alpha.shape) * np.float32(opacity)
        where = _window(share)
        self.rgb[where] += (self._paint(colour, where) - self.rgb[where]) * share[where][..., None]

    def shade(self, mask: NDArray[np.float32] | float, factor: Colour, *, opacity: float = 1) -> None:
        """Multiply what is there by a colour."""
        share = np.broadcast_to(np.asarray(mask, np.float32), self.alpha.shape) * np.float32(opacity)
        where = _window(share)
        self.rgb[where] *= 1 - share[where][..., None] * (1 - np.asarray(factor, np.float32))

    def clip(self, mask: NDArray[np.float32]) -> None:
        """Keep alpha only inside a mask."""
        self.alpha = self.alpha * mask

    def picture(self) -> NDArray[np.uint8]:
        """Return the canvas as uint8 (h, w, 4), straight alpha."""
        return as_picture(np.concatenate([self.rgb, self.alpha[..., None]], -1))

    @staticmethod
    def _paint(colour: Colour | NDArray[np.float32], where: tuple[slice, slice]) -> NDArray[np.float32]:
        paint: NDArray[np.float32] = np.asarray(colour, np.float32)
        return paint if paint.ndim == 1 else paint[where]

    def _settled(self, mask: NDArray[np.uint8]) -> NDArray[np.float32]:
        small = cv2.resize(mask, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return np.asarray(small.astype(np.float32) / 255, np.float32)


def _window(share: NDArray[np.float32]) -> tuple[slice, slice]:
    """Return the rows and columns outside which a mask is 0."""
    rows, columns = np.flatnonzero(share.any(1)), np.flatnonzero(share.any(0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def as_picture(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return colours 0..1, (h, w, 3) or with alpha (h, w, 4), as uint8 (h, w, 4)."""
    if values.shape[-1] == 3:
        values = np.concatenate([values, np.ones((*values.shape[:2], 1))], -1)
    return np.asarray(np.round(np.clip(values, 0, 1) * 255), np.uint8)


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """Return a colour between two, `share` of the second."""
    a, b = np.asarray(first), np.asarray(second)
    red, green, blue = (float(c) for c in np.clip(a + (b - a) * share, 0, 1))
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """Return a colour made lighter or darker."""
    red, green, blue = (float(c) for c in np.clip(np.asarray(colour) * factor, 0, 1))
    return red, green, blue
