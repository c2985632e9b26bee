"""What a training step sees: characters in a fixed shuffled order, mirrored by lot, with the truth of each view.

Everything depends on the seed and the sample's number alone, so that a resumed training, or one on several processes,
sees the same as an unbroken one.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Literal, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.camera import Camera, label25, rays
from paic3d_studio.errors import UserError

FIXED_VIEWS: Final = ("front", "left", "right", "back")
_SWAPPED: Final[Mapping[str, str]] = {"left": "right", "right": "left"}


class Render(Protocol):
    """One picture of one character: `datasets.renders.RenderView`."""

    @property
    def rgba(self) -> NDArray[np.uint8]:
        """Straight alpha, sRGB (S, S, 4)."""
        ...

    @property
    def xyz(self) -> NDArray[np.float32]:
        """Places in metres in the field frame (S, S, 3), 0 where alpha is 0."""
        ...

    @property
    def camera(self) -> Camera:
        """Where it was taken from."""
        ...


class Renders(Protocol):
    """A set of renders: `datasets.renders.RenderSet`."""

    @property
    def size(self) -> int:
        """Side of every picture in pixels."""
        ...

    def names(self, split: Literal["train", "val", "test"] | None = None) -> tuple[str, ...]:
        """Return the characters of a split."""
        ...

    def views(self, name: str) -> tuple[str, ...]:
        """Return the names of a character's views."""
        ...

    def view(self, name: str, view: str) -> Render:
        """Decode one view."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class ReducedView:
    """One render at the sizes of the training, numpy, rows from the top.

    `rgba` uint8 (S, S, 4) straight; `alpha` float32 (s, s) 0..1 and `xyz` float32 (s, s, 3) composited metres: the mean
    over each pixel's area of place times alpha.
    """

    rgba: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    xyz: NDArray[np.float32]
    camera: Camera


def reduced(view: Render, *, size: int, render_size: int) -> ReducedView:
    """Average a render's pixels down to `size`, and alpha and xyz to `render_size`."""
    opacity = view.rgba[..., 3:].astype(np.float32) / 255
    rgba = view.rgba
    if len(rgba) != size:
        premultiplied = np.concatenate([rgba[..., :3] * opacity, opacity * 255], axis=-1)
        small = _area(premultiplied, size)
        straight = small[..., :3] / np.maximum(small[..., 3:] / 255, 1e-6)
        rgba = np.rint(np.concatenate([straight, small[..., 3:]], axis=-1)).clip(0, 255).astype(np.uint8)
    placed = _area(np.concatenate([view.xyz * opacity, opacity], axis=-1), render_size)
    return ReducedView(rgba, placed[..., 3], placed[..., :3], view.camera)


def _area(picture: NDArray[np.floating], size: int) -> NDArray[np.float32]:
    """Resize a square picture (H, H, C) by averaging areas."""
    return np.asarray(cv2.resize(picture.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA), np.float32)


def mirrored(view: ReducedView) -> ReducedView:
    """Return a view of the character mirrored at x = 0: pixels flipped, x negated, the camera on the other side."""
    return ReducedView(
        rgba=np.ascontiguousarray(view.rgba[:, ::-1]),
        alpha=np.ascontiguousarray(view.alpha[:, ::-1]),
        xyz=view.xyz[:, ::-1] * np.array([-1, 1, 1], np.float32),
        camera=dataclasses.replace(view.camera, azimuth=-view.camera.azimuth),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class ViewTruth:
    """One view of each of N characters.

    `rgb` (N, 3, S, S) and `raw` (N, 3, s, s) sRGB 0..1 on white; `alpha` (N, 1, s, s); `xyz` (N, 3, s, s) composited
    metres; `label` (N, 25); `origins`, `directions` (N, s * s, 3) of the rays.
    """

    rgb: Tensor
    raw: Tensor
    alpha: Tensor
    xyz: Tensor
    label: Tensor
    origins: Tensor
    directions: Tensor


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingBatch:
    """N characters of one step.

    `numbers` are those of the samples since training began; `on_black` (N, 3, S, S) is the front composited on black,
    for the tagger; `views` holds the truth by name: the four fixed ones, `seen` (a perspective view, with its picture)
    and `asked` (another lot, of which only the camera is used).
    """

    numbers: tuple[int, ...]
    on_black: Tensor
    views: Mapping[str, ViewTruth]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def picture(self) -> Tensor:
        """The condition: the front on white (N, 3, S, S)."""
        return self.views["front"].rgb

    def parts(self, at_once: int, device: torch.device) -> Iterator[TrainingBatch]:
        """Split into batches of at most `at_once` characters (0: all) on a device."""
        step = at_once or len(self)
        for start in range(0, len(self), step):
            some = slice(start, start + step)
            views = {
                name: ViewTruth(
                    *(getattr(view, field.name)[some].to(device) for field in dataclasses.fields(ViewTruth))
                )
                for name, view in self.views.items()
            }
            yield TrainingBatch(self.numbers[some], self.on_black[some].to(device), views)


class ViewSource:
    """Draws the samples of a training from a set of renders.

    Args:
        renders: the set.
        names: the characters to draw from.
        size: side of the final picture in pixels.
        render_size: side of what rays are sent for.
        box_side: extent of orthographic views in metres.
        mirror: mirror every other sample by lot.
        seed: of order, mirroring and cameras.
        cache_mb: how much of decoded renders is kept.

    Raises:
        UserError: there are no characters, the renders are smaller than `size`, or a view is missing.
    """

    def __init__(
        self,
        renders: Renders,
        names: Sequence[str],
        *,
        size: int,
        render_size: int,
        box_side: float,
        mirror: bool = True,
        seed: int = 0,
        cache_mb: int = 1024,
    ) -> None:
        if not names:
            raise UserError("The data hold no character of that split.", "Choose another split, or render more.")
        if renders.size < size:
            raise UserError(
                f"The renders are {renders.size} pixels wide, and the network makes pictures of {size}.",
                "Render the data larger, or lower network.output_size.",
            )
        self.renders, self.names = renders, tuple(names)
        self.size, self.render_size, self.box_side = size, render_size, box_side
        self.mirror, self.seed = mirror, seed
        self.perspective = {
            name: tuple(view for view in renders.views(name) if view not in FIXED_VIEWS) for name in names
        }
        for name in names:
            missing = set(FIXED_VIEWS) - set(renders.views(name))
            if missing or not self.perspective[name]:
                lacking = ", ".join(sorted(missing)) or "perspective views"
                raise UserError(f"The character “{name}” lacks {lacking}.", "Render the data again.")
        self._cache: OrderedDict[tuple[str, str], ReducedView] = OrderedDict()
        per_view = size**2 * 4 + render_size**2 * 16
        self._kept = max(cache_mb * 2**20 // per_view, 0)
        self._lock = threading.Lock()

    def _view(self, name: str, view: str) -> ReducedView:
        """Decode and reduce a view, or take it from memory."""
        with self._lock:
            if (name, view) in self._cache:
                self._cache.move_to_end((name, view))
                return self._cache[name, view]
        found = reduced(self.renders.view(name, view), size=self.size, render_size=self.render_size)
        with self._lock:
            self._cache[name, view] = found
            while len(self._cache) > self._kept:
                self._cache.popitem(last=False)
        return found

    def name_of(self, number: int) -> str:
        """Return the character of a sample: each comes once per round, in an order of that round's own."""
        turn, place = divmod(number, len(self.names))
        order = np.random.default_rng((self.seed, 0, turn)).permutation(len(self.names))
        return self.names[int(order[place])]

    def batch(self, numbers: Sequence[int]) -> TrainingBatch:
        """Return the samples of these numbers."""
        samples = []
        for number in numbers:
            name, lot = self.name_of(number), np.random.default_rng((self.seed, 1, number))
            seen, asked = (self.perspective[name][k] for k in lot.integers(len(self.perspective[name]), size=2))
            samples.append(self._sample(name, seen, asked, flip=self.mirror and lot.random() < 0.5))
        return self._stacked(numbers, samples)

    def plain(self, names: Sequence[str]) -> TrainingBatch:
        """Return these characters as they are, for looking at."""
        samples = [self._sample(name, *self.perspective[name][:1] * 2, flip=False) for name in names]
        return self._stacked(range(len(names)), samples)

    def _sample(self, name: str, seen: str, asked: str, *, flip: bool) -> dict[str, ReducedView]:
        """Return one character's views by name."""
        views = {view: self._view(name, view) for view in FIXED_VIEWS}
        views |= {"seen": self._view(name, seen), "asked": self._view(name, asked)}
        return {_SWAPPED.get(view, view): mirrored(one) for view, one in views.items()} if flip else views

    def _stacked(self, numbers: Sequence[int], samples: Sequence[Mapping[str, ReducedView]]) -> TrainingBatch:
        views = {view: self._truth([sample[view] for sample in samples]) for view in (*FIXED_VIEWS, "seen", "asked")}
        front = torch.stack([torch.from_numpy(sample["front"].rgba) for sample in samples]).permute(0, 3, 1, 2)
        on_black = front[:, :3].float() / 255 * (front[:, 3:].float() / 255)
        return TrainingBatch(tuple(int(number) for number in numbers), on_black, views)

    def _truth(self, views: Sequence[ReducedView]) -> ViewTruth:
        """Stack one view of several characters."""
        rgba = torch.stack([torch.from_numpy(view.rgba) for view in views]).permute(0, 3, 1, 2).float() / 255
        rgb = rgba[:, :3] * rgba[:, 3:] + 1 - rgba[:, 3:]
        small = [_area(picture.permute(1, 2, 0).numpy(), self.render_size) for picture in rgb]
        sent = [rays(view.camera, self.render_size, box_side=self.box_side) for view in views]
        return ViewTruth(
            rgb=rgb,
            raw=torch.stack([torch.from_numpy(picture) for picture in small]).permute(0, 3, 1, 2),
            alpha=torch.stack([torch.from_numpy(view.alpha)[None] for view in views]),
            xyz=torch.stack([torch.from_numpy(view.xyz) for view in views]).permute(0, 3, 1, 2),
            label=torch.stack([torch.from_numpy(label25(view.camera)) for view in views]),
            origins=torch.stack([torch.from_numpy(one.origins.reshape(-1, 3)) for one in sent]),
            directions=torch.stack([torch.from_numpy(one.directions.reshape(-1, 3)) for one in sent]),
        )

    def steps(self, first: int, *, batch: int, share: slice, loaders: int) -> Iterator[TrainingBatch]:
        """Yield the batches of steps `first`, `first` + 1, ..., drawn ahead on threads.

        Args:
            first: the first step.
            batch: samples per step over all processes.
            share: which of them this process takes.
            loaders: threads.
        """
        with ThreadPoolExecutor(loaders, thread_name_prefix="views") as pool:
            ahead: list[Future[TrainingBatch]] = []
            step = first
            try:
                while True:
                    while len(ahead) < 2 * loaders:
                        ahead.append(pool.submit(self.batch, range(step * batch, (step + 1) * batch)[share]))
                        step += 1
                    yield ahead.pop(0).result()
            finally:
                for waiting in ahead:
                    waiting.cancel()
