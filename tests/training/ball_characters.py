"""Characters made of coloured ellipsoids, rendered by their closed form: a set of renders without files."""

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.camera import Camera, rays

FIXED = {
    "front": Camera(0, 0, 1, None),
    "left": Camera(90, 0, 1, None),
    "right": Camera(-90, 0, 1, None),
    "back": Camera(180, 0, 1, None),
}


@dataclasses.dataclass(frozen=True)
class Ellipsoid:
    """Centre and half-axes in metres, colour 0..255."""

    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    colour: tuple[int, int, int]


HEAD = (
    Ellipsoid((0, 0, 0), (0.17, 0.2, 0.18), (240, 205, 185)),
    Ellipsoid((0, 0.06, -0.03), (0.19, 0.19, 0.18), (70, 90, 170)),
    Ellipsoid((0.17, -0.06, -0.02), (0.05, 0.16, 0.06), (190, 60, 60)),
    Ellipsoid((-0.17, -0.08, -0.02), (0.05, 0.12, 0.06), (60, 90, 160)),
    Ellipsoid((0.07, -0.02, 0.16), (0.03, 0.045, 0.02), (40, 130, 90)),
    Ellipsoid((-0.07, -0.02, 0.16), (0.03, 0.045, 0.02), (40, 130, 90)),
    Ellipsoid((0, -0.25, -0.02), (0.12, 0.1, 0.09), (230, 230, 240)),
)
"""A face, hair, two locks of different colour, two eyes and a collar; nothing is symmetric that need not be."""


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """One view: `rgba` uint8 (S, S, 4), `xyz` float32 (S, S, 3), `camera`."""

    rgba: NDArray[np.uint8]
    xyz: NDArray[np.float32]
    camera: Camera


def rendered(parts: tuple[Ellipsoid, ...], camera: Camera, size: int, *, fine: int = 3) -> Picture:
    """Trace a ray through `fine` x `fine` places of each pixel to the nearest ellipsoid."""
    sent = rays(camera, size * fine)
    nearest = np.full(sent.origins.shape[:2], np.inf)
    colour = np.zeros((*nearest.shape, 3))
    for part in parts:
        centre, axes = np.array(part.centre), np.array(part.axes)
        origin, direction = (sent.origins - centre) / axes, sent.directions / axes
        a, b = (direction**2).sum(-1), (origin * direction).sum(-1)
        inside = b**2 - a * ((origin**2).sum(-1) - 1)
        distance = np.where(inside > 0, (-b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)
        closer = distance < nearest
        nearest = np.where(closer, distance, nearest)
        normal = (origin + direction * np.where(closer, distance, 0)[..., None]) / axes
        shade = 0.8 + 0.2 * normal[..., 1] / np.maximum(np.linalg.norm(normal, axis=-1), 1e-9)
        colour[closer] = (np.array(part.colour) * shade[..., None])[closer]
    hit = np.isfinite(nearest)
    xyz = np.where(hit[..., None], sent.origins + sent.directions * np.where(hit, nearest, 0)[..., None], 0)
    blocks = [x.reshape(size, fine, size, fine, -1).mean(axis=(1, 3)) for x in (hit[..., None], colour, xyz)]
    alpha, mean_colour, mean_xyz = blocks[0], *(x / np.maximum(blocks[0], 1e-9) for x in blocks[1:])
    rgba = np.rint(np.concatenate([mean_colour, alpha * 255], axis=-1)).clip(0, 255).astype(np.uint8)
    return Picture(rgba, (mean_xyz * (rgba[..., 3:] > 0)).astype(np.float32), camera)


class BallRenders:
    """A set of renders of such characters; the first is HEAD, the others are HEAD with colours by lot."""

    def __init__(self, size: int, *, count: int = 1, perspective: int = 2) -> None:
        self.size = size
        self._cameras = {name: dict(FIXED) for name in self.names_of(count)}
        self._parts: dict[str, tuple[Ellipsoid, ...]] = {}
        for number, (name, cameras) in enumerate(self._cameras.items()):
            lot = np.random.default_rng(number)
            for k in range(perspective):
                cameras[f"perspective_{k}"] = Camera(float(lot.uniform(0, 360)), float(lot.normal(0, 20)))
            colours = [part.colour if number == 0 else tuple(lot.integers(0, 256, 3).tolist()) for part in HEAD]
            self._parts[name] = tuple(
                dataclasses.replace(part, colour=colour) for part, colour in zip(HEAD, colours, strict=True)
            )

    @staticmethod
    def names_of(count: int) -> tuple[str, ...]:
        return tuple(f"ball_{number}" for number in range(count))

    def names(self, split: Literal["train", "val", "test"] | None = None) -> tuple[str, ...]:
        return tuple(self._cameras) if split in (None, "train") else ()

    def views(self, name: str) -> tuple[str, ...]:
        return tuple(self._cameras[name])

    def view(self, name: str, view: str) -> Picture:
        return rendered(self._parts[name], self._cameras[name][view], self.size)
