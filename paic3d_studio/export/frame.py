"""The export frame: the field frame moved so that the neck is at the origin. +Y up, facing +Z, metres."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

NECK: Final = (0.0, -0.177, -0.010)
"""Where the neck bone lies in the field frame, metres: the mean over the five characters the networks were trained on.

Their neck bones lie 62 to 99 mm under the head bone (mean 77) and 8 to 16 mm behind it (mean 10); the head bone itself
lies at (0, -0.1, 0) by the definition of the field frame.
"""


def to_export_frame(vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return field points float32 (v, 3) in the export frame."""
    return np.asarray(vertices - np.array(NECK, dtype=np.float32), dtype=np.float32)
