"""The method as a table: reading it is reading the paper (PAniC-3D, sections 3 and 4)."""

from __future__ import annotations

import functools
from typing import Final

from paic3d_studio.core.artefacts import content_key
from paic3d_studio.core.lines import Stroke
from paic3d_studio.core.monitor import SILENT, Monitor, abandonable
from paic3d_studio.core.upscaling import Upscaling
from paic3d_studio.errors import UserError
from paic3d_studio.nets.manifest import manifest_entry
from paic3d_studio.pipeline import steps
from paic3d_studio.pipeline.graph import Source, Stage
from paic3d_studio.pipeline.torch_library import import_networks
from paic3d_studio.project.state import PictureSource, Project
from paic3d_studio.viewport.front import stitch_picture

WEIGHTS_BY_DETECTOR: Final = {"network": ("face-finder", "landmarks")}
"""Face detector -> its weights in the manifest; one that is not listed needs none."""

WEIGHTS_BY_MATTING: Final = {"network": ("matting",), "auto": ("matting",)}
"""Way to separate the character -> its weights in the manifest; one that is not listed needs none."""

WEIGHTS_BY_INPAINTER: Final = {"network": "infill", "published": "published-infill"}
"""Inpainter -> its weights in the manifest; one that is not listed needs none."""

TAGGER_BY_BACKBONE: Final = {"published": ("tagger", "tagger-components")}
"""Backbone -> what its tagger is made of; one that is not listed asks for no tags."""


COARSE_VOLUME: Final = 56
"""Voxels along a side of the first volume of a picture: a soft head, in a sixth of the time of 120."""

FINE_VOLUME: Final = 192
"""Voxels along a side of the finer volume. 256 costs 2.5 times as much to bake, and looks the same at 700 pixels."""


def weights_key(name: str) -> str:
    """Return the sha256 that a manifest gives for a set of weights, "missing" where none does.

    A missing manifest is no error here: the stage that needs the weights says so in full.
    """
    try:
        return manifest_entry(name).sha256
    except UserError:
        return "missing"


def _keys_of_all(names: tuple[str, ...]) -> str:
    return " ".join(map(weights_key, names)) or "none"


def _picture_key(picture: PictureSource) -> str:
    return picture.sha256


_stroke_key = functools.lru_cache(maxsize=4096)(content_key)
"""The key of one stroke; a stroke never changes, and each edit asks for those of all."""


def _strokes_key(strokes: tuple[Stroke, ...]) -> str:
    return content_key([_stroke_key(stroke) for stroke in strokes])


def _upscaling_key(upscaling: Upscaling) -> str:
    """Return what the upscaled picture depends on: where the network's file lies is not part of it."""
    return f"network {upscaling.sha256}" if upscaling.way == "network" else upscaling.way


SOURCES: Final[tuple[Source[Project], ...]] = (
    Source("picture", lambda p: p.picture, _picture_key),
    Source("placed_face", lambda p: p.landmark_edit),
    Source("found_face", lambda p: p.found_face),
    Source("alignment_edit", lambda p: p.alignment_edit),
    Source("landmark_moves", lambda p: p.landmark_moves),
    Source("matte_strokes", lambda p: p.matte_strokes, _strokes_key),
    Source("hull_edits", lambda p: p.hull_edits),
    Source("free_hulls", lambda p: p.free_hulls),
    Source("strokes", lambda p: p.strokes, _strokes_key),
    Source("seed", lambda p: p.seed),
    Source("detector", lambda p: p.settings.detector),
    Source("detector_weights", lambda p: WEIGHTS_BY_DETECTOR.get(p.settings.detector, ()), _keys_of_all),
    Source("matting", lambda p: p.settings.matting),
    Source("matting_weights", lambda p: WEIGHTS_BY_MATTING.get(p.settings.matting, ()), _keys_of_all),
    Source("line_options", lambda p: p.settings.lines),
    Source("infill", lambda p: p.settings.infill),
    Source("infill_weights", lambda p: WEIGHTS_BY_INPAINTER.get(p.settings.infill, ""), weights_key),
    Source("backbone", lambda p: p.settings.backbone),
    Source("tagger_weights", lambda p: TAGGER_BY_BACKBONE.get(p.settings.backbone, ()), _keys_of_all),
    Source("backbone_weights", lambda p: p.settings.backbone, weights_key),
    Source("volume_resolution", lambda p: p.settings.volume),
    Source("coarse_resolution", lambda p: min(p.settings.volume, COARSE_VOLUME)),
    Source("fine_resolution", lambda p: max(p.settings.volume, FINE_VOLUME)),
    Source("lattice_resolution", lambda p: p.settings.surface.resolution),
    Source("surface_level", lambda p: p.settings.surface.level),
    Source("surface_options", lambda p: p.settings.surface),
    Source("symmetry", lambda p: p.settings.surface.symmetry),
    Source("stitch", lambda p: p.settings.stitch),
    Source("texture_options", lambda p: p.settings.texture),
    Source("texture_size", lambda p: p.settings.texture.size),
    Source("upscaling", lambda p: p.settings.upscaling, _upscaling_key),
)
"""What the artist decided, cut so that each stage depends on no more than it uses."""


def weights_of(project: Project) -> tuple[str, ...]:
    """Return what stands for the weights that the stages of a project use: another set, other keys."""
    return tuple(source.key(source.read(project)) for source in SOURCES if source.name.endswith("_weights"))


# fmt: off
STAGES: Final[tuple[Stage, ...]] = (
    # The picture: where the character is, and where her face is.
    Stage("portrait", "Reading the picture", ("picture",), steps.portrait, key="derivation", keep=2, seconds=0.1,
          monitored=True),
    Stage("found_landmarks", "Finding the face",
          ("portrait", "placed_face", "found_face", "detector", "detector_weights"), steps.found_landmarks,
          keep=4, seconds=0.8, monitored=True, uses_torch=True),
    Stage("landmarks", "Moving landmarks", ("found_landmarks", "landmark_moves"), steps.landmarks, keep=4),
    Stage("found_matte", "Separating the background", ("portrait", "found_landmarks", "matting", "matting_weights"),
          steps.found_matte, seconds=0.7, monitored=True, uses_torch=True),
    Stage("matte", "Painting the matte", ("found_matte", "portrait", "matte_strokes"), steps.matte,
          monitored=True),
    Stage("alignment", "Aligning", ("found_landmarks", "alignment_edit"), steps.alignment, keep=4),
    Stage("aligned", "Warping", ("portrait", "matte", "alignment"), steps.aligned),
    # From illustration to render: which lines go, and what was under them.
    Stage("found_hulls", "Finding the hulls", ("landmarks", "alignment"), steps.found_hulls, keep=4),
    Stage("hulls", "Shaping the hulls", ("found_hulls", "hull_edits", "free_hulls"), steps.hulls, keep=4),
    Stage("keep", "Marking what stays", ("hulls", "landmarks", "alignment"), steps.keep, keep=4),
    Stage("lines", "Finding the lines", ("aligned", "line_options"), steps.lines),
    Stage("line_mask", "Marking the lines", ("lines", "keep", "strokes"), steps.line_mask, keep=4),
    Stage("render_like", "Removing the lines", ("aligned", "line_mask", "keep", "infill", "infill_weights"),
          steps.render_like, keep=4, seconds=0.5, monitored=True, uses_torch=True),
    # From one picture to a radiance field, and what is made of it.
    Stage("tags", "Tagging", ("aligned", "backbone", "backbone_weights", "tagger_weights"), steps.tags, keep=4,
          monitored=True, uses_torch=True),
    Stage("field", "Reconstructing", ("render_like", "tags", "backbone", "backbone_weights", "seed"),
          steps.field, key="derivation", keep=4, seconds=1.0, monitored=True, uses_torch=True),
    Stage("coarse_volume", "Roughing out the view", ("field", "coarse_resolution"),
          steps.volume, key="derivation", keep=2, seconds=0.3, monitored=True, uses_torch=True),
    Stage("volume", "Baking the view", ("field", "volume_resolution"),
          steps.volume, key="derivation", keep=4, seconds=3.0, monitored=True, uses_torch=True),
    Stage("fine_volume", "Refining the view", ("field", "fine_resolution"),
          steps.volume, key="derivation", keep=2, seconds=8.0, monitored=True, uses_torch=True),
    Stage("stitch_source", "Cutting out the picture", ("stitch", "portrait", "matte", "alignment", "render_like"),
          steps.stitch_source, keep=2),
    Stage("stitch_picture", "Laying the picture over the view", ("stitch_source",),
          stitch_picture, key="derivation", keep=2, seconds=0.3),
    Stage("lattice", "Sampling the field", ("field", "lattice_resolution", "surface_level"),
          steps.lattice, key="derivation", keep=2, seconds=5.0, monitored=True, uses_torch=True),
    Stage("surface", "Taking the surface", ("lattice", "field", "render_like", "surface_options"),
          steps.surface, key="derivation", keep=3, seconds=8.0, monitored=True),
    Stage("upscaled", "Upscaling the picture", ("stitch_source", "upscaling", "texture_size"),
          steps.upscaled, key="derivation", keep=2, monitored=True, uses_torch=True),
    Stage("textured", "Painting the surface",
          ("surface", "field", "upscaled", "texture_options", "symmetry"),
          steps.textured, key="derivation", keep=3, seconds=8.0, monitored=True, uses_torch=True),
    Stage("inspection", "Measuring the mesh", ("textured", "field", "surface_options"),
          steps.inspect, key="derivation", keep=3, seconds=0.8, monitored=True, uses_torch=True),
)
# fmt: on


def prepare_networks(*, threads: int | None, monitor: Monitor = SILENT) -> None:
    """Load the networks' library, and let it use `threads` cores on this thread; None leaves the choice to it.

    Loading takes seconds the first time, and goes on unheard after a cancel: the next request finds it further.

    Raises:
        Cancelled: as `monitor`.
    """
    nets = abandonable(import_networks, monitor=monitor)
    if threads is not None:
        nets.limit_threads(threads)
