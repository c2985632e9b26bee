"""Records of tensors and arrays, as pickles of torch and numpy describe them; the numbers are taken only on demand.

What torch and numpy would call when they load such a pickle is replaced by the functions of `CONSTRUCTORS`, which check
every size against the bytes that are really there before anything is allocated.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.nets.pickle_values import DAMAGED, Filled, Global, Inert, Refused

DIMENSIONS: Final = 8
"""Most axes of a tensor."""

STORAGE_TYPES: Final = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
    "UntypedStorage": "|u1",
    "BFloat16Storage": "<V2",  # numpy has no such number: its size is known, its values are not taken
}
"""Torch's names of storages -> numpy's names of what lies in them."""


@dataclasses.dataclass(frozen=True, eq=False)
class Storage:
    """A run of `count` numbers of one type; `read` gives their bytes, and is called only for what is wanted."""

    dtype: np.dtype[Any]
    count: int
    read: Callable[[], memoryview]


@dataclasses.dataclass(frozen=True, eq=False)
class TensorRecord:
    """A tensor as a view of a storage; `offset` and `strides` in numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        """Return a copy of its numbers.

        Raises:
            Refused: the storage holds less than was declared.
        """
        content = self.storage.read()
        if len(content) < self.storage.count * self.storage.dtype.itemsize:
            raise Refused(DAMAGED)
        flat = np.frombuffer(content, self.storage.dtype, count=self.storage.count)
        if 0 in self.shape:
            return np.zeros(self.shape, self.storage.dtype)
        size = self.storage.dtype.itemsize
        view = np.lib.stride_tricks.as_strided(
            flat[self.offset :], self.shape, [stride * size for stride in self.strides], writeable=False
        )
        return np.array(view, order="C")


class NumberType(Filled):
    """The type of a numpy array's numbers, such as "f8"."""

    def __init__(self, code: str) -> None:
        self._code, self._order = code, "="

    def fill(self, state: object) -> None:
        """Take the byte order, which numpy keeps apart from the code."""
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise Refused(DAMAGED)
        self._order = state[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Numpy's own type."""
        return np.dtype(self._order.replace("|", "=") + self._code)


_NUMBER_CODES: Final = frozenset(("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"))


class ArrayRecord(Filled):
    """A numpy array: its description, and its bytes."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = ()
        self._type: NumberType | None = None
        self._content: object = b""
        self._order: str = "C"

    def fill(self, state: object) -> None:
        """Take version, shape, type, order and bytes, as numpy pickles them."""
        match state:
            case (int(), tuple() as shape, kind, by_columns, content):
                self.describe(shape, kind, content, "F" if by_columns else "C")
            case _:
                raise Refused(DAMAGED)

    def describe(self, shape: object, kind: object, content: object, order: object) -> None:
        """Take what the array is made of; an array of anything but numbers stays empty.

        Raises:
            Refused: the bytes are not as many as shape and type say.
        """
        sizes = whole_numbers(shape)
        if isinstance(content, list) or not isinstance(kind, NumberType):
            return  # an array of Python objects: nothing that is taken
        if not isinstance(content, bytes | bytearray) or order not in ("C", "F"):
            raise Refused(DAMAGED)
        if math.prod(sizes) * kind.dtype.itemsize != len(content):
            raise Refused("describes an array larger than the bytes that are there")
        self.shape, self._type, self._content, self._order = sizes, kind, content, str(order)

    def array(self) -> NDArray[Any]:
        """Return a copy of its numbers.

        Raises:
            Refused: it never got any.
        """
        if self._type is None or not isinstance(self._content, bytes | bytearray):
            raise Refused("holds something other than numbers where an array belongs")
        flat = np.frombuffer(self._content, self._type.dtype)
        shaped = flat.reshape(self.shape, order="F" if self._order == "F" else "C")
        return np.array(shaped, dtype=self._type.dtype.newbyteorder("="), order="C")


def whole_numbers(values: object) -> tuple[int, ...]:
    """Return the sizes of axes.

    Raises:
        Refused: these are no sizes, or too many.
    """
    if isinstance(values, int) and not isinstance(values, bool):
        values = (values,)
    if not isinstance(values, tuple) or len(values) > DIMENSIONS:
        raise Refused(DAMAGED)
    if not all(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62 for value in values):
        raise Refused("describes a tensor of impossible size")
    return values


def storage_dtype(kind: object) -> np.dtype[Any]:
    """Return the numbers of a storage that the file names.

    Raises:
        Refused: there is no such storage.
    """
    known = isinstance(kind, Global) and kind.module in ("torch", "torch.cuda", "torch.storage")
    if not isinstance(kind, Global) or not known or kind.name not in STORAGE_TYPES:
        raise Refused("holds tensors of an unknown kind")
    return np.dtype(STORAGE_TYPES[kind.name])


# What stands in for the calls of a pickle -------------------------------------------------------------------------


def _tensor(arguments: tuple[Any, ...]) -> object:
    """Describe a tensor: storage, offset, shape, strides, and more that says nothing about its numbers.

    Raises:
        Refused: it reaches outside its storage, or has more numbers than that.
    """
    if len(arguments) < 4 or not isinstance(arguments[0], Storage):
        raise Refused(DAMAGED)
    storage, (offset,) = arguments[0], whole_numbers((arguments[1],))
    shape, strides = whole_numbers(arguments[2]), whole_numbers(arguments[3])
    if len(shape) != len(strides):
        raise Refused(DAMAGED)
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if 0 not in shape and (last >= storage.count or math.prod(shape) > storage.count):
        raise Refused("describes a tensor larger than the numbers that are there")
    return TensorRecord(storage, offset, shape, strides)


def _parameter(arguments: tuple[Any, ...]) -> object:
    if not arguments or not isinstance(arguments[0], TensorRecord):
        raise Refused(DAMAGED)
    return arguments[0]


def _ordered_dict(arguments: tuple[Any, ...]) -> object:
    if not arguments:
        return {}
    match arguments[0]:
        case list() as pairs if all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
            if all(isinstance(key, str | int) for key, _ in pairs):
                return {key: value for key, value in pairs}  # noqa: C416 - the pairs may be lists
    raise Refused(DAMAGED)


def _size(arguments: tuple[Any, ...]) -> object:
    if len(arguments) != 1:
        raise Refused(DAMAGED)
    return whole_numbers(tuple(arguments[0]) if isinstance(arguments[0], list) else arguments[0])


def _array(arguments: tuple[Any, ...]) -> object:
    del arguments  # class, (0,) and b"b": the array is described by its state
    return ArrayRecord()


def _array_from_buffer(arguments: tuple[Any, ...]) -> object:
    if len(arguments) != 4:
        raise Refused(DAMAGED)
    content, kind, shape, order = arguments
    record = ArrayRecord()
    record.describe(shape, kind, content, order)
    return record


def _number_type(arguments: tuple[Any, ...]) -> object:
    code = arguments[0] if arguments else None
    if isinstance(code, str) and code.lstrip("<>=|") in _NUMBER_CODES:
        return NumberType(code.lstrip("<>=|"))
    return Inert("numpy.dtype", arguments)


def _encoded(arguments: tuple[Any, ...]) -> object:
    """Return bytes that an old protocol had to write as text."""
    match arguments:
        case (str() as text, "latin1" | "latin-1"):
            try:
                return text.encode("latin-1")
            except UnicodeEncodeError as error:
                raise Refused(DAMAGED) from error
    raise Refused(DAMAGED)


CONSTRUCTORS: Final = {
    "collections.OrderedDict": _ordered_dict,
    "torch.Size": _size,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "numpy.core.multiarray._reconstruct": _array,
    "numpy._core.multiarray._reconstruct": _array,
    "numpy.core.numeric._frombuffer": _array_from_buffer,
    "numpy._core.numeric._frombuffer": _array_from_buffer,
    "numpy.dtype": _number_type,
    "_codecs.encode": _encoded,
}
"""The calls of a pickle that are wanted -> what is done in their place."""
