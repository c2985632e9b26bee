"""A sheet of pictures with what was found on them: landmarks and hulls, or why there are none. To be looked at.

    python -m paic3d_studio.benchmark.face_sheet PICTURES --out sheet.png

The sheet shows the pictures themselves: it is as free to be passed on as they are.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import Alignment, Landmarks, Portrait
from paic3d_studio.core.hulls import detect_hulls
from paic3d_studio.core.image import decode_portrait, encode_png, over_white, read_picture
from paic3d_studio.datasets.contact_sheet import contact_sheet
from paic3d_studio.datasets.portrait_folder import pictures_in
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.nets.landmarks import DETECTORS, find_landmarks

SIDE: Final = 384
"""Side of one picture on the sheet, in pixels."""

CAPTION: Final = 60
"""Pixels at its foot that name the picture and say what was found."""

COLUMNS: Final = 6

AROUND: Final = 2.6
"""How much of the picture is shown around a face, in extents of its landmarks."""

_HULL: Final = (0, 90, 255)
_LANDMARK: Final = (255, 0, 90)
_INK: Final = (30, 30, 30)
_LETTERS_IN_A_LINE: Final = 54
_IN_PLACE: Final = Alignment(np.eye(2, 3))


def face_cell(portrait: Portrait, *, name: str, detector: str) -> NDArray[np.uint8]:
    """Return one picture of the sheet, uint8 (SIDE, SIDE, 4) with straight alpha, opaque.

    Args:
        portrait: what is looked at.
        name: what the caption begins with.
        detector: a key of `DETECTORS`.
    """
    try:
        landmarks = find_landmarks(portrait, detector=detector)
        picture, told = _around_the_face(portrait, landmarks), landmarks.warning or "found"
    except UserError as error:
        picture, told = over_white(portrait.rgba), error.message
    canvas = np.full((SIDE, SIDE, 3), 255, np.uint8)
    height, width = picture.shape[:2]
    scale = min(SIDE / width, (SIDE - CAPTION) / height)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    canvas[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    for number, line in enumerate(textwrap.wrap(f"{name}: {told}", _LETTERS_IN_A_LINE)[:3]):
        place = (4, SIDE - CAPTION + 16 + 18 * number)
        cv2.putText(canvas, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, _INK, 1, cv2.LINE_AA)
    return np.dstack((canvas, np.full((SIDE, SIDE), 255, np.uint8)))


def _around_the_face(portrait: Portrait, landmarks: Landmarks) -> NDArray[np.uint8]:
    """Return what of a picture lies around its face, (h, w, 3), with landmarks and hulls drawn on it, enlarged."""
    low, high = landmarks.points.min(axis=0), landmarks.points.max(axis=0)
    reach = AROUND * float((high - low).max()) / 2
    middle, limits = (low + high) / 2, np.array(portrait.rgba.shape[1::-1])
    first = np.clip(np.floor(middle - reach), 0, limits - 1).astype(int)
    last = np.clip(np.ceil(middle + reach), first + 1, limits).astype(int)
    cut = np.ascontiguousarray(over_white(portrait.rgba)[first[1] : last[1], first[0] : last[0]])
    scale = max(2.0, SIDE / max(cut.shape[:2]))
    drawn = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    for polygon in detect_hulls(landmarks, alignment=_IN_PLACE).polygons.values():
        corners = np.round((polygon - first) * scale).astype(np.int32)
        cv2.polylines(drawn, [corners], True, _HULL, 2, cv2.LINE_AA)
    for x, y in (landmarks.points - first) * scale:
        cv2.circle(drawn, (round(float(x)), round(float(y))), 3, _LANDMARK, -1, cv2.LINE_AA)
    return np.asarray(drawn, np.uint8)


def face_sheet(files: Sequence[Path], *, detector: str) -> NDArray[np.uint8]:
    """Return a sheet, uint8 (rows * SIDE, COLUMNS * SIDE, 3), of all pictures that can be read.

    Args:
        files: pictures.
        detector: a key of `DETECTORS`.

    Raises:
        UserError: none can be read.
    """
    cells = []
    for path in files:
        try:
            portrait = decode_portrait(read_picture(path), name=path.name)
        except UserError as error:
            print(f"{path.name}: {error.message}", file=sys.stderr)
            continue
        cells.append(face_cell(portrait, name=path.name, detector=detector))
    if not cells:
        raise UserError("None of the pictures can be read.", "Name a folder with sound ones.")
    return contact_sheet(cells, columns=COLUMNS, side=SIDE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a sheet; return the exit code."""
    parser = argparse.ArgumentParser(description="Draw what is found on a folder of pictures onto one sheet.")
    parser.add_argument("folder", type=Path, help="pictures")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    parser.add_argument("--detector", choices=tuple(DETECTORS), default="network")
    chosen = parser.parse_args(arguments)
    try:
        sheet = face_sheet(pictures_in(chosen.folder), detector=chosen.detector)
        write_files({chosen.out: encode_png(sheet)})
    except UserError as error:
        print(f"{error.message} {error.cure}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
