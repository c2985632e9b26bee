"""Draw the bundled example portrait from a sample character.

python -m paic3d_studio.datasets.example CHARACTER OUT.png
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import FRONT
from paic3d_studio.core.image import encode_png
from paic3d_studio.datasets.illustration import OVERSAMPLING, CelStyle, InkStyle, illustrate
from paic3d_studio.datasets.vrm import PARTS, Character, load_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer, Views
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files

SIZE: Final = 1024
EXTENT: Final = 0.56
"""Side of the picture in metres; its lower edge is that of the field's box."""


INK: Final = InkStyle(
    width=1.35,
    crease=0.6,
    taper=0.9,
    wobble=0.12,
    gap=0.0,
    colour=(0.20, 0.09, 0.10),
    local=0.45,
    opacity=0.92,
    depth_step=0.005,
    bend=42.0,
    shortest=9.0,
)
CEL: Final = CelStyle(
    light=(-0.28, 0.8, 0.9),
    threshold=0.08,
    softness=0.03,
    shadow=(0.84, 0.71, 0.78),
    cast=9.0,
    shine=0.45,
    blush=0.22,
)


def draw_example(character: Character, *, seed: int = 7) -> NDArray[np.uint8]:
    """Draw head and shoulders from the front: sRGB with straight alpha, uint8 (1024, 1024, 4)."""
    side = SIZE * OVERSAMPLING
    full = round(side * BOX_SIDE / EXTENT)
    with CharacterRenderer() as renderer:
        views = renderer.render(character, [FRONT], size=full, supersample=1)
    left = (full - side) // 2
    window = np.s_[:, full - side :, left : left + side]
    framed = Views(
        _flattened(views.rgba[window], views.part[window]), views.xyz[window], views.part[window], views.normal[window]
    )
    return illustrate(framed, index=0, camera=FRONT, ink=INK, cel=CEL, seed=seed).rgba


def _flattened(rgba: NDArray[np.uint8], part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gather small textures of the clothes into flat patches; deepen all colours and the fine marks on the face."""
    rgb = np.ascontiguousarray(rgba[0, ..., :3])
    flat = cv2.pyrMeanShiftFiltering(rgb, 10, 16, maxLevel=1)
    cloth = cv2.GaussianBlur((part[0] == PARTS.index("cloth")).astype(np.float32), (0, 0), 1.0)[..., None]
    mixed = rgb * (1 - cloth) + flat * cloth
    around = cv2.GaussianBlur(mixed, (0, 0), 9.0)
    face = np.isin(part, [PARTS.index("face"), PARTS.index("mouth")])[0][..., None]
    deepened = np.where(face, mixed - 1.5 * np.maximum(around - mixed, 0), mixed)
    grey = deepened.mean(axis=-1, keepdims=True)
    deepened = grey + 1.18 * (deepened - grey)
    return np.concatenate([np.clip(deepened, 0, 255).round().astype(np.uint8), rgba[0, ..., 3:]], axis=-1)[None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw a character's portrait and write it as a PNG."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("character", type=Path, help="VRM or GLB file")
    parser.add_argument("out", type=Path, help="PNG file to write")
    chosen = parser.parse_args(arguments)
    try:
        write_files({chosen.out: encode_png(draw_example(load_character(chosen.character)))})
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
