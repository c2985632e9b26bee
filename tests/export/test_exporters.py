"""Every format in the table, written and read back by somebody else's reader."""

import dataclasses
import io
import json
import struct
from pathlib import Path

import numpy as np
import pygltflib
import pytest
import trimesh
from numpy.typing import NDArray
from PIL import Image

from paic3d_studio import __version__
from paic3d_studio.core.artefacts import TexturedMesh
from paic3d_studio.core.mesh import open_edges, weld
from paic3d_studio.errors import UserError
from paic3d_studio.export import EXPORTERS, export_mesh, exporter_for
from paic3d_studio.export.frame import NECK, to_export_frame
from paic3d_studio.export.glb import glb_bytes


def read_back(path: Path) -> trimesh.Trimesh:
    loaded = trimesh.load(path, process=False, maintain_order=True)
    if isinstance(loaded, trimesh.Scene):
        assert len(loaded.geometry) == 1
        loaded = next(iter(loaded.geometry.values()))
    assert isinstance(loaded, trimesh.Trimesh)
    return loaded


def corners(mesh: trimesh.Trimesh) -> NDArray[np.float32]:
    return np.asarray(mesh.vertices[mesh.faces], dtype=np.float32)


@pytest.mark.parametrize("suffix", EXPORTERS)
def test_a_file_read_back_has_the_same_triangles(head: TexturedMesh, tmp_path: Path, suffix: str) -> None:
    export_mesh(head, tmp_path / f"head{suffix}")
    expected = to_export_frame(head.surface.vertices)[head.surface.faces]
    assert np.array_equal(corners(read_back(tmp_path / f"head{suffix}")), expected)


@pytest.mark.parametrize("suffix", EXPORTERS)
def test_a_file_read_back_has_the_same_normals(head: TexturedMesh, tmp_path: Path, suffix: str) -> None:
    export_mesh(head, tmp_path / f"head{suffix}")
    mesh = read_back(tmp_path / f"head{suffix}")
    expected = head.surface.normals[head.surface.faces]
    assert np.allclose(mesh.vertex_normals[mesh.faces], expected, atol=1e-5)


@pytest.mark.parametrize("suffix", [e.suffix for e in EXPORTERS.values() if e.textured])
def test_a_file_read_back_has_the_same_uv_and_texture(head: TexturedMesh, tmp_path: Path, suffix: str) -> None:
    export_mesh(head, tmp_path / f"head{suffix}")
    mesh = read_back(tmp_path / f"head{suffix}")
    assert np.allclose(mesh.visual.uv[mesh.faces], head.surface.uv[head.surface.faces], atol=1e-6)
    material = mesh.visual.material
    image = material.baseColorTexture if hasattr(material, "baseColorTexture") else material.image
    assert np.array_equal(np.asarray(image.convert("RGB")), head.texture)


@pytest.mark.parametrize("suffix", EXPORTERS)
def test_the_report_tells_what_was_written(head: TexturedMesh, tmp_path: Path, suffix: str) -> None:
    report = export_mesh(head, tmp_path / f"head{suffix}")
    assert sorted(report.paths) == sorted(str(file) for file in tmp_path.iterdir())
    assert report.paths == tuple(map(str, EXPORTERS[suffix].files(tmp_path / f"head{suffix}")))
    assert report.bytes_written == sum(file.stat().st_size for file in tmp_path.iterdir())
    assert report.faces == len(head.surface.faces) and report.open_edges == 0
    assert report.vertices == len(read_back(tmp_path / f"head{suffix}").vertices)


@pytest.mark.parametrize("suffix", EXPORTERS)
def test_the_same_mesh_gives_the_same_bytes(head: TexturedMesh, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in ("a", "b"):
        export_mesh(head, tmp_path / folder / f"head{suffix}")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


@pytest.mark.parametrize("suffix", EXPORTERS)
def test_an_older_file_is_replaced(head: TexturedMesh, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"head{suffix}"
    target.write_text("older")
    export_mesh(head, target)
    assert len(read_back(target).faces) == len(head.surface.faces)


def test_the_suffix_chooses_the_format_in_any_case() -> None:
    assert exporter_for(Path("Head.GLB")).suffix == ".glb"


@pytest.mark.parametrize("name", ["head.fbx", "head", ".glb"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(head: TexturedMesh, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"\.glb, \.obj"):
        export_mesh(head, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_neck_is_at_the_origin_and_the_face_looks_along_z() -> None:
    assert np.allclose(to_export_frame(np.array([NECK], dtype=np.float32)), 0)
    moved = to_export_frame(np.array([[0, 0, 0], [0.1, 0.2, 0.3]], dtype=np.float32))
    assert np.allclose(moved[1] - moved[0], [0.1, 0.2, 0.3], atol=1e-6)


@dataclasses.dataclass(frozen=True)
class Glb:
    document: dict  # type: ignore[type-arg]
    blob: bytes

    @classmethod
    def of(cls, content: bytes) -> "Glb":
        magic, version, length = struct.unpack("<4sII", content[:12])
        assert (magic, version, length) == (b"glTF", 2, len(content))
        size, kind = struct.unpack("<I4s", content[12:20])
        assert kind == b"JSON" and size % 4 == 0
        blob_size, blob_kind = struct.unpack("<I4s", content[20 + size : 28 + size])
        assert blob_kind == b"BIN\0" and 28 + size + blob_size == len(content)
        return cls(json.loads(content[20 : 20 + size]), content[28 + size :])


def test_a_glb_is_laid_out_as_the_specification_asks(head: TexturedMesh) -> None:
    glb = Glb.of(glb_bytes(head))
    document = glb.document
    assert document["asset"] == {"generator": f"PAiC-3D Studio {__version__}", "version": "2.0"}
    assert [node["name"] for node in document["nodes"]] == ["Head"] and document["nodes"][0]["mesh"] == 0
    assert [mesh["name"] for mesh in document["meshes"]] == ["Head"] and len(document["meshes"][0]["primitives"]) == 1
    for view in document["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] + view["byteLength"] <= document["buffers"][0]["byteLength"]
    positions = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    vertices = to_export_frame(head.surface.vertices)
    assert positions["min"] == vertices.min(axis=0).tolist() and positions["max"] == vertices.max(axis=0).tolist()
    assert "uri" not in document["buffers"][0] and "uri" not in document["images"][0]


def test_a_glb_is_unlit_with_a_rough_fallback(head: TexturedMesh) -> None:
    document = Glb.of(glb_bytes(head)).document
    (material,) = document["materials"]
    assert document["extensionsUsed"] == ["KHR_materials_unlit"] and "extensionsRequired" not in document
    assert material["extensions"] == {"KHR_materials_unlit": {}} and material["doubleSided"] is False
    surface = material["pbrMetallicRoughness"]
    assert surface["metallicFactor"] == 0 and surface["roughnessFactor"] == 1
    assert surface["baseColorTexture"]["index"] == 0 and material["alphaMode"] == "OPAQUE"


def test_a_glb_carries_its_picture_inside(head: TexturedMesh, tmp_path: Path) -> None:
    export_mesh(head, tmp_path / "head.glb")
    document = pygltflib.GLTF2().load(tmp_path / "head.glb")
    view = document.bufferViews[document.images[0].bufferView]
    content = document.binary_blob()[view.byteOffset : view.byteOffset + view.byteLength]
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG" and picture.size == (256, 256)


def test_texture_coordinates_in_a_glb_run_downwards(head: TexturedMesh) -> None:
    glb = Glb.of(glb_bytes(head))
    accessor = glb.document["accessors"][glb.document["meshes"][0]["primitives"][0]["attributes"]["TEXCOORD_0"]]
    view = glb.document["bufferViews"][accessor["bufferView"]]
    rows = np.frombuffer(glb.blob, "<f4", 2 * accessor["count"], view["byteOffset"]).reshape(-1, 2)
    column, row = (np.clip(rows * 256, 0, 255.9).astype(int)).T
    colours = head.texture[row, column].astype(int)
    side = head.surface.vertices[:, 0]
    assert (colours[side < -0.02, 0] > 150).all() and (colours[side > 0.02, 2] > 150).all()


def test_ply_colours_come_from_the_texture_and_seams_are_welded(head: TexturedMesh, tmp_path: Path) -> None:
    export_mesh(head, tmp_path / "head.ply")
    mesh = read_back(tmp_path / "head.ply")
    assert len(mesh.vertices) == len(weld(head.surface.vertices)[0]) < len(head.surface.vertices)
    assert mesh.is_watertight and mesh.volume > 0
    right, left = mesh.vertices[:, 0] < -0.02, mesh.vertices[:, 0] > 0.02
    assert (mesh.visual.vertex_colors[right, 0] > 150).all() and (mesh.visual.vertex_colors[left, 2] > 150).all()


def test_an_obj_names_its_material_and_picture(head: TexturedMesh, tmp_path: Path) -> None:
    report = export_mesh(head, tmp_path / "my head.obj")
    assert [Path(path).name for path in report.paths] == ["my head.obj", "my head.mtl", "my head_texture.png"]
    assert "mtllib my head.mtl\no Head\nusemtl Head\n" in (tmp_path / "my head.obj").read_text()
    assert "map_Kd my head_texture.png\n" in (tmp_path / "my head.mtl").read_text()


@pytest.mark.parametrize("suffix", EXPORTERS)
def test_a_portrait_of_the_same_name_is_left_alone(head: TexturedMesh, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "head.png").write_bytes(b"the artist's own picture")
    export_mesh(head, tmp_path / f"head{suffix}")
    assert (tmp_path / "head.png").read_bytes() == b"the artist's own picture"


def test_open_edges_are_counted_after_welding(head: TexturedMesh, tmp_path: Path) -> None:
    holed = dataclasses.replace(head.surface, faces=head.surface.faces[1:])
    report = export_mesh(TexturedMesh(holed, head.texture), tmp_path / "head.glb")
    assert report.open_edges == open_edges(holed.vertices, holed.faces) == 3
