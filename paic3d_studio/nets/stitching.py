"""Stitching: put the front picture back onto what the front camera saw in a view (specification, section 1.9)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.core.artefacts import ALIGNED_SIZE
from paic3d_studio.core.camera import Camera, rays
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.core.stitch import StitchSource
from paic3d_studio.nets.field import RadianceField
from paic3d_studio.nets.volume import DensityEdit, MarchedRays, RaySampling, stopped_light

MEASURED_SIZE: Final = 512
"""Side in pixels of the views for which the published thresholds were chosen."""


@dataclasses.dataclass(frozen=True, eq=False)
class FrontSource:
    """What the front camera sees, at its own resolution.

    `picture` sRGB over white (1, 3, H, W); `from_aligned` (2, 3) maps pixels of the aligned square to its pixels,
    centres at +0.5 in both.
    """

    picture: Tensor
    from_aligned: Tensor

    @classmethod
    def of_square(cls, picture: Tensor) -> FrontSource:
        """Return the source that a picture (1, 3, H, H) of exactly the aligned square makes."""
        scale = picture.shape[-1] / ALIGNED_SIZE
        return cls(picture, torch.tensor([[scale, 0.0, 0.0], [0.0, scale, 0.0]]))

    @classmethod
    def of(cls, source: StitchSource) -> FrontSource:
        """Return a picture at its full resolution, on white and with white beside it, as in the aligned square."""
        picture, matrix = _on_white(source.rgba), source.alignment.matrix
        if picture.shape[2:] == (ALIGNED_SIZE, ALIGNED_SIZE) and np.array_equal(matrix, np.eye(2, 3)):
            return cls.of_square(picture)
        inverse = np.linalg.inv(np.vstack([matrix, [0.0, 0.0, 1.0]]))[:2]
        inverse[:, 2] += 1  # one pixel of white suffices, since the border goes on for ever
        return cls(F.pad(picture, [1, 1, 1, 1], value=1.0), torch.from_numpy(inverse).float())

    def for_view(self, size: int) -> FrontSource:
        """Return the source no finer than a view of `size` pixels shows it: whole blocks of pixels are averaged."""
        scale = float(torch.linalg.det(self.from_aligned[:, :2].double()).abs().sqrt())
        block = int(scale * ALIGNED_SIZE / size + 1e-3)
        if block < 2:
            return self
        height, width = self.picture.shape[2:]
        whole = F.pad(self.picture, [0, -width % block, 0, -height % block], mode="replicate")
        return FrontSource(F.avg_pool2d(whole, block), self.from_aligned / block)


def _on_white(rgba: NDArray[np.uint8]) -> Tensor:
    """Return straight sRGB uint8 (H, W, 4) composited on white, 0..1 (1, 3, H, W)."""
    picture = torch.from_numpy(np.array(rgba)).permute(2, 0, 1)[None].float() / 255
    return torch.lerp(torch.ones(()), picture[:, :3], picture[:, 3:])


@dataclasses.dataclass(frozen=True)
class StitchOptions:
    """What a pixel must fulfil to take the front picture's colour.

    `weight`: least share of light stopped, 0..1; `edge`: largest change of the met point in metres over a pixel of a
    view of 512 (views of other sizes ask for the same slope); `shadow`:
    largest share of light stopped between the point and the front camera; `offset`: how far before the point that ray
    starts, metres, so that the surface does not shade itself; `off_ray`: largest distance of the composited point from
    its own ray in metres (the point is a weighted mean, so this asks for a weight of nearly 1).
    """

    weight: float = 0.95
    edge: float = 0.02
    shadow: float = 0.05
    offset: float = 0.01
    off_ray: float = 5e-6


@dataclasses.dataclass(frozen=True, eq=False)
class StitchMasks:
    """The conditions one by one, each (N, 1, S, S) in 0..1; `visible` is soft at its border, the others are 0 or 1."""

    solid: Tensor
    smooth: Tensor
    visible: Tensor
    on_ray: Tensor

    @property
    def product(self) -> Tensor:
        """Where all conditions hold: how much of the front picture each pixel takes."""
        return self.solid * self.smooth * self.visible * self.on_ray


def enlarged(x: Tensor, size: int) -> Tensor:
    """Resize a picture (N, C, h, w) bilinearly to (N, C, size, size)."""
    return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)


def gradient_norm(x: Tensor, *, pixels: float = 1.0) -> Tensor:
    """Return the norm over channels of the Sobel magnitudes of a picture (N, C, H, W), as (N, 1, H, W).

    The gradient is what changes over so many `pixels`.
    """
    kernel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]).to(x) / 8
    count, channels, height, width = x.shape
    planes = F.pad(x.reshape(count * channels, 1, height, width), [1, 1, 1, 1], mode="replicate")
    across, down = F.conv2d(planes, kernel[None, None]), F.conv2d(planes, kernel.T[None, None])
    magnitude = torch.sqrt((across.square() + down.square()) * pixels**2 + 1e-6)
    norm: Tensor = magnitude.reshape(x.shape).norm(dim=1, keepdim=True)
    return norm


def stitch_masks(
    xyz: Tensor,
    *,
    weights: Tensor,
    shadow: Tensor,
    origins: Tensor,
    directions: Tensor,
    size: int,
    options: StitchOptions | None = None,
) -> StitchMasks:
    """Judge each pixel of a view.

    Args:
        xyz: composited points over white, field frame, metres (N, 3, h, w).
        weights: share of light stopped (N, 1, h, w).
        shadow: share of light stopped between the points and the front camera (N, 1, h, w).
        origins: of the view's rays, metres (N, 3, h, w).
        directions: of the view's rays, unit (N, 3, h, w).
        size: side of the masks in pixels.
        options: thresholds.
    """
    options = options or StitchOptions()
    toward = xyz - origins
    beside = (toward - (toward * directions).sum(dim=1, keepdim=True) * directions).norm(dim=1, keepdim=True)
    return StitchMasks(
        solid=(enlarged(weights, size) > options.weight).float(),
        smooth=(gradient_norm(enlarged(xyz, size), pixels=size / MEASURED_SIZE) < options.edge).float(),
        visible=enlarged((shadow < options.shadow).float(), size),
        on_ray=F.interpolate((beside < options.off_ray).float(), size=(size, size), mode="nearest"),
    )


def front_colours(front: Tensor | FrontSource, xyz: Tensor, *, box_side: float) -> Tensor:
    """Look up what the front picture shows at points.

    Args:
        front: orthographic front picture: the aligned square at any resolution (N, C, H, W), or a source of its own.
        xyz: field frame, metres (N, 3, S, S).
        box_side: extent of the aligned square in metres.

    Returns:
        Colours (N, C, S, S); points beside the picture take its border.
    """
    half = box_side / 2
    grid = torch.stack([xyz[:, 0] / half, -xyz[:, 1] / half], dim=-1)  # -1..1 across the aligned square
    picture = front if isinstance(front, Tensor) else front.picture
    if isinstance(front, FrontSource):
        aligned = (grid + 1) * (ALIGNED_SIZE / 2)
        pixels = aligned @ front.from_aligned[:, :2].T + front.from_aligned[:, 2]
        height, width = picture.shape[2:]
        grid = pixels * torch.tensor([2 / width, 2 / height]) - 1
    return F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=False)


def front_shadow(
    field: RadianceField,
    xyz: Tensor,
    *,
    sampling: RaySampling,
    edits: Sequence[DensityEdit] = (),
    options: StitchOptions | None = None,
    monitor: Monitor = SILENT,
) -> Tensor:
    """Return the share of light stopped between points (R, 3) and the front camera, over one metre, (R,).

    Only the counts of `sampling` matter: the rays start `options.offset` before the points.
    """
    near = (options or StitchOptions()).offset
    toward_front = torch.tensor([0.0, 0.0, 1.0]).to(xyz).expand_as(xyz)
    sampling = dataclasses.replace(sampling, near=near, far=near + 1.0)
    return stopped_light(field, xyz, toward_front, sampling=sampling, edits=edits, monitor=monitor)


def stitched(
    view: Tensor,
    *,
    front: Tensor | FrontSource,
    field: RadianceField,
    camera: Camera,
    marched: MarchedRays,
    sampling: RaySampling,
    edits: Sequence[DensityEdit] = (),
    options: StitchOptions | None = None,
    monitor: Monitor = SILENT,
) -> Tensor:
    """Replace what the front picture knows better in one view.

    Args:
        view: the rendered picture, sRGB (1, 3, S, S).
        front: the artist's picture over white in the aligned square, at any resolution, sRGB (1, 3, H, W), or a source.
        field: what the view shows.
        camera: where the view was taken from.
        marched: the view's rays, row by row; their square may be smaller than the view.
        sampling: how many samples the rays toward the front take.
        edits: changes to the density that the view was rendered with.
        options: thresholds.
        monitor: progress and cancel.

    Raises:
        Cancelled: the work was cancelled.
    """
    small = round(len(marched.weights) ** 0.5)
    size = view.shape[-1]

    def squared(rows: Tensor) -> Tensor:
        return rows.T.reshape(1, -1, small, small)

    points = marched.xyz + (1 - marched.weights[:, None])
    origins, directions = (
        torch.from_numpy(part).permute(2, 0, 1)[None] for part in rays(camera, small, box_side=field.box_side)
    )
    judged = partial(
        stitch_masks,
        squared(points),
        weights=squared(marched.weights[:, None]),
        origins=origins,
        directions=directions,
        size=size,
        options=options,
    )
    # Where another condition fails, the shadow does not matter: only the remaining pixels send rays to the front.
    shadow = torch.zeros(len(points))
    asked = reached(judged(shadow=squared(shadow[:, None])).product, small).flatten()
    shadow[asked] = front_shadow(field, points[asked], sampling=sampling, edits=edits, options=options, monitor=monitor)
    masks = judged(shadow=squared(shadow[:, None]))
    source = front.for_view(size) if isinstance(front, FrontSource) else front
    colours = front_colours(source, enlarged(squared(points), size), box_side=field.box_side)
    return view.lerp(colours, masks.product.expand_as(view))


def reached(mask: Tensor, size: int) -> Tensor:
    """Return which pixels of a picture of `size` any non-zero pixel of a mask (1, 1, S, S) could draw on, bool.

    A pixel that is enlarged bilinearly spreads over the pixels of its own block and those beside it.
    """
    blocks = F.adaptive_max_pool2d((mask > 0).float(), size)
    return F.max_pool2d(blocks, 3, 1, 1) > 0
