"""The table of clothes: each paints the trunk's picture, leaves holes where skin shows, and adds collars and plates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from paic3d_studio.datasets.generated.body import FRONT_BOX, Torso
from paic3d_studio.datasets.generated.paint import Canvas, mixed, scaled
from paic3d_studio.datasets.generated.recipe import Recipe
from paic3d_studio.datasets.generated.shapes import (
    curve,
    ellipsoid,
    grid_piece,
    mirrored,
    seam_uv,
    solid_patch,
    torus,
    tube,
    turn,
)
from paic3d_studio.datasets.generated.tailoring import (
    SHEET,
    WIDTH,
    Garment,
    blossom,
    boxed,
    buttons,
    chest_bow,
    collar_ring,
    dense,
    flap,
    folds,
    fur,
    lapel,
    neckline,
    necktie,
    on_chest,
    skin_where,
    swatch_uv,
    trim,
)


def garment(recipe: Recipe, torso: Torso) -> Garment:
    """Dress a character: paint and build its clothes."""
    main = recipe.body.main
    made = Garment(
        recipe,
        torso,
        Canvas(FRONT_BOX, WIDTH, height=SHEET[1], ground=main),
        Canvas(FRONT_BOX, WIDTH, height=SHEET[1], ground=main),
        Canvas((0.0, 1.0, 0.0, 1.0), 128, height=128, ground=main),
    )
    for canvas in (made.front, made.back):
        canvas.lay(1.0, main)
        folds(canvas, main, recipe.seed)
    made.sleeve.lay(1.0, main)
    made.sleeve.tint(made.sleeve.glow((0.5, 0.5), (0.2, 9)), scaled(main, 0.82), opacity=0.6)
    CLOTHES[recipe.body.clothes].make(made)
    return made


def _shirt(g: Garment) -> None:
    top = g.torso.neck_y
    skin_where(
        g, neckline(g.front, width=0.036, depth=0.022, top=top), neckline(g.back, width=0.036, depth=0.006, top=top)
    )
    g.front.tint(g.front.stroke(np.array([(0, top - 0.02), (0, -0.42)]), 0.0012), scaled(g.body.main, 0.75))
    buttons(g, (0.0,), tuple(top - 0.045 - 0.035 * k for k in range(5)), scaled(g.body.main, 0.65), 0.0025)
    collar_ring(g, height=0.017, flare=0.007, swatch=0, drop=0.008, gap=0.5)
    lapel(g, reach=0.022, low=0.035, swatch=0)
    necktie(g)


def _t_shirt(g: Garment) -> None:
    top = g.torso.neck_y
    shape = {"width": 0.046, "depth": 0.030, "top": top}
    skin_where(g, neckline(g.front, **shape), neckline(g.back, width=0.046, depth=0.010, top=top))
    trim(g.front, **shape, colour=g.body.second, band=0.006)
    trim(g.back, width=0.046, depth=0.010, top=top, colour=g.body.second, band=0.006)
    kind = g.recipe.seed % 3
    if kind == 0:
        for canvas in (g.front, g.back):
            for k in range(6):
                y = top - 0.055 - 0.032 * k
                canvas.tint(canvas.ramp(y - 0.001, y) * (1 - canvas.ramp(y + 0.013, y + 0.014)), g.body.second)
    elif kind == 1:
        star = np.arange(10) * np.pi / 5
        reach = np.where(np.arange(10) % 2 == 0, 0.030, 0.013)
        g.front.tint(
            g.front.polygon(np.stack([np.sin(star) * reach, np.cos(star) * reach + top - 0.105], -1)), g.body.accent
        )
    else:
        g.front.tint(g.front.ellipse((0, top - 0.105), (0.03, 0.03)), g.body.accent)
        g.front.tint(g.front.ellipse((0, top - 0.105), (0.022, 0.022)), g.body.main)


def _sailor(g: Garment) -> None:
    top = g.torso.neck_y
    v = {"width": 0.040, "depth": 0.072, "top": top, "pointed": 0.85}
    skin_where(g, neckline(g.front, **v), neckline(g.back, width=0.036, depth=0.004, top=top))
    n = 12
    inner = np.stack([np.linspace(0.034, 0.004, n), np.linspace(top + 0.004, top - 0.078, n)], -1)
    outer = np.stack(
        [
            np.interp(np.linspace(0, 1, n), [0, 0.25, 1], [0.036, 0.088, 0.006]),
            np.interp(np.linspace(0, 1, n), [0, 0.25, 1], [top + 0.006, top - 0.026, top - 0.086]),
        ],
        -1,
    )
    leaf = flap(g, inner, outer, swell=0.008, swatch=1)
    x = np.linspace(0.088, -0.088, n)
    upper = np.stack([x * 0.42, np.full(n, top + 0.006)], -1)
    middle = np.stack([x, np.full(n, top - 0.030)], -1)
    lower = np.stack([x * 1.0, np.full(n, top - 0.098)], -1)
    cape = [
        flap(g, middle, upper, swell=0.009, swatch=1, behind=True),
        flap(g, lower, middle, swell=0.009, swatch=1, behind=True),
    ]
    g.pieces += [leaf, mirrored(leaf), *cape]
    chest_bow(g, top - 0.080, 0.030, 2)
    g.front.tint(neckline(g.front, **v) * (1 - g.front.ramp(top - 0.046, top - 0.045)), g.body.main)


def _blazer(g: Garment) -> None:
    top = g.torso.neck_y
    white = (0.97, 0.97, 0.98)
    v = neckline(g.front, width=0.044, depth=0.105, top=top, pointed=1.0)
    g.front.tint(v, white)
    skin_where(g, neckline(g.front, width=0.03, depth=0.018, top=top), neckline(g.back, width=0.03, depth=0.0, top=top))
    n = 10
    inner = np.stack([np.linspace(0.038, 0.002, n), np.linspace(top + 0.006, top - 0.110, n)], -1)
    outer = np.stack(
        [
            np.interp(np.linspace(0, 1, n), [0, 0.5, 0.55, 1], [0.044, 0.066, 0.054, 0.004]),
            np.interp(np.linspace(0, 1, n), [0, 0.5, 0.55, 1], [top + 0.004, top - 0.050, top - 0.054, top - 0.114]),
        ],
        -1,
    )
    leaf = flap(g, inner, outer, swell=0.006, swatch=6)
    g.pieces += [leaf, mirrored(leaf)]
    collar_ring(g, height=0.014, flare=0.006, swatch=4, drop=0.008, gap=0.4)
    lapel(g, reach=0.018, low=0.030, swatch=4)
    if g.recipe.gender == "feminine" and g.recipe.seed % 2:
        chest_bow(g, top - 0.036, 0.024, 2)
    else:
        necktie(g)
    buttons(g, (0.0,), (top - 0.135, top - 0.165), (0.9, 0.75, 0.35))


def _hoodie(g: Garment) -> None:
    top = g.torso.neck_y
    skin_where(
        g, neckline(g.front, width=0.036, depth=0.026, top=top), neckline(g.back, width=0.03, depth=0.0, top=top)
    )
    angle = np.linspace(0.42, 2 * np.pi - 0.42, 40)
    path = np.stack(
        [
            0.060 * np.sin(angle),
            np.full(40, top - 0.006) - 0.024 * np.cos(angle) + 0.004,
            -0.018 + 0.058 * np.cos(angle) - 0.012 * (np.cos(angle) < 0),
        ],
        -1,
    )
    back = np.clip(-np.cos(angle), 0, 1)
    g.pieces.append(
        tube(
            path,
            0.016 + 0.018 * back,
            "clothes",
            "cloth_small",
            outward=path - path.mean(0),
            columns=12,
            uv_box=swatch_uv(0),
            bone="chest",
        )
    )
    g.pieces.append(
        ellipsoid(
            (0, top - 0.048, -0.082),
            (0.070, 0.062, 0.034),
            "clothes",
            "cloth_small",
            uv_box=swatch_uv(0),
            bone="chest",
            rows=14,
            columns=20,
        )
    )
    for side in (-1, 1):
        line = np.stack([np.full(8, side * 0.020), np.linspace(top - 0.035, top - 0.105, 8)], -1)
        string = on_chest(g.torso, line, 0.010)
        g.pieces.append(
            tube(
                string,
                0.0022,
                "clothes",
                "cloth_small",
                outward=np.array([0, 0, 1.0]),
                columns=6,
                uv_box=swatch_uv(4),
                bone="chest",
            )
        )
    g.front.tint(g.front.stroke(np.array([(0, top - 0.03), (0, -0.42)]), 0.003), scaled(g.body.second, 0.9))


def _turtleneck(g: Garment) -> None:
    collar_ring(g, height=0.040, flare=-0.001, swatch=0)
    for k in range(-9, 10):
        g.both(
            lambda c, k=k: c.tint(
                c.stroke(np.array([(k * 0.011, -0.16), (k * 0.013, -0.42)]), 0.0012),  # type: ignore[misc]
                scaled(g.body.main, 0.84),
                opacity=0.6,
            )
        )


def _bare(g: Garment) -> None:
    """A dress that leaves the shoulders free."""
    top = g.torso.neck_y - 0.072
    for canvas in (g.front, g.back):
        edge = canvas.ramp(top - 0.0006, top + 0.0006)
        if canvas is g.front:
            heart = 0.010 * np.abs(np.sin(canvas.x / 0.085 * np.pi * 0.5)) - 0.004
            edge = np.asarray(np.clip((canvas.y - top - heart) / 0.0012 + 0.5, 0, 1), np.float32)
        skin_where(g, edge if canvas is g.front else g.front.alpha * 0, edge if canvas is g.back else g.back.alpha * 0)
        band = np.asarray(np.clip(1 - np.abs(canvas.y - top + 0.006) / 0.006, 0, 1) > 0, np.float32)
        canvas.tint(band * (1 - edge), g.body.second)
    if g.recipe.seed % 2:
        _choker(g)


def _choker(g: Garment) -> None:
    y = g.torso.neck_y + 0.026
    n = g.body.neck_width
    g.pieces.append(
        dataclasses.replace(
            torus(
                (0, y, -0.0155),
                (n * 1.0, n * 1.06),
                0.0045,
                "accessory",
                "cloth_small",
                flatness=0.5,
                uv_box=swatch_uv(5),
            ),
            bone="neck",
        )
    )
    g.pieces.append(
        dataclasses.replace(
            ellipsoid(
                (0, y - 0.008, n - 0.011), (0.005, 0.006, 0.004), "accessory", "cloth_small", uv_box=swatch_uv(2)
            ),
            bone="neck",
        )
    )


def _straps(g: Garment) -> None:
    """A top with straps."""
    top = g.torso.neck_y - 0.050
    for canvas in (g.front, g.back):
        free = canvas.ramp(top - 0.0006, top + 0.0006)
        for side in (-1, 1):
            strap = canvas.stroke(np.array([(side * 0.050, top - 0.01), (side * 0.058, top + 0.09)]), 0.013)
            free = np.asarray(free * (1 - strap), np.float32)
        skin_where(g, free if canvas is g.front else canvas.alpha * 0, free if canvas is g.back else canvas.alpha * 0)
        lace = np.asarray((np.abs(canvas.y - top + 0.004) < 0.003), np.float32)
        canvas.tint(lace * (1 - free), g.body.second)


def _kimono(g: Garment) -> None:
    top = g.torso.neck_y
    skin_where(
        g,
        neckline(g.front, width=0.036, depth=0.050, top=top, pointed=1.0),
        neckline(g.back, width=0.036, depth=0.008, top=top),
    )
    for order, side in enumerate((-1, 1)):  # the wearer's left lies over the right
        line = np.stack([np.linspace(side * 0.040, -side * 0.045, 14), np.linspace(top + 0.006, top - 0.150, 14)], -1)
        points = on_chest(g.torso, line, 0.003 + 0.003 * order)
        points[:3, 2] = np.minimum(points[:3, 2], np.linspace(-0.004, points[3, 2], 4)[:3])
        g.pieces.append(
            tube(
                points,
                0.011,
                "clothes",
                "cloth_small",
                outward=np.array([0, 0, 1.0]),
                flatness=0.35,
                columns=8,
                uv_box=swatch_uv(1),
                bone="chest",
            )
        )
    collar_ring(g, height=0.012, flare=0.012, swatch=1, drop=-0.002, gap=1.9)
    rng = np.random.default_rng(g.recipe.seed)
    for canvas in (g.front, g.back):
        for _ in range(16):
            x, y = rng.uniform(-0.13, 0.13), rng.uniform(-0.40, top - 0.03)
            blossom(canvas, x, y, rng.uniform(0.009, 0.016), g.body.accent)
    for _ in range(7):
        u, v = rng.uniform(0.1, 0.9, 2)
        g.sleeve.tint(g.sleeve.ellipse((u, v), (0.06, 0.05)), g.body.accent)


def _armour(g: Garment) -> None:
    top = g.torso.neck_y
    metal = g.body.main
    dark, light = scaled(metal, 0.62), mixed(metal, (1, 1, 1), 0.55)
    for canvas in (g.front, g.back):
        canvas.tint(canvas.glow((-0.04, top - 0.09), (0.03, 0.05)), light, opacity=0.8)
        for side in (-1, 1):
            edge = curve([(side * 0.002, top - 0.15), (side * 0.05, top - 0.125), (side * 0.10, top - 0.09)], 20)
            canvas.tint(canvas.stroke(edge, 0.004), dark)
            canvas.tint(canvas.stroke(edge + [0, 0.004], 0.0025), light)
        canvas.tint(canvas.stroke(np.array([(0, top - 0.03), (0, -0.42)]), 0.003), dark)
        trim(canvas, width=0.040, depth=0.020, top=top, colour=(0.93, 0.76, 0.34), band=0.007)
    g.front.tint(
        g.front.polygon(np.array([(0, top - 0.075), (0.013, top - 0.09), (0, top - 0.11), (-0.013, top - 0.09)])),
        g.body.accent,
    )
    collar_ring(g, height=0.026, flare=0.012, swatch=0, drop=0.004)
    collar_ring(g, height=0.030, flare=0.013, swatch=3, drop=0.004)
    x, y = g.body.shoulder + 0.006, g.torso.arm_y + 0.002
    for k, (grow, swatch) in enumerate(((1.0, 0), (0.94, 3))):
        plate = ellipsoid(
            (x + 0.020 * k, y - 0.004 * k, -0.008),
            (0.050 * grow, 0.043 * grow, 0.049 * grow),
            "clothes",
            "cloth_small",
            rows=10,
            columns=20,
            span=(0.0, np.pi * 0.62),
            uv_box=swatch_uv(swatch),
            bone="leftUpperArm",
            tilt=turn("z", -70),
        )
        g.pieces += [plate, mirrored(plate)]


def _military(g: Garment) -> None:
    top = g.torso.neck_y
    gold = (0.93, 0.76, 0.34)
    collar_ring(g, height=0.034, flare=0.003, swatch=0, gap=0.16)
    collar_ring(g, height=0.008, flare=0.006, swatch=3)
    g.front.tint(g.front.stroke(np.array([(0, top), (0, -0.42)]), 0.002), scaled(g.body.main, 0.7))
    buttons(g, (-0.024, 0.024), tuple(top - 0.05 - 0.04 * k for k in range(4)), gold, 0.0045)
    for k in range(4):
        y = top - 0.05 - 0.04 * k
        g.front.tint(g.front.stroke(np.array([(-0.024, y), (0.024, y)]), 0.0022), gold, opacity=0.9)
    board = ellipsoid(
        (g.body.shoulder - 0.018, g.torso.arm_y + 0.022, -0.008),
        (0.032, 0.006, 0.022),
        "clothes",
        "cloth_small",
        rows=8,
        columns=14,
        uv_box=swatch_uv(3),
        bone="chest",
        tilt=turn("z", -24),
    )
    g.pieces += [board, mirrored(board)]


def _scarf(g: Garment) -> None:
    _t_shirt(g)
    top = g.torso.neck_y
    n = g.body.neck_width
    for k, (y, r) in enumerate(((top + 0.006, 0.020), (top + 0.024, 0.016))):
        ring = torus(
            (0, y, -0.012),
            (n + 0.018 - 0.004 * k, n + 0.020 - 0.004 * k),
            r,
            "clothes",
            "cloth_small",
            flatness=0.8,
            tilt=turn("x", 8 - 6 * k) @ turn("z", 5 - 9 * k),
            uv_box=swatch_uv(2),
            columns=10,
            bone="chest",
        )
        g.pieces.append(ring)
    outline = dense(np.array([(0.012, top), (0.046, top - 0.002), (0.052, top - 0.12), (0.016, top - 0.125)]))
    flat = boxed(solid_patch(outline, 0.008, "clothes", "cloth_small", dome=0.003), swatch_uv(7))
    z = g.torso.front(flat.positions[:, 0], flat.positions[:, 1], swell=0.014)
    z = z + 0.012 * np.clip((flat.positions[:, 1] - top + 0.04) / 0.04, 0, 1)
    g.pieces.append(dataclasses.replace(flat, positions=flat.positions + np.stack([0 * z, 0 * z, z], -1), bone="chest"))


def _fur_coat(g: Garment) -> None:
    top = g.torso.neck_y
    v = neckline(g.front, width=0.044, depth=0.13, top=top, pointed=1.0)
    g.front.tint(v, g.body.second)
    skin_where(
        g,
        neckline(g.front, width=0.040, depth=0.030, top=top),
        neckline(g.back, width=0.03, depth=0.0, top=top),
    )
    control = np.array([(0.004, -0.128), (0.026, -0.085), (0.050, -0.040), (0.062, -0.004), (0.052, 0.012)])
    front = [(x, top + y, float(g.torso.front(np.array(x), np.array(top + y), swell=0.014))) for x, y in control[:3]]
    left = [*front, (0.066, top + 0.000, 0.006), (0.064, top + 0.012, -0.036), (0.036, top + 0.016, -0.066)]
    right = [(-x, y, z) for x, y, z in left[::-1]]
    path = curve(np.array([*left, (0.0, top + 0.017, -0.074), *right]), 70)
    g.pieces.append(fur(path, 0.019, np.random.default_rng(g.recipe.seed)))


def _frills(g: Garment) -> None:
    """A blouse with ruffles and a brooch."""
    top = g.torso.neck_y
    collar_ring(g, height=0.026, flare=0.005, swatch=4)
    for ring, (y0, wide) in enumerate(((top - 0.004, 0.016), (top + 0.018, 0.010))):
        angle = np.linspace(0, 2 * np.pi, 97)
        wave = 0.0035 * np.sin(angle * 22)
        n = g.body.neck_width
        rows = [
            np.stack(
                [
                    (n + 0.006 + wide * t) * np.sin(angle),
                    y0 - (0.012 if ring == 0 else 0.004) * t + wave * t,
                    -0.014 + (n + 0.006 + wide * t) * np.cos(angle),
                ],
                -1,
            )
            for t in (0.0, 0.5, 1.0)
        ]
        points = np.stack(rows)
        uv = seam_uv(3, 97, swatch_uv(4))
        g.pieces += [
            grid_piece(points, uv, "clothes", "cloth_small", bone="chest"),
            grid_piece(points - [0, 0.0015, 0], uv, "clothes", "cloth_small", bone="chest", flip=True),
        ]
    for k in range(4):
        y = top - 0.04 - 0.022 * k
        scallop = np.stack(
            [np.linspace(-0.028 + 0.003 * k, 0.028 - 0.003 * k, 40), y + 0.003 * np.sin(np.linspace(0, 30, 40))], -1
        )
        outline = np.concatenate([scallop, scallop[::-1] + [0, 0.018]])
        g.front.tint(g.front.polygon(outline), (0.97, 0.96, 0.97))
        g.front.tint(g.front.stroke(scallop, 0.0014), (0.75, 0.73, 0.78))
    chest_bow(g, top - 0.014, 0.026, 2)


def _jacket(g: Garment) -> None:
    """A zipped jacket with a high open collar and stripes on the sleeves."""
    top = g.torso.neck_y
    v = neckline(g.front, width=0.034, depth=0.075, top=top, pointed=1.0)
    g.front.tint(v, g.body.second)
    skin_where(
        g, neckline(g.front, width=0.032, depth=0.022, top=top), neckline(g.back, width=0.03, depth=0.0, top=top)
    )
    collar_ring(g, height=0.040, flare=0.016, swatch=0, drop=0.006, gap=1.1)
    g.front.tint(g.front.stroke(np.array([(0, top - 0.07), (0, -0.42)]), 0.004), (0.75, 0.76, 0.78))
    for canvas in (g.front, g.back):
        yoke = canvas.ramp(top - 0.062, top - 0.060)
        skin = neckline(canvas, width=0.036, depth=0.08 if canvas is g.front else 0.004, top=top, pointed=1.0)
        canvas.tint(yoke * (1 - skin), g.body.second, opacity=0.95)
    for u in (0.0, 1.0, 0.5):
        g.sleeve.tint(g.sleeve.ellipse((u, 0.5), (0.045, 9)), g.body.accent)


def _overalls(g: Garment) -> None:
    _t_shirt(g)
    top = g.torso.neck_y
    cloth = g.body.second
    bib = np.array([(-0.052, top - 0.075), (0.052, top - 0.075), (0.075, -0.42), (-0.075, -0.42)])
    g.front.tint(g.front.polygon(bib), cloth)
    g.front.tint(g.front.stroke(np.concatenate([bib[:2]]), 0.002), scaled(cloth, 0.7))
    for side in (-1, 1):
        g.front.tint(g.front.stroke(np.array([(side * 0.046, top - 0.08), (side * 0.058, top + 0.05)]), 0.016), cloth)
        g.back.tint(g.back.stroke(np.array([(side * 0.058, top + 0.05), (-side * 0.04, -0.42)]), 0.016), cloth)
        g.front.tint(g.front.ellipse((side * 0.046, top - 0.082), (0.006, 0.006)), (0.93, 0.76, 0.34))


def _cape(g: Garment) -> None:
    _shirt(g)
    top = g.torso.neck_y
    angle = np.linspace(0.55, 2 * np.pi - 0.55, 41)
    rows = []
    for t in np.linspace(0, 1, 12):
        y = top + 0.004 - 0.23 * t
        wide = np.interp(t, [0, 0.06, 0.16, 0.3, 1], [0.040, 0.075, 0.128, 0.170, 0.235])
        deep_back = np.interp(t, [0, 0.1, 0.3, 1], [0.034, 0.068, 0.082, 0.100])
        deep_front = np.interp(t, [0, 0.1, 0.3, 1], [0.026, 0.052, 0.078, 0.105])
        depth = np.where(np.cos(angle) > 0, deep_front, deep_back)
        rows.append(
            np.stack(
                [wide * np.sin(angle), np.full(41, y) + 0.002 * np.sin(angle * 14) * t, -0.012 + depth * np.cos(angle)],
                -1,
            )
        )
    points = np.stack(rows)
    uv = seam_uv(12, 41, swatch_uv(1))
    g.pieces += [
        grid_piece(points, uv, "clothes", "cloth_small", bone="chest"),
        grid_piece(
            points * [0.985, 1, 0.985], seam_uv(12, 41, swatch_uv(2)), "clothes", "cloth_small", bone="chest", flip=True
        ),
    ]
    z = float(g.torso.front(np.array(0.0), np.array(top - 0.012), swell=0.012))
    g.pieces.append(
        ellipsoid(
            (0, top - 0.012, z), (0.011, 0.011, 0.005), "clothes", "cloth_small", uv_box=swatch_uv(3), bone="chest"
        )
    )


@dataclasses.dataclass(frozen=True)
class Clothes:
    """One kind of clothes: how it is made, and whether arms are covered (True), bare (False) or either (None)."""

    make: Callable[[Garment], None]
    sleeves: bool | None = True
    swell: float = 0.004


CLOTHES: Final[Mapping[str, Clothes]] = {
    "shirt": Clothes(_shirt),
    "t-shirt": Clothes(_t_shirt, sleeves=None),
    "sailor": Clothes(_sailor),
    "blazer": Clothes(_blazer, swell=0.006),
    "hoodie": Clothes(_hoodie, swell=0.010),
    "turtleneck": Clothes(_turtleneck, sleeves=None),
    "bare shoulders": Clothes(_bare, sleeves=False, swell=0.002),
    "straps": Clothes(_straps, sleeves=False, swell=0.002),
    "kimono": Clothes(_kimono, swell=0.008),
    "armour": Clothes(_armour, swell=0.008),
    "military": Clothes(_military, swell=0.006),
    "scarf": Clothes(_scarf, swell=0.006),
    "fur coat": Clothes(_fur_coat, swell=0.010),
    "frills": Clothes(_frills),
    "jacket": Clothes(_jacket, swell=0.010),
    "overalls": Clothes(_overalls),
    "cape": Clothes(_cape),
}
