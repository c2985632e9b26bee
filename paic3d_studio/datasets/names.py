"""Names of characters as folders, and the split that a name falls into."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from paic3d_studio.errors import UserError

Split = Literal["train", "val", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,119}")
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices on Windows


def split_of(name: str) -> Split:
    """Return the split that a name's hash puts a character in: 80 % train, 10 % val, 10 % test, for ever the same."""
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
    return "train" if share < 0.8 else "val" if share < 0.9 else "test"


def checked_name(name: str) -> str:
    """Return a character's name when it can stand as a folder's name everywhere; ValueError otherwise."""
    if not is_allowed(name):
        raise ValueError(f"{name!r} cannot name a character's folder")
    return name


def is_allowed(name: str) -> bool:
    """Return whether a name can stand as a folder's name everywhere and stays where it is put."""
    return bool(_NAME.fullmatch(name)) and not name.endswith(".") and not _RESERVED.fullmatch(name)


def character_name(stem: str) -> str:
    """Return a name that `checked_name` allows, made of a file's stem; where letters had to go, a hash is added."""
    if is_allowed(stem):
        return stem
    plain = re.sub(r"[^A-Za-z0-9_+-]+", "-", stem).strip("-._+")[:100] or "character"
    return f"{plain}-{_digest(stem)}"


def character_names(files: Sequence[Path]) -> list[str]:
    """Return a name for each file, all different whatever the file system makes of capitals.

    Files whose stems give the same name get a hash of folder and file name.

    Raises:
        UserError: two files have the same name in folders of the same name.
    """
    plain = [character_name(path.stem) for path in files]
    count = Counter(name.casefold() for name in plain)
    names = [
        name if count[name.casefold()] == 1 else f"{name}-{_digest(str(Path(path.parent.name, path.name)))}"
        for name, path in zip(plain, files, strict=True)
    ]
    if len({name.casefold() for name in names}) < len(names):
        raise UserError("Two of the files have the same name in folders of the same name.", "Rename one of them.")
    return names


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
