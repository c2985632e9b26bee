"""Checkpoints of trainings, which a power cut or a full disk may not damage."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import torch

from paic3d_studio.errors import UserError

_CURE: Final = "Remove it and start the training anew, or choose another folder."


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


def read_checkpoint(path: Path, *, device: torch.device, keys: Sequence[str]) -> dict[str, Any]:
    """Read what `write_checkpoint` wrote; no code in it runs.

    Args:
        path: of the checkpoint.
        device: where its tensors go.
        keys: what it must hold.

    Raises:
        UserError: it cannot be read, or is no such checkpoint.
    """
    try:
        state: object = torch.load(path, weights_only=True, map_location=device)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise UserError(f"“{path}” is no checkpoint that can be read ({error}).", _CURE) from error
    if not isinstance(state, dict) or not state.keys() >= set(keys):
        raise UserError(f"“{path}” is no checkpoint of this training.", _CURE)
    return state
