"""Every format in the table, written and read back by somebody else's reader."""

import dataclasses
import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pygltflib
import pytest
import trimesh
from numpy.typing import NDArray
from PIL import Image

from paic3d_studio import __version__
from paic3d_studio.core.artefacts import ExportReport, TexturedMesh
from paic3d_studio.core.mesh import open_edges, weld
from paic3d_studio.core.terms import Terms
from paic3d_studio.errors import UserError
from paic3d_studio.export import EXPORTERS, exporter_for, exporters
from paic3d_studio.export.frame import NECK, to_export_frame
from paic3d_studio.export.glb import glb_bytes
from paic3d_studio.export.stl import to_printing_frame
from paic3d_studio.export.usdz import usda_text

TERMS = Terms(title="Aki", author="An artist")

FRAMES: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = dict.fromkeys(EXPORTERS, to_export_frame) | {
    ".stl": to_printing_frame,
    ".vrm": lambda v: to_export_frame(v) + np.float32([NECK[0], NECK[1] + 1.37, NECK[2]]),
}
"""Where each format puts a field point."""

WITH_NORMALS = [suffix for suffix in EXPORTERS if suffix != ".stl"]


def export_mesh(textured: TexturedMesh, path: Path) -> ExportReport:
    return exporters.export_mesh(textured, path, terms=TERMS)


def read_usdz(path: Path) -> trimesh.Trimesh:
    """Read a USDZ file with Pixar's own library."""
    from pxr import Usd, UsdGeom, UsdShade

    stage = Usd.Stage.Open(str(path))
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Head/Surface"))
    assert set(mesh.GetFaceVertexCountsAttr().Get()) == {3}
    assert UsdGeom.GetStageUpAxis(stage) == "Y" and UsdGeom.GetStageMetersPerUnit(stage) == 1
    assert UsdGeom.PrimvarsAPI(mesh).GetPrimvar("st").GetInterpolation() == "vertex"
    material, _ = UsdShade.MaterialBindingAPI(mesh).ComputeBoundMaterial()
    shader, _, _ = material.ComputeSurfaceSource()
    source = shader.GetInput("emissiveColor").GetConnectedSource()[0]
    asset = UsdShade.Shader(source.GetPrim()).GetInput("file").Get()
    with zipfile.ZipFile(path) as archive:
        assert asset.resolvedPath.endswith(f"[{asset.path}]")
        picture = Image.open(io.BytesIO(archive.read(asset.path)))
    return trimesh.Trimesh(
        vertices=np.array(mesh.GetPointsAttr().Get()),
        faces=np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3),
        vertex_normals=np.array(mesh.GetNormalsAttr().Get()),
        visual=trimesh.visual.TextureVisuals(
            uv=np.array(UsdGeom.PrimvarsAPI(mesh).GetPrimvar("st").Get()),
            material=trimesh.visual.material.SimpleMaterial(image=picture),
        ),
        process=False,
    )


def read_back(path: Path) -> trimesh.Trimesh:
    if path.suffix == ".usdz":
        return read_usdz(path)
    kind = "glb" if path.suffix == ".vrm" else path.suffix[1:]
    loaded = trimesh.load(path, file_type=kind, process=False, maintain_order=True)
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
    expected = FRAMES[suffix](head.surface.vertices)[head.surface.faces]
    assert np.array_equal(corners(read_back(tmp_path / f"head{suffix}")), expected)


@pytest.mark.parametrize("suffix", WITH_NORMALS)
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
    assert report.paths == tuple(map(str, EXPORTERS[suffix].made(tmp_path / f"head{suffix}")))
    assert report.bytes_written == sum(file.stat().st_size for file in tmp_path.iterdir())
    assert report.faces == len(head.surface.faces) and report.open_edges == 0
    vertices = read_back(tmp_path / f"head{suffix}").vertices
    assert report.vertices == len(np.unique(vertices, axis=0) if suffix == ".stl" else vertices)


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
    assert (mesh.visual.vertex_colors[right, 0] > 140).all() and (mesh.visual.vertex_colors[left, 2] > 140).all()


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


def test_an_stl_stands_on_the_ground_in_millimetres_facing_minus_y(head: TexturedMesh, tmp_path: Path) -> None:
    export_mesh(head, tmp_path / "head.stl")
    mesh = read_back(tmp_path / "head.stl")
    low, high = mesh.bounds
    assert low[2] == 0 and high[2] == pytest.approx(260, abs=8)
    assert low[1] < -high[1] - 20  # the nose
    mesh.merge_vertices()
    assert mesh.is_watertight and mesh.volume > 0
    flat = np.cross(mesh.triangles[:, 1] - mesh.triangles[:, 0], mesh.triangles[:, 2] - mesh.triangles[:, 0])
    assert np.einsum("ij,ij->i", mesh.face_normals, flat).min() >= 0


def test_a_usdz_is_stored_and_aligned_and_its_first_entry_is_the_layer(head: TexturedMesh, tmp_path: Path) -> None:
    export_mesh(head, tmp_path / "head.usdz")
    content = (tmp_path / "head.usdz").read_bytes()
    with zipfile.ZipFile(tmp_path / "head.usdz") as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    assert [info.filename for info in infos] == ["head.usda", "textures/head.png"]
    for info in infos:
        assert info.compress_type == zipfile.ZIP_STORED
        name, extra = struct.unpack("<HH", content[info.header_offset + 26 : info.header_offset + 30])
        assert (info.header_offset + 30 + name + extra) % 64 == 0
    assert usda_text(head).startswith("#usda 1.0\n")


def test_pixars_own_validators_have_nothing_against_a_usdz(head: TexturedMesh, tmp_path: Path) -> None:
    from pxr import Usd, UsdValidation

    export_mesh(head, tmp_path / "head.usdz")
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    assert any("Usdz" in validator.GetMetadata().name for validator in validators)
    errors = UsdValidation.ValidationContext(validators).Validate(Usd.Stage.Open(str(tmp_path / "head.usdz")))
    assert [error.GetMessage() for error in errors] == []


@pytest.mark.parametrize("suffix", EXPORTERS)
def test_what_tells_where_a_head_comes_from_is_written_with_it_or_not_at_all(
    head: TexturedMesh, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"head{suffix}"
    report = exporters.export_mesh(head, target, terms=TERMS, sidecar=lambda encoded: b"%d" % encoded.faces)
    assert report.paths == tuple(map(str, EXPORTERS[suffix].files(target)))
    assert (tmp_path / f"head{suffix}.provenance.json").read_bytes() == b"%d" % report.faces
    for file in tmp_path.iterdir():
        file.unlink()
    exporters.sidecar_of(target).mkdir()
    with pytest.raises(UserError):
        exporters.export_mesh(head, target, terms=TERMS, sidecar=lambda _: b"")
    assert not target.exists()
