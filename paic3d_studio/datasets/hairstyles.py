"""Hair, ears, buns, horns and hats made by rules, because real hair is scarcer than anything else in the data.

Every shape is a swept tube or an ellipsoid in the field frame (metres, the face looks along +z), fitted to the usual
head of a VRoid character: crown near y = 0.12, ears near x = 0.075, nape near z = -0.08.
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.datasets.vrm import Character, Primitive


def hair_stretched(
    character: Character, *, volume: tuple[float, float, float], length: float, below: float = -0.05
) -> Character:
    """Return a character whose hair is scaled about the head and lengthened under the chin.

    Args:
        character: in the field frame.
        volume: factors along x, y and z about the middle of the head.
        length: factor for what hangs below `below`.
        below: height in metres from which hair is lengthened.
    """
    centre = np.array([0.0, 0.02, -0.01], np.float32)

    def moved(primitive: Primitive) -> Primitive:
        positions = (primitive.positions - centre) * np.asarray(volume, np.float32) + centre
        low = positions[:, 1] < below
        positions[low, 1] = below + (positions[low, 1] - below) * length
        return dataclasses.replace(primitive, positions=positions.astype(np.float32))

    primitives = [moved(p) if p.part == "hair" else p for p in character.primitives]
    return dataclasses.replace(character, primitives=tuple(primitives))


def with_extras(character: Character, rng: Generator, *, count: int) -> Character:
    """Return a character with `count` random generated shapes, most in the colour of its hair."""
    colour = _hair_colour(character)
    chosen = rng.choice(len(_EXTRAS), size=count, replace=False)
    added = [primitive for index in sorted(chosen) for primitive in _EXTRAS[index](rng, colour)]
    return dataclasses.replace(character, primitives=(*character.primitives, *added))


def with_fins(character: Character, rng: Generator) -> Character:
    """Return a character with a pair of ears or fins that face sideways: narrow from the front, wide from the side."""
    return dataclasses.replace(character, primitives=(*character.primitives, *_fins(rng)))


def _hair_colour(character: Character) -> NDArray[np.float64]:
    """Return the mean sRGB colour of the opaque texels of the largest hair primitive, 0..255."""
    hairs = [p for p in character.primitives if p.part == "hair"]
    if not hairs:
        return np.array([90.0, 60.0, 50.0])
    largest = max(hairs, key=lambda p: len(p.faces))
    texels = largest.texels()
    solid = texels[:, 3] > 128
    return np.asarray(texels[solid, :3].mean(0) if solid.any() else texels[:, :3].mean(0))


def _strand_texture(colour: NDArray[np.float64], rng: Generator) -> NDArray[np.uint8]:
    """Return a texture (64, 32, 4): streaks along v and a shade from root to tip."""
    streaks = 1 + 0.10 * rng.standard_normal(32)[None, :, None]
    shade = np.linspace(1.0, rng.uniform(0.75, 1.15), 64)[:, None, None]
    rgb = np.clip(colour * streaks * shade, 0, 255)
    return np.concatenate([rgb, np.full((64, 32, 1), 255.0)], 2).astype(np.uint8)


def _shape(points: NDArray[np.float64], colour: NDArray[np.float64], rng: Generator, part: str = "hair") -> Primitive:
    """Return a primitive from a grid of points (rows, columns, 3) whose columns close into a ring."""
    rows, columns = points.shape[:2]
    u, v = np.meshgrid(1 - np.abs(np.linspace(-1, 1, columns)), np.linspace(0.02, 0.98, rows))
    index = np.arange(rows * columns).reshape(rows, columns)
    following = np.roll(index, -1, axis=1)
    a, b, c, d = index[:-1], following[:-1], index[1:], following[1:]
    faces = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    flat = points.reshape(-1, 3)
    outward = flat - points.mean(1, keepdims=True).repeat(columns, 1).reshape(-1, 3)
    normals = outward / np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-9)
    return Primitive(
        positions=flat.astype(np.float32),
        normals=normals.astype(np.float32),
        uv=np.stack([u, v], -1).reshape(-1, 2).astype(np.float32),
        faces=faces.astype(np.int32),
        texture=_strand_texture(colour, rng),
        base_colour=(1.0, 1.0, 1.0, 1.0),
        alpha_mode="OPAQUE",
        alpha_cutoff=0.5,
        double_sided=True,
        render_queue=2000,
        part=part,
    )


def _tube(
    path: NDArray[np.float64], radii: NDArray[np.float64], flatness: float, *, columns: int = 14
) -> NDArray[np.float64]:
    """Sweep an ellipse along a path (n, 3) with radii (n,); `flatness` shrinks it across, towards and from the head."""
    tangents = np.gradient(path, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    outward = path * np.array([1.0, 0.0, 1.0]) + np.array([1e-4, 0.0, 1e-4])
    outward -= (outward * tangents).sum(1, keepdims=True) * tangents
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    across = np.cross(tangents, outward)
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None, :, None]
    ring = np.cos(angle) * across[:, None] + flatness * np.sin(angle) * outward[:, None]
    return np.asarray(path[:, None] + ring * radii[:, None, None])


def _curve(*control: tuple[float, float, float], steps: int = 18) -> NDArray[np.float64]:
    """Return points of the Bezier curve with three or four control points."""
    t = np.linspace(0, 1, steps)[:, None]
    points = [np.asarray(c, np.float64) for c in control]
    while len(points) > 1:
        points = [a * (1 - t) + b * t for a, b in pairwise(points)]
    return np.asarray(points[0])


def _profile(widest: float, *, tip: float, steps: int = 18) -> NDArray[np.float64]:
    """Return radii along a tail: narrow at its tie, widest at a third, `tip` at the end."""
    t = np.linspace(0, 1, steps)
    return np.asarray(widest * np.interp(t, [0, 0.08, 0.4, 0.85, 1], [0.35, 0.7, 1.0, 0.7, tip]))


def _ellipsoid(
    centre: tuple[float, float, float], radii: tuple[float, float, float], *, rows: int = 14, columns: int = 20
) -> NDArray[np.float64]:
    """Return the grid of an ellipsoid."""
    polar = np.linspace(0.02, np.pi - 0.02, rows)[:, None]
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None, :]
    unit = np.stack([np.sin(polar) * np.cos(angle), np.cos(polar) + 0 * angle, np.sin(polar) * np.sin(angle)], -1)
    return np.asarray(unit * np.asarray(radii) + np.asarray(centre))


def _twin_tails(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """Two tails from the sides of the head."""
    y, out, end = rng.uniform(-0.02, 0.1), rng.uniform(0.03, 0.12), rng.uniform(-0.36, -0.12)
    z, width = rng.uniform(-0.07, 0.0), rng.uniform(0.018, 0.045)
    shapes = []
    for side in (-1.0, 1.0):
        root = (side * 0.08, y, z)
        path = _curve(
            root,
            (side * (0.09 + out), y + 0.04, z),
            (side * (0.11 + out), end * 0.5, z),
            (side * (0.08 + out * 0.7), end, z),
        )
        shapes.append(_shape(_tube(path, _profile(width, tip=0.15), 0.8), colour, rng))
    return shapes


def _pony_tail(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """One tail from the back of the head, or over one shoulder."""
    y, back, end = rng.uniform(0.0, 0.12), rng.uniform(0.04, 0.1), rng.uniform(-0.36, -0.1)
    x = rng.uniform(-0.06, 0.06)
    path = _curve((0, y, -0.1), (x * 0.5, y + 0.05, -0.12 - back), (x, end * 0.4, -0.13 - back), (x, end, -0.11))
    return [_shape(_tube(path, _profile(rng.uniform(0.025, 0.05), tip=0.2), 0.8), colour, rng)]


def _curtain(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """Long hair that hangs round the back, as a thick closed shell."""
    end, spread = rng.uniform(-0.36, -0.14), rng.uniform(-0.01, 0.06)
    reach = rng.uniform(1.5, 2.3)  # radians from straight back to the front edge
    thickness, rows, half = rng.uniform(0.012, 0.03), 14, 26
    y = np.linspace(0.06, end, rows)
    angle = np.linspace(-reach, reach, half)
    along = np.linspace(0, 1, rows)[:, None]
    wave = 0.004 * np.sin(angle * rng.uniform(6, 14) + along * rng.uniform(0, 4))
    rim = rng.uniform(0.0, 0.05) * np.cos(angle * 2) * along

    def shell(offset: float) -> NDArray[np.float64]:
        wide, deep = 0.088 + offset + spread * along, 0.095 + offset + 0.3 * spread * along
        x = (wide + wave) * np.sin(angle)
        z = -0.012 - (deep + wave) * np.cos(angle)
        return np.stack([x, np.broadcast_to(y[:, None], x.shape) + rim, z], -1)

    ring = np.concatenate([shell(0.0), shell(-thickness)[:, ::-1]], 1)
    bottom = ring[-1:].copy()
    middle = (shell(0.0)[-1] + shell(-thickness)[-1]) / 2
    bottom[0] = np.concatenate([middle, middle[::-1]], 0)
    return [_shape(np.concatenate([ring, bottom], 0), colour, rng)]


def _side_locks(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """Strands before the ears, over the chest."""
    end, width, flare = rng.uniform(-0.33, -0.1), rng.uniform(0.008, 0.022), rng.uniform(-0.01, 0.05)
    shapes = []
    for side in (-1.0, 1.0):
        path = _curve(
            (side * 0.07, 0.05, 0.05),
            (side * 0.09, -0.02, 0.06),
            (side * (0.08 + flare), end * 0.6, 0.06),
            (side * (0.075 + flare), end, 0.07),
        )
        shapes.append(_shape(_tube(path, _profile(width, tip=0.1), 0.5), colour, rng))
    return shapes


def _buns(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """One bun at the back or on the crown, or two at the sides."""
    radius = rng.uniform(0.03, 0.055)
    if rng.random() < 0.4:
        places = [(0.0, rng.uniform(0.05, 0.15), rng.uniform(-0.13, -0.02))]
    else:
        x, y, z = rng.uniform(0.06, 0.1), rng.uniform(0.04, 0.13), rng.uniform(-0.07, 0.02)
        places = [(x, y, z), (-x, y, z)]
    return [_shape(_ellipsoid(p, (radius, radius * rng.uniform(0.8, 1.1), radius)), colour, rng) for p in places]


def _animal_ears(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """Two ears on the crown: cat, fox or rabbit, by their length."""
    height, width, lean = rng.uniform(0.05, 0.17), rng.uniform(0.022, 0.04), rng.uniform(-0.01, 0.05)
    x, z = rng.uniform(0.035, 0.07), rng.uniform(-0.03, 0.03)
    shapes = []
    for side in (-1.0, 1.0):
        path = _curve(
            (side * x, 0.08, z),
            (side * (x + lean * 0.5), 0.1 + height * 0.5, z),
            (side * (x + lean), 0.1 + height, z),
            steps=10,
        )
        radii = width * np.interp(np.linspace(0, 1, 10), [0, 0.3, 1], [1, 0.9, 0.06])
        shapes.append(_shape(_tube(path, radii, 0.45), colour * rng.uniform(0.8, 1.1), rng))
    return shapes


def _horns(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """Two horns in a colour of their own."""
    del colour  # these things have a colour of their own
    own = rng.uniform(20, 230, 3)
    height, out, forward = rng.uniform(0.03, 0.09), rng.uniform(0.0, 0.06), rng.uniform(-0.06, 0.05)
    shapes = []
    for side in (-1.0, 1.0):
        path = _curve(
            (side * 0.05, 0.09, 0.03),
            (side * (0.06 + out), 0.11 + height * 0.5, 0.03),
            (side * (0.05 + out), 0.11 + height, 0.03 + forward),
            steps=10,
        )
        radii = np.linspace(rng.uniform(0.012, 0.02), 0.002, 10)
        shapes.append(_shape(_tube(path, radii, 1.0), own, rng, "other"))
    return shapes


def _fins(rng: Generator) -> list[Primitive]:
    """Two upright plates across x, in two colours of their own, as mechanical ears and headsets have."""
    rim, inner = rng.uniform(5, 160, 3), rng.uniform(40, 250, 3)
    x, y, z = rng.uniform(0.05, 0.095), rng.uniform(0.0, 0.09), rng.uniform(-0.03, 0.02)
    height, lean, back = rng.uniform(0.05, 0.12), rng.uniform(0.0, 0.05), rng.uniform(-0.03, 0.01)
    width, flatness = rng.uniform(0.025, 0.05), rng.uniform(0.15, 0.4)
    shapes = []
    for side in (-1.0, 1.0):
        for colour, size, thick in ((rim, 1.0, 1.0), (inner, rng.uniform(0.5, 0.75), 1.5)):
            path = _curve(
                (side * x, y, z),
                (side * (x + lean * 0.5), y + height * 0.5 * size, z + back * 0.3),
                (side * (x + lean * size), y + height * size, z + back * size),
                steps=12,
            )
            radii = width * size * np.interp(np.linspace(0, 1, 12), [0, 0.4, 0.8, 1], [0.9, 1, 0.6, 0.05])
            shapes.append(_shape(_tube(path, radii, flatness * thick), colour, rng, "other"))
    return shapes


def _hat(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """A beret or a cap with a brim, in a colour of its own."""
    del colour  # these things have a colour of their own
    own = rng.uniform(10, 245, 3)
    tilt = rng.uniform(-0.03, 0.03)
    flat = rng.uniform(0.035, 0.06)
    shapes = [_ellipsoid((tilt, 0.12, -0.02), (rng.uniform(0.1, 0.13), flat, rng.uniform(0.1, 0.13)))]
    if rng.random() < 0.5:
        wide = rng.uniform(0.11, 0.2)
        shapes.append(_ellipsoid((0.0, 0.1, 0.0), (wide, 0.008, wide)))
    return [_shape(points, own, rng, "cloth") for points in shapes]


def _ribbons(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """Bows at the back, on the crown or at both sides."""
    del colour  # these things have a colour of their own
    own = rng.uniform(20, 240, 3)
    size = rng.uniform(0.02, 0.045)
    y, z = rng.uniform(0.02, 0.13), rng.uniform(-0.11, 0.03)
    centres = [(0.0, y, z - 0.03)] if rng.random() < 0.5 else [(0.09, y, z), (-0.09, y, z)]
    wings = [(x + side * size, cy, cz) for x, cy, cz in centres for side in (-1, 1)]
    return [_shape(_ellipsoid(w, (size, size * 0.7, 0.012), rows=8, columns=12), own, rng, "cloth") for w in wings]


def _ahoge(rng: Generator, colour: NDArray[np.float64]) -> list[Primitive]:
    """A strand that stands up from the crown."""
    x, z = rng.uniform(-0.08, 0.08), rng.uniform(-0.05, 0.06)
    path = _curve((0, 0.11, 0.02), (x * 0.2, rng.uniform(0.15, 0.22), 0.02), (x, rng.uniform(0.12, 0.2), z), steps=10)
    return [_shape(_tube(path, np.linspace(0.009, 0.002, 10), 0.6), colour, rng)]


_EXTRAS = (
    _twin_tails,
    _pony_tail,
    _curtain,
    _side_locks,
    _buns,
    _animal_ears,
    _horns,
    _hat,
    _ribbons,
    _ahoge,
    _curtain,
    _twin_tails,
)
"""What `with_extras` draws from; what hangs is there twice, because long hair is the hardest to guess."""
