"""Other characters with hair made by rules: the few real faces there are, under hair without end."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.datasets.generated.body import Torso, leaning
from paic3d_studio.datasets.generated.cuts import hair_pieces
from paic3d_studio.datasets.generated.hair import HairVolume
from paic3d_studio.datasets.generated.head import Head
from paic3d_studio.datasets.generated.paint_hair import hair_picture
from paic3d_studio.datasets.generated.recipe import Recipe
from paic3d_studio.datasets.generated.shapes import Piece, joined
from paic3d_studio.datasets.vrm import Character, Primitive
from paic3d_studio.errors import UserError

_LOWEST_SKULL = 0.01
"""Above this height in metres a head is nothing but skull and forehead."""


def with_generated_hair(character: Character, recipe: Recipe) -> Character:
    """Return a character that wears a recipe's hair in place of its own.

    The hair is fitted to the character's head; what is not hair stays. Hair ties come along, accessories do not.

    Args:
        character: in the field frame, with a face that `vrm.part_of_material` knows.
        recipe: whose hair is worn.

    Raises:
        UserError: the character has no face to fit hair to.
    """
    faces = [p.positions for p in character.primitives if p.part == "face"]
    skull = np.concatenate(faces)[:, :2] if faces else np.empty((0, 2))
    high = skull[skull[:, 1] > _LOWEST_SKULL] if len(skull) else skull
    if not len(high):
        raise UserError(f"“{character.name}” has no face that hair could be fitted to.", "Choose another character.")
    half_width = float(np.clip(np.abs(high[:, 0]).max(), 0.07, 0.13))
    top = float(np.clip(high[:, 1].max(), 0.07, 0.16))
    fitted = dataclasses.replace(recipe.face, half_width=half_width, top=top)
    neck = character.bones.get("neck", np.array([0.0, -0.175, 0.0]))
    body = dataclasses.replace(recipe.body, neck_length=float(np.clip(-0.1 - neck[1], 0.05, 0.12)))
    volume = HairVolume(Head(fitted), Torso(body, cloth=0.012), recipe.hair, np.random.default_rng([recipe.seed, 2]))
    hair, *ties = hair_pieces(volume)
    texture = hair_picture(recipe.hair, np.random.default_rng([recipe.seed, 1]))
    added = [_primitive(hair, texture, "hair", "Hair_HAIR")]
    if ties:
        tone = np.round(np.append(np.asarray(recipe.hair.tie), 1.0) * 255).astype(np.uint8)
        added.append(_primitive(joined(ties), np.broadcast_to(tone, (4, 4, 4)).copy(), "cloth", "Accessory_Tie"))
    kept = tuple(p for p in character.primitives if p.part != "hair")
    return dataclasses.replace(character, name=f"{character.name}+hair{recipe.seed}", primitives=(*kept, *added))


def _primitive(piece: Piece, texture: NDArray[np.uint8], part: str, material: str) -> Primitive:
    return Primitive(
        positions=np.ascontiguousarray(leaning(piece.positions), np.float32),
        normals=np.ascontiguousarray(piece.normals, np.float32),
        uv=np.ascontiguousarray(piece.uv, np.float32),
        faces=np.ascontiguousarray(piece.faces, np.int32),
        texture=texture,
        base_colour=(1.0, 1.0, 1.0, 1.0),
        alpha_mode="OPAQUE",
        alpha_cutoff=0.5,
        double_sided=True,
        render_queue=2000,
        part=part,
        material=material,
    )
