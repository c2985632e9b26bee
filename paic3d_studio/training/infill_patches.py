"""Patches round contour lines, cut from drawings and from renders."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.artefacts import AlignedPortrait
from paic3d_studio.core.image import decode_portrait, over_white, read_picture
from paic3d_studio.core.lines import LineOptions, contour_lines
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.drawn_renders import drawn_render, front_on_white
from paic3d_studio.datasets.line_pairs import LinePair
from paic3d_studio.datasets.names import Split
from paic3d_studio.datasets.portrait_folder import is_portrait_folder, pictures_in, read_portraits
from paic3d_studio.datasets.portraits import placed_portrait
from paic3d_studio.datasets.renders import RenderSet
from paic3d_studio.errors import UserError

PATCH: Final = 21
"""Side of the patches around lines, in pixels (specification, section 2)."""

DILATIONS: Final = (1, 3)
"""Line masks are grown by one of these, by lot."""


@dataclasses.dataclass(frozen=True, eq=False)
class LinedPicture:
    """A picture with the lines in it: `layers` uint8 (h, w, 3 or 6), the picture on white and, for a drawing with a
    line-free twin, that; `keep` bool (h, w); `masks` bool (h, w, 2), a line mask per dilation."""

    layers: NDArray[np.uint8]
    keep: NDArray[np.bool_]
    masks: NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False)
class Patches:
    """A batch: `layers` float32 (n, 3 or 6, s, s) in 0..1, `keep` and `mask` float32 (n, 1, s, s) of 0 and 1; s is
    PATCH and a border on each side."""

    layers: Tensor
    keep: Tensor
    mask: Tensor


def lined(rgb: NDArray[np.uint8], *, keep: NDArray[np.bool_], twin: NDArray[np.uint8] | None = None) -> LinedPicture:
    """Find the lines of a picture on white, uint8 (h, w, 3), outside the keep mask."""
    opaque = np.full((*keep.shape, 1), 255, np.uint8)
    aligned = AlignedPortrait(np.concatenate([rgb, opaque], axis=-1))
    masks = [contour_lines(aligned, options=LineOptions(dilation=grown)) & ~keep for grown in DILATIONS]
    return LinedPicture(rgb if twin is None else np.concatenate([rgb, twin], axis=-1), keep, np.stack(masks, axis=-1))


class PatchSource:
    """Cuts patches round lines, with the border that a network's valid convolutions use up.

    Args:
        pictures: with equal numbers of layers; those without a line are left out.
        border: pixels round each patch.

    Raises:
        UserError: there is no line in any of them.
    """

    def __init__(self, pictures: Sequence[LinedPicture], *, border: int) -> None:
        reach = PATCH // 2 + border
        self._side = PATCH + 2 * border
        self._pictures: list[NDArray[np.uint8]] = []
        self._centres: list[NDArray[np.int64]] = []
        for picture in pictures:
            centres = np.argwhere(picture.masks[..., 0])
            if len(centres) == 0:
                continue
            flags = np.concatenate([picture.keep[..., None], picture.masks], axis=-1).astype(np.uint8)
            stacked = np.concatenate([picture.layers, flags], axis=-1)
            self._pictures.append(np.pad(stacked, ((reach, reach), (reach, reach), (0, 0)), mode="edge"))
            self._centres.append(centres)
        if not self._pictures:
            raise UserError("There is not one contour line in these pictures.", "Choose other pictures.")

    def __len__(self) -> int:
        return len(self._pictures)

    def batch(self, size: int, *, lot: np.random.Generator) -> Patches:
        """Cut `size` patches, each of a picture, place, dilation, mirroring and quarter turn drawn by lot."""
        cuts = [self._cut(lot) for _ in range(size)]
        stacked = torch.from_numpy(np.stack([cut for cut, _ in cuts])).permute(0, 3, 1, 2)
        grown = torch.tensor([which for _, which in cuts])
        flags = stacked[:, -3:].float()
        mask = flags[torch.arange(size), 1 + grown][:, None]
        return Patches(stacked[:, :-3].float() / 255, flags[:, :1], mask)

    def _cut(self, lot: np.random.Generator) -> tuple[NDArray[np.uint8], int]:
        k = int(lot.integers(len(self._pictures)))
        row, column = self._centres[k][int(lot.integers(len(self._centres[k])))]
        cut = self._pictures[k][row : row + self._side, column : column + self._side]
        if lot.integers(2):
            cut = cut[:, ::-1]
        return np.ascontiguousarray(np.rot90(cut, int(lot.integers(4)))), int(lot.integers(len(DILATIONS)))


def render_fronts(folder: Path, *, split: Split, count: int, monitor: Monitor = SILENT) -> list[LinedPicture]:
    """Read the fronts of a dataset of renders; what looks like a line in them is a line.

    Raises:
        UserError: the dataset is damaged, or nothing is in that split.
    """
    renders = RenderSet.open(folder)
    found: list[LinedPicture] = []
    names = _names(renders, split, count)
    for k, name in enumerate(names):
        monitor.report(k / len(names), f"reading {name}")
        white = front_on_white(renders.view(name, "front"))
        found.append(lined(white, keep=np.zeros(white.shape[:2], bool)))
    return found


def drawn_fronts(
    folder: Path, *, split: Split, count: int, drawings: int, seed: int, monitor: Monitor = SILENT
) -> list[LinePair]:
    """Draw the fronts of a dataset of renders, each `drawings` times in styles of its own; faceless ones are left out.

    Raises:
        UserError: the dataset is damaged, or no face is found in any front of that split.
    """
    renders = RenderSet.open(folder)
    found: list[LinePair] = []
    names = _names(renders, split, count)
    for k, name in enumerate(names):
        front = renders.view(name, "front")
        for number in range(drawings):
            monitor.report((k + number / drawings) / len(names), f"drawing {name}")
            style = int(np.random.default_rng([seed, k, number]).integers(2**31))
            try:
                found.append(drawn_render(front, name=f"{name}-{number}", seed=style))
            except UserError:
                break
    if not found:
        raise UserError(f"No face is found in the {split} fronts of “{folder}”.", "Choose another split or dataset.")
    return found


def _names(renders: RenderSet, split: Split, count: int) -> tuple[str, ...]:
    names = tuple(name for name in renders.names(split) if "front" in renders.views(name))[:count]
    if not names:
        raise UserError(f"“{renders.folder}” holds no fronts in its {split} split.", "Choose another split or dataset.")
    return names


def pictures_with_lines(folder: Path, *, count: int, monitor: Monitor = SILENT) -> list[LinedPicture]:
    """Read the user's drawings: portraits that `dataset portraits` placed, or pictures, placed now.

    Raises:
        UserError: no face is found in any of them.
    """
    if is_portrait_folder(folder):
        placed = read_portraits(folder)[:count]
        return _some([lined(over_white(rgba), keep=keep) for _, rgba, keep in placed], folder)
    found: list[LinedPicture] = []
    files = pictures_in(folder)
    for k, path in enumerate(files):
        if len(found) == count:
            break
        monitor.report(k / len(files), f"placing {path.name}")
        try:
            portrait = placed_portrait(decode_portrait(read_picture(path), name=path.name))
        except UserError:
            continue
        found.append(lined(over_white(portrait.aligned.rgba), keep=portrait.keep.mask))
    return _some(found, folder)


def _some(found: list[LinedPicture], folder: Path) -> list[LinedPicture]:
    if not found:
        raise UserError(
            f"No usable portrait lies under “{folder}”.", "Choose pictures with a face seen from the front."
        )
    return found
