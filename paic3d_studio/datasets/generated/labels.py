"""What is known of a generated character: landmarks, attributes, and the part of every face of its mesh."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from paic3d_studio.datasets.generated.cuts import CUTS
from paic3d_studio.datasets.generated.recipe import Recipe
from paic3d_studio.datasets.generated.shapes import PARTS, Array
from paic3d_studio.errors import UserError

KEY: Final = "paic3d_character"
VERSION: Final = 2


@dataclasses.dataclass(frozen=True, eq=False)
class Labels:
    """What a file of a generated character says of it.

    `landmarks` (28, 3) metres in the field frame; `attributes` name to a word, a list of words, or yes or no; `parts`
    one of `shapes.PARTS` per primitive of the mesh: that of all its faces; `faces` how many that primitive has.
    """

    seed: int
    landmarks: Array
    attributes: Mapping[str, Any]
    parts: tuple[str, ...]
    faces: tuple[int, ...]


def length_word(recipe: Recipe) -> str:
    """Return short, medium or long."""
    low = recipe.hair.length
    if CUTS[recipe.hair.cut].ties and "bun" in recipe.hair.cut and low > -0.1:
        return "tied up"
    return "short" if low > -0.115 else "medium" if low > -0.20 else "long"


def attributes(recipe: Recipe) -> dict[str, Any]:
    """Return what a tagger is to learn of a character."""
    h, e = recipe.hair, recipe.eyes
    return {
        "gender": recipe.gender,
        "age": recipe.age,
        "hair_colour": recipe.hair_colour,
        "hair_pattern": h.pattern,
        "hair_cut": h.cut,
        "hair_length": length_word(recipe),
        "bangs": h.bangs,
        "side_locks": h.sides,
        "hair_extras": list(h.extras),
        "eye_colour": recipe.eye_colour,
        "heterochromia": e.left_iris != e.right_iris,
        "mouth": e.mouth,
        "ears": recipe.ears,
        "accessories": sorted(worn.name for worn in recipe.worn),
        "clothes": recipe.body.clothes,
        "mark": recipe.face.mark,
        "beard": recipe.face.beard,
    }


def extras(recipe: Recipe, landmarks: Array) -> dict[str, Any]:
    """Return what a character's file says of it."""
    return {
        KEY: {
            "version": VERSION,
            "seed": recipe.seed,
            "landmarks": np.round(landmarks, 6).tolist(),
            "attributes": attributes(recipe),
        }
    }


def read_labels(encoded: bytes, *, name: str) -> Labels:
    """Read the labels from the bytes of a generated character.

    Raises:
        UserError: the file is damaged, or not one of ours.
    """
    try:
        size = struct.unpack_from("<I", encoded, 12)[0]
        described = json.loads(encoded[20 : 20 + size])
        own = described["extras"][KEY]
        landmarks = np.array(own["landmarks"], np.float64)
        primitives = described["meshes"][0]["primitives"]
        parts = tuple(str(p["extras"]["part"]) for p in primitives)
        faces = tuple(int(described["accessors"][p["indices"]]["count"]) // 3 for p in primitives)
        found = Labels(int(own["seed"]), landmarks, dict(own["attributes"]), parts, faces)
        if landmarks.shape != (28, 3) or not np.isfinite(landmarks).all() or not set(parts) <= set(PARTS):
            raise ValueError("labels")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, struct.error) as error:
        raise UserError(f"“{name}” holds no labels of a generated character.", "Make it again.") from error
    return found
