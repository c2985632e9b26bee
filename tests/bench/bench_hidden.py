"""How much of a mesh's surface nobody sees: triangles and texture for nothing. No timing.

PYTHONPATH=. python tests/bench/bench_hidden.py HEAD.glb [HEAD.glb ...]

Cameras are those that the benchmark looks for visible surfaces from (`benchmark.geometry.AROUND`). The base of a head
that is cut at the neck is seen from below only as far as they look up.
"""

import sys

import numpy as np
import trimesh

from paic3d_studio.benchmark.geometry import AROUND, POINTS, seen_points, surface_points
from paic3d_studio.core import mesh
from paic3d_studio.datasets.vrm import Character, Primitive
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer

SIDE = 384
HEAD = 0.32
"""Height in metres that meshes are scaled to, whatever their unit: what lies 2 mm behind what is seen counts as seen
(`geometry.seen_points`)."""


def hidden_share(path: str, renderer: CharacterRenderer) -> float:
    """Return the share of a mesh's surface that no camera around it sees."""
    loaded = trimesh.load(path, force="mesh", process=False)
    vertices, faces = np.asarray(loaded.vertices, np.float64), np.asarray(loaded.faces)
    low, high = vertices.min(0), vertices.max(0)
    vertices = (vertices - (low + high) / 2) * (HEAD / (high - low)[1])
    whole = Primitive(
        positions=vertices.astype(np.float32),
        normals=mesh.vertex_normals(vertices, faces).astype(np.float32),
        uv=np.zeros((len(vertices), 2), np.float32),
        faces=faces.astype(np.int32),
        texture=np.full((2, 2, 4), 255, np.uint8),
        base_colour=(1, 1, 1, 1),
        alpha_mode="OPAQUE",
        alpha_cutoff=0.5,
        double_sided=True,
        render_queue=2000,
        part="other",
    )
    views = renderer.render(Character("mesh", (whole,), {}), AROUND, size=SIDE, supersample=1)
    points = surface_points(vertices, faces, count=POINTS, lot=np.random.default_rng(0))
    return 1 - float(seen_points(points, views.xyz, AROUND).mean())


def main() -> None:
    """Print the share of every mesh, and the mean."""
    if not sys.argv[1:]:
        sys.exit(__doc__)
    with CharacterRenderer() as renderer:
        shares = [hidden_share(path, renderer) for path in sys.argv[1:]]
    for path, share in zip(sys.argv[1:], shares, strict=True):
        print(f"{100 * share:5.1f} %  {path}")
    print(f"{100 * float(np.mean(shares)):5.1f} %  mean of {len(shares)}")


if __name__ == "__main__":
    main()
