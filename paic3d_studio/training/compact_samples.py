"""Training samples: an item, recoloured, mirrored, warped, cropped, and its picture made a little worse.

Half of the fronts are drawings, marks and open mouths are painted on some, occluders stand before some. Every change is
applied to picture, maps and points together. Depth follows the scale of the picture, because a scale along z that the
picture does not show cannot be learnt. What `degraded` does stays with the input alone; of a drawing the colours are
learnt, not its shape, which is half an outline wider.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.datasets.characters import COLOUR_REACH, Item
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.nets.backbones.compact import CLASSES
from paic3d_studio.training.degraded import degraded
from paic3d_studio.training.occluders import Occluder, occluders, pixels
from paic3d_studio.training.painted_marks import painted_marks
from paic3d_studio.training.painted_mouths import painted_mouth
from paic3d_studio.training.recolouring import recoloured, recolouring, transformed, unchanged
from paic3d_studio.training.warp import Frame, Warp, everything, pixel_places, random_frame

IGNORED: Final = -1
MOST_OCCLUDERS: Final = 16
"""More than ever stand before one character; each gets one part in so many of the points near the surface."""

_CLASS_OF: Final = {
    "hair": "hair", "face": "skin", "skin": "skin", "cloth": "cloth", "other": "cloth",
    "iris": "feature", "eye": "feature", "brow": "feature", "mouth": "feature",
}  # fmt: skip
CLASS_OF_PART: Final = np.array([CLASSES.index(_CLASS_OF[p]) if p in _CLASS_OF else IGNORED for p in PARTS], np.int64)
FEATURE: Final = CLASSES.index("feature")


@dataclasses.dataclass(frozen=True)
class SampleOptions:
    """How samples are drawn: points per sample, side of the picture seen, and how strong each change is.

    `near` and `uniform` points; the back picture has half the side of `picture`; `scale` and `shift` are standard
    deviations of log scale and of metres; `roll` in degrees; the others are probabilities, `drawing` that the front
    is the drawing and not the render (which is then recoloured half as often, because what was painted over its lines
    does not end where parts do), `occluded` that something stands before it, `marks` and `mouth` that strokes, shadows
    or an open mouth are painted on it.
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
    occluded: float = 0.3
    marks: float = 0.4
    mouth: float = 0.35


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
    recolours = rng.random() < options.recolour * (0.5 if drawing else 1.0)
    matrices = recolouring(item, rng) if recolours else unchanged()
    warp = Warp.random(rng, scale=options.scale, shift=options.shift, roll=options.roll, uneven=options.warp)
    side = options.picture
    views = np.stack([item.drawn if drawing else item.rgba[0], item.rgba[1]])
    pictures = [warp.picture(view, side) for view in recoloured(views, item.part, matrices)]
    part, back_part = warp.labels(item.part[0], side), warp.labels(item.part[1], side // 2)
    depths = np.stack([warp.labels(view, side) * warp.depth_factor(side) for view in item.depth])
    seen = _Seen(pictures[0], depths, CLASS_OF_PART[part])
    if rng.random() < options.marks:
        seen = dataclasses.replace(seen, picture=painted_marks(seen.picture, part, rng))
    if rng.random() < options.mouth:
        seen = seen.with_mouth(*painted_mouth(seen.picture, part, rng))
    points = _Points.of(item, rng, options=options, warp=warp, matrices=matrices).coloured_as(seen)
    if rng.random() < options.occluded:
        before: list[Occluder] = []
        for whole in occluders(seen.picture, part, depths[0], rng):
            occluder = whole.where_nearer(seen.depths[0])
            if occluder.solid.any():
                points = points.behind(occluder, depths, rng, earlier=before)
                seen = seen.behind(occluder)
                before.append(occluder)
    kept: Frame = random_frame(rng) if rng.random() < options.crop else everything
    shown = _area(kept(*pixel_places(side * 2)).astype(np.float32), side)[..., None]
    front, back = seen.picture * shown, _area(pictures[1] * shown, side // 2)
    canvas = kept(points.xyz[:, 0], points.xyz[:, 1])
    visible = shown[..., 0] > 0.5
    shown_depths = np.where(visible, seen.depths, np.float32(np.nan))
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
        "depths": np.ascontiguousarray(shown_depths[:, ::-1].astype(np.float32)),
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

    def with_mouth(self, picture: NDArray[np.float32], mouth: NDArray[np.bool_]) -> _Seen:
        """Return it with a picture that has a painted mouth, where a mask (s, s) is true."""
        return dataclasses.replace(self, picture=picture, classes=np.where(mouth, FEATURE, self.classes))

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
        cls, item: Item, rng: Generator, *, options: SampleOptions, warp: Warp, matrices: NDArray[np.float32]
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
            colour=transformed(item.colour[near].astype(np.float32) / 255, matrices[part]),
            coloured=item.coloured[near],
            point_class=CLASS_OF_PART[part],
        )

    def coloured_as(self, seen: _Seen) -> _Points:
        """Return them with the picture's colours where they lie at the front: a drawing is shaded, a render is not."""
        near = self.xyz[: len(self.colour)]
        row, column, there = pixels(near, side=seen.depths.shape[-1])
        shown = seen.picture[row, column]
        at_front = there & (np.abs(near[:, 2] - seen.depths[0, row, column]) < COLOUR_REACH) & (shown[:, 3] > 0.99)
        classes = seen.classes[row, column]
        painted = at_front & (classes == FEATURE)  # nothing but paint, wherever it is
        same = at_front & (classes == self.point_class) | painted
        return dataclasses.replace(
            self,
            colour=np.where(same[:, None], shown[:, :3], self.colour),
            point_class=np.where(painted, FEATURE, self.point_class),
        )

    def behind(
        self, occluder: Occluder, depths: NDArray[np.float32], rng: Generator, *, earlier: Sequence[Occluder]
    ) -> _Points:
        """Return them with an occluder before them, some of them moved to it.

        Args:
            occluder: what stands there; others of the points are moved to each.
            depths: of front and back without any, (2, s, s) metres. Of what lies between, gaps under bangs too, they
                say nothing: no point is moved there, unless into an occluder.
            rng: where they go.
            earlier: those that stand before them already, fewer than MOST_OCCLUDERS.
        """
        near = len(self.colour)
        share = near // MOST_OCCLUDERS
        lot = slice(len(earlier) * share, (len(earlier) + 1) * share)
        xyz, inside, coloured = self.xyz.copy(), self.inside.copy(), self.coloured.copy()
        places = occluder.points(share, rng)
        row, column, there = pixels(places, side=depths.shape[-1])
        front, back = depths[:, row, column]
        solid = np.any([other.at(places)[0] for other in (occluder, *earlier)], axis=0)
        known = solid | ~(there & (places[:, 2] <= front) & (places[:, 2] >= back))
        moved = np.arange(lot.start, lot.stop)[known]
        xyz[moved], inside[moved] = places[known], solid[known]
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
    rows = pixel_places(len(depth))[1]
    return np.asarray((classes == CLASSES.index("skin")) & (depth < -0.02) & (rows > -0.08))


def _channels_first(image: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return (c, s, s) float32 within 0..1."""
    return np.ascontiguousarray(image.transpose(2, 0, 1).clip(0, 1).astype(np.float32))


def _area(image: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Shrink by whole factors."""
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.float32)
