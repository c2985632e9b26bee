"""VRM 1.0: the head as the upper part of a humanoid, bound to head, neck and chest, painted by MToon.

    https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm-1.0
    https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_materials_mtoon-1.0

VRM requires a whole humanoid. There is no body: the other bones stand where those of a small adult would, in the T-pose
that the specification asks for, and move nothing. There are no expressions either, since nothing of the mesh deforms.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.core.terms import LONGEST, Terms
from paic3d_studio.errors import UserError
from paic3d_studio.export.encoded import Encoded
from paic3d_studio.export.frame import NECK
from paic3d_studio.export.glb import NAME, Blob, new_document

LICENCE: Final = "https://vrm.dev/licenses/1.0/"

STANDING: Final = 1.37
"""Height of the field's origin above the ground, metres, so that the feet of the skeleton stand on it."""

SKELETON: Final[tuple[tuple[str, str, tuple[float, float, float]], ...]] = (
    ("hips", "", (0.0, 0.83, 0.0)),
    ("spine", "hips", (0.0, 0.90, 0.0)),
    ("chest", "spine", (0.0, 1.02, -0.005)),
    ("neck", "chest", (NECK[0], NECK[1] + STANDING, NECK[2])),
    ("head", "neck", (0.0, -0.1 + STANDING, 0.0)),
    ("leftUpperArm", "chest", (0.095, 1.15, -0.01)),
    ("leftLowerArm", "leftUpperArm", (0.295, 1.15, -0.01)),
    ("leftHand", "leftLowerArm", (0.485, 1.15, -0.01)),
    ("rightUpperArm", "chest", (-0.095, 1.15, -0.01)),
    ("rightLowerArm", "rightUpperArm", (-0.295, 1.15, -0.01)),
    ("rightHand", "rightLowerArm", (-0.485, 1.15, -0.01)),
    ("leftUpperLeg", "hips", (0.07, 0.79, 0.0)),
    ("leftLowerLeg", "leftUpperLeg", (0.07, 0.44, 0.0)),
    ("leftFoot", "leftLowerLeg", (0.07, 0.08, -0.02)),
    ("rightUpperLeg", "hips", (-0.07, 0.79, 0.0)),
    ("rightLowerLeg", "rightUpperLeg", (-0.07, 0.44, 0.0)),
    ("rightFoot", "rightLowerLeg", (-0.07, 0.08, -0.02)),
)
"""Bone, its parent and where it stands, metres, feet on the ground, facing +z: all that VRM 1.0 requires, and the two
that a head hangs on. Parents come first. Neck and head lie where the field frame has them."""

MOVING: Final = ("head", "neck", "chest")
"""The bones that move the mesh, in the order of the columns of `joint_weights`."""

JOINTS: Final = (*MOVING, *(bone for bone, _, _ in SKELETON if bone not in MOVING))
"""The skin's joints: all bones, since programs make an armature of the joints alone."""

_HEAD_BLEND: Final = (-0.152, -0.118)
_CHEST_BLEND: Final = (-0.235, -0.185)
"""Heights between which one bone gives way to the next, metres in the field frame."""

_CHIN_SLOPE: Final = 0.35
"""The head's border rises by this much towards the nape: the chin belongs to the head, the throat to the neck."""


def encode_vrm(textured: TexturedMesh, path: Path, terms: Terms) -> Encoded:
    """Return a VRM 1.0 file: +Y up, facing +Z, metres, feet of the skeleton on the ground.

    Raises:
        UserError: the terms name no author.
    """
    refuse_nameless(terms)
    return Encoded.of(textured.surface, {path: vrm_bytes(textured, terms=terms, name=terms.title or usual_title(path))})


def usual_title(path: Path) -> str:
    """Return what a head is called that the artist gave no name: as its file."""
    name = "".join(letter for letter in path.stem if letter.isprintable())
    return name[:LONGEST] or "Head"


def refuse_nameless(terms: Terms) -> None:
    """Make sure that a VRM file can say whose it is.

    Raises:
        UserError: it cannot.
    """
    if not terms.author.strip():
        raise UserError("A VRM file names its author.", "Give the author's name (on the command line: --author).")


def vrm_bytes(textured: TexturedMesh, *, terms: Terms, name: str) -> bytes:
    """Return the file's content; the same mesh and terms give the same bytes."""
    import pygltflib as gl

    # The export frame has the neck at its origin; here the neck stands where the skeleton has it.
    document, blob = new_document(textured, shift=(NECK[0], NECK[1] + STANDING, NECK[2]))
    surface = textured.surface
    attributes = document.meshes[0].primitives[0].attributes
    attributes.JOINTS_0, attributes.WEIGHTS_0 = _skinned(blob, joint_weights(surface.vertices))
    index = {bone: node for node, (bone, _, _) in enumerate(SKELETON)}
    document.nodes = _bones(index)
    document.skins = [gl.Skin(name=NAME, joints=[index[bone] for bone in JOINTS], inverseBindMatrices=_binding(blob))]
    document.nodes.append(gl.Node(name=NAME, mesh=0, skin=0))
    document.scenes = [gl.Scene(name=NAME, nodes=[index["hips"], len(document.nodes) - 1])]
    document.materials[0].extensions = {"KHR_materials_unlit": {}, "VRMC_materials_mtoon": _mtoon()}
    document.extensionsUsed = ["KHR_materials_unlit", "VRMC_materials_mtoon", "VRMC_vrm"]
    document.extensions = {
        "VRMC_vrm": {
            "specVersion": "1.0",
            "meta": _meta(terms, name),
            "humanoid": {"humanBones": {bone: {"node": node} for bone, node in index.items()}},
            "firstPerson": {"meshAnnotations": [{"node": len(document.nodes) - 1, "type": "auto"}]},
        }
    }
    blob.finish()
    return b"".join(document.save_to_bytes())


def joint_weights(vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much head, neck and chest move each vertex of the field frame, float32 (v, 3), rows of sum 1.

    By height alone, so hair that hangs below the chin bends with the neck.
    """
    height = vertices[:, 1].astype(np.float64)
    of_head = _rising(height + _CHIN_SLOPE * vertices[:, 2], *_HEAD_BLEND)
    of_chest = (1 - of_head) * (1 - _rising(height, *_CHEST_BLEND))
    weights = np.stack([of_head, 1 - of_head - of_chest, of_chest], axis=1).astype(np.float32)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _rising(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _skinned(blob: Blob, weights: NDArray[np.float32]) -> tuple[int, int]:
    """Return the accessors of joints and weights; a joint without weight is written as 0, as glTF asks."""
    joints = np.where(weights > 0, np.arange(len(MOVING)), 0).astype(np.uint8)
    return (
        blob.accessor(np.pad(joints, ((0, 0), (0, 1))), "VEC4"),
        blob.accessor(np.pad(weights, ((0, 0), (0, 1))), "VEC4"),
    )


def _bones(index: dict[str, int]) -> list[Any]:
    """Return a node per bone, each placed from its parent."""
    import pygltflib as gl

    places = {bone: np.array(place) for bone, _, place in SKELETON}
    return [
        gl.Node(
            name=bone,
            translation=np.round(places[bone] - (places[parent] if parent else 0), 6).tolist(),
            children=[index[child] for child, above, _ in SKELETON if above == bone],
        )
        for bone, parent, _ in SKELETON
    ]


def _binding(blob: Blob) -> int:
    """Return the accessor of the matrices that bring the mesh to each joint's own place, column by column."""
    places = {bone: place for bone, _, place in SKELETON}
    matrices = np.tile(np.eye(4, dtype=np.float32), (len(JOINTS), 1, 1))
    matrices[:, :3, 3] = [-np.array(places[bone]) for bone in JOINTS]
    return blob.accessor(matrices.transpose(0, 2, 1).reshape(-1, 16), "MAT4", drawn=False)


def _mtoon() -> dict[str, Any]:
    """Return a toon material that is as bright in shade as in light: the texture holds the artist's own shading."""
    return {
        "specVersion": "1.0",
        "shadeColorFactor": [1.0, 1.0, 1.0],
        "shadeMultiplyTexture": {"index": 0},
        "shadingToonyFactor": 0.9,
        "shadingShiftFactor": 0.0,
        "giEqualizationFactor": 1.0,
        "outlineWidthMode": "none",
    }


def _meta(terms: Terms, name: str) -> dict[str, Any]:
    """Return the terms as VRM says them; what the artist was not asked stays prohibited."""
    meta: dict[str, Any] = {
        "name": name,
        "authors": [terms.author.strip()],
        "licenseUrl": LICENCE,
        "avatarPermission": terms.avatar,
        "commercialUsage": terms.commerce,
        "creditNotation": terms.credit,
        "allowRedistribution": terms.redistribution == "allowed",
        "modification": terms.modification,
        "allowExcessivelyViolentUsage": False,
        "allowExcessivelySexualUsage": False,
        "allowPoliticalOrReligiousUsage": False,
        "allowAntisocialOrHateUsage": False,
    }
    if terms.notice:
        meta["copyrightInformation"] = terms.notice
    return meta
