"""The density of a triplane on a regular grid, where sampling separates into one-dimensional interpolations.

Of a plane, each slab of the grid at one x needs either a line that is mixed over the layers, or a mix of layers that
all slabs share; both are small matrix products, so nothing is gathered per point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import torch
from torch import Tensor

from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.decoder import FoldedDecoder
from paic3d_studio.nets.threads import side_by_side
from paic3d_studio.nets.triplane import TriplaneAxes
from paic3d_studio.nets.triplane_table import HEIGHT, LAYER, WIDTH, texel_position

_TILE_POINTS: Final = 1 << 12
"""Points at once: their hidden layer stays in a core's second-level cache."""


def _shares(coordinates: Tensor, size: int, *, box_side: float) -> Tensor:
    """Return how much each of `size` texels or layers counts at coordinates (n,) in metres: (n, size), two per row."""
    position = texel_position(coordinates * (2.0 / box_side), size)
    before = position.floor().clamp_max(size - 1)
    upper = position - before
    shares = position.new_zeros(len(coordinates), size + 2)
    index = before.long()[:, None] + 1
    shares.scatter_(1, index, 1 - upper[:, None]).scatter_(1, index + 1, upper[:, None])
    return shares[:, 1:-1]


class TriplaneGrid:
    """A triplane read on the grid of all points (x[i], y[j], z[k]).

    Args:
        planes: features (3, C, L, h, w), as `sample_triplane` takes them.
        x: coordinates in metres (n,), and `y`, `z` likewise.
        box_side: side of the box that the planes cover, in metres.
        axes: which coordinates run along width, height and layers of each plane.
    """

    def __init__(self, planes: Tensor, x: Tensor, y: Tensor, z: Tensor, *, box_side: float, axes: TriplaneAxes) -> None:
        self.shape = len(x), len(y), len(z)
        layers = planes.shape[2]
        grid = (x, y, z)
        if layers == 1:  # a single layer reaches through the whole box
            self._layer_shares = [torch.ones_like(c)[:, None] for c in grid]
        else:
            self._layer_shares = [_shares(c, layers, box_side=box_side) for c in grid]
        self._over_layers: dict[int, Tensor] = {}
        for plane, order in zip(planes.detach() / len(planes), axes, strict=True):
            resampled = _resampled(plane, grid[order[WIDTH]], grid[order[HEIGHT]], box_side=box_side)
            if order[WIDTH] > order[HEIGHT]:  # rows of what results are the smaller coordinate
                resampled = resampled.transpose(0, 1)
            along = order[LAYER]
            self._add(along, resampled)

    def _add(self, along: int, resampled: Tensor) -> None:
        """Keep a plane (a, b, L, C), a < b the two coordinates of the plane, as the slabs want it."""
        wanted = resampled if along == 2 else resampled.transpose(1, 2) if along == 1 else resampled.permute(2, 0, 1, 3)
        known = self._over_layers.get(along)
        self._over_layers[along] = wanted.contiguous() if known is None else known + wanted

    def slab(self, i: int) -> Iterator[Tensor]:
        """Yield the features (rows * nz, C) at x[i], a few rows of y at a time."""
        _, ny, nz = self.shape
        of_x, of_y, of_z = self._layer_shares
        rows = max(1, _TILE_POINTS // nz)
        for start in range(0, ny, rows):
            some = slice(start, min(start + rows, ny))
            count = some.stop - some.start
            channels = next(iter(self._over_layers.values())).shape[-1]
            tile = of_z.new_zeros(count, nz, channels)
            if 0 in self._over_layers:  # (L, ny, nz, C)
                for share, layer in zip(of_x[i].tolist(), self._over_layers[0][:, some], strict=True):
                    if share:
                        tile.add_(layer, alpha=share)
            if 1 in self._over_layers:  # (nx, L, nz, C)
                tile.view(count, -1).addmm_(of_y[some], self._over_layers[1][i].flatten(1))
            if 2 in self._over_layers:  # (nx, ny, L, C)
                tile.baddbmm_(of_z.expand(count, *of_z.shape), self._over_layers[2][i, some])
            yield tile.flatten(0, 1)


def _resampled(plane: Tensor, across: Tensor, down: Tensor, *, box_side: float) -> Tensor:
    """Return a plane (C, L, h, w) at all pairs of coordinates: (across, down, L, C)."""
    height, width = plane.shape[2:]
    texels = plane.permute(3, 2, 1, 0)  # (w, h, L, C)
    columns = torch.tensordot(_shares(across, width, box_side=box_side), texels, dims=1)
    rows: Tensor = torch.tensordot(_shares(down, height, box_side=box_side), columns, dims=([1], [1]))
    return rows.transpose(0, 1)


def grid_densities(
    grid: TriplaneGrid,
    decoder: FoldedDecoder,
    *,
    edited: Callable[[Tensor, int], Tensor] | None = None,
    monitor: Monitor = SILENT,
) -> Tensor:
    """Return the density (nx, ny, nz) on the whole grid.

    Args:
        grid: the triplane on the grid.
        decoder: what reads its features.
        edited: changes the densities (ny * nz,) of the slab with the given index.
        monitor: progress and cancel.

    Raises:
        Cancelled: the work was cancelled.
    """
    densities = torch.empty(grid.shape, device=decoder.first.device)

    def write(i: int) -> None:
        slab = torch.cat([decoder.density(tile) for tile in grid.slab(i)])
        densities[i] = (slab if edited is None else edited(slab, i)).view(grid.shape[1:])

    for _ in side_by_side(write, range(grid.shape[0]), monitor=monitor):
        pass
    return densities
