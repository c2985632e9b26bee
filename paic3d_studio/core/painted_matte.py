"""What the artist's cut-out strokes make of a matte: added, taken away, or its edge found anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from paic3d_studio.core.artefacts import Matte, Portrait
from paic3d_studio.core.image import over_white, spread_colours
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.strokes import Stroke, painted_shares, rasterise_strokes

_SAMPLE_REACH: Final = 24  # pixels beyond an unsure stroke from which its colours are taken
_SAMPLES: Final = 6  # of either side that are tried for a pixel
_MOST_SAMPLES: Final = 4000
_AT_ONCE: Final = 16_384  # unsure pixels worked on at a time
_CERTAINTY: Final = 1.1  # by how much shares are stretched: what is nearly all or nothing is so
_OPAQUE_FROM: Final = 128  # alpha, of 255, from which a file's colour is believed
_NEARNESS: Final = 0.3  # levels of colour that a pixel of distance costs


def painted_matte(matte: Matte, *, portrait: Portrait, strokes: Sequence[Stroke], monitor: Monitor = SILENT) -> Matte:
    """Paint the artist's strokes (Portrait pixels) over a matte, in order.

    A stroke adds to the character or takes away from it; where one is unsure, the edge is found anew from the colours
    on either side.
    """
    if not strokes:
        return matte
    alpha = matte.alpha
    for i, stroke in enumerate(strokes):
        monitor.report(i / len(strokes))
        if stroke.unsure:
            unknown = rasterise_strokes(np.zeros(alpha.shape, bool), strokes=[replace(stroke, adds=True)])
            alpha = _found_anew(alpha, portrait=portrait, unknown=unknown)
        else:
            alpha = painted_shares(alpha, strokes=[stroke])
    return Matte(alpha=alpha)


def with_kept_colours(portrait: Portrait, matte: Matte, *, window: tuple[slice, slice]) -> Portrait:
    """Return the portrait with the nearest opaque colours where the artist keeps what is transparent in the file.

    Colours of a faint rim are no better than those of nothing: they were rounded, or multiplied by next to nothing.

    Args:
        portrait: the picture.
        matte: what the artist keeps.
        window: rows and columns that anybody looks at; no colour comes from elsewhere.
    """
    opacity = portrait.rgba[window][..., 3]
    clear = opacity < _OPAQUE_FROM
    kept = clear & (matte.alpha[window] > opacity)
    if not kept.any():
        return portrait
    rgba = portrait.rgba.copy()
    rgba[window][kept, :3] = spread_colours(portrait.rgba[window][..., :3], clear=clear)[kept]
    return Portrait(rgba=rgba, has_alpha=portrait.has_alpha)


def _found_anew(alpha: NDArray[np.uint8], *, portrait: Portrait, unknown: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Find the alpha of unknown pixels from the nearest sure ones: where on the way from the background's colour to
    the character's theirs lies.

    Of the nearest few samples of either side the pair is taken that explains the colour best, and nearer ones before
    farther ones, as sampling matting does (Wang and Cohen, Optimized Color Sampling, 2007).
    """
    rows, columns = np.nonzero(unknown)
    if len(rows) == 0:
        return alpha
    top, left = (max(int(low.min()) - _SAMPLE_REACH, 0) for low in (rows, columns))
    window = (slice(top, int(rows.max()) + _SAMPLE_REACH + 1), slice(left, int(columns.max()) + _SAMPLE_REACH + 1))
    rgb = over_white(portrait.rgba[window]).astype(np.float32)
    sure = ~unknown[window]
    sides = [_samples(sure & (alpha[window] >= 250), sure), _samples(sure & (alpha[window] <= 5), sure)]
    if min(map(len, sides)) == 0:
        return alpha
    places = np.stack([rows - top, columns - left], axis=1)
    result = alpha.copy()
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE]
        (fore, near_fore), (back, near_back) = (_nearest_colours(side, some, rgb) for side in sides)
        share, cost = _explained(rgb[some[:, 0], some[:, 1]], fore, back, near_fore, near_back)
        found = np.take_along_axis(share, cost.argmin(axis=1)[:, None], axis=1)[:, 0]
        stretched = np.clip((found - 0.5) * _CERTAINTY + 0.5, 0, 1)
        result[some[:, 0] + top, some[:, 1] + left] = np.rint(255 * stretched)
    return result


def _samples(side: NDArray[np.bool_], sure: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the places of a side that lie near what is unknown, (n, 2) as (row, column), not more than a few
    thousand.
    """
    reach = np.ones((2 * _SAMPLE_REACH + 1,) * 2, np.uint8)
    near = cv2.dilate((~sure).astype(np.uint8), reach).astype(bool)
    places = np.argwhere(side & near)
    return places[:: max(1, len(places) // _MOST_SAMPLES)]


def _nearest_colours(
    side: NDArray[np.intp], places: NDArray[np.intp], rgb: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the colours of the nearest samples of a side, (n, k, 3), and how far off they are in pixels, (n, k)."""
    count = min(_SAMPLES, len(side))
    apart, index = cKDTree(side).query(places, k=count)
    chosen = side[np.asarray(index).reshape(len(places), count)]
    return rgb[chosen[..., 0], chosen[..., 1]], np.asarray(apart, np.float32).reshape(len(places), count)


def _explained(
    colour: NDArray[np.float32],
    fore: NDArray[np.float32],
    back: NDArray[np.float32],
    near_fore: NDArray[np.float32],
    near_back: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return for each pair of samples the character's share, 0..1, and how badly it explains the colour: (n, pairs)."""
    way = fore[:, :, None] - back[:, None]  # (n, k, l, 3)
    beside = colour[:, None, None] - back[:, None]
    share = np.clip((beside * way).sum(-1) / np.maximum((way**2).sum(-1), 1.0), 0, 1)
    off = np.linalg.norm(beside - share[..., None] * way, axis=-1)
    cost = off + _NEARNESS * (near_fore[:, :, None] + near_back[:, None])
    return share.reshape(len(colour), -1), cost.reshape(len(colour), -1)
