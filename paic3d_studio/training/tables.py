"""Tables of a configuration file to frozen dataclasses: every key checked, every mistake one sentence."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from paic3d_studio.errors import UserError

T = TypeVar("T")

_LIMIT: Final = 1 << 20
_CURE: Final = "Mend the configuration file; docs/train.md lists what it may say."


def read_table(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        UserError: it cannot be read, is larger than 1 MiB, or is no TOML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LIMIT + 1)
        if len(content) > _LIMIT:
            raise UserError(f"“{path}” is larger than 1 MiB.", "This is no configuration file.")
        return tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise UserError(f"“{path}” cannot be read ({error.strerror}).", "Choose another file.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"“{path}” is no TOML file ({error}).", _CURE) from error


def from_table(kind: type[T], table: Mapping[str, Any], *, where: str = "") -> T:
    """Make a frozen dataclass of a table; a key that is absent keeps its default.

    Numbers, switches, texts, paths, choices (Literal), tuples, optional values and nested dataclasses are understood.

    Args:
        kind: the dataclass.
        table: as TOML gives it.
        where: the table's name, for messages.

    Raises:
        UserError: a key is unknown, a value is of another kind, or the dataclass refuses it with ValueError.
    """
    hints = typing.get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind) if field.init]  # type: ignore[arg-type]
    given: dict[str, Any] = {}
    for key, value in table.items():
        place = f"{where}.{key}" if where else key
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            meant = f"did you mean “{near[0]}”?" if near else f"known here: {', '.join(known)}."
            raise UserError(f"The configuration has no “{place}”; {meant}", "" if near else _CURE)
        given[key] = _converted(hints[key], value, place)
    try:
        return kind(**given)
    except ValueError as error:
        raise UserError(f"The configuration's {where or 'file'} is not possible: {error}.", _CURE) from error
    except TypeError as error:
        raise UserError(f"The configuration's {where or 'file'} is incomplete ({error}).", _CURE) from error


def _converted(kind: Any, value: Any, place: str) -> Any:
    """Return a value as the kind that a field wants; UserError names the place."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if isinstance(value, Mapping):
            return from_table(kind, value, where=place)
    elif origin in (types.UnionType, typing.Union):
        return _converted(next(one for one in arguments if one is not type(None)), value, place)
    elif origin is typing.Literal:
        if value in arguments:
            return value
        raise UserError(f"“{place}” is {value!r}, but may only be one of {', '.join(map(repr, arguments))}.", _CURE)
    elif origin is tuple:
        if isinstance(value, list | tuple):
            kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
            if len(kinds) == len(value):
                return tuple(_converted(one, item, place) for one, item in zip(kinds, value, strict=True))
    elif kind is Path:
        if isinstance(value, str):
            return Path(value)
    elif kind is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise UserError(f"“{place}” is {value!r}, which is no {_words(kind)}.", _CURE)


def _words(kind: Any) -> str:
    """Name a kind of value for people."""
    if typing.get_origin(kind) is tuple:
        return "list of the right length"
    return {bool: "switch (true or false)", int: "whole number", float: "number", str: "text", Path: "path"}.get(
        kind, "table"
    )


def as_table(value: Any) -> Any:
    """Return a dataclass as tables of plain values, so that JSON can hold it; None stays None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_table(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [as_table(item) for item in value]
    return str(value) if isinstance(value, Path) else value
