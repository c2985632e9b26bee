"""When to draw how finely: coarse while the view moves, sharp after a short rest, nothing while it stands still."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal

from paic3d_studio.viewport.canvas import QUALITIES, Size

Phase = Literal["moving", "settling", "still"]

REST: Final = 0.180
"""Seconds without a movement after which the sharp picture is begun."""

BUDGET: Final = 0.030
"""Seconds that one frame may take while the view moves; the window answers to nothing else meanwhile."""

STRIP_BUDGET: Final = 0.020
"""Seconds that one strip of the sharp picture may take, so that a new drag is never kept waiting."""

FIRST_STRIPS: Final = 8
"""Strips at least that the sharp picture is drawn in while nothing is known of what a whole one costs."""

EASE: Final = 0.65
"""A finer quality is tried again only when it is foreseen to stay within this part of the budget."""

_LEVELS: Final = tuple(QUALITIES)


@dataclasses.dataclass(frozen=True)
class FramePlan:
    """What one paint draws: the whole picture coarsely (moving), a strip of the sharp one (settling), nothing (still).

    `rows` are first and last (exclusive) pixel rows from the bottom, of the reduced size of `quality`.
    """

    phase: Phase
    quality: str
    rows: tuple[int, int]
    completes: bool


class Progressive:
    """The moving, settling, still machine; it knows no clock and no screen, both are told to it.

    Args:
        budget: seconds that one frame may take while the view moves.
        rest: seconds without movement before the sharp picture is begun.
    """

    def __init__(self, *, budget: float = BUDGET, rest: float = REST) -> None:
        self._budget = budget
        self._rest = rest
        self._level = 1
        self._cost: float | None = None  # seconds for one sample of one pixel's ray, on average over a whole picture
        self._strip_cost = 0.0  # the same in the last strip: some show little but background
        self._sharp_seconds = 0.0  # what the strips so far took
        self._touched_at: float | None = None
        self._rows_done = 0
        self._moved = True
        self._sharp = False

    @property
    def quality(self) -> str:
        """The quality that movement is drawn in now."""
        return _LEVELS[self._level]

    @property
    def is_sharp(self) -> bool:
        """Whether the picture that is shown is complete and as sharp as it gets."""
        return self._sharp

    def touched(self, now: float) -> None:
        """The view moved (or the picture's size, or its shading): show it at once, sharpen it after a rest."""
        self._touched_at = now
        self._moved = True
        self._begin_sharp()

    def refreshed(self) -> None:
        """The content changed under a resting view: sharpen straight away, the old picture stays until then."""
        self._begin_sharp()
        self._cost = None
        self._level = max(1, self._level)

    def _begin_sharp(self) -> None:
        """Let the sharp picture begin at its first row."""
        self._sharp = False
        self._rows_done = 0
        self._strip_cost = self._sharp_seconds = 0.0

    def phase(self, now: float) -> Phase:
        """Return what the viewport is doing at `now`."""
        if self._sharp:
            return "still"
        if self._moved or (self._touched_at is not None and now - self._touched_at < self._rest):
            return "moving"
        return "settling"

    def plan(self, now: float, size: Size) -> FramePlan:
        """Return what to draw at `now` on a screen of `size` pixels."""
        phase = self.phase(now)
        if phase == "moving":
            if not self._moved:
                return FramePlan("still", self.quality, (0, 0), completes=False)
            self._choose_level(size)
            _, rows = QUALITIES[self.quality].reduced(size)
            return FramePlan("moving", self.quality, (0, rows), completes=self._level == 0)
        if phase == "settling":
            end = min(size[1], self._rows_done + self._strip_rows(size))
            return FramePlan("settling", "full", (self._rows_done, end), completes=end == size[1])
        return FramePlan("still", "full", (0, 0), completes=False)

    def drew(self, plan: FramePlan, *, seconds: float, size: Size) -> None:
        """Learn from a drawn frame how long it took."""
        if plan.phase == "still":
            return
        share = (plan.rows[1] - plan.rows[0]) / QUALITIES[plan.quality].reduced(size)[1]
        cost = seconds / max(1e-9, share * _samples(_LEVELS.index(plan.quality), size))
        if plan.phase == "moving":
            self._moved = False
            self._learn(cost)
        else:
            self._rows_done = plan.rows[1]
            self._strip_cost = cost
            self._sharp_seconds += seconds
            if plan.completes:
                self._learn(self._sharp_seconds / _samples(0, size))
        self._sharp = plan.completes

    def _learn(self, cost: float) -> None:
        """Reckon with what a whole picture cost; a strip tells too little of one, the lowest of a head nothing."""
        self._cost = cost if self._cost is None else 0.5 * (self._cost + cost)

    def delay(self, now: float) -> float | None:
        """Return in how many seconds the next paint is due, None when nothing is left to draw."""
        if self._sharp:
            return None
        if self._moved or self._touched_at is None:
            return 0.0
        return max(0.0, self._touched_at + self._rest - now)

    def _choose_level(self, size: Size) -> None:
        """Take the finest level foreseen to keep the budget; become finer only with some ease."""
        if self._cost is None:
            return
        for level in range(len(_LEVELS)):
            limit = self._budget if level >= self._level else self._budget * EASE
            if self._cost * _samples(level, size) <= limit or level == len(_LEVELS) - 1:
                self._level = level
                return

    def _strip_rows(self, size: Size) -> int:
        """Return how many rows of the sharp picture fit in one strip.

        A row may cost what one does on average, or did in the last strip, whichever is more.
        """
        most = size[1] if self._cost is not None else max(1, size[1] // FIRST_STRIPS)
        foreseen = max(self._cost or 0.0, self._strip_cost) * _samples(0, size)
        return max(8, min(most, int(size[1] * STRIP_BUDGET / max(1e-9, foreseen))))


def _samples(level: int, size: Size) -> float:
    """Return how much there is to draw at `level`: pixels by samples along a ray."""
    quality = QUALITIES[_LEVELS[level]]
    width, height = quality.reduced(size)
    return width * height / quality.stride
