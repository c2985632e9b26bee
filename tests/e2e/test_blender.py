"""What an artist meets when she opens an exported head in Blender.

Blender's Python module lives in an environment of its own (it wants an older numpy, and its licence is not the
program's): the probe runs there as a child process.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from paic3d_studio.core.artefacts import BOX_SIDE, DensityLattice, TexturedMesh
from paic3d_studio.core.surface import SurfaceOptions, extract_surface
from paic3d_studio.core.terms import Terms
from paic3d_studio.core.texture import TextureOptions, bake_texture
from paic3d_studio.export import export_mesh
from paic3d_studio.export.blender import script
from paic3d_studio.export.frame import NECK
from paic3d_studio.export.vrm import SKELETON, STANDING

pytestmark = pytest.mark.blender

HERE = Path(__file__).resolve().parent
BLENDER_PYTHON = Path(os.environ.get("PAIC3D_BLENDER_PYTHON", HERE.parents[1] / ".venv-blender/bin/python"))

SKULL, NOSE_TIP = (0.1, 0.13, 0.11), 0.14
"""Half-axes of the test head, and how far its nose stands out along +z, metres."""


def probed(*files: Path, thumbnails: Path | None = None) -> list[dict[str, Any]]:
    """Return the probe's report on each file; a few seconds and a few more per set of thumbnails."""
    command = [str(BLENDER_PYTHON), str(HERE / "blender_probe.py"), *map(str, files)]
    if thumbnails:
        command += ["--thumbnails", str(thumbnails), "--size", "160"]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{")]


def head() -> TexturedMesh:
    """An ellipsoid with a nose; stripes on the face, a red right side and a blue left side."""
    axis = np.linspace(-BOX_SIDE / 2, BOX_SIDE / 2, 96)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    skull = (1 - np.linalg.norm(points / SKULL, axis=-1)) * 0.1
    nose = (1 - np.linalg.norm((points - (0, -0.03, 0.11)) / (0.02, 0.025, NOSE_TIP - 0.11), axis=-1)) * 0.02
    odds = 4 * np.maximum(skull, nose) / (axis[1] - axis[0])
    density = (300 / (1 + np.exp(-np.clip(odds, -80, 80)))).astype(np.float32)
    surface = extract_surface(DensityLattice(density), options=SurfaceOptions(faces=6000))

    def colour_at(where: NDArray[np.float32]) -> NDArray[np.float32]:
        side = np.where(where[:, :1] < 0, np.array([0.8, 0.2, 0.2]), np.array([0.2, 0.2, 0.8]))
        striped = (where[:, 2] > 0.07) & (np.sin(where[:, 1] * 1500) > 0)
        return np.where(striped[:, None], 0.95, side).astype(np.float32)

    return bake_texture(surface, colour_at=colour_at, options=TextureOptions(size=1024, field_stride=1))


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Blender made of the test head's GLB, thumbnails included."""
    if not BLENDER_PYTHON.exists():
        pytest.fail(f"Blender's Python module is not installed at {BLENDER_PYTHON}: run ./run test --blender")
    folder = tmp_path_factory.mktemp("blender")
    export_mesh(head(), folder / "head.glb")
    (report,) = probed(folder / "head.glb", thumbnails=folder / "thumbnails")
    return report


def test_one_named_mesh_arrives_and_nothing_else(arrived: dict[str, Any]) -> None:
    assert arrived["objects"] == ["Head"] and [mesh["name"] for mesh in arrived["meshes"]] == ["Head"]


def test_it_stands_upright_in_metres_with_the_neck_at_the_origin(arrived: dict[str, Any]) -> None:
    (mesh,) = arrived["meshes"]
    assert mesh["scale"] == pytest.approx([1, 1, 1])
    x, y, z = NECK  # field (x, y, z) is Blender (x, -z, y)
    low = [-SKULL[0] - x, -(NOSE_TIP - z), -SKULL[1] - y]
    high = [SKULL[0] - x, SKULL[2] + z, SKULL[1] - y]
    assert mesh["low"] == pytest.approx(low, abs=0.004) and mesh["high"] == pytest.approx(high, abs=0.004)
    assert 0.2 < mesh["dimensions"][2] < 0.4


def test_it_faces_minus_y(arrived: dict[str, Any]) -> None:
    (mesh,) = arrived["meshes"]
    assert mesh["low"][1] < -mesh["high"][1] - 0.02  # the nose
    assert mesh["facing"] == "-Y"  # the stripes
    assert mesh["red_centre"][0] < -0.02  # its right is to the viewer's left


def test_it_is_closed_and_its_normals_point_outward(arrived: dict[str, Any]) -> None:
    (mesh,) = arrived["meshes"]
    assert mesh["open_edges"] == 0 and mesh["volume"] > 0
    assert mesh["custom_normals"] and mesh["normals_outward"] > 0.999


def test_it_brings_its_uv_and_texture(arrived: dict[str, Any]) -> None:
    (mesh,) = arrived["meshes"]
    assert mesh["uv_layers"] == ["UVMap"] and 0 <= mesh["uv_range"][0] < mesh["uv_range"][1] <= 1
    (material,) = mesh["materials"]
    assert material["name"] == "Head" and material["backface_culling"]
    assert material["images"] == [{"name": "Head", "size": [1024, 1024], "colour_space": "sRGB"}]


def test_blender_renders_the_colours_as_painted(arrived: dict[str, Any]) -> None:
    by_view = {Path(path).stem.removeprefix("head_"): path for path in arrived["thumbnails"]}
    with Image.open(by_view["180"]) as picture:
        back = np.asarray(picture.convert("RGB")).astype(int)
    middle, step = back.shape[0] // 2, back.shape[1] // 8
    left, right = back[middle, back.shape[1] // 2 - step], back[middle, back.shape[1] // 2 + step]
    assert np.abs(left - [51, 51, 204]).max() < 8  # seen from behind, its left is to the left
    assert np.abs(right - [204, 51, 51]).max() < 8
    assert (back[0, 0] > 250).all()


def test_an_obj_arrives_the_same_way_round(tmp_path: Path) -> None:
    export_mesh(head(), tmp_path / "head.obj")
    ((mesh,),) = (report["meshes"] for report in probed(tmp_path / "head.obj"))
    assert mesh["facing"] == "-Y" and mesh["red_centre"][0] < -0.02 and mesh["open_edges"] == 0


def test_a_vrm_arrives_with_its_bones_and_weights(tmp_path: Path) -> None:
    export_mesh(head(), tmp_path / "head.vrm", terms=Terms(author="An artist"))
    (tmp_path / "head.glb").write_bytes((tmp_path / "head.vrm").read_bytes())  # Blender goes by the suffix
    (report,) = probed(tmp_path / "head.glb")
    (mesh,) = report["meshes"]
    assert mesh["open_edges"] == 0 and mesh["facing"] == "-Y" and mesh["red_centre"][0] < -0.02
    assert mesh["groups"][:3] == ["head", "neck", "chest"] and mesh["armature"]
    assert mesh["weights"] == pytest.approx([1, 1], abs=1e-3)
    x, y, z = NECK
    assert mesh["low"][2] == pytest.approx(STANDING - SKULL[1], abs=0.004)
    bones = {bone["name"]: bone for bone in report["bones"]}
    assert bones.keys() == {bone for bone, _, _ in SKELETON}
    assert all(bones[bone]["parent"] == (parent or None) for bone, parent, _ in SKELETON)
    assert bones["neck"]["place"] == pytest.approx([x, -z, y + STANDING], abs=1e-4)


@pytest.mark.parametrize("look", ["unlit", "toon"])
def test_the_script_for_blender_lays_out_collection_material_and_camera(tmp_path: Path, look: str) -> None:
    export_mesh(head(), tmp_path / "girl.glb")
    told = """
import json, bpy
scene = bpy.context.scene
scene.render.engine, scene.cycles.device, scene.cycles.samples = "CYCLES", "CPU", 8
scene.render.resolution_x = scene.render.resolution_y = 160
scene.render.film_transparent, scene.render.filepath = True, sys.argv[-1]
if look == "unlit":  # shading by Shader to RGB is Eevee's, which needs a graphics card
    bpy.ops.render.render(write_still=True)
mesh = next(thing for thing in bpy.data.objects if thing.type == "MESH")
print("TOLD", json.dumps({
    "collection": [other.name for other in mesh.users_collection],
    "things": sorted(thing.name for thing in bpy.data.objects),
    "nodes": sorted(node.type for node in mesh.active_material.node_tree.nodes),
    "camera": scene.camera.name, "view": scene.view_settings.view_transform,
}))
"""
    run = f"import sys; sys.argv = ['blender', '--', {str(tmp_path / 'girl.glb')!r}, {look!r}]\nlook = {look!r}\n"
    run += f"exec(compile(open({str(script())!r}).read(), 'script', 'exec'), {{'__name__': 'script'}})\n"
    run += f"sys.argv = [{str(tmp_path / 'picture.png')!r}]\n{told}"
    command = [str(BLENDER_PYTHON), "-c", run]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert finished.returncode == 0, finished.stderr
    found = json.loads(next(line for line in finished.stdout.splitlines() if line.startswith("TOLD"))[5:])
    assert found["collection"] == ["girl"] and found["view"] == "Standard" and found["camera"] == "Camera"
    assert found["things"] == ["Camera", "Head", *(["Sun"] if look == "toon" else [])]
    assert "EMISSION" in found["nodes"] and ("SHADERTORGB" in found["nodes"]) is (look == "toon")
    if look == "unlit":
        with Image.open(tmp_path / "picture.png") as picture:
            alpha = np.asarray(picture)[:, :, 3] > 128
        assert 0.1 < alpha.mean() < 0.7  # the head fits, with room around it
        assert not (alpha[0].any() or alpha[-1].any() or alpha[:, 0].any() or alpha[:, -1].any())
