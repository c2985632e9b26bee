"""The containers in which torch and others keep pickles: a bare pickle, torch's stream and torch's zip file.

The bytes are untrusted: nothing is executed, nothing is unpacked to the disk, and every size is checked first.
"""

from __future__ import annotations

import dataclasses
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from paic3d_studio.nets.pickle_values import DAMAGED, Constructors, Global, Limits, Refused
from paic3d_studio.nets.restricted_pickle import unpickled
from paic3d_studio.nets.tensor_records import CONSTRUCTORS, Storage, storage_dtype

STREAM_MAGIC: Final = 0x1950A86A20F9469CFC6C
"""The first pickle in torch's stream format (torch.serialization)."""

STREAM_VERSION: Final = 1001

_ZIP_START: Final = b"PK\x03\x04"
_STREAM_START: Final = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_NESTED: Final = "torch.storage._load_from_bytes"


@dataclasses.dataclass
class Reading:
    """One file being read: what it may ask for, how much it has asked for so far, and when to stop."""

    limits: Limits
    check: Callable[[], None] = lambda: None
    pickles: int = 0

    def begin_pickle(self) -> None:
        """Count a pickle.

        Raises:
            Refused: there are too many.
        """
        self.pickles += 1
        if self.pickles > self.limits.pickles:
            raise Refused("is made of too many pickles for a file of weights")


def read_pickled(content: bytes, *, limits: Limits | None = None, check: Callable[[], None] = lambda: None) -> Any:
    """Return what a file holds, as `restricted_pickle.unpickled` describes it.

    Args:
        content: the whole file: a pickle, or what `torch.save` wrote in either of its formats.
        limits: how much it may ask for.
        check: called now and then; raises to stop.

    Raises:
        Refused: it is none of these, damaged, exceeds the limits, or asks for what no weights need.
    """
    reading = Reading(limits or Limits(), check)
    if is_safetensors(content):
        raise Refused("is a safetensors file: the studio keeps weights so itself, and the authors published none")
    if content.startswith(_ZIP_START):
        return _from_zip(content, reading)
    if content.startswith(_STREAM_START):
        return _from_stream(memoryview(content), reading, nested=False)
    if not content.startswith((b"\x80", b"(", b"c", b"}", b"]")):
        raise Refused("is neither a pickle nor a file that torch wrote")
    reading.begin_pickle()
    found = unpickled(
        memoryview(content), constructors=_with_nested(reading), limits=reading.limits, check=reading.check
    )
    if found.end != len(content):
        raise Refused("goes on behind its end")
    return found.value


def is_safetensors(content: bytes) -> bool:
    """Return whether a file's bytes begin as those of safetensors do: the length of a table in JSON, and the table."""
    length = int.from_bytes(content[:8], "little")
    return content[8:10] in (b'{"', b"{}") and length <= len(content) - 8


def _with_nested(reading: Reading) -> Constructors:
    """Return the constructors, with one for storages that were pickled as a whole torch file of their own."""

    def nested(arguments: tuple[Any, ...]) -> object:
        if len(arguments) != 1 or not isinstance(arguments[0], bytes | bytearray):
            raise Refused(DAMAGED)
        content = bytes(arguments[0])
        if not content.startswith(_STREAM_START):
            raise Refused("holds a tensor in an unknown format")
        found = _from_stream(memoryview(content), reading, nested=True)
        if not isinstance(found, Storage):
            raise Refused("holds something other than numbers where a tensor belongs")
        return found

    return {**CONSTRUCTORS, _NESTED: nested}


def _from_stream(content: memoryview, reading: Reading, *, nested: bool) -> Any:
    """Read torch's stream: magic number, version, machine, the object, the order of the storages, and their bytes.

    Raises:
        Refused: see `read_pickled`; `nested` streams may hold no further ones.
    """
    constructors: Constructors = CONSTRUCTORS if nested else _with_nested(reading)
    storages = _StreamStorages(content)
    at = 0

    def next_value(persistent: Callable[[object], object] | None = None) -> Any:
        nonlocal at
        reading.begin_pickle()
        found = unpickled(
            content, start=at, constructors=constructors, persistent=persistent, limits=reading.limits,
            check=reading.check,
        )  # fmt: skip
        at = found.end
        return found.value

    magic, version, machine = next_value(), next_value(), next_value()
    if magic != STREAM_MAGIC or version != STREAM_VERSION or not isinstance(machine, dict):
        raise Refused("is of a version of torch's format that is not known")
    if machine.get("little_endian") is not True:
        raise Refused("was written on a machine with another order of bytes")
    value, order = next_value(storages.declared), next_value()
    storages.locate(order, at)
    return value


class _StreamStorages:
    """The storages of a stream: declared in its object, their bytes behind it."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._declared: dict[str, Storage] = {}
        self._starts: dict[str, int] = {}

    def declared(self, identity: object) -> Storage:
        """Return the storage that a persistent id declares."""
        key, dtype, count = _storage_identity(identity)
        if count * dtype.itemsize > len(self._content):
            raise Refused("describes a tensor larger than the numbers that are there")
        before = self._declared.get(key)
        if before is None:
            size = count * dtype.itemsize
            before = self._declared[key] = Storage(dtype, count, lambda: self._bytes_of(key, size))
        elif (before.dtype, before.count) != (dtype, count):
            raise Refused(DAMAGED)
        return before

    def locate(self, order: object, at: int) -> None:
        """Find the bytes of every storage; each follows its number of elements, 8 bytes.

        Raises:
            Refused: one is missing, or its size is not the declared one.
        """
        if not isinstance(order, list) or len(order) != len(self._declared):
            raise Refused(DAMAGED)
        for key in order:
            storage = self._declared.get(key) if isinstance(key, str) else None
            if storage is None or key in self._starts:
                raise Refused(DAMAGED)
            count = int.from_bytes(self._content[at : at + 8], "little")
            self._starts[key] = at + 8
            at += 8 + storage.count * storage.dtype.itemsize
            if count != storage.count or at > len(self._content):
                raise Refused(DAMAGED)
        if at != len(self._content):
            raise Refused("goes on behind its end")

    def _bytes_of(self, key: str, size: int) -> memoryview:
        return self._content[self._starts[key] : self._starts[key] + size]


def _storage_identity(identity: object) -> tuple[str, Any, int]:
    """Return key, type and number of elements of a storage.

    Raises:
        Refused: the persistent id is none of a storage.
    """
    match identity:
        case ("storage", Global() as kind, str() as key, str(), int() as count, *rest) if rest in ([], [None]):
            if not isinstance(count, bool) and 0 <= count < 1 << 62:
                return key, storage_dtype(kind), count
    raise Refused("refers to something outside itself, which cannot be read")


def _from_zip(content: bytes, reading: Reading) -> Any:
    """Read torch's zip file: `data.pkl`, and one stored entry for each storage.

    Raises:
        Refused: see `read_pickled`; entries that are compressed, encrypted, doubled or oddly named are none of torch's.
    """
    with _damage_as_refusal():
        archive = zipfile.ZipFile(io.BytesIO(content))  # stays open: storages are read when they are wanted
    entries = _checked_entries(archive, reading.limits, size=len(content))
    pickles = [name for name in entries if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise Refused("is a zip file, but none that torch wrote")
    prefix = pickles[0].removesuffix("data.pkl")
    order = entries.get(f"{prefix}byteorder")
    if order is not None and bytes(_entry_bytes(archive, order)) != b"little":
        raise Refused("was written on a machine with another order of bytes")

    def declared(identity: object) -> Storage:
        key, dtype, count = _storage_identity(identity)
        entry = entries.get(f"{prefix}data/{key}")
        if entry is None:
            raise Refused(DAMAGED)
        if count * dtype.itemsize > entry.file_size:
            raise Refused("describes a tensor larger than the numbers that are there")
        return Storage(dtype, count, lambda: _entry_bytes(archive, entry))

    reading.begin_pickle()
    data = _entry_bytes(archive, entries[pickles[0]])
    found = unpickled(data, constructors=CONSTRUCTORS, persistent=declared, limits=reading.limits, check=reading.check)
    if found.end != len(data):
        raise Refused("goes on behind its end")
    return found.value


def _checked_entries(archive: zipfile.ZipFile, limits: Limits, *, size: int) -> dict[str, zipfile.ZipInfo]:
    """Return the entries of a zip file by name, none of which can grow when it is read.

    Raises:
        Refused: an entry is compressed, encrypted, doubled or oddly named, or all are larger than the file.
    """
    entries: dict[str, zipfile.ZipInfo] = {}
    if len(archive.infolist()) > limits.entries:
        raise Refused("has too many parts for a file of weights")
    for entry in archive.infolist():
        name = entry.filename
        if name in entries or name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise Refused("is a zip file, but none that torch wrote")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size or entry.flag_bits & 1:
            raise Refused("is packed or encrypted, which torch never does with weights")
        entries[name] = entry
    if sum(entry.file_size for entry in entries.values()) > size:
        raise Refused("says that its parts are larger than the whole")
    return entries


def _entry_bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> memoryview:
    """Return the bytes of an entry, whose checksum is compared."""
    with _damage_as_refusal():
        return memoryview(archive.read(entry))


@contextmanager
def _damage_as_refusal() -> Iterator[None]:
    """Turn what `zipfile` raises over damaged files into a refusal."""
    try:
        yield
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError, KeyError) as error:
        raise Refused(DAMAGED) from error
    except (OverflowError, struct.error) as error:
        raise Refused(DAMAGED) from error
