"""Draw the contact sheet of characters made by rules: front and back of the seeds 0 to 63, into characters.jpg.

PYTHONPATH=. .venv/bin/python docs/gallery/characters.py
"""

from pathlib import Path

import cv2
import numpy as np

from paic3d_studio.core.camera import BACK, FRONT
from paic3d_studio.datasets.generated.draw import drawn_recipe
from paic3d_studio.datasets.generated.generate import character_bytes
from paic3d_studio.datasets.vrm import decode_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer

SIDE, CUT, ACROSS, GROUND = 176, 24, 8, 228.0


def main() -> None:
    """Write the picture beside this file."""
    pairs = []
    with CharacterRenderer() as renderer:
        for seed in range(64):
            character = decode_character(character_bytes(drawn_recipe(seed)), name=str(seed))
            views = renderer.render(character, [FRONT, BACK], size=SIDE)
            alpha = views.rgba[..., 3:] / 255
            pictures = views.rgba[..., :3] * alpha + GROUND * (1 - alpha)
            pairs.append(np.concatenate(list(pictures[:, :, CUT:-CUT]), axis=1))
    rows = [np.concatenate(pairs[k : k + ACROSS], axis=1) for k in range(0, len(pairs), ACROSS)]
    sheet = np.round(np.concatenate(rows)).astype(np.uint8)[..., ::-1]
    cv2.imwrite(str(Path(__file__).with_name("characters.jpg")), sheet, [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == "__main__":
    main()
