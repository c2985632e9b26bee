"""A character's file is trusted with nothing: it becomes a character, or one sentence."""

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paic3d_studio.datasets import gltf
from paic3d_studio.datasets.licence import LONGEST, licence_texts
from paic3d_studio.datasets.vrm import DamagedTexture, decode_character
from paic3d_studio.errors import UserError

Figure = Callable[..., bytes]


def test_the_three_kinds_of_file_give_the_same_character(figure: Figure) -> None:
    made = {kind: decode_character(figure(kind), name="figure") for kind in ("vrm0", "vrm1", "glb")}
    for kind in ("vrm0", "glb"):
        for mine, theirs in zip(made[kind].primitives, made["vrm1"].primitives, strict=True):
            assert np.allclose(mine.positions, theirs.positions, atol=1e-6)
            assert np.allclose(mine.normals, theirs.normals, atol=1e-5)
            assert np.array_equal(mine.faces, theirs.faces)
        # Names alone tell the plain file's bones, and only those that are needed.
        for bone, place in made[kind].bones.items():
            assert np.allclose(place, made["vrm1"].bones[bone], atol=1e-6), (kind, bone)


def test_vrm_1_faces_plus_z_with_its_left_at_plus_x_and_its_arms_lowered(figure: Figure) -> None:
    character = decode_character(figure("vrm1"), name="figure")
    skin = next(p for p in character.primitives if p.material == "Skin")
    assert skin.positions[:, 2].max() == pytest.approx(0.17, abs=1e-3)  # the nose, 0.13 + 0.04 before the head bone
    assert skin.positions[:, 2].min() > -0.13
    assert np.allclose(character.bones["head"], (0, -0.1, 0))
    arm = character.bones["leftHand"] - character.bones["leftUpperArm"]
    assert np.allclose(arm, (0.15, -0.3 * np.sin(np.radians(60)), 0), atol=1e-6)
    cloth = next(p for p in character.primitives if p.material == "Tops_CLOTH")
    tip = cloth.positions[np.argmin(np.where(cloth.positions[:, 0] > 0.2, cloth.positions[:, 1], 9))]
    along = np.array([0.31, 0]) @ [[0.5, -np.sin(np.radians(60))], [0, 0]] + (0.15, 1.32 - 1.56)
    assert np.allclose(tip[:2], along, atol=0.03)  # the sleeve's end went with the bone


def test_a_file_says_its_own_terms(figure: Figure) -> None:
    one, two, three = (decode_character(figure(kind), name="f").licence for kind in ("vrm0", "vrm1", "glb"))
    assert one == {"title": "Figure", "author": "a test", "licenseName": "CC0", "copyright": "nobody"}
    assert two["authors"] == "a, test"
    assert three == {"copyright": "nobody"}
    loud = licence_texts({"VRM": {"meta": {"title": "a\n" * 9999, "author": 7, "version": ["x", 3]}}, "VRMC_vrm": 3})
    assert len(loud["title"]) <= LONGEST
    assert "\n" not in loud["title"]
    assert set(loud) == {"title", "version"}


def every_primitive(description: dict[str, Any], **changed: Any) -> None:
    for primitive in description["meshes"][0]["primitives"]:
        primitive.update(changed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["nodes"][0].update(children=[1, 3, 5, 0]), "loop"),
        (lambda d: d["nodes"][2].update(children=[0]), "loop"),
        (lambda d: d["nodes"][2].update(children=[400]), "does not exist"),
        (lambda d: d["nodes"][2].update(children=[True]), "does not exist"),
        (lambda d: d["nodes"][2].update(matrix=[1.0] * 3), "damaged"),
        (lambda d: d["nodes"][2].update(translation=[10**400, 0, 0]), "no readable"),
        (lambda d: d["nodes"][2].update(translation=[float("nan"), 0, 0]), "not a number"),
        (lambda d: d["nodes"][2].update(scale=[1e30, 1, 1]), "nowhere"),
        (lambda d: d.update(nodes=[{}] * (gltf.MAX_NODES + 1)), "too many nodes"),
        (lambda d: d["accessors"].extend([{}] * gltf.MAX_ENTRIES), "too many accessors"),
        (lambda d: d["accessors"][0].update(count=10**9), "wrong type or length|too large|past the end"),
        (lambda d: d["accessors"][0].update(byteOffset=-4), "layout"),
        (lambda d: d["accessors"][0].update(byteOffset=10**9), "past the end"),
        (lambda d: d["accessors"][0].update(type="VEC2"), "wrong type"),
        (lambda d: d["accessors"][0].update(componentType=5130), "unknown kind"),
        (lambda d: d["accessors"][0].update(sparse={"count": 1}), "sparse"),
        (lambda d: d["accessors"][0].pop("bufferView"), "sparse"),
        (lambda d: d["accessors"][0].update(bufferView=-1), "does not exist"),
        (lambda d: d["bufferViews"][0].update(byteLength=-5), "past the end"),
        (lambda d: d["bufferViews"][0].update(byteStride=1), "layout"),
        (lambda d: d["bufferViews"][0].update(buffer=1), "past the end"),
        (lambda d: d["buffers"][0].update(uri="https://example.org/x.bin"), "other files"),
        (lambda d: d["images"][0].update(uri="../../x.png", bufferView=None), "other files"),
        (lambda d: d["skins"][0].update(joints=[0]), "joint that does not exist"),
        (lambda d: d["skins"][0].update(joints=[]), "no joints"),
        (lambda d: d["skins"][0].update(joints=list(range(7)) * 2), "fewer bind matrices"),
        (lambda d: d["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"].pop("head"), "no head bone"),
        (lambda d: d["extensions"]["VRMC_vrm"].pop("humanoid"), "lacks 'humanoid'"),
        (lambda d: d["materials"][0].update(alphaMode="GLOW"), "material"),
        (lambda d: d["materials"][0].update(alphaCutoff=float("inf")), "material"),
        (lambda d: d["materials"][0]["pbrMetallicRoughness"].update(baseColorFactor=[1, 1]), "material"),
        (lambda d: d.update(extensionsRequired=["EXT_meshopt_compression"]), "compressed"),
        (lambda d: every_primitive(d, extensions={"KHR_draco_mesh_compression": {}}), "Draco"),
        (lambda d: every_primitive(d, mode=1), "triangles"),
        (lambda d: every_primitive(d, indices=None, material=99), "does not exist"),
        (lambda d: d["meshes"][0].update(primitives=d["meshes"][0]["primitives"] * 1000), "too many parts"),
        (lambda d: d.update(meshes=[]), "does not exist"),
        (lambda d: d["nodes"].pop(), "no mesh"),
    ],
)  # fmt: skip
def test_each_damage_has_its_sentence(change: Callable[[dict[str, Any]], Any], words: str, figure: Figure) -> None:
    with pytest.raises(UserError, match=words) as raised:
        decode_character(figure("vrm1", change), name="figure")
    assert "\n" not in str(raised.value)
    assert raised.value.cure


def test_one_accessor_shared_by_many_meshes_does_not_escape_the_bounds(
    figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paic3d_studio.datasets.vrm.MAX_FACES", 2_000)
    many = figure("vrm1", lambda d: d["nodes"].extend([{"mesh": 0}] * 3))
    with pytest.raises(UserError, match="faces"):
        decode_character(many, name="figure")


def test_a_cut_picture_is_told_from_other_damage(figure: Figure) -> None:
    def cut(description: dict[str, Any]) -> None:
        description["bufferViews"][description["images"][1]["bufferView"]]["byteLength"] -= 40

    with pytest.raises(DamagedTexture, match="texture"):
        decode_character(figure("vrm1", cut), name="figure")


def test_textures_have_a_bound_together(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gltf, "MAX_TEXTURE_PIXELS", 40)  # each of three has 16
    with pytest.raises(UserError, match="too many"):
        decode_character(figure("vrm1"), name="figure")


@pytest.mark.parametrize(
    "hurt",
    [
        lambda whole: whole[:300],
        lambda whole: whole[:-100],
        lambda whole: whole[:16] + b"TEXT" + whole[20:],
        lambda whole: whole[:12] + struct.pack("<I", gltf.MAX_JSON_BYTES + 4) + whole[16:] + b" " * gltf.MAX_JSON_BYTES,
        lambda whole: whole[:4] + struct.pack("<I", 1) + whole[8:],
        lambda whole: whole[:20] + b"[" * 2000 + whole[2020:],
    ],
)
def test_a_container_that_does_not_fit_is_refused(hurt: Callable[[bytes], bytes], figure: Figure) -> None:
    with pytest.raises(UserError, match="figure"):
        decode_character(hurt(figure("vrm1")), name="figure")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["vrm0", "vrm1", "glb"]))
def test_no_change_of_bytes_brings_anything_but_a_character_or_a_sentence(
    data: st.DataObject, kind: str, figure: Figure
) -> None:
    hurt = bytearray(figure(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        hurt[data.draw(st.integers(0, len(hurt) - 1))] = data.draw(st.integers(0, 255))
    judge(bytes(hurt))


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 12), st.just(2**40), st.just(-(10**30)), st.floats(),
    st.text(max_size=4), st.just([]), st.just({}), st.lists(st.integers(-1, 9), max_size=5),
)  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["vrm0", "vrm1", "glb"]))
def test_no_change_of_the_description_brings_anything_but_a_character_or_a_sentence(
    data: st.DataObject, kind: str, figure: Figure
) -> None:
    def change(description: dict[str, Any]) -> None:
        for _ in range(data.draw(st.integers(1, 3))):
            holder: Any = description
            while True:
                keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
                key = data.draw(st.sampled_from(keys))
                if not isinstance(holder[key], dict | list) or not holder[key] or data.draw(st.integers(0, 5)) == 0:
                    break
                holder = holder[key]
            holder[key] = data.draw(JUNK)

    judge(figure(kind, change))


def judge(encoded: bytes) -> None:
    try:
        character = decode_character(encoded, name="figure")
    except UserError as error:
        assert "\n" not in str(error)
        return
    for primitive in character.primitives:
        assert np.isfinite(primitive.positions).all()
        assert np.isfinite(primitive.normals).all()
        assert np.isfinite(primitive.uv).all()
        assert primitive.faces.size == 0 or 0 <= primitive.faces.min() <= primitive.faces.max() < len(
            primitive.positions
        )
    json.dumps(dict(character.licence))
