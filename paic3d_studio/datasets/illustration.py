"""Draw renders as illustrations: ink lines of varying width and cel shading, with the line-free twin beside them.

Pairs of a drawing and what lies under its lines teach the infill network, and a drawing stands in for an artist's
portrait wherever the true geometry must be known.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import Camera, rotation
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.datasets.vrm_renderer import Views

OVERSAMPLING: Final = 2
"""Views are drawn at this multiple of the illustration's size and averaged, which smooths the ink."""

_SMOOTHED_RIM: Final = 0.55
"""By how many pixels OpenCV's smoothed discs exceed their radius."""

_HAIR, _FACE, _CLOTH = PARTS.index("hair"), PARTS.index("face"), PARTS.index("cloth")
_DRAWN_IN_TEXTURE: Final = tuple(PARTS.index(name) for name in ("iris", "eye", "brow", "mouth"))
_GROUP: Final = np.array([0, 1, 2, 2, 2, 2, 2, 2, 3, 4], np.uint8)
"""Part -> what an illustrator outlines as one thing: hair, skin with everything drawn on it, clothes, the rest."""


@dataclasses.dataclass(frozen=True)
class InkStyle:
    """How lines look. Lengths are in pixels of a 512 px illustration.

    `width` of outlines; creases (folds, strands) are `crease` times as wide; `taper` 0..1 is how thin the ends become;
    `wobble` is how far the hand strays; `gap` 0..1 is the share of strokes that stop short; `colour` is the ink (sRGB,
    0..1) and `local` 0..1 how much the paint beneath tints it; `opacity` 0..1; a line needs a jump of `depth_step`
    metres or a bend of `bend` degrees; strokes shorter than `shortest` are left out.
    """

    width: float = 1.5
    crease: float = 0.65
    taper: float = 0.8
    wobble: float = 0.25
    gap: float = 0.1
    colour: tuple[float, float, float] = (0.16, 0.09, 0.09)
    local: float = 0.4
    opacity: float = 0.95
    depth_step: float = 0.006
    bend: float = 50.0
    shortest: float = 5.0


@dataclasses.dataclass(frozen=True)
class CelStyle:
    """How colours are laid down.

    `light` points to the light in the field frame; below `threshold` of n.l paint is multiplied by `shadow` (sRGB);
    `softness` is the width of the step in n.l; `cast` is how far hair throws its shadow, in pixels of 512;
    `shine` 0..1 brightens the lit band of the hair; `blush` 0..1 reddens the cheeks; `strength` 0 leaves the render.
    """

    light: tuple[float, float, float] = (0.45, 0.7, 0.6)
    threshold: float = 0.12
    softness: float = 0.04
    shadow: tuple[float, float, float] = (0.80, 0.70, 0.82)
    cast: float = 5.0
    shine: float = 0.2
    blush: float = 0.2
    strength: float = 1.0


@dataclasses.dataclass(frozen=True)
class Illustration:
    """A drawing and its line-free twin: `rgba` and `unlined` uint8 (s, s, 4) sRGB straight alpha, `ink` 0..1 (s, s)."""

    rgba: NDArray[np.uint8]
    unlined: NDArray[np.uint8]
    ink: NDArray[np.float32]


def random_styles(seed: int) -> tuple[InkStyle, CelStyle]:
    """Return one illustrator's habits, drawn by lot from a seed."""
    lot = np.random.default_rng(seed)
    inks = ((0.05, 0.04, 0.05), (0.16, 0.09, 0.09), (0.28, 0.15, 0.13), (0.12, 0.12, 0.22))
    ink = InkStyle(
        width=float(lot.uniform(0.7, 2.2)),
        crease=float(lot.uniform(0.5, 1.0)),
        taper=float(lot.uniform(0.3, 1.0)),
        wobble=float(lot.uniform(0.0, 0.6)),
        gap=float(lot.uniform(0.0, 0.3)),
        colour=inks[int(lot.integers(len(inks)))],
        local=float(lot.choice([0.0, 0.4, 0.8])),
        opacity=float(lot.uniform(0.75, 1.0)),
        depth_step=float(lot.uniform(0.003, 0.012)),
        bend=float(lot.uniform(30.0, 70.0)),
        shortest=float(lot.uniform(3.0, 12.0)),
    )
    cel = CelStyle(
        light=(float(lot.uniform(-1, 1)), float(lot.uniform(0.2, 1)), float(lot.uniform(0.3, 1))),
        threshold=float(lot.uniform(-0.1, 0.35)),
        softness=float(lot.uniform(0.01, 0.15)),
        shadow=(float(lot.uniform(0.65, 0.92)), float(lot.uniform(0.6, 0.85)), float(lot.uniform(0.7, 0.95))),
        cast=float(lot.uniform(0.0, 8.0)),
        shine=float(lot.uniform(0.0, 0.4)),
        blush=float(lot.uniform(0.0, 0.4)),
        strength=float(lot.choice([0.0, 0.6, 1.0])),
    )
    return ink, cel


def illustrate(
    views: Views, *, index: int, camera: Camera, ink: InkStyle | None = None, cel: CelStyle | None = None, seed: int = 0
) -> Illustration:
    """Draw one view as an illustrator would.

    Args:
        views: rendered at `OVERSAMPLING` times the size of the illustration.
        index: which of the views.
        camera: what that view was rendered with.
        ink: how lines look.
        cel: how colours are laid down.
        seed: of the hand's irregularities; equal seeds give equal bytes.
    """
    ink, cel = ink or InkStyle(), cel or CelStyle()
    unit = views.rgba.shape[1] / 512  # pixels of this view per pixel of a 512 px illustration
    back = rotation(camera)[:, 2]
    nearness = np.nan_to_num(views.xyz[index] @ back, nan=-10.0).astype(np.float32)
    part, normal, rgba = views.part[index], views.normal[index], views.rgba[index]
    alpha = rgba[..., 3].astype(np.float32) / 255
    paint = painted(
        rgba[..., :3].astype(np.float32) / 255, part=part, normal=normal, nearness=nearness, cel=cel, unit=unit
    )
    outlines, creases = line_pixels(part=part, nearness=nearness, normal=normal, ink=ink, unit=unit)
    outlines &= ~_at_the_cut(views.xyz[index])
    lot = np.random.default_rng(seed)
    coverage = np.zeros(part.shape, np.uint8)
    _draw_strokes(coverage, creases, width=ink.width * ink.crease * unit, ink=ink, unit=unit, lot=lot)
    _draw_strokes(coverage, outlines, width=ink.width * unit, ink=ink, unit=unit, lot=lot)
    line = np.asarray(coverage.astype(np.float32) / 255 * ink.opacity, np.float32)
    colour = _ink_colour(paint, alpha, ink, unit)
    drawn_alpha = line + alpha * (1 - line)
    over = colour * line[..., None] + paint * (alpha * (1 - line))[..., None]
    over = over / np.maximum(drawn_alpha, 1e-6)[..., None]
    return Illustration(_reduced(over, drawn_alpha), _reduced(paint, alpha), _mean(line))


def painted(
    rgb: NDArray[np.float32],
    *,
    part: NDArray[np.uint8],
    normal: NDArray[np.float32],
    nearness: NDArray[np.float32],
    cel: CelStyle,
    unit: float,
) -> NDArray[np.float32]:
    """Lay cel shading, cast shadows, shine and blush over flat colours; sRGB 0..1, float32 (h, w, 3)."""
    light = np.asarray(cel.light, np.float32) / np.float32(np.linalg.norm(cel.light))
    smooth = np.asarray(cv2.GaussianBlur(normal, (0, 0), 1.5 * unit), np.float32)
    facing = smooth @ light
    lit = np.clip((facing - cel.threshold) / cel.softness * 0.5 + 0.5, 0, 1)
    face = np.isin(part, (_FACE, *_DRAWN_IN_TEXTURE))
    lit = np.where(face, np.clip((facing - cel.threshold + 0.35) / cel.softness * 0.5 + 0.5, 0, 1), lit)
    lit = np.minimum(lit, 1 - _cast_shadow(part, nearness, light, cel.cast * unit))
    share = np.asarray(cv2.GaussianBlur(lit.astype(np.float32), (0, 0), max(0.35 * unit, 0.1)), np.float32)[..., None]
    tint = share + (1 - share) * np.asarray(cel.shadow, np.float32)
    shaded = rgb * tint
    if cel.shine:
        band = (_shine(smooth, unit) * (part == _HAIR) * share[..., 0])[..., None]
        shaded = shaded + band * cel.shine * (1 - shaded) * (0.3 + 0.7 * rgb)
    if cel.blush:
        shaded = shaded * (1 - cel.blush * _cheeks(part)[..., None] * np.asarray((0.05, 0.55, 0.5), np.float32))
    return np.clip(rgb + cel.strength * (shaded - rgb), 0, 1).astype(np.float32)


def _shine(normal: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """A ring of light round the crown with a ragged rim, 0..1 (h, w): where the surface tilts up by some 25 degrees."""
    columns = np.arange(normal.shape[1]) / unit
    ragged = 0.55 + 0.3 * np.sin(columns * 0.9) * np.sin(columns * 0.37 + 1) + 0.15 * np.sin(columns * 2.1 + 2)
    reach = 0.11 * np.clip(ragged, 0.1, None)[None, :]
    ring = np.clip((1 - np.abs(normal[..., 1] - 0.42) / reach) * 6, 0, 1) * np.clip(normal[..., 2] * 4 - 1.2, 0, 1)
    return np.asarray(cv2.GaussianBlur(ring.astype(np.float32), (0, 0), 0.6 * unit))


def _cast_shadow(
    part: NDArray[np.uint8], nearness: NDArray[np.float32], light: NDArray[np.float32], reach: float
) -> NDArray[np.float32]:
    """Where something nearer, moved away from the light, covers skin or cloth behind it: 0..1 (h, w)."""
    shift = -light[:2] / max(float(np.linalg.norm(light[:2])), 1e-6) * reach
    move = np.array([[1, 0, shift[0]], [0, 1, -shift[1]]], np.float32)
    moved = cv2.warpAffine(nearness, move, part.shape[::-1], flags=cv2.INTER_NEAREST, borderValue=-10.0)
    blockers = cv2.warpAffine(_GROUP[part], move, part.shape[::-1], flags=cv2.INTER_NEAREST)
    shadow = (moved > nearness + 0.008) & (_GROUP[part] >= 2) & ((blockers == 1) | (_GROUP[part] != blockers))
    return np.asarray(shadow & (part > 0), np.float32) * float(reach > 0.5)


def _cheeks(part: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Two soft ellipses below the irises on the face: 0..1 (h, w)."""
    cheeks = np.zeros(part.shape, np.float32)
    labels, count = ndimage.label(part == PARTS.index("iris"))
    if count == 0:
        return cheeks
    boxes = sorted(ndimage.find_objects(labels), key=lambda b: -(b[0].stop - b[0].start) * (b[1].stop - b[1].start))
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]]
    for down, across in boxes[:2]:
        size = max(down.stop - down.start, 4)
        y, x = down.stop + 0.75 * size, (across.start + across.stop) / 2
        cheeks += np.exp(-(((rows - y) / (0.42 * size)) ** 2) - ((columns - x) / (0.75 * size)) ** 2).astype(np.float32)
    return np.asarray(np.clip(cheeks, 0, 1) * (part == _FACE), np.float32)


def line_pixels(
    *,
    part: NDArray[np.uint8],
    nearness: NDArray[np.float32],
    normal: NDArray[np.float32],
    ink: InkStyle,
    unit: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find outlines (silhouette, change of part, jump in depth) and creases (bend of the surface), bool (h, w) each.

    Args:
        part: indices into PARTS, 0 where empty.
        nearness: distance towards the camera in metres, very small where empty.
        normal: unit, 0 where empty.
        ink: thresholds.
        unit: pixels per pixel of a 512 px illustration.
    """
    group = _GROUP[part]
    outline = np.zeros(part.shape, bool)
    crease = np.zeros(part.shape, bool)
    cosine = np.cos(np.radians(ink.bend))
    soft = np.asarray(cv2.GaussianBlur(normal, (0, 0), 0.5 * unit), np.float32)
    soft = soft / np.maximum(np.linalg.norm(soft, axis=-1, keepdims=True), 1e-6)
    for axis in (0, 1):
        for step in (1, -1):
            beyond = np.roll(nearness, step, axis)
            behind = np.roll(nearness, -step, axis)
            slope = nearness - behind
            jump = (nearness - beyond) - np.where(np.abs(slope) < 1, -slope, 0)
            nearer = nearness > beyond
            outline |= nearer & ((jump > ink.depth_step) | (np.roll(group, step, axis) != group)) & (part > 0)
        reach = max(round(unit), 1)
        across = np.sum(soft * np.roll(soft, reach, axis), axis=-1)
        crease |= (across < cosine) & (part > 0) & (np.roll(part, reach, axis) > 0)
    features = np.isin(part, _DRAWN_IN_TEXTURE).astype(np.uint8)
    near_features = cv2.dilate(features, np.ones((round(4 * unit) | 1,) * 2, np.uint8)).astype(bool)
    outline &= ~(near_features & (group == 2))
    crease &= ~((group == 2) & (near_features | (part == _FACE)))
    grown = cv2.dilate(outline.astype(np.uint8), np.ones((round(2 * unit) | 1,) * 2, np.uint8)).astype(bool)
    return outline, crease & ~grown


def _at_the_cut(xyz: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the body is cut by the box rather than ends by itself, bool (h, w)."""
    return np.asarray((np.abs(np.nan_to_num(xyz)) > BOX_SIDE / 2 - 0.003).any(axis=-1))


def _draw_strokes(
    coverage: NDArray[np.uint8],
    pixels: NDArray[np.bool_],
    *,
    width: float,
    ink: InkStyle,
    unit: float,
    lot: np.random.Generator,
) -> None:
    """Thin marked pixels to paths and ink each as one tapering stroke, in place."""
    closed = cv2.morphologyEx(pixels.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    skeleton = skeletonize(closed.astype(bool))
    for stroke in strokes(skeleton):
        if len(stroke.path) >= ink.shortest * unit or not any(stroke.free):
            _ink_stroke(coverage, stroke, width=width, ink=ink, unit=unit, lot=lot)
    radius = round(max(0.4 * width - _SMOOTHED_RIM, 0.06) * 16)
    for y, x in np.argwhere(crossings(skeleton)).tolist():
        if coverage[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].any():
            cv2.circle(coverage, (x * 16, y * 16), radius, 255, -1, cv2.LINE_AA, 4)


@dataclasses.dataclass(frozen=True)
class Stroke:
    """One path of pixel centres (n, 2) as (x, y), and which of its two ends hang free (the others meet other lines)."""

    path: NDArray[np.float64]
    free: tuple[bool, bool]


def strokes(skeleton: NDArray[np.bool_]) -> Iterator[Stroke]:
    """Walk a one-pixel skeleton from end to end between crossings."""
    crossing = crossings(skeleton)
    simple = skeleton & ~crossing
    met = set(zip(*(axis.tolist() for axis in np.nonzero(crossing)[::-1]), strict=True))
    count, labels = cv2.connectedComponents(simple.astype(np.uint8), connectivity=8)
    rows, columns = np.nonzero(simple)
    order = np.argsort(labels[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    bounds = np.searchsorted(labels[rows, columns], np.arange(1, count + 1))
    for start, stop in itertools.pairwise(bounds.tolist()):
        pixels = list(zip(columns[start:stop].tolist(), rows[start:stop].tolist(), strict=True))
        yield _joined(_walked(pixels), met)


def crossings(skeleton: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the pixels of a skeleton where more than two branches meet, bool (h, w)."""
    thin = skeleton.astype(np.uint8)
    neighbours = cv2.filter2D(thin, -1, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT) - thin
    return skeleton & (neighbours > 2)


_STEPS: Final = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


def _walked(pixels: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Order the pixels of one branch by walking from neighbour to neighbour, starting at an end where it has one."""
    left = set(pixels)
    here = next((p for p in pixels if sum((p[0] + dx, p[1] + dy) in left for dx, dy in _STEPS) <= 1), pixels[0])
    walked = [here]
    left.discard(here)
    while True:
        onward = next(((here[0] + dx, here[1] + dy) for dx, dy in _STEPS if (here[0] + dx, here[1] + dy) in left), None)
        if onward is None:
            return walked
        here = onward
        left.discard(here)
        walked.append(here)


def _joined(walked: list[tuple[int, int]], crossing: set[tuple[int, int]]) -> Stroke:
    """Lengthen a path into the crossings at its ends."""
    free = []
    for end in (0, -1):
        x, y = walked[end]
        met = next(((x + dx, y + dy) for dx, dy in _STEPS if (x + dx, y + dy) in crossing), None)
        free.append(met is None)
        if met is not None:
            walked = [met, *walked] if end == 0 else [*walked, met]
    return Stroke(np.asarray(walked, np.float64), (free[0], free[1]))


def _ink_stroke(
    coverage: NDArray[np.uint8], stroke: Stroke, *, width: float, ink: InkStyle, unit: float, lot: np.random.Generator
) -> None:
    """Ink one path as a row of discs whose radius follows the pressure of the hand, in place."""
    n = len(stroke.path)
    smooth = ndimage.gaussian_filter1d(stroke.path, min(1.6 * unit, n / 6), axis=0, mode="nearest")
    along = np.linspace(0, 1, n)
    swell = np.ones(n)
    pressure = np.ones(n)
    if n > 12 * unit:
        settled = np.clip(np.minimum(along, 1 - along) * n / (8 * unit), 0, 1)  # crossings stay where they are
        smooth = smooth + _drift(lot, n, 30 * unit) * settled[:, None] * ink.wobble * unit
        swell = 0.85 + 0.3 * np.sin(np.pi * along) + 0.1 * _drift(lot, n, 40 * unit)[:, 0]
    for distance, free in zip((along, 1 - along), stroke.free, strict=True):
        if free:
            pressure = pressure * (1 - ink.taper * (1 - np.clip(distance * n / (9 * unit), 0, 1)) ** 1.5)
    kept = np.ones(n, bool)
    if lot.random() < ink.gap and n > 20 * unit:
        kept = np.abs(along - lot.uniform(0.2, 0.8)) > lot.uniform(1.5, 4.0) * unit / n
    radius = np.maximum(0.5 * width * pressure * swell - _SMOOTHED_RIM, 0.06)
    centres = np.round(smooth * 16).astype(int)
    for (x, y), r in zip(centres[kept].tolist(), np.round(radius[kept] * 16).astype(int).tolist(), strict=True):
        cv2.circle(coverage, (x, y), r, 255, -1, cv2.LINE_AA, 4)


def _drift(lot: np.random.Generator, n: int, length: float) -> NDArray[np.float64]:
    """Smooth noise of about unit size along n steps, (n, 2)."""
    knots = lot.standard_normal((max(int(n / length), 1) + 3, 2))
    at = np.linspace(0, len(knots) - 1, n)
    return np.stack([np.interp(at, np.arange(len(knots)), knots[:, k]) for k in range(2)], axis=1)


def _ink_colour(
    paint: NDArray[np.float32], alpha: NDArray[np.float32], ink: InkStyle, unit: float
) -> NDArray[np.float32]:
    """Ink tinted by the paint around it, sRGB 0..1 (h, w, 3)."""
    weight = cv2.GaussianBlur(alpha, (0, 0), 3 * unit)[..., None]
    around = cv2.GaussianBlur(paint * alpha[..., None], (0, 0), 3 * unit) / np.maximum(weight, 1e-4)
    grey = around.mean(axis=-1, keepdims=True)
    deep = np.clip(grey + 1.5 * (around - grey), 0, 1) * 0.42
    return np.asarray((1 - ink.local) * np.asarray(ink.colour, np.float32) + ink.local * deep, np.float32)


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average blocks of OVERSAMPLING x OVERSAMPLING pixels."""
    h, w = values.shape[0] // OVERSAMPLING, values.shape[1] // OVERSAMPLING
    blocks = values[: h * OVERSAMPLING, : w * OVERSAMPLING].reshape(h, OVERSAMPLING, w, OVERSAMPLING, -1)
    return np.asarray(blocks.mean(axis=(1, 3)).reshape(h, w, *values.shape[2:]), np.float32)


def _reduced(rgb: NDArray[np.float32], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Average colour and alpha to the illustration's size: straight alpha, uint8."""
    small = _mean(alpha)
    colour = _mean(rgb * alpha[..., None]) / np.maximum(small, 1e-6)[..., None]
    return np.round(np.concatenate([np.clip(colour, 0, 1), small[..., None]], axis=-1) * 255).astype(np.uint8)
