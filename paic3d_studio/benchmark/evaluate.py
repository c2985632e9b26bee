"""One pair, measured whole: the true views and surface once, then each method against them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from paic3d_studio.benchmark.baked_field import BakedField
from paic3d_studio.benchmark.geometry import (
    POINTS,
    SEED,
    TrueSurface,
    field_mesh,
    in_prism,
    nearness,
    surface_points,
    true_surface,
)
from paic3d_studio.benchmark.illustrations import Illustration, illustration_of
from paic3d_studio.benchmark.methods import Entrant
from paic3d_studio.benchmark.metrics import PictureComparer
from paic3d_studio.benchmark.pairs import Pair
from paic3d_studio.benchmark.published_surface import published_surface
from paic3d_studio.benchmark.roi import Region
from paic3d_studio.benchmark.views import CIRCLE, DIAGONALS, FLAT, condition_of, on_white, rendered, view_scores
from paic3d_studio.core.artefacts import AlignedPortrait
from paic3d_studio.core.monitor import SILENT, Monitor
from paic3d_studio.datasets.vrm import Character, load_character
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer, Views
from paic3d_studio.errors import UserError
from paic3d_studio.nets.field import FieldCondition, RadianceField
from paic3d_studio.nets.volume import RenderedView

CAMERAS: Final = (*CIRCLE, *DIAGONALS, *FLAT)
SHOWN: Final = (len(CIRCLE) + len(DIAGONALS), 1, len(CIRCLE), 3, 6)
"""Of CAMERAS, what the page shows: the flat front, 30, 45, 90 and 180 degrees."""

STRIP_SIDE: Final = 160
"""Side of a picture on the page in pixels."""

Surface = Literal["studio", "released"]


@dataclasses.dataclass(frozen=True)
class Options:
    """How everything is measured.

    `size` is the side of the views in pixels; `quick` renders networks from baked voxels, which is not quite the field;
    `surface` takes the studio's mesh or that of the released extraction; `drawn` puts a synthetic drawing of the front
    render in the place of the render, for characters without an illustration; `seed` is of the points and the drawings;
    `lpips` and `clip` are files of weights; `views_only` leaves geometry and distances of pictures out.
    """

    size: int = 256
    quick: bool = False
    surface: Surface = "studio"
    drawn: bool = False
    seed: int = SEED
    lpips: Path | None = None
    clip: Path | None = None
    views_only: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Truth:
    """What is true of one pair: the character, its views from CAMERAS, its surface, and what is seen of it."""

    character: Character
    views: Views
    surface: TrueSurface | None
    region: Region
    illustration: Illustration

    @property
    def condition(self) -> FieldCondition:
        """Return what every reconstructor sees."""
        return condition_of(self.illustration.line_free)


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """One method on one pair: figures by name, and its views as one JPEG."""

    metrics: dict[str, float]
    strip: bytes


def truth_of(pair: Pair, *, options: Options, renderer: CharacterRenderer) -> Truth:
    """Render what is true of a pair.

    Raises:
        UserError: a file is missing or damaged, or the region holds nothing.
    """
    character = load_character(pair.model)
    views = renderer.render(character, CAMERAS, size=options.size, supersample=2)
    surface = None
    if not options.views_only:
        surface = true_surface(character, renderer, region=pair.region, seed=options.seed)
    illustration = illustration_of(pair, character, renderer, drawn=options.drawn, seed=options.seed)
    return Truth(character, views, surface, pair.region, illustration)


def measured(
    entrant: Entrant, truth: Truth, *, options: Options, comparer: PictureComparer | None, monitor: Monitor = SILENT
) -> Measured:
    """Reconstruct the head that a pair shows and hold it against the truth.

    Args:
        entrant: the method.
        truth: from `truth_of` with the same options.
        options: how.
        comparer: distances of pictures; None leaves them out.
        monitor: progress and cancel.

    Raises:
        UserError: the method's weights are missing or damaged.
        Cancelled: as `monitor`.
    """
    field = entrant.reconstructor()(_seen_by(entrant, truth))
    bakes = options.quick and entrant.method.needs != "nothing"  # the baselines are as quick as their voxels
    shown = BakedField(field, monitor=monitor.child(0.0, 0.2)) if bakes else field
    cameras = CAMERAS[: len(CIRCLE) + len(DIAGONALS)] if options.views_only else CAMERAS
    seen = rendered(shown, cameras, size=options.size, monitor=monitor.child(0.2, 0.9))
    true = dataclasses.replace(truth.views, rgba=truth.views.rgba[: len(cameras)], xyz=truth.views.xyz[: len(cameras)])
    metrics = dataclasses.asdict(view_scores(seen, true, cameras, region=truth.region))
    if comparer is not None and not options.views_only:
        metrics |= picture_metrics(seen, truth, comparer)
    if truth.surface is not None:
        part = monitor.child(0.9, 1.0)
        metrics |= geometry_metrics(field, truth.surface, region=truth.region, options=options, monitor=part)
    return Measured(metrics, strip_of([view.rgb for view in seen], shown=SHOWN))


def _seen_by(entrant: Entrant, truth: Truth) -> FieldCondition:
    """Return the condition with the tagger's features of the original, where the method looks at them."""
    condition = truth.condition
    if not entrant.sees_tags:
        return condition
    from paic3d_studio.nets.backbones import tag_channels
    from paic3d_studio.nets.tagger import tags_of

    channels = tag_channels(str(entrant.method.backbone))
    tags = tags_of(AlignedPortrait(truth.illustration.original), channels=channels)
    return dataclasses.replace(condition, tags=torch.from_numpy(tags.features.copy())[None])


def picture_metrics(seen: Sequence[RenderedView], truth: Truth, comparer: PictureComparer) -> dict[str, float]:
    """Return the distances of pictures inside the region: flat front, flat back, and the mean of the twelve around."""
    size, region = truth.views.rgba.shape[1], truth.region
    front, rear = len(CIRCLE) + len(DIAGONALS), len(CIRCLE) + len(DIAGONALS) + 1
    sets = {
        "front": [(front, region.front(size))],
        "rear": [(rear, region.back(size))],
        "circle": [(i, region.strip(camera, size)) for i, camera in enumerate(CIRCLE)],
    }
    told: dict[str, float] = {}
    for name, places in sets.items():
        found = [seen[i].rgb[cut] for i, cut in places]
        true = [on_white(truth.views.rgba[i])[cut] for i, cut in places]
        told |= {f"{name}_{key}": value for key, value in comparer.compared(found, true).items()}
    del told["circle_psnr"]  # it is `psnr`
    return told


def geometry_metrics(
    field: RadianceField,
    surface: TrueSurface,
    *,
    region: Region,
    options: Options,
    monitor: Monitor = SILENT,
) -> dict[str, float]:
    """Return how near the field's mesh is to the visible surface, and to every face under names of their own."""
    try:
        if options.surface == "released":
            mesh = published_surface(field, monitor=monitor)
            vertices, faces = mesh.vertices.astype(np.float64), mesh.faces.astype(np.int64)
        else:
            vertices, faces = field_mesh(field, monitor=monitor)
    except (UserError, ValueError):  # there is no surface
        vertices, faces = np.zeros((0, 3)), np.zeros((0, 3), np.int64)
    lot = np.random.default_rng(options.seed)
    points = surface_points(vertices, in_prism(vertices, faces, region), count=POINTS, lot=lot)
    told = dataclasses.asdict(nearness(points, surface.visible))
    every = dataclasses.asdict(nearness(points, surface.every_face))
    return told | {f"every_face_{name}": value for name, value in every.items()}


def strip_of(pictures: Sequence[NDArray[np.float32]], *, shown: Sequence[int]) -> bytes:
    """Return some of the pictures, sRGB 0..1, beside each other as a JPEG."""
    chosen = [pictures[i if i < len(pictures) else 0] for i in shown]
    small = [cv2.resize(p, (STRIP_SIDE, STRIP_SIDE), interpolation=cv2.INTER_AREA) for p in chosen]
    row = np.round(np.concatenate(small, axis=1).clip(0, 1) * 255).astype(np.uint8)
    return jpeg(row)


def jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """Return a picture (h, w, 3) as JPEG."""
    done, encoded = cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])
    if not done:
        raise ValueError("a picture cannot be encoded")
    return encoded.tobytes()
