"""The mean head: the same shape for every picture, in the picture's colours where the front sees it.

The shape is the mean occupancy of generated characters in the field frame (all have the head bone 0.1 m below the
origin), with its surface where half of them are full. `python -m paic3d_studio.benchmark.mean_head` makes
`resources/mean_head.npz` anew.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.nets.field import FieldCondition, FieldSample, RadianceField
from paic3d_studio.paths import resources_folder

SIDE: Final = 64
"""Voxels along each side of the box."""

COUNT: Final = 64
"""Characters that the shipped mean is of: seeds 0 to 63."""

FILE: Final = "mean_head.npz"
FULL_DENSITY: Final = 301.0
EMPTY_DENSITY: Final = -10.0
SHARPNESS: Final = 40.0
"""How fast density falls with the mean occupancy about one half: from full to empty within a tenth."""

SEEN_WITHIN: Final = 0.02
"""Metres behind the first surface that still have the colour of the picture."""


class MeanHead:
    """Mean occupancy of heads, float32 (SIDE, SIDE, SIDE) [z, y, x], 0..1."""

    def __init__(self, occupancy: NDArray[np.float32]) -> None:
        self.occupancy = torch.from_numpy(occupancy)[None, None]
        solid = occupancy > 0.5
        axis = (np.arange(SIDE) + 0.5) * (BOX_SIDE / SIDE) - BOX_SIDE / 2
        front = np.where(solid.any(axis=0), axis[SIDE - 1 - np.argmax(solid[::-1], axis=0)], -BOX_SIDE)
        self.front = torch.from_numpy(front.astype(np.float32))[None, None]  # [y, x]

    @classmethod
    def load(cls, path: Path | None = None) -> MeanHead:
        """Read the mean that comes with the program.

        Raises:
            UserError: it is missing or damaged.
        """
        path = path or resources_folder() / FILE
        try:
            with np.load(path, allow_pickle=False) as held:
                stored = held["occupancy"]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise UserError(
                f"The mean head cannot be read: {path}.", "Make it: python -m paic3d_studio.benchmark.mean_head."
            ) from error
        if stored.shape != (SIDE,) * 3 or stored.dtype != np.uint8:
            raise UserError(f"“{path}” holds no mean head.", "Install the program again.")
        return cls(stored.astype(np.float32) / 255)

    def field(self, condition: FieldCondition) -> RadianceField:
        """Return the mean head in the colours of a picture."""
        return MeanHeadField(self, condition)


class MeanHeadField(RadianceField):
    """Near the front surface the picture's colour, elsewhere the mean colour of the picture's row."""

    surface_level = FULL_DENSITY / 2

    def __init__(self, head: MeanHead, condition: FieldCondition) -> None:
        alpha = condition.alpha
        solid = ((condition.picture - (1 - alpha)) / alpha.clamp(min=0.25)).clamp(0, 1)
        weight = alpha.sum(dim=3, keepdim=True)
        everywhere = (solid * alpha).sum(dim=(2, 3), keepdim=True) / alpha.sum().clamp(min=1e-6)
        rows = torch.where(weight > 0.5, (solid * alpha).sum(dim=3, keepdim=True) / weight.clamp(min=1e-6), everywhere)
        painted = torch.lerp(rows.expand_as(solid), solid, alpha)
        self._head = head
        self._colours = torch.cat((painted, rows.expand_as(solid)), 1).flip(2)  # rows run upwards

    def density(self, xyz: Tensor) -> Tensor:
        """Return the density (P,)."""
        place = (xyz.float() * (2 / BOX_SIDE))[None, None, None]
        occupancy = F.grid_sample(self._head.occupancy, place, align_corners=False, padding_mode="zeros")[0, 0, 0, 0]
        share = torch.sigmoid((occupancy - 0.5) * SHARPNESS)
        return EMPTY_DENSITY + (FULL_DENSITY - EMPTY_DENSITY) * share

    def query(self, xyz: Tensor) -> FieldSample:
        """Return density and colour, no features."""
        place = (xyz[None, None, :, :2] * (2 / BOX_SIDE)).float()
        colours = F.grid_sample(self._colours, place, align_corners=False, padding_mode="border")[0, :, 0].T
        first = F.grid_sample(self._head.front, place, align_corners=False, padding_mode="border")[0, 0, 0]
        near = (first - xyz[:, 2] < SEEN_WITHIN)[:, None]
        colour = torch.where(near, colours[:, :3], colours[:, 3:])
        return FieldSample(self.density(xyz), colour, colour[:, :0])


def mean_occupancy(seeds: Sequence[int], *, monitor: Monitor = SILENT) -> NDArray[np.uint8]:
    """Return the mean occupancy of generated characters, uint8 (SIDE, SIDE, SIDE) [z, y, x], 255 where all are full.

    Raises:
        Cancelled: as `monitor`.
    """
    from paic3d_studio.datasets.characters import LABEL_VIEWS, inside_depth_hull
    from paic3d_studio.datasets.generated.draw import drawn_recipe
    from paic3d_studio.datasets.generated.generate import character_bytes
    from paic3d_studio.datasets.vrm import decode_character
    from paic3d_studio.datasets.vrm_renderer import CharacterRenderer

    axis = (np.arange(SIDE) + 0.5) * (BOX_SIDE / SIDE) - BOX_SIDE / 2
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)
    total = np.zeros(len(points))
    with CharacterRenderer() as renderer:
        for done, seed in enumerate(seeds):
            monitor.report(done / len(seeds), f"seed {seed}")
            character = decode_character(character_bytes(drawn_recipe(seed)), name=str(seed))
            total += inside_depth_hull(points, renderer.render(character, LABEL_VIEWS, size=256, supersample=1))
    return np.round(total / len(seeds) * 255).astype(np.uint8).reshape(SIDE, SIDE, SIDE)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the mean head of some seeds."""
    parser = argparse.ArgumentParser(prog="python -m paic3d_studio.benchmark.mean_head", description=main.__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="how many characters, from seed 0 on")
    parser.add_argument("--out", type=Path, default=resources_folder() / FILE)
    arguments = parser.parse_args(argv)
    monitor = Monitor(lambda fraction, text: print(f"\r{fraction:4.0%} {text:20}", end="", file=sys.stderr))
    occupancy = mean_occupancy(range(arguments.count), monitor=monitor)
    beside = arguments.out.with_suffix(".part.npz")
    np.savez_compressed(beside, occupancy=occupancy)
    beside.replace(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
