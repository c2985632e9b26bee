"""Faces between two characters of one maker, whose heads have the same triangles, so that places can be mixed."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from paic3d_studio.datasets.vrm import Character, Primitive

HEAD_PARTS: Final = ("face", "iris", "eye", "brow", "mouth")


def with_face_towards(character: Character, other: Character, share: float) -> Character:
    """Return a character whose face is moved by `share` of the way to another's; its textures and all else stay.

    What has no counterpart of the same triangles in the other stays as it is; without a common face the character
    does.

    Args:
        character: in the field frame.
        other: in the field frame; of the same maker, else nothing matches.
        share: 0 leaves the face, 1 takes the other's shape; a little less or more goes beyond.
    """
    moved = [_towards(p, _counterpart(p, other), share) for p in character.primitives]
    if not any(m is not p for m, p in zip(moved, character.primitives, strict=True) if p.part == "face"):
        return character
    return dataclasses.replace(character, primitives=tuple(moved))


def _counterpart(primitive: Primitive, other: Character) -> Primitive | None:
    """Return the primitive of another character that has the same part and the same triangles."""
    if primitive.part not in HEAD_PARTS:
        return None
    for found in other.primitives:
        same = found.part == primitive.part and found.positions.shape == primitive.positions.shape
        if same and np.array_equal(found.faces, primitive.faces) and np.allclose(found.uv, primitive.uv, atol=1e-3):
            return found
    return None


def _towards(primitive: Primitive, other: Primitive | None, share: float) -> Primitive:
    if other is None:
        return primitive
    positions = primitive.positions + np.float32(share) * (other.positions - primitive.positions)
    normals = primitive.normals + np.float32(np.clip(share, 0, 1)) * (other.normals - primitive.normals)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-9)
    return dataclasses.replace(primitive, positions=positions, normals=(normals / lengths).astype(np.float32))
