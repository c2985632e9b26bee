"""Drawings of the characters in a dataset of renders: what an illustrator's lines would add to their fronts.

A folder of renders knows colours and places but no materials, so parts are told by the face that is found in the
picture: lines come from jumps in depth and bends of the surface, and none are drawn on the skin of the face.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import ALIGNED_SIZE, Alignment, Landmarks, Portrait
from paic3d_studio.core.face_template import CONTOUR, LEFT_LASH, RIGHT_LASH
from paic3d_studio.core.hulls import detect_hulls
from paic3d_studio.core.image import over_white
from paic3d_studio.core.lines import keep_mask
from paic3d_studio.datasets.illustration import OVERSAMPLING, illustrate, random_styles
from paic3d_studio.datasets.line_pairs import LinePair
from paic3d_studio.datasets.renders import RenderView
from paic3d_studio.datasets.vrm import PARTS
from paic3d_studio.datasets.vrm_renderer import Views
from paic3d_studio.nets.landmarks import find_landmarks

LARGE: Final = ALIGNED_SIZE * OVERSAMPLING
SAME_SURFACE: Final = 0.005
"""Neighbouring places closer than this along z, in metres, are joined when a view is enlarged."""

_SKIN_REACH: Final = 22.0
_IN_PLACE: Final = Alignment(matrix=np.eye(2, 3))


def drawn_render(front: RenderView, *, name: str, seed: int) -> LinePair:
    """Draw an orthographic front in a style drawn by lot, with its line-free twin.

    Raises:
        UserError: no face is found in it, so that nobody can say which lines are to stay.
    """
    scale = ALIGNED_SIZE / len(front.rgba)
    found = find_landmarks(Portrait(rgba=front.rgba, has_alpha=True))
    landmarks = Landmarks(found.points * np.float32(scale), found.scores, found.source)
    keep = keep_mask(detect_hulls(landmarks, alignment=_IN_PLACE), landmarks=landmarks, alignment=_IN_PLACE).mask
    views = enlarged(front, landmarks=landmarks, keep=keep)
    ink, cel = random_styles(seed)
    drawing = illustrate(views, index=0, camera=front.camera, ink=ink, cel=cel, seed=seed)
    return LinePair(
        name=name,
        drawn=over_white(drawing.rgba),
        unlined=over_white(drawing.unlined),
        render=front_on_white(front),
        keep=keep,
    )


def front_on_white(front: RenderView) -> NDArray[np.uint8]:
    """Return a front on white at the size of the aligned square: uint8 (512, 512, 3)."""
    white = over_white(front.rgba)
    if len(white) == ALIGNED_SIZE:
        return white
    shrinks = len(white) > ALIGNED_SIZE
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(white, (ALIGNED_SIZE, ALIGNED_SIZE), interpolation=method), np.uint8)


def enlarged(front: RenderView, *, landmarks: Landmarks, keep: NDArray[np.bool_]) -> Views:
    """Return a front as the illustrator's renderer would have given it: larger, with normals and guessed parts."""
    size = (LARGE, LARGE)
    covered = front.rgba[..., 3] > 127
    near = cv2.resize(front.xyz, size, interpolation=cv2.INTER_NEAREST)
    smooth = cv2.resize(front.xyz, size, interpolation=cv2.INTER_LINEAR)
    depth = np.where(covered, front.xyz[..., 2], np.float32(-10)).astype(np.float32)
    square = np.ones((3, 3), np.uint8)
    jump = (cv2.dilate(depth, square) - cv2.erode(depth, square) > SAME_SURFACE).astype(np.uint8)
    apart = cv2.resize(jump, size, interpolation=cv2.INTER_NEAREST) > 0
    shown = cv2.resize(covered.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    xyz = np.where(apart[..., None], near, smooth)
    part = guessed_parts(front, landmarks=landmarks, keep=keep, size=LARGE)
    normal = cv2.resize(normals(front), size, interpolation=cv2.INTER_LINEAR)
    return Views(
        rgba=np.asarray(cv2.resize(front.rgba, size, interpolation=cv2.INTER_LINEAR), np.uint8)[None],
        xyz=np.where(shown[..., None], xyz, np.float32(np.nan)).astype(np.float32)[None],
        part=np.where(shown, part, 0).astype(np.uint8)[None],
        normal=np.where(shown[..., None], normal, 0).astype(np.float32)[None],
    )


def normals(view: RenderView) -> NDArray[np.float32]:
    """Return the surface's unit normals from its places, towards the viewer of a front: (S, S, 3)."""
    across, down = np.gradient(view.xyz, axis=1), np.gradient(view.xyz, axis=0)
    normal = np.cross(down, across)  # rows run downwards
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    seen = (view.rgba[..., 3:] > 127) & (length > 0)
    return np.where(seen, normal / np.maximum(length, 1e-20), 0).astype(np.float32)


def guessed_parts(front: RenderView, *, landmarks: Landmarks, keep: NDArray[np.bool_], size: int) -> NDArray[np.uint8]:
    """Return indices into `vrm.PARTS`: eyes and mouth where lines stay, face where it is skin, other elsewhere."""
    scale = len(front.rgba) / ALIGNED_SIZE
    lab = cv2.cvtColor(over_white(front.rgba).astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    points = landmarks.points * scale
    outline = np.concatenate([points[CONTOUR], points[RIGHT_LASH], points[LEFT_LASH]])
    inside = np.zeros(front.rgba.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.round(outline).astype(np.int32)), 1)
    stays = cv2.resize(keep.astype(np.uint8), inside.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    cheeks = lab[(inside > 0) & ~stays]
    skin = np.median(cheeks, axis=0) if len(cheeks) else np.zeros(3)
    face = (inside > 0) & (np.linalg.norm(lab - skin, axis=-1) < _SKIN_REACH)
    part = np.full(inside.shape, PARTS.index("other"), np.uint8)
    part[face] = PARTS.index("face")
    part[stays] = PARTS.index("eye")
    return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_NEAREST), np.uint8)
