"""What a character is: every number and choice, drawn from a seed. Variety lives here and nowhere else."""

from __future__ import annotations

import dataclasses
from typing import Final

Colour = tuple[float, float, float]
"""sRGB, 0..1."""


@dataclasses.dataclass(frozen=True)
class FaceRecipe:
    """A head without hair. Lengths in metres in the field frame, whose origin is 0.1 m above the head bone.

    `half_width` at the temples; `top` and `chin` heights of crown and chin; `cheek` and `jaw` shares of `half_width` at
    mouth height and below it; `chin_width` share; `flatness` of the face's sections, 2 is an ellipse; `nose` how far it
    stands out; `eye_y`, `eye_x`, `nose_y`, `mouth_y` places; `skin` and `blush` colours; `blush_strength` 0..1;
    `wrinkles` 0..1; `freckles` yes or no; `mole` 0 for none, else its side; `mark`, `nose_style` and `beard` names in
    paint_face.MARKS, NOSES and BEARDS.
    """

    half_width: float = 0.089
    top: float = 0.098
    chin: float = -0.131
    cheek: float = 0.80
    jaw: float = 0.52
    chin_width: float = 0.2
    flatness: float = 2.3
    nose: float = 0.012
    eye_y: float = -0.040
    eye_x: float = 0.040
    nose_y: float = -0.073
    mouth_y: float = -0.098
    skin: Colour = (0.99, 0.90, 0.85)
    blush: Colour = (0.97, 0.62, 0.58)
    blush_strength: float = 0.4
    wrinkles: float = 0.0
    freckles: bool = False
    mole: float = 0.0
    mark: str = "none"
    nose_style: str = "dot"
    beard: str = "none"


@dataclasses.dataclass(frozen=True)
class EyeRecipe:
    """Both eyes; lengths in metres.

    `width` and `height` of the opening; `tilt` by how much the outer corner is higher than the inner one; `peak` where
    along the opening (0 inner, 1 outer) the upper lid is highest; `lower` share of the height under the corners;
    `lower_peak` where it is lowest; `lid` 0..1 how far the upper lid hangs over the iris; `iris_width`, `iris_height`
    half axes; `left_iris`, `right_iris` colours, each (dark, main, light); `pupil` a name in paint_eyes.PUPILS;
    `highlights` a name in paint_eyes.HIGHLIGHTS; `lash` thickness; `wing` length of its outer end; `spikes` how many
    single lashes; `fold` a crease above; `under` strength of the lower line 0..1; `shadow` eye shadow's colour or None.
    """

    width: float = 0.050
    height: float = 0.040
    tilt: float = 0.0
    peak: float = 0.5
    lower: float = 0.42
    lower_peak: float = 0.55
    lid: float = 0.1
    iris_width: float = 0.0155
    iris_height: float = 0.0190
    left_iris: tuple[Colour, Colour, Colour] = ((0.1, 0.15, 0.4), (0.2, 0.4, 0.8), (0.6, 0.85, 1.0))
    right_iris: tuple[Colour, Colour, Colour] = ((0.1, 0.15, 0.4), (0.2, 0.4, 0.8), (0.6, 0.85, 1.0))
    pupil: str = "round"
    highlights: str = "two"
    lash_colour: Colour = (0.2, 0.12, 0.14)
    lash: float = 0.0035
    wing: float = 0.006
    spikes: int = 2
    fold: bool = True
    under: float = 0.5
    shadow: Colour | None = None
    brow: str = "thin"
    brow_colour: Colour = (0.35, 0.22, 0.2)
    brow_thickness: float = 0.0028
    brow_gap: float = 0.022
    brow_tilt: float = 0.0
    brow_length: float = 0.042
    mouth: str = "smile"
    mouth_width: float = 0.022
    lip: Colour | None = None


@dataclasses.dataclass(frozen=True)
class HairRecipe:
    """Hair.

    `cut`, `bangs`, `sides`, `extras` are names in the tables of hair cuts; `length` the height in metres to which the
    longest hair reaches; `volume` metres by which it stands off the skull, at the sides and on top times `wide` and
    `high`; `flare` radians by which ends turn outwards (negative: inwards); `wave` amplitude in metres; `raggedness`
    0..1 variation of tips; `strand_width` metres; `sweep` the side to which bangs run; `parting` radians from the
    middle; `bangs_length` height of the bangs' tips in metres; `root`, `tip`, `second`, `shine` and `shadow` colours;
    `pattern` and `shine_style` names in paint_hair.PATTERNS and SHINES; `tie` colour of what holds tied hair.
    """

    cut: str = "bob"
    bangs: str = "straight"
    sides: str = "cheek"
    extras: tuple[str, ...] = ()
    length: float = -0.13
    volume: float = 0.016
    wide: float = 1.0
    high: float = 1.0
    flare: float = 0.0
    wave: float = 0.0
    raggedness: float = 0.4
    strand_width: float = 0.022
    sweep: float = 0.0
    parting: float = 0.0
    bangs_length: float = -0.015
    root: Colour = (0.3, 0.2, 0.2)
    tip: Colour = (0.35, 0.25, 0.22)
    second: Colour = (0.9, 0.5, 0.6)
    shine: Colour = (0.6, 0.5, 0.5)
    shadow: Colour = (0.18, 0.1, 0.12)
    pattern: str = "plain"
    shine_style: str = "ring"
    tie: Colour = (0.8, 0.2, 0.3)


@dataclasses.dataclass(frozen=True)
class BodyRecipe:
    """Neck, shoulders and what they wear; `shoulder` half the distance between the arms' bones in metres."""

    shoulder: float = 0.106
    neck_width: float = 0.030
    neck_length: float = 0.078
    bust: float = 0.5
    clothes: str = "shirt"
    collar: str = "none"
    sleeves: bool = True
    main: Colour = (0.95, 0.95, 0.97)
    second: Colour = (0.2, 0.25, 0.45)
    accent: Colour = (0.8, 0.2, 0.25)


@dataclasses.dataclass(frozen=True)
class Worn:
    """One accessory: a name in accessories.ACCESSORIES, two colours, a size factor, a variant 0..1 and a side."""

    name: str
    main: Colour = (0.8, 0.2, 0.3)
    second: Colour = (0.95, 0.95, 0.95)
    size: float = 1.0
    variant: float = 0.5
    side: float = 1.0


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A whole character; `seed` also feeds what is scattered by lot when it is built."""

    seed: int
    gender: str
    age: str
    face: FaceRecipe
    eyes: EyeRecipe
    hair: HairRecipe
    body: BodyRecipe
    ears: str
    worn: tuple[Worn, ...]
    hair_colour: str
    eye_colour: str


GENDERS: Final = ("feminine", "masculine", "androgynous")
AGES: Final = ("child", "teen", "adult", "elder")
