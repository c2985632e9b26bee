"""How much of what is drawn the mesh shows from the front, with and without the parts that `core.drawn_parts` adds.

    python tests/bench/bench_outline.py [PICTURE ...]

Of the columns of the lattice that the drawing covers above the cut, the share in which the solid has anything.
"""

import sys
from dataclasses import replace

from bench_path import commit

from paic3d_studio.core.drawn_parts import drawn_coverage
from paic3d_studio.core.solid import solid_from_density
from paic3d_studio.core.surface import SurfaceOptions
from paic3d_studio.paths import example_picture
from paic3d_studio.session.session import Session


def shares(picture: str) -> tuple[float, float]:
    """Return the share without and with drawn parts."""
    session = Session(threads=1)
    session.open(picture)
    lattice, level = session.pull("lattice"), session.pull("field").surface_level
    drawn = drawn_coverage(session.pull("render_like").rgba[..., 3], len(lattice.density))
    options = replace(SurfaceOptions(), level=level)
    found = []
    for given in (None, drawn):
        solid = solid_from_density(
            lattice,
            level=level,
            smoothing=options.smoothing,
            crop_below=options.crop_below,
            floater_share=options.floater_share,
            drawn=given,
        )
        x, y = ((solid.origin[axis] + lattice.box_side / 2) / lattice.spacing for axis in (0, 1))
        shown = (solid.odds > 0).any(axis=2)
        asked = drawn[round(x) :, round(y) :][: shown.shape[0], : shown.shape[1]] > 0.5
        lowest = round(((options.crop_below or -1) + lattice.box_side / 2) / lattice.spacing) + 2
        drawn_above = (drawn[:, lowest:] > 0.5).sum()
        found.append(float((shown & asked)[:, max(0, lowest - round(y)) :].sum() / drawn_above))
    return found[0], found[1]


def main() -> None:
    print(f"commit {commit()}\n\n| picture | field alone | with drawn parts |\n|---|---|---|")
    for picture in sys.argv[1:] or [str(example_picture())]:
        without, with_parts = shares(picture)
        print(f"| {picture.rsplit('/', 1)[-1]} | {without:.3f} | {with_parts:.3f} |", flush=True)


if __name__ == "__main__":
    main()
