"""What every pointer tool is told, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import Alignment, FeatureHulls
from paic3d_studio.project.state import AlignmentEdit, Point, Project

Edit = Callable[[Project], Project]
"""A change of the project, said from the value it had when the pointer went down."""


@dataclass(frozen=True)
class Touch:
    """Where the pointer is: pixels of the shown picture (x right, y down, pixel centres at +0.5).

    `reach` is how far off, in the same pixels, something may be and still be grabbed; it shrinks as the artist zooms
    in. `erases` is True while the key that turns a brush round is held, or with the back end of a pen. `pressure` of a
    pen is 0..1, and 1 for a mouse.
    """

    x: float
    y: float
    reach: float = 8.0
    erases: bool = False
    pressure: float = 1.0

    @property
    def point(self) -> Point:
        """The place as (x, y)."""
        return (self.x, self.y)


@dataclass(frozen=True)
class Scene:
    """What lies under the pointer.

    `hulls` and `landmarks` (28, 2) as they are shown, in aligned pixels; `locked` are the names of the hulls that are
    passed by; `alignment` says how the square lies in the portrait, `adjustment` what of it the artist did. None
    stands for what is not known yet.
    """

    hulls: FeatureHulls = field(default_factory=lambda: FeatureHulls(polygons={}))
    alignment: Alignment | None = None
    locked: tuple[str, ...] = ()
    adjustment: AlignmentEdit = field(default_factory=AlignmentEdit)
    landmarks: NDArray[np.float64] | None = field(default=None, compare=False)


class Tool(Protocol):
    """A state machine between pointer and project: press, move, release.

    `press` and `move` answer with the edit that shows what the gesture has made so far, or None when there is nothing
    to show. All edits of one gesture start from the same project, so each replaces the one before; together they are
    one step of undo. A tool that answers None to `press` has not taken the pointer.
    """

    def press(self, touch: Touch, *, scene: Scene) -> Edit | None:
        """Start a gesture."""

    def move(self, touch: Touch) -> Edit | None:
        """Go on with the gesture."""

    def release(self, touch: Touch) -> Edit | None:
        """End the gesture; the answer is its last edit."""

    def cancel(self) -> None:
        """Forget the gesture."""
