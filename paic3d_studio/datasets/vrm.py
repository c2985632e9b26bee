"""Read a VRM or GLB character, pose it, and bring it into the field frame.

VRM 0.x: https://github.com/vrm-c/vrm-specification/tree/master/specification/0.0
VRM 1.0: https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm-1.0
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pygltflib import GLTF2

from paic3d_studio.datasets.gltf import (
    MALFORMED,
    MAX_FACES,
    MAX_FILE_BYTES,
    MAX_NODES,
    MAX_VERTICES,
    WHITE,
    GltfFile,
    TextureCorruption,
    checked_index,
    local_matrix,
    parsed_glb,
    to_srgb,
    transformed_uv,
)
from paic3d_studio.datasets.licence import licence_texts
from paic3d_studio.errors import UserError

PARTS: Final = ("none", "hair", "face", "iris", "eye", "brow", "mouth", "skin", "cloth", "other")
"""What a primitive shows; a part's id is its place here, 0 is empty. Lashes and eyelids' lines belong to `eye`."""

HEAD_OFFSET: Final = (0.0, 0.1, 0.0)
"""From the head bone to the origin of the field frame, in metres (specification of the method, section 3)."""

FARTHEST: Final = 1e6
"""Metres from the origin beyond which a vertex is taken for damage."""

ARM_LOWERING: Final = 60.0
"""Degrees by which the upper arms are lowered from the T-pose."""

_PART_WORDS: Final = (
    ("brow", "brow"),
    ("iris", "iris"),
    ("eye|lash|sclera|highlight|pupil", "eye"),
    ("mouth|teeth|tooth|tongue|lip", "mouth"),
    ("hair|bang|ahoge", "hair"),
    ("cloth|tops|bottoms|onepi|shoes|shirt|dress|skirt|jacket|coat|wear|sock|ribbon|accessory", "cloth"),
    ("face", "face"),
    ("skin|body|neck|ear", "skin"),
)
_BONE_NAMES: Final = {  # in plain GLB files, which name no humanoid
    "head": r"(^|[_.:])head$",
    "neck": r"(^|[_.:])neck$",
    "leftUpperArm": r"(left.?upper.?arm|l_upper_?arm|upper_?arm[._]l$|mixamorig:leftarm$)",
    "rightUpperArm": r"(right.?upper.?arm|r_upper_?arm|upper_?arm[._]r$|mixamorig:rightarm$)",
}
IDENTITY_COLOUR: Final = np.eye(3, 4, dtype=np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Primitive:
    """Triangles that share a material, posed, in the field frame.

    `positions` float32 (v, 3) metres, `normals` float32 (v, 3) unit, `uv` float32 (v, 2) with v down (glTF), `faces`
    int32 (f, 3) counter-clockwise from outside, `texture` uint8 (h, w, 4) sRGB straight alpha, `base_colour` four
    factors 0..1 that multiply the sRGB texture values, `alpha_mode` OPAQUE, MASK or BLEND, `part` one of `PARTS`,
    `depth_write` whether it hides what is drawn later behind it although it is BLEND, `colour_matrix` float32 (3, 4):
    colour' = M[:, :3] colour + M[:, 3] on sRGB 0..1.
    """

    positions: NDArray[np.float32]
    normals: NDArray[np.float32]
    uv: NDArray[np.float32]
    faces: NDArray[np.int32]
    texture: NDArray[np.uint8]
    base_colour: tuple[float, float, float, float]
    alpha_mode: str
    alpha_cutoff: float
    double_sided: bool
    render_queue: int
    part: str
    material: str = ""
    depth_write: bool = False
    colour_matrix: NDArray[np.float32] = dataclasses.field(default_factory=lambda: IDENTITY_COLOUR)

    def texels(self) -> NDArray[np.float64]:
        """Return the texture under each vertex times the base colour, (v, 4) 0..255."""
        height, width = self.texture.shape[:2]
        columns = (self.uv[:, 0] % 1 * width).astype(int).clip(0, width - 1)
        rows = (self.uv[:, 1] % 1 * height).astype(int).clip(0, height - 1)
        return np.asarray(self.texture[rows, columns].astype(np.float64) * np.asarray(self.base_colour))


@dataclasses.dataclass(frozen=True, eq=False)
class Character:
    """A posed character in the field frame: origin 0.1 m above the head bone, the face looks along +z.

    `bones` holds humanoid bone names and where they stand after posing, float64 (3,) metres; `licence` what the file
    says of its own terms.
    """

    name: str
    primitives: tuple[Primitive, ...]
    bones: Mapping[str, NDArray[np.float64]]
    licence: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def recoloured(self, matrices: Mapping[str, NDArray[Any]]) -> Character:
        """Return this character with a 3x4 colour matrix (sRGB 0..1) laid over each named part's own colours.

        Raises:
            KeyError: a name is not in `PARTS`.
        """
        for part in matrices:
            if part not in PARTS:
                raise KeyError(part)
        primitives = [
            dataclasses.replace(p, colour_matrix=_chained(np.asarray(matrices[p.part], np.float32), p.colour_matrix))
            if p.part in matrices
            else p
            for p in self.primitives
        ]
        return dataclasses.replace(self, primitives=tuple(primitives))

    def scaled(self, factors: tuple[float, float, float]) -> Character:
        """Return this character stretched about the origin of the field frame; a negative factor mirrors it."""
        scale = np.asarray(factors, np.float32)
        flip = bool(np.prod(np.sign(scale)) < 0)
        primitives = [
            dataclasses.replace(
                p,
                positions=p.positions * scale,
                normals=_unit(p.normals / scale),
                faces=np.ascontiguousarray(p.faces[:, ::-1]) if flip else p.faces,
            )
            for p in self.primitives
        ]
        bones = {name: position * scale for name, position in self.bones.items()}
        return dataclasses.replace(self, primitives=tuple(primitives), bones=bones)


def part_of_material(name: str) -> str:
    """Return which of `PARTS` a material's name speaks of, `other` when it says nothing."""
    lowered = name.lower()
    for words, part in _PART_WORDS:
        if re.search(words, lowered):
            return part
    return "other"


def load_character(path: Path | str) -> Character:
    """Read a VRM 0.x, VRM 1.0 or plain GLB file, lower its arms, and bring it into the field frame.

    Raises:
        UserError: the file is missing, damaged, too large, compressed in a way that is not supported, or has no head.
    """
    path = Path(path)
    return decode_character(read_bounded(path), name=path.stem)


def read_bounded(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        UserError: it is missing, unreadable or larger than `MAX_FILE_BYTES`.
    """
    try:
        with path.open("rb") as file:
            encoded = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UserError(f"“{path.name}” cannot be read: {error.strerror}.", "Choose a VRM or GLB file.") from error
    if len(encoded) > MAX_FILE_BYTES:
        raise UserError(f"“{path.name}” is larger than {MAX_FILE_BYTES >> 20} MB.", "Export a smaller character.")
    return encoded


def decode_character(encoded: bytes, *, name: str) -> Character:
    """Decode a character from the bytes of a GLB file; see `load_character`."""
    gltf = parsed_glb(encoded, name)
    cure = "Export it again from the program that made it."
    try:
        with np.errstate(all="ignore"):  # what is not a number is looked for, and refused, where it matters
            return _Reader(gltf, gltf.binary_blob() or b"", name).character()
    except TextureCorruption as error:
        raise DamagedTexture(f"“{name}” has a damaged texture: {error}.", cure) from error
    except KeyError as error:
        raise UserError(f"“{name}” is damaged: its description lacks {str(error)[:80]}.", cure) from error
    except MALFORMED as error:
        raise UserError(f"“{name}” is damaged: {str(error)[:200]}.", cure) from error
    except MemoryError:
        raise UserError(f"“{name}” does not fit into memory.", "Close programs, or export a lighter one.") from None


class DamagedTexture(UserError):
    """One of a character's pictures cannot be decoded."""


class _Reader(GltfFile):
    """Turns one parsed file into a Character; what it cannot trust it checks."""

    def __init__(self, gltf: GLTF2, blob: bytes, name: str) -> None:
        super().__init__(gltf, blob, name)
        extensions = gltf.extensions or {}
        self.licence = licence_texts(extensions, copyright_notice=getattr(gltf.asset, "copyright", None))
        self.faces = self.vertices = 0
        self._bone_matrices: dict[int, NDArray[np.float64]] = {}
        self.vrm0: dict[str, Any] = extensions.get("VRM") or {}
        self.vrm1: dict[str, Any] = extensions.get("VRMC_vrm") or {}

    def character(self) -> Character:
        """Read every primitive and bone."""
        bones = self.bones()
        if "head" not in bones:
            raise UserError(f"“{self.name}” has no head bone.", "Export it as VRM, or name its head joint “head”.")
        worlds = self.posed_worlds(bones)
        to_field = self.field_frame(worlds[bones["head"]][:3, 3])
        pieces: dict[int | None, list[Primitive]] = {}
        for index, node in enumerate(self.gltf.nodes):
            if node.mesh is None:
                continue
            for source in self.gltf.meshes[checked_index(node.mesh, self.gltf.meshes)].primitives:
                piece = self.primitive(source, node.skin, worlds, index, to_field)
                pieces.setdefault(source.material, []).append(piece)
        if not pieces:
            raise UserError(f"“{self.name}” holds no mesh.", "Choose a character with a body.")
        places = {bone: (to_field @ worlds[node] @ np.array([0.0, 0.0, 0.0, 1.0]))[:3] for bone, node in bones.items()}
        return Character(self.name, tuple(_merged(group) for group in pieces.values()), places, self.licence)

    def bones(self) -> dict[str, int]:
        """Humanoid bone name -> node, from the VRM extension, else guessed from the nodes' names."""
        if self.vrm0:
            listed = {b["bone"]: b["node"] for b in self.vrm0["humanoid"]["humanBones"]}
        elif self.vrm1:
            listed = {bone: entry["node"] for bone, entry in self.vrm1["humanoid"]["humanBones"].items()}
        else:
            listed = {}
            for index, node in enumerate(self.gltf.nodes):
                for bone, pattern in _BONE_NAMES.items():
                    if bone not in listed and re.search(pattern, node.name or "", re.IGNORECASE):
                        listed[bone] = index
        return {str(bone): checked_index(node, self.gltf.nodes) for bone, node in listed.items()}

    def posed_worlds(self, bones: Mapping[str, int]) -> list[NDArray[np.float64]]:
        """World matrix (4, 4) of each node with the upper arms lowered."""
        nodes = self.gltf.nodes
        worlds: list[NDArray[np.float64] | None] = [None] * len(nodes)
        children = {child for node in nodes for child in node.children or []}
        stack = [(i, np.eye(4)) for i in range(len(nodes)) if i not in children]
        lowered = {bones[b] for b in ("leftUpperArm", "rightUpperArm") if b in bones}
        while stack:
            index, parent = stack.pop()
            if worlds[index] is not None:
                raise ValueError("its nodes form a loop")
            world = parent @ local_matrix(nodes[index])
            if index in lowered:
                world = _lowered(world, side=float(np.sign(world[0, 3])))
            worlds[index] = world
            stack += [(checked_index(child, nodes), world) for child in nodes[index].children or []]
        reached = [world for world in worlds if world is not None]
        if len(reached) < len(nodes):  # every node hangs below one without a parent, unless there is a loop
            raise ValueError("its nodes form a loop")
        return reached

    def field_frame(self, head: NDArray[np.float64]) -> NDArray[np.float64]:
        """Matrix from the file's world to the field frame: VRM 0.x looks along -z and is turned by 180 degrees."""
        turn = np.diag([-1.0, 1.0, -1.0, 1.0]) if self.vrm0 else np.eye(4)
        shift = np.eye(4)
        shift[:3, 3] = -(head + np.array(HEAD_OFFSET))
        return np.asarray(turn @ shift)

    def _count(self, *, vertices: int = 0, faces: int = 0) -> None:
        """Add to what has been read; one accessor may serve many meshes, so the file's size is no bound."""
        self.vertices, self.faces = self.vertices + vertices, self.faces + faces
        if self.vertices > MAX_VERTICES or self.faces > MAX_FACES:
            raise UserError(
                f"“{self.name}” has more than {MAX_VERTICES} vertices or {MAX_FACES} faces.", "Export a lighter one."
            )

    def primitive(
        self,
        source: Any,
        skin: int | None,
        worlds: list[NDArray[np.float64]],
        node: int,
        to_field: NDArray[np.float64],
    ) -> Primitive:
        """Read one primitive, skin it and bring it into the field frame."""
        if source.mode not in (None, 4):
            raise ValueError("a mesh is not made of triangles")
        if "KHR_draco_mesh_compression" in (source.extensions or {}):
            raise UserError(f"“{self.name}” is compressed with Draco.", "Export it without mesh compression.")
        attributes = source.attributes
        positions = self.accessor(attributes.POSITION, "VEC3").astype(np.float64)
        count = len(positions)
        self._count(vertices=count)
        if source.indices is None:
            faces = np.arange(count - count % 3, dtype=np.int64).reshape(-1, 3)
        else:
            indices = self.accessor(source.indices, "SCALAR").astype(np.int64).reshape(-1)
            faces = indices[: len(indices) - len(indices) % 3].reshape(-1, 3)
        self._count(faces=len(faces))
        if faces.size and not 0 <= int(faces.min()) <= int(faces.max()) < count:
            raise ValueError("a face names a vertex that does not exist")
        matrices = self.vertex_matrices(attributes, skin, worlds, node, count)
        matrices = to_field @ matrices
        posed = np.einsum("nij,nj->ni", matrices[:, :3, :3], positions) + matrices[:, :3, 3]
        if not (np.abs(posed) < FARTHEST).all():  # nor when it is not a number
            raise ValueError("a vertex lies nowhere")
        if attributes.NORMAL is not None:
            normals = np.einsum("nij,nj->ni", matrices[:, :3, :3], self.accessor(attributes.NORMAL, "VEC3", count))
        else:
            normals = _vertex_normals(posed, faces)
        if len(matrices) and np.linalg.det(matrices[0, :3, :3]) < 0:
            faces = faces[:, ::-1]
        uv = (
            np.zeros((count, 2))
            if attributes.TEXCOORD_0 is None
            else self.accessor(attributes.TEXCOORD_0, "VEC2", count)
        )
        return self.with_material(source.material, posed, normals, uv, faces)

    def vertex_matrices(
        self, attributes: Any, skin: int | None, worlds: list[NDArray[np.float64]], node: int, count: int
    ) -> NDArray[np.float64]:
        """Matrix (n, 4, 4) from the mesh to the file's world per vertex: linear blend skinning, else the node's own."""
        if skin is None or attributes.JOINTS_0 is None or attributes.WEIGHTS_0 is None:
            return np.broadcast_to(worlds[node], (count, 4, 4))
        bone = self.bone_matrices(skin, worlds)
        slots = self.accessor(attributes.JOINTS_0, "VEC4", count).astype(np.int64)
        if slots.size and not 0 <= int(slots.min()) <= int(slots.max()) < len(bone):
            raise ValueError("a vertex names a joint that does not exist")
        weights = self.accessor(attributes.WEIGHTS_0, "VEC4", count).astype(np.float64)
        total = weights.sum(axis=1, keepdims=True)
        weights = np.where(total > 1e-6, weights / np.maximum(total, 1e-6), [1.0, 0.0, 0.0, 0.0])
        return np.asarray(sum(weights[:, k, None, None] * bone[slots[:, k]] for k in range(4)))

    def bone_matrices(self, skin: int, worlds: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Matrix (j, 4, 4) of each joint of a skin from the mesh's rest pose to the file's world."""
        entry = self.gltf.skins[checked_index(skin, self.gltf.skins)]
        if skin in self._bone_matrices:
            return self._bone_matrices[skin]
        if not 0 < len(entry.joints) <= MAX_NODES:
            raise ValueError("a skin has no joints, or too many")
        joints = [checked_index(j, self.gltf.nodes) for j in entry.joints]
        if entry.inverseBindMatrices is None:
            inverse = np.broadcast_to(np.eye(4), (len(joints), 4, 4))
        else:
            inverse = self.accessor(entry.inverseBindMatrices, "MAT4").reshape(-1, 4, 4).transpose(0, 2, 1)
        if len(inverse) < len(joints):
            raise ValueError("a skin has fewer bind matrices than joints")
        self._bone_matrices[skin] = np.stack([worlds[j] @ inverse[i] for i, j in enumerate(joints)])
        return self._bone_matrices[skin]

    def with_material(
        self,
        material: int | None,
        positions: NDArray[np.float64],
        normals: NDArray[np.float64],
        uv: NDArray[np.float64],
        faces: NDArray[np.int64],
    ) -> Primitive:
        """Join geometry with its glTF material and, in VRM 0.x, its render queue."""
        texture, mode, cutoff, double_sided, queue, depth_write, name = WHITE, "OPAQUE", 0.5, False, 2000, False, ""
        colour: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
        if material is not None:
            entry = self.gltf.materials[checked_index(material, self.gltf.materials)]
            name, mode, double_sided = entry.name or "", entry.alphaMode or "OPAQUE", bool(entry.doubleSided)
            cutoff = 0.5 if entry.alphaCutoff is None else float(entry.alphaCutoff)
            pbr = entry.pbrMetallicRoughness
            if pbr is not None and pbr.baseColorFactor is not None:
                colour = tuple(float(c) for c in pbr.baseColorFactor)
            if pbr is not None and pbr.baseColorTexture is not None:
                uv = transformed_uv(uv, pbr.baseColorTexture.extensions or {})
                texture = self.texture(pbr.baseColorTexture.index)
            queue, depth_write = self.render_queue(material, mode), self.depth_write(material, mode)
        if mode not in ("OPAQUE", "MASK", "BLEND") or len(colour) != 4 or not np.isfinite([*colour, cutoff]).all():
            raise ValueError("a material is not valid")
        red, green, blue, alpha = colour
        if not self.vrm0:  # VRM 0.x exporters wrote the factor as it stands in the editor, others write it linear
            red, green, blue = (to_srgb(c) for c in (red, green, blue))
        return Primitive(
            positions=np.ascontiguousarray(positions, np.float32),
            normals=_unit(np.nan_to_num(normals, posinf=0, neginf=0).clip(-FARTHEST, FARTHEST)),
            uv=np.ascontiguousarray(np.nan_to_num(uv).clip(-FARTHEST, FARTHEST), np.float32),
            faces=np.ascontiguousarray(faces, np.int32),
            texture=texture,
            base_colour=(red, green, blue, alpha),
            alpha_mode=mode,
            alpha_cutoff=cutoff,
            double_sided=double_sided,
            render_queue=queue,
            part=part_of_material(name),
            material=name,
            depth_write=depth_write,
        )

    def render_queue(self, material: int, mode: str) -> int:
        """Unity's render queue of a material: later ones are drawn over earlier ones."""
        default = {"OPAQUE": 2000, "MASK": 2450}.get(mode, 3000)
        listed = self.vrm0.get("materialProperties") or []
        if material < len(listed) and int(listed[material].get("renderQueue", -1)) >= 0:
            return int(listed[material]["renderQueue"])
        extension = (self.gltf.materials[material].extensions or {}).get("VRMC_materials_mtoon") or {}
        return default + int(extension.get("renderQueueOffsetNumber", 0))

    def depth_write(self, material: int, mode: str) -> bool:
        """Whether a BLEND material hides what is drawn later behind it: only where MToon says so."""
        if mode != "BLEND":
            return False
        listed = self.vrm0.get("materialProperties") or []
        if material < len(listed):
            return float((listed[material].get("floatProperties") or {}).get("_ZWrite", 0)) > 0
        extension = (self.gltf.materials[material].extensions or {}).get("VRMC_materials_mtoon") or {}
        return bool(extension.get("transparentWithZWrite", False))


def _lowered(world: NDArray[np.float64], *, side: float) -> NDArray[np.float64]:
    """Turn a bone about its own place in the world's xy plane so that an arm stretched to `side` sinks."""
    angle = np.radians(-ARM_LOWERING * side)
    turned = world.copy()
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    turned[:3, :3] = rotation @ world[:3, :3]
    return turned


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Scale vectors (n, 3) to length 1; zero stays zero."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(length, 1e-12), np.float32)


def _vertex_normals(positions: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Area-weighted vertex normals, smooth over vertices that share a place (hair strips are split at seams)."""
    _, welded = np.unique(np.round(positions, 6), axis=0, return_inverse=True)
    welded = welded.reshape(-1)
    a, b, c = (positions[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    total = np.zeros((int(welded.max(initial=-1)) + 1, 3))
    for k in range(3):
        np.add.at(total, welded[faces[:, k]], normal)
    return np.asarray(total[welded])


def _chained(second: NDArray[np.float32], first: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compose two 3x4 colour matrices."""
    square = second[:, :3]
    return np.concatenate([square @ first[:, :3], (square @ first[:, 3] + second[:, 3])[:, None]], axis=1)


def _merged(pieces: list[Primitive]) -> Primitive:
    """Join primitives of one material into one."""
    if len(pieces) == 1:
        return pieces[0]
    starts = np.cumsum([0] + [len(p.positions) for p in pieces[:-1]])
    return dataclasses.replace(
        pieces[0],
        positions=np.concatenate([p.positions for p in pieces]),
        normals=np.concatenate([p.normals for p in pieces]),
        uv=np.concatenate([p.uv for p in pieces]),
        faces=np.concatenate([p.faces + np.int32(s) for p, s in zip(pieces, starts, strict=True)]),
    )
