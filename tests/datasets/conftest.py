"""A small character that the tests build themselves, as VRM 0.x, VRM 1.0 or plain GLB."""

import io
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

BONES = {
    "hips": (None, (0.0, 0.9, 0.0)),
    "neck": ("hips", (0.0, 0.5, 0.0)),
    "head": ("neck", (0.0, 0.06, 0.0)),
    "leftUpperArm": ("hips", (0.15, 0.42, 0.0)),
    "leftHand": ("leftUpperArm", (0.3, 0.0, 0.0)),
    "rightUpperArm": ("hips", (-0.15, 0.42, 0.0)),
    "rightHand": ("rightUpperArm", (-0.3, 0.0, 0.0)),
}
"""Name, parent, and place beside the parent, in metres, for a figure that faces +z."""

COLOURS = {"Skin": (250, 220, 200), "Hair": (60, 80, 160), "Tops_CLOTH": (40, 140, 90)}


def ball(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """A closed ellipsoid: vertices (v, 3) and faces (f, 3), counter-clockwise from outside."""
    rings, around = 9, 16
    theta = np.linspace(0, np.pi, rings + 2)[1:-1]
    phi = np.arange(around) / around * 2 * np.pi
    t, p = np.meshgrid(theta, phi, indexing="ij")
    grid = np.stack([np.sin(t) * np.sin(p), np.cos(t), np.sin(t) * np.cos(p)], axis=-1).reshape(-1, 3)
    vertices = np.concatenate([grid, [[0, 1, 0], [0, -1, 0]]]) * radii + centre
    top, bottom = len(grid), len(grid) + 1
    faces = []
    for k in range(around):
        following = (k + 1) % around
        faces += [(top, k, following), (bottom, (rings - 1) * around + following, (rings - 1) * around + k)]
        for r in range(rings - 1):
            a, b = r * around + k, r * around + following
            faces += [(a, a + around, b), (b, a + around, b + around)]
    return vertices, np.array(faces)


def figure_glb(kind: str = "vrm1", change: Callable[[dict[str, Any]], Any] | None = None) -> bytes:
    """A figure of ellipsoids: head with a nose, cap of hair, trunk, and two arms in T-pose, skinned to its bones.

    Args:
        kind: `vrm0` (faces -z), `vrm1` or `glb` (face +z).
        change: what to do to the description before it is packed.
    """
    parts = [  # vertices and faces, material, bone
        (*ball((0, 1.56, 0), (0.11, 0.13, 0.12)), "Skin", "head"),
        (*ball((0.0, 1.53, 0.13), (0.02, 0.02, 0.04)), "Skin", "head"),
        (*ball((0.03, 1.63, -0.02), (0.13, 0.1, 0.13)), "Hair", "head"),
        (*ball((0, 1.2, 0), (0.16, 0.25, 0.09)), "Tops_CLOTH", "hips"),
        (*ball((0.3, 1.32, 0), (0.16, 0.04, 0.04)), "Tops_CLOTH", "leftUpperArm"),
        (*ball((-0.3, 1.32, 0), (0.16, 0.04, 0.04)), "Tops_CLOTH", "rightUpperArm"),
    ]
    turn = np.array([-1.0, 1.0, -1.0]) if kind == "vrm0" else np.ones(3)
    pack = Packed()
    names = list(BONES)
    places: dict[str, np.ndarray] = {}
    nodes: list[dict[str, Any]] = []
    for name, (parent, beside) in BONES.items():
        places[name] = np.array(beside) * turn + (places[parent] if parent else 0)
        nodes.append({"name": name, "translation": (np.array(beside) * turn).tolist()})
        if parent:
            nodes[names.index(parent)].setdefault("children", []).append(len(nodes) - 1)
    inverse = np.stack([np.eye(4)] * len(names))
    inverse[:, 3, :3] = [-places[name] for name in names]  # glTF writes columns first
    primitives = []
    for vertices, faces, material, bone in parts:
        n = len(vertices)
        joints = np.zeros((n, 4), np.uint8)
        joints[:, 0] = names.index(bone)
        attributes = {
            "POSITION": pack.accessor((vertices * turn).astype(np.float32), "VEC3"),
            "TEXCOORD_0": pack.accessor(np.full((n, 2), 0.5, np.float32), "VEC2"),
            "JOINTS_0": pack.accessor(joints, "VEC4"),
            "WEIGHTS_0": pack.accessor(np.tile(np.array([1, 0, 0, 0], np.float32), (n, 1)), "VEC4"),
        }
        indices = pack.accessor(faces.astype(np.uint16).reshape(-1, 1), "SCALAR")
        primitives.append({"attributes": attributes, "indices": indices, "material": list(COLOURS).index(material)})
    skin = {"joints": list(range(len(names))), "inverseBindMatrices": pack.accessor(inverse.astype(np.float32), "MAT4")}
    images = [{"bufferView": pack.view(png(colour)), "mimeType": "image/png"} for colour in COLOURS.values()]
    description: dict[str, Any] = {
        "asset": {"version": "2.0", "copyright": "nobody"},
        "scene": 0,
        "scenes": [{"nodes": [0, len(nodes)]}],
        "nodes": [*nodes, {"mesh": 0, "skin": 0}],
        "meshes": [{"primitives": primitives}],
        "skins": [skin],
        "materials": [
            {"name": name, "pbrMetallicRoughness": {"baseColorTexture": {"index": k}}} for k, name in enumerate(COLOURS)
        ],
        "textures": [{"source": k} for k in range(len(COLOURS))],
        "images": images,
        "accessors": pack.accessors,
        "bufferViews": pack.views,
        "buffers": [{"byteLength": len(pack.blob)}],
    }
    if kind == "vrm0":
        bones = [{"bone": name, "node": k} for k, name in enumerate(names)]
        meta = {"title": "Figure", "author": "a test", "licenseName": "CC0"}
        description["extensions"] = {"VRM": {"meta": meta, "humanoid": {"humanBones": bones}}}
    if kind == "vrm1":
        humanoid = {"humanBones": {name: {"node": k} for k, name in enumerate(names)}}
        meta = {"name": "Figure", "authors": ["a", "test"], "licenseUrl": "https://vrm.dev/licenses/1.0/"}
        description["extensions"] = {"VRMC_vrm": {"specVersion": "1.0", "meta": meta, "humanoid": humanoid}}
    if change is not None:
        change(description)
    return packed_glb(json.dumps(description).encode(), bytes(pack.blob))


class Packed:
    """Gathers arrays into one buffer, with the views and accessors that point at them."""

    def __init__(self) -> None:
        self.blob = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, content: bytes) -> int:
        self.blob += b"\0" * (-len(self.blob) % 4)
        self.views.append({"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(content)})
        self.blob += content
        return len(self.views) - 1

    def accessor(self, values: np.ndarray, kind: str) -> int:
        component = {"u1": 5121, "u2": 5123, "f4": 5126}[values.dtype.str[1:]]
        view = self.view(values.tobytes())
        self.accessors.append({"bufferView": view, "componentType": component, "count": len(values), "type": kind})
        return len(self.accessors) - 1


def png(colour: tuple[int, int, int]) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(np.full((4, 4, 3), colour, np.uint8)).save(encoded, "PNG")
    return encoded.getvalue()


def packed_glb(text: bytes, blob: bytes) -> bytes:
    """Pack a description and one buffer into a binary file."""
    text += b" " * (-len(text) % 4)
    blob += b"\0" * (-len(blob) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


@pytest.fixture(scope="session")
def figure() -> Callable[..., bytes]:
    """The builder of the small character."""
    return figure_glb
