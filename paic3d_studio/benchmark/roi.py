"""The region of interest: a rectangle on the front picture, and what it means for other views and for geometry."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE, BOX_SIDE
from paic3d_studio.core.camera import Camera, focal_length
from paic3d_studio.errors import UserError

LEAST_SIDE: Final = 16
"""Pixels of the 512 square below which a side of the rectangle is refused."""

BOX_MARGIN: Final = 0.01
"""Metres from the faces of the box within which nothing counts as geometry: characters are cut open there, meshes
closed."""


@dataclasses.dataclass(frozen=True)
class Region:
    """A rectangle in pixels of the 512 square that the front camera sees, x right and y down; the default is all."""

    left: float = 0.0
    top: float = 0.0
    right: float = float(ALIGNED_SIZE)
    bottom: float = float(ALIGNED_SIZE)

    def __post_init__(self) -> None:
        """Refuse what is no rectangle in the square.

        Raises:
            UserError: it is not one, or it is smaller than 16 pixels.
        """
        bounds = (self.left, self.top, self.right, self.bottom)
        inside = all(0 <= bound <= ALIGNED_SIZE for bound in bounds)  # false for what is no number, too
        if not inside or self.right - self.left < LEAST_SIDE or self.bottom - self.top < LEAST_SIDE:
            raise UserError(
                f"The region of interest {', '.join(f'{bound:g}' for bound in bounds)} is no rectangle of at least "
                f"{LEAST_SIDE} pixels in the {ALIGNED_SIZE} square.",
                "Give left, top, right and bottom in pixels of the front view.",
            )

    @classmethod
    def of(cls, told: Any) -> Region:
        """Return the rectangle that four numbers or a table of them describe.

        Raises:
            UserError: they describe none.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if isinstance(told, Mapping) and set(told) == set(names):
            told = [told[name] for name in names]
        numbers = isinstance(told, (list, tuple)) and all(type(number) in (int, float) for number in told)
        if not numbers or len(told) != len(names):
            raise UserError("A region of interest is not four numbers.", "Give left, top, right and bottom in pixels.")
        return cls(*(float(number) for number in told))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom."""
        return self.left, self.top, self.right, self.bottom

    def front(self, size: int) -> tuple[slice, slice]:
        """Return rows and columns of the rectangle in an orthographic front view of `size` pixels."""
        left, top, right, bottom = (bound * size / ALIGNED_SIZE for bound in self.bounds)
        return _covered(top, bottom, size), _covered(left, right, size)

    def back(self, size: int) -> tuple[slice, slice]:
        """Return rows and columns of the rectangle in an orthographic back view, where left is right."""
        rows, columns = self.front(size)
        return rows, slice(size - columns.stop, size - columns.start)

    def strip(self, camera: Camera, size: int) -> tuple[slice, slice]:
        """Return the rows of any other view: between the heights of the rectangle at the head's axis, all columns.

        A rectangle says nothing about how deep the head is, so a turned view keeps its width.
        """
        scale = size / BOX_SIDE if camera.fov is None else size * focal_length(camera.fov) / camera.distance
        _, _, low, high = self.sides()
        return _covered(size / 2 - high * scale, size / 2 - low * scale, size), slice(0, size)

    def sides(self) -> tuple[float, float, float, float]:
        """Return the prism behind the rectangle in metres: least and largest x, least and largest y."""
        unit = BOX_SIDE / ALIGNED_SIZE
        middle = ALIGNED_SIZE / 2
        return (
            (self.left - middle) * unit,
            (self.right - middle) * unit,
            (middle - self.bottom) * unit,
            (middle - self.top) * unit,
        )

    def holds(self, points: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return which points (..., 3) in metres lie in the prism and not within BOX_MARGIN of the box's faces."""
        x0, x1, y0, y1 = self.sides()
        x, y = points[..., 0], points[..., 1]
        inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        return np.asarray(inside & (np.abs(points) <= BOX_SIDE / 2 - BOX_MARGIN).all(axis=-1))


WHOLE: Final = Region()
"""The whole front view."""


def _covered(start: float, stop: float, size: int) -> slice:
    """Return the pixels between two edges, at least one of them."""
    first = int(np.clip(round(start), 0, size - 1))
    return slice(first, int(np.clip(round(stop), first + 1, size)))
