"""The table of clothes: each paints the trunk's picture, says what of it is skin, and adds collars, hoods and plates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.datasets.generated.body import FRONT_BOX, Torso, torso_uv
from paic3d_studio.datasets.generated.paint import Canvas, mixed, scaled
from paic3d_studio.datasets.generated.recipe import BodyRecipe, Colour, Recipe
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    curve,
    ellipsoid,
    frames,
    grid_piece,
    mirrored,
    seam_uv,
    solid_patch,
    torus,
    turn,
)

SHEET: Final = (1024, 384)
WIDTH: Final = 512


@dataclasses.dataclass
class Garment:
    """What a kind of clothes paints and adds; front and back are canvases of the trunk, `sleeve` one of an arm.

    Colours of small things (buttons, plates) come from the strip of flat colours, see `swatch_uv`.
    """

    recipe: Recipe
    torso: Torso
    front: Canvas
    back: Canvas
    sleeve: Canvas
    pieces: list[Piece] = dataclasses.field(default_factory=list)

    @property
    def body(self) -> BodyRecipe:
        """The recipe of the body."""
        return self.recipe.body

    def both(self, paint: Callable[[Canvas], None]) -> None:
        """Paint front and back alike."""
        paint(self.front)
        paint(self.back)


def swatch_uv(index: int) -> tuple[float, float, float, float]:
    """Return the box of a flat colour on the small sheet: 0 main, 1 second, 2 accent, 3 metal, 4 white, 5 dark,
    6 main in shadow, 7 accent in shadow."""
    return (index % 4 / 4 + 0.03, index // 4 / 2 + 0.05, index % 4 / 4 + 0.22, index // 4 / 2 + 0.45)


def swatches(body: BodyRecipe) -> NDArray[np.uint8]:
    """Return the sheet of flat colours, each shaded from light above to dark below: uint8 (64, 128, 4)."""
    colours = (body.main, body.second, body.accent, (0.93, 0.76, 0.34), (0.97, 0.96, 0.97), (0.16, 0.15, 0.19),
               scaled(body.main, 0.80), scaled(body.accent, 0.78))  # fmt: skip
    sheet = np.ones((64, 128, 4), np.float64)
    for k, colour in enumerate(colours):
        shade = np.interp(np.linspace(0, 1, 32), [0, 0.12, 0.42, 0.52, 1], [1.06, 1.0, 0.97, 0.86, 0.74])[:, None, None]
        sheet[k // 4 * 32 : k // 4 * 32 + 32, k % 4 * 32 : k % 4 * 32 + 32, :3] = np.clip(
            np.asarray(colour) * shade, 0, 1
        )
    return np.round(sheet * 255).astype(np.uint8)


def neckline(canvas: Canvas, *, width: float, depth: float, top: float, pointed: float = 0.0) -> NDArray[np.float32]:
    """Return the opening at the neck, 1 where skin shows: `width` half of it, down to `depth` below `top`."""
    t = np.linspace(-1, 1, 41)
    round_edge = top - depth * np.sqrt(np.clip(1 - t**2, 0, 1))
    pointed_edge = top - depth * (1 - np.abs(t))
    y = round_edge + (pointed_edge - round_edge) * pointed
    outline = np.concatenate([np.stack([t * width, y], -1), [[width, top + 0.1], [-width, top + 0.1]]])
    return canvas.polygon(outline)


def trim(
    canvas: Canvas, *, width: float, depth: float, top: float, colour: Colour, band: float, pointed: float = 0.0
) -> None:
    """Paint a band along a neckline."""
    outer = neckline(canvas, width=width + band, depth=depth + band, top=top, pointed=pointed)
    canvas.tint(outer * (1 - neckline(canvas, width=width, depth=depth, top=top, pointed=pointed)), colour)


def _folds(canvas: Canvas, colour: Colour, seed: int) -> None:
    """A few soft folds, a lighter chest and darker sides."""
    rng = np.random.default_rng(seed)
    dark, light = scaled(colour, 0.82), mixed(colour, (1, 1, 1), 0.12)
    canvas.tint(canvas.glow((0.0, canvas.box[3] - 0.10), (0.07, 0.05)), light, opacity=0.5)
    for side in (-1, 1):
        canvas.tint(canvas.ramp(side * 0.075, side * 0.12, axis="x"), dark, opacity=0.6)
        for _ in range(3):
            x, y = side * rng.uniform(0.045, 0.09), rng.uniform(-0.34, -0.25)
            path = curve([(x, y), (x - side * 0.012, y - 0.03), (x - side * 0.016, y - 0.06)], 12)
            canvas.tint(canvas.stroke(path, 0.004 * np.sin(np.linspace(0.05, 3.1, 12))), dark, opacity=0.55)
    canvas.tint(1 - canvas.ramp(canvas.box[2], canvas.box[2] + 0.06), dark, opacity=0.35)


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
        _folds(canvas, main, recipe.seed)
    made.sleeve.lay(1.0, main)
    made.sleeve.tint(made.sleeve.glow((0.5, 0.5), (0.2, 9)), scaled(main, 0.82), opacity=0.6)
    CLOTHES[recipe.body.clothes].make(made)
    return made


def _collar_ring(g: Garment, *, height: float, flare: float, swatch: int, drop: float = 0.0, gap: float = 0.0) -> None:
    """A collar that stands round the neck; `gap` radians open in front."""
    n = g.body.neck_width
    columns = 33
    angle = np.linspace(gap / 2, 2 * np.pi - gap / 2, columns)
    rows = []
    for t in np.linspace(0, 1, 5):
        radius = n * 1.20 + 0.010 * (1 - t) + flare * t
        y = g.torso.neck_y - 0.008 + height * t - drop * np.cos(angle) * (1 - 0.6 * t)
        rows.append(
            np.stack(
                [radius * np.sin(angle), y, -0.014 + radius * np.cos(angle) * (1.0 + 0.06 * (np.cos(angle) < 0))], -1
            )
        )
    outer = np.stack(rows[::-1])
    inner = outer - (outer - [0, 0, -0.014]) * [0.05, 0, 0.05]
    box = swatch_uv(swatch)
    points = np.concatenate([outer[::-1], inner])
    g.pieces.append(grid_piece(points, seam_uv(10, columns, box), "clothes", "cloth_small", bone="chest", flip=True))


def _on_chest(torso: Torso, xy: Array, swell: float, *, behind: bool = False) -> Array:
    swell += CLOTHES[torso.body.clothes].swell
    z = (torso.back if behind else torso.front)(xy[..., 0], xy[..., 1], swell=swell)
    return np.concatenate([xy, z[..., None]], -1)


def _flap(g: Garment, left: Array, right: Array, *, swell: float, swatch: int, behind: bool = False) -> Piece:
    """A piece of cloth lying on the trunk between two edges (n, 2) in the front plane."""
    t = np.linspace(0, 1, 9)[None, :, None]
    xy = left[:, None] * (1 - t) + right[:, None] * t
    points = _on_chest(g.torso, xy, swell, behind=behind)
    uv = seam_uv(len(left), 9, swatch_uv(swatch))
    return grid_piece(points, uv, "clothes", "cloth_small", bone="chest")


def _lapel(g: Garment, *, reach: float, low: float, swatch: int) -> None:
    """Two pointed collar leaves beside the neck."""
    top = g.torso.neck_y
    inner = np.stack([np.linspace(0.028, 0.004, 8), np.linspace(top + 0.002, top - low, 8)], -1)
    outer = np.stack([np.interp(np.linspace(0, 1, 8), [0, 0.55, 1], [0.030, 0.030 + reach, 0.005]),
                      np.interp(np.linspace(0, 1, 8), [0, 0.55, 1], [top + 0.003, top - low * 0.75, top - low])], -1)  # fmt: skip
    leaf = _flap(g, inner, outer, swell=0.009, swatch=swatch)
    g.pieces += [leaf, mirrored(leaf)]


def _bow(g: Garment, y: float, size: float, swatch: int) -> None:
    """A bow tie on the chest."""
    z = float(g.torso.front(np.array(0.0), np.array(y), swell=0.010)) + 0.004
    g.pieces += [
        dataclasses.replace(p, bone="chest")
        for p in bow(size, "clothes", "cloth_small", swatch_uv(swatch), (0.0, y, z))
    ]


def bow(size: float, part: str, material: str, box: tuple[float, float, float, float], place: tuple[float, float, float],
        rotation: Array | None = None, *, tails: bool = True) -> list[Piece]:  # fmt: skip
    """Return a bow with two loops, a knot and two tails; it looks along +z before `rotation`."""
    from paic3d_studio.datasets.generated.shapes import moved

    loop = curve([(0.08, 0.0), (0.45, 0.42), (0.95, 0.52), (1.08, 0.0), (0.95, -0.52), (0.45, -0.42), (0.08, 0.0)], 28)[
        :-1
    ]
    wing = _boxed(solid_patch(loop * size, size * 0.10, part, material, dome=size * 0.16), box)
    made = [wing, mirrored(wing), ellipsoid((0, 0, size * 0.1), (size * 0.17, size * 0.2, size * 0.2), part, material,
                                            rows=7, columns=10, uv_box=box)]  # fmt: skip
    if tails:
        tail = np.array([(0.0, 0.0), (0.22, 0.0), (0.62, -1.15), (0.42, -1.05), (0.20, -1.22)]) * size
        strip = _boxed(solid_patch(_dense(tail), size * 0.05, part, material), box)
        strip = moved(strip, shift=(0, 0, -size * 0.08))
        made += [strip, mirrored(strip)]
    return [moved(p, rotation=rotation, shift=place) for p in made]


def _dense(outline: Array) -> Array:
    closed = np.concatenate([outline, outline[:1]])
    return np.concatenate(
        [
            a + (b - a) * np.linspace(0, 1, 4, endpoint=False)[:, None]
            for a, b in zip(closed[:-1], closed[1:], strict=True)
        ]
    )


def _boxed(piece: Piece, box: tuple[float, float, float, float]) -> Piece:
    low, span = np.array(box[:2]), np.array([box[2] - box[0], box[3] - box[1]])
    return dataclasses.replace(piece, uv=low + piece.uv * span)


def _buttons(g: Garment, xs: tuple[float, ...], ys: tuple[float, ...], colour: Colour, radius: float = 0.0035) -> None:
    for x in xs:
        for y in ys:
            g.front.tint(g.front.ellipse((x, y - 0.0012), (radius, radius)), scaled(colour, 0.6), opacity=0.7)
            g.front.tint(g.front.ellipse((x, y), (radius, radius)), colour)


def _skin_where(g: Garment, front: NDArray[np.float32], back: NDArray[np.float32]) -> None:
    """Leave holes in the cloth through which skin shows."""
    for canvas, mask in ((g.front, front), (g.back, back)):
        canvas.clip(np.asarray(1 - mask, np.float32))


def _shirt(g: Garment) -> None:
    top = g.torso.neck_y
    _skin_where(
        g, neckline(g.front, width=0.036, depth=0.022, top=top), neckline(g.back, width=0.036, depth=0.006, top=top)
    )
    g.front.tint(g.front.stroke(np.array([(0, top - 0.02), (0, -0.42)]), 0.0012), scaled(g.body.main, 0.75))
    _buttons(g, (0.0,), tuple(top - 0.045 - 0.035 * k for k in range(5)), scaled(g.body.main, 0.65), 0.0025)
    _collar_ring(g, height=0.017, flare=0.007, swatch=0, drop=0.008, gap=0.5)
    _lapel(g, reach=0.022, low=0.035, swatch=0)
    _tie(g)


def _tie(g: Garment) -> None:
    top = g.torso.neck_y - 0.024
    z = lambda y: float(g.torso.front(np.array(0.0), np.array(y), swell=0.012))  # noqa: E731
    outline = _dense(np.array([(-0.008, top), (0.008, top), (0.005, top - 0.016), (0.014, top - 0.11), (0, top - 0.13),
                               (-0.014, top - 0.11), (-0.005, top - 0.016)]))  # fmt: skip
    flat = _boxed(solid_patch(outline, 0.004, "clothes", "cloth_small", dome=0.002), swatch_uv(2))
    lifted = flat.positions + np.stack(
        [0 * flat.positions[:, 0], 0 * flat.positions[:, 0], [z(y) for y in flat.positions[:, 1]]], -1
    )
    g.pieces.append(dataclasses.replace(flat, positions=lifted, bone="chest"))


def _t_shirt(g: Garment) -> None:
    top = g.torso.neck_y
    shape = {"width": 0.046, "depth": 0.030, "top": top}
    _skin_where(g, neckline(g.front, **shape), neckline(g.back, width=0.046, depth=0.010, top=top))
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
    _skin_where(g, neckline(g.front, **v), neckline(g.back, width=0.036, depth=0.004, top=top))
    n = 12
    inner = np.stack([np.linspace(0.034, 0.004, n), np.linspace(top + 0.004, top - 0.078, n)], -1)
    outer = np.stack([np.interp(np.linspace(0, 1, n), [0, 0.25, 1], [0.036, 0.088, 0.006]),
                      np.interp(np.linspace(0, 1, n), [0, 0.25, 1], [top + 0.006, top - 0.026, top - 0.086])], -1)  # fmt: skip
    leaf = _flap(g, inner, outer, swell=0.008, swatch=1)
    x = np.linspace(0.088, -0.088, n)
    upper = np.stack([x * 0.42, np.full(n, top + 0.006)], -1)
    middle = np.stack([x, np.full(n, top - 0.030)], -1)
    lower = np.stack([x * 1.0, np.full(n, top - 0.098)], -1)
    cape = [
        _flap(g, middle, upper, swell=0.009, swatch=1, behind=True),
        _flap(g, lower, middle, swell=0.009, swatch=1, behind=True),
    ]
    g.pieces += [leaf, mirrored(leaf), *cape]
    _bow(g, top - 0.080, 0.030, 2)
    g.front.tint(neckline(g.front, **v) * (1 - g.front.ramp(top - 0.046, top - 0.045)), g.body.main)


def _blazer(g: Garment) -> None:
    top = g.torso.neck_y
    white = (0.97, 0.97, 0.98)
    v = neckline(g.front, width=0.044, depth=0.105, top=top, pointed=1.0)
    g.front.tint(v, white)
    _skin_where(
        g, neckline(g.front, width=0.03, depth=0.018, top=top), neckline(g.back, width=0.03, depth=0.0, top=top)
    )
    n = 10
    inner = np.stack([np.linspace(0.038, 0.002, n), np.linspace(top + 0.006, top - 0.110, n)], -1)
    outer = np.stack([np.interp(np.linspace(0, 1, n), [0, 0.5, 0.55, 1], [0.044, 0.066, 0.054, 0.004]),
                      np.interp(np.linspace(0, 1, n), [0, 0.5, 0.55, 1], [top + 0.004, top - 0.050, top - 0.054, top - 0.114])], -1)  # fmt: skip
    leaf = _flap(g, inner, outer, swell=0.006, swatch=6)
    g.pieces += [leaf, mirrored(leaf)]
    _collar_ring(g, height=0.014, flare=0.006, swatch=4, drop=0.008, gap=0.4)
    _lapel(g, reach=0.018, low=0.030, swatch=4)
    if g.recipe.gender == "feminine" and g.recipe.seed % 2:
        _bow(g, top - 0.036, 0.024, 2)
    else:
        _tie(g)
    _buttons(g, (0.0,), (top - 0.135, top - 0.165), (0.9, 0.75, 0.35))


def _hoodie(g: Garment) -> None:
    top = g.torso.neck_y
    _skin_where(
        g, neckline(g.front, width=0.036, depth=0.026, top=top), neckline(g.back, width=0.03, depth=0.0, top=top)
    )
    angle = np.linspace(0.42, 2 * np.pi - 0.42, 40)
    path = np.stack([0.060 * np.sin(angle), np.full(40, top - 0.006) - 0.024 * np.cos(angle) + 0.004,
                     -0.018 + 0.058 * np.cos(angle) - 0.012 * (np.cos(angle) < 0)], -1)  # fmt: skip
    from paic3d_studio.datasets.generated.shapes import tube

    back = np.clip(-np.cos(angle), 0, 1)
    g.pieces.append(tube(path, 0.016 + 0.018 * back, "clothes", "cloth_small", outward=path - path.mean(0), columns=12,
                         uv_box=swatch_uv(0), bone="chest"))  # fmt: skip
    g.pieces.append(ellipsoid((0, top - 0.048, -0.082), (0.070, 0.062, 0.034), "clothes", "cloth_small", uv_box=swatch_uv(0),
                              bone="chest", rows=14, columns=20))  # fmt: skip
    for side in (-1, 1):
        line = np.stack([np.full(8, side * 0.020), np.linspace(top - 0.035, top - 0.105, 8)], -1)
        string = _on_chest(g.torso, line, 0.010)
        g.pieces.append(tube(string, 0.0022, "clothes", "cloth_small", outward=np.array([0, 0, 1.0]), columns=6,
                             uv_box=swatch_uv(4), bone="chest"))  # fmt: skip
    g.front.tint(g.front.stroke(np.array([(0, top - 0.03), (0, -0.42)]), 0.003), scaled(g.body.second, 0.9))


def _turtleneck(g: Garment) -> None:
    _collar_ring(g, height=0.040, flare=-0.001, swatch=0)
    for k in range(-9, 10):
        g.both(lambda c, k=k: c.tint(c.stroke(np.array([(k * 0.011, -0.16), (k * 0.013, -0.42)]), 0.0012),  # type: ignore[misc]
                                     scaled(g.body.main, 0.84), opacity=0.6))  # fmt: skip


def _bare(g: Garment) -> None:
    """A dress that leaves the shoulders free."""
    top = g.torso.neck_y - 0.072
    for canvas in (g.front, g.back):
        edge = canvas.ramp(top - 0.0006, top + 0.0006)
        if canvas is g.front:
            heart = 0.010 * np.abs(np.sin(canvas.x / 0.085 * np.pi * 0.5)) - 0.004
            edge = np.asarray(np.clip((canvas.y - top - heart) / 0.0012 + 0.5, 0, 1), np.float32)
        _skin_where(g, edge if canvas is g.front else g.front.alpha * 0, edge if canvas is g.back else g.back.alpha * 0)
        band = np.asarray(np.clip(1 - np.abs(canvas.y - top + 0.006) / 0.006, 0, 1) > 0, np.float32)
        canvas.tint(band * (1 - edge), g.body.second)
    if g.recipe.seed % 2:
        _choker(g)


def _choker(g: Garment) -> None:
    y = g.torso.neck_y + 0.026
    n = g.body.neck_width
    g.pieces.append(dataclasses.replace(torus((0, y, -0.0155), (n * 1.0, n * 1.06), 0.0045, "accessory", "cloth_small",
                                              flatness=0.5, uv_box=swatch_uv(5)), bone="neck"))  # fmt: skip
    g.pieces.append(dataclasses.replace(ellipsoid((0, y - 0.008, n - 0.011), (0.005, 0.006, 0.004), "accessory", "cloth_small",
                                                  uv_box=swatch_uv(2)), bone="neck"))  # fmt: skip


def _straps(g: Garment) -> None:
    """A top with straps."""
    top = g.torso.neck_y - 0.050
    for canvas in (g.front, g.back):
        free = canvas.ramp(top - 0.0006, top + 0.0006)
        for side in (-1, 1):
            strap = canvas.stroke(np.array([(side * 0.050, top - 0.01), (side * 0.058, top + 0.09)]), 0.013)
            free = np.asarray(free * (1 - strap), np.float32)
        _skin_where(g, free if canvas is g.front else canvas.alpha * 0, free if canvas is g.back else canvas.alpha * 0)
        lace = np.asarray((np.abs(canvas.y - top + 0.004) < 0.003), np.float32)
        canvas.tint(lace * (1 - free), g.body.second)


def _kimono(g: Garment) -> None:
    top = g.torso.neck_y
    _skin_where(
        g,
        neckline(g.front, width=0.036, depth=0.050, top=top, pointed=1.0),
        neckline(g.back, width=0.036, depth=0.008, top=top),
    )
    from paic3d_studio.datasets.generated.shapes import tube

    for order, side in enumerate((-1, 1)):  # the wearer's left lies over the right
        line = np.stack([np.linspace(side * 0.040, -side * 0.045, 14), np.linspace(top + 0.006, top - 0.150, 14)], -1)
        points = _on_chest(g.torso, line, 0.003 + 0.003 * order)
        points[:3, 2] = np.minimum(points[:3, 2], np.linspace(-0.004, points[3, 2], 4)[:3])
        g.pieces.append(tube(points, 0.011, "clothes", "cloth_small", outward=np.array([0, 0, 1.0]), flatness=0.35, columns=8,
                             uv_box=swatch_uv(1), bone="chest"))  # fmt: skip
    _collar_ring(g, height=0.012, flare=0.012, swatch=1, drop=-0.002, gap=1.9)
    rng = np.random.default_rng(g.recipe.seed)
    for canvas in (g.front, g.back):
        for _ in range(16):
            x, y = rng.uniform(-0.13, 0.13), rng.uniform(-0.40, top - 0.03)
            _blossom(canvas, x, y, rng.uniform(0.009, 0.016), g.body.accent)
    for _ in range(7):
        u, v = rng.uniform(0.1, 0.9, 2)
        g.sleeve.tint(g.sleeve.ellipse((u, v), (0.06, 0.05)), g.body.accent)


def _blossom(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    for k in range(5):
        a = 2 * np.pi * k / 5
        canvas.tint(
            canvas.ellipse((x + 0.55 * size * np.sin(a), y + 0.55 * size * np.cos(a)), (size * 0.42, size * 0.42)),
            colour,
        )
    canvas.tint(canvas.ellipse((x, y), (size * 0.22, size * 0.22)), (0.98, 0.86, 0.45))


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
    _collar_ring(g, height=0.026, flare=0.012, swatch=0, drop=0.004)
    _collar_ring(g, height=0.030, flare=0.013, swatch=3, drop=0.004)
    x, y = g.body.shoulder + 0.006, g.torso.arm_y + 0.002
    for k, (grow, swatch) in enumerate(((1.0, 0), (0.94, 3))):
        plate = ellipsoid((x + 0.020 * k, y - 0.004 * k, -0.008), (0.050 * grow, 0.043 * grow, 0.049 * grow), "clothes", "cloth_small",
                          rows=10, columns=20, span=(0.0, np.pi * 0.62), uv_box=swatch_uv(swatch), bone="leftUpperArm",
                          tilt=turn("z", -70))  # fmt: skip
        g.pieces += [plate, mirrored(plate)]


def _military(g: Garment) -> None:
    top = g.torso.neck_y
    gold = (0.93, 0.76, 0.34)
    _collar_ring(g, height=0.034, flare=0.003, swatch=0, gap=0.16)
    _collar_ring(g, height=0.008, flare=0.006, swatch=3)
    g.front.tint(g.front.stroke(np.array([(0, top), (0, -0.42)]), 0.002), scaled(g.body.main, 0.7))
    _buttons(g, (-0.024, 0.024), tuple(top - 0.05 - 0.04 * k for k in range(4)), gold, 0.0045)
    for k in range(4):
        y = top - 0.05 - 0.04 * k
        g.front.tint(g.front.stroke(np.array([(-0.024, y), (0.024, y)]), 0.0022), gold, opacity=0.9)
    board = ellipsoid((g.body.shoulder - 0.018, g.torso.arm_y + 0.022, -0.008), (0.032, 0.006, 0.022), "clothes", "cloth_small",
                      rows=8, columns=14, uv_box=swatch_uv(3), bone="chest", tilt=turn("z", -24))  # fmt: skip
    g.pieces += [board, mirrored(board)]


def _scarf(g: Garment) -> None:
    _t_shirt(g)
    top = g.torso.neck_y
    n = g.body.neck_width
    for k, (y, r) in enumerate(((top + 0.006, 0.020), (top + 0.024, 0.016))):
        ring = torus((0, y, -0.012), (n + 0.018 - 0.004 * k, n + 0.020 - 0.004 * k), r, "clothes", "cloth_small", flatness=0.8,
                     tilt=turn("x", 8 - 6 * k) @ turn("z", 5 - 9 * k), uv_box=swatch_uv(2), columns=10, bone="chest")  # fmt: skip
        g.pieces.append(ring)
    outline = _dense(np.array([(0.012, top), (0.046, top - 0.002), (0.052, top - 0.12), (0.016, top - 0.125)]))
    flat = _boxed(solid_patch(outline, 0.008, "clothes", "cloth_small", dome=0.003), swatch_uv(7))
    z = g.torso.front(flat.positions[:, 0], flat.positions[:, 1], swell=0.014)
    z = z + 0.012 * np.clip((flat.positions[:, 1] - top + 0.04) / 0.04, 0, 1)
    g.pieces.append(dataclasses.replace(flat, positions=flat.positions + np.stack([0 * z, 0 * z, z], -1), bone="chest"))


def _fur_coat(g: Garment) -> None:
    top = g.torso.neck_y
    v = neckline(g.front, width=0.044, depth=0.13, top=top, pointed=1.0)
    g.front.tint(v, g.body.second)
    _skin_where(
        g,
        neckline(g.front, width=0.040, depth=0.030, top=top),
        neckline(g.back, width=0.03, depth=0.0, top=top),
    )
    control = np.array([(0.004, -0.128), (0.026, -0.085), (0.050, -0.040), (0.062, -0.004), (0.052, 0.012)])
    front = [(x, top + y, float(g.torso.front(np.array(x), np.array(top + y), swell=0.014))) for x, y in control[:3]]
    left = [*front, (0.066, top + 0.000, 0.006), (0.064, top + 0.012, -0.036), (0.036, top + 0.016, -0.066)]
    right = [(-x, y, z) for x, y, z in left[::-1]]
    path = curve(np.array([*left, (0.0, top + 0.017, -0.074), *right]), 70)
    g.pieces.append(_fur(path, 0.019, np.random.default_rng(g.recipe.seed)))


def _fur(path: Array, radius: float, rng: np.random.Generator) -> Piece:
    """A roll of fur along a path: a tube with tufts."""
    columns, steps = 13, len(path)
    across, out = frames(path, path * [1, 0.4, 1] - [0, float(path[:, 1].min()) * 0.4, -0.014])
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    tufts = radius * (0.92 + 0.26 * rng.random((steps, columns)) ** 2)
    tufts = tufts * np.interp(np.arange(steps), [0, 4, steps - 5, steps - 1], [0.3, 1, 1, 0.3])[:, None]
    points = path[:, None] + tufts[..., None] * (
        np.cos(angle)[..., None] * across[:, None] + np.sin(angle)[..., None] * out[:, None]
    )
    uv = seam_uv(steps, columns + 1, swatch_uv(4))
    return grid_piece(points, uv, "clothes", "cloth_small", bone="chest", closed=True, flip=True)


def _frills(g: Garment) -> None:
    """A blouse with ruffles and a brooch."""
    top = g.torso.neck_y
    _collar_ring(g, height=0.026, flare=0.005, swatch=4)
    for ring, (y0, wide) in enumerate(((top - 0.004, 0.016), (top + 0.018, 0.010))):
        angle = np.linspace(0, 2 * np.pi, 97)
        wave = 0.0035 * np.sin(angle * 22)
        n = g.body.neck_width
        rows = [np.stack([(n + 0.006 + wide * t) * np.sin(angle), y0 - (0.012 if ring == 0 else 0.004) * t + wave * t,
                          -0.014 + (n + 0.006 + wide * t) * np.cos(angle)], -1) for t in (0.0, 0.5, 1.0)]  # fmt: skip
        points = np.stack(rows)
        uv = seam_uv(3, 97, swatch_uv(4))
        g.pieces += [grid_piece(points, uv, "clothes", "cloth_small", bone="chest"),
                     grid_piece(points - [0, 0.0015, 0], uv, "clothes", "cloth_small", bone="chest", flip=True)]  # fmt: skip
    for k in range(4):
        y = top - 0.04 - 0.022 * k
        scallop = np.stack(
            [np.linspace(-0.028 + 0.003 * k, 0.028 - 0.003 * k, 40), y + 0.003 * np.sin(np.linspace(0, 30, 40))], -1
        )
        outline = np.concatenate([scallop, scallop[::-1] + [0, 0.018]])
        g.front.tint(g.front.polygon(outline), (0.97, 0.96, 0.97))
        g.front.tint(g.front.stroke(scallop, 0.0014), (0.75, 0.73, 0.78))
    _bow(g, top - 0.014, 0.026, 2)


def _jacket(g: Garment) -> None:
    """A zipped jacket with a high open collar and stripes on the sleeves."""
    top = g.torso.neck_y
    v = neckline(g.front, width=0.034, depth=0.075, top=top, pointed=1.0)
    g.front.tint(v, g.body.second)
    _skin_where(
        g, neckline(g.front, width=0.032, depth=0.022, top=top), neckline(g.back, width=0.03, depth=0.0, top=top)
    )
    _collar_ring(g, height=0.040, flare=0.016, swatch=0, drop=0.006, gap=1.1)
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
    g.pieces += [grid_piece(points, uv, "clothes", "cloth_small", bone="chest"),
                 grid_piece(points * [0.985, 1, 0.985], seam_uv(12, 41, swatch_uv(2)), "clothes", "cloth_small", bone="chest", flip=True)]  # fmt: skip
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

_ = torso_uv
