"""The file beside a head: what it tells, and that it tells the same of the same."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from paic3d_studio import __version__
from paic3d_studio.core.lines import Stroke
from paic3d_studio.core.surface import SurfaceOptions
from paic3d_studio.export.encoded import Encoded
from paic3d_studio.nets.manifest import manifest_entry
from paic3d_studio.project import edits
from paic3d_studio.project.codec import decoded
from paic3d_studio.project.state import PictureSource, Project, Settings
from paic3d_studio.session.provenance import provenance

ENCODED = Encoded({Path("/somewhere/private/head.glb"): b"glTF"}, vertices=5, faces=7, open_edges=0)


@pytest.fixture
def project() -> Project:
    return Project(picture=PictureSource("girl.png", b"her picture"))


def told(project: Project, **options: Any) -> dict[str, Any]:
    return json.loads(provenance(project, ENCODED, **options))


def test_it_names_program_picture_files_and_mesh(project: Project) -> None:
    found = told(project)
    assert found["program"] == {"name": "PAiC-3D Studio", "version": __version__}
    assert found["picture"] == {"name": "girl.png", "sha256": hashlib.sha256(b"her picture").hexdigest()}
    assert found["files"] == [{"name": "head.glb", "bytes": 4, "sha256": hashlib.sha256(b"glTF").hexdigest()}]
    assert found["mesh"] == {"vertices": 5, "faces": 7, "open_edges": 0}
    assert "private" not in provenance(project, ENCODED).decode()


def test_the_settings_can_be_read_back_from_it(project: Project) -> None:
    changed = edits.set_surface_options(edits.set_seed(project, seed=9), thinnest=0.004, symmetry="mean")
    found = told(changed)["decisions"]
    assert decoded(Settings, found["settings"]) == changed.settings and found["seed"] == 9
    assert decoded(Settings, found["settings"]).surface == SurfaceOptions(thinnest=0.004, symmetry="mean")


def test_weights_are_named_with_their_licences(project: Project) -> None:
    weights = {entry["name"]: entry for entry in told(project)["weights"] if entry.get("present", True)}
    assert set(weights) >= {"infill", "compact"}
    for name, entry in weights.items():
        listed = manifest_entry(name)
        assert (entry["sha256"], entry["licence"]) == (listed.sha256, listed.licence) and listed.licence
    classical = edits.set_settings(project, infill="telea", detector="animeface", matting="grabcut")
    assert [entry["name"] for entry in told(classical)["weights"]] == ["compact"]


def test_an_upscaling_network_is_named_by_its_file_and_digest_and_not_by_its_folder(project: Project) -> None:
    upscaled = edits.set_upscaling(project, way="network", file="/somewhere/private/sharp.safetensors", sha256="a" * 64)
    (entry,) = [entry for entry in told(upscaled)["weights"] if entry["name"] == "upscaling"]
    assert (entry["file"], entry["sha256"], entry["licence"]) == ("sharp.safetensors", "a" * 64, "not known")
    assert "private" not in provenance(upscaled, ENCODED).decode()
    smooth = told(edits.set_upscaling(upscaled, way="smooth"))
    assert [entry for entry in smooth["weights"] if entry["name"] == "upscaling"] == []


def test_weights_that_were_not_imported_are_told_of_as_missing(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIC3D_HOME", str(tmp_path))
    weights = told(edits.set_settings(project, backbone="published"))["weights"]
    missing = {entry["name"] for entry in weights if not entry.get("present", True)}
    assert missing >= {"published", "tagger", "tagger-components"} and "infill" not in missing


def test_hulls_and_strokes_are_counted_and_told_apart(project: Project) -> None:
    first, second = (
        edits.add_stroke(project, stroke=Stroke(points=((x, 1.0),), radius=3.0, adds=True)) for x in (1.0, 2.0)
    )
    found = [told(changed)["decisions"]["strokes"] for changed in (first, second)]
    assert [strokes["count"] for strokes in found] == [1, 1] and found[0]["sha256"] != found[1]["sha256"]
    assert "strokes" not in told(project)["decisions"]


def test_the_same_project_makes_the_same_bytes_and_no_clock_is_asked(project: Project) -> None:
    assert provenance(project, ENCODED) == provenance(project, ENCODED)
    assert "made_at" not in told(project)
    assert told(project, made_at="2026-11-25")["made_at"] == "2026-11-25"
