"""The figures of the benchmark: one table of what each is called and which way is better, and distances of pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paic3d_studio.benchmark.views import psnr
from paic3d_studio.nets.perceptual import EfficientNetDistance, perceptual_distance


@dataclasses.dataclass(frozen=True)
class Metric:
    """How one figure is shown: `title` with its unit, `places` after the point, whether more is better, a factor."""

    title: str
    places: int
    more_is_better: bool
    factor: float = 1.0


_PICTURE: Final = {
    "psnr": Metric("PSNR dB", 2, True),
    "efficientnet": Metric("EffNet-Lite0 distance x100", 2, False, 100),
    "cosine": Metric("EffNet-Lite0 cosine %", 2, True, 100),
    "lpips": Metric("LPIPS (AlexNet) x100", 2, False, 100),
    "clip": Metric("CLIP ViT-B/32 cosine %", 2, True, 100),
}
PICTURE_METRICS: Final = tuple(_PICTURE)
"""What `compared` may tell of two pictures; LPIPS and CLIP only with weights that the user brought."""

VIEW_SETS: Final = {"front": "front", "rear": "back", "circle": "360"}
"""Views that picture metrics are taken of -> their title: both flat ones, and the twelve around."""


METRICS: Final[Mapping[str, Metric]] = {
    "psnr": Metric("360 PSNR dB", 2, True),
    "foreground_psnr": Metric("foreground PSNR dB", 2, True),
    "iou": Metric("silhouette IoU", 3, True),
    "depth_mm": Metric("depth mm", 1, False),
    "diagonal_psnr": Metric("45° PSNR dB", 2, True),
    "back_psnr": Metric("back PSNR dB", 2, True),
    "ghost": Metric("ghost 0..255", 1, False),
    **{
        f"{views}_{name}": dataclasses.replace(metric, title=f"{title} {metric.title}")
        for views, title in VIEW_SETS.items()
        for name, metric in _PICTURE.items()
    },
    **{
        f"{prefix}{name}": metric
        for prefix in ("", "every_face_")
        for name, metric in {
            "chamfer": Metric("chamfer x100", 2, False),
            "f1_5cm": Metric("F-1 at 5 cm %", 2, True, 100),
            "f1_10cm": Metric("F-1 at 10 cm %", 2, True, 100),
            "f1_0_005": Metric("F-1 at 0.005 %", 2, True, 100),
            "f1_0_01": Metric("F-1 at 0.01 %", 2, True, 100),
            "normals": Metric("normal consistency", 3, True),
        }.items()
    },
}
"""Every figure of a reconstruction: name in the JSON -> how it is shown. `circle_psnr` is `psnr`."""

LINE_METRICS: Final = _PICTURE
"""Every figure of a line removal."""


class PictureComparer:
    """Compares pictures by everything there are weights for.

    Args:
        lpips: safetensors of AlexNet and LPIPS's heads, or None.
        clip: safetensors of CLIP's image half, or None.

    Raises:
        UserError: the package of EfficientNet-Lite0's weights, or a file, is missing or another network's.
    """

    def __init__(self, *, lpips: Path | None = None, clip: Path | None = None) -> None:
        self._efficientnet = cast(EfficientNetDistance, perceptual_distance("efficientnet-lite0"))
        self._measures: dict[str, Callable[[Tensor, Tensor], Tensor]] = {}
        if lpips is not None:
            self._measures["lpips"] = perceptual_distance("lpips-alex", weights=lpips)
        if clip is not None:
            distance = perceptual_distance("clip-vit-b32", weights=clip)
            self._measures["clip"] = lambda found, truth: 1 - distance(found, truth)

    def compared(self, found: Sequence[NDArray[np.float32]], truth: Sequence[NDArray[np.float32]]) -> dict[str, float]:
        """Return the mean of each measure over pairs of pictures of equal size, sRGB 0..1 (h, w, 3)."""
        rows = [self._compared(a, b) for a, b in zip(found, truth, strict=True)]
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}

    def _compared(self, found: NDArray[np.float32], truth: NDArray[np.float32]) -> dict[str, float]:
        """Return each measure of one pair of pictures."""
        both = _batch(found), _batch(truth)
        with torch.inference_mode():
            distance, cosine = self._efficientnet.with_cosine(*both)
            told = {"psnr": psnr((found - truth) ** 2), "efficientnet": distance.item(), "cosine": cosine.item()}
            return told | {name: measure(*both).item() for name, measure in self._measures.items()}


def _batch(picture: NDArray[np.float32]) -> Tensor:
    """Return a picture (h, w, 3) as (1, 3, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(picture, np.float32)).permute(2, 0, 1)[None]
