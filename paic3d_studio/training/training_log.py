"""What a training writes down: figures as JSON lines and pictures, and both for TensorBoard where it is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.image import encode_png
from paic3d_studio.export.files import write_files

FIGURES: Final = "log.jsonl"


class TrainingLog:
    """Writes into a run's folder; a context manager.

    Args:
        folder: gets `log.jsonl`, `pictures/` and, with TensorBoard, `tensorboard/`.
        resumed_at: the step a resumed training goes on from; lines of later steps are dropped, since they come again.
    """

    def __init__(self, folder: Path, *, resumed_at: int = 0) -> None:
        self._folder = folder
        path = folder / FIGURES
        kept = [line for line in _lines(path) if json.loads(line)["step"] <= resumed_at] if resumed_at else []
        write_files({path: "".join(line + "\n" for line in kept).encode()})
        self._file = path.open("a", encoding="utf-8")
        self._board: Any = _tensorboard(folder / "tensorboard", purge_step=resumed_at or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self._board is not None:
            self._board.close()

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        """Write one line: the step and its figures."""
        self._file.write(json.dumps({"step": step, **values}) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)

    def picture(self, step: int, name: str, rgb: NDArray[np.uint8]) -> None:
        """Write a picture, uint8 (h, w, 3)."""
        (self._folder / "pictures").mkdir(exist_ok=True)
        write_files({self._folder / "pictures" / f"{name}-{step:08}.png": encode_png(rgb)})
        if self._board is not None:
            self._board.add_image(name, rgb, step, dataformats="HWC")


def _lines(path: Path) -> list[str]:
    """Return the whole lines of a log; a last one that was cut short is dropped."""
    if not path.exists():
        return []
    return [line for line in path.read_text(encoding="utf-8").split("\n")[:-1] if line]


def _tensorboard(folder: Path, *, purge_step: int | None) -> Any:
    """Return TensorBoard's writer, None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=purge_step)
