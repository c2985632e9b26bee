"""The table of what is worn on the head: one function each, and one line in ACCESSORIES."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from paic3d_studio.datasets.generated.ears import fur_ear
from paic3d_studio.datasets.generated.hair import HairVolume
from paic3d_studio.datasets.generated.hats import beanie, beret, cap, straw_hat, top_hat, witch_hat
from paic3d_studio.datasets.generated.recipe import Recipe
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    curve,
    ellipsoid,
    grid_piece,
    mirrored,
    moved,
    seam_uv,
    torus,
    tube,
    turn,
    unit,
)
from paic3d_studio.datasets.generated.tailoring import bow
from paic3d_studio.datasets.generated.worn import Place, facing, flat, headband

FORWARD: Final = np.array([0.0, 0.0, 1.0])


def _ribbon(p: Place) -> list[Piece]:
    """A bow: at the back, on the side, or on top."""
    size = 0.040 * p.worn.size
    spots = ((180.0, 55.0), (72.0 * p.worn.side, 40.0), (4.0, 16.0), (180.0, 92.0))
    phi, theta = spots[int(p.worn.variant * 3.99)]
    place, away = p.on(phi, theta, off=0.012)
    rotation = facing(unit(away * [1, 0.35, 1]))
    return bow(size, "accessory", "accessory", p.box(), (place[0], place[1], place[2]), rotation)


def _twin_ribbons(p: Place) -> list[Piece]:
    size = 0.026 * p.worn.size
    place, away = p.on(84.0, 46.0, off=0.012)
    left = bow(
        size,
        "accessory",
        "accessory",
        p.box(),
        (place[0], place[1], place[2]),
        facing(unit(away * [1, 0.5, 1] + [0, 0, 0.5])),
    )
    return left + [mirrored(piece) for piece in left]


def _bow_band(p: Place) -> list[Piece]:
    """A headband with a large bow on top, like an old fairy tale's."""
    place, _ = p.on(25.0 * p.worn.side, 18.0, off=0.014)
    return headband(p, width=0.014) + bow(
        0.045 * p.worn.size,
        "accessory",
        "accessory",
        p.box(),
        (place[0], place[1], place[2] + 0.012),
        turn("z", -16 * p.worn.side),
        tails=False,
    )


def _maid_band(p: Place) -> list[Piece]:
    thetas = np.linspace(-70, 70, 61)
    made = []
    for row, (height, z) in enumerate(((0.017, 0.008), (0.013, 0.018))):
        line = []
        for theta in thetas:
            place, away = p.on(90.0 if theta > 0 else -90.0, abs(float(theta)), off=0.006)
            wave = 0.0028 * np.cos(np.radians(theta) * 24)
            base = place + [0, 0, 0.018 * np.cos(np.radians(theta)) + z]
            line.append(
                (base, base + away * height * 0.6 + [0, 0, wave], base + away * (height + wave) + [0, 0, wave * 2])
            )
        points = np.array(line).transpose(1, 0, 2)
        uv = seam_uv(3, 61, p.box("second"))
        made += [
            grid_piece(points, uv, "accessory", "accessory"),
            grid_piece(points - [0, 0, 0.0015], uv, "accessory", "accessory", flip=True),
        ]
        del row
    return made + headband(p, width=0.012, theta_end=84, lean=0.022)


def _glasses(p: Place) -> list[Piece]:
    f = p.recipe.face
    head = p.volume.head
    half_w, half_h = 0.0285 * p.worn.size, (0.024 if p.worn.variant < 0.5 else 0.018) * p.worn.size
    power = 2.0 if p.worn.variant < 0.5 else 4.0
    angle = np.linspace(0, 2 * np.pi, 40)
    c, s = np.cos(angle), np.sin(angle)
    x = f.eye_x - 0.001 + half_w * np.sign(c) * np.abs(c) ** (2 / power)
    y = f.eye_y - 0.002 + half_h * np.sign(s) * np.abs(s) ** (2 / power)
    z = 0.110 + 0.0 * x - 2.2 * np.clip(np.abs(x) - 0.03, 0, None) ** 2 * 4
    rim = np.stack([x, y, np.maximum(z, head.surface(x, y) + 0.005)], -1)
    box = p.box("main")
    left = tube(rim, 0.0017, "accessory", "accessory", outward=FORWARD, columns=6, uv_box=box, capped=False)
    hinge = rim[0]
    arm = curve(
        np.stack(
            [
                hinge,
                hinge + [0.012, 0.002, -0.016],
                [f.half_width + 0.003, f.eye_y + 0.004, 0.015],
                [f.half_width + 0.004, f.eye_y, -0.02],
            ]
        ),
        14,
    )
    temple = tube(arm, 0.0017, "accessory", "accessory", columns=6, uv_box=box)
    inner = rim[20]
    bridge = curve(np.stack([inner, [0, inner[1] + 0.006, inner[2] + 0.004], inner * [-1, 1, 1]]), 9)
    return [
        left,
        mirrored(left),
        temple,
        mirrored(temple),
        tube(bridge, 0.0016, "accessory", "accessory", outward=FORWARD, columns=6, uv_box=box),
    ]


def _horns(p: Place) -> list[Piece]:
    phi, theta = 48.0, 38.0
    place, away = p.on(phi, theta, off=-0.006)
    size = 0.068 * p.worn.size
    kind = int(p.worn.variant * 3.99)
    shapes = {
        0: [(0, 0, 0), (0.25, 0.55, 0.05), (0.25, 1.1, 0.12), (0.0, 1.55, 0.2)],
        1: [(0, 0, 0), (0.55, 0.35, -0.25), (0.95, 0.05, -0.55), (0.95, -0.50, -0.30), (0.80, -0.65, 0.25)],
        2: [(0, 0, 0), (0.12, 0.3, 0.25), (0.16, 0.55, 0.5), (0.14, 0.7, 0.8)],
        3: [(0, 0, 0), (0.30, 0.45, -0.35), (0.50, 0.70, -0.9), (0.55, 0.65, -1.5)],
    }
    path = curve(np.array(shapes[kind]) * size + place, 26)
    thick = {0: 0.014, 1: 0.019, 2: 0.015, 3: 0.016}[kind]
    t = np.linspace(0, 1, 26)
    radii = thick * p.worn.size * (1 - 0.93 * t) * (1 + 0.05 * np.sin(t * 60))
    horn = tube(path, radii, "accessory", "accessory", outward=FORWARD, columns=12, uv_box=p.box())
    del away
    return [horn, mirrored(horn)]


def _one_horn(p: Place) -> list[Piece]:
    place, _ = p.on(0.0, 47.0, off=-0.006)
    path = curve(np.stack([place, place + [0, 0.035, 0.022], place + [0, 0.085 * p.worn.size, 0.045]]), 20)
    t = np.linspace(0, 1, 20)
    return [
        tube(
            path,
            0.015 * (1 - 0.95 * t) * (1 + 0.06 * np.sin(t * 50)),
            "accessory",
            "accessory",
            outward=FORWARD,
            columns=12,
            uv_box=p.box(),
        )
    ]


def _halo(p: Place) -> list[Piece]:
    top = float(p.volume.on(np.array(0.0), np.array(0.0))[1])
    return [
        torus(
            (0, top + 0.040, -0.015),
            (0.058, 0.058),
            0.0052,
            "accessory",
            "accessory",
            tilt=turn("x", -9),
            uv_box=p.box(),
        )
    ]


def _flower_at(p: Place, place: Array, away: Array, size: float) -> list[Piece]:
    rotation = facing(away)
    made = []
    petals = 5 + int(p.worn.variant * 3)
    for k in range(petals):
        a = 2 * np.pi * k / petals
        local = np.array([0.62 * size * np.sin(a), 0.62 * size * np.cos(a), 0.0])
        tilt = rotation @ turn("z", -np.degrees(a)) @ turn("x", -18)
        made.append(
            ellipsoid(
                place + rotation @ local,
                np.array([0.42, 0.58, 0.16]) * size,
                "accessory",
                "accessory",
                rows=4,
                columns=6,
                tilt=tilt,
                uv_box=p.box(),
            )
        )
    made.append(
        ellipsoid(
            place + rotation @ np.array([0, 0, 0.16 * size]),
            np.full(3, 0.26 * size),
            "accessory",
            "accessory",
            rows=4,
            columns=6,
            uv_box=p.box("second"),
        )
    )
    return made


def _flower(p: Place) -> list[Piece]:
    place, away = p.on(62.0 * p.worn.side, 54.0, off=0.012)
    return _flower_at(p, place, away, 0.028 * p.worn.size)


def _flower_wreath(p: Place) -> list[Piece]:
    made = []
    for k, phi in enumerate(np.linspace(0, 360, 13, endpoint=False)):
        place, away = p.on(float(phi), 50.0 + 4 * (k % 2), off=0.010)
        made += _flower_at(p, place, away, 0.019 * p.worn.size * (1 + 0.2 * (k % 2)))
    return made


def _headphones(p: Place) -> list[Piece]:
    band = headband(p, width=0.020, theta_end=86, lean=0.0)
    place, _ = p.on(90.0, 98.0, off=0.004)
    place = np.array([place[0], p.recipe.face.eye_y + 0.012, -0.004])
    cup = ellipsoid(
        place + [0.008, 0, 0], (0.036, 0.017, 0.032), "accessory", "accessory", tilt=turn("z", -90), uv_box=p.box()
    )
    ring = torus(
        place + [0.020, 0, 0],
        (0.020, 0.020),
        0.005,
        "accessory",
        "accessory",
        tilt=turn("z", -90),
        uv_box=p.box("second"),
    )
    pad = ellipsoid(
        place - [0.002, 0, 0],
        (0.038, 0.012, 0.034),
        "accessory",
        "accessory",
        tilt=turn("z", -90),
        uv_box=p.box("dark"),
    )
    return [*band, cup, ring, pad, mirrored(cup), mirrored(ring), mirrored(pad)]


def _hairpins(p: Place) -> list[Piece]:
    made = []
    for k in range(2 if p.worn.variant < 0.6 else 1):
        place, away = p.on(40.0 * p.worn.side, 62.0 + 7 * k, off=0.010)
        rotation = facing(away) @ turn("z", (20 + 34 * k * (p.worn.variant > 0.3)) * p.worn.side)
        bar = np.array(
            [(-0.019, -0.0035), (0.019, -0.0035), (0.021, 0.0), (0.019, 0.0035), (-0.019, 0.0035), (-0.021, 0.0)]
        )
        made.append(moved(flat(bar * p.worn.size, 0.004, p.box()), rotation=rotation, shift=place))
    if p.worn.variant >= 0.6:
        star = np.arange(10) * np.pi / 5
        reach = np.where(np.arange(10) % 2 == 0, 0.017, 0.008)
        place, away = p.on(44.0 * p.worn.side, 66.0, off=0.014)
        made = [
            moved(
                flat(np.stack([np.sin(star) * reach, np.cos(star) * reach], -1)[::-1], 0.005, p.box(), dome=0.002),
                rotation=facing(away),
                shift=place,
            )
        ]
    return made


def _tiara(p: Place) -> list[Piece]:
    phi = np.linspace(-58, 58, 49)
    base = np.stack([p.on(float(a), 48.0, off=0.008)[0] for a in phi])
    height = 0.006 + 0.022 * np.abs(np.cos(np.radians(phi) * 4.66)) ** 3 * np.cos(np.radians(phi)) ** 2
    points = np.stack([base + [0, 1, 0.15] * height[:, None], base + [0, 0.001, 0], base - [0, 0.004, 0]])
    uv = seam_uv(3, 49, p.box("metal"))
    gem, away = p.on(0.0, 47.0, off=0.012)
    return [
        grid_piece(points, uv, "accessory", "accessory"),
        grid_piece(points - [0, 0, 0.002], uv, "accessory", "accessory", flip=True),
        ellipsoid(gem + away * 0.001 + [0, 0.006, 0], (0.006, 0.008, 0.005), "accessory", "accessory", uv_box=p.box()),
    ]


def _crown(p: Place) -> list[Piece]:
    place, _ = p.on(30.0 * p.worn.side, 14.0, off=0.002)
    angle = np.linspace(0, 2 * np.pi, 61)
    r = 0.034 * p.worn.size
    spike = 1.0 + 0.55 * np.abs(np.cos(angle * 2.5)) ** 3
    rows = [
        np.stack([r * (1 + 0.12 * t) * np.sin(angle), r * (t * spike - 0.15), r * (1 + 0.12 * t) * np.cos(angle)], -1)
        for t in (1.0, 0.5, 0.0)
    ]
    points = np.stack(rows) @ turn("z", -14 * p.worn.side).T + place
    uv = seam_uv(3, 61, p.box("metal"))
    inner = (points - place) * [0.93, 1, 0.93] + place
    return [
        grid_piece(points, uv, "accessory", "accessory"),
        grid_piece(inner, uv, "accessory", "accessory", flip=True),
    ]


def _earrings(p: Place) -> list[Piece]:
    f = p.recipe.face
    place = np.array([f.half_width + 0.010, f.nose_y - 0.010, -0.004])
    drop = ellipsoid(
        place - [0, 0.006, 0], (0.0045, 0.009, 0.0045), "accessory", "accessory", uv_box=p.box(), rows=7, columns=10
    )
    if p.worn.variant > 0.5:
        drop = torus(
            place - [0, 0.010, 0],
            (0.010, 0.010),
            0.0016,
            "accessory",
            "accessory",
            tilt=turn("x", 90),
            uv_box=p.box("metal"),
            steps=20,
        )
    return [drop, mirrored(drop)]


def _eyepatch(p: Place) -> list[Piece]:
    f, head, side = p.recipe.face, p.volume.head, p.worn.side
    outline = curve(
        [
            (-0.030, 0.014),
            (0.0, 0.026),
            (0.030, 0.014),
            (0.028, -0.010),
            (0.004, -0.030),
            (-0.026, -0.014),
            (-0.030, 0.014),
        ],
        36,
    )[:-1]
    lens = flat(outline, 0.003, p.box("dark" if p.worn.variant < 0.6 else "second"))
    xy = lens.positions[:, :2] * [side, 1] + [side * f.eye_x, f.eye_y]
    z = (
        np.maximum(
            head.surface(xy[:, 0], xy[:, 1]),
            head.surface(np.full(len(xy), side * f.eye_x), np.full(len(xy), f.eye_y))
            - 3.2 * (xy[:, 0] - side * f.eye_x) ** 2 * 3,
        )
        + 0.006
        + lens.positions[:, 2]
    )
    faces = lens.faces if side > 0 else lens.faces[:, ::-1]
    cover = dataclasses.replace(lens, positions=np.concatenate([xy, z[:, None]], -1), faces=faces)
    straps = []
    for control in (
        [(0.020, 0.016), (-0.030, 0.050), (-0.075, 0.085)],
        [(-0.022, 0.012), (-0.060, 0.034), (-0.115, 0.058)],
        [(0.024, -0.004), (0.044, -0.010)],
    ):
        line = curve(np.array(control) * [side, 1] + [side * f.eye_x, f.eye_y], 14)
        inside = np.abs(line[:, 0]) < head.half_width(line[:, 1]) - 0.002
        path = head.on_surface(line[inside], offset=0.0035)
        box = p.box("dark" if p.worn.variant < 0.6 else "second")
        straps.append(
            tube(path, 0.0028, "accessory", "accessory", outward=FORWARD, flatness=0.4, columns=6, uv_box=box)
        )
    return [cover, *straps]


def _goggles(p: Place) -> list[Piece]:
    made = []
    for side in (-1.0, 1.0):
        place, away = p.on(side * 17.0, 50.0, off=0.012)
        rotation = facing(away) @ turn("x", 90)
        made.append(
            moved(
                torus((0, 0, 0), (0.024, 0.021), 0.006, "accessory", "accessory", uv_box=p.box("metal")),
                rotation=rotation,
                shift=place,
            )
        )
        made.append(
            moved(
                ellipsoid((0, 0.001, 0), (0.023, 0.006, 0.020), "accessory", "accessory", uv_box=p.box("second")),
                rotation=rotation,
                shift=place,
            )
        )
    phi = np.linspace(30, 330, 50)
    strap = np.stack([p.on(float(a), float(np.interp(abs(a - 180), [0, 150], [72, 52])), off=0.008)[0] for a in phi])
    made.append(
        tube(strap, 0.010, "accessory", "accessory", outward=p.volume.outward(strap), flatness=0.25, uv_box=p.box())
    )
    return made


def _cat_band(p: Place) -> list[Piece]:
    """A headband with a pair of false ears."""
    made = headband(p, width=0.010, theta_end=90)
    ear = fur_ear(
        p.volume,
        "cat",
        fur=("accessory", "accessory", p.box()),
        inner=("accessory", "accessory", p.box("second")),
        scale=0.85,
        forward=0.012,
    )
    return made + ear + [mirrored(piece) for piece in ear]


def _feather(p: Place) -> list[Piece]:
    place, away = p.on(70.0 * p.worn.side, 55.0, off=0.008)
    path = curve(np.stack([place, place + away * 0.02 + [0, 0.03, -0.02], place + away * 0.03 + [0, 0.075, -0.05]]), 16)
    t = np.linspace(0, 1, 16)
    return [
        tube(
            path,
            0.017 * np.sin(np.clip(t * 3.0 + 0.14, 0, np.pi)) + 0.001,
            "accessory",
            "accessory",
            outward=np.broadcast_to(away, path.shape),
            flatness=0.2,
            uv_box=p.box(),
        )
    ]


def _mask_on_head(p: Place) -> list[Piece]:
    """A fox's mask worn at the side of the head."""
    place, away = p.on(58.0 * p.worn.side, 44.0, off=0.012)
    outline = curve(
        [
            (0, 0.040),
            (0.018, 0.046),
            (0.034, 0.060),
            (0.037, 0.020),
            (0.022, -0.022),
            (0.0, -0.040),
            (-0.022, -0.022),
            (-0.037, 0.020),
            (-0.034, 0.060),
            (-0.018, 0.046),
            (0, 0.040),
        ],
        60,
    )[:-1]
    rotation = facing(away)
    face = moved(flat(outline[::-1], 0.006, p.box("second"), dome=0.014), rotation=rotation, shift=place)
    marks = []
    for side in (-1, 1):
        slit = curve(
            [
                (side * 0.006, 0.010),
                (side * 0.016, 0.018),
                (side * 0.026, 0.024),
                (side * 0.016, 0.012),
                (side * 0.006, 0.010),
            ],
            16,
        )[:-1]
        marks.append(moved(flat(slit, 0.003, p.box("main")), rotation=rotation, shift=place + away * 0.014))
    return [face, *marks]


@dataclasses.dataclass(frozen=True)
class Accessory:
    """One thing to wear: how it is made, where it sits (two in one place do not go together), what goes with it."""

    make: Callable[[Place], list[Piece]]
    place: str
    palette: str = "accent"


ACCESSORIES: Final[Mapping[str, Accessory]] = {
    "ribbon": Accessory(_ribbon, "side"),
    "twin ribbons": Accessory(_twin_ribbons, "side"),
    "headband": Accessory(headband, "band"),
    "bow headband": Accessory(_bow_band, "band"),
    "maid headband": Accessory(_maid_band, "band", "white"),
    "cat ears headband": Accessory(_cat_band, "band", "dark"),
    "beret": Accessory(beret, "hat"),
    "cap": Accessory(cap, "hat"),
    "witch hat": Accessory(witch_hat, "hat", "dark"),
    "straw hat": Accessory(straw_hat, "hat", "straw"),
    "beanie": Accessory(beanie, "hat"),
    "small top hat": Accessory(top_hat, "side", "dark"),
    "glasses": Accessory(_glasses, "face", "frame"),
    "eyepatch": Accessory(_eyepatch, "face", "white"),
    "horns": Accessory(_horns, "horns", "horn"),
    "one horn": Accessory(_one_horn, "horns", "horn"),
    "halo": Accessory(_halo, "over", "gold"),
    "flower": Accessory(_flower, "side", "flower"),
    "flower wreath": Accessory(_flower_wreath, "band", "flower"),
    "headphones": Accessory(_headphones, "band"),
    "hairpins": Accessory(_hairpins, "side"),
    "tiara": Accessory(_tiara, "band", "gold"),
    "crown": Accessory(_crown, "side", "gold"),
    "earrings": Accessory(_earrings, "ears", "gold"),
    "goggles": Accessory(_goggles, "band", "leather"),
    "feather": Accessory(_feather, "side", "feather"),
    "fox mask": Accessory(_mask_on_head, "side", "mask"),
}


def worn_pieces(recipe: Recipe, volume: HairVolume) -> list[Piece]:
    """Return the surfaces of everything a character wears on the head."""
    return [
        piece
        for slot, worn in enumerate(recipe.worn)
        for piece in ACCESSORIES[worn.name].make(Place(recipe, volume, worn, slot))
    ]
