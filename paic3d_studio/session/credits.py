"""Whose work the program is made of: packages with their licences, and weights with their cards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from paic3d_studio.errors import UserError
from paic3d_studio.nets.manifest import listed_weights, manifest_entry
from paic3d_studio.paths import imported_models_folder, models_folder, program_folder

_MOST_CHARACTERS: Final = 60_000
"""Of a licence; torch's list of what it contains is longer than anybody reads in a window."""

_LICENCE_FILE: Final = re.compile(r"(licen[cs]e|copying|notice)", re.IGNORECASE)


@dataclass(frozen=True)
class Credit:
    """One package or set of weights: what it is called, under which licence, and the licence or card itself."""

    name: str
    version: str
    licence: str
    text: str


def package_credits() -> list[Credit]:
    """Return every package of requirements.txt that is installed, by name; its metadata tell the licence."""
    found = []
    for name in _required():
        try:
            found.append(_credit(metadata.distribution(name)))
        except metadata.PackageNotFoundError:
            continue  # a platform that does without
    return sorted(found, key=lambda credit: credit.name.lower())


def weight_credits() -> list[Credit]:
    """Return every set of weights that is there, embedded or imported, with its card."""
    found = []
    for folder in (models_folder(), imported_models_folder()):
        try:
            names = list(listed_weights(folder, optional=True))
        except UserError:
            continue  # said where the weights are needed
        for name in names:
            try:
                entry = manifest_entry(name, folder=folder)
            except UserError:
                continue
            card = _read(entry.path.with_suffix(".md")) or entry.trained_on
            found.append(Credit(name, entry.path.name, entry.licence or "not stated", card))
    return found


def _required() -> list[str]:
    lines = _read(program_folder() / "requirements.txt").splitlines()
    return [name[1] for line in lines if (name := re.match(r"([\w.-]+)==", line))]


def _credit(package: metadata.Distribution) -> Credit:
    told = _told(package)
    classified = [name.split("::")[-1].strip() for name in told["Classifier"] if name.startswith("Lic")]
    written = "".join(told["License"]).strip()
    short = written if len(written) < 60 and "\n" not in written else ""
    known = [name for name in classified if name != "OSI Approved"]
    named = "".join(told["License-Expression"]) or short or ", ".join(known) or "".join(written.splitlines()[:1])
    text = "\n\n".join(filter(None, (_summary(told), *_texts(package)))) or written
    return Credit("".join(told["Name"]), package.version, named or "see its text", text[:_MOST_CHARACTERS])


def _told(package: metadata.Distribution) -> dict[str, list[str]]:
    """Return the fields of a package's metadata that matter here, each as the list of its values."""
    fields = ("Name", "Summary", "Classifier", "License", "License-Expression", "Home-page", "Project-URL")
    return {field: list(package.metadata.get_all(field) or []) for field in fields}


def _summary(told: dict[str, list[str]]) -> str:
    return "\n".join([*told["Summary"], *told["Home-page"], *told["Project-URL"][:2]])


def _texts(package: metadata.Distribution) -> list[str]:
    """Return the licence files of a package, its own first."""
    files = [file for file in package.files or [] if _LICENCE_FILE.search(file.name)]
    files.sort(key=lambda file: len(file.parts))
    return [_read(Path(str(file.locate()))) for file in files[:12]]


def _read(file: Path) -> str:
    """Return a text file of the program's own; empty when it is missing."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
