"""Characters arrive posed in the field frame, and what the renderer says about a pixel is true of that pixel."""

import io
import json
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from paic3d_studio.core.artefacts import BOX_SIDE
from paic3d_studio.core.camera import Camera, focal_length, rotation
from paic3d_studio.datasets.vrm import PARTS, Character, decode_character, load_character, part_of_material
from paic3d_studio.datasets.vrm_renderer import CharacterRenderer, Views
from paic3d_studio.errors import UserError
from paic3d_studio.viewport.offscreen import offscreen_context

QUAD = np.array([[-0.1, 1.4, 0.05], [0.1, 1.4, 0.05], [0.1, 1.6, 0.05], [-0.1, 1.6, 0.05]], np.float32)


def glb(description: dict[str, Any], blob: bytes) -> bytes:
    """Pack a glTF description and one buffer into a binary file."""
    text = json.dumps(description).encode()
    text += b" " * (-len(text) % 4)
    blob += b"\0" * (-len(blob) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(blob), 0x004E4942) + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def quad_description(**material: Any) -> tuple[dict[str, Any], bytes]:
    """A square of 0.2 m that faces +z, centred 0.1 m above a joint named head that stands 1.4 m high."""
    picture = io.BytesIO()
    Image.fromarray(np.full((2, 2, 3), (200, 100, 50), np.uint8)).save(picture, "PNG")
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
    parts = [QUAD.tobytes(), uv.tobytes(), np.array([0, 1, 2, 0, 2, 3], np.uint16).tobytes(), picture.getvalue()]
    starts = np.cumsum([0] + [len(p) for p in parts])
    views = [{"buffer": 0, "byteOffset": int(s), "byteLength": len(p)} for s, p in zip(starts, parts, strict=False)]
    description = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0, 1]}],
        "nodes": [{"mesh": 0}, {"name": "Head", "translation": [0, 1.4, 0]}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5126, "count": 4, "type": "VEC2"},
            {"bufferView": 2, "componentType": 5123, "count": 6, "type": "SCALAR"},
        ],
        "materials": [
            {"name": "Face_SKIN", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}, **material},
        ],
        "textures": [{"source": 0}],
        "images": [{"bufferView": 3, "mimeType": "image/png"}],
        "bufferViews": views,
        "buffers": [{"byteLength": int(starts[-1])}],
    }
    return description, b"".join(parts)


def as_vrm0(description: dict[str, Any], *, bones: dict[str, int]) -> dict[str, Any]:
    """Add a VRM 0.x humanoid."""
    listed = [{"bone": bone, "node": node} for bone, node in bones.items()]
    return {**description, "extensions": {"VRM": {"humanoid": {"humanBones": listed}}}}


@pytest.fixture(scope="module")
def renderer() -> Iterator[CharacterRenderer]:
    with CharacterRenderer() as made:
        yield made


@pytest.fixture(scope="module")
def vivi(shared: Path) -> Character:
    return load_character(shared / "data" / "characters" / "vivi.glb")


def test_a_hand_made_quad_is_drawn_where_and_as_it_should_be(renderer: CharacterRenderer) -> None:
    character = decode_character(glb(*quad_description()), name="quad")
    views = renderer.render(character, [Camera(0, 0, 1, None)], size=70)
    expected = np.zeros((70, 70), bool)
    expected[25:45, 25:45] = True  # 0.2 m of 0.7 m are 20 of 70 pixels
    assert np.array_equal(views.rgba[0, ..., 3] == 255, expected)
    assert np.array_equal(views.part[0] == PARTS.index("face"), expected)
    assert np.all(views.rgba[0][expected] == (200, 100, 50, 255))
    assert np.allclose(views.xyz[0][expected][:, 2], 0.05, atol=1e-6)
    assert np.isnan(views.xyz[0][~expected]).all()
    assert np.allclose(views.normal[0][expected], (0, 0, 1), atol=1e-6)


def test_a_single_sided_quad_is_invisible_from_behind(renderer: CharacterRenderer) -> None:
    single = decode_character(glb(*quad_description()), name="quad")
    double = decode_character(glb(*quad_description(doubleSided=True)), name="quad")
    back = [Camera(180, 0, 1, None)]
    assert renderer.render(single, back, size=32).rgba[..., 3].max() == 0
    assert renderer.render(double, back, size=32).normal[0, 16, 16] == pytest.approx((0, 0, -1))


def test_a_blended_quad_over_nothing_keeps_its_own_alpha_and_colour(renderer: CharacterRenderer) -> None:
    description, blob = quad_description(alphaMode="BLEND")
    description["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"] = [1, 1, 1, 0.4]
    views = renderer.render(decode_character(glb(description, blob), name="quad"), [Camera(0, 0, 1, None)], size=32)
    assert views.rgba[0, 16, 16] == pytest.approx((200, 100, 50, 102), abs=2)
    assert np.isnan(views.xyz[0]).all()


def test_a_context_that_somebody_else_made_is_drawn_with_and_left_alone(figure: Any) -> None:
    character = decode_character(figure("vrm1"), name="figure")

    def drawn() -> tuple[Views, Views, bytes]:
        front = [Camera(0, 0, 1, None)]
        with CharacterRenderer() as own:
            expected = own.render(character, front, size=48)
        with offscreen_context() as context:
            with CharacterRenderer(context) as lent:
                found = lent.render(character, front, size=48)
            return expected, found, context.buffer(b"alive").read()

    with ThreadPoolExecutor(1) as apart:  # contexts are current per thread, and this one's belong to other tests
        expected, found, alive = apart.submit(drawn).result()
    assert np.array_equal(found.rgba, expected.rgba)
    assert np.array_equal(found.xyz, expected.xyz, equal_nan=True)
    assert alive == b"alive"


def test_blend_that_writes_depth_hides_what_is_drawn_later_behind_it(renderer: CharacterRenderer) -> None:
    def drawn(**flags: Any) -> list[int]:
        description, blob = quad_description(alphaMode="BLEND")
        near = {**description["materials"][0], "extensions": {"VRMC_materials_mtoon": flags}}
        far = {
            "name": "Other",
            "alphaMode": "BLEND",
            "extensions": {"VRMC_materials_mtoon": {"renderQueueOffsetNumber": 1}},
        }
        description["materials"] = [near, far]
        description["nodes"].append({"mesh": 1, "translation": [0, 0, -0.1]})
        first = description["meshes"][0]["primitives"][0]
        description["meshes"].append({"primitives": [{**first, "material": 1}]})
        character = decode_character(glb(description, blob), name="two")
        return renderer.render(character, [Camera(0, 0, 1, None)], size=32).rgba[0, 16, 16].tolist()

    assert drawn() == [255, 255, 255, 255]  # the later queue paints over it, although it stands behind
    assert drawn(transparentWithZWrite=True) == [200, 100, 50, 255]


def test_mask_keeps_what_reaches_its_cutoff_and_makes_it_opaque(renderer: CharacterRenderer) -> None:
    for cutoff, alpha in ((0.5, 0), (0.3, 255)):
        description, blob = quad_description(alphaMode="MASK", alphaCutoff=cutoff)
        description["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"] = [1, 1, 1, 0.4]
        character = decode_character(glb(description, blob), name="quad")
        views = renderer.render(character, [Camera(0, 0, 1, None)], size=32)
        assert views.rgba[0, 16, 16, 3] == alpha
        assert np.isfinite(views.xyz[0, 16, 16, 0]) == (alpha > 0)


@pytest.mark.parametrize(("first", "second", "seen"), [(3000, 3001, 255), (3001, 3000, 200)])
def test_vrm_0_blends_in_the_order_of_its_render_queues(
    renderer: CharacterRenderer, first: int, second: int, seen: int
) -> None:
    description, blob = quad_description(alphaMode="BLEND", doubleSided=True)
    white = {"name": "Other", "alphaMode": "BLEND", "doubleSided": True}
    description["materials"].append(white)
    quad = description["meshes"][0]["primitives"][0]
    description["meshes"][0]["primitives"].append({**quad, "material": 1})
    vrm = as_vrm0(description, bones={"head": 1})
    vrm["extensions"]["VRM"]["materialProperties"] = [{"renderQueue": first}, {"renderQueue": second}]
    character = decode_character(glb(vrm, blob), name="two")
    assert renderer.render(character, [Camera(0, 0, 1, None)], size=32).rgba[0, 16, 16, 0] == seen


def test_a_colour_matrix_changes_only_its_part(renderer: CharacterRenderer) -> None:
    character = decode_character(glb(*quad_description()), name="quad")
    swap = np.array([[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]], np.float32)
    front = [Camera(0, 0, 1, None)]
    assert tuple(renderer.render(character.recoloured({"face": swap}), front, size=32).rgba[0, 16, 16]) == (
        50, 100, 200, 255,
    )  # fmt: skip
    assert tuple(renderer.render(character.recoloured({"hair": swap}), front, size=32).rgba[0, 16, 16]) == (
        200, 100, 50, 255,
    )  # fmt: skip
    twice = character.recoloured({"face": swap}).recoloured({"face": swap})
    assert np.allclose(twice.primitives[0].colour_matrix, np.eye(3, 4))


def test_vrm_0_is_turned_to_face_plus_z() -> None:
    description, blob = quad_description()
    character = decode_character(glb(as_vrm0(description, bones={"head": 1}), blob), name="quad")
    expected = (QUAD - (0, 1.5, 0)) * (-1, 1, -1)
    assert np.allclose(character.primitives[0].positions, expected, atol=1e-6)
    assert np.allclose(character.bones["head"], (0, -0.1, 0))


def test_arms_in_t_pose_sink_by_sixty_degrees() -> None:
    description, blob = quad_description()
    description["nodes"] += [
        {"name": "L", "translation": [-0.2, 1.2, 0], "children": [3]},
        {"name": "hand", "translation": [-0.5, 0, 0]},
    ]
    vrm = as_vrm0(description, bones={"head": 1, "leftUpperArm": 2, "leftHand": 3})
    bones = decode_character(glb(vrm, blob), name="arm").bones
    along = bones["leftHand"] - bones["leftUpperArm"]
    assert np.allclose(along, (0.25, -0.5 * np.sin(np.radians(60)), 0), atol=1e-6)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda d: d["nodes"][1].update(name="tail"), "no head bone"),
        (lambda d: d["accessors"][0].update(count=400), "damaged"),
        (lambda d: d["accessors"][0].update(bufferView=77), "damaged"),
        (lambda d: d["accessors"][0].update(componentType=1), "damaged"),
        (lambda d: d["bufferViews"][0].update(byteLength=2**31), "damaged"),
        (lambda d: d["bufferViews"][3].update(byteLength=20), "damaged"),
        (lambda d: d["nodes"][0].update(children=[0]), "damaged"),
        (lambda d: d["nodes"][1].update(children=[1], mesh=9), "damaged"),
        (lambda d: d["accessors"][2].update(bufferView=0, componentType=5121, count=48), "damaged"),
        (lambda d: d.update(meshes="no"), "quad"),
    ],
)
def test_a_damaged_file_ends_in_a_sentence_for_the_artist(damage: Any, words: str) -> None:
    description, blob = quad_description()
    damage(description)
    with pytest.raises(UserError, match=words):
        decode_character(glb(description, blob), name="quad")


def test_a_texture_that_claims_a_huge_size_is_refused_before_it_is_decoded() -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    description, blob = quad_description()
    description["bufferViews"][3].update(byteOffset=len(blob), byteLength=len(bomb))
    with pytest.raises(UserError, match="texture"):
        decode_character(glb(description, blob + bomb), name="quad")


@pytest.mark.parametrize("encoded", [b"", b"glTF", b"PK" * 40, b"glTF" + struct.pack("<IIII", 2, 20, 2**31, 0)])
def test_what_is_not_a_glb_is_refused(encoded: bytes) -> None:
    with pytest.raises(UserError, match="glTF"):
        decode_character(encoded, name="thing")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nobody\.vrm"):
        load_character(tmp_path / "nobody.vrm")


def test_materials_say_which_part_they_are() -> None:
    names = {
        "F00_000_00_EyeIris_00_EYE": "iris",
        "F00_000_00_EyeWhite_00_EYE": "eye",
        "F00_000_00_FaceEyelash_00_FACE": "eye",
        "F00_000_00_FaceBrow_00_FACE": "brow",
        "F00_000_00_FaceMouth_00_FACE": "mouth",
        "F00_000_00_Face_00_SKIN": "face",
        "F00_002_02_Body_00_SKIN": "skin",
        "F00_000_HairBack_00_HAIR": "hair",
        "F00_002_01_Tops_01_CLOTH": "cloth",
        "Material.001": "other",
    }
    assert {name: part_of_material(name) for name in names} == names


@pytest.mark.shared
def test_opposite_orthographic_silhouettes_mirror_each_other(renderer: CharacterRenderer, vivi: Character) -> None:
    views = renderer.render(vivi, [Camera(a, 0, 1, None) for a in (0, 180, 90, 270)], size=256)
    covered = views.rgba[..., 3] > 127
    for one, other in ((0, 1), (2, 3)):
        # Single-sided materials (skin) are seen from one side only; hair and cloth close the outline.
        assert np.mean(covered[one] != covered[other][:, ::-1]) < 0.004


@pytest.mark.shared
@pytest.mark.parametrize("camera", [Camera(0, 0, 1, None), Camera(90, 0, 1, None), Camera(33, 20, 1, 30.0)])
def test_each_place_falls_on_its_own_pixel(renderer: CharacterRenderer, vivi: Character, camera: Camera) -> None:
    size = 256
    xyz = renderer.render(vivi, [camera], size=size).xyz[0]
    rows, columns = np.nonzero(np.isfinite(xyz[..., 0]))
    local = xyz[rows, columns] @ rotation(camera)
    scale = 1 / BOX_SIDE if camera.fov is None else focal_length(camera.fov) / (camera.distance - local[:, 2])
    across, up = local[:, 0] * scale * size, local[:, 1] * scale * size
    assert len(rows) > 5000
    assert np.abs(size / 2 + across - (columns + 0.5)).max() < 0.5
    assert np.abs(size / 2 - up - (rows + 0.5)).max() < 0.5


@pytest.mark.shared
def test_every_sample_character_stands_upright_and_looks_at_the_camera(
    renderer: CharacterRenderer, shared: Path
) -> None:
    for path in sorted((shared / "data" / "characters").glob("*.glb")):
        view = renderer.render(load_character(path), [Camera(0, 0, 1, None)], size=128)
        iris = view.xyz[0][view.part[0] == PARTS.index("iris")]
        skin = view.xyz[0][view.part[0] == PARTS.index("cloth")]
        assert len(iris) > 10, path.name
        assert iris[:, 2].min() > 0.0, path.name
        assert iris[:, 1].mean() > skin[:, 1].mean() + 0.1, path.name
        assert abs(float(iris[:, 0].mean())) < 0.02, path.name


@pytest.mark.shared
def test_mirroring_a_character_mirrors_its_picture(renderer: CharacterRenderer, vivi: Character) -> None:
    front = [Camera(0, 0, 1, None)]
    plain = renderer.render(vivi, front, size=128).rgba[0, :, ::-1].astype(int)
    mirrored = renderer.render(vivi.scaled((-1, 1, 1)), front, size=128).rgba[0].astype(int)
    assert np.mean(np.abs(plain - mirrored)) < 1.0
