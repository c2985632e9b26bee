"""VRM files: what the specification asks, our own reader, and Khronos' validator where it is there."""

import dataclasses
import json
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.core.terms import TERM_CHOICES, Terms
from paic3d_studio.datasets.vrm import load_character
from paic3d_studio.errors import UserError
from paic3d_studio.export.exporters import export_mesh
from paic3d_studio.export.glb import glb_bytes
from paic3d_studio.export.vrm import JOINTS, MOVING, SKELETON, STANDING, joint_weights, vrm_bytes

TERMS = Terms(title="Aki", author="An artist", notice="© An artist", modification="allowModification")

REQUIRED = {
    "hips", "spine", "head",
    *(f"{side}{bone}" for side in ("left", "right") for bone in (
        "UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")),
}  # fmt: skip
"""https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/humanoid.md"""

NODE_MODULES = Path(os.environ.get("PAIC3D_NODE_MODULES", Path(__file__).parents[2] / "node_modules"))

VALIDATE = """
const validator = require('gltf-validator'), fs = require('fs');
validator.validateBytes(new Uint8Array(fs.readFileSync(process.argv[1])), {maxIssues: 100})
  .then(report => console.log(JSON.stringify(report)));
"""


def document_of(content: bytes) -> tuple[dict[str, Any], bytes]:
    (size,) = struct.unpack("<I", content[12:16])
    return json.loads(content[20 : 20 + size]), content[28 + size :]


def rows(document: dict[str, Any], blob: bytes, index: int) -> np.ndarray:
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    form = {5121: "u1", 5125: "<u4", 5126: "<f4"}[accessor["componentType"]]
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}[accessor["type"]]
    return np.frombuffer(blob, form, width * accessor["count"], view.get("byteOffset", 0)).reshape(-1, width)


@pytest.fixture(scope="module")
def vrm(head: TexturedMesh) -> tuple[dict[str, Any], bytes]:
    return document_of(vrm_bytes(head, terms=TERMS, name="Aki"))


def test_every_bone_that_vrm_requires_is_there_once_under_its_parent(vrm: tuple[dict[str, Any], bytes]) -> None:
    document, _ = vrm
    bones = {name: bone["node"] for name, bone in document["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"].items()}
    assert set(bones) >= {*REQUIRED, "neck", "chest"} and len(set(bones.values())) == len(bones)
    parents = {child: node for node, entry in enumerate(document["nodes"]) for child in entry.get("children", [])}
    for name, parent, _ in SKELETON:
        assert parents.get(bones[name]) == (bones[parent] if parent else None)
    assert all(entry.get("children") != [] for entry in document["nodes"])


def test_the_skeleton_stands_in_a_t_pose_facing_z_with_its_left_at_positive_x() -> None:
    places = {bone: np.array(place) for bone, _, place in SKELETON}
    assert places["leftFoot"][1] < 0.1 and places["head"][1] == pytest.approx(STANDING - 0.1)
    for bone, place in places.items():
        if bone.startswith("left"):
            assert place[0] > 0 and places["right" + bone[4:]] == pytest.approx(place * (-1, 1, 1))
    arm = [places[f"left{part}"] for part in ("UpperArm", "LowerArm", "Hand")]
    assert len({(place[1], place[2]) for place in arm}) == 1


def test_the_mesh_is_bound_where_it_stands(vrm: tuple[dict[str, Any], bytes], head: TexturedMesh) -> None:
    document, blob = vrm
    (skin,) = document["skins"]
    places = {bone: place for bone, _, place in SKELETON}
    matrices = rows(document, blob, skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    assert [document["nodes"][joint]["name"] for joint in skin["joints"]] == list(JOINTS)
    for matrix, bone in zip(matrices, JOINTS, strict=True):
        assert matrix @ (*places[bone], 1) == pytest.approx([0, 0, 0, 1], abs=1e-6)
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    positions = rows(document, blob, attributes["POSITION"])
    assert np.allclose(positions, head.surface.vertices + np.array([0, STANDING, 0]), atol=1e-6)


def test_weights_sum_to_one_and_a_joint_without_weight_is_none(vrm: tuple[dict[str, Any], bytes]) -> None:
    document, blob = vrm
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    joints, weights = (rows(document, blob, attributes[name]) for name in ("JOINTS_0", "WEIGHTS_0"))
    assert np.abs(weights.sum(axis=1) - 1).max() < 1e-6 and weights.min() >= 0
    assert (joints[weights == 0] == 0).all() and joints.max() < len(MOVING)


def test_the_crown_and_the_chin_follow_the_head_the_throat_the_neck_and_shoulders_the_chest() -> None:
    places = np.array([[0, 0.15, 0], [0, -0.14, 0.08], [0, -0.17, -0.01], [0.15, -0.26, 0]], np.float32)
    weights = joint_weights(places)
    assert weights[:2, 0].min() > 0.99 and weights[2, 1] > 0.8 and weights[3, 2] > 0.99
    line = np.stack([np.zeros(500), np.linspace(-0.35, 0.2, 500), np.zeros(500)], axis=1).astype(np.float32)
    assert np.abs(np.diff(joint_weights(line), axis=0)).max() < 0.08  # smooth: no step anywhere


def test_the_material_is_a_toon_that_shade_does_not_darken(vrm: tuple[dict[str, Any], bytes]) -> None:
    document, _ = vrm
    (material,) = document["materials"]
    toon = material["extensions"]["VRMC_materials_mtoon"]
    assert toon["specVersion"] == "1.0" and toon["shadeColorFactor"] == [1, 1, 1]
    assert toon["shadeMultiplyTexture"]["index"] == material["pbrMetallicRoughness"]["baseColorTexture"]["index"]
    assert set(document["extensionsUsed"]) == {"VRMC_vrm", "VRMC_materials_mtoon", "KHR_materials_unlit"}


def test_the_artists_terms_stand_in_the_file(vrm: tuple[dict[str, Any], bytes]) -> None:
    document, _ = vrm
    extension = document["extensions"]["VRMC_vrm"]
    meta = extension["meta"]
    assert extension["specVersion"] == "1.0" and meta["licenseUrl"] == "https://vrm.dev/licenses/1.0/"
    assert (meta["name"], meta["authors"], meta["copyrightInformation"]) == ("Aki", ["An artist"], "© An artist")
    assert (meta["modification"], meta["avatarPermission"]) == ("allowModification", "onlyAuthor")
    assert meta["allowRedistribution"] is False


@pytest.mark.parametrize(("field", "choice"), [(f, c) for f, choices in TERM_CHOICES.items() for c in choices])
def test_every_choice_of_terms_reaches_the_file(head: TexturedMesh, field: str, choice: str) -> None:
    terms = dataclasses.replace(TERMS, **{field: choice})
    meta = document_of(vrm_bytes(head, terms=terms, name="Aki"))[0]["extensions"]["VRMC_vrm"]["meta"]
    assert choice in meta.values() or meta["allowRedistribution"] is (choice == "allowed")


@pytest.mark.parametrize("wrong", [{"title": "x" * 300}, {"author": "two\nlines"}, {"avatar": "nobody"}])
def test_terms_without_meaning_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UserError):
        Terms(**wrong)  # type: ignore[arg-type]


def test_a_file_without_an_author_is_refused_and_not_written(head: TexturedMesh, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="author"):
        export_mesh(head, tmp_path / "head.vrm", terms=Terms(author=" "))
    assert list(tmp_path.iterdir()) == []


def test_our_own_reader_finds_the_head_in_the_field_frame(head: TexturedMesh, tmp_path: Path) -> None:
    export_mesh(head, tmp_path / "head.vrm", terms=TERMS)
    character = load_character(tmp_path / "head.vrm")
    (primitive,) = character.primitives
    assert np.allclose(primitive.positions, head.surface.vertices, atol=1e-5)
    assert np.array_equal(primitive.faces, head.surface.faces)
    assert np.array_equal(primitive.texture[:, :, :3], head.texture)
    assert np.allclose(character.bones["head"], (0, -0.1, 0), atol=1e-6)
    assert character.licence["authors"] == "An artist" and character.licence["modification"] == "allowModification"


@pytest.mark.skipif(
    shutil.which("node") is None or not (NODE_MODULES / "gltf-validator").is_dir(),
    reason="needs Node.js and npm install --no-save gltf-validator@2.0.0-dev.3.10",
)
@pytest.mark.parametrize("kind", ["glb", "vrm"])
def test_khronos_validator_finds_nothing_against_a_head(head: TexturedMesh, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"head.{kind}"
    file.write_bytes(glb_bytes(head) if kind == "glb" else vrm_bytes(head, terms=TERMS, name="Aki"))
    told = subprocess.run(
        ["node", "-e", VALIDATE, str(file)], capture_output=True, text=True, check=True,
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
    )  # fmt: skip
    issues = [issue for issue in json.loads(told.stdout)["issues"]["messages"] if issue["severity"] < 2]
    # Unlit beside MToon is what MToon's own specification describes as the fallback.
    assert [issue["code"] for issue in issues] == (["MULTIPLE_EXTENSIONS"] if kind == "vrm" else [])
