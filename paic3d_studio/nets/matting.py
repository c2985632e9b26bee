"""Separate the character from the background with a small network of our own.

The table `MATTING` holds this and the ways of `core.matte`, which stand in where the weights are missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import Matte, Portrait
from paic3d_studio.core.image import over_white
from paic3d_studio.core.matte import MATTING as CLASSICAL
from paic3d_studio.core.matte import (
    FaceBox,
    Matting,
    matte_by_grabcut,
    matte_from_alpha,
    matte_from_coarse,
)
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import UserError
from paic3d_studio.nets.matting_network import MATTING_SIDE, MattingNetwork, face_bell
from paic3d_studio.nets.weights import network_of

MATTING_WEIGHTS: Final = "matting"
"""Name of the matting network's weights in the manifest."""

_STEP: Final = 32  # the network halves five times
_SMALL_FACE: Final = 0.13  # of the picture's longer side: below this the head is looked at again, enlarged
_WINDOW: Final = 6.5  # faces across that closer look
_FADE: Final = 0.06  # of the window's side, over which it passes into the whole picture


def matte_by_network(portrait: Portrait, *, face_box: FaceBox, monitor: Monitor = SILENT) -> Matte:
    """Tell the character from the background by the trained network.

    The network sees a reduced copy; colour decides what it is not sure of, and the edge follows the full picture. A
    small face is looked at a second time, enlarged.

    Raises:
        Cancelled: as `monitor`.
        UserError: the weights are missing or damaged.
    """
    network = network_of(MATTING_WEIGHTS, MattingNetwork)
    rgb = over_white(portrait.rgba)
    monitor.report(0.0)
    coarse = _coarse(network, rgb, face_box)
    if face_box[2] < _SMALL_FACE * max(rgb.shape[:2]):
        monitor.report(0.3)
        coarse = _with_window(network, rgb, face_box, coarse)
    return matte_from_coarse(portrait, coarse=coarse, face_box=face_box, monitor=monitor.child(0.6, 1.0))


def matte_automatically(portrait: Portrait, *, face_box: FaceBox, monitor: Monitor = SILENT) -> Matte:
    """Take the file's alpha where it separates something, else the network; GrabCut where there are no weights."""
    if portrait.has_alpha:
        return matte_from_alpha(portrait, face_box=face_box, monitor=monitor)
    try:
        network_of(MATTING_WEIGHTS, MattingNetwork)
    except UserError:
        return matte_by_grabcut(portrait, face_box=face_box, monitor=monitor)
    return matte_by_network(portrait, face_box=face_box, monitor=monitor)


MATTING: Final[Mapping[str, Matting]] = {**CLASSICAL, "auto": matte_automatically, "network": matte_by_network}
"""All ways to separate the character from the background, by the name that settings store."""


def find_matte(portrait: Portrait, *, face_box: FaceBox, method: str = "auto", monitor: Monitor = SILENT) -> Matte:
    """Separate the character from the background by a method of the table.

    Raises:
        Cancelled: as `monitor`.
        UserError: there is no such method, or the weights it needs are missing.
    """
    if method not in MATTING:
        raise UserError(f"There is no matting named “{method}”.", f"Choose one of: {', '.join(MATTING)}.")
    return MATTING[method](portrait, face_box=face_box, monitor=monitor)


def _coarse(network: MattingNetwork, rgb: NDArray[np.uint8], box: FaceBox) -> NDArray[np.float32]:
    """Return alpha 0..1 of a reduced copy: float32 (h, w), in the picture's proportions."""
    scale = MATTING_SIDE / max(rgb.shape[:2])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(rgb, size, interpolation=way), np.uint8)
    below, beside = -small.shape[0] % _STEP, -small.shape[1] % _STEP
    padded = np.ascontiguousarray(cv2.copyMakeBorder(small, 0, below, 0, beside, cv2.BORDER_REPLICATE), np.uint8)
    picture = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 255
    across, down = size[0] / rgb.shape[1], size[1] / rgb.shape[0]
    placed = torch.tensor([[box[0] * across, box[1] * down, box[2] * across, box[3] * down]])
    bell = face_bell(placed, height=padded.shape[0], width=padded.shape[1])
    with torch.inference_mode():
        one = torch.sigmoid(network(picture, bell))
        other = torch.sigmoid(network(picture.flip(-1), bell.flip(-1))).flip(-1)
    alpha = ((one + other) / 2)[0, 0, : size[1], : size[0]]
    return np.ascontiguousarray(alpha.numpy(), np.float32)


def _with_window(
    network: MattingNetwork, rgb: NDArray[np.uint8], box: FaceBox, coarse: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Look at head and shoulders again, enlarged, and lay the result into the coarse alpha, at up to twice its size."""
    height, width = rgb.shape[:2]
    reach = _WINDOW * box[2] / 2
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2 + 0.15 * reach
    left, top = max(0, round(x - reach)), max(0, round(y - reach))
    right, bottom = min(width, round(x + reach)), min(height, round(y + reach))
    if right - left < 8 or bottom - top < 8:
        return coarse
    near = _coarse(network, rgb[top:bottom, left:right], (box[0] - left, box[1] - top, box[2], box[3]))
    factor = min(near.shape[1] / (right - left), 1.0)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    whole = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), np.float32)
    columns = slice(round(left * factor), min(size[0], round(right * factor)))
    rows = slice(round(top * factor), min(size[1], round(bottom * factor)))
    shape = (columns.stop - columns.start, rows.stop - rows.start)
    near = np.asarray(cv2.resize(near, shape, interpolation=cv2.INTER_LINEAR), np.float32)
    share = _fading(shape, open_sides=(left == 0, top == 0, right == width, bottom == height))
    whole[rows, columns] = whole[rows, columns] * (1 - share) + near * share
    return whole


def _fading(shape: tuple[int, int], *, open_sides: tuple[bool, bool, bool, bool]) -> NDArray[np.float32]:
    """Return a window's weight (height, width) for a shape (width, height): 1 inside, 0 at sides inside the picture."""
    x, y = (np.arange(length, dtype=np.float32) + 0.5 for length in shape)
    far = np.float32(1e6)
    left, top, right, bottom = open_sides
    across = np.minimum(far if left else x, far if right else shape[0] - x)
    down = np.minimum(far if top else y, far if bottom else shape[1] - y)
    fade = _FADE * max(shape)
    across, down = np.broadcast_to(across, x.shape), np.broadcast_to(down, y.shape)
    return np.asarray(np.clip(np.minimum(down[:, None], across[None, :]) / fade, 0, 1), np.float32)
