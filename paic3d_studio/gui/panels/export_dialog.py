"""Where to, in which format, and how fine: the export dialog, driven by the table of exporters."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from paic3d_studio.core.terms import Terms
from paic3d_studio.errors import UserError
from paic3d_studio.export.vrm import usual_title
from paic3d_studio.gui.file_dialogs import FOLDER, file_dialog
from paic3d_studio.gui.language import text
from paic3d_studio.gui.panels.mesh_panel import MESH_OPTIONS
from paic3d_studio.gui.panels.settings_panel import OptionControls
from paic3d_studio.gui.panels.terms_form import TermsForm
from paic3d_studio.gui.widgets import Form, align_forms, label, row, separator
from paic3d_studio.project import edits
from paic3d_studio.project.state import Project

_EXPORTED: Final = ("faces", "texture", "stitch")


class Format(Protocol):
    """What a head, or its turntable, can be written as."""

    @property
    def label(self) -> str:
        """Its name in the list."""
        ...

    @property
    def wants_terms(self) -> bool:
        """Whether such files tell who made the character and what others may do with it."""
        ...

    def files(self, path: Path) -> tuple[Path, ...]:
        """Return all that is written for a target."""
        ...

    def check(self, terms: Terms, /) -> None:
        """Raise a UserError for terms that it cannot do with."""
        ...


class ExportDialog(QDialog):
    """Asks for a target and the options of the mesh. It does not block: the answer comes with `accepted`.

    Below the formats of a head stand those of a turntable; they have the side of their pictures as an option more.
    The options are edits of the project, so that what was exported can be exported again; whose work it is holds for
    all states of the project, and is no step of undo. A target that `check` refuses
    with a UserError is not accepted: the dialog says why, and stays.
    """

    def __init__(
        self,
        parent: QWidget,
        *,
        formats: Mapping[str, Format],
        turntables: Mapping[str, Format],
        sides: Sequence[int],
        side: int,
        target: Path,
        project: Project,
        check: Callable[[Path], None],
        author: str = "",
    ) -> None:
        super().__init__(parent)
        self.setObjectName("exportDialog")
        self._formats = {**formats, **turntables}
        self._turntables = frozenset(turntables)
        self._check = check
        self._changes: list[Callable[[Project], Project]] = []
        self._folder = target.parent
        self._name = QLineEdit(target.stem)
        self._format = QComboBox()
        for suffix, form in self._formats.items():
            self._format.addItem(f"{text(form.label)}  ({suffix})", suffix)
        self._format.insertSeparator(len(formats))
        self._side = QComboBox()
        for choice in sides:
            self._side.addItem(f"{choice} × {choice} px", choice)
        self._side.setCurrentIndex(max(0, self._side.findData(side)))
        self._format.setCurrentIndex(max(0, self._format.findData(target.suffix)))
        self._place = QLineEdit(str(self._folder))
        self._browse = QPushButton(text("Choose…"))
        self._note = label(role="faint", wrap=True)
        self._scroll = QScrollArea()
        options = [option for option in MESH_OPTIONS if option.name in _EXPORTED]
        self._controls = OptionControls(options, wanted=lambda change, _: self._changes.append(change))
        self._controls.show_project(project)
        terms = project.settings.terms
        terms = dataclasses.replace(terms, author=terms.author or author)
        self.terms_form = TermsForm(terms)
        self._lay_out()
        self._connect()
        self._tell()

    @property
    def target(self) -> Path:
        """The file that would be written."""
        suffix = str(self._format.currentData())
        name = self._name.text().strip()
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
        return _expanded(Path(self._place.text().strip() or ".")) / f"{name}{suffix}"

    @property
    def side(self) -> int | None:
        """Side of a turntable's pictures in pixels; None when a head is asked for."""
        return int(self._side.currentData()) if self.target.suffix in self._turntables else None

    def edit(self, project: Project) -> Project:
        """Apply the chosen options to a project: one step of undo for all of them."""
        for change in self._changes:
            project = change(project)
        return project

    def edit_terms(self, project: Project) -> Project:
        """Write the terms into a project, where the format tells them."""
        if not self._exporter.wants_terms:
            return project
        return edits.set_settings(project, terms=self.terms_form.terms)

    @property
    def _exporter(self) -> Format:
        return self._formats[str(self._format.currentData())]

    def accept(self) -> None:
        """Close with the answer, if the target can be written."""
        try:
            self._exporter.check(self.terms_form.terms)
            self._check(self.target)
        except UserError as error:
            if self._exporter.wants_terms and not self.terms_form.terms.author:
                self._show_note(text("A VRM file names its author: type a name into the field above."), role="bad")
                self.terms_form.focus_author()
                self._scroll.ensureWidgetVisible(self.terms_form.author)
            else:
                self._show_note(f"{text(error.message)} {text(error.cure)}".strip(), role="bad")
            return
        super().accept()

    def _lay_out(self) -> None:
        where = Form()
        where.add("Name", self._name, tip="File name without its suffix")
        where.add("Format", self._format, tip="What the head, or its turntable, is written as")
        place = row(self._place, self._browse)
        where.add("Folder", place, tip="Where the file goes")
        self._pictures = Form()
        self._pictures.add("Picture size", self._side, tip="Width and height of the turntable's pictures")
        self._place.setAccessibleName(text("Folder"))
        self._place.setMinimumWidth(280)
        how = Form()
        for option in MESH_OPTIONS:
            if option.name in _EXPORTED:
                how.add(option.title, self._controls.widgets[option.name], tip=option.tip)
        align_forms(where, self._pictures, how, self.terms_form.form)
        self._terms_line = separator()
        self._cancel = QPushButton(text("Cancel"))
        self._export = QPushButton(text("Export"))
        self._export.setProperty("role", "primary")
        self._export.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self._note, 1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._export)
        buttons.setSpacing(8)
        self._inside = QWidget()
        self._inside.setObjectName("row")
        rows = QVBoxLayout(self._inside)
        rows.setContentsMargins(20, 18, 20, 12)
        rows.setSpacing(12)
        for part in (where, separator(), self._pictures, how, self._terms_line, self.terms_form):
            rows.addWidget(part)
        rows.addStretch(1)
        self._scroll.setWidget(self._inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        buttons.setContentsMargins(20, 0, 20, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 16)
        column.setSpacing(10)
        column.addWidget(self._scroll, 1)
        column.addLayout(buttons)
        self.setMinimumWidth(540)  # the longest name of a format fits into its list

    def _fit(self) -> None:
        """Make the dialog as large as what is in it, or as high as the screen lets it; then its inside scrolls."""
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(self._inside.minimumSizeHint().width() + bar)
        room = self.screen().availableGeometry()
        wide = max(self.width(), self.minimumWidth(), self.minimumSizeHint().width())
        said = self._note.heightForWidth(wide - 48 - self._cancel.sizeHint().width() - self._export.sizeHint().width())
        inside = self._inside.layout()
        assert inside is not None
        wanted = inside.totalSizeHint().height() + max(self._export.sizeHint().height(), said) + 30
        self.resize(wide, min(wanted, room.height() - 60))
        if self.isVisible() and self.frameGeometry().bottom() > room.bottom():
            self.move(self.x(), max(room.top(), room.bottom() - self.frameGeometry().height()))

    def _connect(self) -> None:
        self._cancel.clicked.connect(self.reject)
        self._export.clicked.connect(self.accept)
        self._browse.clicked.connect(self._choose_folder)
        self._name.textChanged.connect(self._tell)
        self._place.textChanged.connect(self._tell)
        self._format.currentIndexChanged.connect(self._tell)
        self.terms_form.changed.connect(self._tell)

    def _choose_folder(self) -> None:
        chooser = file_dialog(self, text("Folder for the head"), at=self._place.text(), asks_for=FOLDER)
        chooser.fileSelected.connect(self._place.setText)
        chooser.open()

    def _tell(self) -> None:
        for part in (self._terms_line, self.terms_form):
            part.setVisible(self._exporter.wants_terms)
        self.terms_form.show_usual_title(usual_title(self.target) if self._name.text().strip() else "")
        turns = self.side is not None
        self.setWindowTitle(text("Export turntable") if turns else text("Export head"))
        self._pictures.setVisible(turns)
        named = bool(self._name.text().strip())
        self._export.setEnabled(named)
        replaced = [_short(file.name) for file in self._written() if _exists(file)] if named else []
        told = text("Replaces {names}.", names=_listed(replaced)) if replaced else ""
        self._show_note(told if named else text("Give it a name."))

    def _show_note(self, words: str, *, role: str = "faint") -> None:
        self._note.setText(words)
        self._note.setProperty("role", role)
        self._note.style().unpolish(self._note)
        self._note.style().polish(self._note)
        self._fit()

    def _written(self) -> tuple[Path, ...]:
        """Return all files that the chosen format writes for the target."""
        return self._exporter.files(self.target)


def _listed(names: list[str]) -> str:
    """Return names as a sentence lists them."""
    first = functools.reduce(lambda said, name: text("{names}, {name}", names=said, name=name), names[:-1] or names)
    return text("{names} and {name}", names=first, name=names[-1]) if names[1:] else first


def _short(name: str) -> str:
    """Return a file name with the middle left out when it is too long for the dialog."""
    return name if len(name) <= 28 else f"{name[:10]}…{name[-17:]}"


def _expanded(folder: Path) -> Path:
    """Return a folder with ~ replaced by the artist's home, or as it is when nobody has that name."""
    try:
        return folder.expanduser()
    except RuntimeError:
        return folder


def _exists(file: Path) -> bool:
    """Return whether there is such a file; of a name that no file can have, there is none."""
    try:
        return file.exists()
    except OSError:
        return False
