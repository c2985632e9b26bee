"""A reader of pickles that executes nothing: nothing is imported, called or looked up by a name from the file.

A pickle is a program for a small stack machine. Here that machine is interpreted with values that cannot act: numbers,
texts, bytes, lists, dicts, and records of what the file asked for. A handful of constructors of our own make the
records of tensors and arrays; every other call that the program asks for becomes an `Inert` that only remembers it.
The opcodes are those of Python's own documentation, the module `pickletools`.
"""

from __future__ import annotations

import dataclasses
import pickletools
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, Final, cast

from paic3d_studio.nets.pickle_values import (
    DAMAGED,
    Constructors,
    Filled,
    Global,
    Inert,
    Limits,
    Refused,
    checked_global,
)


class _Source:
    """The bytes of a pickle as `pickletools.genops` wants them; what is declared but not there is never allocated."""

    def __init__(self, content: memoryview, start: int) -> None:
        self._content, self._at = content, start

    def tell(self) -> int:
        """Return how far it has been read."""
        return self._at

    def read(self, count: int) -> bytes:
        """Return the next `count` bytes.

        Raises:
            Refused: fewer are left.
        """
        if not 0 <= count <= len(self._content) - self._at:
            raise Refused(DAMAGED)
        self._at += count
        return bytes(self._content[self._at - count : self._at])

    def readline(self) -> bytes:
        """Return the bytes up to the next line end, that one included."""
        start, step = self._at, 1 << 12
        while self._at < len(self._content):
            part = bytes(self._content[self._at : self._at + step])
            found = part.find(b"\n")
            if found >= 0:
                self._at += found + 1
                return bytes(self._content[start : self._at])
            self._at += len(part)
        raise Refused(DAMAGED)


@dataclasses.dataclass(frozen=True)
class Unpickled:
    """The value of a pickle, and the offset behind its last byte."""

    value: Any
    end: int


def unpickled(
    content: memoryview,
    *,
    start: int = 0,
    constructors: Constructors,
    persistent: Callable[[object], object] | None = None,
    limits: Limits | None = None,
    check: Callable[[], None] = lambda: None,
) -> Unpickled:
    """Read one pickle without executing anything of it.

    Args:
        content: the file.
        start: where the pickle begins in it.
        constructors: what stands in for the few calls that are wanted.
        persistent: what a persistent id stands for; None refuses them.
        limits: how much the pickle may ask for.
        check: called every few thousand opcodes; raises to stop.

    Returns:
        The value, made of None, bool, int, float, str, bytes, bytearray, list (sets too), tuple, dict, `Global`,
        `Inert` and what the constructors returned.

    Raises:
        Refused: it is no pickle, is damaged, exceeds the limits, or asks for what no weights need.
    """
    source = _Source(content, start)
    machine = _Machine(constructors, persistent, limits or Limits())
    for count, (name, argument) in enumerate(_opcodes(source)):
        if count >= machine.limits.opcodes:
            raise Refused("has too many instructions for a file of weights")
        if count % 4096 == 0:
            check()
        if name == "STOP":
            return Unpickled(machine.result(), source.tell())
        machine.run(name, argument)
    raise Refused(DAMAGED)


def _opcodes(source: _Source) -> Iterator[tuple[str, Any]]:
    """Yield names and arguments of opcodes.

    Raises:
        Refused: the next bytes are no opcode.
    """
    operations = pickletools.genops(cast(IO[bytes], source))
    while True:
        try:
            opcode, argument, _ = next(operations)
        except StopIteration:
            return
        except (ValueError, OverflowError) as error:  # how pickletools says that bytes make no sense
            raise Refused(DAMAGED) from error
        yield opcode.name, argument


_MARK: Final = object()

# fmt: off
_LITERALS: Final = frozenset((
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "UNICODE", "SHORT_BINUNICODE",
    "BINUNICODE", "BINUNICODE8",
))
# fmt: on


class _Machine:
    """The stack machine of one pickle."""

    def __init__(
        self, constructors: Constructors, persistent: Callable[[object], object] | None, limits: Limits
    ) -> None:
        self.limits = limits
        self._constructors, self._persistent = constructors, persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._marks = 0

    def run(self, name: str, argument: Any) -> None:
        """Obey one opcode.

        Raises:
            Refused: it makes no sense here, or is not obeyed at all.
        """
        if name in _LITERALS:
            if isinstance(argument, int) and argument.bit_length() > 8 * self.limits.number:
                raise Refused("holds a number of absurd length")
            self._push(argument)
            return
        operation = _OPERATIONS.get(name)
        if operation is None:
            raise Refused(f"uses the pickle instruction {name}, which no weights need")
        operation(self, argument)

    def result(self) -> Any:
        """Return what is left at the end.

        Raises:
            Refused: nothing is left, or more than one thing.
        """
        if len(self._stack) != 1 or self._marks:
            raise Refused(DAMAGED)
        return self._stack[0]

    # The stack -------------------------------------------------------------------------------------------------------

    def _push(self, value: Any) -> None:
        if len(self._stack) >= self.limits.stack:
            raise Refused("is nested too deeply")
        self._stack.append(value)

    def _pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise Refused(DAMAGED)
        return self._stack.pop()

    def _top(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise Refused(DAMAGED)
        return self._stack[-1]

    def _mark(self, _: object) -> None:
        if self._marks >= self.limits.depth:
            raise Refused("is nested too deeply")
        self._marks += 1
        self._push(_MARK)

    def _pop_to_mark(self) -> list[Any]:
        if not self._marks:
            raise Refused(DAMAGED)
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
        taken = self._stack[at + 1 :]
        del self._stack[at:]
        self._marks -= 1
        return taken

    def _pop_one(self, _: object) -> None:
        if self._stack and self._stack[-1] is _MARK:
            self._pop_to_mark()
        else:
            self._pop()

    def _discard_to_mark(self, _: object) -> None:
        self._pop_to_mark()

    def _duplicate(self, _: object) -> None:
        self._push(self._top())

    # The memo --------------------------------------------------------------------------------------------------------

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise Refused(DAMAGED)
        self._push(self._memo[index])

    def _put(self, index: int) -> None:
        if len(self._memo) >= self.limits.memo:
            raise Refused("remembers too many values for a file of weights")
        self._memo[index] = self._top()

    def _memoize(self, _: object) -> None:
        self._put(len(self._memo))

    # Containers ------------------------------------------------------------------------------------------------------

    def _append(self, _: object) -> None:
        self._extend([self._pop()])

    def _appends(self, _: object) -> None:
        self._extend(self._pop_to_mark())

    def _extend(self, values: list[Any]) -> None:
        match self._top():
            case list() as target:
                target.extend(values)
            case Inert() as target:
                target.members.extend(values)
            case _:
                raise Refused(DAMAGED)

    def _set_item(self, _: object) -> None:
        value, key = self._pop(), self._pop()
        self._set_pairs([key, value])

    def _set_items(self, _: object) -> None:
        self._set_pairs(self._pop_to_mark())

    def _set_pairs(self, flat: list[Any]) -> None:
        pairs = _pairs(flat)
        match self._top():
            case dict() as target:
                target.update(pairs)
            case Inert() as target:
                target.items.extend(pairs)
            case _:
                raise Refused(DAMAGED)

    def _new_list(self, _: object) -> None:
        self._push([])

    def _new_dict(self, _: object) -> None:
        self._push({})

    def _list_from_mark(self, _: object) -> None:
        self._push(self._pop_to_mark())

    def _dict_from_mark(self, _: object) -> None:
        self._push(dict(_pairs(self._pop_to_mark())))

    def _new_tuple(self, _: object) -> None:
        self._push(())

    def _tuple_from_mark(self, _: object) -> None:
        self._push(tuple(self._pop_to_mark()))

    def _tuple1(self, _: object) -> None:
        self._push((self._pop(),))

    def _tuple2(self, _: object) -> None:
        second, first = self._pop(), self._pop()
        self._push((first, second))

    def _tuple3(self, _: object) -> None:
        third, second, first = self._pop(), self._pop(), self._pop()
        self._push((first, second, third))

    def _none(self, _: object) -> None:
        self._push(None)

    def _true(self, _: object) -> None:
        self._push(True)

    def _false(self, _: object) -> None:
        self._push(False)

    def _nothing(self, _: object) -> None:
        """Protocol number and frame lengths say nothing that is needed."""

    # What a pickle would import, call and fill -----------------------------------------------------------------------

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._push(checked_global(module, name))

    def _stack_global(self, _: object) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise Refused(DAMAGED)
        self._push(checked_global(module, name))

    def _reduce(self, _: object) -> None:
        arguments, function = self._pop(), self._pop()
        self._push(self._called(function, arguments))

    def _called(self, function: object, arguments: object) -> object:
        if not isinstance(function, Global):
            return Inert("", arguments)
        constructor = self._constructors.get(function.path)
        if constructor is None:
            return Inert(function.path, arguments)
        if not isinstance(arguments, tuple):
            raise Refused(DAMAGED)
        return constructor(arguments)

    def _new_object(self, _: object) -> None:
        arguments, kind = self._pop(), self._pop()
        self._push(self._called(kind, arguments))

    def _new_object_with_names(self, _: object) -> None:
        named, arguments, kind = self._pop(), self._pop(), self._pop()
        self._push(Inert(kind.path if isinstance(kind, Global) else "", (arguments, named)))

    def _instance(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._push(Inert(checked_global(module, name).path, tuple(self._pop_to_mark())))

    def _object(self, _: object) -> None:
        taken = self._pop_to_mark()
        if not taken:
            raise Refused(DAMAGED)
        self._push(Inert(taken[0].path if isinstance(taken[0], Global) else "", tuple(taken[1:])))

    def _build(self, _: object) -> None:
        state = self._pop()
        match self._top():
            case Inert() as target:
                target.state = state
            case Filled() as target:
                target.fill(state)
            case dict():  # attributes of an OrderedDict, such as the versions that torch keeps beside a state dict
                pass
            case _:
                raise Refused(DAMAGED)

    def _persistent_id(self, argument: object) -> None:
        if self._persistent is None:
            raise Refused("refers to something outside itself, which cannot be read")
        self._push(self._persistent(argument))

    def _binary_persistent_id(self, _: object) -> None:
        self._persistent_id(self._pop())

    def _extension(self, _: object) -> None:
        raise Refused("refers to the extension registry of another program, which cannot be read")

    def _buffer(self, _: object) -> None:
        raise Refused("keeps its arrays outside itself, where they cannot be read")


def _pairs(flat: list[Any]) -> list[tuple[Any, Any]]:
    """Return keys and values that stand in turn in a list.

    Raises:
        Refused: a key stands alone, or is nothing that a file of weights names things by.
    """
    if len(flat) % 2:
        raise Refused(DAMAGED)
    keys = flat[0::2]
    for key in keys:
        if not _names_things(key):
            raise Refused("has a dictionary with keys that no weights need")
    return list(zip(keys, flat[1::2], strict=True))


def _names_things(key: object) -> bool:
    """Whether a value can be a key: nested tuples are none, for taking their hash could exhaust the stack."""
    plain = (str, bytes, int, float, type(None), Global, Inert)
    return isinstance(key, plain) or (isinstance(key, tuple) and all(isinstance(part, plain) for part in key))


_OPERATIONS: Final[Mapping[str, Callable[[_Machine, Any], None]]] = {
    "PROTO": _Machine._nothing,
    "FRAME": _Machine._nothing,
    "NONE": _Machine._none,
    "NEWTRUE": _Machine._true,
    "NEWFALSE": _Machine._false,
    "POP": _Machine._pop_one,
    "DUP": _Machine._duplicate,
    "MARK": _Machine._mark,
    "POP_MARK": _Machine._discard_to_mark,
    "GET": _Machine._get,
    "BINGET": _Machine._get,
    "LONG_BINGET": _Machine._get,
    "PUT": _Machine._put,
    "BINPUT": _Machine._put,
    "LONG_BINPUT": _Machine._put,
    "MEMOIZE": _Machine._memoize,
    "EMPTY_LIST": _Machine._new_list,
    "APPEND": _Machine._append,
    "APPENDS": _Machine._appends,
    "LIST": _Machine._list_from_mark,
    "EMPTY_TUPLE": _Machine._new_tuple,
    "TUPLE": _Machine._tuple_from_mark,
    "TUPLE1": _Machine._tuple1,
    "TUPLE2": _Machine._tuple2,
    "TUPLE3": _Machine._tuple3,
    "EMPTY_DICT": _Machine._new_dict,
    "DICT": _Machine._dict_from_mark,
    "SETITEM": _Machine._set_item,
    "SETITEMS": _Machine._set_items,
    "EMPTY_SET": _Machine._new_list,
    "ADDITEMS": _Machine._appends,
    "FROZENSET": _Machine._list_from_mark,
    "GLOBAL": _Machine._global,
    "STACK_GLOBAL": _Machine._stack_global,
    "REDUCE": _Machine._reduce,
    "BUILD": _Machine._build,
    "INST": _Machine._instance,
    "OBJ": _Machine._object,
    "NEWOBJ": _Machine._new_object,
    "NEWOBJ_EX": _Machine._new_object_with_names,
    "PERSID": _Machine._persistent_id,
    "BINPERSID": _Machine._binary_persistent_id,
    "EXT1": _Machine._extension,
    "EXT2": _Machine._extension,
    "EXT4": _Machine._extension,
    "NEXT_BUFFER": _Machine._buffer,
    "READONLY_BUFFER": _Machine._buffer,
}
"""What each opcode does here; one that is not listed is refused."""
