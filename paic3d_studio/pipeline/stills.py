"""Stills of a field, rendered exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.monitor import SILENT, Monitor

if TYPE_CHECKING:
    from paic3d_studio.core.camera import Camera
    from paic3d_studio.core.stitch import StitchSource
    from paic3d_studio.nets.field import RadianceField


def render_still(
    field: RadianceField, *, camera: Camera, size: int, stitch: StitchSource | None = None, monitor: Monitor = SILENT
) -> NDArray[np.uint8]:
    """March rays through the field: sRGB on white, uint8 (size, size, 3).

    A backbone with a super-resolution of its own makes the picture with it, resized where another size is wanted, and
    puts `stitch` back onto what the front sees, if it is given.
    """
    from paic3d_studio.nets.volume import render_view

    sharp = field.sharp_view(camera, size=size, stitch=stitch, monitor=monitor)
    if sharp is None:
        rgb = np.asarray(render_view(field, camera, size=size, monitor=monitor).rgb, np.float32)
    else:
        rgb = np.ascontiguousarray(sharp[0].permute(1, 2, 0).numpy())
        if rgb.shape[0] != size:
            shrinks = size < rgb.shape[0]
            resized = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
            rgb = np.asarray(resized, np.float32)
    return np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
