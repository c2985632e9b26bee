"""The front of a character as reconstruction sees a drawing of it: inked, cel shaded, and its lines painted over.

A render has clean edges between parts and no light. What is left of an illustration after line removal has hard
shadows, painted shine, the rests of its contours, and paint that strayed to another part where a line was repainted.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE, AlignedPortrait, KeepMask
from paic3d_studio.core.camera import FRONT
from paic3d_studio.core.lines import line_mask
from paic3d_studio.datasets.illustration import OVERSAMPLING, illustrate, random_styles
from paic3d_studio.datasets.line_pairs import kept_by_parts
from paic3d_studio.datasets.vrm import Character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer
from paic3d_studio.nets.infill import repaint


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnFront:
    """A character drawn from the front.

    `rgba` uint8 (512, 512, 4) straight alpha, and `keep` bool (512, 512), whose lines stay.
    """

    rgba: NDArray[np.uint8]
    keep: NDArray[np.bool_]

    def without_lines(self) -> NDArray[np.uint8]:
        """Return it with its lines found and repainted by the program's steps, uint8 (512, 512, 4).

        What stays comes from the true parts, not from landmarks.

        Raises:
            UserError: the weights of line removal are missing or damaged.
        """
        aligned, keep = AlignedPortrait(self.rgba), KeepMask(self.keep)
        return repaint(aligned, line_mask=line_mask(aligned, keep=keep), keep=keep).rgba


def drawn_front(character: Character, renderer: CharacterRenderer, *, seed: int) -> DrawnFront:
    """Draw a character from the front, in a style drawn by lot; equal seeds give equal bytes.

    The outer half of the outline belongs to the cut-out, as it does to an artist's.
    """
    views = renderer.render(character, [FRONT], size=ALIGNED_SIZE * OVERSAMPLING, supersample=1)
    ink, cel = random_styles(seed)
    drawn = illustrate(views, index=0, camera=FRONT, ink=ink, cel=cel, seed=seed)
    return DrawnFront(drawn.rgba, kept_by_parts(views.part[0]))


def reduced(rgba: NDArray[np.uint8], *, side: int) -> NDArray[np.uint8]:
    """Shrink a picture (s, s, 4) with straight alpha by a whole factor."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    stacked = np.concatenate([rgba[..., :3] * alpha, alpha * 255], axis=-1)
    small = np.asarray(cv2.resize(stacked, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    straight = small[..., :3] * (255 / np.maximum(small[..., 3:], 1))
    return np.asarray(np.rint(np.concatenate([straight, small[..., 3:]], axis=-1)).clip(0, 255), np.uint8)
