"""What the validators of glTF and VRM look at, asserted without them: containers, bounds, trees, and fields by name.

https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html and
https://github.com/vrm-c/vrm-specification/tree/master/specification
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest

from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.core.terms import Terms
from paic3d_studio.export.glb import glb_bytes
from paic3d_studio.export.vrm import vrm_bytes

NUMBERS = {5121: "u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
COLUMNS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}

HUMAN_PARENTS = {
    "hips": (), "spine": ("hips",), "chest": ("spine",), "upperChest": ("chest",), "neck": ("upperChest", "chest"),
    "head": ("neck",),
    **{f"{side}{bone}": above for side in ("left", "right") for bone, above in {
        "UpperLeg": ("hips",), "LowerLeg": (f"{side}UpperLeg",), "Foot": (f"{side}LowerLeg",),
        "Shoulder": ("upperChest", "chest"), "UpperArm": (f"{side}Shoulder", "upperChest", "chest"),
        "LowerArm": (f"{side}UpperArm",), "Hand": (f"{side}LowerArm",)}.items()},
}  # fmt: skip
"""Bone of VRM 1.0 -> the bones of which the nearest that is there is its parent (humanoid.md)."""

META: dict[str, type | tuple[str, ...]] = {
    "name": str, "version": str, "authors": list, "copyrightInformation": str, "contactInformation": str,
    "references": list, "thirdPartyLicenses": str, "thumbnailImage": int, "licenseUrl": str,
    "avatarPermission": ("onlyAuthor", "onlySeparatelyLicensedPerson", "everyone"),
    "allowExcessivelyViolentUsage": bool, "allowExcessivelySexualUsage": bool,
    "commercialUsage": ("personalNonProfit", "personalProfit", "corporation"),
    "allowPoliticalOrReligiousUsage": bool, "allowAntisocialOrHateUsage": bool,
    "creditNotation": ("required", "unnecessary"), "allowRedistribution": bool,
    "modification": ("prohibited", "allowModification", "allowModificationRedistribution"), "otherLicenseUrl": str,
}  # fmt: skip
"""Field of VRMC_vrm.meta.schema.json -> its type, or what it may be."""

MTOON: dict[str, type | tuple[str, ...]] = {
    "specVersion": ("1.0",), "transparentWithZWrite": bool, "renderQueueOffsetNumber": int, "shadeColorFactor": list,
    "shadeMultiplyTexture": dict, "shadingShiftFactor": float, "shadingShiftTexture": dict,
    "shadingToonyFactor": float, "giEqualizationFactor": float, "matcapFactor": list, "matcapTexture": dict,
    "parametricRimColorFactor": list, "rimMultiplyTexture": dict, "rimLightingMixFactor": float,
    "parametricRimFresnelPowerFactor": float, "parametricRimLiftFactor": float,
    "outlineWidthMode": ("none", "worldCoordinates", "screenCoordinates"), "outlineWidthFactor": float,
    "outlineWidthMultiplyTexture": dict, "outlineColorFactor": list, "outlineLightingMixFactor": float,
    "uvAnimationMaskTexture": dict, "uvAnimationScrollXSpeedFactor": float, "uvAnimationScrollYSpeedFactor": float,
    "uvAnimationRotationSpeedFactor": float,
}  # fmt: skip
"""Field of VRMC_materials_mtoon.schema.json -> its type, or what it may be."""


@dataclass(frozen=True)
class Container:
    """A binary glTF: its bytes, its document and its one buffer."""

    content: bytes
    document: dict[str, Any]
    buffer: bytes

    def rows(self, index: int) -> np.ndarray:
        """The numbers of an accessor, (count, columns)."""
        accessor = self.document["accessors"][index]
        view = self.document["bufferViews"][accessor["bufferView"]]
        columns, form = COLUMNS[accessor["type"]], NUMBERS[accessor["componentType"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        return np.frombuffer(self.buffer, form, columns * accessor["count"], start).reshape(-1, columns)


@pytest.fixture(scope="module", params=["glb", "vrm"])
def file(head: TexturedMesh, request: pytest.FixtureRequest) -> Container:
    if request.param == "glb":
        return opened(glb_bytes(head))
    return opened(vrm_bytes(head, terms=Terms(author="An artist"), name="Aki"))


@pytest.fixture(scope="module")
def vrm(head: TexturedMesh) -> Container:
    return opened(vrm_bytes(head, terms=Terms(author="An artist", notice="© An artist"), name="Aki"))


def opened(content: bytes) -> Container:
    (size,) = struct.unpack("<I", content[12:16])
    return Container(content, json.loads(content[20 : 20 + size]), content[28 + size :])


def extensions_in(value: object) -> Iterator[str]:
    """The names of all extensions anywhere in a document."""
    if isinstance(value, dict):
        yield from value.get("extensions", {})
        for item in value.values():
            yield from extensions_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from extensions_in(item)


def test_the_container_is_two_padded_chunks_of_the_lengths_it_says(file: Container) -> None:
    content = file.content
    magic, version, length = struct.unpack("<4sII", content[:12])
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack("<I4s", content[12:20])
    assert kind == b"JSON" and size % 4 == 0
    told = content[20 : 20 + size]
    assert told.rstrip(b" ") == told.rstrip() and told.rstrip(b" ").endswith(b"}")
    size, kind = struct.unpack("<I4s", content[20 + size : 28 + size])
    assert kind == b"BIN\0" and size % 4 == 0 and size == len(file.buffer)
    (buffer,) = file.document["buffers"]
    assert 0 <= size - buffer["byteLength"] <= 3 and "uri" not in buffer
    assert file.document["asset"]["version"] == "2.0"


def test_views_lie_apart_inside_the_buffer_and_accessors_inside_their_views(file: Container) -> None:
    document = file.document
    views = document["bufferViews"]
    spans = sorted((view.get("byteOffset", 0), view["byteLength"]) for view in views)
    assert all(length > 0 for _, length in spans)
    ends = [start + length for start, length in spans]
    assert all(end <= start for end, (start, _) in zip(ends, spans[1:], strict=False))
    assert ends[-1] <= document["buffers"][0]["byteLength"]
    for accessor in document["accessors"]:
        view = views[accessor["bufferView"]]
        width = np.dtype(NUMBERS[accessor["componentType"]]).itemsize
        offset, step = accessor.get("byteOffset", 0), COLUMNS[accessor["type"]] * width
        assert accessor["count"] > 0 and offset + step * accessor["count"] <= view["byteLength"]
        assert (view.get("byteOffset", 0) + offset) % width == 0 and "byteStride" not in view
    used = {accessor["bufferView"] for accessor in document["accessors"]}
    used |= {image["bufferView"] for image in document["images"]}
    assert used == set(range(len(views)))


def test_every_corner_has_finite_attributes_and_every_triangle_names_corners_that_are_there(file: Container) -> None:
    document = file.document
    (mesh,) = document["meshes"]
    (primitive,) = mesh["primitives"]
    attributes = {name: file.rows(index) for name, index in primitive["attributes"].items()}
    count = len(attributes["POSITION"])
    assert count > 0 and {len(values) for values in attributes.values()} == {count}
    assert all(np.isfinite(values).all() for values in attributes.values())
    assert np.abs(np.linalg.norm(attributes["NORMAL"], axis=1) - 1).max() < 1e-3
    assert attributes["TEXCOORD_0"].min() >= 0 and attributes["TEXCOORD_0"].max() <= 1
    position = document["accessors"][primitive["attributes"]["POSITION"]]
    assert position["min"] == attributes["POSITION"].min(axis=0).tolist()
    assert position["max"] == attributes["POSITION"].max(axis=0).tolist()
    corners = file.rows(primitive["indices"])
    assert len(corners) % 3 == 0 and corners.max() < count
    assert set(np.unique(corners)) == set(range(count))
    targets = {document["bufferViews"][document["accessors"][index]["bufferView"]].get("target")
               for index in primitive["attributes"].values()}  # fmt: skip
    assert targets == {34962}
    view = document["bufferViews"][document["accessors"][primitive["indices"]]["bufferView"]]
    assert view["target"] == 34963 and primitive.get("mode", 4) == 4


def test_material_texture_and_image_name_each_other(file: Container) -> None:
    document = file.document
    (primitive,) = document["meshes"][0]["primitives"]
    material = document["materials"][primitive["material"]]
    texture = document["textures"][material["pbrMetallicRoughness"]["baseColorTexture"]["index"]]
    image = document["images"][texture["source"]]
    view = document["bufferViews"][image["bufferView"]]
    start = view.get("byteOffset", 0)
    encoded = np.frombuffer(file.buffer[start : start + view["byteLength"]], np.uint8)
    assert image["mimeType"] == "image/png" and encoded[:8].tobytes() == b"\x89PNG\r\n\x1a\n"
    assert cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED).shape[2] >= 3
    assert texture.get("sampler", 0) < len(document.get("samplers", [None]))


def test_nodes_are_trees_that_the_scene_shows_whole(file: Container) -> None:
    nodes, (scene,) = file.document["nodes"], file.document["scenes"]
    children = [child for node in nodes for child in node.get("children", [])]
    assert len(children) == len(set(children)) and not set(children) & set(scene["nodes"])
    seen, waiting = set(), list(scene["nodes"])
    while waiting:
        node = waiting.pop()
        assert node not in seen
        seen.add(node)
        waiting += nodes[node].get("children", [])
    assert seen == set(range(len(nodes))) and file.document.get("scene", 0) == 0


def test_every_extension_is_announced_and_none_is_required(file: Container) -> None:
    assert set(extensions_in(file.document)) == set(file.document.get("extensionsUsed", []))
    assert "extensionsRequired" not in file.document


def test_the_one_skin_binds_the_one_mesh_to_joints_under_the_hips(vrm: Container) -> None:
    nodes, (skin,) = vrm.document["nodes"], vrm.document["skins"]
    (bound,) = [number for number, node in enumerate(nodes) if "mesh" in node or "skin" in node]
    assert (nodes[bound]["mesh"], nodes[bound]["skin"]) == (0, 0) and bound in vrm.document["scenes"][0]["nodes"]
    assert not {"translation", "rotation", "scale", "matrix", "children"} & set(nodes[bound])
    assert len(set(skin["joints"])) == len(skin["joints"]) and max(skin["joints"]) < len(nodes)
    matrices = vrm.rows(skin["inverseBindMatrices"])
    assert len(matrices) == len(skin["joints"])
    assert (matrices[:, [3, 7, 11, 15]] == (0, 0, 0, 1)).all()  # affine, column by column
    attributes = vrm.document["meshes"][0]["primitives"][0]["attributes"]
    joints, weights = vrm.rows(attributes["JOINTS_0"]), vrm.rows(attributes["WEIGHTS_0"])
    assert joints.max() < len(skin["joints"]) and (joints[weights == 0] == 0).all()
    assert (weights >= 0).all() and np.abs(weights.sum(axis=1) - 1).max() < 1e-6
    used = np.where(weights > 0, joints.astype(int), -1 - np.arange(4))
    assert all(len(set(row)) == 4 for row in used.tolist())  # no joint twice at one corner
    parents = {child: number for number, node in enumerate(nodes) for child in node.get("children", [])}
    for joint in skin["joints"]:
        while joint in parents:
            joint = parents[joint]
        assert nodes[joint]["name"] == "hips"


def test_bones_have_names_that_vrm_knows_and_stand_in_its_hierarchy(vrm: Container) -> None:
    nodes = vrm.document["nodes"]
    bones = vrm.document["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]
    assert set(bones) <= set(HUMAN_PARENTS) and all(set(bone) == {"node"} for bone in bones.values())
    named = {bone["node"]: name for name, bone in bones.items()}
    assert len(named) == len(bones) and max(named) < len(nodes)
    parents = {child: number for number, node in enumerate(nodes) for child in node.get("children", [])}
    for name, bone in bones.items():
        above = parents.get(bone["node"])
        while above is not None and above not in named:
            above = parents.get(above)
        allowed = [parent for parent in HUMAN_PARENTS[name] if parent in bones]
        assert (None if above is None else named[above]) == (allowed[0] if allowed else None), name
        assert "rotation" not in nodes[bone["node"]] and nodes[bone["node"]].get("scale", [1, 1, 1]) == [1, 1, 1]


def is_of(value: object, kind: type | tuple[str, ...]) -> bool:
    """Whether a JSON value is what a schema asks for."""
    if isinstance(kind, tuple):
        return value in kind
    return isinstance(value, int | float) and value is not True if kind is float else type(value) is kind


def test_meta_says_what_the_schema_asks_for_and_nothing_else(vrm: Container) -> None:
    extension = vrm.document["extensions"]["VRMC_vrm"]
    assert set(extension) == {"specVersion", "meta", "humanoid", "firstPerson"} and extension["specVersion"] == "1.0"
    meta = extension["meta"]
    assert {"name", "authors", "licenseUrl"} <= set(meta) <= set(META)
    assert {name: value for name, value in meta.items() if not is_of(value, META[name])} == {}
    assert meta["name"] and meta["authors"] and all(isinstance(author, str) and author for author in meta["authors"])
    assert meta["licenseUrl"] == "https://vrm.dev/licenses/1.0/"
    assert set(META) - set(meta) == {"version", "contactInformation", "references", "thirdPartyLicenses",
                                     "thumbnailImage", "otherLicenseUrl"}  # fmt: skip
    (annotation,) = extension["firstPerson"]["meshAnnotations"]
    assert "mesh" in vrm.document["nodes"][annotation["node"]]
    assert annotation["type"] in ("auto", "both", "thirdPersonOnly", "firstPersonOnly")


def test_the_toon_material_says_what_its_schema_knows_within_its_ranges(vrm: Container) -> None:
    (material,) = vrm.document["materials"]
    toon = material["extensions"]["VRMC_materials_mtoon"]
    assert "specVersion" in toon and set(toon) <= set(MTOON)
    assert {name: value for name, value in toon.items() if not is_of(value, MTOON[name])} == {}
    assert len(toon["shadeColorFactor"]) == 3 and all(0 <= value <= 1 for value in toon["shadeColorFactor"])
    assert -1 <= toon["shadingShiftFactor"] <= 1
    assert 0 <= toon["shadingToonyFactor"] <= 1 and 0 <= toon["giEqualizationFactor"] <= 1
    assert toon["shadeMultiplyTexture"]["index"] < len(vrm.document["textures"])
    assert material.get("alphaMode", "OPAQUE") == "OPAQUE" and "KHR_materials_unlit" in material["extensions"]
