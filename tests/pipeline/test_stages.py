"""The table of the method: what depends on what."""

import dataclasses

import numpy as np
import pytest

from paic3d_studio.core.alignment import aligned_points
from paic3d_studio.core.artefacts import ALIGNED_SIZE, Alignment, Matte, Portrait, RenderLike
from paic3d_studio.core.lines import Stroke
from paic3d_studio.core.upscaling import Upscaling
from paic3d_studio.pipeline import steps
from paic3d_studio.pipeline.graph import Graph
from paic3d_studio.pipeline.stages import SOURCES, STAGES, TAGGER_BY_BACKBONE, WEIGHTS_BY_INPAINTER, weights_key
from paic3d_studio.project.state import STITCH_SOURCES, PictureSource, Project

GRAPH: Graph[Project] = Graph(sources=SOURCES, stages=STAGES)


def sources_of(stage: str) -> set[str]:
    """Everything the artist decides that reaches a stage."""
    names = {source.name for source in SOURCES}
    return {name for needed in GRAPH.closure(stage) for name in GRAPH.stages[needed].inputs if name in names}


def test_every_source_and_every_stage_is_of_use():
    used = {name for stage in STAGES for name in stage.inputs}
    assert {source.name for source in SOURCES} <= used
    assert {stage.name for stage in STAGES} - used == {
        "coarse_volume",
        "volume",
        "fine_volume",
        "stitch_picture",
        "inspection",
    }


def test_every_source_has_a_key():
    project = Project(picture=PictureSource("girl.png", b"bytes"))
    assert all(len(source.key(source.read(project))) > 0 for source in SOURCES)


@pytest.mark.parametrize("decision", ["hull_edits", "strokes", "line_options", "seed", "infill", "matte_strokes"])
def test_landmarks_do_not_depend_on_what_comes_after_them(decision):
    assert decision not in sources_of("landmarks")
    assert decision not in sources_of("alignment")


@pytest.mark.parametrize("decision", ["hull_edits", "strokes", "line_options", "infill", "seed"])
def test_tags_see_the_artists_own_picture_and_not_its_line_free_copy(decision):
    assert decision not in sources_of("tags")
    assert decision in sources_of("field")
    assert {"matte_strokes", "placed_face", "tagger_weights"} <= sources_of("tags")


@pytest.mark.parametrize("decision", ["texture_options", "stitch", "surface_options", "upscaling"])
def test_the_field_does_not_depend_on_how_it_is_meshed_or_painted(decision):
    assert decision not in sources_of("field")
    assert decision in sources_of("textured")


@pytest.mark.parametrize("name", ["strokes", "matte_strokes"])
def test_strokes_stand_in_the_keys_by_their_content_and_their_order(name: str):
    (key,) = [source.key for source in SOURCES if source.name == name]
    first, second = (Stroke(points=((x, 2.0), (30.0, 4.0)), radius=5.0) for x in (1.0, 9.0))
    assert key((first, second)) == key((dataclasses.replace(first), dataclasses.replace(second)))
    others = [(), (first,), (second, first), (first, first), (first, dataclasses.replace(second, adds=False))]
    assert len({key((first, second)), *map(key, others)}) == 1 + len(others)


def test_an_upscaling_network_stands_in_the_keys_by_its_content_wherever_its_file_lies():
    (key,) = [source.key for source in SOURCES if source.name == "upscaling"]
    first = Upscaling("network", "/here/a.safetensors", "a" * 64)
    assert key(first) == key(dataclasses.replace(first, file="/there/b.safetensors"))
    keys = {
        key(first),
        key(dataclasses.replace(first, sha256="b" * 64)),
        key(Upscaling("smooth", first.file, "a" * 64)),
    }
    assert len(keys | {key(Upscaling())}) == 4
    assert "upscaling" not in sources_of("stitch_picture")  # the view is not kept waiting for it


def test_weights_stand_in_the_keys_of_the_stages_that_use_them():
    assert "infill_weights" in GRAPH.stages["render_like"].inputs
    assert "backbone_weights" in GRAPH.stages["field"].inputs
    assert weights_key("no such weights") == "missing"


def test_the_keys_are_those_of_the_weights_that_the_networks_load():
    from paic3d_studio.nets import infill, tagger
    from paic3d_studio.nets.backbones import BACKBONES

    assert {name: entry.weights for name, entry in BACKBONES.items()} == {name: name for name in BACKBONES}
    assert WEIGHTS_BY_INPAINTER == {"network": infill.INFILL_WEIGHTS, "published": infill.PUBLISHED_WEIGHTS}
    asking = [name for name, entry in BACKBONES.items() if entry.needs_tags]
    assert dict.fromkeys(asking, tagger.TAGGER_WEIGHTS) == TAGGER_BY_BACKBONE
    assert set(WEIGHTS_BY_INPAINTER) <= set(infill.INPAINTERS)


@pytest.mark.parametrize("scale", [0.1, 0.5, 2.0])
def test_what_is_stitched_is_cut_to_the_square_and_keeps_its_place(scale):
    rng = np.random.default_rng(0)
    rgba = rng.integers(0, 256, (900, 1300, 4), dtype=np.uint8)
    portrait, matte = Portrait(rgba=rgba, has_alpha=True), Matte(alpha=rgba[..., 3])
    alignment = Alignment(matrix=np.array([[scale, 0, 100 - 400 * scale], [0, scale, 200 - 300 * scale]]))
    render_like = RenderLike(rgba=np.zeros((ALIGNED_SIZE, ALIGNED_SIZE, 4), np.uint8))
    source = steps.stitch_source("artist", portrait=portrait, matte=matte, alignment=alignment, render_like=render_like)
    assert source is not None
    height, width = source.rgba.shape[:2]
    whole = aligned_points(alignment, points=np.stack(np.meshgrid(np.arange(1300) + 0.5, np.arange(900) + 0.5), -1))
    inside = ((whole > 0) & (whole < ALIGNED_SIZE)).all(axis=-1)
    part = aligned_points(
        source.alignment, points=np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), -1)
    )
    inside_part = ((part > 0) & (part < ALIGNED_SIZE)).all(axis=-1)
    np.testing.assert_array_equal(source.rgba[inside_part], rgba[inside])
    np.testing.assert_allclose(part[inside_part], whole[inside])
    assert max(height, width) <= ALIGNED_SIZE / scale + 8


def test_the_other_choices_of_stitching():
    rgba = np.full((ALIGNED_SIZE, ALIGNED_SIZE, 4), 7, np.uint8)
    values = {
        "portrait": Portrait(rgba=rgba, has_alpha=True),
        "matte": Matte(alpha=rgba[..., 3]),
        "alignment": Alignment(matrix=np.eye(2, 3) * 2),
        "render_like": RenderLike(rgba=rgba + 1),
    }
    assert set(STITCH_SOURCES) == {"artist", "line-free", "off"}
    assert steps.stitch_source("off", **values) is None
    line_free = steps.stitch_source("line-free", **values)
    np.testing.assert_array_equal(line_free.rgba, rgba + 1)
    np.testing.assert_array_equal(line_free.alignment.matrix, np.eye(2, 3))
