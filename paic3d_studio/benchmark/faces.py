"""How well faces, landmarks and mattes are found on drawings of characters that no training saw.

    python -m paic3d_studio.benchmark.faces --characters DIR --cache DIR [--out FILE.json]

Every way of the tables `DETECTORS` and `MATTING` sees the same pictures; tables are printed as Markdown.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import Landmarks, Portrait
from paic3d_studio.core.face_template import LEFT_EYE, MOUTH, RIGHT_EYE
from paic3d_studio.core.landmarks import LIKELY, FaceDetection, face_box
from paic3d_studio.datasets.backgrounds import BACKGROUNDS
from paic3d_studio.datasets.drawn_faces import DrawnFace, drawn_faces
from paic3d_studio.datasets.face_scenes import (
    Layer,
    composed,
    face_middle,
    face_size,
    fitting,
    laid,
    premultiplied,
    styled,
)
from paic3d_studio.errors import UserError
from paic3d_studio.files import write_files
from paic3d_studio.nets.landmarks import DETECTORS
from paic3d_studio.nets.matting import MATTING

SIDE: Final = 512
"""Side of the pictures, in pixels."""

FRONT: Final = 20.0
"""Up to this turn a face counts as a front view, in degrees."""

TURNED: Final = 50.0
"""Up to this turn it counts as a three-quarter view."""

_EYES: Final = np.r_[RIGHT_EYE, LEFT_EYE]


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """A portrait with its truth: `rgb` and `alpha` uint8 at 512 px, `layer` as it was laid, `background` by name.

    `layer` is None where no face is shown.
    """

    rgb: NDArray[np.uint8]
    layer: Layer | None
    alpha: NDArray[np.uint8]
    background: str


def portraits(faces: Sequence[DrawnFace], *, seed: int) -> list[Picture]:
    """Set each drawing before a background of its own, the kinds in turn; every second one is printed in a manner."""
    pictures = []
    kinds = list(BACKGROUNDS)
    for k, face in enumerate(faces):
        lot = np.random.default_rng((seed, k))
        size = SIDE * float(np.exp(lot.uniform(np.log(0.14), np.log(0.42))))
        to = (lot.normal(0.5, 0.06) * SIDE, lot.normal(0.42, 0.05) * SIDE)
        matrix = fitting(face, size=size, to=to, turn=float(lot.normal(0, 0.08)), mirror=False)
        foot = float((matrix[:, :2] @ (len(face.rgba) / 2, len(face.rgba)) + matrix[:, 2])[1])
        matrix[1, 2] += max(0.0, SIDE - foot + 2)
        layer = laid(face, matrix=matrix, side=SIDE)
        kind = kinds[k % len(kinds)]
        scene = composed([layer], BACKGROUNDS[kind](lot, SIDE))
        rgb = styled(scene.rgb, lot) if k // len(kinds) % 2 else scene.rgb
        pictures.append(Picture(rgb, None if face.seen_from_behind else layer, scene.alphas[0], kind))
    return pictures


def empty_pictures(*, count: int, seed: int) -> list[Picture]:
    """Paint backgrounds on which nobody stands."""
    pictures = []
    nothing = np.zeros((SIDE, SIDE), np.uint8)
    for k in range(count):
        lot = np.random.default_rng((seed, 1, k))
        kind = ("busy", "busy", "texture", "gradient")[k % 4]
        pictures.append(Picture(styled(BACKGROUNDS[kind](lot, SIDE), lot), None, nothing, kind))
    return pictures


def landmark_errors(found: NDArray[np.float64], layer: Layer) -> dict[str, float]:
    """Return the mean distance at the eyes and at the mouth in sizes of the face."""
    error = np.linalg.norm(found - layer.points, axis=1) / face_size(layer.points)
    return {"eyes": float(error[_EYES].mean()), "mouth": float(error[MOUTH].mean()), "all": float(error.mean())}


def judged_detectors(pictures: Sequence[Picture], empty: Sequence[Picture]) -> dict[str, dict[str, Any]]:
    """Let every detector search every picture."""
    return {name: _judged(detector.detect, pictures, empty) for name, detector in DETECTORS.items()}


def _judged(detect: Any, pictures: Sequence[Picture], empty: Sequence[Picture]) -> dict[str, Any]:
    """Return shares of faces found, errors where both eyes could be seen, false finds, turn and seconds."""
    kept: dict[str, list[float]] = {}
    began = time.perf_counter()
    for picture in pictures:
        found = [face for face in detect(picture.rgb) if face.likelihood >= LIKELY]
        if picture.layer is None:
            kept.setdefault("false", []).append(float(bool(found)))
            continue
        turned = abs(picture.layer.yaw)
        view = "front" if turned <= FRONT else "turned" if turned <= TURNED else "side"
        hit = _hit(found, picture.layer)
        kept.setdefault(f"{view} found", []).append(float(hit is not None))
        kept.setdefault("one face", []).append(float(len(found) <= 1))
        if hit is not None and view != "side":
            for part, value in landmark_errors(hit.points, picture.layer).items():
                kept.setdefault(f"{view} {part}", []).append(value)
        if hit is not None and hit.yaw is not None:
            kept.setdefault("turn error", []).append(abs(hit.yaw - turned))
    for picture in empty:
        found = [face for face in detect(picture.rgb) if face.likelihood >= LIKELY]
        kept.setdefault("false", []).append(float(bool(found)))
    seconds = (time.perf_counter() - began) / max(len(pictures) + len(empty), 1)
    medians = ("eyes", "mouth", "all", "error")
    table = {
        name: float(np.median(values) if name.split()[-1] in medians else np.mean(values))
        for name, values in kept.items()
    }
    return {**table, "seconds": seconds}


def _hit(found: Sequence[FaceDetection], layer: Layer) -> FaceDetection | None:
    """Return the detection that lies on the face."""
    size, middle = face_size(layer.points), face_middle(layer.points)
    near = [face for face in found if np.hypot(*(face.points.mean(axis=0) - middle)) < 0.5 * size]
    return max(near, key=lambda face: face.likelihood, default=None)


def judged_mattes(pictures: Sequence[Picture], *, methods: Sequence[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Let every way separate every character: method -> background -> IoU at one half, mean absolute error, seconds."""
    table: dict[str, dict[str, dict[str, float]]] = {}
    for method in methods:
        kept: dict[str, list[tuple[float, float, float]]] = {}
        for picture in pictures:
            if picture.layer is None:
                continue
            opaque = np.full(picture.rgb.shape[:2], 255, np.uint8)
            portrait = Portrait(rgba=np.dstack([picture.rgb, opaque]), has_alpha=False)
            points = picture.layer.points.astype(np.float32)
            box = face_box(Landmarks(points, np.ones(28, np.float32), "truth"))
            began = time.perf_counter()
            alpha = MATTING[method](portrait, face_box=box).alpha
            seconds = time.perf_counter() - began
            inside, truth = alpha > 127, picture.alpha > 127
            overlap = float((inside & truth).sum() / max(int((inside | truth).sum()), 1))
            error = float(np.abs(alpha.astype(float) - picture.alpha).mean() / 255)
            kept.setdefault(picture.background, []).append((overlap, error, seconds))
        table[method] = {
            kind: dict(zip(("iou", "error", "seconds"), np.mean(values, axis=0).tolist(), strict=True))
            for kind, values in kept.items()
        }
    return table


def detector_table(judged: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table: one row per measure, one column per detector."""
    measures = sorted({measure for row in judged.values() for measure in row})
    lines = ["| | " + " | ".join(judged) + " |", "|---|" + "---|" * len(judged)]
    for measure in measures:
        cells = (f"{row[measure]:.4f}" if measure in row else "" for row in judged.values())
        lines.append(f"| {measure} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def matte_table(judged: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Return a Markdown table: one row per background, IoU and error of each way."""
    kinds = list(BACKGROUNDS)
    lines = ["| background | " + " | ".join(judged) + " |", "|---|" + "---|" * len(judged)]
    for kind in kinds:
        rows = (judged[method].get(kind) for method in judged)
        cells = (f"{row['iou']:.3f} / {row['error']:.4f}" if row else "" for row in rows)
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Judge face detectors and mattes on unseen drawn portraits.")
    parser.add_argument("--characters", type=Path, required=True, help="generated characters that no training saw")
    parser.add_argument("--cache", type=Path, required=True, help="where drawings are kept")
    parser.add_argument("--views", type=int, default=4, help="drawings of each character")
    parser.add_argument("--count", type=int, default=120, help="portraits for the detectors")
    parser.add_argument("--mattes", type=int, default=60, help="portraits for the mattes")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    chosen = parser.parse_args(arguments)
    try:
        files = sorted(chosen.characters.glob("*.vrm"))
        drawings = drawn_faces(files, views=chosen.views, cache=chosen.cache, seed=0)
        faces = [premultiplied(face) for face in drawings]
        faces = [faces[k] for k in np.random.default_rng(0).permutation(len(faces))]
        pictures = portraits(faces, seed=0)
        detectors = judged_detectors(pictures[: chosen.count], empty_pictures(count=40, seed=0))
        print(detector_table(detectors), flush=True)
        mattes = judged_mattes(pictures[: chosen.mattes], methods=("auto", "network", "grabcut", "flood"))
        print(matte_table(mattes))
        if chosen.out:
            figures = json.dumps({"detectors": detectors, "mattes": mattes}, indent=2)
            write_files({chosen.out: figures.encode()})
    except UserError as error:
        print(f"{error.message} {error.cure}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
