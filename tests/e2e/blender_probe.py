"""Read meshes with Blender's own importer and print what arrived, one line of JSON per file.

Run with the Python that has Blender's module (bpy 4.5), which is not the studio's own:

    python blender_probe.py FILE.glb [FILE.glb ...] [--thumbnails FOLDER] [--size PIXELS]

Blender's frame is Z up; a head that looks at the viewer of the front view (numpad 1) faces -Y. Blender cannot know what
a face is, so `facing` is the side whose texture holds the most detail: eyes and mouth are drawn on the front alone. The
thumbnails are for eyes to confirm it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import mathutils
import numpy as np

VIEWS = {"front": 0, "45": 45, "90": 90, "180": 180}
"""Turn of the camera about the head in degrees; front looks along +Y."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--thumbnails", type=Path, help="folder for FILE_front.png, FILE_45.png and so on")
    parser.add_argument("--size", type=int, default=384)
    arguments = parser.parse_args()
    for file in arguments.files:
        with quiet():
            report = probe(file, folder=arguments.thumbnails, size=arguments.size)
        print(json.dumps(report))
    return 0


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Blender's own chatter, which it writes past Python, out of the output."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def probe(file: Path, *, folder: Path | None, size: int) -> dict[str, object]:
    """Import one file into an empty scene and return what arrived."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if file.suffix.lower() == ".obj":
        bpy.ops.wm.obj_import(filepath=str(file))
    else:
        bpy.ops.import_scene.gltf(filepath=str(file), disable_bone_shape=True)
    meshes = [thing for thing in bpy.data.objects if thing.type == "MESH"]
    report: dict[str, object] = {
        "file": str(file),
        "blender": bpy.app.version_string,
        "objects": [thing.name for thing in bpy.data.objects],
        "meshes": [described(thing) for thing in meshes],
        "bones": [
            {
                "name": bone.name,
                "parent": bone.parent.name if bone.parent else None,
                "place": list(thing.matrix_world @ bone.head_local),
            }
            for thing in bpy.data.objects
            if thing.type == "ARMATURE"
            for bone in thing.data.bones
        ],
    }
    if folder and meshes:
        folder.mkdir(parents=True, exist_ok=True)
        report["thumbnails"] = thumbnails(meshes[0], folder / file.stem, size=size)
    return report


def described(thing: bpy.types.Object) -> dict[str, object]:
    """Return what an artist would look for in one imported mesh."""
    mesh = thing.data
    count = len(mesh.vertices)
    points = numbers(mesh.vertices, "co", count, 3)
    points = points @ np.array(thing.matrix_world.to_3x3()).T + np.array(thing.matrix_world.translation)
    mesh.calc_loop_triangles()
    triangles = numbers(mesh.loop_triangles, "vertices", len(mesh.loop_triangles), 3, dtype=np.int32)
    low, high = points.min(axis=0), points.max(axis=0)
    return {
        "name": thing.name,
        "scale": list(thing.matrix_world.to_scale()),
        "low": low.tolist(),
        "high": high.tolist(),
        "dimensions": (high - low).tolist(),
        "vertices": count,
        "faces": len(triangles),
        "volume": signed_volume(points, triangles),
        "open_edges": open_edges(points, triangles),
        "custom_normals": bool(mesh.has_custom_normals),
        "normals_outward": normals_outward(mesh),
        "uv_layers": [layer.name for layer in mesh.uv_layers],
        "uv_range": uv_range(mesh),
        **painted(mesh, points, triangles),
        "materials": [described_material(material) for material in mesh.materials],
        "groups": [group.name for group in thing.vertex_groups],
        "armature": any(modifier.type == "ARMATURE" for modifier in thing.modifiers),
        "weights": weight_range(mesh),
    }


def numbers(collection: object, name: str, count: int, width: int, dtype: type = np.float32) -> np.ndarray:
    """Return one attribute of a Blender collection as an array (count, width)."""
    values = np.empty(count * width, dtype=dtype)
    collection.foreach_get(name, values)
    return values.reshape(count, width)


def signed_volume(points: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (points[triangles[:, i]].astype(np.float64) for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def open_edges(points: np.ndarray, triangles: np.ndarray) -> int:
    """Count the edges that are not shared by exactly two triangles once equal positions are welded."""
    _, welded = np.unique(points, axis=0, return_inverse=True)
    faces = welded.reshape(-1)[triangles]
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)
    return int((uses != 2).sum())


def normals_outward(mesh: bpy.types.Mesh) -> float:
    """Return the share of face corners whose shading normal agrees with the side the face winds to."""
    corner = numbers(mesh.corner_normals, "vector", len(mesh.loops), 3)
    flat = numbers(mesh.polygons, "normal", len(mesh.polygons), 3)
    owner = np.repeat(np.arange(len(mesh.polygons)), [polygon.loop_total for polygon in mesh.polygons])
    return float((np.einsum("ij,ij->i", corner, flat[owner]) > 0).mean())


def weight_range(mesh: bpy.types.Mesh) -> list[float]:
    """Return the least and the largest sum of a vertex's weights."""
    sums = [sum(group.weight for group in vertex.groups) for vertex in mesh.vertices]
    return [min(sums), max(sums)]


def uv_range(mesh: bpy.types.Mesh) -> list[float]:
    if not mesh.uv_layers:
        return []
    uv = numbers(mesh.uv_layers[0].uv, "vector", len(mesh.loops), 2)
    return [float(uv.min()), float(uv.max())]


def painted(mesh: bpy.types.Mesh, points: np.ndarray, triangles: np.ndarray) -> dict[str, object]:
    """Return what the texture says: the centre of what is painted red, detail per side, and the side with the most."""
    image = next((node.image for m in mesh.materials for node in m.node_tree.nodes if node.type == "TEX_IMAGE"), None)
    if image is None or not mesh.uv_layers:
        return {"red_centre": None, "detail": {}, "facing": None}
    width, height = image.size
    pixels = np.empty(width * height * 4, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(height, width, 4)[:, :, :3]  # Blender's rows begin at the bottom, as its v does
    uv = numbers(mesh.uv_layers[0].uv, "vector", len(mesh.loops), 2)
    cells = np.clip(uv * (width, height), 0, (width - 1, height - 1)).astype(int)
    colours = pixels[cells[:, 1], cells[:, 0]]
    red = (colours[:, 0] > 0.6) & (colours[:, 1] < 0.3) & (colours[:, 2] < 0.3)
    vertex = numbers(mesh.loops, "vertex_index", len(mesh.loops), 1, dtype=np.int32)[:, 0]
    detail = detail_by_side(pixels, points, triangles, uv[numbers_of_loops(mesh)])
    return {
        "red_centre": points[vertex[red]].mean(axis=0).tolist() if red.any() else None,
        "detail": detail,
        "facing": max(detail, key=lambda side: detail[side]),
    }


def numbers_of_loops(mesh: bpy.types.Mesh) -> np.ndarray:
    """Return the three face corners of each triangle, int (f, 3)."""
    return numbers(mesh.loop_triangles, "loops", len(mesh.loop_triangles), 3, dtype=np.int32)


def detail_by_side(pixels: np.ndarray, points: np.ndarray, triangles: np.ndarray, uv: np.ndarray) -> dict[str, float]:
    """Return the spread of brightness inside the triangles that look to each side, weighted by their area."""
    height, width = pixels.shape[:2]
    a, b, c = (points[triangles[:, i]] for i in range(3))
    normals = np.cross(b - a, c - a)
    area = np.linalg.norm(normals, axis=1) + 1e-12
    spots = np.array([[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4], [2, 2, 1], [2, 1, 2], [1, 2, 2]], dtype=float)
    spots /= spots.sum(axis=1, keepdims=True)
    where = np.einsum("sk,fkc->sfc", spots, uv)
    cells = np.clip(where * (width, height), 0, (width - 1, height - 1)).astype(int)
    spread = pixels[cells[:, :, 1], cells[:, :, 0]].mean(axis=2).std(axis=0)
    sides = {"-Y": (0, -1, 0), "+Y": (0, 1, 0), "-X": (-1, 0, 0), "+X": (1, 0, 0)}
    result = {}
    for side, direction in sides.items():
        looking = normals @ np.array(direction, dtype=float) / area > 0.7
        result[side] = float((spread * area)[looking].sum() / max(area[looking].sum(), 1e-12))
    return result


def described_material(material: bpy.types.Material) -> dict[str, object]:
    images = [node.image for node in material.node_tree.nodes if node.type == "TEX_IMAGE"]
    return {
        "name": material.name,
        "backface_culling": material.use_backface_culling,
        "nodes": sorted({node.type for node in material.node_tree.nodes}),
        "images": [
            {"name": image.name, "size": list(image.size), "colour_space": image.colorspace_settings.name}
            for image in images
            if image is not None
        ],
    }


def thumbnails(thing: bpy.types.Object, stem: Path, *, size: int) -> list[str]:
    """Render the views with Cycles, exactly as painted, and return the paths."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", 8, False
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.view_settings.view_transform = "Standard"
    scene.world = bpy.data.worlds.new("white")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs[0].default_value = (1, 1, 1, 1)
    corners = [thing.matrix_world @ mathutils.Vector(corner) for corner in thing.bound_box]
    centre = sum(corners, mathutils.Vector()) / 8
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.data.type = "ORTHO"
    camera.data.ortho_scale = 1.15 * max(max(abs(x) for x in corner - centre) * 2 for corner in corners)
    paths = []
    for name, degrees in VIEWS.items():
        turn = mathutils.Matrix.Rotation(np.radians(degrees), 4, "Z")
        camera.location = centre + turn @ mathutils.Vector((0, -2, 0))
        camera.rotation_euler = (np.pi / 2, 0, np.radians(degrees))
        scene.render.filepath = f"{stem}_{name}.png"
        bpy.ops.render.render(write_still=True)
        paths.append(scene.render.filepath)
    return paths


if __name__ == "__main__":
    sys.exit(main())
