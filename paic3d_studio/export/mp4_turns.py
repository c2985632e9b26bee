"""Lets an MP4 film play several times over without encoding it again (ISO/IEC 14496-12).

The tables of a film say where each picture's bytes lie and how long it is shown. Written twice, they show the same
bytes twice: nothing is encoded again, and the file hardly grows. A film's first picture is a whole one, so it can
follow the last.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final

_CONTAINERS: Final = (b"moov", b"trak", b"mdia", b"minf", b"edts")

_DURATIONS: Final = {b"mvhd": (16, 24), b"mdhd": (16, 24), b"tkhd": (20, 28), b"elst": (8, 8)}
"""Box -> where its duration stands in version 0 (4 bytes) and in version 1 (8 bytes)."""


def repeated(film: bytes, *, times: int) -> bytes:
    """Return a film that plays `times` over; one whose tables do not lie behind its pictures comes back as it was."""
    boxes = list(_boxes(film))
    if [kind for kind, _ in boxes][-1:] != [b"moov"]:
        return film
    head = len(film) - 8 - len(boxes[-1][1])
    return film[:head] + _repeated(b"moov", boxes[-1][1], times)


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and payload of each box."""
    place = 0
    while place + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", content, place + 8), 16
        size = size or len(content) - place
        if size < head or place + size > len(content):
            return  # cut off: whoever counts the pictures will see it
        yield kind, content[place + head : place + size]
        place += size


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def _repeated(kind: bytes, payload: bytes, times: int) -> bytes:
    if kind in _CONTAINERS:
        payload = b"".join(_repeated(inner, content, times) for inner, content in _boxes(payload))
    elif kind == b"stbl":
        tables = dict(_boxes(payload))
        payload = b"".join(_box(name, _table(name, tables, times)) for name in tables)
    elif kind in _DURATIONS:
        payload = _longer(payload, _DURATIONS[kind], times)
    return _box(kind, payload)


def _longer(payload: bytes, places: tuple[int, int], times: int) -> bytes:
    place, form = (places[1], ">Q") if payload[0] == 1 else (places[0], ">I")
    (duration,) = struct.unpack_from(form, payload, place)
    changed = bytearray(payload)
    struct.pack_into(form, changed, place, duration * times)
    return bytes(changed)


def _table(name: bytes, tables: Mapping[bytes, bytes], times: int) -> bytes:
    """Return a table of samples or chunks, `times` over; numbers in it go on where those before end."""
    table = tables[name]
    match name:
        case b"stts" | b"ctts" | b"stco" | b"co64":
            return _entries(table, lambda entries, _: entries, times)
        case b"stss":
            samples = struct.unpack_from(">I", tables[b"stsz"], 8)[0]
            return _entries(table, lambda entries, turn: _shifted(entries, turn * samples, step=1), times)
        case b"stsc":
            chunks = struct.unpack_from(">I", tables.get(b"stco") or tables[b"co64"], 4)[0]
            return _entries(table, lambda entries, turn: _shifted(entries, turn * chunks, step=3), times)
        case b"stsz":
            count = struct.unpack_from(">I", table, 8)[0]
            return table[:8] + struct.pack(">I", count * times) + table[12:] * times
    return table


def _entries(table: bytes, of_turn: Callable[[bytes, int], bytes], times: int) -> bytes:
    """Return version, count and the entries of every turn."""
    count = struct.unpack_from(">I", table, 4)[0]
    return table[:4] + struct.pack(">I", count * times) + b"".join(of_turn(table[8:], turn) for turn in range(times))


def _shifted(entries: bytes, by: int, *, step: int) -> bytes:
    """Return entries with the first number of every `step` raised."""
    numbers = list(struct.unpack(f">{len(entries) // 4}I", entries))
    numbers[::step] = [number + by for number in numbers[::step]]
    return struct.pack(f">{len(numbers)}I", *numbers)
