"""Pairs for line removal: illustrations of sample characters, and what lies under their lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE, AlignedPortrait
from paic3d_studio.core.camera import FRONT, Camera
from paic3d_studio.core.image import over_white
from paic3d_studio.core.lines import LUMA, LineOptions, contour_lines
from paic3d_studio.datasets.illustration import OVERSAMPLING, illustrate, random_styles
from paic3d_studio.datasets.vrm import PARTS, Character, load_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer

KEPT_PARTS: Final = tuple(PARTS.index(name) for name in ("iris", "eye", "brow", "mouth"))
"""What stands in for the feature hulls: lines on these parts stay."""

_LUMA: Final = np.array(LUMA, np.float32)


@dataclasses.dataclass(frozen=True)
class LinePair:
    """One drawing, on white, at 512 px: uint8 sRGB (512, 512, 3) each.

    `drawn` has lines; `unlined` is the same painting without them; `render` is the flat render below the painting;
    `keep` bool (512, 512) is True on eyes, brows and mouth.
    """

    name: str
    drawn: NDArray[np.uint8]
    unlined: NDArray[np.uint8]
    render: NDArray[np.uint8]
    keep: NDArray[np.bool_]

    def line_mask(self, dilation: int) -> NDArray[np.bool_]:
        """Mark what is to be repainted, as the program will find it: bool (512, 512)."""
        opaque = np.full((*self.keep.shape, 1), 255, np.uint8)
        aligned = AlignedPortrait(np.concatenate([self.drawn, opaque], axis=-1))
        return contour_lines(aligned, options=LineOptions(dilation=dilation)) & ~self.keep


def line_pairs(files: Sequence[Path], *, count: int, seed: int, varied: bool = True) -> Iterator[LinePair]:
    """Draw `count` pairs, each in a style, colouring, size and view of its own; equal seeds give equal bytes.

    Args:
        files: characters to take in turn.
        count: how many pairs.
        seed: of every choice.
        varied: recolour, mirror, scale and turn the characters; else draw them from the front as they are.
    """
    lot = np.random.default_rng(seed)
    order = np.concatenate([lot.permutation(len(files)) for _ in range(-(-count // len(files)))])[:count]
    with CharacterRenderer() as renderer:
        for index in order.tolist():
            character = load_character(files[index])
            camera = FRONT
            if varied:
                character, camera = _varied(character, lot)
            yield _pair(renderer, character, camera, seed=int(lot.integers(2**31)))


def _varied(character: Character, lot: np.random.Generator) -> tuple[Character, Camera]:
    """Recolour, mirror, scale and turn a character by lot; most are seen nearly from the front."""
    matrices = {part: _recolouring(lot) for part in ("hair", "cloth", "iris") if lot.random() < 0.7}
    if "hair" in matrices:
        matrices["brow"] = matrices["hair"]
    scale = float(lot.uniform(0.85, 1.35))
    mirror = -1.0 if lot.random() < 0.5 else 1.0
    azimuth = float(lot.normal(0, 15)) if lot.random() < 0.7 else float(lot.uniform(0, 360))
    camera = Camera(azimuth, float(lot.normal(0, 8)), 1.0, None)
    return character.recoloured(matrices).scaled((mirror * scale, scale, scale)), camera


def _recolouring(lot: np.random.Generator) -> NDArray[np.float32]:
    """Draw a 3x4 colour matrix that pulls colours towards shades of one tint."""
    tint = lot.uniform(0.1, 1.0, 3).astype(np.float32)
    gain = float(lot.uniform(0.5, 1.5)) / max(float(tint @ _LUMA), 0.2)
    pull = float(lot.uniform(0.5, 1.0))
    square = pull * gain * np.outer(tint, _LUMA) + (1 - pull) * np.eye(3)
    return np.concatenate([square, np.full((3, 1), lot.uniform(-0.05, 0.15))], axis=1).astype(np.float32)


def _pair(renderer: CharacterRenderer, character: Character, camera: Camera, *, seed: int) -> LinePair:
    """Render and draw one view."""
    views = renderer.render(character, [camera], size=512 * OVERSAMPLING, supersample=1)
    ink, cel = random_styles(seed)
    drawing = illustrate(views, index=0, camera=camera, ink=ink, cel=cel, seed=seed)
    flat = over_white(views.rgba[0]).astype(np.float32)
    render = cv2.resize(flat, (512, 512), interpolation=cv2.INTER_AREA)
    return LinePair(
        name=character.name,
        drawn=over_white(drawing.rgba),
        unlined=over_white(drawing.unlined),
        render=np.round(render).astype(np.uint8),
        keep=kept_by_parts(views.part[0]),
    )


def kept_by_parts(part: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return eyes, brows and mouth of a view, grown by two pixels: bool (512, 512).

    Args:
        part: ids of `vrm.PARTS`, at the size of the aligned square or a whole multiple of it.
    """
    unit = len(part) // ALIGNED_SIZE
    features = np.isin(part, KEPT_PARTS).astype(np.uint8)
    grown = cv2.dilate(features, np.ones((4 * unit + 1, 4 * unit + 1), np.uint8))
    return np.asarray(grown[::unit, ::unit] > 0)
