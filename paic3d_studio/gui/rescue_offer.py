"""Offers what studios left that ended without a word, one copy after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Signal

from paic3d_studio.gui.document import Document
from paic3d_studio.gui.keeping import Keeping
from paic3d_studio.gui.language import text
from paic3d_studio.gui.panels.message_bar import MessageBar
from paic3d_studio.gui.rescue import Rescue


class RescueOffer(QObject):
    """A copy that is neither brought back nor discarded stays, and is offered again: from the menu, or another day."""

    window_wanted = Signal(object)
    """A `Rescue` is to be brought back in a window of its own: this one has unsaved edits."""

    def __init__(self, messages: MessageBar, *, document: Document, keeping: Keeping) -> None:
        super().__init__(messages)
        self._messages = messages
        self._document = document
        self._keeping = keeping
        self._waiting: list[Rescue] = []
        self._coming: Rescue | None = None
        self.ways_on: Final[dict[str, Callable[[], None]]] = {
            "bring-back": self._bring_back,
            "discard-left": self._discard,
            "leave-for-later": self._leave_for_later,
        }
        """Buttons of this one's messages -> what they do."""
        document.opened.connect(self._on_opened)
        document.held_back.connect(self._on_held_back)
        document.failed.connect(self._on_failed)

    def offer(self) -> None:
        """Ask, without blocking, about each copy that was left; nothing is said when there is none."""
        self._waiting = list(self._keeping.left_behind())
        self._offer_next()

    def ask(self) -> None:
        """Offer as `offer` does, and say so when there is nothing."""
        self.offer()
        if not self._waiting:
            self._messages.show_message("No unsaved edits were left by a crash.", kind="info")

    def _offer_next(self) -> None:
        if not self._waiting:
            return
        more = len(self._waiting) - 1
        cure = "They can be brought back."
        if more:
            cure = text("They can be brought back. {count} more were left; they come after this one.", count=more)
        self._messages.show_message(
            f"The studio ended unexpectedly while “{self._waiting[0].name}” had unsaved edits.",
            cure=cure,
            kind="warning",
            action=("bring-back", "Bring back"),
            other=("discard-left", "Discard"),
            more=("leave-for-later", "Later"),
            stays=True,
        )

    def _bring_back(self) -> None:
        if not self._waiting:
            return
        rescue = self._waiting.pop(0)
        if self._document.session.dirty:
            self.window_wanted.emit(rescue)
            self._offer_next()
            return
        self._coming = rescue
        self._keeping.bring_back(rescue)

    def _discard(self) -> None:
        if self._waiting:
            self._keeping.discard(self._waiting.pop(0))
            self._offer_next()

    def _leave_for_later(self) -> None:
        if self._waiting:
            self._waiting.pop(0)
            self._offer_next()

    def _on_opened(self) -> None:
        if self._coming is not None:
            self._coming = None
            self._offer_next()

    def _on_held_back(self) -> None:
        """Bring a copy back in a window of its own: this one was edited while it was read."""
        if self._coming is not None:
            self.window_wanted.emit(self._coming)
            self._on_opened()

    def _on_failed(self, lane: str) -> None:
        if lane == "open":
            self._coming = None  # what failed is said first; the menu offers the others
