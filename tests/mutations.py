"""Damage files in every way that a bad disk, a bad download or a bad person could, the same ways every time."""

import contextlib
import random
import signal
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

ODD_NUMBERS = (0, 1, -1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, -(2**63), 10**400, 0.5, -0.0, 1e308, -1e308)
ODD_VALUES = (
    *ODD_NUMBERS,
    None,
    True,
    False,
    "",
    "\0",
    "x" * 5000,
    "../../../etc/passwd",
    [],
    {},
    [[]],
    [None],
    {"": 0},
)


def mutants(originals: Sequence[bytes], *, count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` damaged files, each made of one of `originals` by one to eight changes."""
    lot = random.Random(seed)
    for _ in range(count):
        content = bytearray(lot.choice(originals))
        for _ in range(lot.choice((1, 1, 2, 4, 8))):
            lot.choice(_CHANGES)(content, lot)
        yield bytes(content)


def mutated_json(value: Any, lot: random.Random) -> Any:
    """Return a JSON value with one part of it replaced, doubled, renamed or left out."""
    if isinstance(value, dict) and value and lot.random() < 0.9:
        key = lot.choice(sorted(value))
        changed = dict(value)
        match lot.randrange(8):
            case 0:
                del changed[key]
            case 1:
                changed[key + "_"] = changed.pop(key)
            case 2:
                changed[key] = lot.choice(ODD_VALUES)
            case _:
                changed[key] = mutated_json(value[key], lot)
        return changed
    if isinstance(value, list) and value and lot.random() < 0.9:
        place = lot.randrange(len(value))
        match lot.randrange(8):
            case 0:
                return value[:place] + value[place + 1 :]
            case 1:
                return value * 2
            case 2:
                return [*value[:place], lot.choice(ODD_VALUES), *value[place + 1 :]]
            case _:
                return [*value[:place], mutated_json(value[place], lot), *value[place + 1 :]]
    return lot.choice(ODD_VALUES)


def with_right_checksums(png: bytes) -> bytes:
    """Return a PNG whose chunks have the checksums of what is in them, so that decoders look further."""
    made, at = png[:8], 8
    while at + 12 <= len(png):
        size = struct.unpack_from(">I", png, at)[0]
        if at + 12 + size > len(png):
            break
        inside = png[at + 4 : at + 8 + size]
        made += png[at : at + 4] + inside + struct.pack(">I", zlib.crc32(inside))
        at += 12 + size
    return made + png[at:]


@contextlib.contextmanager
def hanging_fails(seconds: int = 60) -> Iterator[None]:
    """Fail when the block does not come back: a hang is a finding, not a wait. The time is no measure of speed."""

    def fail(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"still busy with one file after {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _flip(content: bytearray, lot: random.Random) -> None:
    if content:
        content[lot.randrange(len(content))] ^= 1 << lot.randrange(8)


def _overwrite(content: bytearray, lot: random.Random) -> None:
    """Put a number that sizes and offsets are not expected to have."""
    number = lot.choice((0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000))
    place = lot.randrange(len(content) + 1)
    packed = struct.pack(lot.choice(("<I", ">I")), number)
    content[place : place + 4] = packed


def _cut_short(content: bytearray, lot: random.Random) -> None:
    del content[lot.randrange(len(content) + 1) :]


def _leave_out(content: bytearray, lot: random.Random) -> None:
    place = lot.randrange(len(content) + 1)
    del content[place : place + lot.randrange(1, 64)]


def _insert(content: bytearray, lot: random.Random) -> None:
    place = lot.randrange(len(content) + 1)
    content[place:place] = lot.randbytes(lot.randrange(1, 64))


def _repeat(content: bytearray, lot: random.Random) -> None:
    place = lot.randrange(len(content) + 1)
    content[place:place] = content[place : place + lot.randrange(1, 256)]


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip, _flip, _overwrite, _overwrite, _cut_short, _leave_out, _insert, _repeat,
)  # fmt: skip
