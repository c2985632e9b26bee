"""Write a character as a VRM 1.0 file, the same bytes for the same character."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from paic3d_studio.datasets.generated.build import Figure, Material
from paic3d_studio.datasets.generated.shapes import Array, Piece, joined

GENERATOR: Final = "PAiC-3D Studio character generator"
STANDING: Final = np.array([0.0, 1.37, 0.0])
"""From the field frame to the file's world, so that feet stand on the ground."""

LICENCE_URL: Final = "https://creativecommons.org/publicdomain/zero/1.0/"

_BONES: Final[tuple[tuple[str, str | None], ...]] = (
    ("hips", None),
    ("spine", "hips"),
    ("chest", "spine"),
    ("neck", "chest"),
    ("head", "neck"),
    ("leftUpperArm", "chest"),
    ("leftLowerArm", "leftUpperArm"),
    ("leftHand", "leftLowerArm"),
    ("rightUpperArm", "chest"),
    ("rightLowerArm", "rightUpperArm"),
    ("rightHand", "rightLowerArm"),
    ("leftUpperLeg", "hips"),
    ("leftLowerLeg", "leftUpperLeg"),
    ("leftFoot", "leftLowerLeg"),
    ("rightUpperLeg", "hips"),
    ("rightLowerLeg", "rightUpperLeg"),
    ("rightFoot", "rightLowerLeg"),
)
"""The bones that VRM 1.0 requires, with their parents; parents come first."""


class _Buffer:
    """The binary chunk with its views and accessors; no mesh has more than `most` vertices."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._repeated: dict[tuple[int, int, int, int], int] = {}
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, content: bytes, target: int | None = None) -> int:
        """Append bytes, aligned to four, and return their view."""
        self.data += b"\0" * (-len(self.data) % 4)
        entry: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(content)}
        if target is not None:
            entry["target"] = target
        self.data += content
        self.views.append(entry)
        return len(self.views) - 1

    def repeated(self, row: tuple[int, int, int, int], count: int) -> int:
        """Return an accessor of `count` times the same four bytes; all of a kind share one view."""
        if row not in self._repeated:
            self._repeated[row] = self.view(bytes(row) * self.most, 34962)
        entry = {"bufferView": self._repeated[row], "componentType": 5121, "count": count, "type": "VEC4"}
        self.accessors.append(entry)
        return len(self.accessors) - 1

    def accessor(
        self, values: NDArray[Any], kind: str, component: int, *, target: int | None, bounds: bool = False
    ) -> int:
        """Append an array and return its accessor."""
        entry: dict[str, Any] = {
            "bufferView": self.view(np.ascontiguousarray(values).tobytes(), target),
            "componentType": component,
            "count": len(values),
            "type": kind,
        }
        if bounds:
            entry |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        self.accessors.append(entry)
        return len(self.accessors) - 1


def vrm_bytes(figure: Figure, *, name: str, extras: Mapping[str, Any]) -> bytes:
    """Return the file of a character.

    Args:
        figure: its surfaces, materials and bones in the field frame.
        name: its title.
        extras: what glTF's top-level `extras` hold, as JSON.
    """
    groups: dict[tuple[str, str], list[Piece]] = {}
    for piece in figure.pieces:
        groups.setdefault((piece.material, piece.part), []).append(piece)
    buffer = _Buffer(max(sum(len(piece.positions) for piece in group) for group in groups.values()))
    places = {bone: figure.bones[bone] + STANDING for bone, _ in _BONES}
    nodes = _bone_nodes(places)
    images: list[dict[str, Any]] = []
    pictures: dict[int, int] = {}
    materials = [_material(m, buffer, images, pictures) for m in figure.materials]
    order = {m.name: k for k, m in enumerate(figure.materials)}
    primitives = [
        _primitive(group, buffer, order[material], part, figure.joints)
        for (material, part), group in sorted(groups.items(), key=lambda item: (order[item[0][0]], item[0][1]))
    ]
    index = {bone: k for k, (bone, _) in enumerate(_BONES)}
    inverse = np.tile(np.eye(4), (len(figure.joints), 1, 1))
    inverse[:, :3, 3] = [-places[bone] for bone in figure.joints]
    skin = {
        "joints": [index[bone] for bone in figure.joints],
        "inverseBindMatrices": buffer.accessor(
            inverse.transpose(0, 2, 1).reshape(-1, 16).astype("<f4"), "MAT4", 5126, target=None
        ),
    }
    nodes.append({"name": "character", "mesh": 0, "skin": 0})
    description = {
        "asset": {"version": "2.0", "generator": GENERATOR, "copyright": "CC0 1.0"},
        "extensionsUsed": ["KHR_materials_unlit", "VRMC_materials_mtoon", "VRMC_vrm"],
        "extensions": {
            "VRMC_vrm": {
                "specVersion": "1.0",
                "meta": _meta(name),
                "humanoid": {"humanBones": {bone: {"node": k} for bone, k in index.items()}},
            }
        },
        "extras": dict(extras),
        "scene": 0,
        "scenes": [{"nodes": [0, len(nodes) - 1]}],
        "nodes": nodes,
        "meshes": [{"name": "character", "primitives": primitives}],
        "skins": [skin],
        "materials": materials,
        "textures": [{"source": k, "sampler": 0} for k in range(len(images))],
        "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}],
        "images": images,
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.data)}],
    }
    return _container(description, bytes(buffer.data))


def _meta(name: str) -> dict[str, Any]:
    """https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_vrm-1.0/meta.md"""
    return {
        "name": name,
        "version": "1",
        "authors": ["PAiC-3D Studio"],
        "copyrightInformation": "Dedicated to the public domain (CC0 1.0) by the project PAiC-3D Studio",
        "licenseUrl": "https://vrm.dev/licenses/1.0/",
        "otherLicenseUrl": LICENCE_URL,
        "avatarPermission": "everyone",
        "commercialUsage": "corporation",
        "creditNotation": "unnecessary",
        "allowRedistribution": True,
        "modification": "allowModificationRedistribution",
    }


def _bone_nodes(places: Mapping[str, Array]) -> list[dict[str, Any]]:
    index = {bone: k for k, (bone, _) in enumerate(_BONES)}
    nodes = []
    for bone, parent in _BONES:
        local = places[bone] - (places[parent] if parent else 0)
        node: dict[str, Any] = {"name": bone, "translation": [round(float(c), 6) for c in local]}
        children = [index[child] for child, over in _BONES if over == bone]
        if children:
            node["children"] = children
        nodes.append(node)
    return nodes


def _material(
    material: Material, buffer: _Buffer, images: list[dict[str, Any]], pictures: dict[int, int]
) -> dict[str, Any]:
    key = id(material.texture)
    if key not in pictures:
        bgra = material.texture[..., [2, 1, 0, 3]]
        picture = bgra[..., :3] if bool((bgra[..., 3] == 255).all()) else bgra
        _, png = cv2.imencode(".png", np.ascontiguousarray(picture), [cv2.IMWRITE_PNG_COMPRESSION, 4])
        pictures[key] = len(images)
        images.append({"bufferView": buffer.view(png.tobytes()), "mimeType": "image/png"})
    made: dict[str, Any] = {
        "name": material.title,
        "pbrMetallicRoughness": {
            "baseColorTexture": {"index": pictures[key]},
            "metallicFactor": 0.0,
            "roughnessFactor": 1.0,
        },
        "alphaMode": material.alpha_mode,
        "doubleSided": material.double_sided,
        "extensions": {"KHR_materials_unlit": {}},
    }
    if material.alpha_mode == "MASK":
        made["alphaCutoff"] = 0.5
    if material.queue:
        made["extensions"]["VRMC_materials_mtoon"] = {"specVersion": "1.0", "renderQueueOffsetNumber": material.queue}
    return made


def _primitive(
    group: list[Piece], buffer: _Buffer, material: int, part: str, joints: tuple[str, ...]
) -> dict[str, Any]:
    bones = np.concatenate([np.full(len(p.positions), joints.index(p.bone), np.uint8) for p in group])
    whole, count = joined(group), len(bones)
    if not bones.any():  # all with the head, the first of the joints
        slots = buffer.repeated((0, 0, 0, 0), count)
    else:
        slots = buffer.accessor(np.pad(bones[:, None], ((0, 0), (0, 3))), "VEC4", 5121, target=34962)
    weights = buffer.repeated((255, 0, 0, 0), count)
    buffer.accessors[weights]["normalized"] = True
    wide = count > 65535
    indices = whole.faces.reshape(-1, 1).astype("<u4" if wide else "<u2")
    attributes = {
        "POSITION": buffer.accessor(
            (whole.positions + STANDING).astype("<f4"), "VEC3", 5126, target=34962, bounds=True
        ),
        "NORMAL": buffer.accessor(whole.normals.astype("<f4"), "VEC3", 5126, target=34962),
        "TEXCOORD_0": buffer.accessor(whole.uv.astype("<f4"), "VEC2", 5126, target=34962),
        "JOINTS_0": slots,
        "WEIGHTS_0": weights,
    }
    return {
        "attributes": attributes,
        "indices": buffer.accessor(indices, "SCALAR", 5125 if wide else 5123, target=34963),
        "material": material,
        "extras": {"part": part},
    }


def _container(description: Mapping[str, Any], data: bytes) -> bytes:
    text = json.dumps(description, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * (-len(text) % 4)
    data += b"\0" * (-len(data) % 4)
    total = 12 + 8 + len(text) + 8 + len(data)
    return b"".join(
        [
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<I4s", len(text), b"JSON"),
            text,
            struct.pack("<I4s", len(data), b"BIN\0"),
            data,
        ]
    )
