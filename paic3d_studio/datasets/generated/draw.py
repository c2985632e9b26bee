"""Draw recipes from seeds: the one place that decides how characters vary and what goes with what."""

from __future__ import annotations

import colorsys
import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.random import Generator

from paic3d_studio.datasets.generated.accessories import ACCESSORIES
from paic3d_studio.datasets.generated.clothes import CLOTHES
from paic3d_studio.datasets.generated.cuts import CUTS
from paic3d_studio.datasets.generated.ears import EARS
from paic3d_studio.datasets.generated.paint import mixed, scaled
from paic3d_studio.datasets.generated.palettes import (
    CLOTHES as OUTFITS,
)
from paic3d_studio.datasets.generated.palettes import (
    EYE_WEIGHTS,
    EYES,
    HAIR,
    HAIR_WEIGHTS,
    SKIN,
    deepened,
    jittered,
    lightened,
    weighted,
)
from paic3d_studio.datasets.generated.recipe import BodyRecipe, Colour, EyeRecipe, FaceRecipe, HairRecipe, Recipe, Worn

_MASCULINE_CUTS: Final = (
    "pixie",
    "short back",
    "spiky",
    "messy",
    "crew",
    "swept back",
    "wolf",
    "curly",
    "medium",
    "low ponytail",
    "shag",
    "top knot",
)
_ELDER_CUTS: Final = (
    "bun",
    "low bun",
    "short back",
    "swept back",
    "bob",
    "medium",
    "pixie",
    "low ponytail",
    "curly",
    "top knot",
    "crew",
)
_NOT_FEMININE: Final = ("crew", "swept back")
_HIDES_TOP: Final = ("hat",)


def drawn_recipe(seed: int) -> Recipe:
    """Return the character of a seed."""
    rng = np.random.default_rng([seed, 0])
    gender = weighted(rng, ["feminine", "masculine", "androgynous"], [58, 30, 12])
    age = weighted(rng, ["child", "teen", "adult", "elder"], [18, 42, 32, 8])
    face = _face(rng, gender, age)
    hair_colour, hair = _hair(rng, gender, age)
    eye_colour, eyes = _eyes(rng, gender, age, face, hair)
    body = _body(rng, gender, age)
    ears = _ears(rng, hair)
    worn = _worn(rng, gender, hair, body, ears)
    hair = _under_hat(rng, hair, worn)
    return Recipe(seed, gender, age, face, eyes, hair, body, ears, worn, hair_colour, eye_colour)


def _pick(rng: Generator, names: Sequence[str], weights: Sequence[float] | None = None) -> str:
    return weighted(rng, list(names), list(weights) if weights is not None else [1.0] * len(names))


def _spread(rng: Generator, low: float, high: float) -> float:
    """Draw between two bounds, the middle more often than the ends."""
    return float(low + (high - low) * rng.beta(1.8, 1.8))


def _face(rng: Generator, gender: str, age: str) -> FaceRecipe:
    child, elder = age == "child", age == "elder"
    man = gender == "masculine" and not child
    chin = (
        _spread(rng, -0.131, -0.122) if child else _spread(rng, -0.142, -0.130) if man else _spread(rng, -0.137, -0.127)
    )
    eye_y = (
        _spread(rng, -0.050, -0.042) if child else _spread(rng, -0.040, -0.030) if man else _spread(rng, -0.046, -0.036)
    )
    mouth_y = chin + _spread(rng, 0.027, 0.034) * (1.1 if man else 1.0)
    skins, weights = zip(*SKIN, strict=True)
    skin = jittered(rng, skins[int(rng.choice(len(skins), p=np.array(weights) / sum(weights)))], hue=0.006, value=0.008)
    return FaceRecipe(
        half_width=_spread(rng, 0.083, 0.091),
        top=_spread(rng, 0.094, 0.104),
        chin=chin,
        cheek=_spread(rng, 0.80, 0.88) if child else _spread(rng, 0.70, 0.82) if not man else _spread(rng, 0.74, 0.84),
        jaw=_spread(rng, 0.50, 0.60) if child else _spread(rng, 0.52, 0.64) if man else _spread(rng, 0.42, 0.54),
        chin_width=_spread(rng, 0.09, 0.17) if not man else _spread(rng, 0.14, 0.26),
        flatness=_spread(rng, 2.1, 2.6),
        nose=_spread(rng, 0.006, 0.010) if child else _spread(rng, 0.012, 0.018) if man else _spread(rng, 0.008, 0.014),
        eye_y=eye_y,
        eye_x=_spread(rng, 0.0385, 0.0440),
        nose_y=mouth_y + _spread(rng, 0.021, 0.027),
        mouth_y=mouth_y,
        skin=skin,
        blush=mixed(scaled(skin, 0.98), (0.95, 0.35, 0.35), _spread(rng, 0.30, 0.45)),
        blush_strength=float(rng.choice([0.15, 0.35, 0.5, 0.7], p=[0.3, 0.35, 0.2, 0.15]))
        * (0.5 if man or elder else 1.0),
        wrinkles=_spread(rng, 0.6, 1.0) if elder else 0.0,
        freckles=bool(rng.random() < 0.06),
        mole=float(rng.choice([0.0, -1.0, 1.0], p=[0.9, 0.05, 0.05])),
        mark=_pick(rng, ["none", "scar", "whiskers", "stripes", "diamond", "plaster"], [86, 3.5, 2, 3, 2.5, 3]),
        nose_style=_pick(
            rng, ["dot", "shadow", "line", "nostrils", "light"], [30, 24, 22 if man or elder else 8, 10, 20]
        ),
        beard=_pick(
            rng, ["none", "stubble", "moustache", "goatee", "full"], [40, 10, 14, 12, 24] if elder else [74, 9, 4, 7, 6]
        )
        if man and age in ("adult", "elder")
        else "none",
    )


def _iris(rng: Generator, base: Colour) -> tuple[Colour, Colour, Colour]:
    dark = deepened(base, by=0.05, saturation=1.1, value=_spread(rng, 0.32, 0.48))
    light = lightened(jittered(rng, base, hue=0.05), _spread(rng, 0.35, 0.6))
    return dark, base, light


def _eyes(rng: Generator, gender: str, age: str, face: FaceRecipe, hair: HairRecipe) -> tuple[str, EyeRecipe]:
    child, elder = age == "child", age == "elder"
    man = gender == "masculine" and not child
    name = weighted(rng, list(EYES), list(EYE_WEIGHTS))
    base = jittered(rng, EYES[name][int(rng.integers(len(EYES[name])))])
    left = right = _iris(rng, base)
    if rng.random() < 0.05:
        other = _pick(rng, [n for n in EYES if n != name])
        left = _iris(rng, jittered(rng, EYES[other][0]))
    height = _spread(rng, 0.043, 0.053) if child else _spread(rng, 0.028, 0.038) if man else _spread(rng, 0.038, 0.050)
    height *= 0.72 if elder else 1.0
    width = min(_spread(rng, 0.044, 0.056), 2 * (face.eye_x - 0.0125))
    temper = _pick(rng, ["level", "sharp", "droopy"], [45, 32, 23])
    tilt = {
        "level": _spread(rng, -0.001, 0.002),
        "sharp": _spread(rng, 0.003, 0.009),
        "droopy": _spread(rng, -0.008, -0.003),
    }[temper]
    lash_colour = mixed(deepened(hair.root, value=0.42), (0.17, 0.10, 0.12), _spread(rng, 0.45, 1.0))
    bright = min(hair.root) > 0.6
    brow_colour = deepened(hair.root, by=0.02, saturation=1.2, value=0.62 if bright else 0.85)
    mouths = {
        "smile": 30,
        "calm": 18,
        "stern": 8 if not child else 2,
        "cat": 6,
        "smirk": 7,
        "wavy": 2,
        "open": 10,
        "laugh": 7,
        "small": 5,
        "fang": 5,
    }
    iris_share = _spread(rng, 0.45, 0.58)
    lower = _spread(rng, 0.38, 0.48)
    return name, EyeRecipe(
        width=width,
        height=height,
        tilt=tilt,
        peak=_spread(rng, 0.38, 0.58),
        lower=lower,
        lower_peak=_spread(rng, 0.48, 0.66),
        lid=float(rng.choice([0.0, 0.12, 0.38], p=[0.55, 0.33, 0.12])),
        iris_width=min(max(height * iris_share * _spread(rng, 0.74, 0.86), 0.0118), width * 0.36),
        iris_height=max(height * iris_share, 0.0145),
        left_iris=left,
        right_iris=right,
        pupil=_pick(rng, ["round", "large", "slit", "ringed", "star", "none"], [44, 22, 8, 10, 4, 12]),
        highlights=_pick(
            rng, ["two", "one", "tall", "many", "wide", "small", "none"], [30, 18, 18, 10, 7, 14 if man else 7, 4]
        ),
        lash_colour=lash_colour,
        lash=_spread(rng, 0.0020, 0.0032) if man or elder else _spread(rng, 0.0032, 0.0060),
        wing=_spread(rng, 0.001, 0.004) if man else _spread(rng, 0.003, 0.009),
        spikes=0 if man or elder else int(rng.choice([0, 1, 2, 3], p=[0.25, 0.25, 0.3, 0.2])),
        fold=bool(rng.random() < 0.75),
        under=_spread(rng, 0.2, 1.0),
        shadow=jittered(rng, EYES[_pick(rng, list(EYES))][0])
        if not man and age == "adult" and rng.random() < 0.25
        else None,
        brow=_pick(rng, ["thin", "thick", "angled", "short", "flat", "worried"], [34, 22 if man else 10, 20, 8, 16, 8]),
        brow_colour=brow_colour,
        brow_thickness=_spread(rng, 0.0034, 0.0052) if man or elder else _spread(rng, 0.0018, 0.0034),
        brow_gap=_spread(rng, 0.015, 0.021) if man else _spread(rng, 0.018, 0.026),
        brow_tilt=_spread(rng, -0.001, 0.006) if temper == "sharp" or man else _spread(rng, -0.005, 0.002),
        brow_length=_spread(rng, 0.034, 0.046),
        mouth=_pick(rng, list(mouths), list(mouths.values())),
        mouth_width=_spread(rng, 0.018, 0.029) if not man else _spread(rng, 0.022, 0.032),
        lip=mixed(face.skin, (0.85, 0.30, 0.36), _spread(rng, 0.3, 0.6))
        if gender == "feminine" and age == "adult" and rng.random() < 0.4
        else None,
    )


def _hair(rng: Generator, gender: str, age: str) -> tuple[str, HairRecipe]:
    name = (
        _pick(rng, ["grey", "white", "black", "brown"], [40, 40, 8, 12])
        if age == "elder"
        else weighted(rng, list(HAIR), list(HAIR_WEIGHTS))
    )
    root = jittered(rng, HAIR[name][int(rng.integers(len(HAIR[name])))])
    dark = max(root) < 0.4
    if gender == "masculine":
        cut = _pick(rng, _MASCULINE_CUTS)
    elif age == "elder":
        cut = _pick(rng, _ELDER_CUTS)
    else:
        cut = _pick(rng, [c for c in CUTS if c not in _NOT_FEMININE])
    bangs_choice = {
        "straight": 17,
        "choppy": 18,
        "swept": 15,
        "parted": 10,
        "between eyes": 13,
        "spiky": 6,
        "over one eye": 5,
        "short": 3,
        "wispy": 7,
        "slicked": 3,
        "quiff": 0.5,
    }
    if gender == "masculine":
        bangs_choice |= {"straight": 4, "short": 2, "spiky": 16, "quiff": 8, "slicked": 6, "choppy": 20}
    if cut in ("swept back",):
        bangs = _pick(rng, ["slicked", "quiff"])
    elif cut == "crew":
        bangs = _pick(rng, ["short", "quiff", "spiky"])
    elif cut == "curly":
        bangs = _pick(rng, ["choppy", "wispy", "parted", "short"])
    else:
        bangs = _pick(rng, list(bangs_choice), list(bangs_choice.values()))
    short = max(CUTS[cut].length) > -0.10 and not CUTS[cut].ties
    sides = _pick(
        rng,
        ["none", "temple", "cheek", "jaw", "chest", "blunt"],
        [20, 45, 20, 3, 0, 0] if short or gender == "masculine" else [8, 10, 25, 27, 20, 10],
    )
    if bangs in ("slicked", "quiff"):
        sides = "none" if rng.random() < 0.8 else "temple"
    elif sides == "none":
        sides = "temple"
    if cut == "hime":
        bangs, sides = "straight", "blunt"
    extras = []
    if rng.random() < 0.28 and bangs != "slicked":
        extras.append(_pick(rng, ["ahoge", "antennae", "flips", "thin braid", "crown braid"], [50, 12, 14, 16, 10]))
    pattern = (
        _pick(rng, ["plain", "ombre", "dipped", "streaks", "split", "inner", "fringe"], [64, 11, 5, 6, 3, 7, 4])
        if age != "elder"
        else "plain"
    )
    second_name = _pick(rng, [n for n in HAIR if n != name and _goes_with(HAIR[n][0], root)])
    second = jittered(rng, HAIR[second_name][int(rng.integers(len(HAIR[second_name])))])
    shine_style = _pick(rng, ["ring", "soft", "zigzag", "none"], [36, 32, 20, 12])
    low, high = CUTS[cut].length
    return name, HairRecipe(
        cut=cut,
        bangs=bangs,
        sides=sides,
        extras=tuple(extras),
        length=_spread(rng, low, high),
        volume=_spread(rng, 0.005, 0.012) if cut in ("crew", "swept back") else _spread(rng, 0.014, 0.030),
        wide=_spread(rng, 0.75, 1.3),
        high=_spread(rng, 0.75, 1.5),
        flare=_spread(rng, -0.15, 0.35),
        wave=float(rng.choice([0.0, _spread(rng, 0.003, 0.006), _spread(rng, 0.007, 0.012)], p=[0.62, 0.22, 0.16]))
        if cut != "hime"
        else 0.0,
        raggedness=_spread(rng, 0.15, 1.0) if cut != "hime" else 0.1,
        strand_width=_spread(rng, 0.018, 0.030),
        sweep=float(rng.choice([-1.0, 1.0])),
        parting=_spread(rng, -0.25, 0.25),
        bangs_length=_spread(rng, -0.030, -0.006),
        root=root,
        tip=jittered(rng, lightened(root, _spread(rng, 0.0, 0.22)), hue=0.015),
        second=second,
        shine=lightened(root, _spread(rng, 0.28, 0.42) if dark else _spread(rng, 0.4, 0.7)),
        shadow=deepened(root, value=_spread(rng, 0.60, 0.74), by=0.05),
        pattern=pattern,
        shine_style=shine_style,
        tie=OUTFITS[int(rng.integers(len(OUTFITS)))][2],
    )


def _goes_with(second: Colour, first: Colour) -> bool:
    """Whether two hair colours are near in hue, or one of them has hardly any."""
    (h1, s1, v1), (h2, s2, v2) = colorsys.rgb_to_hsv(*first), colorsys.rgb_to_hsv(*second)
    apart = abs((h1 - h2 + 0.5) % 1.0 - 0.5)
    return apart < 0.2 or min(s1, s2) < 0.18 or min(v1, v2) < 0.25


def _body(rng: Generator, gender: str, age: str) -> BodyRecipe:
    child = age == "child"
    man = gender == "masculine" and not child
    kinds = [
        c for c in CLOTHES if not (gender == "masculine" and c in ("sailor", "bare shoulders", "straps", "frills"))
    ]
    kinds = [c for c in kinds if not (child and c in ("armour", "military", "bare shoulders", "straps"))]
    main, second, accent = OUTFITS[int(rng.integers(len(OUTFITS)))]
    clothes = _pick(rng, kinds)
    if clothes == "armour":
        main = jittered(
            rng, ((0.72, 0.75, 0.80), (0.52, 0.54, 0.62), (0.85, 0.80, 0.70), (0.35, 0.36, 0.42))[int(rng.integers(4))]
        )
    return BodyRecipe(
        shoulder=_spread(rng, 0.086, 0.096)
        if child
        else _spread(rng, 0.114, 0.128)
        if man
        else _spread(rng, 0.100, 0.110),
        neck_width=_spread(rng, 0.026, 0.029)
        if child
        else _spread(rng, 0.034, 0.040)
        if man
        else _spread(rng, 0.027, 0.032),
        neck_length=_spread(rng, 0.062, 0.070)
        if child
        else (_spread(rng, 0.076, 0.092) if man else _spread(rng, 0.068, 0.083)),
        bust=0.0 if child or gender == "masculine" else _spread(rng, 0.0, 1.0),
        clothes=clothes,
        sleeves=bool(rng.random() < 0.75),
        main=jittered(rng, main, value=0.03),
        second=jittered(rng, second, value=0.03),
        accent=jittered(rng, accent, value=0.03),
    )


def _ears(rng: Generator, hair: HairRecipe) -> str:
    del hair
    return weighted(rng, list(EARS), [EARS[name].weight for name in EARS])


_PAIRS: Final[dict[str, tuple[tuple[Colour, Colour], ...]]] = {
    "gold": (
        ((0.95, 0.80, 0.40), (0.98, 0.93, 0.72)),
        ((0.86, 0.88, 0.93), (0.97, 0.98, 1.0)),
        ((0.98, 0.92, 0.60), (1, 1, 0.85)),
    ),
    "white": (((0.96, 0.95, 0.97), (0.98, 0.98, 0.99)), ((0.20, 0.18, 0.22), (0.97, 0.97, 0.98))),
    "dark": (
        ((0.18, 0.17, 0.22), (0.75, 0.22, 0.28)),
        ((0.26, 0.20, 0.34), (0.90, 0.74, 0.36)),
        ((0.20, 0.24, 0.30), (0.93, 0.93, 0.95)),
    ),
    "straw": (((0.93, 0.82, 0.56), (0.78, 0.26, 0.26)), ((0.90, 0.78, 0.54), (0.28, 0.36, 0.56))),
    "frame": (
        ((0.16, 0.15, 0.18), (0.5, 0.5, 0.5)),
        ((0.66, 0.18, 0.20), (0.5, 0.5, 0.5)),
        ((0.80, 0.64, 0.34), (0.5, 0.5, 0.5)),
        ((0.30, 0.22, 0.18), (0.5, 0.5, 0.5)),
        ((0.25, 0.32, 0.52), (0.5, 0.5, 0.5)),
    ),
    "horn": (
        ((0.22, 0.19, 0.22), (0.5, 0.5, 0.5)),
        ((0.90, 0.86, 0.78), (0.5, 0.5, 0.5)),
        ((0.60, 0.18, 0.20), (0.5, 0.5, 0.5)),
        ((0.42, 0.36, 0.50), (0.5, 0.5, 0.5)),
    ),
    "flower": (
        ((0.97, 0.97, 0.96), (0.96, 0.80, 0.36)),
        ((0.93, 0.42, 0.50), (0.98, 0.88, 0.55)),
        ((0.98, 0.76, 0.40), (0.55, 0.32, 0.20)),
        ((0.70, 0.62, 0.90), (0.99, 0.93, 0.66)),
        ((0.50, 0.68, 0.92), (0.99, 0.95, 0.78)),
    ),
    "leather": (((0.42, 0.28, 0.20), (0.55, 0.72, 0.80)), ((0.20, 0.19, 0.20), (0.90, 0.66, 0.30))),
    "feather": (
        ((0.96, 0.95, 0.97), (0.9, 0.9, 0.9)),
        ((0.80, 0.30, 0.30), (0.9, 0.9, 0.9)),
        ((0.35, 0.55, 0.80), (0.9, 0.9, 0.9)),
        ((0.30, 0.26, 0.30), (0.9, 0.9, 0.9)),
    ),
    "mask": (((0.78, 0.22, 0.24), (0.97, 0.96, 0.94)),),
}


def _worn(rng: Generator, gender: str, hair: HairRecipe, body: BodyRecipe, ears: str) -> tuple[Worn, ...]:
    count = int(rng.choice([0, 1, 2, 3], p=[0.24, 0.46, 0.23, 0.07]))
    animal = not (ears == "human" or ears.endswith("elf"))
    taken: set[str] = set()
    chosen: list[Worn] = []
    weights = [
        2.2
        if n in ("ribbon", "glasses", "hairpins")
        else 0.45
        if n in ("eyepatch", "one horn", "goggles", "fox mask", "crown", "small top hat")
        else 1.0
        for n in ACCESSORIES
    ]
    high = any(w in hair.cut for w in ("high", "top knot", "bun", "twin"))
    for _ in range(count * 4):
        if len(chosen) == count:
            break
        name = weighted(rng, list(ACCESSORIES), weights)
        thing = ACCESSORIES[name]
        if thing.place in taken or (gender == "masculine" and name in _NOT_FOR_HIM):
            continue
        if name == "earrings" and not (
            CUTS[hair.cut].shows_ears or (CUTS[hair.cut].ties and not CUTS[hair.cut].layers)
        ):
            continue
        if name == "halo" and ears == "rabbit":
            continue
        if animal and (thing.place in ("hat", "horns", "band") or name in ("small top hat", "crown")):
            continue
        if thing.place in ("hat", "band") and taken & {"hat", "band", "horns"}:
            continue
        if thing.place == "horns" and taken & {"hat", "band"}:
            continue
        if thing.place == "hat" and (
            high
            or hair.bangs in ("quiff", "spiky")
            or hair.cut in ("curly", "spiky", "messy")
            or "side" in taken
            or "over" in taken
        ):
            continue
        if thing.place in ("side", "over") and "hat" in taken:
            continue
        taken.add(thing.place)
        main, second = _worn_colours(rng, thing.palette, body)
        chosen.append(
            Worn(name, main, second, _spread(rng, 0.8, 1.25), float(rng.random()), float(rng.choice([-1.0, 1.0])))
        )
    return tuple(chosen)


_NOT_FOR_HIM: Final = (
    "ribbon",
    "twin ribbons",
    "bow headband",
    "maid headband",
    "tiara",
    "flower",
    "flower wreath",
    "cat ears headband",
)


def _worn_colours(rng: Generator, palette: str, body: BodyRecipe) -> tuple[Colour, Colour]:
    if palette in _PAIRS:
        main, second = _PAIRS[palette][int(rng.integers(len(_PAIRS[palette])))]
        return jittered(rng, main), second
    if rng.random() < 0.6:
        return body.accent, body.second
    outfit = OUTFITS[int(rng.integers(len(OUTFITS)))]
    return outfit[2], outfit[1]


def _under_hat(rng: Generator, hair: HairRecipe, worn: tuple[Worn, ...]) -> HairRecipe:
    """Return hair that fits under what is worn: nothing stands up through a hat."""
    del rng
    if any(ACCESSORIES[w.name].place in _HIDES_TOP for w in worn):
        return dataclasses.replace(
            hair, extras=tuple(e for e in hair.extras if e == "thin braid"), volume=min(hair.volume, 0.016)
        )
    return hair
