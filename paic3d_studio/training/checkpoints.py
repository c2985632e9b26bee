"""Checkpoints of trainings, which a power cut or a full disk may not damage."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from paic3d_studio.errors import UserError


def write_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """Write what `torch.load` reads with weights only, beside its place and then there.

    Raises:
        UserError: it cannot be written; what stood there before is untouched.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch tells of a full disk as of a bug of its own
        with suppress(OSError):
            part.unlink()
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"“{path}” cannot be written ({reason}).", "Make room, or choose another folder.") from error
