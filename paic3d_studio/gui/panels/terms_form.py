"""What the artist says of a head in a VRM file: names, and what others may do with it."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from paic3d_studio.core.terms import LONGEST, TERM_CHOICES, Terms
from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import Form, label

_TITLES: Final = {
    "avatar": ("Who may act as her", "Who may appear as this character, for instance in a stream or a game"),
    "commerce": ("Earning money", "Who may use her where money is earned"),
    "credit": ("Naming you", "Whether your name must be shown"),
    "redistribution": ("Passing on", "Whether others may pass the file on"),
    "modification": ("Changing", "Whether others may change her, and pass on what they changed"),
}
_CHOICES: Final = {
    "onlyAuthor": "Only you",
    "onlySeparatelyLicensedPerson": "Whom you allow it",
    "everyone": "Everyone",
    "personalNonProfit": "Nobody",
    "personalProfit": "Single people",
    "corporation": "Companies too",
    "required": "Required",
    "unnecessary": "Not required",
    "prohibited": "Not allowed",
    "allowed": "Allowed",
    "allowModification": "Allowed",
    "allowModificationRedistribution": "Allowed, and passing on",
}


class TermsForm(QWidget):
    """A form over `Terms`; the strictest choice stands first."""

    changed = Signal()

    def __init__(self, terms: Terms, *, title: str) -> None:
        super().__init__()
        self.setObjectName("row")
        self._texts = {name: QLineEdit(getattr(terms, name)) for name in ("title", "author", "notice")}
        self._choices = {name: _choice(name, getattr(terms, name)) for name in TERM_CHOICES}
        form = Form()
        form.add("Character", self._texts["title"], tip="What the head is called in the file")
        form.add("Author", self._texts["author"], tip="Your name; a VRM file wants it")
        for name, (words, tip) in _TITLES.items():
            form.add(words, self._choices[name], tip=tip)
        form.add("Notice", self._texts["notice"], tip="A line on copyright, or on another licence")
        self._texts["title"].setPlaceholderText(title)
        self._texts["notice"].setPlaceholderText("© …")
        for line in self._texts.values():
            line.setMaxLength(LONGEST)
            line.textChanged.connect(self.changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(form)
        note = "By the VRM Public License 1.0. Violent, sexual, political, religious or hateful use stays prohibited."
        column.addWidget(label(note, role="faint", wrap=True))

    @property
    def terms(self) -> Terms:
        """What the form says."""
        said: dict[str, Any] = {name: line.text().strip() for name, line in self._texts.items()}
        said |= {name: box.currentData() for name, box in self._choices.items()}
        return Terms(**said)

    def focus_author(self) -> None:
        """Let the artist type her name."""
        self._texts["author"].setFocus()


def _choice(name: str, chosen: str) -> QComboBox:
    box = QComboBox()
    for value in TERM_CHOICES[name]:
        box.addItem(text(_CHOICES[value]), value)
    box.setCurrentIndex(box.findData(chosen))
    return box
