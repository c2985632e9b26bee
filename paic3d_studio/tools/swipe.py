"""The divider between the picture with its lines and the line-free one: how the pointer moves it."""

from __future__ import annotations

from dataclasses import dataclass

from paic3d_studio.core.artefacts import ALIGNED_SIZE
from paic3d_studio.tools.pointer import Touch


@dataclass
class Swipe:
    """A vertical divider at `place`, aligned pixels; grabbed near its line, before any tool sees the pointer.

    It changes what is shown and not the project, so it makes no edits.
    """

    place: float = ALIGNED_SIZE / 2
    _offset: float | None = None

    @property
    def dragged(self) -> bool:
        """Whether the pointer holds the divider."""
        return self._offset is not None

    def is_near(self, touch: Touch) -> bool:
        """Return whether a press here would grab the divider."""
        return abs(touch.x - self.place) <= touch.reach and 0 <= touch.y <= ALIGNED_SIZE

    def press(self, touch: Touch) -> bool:
        """Grab the divider; False when the pointer is not near it."""
        if not self.is_near(touch):
            return False
        self._offset = self.place - touch.x
        return True

    def move(self, touch: Touch) -> None:
        """Drag the divider along; it stays in the square."""
        if self._offset is not None:
            self.place = min(max(touch.x + self._offset, 0.0), float(ALIGNED_SIZE))

    def release(self) -> None:
        """Let go of the divider."""
        self._offset = None
