"""The record of a training: one JSON line per report, PNG grids, and TensorBoard where it is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.image import encode_png

LOG: Final = "log.jsonl"
PICTURES: Final = "pictures"
BOARD: Final = "tensorboard"


class Journal:
    """Writes into a folder; nothing at all where `folder` is None (every process but the first).

    A training that goes on from step `first` loses what was written after it, so that nothing stands twice.

    Args:
        folder: of the training.
        first: the step at which writing starts.
        board: also write TensorBoard's files, if its package is there.
    """

    def __init__(self, folder: Path | None, *, first: int = 0, board: bool = True) -> None:
        self.folder = folder
        self.board: Any = None
        if folder is None:
            return
        (folder / PICTURES).mkdir(parents=True, exist_ok=True)
        _forget(folder / LOG, first)
        if board:
            self.board = _board(folder / BOARD, first)

    @property
    def has_board(self) -> bool:
        """Whether TensorBoard's files are written."""
        return self.board is not None

    def report(self, step: int, values: Mapping[str, float]) -> None:
        """Append one line of numbers."""
        if self.folder is None:
            return
        with (self.folder / LOG).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"step": step, **{name: float(f"{v:.6g}") for name, v in values.items()}}) + "\n")
        if self.board is not None:
            for name, value in values.items():
                self.board.add_scalar(name.replace(".", "/"), value, step)
            self.board.flush()

    def picture(self, step: int, grid: NDArray[np.uint8]) -> None:
        """Keep a grid of samples, sRGB uint8 (H, W, 3)."""
        if self.folder is None:
            return
        (self.folder / PICTURES / f"{step:09d}.png").write_bytes(encode_png(grid))
        if self.board is not None:
            self.board.add_image("samples", grid, step, dataformats="HWC")
            self.board.flush()

    def close(self) -> None:
        """Finish TensorBoard's files."""
        if self.board is not None:
            self.board.close()


def _forget(log: Path, first: int) -> None:
    """Keep of a log what was reported up to a step."""
    if not log.exists():
        return
    kept = []
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= first:
                kept.append(line + "\n")
        except (ValueError, KeyError, TypeError):
            continue  # a line that a crash cut off
    beside = log.with_suffix(".part")
    beside.write_text("".join(kept), encoding="utf-8")
    beside.replace(log)


def _board(folder: Path, first: int) -> Any:
    """Return TensorBoard's writer, or None where the package is missing."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=first)
