"""What a pickle that executes nothing is made of: names and objects that cannot act, what it may ask for, refusals."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final


class Refused(Exception):
    """A file that is not read on; the message is half a sentence that goes on after its name."""


DAMAGED: Final = "is cut short or damaged"


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much a file may ask for.

    `opcodes`, `memo` entries, values on the `stack` and open marks (`depth`) of one pickle; `number` bytes of a whole
    number; `pickles` in one file, the nested ones included; `array_bytes` of all arrays taken from a file together;
    `entries` of a zip file; `modules` met while the tensors of a network are collected.
    """

    opcodes: int = 5_000_000
    memo: int = 1_000_000
    stack: int = 1_000_000
    depth: int = 1_000
    number: int = 64
    pickles: int = 100_000
    array_bytes: int = 1 << 30
    entries: int = 50_000
    modules: int = 20_000


@dataclasses.dataclass(frozen=True)
class Global:
    """A name that the pickle mentions, `module` and `name`; it is never looked up."""

    module: str
    name: str

    @property
    def path(self) -> str:
        """Module and name, as Python writes them."""
        return f"{self.module}.{self.name}"


class Inert:
    """What the file wanted made by something that is not ours: remembered, never made.

    Attributes:
        made_by: the class or function that the file named, "" when it named none.
        arguments: what it was to be called with.
        state: what the object was to be filled with, None when with nothing.
        items: pairs that were to be set on it as on a dict.
        members: values that were to be appended to it as to a list.
    """

    __slots__ = ("arguments", "items", "made_by", "members", "state")

    def __init__(self, made_by: str, arguments: object = ()) -> None:
        self.made_by = made_by
        self.arguments = arguments
        self.state: object = None
        self.items: list[tuple[object, object]] = []
        self.members: list[object] = []


Constructor = Callable[[tuple[Any, ...]], object]
"""One of our own functions: the arguments that the file gives, checked by it -> a record."""

Constructors = Mapping[str, Constructor]
"""Path of a global -> what is done in its place."""

# fmt: off
SUSPICIOUS: Final = frozenset((
    "asyncio", "builtins", "code", "codeop", "commands", "ctypes", "fcntl", "ftplib", "http", "importlib",
    "marshal", "mmap", "multiprocessing", "nt", "os", "pdb", "pickle", "pip", "pkgutil", "platform", "posix",
    "posixpath", "profile", "pty", "runpy", "shelve", "shutil", "signal", "smtplib", "socket", "ssl", "subprocess",
    "sys", "telnetlib", "tempfile", "threading", "timeit", "trace", "urllib", "webbrowser", "zipimport",
    "__builtin__", "_io", "_posixsubprocess", "_thread", "torch.hub",
))
# fmt: on
"""Modules that no network weights need. That they are never reached does not depend on this list: it only lets us tell
the owner of the file that somebody has tampered with it."""

# fmt: off
HARMLESS: Final = frozenset((
    "object", "type", "int", "float", "complex", "bool", "str", "bytes", "bytearray", "list", "tuple", "dict",
    "set", "frozenset", "slice", "range", "getattr",
))
# fmt: on
"""Built-in names that ordinary pickles mention."""


def checked_global(module: str, name: str) -> Global:
    """Return the record of a global.

    Raises:
        Refused: it is something that runs programs, or joblib's own format.
    """
    suspicious = module in SUSPICIOUS or module.partition(".")[0] in SUSPICIOUS - {"builtins", "__builtin__"}
    if suspicious and not (module in ("builtins", "__builtin__") and name in HARMLESS):
        raise Refused(f"asks to run “{_shown(module)}.{_shown(name)}”, which no weights need; nothing of it was run")
    if module.partition(".")[0] == "joblib":
        raise Refused("was written by joblib, which is not read; the plain pickle is")
    return Global(module, name)


def _shown(text: str) -> str:
    """Return a name from the file as it can be shown in a message: short, and without control characters."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text[:60])
    return plain + ("…" if len(text) > 60 else "")


class Filled(abc.ABC):
    """A record of ours that the pickle fills after making it."""

    @abc.abstractmethod
    def fill(self, state: object) -> None:
        """Take the state that the pickle sets.

        Raises:
            Refused: the state makes no sense.
        """
