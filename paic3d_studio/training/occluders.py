"""Occluders before a training sample: locks that fall over the face, arms with hands, held things, ornaments.

Illustrators draw them and the characters of training hold nothing, so a network without them takes a hand before the
chin for the chin. Each is a mask with a depth and a thickness of its own, laid over picture, maps and points together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.datasets.characters import COLOUR_REACH
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.nets.backbones.compact import CLASSES
from paic3d_studio.training.painted_mouths import mouth_place
from paic3d_studio.training.painting import filled

_HAIR, _SKIN, _CLOTH = CLASSES.index("hair"), CLASSES.index("skin"), CLASSES.index("cloth")
_HAIR_PART, _FACE = PARTS.index("hair"), PARTS.index("face")


@dataclasses.dataclass(frozen=True, eq=False)
class Occluder:
    """One thing before the character; maps have rows that run downwards and s pixels across the box.

    `cover` float32 (s, s) 0..1; `front` and `back` float32 (s, s) z in metres, of use where it covers; `colour` float32
    (s, s, 3) 0..1; `kind` an id of CLASSES.
    """

    cover: NDArray[np.float32]
    front: NDArray[np.float32]
    back: NDArray[np.float32]
    colour: NDArray[np.float32]
    kind: int

    @property
    def solid(self) -> NDArray[np.bool_]:
        """Where it is, bool (s, s)."""
        return self.cover > 0.5

    def where_nearer(self, depth: NDArray[np.float32]) -> Occluder:
        """Return what of it lies before a front depth (s, s), nan where empty."""
        hidden = self.front <= np.nan_to_num(depth, nan=-np.inf)
        return dataclasses.replace(self, cover=np.where(hidden, np.float32(0), self.cover))

    def over(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay it over a premultiplied picture (s, s, 4)."""
        cover = self.cover[..., None]
        own = np.concatenate([self.colour * cover, cover], axis=-1)
        return np.asarray(own + picture * (1 - cover), np.float32)

    def before(self, depths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return front and back depth (2, s, s) with it."""
        front = np.where(self.solid, self.front, depths[0])
        back = np.where(self.solid, np.fmin(self.back, depths[1]), depths[1])
        return np.stack([front, back]).astype(np.float32)

    def at(self, xyz: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float32]]:
        """Return which points (n, 3) lie in it, which lie at its front, and what colour it has there, (n, 3)."""
        row, column, there = pixels(xyz, side=len(self.cover))
        covered = there & self.solid[row, column]
        front, back = self.front[row, column], self.back[row, column]
        inside = covered & (xyz[:, 2] <= front) & (xyz[:, 2] >= back)
        return inside, covered & (np.abs(xyz[:, 2] - front) < COLOUR_REACH), self.colour[row, column]

    def points(self, count: int, rng: Generator) -> NDArray[np.float32]:
        """Draw points about its front, every fourth about its back, float32 (count, 3); some fall beside it."""
        rows, columns = np.nonzero(self.solid)
        chosen = rng.integers(0, len(rows), count)
        row, column = rows[chosen], columns[chosen]
        side = len(self.cover)
        x = ((column + 0.5) / side - 0.5) * BOX_SIDE + rng.normal(0, 0.003, count)
        y = (0.5 - (row + 0.5) / side) * BOX_SIDE + rng.normal(0, 0.003, count)
        reach = np.where(rng.random(count) < 0.6, 0.004, 0.016)
        z = np.where(rng.random(count) < 0.75, self.front[row, column], self.back[row, column])
        return np.stack([x, y, z + rng.normal(0, 1, count) * reach], axis=1).astype(np.float32)


def pixels(xyz: NDArray[np.float32], *, side: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return row and column of the pixel over each point (n, 3), and whether the picture has it."""
    column = np.floor((xyz[:, 0] / BOX_SIDE + 0.5) * side).astype(np.intp)
    row = np.floor((0.5 - xyz[:, 1] / BOX_SIDE) * side).astype(np.intp)
    there = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    return row.clip(0, side - 1), column.clip(0, side - 1), there


def occluders(
    picture: NDArray[np.float32], part: NDArray[np.uint8], depth: NDArray[np.float32], rng: Generator
) -> Iterator[Occluder]:
    """Draw by lot what stands before a character; nothing where no face or no hair is seen.

    Each stands before most of the character, not of the others: `where_nearer` says what of it is seen.

    Args:
        picture: premultiplied front, 0..1 (s, s, 4), rows downwards as in all maps here.
        part: ids of `vrm.PARTS` (s, s).
        depth: z of the front in metres (s, s), nan where empty.
        rng: what is drawn.
    """
    if not (part == _FACE).any() or not (part == _HAIR_PART).any():
        return
    scene = _Scene(picture, part, depth)
    chance = rng.random()
    if chance < 0.55:
        for _ in range(int(rng.integers(1, 6))):
            yield from scene.lock(rng)
    if chance > 0.45:
        held = rng.random()
        spot = scene.spot(rng, on_face=held >= 0.6)
        if held < 0.6:
            yield from scene.thing(spot, rng.uniform(0.02, 0.07), rng)
        if held > 0.3:
            yield from scene.arm(spot, rng)
    if rng.random() < 0.3:
        yield from scene.thing(scene.random_place(scene.hair, rng), rng.uniform(0.008, 0.025), rng)


@dataclasses.dataclass(frozen=True, eq=False)
class _Limb:
    """A capsule from a to b, places (x, y) in pixels; its radius and how its axis rises at either end, in metres."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    radius: float
    lift_a: float
    lift_b: float


class _Scene:
    """What occluders stand before: lengths in metres, places (x, y) in pixels, maps (s, s) with rows downwards."""

    def __init__(self, picture: NDArray[np.float32], part: NDArray[np.uint8], depth: NDArray[np.float32]) -> None:
        self.side = len(part)
        self.unit = self.side / BOX_SIDE  # pixels per metre
        self.colours = picture[..., :3] / picture[..., 3:].clip(1e-3)
        self.depth, self.solid = depth, ~np.isnan(depth)
        self.hair = part == _HAIR_PART
        self.skin = np.median(self.colours[part == _FACE], axis=0)
        self.mouth = mouth_place(part)
        self.nearest = _nearest_around(depth, reach=round(0.004 * self.unit))

    def random_place(self, where: NDArray[np.bool_], rng: Generator) -> NDArray[np.float64]:
        """Return a random pixel of a mask as (x, y)."""
        rows, columns = np.nonzero(where)
        index = int(rng.integers(len(rows)))
        return np.array([columns[index], rows[index]], np.float64)

    def spot(self, rng: Generator, *, on_face: bool) -> NDArray[np.float64]:
        """Return where a hand goes: before the chest, or half the time, if it may, on mouth, chin or cheek."""
        down = rng.normal(0.015, 0.02) if on_face and rng.random() < 0.5 else rng.uniform(0.08, 0.2)
        return np.asarray(self.mouth + np.array([rng.normal(0, 0.05), down]) * self.unit)

    def lock(self, rng: Generator) -> Iterator[Occluder]:
        """Let a lock fall from the hair above the mouth; it tapers, sways and is of the hair's colour."""
        rows = np.arange(self.side)[:, None] < self.mouth[1] - 0.03 * self.unit
        columns = np.abs(np.arange(self.side) - self.mouth[0])[None] < 0.1 * self.unit
        roots = self.hair & self.solid & rows & columns
        if not roots.any():
            return
        top = self.random_place(roots, rng)
        x, y = (int(v) for v in top)
        length, width = rng.uniform(0.05, 0.2) * self.unit, rng.uniform(0.003, 0.022) * self.unit
        t = np.linspace(0, 1, 16)
        sway, curl = rng.normal(0, 0.02) * self.unit, rng.normal(0, 0.008) * self.unit
        spine = top + np.stack([sway * t**2 + curl * np.sin(t * rng.uniform(2, 6)), length * t], axis=1)
        half = 0.5 * width * (1 - t ** rng.uniform(1.2, 4.0)) + 0.3
        outline = np.concatenate([spine - np.stack([half, 0 * t], 1), (spine + np.stack([half, 0 * t], 1))[::-1]])
        cover = filled(outline, self.side) * self.solid
        if cover.max() <= 0.5:
            return
        around = (slice(max(y - 2, 0), y + 3), slice(max(x - 2, 0), x + 3))
        base = np.median(self.colours[around][self.hair[around]], axis=0) * np.float32(rng.uniform(0.85, 1.1))
        steps = np.arange(self.side)
        across = (steps[None] - np.interp(steps, spine[:, 1], spine[:, 0])[:, None]) / width
        shade = 1 + rng.normal(0, 0.15) * across + rng.normal(0, 0.06) * np.cos(across * rng.uniform(3, 9))
        colour = (base * shade[..., None]).clip(0, 1)
        if rng.random() < 0.5:  # the rest of a contour
            rim = cover - cv2.erode(cover, np.ones((3, 3), np.uint8))
            colour = colour * (1 - rng.uniform(0.1, 0.5) * rim[..., None])
        hanging = self.depth[y, x] - 0.2 * (steps - y).clip(0)[:, None] / self.unit
        front = (np.maximum(self.nearest, hanging) + rng.uniform(0.002, 0.006)).astype(np.float32)
        thickness = np.float32(rng.uniform(0.006, 0.014))
        yield Occluder(cover, front, front - thickness, colour.astype(np.float32), _HAIR)

    def arm(self, spot: NDArray[np.float64], rng: Generator) -> Iterator[Occluder]:
        """Raise an arm from below to a place, bare or sleeved, with a palm and fingers."""
        wrist = spot + np.array([rng.normal(0, 0.04), rng.uniform(0.03, 0.09)]) * self.unit
        elbow = wrist + np.array([rng.normal(0, 0.12), rng.uniform(0.1, 0.3)]) * self.unit
        bone = rng.uniform(0.006, 0.011)
        knuckles = wrist + (spot - wrist) * 0.5
        aside = np.array([wrist[1] - spot[1], spot[0] - wrist[0]])
        aside = aside / max(float(np.hypot(*aside)), 1e-6) * bone * 2.1 * self.unit
        hand = [_Limb(wrist, knuckles, bone * 2.6, 0.0, 0.0)]
        for finger in range(4):
            root = knuckles + aside * (finger - 1.5)
            tip = root + (spot - wrist) * rng.uniform(0.3, 0.7) + rng.normal(0, 0.004, 2) * self.unit
            hand.append(_Limb(root, tip, bone, 0.0, 0.0))
        resting = self._highest(spot, 0.03) + rng.uniform(0.0, 0.03)
        sleeve = rng.random() < 0.6
        tone = rng.uniform(0, 1, 3) if sleeve else self.skin
        thick = bone * rng.uniform(2.4, 5.0 if sleeve else 3.0)
        below = max(self._highest(elbow, 0.05) - resting, -0.02) + 0.5 * thick
        forearm = _Limb(elbow, wrist, thick, below, 0.0)
        yield from self._capsules([forearm], resting, tone, _CLOTH if sleeve else _SKIN)
        yield from self._capsules(hand, resting + 0.003, self.skin, _SKIN)

    def thing(self, spot: NDArray[np.float64], radius: float, rng: Generator) -> Iterator[Occluder]:
        """Hold something before a place, though never before the mouth: round, three- or four-cornered, or a star.

        What covers a mouth is no different from an open one.
        """
        sides = int(rng.choice([3, 4, 5, 40, 40]))
        star = sides == 5 or rng.random() < 0.2
        power = rng.uniform(0.3, 0.6) if star else 1 - np.cos(np.pi / sides)
        angles = np.linspace(0, 2 * np.pi, sides * 2, endpoint=False)
        radii = np.where(np.arange(sides * 2) % 2, 1 - power, 1.0) * radius * self.unit
        stretch = np.array([1.0, rng.uniform(0.4, 1.6)])
        turn = rng.uniform(0, np.pi)
        c, s = np.cos(turn), np.sin(turn)
        outline = np.stack([np.cos(angles) * radii, np.sin(angles) * radii], 1) * stretch @ np.array([[c, s], [-s, c]])
        cover = filled(spot + outline, self.side)
        x, y = (int(v) for v in self.mouth)
        if cover.max() <= 0.5 or cover[max(y - 4, 0) : y + 5, max(x - 4, 0) : x + 5].any():
            return
        y, x = np.mgrid[: self.side, : self.side].astype(np.float32)
        along = ((x - spot[0]) * c + (y - spot[1]) * s) / (radius * self.unit)
        second = (np.sin(along * rng.uniform(2, 9)) > rng.uniform(-0.5, 1.5))[..., None]
        light = 1 + rng.normal(0, 0.12) * along[..., None]
        colour = (np.where(second, rng.uniform(0, 1, 3), rng.uniform(0, 1, 3)) * light).clip(0, 1)
        inner = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 3) / self.unit
        bulge = np.sqrt(inner * radius).clip(0, radius) * rng.uniform(0, 0.6)
        middle = self._highest(spot, radius) + rng.uniform(0.001, 0.03 if radius > 0.025 else 0.008)
        thickness = rng.uniform(0.3, 1.0) * radius
        front = (middle + bulge).astype(np.float32)
        back = np.full(cover.shape, middle - thickness, np.float32)
        yield Occluder(cover, front, back, colour.astype(np.float32), _CLOTH)

    def _capsules(
        self,
        limbs: list[_Limb],
        middle: float,
        tone: NDArray[np.floating],
        kind: int,
    ) -> Iterator[Occluder]:
        """Join limbs into one occluder whose axes lie about the depth `middle`."""
        y, x = np.mgrid[: self.side, : self.side].astype(np.float32)
        height = np.full((self.side, self.side), -1.0, np.float32)
        depth = np.full((self.side, self.side), middle, np.float32)
        for limb in limbs:
            axis = limb.b - limb.a
            along = (x - limb.a[0]) * axis[0] + (y - limb.a[1]) * axis[1]
            share = (along / max(float(axis @ axis), 1e-6)).clip(0, 1)
            apart = np.hypot(x - limb.a[0] - share * axis[0], y - limb.a[1] - share * axis[1]) / self.unit
            rise = np.where(apart < limb.radius, np.sqrt((limb.radius**2 - apart**2).clip(0)), -1.0)
            depth = np.where(rise > height, middle + limb.lift_a + (limb.lift_b - limb.lift_a) * share, depth)
            height = np.maximum(height, rise)
        cover = np.asarray(cv2.GaussianBlur((height > 0).astype(np.float32), (3, 3), 0), np.float32)
        if cover.max() <= 0.5:
            return
        tall = height.clip(0)
        light = 0.85 + 0.2 * tall / max(float(tall.max()), 1e-6)
        colour = (np.asarray(tone, np.float32) * light[..., None]).clip(0, 1).astype(np.float32)
        front, back = depth + 0.8 * tall, depth - 0.8 * tall - 0.002
        yield Occluder(cover, front.astype(np.float32), back.astype(np.float32), colour, kind)

    def _highest(self, spot: NDArray[np.float64], radius: float) -> float:
        """Return how near the character comes within a radius in metres of a place."""
        x, y = (int(v) for v in spot.clip(0, self.side - 1))
        reach = max(round(radius * self.unit * 0.7), 1)
        around = self.nearest[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        return float(np.percentile(around, 90))


def _nearest_around(depth: NDArray[np.float32], *, reach: int) -> NDArray[np.float32]:
    """Return a smooth depth (s, s) of what comes nearest within `reach` pixels, far behind where nothing is."""
    known = ~np.isnan(depth)
    floor = float(np.nanpercentile(depth, 5))
    grown = cv2.dilate(np.where(known, depth, np.float32(floor)), np.ones((2 * reach + 1,) * 2, np.uint8))
    return np.asarray(cv2.GaussianBlur(grown, (0, 0), max(reach, 1)), np.float32)
