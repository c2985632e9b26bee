"""Twelve views of one character, drawn large and filtered down: what a dataset of renders holds of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.camera import Camera
from paic3d_studio.datasets.renders import ORTHOGRAPHIC_VIEWS, PERSPECTIVE_VIEWS, RenderView
from paic3d_studio.datasets.vrm import Character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer, Views

OVERSAMPLING: Final = 2
"""Views are drawn this many times larger each way: 1024 for 512 (specification, section 3)."""

ELEVATION_SPREAD: Final = 20.0
STEEPEST: Final = 85.0
FOV: Final = 30.0


def cameras_of(name: str, *, seed: int) -> dict[str, Camera]:
    """Return the cameras of a character's views: four fixed, eight by a lot that depends on seed and name alone.

    Azimuth is uniform, elevation normal with a standard deviation of 20 degrees and at most 85.
    """
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    lot = np.random.default_rng(int.from_bytes(digest[:16], "big"))
    azimuths = lot.uniform(-180, 180, len(PERSPECTIVE_VIEWS))
    elevations = lot.normal(0, ELEVATION_SPREAD, len(PERSPECTIVE_VIEWS)).clip(-STEEPEST, STEEPEST)
    drawn = {
        view: Camera(round(float(azimuth), 3), round(float(elevation), 3), 1.0, FOV)
        for view, azimuth, elevation in zip(PERSPECTIVE_VIEWS, azimuths, elevations, strict=True)
    }
    return {**ORTHOGRAPHIC_VIEWS, **drawn}


def rendered_views(
    renderer: CharacterRenderer, character: Character, *, cameras: Mapping[str, Camera], size: int
) -> Iterator[tuple[str, RenderView]]:
    """Draw a character from each camera, one view at a time: (size, size) pixels each."""
    for view, camera in cameras.items():
        yield (
            view,
            filtered(renderer.render(character, [camera], size=size * OVERSAMPLING, supersample=1), camera=camera),
        )


def filtered(views: Views, *, camera: Camera) -> RenderView:
    """Halve the first of `views`: alpha is the share that surfaces of at least half opacity cover, times their own.

    Colour and place are means over what is covered. A mean of points that one pixel sees lies in its pyramid, so
    each place still projects onto its own pixel.
    """
    covered = views.part[0] > 0
    rgba = views.rgba[0].astype(np.float32)
    alpha = np.where(covered, rgba[..., 3], 0.0)
    weight = _pooled(alpha)  # (size, size)
    colour = _pooled(rgba[..., :3] * alpha[..., None]) / np.maximum(weight, 1e-6)[..., None]
    places = np.where(covered[..., None], views.xyz[0], 0.0)
    xyz = _pooled(places) / np.maximum(_pooled(covered.astype(np.float32)), 1e-6)[..., None]
    quantised = np.concatenate([colour, weight[..., None]], axis=-1).round().clip(0, 255).astype(np.uint8)
    seen = quantised[..., 3:] > 0
    return RenderView(rgba=np.where(seen, quantised, 0).astype(np.uint8), xyz=np.where(seen, xyz, 0), camera=camera)


def _pooled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of each 2 x 2 block: (2 h, 2 w, ...) -> (h, w, ...)."""
    return np.asarray(
        (values[0::2, 0::2] + values[1::2, 0::2] + values[0::2, 1::2] + values[1::2, 1::2]) * np.float32(0.25)
    )
