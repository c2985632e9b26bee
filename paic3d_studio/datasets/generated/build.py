"""Put a character together from its recipe: surfaces, materials, bones, landmarks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.core.face_template import CONTOUR, LEFT_EYE, LEFT_LASH, MOUTH, NOSE, RIGHT_EYE, RIGHT_LASH
from paic3d_studio.datasets.generated.accessories import worn_pieces
from paic3d_studio.datasets.generated.body import Torso, leaning
from paic3d_studio.datasets.generated.clothes import CLOTHES, garment
from paic3d_studio.datasets.generated.cuts import hair_pieces
from paic3d_studio.datasets.generated.ears import EARS
from paic3d_studio.datasets.generated.eyes import (
    BROW_TILE,
    EYE_TILE,
    MOUTH_TILE,
    BrowLines,
    EyeLines,
    MouthLines,
    brow_centre,
)
from paic3d_studio.datasets.generated.hair import HairVolume
from paic3d_studio.datasets.generated.head import Head, patch
from paic3d_studio.datasets.generated.paint import as_picture, scaled
from paic3d_studio.datasets.generated.paint_eyes import EYE_LAYERS, brow_picture, eye_sheet, mouth_picture
from paic3d_studio.datasets.generated.paint_face import face_picture, shade_of
from paic3d_studio.datasets.generated.paint_hair import hair_picture
from paic3d_studio.datasets.generated.recipe import Recipe
from paic3d_studio.datasets.generated.shapes import Array, Piece
from paic3d_studio.datasets.generated.tailoring import Garment, swatches

Picture = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, eq=False)
class Material:
    """One way to paint: `name` is what pieces call it, `title` what the file calls it (readers guess parts by it)."""

    name: str
    title: str
    texture: Picture
    alpha_mode: str = "OPAQUE"
    double_sided: bool = False
    queue: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Figure:
    """A character in the field frame, arms in the T-pose.

    `landmarks` float64 (28, 3) metres in the order of the specification; `bones` humanoid names and places; `joints`
    those that carry surfaces.
    """

    pieces: tuple[Piece, ...]
    materials: tuple[Material, ...]
    bones: Mapping[str, tuple[float, float, float]]
    joints: tuple[str, ...]
    landmarks: Array


JOINTS = ("head", "neck", "chest", "leftUpperArm", "rightUpperArm")


def built(recipe: Recipe) -> Figure:
    """Build a character."""
    paint_lot, hair_lot = (np.random.default_rng([recipe.seed, k]) for k in (1, 2))
    head, torso = Head(recipe.face), Torso(recipe.body, cloth=CLOTHES[recipe.body.clothes].swell)
    volume = HairVolume(head, torso, recipe.hair, hair_lot)
    clothes = garment(recipe, torso)
    pieces = [
        *head.pieces(),
        *_features(head, recipe),
        *EARS[recipe.ears].make(volume),
        *_body(recipe, torso),
        *clothes.pieces,
        *hair_pieces(volume),
        *worn_pieces(recipe, volume),
    ]
    return Figure(
        tuple(dataclasses.replace(_lit(piece), positions=leaning(piece.positions)) for piece in pieces),
        _materials(recipe, clothes, paint_lot),
        {name: _place(*leaning(np.array(place))) for name, place in _bones(torso).items()},
        JOINTS,
        leaning(landmarks(head, recipe)),
    )


def _place(x: float, y: float, z: float) -> tuple[float, float, float]:
    return float(x), float(y), float(z)


def _lit(piece: Piece) -> Piece:
    """Return a piece in flat colours with its texture's v chosen by how it faces the light from above."""
    if piece.material not in ("cloth_small", "accessory"):
        return piece
    rows = 2 if piece.material == "cloth_small" else 4
    row = np.floor(piece.uv[:, 1].mean() * rows)
    shade = 0.5 - 0.5 * (piece.normals @ np.array([-0.30, 0.78, 0.55]))
    v = (row + 0.08 + 0.84 * np.clip(shade, 0, 1)) / rows
    return dataclasses.replace(piece, uv=np.stack([piece.uv[:, 0], v], -1))


def _features(head: Head, recipe: Recipe) -> list[Piece]:
    """Patches for whites, irises, highlights, lashes, brows and mouth, each a little before the last."""
    f = recipe.face
    made = []
    for row, side in ((0, -1.0), (1, 1.0)):
        x0, x1, y0, y1 = EYE_TILE
        box = (side * f.eye_x + x0, side * f.eye_x + x1, f.eye_y + y0, f.eye_y + y1)
        for column, (layer, offset) in enumerate(zip(EYE_LAYERS, (0.0005, 0.0010, 0.0014, 0.0018), strict=True)):
            uv = (column / 4, row / 2, (column + 1) / 4, (row + 1) / 2)
            made.append(patch(head, box, "eyes", f"eye_{layer}", offset=offset, uv_box=uv, steps=(11, 14)))
        cx, cy = brow_centre(f, recipe.eyes)
        bx0, bx1, by0, by1 = BROW_TILE
        uv = (0.0, 0.0, 1.0, 1.0) if side > 0 else (1.0, 0.0, 0.0, 1.0)
        made.append(
            patch(
                head,
                (side * cx + bx0, side * cx + bx1, cy + by0, cy + by1),
                "brows",
                "brow",
                offset=0.0009,
                uv_box=uv,
                steps=(4, 12),
            )
        )
    x0, x1, y0, y1 = MOUTH_TILE
    made.append(patch(head, (x0, x1, f.mouth_y + y0, f.mouth_y + y1), "mouth", "mouth", offset=0.0006, steps=(8, 12)))
    return made


def _body(recipe: Recipe, torso: Torso) -> list[Piece]:
    body, kind = recipe.body, CLOTHES[recipe.body.clothes]
    sleeves = body.sleeves if kind.sleeves is None else kind.sleeves
    made = [torso.neck(), torso.piece("neck", "body"), torso.piece("clothes", "cloth", swell=kind.swell)]
    if sleeves:
        made += torso.arms("clothes", "sleeve", radius=0.031 * body.shoulder / 0.106 + kind.swell, flare=1.1)
    else:
        made += torso.arms("neck", "body", radius=0.029 * body.shoulder / 0.106)
    return made


def _materials(recipe: Recipe, clothes: Garment, rng: Generator) -> tuple[Material, ...]:
    skin = skin_picture(recipe)
    eyes = eye_sheet(recipe.face, recipe.eyes, rng)
    cloth = np.concatenate([clothes.front.picture(), clothes.back.picture()], 1)
    hair = hair_picture(recipe.hair, rng)
    return (
        Material("face", "Face_SKIN", face_picture(recipe, rng)),
        Material("neck", "Neck_SKIN", skin),
        Material("body", "Body_SKIN", np.ascontiguousarray(skin[48:])),
        Material("ears", "Ear_SKIN", ear_picture(recipe), double_sided=True),
        Material("cloth", "Trunk_CLOTH", cloth, "MASK"),
        Material("sleeve", "Sleeve_CLOTH", clothes.sleeve.picture()),
        Material("cloth_small", "Small_CLOTH", swatches(recipe.body), double_sided=True),
        Material("accessory", "Accessory", worn_sheet(recipe), double_sided=True),
        Material("tie", "Accessory_Tie", flat_picture(recipe)),
        Material("ears_fur", "Fur_HAIR", hair),
        Material("hair", "Hair_HAIR", hair, double_sided=True),
        Material("eye_white", "EyeWhite_EYE", eyes, "MASK"),
        Material("eye_iris", "EyeIris_EYE", eyes, "MASK"),
        Material("mouth", "Face_Mouth", mouth_picture(recipe.face, recipe.eyes), "BLEND", queue=1),
        Material("eye_lash", "EyeLash_EYE", eyes, "BLEND", queue=2),
        Material("eye_shine", "EyeHighlight_EYE", eyes, "BLEND", queue=3),
        Material("brow", "Face_Brow", brow_picture(recipe.eyes), "BLEND", queue=4),
    )


def skin_picture(recipe: Recipe) -> Picture:
    """Return the neck's skin, dark under the chin; its lower part is the body's: uint8 (64, 16, 4)."""
    v = np.linspace(0, 1, 64)[:, None, None]
    shadow = np.clip((0.58 - v) / 0.14, 0, 1)
    rgb = np.asarray(recipe.face.skin) * (1 - shadow * (1 - np.array(shade_of(recipe.face.skin))) * 0.7)
    return as_picture(np.broadcast_to(rgb, (64, 16, 3)))


def ear_picture(recipe: Recipe) -> Picture:
    """Return the ears' skin: redder in the hollow, which lies at the top of the picture."""
    v = np.linspace(0, 1, 64)[:, None, None]
    skin = np.asarray(recipe.face.skin)
    inner = skin * np.array([0.93, 0.74, 0.74])
    rgb = inner + (skin - inner) * np.clip((v - 0.28) / 0.12, 0, 1)
    return as_picture(np.broadcast_to(rgb, (64, 32, 3)))


def worn_sheet(recipe: Recipe) -> Picture:
    """Return the flat colours of accessories: four columns of main, second, metal and dark, uint8 (128, 128, 4)."""
    sheet = np.ones((128, 128, 4))
    shade = _SHADES
    for slot, worn in enumerate(recipe.worn[:4]):
        for row, colour in enumerate((worn.main, worn.second, (0.95, 0.80, 0.40), scaled(worn.main, 0.30))):
            sheet[row * 32 : row * 32 + 32, slot * 32 : slot * 32 + 32, :3] = np.clip(np.asarray(colour) * shade, 0, 1)
    return as_picture(sheet)


_SHADES = np.interp(np.linspace(0, 1, 32), [0, 0.12, 0.42, 0.52, 1], [1.10, 1.0, 0.97, 0.84, 0.70])[:, None, None]


def flat_picture(recipe: Recipe) -> Picture:
    """Return the colour of hair ties, uint8 (8, 8, 4)."""
    return as_picture(np.broadcast_to(np.asarray(recipe.hair.tie), (8, 8, 3)))


def _bones(torso: Torso) -> dict[str, tuple[float, float, float]]:
    s, y, n = torso.body.shoulder, torso.arm_y, torso.neck_y
    places = {
        "hips": (0.0, n - 0.42, 0.0),
        "spine": (0.0, n - 0.33, 0.0),
        "chest": (0.0, n - 0.15, 0.0),
        "neck": (0.0, n, -0.010),
        "head": (0.0, -0.1, 0.0),
    }
    for side, x in (("left", 1.0), ("right", -1.0)):
        places |= {
            f"{side}UpperArm": (x * s, y, -0.006),
            f"{side}LowerArm": (x * (s + 0.20), y, -0.006),
            f"{side}Hand": (x * (s + 0.40), y, -0.006),
            f"{side}UpperLeg": (x * 0.07, n - 0.46, 0.0),
            f"{side}LowerLeg": (x * 0.07, n - 0.82, 0.0),
            f"{side}Foot": (x * 0.07, n - 1.18, 0.0),
        }
    return places


def landmarks(head: Head, recipe: Recipe) -> Array:
    """Return the 28 landmarks (28, 3) on the face's surface, in the field frame."""
    f, e = recipe.face, recipe.eyes
    xy = np.empty((28, 2))
    drop = f.eye_y - f.chin
    for k, (side, share) in enumerate(((-1, 0.02), (-1, 0.61), (0, 1.0), (1, 0.61), (1, 0.02))):
        y = f.eye_y - share * drop
        xy[CONTOUR][k] = side * float(head.half_width(np.array(y))) * 0.93, max(y, f.chin + 0.0008)
    eye, brow, mouth = EyeLines(e), BrowLines(e), MouthLines(e)
    xy[RIGHT_EYE] = eye.landmarks(-1.0) + [-f.eye_x, f.eye_y]
    xy[LEFT_EYE] = eye.landmarks(1.0) + [f.eye_x, f.eye_y]
    ends = brow.path[[-1, len(brow.path) // 2, 0]]
    cx, cy = brow_centre(f, e)
    xy[RIGHT_LASH] = ends * [-1, 1] + [-cx, cy]
    xy[LEFT_LASH] = ends[::-1] + [cx, cy]
    xy[NOSE] = 0.0, f.nose_y
    xy[MOUTH] = mouth.landmarks() + [0.0, f.mouth_y]
    return head.on_surface(xy)
