"""Drawn portraits with known landmarks, turn and alpha: what the landmark and the matting networks learn from.

Each picture is one view of a character, recoloured, stretched and turned by lot, and drawn by a random illustrator.
Generated characters know their 28 landmarks; those of VRoid's sample characters are laid over the parts of the face
that a front view shows, so they are as exact as the template, and hair and eyes of another hand are worth that.
"""

from __future__ import annotations

import dataclasses
import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import FRONT, Camera, focal_length, rotation
from paic3d_studio.core.face_template import FaceParts, Part, landmark_points
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.characters import is_generated, variant
from paic3d_studio.datasets.generated.labels import read_labels
from paic3d_studio.datasets.illustration import OVERSAMPLING, illustrate, random_styles
from paic3d_studio.datasets.vrm import PARTS, Character, load_character, read_bounded
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer, Views
from paic3d_studio.files import write_files

FACE_SIDE: Final = 256
"""Side of a drawn face's picture in pixels; it shows 0.7 m."""

MIRRORED: Final = np.array(
    [4, 3, 2, 1, 0, 10, 9, 8, 7, 6, 5, 19, 18, 17, 22, 21, 20, 13, 12, 11, 16, 15, 14, 23, 26, 25, 24, 27]
)
"""Which landmark of a mirrored face is which of the face."""

BACK_FROM: Final = 100.0
"""From this turn on, in degrees, nothing of the face is in sight."""

_VERSION: Final = 1
_CACHE_FAULTS: Final = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
_LUMA: Final = np.array((0.299, 0.587, 0.114), np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnFace:
    """One drawing of a character.

    `rgba` uint8 (256, 256, 4) sRGB straight alpha; `points` float32 (28, 2) px, pixel centres at +0.5, also where hair
    hides them; `yaw` and `pitch` in degrees: how far the camera stands to the character's left, and above.
    """

    name: str
    rgba: NDArray[np.uint8]
    points: NDArray[np.float32]
    yaw: float
    pitch: float

    @property
    def seen_from_behind(self) -> bool:
        """Whether nothing of the face is in sight."""
        return abs(self.yaw) > BACK_FROM


def drawn_faces(
    files: Sequence[Path], *, views: int, cache: Path, seed: int = 0, monitor: Monitor = SILENT
) -> Iterator[DrawnFace]:
    """Yield `views` drawings of each character, from the cache where they lie there already.

    Raises:
        Cancelled: as `monitor`.
        UserError: a character or the cache cannot be read or written.
    """
    with CharacterRenderer() as renderer:
        for done, path in enumerate(files):
            monitor.report(done / len(files), path.stem)
            kept = cache / f"{path.stem}-{path.stat().st_size}-{seed}x{views}-v{_VERSION}.npz"
            try:
                found = _read(kept)
            except _CACHE_FAULTS:
                found = drawn_views(path, renderer, views=views, seed=seed)
                _write(found, kept)
            yield from found


def drawn_views(path: Path, renderer: CharacterRenderer, *, views: int, seed: int) -> list[DrawnFace]:
    """Draw one character several times, each with colours, turn and illustrator of its own."""
    digest = hashlib.sha256(f"{path.stem}:{seed}".encode()).digest()
    lot = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    character = load_character(path)
    if is_generated(path.stem):
        landmarks = read_labels(read_bounded(path), name=path.name).landmarks
    else:
        landmarks = _laid_landmarks(character, renderer)
        character = variant(character, number=int(lot.choice([0, 1, 7, 9])))
    return [_drawn(character, landmarks, renderer, lot) for _ in range(views)]


def projected(xyz: NDArray[np.floating], *, camera: Camera, size: int) -> NDArray[np.float64]:
    """Return where places (n, 3) in the field frame appear in a square picture: (n, 2) px, pixel centres at +0.5."""
    seen = np.asarray(xyz, np.float64) @ rotation(camera)
    flat = seen[:, :2] / BOX_SIDE
    if camera.fov is not None:
        flat = seen[:, :2] * focal_length(camera.fov) / (camera.distance - seen[:, 2:])
    return np.asarray((flat * (1, -1) + 0.5) * size)


def _drawn(
    character: Character, landmarks: NDArray[np.float64], renderer: CharacterRenderer, lot: np.random.Generator
) -> DrawnFace:
    """Draw one view by lot."""
    stretch = np.exp(lot.normal(0, (0.07, 0.06, 0.04))) * np.exp(lot.normal(0, 0.06))
    stretch = np.minimum(stretch, 1.25)
    character = character.scaled((float(stretch[0]), float(stretch[1]), float(stretch[2])))
    matrices = {part: _recolouring(lot) for part in ("hair", "cloth", "iris") if lot.random() < 0.5}
    if "hair" in matrices:
        matrices["brow"] = matrices["hair"]
    camera = _camera(lot)
    views = renderer.render(
        character.recoloured(matrices), [camera], size=FACE_SIDE * OVERSAMPLING, supersample=1, half_box=1.0
    )
    seed = int(lot.integers(2**31))
    ink, cel = random_styles(seed)
    drawing = illustrate(views, index=0, camera=camera, ink=ink, cel=cel, seed=seed)
    points = projected(landmarks * stretch, camera=camera, size=FACE_SIDE).astype(np.float32)
    rgba = np.where(drawing.rgba[..., 3:] > 0, drawing.rgba, np.uint8(0))
    return DrawnFace(character.name, rgba, points, camera.azimuth, camera.elevation)


def _camera(lot: np.random.Generator) -> Camera:
    """Stand before the face more often than not, beside it at times, behind it seldom."""
    kind = lot.random()
    if kind < 0.45:
        azimuth = float(lot.normal(0, 12))
    elif kind < 0.95:
        azimuth = float(lot.uniform(-65, 65))
    else:
        azimuth = float(lot.uniform(120, 240)) - (360.0 if lot.random() < 0.5 else 0.0)
    elevation = float(np.clip(lot.normal(0, 10), -28, 28))
    fov = 30.0 if lot.random() < 0.4 else None
    return Camera(azimuth, elevation, 1.35 if fov else 1.0, fov)


def _recolouring(lot: np.random.Generator) -> NDArray[np.float32]:
    """Draw a 3x4 colour matrix that pulls colours towards shades of one tint."""
    tint = lot.uniform(0.1, 1.0, 3).astype(np.float32)
    gain = float(lot.uniform(0.5, 1.5)) / max(float(tint @ _LUMA), 0.2)
    pull = float(lot.uniform(0.3, 0.9))
    square = pull * gain * np.outer(tint, _LUMA) + (1 - pull) * np.eye(3)
    return np.concatenate([square, np.full((3, 1), lot.uniform(-0.05, 0.15))], axis=1).astype(np.float32)


def _laid_landmarks(character: Character, renderer: CharacterRenderer) -> NDArray[np.float64]:
    """Lay the 28-point template over the parts of a character's face as the front shows them: (28, 3) metres.

    Hair is taken away first, so that bangs hide nothing.
    """
    bald = dataclasses.replace(character, primitives=tuple(p for p in character.primitives if p.part != "hair"))
    size = 1024
    views = renderer.render(bald, [FRONT], size=size, supersample=1)
    points = landmark_points(_parts_seen(views))
    xy = np.stack([points[:, 0] / size - 0.5, 0.5 - points[:, 1] / size], axis=1) * BOX_SIDE
    rows, columns = (np.clip(points[:, k].astype(int), 0, size - 1) for k in (1, 0))
    depth = views.xyz[0, rows, columns, 2].astype(np.float64)
    depth = np.where(np.isfinite(depth), depth, np.nanmedian(depth))
    return np.concatenate([xy, depth[:, None]], axis=1)


def _parts_seen(views: Views) -> FaceParts:
    """Return eyes, mouth, nose and chin of a bald front view, in its pixels; each eye as wide as its lashes."""
    part = views.part[0]
    middle = part.shape[1] / 2

    def box(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
        labels, count = ndimage.label(mask)
        if not count:
            raise ValueError("a part of the face is not in sight")
        largest = int(np.bincount(labels.ravel())[1:].argmax()) + 1
        down, across = ndimage.find_objects((labels == largest).astype(np.uint8))[0]
        return float(across.start), float(down.start), float(across.stop), float(down.stop)

    columns = np.arange(part.shape[1])[None, :]
    eyes = []
    for side in (columns < middle, columns >= middle):
        left, top, right, bottom = box(np.isin(part, (PARTS.index("iris"), PARTS.index("eye"))) & side)
        eyes.append(Part(((left + right) / 2, top + 0.5 * (bottom - top)), 1.05 * (right - left), bottom - top))
    left, top, right, bottom = box(part == PARTS.index("mouth"))
    mouth = Part(((left + right) / 2, (top + bottom) / 2), 0.75 * (right - left), max(bottom - top, 4.0))
    line = (eyes[0].centre[1] + eyes[1].centre[1]) / 2
    skin = np.isin(part, [PARTS.index(name) for name in ("face", "iris", "eye", "brow", "mouth")])
    cheeks = np.nonzero(skin[int(line)])[0]
    below = np.nonzero(skin[:, int(middle)])[0]
    chin = (middle, float(below.max()) + 1)
    nose = (middle, line + 0.57 * (mouth.centre[1] - line))
    return FaceParts(eyes[0], eyes[1], mouth, nose, chin, float(cheeks.max() - cheeks.min()) + 1)


def _write(faces: Sequence[DrawnFace], path: Path) -> None:
    """Keep the drawings of one character, whole or not at all."""
    content = BytesIO()
    values: dict[str, Any] = {
        "rgba": np.stack([face.rgba for face in faces]),
        "points": np.stack([face.points for face in faces]),
        "turn": np.array([(face.yaw, face.pitch) for face in faces]),
        "name": np.array([face.name for face in faces]),
    }
    np.savez_compressed(content, **values)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_files({path: content.getvalue()})


def _read(path: Path) -> list[DrawnFace]:
    """Read what `_write` kept; nothing in it is executed."""
    with np.load(path, allow_pickle=False) as kept:
        rgba, points, turn, names = (kept[name] for name in ("rgba", "points", "turn", "name"))
    return [
        DrawnFace(str(name), rgba[k], points[k], float(turn[k, 0]), float(turn[k, 1])) for k, name in enumerate(names)
    ]
