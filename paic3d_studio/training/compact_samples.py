"""Training samples: an item, recoloured, mirrored, warped, cropped, and its picture made a little worse.

Every change is applied to picture, maps and points together. Depth follows the scale of the picture, because a scale
along z that the picture does not show cannot be learnt. Half of the fronts are drawings, and occluders stand before
some; only what `degraded` does stays with the input alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.lines import LUMA
from paic3d_studio.datasets.characters import COLOUR_REACH, Item
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.nets.backbones.compact import CLASSES
from paic3d_studio.training.occluders import Occluder, occluders, pixels

HALF: Final = BOX_SIDE / 2
IGNORED: Final = -1
MOST_OCCLUDERS: Final = 16
"""More than ever stand before one character; each has this share of the points near the surface about it."""

BARE: Final = 0.12
"""Share of recolourings in which clothes turn into skin: every training body is dressed, many portraits are not."""

_CLASS_OF: Final = {
    "hair": "hair", "face": "skin", "skin": "skin", "cloth": "cloth", "other": "cloth",
    "iris": "feature", "eye": "feature", "brow": "feature", "mouth": "feature",
}  # fmt: skip
CLASS_OF_PART: Final = np.array([CLASSES.index(_CLASS_OF[p]) if p in _CLASS_OF else IGNORED for p in PARTS], np.int64)
_LUMINANCE: Final = np.array(LUMA, np.float32)


@dataclasses.dataclass(frozen=True)
class SampleOptions:
    """How samples are drawn: points per sample, side of the picture seen, and how strong each change is.

    `near` and `uniform` points; the back picture has half the side of `picture`; `scale` and `shift` are standard
    deviations of log scale and of metres; `roll` in degrees; the others are probabilities, `drawing` that the front
    is the drawing and not the render (which is then recoloured half as often, because what was painted over its lines
    does not end where parts do), `occluded` that something stands before it.
    """

    near: int = 4096
    uniform: int = 1536
    picture: int = 256
    scale: float = 0.08
    shift: float = 0.008
    roll: float = 3.0
    warp: float = 0.5
    crop: float = 0.25
    recolour: float = 0.85
    degrade: float = 0.45
    drawing: float = 0.5
    occluded: float = 0.4


@dataclasses.dataclass(frozen=True)
class Batch:
    """N samples; maps have rows that run upwards, as in `compact.Scene`, but `picture` and `alpha` do not.

    `picture` (N, 3, s, s) on white and `alpha` (N, 1, s, s): the input. `classes` (N, s, s) ids of CLASSES or IGNORED.
    `depths` (N, 2, s, s) metres, nan where empty. `back` (N, 3, s / 2, s / 2) straight colours with `back_mask`
    (N, 1, s / 2, s / 2) and `back_classes` (N, s / 2, s / 2) ids. `xyz` (N, P, 3) metres, the first `near` near the
    surface; `inside` (N, P); `colour` (N, near, 3), `coloured` (N, near), `point_class` (N, near).
    """

    picture: Tensor
    alpha: Tensor
    classes: Tensor
    depths: Tensor
    back: Tensor
    back_mask: Tensor
    back_classes: Tensor
    xyz: Tensor
    inside: Tensor
    colour: Tensor
    coloured: Tensor
    point_class: Tensor


def batch(items: Sequence[Item], rng: Generator, *, size: int, options: SampleOptions) -> Batch:
    """Draw `size` samples from random items."""
    chosen = rng.integers(0, len(items), size)
    samples = [sample(items[index], rng, options=options) for index in chosen]
    names = [field.name for field in dataclasses.fields(Batch)]
    return Batch(**{name: torch.from_numpy(np.stack([s[name] for s in samples])) for name in names})


def sample(item: Item, rng: Generator, *, options: SampleOptions) -> dict[str, NDArray[np.generic]]:
    """Draw one sample of an item: the arrays of `Batch` without their first axis."""
    drawing = rng.random() < options.drawing
    recoloured = rng.random() < options.recolour * (0.5 if drawing else 1.0)
    matrices = _recolouring(item, rng) if recoloured else _identity()
    warp = _Warp.random(rng, options)
    side = options.picture
    views = np.stack([item.drawn if drawing else item.rgba[0], item.rgba[1]])
    pictures = [warp.picture(view, side) for view in _recoloured_pictures(views, item.part, matrices)]
    part, back_part = warp.labels(item.part[0], side), warp.labels(item.part[1], side // 2)
    depths = np.stack([warp.labels(view, side) * warp.depth_factor(side) for view in item.depth])
    seen = _Seen(pictures[0], depths, CLASS_OF_PART[part])
    points = _Points.of(item, rng, options=options, warp=warp, matrices=matrices).coloured_as(seen)
    if rng.random() < options.occluded:
        for number, whole in enumerate(occluders(pictures[0], part, depths[0], rng)):
            occluder = whole.where_nearer(seen.depths[0])
            if occluder.solid.any():
                points = points.behind(occluder, seen.depths, rng, number=number)
                seen = seen.behind(occluder)
    kept: Frame = _crop(rng) if rng.random() < options.crop else _everything
    shown = _area(kept(*_pixel_places(side * 2)).astype(np.float32), side)[..., None]
    front, back = seen.picture * shown, _area(pictures[1] * shown, side // 2)
    canvas = kept(points.xyz[:, 0], points.xyz[:, 1])
    visible = shown[..., 0] > 0.5
    seen.depths[:, ~visible] = np.nan
    classes = np.where(visible, seen.classes, IGNORED)
    back_classes = CLASS_OF_PART[back_part]
    back_depth = warp.labels(item.depth[1], side // 2) * warp.depth_factor(side // 2)
    back_solid = (back[..., 3] > 0.9) & (back_classes >= 0) & ~_skull(back_classes, back_depth)
    picture, alpha = front[..., :3] + 1 - front[..., 3:], front[..., 3:]
    if rng.random() < options.degrade:
        picture, alpha = degraded(picture, alpha, rng)
    return {
        "picture": _channels_first(picture),
        "alpha": _channels_first(alpha),
        "classes": np.ascontiguousarray(classes[::-1]),
        "depths": np.ascontiguousarray(seen.depths[:, ::-1].astype(np.float32)),
        "back": _channels_first(back[::-1, :, :3] / back[::-1, :, 3:].clip(0.5)),
        "back_mask": back_solid[None, ::-1].astype(np.float32),
        "back_classes": np.ascontiguousarray(np.where(back_solid, back_classes, IGNORED)[::-1]),
        "xyz": points.xyz,
        "inside": (points.inside & canvas).astype(np.float32),
        "colour": points.colour,
        "coloured": (points.coloured & canvas[: options.near]).astype(np.float32),
        "point_class": points.point_class,
    }


@dataclasses.dataclass(frozen=True, eq=False)
class _Seen:
    """The front of a sample while it is made, rows downwards.

    `picture` premultiplied (s, s, 4), `depths` of front and back (2, s, s) metres, nan where empty, `classes` (s, s).
    """

    picture: NDArray[np.float32]
    depths: NDArray[np.float32]
    classes: NDArray[np.int64]

    def behind(self, occluder: Occluder) -> _Seen:
        """Return it with an occluder before it."""
        classes = np.where(occluder.solid, occluder.kind, self.classes)
        return _Seen(occluder.over(self.picture), occluder.before(self.depths), classes)


@dataclasses.dataclass(frozen=True, eq=False)
class _Points:
    """The labelled points of a sample while it is made, as in `Batch`; `inside` and `coloured` bool, no first axis."""

    xyz: NDArray[np.float32]
    inside: NDArray[np.bool_]
    colour: NDArray[np.float32]
    coloured: NDArray[np.bool_]
    point_class: NDArray[np.int64]

    @classmethod
    def of(
        cls, item: Item, rng: Generator, *, options: SampleOptions, warp: _Warp, matrices: NDArray[np.float32]
    ) -> _Points:
        """Draw points of an item by lot, moved and recoloured as its pictures are."""
        order = np.concatenate(
            [rng.integers(0, item.near, options.near), rng.integers(item.near, len(item.xyz), options.uniform)]
        )
        near = order[: options.near]
        part = item.point_part[near]
        return cls(
            xyz=warp.points(item.xyz[order].astype(np.float32)),
            inside=item.inside[order],
            colour=_transformed(item.colour[near].astype(np.float32) / 255, matrices[part]),
            coloured=item.coloured[near],
            point_class=CLASS_OF_PART[part],
        )

    def coloured_as(self, seen: _Seen) -> _Points:
        """Return them with the picture's colours where they lie at the front: a drawing is shaded, a render is not."""
        near = self.xyz[: len(self.colour)]
        row, column, there = pixels(near, side=seen.depths.shape[-1])
        shown = seen.picture[row, column]
        at_front = there & (np.abs(near[:, 2] - seen.depths[0, row, column]) < COLOUR_REACH) & (shown[:, 3] > 0.99)
        same = at_front & (seen.classes[row, column] == self.point_class)
        return dataclasses.replace(self, colour=np.where(same[:, None], shown[:, :3], self.colour))

    def behind(self, occluder: Occluder, depths: NDArray[np.float32], rng: Generator, *, number: int) -> _Points:
        """Return them with an occluder before them, some of them moved to it.

        Args:
            occluder: the `number`-th; each has others of the points.
            depths: of front and back without it, (2, s, s) metres, which say what moved points were in before.
            rng: where they go.
            number: less than MOST_OCCLUDERS.
        """
        near = len(self.colour)
        share = near // MOST_OCCLUDERS
        moved = np.arange(number * share, (number + 1) * share)
        xyz, inside, coloured = self.xyz.copy(), self.inside.copy(), self.coloured.copy()
        xyz[moved] = occluder.points(share, rng)
        row, column, there = pixels(xyz[moved], side=depths.shape[-1])
        front, back = depths[:, row, column]
        inside[moved] = there & (xyz[moved, 2] <= front) & (xyz[moved, 2] >= back)
        coloured[moved] = False
        within, at_front, colour = occluder.at(xyz)
        of_it = at_front[:near]
        return _Points(
            xyz=xyz,
            inside=inside | within,
            colour=np.where(of_it[:, None], colour[:near], self.colour),
            coloured=coloured | of_it,
            point_class=np.where(of_it, occluder.kind, self.point_class),
        )


def _skull(classes: NDArray[np.int64], depth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where the back picture shows skin through gaps in the hair, (s, s), rows downwards."""
    rows = _pixel_places(len(depth))[1]
    return np.asarray((classes == CLASSES.index("skin")) & (depth < -0.02) & (rows > -0.08))


def _channels_first(image: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return (c, s, s) float32 within 0..1."""
    return np.ascontiguousarray(image.transpose(2, 0, 1).clip(0, 1).astype(np.float32))


def _pixel_places(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return x and y in metres of the pixel centres of an aligned picture, rows downwards."""
    steps = ((np.arange(side) + 0.5) / side * 2 - 1) * HALF
    x, y = np.meshgrid(steps, -steps)
    return x.astype(np.float32), y.astype(np.float32)


def _area(image: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Shrink by whole factors."""
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.float32)


# Where things are

_Places = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]

Frame = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.bool_]]
"""A test of x and y in metres: does the canvas show what is there?"""


@dataclasses.dataclass(frozen=True, eq=False)
class _Warp:
    """x' = a(y) s x, z' = a(y) s z, y' = s g(y), then a roll about z and a shift in the picture plane."""

    scale: float
    mirror: float
    heights: NDArray[np.float64]
    moved: NDArray[np.float64]
    widths: NDArray[np.float64]
    roll: float
    shift: tuple[float, float]
    _sources_of: dict[int, _Places] = dataclasses.field(default_factory=dict, init=False)

    @classmethod
    def random(cls, rng: Generator, options: SampleOptions) -> _Warp:
        """Draw a warp."""
        heights = np.linspace(-HALF - 0.1, HALF + 0.1, 8)
        strong = rng.random() < options.warp
        stretch = np.exp(rng.normal(0, 0.10 if strong else 0, 7))
        moved = np.concatenate([[0], np.cumsum(np.diff(heights) * stretch)])
        moved -= np.interp(-0.03, heights, moved) + 0.03
        widths = np.exp(rng.normal(0, 0.07 if strong else 0, 8))
        return cls(
            scale=float(np.exp(rng.normal(0.0, options.scale))),
            mirror=float(rng.choice([-1.0, 1.0])),
            heights=heights,
            moved=moved,
            widths=widths,
            roll=float(np.deg2rad(rng.normal(0, options.roll))),
            shift=(float(rng.normal(0, options.shift)), float(rng.normal(0, options.shift))),
        )

    def _width(self, y: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(np.interp(y, self.heights, self.widths) * self.scale, np.float32)

    def points(self, xyz: NDArray[np.float32]) -> NDArray[np.float32]:
        """Move points (n, 3)."""
        width = self._width(xyz[:, 1])
        x = xyz[:, 0] * width * self.mirror
        y = np.interp(xyz[:, 1], self.heights, self.moved) * self.scale
        c, s = np.cos(self.roll), np.sin(self.roll)
        moved = np.stack([c * x - s * y + self.shift[0], s * x + c * y + self.shift[1], xyz[:, 2] * width], 1)
        return np.asarray(moved.astype(np.float32))

    def _sources(self, side: int) -> _Places:
        """Return where each pixel of the moved picture comes from, x and y in metres, and its depth factor."""
        if side not in self._sources_of:
            self._sources_of[side] = self._sources_once(side)
        return self._sources_of[side]

    def _sources_once(self, side: int) -> _Places:
        """Compute `_sources`, which every map of a sample of this side asks for."""
        x, y = _pixel_places(side)
        x, y = x - self.shift[0], y - self.shift[1]
        c, s = np.cos(self.roll), np.sin(self.roll)
        x, y = c * x + s * y, -s * x + c * y
        y = np.interp(y / self.scale, self.moved, self.heights).astype(np.float32)
        width = self._width(y)
        return (x / width * self.mirror).astype(np.float32), y, width

    def _remapped(self, image: NDArray[Any], side: int, interpolation: int) -> NDArray[Any]:
        x, y, _ = self._sources(side)
        size = image.shape[0]
        columns, rows = (x / BOX_SIDE + 0.5) * size - 0.5, (0.5 - y / BOX_SIDE) * size - 0.5
        border = np.nan if image.dtype == np.float32 and image.ndim == 2 else 0
        return np.asarray(
            cv2.remap(image, columns, rows, interpolation, borderMode=cv2.BORDER_CONSTANT, borderValue=border)
        )

    def picture(self, rgba: NDArray[np.float32], side: int) -> NDArray[np.float32]:
        """Move a premultiplied picture."""
        return self._remapped(rgba, side, cv2.INTER_LINEAR)

    def labels(self, image: NDArray[Any], side: int) -> NDArray[Any]:
        """Move a map of ids or depths without mixing neighbours."""
        return self._remapped(image, side, cv2.INTER_NEAREST)

    def depth_factor(self, side: int) -> NDArray[np.float32]:
        """Return by what the z of each pixel of the moved picture is multiplied."""
        return self._sources(side)[2]


def _everything(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.bool_]:  # noqa: ARG001
    """Keep all."""
    return np.ones(x.shape, bool)


def _crop(rng: Generator) -> Frame:
    """Return a test of (x, y) that a random frame of the picture passes, as the edge of an artist's canvas does."""
    bottom = rng.uniform(-0.34, -0.12) if rng.random() < 0.8 else -1.0
    side = rng.uniform(0.13, 0.3) if rng.random() < 0.3 else 1.0
    top = rng.uniform(0.08, 0.2) if rng.random() < 0.12 else 1.0
    return lambda x, y: (y > bottom) & (np.abs(x) < side) & (y < top)


# What colours they have


def _identity() -> NDArray[np.float32]:
    """Return a colour matrix for each part that changes nothing, (parts, 3, 4)."""
    return np.repeat(np.eye(3, 4, dtype=np.float32)[None], len(PARTS), 0)


def _transformed(colour: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return colours (..., 3) under matrices (..., 3, 4), within 0..1."""
    moved = np.einsum("...ij,...j->...i", matrix[..., :3], colour) + matrix[..., 3]
    return np.asarray(moved.clip(0, 1).astype(np.float32))


def _recoloured_pictures(
    views: NDArray[np.uint8], parts: NDArray[np.uint8], matrices: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return recoloured pictures, premultiplied 0..1; rims take the matrix of their neighbour.

    Args:
        views: uint8 (2, s, s, 4), straight alpha.
        parts: ids of PARTS (2, s, s).
        matrices: (parts, 3, 4).
    """
    out = np.zeros(views.shape, np.float32)
    for view, (rgba, part) in enumerate(zip(views, parts, strict=True)):
        spread = np.where(part > 0, part, cv2.dilate(part, np.ones((3, 3), np.uint8)))
        where = rgba[..., 3] > 0
        alpha = rgba[where][:, 3:].astype(np.float32) / 255
        colour = _transformed(rgba[where][:, :3].astype(np.float32) / 255, matrices[spread[where]])
        out[view][where] = np.concatenate([colour * alpha, alpha], 1)
    return out


def _recolouring(item: Item, rng: Generator) -> NDArray[np.float32]:
    """Draw colour matrices for the parts of an item, (parts, 3, 4)."""
    matrices = _identity()
    groups = (("hair",), ("face", "skin"), ("cloth", "other"), ("iris",))
    for names in groups:
        ids = [PARTS.index(name) for name in names]
        colours = item.colour[np.isin(item.point_part, ids)][::7].astype(np.float32) / 255
        if len(colours) == 0 or rng.random() < 0.15:
            continue
        if names[0] == "face":
            matrix = _skin_tone(rng)
        elif names[0] == "cloth" and rng.random() < BARE:
            matrix = _bare(item, matrices)
        elif rng.random() < 0.55:
            matrix = _tinted(colours @ _LUMINANCE, rng)
        else:
            matrix = _turned_hue(rng)
        matrices[ids] = matrix
    if rng.random() < 0.7:  # brows follow the hair
        matrices[PARTS.index("brow")] = matrices[PARTS.index("hair")]
    return matrices


def _tinted(luminance: NDArray[np.floating], rng: Generator) -> NDArray[np.float32]:
    """Return a matrix that lays luminance between a random shade and a random light; any colour, also white."""
    low, high = np.percentile(luminance, (5, 95))
    span = max(float(high - low), 0.12)
    value, spread = rng.uniform(0.05, 1.0), rng.uniform(0.05, 0.4)
    chroma = rng.uniform(0.0, 1.0) ** 1.5
    hue = rng.uniform(0, 2 * np.pi)
    tint = 1 + chroma * 0.9 * np.cos(hue - np.array([0, 2.094, 4.189]))
    light = (value + spread / 2) * tint / max(tint.max(), 1)
    shade = (value - spread / 2) * (tint + rng.normal(0, 0.06, 3)) / max(tint.max(), 1)
    light, shade = light.clip(0.02, 1.0), shade.clip(0.0, 0.97)
    gain = (light - shade) / span
    matrix = np.concatenate([gain[:, None] * _LUMINANCE, (shade - gain * low)[:, None]], 1)
    return matrix.astype(np.float32)


def _turned_hue(rng: Generator) -> NDArray[np.float32]:
    """Return a matrix that turns hue about grey, with random saturation and gain."""
    angle, saturation = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.3)
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    c, s = saturation * np.cos(angle), saturation * np.sin(angle)
    turn = np.linalg.inv(to_yiq) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ to_yiq
    gain = rng.uniform(0.6, 1.15)
    offset = rng.uniform(-0.05, 0.15)
    return np.concatenate([turn * gain, np.full((3, 1), offset)], 1).astype(np.float32)


def _bare(item: Item, matrices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a matrix that makes clothes look like bare skin with a little relief."""
    skin = item.colour[np.isin(item.point_part, [PARTS.index("face"), PARTS.index("skin")])].astype(np.float32) / 255
    if len(skin) == 0:
        return np.eye(3, 4, dtype=np.float32)
    mean = _transformed(skin.mean(0), matrices[PARTS.index("face")])
    return np.concatenate([np.eye(3) * 0.12, (mean - 0.06)[:, None]], 1).astype(np.float32)


def _skin_tone(rng: Generator) -> NDArray[np.float32]:
    """Return a matrix from pale to dark skin."""
    if rng.random() < 0.25:
        gain = rng.uniform(0.35, 0.85) * np.array([1.0, rng.uniform(0.8, 0.95), rng.uniform(0.65, 0.9)])
    else:
        gain = rng.uniform(0.92, 1.06) * np.array([1.0, rng.uniform(0.94, 1.03), rng.uniform(0.9, 1.05)])
    return np.concatenate([np.diag(gain), rng.uniform(-0.02, 0.02, (3, 1))], 1).astype(np.float32)


# What the input alone suffers


def degraded(
    picture: NDArray[np.float32], alpha: NDArray[np.float32], rng: Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make a front, rendered or drawn, a little worse, as drawings whose lines were painted over are.

    Cel shading, remains of lines, soft light, blur and a matte that is too wide or too narrow by a pixel of 128.

    Args:
        picture: (s, s, 3) on white, 0..1.
        alpha: (s, s, 1).
        rng: where the choices come from.
    """
    grain = max(len(picture) // 128, 1)
    if rng.random() < 0.35:
        picture = _cel_shaded(picture, alpha, rng)
    if rng.random() < 0.5:
        picture = _rimmed(picture, rng, grain=grain)
    if rng.random() < 0.4:
        picture = _unevenly_lit(picture, alpha, rng)
    if rng.random() < 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), grain * rng.uniform(0.3, 0.9)), np.float32)
    if rng.random() < 0.4:
        picture, alpha = _rematted(picture, alpha, rng, grain=grain)
    return picture.astype(np.float32), alpha.astype(np.float32)


def _cel_shaded(picture: NDArray[np.float32], alpha: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Step the luminance."""
    levels = rng.integers(4, 9)
    grey = (picture @ _LUMINANCE)[..., None]
    stepped = np.round(grey * levels) / levels
    return np.asarray(picture + (stepped - grey) * rng.uniform(0.3, 1.0) * alpha, np.float32)


def _rimmed(picture: NDArray[np.float32], rng: Generator, *, grain: int) -> NDArray[np.float32]:
    """Darken where luminance changes, as painted-over lines do."""
    grey = np.ascontiguousarray(picture @ _LUMINANCE, np.float32)
    around = np.ones((1 + grain, 1 + grain), np.uint8)
    rim = np.asarray(cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, around), np.float32)[..., None]
    return np.asarray(picture * (1 - (rim * 3).clip(0, 1) * rng.uniform(0.1, 0.7)), np.float32)


def _unevenly_lit(picture: NDArray[np.float32], alpha: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Lay a smooth light over the character."""
    side = len(picture)
    coarse = rng.normal(1, 0.12, (3, 3)).astype(np.float32)
    light = np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC))[..., None]
    return np.asarray((picture * light) * alpha + picture * (1 - alpha), np.float32)


def _rematted(
    picture: NDArray[np.float32], alpha: NDArray[np.float32], rng: Generator, *, grain: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make the matte a pixel of 128 wider, with background in it, or narrower."""
    wider = rng.random() < 0.5
    change = cv2.dilate if wider else cv2.erode
    matte = np.asarray(change(alpha, np.ones((1 + grain, 1 + grain), np.uint8)), np.float32).reshape(alpha.shape)
    return (picture if wider else picture * matte + (1 - matte)), matte
