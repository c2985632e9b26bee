"""A message that does not block: what went wrong, what to do about it, and a way to get rid of it."""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from paic3d_studio import __version__
from paic3d_studio.gui import theme
from paic3d_studio.gui.icons import pixmap
from paic3d_studio.gui.language import text as in_language
from paic3d_studio.gui.widgets import icon_button, label, without_long_words

_SYMBOLS: Final = {"error": "error", "warning": "warning", "info": "check"}
_INFO_SECONDS = 12
_WIDTH: Final = 680
_BUTTON_WIDTH: Final = 150
"""Pixels of a message with one button, and what each further one adds, where there is room."""

_OFFER_SECONDS = 30
"""How long good news stays, and good news with a button."""


class MessageBar(QFrame):
    """Floats over the lower edge of its parent until it is dismissed; the newest message replaces the one before.

    Good news with a button, such as the folder of an export, is not replaced by good news without: that waits for it
    to go, unless any other message comes first.
    One that `stays` comes back once those that replaced it are gone, until it was answered or dismissed itself. Good
    news leaves by itself, what went wrong stays, and can be copied with what whoever mends it has to know.
    """

    acted = Signal(str)
    """The name of the action whose button was pressed."""

    def __init__(self, parent: QWidget, *, over: QWidget | None = None) -> None:
        """Float over `over`, a child in the parent's upper left corner; without it over the whole parent."""
        super().__init__(parent)
        self._host = over or parent
        self._details = ""
        self._words = ("", "")  # as they are read aloud and copied
        self._staying: Callable[[], None] | None = None  # shows the message again that is not answered yet
        self._stays = False
        self._offers = False  # good news with a button
        self._lesser: Callable[[], None] | None = None  # shows good news that waits for such
        self.setObjectName("messageBar")
        self.setAccessibleName(in_language("Message"))
        self._symbol = QLabel()
        self._message = label(role="title", wrap=True)
        self._cure = label(role="soft", wrap=True)
        for text in (self._message, self._cure):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._action, self._other, self._more = QPushButton(), QPushButton(), QPushButton()
        self._buttons = (self._action, self._other, self._more)
        self._action.clicked.connect(self._act)
        self._other.clicked.connect(self._act_otherwise)
        self._more.clicked.connect(self._act_third)
        for button in self._buttons:
            button.hide()  # until a message offers something
        self._copy = icon_button("copy", tip="Copy details")
        self._copy.clicked.connect(self._copy_text)
        self._dismiss = icon_button("close", tip="Dismiss the message (Esc)")
        self._dismiss.clicked.connect(self.dismiss)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self._line = QHBoxLayout(self)
        self._lay_out()
        self._host.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """What the message says."""
        return " ".join(self._words).strip()

    @property
    def details(self) -> str:
        """The message as it is copied: with the version, the machine, and the traceback of a bug."""
        machine = f"PAiC-3D Studio {__version__}, Python {platform.python_version()}, Qt {qVersion()}"
        return "\n".join(filter(None, (self.text, f"{machine}, {platform.platform()}", self._details)))

    def show_message(
        self,
        message: str,
        *,
        cure: str = "",
        kind: str = "error",
        action: tuple[str, str] | None = None,
        other: tuple[str, str] | None = None,
        more: tuple[str, str] | None = None,
        details: str = "",
        stays: bool = False,
    ) -> None:
        """Show a message in the artist's language.

        Args:
            message: what happened, one sentence.
            cure: what to do about it.
            kind: "error", "warning" or "info".
            action: (name, label) of a button that emits `acted`.
            other: of a second button.
            more: of a third one.
            details: what is copied beside the words, such as a traceback.
            stays: whether it outlives the messages that come after it.
        """
        parts: dict[str, Any] = {"cure": cure, "kind": kind, "action": action, "other": other, "more": more}
        if kind == "info" and action is None and self._offers and self.isVisible():
            self._lesser = partial(self.show_message, message, **parts, details=details)
            return
        self._lesser = None
        self._offers = kind == "info" and action is not None
        self._stays = stays
        if stays:
            self._staying = partial(self.show_message, message, **parts, details=details, stays=True)
        colour = {"error": theme.BAD, "warning": theme.WARM, "info": theme.GOOD}[kind]
        self._details = details
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self._symbol.setPixmap(pixmap(_SYMBOLS[kind], size=20, colour=colour, ratio=self.devicePixelRatioF()))
        self._words = (in_language(message), in_language(cure))
        for shown, whole in zip((self._message, self._cure), self._words, strict=True):
            shown.setText(without_long_words(whole))
            shown.setToolTip(whole if shown.text() != whole else "")
        self._cure.setVisible(bool(cure))
        for button, offered in zip(self._buttons, (action, other, more), strict=True):
            name, text = offered or ("", "")
            button.setObjectName(name)
            button.setText(in_language(text))
            button.setVisible(offered is not None)
        self._copy.setVisible(kind == "error" or bool(details))
        self.setAccessibleDescription(self.text)
        self.show()
        self.raise_()
        self._place()
        self._timer.stop()
        if kind == "info":
            self._timer.start(1000 * (_OFFER_SECONDS if self._offers else _INFO_SECONDS))

    def dismiss(self) -> None:
        """Take the message away; one that stays below it is shown again."""
        if self._stays:
            self._staying = None
        self.hide()
        lesser, self._lesser = self._lesser, None
        if self._staying is not None:
            self._staying()
        elif lesser is not None:
            lesser()

    def withdraw(self, *names: str) -> None:
        """Dismiss the message if one of its buttons has one of these names: what it asks is settled."""
        if any(button.objectName() in names for button in self._buttons):
            self.dismiss()

    def clear(self) -> None:
        """Dismiss the message, unless it stays, and what waits for it: it was about the picture that is gone."""
        self._lesser = None
        if not self._stays:
            self.dismiss()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """Follow the parent's size."""
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _lay_out(self) -> None:
        self._copy.setText(in_language("Copy details"))
        self._copy.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        texts = QVBoxLayout()
        texts.setSpacing(3)
        texts.addWidget(self._message)
        texts.addWidget(self._cure)
        texts.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignLeft)
        line = self._line
        line.setContentsMargins(14, 10, 8, 10)
        line.setSpacing(12)
        line.addWidget(self._symbol, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(texts, 1)
        line.addWidget(self._action, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self._other, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self._more, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self._dismiss, 0, Qt.AlignmentFlag.AlignTop)

    def _place(self) -> None:
        offered = sum(button.isVisibleTo(self) for button in self._buttons)
        width = min(_WIDTH + _BUTTON_WIDTH * max(0, offered - 1), self._host.width() - 32)
        self.setFixedWidth(width)
        self._line.activate()
        height = max(self._line.totalHeightForWidth(width), 44)
        self.setGeometry((self._host.width() - width) // 2, self._host.height() - height - 16, width, height)

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self.details)

    def _act(self) -> None:
        self._press(self._action)

    def _act_otherwise(self) -> None:
        self._press(self._other)

    def _act_third(self) -> None:
        self._press(self._more)

    def _press(self, button: QPushButton) -> None:
        name = button.objectName()  # the message below it may come back now
        self.dismiss()
        self.acted.emit(name)
