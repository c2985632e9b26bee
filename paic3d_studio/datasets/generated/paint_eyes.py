"""The paint of eyes, brows and mouth: whites, irises, highlights, lashes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.datasets.generated.eyes import BROW_TILE, EYE_TILE, MOUTH_TILE, BrowLines, EyeLines, MouthLines
from paic3d_studio.datasets.generated.paint import Canvas, mixed, scaled
from paic3d_studio.datasets.generated.recipe import Colour, EyeRecipe, FaceRecipe
from paic3d_studio.datasets.generated.shapes import Array, curve

TILE: Final = 256
EYE_LAYERS: Final = ("white", "iris", "shine", "lash")

Mask = NDArray[np.float32]


def eye_sheet(face: FaceRecipe, eye: EyeRecipe, rng: Generator) -> NDArray[np.uint8]:
    """Return the layers of both eyes: a column per layer, above the character's right eye, below the left one."""
    rows = []
    for side, colours in ((-1.0, eye.right_iris), (1.0, eye.left_iris)):
        lines = EyeLines(eye)
        white = _white(lines, face)
        iris = _iris(lines, colours, eye, np.random.default_rng(int(rng.integers(2**32))))
        shine = _shine(lines, eye, colours, side)
        lash = _lash(lines, eye, face)
        tiles = [c.picture() for c in (white, iris, shine, lash)]
        rows.append(np.concatenate([t if side > 0 else t[:, ::-1] for t in tiles], 1))
    return np.concatenate(rows)


def _tile(ground: Colour) -> Canvas:
    return Canvas(EYE_TILE, TILE, height=TILE, ground=ground)


def _grown(outline: Array, by: float) -> Array:
    middle = outline.mean(0)
    away = outline - middle
    return np.asarray(outline + away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9) * by)


def _white(lines: EyeLines, face: FaceRecipe) -> Canvas:
    ground = mixed((0.985, 0.98, 0.985), face.skin, 0.06)
    canvas = _tile(ground)
    canvas.lay(canvas.polygon(_grown(lines.opening, 0.0006)), ground)
    canvas.shade(_under_lid(canvas, lines, 0.010), (0.76, 0.76, 0.86), opacity=0.9)
    return canvas


def _under_lid(canvas: Canvas, lines: EyeLines, depth: float) -> Mask:
    """The shadow of the upper lid: 1 at its edge, 0 `depth` metres below."""
    edge = np.interp(canvas.x[0], lines.upper[:, 0], lines.upper[:, 1])
    return np.asarray(np.clip(1.25 - (edge[None] - canvas.y) / depth, 0, 1), np.float32)


def iris_centre(eye: EyeRecipe) -> tuple[float, float]:
    """Where the iris sits in the eye's plane: a little towards the nose, hung from the upper lid."""
    top = eye.height * (1 - eye.lower) * (1 - eye.lid)
    middle = (top - eye.height * eye.lower) / 2
    low = -eye.height * eye.lower + eye.iris_height * 0.92
    return -0.0015, min(max(middle, low), top - eye.iris_height * 0.62)


def _iris(lines: EyeLines, colours: tuple[Colour, Colour, Colour], eye: EyeRecipe, rng: Generator) -> Canvas:
    dark, main, light = colours
    canvas = _tile(dark)
    centre, radii = iris_centre(eye), np.array([eye.iris_width, eye.iris_height])
    canvas.lay(canvas.ellipse(centre, radii), dark)
    inner = canvas.ellipse(centre, radii * 0.90)
    canvas.tint(inner, main)
    across = np.hypot((canvas.x - centre[0]) / radii[0], (canvas.y - centre[1]) / radii[1])
    angle = np.arctan2(canvas.x - centre[0], canvas.y - centre[1])
    rays = 0.5 + 0.5 * np.sin(angle * int(rng.integers(14, 30)) + rng.uniform(0, 6) + 2 * np.sin(angle * 5))
    height = np.clip((canvas.y - centre[1]) / radii[1], -1, 1)
    canvas.tint(inner * np.asarray(np.clip(-height * 0.9 + 0.25, 0, 1), np.float32), light, opacity=0.75)
    canvas.tint(inner * np.asarray(rays * np.clip(across, 0, 1) * 0.35, np.float32), light, opacity=0.6)
    canvas.tint(inner * np.asarray(np.clip(height * 0.9 + 0.15, 0, 1), np.float32), dark, opacity=0.8)
    rim = np.clip((across - 0.72) / 0.2, 0, 1) * np.clip(0.6 + height, 0.25, 1)
    canvas.tint(inner * np.asarray(rim, np.float32), dark, opacity=0.55)
    PUPILS[eye.pupil](canvas, centre, radii, colours)
    bottom = canvas.ellipse((centre[0], centre[1] - radii[1] * 0.62), radii * [0.55, 0.22])
    canvas.tint(bottom * inner, mixed(light, (1, 1, 1), 0.35), opacity=0.55)
    canvas.shade(_under_lid(canvas, lines, 0.011), (0.5, 0.46, 0.58), opacity=0.7)
    canvas.clip(canvas.polygon(_grown(lines.opening, 0.0004)))
    return canvas


def _round_pupil(canvas: Canvas, centre: tuple[float, float], radii: Array, colours: tuple[Colour, ...]) -> None:
    canvas.tint(canvas.ellipse(centre, radii * 0.40), scaled(colours[0], 0.45))


def _slit_pupil(canvas: Canvas, centre: tuple[float, float], radii: Array, colours: tuple[Colour, ...]) -> None:
    lens = np.linspace(-1, 1, 24)
    right = np.stack([0.20 * (1 - lens**2), 0.7 * lens], -1) * radii
    canvas.tint(
        canvas.polygon(np.concatenate([right, right[::-1] * [-1, 1]]) + np.asarray(centre)), scaled(colours[0], 0.4)
    )


def _large_pupil(canvas: Canvas, centre: tuple[float, float], radii: Array, colours: tuple[Colour, ...]) -> None:
    canvas.tint(canvas.ellipse(centre, radii * 0.55), scaled(colours[0], 0.5))
    canvas.tint(canvas.ellipse((centre[0], centre[1] - radii[1] * 0.12), radii * 0.3), colours[1], opacity=0.35)


def _ringed_pupil(canvas: Canvas, centre: tuple[float, float], radii: Array, colours: tuple[Colour, ...]) -> None:
    canvas.tint(canvas.ellipse(centre, radii * 0.58), colours[2], opacity=0.8)
    canvas.tint(canvas.ellipse(centre, radii * 0.48), scaled(colours[1], 0.8))
    canvas.tint(canvas.ellipse(centre, radii * 0.25), scaled(colours[0], 0.4))


def _star_pupil(canvas: Canvas, centre: tuple[float, float], radii: Array, colours: tuple[Colour, ...]) -> None:
    turn = np.arange(8) * np.pi / 4
    reach = np.where(np.arange(8) % 2 == 0, 0.55, 0.2)[:, None]
    star = np.stack([np.sin(turn), np.cos(turn)], -1) * reach * radii
    canvas.tint(canvas.ellipse(centre, radii * 0.5), scaled(colours[0], 0.6), opacity=0.6)
    canvas.tint(canvas.polygon(star + np.asarray(centre)), mixed(colours[2], (1, 1, 0.9), 0.6))


def _no_pupil(canvas: Canvas, centre: tuple[float, float], radii: Array, colours: tuple[Colour, ...]) -> None:
    canvas.tint(canvas.ellipse((centre[0], centre[1] + radii[1] * 0.1), radii * 0.45), colours[0], opacity=0.5)


PUPILS: Final[Mapping[str, Callable[[Canvas, tuple[float, float], Array, tuple[Colour, ...]], None]]] = {
    "round": _round_pupil,
    "large": _large_pupil,
    "slit": _slit_pupil,
    "ringed": _ringed_pupil,
    "star": _star_pupil,
    "none": _no_pupil,
}

HIGHLIGHTS: Final[Mapping[str, tuple[tuple[float, float, float, float, float], ...]]] = {
    "two": ((-0.32, 0.42, 0.30, 0.24, 0.95), (0.38, -0.48, 0.15, 0.12, 0.8)),
    "one": ((-0.28, 0.40, 0.34, 0.26, 0.95),),
    "tall": ((-0.34, 0.34, 0.22, 0.34, 0.95), (0.34, -0.52, 0.20, 0.11, 0.7)),
    "many": (
        (-0.30, 0.44, 0.28, 0.24, 0.95),
        (0.36, 0.10, 0.12, 0.11, 0.9),
        (-0.10, -0.60, 0.24, 0.10, 0.7),
        (0.40, -0.36, 0.08, 0.08, 0.9),
    ),
    "wide": ((0.0, 0.42, 0.55, 0.15, 0.8), (-0.2, -0.55, 0.2, 0.1, 0.6)),
    "small": ((-0.25, 0.35, 0.16, 0.14, 0.9),),
    "none": (),
}
"""Spots of light: x to the picture's right, y, half axes, all in the iris's half axes, and opacity."""


def _shine(lines: EyeLines, eye: EyeRecipe, colours: tuple[Colour, Colour, Colour], side: float) -> Canvas:
    canvas = _tile((1, 1, 1))
    centre, radii = np.asarray(iris_centre(eye)), np.array([eye.iris_width, eye.iris_height])
    for x, y, wide, high, opacity in HIGHLIGHTS[eye.highlights]:
        place = centre + np.array([x * side, y]) * radii
        tint = (1.0, 1.0, 1.0) if y > 0 else mixed(colours[2], (1, 1, 1), 0.75)
        canvas.lay(canvas.ellipse(place, radii * [wide, high], angle=0.3 * side), tint, opacity=opacity)
    canvas.clip(canvas.polygon(lines.opening))
    return canvas


def _lash(lines: EyeLines, eye: EyeRecipe, face: FaceRecipe) -> Canvas:
    canvas = _tile(eye.lash_colour)
    upper, lower = lines.upper, lines.lower
    if eye.shadow is not None:
        lifted = upper + [0, 0.004]
        canvas.lay(
            canvas.stroke(lifted, 0.010 * np.sin(np.linspace(0.15, np.pi - 0.1, len(upper)))), eye.shadow, opacity=0.35
        )
    if eye.fold:
        crease = mixed(face.skin, eye.lash_colour, 0.55)
        path = upper[5:-3] + np.array([0.0, eye.lash * 0.9 + 0.0032])
        canvas.lay(canvas.stroke(path, 0.0011 * np.sin(np.linspace(0.1, np.pi - 0.1, len(path)))), crease, opacity=0.9)
    end = upper[-1]
    direction = np.array([0.85, 0.35 + 6 * eye.tilt])
    wing = end + direction / np.linalg.norm(direction) * eye.wing
    path = curve(np.concatenate([upper[::3], [end], [wing]]), 60) if eye.wing > 0.001 else upper
    t = np.linspace(0, 1, len(path))
    widths = eye.lash * np.interp(t, [0, 0.15, 0.6, 0.85, 1], [0.35, 0.75, 1.1, 1.25, 0.05])
    canvas.lay(canvas.stroke(path + [0, eye.lash * 0.18], widths), eye.lash_colour)
    for k in range(eye.spikes):
        root = upper[-2 - 4 * k] + [0, eye.lash * 0.3]
        out = np.array([0.75 - 0.12 * k, 0.55 + 0.15 * k])
        tip = root + out / np.linalg.norm(out) * (0.0055 + eye.lash * 0.6)
        spike = curve([root, (root + tip) / 2 + [0.0006, -0.0006], tip], 8)
        canvas.lay(canvas.stroke(spike, np.linspace(0.0024, 0.0002, 8)), eye.lash_colour)
    under = lower[int(len(lower) * 0.30) :]
    thickness = 0.0015 * eye.under * np.linspace(0.25, 1.0, len(under))
    canvas.lay(canvas.stroke(under, thickness), mixed(eye.lash_colour, face.skin, 0.3), opacity=0.9)
    if eye.under > 0.7:
        for share in (0.72, 0.82, 0.90):
            root = lower[int(len(lower) * share)]
            tip = root + [0.0015, -0.003]
            canvas.lay(
                canvas.stroke(np.stack([root, (root + tip) / 2, tip]), [0.0012, 0.0008, 0.0002]), eye.lash_colour
            )
    return canvas


def brow_picture(eye: EyeRecipe) -> NDArray[np.uint8]:
    """Return the paint of the left brow (x outwards)."""
    canvas = Canvas(BROW_TILE, 128, height=64, ground=eye.brow_colour)
    path = BrowLines(eye).path
    t = np.linspace(0, 1, len(path))
    profile = {
        "thick": [0.9, 1.0, 1.0, 0.3],
        "angled": [0.9, 1.0, 0.8, 0.1],
        "short": [0.8, 1.0, 1.0, 0.7],
        "flat": [0.7, 1.0, 0.9, 0.4],
    }.get(eye.brow, [0.45, 0.9, 0.8, 0.12])
    canvas.lay(canvas.stroke(path, eye.brow_thickness * np.interp(t, [0, 0.3, 0.65, 1], profile)), eye.brow_colour)
    return canvas.picture()


def mouth_picture(face: FaceRecipe, eye: EyeRecipe) -> NDArray[np.uint8]:
    """Return the paint of the mouth."""
    ink = mixed(scaled(face.skin, 0.42), (0.5, 0.12, 0.12), 0.5)
    canvas = Canvas(MOUTH_TILE, 256, height=192, ground=ink)
    mouth = MouthLines(eye)
    line = mouth.line
    t = np.linspace(0, np.pi, len(line))
    if eye.lip is not None:
        lip = np.concatenate(
            [
                line + np.stack([0 * t, 0.0022 * np.sin(t) * (1 - 0.35 * np.exp(-(((t - 1.57) / 0.2) ** 2)))], -1),
                (mouth.lower - np.stack([0 * t, 0.0032 * np.sin(t)], -1))[::-1],
            ]
        )
        canvas.lay(canvas.polygon(lip), eye.lip, opacity=0.85)
    if mouth.opened > 0:
        hole = canvas.polygon(np.concatenate([line, mouth.lower[::-1]]))
        canvas.lay(hole, (0.52, 0.17, 0.19))
        deep = float(mouth.lower[:, 1].min())
        tongue = canvas.ellipse((0, deep), (eye.mouth_width * 0.33, mouth.opened * 0.5))
        canvas.tint(hole * tongue, (0.88, 0.47, 0.47))
        if eye.mouth in ("laugh", "open") and mouth.opened > 0.007:
            teeth = np.concatenate([line[6:-6], (line[6:-6] - [0, mouth.opened * 0.2])[::-1]])
            canvas.tint(hole * canvas.polygon(teeth), (0.98, 0.97, 0.96))
        if eye.mouth == "fang":
            for x in (eye.mouth_width * 0.24,):
                root = np.array([x, float(np.interp(x, line[:, 0], line[:, 1]))])
                canvas.tint(hole * canvas.polygon(root + [[-0.002, 0.001], [0.002, 0.001], [0, -0.0042]]), (1, 1, 1))
        canvas.lay(canvas.stroke(mouth.lower, 0.0009 * np.sin(t) + 0.0002), ink)
    canvas.lay(canvas.stroke(line, 0.0013 * np.sin(t) ** 0.5 + 0.0004), ink)
    if mouth.opened == 0 and eye.lip is None:
        below = curve([(-0.003, -0.0052), (0, -0.0058), (0.003, -0.0052)], 12)
        canvas.lay(canvas.stroke(below, 0.0011), scaled(face.skin, 0.78), opacity=0.6)
    return canvas.picture()
