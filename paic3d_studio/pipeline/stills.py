"""Stills of a field, rendered exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.monitor import SILENT, Monitor

if TYPE_CHECKING:
    from paic3d_studio.core.camera import Camera
    from paic3d_studio.nets.field import RadianceField


def render_still(field: RadianceField, *, camera: Camera, size: int, monitor: Monitor = SILENT) -> NDArray[np.uint8]:
    """March rays through the field: sRGB on white, uint8 (size, size, 3)."""
    from paic3d_studio.nets.volume import render_view

    view = render_view(field, camera, size=size, monitor=monitor)
    rgb = np.asarray(view.rgb, np.float32)
    return np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
