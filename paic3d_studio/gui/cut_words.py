"""Where the mesh ends below, in an artist's words."""

from __future__ import annotations

from typing import Final

from paic3d_studio.core.surface import CHIN, CUTS
from paic3d_studio.gui.language import text

_WHERE: Final = {"neck": "Cut at the neck", "collar": "Cut at the collar", "shoulders": "Cut at the shoulders"}
"""Name of a cut -> what is said of it."""


def cut_words(height: float | None) -> str:
    """Return where a mesh ends that was cut at `height`, y in metres in the field frame, and what changes that."""
    if height is None:
        return text("Not cut: the mesh goes as far down as the view.")
    below = round(1000 * (CHIN - height))
    if below >= 0:
        where = text("{cut}, about {millimetres} mm below the chin", cut=_cut(height), millimetres=below)
    else:
        where = text("{cut}, about {millimetres} mm above the chin", cut=_cut(height), millimetres=-below)
    return text("{where}. What the view shows further down is not in the mesh; “Cut” changes that.", where=where)


def cut_caption(height: float | None) -> str:
    """Return the same for a caption: only where the mesh ends before the view does, "" where it does not."""
    if height is None:
        return ""
    return text("{cut}: see “Base” in the side panel", cut=_cut(height))


def _cut(height: float) -> str:
    name = next((name for name, cut in CUTS.items() if cut == height), "")
    return text(_WHERE.get(name, "Cut by hand"))
