"""What the drawing shows and no sample of the field holds: tips of hair, a lone strand, given back as thin sheets.

A lattice takes a sample every few millimetres, and smoothing takes away what is thinner than two of them. So the
outline of the mesh, seen from the front, loses what the artist drew there. Where a whole column of samples has next to
nothing left, a sheet is laid at the depth that the field had there, or its neighbours have; the drawing is its outline.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

THICKNESS: Final = 0.006
"""Of a sheet in metres, at least two samples."""

_THICK: Final = 3
"""Samples in a column from which on it needs no sheet: fewer are what smoothing left of one, torn and full of holes."""

_FAR: Final = 1.5
"""Samples from the rest, beyond which something is missing; nearer it is the outline that is a little off."""

_ROOT: Final = 3.0
"""Samples of what is missing, from there towards the rest, that are laid as well."""

_SLOPE: Final = 4.0
"""Log-odds per sample across a sheet's surface."""

_SAME_DEPTH: Final = 2.0
"""Samples between a sheet and what it may grow from."""

_STEEPEST: Final = 2.5
"""Samples in depth from column to column up to which a sheet keeps its thickness; steeper is a tear between two."""

_ROUNDS: Final = 200
_TRUST: Final = 0.03
"""Of the depth that the field has in a column, against the mean of the four columns beside it."""


def drawn_coverage(alpha: NDArray[np.uint8], samples: int) -> NDArray[np.float32]:
    """Return how much of the drawing there is round each column of a lattice, float32 (samples, samples) as [x, y].

    Args:
        alpha: of the aligned square, uint8 (s, s), rows from the top.
        samples: of the lattice along each side, corners of the box included.
    """
    side = len(alpha)
    step = side / (samples - 1)
    even = cv2.GaussianBlur(alpha.astype(np.float32) / 255, (0, 0), max(0.3, 0.35 * step))
    at = np.linspace(0, side, samples, dtype=np.float32) - 0.5
    x, y = np.meshgrid(at, at[::-1])
    seen = cv2.remap(even, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(seen.T, dtype=np.float32)


def with_drawn_parts(
    odds: NDArray[np.float32], *, raw: NDArray[np.float32], drawn: NDArray[np.float32], thickness: float
) -> NDArray[np.float32]:
    """Return log-odds with a sheet wherever the drawing shows something and a whole column is nearly empty.

    Args:
        odds: (x, y, z), positive inside, z towards the viewer.
        raw: the same as the field had them, before anything was taken away: they tell how deep the part lies.
        drawn: (x, y), the drawing's coverage of each column, as `drawn_coverage`.
        thickness: of a sheet, in samples.
    """
    covered = (odds > 0).sum(axis=2) >= _THICK
    missing = (drawn > 0.5) & ~covered
    far = missing & (ndimage.distance_transform_edt(~covered) > _FAR)
    if not far.any():
        return odds
    sheet = missing & (ndimage.distance_transform_edt(~far) <= _ROOT)
    root = covered & ndimage.binary_dilation(sheet)
    if not root.any():
        return odds
    depth = _depths(odds, raw, sheet=sheet, root=root, half=thickness / 2)
    rows, columns = np.nonzero(ndimage.binary_dilation(sheet, iterations=2))
    k = np.arange(odds.shape[2], dtype=np.float32)
    lean = np.hypot(*np.gradient(depth))[rows, columns, None].clip(0, _STEEPEST)
    across = thickness / 2 - np.abs(k - depth[rows, columns, None]) / np.hypot(1.0, lean)
    along = (2 * (drawn[rows, columns, None] - 0.5)).clip(-1, 1) * (thickness / 2)
    laid = np.minimum(across, along) * _SLOPE
    whole = odds.copy()
    whole[sheet] = np.minimum(whole[sheet], -_SLOPE)
    whole[rows, columns] = np.maximum(whole[rows, columns], laid)
    return whole


def _depths(
    odds: NDArray[np.float32],
    raw: NDArray[np.float32],
    *,
    sheet: NDArray[np.bool_],
    root: NDArray[np.bool_],
    half: float,
) -> NDArray[np.float32]:
    """Return at which sample the middle of a sheet lies, (x, y): smooth, near the field's own, grown from its root.

    A root is only what lies about as deep: a lock that hangs beside the jaw grows from the hair, not from the jaw.
    Columns outside have the depth of the nearest one.
    """
    own, known = _front_depths(raw)
    known &= sheet
    k = np.arange(odds.shape[2], dtype=np.float32)
    back = np.where(odds > 0, k, np.inf).min(axis=2) + half
    front = np.where(odds > 0, k, -np.inf).max(axis=2) - half
    within = np.minimum(back, front), np.maximum(back, front)  # of the root; nothing where a column is empty
    start = np.where(known, own, np.where(root, front, 0.0))
    depth = start[tuple(_nearest(known if known.any() else root))]

    def relaxed(depth: NDArray[np.float32], root: NDArray[np.bool_]) -> NDArray[np.float32]:
        laid = sheet | root
        trust = np.where(known, _TRUST, 0.0)
        beside = np.maximum(_sum_beside(laid.astype(np.float32)), 1.0)
        for _ in range(_ROUNDS):
            mean = _sum_beside(np.where(laid, depth, 0.0)) / beside
            depth = np.where(sheet, (mean + trust * own) / (1 + trust), np.where(root, np.clip(mean, *within), depth))
        return np.asarray(depth[tuple(_nearest(laid))], np.float32)

    free = relaxed(depth, np.zeros_like(root))
    apart = np.where(root, np.abs(np.clip(free, *within) - free), np.inf)
    parts, count = ndimage.label(sheet, np.ones((3, 3)))
    beside = np.where(root, ndimage.grey_dilation(parts, size=(3, 3)), 0)
    nearest = ndimage.minimum(apart, beside, np.arange(count + 1))
    return relaxed(free, root & (apart <= np.maximum(_SAME_DEPTH, np.asarray(nearest)[beside] + 1.0)))


def _front_depths(raw: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return where the field's foremost sheet has its middle in each column, in samples, and whether there is one."""
    k = np.arange(raw.shape[2], dtype=np.float32)
    solid = raw > 0
    first = solid & (k > np.where(solid, k, -np.inf).max(axis=2, keepdims=True) - _THICK - 1)
    count = first.sum(axis=2)
    return np.asarray((first * k).sum(axis=2) / np.maximum(count, 1), np.float32), count > 0


def _sum_beside(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sum of the four values beside each one; nothing lies outside."""
    padded = np.pad(values, 1)
    return np.asarray(padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:])


def _nearest(places: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the indices of the nearest of these places, from everywhere, (2, x, y)."""
    found = ndimage.distance_transform_edt(~places, return_distances=False, return_indices=True)
    return np.asarray(found, np.intp)
