"""Measure how soon the mesh follows its panel: from the field of a portrait to a mesh that was measured.

PYTHONPATH=. python tests/bench/bench_mesh.py [PICTURE] [--runs 3] [--faces 20000] [--texture 2048]

Wall and processor seconds, children included; on a machine that does other work the processor seconds tell more. Each
line after the first changes one setting, so what comes before it in the method is not made again.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any, Final

from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.export.glb import glb_bytes
from paic3d_studio.paths import example_picture
from paic3d_studio.project import edits
from paic3d_studio.project.state import Project
from paic3d_studio.session.headless import cpu_seconds
from paic3d_studio.session.session import Session

SURFACES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("everything from the field on", {}),
    ("smoothing 1.5", {"smoothing": 1.5}),
    ("floaters 5 %", {"floater_share": 0.05}),
    ("thin parts 6 mm", {"thinnest": 0.006}),
    ("symmetry, mean", {"symmetry": "mean"}),
    ("cut at the neck", {"crop_below": -0.17}),
    ("cut at the shoulders", {"crop_below": -0.27}),
    ("open base", {"base": "open"}),
    ("half the triangles", {"faces": 10_000}),
)
"""What is changed, and how."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path, nargs="?", default=example_picture())
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--faces", type=int, default=20_000)
    parser.add_argument("--texture", type=int, default=2048)
    chosen = parser.parse_args()
    print("| change | wall, s | processor, s | triangles | vertices | open edges | GLB, MB | off the field, mm |")
    print("|---|---|---|---|---|---|---|---|")
    session = Session()
    project = session.open(chosen.picture)
    project = edits.set_surface_options(project, faces=chosen.faces)
    project = edits.set_texture_options(project, size=chosen.texture)
    session.pull("inspection", project)  # libraries load once, and do not count
    for name, changes in SURFACES:
        print(row(session, name, edits.set_surface_options(project, **changes), runs=chosen.runs), flush=True)
    smaller = edits.set_texture_options(project, size=chosen.texture // 2)
    print(row(session, "half the texture's side", smaller, runs=chosen.runs, known=project), flush=True)
    textured: TexturedMesh = session.pull("textured", project)
    begun = time.perf_counter()
    glb_bytes(textured)
    print(f"\nOf that, packing the GLB: {time.perf_counter() - begun:.2f} s")


def row(session: Session, name: str, project: Project, *, runs: int, known: Project | None = None) -> str:
    """Return a line of the table: the median over runs, each from the field on.

    `known` is a project whose mesh is known already when the clock starts.
    """
    walls, processors = [], []
    for _ in range(runs):
        session.forget()
        session.pull("inspection" if known else "field", known or project)
        begun, cpu = time.perf_counter(), cpu_seconds()
        found = session.pull("inspection", project)
        walls.append(time.perf_counter() - begun)
        processors.append(cpu_seconds() - cpu)
    return (
        f"| {name} | {statistics.median(walls):.1f} | {statistics.median(processors):.1f} | {found.faces} "
        f"| {found.vertices} | {found.open_edges} | {found.glb_bytes / 1e6:.2f} | {1000 * found.mean_error:.2f} |"
    )


if __name__ == "__main__":
    main()
