"""The paint of the skin: blush, shadows, nose, marks, freckles, wrinkles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from paic3d_studio.datasets.generated.head import PICTURE_BOX
from paic3d_studio.datasets.generated.paint import Canvas, mixed, scaled
from paic3d_studio.datasets.generated.recipe import Colour, FaceRecipe, Recipe
from paic3d_studio.datasets.generated.shapes import curve


def shade_of(skin: Colour) -> Colour:
    """Return the factor by which skin is multiplied in shadow: warmer, not greyer."""
    return 0.93, 0.80, 0.80 if sum(skin) > 1.8 else 0.84


def face_picture(recipe: Recipe, rng: Generator) -> NDArray[np.uint8]:
    """Return the face's texture: its plane as `head.PICTURE_BOX` cuts it."""
    f = recipe.face
    canvas = Canvas(PICTURE_BOX, 512, ground=f.skin)
    canvas.lay(1.0, f.skin)
    shade = shade_of(f.skin)
    canvas.shade(
        canvas.ramp(0.005, 0.05), shade, opacity=0.15 if recipe.hair.bangs in ("short", "slicked", "quiff") else 0.75
    )  # under the fringe
    canvas.shade(1 - canvas.ramp(f.chin - 0.004, f.chin + 0.016), shade, opacity=0.30)
    edge = np.abs(canvas.x) / f.half_width
    canvas.shade(np.asarray(np.clip((edge - 0.68) / 0.4, 0, 1), np.float32), shade, opacity=0.55)
    for side in (-1, 1):
        canvas.shade(canvas.glow((side * f.eye_x, f.eye_y + 0.012), (0.026, 0.016)), shade, opacity=0.18)
        cheek = (side * (f.eye_x + 0.010), (f.eye_y + f.nose_y) / 2 - 0.014)
        canvas.tint(canvas.glow(cheek, (0.019, 0.010)), f.blush, opacity=f.blush_strength)
        if f.blush_strength > 0.55:
            _blush_lines(canvas, cheek, f)
    NOSES[f.nose_style](canvas, f)
    if f.freckles:
        _freckles(canvas, f, rng)
    if f.mole:
        canvas.tint(canvas.ellipse((f.mole * (f.eye_x + 0.004), f.eye_y - 0.030), (0.0014, 0.0014)), (0.25, 0.14, 0.12))
    if f.wrinkles > 0:
        _wrinkles(canvas, f)
    MARKS[f.mark](canvas, f, recipe)
    BEARDS[f.beard](canvas, f, recipe)
    return canvas.picture()


def _blush_lines(canvas: Canvas, cheek: tuple[float, float], f: FaceRecipe) -> None:
    for k in (-1, 0, 1):
        x = cheek[0] + 0.006 * k
        line = np.array([(x - 0.0015, cheek[1] - 0.003), (x, cheek[1]), (x + 0.0015, cheek[1] + 0.003)])
        canvas.tint(canvas.stroke(line, 0.0011), scaled(f.blush, 0.82), opacity=0.7)


def _dot_nose(canvas: Canvas, f: FaceRecipe) -> None:
    shade = scaled(mixed(f.skin, (0.75, 0.35, 0.3), 0.35), 0.82)
    canvas.tint(canvas.ellipse((0.0, f.nose_y - 0.0028), (0.0022, 0.0011)), shade, opacity=0.9)


def _shadow_nose(canvas: Canvas, f: FaceRecipe) -> None:
    wedge = np.array([(0.001, f.nose_y + 0.010), (0.0055, f.nose_y - 0.004), (-0.002, f.nose_y - 0.004)])
    canvas.shade(canvas.polygon(wedge), (0.86, 0.70, 0.70), opacity=0.75)


def _line_nose(canvas: Canvas, f: FaceRecipe) -> None:
    ink = scaled(mixed(f.skin, (0.5, 0.2, 0.2), 0.4), 0.7)
    bridge = curve(
        [(0.004, f.nose_y + 0.016), (0.0035, f.nose_y + 0.006), (0.005, f.nose_y - 0.002), (0.001, f.nose_y - 0.004)],
        20,
    )
    canvas.tint(canvas.stroke(bridge, 0.0012 * np.sin(np.linspace(0.2, 3.0, 20))), ink, opacity=0.8)


def _nostril_nose(canvas: Canvas, f: FaceRecipe) -> None:
    ink = scaled(mixed(f.skin, (0.5, 0.2, 0.2), 0.4), 0.7)
    for side in (-1, 1):
        canvas.tint(canvas.ellipse((side * 0.0036, f.nose_y - 0.004), (0.0014, 0.0008)), ink, opacity=0.7)
    canvas.tint(canvas.glow((0.0, f.nose_y + 0.002), (0.003, 0.004)), (1, 1, 1), opacity=0.25)


def _light_nose(canvas: Canvas, f: FaceRecipe) -> None:
    canvas.tint(canvas.ellipse((0.0008, f.nose_y + 0.001), (0.0012, 0.0014)), (1, 1, 1), opacity=0.75)
    canvas.shade(canvas.glow((0.0, f.nose_y - 0.005), (0.004, 0.002)), (0.88, 0.72, 0.72), opacity=0.8)


NOSES: Final[Mapping[str, Callable[[Canvas, FaceRecipe], None]]] = {
    "dot": _dot_nose,
    "shadow": _shadow_nose,
    "line": _line_nose,
    "nostrils": _nostril_nose,
    "light": _light_nose,
}


def _freckles(canvas: Canvas, f: FaceRecipe, rng: Generator) -> None:
    tone = scaled(mixed(f.skin, (0.6, 0.3, 0.2), 0.5), 0.85)
    for side in (-1, 1):
        for _ in range(7):
            place = (side * (0.022 + 0.034 * rng.random()), f.nose_y + 0.008 + 0.014 * rng.random())
            canvas.tint(canvas.ellipse(place, (0.0009, 0.0008)), tone, opacity=0.7)


def _wrinkles(canvas: Canvas, f: FaceRecipe) -> None:
    ink = scaled(mixed(f.skin, (0.45, 0.2, 0.2), 0.35), 0.82)

    def line(*control: tuple[float, float]) -> None:
        path = curve(control, 16)
        for side in (-1, 1):
            canvas.tint(
                canvas.stroke(path * [side, 1], 0.0012 * np.sin(np.linspace(0.2, 3.0, 16))),
                ink,
                opacity=0.75 * f.wrinkles,
            )

    line((0.014, f.nose_y + 0.001), (0.021, f.nose_y - 0.012), (0.022, f.mouth_y + 0.002))
    line((f.eye_x - 0.018, f.eye_y - 0.021), (f.eye_x - 0.004, f.eye_y - 0.027), (f.eye_x + 0.012, f.eye_y - 0.024))
    line((f.eye_x + 0.027, f.eye_y + 0.004), (f.eye_x + 0.033, f.eye_y + 0.006))
    line((f.eye_x + 0.027, f.eye_y - 0.006), (f.eye_x + 0.033, f.eye_y - 0.009))
    line((0.0, 0.036), (0.014, 0.037), (0.028, 0.034))


def _no_mark(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    del canvas, f, recipe


def _scar(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    side = 1 if recipe.seed % 2 else -1
    path = curve(
        [
            (side * (f.eye_x - 0.006), f.eye_y + 0.036),
            (side * f.eye_x, f.eye_y),
            (side * (f.eye_x + 0.006), f.eye_y - 0.042),
        ],
        20,
    )
    canvas.tint(canvas.stroke(path, 0.0022 * np.sin(np.linspace(0.1, 3.04, 20))), mixed(f.skin, (0.7, 0.3, 0.3), 0.5))


def _whiskers(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    del recipe
    for side in (-1, 1):
        for k in range(3):
            y = f.nose_y - 0.002 - 0.008 * k
            path = np.array(
                [(side * 0.034, y), (side * 0.046, y - 0.001 * (k - 1)), (side * 0.058, y + 0.002 * (1 - k))]
            )
            canvas.tint(canvas.stroke(path, [0.0004, 0.0012, 0.0004]), scaled(f.skin, 0.5), opacity=0.8)


def _stripes(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    paint = recipe.body.accent
    for side in (-1, 1):
        path = np.array([(side * 0.042, f.eye_y - 0.028), (side * 0.062, f.eye_y - 0.033)])
        canvas.tint(canvas.polygon(np.concatenate([path, path[::-1] - [0, 0.005]])), paint, opacity=0.9)


def _diamond(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    y = f.eye_y + 0.058
    canvas.tint(canvas.polygon(np.array([(0, y + 0.007), (0.004, y), (0, y - 0.007), (-0.004, y)])), recipe.body.accent)


def _plaster(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    side = 1 if recipe.seed % 2 else -1
    centre = np.array([side * 0.044, f.nose_y - 0.006])
    box = np.array([(-0.012, -0.004), (0.012, -0.004), (0.012, 0.004), (-0.012, 0.004)]) @ np.array(
        [[0.94, 0.34], [-0.34, 0.94]]
    )
    canvas.tint(canvas.polygon(box + centre), (0.93, 0.80, 0.62))
    canvas.tint(canvas.polygon(box * 0.42 + centre), (0.98, 0.90, 0.76))


MARKS: Final[Mapping[str, Callable[[Canvas, FaceRecipe, Recipe], None]]] = {
    "none": _no_mark,
    "scar": _scar,
    "whiskers": _whiskers,
    "stripes": _stripes,
    "diamond": _diamond,
    "plaster": _plaster,
}


def _stubble(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    canvas.tint(_jaw(canvas, f, rugged=0.0), recipe.hair.root, opacity=0.16)


def _moustache(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    y = f.mouth_y + 0.0065
    for side in (-1, 1):
        path = curve([(side * 0.0005, y + 0.0015), (side * 0.010, y), (side * 0.019, y - 0.006)], 20)
        widths = 0.0062 * np.interp(np.linspace(0, 1, 20), [0, 0.4, 1], [0.7, 1, 0.05])
        canvas.tint(canvas.stroke(path, widths), _beard_colour(recipe))


def _goatee(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    t = np.linspace(-1, 1, 15)
    upper = np.stack([0.016 * t, f.mouth_y - 0.010 - 0.003 * (1 - t**2)], -1)
    lower = np.stack([0.021 * t[::-1], np.full(15, f.chin - 0.01)], -1)
    canvas.tint(canvas.polygon(np.concatenate([upper, lower])), _beard_colour(recipe))


def _full_beard(canvas: Canvas, f: FaceRecipe, recipe: Recipe) -> None:
    mouth = canvas.ellipse((0.0, f.mouth_y - 0.001), (recipe.eyes.mouth_width * 0.62, 0.0062))
    beard = np.asarray(_jaw(canvas, f, rugged=0.004) * (1 - mouth), np.float32)
    canvas.tint(beard, _beard_colour(recipe))
    canvas.shade(beard * canvas.ramp(f.mouth_y, f.chin), (0.80, 0.76, 0.80), opacity=0.6)
    _moustache(canvas, f, recipe)


def _beard_colour(recipe: Recipe) -> Colour:
    return mixed(recipe.hair.root, recipe.hair.shadow, 0.35)


def _jaw(canvas: Canvas, f: FaceRecipe, *, rugged: float) -> NDArray[np.float32]:
    """Where a beard grows: from the temples under the cheeks, over the upper lip."""
    t = np.linspace(0, 1, 40)
    x = f.half_width * 1.05 * (1 - t)
    edge = [f.eye_y - 0.004, f.nose_y + 0.004, *(f.mouth_y + rise for rise in (-0.002, 0.006, 0.012, 0.009))]
    y = np.interp(t, [0, 0.18, 0.45, 0.75, 0.88, 1], edge)
    y = y + rugged * np.where(np.arange(40) % 2, 0.5, -0.5) * (t > 0.1)
    half = np.stack([x, y], -1)
    below = [(-f.half_width * 1.1, f.chin - 0.02), (f.half_width * 1.1, f.chin - 0.02)]
    return canvas.polygon(np.concatenate([half, half[::-1] * [-1, 1], below]))


BEARDS: Final[Mapping[str, Callable[[Canvas, FaceRecipe, Recipe], None]]] = {
    "none": _no_mark,
    "stubble": _stubble,
    "moustache": _moustache,
    "goatee": _goatee,
    "full": _full_beard,
}
