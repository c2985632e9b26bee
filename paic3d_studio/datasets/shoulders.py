"""Bare shoulders: the body under a character's clothes, with a garment painted on its skin.

Clothes lie a centimetre over the skin; a network that has seen dressed characters alone takes bare shoulders for
clothes in the colour of skin, and puts them that much too near.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.datasets.vrm import Character, Primitive

CHEST: Final = (-0.34, -0.17)
"""Heights in metres between which a body must be whole to be shown."""

FINEST: Final = 0.006
"""Edges of the body in metres above which triangles are split, so that a garment's hem is no saw."""

USUAL_NECK: Final = -0.17
"""Height in metres of the neck bone where a character names none."""

TRIM: Final = 0.007
"""Greatest width in metres of the band along a hem."""

_PIECES: Final = (
    ("chest",),
    ("chest", "straps"),
    ("chest", "halter", "collar"),
    ("chest", "collar"),
    ("chest", "vest"),
)
"""Which pieces of `_Cut` a garment may be made of."""

Row = NDArray[np.float32]
"""One coordinate of n points, or n distances, in metres."""


def has_body(character: Character) -> bool:
    """Whether there is a whole body under the clothes: the textures of some are cut out where clothes hide them."""
    found = False
    for body in (p for p in character.primitives if p.part == "skin"):
        chest = (body.positions[:, 1] > CHEST[0]) & (body.positions[:, 1] < CHEST[1])
        if body.alpha_mode == "MASK" and (body.texels()[chest, 3] < body.alpha_cutoff * 255).any():
            return False
        found |= bool(chest.sum() > 100)
    return found


def with_bare_shoulders(character: Character, rng: Generator) -> Character:
    """Return a character in a garment of one or two colours painted on its skin, in place of its clothes.

    Args:
        character: in the field frame; `has_body` says whether it can be.
        rng: where the cut and the colours come from.
    """
    cut = _Cut.random(rng, neck=float(character.bones["neck"][1]) if "neck" in character.bones else USUAL_NECK)
    colour, trim = rng.uniform(10, 245, 3), rng.uniform(10, 245, 3)
    band = float(rng.uniform(0, TRIM)) if rng.random() < 0.6 else 0.0
    made: list[Primitive] = []
    for primitive in character.primitives:
        if primitive.part == "skin":
            made += _painted(primitive, cut, ((band, colour), (0.0, trim)))
        elif primitive.part != "cloth":
            made.append(primitive)
    return dataclasses.replace(character, primitives=tuple(made))


@dataclasses.dataclass(frozen=True)
class _Cut:
    """A garment's cut, in metres; each method says how far points (n, 3) lie inside one of its pieces.

    `pieces` names the methods. The top ends at height `top`, rising by `dip` per metre to either side of the chest, and
    at `widest` from the middle, or goes on as sleeves. Straps of half a width `strap` stand `apart` from the middle, or
    lean from there to `inner` at the neck. Nothing is higher than `high`.
    """

    pieces: tuple[str, ...]
    neck: float
    top: float
    dip: float
    widest: float
    strap: float
    apart: float
    inner: float
    high: float

    @classmethod
    def random(cls, rng: Generator, *, neck: float) -> _Cut:
        """Draw a cut for a neck bone at that height."""
        return cls(
            pieces=_PIECES[int(rng.integers(len(_PIECES)))],
            neck=neck,
            top=neck - rng.uniform(0.06, 0.12),
            dip=rng.uniform(-0.3, 0.5),
            widest=float(rng.choice((0.105, 1.0))),
            strap=rng.uniform(0.008, 0.022),
            apart=rng.uniform(0.05, 0.085),
            inner=rng.uniform(0.0, 0.03),
            high=neck + rng.uniform(0.0, 0.035),
        )

    def inside(self, xyz: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far points lie inside the garment, in metres or nearly; negative outside."""
        pieces = [getattr(self, name)(*xyz.T) for name in self.pieces]
        return np.asarray(np.minimum(np.max(pieces, axis=0), self.high - xyz[:, 1]))

    def chest(self, x: Row, y: Row, z: Row) -> Row:
        """A top round the trunk."""
        return np.asarray(np.minimum(self.top + self.dip * np.abs(x) * (z > 0) - y, self.widest - np.abs(x)))

    def straps(self, x: Row, y: Row, z: Row) -> Row:  # noqa: ARG002 - every piece takes a place
        """Two straps over the shoulders."""
        return np.asarray(self.strap - np.abs(np.abs(x) - self.apart))

    def halter(self, x: Row, y: Row, z: Row) -> Row:
        """Two straps that lean to the neck, in front alone."""
        rise = ((y - self.top) / (self.neck - self.top)).clip(0, 1)
        along = self.strap - np.abs(np.abs(x) - self.apart * (1 - rise) - self.inner)
        return np.asarray(np.minimum(along, np.where(z > 0, self.neck - y, -1)))

    def collar(self, x: Row, y: Row, z: Row) -> Row:
        """A band round the neck."""
        near = 0.075 - np.hypot(x, z + 0.01)
        return np.asarray(np.minimum(np.minimum(self.high - y, y - self.high + 0.03), near))

    def vest(self, x: Row, y: Row, z: Row) -> Row:  # noqa: ARG002
        """A vest to the foot of the neck."""
        return np.asarray(self.apart + 0.03 - np.abs(x) - np.maximum(y - self.neck + 0.02, 0) * 4)


def _painted(body: Primitive, cut: _Cut, layers: tuple[tuple[float, NDArray[np.float64]], ...]) -> list[Primitive]:
    """Return a body in pieces: its skin, and a primitive of cloth for each (least distance from the hem, colour)."""
    body = _split(body)
    inside = cut.inside(body.positions[body.faces].mean(1))
    parts = [dataclasses.replace(body, faces=body.faces[inside < 0])]
    highest = np.inf
    for least, colour in layers:
        faces = body.faces[(inside >= least) & (inside < highest)]
        highest = least
        texture = np.broadcast_to(np.append(colour, 255).astype(np.uint8), (4, 4, 4)).copy()
        parts.append(
            dataclasses.replace(
                body,
                faces=faces,
                texture=texture,
                base_colour=(1.0, 1.0, 1.0, 1.0),
                alpha_mode="OPAQUE",
                part="cloth",
                material="Garment_CLOTH",
            )
        )
    return [part for part in parts if len(part.faces)]


def _split(body: Primitive) -> Primitive:
    """Return a body whose triangles above the elbows have no edge longer than FINEST, by halving edges."""
    faces, positions = body.faces, np.concatenate([body.positions, body.normals, body.uv], 1)
    for _ in range(4):
        corners = positions[faces][..., :3]
        longest = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max(1)
        wanted = (longest > FINEST) & (corners[..., 1].min(1) > -0.4)
        if not wanted.any():
            break
        positions, faces = _quartered(positions, faces, wanted)
    normals = positions[:, 3:6] / np.linalg.norm(positions[:, 3:6], axis=1, keepdims=True).clip(1e-9)
    return dataclasses.replace(
        body,
        positions=np.ascontiguousarray(positions[:, :3], np.float32),
        normals=np.ascontiguousarray(normals, np.float32),
        uv=np.ascontiguousarray(positions[:, 6:], np.float32),
        faces=np.ascontiguousarray(faces, np.int32),
    )


def _quartered(
    values: NDArray[np.float32], faces: NDArray[np.int32], wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Split the wanted triangles in four; values of new vertices are means. Cracks at the border do not open: the new
    vertices lie on the old edges."""
    chosen = faces[wanted]
    edges = np.sort(np.stack([chosen, np.roll(chosen, -1, 1)], -1).reshape(-1, 2), axis=1)
    unique, index = np.unique(edges, axis=0, return_inverse=True)
    middle = (index.reshape(-1, 3) + len(values)).astype(np.int32)
    a, b, c = chosen.T
    ab, bc, ca = middle.T
    quarters = np.stack([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))], 1)
    return (
        np.concatenate([values, values[unique].mean(1)]),
        np.concatenate([faces[~wanted], quarters.reshape(-1, 3)]).astype(np.int32),
    )
