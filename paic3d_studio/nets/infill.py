"""Line infill: repaint contour lines, so that a drawing looks like a render (PAniC-3D, section 3.1)."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from paic3d_studio.core.artefacts import AlignedPortrait, KeepMask, LineMask, RenderLike
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import ShapeMismatch
from paic3d_studio.nets.manifest import is_there, manifest_entry
from paic3d_studio.nets.weights import network_of

INFILL_WEIGHTS: Final = "infill"
"""Name of the embedded infill weights in the manifest."""

PUBLISHED_WEIGHTS: Final = "published-infill"
"""Name of the paper's line removal among imported weights."""

FAR: Final = 3
"""Pixels from the rim of the mask beyond which the network sees too little of the picture, and paints grey."""

TILE: Final = 128
"""Side of the squares that are painted one after another, in pixels; cancel is asked between them."""

COARSEST: Final = 16
"""Side of the smallest picture that is painted in place of a larger one, in pixels."""


class InfillNetwork(nn.Module):
    """Six 3x3 convolutions that see 13 pixels across and paint what lay under the lines.

    Args:
        width: channels of the hidden layers.
        depth: number of convolutions; each costs one pixel of border, which is replicated outside the picture.
        use_keep: take the keep mask as a fourth input channel.
    """

    def __init__(self, *, width: int = 32, depth: int = 6, use_keep: bool = False) -> None:
        super().__init__()
        self.depth = depth
        self.use_keep = use_keep
        layers: list[nn.Module] = []
        channels = 4 if use_keep else 3
        for _ in range(depth - 1):
            layers += [nn.Conv2d(channels, width, 3), nn.LeakyReLU(0.01), nn.BatchNorm2d(width)]
            channels = width
        self.generator = nn.Sequential(*layers, nn.Conv2d(channels, 3, 3), nn.Tanh())

    def forward(self, picture: Tensor, line_mask: Tensor, keep: Tensor | None = None) -> Tensor:
        """Paint the whole picture from what lies outside the lines.

        Args:
            picture: sRGB 0..1 on white, (N, 3, H, W).
            line_mask: 1 where lines are to go, (N, 1, H, W); those pixels are blacked out at the input.
            keep: 1 where lines stay, (N, 1, H, W); needed when the network was built with `use_keep`.

        Returns:
            sRGB (N, 3, H, W), as the last tanh gives it: -1..1, though what it means is 0..1.
        """

        def bordered(maps: Tensor) -> Tensor:
            return F.pad(maps, [self.depth] * 4, mode="replicate")

        return self.paint_inside(bordered(picture), bordered(line_mask), None if keep is None else bordered(keep))

    def paint_inside(self, picture: Tensor, line_mask: Tensor, keep: Tensor | None = None) -> Tensor:
        """Paint what lies at least `depth` pixels inside; arguments as `forward`.

        Returns:
            sRGB (N, 3, H - 2 depth, W - 2 depth).
        """
        seen = picture * (1 - line_mask)
        if self.use_keep:
            if keep is None:
                raise ShapeMismatch("this infill network also takes the keep mask")
            seen = torch.cat([seen, keep], dim=1)
        painted: Tensor = self.generator(seen)
        return painted


KEPT_TILES: Final = 160
"""How many painted tiles are remembered, 192 KiB each: some eight pictures' worth."""


class TileMemo:
    """Tiles as a network painted them, found again by what it saw, so that an edit repaints only what it changed.

    The newest are kept. May be asked from several threads.
    """

    def __init__(self, *, limit: int = KEPT_TILES) -> None:
        self._limit = limit
        self._tiles: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def painted(
        self, window: NDArray[np.float32], paint: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Return `paint(window)`, or what it gave for equal pixels before."""
        key = hashlib.blake2b(repr(window.shape).encode(), digest_size=16)
        key.update(window.data)
        with self._lock:
            known = self._tiles.pop(key.digest(), None)
            if known is not None:
                self._tiles[key.digest()] = known
                return known
        tile = paint(window)
        with self._lock:
            self._tiles[key.digest()] = tile
            while len(self._tiles) > self._limit:
                self._tiles.popitem(last=False)
        return tile


@dataclass(frozen=True)
class Painter:
    """An infill network with the tiles it has painted."""

    network: InfillNetwork
    tiles: TileMemo = field(default_factory=TileMemo)

    def paint(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """Paint what lies `depth` pixels inside: (h, w, 5) of picture, mask and keep to 0..1 (h - 2 d, w - 2 d, 3)."""
        return self.tiles.painted(window, self._paint)

    def _paint(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        maps = torch.from_numpy(window).permute(2, 0, 1)[None]
        with torch.inference_mode():
            painted = self.network.paint_inside(maps[:, :3], maps[:, 3:4], maps[:, 4:])
        return np.ascontiguousarray(painted[0].permute(1, 2, 0).clamp(0, 1).numpy())


def blended(picture: Tensor, painted: Tensor, line_mask: Tensor) -> Tensor:
    """Put the painted pixels where the line mask is 1 and keep the picture elsewhere; all (N, C, H, W)."""
    return picture + line_mask * (painted - picture)


@lru_cache(maxsize=2)
def _painter(sha256: str, name: str) -> Painter:
    """Return a network with its tiles; the digest is the key, so that exchanged weights are read again."""
    del sha256
    return Painter(network_of(name, InfillNetwork))


def paint_by_network(
    picture: NDArray[np.float32],
    *,
    line_mask: NDArray[np.bool_],
    keep: NDArray[np.bool_],
    monitor: Monitor = SILENT,
) -> NDArray[np.float32]:
    """Paint under the lines with the trained infill network.

    A contour line is narrow and painted in one pass, as published. What lies far inside a wide brush stroke is painted
    at half the size, where the same network sees twice as far, and so on.

    Args:
        picture: sRGB 0..1 on white, float32 (H, W, 3).
        line_mask: True where to paint, bool (H, W).
        keep: True where lines stay, bool (H, W).
        monitor: progress and cancel.

    Returns:
        sRGB 0..1, float32 (H, W, 3); the picture outside the mask.

    Raises:
        Cancelled: as `monitor`.
        UserError: the embedded weights are missing or damaged.
    """
    painter = _painter(manifest_entry(INFILL_WEIGHTS).sha256, INFILL_WEIGHTS)
    return _painted(painter, picture, line_mask, keep, monitor)


def paint_by_published(
    picture: NDArray[np.float32],
    *,
    line_mask: NDArray[np.bool_],
    keep: NDArray[np.bool_],
    monitor: Monitor = SILENT,
) -> NDArray[np.float32]:
    """Paint under the lines with the paper's own line removal, in one pass everywhere, as published.

    Arguments as `paint_by_network`.

    Raises:
        UserError: its weights were not imported, or are damaged.
    """
    painter = _painter(manifest_entry(PUBLISHED_WEIGHTS).sha256, PUBLISHED_WEIGHTS)
    return _narrowly_painted(painter, picture, line_mask, keep, monitor)


def _narrowly_painted(
    painter: Painter,
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    keep: NDArray[np.bool_],
    monitor: Monitor,
) -> NDArray[np.float32]:
    """Return the picture painted under the mask in one pass."""
    painted = np.where(mask[..., None], _one_pass(painter, picture, mask, keep, monitor), picture)
    return np.asarray(painted, dtype=np.float32)


def _painted(
    painter: Painter,
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    keep: NDArray[np.bool_],
    monitor: Monitor,
) -> NDArray[np.float32]:
    """Return the picture painted under the mask, coarsely where the mask is wide."""
    narrow = _narrowly_painted(painter, picture, mask, keep, monitor)
    depth = cv2.distanceTransform(np.pad(mask, 1, mode="edge").astype(np.uint8), cv2.DIST_C, 3)[1:-1, 1:-1]
    if depth.max() <= FAR or min(mask.shape) <= COARSEST:
        return narrow
    height, width = mask.shape
    half = (width // 2, height // 2)
    known = cv2.resize((~mask).astype(np.float32), half, interpolation=cv2.INTER_AREA)
    dimmed = cv2.resize(np.where(mask[..., None], 0, picture), half, interpolation=cv2.INTER_AREA)
    coarse_keep = cv2.resize(keep.astype(np.uint8), half, interpolation=cv2.INTER_NEAREST) > 0
    seen = np.asarray(dimmed / np.maximum(known, 0.25)[..., None], dtype=np.float32)
    coarse = cv2.resize(_painted(painter, seen, known < 0.25, coarse_keep, monitor), (width, height))
    share = np.clip((depth - FAR + 2) / 2, 0, 1)[..., None] * mask[..., None]
    return np.asarray(narrow * (1 - share) + coarse * share, dtype=np.float32)


def _one_pass(
    painter: Painter,
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    keep: NDArray[np.bool_],
    monitor: Monitor,
) -> NDArray[np.float32]:
    """Return what the network paints, 0..1 (H, W, 3), blind to what is under the mask; zeros in tiles without mask."""
    result = np.zeros(picture.shape, np.float32)
    tiles = [(y, x) for y in range(0, len(mask), TILE) for x in range(0, mask.shape[1], TILE)]
    tiles = [(y, x) for y, x in tiles if mask[y : y + TILE, x : x + TILE].any()]
    maps = np.dstack([picture, mask, keep]).astype(np.float32)
    reach = painter.network.depth
    maps = np.pad(maps, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    for done, (y, x) in enumerate(tiles):
        monitor.report(done / len(tiles))
        window = np.ascontiguousarray(maps[y : y + TILE + 2 * reach, x : x + TILE + 2 * reach])
        result[y : y + TILE, x : x + TILE] = painter.paint(window)
    return result


def paint_by_telea(
    picture: NDArray[np.float32],
    *,
    line_mask: NDArray[np.bool_],
    keep: NDArray[np.bool_],
    monitor: Monitor = SILENT,
) -> NDArray[np.float32]:
    """Paint under the lines with Telea's fast marching method; needs no weights. Arguments as `paint_by_network`."""
    del keep
    monitor.check()
    pixels = np.rint(picture * 255).clip(0, 255).astype(np.uint8)
    painted = cv2.inpaint(pixels, line_mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return np.asarray(painted, dtype=np.float32) / np.float32(255)


Inpainter = Callable[..., NDArray[np.float32]]

INPAINTERS: Final[Mapping[str, Inpainter]] = {
    "network": paint_by_network,
    "telea": paint_by_telea,
    "published": paint_by_published,
}
"""Ways to paint under the lines: name -> function with the signature of `paint_by_network`."""


def offered_inpainters() -> tuple[str, ...]:
    """Return the inpainters that can be chosen: those that need no weights to be imported, or have them."""
    return tuple(name for name in INPAINTERS if name != "published" or is_there(PUBLISHED_WEIGHTS))


def repaint(
    aligned: AlignedPortrait,
    *,
    line_mask: LineMask,
    keep: KeepMask,
    inpainter: str = "network",
    monitor: Monitor = SILENT,
) -> RenderLike:
    """Remove the contour lines: the line-free picture that the reconstruction sees.

    The painter works on the picture over white; the result is brought back under the same alpha, so that it composites
    on white to exactly what was painted. Pixels outside the line mask keep the artist's bytes.

    Args:
        aligned: the drawing in the aligned square.
        line_mask: what to repaint.
        keep: where lines stay, which some networks look at.
        inpainter: key of INPAINTERS.
        monitor: progress and cancel.

    Raises:
        Cancelled: as `monitor`.
        ShapeMismatch: the masks and the picture differ in size.
        UserError: the weights are missing or damaged.
    """
    if not aligned.rgba.shape[:2] == line_mask.mask.shape == keep.mask.shape:
        raise ShapeMismatch(f"picture {aligned.rgba.shape}, line mask {line_mask.mask.shape}, keep {keep.mask.shape}")
    rgba = np.array(aligned.rgba)
    where = line_mask.mask & (rgba[..., 3] > 0)
    if where.any():
        alpha = rgba[..., 3:].astype(np.float32) / 255
        on_white = rgba[..., :3].astype(np.float32) / 255 * alpha + (1 - alpha)
        painted = INPAINTERS[inpainter](on_white, line_mask=line_mask.mask, keep=keep.mask, monitor=monitor)
        if line_mask.shares is not None:
            share = line_mask.shares[..., None].astype(np.float32) / 255
            painted = np.asarray(on_white + share * (painted - on_white), np.float32)
        straight = (painted[where] - (1 - alpha[where])) / alpha[where]
        rgba[where, :3] = np.rint(straight * 255).clip(0, 255).astype(np.uint8)
    return RenderLike(rgba)
