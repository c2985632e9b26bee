"""Line removal against the true render inside the region (the paper's Table 4), with Telea's method beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from paic3d_studio.benchmark.illustrations import Illustration
from paic3d_studio.benchmark.metrics import PictureComparer
from paic3d_studio.benchmark.roi import Region
from paic3d_studio.benchmark.views import on_white
from paic3d_studio.core.artefacts import ALIGNED_SIZE
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.nets.infill import offered_inpainters

AS_DRAWN: Final = "as drawn"
COMPARED: Final = ("network", "telea")
"""The two ways whose difference is told, ours first."""

DIFFERENCE: Final = "difference"
TITLES: Final[Mapping[str, str]] = {
    AS_DRAWN: "lines left",
    "network": "ours",
    "telea": "Telea",
    "published": "published network",
    DIFFERENCE: "ours minus Telea's, pair by pair",
}


def line_metrics(
    illustration: Illustration, comparer: PictureComparer, *, region: Region, monitor: Monitor = SILENT
) -> dict[str, dict[str, float]]:
    """Return figures by way of removing lines, the drawing left as it is among them.

    Args:
        illustration: one with lines.
        comparer: distances of pictures.
        region: what counts.
        monitor: progress and cancel.

    Raises:
        Cancelled: as `monitor`.
        UserError: weights are missing or damaged.
    """
    cut = region.front(ALIGNED_SIZE)
    true = on_white(illustration.render)[cut]
    told = {}
    ways = (AS_DRAWN, *offered_inpainters())
    for number, way in enumerate(ways):
        monitor.report(number / len(ways), way)
        picture = illustration.original if way == AS_DRAWN else illustration.without_lines(way)
        told[way] = comparer.compared([on_white(picture)[cut]], [true])
    return told
