"""Undo and redo of frozen values; a drag is one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

DEFAULT_LIMIT = 500


class History(Generic[T]):
    """The values a document has had, oldest first, and which of them is shown.

    Values are frozen and compared with `==`: an edit that changes nothing adds no step.

    Args:
        value: the first value; it counts as saved.
        limit: how many steps back are kept.
    """

    def __init__(self, value: T, *, limit: int = DEFAULT_LIMIT) -> None:
        self._past: list[T] = []
        self._future: list[T] = []
        self._value = value
        self._saved = value
        self._drag_start: T | None = None
        self._can_join = False
        self._limit = limit

    @property
    def value(self) -> T:
        """The value shown now; during a drag, what the drag has made of it so far."""
        return self._value

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._past) or self._moved

    @property
    def can_redo(self) -> bool:
        """Whether a step that was taken back can be made again."""
        return bool(self._future) and not self.dragging

    @property
    def dragging(self) -> bool:
        """Whether a drag is under way."""
        return self._drag_start is not None

    @property
    def dirty(self) -> bool:
        """Whether the value differs from the one last saved."""
        return self._value != self._saved

    @property
    def _moved(self) -> bool:
        return self._drag_start is not None and self._drag_start != self._value

    def mark_saved(self, value: T | None = None) -> None:
        """Take a value, the present one when None, as the saved one."""
        self._saved = self._value if value is None else value

    def apply(self, edit: Callable[[T], T], *, joined: bool = False) -> T:
        """Make one step of `edit`; what had been taken back is forgotten. Ends a drag that is under way.

        A `joined` edit becomes part of the step before it, if the last thing that happened was an edit that made one;
        where the two cancel out that step is gone.
        """
        self.end_drag()
        changed = edit(self._value)
        start = self._past.pop() if joined and self._can_join else self._value
        self._can_join = changed != start
        if self._can_join:
            self._push(start)
        if changed != self._value:
            self._value = changed
        return self._value

    def revise(self, change: Callable[[T], T]) -> T:
        """Make `change` in every value, those before and after the present one too: no step, and none is forgotten.

        For what belongs to the document and not to one state of it: neither undo nor redo takes it back, and what
        changes nothing in the present value is not made. Ends a drag that is under way.
        """
        self.end_drag()
        changed = change(self._value)
        if changed != self._value:
            self._can_join = False
            self._past = [change(value) for value in self._past]
            self._future = [change(value) for value in self._future]
            self._value = changed
        return self._value

    def begin_drag(self) -> None:
        """Start a drag: until it ends, each `drag` replaces the one before, and all of them are one step."""
        self.end_drag()
        self._can_join = False
        self._drag_start = self._value

    def drag(self, edit: Callable[[T], T]) -> T:
        """Show what `edit` makes of the value **at the start of the drag**.

        So an edit says where the pointer is by now (a position, the whole stroke so far), not what moved since.

        Raises:
            RuntimeError: no drag is under way.
        """
        if self._drag_start is None:
            raise RuntimeError("drag without begin_drag")
        self._value = edit(self._drag_start)
        return self._value

    def end_drag(self) -> T:
        """Keep what the drag made as one step; nothing when it changed nothing or none is under way."""
        start, moved = self._drag_start, self._moved
        self._drag_start = None
        if moved and start is not None:
            self._push(start)
        return self._value

    def cancel_drag(self) -> T:
        """Return to the value at the start of the drag."""
        if self._drag_start is not None:
            self._value = self._drag_start
            self._drag_start = None
        return self._value

    def undo(self) -> T:
        """Go back one step, if there is one; a drag under way is ended first."""
        self.end_drag()
        self._can_join = False
        if self._past:
            self._future.append(self._value)
            self._value = self._past.pop()
        return self._value

    def redo(self) -> T:
        """Make the step again that was taken back last, if there is one."""
        self.end_drag()
        self._can_join = False
        if self._future:
            self._past.append(self._value)
            self._value = self._future.pop()
        return self._value

    def _push(self, value: T) -> None:
        self._past.append(value)
        del self._past[: -self._limit]
        self._future.clear()
