"""The picture that is stitched, at the resolution of the texture: how much it lacks, and how that is added."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE, BOX_SIDE, Alignment
from paic3d_studio.core.image import spread_colours
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.errors import ShapeMismatch, UserError

UpscalingWay = Literal["none", "smooth", "network"]
UPSCALING: Final[Mapping[UpscalingWay, str]] = MappingProxyType(
    {
        "none": "the picture as it is; between its pixels the texture is interpolated",
        "smooth": "Lanczos interpolation to the resolution of the texture",
        "network": "a super-resolution network of the artist's own, a safetensors file",
    }
)
"""How the picture is enlarged before its pixels are stitched onto the head."""

WORTHWHILE: Final = 1.2
"""A picture that lacks less than this factor is stitched as it is."""

MAX_SIDE: Final = 4096
"""An upscaled picture is at most this wide and high, in pixels: what a texture of 4096 texels shows of a front."""

_ACROSS: Final = 0.7
"""Metres of the surface along a whole texture: of a usual head it is 0.8, and a pixel may be a little finer."""


@dataclasses.dataclass(frozen=True)
class Upscaling:
    """How the picture is enlarged.

    `file` is the path of the network, and `sha256` the hex digest of what lay there when the artist chose it: a file
    that has changed since is refused, so that a project gives the same head everywhere. Both are kept while another way
    is chosen.
    """

    way: UpscalingWay = "none"
    file: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse a network that is not named completely.

        Raises:
            UserError: the way is unknown, or the network's file or digest is missing.
        """
        if self.way not in UPSCALING:
            raise UserError(f"There is no upscaling named “{self.way}”.", f"Choose one of: {', '.join(UPSCALING)}.")
        if self.sha256 and not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise UserError("The digest of the upscaling network is no sha256.", "Choose the network's file again.")
        if self.way == "network" and not (self.file and self.sha256):
            raise UserError("No upscaling network was chosen.", "Choose its safetensors file.")


def missing_resolution(source: StitchSource, *, texture_size: int) -> float:
    """Return how many texels of a usual head lie along one pixel of the picture; below 1 the picture is the finer."""
    matrix = source.alignment.matrix
    aligned = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))  # aligned pixels per picture pixel
    return aligned * BOX_SIDE / ALIGNED_SIZE / (_ACROSS / texture_size)


def smooth(source: StitchSource, *, factor: float) -> StitchSource:
    """Enlarge a picture by Lanczos interpolation, colours and alpha together; no side grows beyond `MAX_SIDE`."""
    height, width = source.rgba.shape[:2]
    factor = min(factor, MAX_SIDE / max(height, width))
    if factor <= 1:
        return source
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    premultiplied = source.rgba.astype(np.float32) / 255
    premultiplied[:, :, :3] *= premultiplied[:, :, 3:]
    wide = cv2.resize(premultiplied, size, interpolation=cv2.INTER_LANCZOS4)  # overshoots along with its alpha
    straight = np.clip(wide[:, :, :3] / np.maximum(wide[:, :, 3:], 1e-3), 0, 1)
    return _with(source, colours=_bytes(straight), alpha=_bytes(np.clip(wide[:, :, 3], 0, 1)))


def opaque_colours(source: StitchSource) -> NDArray[np.uint8]:
    """Return the picture's colours with those of its border repeated over what is transparent, uint8 (H, W, 3).

    A network looks round each pixel.
    """
    return spread_colours(source.rgba[:, :, :3], clear=source.rgba[:, :, 3] == 0)


def with_colours(source: StitchSource, colours: NDArray[np.uint8]) -> StitchSource:
    """Return the picture with colours that were enlarged elsewhere; its alpha is enlarged along.

    Args:
        source: the picture, (H, W).
        colours: sRGB uint8 (f H, f W, 3), f a whole number.

    Raises:
        ShapeMismatch: the colours are no whole multiple of the picture.
    """
    height, width = source.rgba.shape[:2]
    factor = colours.shape[1] // width
    if colours.shape != (factor * height, factor * width, 3):
        raise ShapeMismatch(f"{colours.shape} is no whole multiple of {(height, width)}")
    alpha = cv2.resize(source.rgba[:, :, 3], (colours.shape[1], colours.shape[0]), interpolation=cv2.INTER_CUBIC)
    return _with(source, colours=colours, alpha=np.asarray(alpha, dtype=np.uint8))


def _with(source: StitchSource, *, colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> StitchSource:
    """Return an enlarged picture at the place of the first: pixel corners stay where they were."""
    height, width = source.rgba.shape[:2]
    shrink = np.diag([width / colours.shape[1], height / colours.shape[0], 1.0])
    linear = np.vstack([source.alignment.matrix, [0.0, 0.0, 1.0]])
    return StitchSource(np.dstack([colours, alpha]), Alignment(matrix=(linear @ shrink)[:2]))


def _bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    return np.round(values * 255).astype(np.uint8)
