"""What the artist says of a head in a VRM file: names, and what others may do with it."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from paic3d_studio.core.terms import LONGEST, TERM_CHOICES, Terms
from paic3d_studio.gui.language import text
from paic3d_studio.gui.widgets import Form, label

_TITLES: Final = {
    "avatar": (
        "Use as an avatar",
        "Who may perform as this character, for instance in a video, a stream or a game (VRM: avatarPermission)",
    ),
    "commerce": ("Commercial use", "Who may use the character, and whether to earn money (VRM: commercialUsage)"),
    "credit": ("Credit", "Whether the author's name must be shown where the character is used (VRM: creditNotation)"),
    "redistribution": ("Redistribution", "Whether others may pass the file on as it is (VRM: allowRedistribution)"),
    "modification": (
        "Modification",
        "Whether others may change the character, and pass on what they changed (VRM: modification)",
    ),
}
"""Field of `Terms` -> its name and tool tip, by the words of the VRM 1.0 specification."""
_CHOICES: Final = {
    "onlyAuthor": "Only the author",
    "onlySeparatelyLicensedPerson": "People with the author's licence",
    "everyone": "Everyone",
    "personalNonProfit": "Individuals, without profit",
    "personalProfit": "Individuals, also for profit",
    "corporation": "Individuals and companies",
    "required": "Required",
    "unnecessary": "Not required",
    "prohibited": "Not allowed",
    "allowed": "Allowed",
    "allowModification": "Allowed",
    "allowModificationRedistribution": "Allowed, and redistribution of it",
}


class TermsForm(QWidget):
    """A form over `Terms`; the strictest choice stands first."""

    changed = Signal()

    def __init__(self, terms: Terms) -> None:
        super().__init__()
        self.setObjectName("row")
        self._texts = {name: QLineEdit(getattr(terms, name)) for name in ("title", "author", "notice")}
        self._choices = {name: _choice(name, getattr(terms, name)) for name in TERM_CHOICES}
        self.form = form = Form()
        form.add("Character", self._texts["title"], tip="What the head is called in the file")
        form.add("Author", self._texts["author"], tip="Your name; a VRM file wants it")
        for name, (words, tip) in _TITLES.items():
            form.add(words, self._choices[name], tip=tip)
        form.add("Notice", self._texts["notice"], tip="A line on copyright, or on another licence")
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

    def show_usual_title(self, title: str) -> None:
        """Show what the head is called if nothing is typed."""
        self._texts["title"].setPlaceholderText(title)

    @property
    def terms(self) -> Terms:
        """What the form says."""
        said: dict[str, Any] = {name: line.text().strip() for name, line in self._texts.items()}
        said |= {name: box.currentData() for name, box in self._choices.items()}
        return Terms(**said)

    @property
    def author(self) -> QLineEdit:
        """The field of the author's name."""
        return self._texts["author"]

    def focus_author(self) -> None:
        """Let the artist type her name."""
        self._texts["author"].setFocus()


def _choice(name: str, chosen: str) -> QComboBox:
    box = QComboBox()
    for value in TERM_CHOICES[name]:
        box.addItem(text(_CHOICES[value]), value)
    box.setCurrentIndex(box.findData(chosen))
    return box
