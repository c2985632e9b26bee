"""What belongs to the character: from the file's own alpha, or cut from the background by colour and place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from paic3d_studio.core.artefacts import Matte, Portrait
from paic3d_studio.core.image import over_white
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.errors import UserError

FaceBox = tuple[float, float, float, float]
"""The square round the face: (left, top, width, height) in Portrait pixels; `core.landmarks.face_box` gives it."""

WORKING_SIDE: Final = 352
"""Longer side of the copy on which the background is cut away, in pixels."""

_ROUNDS: Final = 3
_CUT_SIDE: Final = 256  # longer side of the copy on which colour decides what a network is not sure of, in pixels
_UNSURE: Final = 0.02  # of alpha, from either end: beyond it a network is believed
_OPAQUE_FROM: Final = 16  # alpha, of 255, from which a pixel connects its neighbours
_FILLED_HOLE: Final = 0.003  # of the character's area: smaller holes are misread highlights and eye whites
_EDGE_RADIUS: Final = 4  # pixels of the working copy within which the edge follows the picture
_EDGE_SMOOTHNESS: Final = 1e-4  # variance of colour (0..1) below which nothing counts as an edge
_COLOUR_BINS: Final = 32  # along each axis of Lab
_RESEMBLANCE: Final = 1.5  # how much more frequent a colour must be inside
_SMOOTH_STEP: Final = 2  # of 255, from pixel to pixel, in each channel
_PLAIN_TOLERANCE: Final = 6.0  # distance in Lab
_PLAIN_BORDER: Final = 0.75  # share of the upper border that a plain background fills


class Matting(Protocol):
    """Separates the character from the background; every entry of `MATTING` is one."""

    def __call__(self, portrait: Portrait, *, face_box: FaceBox, monitor: Monitor = SILENT) -> Matte:
        """Return the matte of the one character whose face is given; asks `monitor` for cancel."""
        ...


def matte_from_alpha(portrait: Portrait, *, face_box: FaceBox | None = None, monitor: Monitor = SILENT) -> Matte:
    """Take the file's own alpha, as soft as it is, without what is not connected to the character."""
    monitor.check()
    return Matte(alpha=_main_component(np.asarray(portrait.rgba[..., 3], np.uint8), face_box=face_box))


def matte_by_grabcut(portrait: Portrait, *, face_box: FaceBox, monitor: Monitor = SILENT) -> Matte:
    """Cut the background away by colour, starting from where the face is (GrabCut, Rother et al. 2004).

    The cut is made on a reduced copy; its edge then follows the full picture through a guided filter (He and Sun,
    Fast Guided Filter, 2015), so that hair ends softly.

    Args:
        portrait: pixels that are transparent in the file are background.
        face_box: the square round the face.
        monitor: progress and cancel.

    Returns:
        The largest connected part that holds the face; soft at its edge.

    Raises:
        Cancelled: as `monitor`.
    """
    rgb = over_white(portrait.rgba)
    small, factor = _reduced(rgb)
    box = (face_box[0] * factor, face_box[1] * factor, face_box[2] * factor, face_box[3] * factor)
    transparent = _resized_mask(portrait.rgba[..., 3] < 8, size=_size(small))
    labels = _seeds(small, box=box)
    labels[transparent] = cv2.GC_BGD
    inside = _grabcut(small, labels, monitor=monitor.child(0.0, 0.7))
    plain = _plain_background(small)
    if plain is not None:
        inside |= _enclosed(plain, below=int(box[1] + box[3]))
        inside &= ~transparent
    alpha = _refined(rgb, small=small, inside=_closed(inside), monitor=monitor.child(0.7, 1.0))
    alpha[portrait.rgba[..., 3] < 8] = 0
    return Matte(alpha=_main_component(alpha, face_box=face_box))


def matte_by_flood(portrait: Portrait, *, face_box: FaceBox, monitor: Monitor = SILENT) -> Matte:
    """Take away a plain background: whatever is nearly of the border's colour and connected to the border."""
    rgb = over_white(portrait.rgba)
    small, _ = _reduced(rgb)
    outside = _connected_to(_upper_border(small.shape[:2]), mask=_near_border_colour(small))
    alpha = _refined(rgb, small=small, inside=_closed(~outside), monitor=monitor)
    alpha[portrait.rgba[..., 3] < 8] = 0
    return Matte(alpha=_main_component(alpha, face_box=face_box))


def matte_automatically(portrait: Portrait, *, face_box: FaceBox, monitor: Monitor = SILENT) -> Matte:
    """Take the file's alpha where it separates something, else cut the background away."""
    if portrait.has_alpha:
        return matte_from_alpha(portrait, face_box=face_box, monitor=monitor)
    return matte_by_grabcut(portrait, face_box=face_box, monitor=monitor)


MATTING: Final[Mapping[str, Matting]] = {
    "auto": matte_automatically,
    "alpha": matte_from_alpha,
    "grabcut": matte_by_grabcut,
    "flood": matte_by_flood,
}
"""Ways that need no network, by the name that settings store; `nets.matting` has all."""


def find_matte(portrait: Portrait, *, face_box: FaceBox, method: str = "auto", monitor: Monitor = SILENT) -> Matte:
    """Separate the character from the background by a method of the table.

    Raises:
        Cancelled: as `monitor`.
        UserError: there is no such method.
    """
    if method not in MATTING:
        raise UserError(f"There is no matting named “{method}”.", f"Choose one of: {', '.join(MATTING)}.")
    return MATTING[method](portrait, face_box=face_box, monitor=monitor)


def matte_from_coarse(
    portrait: Portrait, *, coarse: NDArray[np.float32], face_box: FaceBox, monitor: Monitor = SILENT
) -> Matte:
    """Sharpen an alpha that a network found on a reduced copy, and carry it to full size.

    What the network is not sure of is decided by colour (GrabCut, one round, on a copy of 256 px); the edge then
    follows the picture.

    Args:
        portrait: pixels that are transparent in the file are background.
        coarse: alpha 0..1 of the whole picture at any size, float32 (h, w).
        face_box: the square round the face.
        monitor: progress and cancel.

    Returns:
        The connected part that holds the face; soft at its edge.

    Raises:
        Cancelled: as `monitor`.
    """
    rgb = over_white(portrait.rgba)
    small, _ = _reduced(rgb, side=_CUT_SIDE)
    share = np.asarray(cv2.resize(coarse, _size(small), interpolation=cv2.INTER_LINEAR), np.float32)
    labels = np.where(share > 0.5, np.uint8(cv2.GC_PR_FGD), np.uint8(cv2.GC_PR_BGD))
    labels[share > 1 - _UNSURE] = cv2.GC_FGD
    labels[share < _UNSURE] = cv2.GC_BGD
    inside = _closed(_grabcut(small, labels, rounds=1, monitor=monitor.child(0.0, 0.5)))
    alpha = _refined(rgb, small=small, inside=inside, monitor=monitor.child(0.5, 1.0))
    alpha[portrait.rgba[..., 3] < 8] = 0
    return Matte(alpha=_main_component(alpha, face_box=face_box))


def _reduced(rgb: NDArray[np.uint8], *, side: int = WORKING_SIDE) -> tuple[NDArray[np.uint8], float]:
    """Return a copy whose longer side is no larger than `side`, and its scale."""
    factor = min(1.0, side / max(rgb.shape[:2]))
    if factor == 1.0:
        return rgb, factor
    size = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8), factor


def _size(picture: NDArray[np.uint8]) -> tuple[int, int]:
    """Return (width, height)."""
    return picture.shape[1], picture.shape[0]


def _resized_mask(mask: NDArray[np.bool_], *, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Reduce a mask to (width, height); True where more than half is."""
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(share > 0.5)


def _seeds(small: NDArray[np.uint8], *, box: FaceBox) -> NDArray[np.uint8]:
    """Lay out what is known about a portrait: the face is the character, the upper and outer rim is not.

    Round head and shoulders, a pixel is probably what its colour resembles more: the middle of the bust, or what lies
    farther out. Farther out it is probably not the character.
    """
    shape = small.shape[:2]
    x, y, side = box[0] + box[2] / 2, box[1] + box[3] / 2, max(box[2], 4.0)
    chin = int(np.clip(y + 0.6 * side, 0, shape[0]))

    def bust(head: float, shoulders: float) -> NDArray[np.bool_]:
        """Mark a head and what is below it; sizes in face widths."""
        mask = np.zeros(shape, np.uint8)
        _ellipse(mask, (x, y - 0.15 * side), (head * side, head * side), 1)
        mask[chin:, _columns(x, shoulders * side, shape[1])] = 1
        return mask > 0

    around = bust(1.5, 1.8)
    likely = _resembles(small, inside=bust(0.6, 0.3), outside=~around)
    likely = bust(0.95, 0.8) if likely is None else likely & around
    smooth = _smooth_background(small)
    if not (smooth & bust(0.4, 0.0)).any():  # else it leaked into the face through an open outline
        likely = likely & ~smooth
    labels = np.where(likely, np.uint8(cv2.GC_PR_FGD), np.uint8(cv2.GC_PR_BGD))
    rim = max(1, round(0.012 * max(shape)))
    labels[:rim] = labels[:chin, :rim] = labels[:chin, -rim:] = cv2.GC_BGD
    _ellipse(labels, (x, y), (0.42 * side, 0.45 * side), cv2.GC_FGD)
    return labels


def _smooth_background(small: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return what the upper border reaches in small steps of colour: a plain background, a gradient, a soft glow."""
    reached = np.zeros((small.shape[0] + 2, small.shape[1] + 2), np.uint8)  # OpenCV wants a frame round the mask
    step = (_SMOOTH_STEP,) * 3
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
    for row, column in np.argwhere(_upper_border(small.shape[:2])):
        if not reached[row + 1, column + 1]:
            cv2.floodFill(small, reached, (int(column), int(row)), (0, 0, 0), step, step, flags)
    return reached[1:-1, 1:-1] > 0


def _columns(x: float, reach: float, width: int) -> slice:
    """Return the columns within `reach` of x, inside the picture."""
    return slice(int(np.clip(x - reach, 0, width)), int(np.clip(x + reach, 0, width)))


def _resembles(
    small: NDArray[np.uint8], *, inside: NDArray[np.bool_], outside: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Return where a picture's colour is clearly more frequent inside than outside; None when one of them is empty."""
    if not inside.any() or not outside.any():
        return None
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    bins = (lab // (256 // _COLOUR_BINS)).astype(np.intp)
    index = (bins[..., 0] * _COLOUR_BINS + bins[..., 1]) * _COLOUR_BINS + bins[..., 2]

    def frequency(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        counts = np.bincount(index[mask], minlength=_COLOUR_BINS**3).astype(np.float64).reshape((_COLOUR_BINS,) * 3)
        smooth = gaussian_filter(counts, 0.8).ravel()
        return np.asarray(smooth / smooth.sum() + 1e-6, np.float64)

    return np.asarray((frequency(inside) > _RESEMBLANCE * frequency(outside))[index])


def _ellipse(labels: NDArray[np.uint8], centre: tuple[float, float], radii: tuple[float, float], value: int) -> None:
    """Fill an upright ellipse, in place."""
    whole = (round(centre[0]), round(centre[1]))
    cv2.ellipse(labels, whole, (max(1, round(radii[0])), max(1, round(radii[1]))), 0, 0, 360, value, cv2.FILLED)


def _grabcut(
    small: NDArray[np.uint8], labels: NDArray[np.uint8], *, rounds: int = _ROUNDS, monitor: Monitor
) -> NDArray[np.bool_]:
    """Run GrabCut from the given labels, round by round: True where the character is."""
    known = labels.copy()
    certain = {int(value) for value in np.unique(labels)}
    if not certain & {cv2.GC_BGD, cv2.GC_PR_BGD} or not certain & {cv2.GC_FGD, cv2.GC_PR_FGD}:
        return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))  # nothing to tell apart
    cv2.setRNGSeed(0)  # GrabCut clusters colours by OpenCV's own random numbers; same picture, same matte
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    unused = (0, 0, 1, 1)  # the rectangle of another way to start
    background, character = np.zeros((1, 65)), np.zeros((1, 65))
    for done in range(rounds):
        monitor.report(done / rounds)
        mode = cv2.GC_EVAL if done else cv2.GC_INIT_WITH_MASK
        cv2.grabCut(bgr, known, unused, background, character, 1, mode)
    return np.asarray((known == cv2.GC_FGD) | (known == cv2.GC_PR_FGD))


def _near_border_colour(small: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where a picture is nearly of the colour that its upper border mostly has."""
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    usual = np.median(lab[_upper_border(lab.shape[:2])], axis=0)
    return np.asarray(np.linalg.norm(lab - usual, axis=-1) < _PLAIN_TOLERANCE)


def _upper_border(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Mark the upper edge and most of the sides: farther down, the character usually reaches the border."""
    border = np.zeros(shape, bool)
    lower = max(1, 2 * shape[0] // 3)
    border[0] = border[:lower, 0] = border[:lower, -1] = True
    return border


def _connected_to(border: NDArray[np.bool_], *, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the parts of a mask that are connected to some border pixels."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    at_border = np.unique(labels[border])
    return np.isin(labels, at_border[at_border > 0])


def _plain_background(small: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Return where the picture has its plain background's colour; None when the background is not plain."""
    plain = _near_border_colour(small)
    return plain if plain[_upper_border(plain.shape)].mean() >= _PLAIN_BORDER else None


def _enclosed(plain: NDArray[np.bool_], *, below: int) -> NDArray[np.bool_]:
    """Return what a plain background does not reach from the border: white clothes on white, by their outline.

    Pockets of exactly the background's colour count as clothes below the chin (row `below`) and as gaps between
    strands of hair above it.
    """
    reached = _connected_to(_upper_border(plain.shape), mask=plain)
    clothes = ~reached
    clothes[: max(below, 0)] &= ~plain[: max(below, 0)]
    opening = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))  # specks and text strokes are no clothes
    return np.asarray(cv2.morphologyEx(clothes.astype(np.uint8), cv2.MORPH_OPEN, opening) > 0)


def _closed(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill small holes."""
    frame = np.ones(inside.shape, bool)
    frame[1:-1, 1:-1] = False
    holes = ~inside & ~_connected_to(frame, mask=~inside)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(holes.astype(np.uint8), connectivity=4)
    small = statistics[:, cv2.CC_STAT_AREA] < _FILLED_HOLE * max(int(inside.sum()), 1)
    small[0] = False  # what is no hole
    return np.asarray(inside | small[labels])


def _refined(
    rgb: NDArray[np.uint8],
    *,
    small: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    monitor: Monitor,
) -> NDArray[np.uint8]:
    """Carry a mask of the reduced copy to full size so that its edge follows the picture: alpha uint8 (H, W).

    In each window alpha is taken as a linear function of colour; the functions are found on the reduced copy and
    applied to the full picture, only where a window sees the edge.
    """
    slope, offset = _linear_windows((small / np.float32(255)).astype(np.float32), inside.astype(np.float32))
    window = (2 * _EDGE_RADIUS + 1, 2 * _EDGE_RADIUS + 1)
    near_edge = np.asarray(cv2.blur(inside.astype(np.float32), window), np.float32)
    functions = np.dstack([slope, offset])
    alpha = np.empty(rgb.shape[:2], np.uint8)
    for top in range(0, len(alpha), 512):  # in bands, so that a large picture does not become float at once
        monitor.report(top / len(alpha))
        rows = slice(top, top + 512)
        nearness = _enlarged(near_edge, size=_size(rgb), rows=rows)
        alpha[rows] = np.where(nearness > 0.5, 255, 0)
        edge = (nearness > 0.02) & (nearness < 0.98)
        if not edge.any():
            continue
        linear = _enlarged(functions, size=_size(rgb), rows=rows)
        soft = (linear[..., :3] * (rgb[rows] / np.float32(255))).sum(axis=-1) + linear[..., 3]
        soft = np.clip((soft - 0.5) * 1.25 + 0.5, 0, 1)
        alpha[rows][edge] = np.rint(soft[edge] * 255)
    return alpha


def _enlarged(maps: NDArray[np.float32], *, size: tuple[int, int], rows: slice) -> NDArray[np.float32]:
    """Return some rows of maps enlarged to (width, height), bilinearly."""
    across, down = maps.shape[1] / size[0], maps.shape[0] / size[1]
    height = min(rows.stop, size[1]) - rows.start
    back = np.array([[across, 0, across / 2 - 0.5], [0, down, (rows.start + 0.5) * down - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(maps, back, (size[0], height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)


def _linear_windows(
    guide: NDArray[np.float32], mask: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit mask = slope . colour + offset in every window, averaged over windows: (h, w, 3) and (h, w)."""
    window = (2 * _EDGE_RADIUS + 1, 2 * _EDGE_RADIUS + 1)
    mean_colour, mean_mask = cv2.blur(guide, window), cv2.blur(mask, window)
    shared = cv2.blur(guide * mask[..., None], window) - mean_colour * mean_mask[..., None]
    outer = (guide[..., :, None] * guide[..., None, :]).reshape(*mask.shape, 9)
    spread = cv2.blur(outer[..., [0, 1, 2, 4]], window), cv2.blur(outer[..., [5, 8]], window)
    xx, xy, xz, yy = (spread[0][..., index] for index in range(4))
    yz, zz = (spread[1][..., index] for index in range(2))
    x, y, z = (mean_colour[..., index] for index in range(3))
    covariance = np.empty((*mask.shape, 3, 3), np.float64)
    covariance[..., 0, 0], covariance[..., 1, 1], covariance[..., 2, 2] = xx - x * x, yy - y * y, zz - z * z
    covariance[..., 0, 1] = covariance[..., 1, 0] = xy - x * y
    covariance[..., 0, 2] = covariance[..., 2, 0] = xz - x * z
    covariance[..., 1, 2] = covariance[..., 2, 1] = yz - y * z
    covariance += _EDGE_SMOOTHNESS * np.eye(3)
    slope = np.linalg.solve(covariance, shared[..., None].astype(np.float64))[..., 0]
    offset = mean_mask - (slope * mean_colour).sum(axis=-1)
    smooth = cv2.blur(np.dstack([slope, offset]).astype(np.float32), window)
    return np.asarray(smooth[..., :3], np.float32), np.asarray(smooth[..., 3], np.float32)


def _main_component(alpha: NDArray[np.uint8], *, face_box: FaceBox | None) -> NDArray[np.uint8]:
    """Keep the largest connected part; with a face, the part that shows most of it."""
    count, labels = cv2.connectedComponents((alpha >= _OPAQUE_FROM).astype(np.uint8), connectivity=8)
    if count <= 2:
        return alpha if count == 2 else np.zeros_like(alpha)
    area = np.bincount(labels.ravel(), minlength=count)
    area[0] = 0
    main = int(area.argmax())
    if face_box is not None:
        x, y, width, height = face_box
        rows, columns = (slice(max(0, int(low)), max(0, int(low + size))) for low, size in ((y, height), (x, width)))
        in_face = np.bincount(labels[rows, columns].ravel(), minlength=count)
        in_face[0] = 0
        if in_face.any():
            main = int(in_face.argmax())
    return np.where(labels == main, alpha, np.uint8(0))
