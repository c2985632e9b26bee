"""What the reconstructors see of a pair: the illustration over its model's front view, and without its lines."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.benchmark.pairs import Pair
from paic3d_studio.core.alignment import aligned_points, portrait_points, warp_portrait
from paic3d_studio.core.artefacts import ALIGNED_SIZE, AlignedPortrait, Alignment, KeepMask, LineMask, Portrait
from paic3d_studio.core.camera import FRONT
from paic3d_studio.core.hulls import detect_hulls
from paic3d_studio.core.image import decode_portrait, read_picture
from paic3d_studio.core.lines import LineOptions, contour_lines, keep_mask
from paic3d_studio.datasets.drawn_fronts import drawn_front
from paic3d_studio.datasets.line_pairs import kept_by_parts
from paic3d_studio.datasets.vrm import PARTS, Character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer, Views
from paic3d_studio.errors import UserError
from paic3d_studio.nets.infill import INFILL_WEIGHTS, repaint
from paic3d_studio.nets.landmarks import FINDER_WEIGHTS, LANDMARK_WEIGHTS, find_landmarks
from paic3d_studio.nets.manifest import manifest_entry
from paic3d_studio.nets.matting import MATTING_WEIGHTS, find_matte

NETWORKS: Final = (INFILL_WEIGHTS, FINDER_WEIGHTS, LANDMARK_WEIGHTS, MATTING_WEIGHTS)
"""Weights in the manifest that an illustration goes through before a reconstructor sees it."""

_FACE_PARTS: Final = tuple(PARTS.index(name) for name in ("face", "iris", "eye", "brow", "mouth"))


@dataclasses.dataclass(frozen=True, eq=False)
class Illustration:
    """A picture of the character over the front camera's square, uint8 (512, 512, 4) straight alpha each.

    `original` as drawn; `line_free` what reconstructors see; `render` the true front view. `lines` is what is repainted
    and `keep` where lines stay, bool (512, 512); both are None where the original is the render itself.
    """

    original: NDArray[np.uint8]
    line_free: NDArray[np.uint8]
    render: NDArray[np.uint8]
    lines: NDArray[np.bool_] | None = None
    keep: NDArray[np.bool_] | None = None

    @property
    def has_lines(self) -> bool:
        """Whether it was drawn, so that there is something to remove."""
        return self.lines is not None

    def without_lines(self, inpainter: str) -> NDArray[np.uint8]:
        """Return the original repainted by one of INPAINTERS.

        Raises:
            UserError: its weights are missing or damaged.
        """
        if self.lines is None or self.keep is None:
            return self.original
        aligned = AlignedPortrait(self.original)
        painted = repaint(aligned, line_mask=LineMask(self.lines), keep=KeepMask(self.keep), inpainter=inpainter)
        return painted.rgba


def network_digests() -> tuple[str, ...]:
    """Return the sha256 of the weights of NETWORKS."""
    return tuple(manifest_entry(name).sha256 for name in NETWORKS)


def illustration_of(
    pair: Pair, character: Character, renderer: CharacterRenderer, *, drawn: bool = False, seed: int = 0
) -> Illustration:
    """Return what reconstructors see of a pair.

    Args:
        pair: without an illustration the front render stands in for one.
        character: the pair's model.
        renderer: draws it.
        drawn: make a synthetic drawing of the render where there is no illustration.
        seed: of the drawing, together with the pair's name.

    Raises:
        UserError: the illustration cannot be read, or is not aligned yet.
    """
    render = renderer.render(character, [FRONT], size=ALIGNED_SIZE, supersample=2)
    if pair.illustration is not None:
        return aligned_illustration(pair, render)
    if not drawn:
        return Illustration(render.rgba[0], render.rgba[0], render.rgba[0])
    style = int.from_bytes(hashlib.sha256(f"{pair.name}:{seed}".encode()).digest()[:4], "little") >> 1
    front = drawn_front(character, renderer, seed=style)
    return _repainted(front.rgba, render, keep=front.keep)


def aligned_illustration(pair: Pair, render: Views) -> Illustration:
    """Warp a pair's illustration over its model's front view, its background removed.

    Raises:
        UserError: the illustration cannot be read, or is not aligned yet.
    """
    assert pair.illustration is not None
    portrait = decode_portrait(read_picture(pair.illustration), name=pair.illustration.name)
    alignment = pair.similarity()
    matte = find_matte(portrait, face_box=_face_box(render, alignment))
    aligned = warp_portrait(portrait, matte=matte, alignment=alignment)
    return _repainted(aligned.rgba, render, keep=_kept(portrait, alignment, render))


def _repainted(original: NDArray[np.uint8], render: Views, *, keep: NDArray[np.bool_]) -> Illustration:
    lines = contour_lines(AlignedPortrait(original), options=LineOptions()) & ~keep
    found = Illustration(original, original, render.rgba[0], lines, keep)
    return dataclasses.replace(found, line_free=found.without_lines("network"))


def _kept(portrait: Portrait, alignment: Alignment, render: Views) -> NDArray[np.bool_]:
    """Return where lines stay: by the landmarks that are found in the illustration, else by the true render's parts."""
    try:
        landmarks = find_landmarks(portrait)
    except UserError:
        return kept_by_parts(render.part[0])
    mask = keep_mask(detect_hulls(landmarks, alignment=alignment), landmarks=landmarks, alignment=alignment).mask
    centre = aligned_points(alignment, points=landmarks.points).mean(axis=0)
    return mask if ((centre >= 0) & (centre < ALIGNED_SIZE)).all() else kept_by_parts(render.part[0])


def _face_box(render: Views, alignment: Alignment) -> tuple[float, float, float, float]:
    """Return the box of the true face in pixels of the illustration: left, top, width, height."""
    rows, columns = np.nonzero(np.isin(render.part[0], _FACE_PARTS))
    if len(rows) == 0:
        rows, columns = np.nonzero(render.rgba[0][..., 3] > 127)
    low = (columns.min(initial=ALIGNED_SIZE // 4), rows.min(initial=ALIGNED_SIZE // 4))
    high = (columns.max(initial=ALIGNED_SIZE // 2) + 1, rows.max(initial=ALIGNED_SIZE // 2) + 1)
    corners = portrait_points(alignment, points=[low, high])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right - left), float(bottom - top)
