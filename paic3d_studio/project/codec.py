"""Frozen values to plain JSON and back: whoever reads a file that came from elsewhere trusts nothing in it."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from paic3d_studio.errors import UserError

T = TypeVar("T")

MAX_ITEMS: Final = 200_000
"""Longest list that is read: far more than a hand draws."""

MAX_TEXT: Final = 4096
"""Longest text that is read, in characters."""


class Damaged(ValueError):
    """Data that does not describe a value of the wanted type; the message says where and why."""


def plain(value: object) -> Any:
    """Return a value made of frozen dataclasses, tuples, mappings, numbers and texts as JSON knows it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def decoded(kind: type[T], data: object, *, where: str = "", given: Mapping[str, object] | None = None) -> T:
    """Return the value of a frozen dataclass that `plain` described.

    A field that is not there takes its default, so that an older file can be read.

    Args:
        kind: the dataclass; its fields are numbers, texts, literals, dataclasses, tuples, mappings, or these or None.
        data: what `json.loads` returned.
        where: what the data is called in messages.
        given: fields whose values come from elsewhere, and must not be in the data.

    Raises:
        Damaged: a field is unknown, missing without a default, of another type, not finite or out of range.
    """
    value: T = _dataclass(kind, data, where or kind.__name__, given or {})
    return value


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _of_kind(kind: Any, data: object, where: str) -> Any:
    """Decode by the type's form."""
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, data, where, {})
    match get_origin(kind):
        case None:
            return _scalar(kind, data, where)
        case origin if origin is Literal:
            return _one_of(get_args(kind), data, where)
        case origin if origin in (Union, types.UnionType):
            wanted = [one for one in get_args(kind) if one is not type(None)]
            return None if data is None and len(wanted) < len(get_args(kind)) else _of_kind(wanted[0], data, where)
        case origin if origin is tuple:
            return _tuple(get_args(kind), data, where)
        case _:  # Mapping[str, X]
            table = _table(data, where)
            return {key: _of_kind(get_args(kind)[1], item, f"{where}.{key}") for key, item in table.items()}


def _dataclass(kind: Any, data: object, where: str, given: Mapping[str, object]) -> Any:
    table = _table(data, where)
    unknown = sorted(set(table) - {field.name for field in dataclasses.fields(kind) if field.name not in given})
    if unknown:
        raise Damaged(f"{where} has an unknown entry “{unknown[0]}”")
    hints = _hints(kind)
    values = {name: _of_kind(hints[name], item, f"{where}.{name}") for name, item in table.items()}
    try:
        return kind(**values, **given)
    except (TypeError, ValueError, UserError) as error:
        raise Damaged(f"{where}: {error}") from error


def _table(data: object, where: str) -> dict[str, object]:
    if not isinstance(data, dict) or len(data) > MAX_ITEMS:
        raise Damaged(f"{where} is no table")
    return data


def _tuple(kinds: tuple[Any, ...], data: object, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list) or len(data) > MAX_ITEMS:
        raise Damaged(f"{where} is no list, or too long a list")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(data)
    if len(kinds) != len(data):
        raise Damaged(f"{where} has {len(data)} entries instead of {len(kinds)}")
    return tuple(_of_kind(kind, item, where) for kind, item in zip(kinds, data, strict=True))


def _one_of(values: tuple[Any, ...], data: object, where: str) -> object:
    if not isinstance(data, str) or data not in values:
        raise Damaged(f"{where} is none of {', '.join(map(str, values))}")
    return data


def _scalar(kind: type, data: object, where: str) -> object:
    if kind is float and isinstance(data, int | float) and not isinstance(data, bool):
        try:
            number = float(data)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    elif type(data) is kind and (kind in (int, bool) or (isinstance(data, str) and len(data) <= MAX_TEXT)):
        return data
    raise Damaged(f"{where} is no {kind.__name__}")
