"""What clothes are made of: necklines, collars, lapels, bows, buttons, fur."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.datasets.generated.body import Torso
from paic3d_studio.datasets.generated.paint import Canvas, as_picture, mixed, scaled
from paic3d_studio.datasets.generated.recipe import BodyRecipe, Colour, Recipe
from paic3d_studio.datasets.generated.shapes import (
    Array,
    Piece,
    curve,
    ellipsoid,
    frames,
    grid_piece,
    mirrored,
    moved,
    seam_uv,
    solid_patch,
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
    colours = (
        body.main,
        body.second,
        body.accent,
        (0.93, 0.76, 0.34),
        (0.97, 0.96, 0.97),
        (0.16, 0.15, 0.19),
        scaled(body.main, 0.80),
        scaled(body.accent, 0.78),
    )
    sheet = np.ones((64, 128, 4), np.float64)
    for k, colour in enumerate(colours):
        shade = np.interp(np.linspace(0, 1, 32), [0, 0.12, 0.42, 0.52, 1], [1.06, 1.0, 0.97, 0.86, 0.74])[:, None, None]
        sheet[k // 4 * 32 : k // 4 * 32 + 32, k % 4 * 32 : k % 4 * 32 + 32, :3] = np.clip(
            np.asarray(colour) * shade, 0, 1
        )
    return as_picture(sheet)


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


def folds(canvas: Canvas, colour: Colour, seed: int) -> None:
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


def collar_ring(g: Garment, *, height: float, flare: float, swatch: int, drop: float = 0.0, gap: float = 0.0) -> None:
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


def on_chest(torso: Torso, xy: Array, swell: float, *, behind: bool = False) -> Array:
    swell += torso.cloth
    z = (torso.back if behind else torso.front)(xy[..., 0], xy[..., 1], swell=swell)
    return np.concatenate([xy, z[..., None]], -1)


def flap(g: Garment, left: Array, right: Array, *, swell: float, swatch: int, behind: bool = False) -> Piece:
    """A piece of cloth lying on the trunk between two edges (n, 2) in the front plane."""
    t = np.linspace(0, 1, 9)[None, :, None]
    xy = left[:, None] * (1 - t) + right[:, None] * t
    points = on_chest(g.torso, xy, swell, behind=behind)
    uv = seam_uv(len(left), 9, swatch_uv(swatch))
    return grid_piece(points, uv, "clothes", "cloth_small", bone="chest")


def lapel(g: Garment, *, reach: float, low: float, swatch: int) -> None:
    """Two pointed collar leaves beside the neck."""
    top = g.torso.neck_y
    inner = np.stack([np.linspace(0.028, 0.004, 8), np.linspace(top + 0.002, top - low, 8)], -1)
    outer = np.stack(
        [
            np.interp(np.linspace(0, 1, 8), [0, 0.55, 1], [0.030, 0.030 + reach, 0.005]),
            np.interp(np.linspace(0, 1, 8), [0, 0.55, 1], [top + 0.003, top - low * 0.75, top - low]),
        ],
        -1,
    )
    leaf = flap(g, inner, outer, swell=0.009, swatch=swatch)
    g.pieces += [leaf, mirrored(leaf)]


def chest_bow(g: Garment, y: float, size: float, swatch: int) -> None:
    """A bow tie on the chest."""
    z = float(g.torso.front(np.array(0.0), np.array(y), swell=0.010)) + 0.004
    g.pieces += [
        dataclasses.replace(p, bone="chest")
        for p in bow(size, "clothes", "cloth_small", swatch_uv(swatch), (0.0, y, z))
    ]


def bow(
    size: float,
    part: str,
    material: str,
    box: tuple[float, float, float, float],
    place: tuple[float, float, float],
    rotation: Array | None = None,
    *,
    tails: bool = True,
) -> list[Piece]:
    """Return a bow with two loops, a knot and two tails; it looks along +z before `rotation`."""
    loop = curve([(0.08, 0.0), (0.45, 0.42), (0.95, 0.52), (1.08, 0.0), (0.95, -0.52), (0.45, -0.42), (0.08, 0.0)], 18)[
        :-1
    ]
    wing = boxed(solid_patch(loop * size, size * 0.10, part, material, dome=size * 0.16), box)
    made = [
        wing,
        mirrored(wing),
        ellipsoid(
            (0, 0, size * 0.1), (size * 0.17, size * 0.2, size * 0.2), part, material, rows=7, columns=10, uv_box=box
        ),
    ]
    if tails:
        tail = np.array([(0.0, 0.0), (0.22, 0.0), (0.62, -1.15), (0.42, -1.05), (0.20, -1.22)]) * size
        strip = boxed(solid_patch(dense(tail), size * 0.05, part, material), box)
        strip = moved(strip, shift=(0, 0, -size * 0.08))
        made += [strip, mirrored(strip)]
    return [moved(p, rotation=rotation, shift=place) for p in made]


def dense(outline: Array) -> Array:
    closed = np.concatenate([outline, outline[:1]])
    return np.concatenate(
        [a + (b - a) * np.linspace(0, 1, 3, endpoint=False)[:, None] for a, b in itertools.pairwise(closed)]
    )


def boxed(piece: Piece, box: tuple[float, float, float, float]) -> Piece:
    low, span = np.array(box[:2]), np.array([box[2] - box[0], box[3] - box[1]])
    return dataclasses.replace(piece, uv=low + piece.uv * span)


def buttons(g: Garment, xs: tuple[float, ...], ys: tuple[float, ...], colour: Colour, radius: float = 0.0035) -> None:
    for x in xs:
        for y in ys:
            g.front.tint(g.front.ellipse((x, y - 0.0012), (radius, radius)), scaled(colour, 0.6), opacity=0.7)
            g.front.tint(g.front.ellipse((x, y), (radius, radius)), colour)


def skin_where(g: Garment, front: NDArray[np.float32], back: NDArray[np.float32]) -> None:
    """Leave holes in the cloth through which skin shows."""
    for canvas, mask in ((g.front, front), (g.back, back)):
        canvas.clip(np.asarray(1 - mask, np.float32))


def necktie(g: Garment) -> None:
    top = g.torso.neck_y - 0.024
    outline = dense(
        np.array(
            [
                (-0.008, top),
                (0.008, top),
                (0.005, top - 0.016),
                (0.014, top - 0.11),
                (0, top - 0.13),
                (-0.014, top - 0.11),
                (-0.005, top - 0.016),
            ]
        )
    )
    flat = boxed(solid_patch(outline, 0.004, "clothes", "cloth_small", dome=0.002), swatch_uv(2))
    y = flat.positions[:, 1]
    lifted = flat.positions + [0, 0, 1] * g.torso.front(0 * y, y, swell=0.012)[:, None]
    g.pieces.append(dataclasses.replace(flat, positions=lifted, bone="chest"))


def blossom(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    for k in range(5):
        a = 2 * np.pi * k / 5
        canvas.tint(
            canvas.ellipse((x + 0.55 * size * np.sin(a), y + 0.55 * size * np.cos(a)), (size * 0.42, size * 0.42)),
            colour,
        )
    canvas.tint(canvas.ellipse((x, y), (size * 0.22, size * 0.22)), (0.98, 0.86, 0.45))


def fur(path: Array, radius: float, rng: np.random.Generator) -> Piece:
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
