"""Upscaling by a super-resolution network of the artist's own, in tiles.

`nets.upscaling_file` checks its file; what the network is shows in the names and shapes of its tensors, which
`nets.upscaling_library` reads by a package that is installed apart.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from paic3d_studio.core.monitor import SILENT, Monitor, abandonable
from paic3d_studio.core.upscaling import MAX_SIDE
from paic3d_studio.errors import UserError
from paic3d_studio.nets import upscaling_library
from paic3d_studio.nets.upscaling_file import CHOOSE_ANOTHER, damaged, network_content, refuse_impossible

TILE: Final = 128
"""Side of the squares that are upscaled one after another, in pixels."""

OVERLAP: Final = 24
"""How far the network sees beyond each square; the outer third is context alone, the rest is blended over."""

_RAMP: Final = 8
"""Two neighbouring tiles are blended over this many pixels on either side of their border."""


@dataclasses.dataclass(frozen=True, eq=False)
class UpscalingNetwork:
    """A network that enlarges pictures `scale` times: sRGB 0..1, (1, 3, H, W) to (1, 3, scale H, scale W)."""

    module: nn.Module
    scale: int
    name: str = ""
    """Its architecture, for the artist."""


def load_upscaling_network(path: Path, *, sha256: str | None = None, monitor: Monitor = SILENT) -> UpscalingNetwork:
    """Read a network after checking what its file says of itself.

    Args:
        path: a safetensors file.
        sha256: what the file must be, in hex; None takes any.
        monitor: progress and cancel, asked at least every half second.

    Raises:
        UserError: the file is missing, another than it was, damaged, or of no architecture that is known; or the
            package that knows them is not installed.
        Cancelled: as `monitor`.
    """
    monitor.report(0.0, "reading the upscaling network")
    upscaling_library.refuse_missing()
    content = abandonable(lambda: network_content(path), monitor=monitor)
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(
            f"The upscaling network “{path.name}” is not the file that was chosen: it has changed since.",
            "Choose the file again, or put back the one that was there.",
        )
    refuse_impossible(content, name=path.name)
    try:
        tensors = safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        raise damaged(path.name) from error
    monitor.report(0.3)
    tensors = {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
    module, scale, architecture = upscaling_library.built(tensors, file=path.name, monitor=monitor.child(0.3, 1.0))
    module.eval().requires_grad_(False)
    return UpscalingNetwork(module, scale, architecture)


def reduction(scale: int, *, wanted: float, side: int) -> int | None:
    """Return by how much a network's result is averaged down: as little as makes `wanted`, and no side too large.

    Args:
        scale: of the network.
        wanted: the factor that the picture lacks.
        side: the longer one of the picture, in pixels.

    Returns:
        A divisor of `scale`; None where the picture would grow too large.
    """
    fitting = [d for d in range(1, scale) if scale % d == 0 and side * (scale // d) <= MAX_SIDE]
    return max((d for d in fitting if scale / d >= wanted), default=min(fitting, default=None))


def upscaled_colours(
    colours: NDArray[np.uint8],
    *,
    network: UpscalingNetwork,
    shrink: int = 1,
    tile: int = TILE,
    monitor: Monitor = SILENT,
) -> NDArray[np.uint8]:
    """Enlarge a picture tile by tile, so that memory does not grow with what the network sees at once.

    Neighbouring tiles overlap, and are blended where they meet.

    Args:
        colours: sRGB, uint8 (H, W, 3).
        network: enlarges by its `scale`.
        shrink: the result is averaged down by this divisor of the scale.
        tile: side of the tiles in pixels, without their overlap.
        monitor: progress and cancel, asked between the network's layers.

    Returns:
        uint8 (f H, f W, 3), f = scale / shrink; the same numbers on every run.

    Raises:
        UserError: the network gives another size than it promised, or no numbers.
        Cancelled: as `monitor`.
    """
    factor = network.scale // shrink
    height, width = colours.shape[:2]
    total = np.zeros((height * factor, width * factor, 3), dtype=np.float32)
    places = [(top, left) for top in range(0, height, tile) for left in range(0, width, tile)]
    with torch.inference_mode(), _asking_between_layers(network.module, monitor):
        for number, (top, left) in enumerate(places):
            monitor.report(number / len(places), f"tile {number + 1} of {len(places)}")
            rows, columns = _seen(top, tile, height), _seen(left, tile, width)
            painted = _painted(colours[rows, columns], network, shrink)
            weight = np.outer(_weights(rows, top, tile, height, factor), _weights(columns, left, tile, width, factor))
            where = (
                slice(rows.start * factor, rows.stop * factor),
                slice(columns.start * factor, columns.stop * factor),
            )
            total[where] += weight[:, :, None].astype(np.float32) * painted
    return np.asarray(np.round(np.clip(total, 0, 1) * 255), dtype=np.uint8)


def _seen(start: int, tile: int, size: int) -> slice:
    """Return what the network sees along one axis for the tile at `start`."""
    return slice(max(0, start - OVERLAP), min(size, start + tile + OVERLAP))


def _weights(seen: slice, start: int, tile: int, size: int, factor: int) -> NDArray[np.float64]:
    """Return how much a tile counts along one axis, 0..1: those of all tiles add up to 1 everywhere."""
    place = (np.arange(seen.start * factor, seen.stop * factor) + 0.5) / factor
    rises = np.ones_like(place) if start == 0 else (place - (start - _RAMP)) / (2 * _RAMP)
    falls = np.ones_like(place) if start + tile >= size else (start + tile + _RAMP - place) / (2 * _RAMP)
    return np.asarray(np.clip(rises, 0, 1) * np.clip(falls, 0, 1))


def _painted(part: NDArray[np.uint8], network: UpscalingNetwork, shrink: int) -> NDArray[np.float32]:
    """Return one tile as the network enlarges it, sRGB float32 (h, w, 3)."""
    seen = torch.from_numpy(np.ascontiguousarray(part)).permute(2, 0, 1)[None].float() / 255
    painted: Tensor = network.module(seen)
    expected = (1, 3, seen.shape[2] * network.scale, seen.shape[3] * network.scale)
    if tuple(painted.shape) != expected or not bool(torch.isfinite(painted).all()):
        raise UserError("The upscaling network gives no picture of the size that it promised.", CHOOSE_ANOTHER)
    painted = painted.clamp(0, 1)
    if shrink > 1:
        painted = torch.nn.functional.avg_pool2d(painted, shrink)
    return np.asarray(painted[0].permute(1, 2, 0).numpy(), dtype=np.float32)


@contextlib.contextmanager
def _asking_between_layers(module: nn.Module, monitor: Monitor) -> Iterator[None]:
    """Let cancel end the network between two of its layers: one tile of a large network takes many seconds."""

    def ask(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        del layer, inputs
        monitor.check()

    handles = [layer.register_forward_pre_hook(ask) for layer in module.modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
