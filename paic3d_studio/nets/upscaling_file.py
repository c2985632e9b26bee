"""The file of an upscaling network: safetensors, which hold numbers and nothing that runs; checked without torch."""

from __future__ import annotations

import hashlib
import json
import math
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from paic3d_studio.core.monitor import SILENT, Monitor, abandonable
from paic3d_studio.errors import UserError

MAX_BYTES: Final = 1 << 30
"""The largest file that is read; usual networks have 1 to 130 MB."""

MAX_TENSORS: Final = 20_000
MAX_INDEX: Final = 1_000
"""The most tensors of a file, and the largest number in their names: libraries count layers by it."""

CHOOSE_ANOTHER: Final = "Choose another file, or set the upscaling to smooth."
_HEADER_BYTES: Final = 32 << 20
_FLOATS: Final = ("F32", "F16", "BF16", "F64")
_NUMBERS: Final = (*_FLOATS, "I64", "I32", "I16", "I8", "U8", "BOOL")


def file_sha256(path: Path, *, monitor: Monitor = SILENT) -> str:
    """Return the hex digest of a network's file.

    Raises:
        UserError: it cannot be read, or is larger than `MAX_BYTES`.
        Cancelled: as `monitor`.
    """
    return hashlib.sha256(abandonable(lambda: network_content(path), monitor=monitor)).hexdigest()


def network_content(path: Path) -> bytes:
    """Return the bytes of a network's file.

    Raises:
        UserError: it cannot be read, or is larger than `MAX_BYTES`.
    """
    name = path.name
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"The upscaling network “{name}” is no file.", CHOOSE_ANOTHER)
        if status.st_size > MAX_BYTES:
            raise UserError(f"The upscaling network “{name}” is larger than {MAX_BYTES >> 20} MB.", CHOOSE_ANOTHER)
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    except FileNotFoundError:
        raise UserError(
            f"The upscaling network is not there any more: {path}.",
            "Choose its file again, or set the upscaling to smooth.",
        ) from None
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        raise UserError(f"The upscaling network cannot be read: {path}.", CHOOSE_ANOTHER) from error


def damaged(name: str) -> UserError:
    """Return what there is to say of a file whose bytes are not what its kind has."""
    return UserError(f"“{name}” is no safetensors file, or a damaged one.", CHOOSE_ANOTHER)


def refuse_impossible(content: bytes, *, name: str) -> None:
    """Make sure of the header before anything of the file is allocated: each tensor has exactly the bytes it says.

    Raises:
        UserError: it is no safetensors file, or no network that could be meant.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= min(_HEADER_BYTES, len(content) - 8):
        raise damaged(name)
    try:
        header = json.loads(content[8 : 8 + length])
        tensors = {key: value for key, value in header.items() if key != "__metadata__"}
        sound = all(_is_sound(entry, room=len(content) - 8 - length) for entry in tensors.values())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged(name) from error
    if not sound or not tensors:
        raise damaged(name)
    if len(tensors) > MAX_TENSORS or any(_largest_number(key) > MAX_INDEX for key in tensors):
        raise UserError(f"“{name}” has more layers than any upscaling network.", CHOOSE_ANOTHER)


def _is_sound(entry: Mapping[str, Any], *, room: int) -> bool:
    """Whether a header's entry describes numbers that lie within the `room` bytes behind it."""
    kind, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]
    if kind not in _NUMBERS or len(shape) > 8 or not all(type(n) is int and 0 <= n < 1 << 40 for n in shape):
        return False
    width = 1 if kind in ("BOOL", "I8", "U8") else int(kind.lstrip("FBIU")) // 8
    inside = type(first) is int and type(last) is int and 0 <= first <= last <= room
    return inside and math.prod(shape) * width == last - first


def _largest_number(key: str) -> int:
    """Return the largest whole number among the parts of a tensor's name; one too long to be one is taken as huge."""
    parts = [part for part in key.split(".") if part.isdecimal()]
    return max((int(part) if len(part) < 10 else MAX_INDEX + 1 for part in parts), default=0)
