"""What the benchmark looks at: cameras, the true views, the views of a field, and the figures of one against the other.

Nothing is stitched here: the views are the field's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from paic3d_studio.benchmark.baked_field import BakedField
from paic3d_studio.benchmark.roi import WHOLE, Region
from paic3d_studio.core.camera import BACK, FRONT, Camera
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.datasets.vrm_renderer import Views
from paic3d_studio.nets.field import FieldCondition, RadianceField
from paic3d_studio.nets.volume import RenderedView, render_view

CIRCLE: Final = tuple(Camera(azimuth, 0) for azimuth in range(0, 360, 30))
DIAGONALS: Final = (Camera(45, 0), Camera(-45, 0))
FLAT: Final = (FRONT, BACK)
"""Front and back without perspective: the views that a region of interest is drawn on."""

CIRCLE_BACK: Final = Camera(180, 0)
EYES: Final = tuple(PARTS.index(name) for name in ("iris", "eye"))

COARSE_SAMPLES: Final = 96
FINE_SAMPLES: Final = 64

Reconstructor = Callable[[FieldCondition], RadianceField]


@dataclasses.dataclass(frozen=True)
class Scores:
    """The views of one field against those of the true character.

    Over the 12 circling views: `psnr` and `foreground_psnr` (inside the true silhouette) in dB, `iou` of silhouettes,
    `depth_mm` the mean distance along the ray between composited and true surface where both are. `diagonal_psnr` at 45
    degrees to either side and `back_psnr` at 180, in dB; `ghost` the mean absolute difference, 0..255, from the true
    back view inside the boxes where the eyes would show through.
    """

    psnr: float
    foreground_psnr: float
    iou: float
    depth_mm: float
    diagonal_psnr: float
    back_psnr: float
    ghost: float


def condition_of(rgba: NDArray[np.uint8]) -> FieldCondition:
    """Return a picture with straight alpha (s, s, 4) as what a reconstructor sees."""
    tensor = torch.from_numpy(rgba.astype(np.float32) / 255).permute(2, 0, 1)[None]
    alpha = tensor[:, 3:]
    return FieldCondition(picture=tensor[:, :3] * alpha + 1 - alpha, alpha=alpha)


def on_white(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return straight rgba (..., 4) composited on white, 0..1."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.asarray(rgba[..., :3].astype(np.float32) / 255 * alpha + 1 - alpha, np.float32)


def psnr(squared: NDArray[np.floating]) -> float:
    """Return PSNR in dB of squared errors: 100 dB where all are 0, NaN where there is nothing to compare."""
    if not squared.size:
        return float("nan")
    return float(-10 * np.log10(max(float(np.mean(squared)), 1e-10)))


def rendered(
    field: RadianceField, cameras: Sequence[Camera], *, size: int, monitor: Monitor = SILENT
) -> list[RenderedView]:
    """Render a field from each camera; colours through the backbone's own super-resolution where it has one.

    Raises:
        Cancelled: as `monitor`.
    """
    seen = []
    for number, camera in enumerate(cameras):
        part = monitor.child(number / len(cameras), (number + 1) / len(cameras))
        if isinstance(field, BakedField):
            view = field.view(camera, size=size, coarse=COARSE_SAMPLES, fine=FINE_SAMPLES, monitor=part)
        else:
            view = render_view(field, camera, size=size, coarse=COARSE_SAMPLES, fine=FINE_SAMPLES, monitor=part)
        sharp = field.sharp_view(camera, size=size, monitor=part)
        if sharp is not None:
            rgb = cv2.resize(sharp[0].permute(1, 2, 0).numpy(), (size, size), interpolation=cv2.INTER_AREA)
            view = dataclasses.replace(view, rgb=np.asarray(rgb, np.float32).clip(0, 1))
        seen.append(view)
        monitor.report((number + 1) / len(cameras))
    return seen


def scores(
    field: RadianceField, truth: Views, cameras: Sequence[Camera], *, size: int, monitor: Monitor = SILENT
) -> Scores:
    """Render a field and compare it with renders of the character, everywhere; arguments as `view_scores`."""
    return view_scores(rendered(field, cameras, size=size, monitor=monitor), truth, cameras)


def view_scores(
    seen: Sequence[RenderedView], truth: Views, cameras: Sequence[Camera], *, region: Region = WHOLE
) -> Scores:
    """Compare views of a field with renders of the character.

    Args:
        seen: what `rendered` saw from `cameras`.
        truth: renders of the character from `cameras`: CIRCLE, then DIAGONALS; more may follow.
        cameras: where from.
        region: what counts.
    """
    size = truth.rgba.shape[1]
    strips = [region.strip(camera, size) for camera in cameras]
    squared = [
        ((view.rgb - on_white(rgba)) ** 2)[strip] for view, rgba, strip in zip(seen, truth.rgba, strips, strict=True)
    ]
    circle = range(len(CIRCLE))
    solid = [truth.rgba[i][..., 3][strips[i]] > 127 for i in circle]
    depths = [_depth_error(seen[i], truth.xyz[i], truth.rgba[i][..., 3] > 127, cameras[i], strips[i]) for i in circle]
    back = CIRCLE.index(CIRCLE_BACK)
    return Scores(
        psnr=float(np.mean([psnr(squared[i]) for i in circle])),
        foreground_psnr=float(np.mean([psnr(squared[i][solid[i]]) for i in circle])),
        iou=float(np.mean([iou(seen[i].alpha[strips[i]] > 0.5, solid[i]) for i in circle])),
        depth_mm=1e3 * float(np.mean(depths)),
        diagonal_psnr=float(np.mean([psnr(part) for part in squared[len(CIRCLE) : len(CIRCLE) + len(DIAGONALS)]])),
        back_psnr=psnr(squared[back]),
        ghost=_ghost(seen[back].rgb, on_white(truth.rgba[back]), truth.part[0]),
    )


def iou(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return intersection over union."""
    return float((found & true).sum() / max((found | true).sum(), 1))


def _depth_error(
    view: RenderedView,
    xyz: NDArray[np.float32],
    solid: NDArray[np.bool_],
    camera: Camera,
    strip: tuple[slice, slice],
) -> float:
    """Return the mean distance between rendered and true depth along the ray in metres."""
    azimuth = np.deg2rad(camera.azimuth)
    eye = np.array([np.sin(azimuth), 0.0, np.cos(azimuth)]) * camera.distance
    true = np.linalg.norm(xyz - eye, axis=-1)
    both = (solid & (view.alpha > 0.5) & np.isfinite(true) & np.isfinite(view.depth))[strip]
    return float(np.abs(view.depth - true)[strip][both].mean()) if both.any() else float("nan")


def _ghost(back: NDArray[np.float32], true: NDArray[np.float32], front_part: NDArray[np.uint8]) -> float:
    """Return the mean absolute difference, 0..255, in the mirrored boxes of the eyes."""
    columns = np.arange(front_part.shape[1])[None].repeat(len(front_part), 0)
    errors = []
    for side in (columns < front_part.shape[1] // 2, columns >= front_part.shape[1] // 2):
        rows, found = np.nonzero(np.isin(front_part, EYES) & side)
        if len(rows):
            box = np.zeros_like(side)
            box[rows.min() : rows.max() + 1, found.min() : found.max() + 1] = True
            errors.append(np.abs(back - true)[box[:, ::-1]].mean() * 255)
    return float(np.mean(errors)) if errors else float("nan")
