"""The frozen project: everything the artist decided, and what her edits stand on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal

from paic3d_studio.core.bounds import refuse_outside
from paic3d_studio.core.lines import LineOptions, Stroke
from paic3d_studio.core.surface import SurfaceOptions
from paic3d_studio.core.terms import Terms
from paic3d_studio.core.texture import TextureOptions
from paic3d_studio.core.upscaling import Upscaling

Point = tuple[float, float]
Polygon = tuple[Point, ...]

StitchSourceName = Literal["artist", "line-free", "off"]
STITCH_SOURCES: Final[Mapping[StitchSourceName, str]] = MappingProxyType(
    {
        "artist": "the artist's own pixels at the full resolution of her file, lines included",
        "line-free": "the line-free picture, as the published system does (512 pixels)",
        "off": "no stitching: the colours of the field everywhere",
    }
)
"""What is projected onto the surface where the front sees it."""


FARTHEST: Final = 50_000.0
"""Pixels from a picture's corner beyond which no edit reaches: no picture is larger."""

MAX_NAME: Final = 40
"""Longest name of a hull, in characters."""


@dataclass(frozen=True)
class PictureSource:
    """The artist's file as it was read: its name (for titles and default file names) and its bytes, undecoded."""

    name: str
    encoded: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the bytes; stands for them in every key."""
        return hashlib.sha256(self.encoded).hexdigest()


@dataclass(frozen=True)
class PlacedFace:
    """Centres of the eyes and the mouth that the artist placed by hand, Portrait pixels; right is the character's."""

    right_eye: Point
    left_eye: Point
    mouth: Point


LANDMARKS: Final = 28
"""How many landmarks a face has."""


@dataclass(frozen=True)
class MovedLandmark:
    """A landmark that the artist moved: its number in the specification's order, and its place in Portrait pixels."""

    index: int
    place: Point


@dataclass(frozen=True)
class FoundFace:
    """The landmarks that were found when a project was saved: what its hulls and strokes stand on.

    As `core.artefacts.Landmarks`: places in Portrait pixels with a score each, the detector's name, and its warning.
    """

    points: Polygon
    scores: tuple[float, ...]
    source: str
    warning: str = ""

    def __post_init__(self) -> None:
        if not len(self.points) == len(self.scores) == LANDMARKS:
            raise ValueError(f"a face has {LANDMARKS} landmarks")


@dataclass(frozen=True)
class AlignmentEdit:
    """How the artist moved the picture in the aligned square after it was aligned by its face.

    `scale` and `turn` (degrees, clockwise on the screen) are about the middle of the square, `shift` is made last, in
    aligned pixels.
    """

    shift: Point = (0.0, 0.0)
    scale: float = 1.0
    turn: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what brings the face out of sight.

        Raises:
            UserError: a value is out of its range.
        """
        for name, value in zip(("to the right", "down"), self.shift, strict=True):
            refuse_outside(f"The shift of the picture {name}", value, -MAX_SHIFT, MAX_SHIFT)
        refuse_outside("The size of the picture", self.scale, 1 / MAX_RESIZE, MAX_RESIZE)
        refuse_outside("The turn of the picture", self.turn, -180, 180)


MAX_SHIFT: Final = 512.0
"""How far the artist may shift the picture in the square, in aligned pixels."""

MAX_RESIZE: Final = 4.0
"""How much larger, or smaller, she may make it."""


@dataclass(frozen=True)
class Settings:
    """The choices of method and their options; each name is a key of the table that its comment names."""

    detector: str = "network"  # nets.landmarks.DETECTORS
    matting: str = "auto"  # nets.matting.MATTING
    lines: LineOptions = field(default_factory=LineOptions)
    infill: str = "network"  # nets.infill.INPAINTERS
    backbone: str = "compact"  # nets.backbones.BACKBONES
    surface: SurfaceOptions = field(default_factory=SurfaceOptions)
    texture: TextureOptions = field(default_factory=TextureOptions)
    stitch: StitchSourceName = "artist"  # STITCH_SOURCES
    upscaling: Upscaling = field(default_factory=Upscaling)
    terms: Terms = field(default_factory=Terms)
    volume: int = 120
    """Voxels along a side of the volume that the viewport draws first.

    No power of two, as little as the finer one's: OpenGL in software compiles its shaders anew from one to the other.
    """

    def __post_init__(self) -> None:
        """Refuse a volume that means nothing, or would fill the memory.

        Raises:
            UserError: it is out of range.
        """
        refuse_outside("The side of the volume", self.volume, 8, 256)


@dataclass(frozen=True)
class Project:
    """One character: her picture and what the artist decided about it.

    Detected values (landmarks, hulls) come from the graph, and only what the artist changed is kept here; apart from
    the face that was found, once something of hers stands on it.

    Attributes:
        picture: her file.
        landmark_edit: the face she placed by hand; None leaves it to the detector.
        found_face: what a file kept of the detector's answer, in place of which another detector's would move all that
            she drew; None asks the detector. It is no decision, so two projects are equal without it.
        landmark_moves: single landmarks that she moved, by number; the others stay where they were found.
        alignment_edit: how she moved the picture in the square after it was aligned.
        matte_strokes: brush strokes on the matte in Portrait pixels, in order; `adds` marks the character.
        hull_edits: name -> polygon in aligned pixels, convex unless the hull is free: in place of the detected hull of
            a feature, or a hull of the artist's own round anything else whose lines stay.
        free_hulls: names of hulls whose polygon may have dents, in order.
        locked_hulls: names of hulls that the pointer passes by, in order.
        strokes: brush strokes on the line mask in aligned pixels, in order; `adds` marks lines to repaint.
        settings: methods and options.
        seed: of everything random, 0 to 2**32 - 1.
    """

    picture: PictureSource
    landmark_edit: PlacedFace | None = None
    found_face: FoundFace | None = field(default=None, compare=False)
    landmark_moves: tuple[MovedLandmark, ...] = ()
    alignment_edit: AlignmentEdit = AlignmentEdit()
    matte_strokes: tuple[Stroke, ...] = ()
    hull_edits: Mapping[str, Polygon] = field(default_factory=dict)
    free_hulls: tuple[str, ...] = ()
    locked_hulls: tuple[str, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    settings: Settings = field(default_factory=Settings)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.hull_edits:
            if not 0 < len(name.strip()) <= MAX_NAME:
                raise ValueError(f"a hull's name has 1 to {MAX_NAME} letters: “{name}”")
        numbers = [moved.index for moved in self.landmark_moves]
        if numbers != sorted(set(numbers)) or not all(0 <= number < LANDMARKS for number in numbers):
            raise ValueError(f"landmarks are numbered from 0 to {LANDMARKS - 1}, in order and once each")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"the seed {self.seed} is not between 0 and {2**32 - 1}")
        object.__setattr__(self, "hull_edits", MappingProxyType(dict(self.hull_edits)))
